//! Messages of a Binance-format capture: what one JSON object says.
//!
//! Numbers stay decimal texts until they are [`Decimal`]s; no price passes through a float. Fields
//! that we do not use are skipped, and a message of an unknown stream is [`Message::Other`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Error, Unexpected, Visitor};
use types::Decimal;

/// What a line of a capture holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// New totals of some levels.
    Depth(Depth),
    /// The whole book at one moment.
    Snapshot(Snapshot),
    /// A trade.
    Trade,
    /// Best bid and ask.
    Quote,
    /// Anything else.
    Other,
}

/// New totals of some levels; a size of zero removes its level.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Depth {
    /// First update in the message.
    #[serde(rename = "U")]
    pub first: u64,
    /// Last update in the message.
    #[serde(rename = "u")]
    pub last: u64,
    /// Last update of the message before; futures only.
    #[serde(rename = "pu")]
    pub previous: Option<u64>,
    /// Symbol, such as `BTCUSDT`.
    #[serde(rename = "s")]
    pub symbol: String,
    /// The pair; coin-margined futures only.
    #[serde(rename = "ps")]
    pub pair: Option<String>,
    /// Levels that changed.
    #[serde(rename = "b")]
    pub bids: Vec<Level>,
    /// Levels that changed.
    #[serde(rename = "a")]
    pub asks: Vec<Level>,
}

/// The book at one moment.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Snapshot {
    /// The last update that it holds.
    #[serde(rename = "lastUpdateId")]
    pub last: u64,
    /// Best first.
    pub bids: Vec<Level>,
    /// Best first.
    pub asks: Vec<Level>,
}

/// Price and total size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "(Number, Number)")]
pub struct Level {
    /// Price.
    pub price: Decimal,
    /// Total size there.
    pub size: Decimal,
}

/// Which rules a capture follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market {
    /// Futures sized in the base coin.
    UsdMargined,
    /// Futures sized in contracts of quote.
    CoinMargined,
    /// Spot.
    Spot,
}

impl Depth {
    /// The market that sends messages of this shape.
    pub fn market(&self) -> Market {
        match (&self.previous, &self.pair) {
            (None, _) => Market::Spot,
            (Some(_), None) => Market::UsdMargined,
            (Some(_), Some(_)) => Market::CoinMargined,
        }
    }
}

impl Message {
    /// Reads the JSON object of one line.
    pub fn parse(json: &str) -> Result<Message, serde_json::Error> {
        let envelope: Envelope = serde_json::from_str(json)?;
        let Some(stream) = envelope.stream else {
            return serde_json::from_str(json).map(Message::Snapshot);
        };
        let data = envelope.data.map_or("null", serde_json::value::RawValue::get);
        match stream.split('@').nth(1) {
            Some("depth") => serde_json::from_str(data).map(Message::Depth),
            Some("trade") => Ok(Message::Trade),
            Some("bookTicker") => Ok(Message::Quote),
            _ => Ok(Message::Other),
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    stream: Option<&'a str>,
    #[serde(borrow)]
    data: Option<&'a serde_json::value::RawValue>,
}

/// A decimal number in a JSON text.
struct Number(Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        deserializer.deserialize_str(NumberText)
    }
}

struct NumberText;

impl Visitor<'_> for NumberText {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text of digits that is not below zero, such as \"61800.20\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        match Decimal::parse(text) {
            Ok(number) if 0 <= number.mantissa() => Ok(Number(number)),
            Ok(_) | Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl From<(Number, Number)> for Level {
    fn from((price, size): (Number, Number)) -> Level {
        Level { price: price.0, size: size.0 }
    }
}
