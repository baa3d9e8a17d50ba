//! Ticker, Order book and Book summary.

use market_data::{Book, Candle, InstrumentView};
use types::{At, Side, Style, Ticks};

use super::halts::write_indication;
use super::instruments::{index_name, state};
use super::prices::{write_greeks, write_price_fields};
use super::{Fixed, List, Look, Object, Scale};

/// A ticker.
pub(crate) fn write_ticker(out: &mut String, look: Look<'_>, instrument: &InstrumentView) {
    let mut object = Object::new(out);
    write_ticker_fields(&mut object, look, instrument);
    object.end();
}

/// An order book of up to `depth` levels a side.
pub(crate) fn write_book(
    out: &mut String,
    look: Look<'_>,
    instrument: &InstrumentView,
    depth: usize,
) {
    let mut object = Object::new(out);
    write_ticker_fields(&mut object, look, instrument);
    object.number("change_id", instrument.book().change());
    for (key, side) in [("bids", Side::Bid), ("asks", Side::Ask)] {
        let mut levels = List::new(object.key(key));
        for level in instrument.book().levels(side).take(depth) {
            write_level(levels.item(), instrument, level);
        }
        levels.end();
    }
    object.end();
}

/// `[price, amount]`.
pub(crate) fn write_level(
    out: &mut String,
    instrument: &InstrumentView,
    (price, lots): (Ticks, u64),
) {
    use std::fmt::Write;
    let _ = write!(out, "[{},{}]", instrument.price(price), instrument.amount(lots.into()));
}

/// Best prices and amounts.
pub(crate) fn write_quote_fields(object: &mut Object<'_>, instrument: &InstrumentView) {
    let book = instrument.book();
    let keys = [
        (Side::Bid, "best_bid_price", "best_bid_amount"),
        (Side::Ask, "best_ask_price", "best_ask_amount"),
    ];
    for (side, price, amount) in keys {
        let best = book.best(side);
        object.number_or_null(price, best.map(|(ticks, _)| instrument.price(ticks)));
        object.number(amount, instrument.amount(best.map_or(0, |(_, lots)| lots.into())));
    }
}

fn write_ticker_fields(object: &mut Object<'_>, look: Look<'_>, instrument: &InstrumentView) {
    let now = look.view.at();
    let index = look.index_price(instrument).map_or(Fixed::ZERO, Fixed::index);
    let mark = instrument.mark();
    let band = instrument.band();
    let mark_price = mark.map_or(Fixed::ZERO, |ticks| instrument.price(ticks));
    object
        .word("instrument_name", instrument.name())
        .number("timestamp", now)
        .word("state", state(instrument, now));
    if let Some(auction) = instrument.auction() {
        object.number("auction_ends_at", auction.ends_at);
        write_indication(object, instrument, auction);
    }
    write_stats(object.key("stats"), look, instrument);
    write_quote_fields(object, instrument);
    object
        .number("open_interest", instrument.amount(instrument.open_interest().into()))
        .number("index_price", index)
        .number("mark_price", mark_price)
        .number_or_null("last_price", instrument.last().map(|ticks| instrument.price(ticks)))
        .number("min_price", band.map_or(Fixed::ZERO, |(low, _)| instrument.price(low)))
        .number("max_price", band.map_or(Fixed::ZERO, |(_, high)| instrument.price(high)));
    write_price_fields(object, look, instrument);
    write_greeks(object, instrument);
}

/// What a candle's volume is in base coin, in dollars where that is exact, and in quote coin.
pub(crate) fn volumes(
    look: Look<'_>,
    instrument: &InstrumentView,
    candle: &Candle,
) -> (Fixed, Option<Fixed>, Option<Fixed>) {
    let amount = instrument.amount(candle.lots.into());
    let value = Fixed::new(candle.value, look.view.decimals().into());
    match (instrument.spec().style, instrument.spec().kind.is_option()) {
        (Style::Inverse, false) => (value, Some(amount), None),
        (Style::Inverse, true) => (amount, None, None),
        (Style::Linear, _) => (amount, Some(value), Some(value)),
    }
}

fn write_stats(out: &mut String, look: Look<'_>, instrument: &InstrumentView) {
    let day = instrument.candles().last_day(look.view.at());
    let mut object = Object::new(out);
    object.number_or_null("high", day.map(|day| instrument.price(day.high)));
    object.number_or_null("low", day.map(|day| instrument.price(day.low)));
    object.number_or_null("price_change", day.and_then(|day| price_change(&day)));
    let volumes = day.map(|day| volumes(look, instrument, &day));
    let (volume, usd, notional) = volumes.unwrap_or((Fixed::ZERO, Some(Fixed::ZERO), None));
    object.number("volume", volume);
    if let Some(usd) = usd {
        object.number("volume_usd", usd);
    }
    if let Some(notional) = notional {
        object.number("volume_notional", notional);
    }
    object.end();
}

/// Percent from the first to the last price, to four decimals.
fn price_change(day: &Candle) -> Option<Fixed> {
    let (first, last) = (i128::from(day.open.0), i128::from(day.close.0));
    (first != 0).then(|| Fixed::new((last - first) * 1_000_000 / first, 4))
}

/// A row of a book summary.
pub(crate) fn write_book_summary(out: &mut String, look: Look<'_>, instrument: &InstrumentView) {
    let spec = instrument.spec();
    let day = instrument.candles().last_day(look.view.at());
    let best = |side| instrument.book().best(side).map(|(ticks, _)| instrument.price(ticks));
    let mark = instrument.mark().map_or(Fixed::ZERO, |ticks| instrument.price(ticks));
    let quote = if spec.kind.is_option() { spec.settlement() } else { spec.quote };
    let mut object = Object::new(out);
    object
        .word("instrument_name", instrument.name())
        .word("base_currency", spec.base)
        .word("quote_currency", quote)
        .number_or_null("high", day.map(|day| instrument.price(day.high)))
        .number_or_null("low", day.map(|day| instrument.price(day.low)))
        .number_or_null("price_change", day.and_then(|day| price_change(&day)))
        .number_or_null("bid_price", best(Side::Bid))
        .number_or_null("ask_price", best(Side::Ask))
        .number_or_null("mid_price", mid(instrument))
        .number("mark_price", mark)
        .number_or_null("last", instrument.last().map(|ticks| instrument.price(ticks)))
        .number("open_interest", instrument.amount(instrument.open_interest().into()))
        .number("creation_timestamp", look.view.at());
    write_price_fields(&mut object, look, instrument);
    let (volume, usd, notional) = day.map(|day| volumes(look, instrument, &day)).unwrap_or((
        Fixed::ZERO,
        Some(Fixed::ZERO),
        None,
    ));
    object.number("volume", volume);
    if let Some(usd) = usd {
        object.number("volume_usd", usd);
    }
    if let Some(notional) = notional {
        object.number("volume_notional", notional);
    }
    object.end();
}

/// Half way between the best prices; `None` unless there are both.
fn mid(instrument: &InstrumentView) -> Option<Fixed> {
    let book: &Book = instrument.book();
    let (bid, ask) = (book.best(Side::Bid)?.0, book.best(Side::Ask)?.0);
    let tick = instrument.spec().tick;
    let halves = i128::from(bid.0) + i128::from(ask.0);
    let scale = u32::from(tick.scale()) + 1;
    Some(Fixed::new(halves * i128::from(tick.mantissa()) * 5, scale))
}

/// The notification of `chart.trades.*`.
pub(crate) fn write_chart_candle(
    out: &mut String,
    look: Look<'_>,
    instrument: &InstrumentView,
    candle: &Candle,
) {
    let (volume, cost) = volume_and_cost(look, instrument, candle);
    let mut object = Object::new(out);
    object
        .number("tick", candle.start)
        .number("open", instrument.price(candle.open))
        .number("high", instrument.price(candle.high))
        .number("low", instrument.price(candle.low))
        .number("close", instrument.price(candle.close))
        .number("volume", volume)
        .number("cost", cost);
    object.end();
}

/// Volume in base coin and in quote coin (options: premium).
pub(crate) fn volume_and_cost(
    look: Look<'_>,
    instrument: &InstrumentView,
    candle: &Candle,
) -> (Fixed, Fixed) {
    let amount = instrument.amount(candle.lots.into());
    let value = Fixed::new(candle.value, look.view.decimals().into());
    if instrument.contract().is_quotient() { (value, amount) } else { (amount, value) }
}

/// The notification of `deribit_price_index.*`.
pub(crate) fn write_index(out: &mut String, index: &market_data::Index) {
    let mut object = Object::new(out);
    object
        .word("index_name", index.name())
        .number("price", index.price().map_or(Fixed::ZERO, Fixed::index))
        .number("timestamp", index.at());
    object.end();
}

/// The notification of `instrument.state.*`.
pub(crate) fn write_state(out: &mut String, instrument: &InstrumentView, word: &str, at: At) {
    let mut object = Object::new(out);
    object.word("instrument_name", instrument.name()).word("state", word).number("timestamp", at);
    object.end();
}

/// Name of the index of an instrument.
pub(crate) fn index_of<'a>(look: Look<'a>, instrument: &InstrumentView) -> &'a str {
    index_name(look, instrument)
}
