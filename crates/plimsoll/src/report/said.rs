//! What a source said: a price, and when. Prices are read exactly, or refused with the reason.

use types::{At, Decimal, DecimalError, IndexPrice};

/// Longest text of a price or a time; real ones have about 20 characters.
pub const TEXT_BYTES_MAX: usize = 48;
/// Decimals of an index price.
const DECIMALS: u32 = 8;
/// Decimals that are looked at: two more than are kept.
const FRACTION_MAX: usize = 10;

/// A price and the moment at which its source said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The price.
    pub price: IndexPrice,
    /// When the source said so.
    pub at: At,
}

/// Why a text is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceFault {
    /// Too long to be one.
    #[error("has {bytes} characters: a price has at most {max}", max = TEXT_BYTES_MAX)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not a number.
    #[error("{text} {reason}")]
    Decimal {
        /// What came.
        text: String,
        /// What is wrong with it.
        reason: DecimalError,
    },
    /// Not a price.
    #[error("{text} is no price: it is above 0 and at most 10000000000")]
    OutOfRange {
        /// What came.
        text: String,
    },
    /// Not a moment.
    #[error("{text} is no moment: write milliseconds since 1970, or seconds")]
    NoMoment {
        /// What came.
        text: String,
    },
}

/// Reads a price; what is finer than eight decimals is rounded to the nearest.
pub fn read_price(text: &str) -> Result<IndexPrice, PriceFault> {
    let decimal = read_decimal(text)?;
    let price = scaled(decimal, DECIMALS).and_then(|price| u64::try_from(price).ok());
    price
        .map(IndexPrice)
        .filter(|price| 0 < price.0 && *price <= IndexPrice::MAX)
        .ok_or_else(|| PriceFault::OutOfRange { text: text.into() })
}

/// Reads a moment: seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by
/// their size (from 1973 to 5138 there is no doubt).
pub fn read_time(text: &str) -> Result<At, PriceFault> {
    let decimal = read_decimal(text)?;
    let no_moment = || PriceFault::NoMoment { text: text.into() };
    let whole = scaled(decimal, 0).ok_or_else(no_moment)?;
    let ms = match whole {
        100_000_000..100_000_000_000 => scaled(decimal, 3).ok_or_else(no_moment)?,
        100_000_000_000..100_000_000_000_000 => whole,
        100_000_000_000_000..100_000_000_000_000_000 => whole / 1_000,
        100_000_000_000_000_000.. => whole / 1_000_000,
        _ => return Err(no_moment()),
    };
    u64::try_from(ms).map(At).map_err(|_| no_moment())
}

/// The nearest price to a float: files with columns of `DOUBLE` have nothing better.
pub fn nearest_price(price: f64) -> Option<IndexPrice> {
    let scaled = (price * IndexPrice::SCALE as f64).round();
    // Not a number is in no range.
    let fits = (1.0..=IndexPrice::MAX.0 as f64).contains(&scaled);
    fits.then_some(IndexPrice(scaled as u64))
}

fn read_decimal(text: &str) -> Result<Decimal, PriceFault> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(PriceFault::TooLong { bytes: text.len() });
    }
    Decimal::parse(cut(text)).map_err(|reason| PriceFault::Decimal { text: text.into(), reason })
}

/// Leaves out decimals beyond [`FRACTION_MAX`]: exchanges print floats and 18-decimal tokens.
fn cut(text: &str) -> &str {
    let Some((whole, fraction)) = text.split_once('.') else { return text };
    let is_long = FRACTION_MAX < fraction.len();
    if is_long && fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return &text[..whole.len() + 1 + FRACTION_MAX];
    }
    text
}

/// `decimal × 10^power` to the nearest whole number, halves up.
fn scaled(decimal: Decimal, power: u32) -> Option<i128> {
    let mantissa = i128::from(decimal.mantissa());
    let scale = u32::from(decimal.scale());
    match power.checked_sub(scale) {
        Some(up) => mantissa.checked_mul(10_i128.pow(up)),
        None => {
            let down = 10_i128.pow(scale - power);
            Some((mantissa + down / 2).div_euclid(down))
        }
    }
}
