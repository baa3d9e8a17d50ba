//! Where the price is in what an exchange says: a JSON pointer (RFC 6901) to a number, or to a text
//! that is one.

use serde_json::Value;
use types::At;

use super::SourceFault;
use crate::report::said::{PriceFault, Said, read_price, read_time};

/// Longest pointer that is worth reading.
const POINTER_BYTES_MAX: usize = 256;

/// Where price and time are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticker {
    price: String,
    time: Option<String>,
}

/// Why a pointer is none.
#[derive(Debug, thiserror::Error)]
#[error("{pointer} is no JSON pointer: it begins with / and has at most {POINTER_BYTES_MAX} bytes")]
pub struct PointerError {
    pointer: String,
}

impl Ticker {
    /// With the pointers; without a time, a price is as old as its arrival.
    pub fn new(price: &str, time: Option<&str>) -> Result<Ticker, PointerError> {
        let wrong = |pointer: &&str| !pointer.starts_with('/') || POINTER_BYTES_MAX < pointer.len();
        match [Some(price), time].into_iter().flatten().find(wrong) {
            Some(pointer) => Err(PointerError { pointer: pointer.chars().take(64).collect() }),
            None => Ok(Ticker { price: price.into(), time: time.map(Into::into) }),
        }
    }

    /// Reads one answer or message; `None` if it has no price in it, which acknowledgements and
    /// heartbeats have not. The caller has limited its length.
    pub fn read(&self, text: &[u8], arrived: At) -> Result<Option<Said>, SourceFault> {
        let value: Value = serde_json::from_slice(text).map_err(SourceFault::Json)?;
        let Some(price) = value.pointer(&self.price) else { return Ok(None) };
        let price = number(&self.price, price, read_price)?;
        let at = match &self.time {
            None => arrived,
            Some(pointer) => {
                let missing = || SourceFault::Missing { pointer: pointer.clone() };
                number(pointer, value.pointer(pointer).ok_or_else(missing)?, read_time)?
            }
        };
        Ok(Some(Said { price, at }))
    }

    /// What an answer without a price is.
    pub fn missing(&self) -> SourceFault {
        SourceFault::Missing { pointer: self.price.clone() }
    }
}

fn number<T>(
    pointer: &str,
    value: &Value,
    read: impl Fn(&str) -> Result<T, PriceFault>,
) -> Result<T, SourceFault> {
    let fault = |fault| SourceFault::Price { pointer: pointer.into(), fault };
    match value {
        Value::Number(number) => read(&number.to_string()).map_err(fault),
        Value::String(text) => read(text).map_err(fault),
        _ => Err(SourceFault::Missing { pointer: pointer.into() }),
    }
}
