//! Names of contracts: `BTC-PERPETUAL`, `BTC-25DEC26`, `BTC_USDC-25DEC26-100000-C`.

use types::{AssetCode, At, Decimal, Kind, OptionRight, Style};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// What a name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Perpetual, future or option.
    pub kind: Kind,
    /// Inverse without a quote in the name, linear with one.
    pub style: Style,
    /// What is priced.
    pub base: AssetCode,
    /// In what; USD for inverse contracts.
    pub quote: AssetCode,
}

/// A name that is not one of a contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" does not name a contract: write it as BTC-PERPETUAL, ETH_USDC-25DEC26 or \
     BTC-25DEC26-100000-C"
)]
pub struct NameError(pub String);

/// Reads a name.
pub fn parse_name(name: &str) -> Result<Named, NameError> {
    read(name).ok_or_else(|| NameError(name.to_owned()))
}

fn read(name: &str) -> Option<Named> {
    let mut parts = name.split('-');
    let (style, base, quote) = read_underlying(parts.next()?)?;
    let kind = match (parts.next()?, parts.next(), parts.next()) {
        ("PERPETUAL", None, None) => Kind::Perpetual,
        (date, None, None) => Kind::Future { expiry: read_date(date)? },
        (date, Some(strike), Some(right)) => Kind::Option {
            expiry: read_date(date)?,
            strike: Decimal::parse(&strike.replace('d', ".")).ok()?,
            right: read_right(right)?,
        },
        _ => return None,
    };
    parts.next().is_none().then_some(Named { kind, style, base, quote })
}

fn read_underlying(text: &str) -> Option<(Style, AssetCode, AssetCode)> {
    match text.split_once('_') {
        None => Some((Style::Inverse, AssetCode::new(text)?, AssetCode::new("USD")?)),
        Some((base, quote)) => Some((Style::Linear, AssetCode::new(base)?, AssetCode::new(quote)?)),
    }
}

fn read_right(text: &str) -> Option<OptionRight> {
    match text {
        "C" => Some(OptionRight::Call),
        "P" => Some(OptionRight::Put),
        _ => None,
    }
}

/// `25DEC26` is 08:00 UTC of 25 December 2026.
fn read_date(text: &str) -> Option<At> {
    let letters = text.find(|c: char| !c.is_ascii_digit())?;
    let (day, rest) = text.split_at_checked(letters)?;
    let (month, year) = rest.split_at_checked(3)?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let at = first_of(2_000 + year.min(99), u64::try_from(month).ok()? + 1)
        + (day.checked_sub(1)?) * At::DAY
        + 8 * 3_600_000;
    // 31 February is not a date, and `25DEC026` is not how it is written.
    (date(At(at)) == text).then_some(At(at))
}

/// Midnight of the first of a month, by counting: names of contracts are read rarely.
fn first_of(year: u64, month: u64) -> u64 {
    let is_leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let years: u64 = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: u64 = lengths.iter().zip(1..month).map(|(length, _)| length).sum();
    (years + months) * At::DAY
}

/// A date as names have it.
pub fn date(at: At) -> String {
    let (year, month, day) = at.date();
    let month = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index));
    format!("{day}{}{:02}", month.unwrap_or(&""), year % 100)
}
