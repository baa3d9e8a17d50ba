//! Exact decimal numbers, for what a person or a client writes: tick sizes, strikes, amounts.
//!
//! A decimal is `mantissa × 10^-scale`. It is read from text (plain or with an exponent), printed
//! as the shortest text that means the same, and divided by a step to see whether it lies on a
//! grid. It does no other arithmetic: sums of money are [`crate::Amount`]s.

use core::fmt;

/// An exact decimal: `mantissa × 10^-scale`, always in lowest terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

/// Why a text is not a decimal that we can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not digits with at most one point and an exponent.
    #[error("is not a decimal number: write digits, such as 97000.5")]
    Malformed,
    /// More digits than fit.
    #[error("has too many digits: at most 18, {max} of them decimals", max = Decimal::SCALE_MAX)]
    TooLong,
}

/// Where a number lies between multiples of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// It is this many steps.
    On(u64),
    /// It lies between this many steps and one more.
    Between(u64),
    /// It is below zero, or more steps than `u64` counts.
    Outside,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };
    /// Most decimals that a number may have.
    pub const SCALE_MAX: u8 = 18;

    /// `mantissa × 10^-scale`, in lowest terms; `None` above [`Decimal::SCALE_MAX`] decimals.
    pub fn new(mut mantissa: i64, mut scale: u8) -> Option<Decimal> {
        while 0 < scale && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        (scale <= Self::SCALE_MAX).then_some(Decimal { mantissa, scale })
    }

    /// A whole number.
    pub fn whole(number: i64) -> Decimal {
        Decimal { mantissa: number, scale: 0 }
    }

    /// The digits without the point.
    pub fn mantissa(&self) -> i64 {
        self.mantissa
    }

    /// How many of the digits come after the point.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// Reads `-12.5`, `12`, `1e-4`, `1.25E+3`.
    pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            None => (text, 0),
            Some((number, exponent)) => (number, parse_exponent(exponent)?),
        };
        let (negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let pointed = digits.len() != whole.len();
        if whole.is_empty() || (pointed && fraction.is_empty()) {
            return Err(DecimalError::Malformed);
        }
        let magnitude = parse_digits(whole.bytes().chain(fraction.bytes()))?;
        let decimals = i32::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        let mantissa = if negative { -magnitude } else { magnitude };
        Decimal::shifted(mantissa, decimals - exponent)
    }

    /// `mantissa × 10^-scale` for a scale of either sign.
    fn shifted(mantissa: i64, scale: i32) -> Result<Decimal, DecimalError> {
        if mantissa == 0 {
            return Ok(Decimal::ZERO);
        }
        let (mut mantissa, mut scale) = (mantissa, scale);
        while scale < 0 {
            mantissa = mantissa.checked_mul(10).ok_or(DecimalError::TooLong)?;
            scale += 1;
        }
        while 0 < scale && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        let scale = u8::try_from(scale).map_err(|_| DecimalError::TooLong)?;
        Decimal::new(mantissa, scale).ok_or(DecimalError::TooLong)
    }

    /// `count × step`; `None` where it does not fit.
    pub fn multiple(count: i64, step: Decimal) -> Option<Decimal> {
        Decimal::new(count.checked_mul(step.mantissa)?, step.scale)
    }

    /// Where this number lies on the grid of multiples of `step`, which is above zero.
    pub fn on_grid(&self, step: Decimal) -> Grid {
        assert!(0 < step.mantissa, "a step is above zero");
        if self.mantissa < 0 {
            return Grid::Outside;
        }
        let scale = self.scale.max(step.scale);
        let (mine, one) = (self.at_scale(scale), step.at_scale(scale));
        match u64::try_from(mine / one) {
            Err(_) => Grid::Outside,
            Ok(steps) if mine % one == 0 => Grid::On(steps),
            Ok(steps) => Grid::Between(steps),
        }
    }

    /// The digits as if there were `scale` decimals, which is not fewer than there are.
    fn at_scale(&self, scale: u8) -> i128 {
        i128::from(self.mantissa) * 10_i128.pow(u32::from(scale - self.scale))
    }

    /// `self × 10^power` as a whole number; `None` if it is not whole or does not fit.
    pub fn times_ten_to(&self, power: u8) -> Option<i64> {
        let missing = power.checked_sub(self.scale)?;
        self.mantissa.checked_mul(10_i64.checked_pow(u32::from(missing))?)
    }

    /// `self / other` as a whole number; `None` if it is not whole or `other` is not above zero.
    pub fn whole_ratio(&self, other: Decimal) -> Option<u64> {
        if other.mantissa <= 0 {
            return None;
        }
        match self.on_grid(other) {
            Grid::On(count) => Some(count),
            Grid::Between(_) | Grid::Outside => None,
        }
    }
}

fn parse_digits(bytes: impl Iterator<Item = u8>) -> Result<i64, DecimalError> {
    let mut magnitude: i64 = 0;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return Err(DecimalError::Malformed);
        }
        magnitude = magnitude
            .checked_mul(10)
            .and_then(|shifted| shifted.checked_add(i64::from(byte - b'0')))
            .ok_or(DecimalError::TooLong)?;
    }
    Ok(magnitude)
}

fn parse_exponent(text: &str) -> Result<i32, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    let exponent: i32 = text.parse().map_err(|_| DecimalError::TooLong)?;
    if exponent.abs() <= 40 { Ok(exponent) } else { Err(DecimalError::TooLong) }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        if self.scale == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = 10_u64.pow(u32::from(self.scale));
        let width = usize::from(self.scale);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}
