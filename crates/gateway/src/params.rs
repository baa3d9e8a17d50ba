//! Reads parameters: typed, from JSON or from the texts of a query string, with the reason when
//! they are not what they must be.
//!
//! Numbers stay the digits that were sent: they become whole ticks and lots here, or they are
//! refused with the nearest values that would do. Nothing is rounded for the client.

use serde_json::{Map, Value};
use types::{Amount, AssetCode, Decimal, Grid, Lots, Ticks};

use market_data::InstrumentView;

use crate::errors::{Ground, error, wrong};
use crate::objects::{Fixed, Scale};
use crate::rpc::RpcError;

/// The named parameters of a call.
#[derive(Clone, Copy)]
pub(crate) struct Params<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Params<'a> {
    /// The value; absent and null are the same.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, RpcError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "send a string")),
        }
    }

    /// A text or a number, as text: ids come in both forms.
    pub(crate) fn id(&self, name: &str) -> Result<Option<String>, RpcError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong(name, "send a string")),
        }
    }

    /// A number.
    pub(crate) fn decimal(&self, name: &str) -> Result<Option<Decimal>, RpcError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        decimal_of(name, value).map(Some)
    }

    /// A whole number from zero on.
    pub(crate) fn whole(&self, name: &str) -> Result<Option<u64>, RpcError> {
        let Some(number) = self.decimal(name)? else { return Ok(None) };
        let whole = number.times_ten_to(0).and_then(|whole| u64::try_from(whole).ok());
        match whole {
            Some(whole) => Ok(Some(whole)),
            None => Err(wrong(name, format!("{number} is not a whole number from 0 on"))),
        }
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, RpcError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(wrong(name, "send true or false")),
        }
    }

    /// True only if it was sent as true.
    pub(crate) fn is(&self, name: &str) -> Result<bool, RpcError> {
        Ok(self.flag(name)?.unwrap_or(false))
    }

    /// One of some words.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, RpcError> {
        let Some(text) = self.id(name)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(wrong(name, format!("send one of {}", known.join(", "))))
            }
        }
    }

    /// A list of texts; one text counts as a list of one.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, RpcError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(vec![text])),
            Some(Value::Array(items)) => {
                let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                texts.map(Some).ok_or_else(|| wrong(name, "send a list of strings"))
            }
            Some(_) => Err(wrong(name, "send a list of strings")),
        }
    }

    /// The value, or an error that it is missing.
    pub(crate) fn needed<T>(&self, name: &str, value: Option<T>) -> Result<T, RpcError> {
        value.ok_or_else(|| wrong(name, "is missing: send it"))
    }

    /// `count`, at most `max`.
    pub(crate) fn count(&self, default: usize, max: usize) -> Result<usize, RpcError> {
        let count = self.whole("count")?.map_or(default, clamp);
        if count == 0 {
            return Err(wrong("count", format!("send between 1 and {max}")));
        }
        Ok(count.min(max))
    }

    /// A stretch of time in milliseconds, open where an end is not given.
    pub(crate) fn span(&self) -> Result<(u64, u64), RpcError> {
        let start = self.whole("start_timestamp")?.unwrap_or(0);
        let end = self.whole("end_timestamp")?.unwrap_or(u64::MAX);
        Ok((start, end))
    }

    /// Whether the oldest come first; `None`: by default.
    pub(crate) fn oldest_first(&self) -> Result<Option<bool>, RpcError> {
        let words = [("asc", Some(true)), ("desc", Some(false)), ("default", None)];
        Ok(self.choice("sorting", &words)?.flatten())
    }

    /// Money of an asset with so many decimals, above zero.
    pub(crate) fn money(&self, name: &str, decimals: u8) -> Result<Amount, RpcError> {
        let number = self.needed(name, self.decimal(name)?)?;
        let atoms = number.times_ten_to(decimals).filter(|&atoms| 0 < atoms);
        atoms.map(Amount).ok_or_else(|| {
            let least = Fixed::new(1, decimals.into());
            let reason = format!("{number} is not a multiple of {least} above 0");
            error(10021, "invalid_amount", reason).with("param", name)
        })
    }

    /// The size of an order, from `amount` or `contracts`.
    pub(crate) fn size(&self, ground: Ground<'_>) -> Result<Option<Lots>, RpcError> {
        let Some(instrument) = ground.instrument else { return Ok(None) };
        let amount = self.lots("amount", instrument)?;
        let Some(contracts) = self.decimal("contracts")? else { return Ok(amount) };
        let wanted = contracts_to_lots(contracts, instrument)?;
        match amount {
            Some(amount) if amount != wanted => Err(wrong(
                "contracts",
                format!(
                    "amount {} and contracts {contracts} are not the same size: send one of them",
                    instrument.amount(amount.0.into())
                ),
            )),
            _ => Ok(Some(wanted)),
        }
    }

    /// A size in `amount` units.
    pub(crate) fn lots(
        &self,
        name: &str,
        instrument: &InstrumentView,
    ) -> Result<Option<Lots>, RpcError> {
        let Some(amount) = self.decimal(name)? else { return Ok(None) };
        lots_of(name, amount, instrument).map(Some)
    }

    /// A size in `amount` units of the instrument that the call is about.
    pub(crate) fn lots_here(
        &self,
        name: &str,
        ground: Ground<'_>,
    ) -> Result<Option<Lots>, RpcError> {
        match ground.instrument {
            Some(instrument) => self.lots(name, instrument),
            None => Ok(None),
        }
    }

    /// A price.
    pub(crate) fn price(&self, name: &str, ground: Ground<'_>) -> Result<Option<Ticks>, RpcError> {
        let Some(price) = self.decimal(name)? else { return Ok(None) };
        price_of(name, price, ground).map(Some)
    }
}

/// Objects within parameters, and small numbers.
impl<'a> Params<'a> {
    /// An object; over GET its JSON has been read already.
    pub(crate) fn record(&self, name: &str) -> Result<Params<'a>, RpcError> {
        match self.get(name) {
            Some(Value::Object(map)) => Ok(Params(map)),
            Some(_) => Err(wrong(name, "send an object")),
            None => Err(wrong(name, "is missing: send it")),
        }
    }

    /// A list of objects.
    pub(crate) fn records(&self, name: &str) -> Result<Vec<Params<'a>>, RpcError> {
        let Some(Value::Array(items)) = self.get(name) else {
            return Err(wrong(name, "send a list of objects"));
        };
        let maps = items.iter().map(Value::as_object);
        let maps: Option<Vec<&Map<String, Value>>> = maps.collect();
        let maps = maps.ok_or_else(|| wrong(name, "send a list of objects"))?;
        Ok(maps.into_iter().map(Params).collect())
    }

    /// A whole number that is not large.
    pub(crate) fn small<T: TryFrom<u64>>(&self, name: &str) -> Result<T, RpcError> {
        let number = self.needed(name, self.whole(name)?)?;
        T::try_from(number).map_err(|_| wrong(name, format!("{number} is too large")))
    }

    /// A whole number of either sign.
    pub(crate) fn signed(&self, name: &str) -> Result<i32, RpcError> {
        let number = self.needed(name, self.decimal(name)?)?;
        let whole = number.times_ten_to(0).and_then(|whole| i32::try_from(whole).ok());
        whole.ok_or_else(|| wrong(name, format!("{number} is not a whole number of its unit")))
    }

    /// The code of an asset.
    pub(crate) fn asset(&self, name: &str) -> Result<AssetCode, RpcError> {
        let text = self.needed(name, self.text(name)?)?;
        AssetCode::new(text).ok_or_else(|| wrong(name, "send 1 to 8 capital letters or digits"))
    }

    /// Bytes, as twice as many hexadecimal digits.
    pub(crate) fn hex<const N: usize>(&self, name: &str) -> Result<[u8; N], RpcError> {
        let text = self.needed(name, self.text(name)?)?;
        let wanted = 2 * N;
        if text.len() != wanted {
            let reason = format!("send {wanted} hexadecimal digits, not {}", text.len());
            return Err(wrong(name, reason));
        }
        let digits: Option<Vec<u8>> =
            text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
        let digits =
            digits.ok_or_else(|| wrong(name, "send hexadecimal digits: 0 to 9, a to f"))?;
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |sum, digit| sum * 16 + digit);
        }
        Ok(bytes)
    }
}

fn clamp(whole: u64) -> usize {
    usize::try_from(whole).unwrap_or(usize::MAX)
}

/// A number from JSON or from text.
pub(crate) fn decimal_of(name: &str, value: &Value) -> Result<Decimal, RpcError> {
    let read = match value {
        Value::Number(number) => Decimal::parse(number.as_str()),
        Value::String(text) => Decimal::parse(text),
        _ => return Err(wrong(name, "send a number")),
    };
    read.map_err(|fault| wrong(name, fault.to_string()))
}

/// Lots of an amount, which must be on the grid.
pub(crate) fn lots_of(
    name: &str,
    amount: Decimal,
    instrument: &InstrumentView,
) -> Result<Lots, RpcError> {
    let off = |reason: String| error(10021, "invalid_amount", reason).with("param", name);
    match amount.on_grid(instrument.spec().lot) {
        Grid::On(lots) => match u32::try_from(lots).ok().filter(|lots| *lots <= Lots::MAX.0) {
            Some(lots) => Ok(Lots(lots)),
            None => {
                let max = instrument.amount(Lots::MAX.0.into());
                Err(off(format!("{amount} is above {max}")).with("max", max.to_value()))
            }
        },
        Grid::Between(lots) => {
            let [low, high] = [lots, lots + 1].map(|lots| instrument.amount(lots.into()));
            Err(off(format!("{amount} is between lots: send {low} or {high}"))
                .with("below", low.to_value())
                .with("above", high.to_value()))
        }
        Grid::Outside => {
            let min = instrument.amount(instrument.spec().size_min.0.into());
            Err(off(format!("{amount} is out of range: send {min} or more"))
                .with("min", min.to_value()))
        }
    }
}

fn contracts_to_lots(contracts: Decimal, instrument: &InstrumentView) -> Result<Lots, RpcError> {
    let size = instrument.spec().contract_size;
    let off = |reason: String| {
        error(10027, "non_integer_contract_amount", reason).with("param", "contracts")
    };
    let amount = contracts
        .mantissa()
        .checked_mul(size.mantissa())
        .and_then(|product| Decimal::new(product, contracts.scale().checked_add(size.scale())?));
    let Some(amount) = amount else {
        return Err(off(format!("{contracts} contracts have too many digits")));
    };
    lots_of("contracts", amount, instrument).map_err(|fault| {
        match amount.on_grid(instrument.spec().lot) {
            Grid::Between(lots) => {
                let [low, high] = [lots, lots + 1].map(|lots| instrument.contracts(lots.into()));
                off(format!("{contracts} contracts are between lots: send {low} or {high}"))
                    .with("below", low.to_value())
                    .with("above", high.to_value())
            }
            Grid::On(_) | Grid::Outside => fault,
        }
    })
}

/// Ticks of a price, which must be on the grid in force there.
pub(crate) fn price_of(name: &str, price: Decimal, ground: Ground<'_>) -> Result<Ticks, RpcError> {
    let Some(instrument) = ground.instrument else {
        return Err(wrong(name, "has no instrument"));
    };
    let out = |reason: String| error(10023, "invalid_price", reason).with("param", name);
    let (steps, on) = match price.on_grid(instrument.spec().tick) {
        Grid::On(steps) => (steps, true),
        Grid::Between(steps) => (steps, false),
        Grid::Outside => {
            return Err(out(format!("price {price} is out of range: send more than 0")));
        }
    };
    let Some(ticks) = u32::try_from(steps).ok().map(Ticks).filter(|ticks| *ticks < Ticks::MAX)
    else {
        let max = instrument.price(Ticks::MAX);
        return Err(out(format!("price {price} is above {max}")).with("max", max.to_value()));
    };
    let step = instrument.spec().tick_at(ticks);
    if on && ticks.0.is_multiple_of(step) {
        return Ok(ticks);
    }
    let below = Ticks(ticks.0 - ticks.0 % step);
    let next = instrument.spec().tick_at(Ticks(ticks.0 + 1));
    let above = Ticks((ticks.0 / next + 1) * next);
    Err(ground.off_tick(price.to_string(), below, above).into_error())
}
