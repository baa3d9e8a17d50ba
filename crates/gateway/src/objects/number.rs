//! Exact decimals out: ticks, lots and atoms as the shortest text of the same value.

use std::fmt;

use market_data::{InstrumentView, Position};
use types::{Amount, Decimal, IndexPrice, Rounding, Ticks};

/// `mantissa × 10^-scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fixed {
    mantissa: i128,
    scale: u32,
}

/// Decimals of a quotient.
const QUOTIENT_SCALE: u32 = 10;
/// Decimals of an average of inverse prices, which is kept to about twelve digits.
const HARMONIC_SCALE: u32 = 6;

impl Fixed {
    pub(crate) const ZERO: Fixed = Fixed { mantissa: 0, scale: 0 };

    pub(crate) fn new(mantissa: i128, scale: u32) -> Fixed {
        Fixed { mantissa, scale }
    }

    /// `count × step`.
    pub(crate) fn steps(count: i128, step: Decimal) -> Fixed {
        Fixed::new(count * i128::from(step.mantissa()), step.scale().into())
    }

    /// `numerator / denominator` to ten decimals, the nearest; over zero it is zero.
    pub(crate) fn quotient(numerator: i128, denominator: i128) -> Fixed {
        Fixed::rounded((numerator, denominator), QUOTIENT_SCALE)
    }

    /// A quotient to so many decimals, the nearest; over zero it is zero.
    fn rounded((numerator, denominator): (i128, i128), scale: u32) -> Fixed {
        if denominator == 0 {
            return Fixed::ZERO;
        }
        let shifted = numerator.saturating_mul(10_i128.pow(scale)).saturating_mul(2);
        let halves = shifted / denominator;
        Fixed::new((halves + halves.signum()) / 2, scale)
    }

    pub(crate) fn index(price: IndexPrice) -> Fixed {
        Fixed::new(price.0.into(), 8)
    }

    /// The sum.
    pub(crate) fn plus(self, other: Fixed) -> Fixed {
        let scale = self.scale.max(other.scale);
        let at_scale = |fixed: Fixed| fixed.mantissa * 10_i128.pow(scale - fixed.scale);
        Fixed::new(at_scale(self) + at_scale(other), scale)
    }

    /// The product.
    pub(crate) fn times(self, other: Fixed) -> Fixed {
        Fixed::new(self.mantissa.saturating_mul(other.mantissa), self.scale + other.scale)
    }

    /// Millionths.
    pub(crate) fn ppm(ppm: i64) -> Fixed {
        Fixed::new(ppm.into(), 6)
    }

    /// The same as a JSON value.
    pub(crate) fn to_value(self) -> serde_json::Value {
        serde_json::Value::Number(serde_json::Number::from_string_unchecked(self.to_string()))
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut mantissa, mut scale) = (self.mantissa.unsigned_abs(), self.scale);
        while 0 < scale && mantissa.is_multiple_of(10) {
            mantissa /= 10;
            scale -= 1;
        }
        let sign = if self.mantissa < 0 && mantissa != 0 { "-" } else { "" };
        if scale == 0 {
            return write!(f, "{sign}{mantissa}");
        }
        let unit = 10_u128.pow(scale);
        let width = usize::try_from(scale).unwrap_or(0);
        write!(f, "{sign}{}.{:0width$}", mantissa / unit, mantissa % unit)
    }
}

/// Prices and sizes of an instrument in the units of the dialect.
pub(crate) trait Scale {
    /// A price.
    fn price(&self, ticks: Ticks) -> Fixed;
    /// A size, signed or not, in `amount` units.
    fn amount(&self, lots: i128) -> Fixed;
    /// A size in contracts.
    fn contracts(&self, lots: i128) -> Fixed;
    /// Average of prices: `sum` is that of ticks times lots.
    fn average(&self, sum: u64, lots: u64) -> Fixed;
    /// Average price of a position that cost so much.
    fn average_of_cost(&self, lots: i64, cost: Amount) -> Fixed;
    /// Average entry price of a position.
    fn average_of_entries(&self, position: &Position) -> Fixed;
    /// Value of lots at a price, in atoms.
    fn value(&self, price: Ticks, lots: u64) -> Amount;
}

impl Scale for InstrumentView {
    fn price(&self, ticks: Ticks) -> Fixed {
        Fixed::steps(ticks.0.into(), self.spec().tick)
    }

    fn amount(&self, lots: i128) -> Fixed {
        Fixed::steps(lots, self.spec().lot)
    }

    fn contracts(&self, lots: i128) -> Fixed {
        let (lot, contract) = (self.spec().lot, self.spec().contract_size);
        let numerator = lots * i128::from(lot.mantissa()) * power(contract.scale());
        Fixed::quotient(numerator, i128::from(contract.mantissa()) * power(lot.scale()))
    }

    fn average(&self, sum: u64, lots: u64) -> Fixed {
        let tick = self.spec().tick;
        let numerator = i128::from(sum) * i128::from(tick.mantissa());
        Fixed::quotient(numerator, i128::from(lots) * power(tick.scale()))
    }

    fn average_of_cost(&self, lots: i64, cost: Amount) -> Fixed {
        let tick = self.spec().tick;
        let unit = i128::from(self.value(Ticks(1), 1).0);
        let size = i128::from(lots.unsigned_abs()) * unit;
        let cost = i128::from(cost.0.unsigned_abs());
        let (over, under) = if self.contract().is_quotient() { (size, cost) } else { (cost, size) };
        Fixed::quotient(over * i128::from(tick.mantissa()), under * power(tick.scale()))
    }

    fn average_of_entries(&self, position: &Position) -> Fixed {
        let tick = self.spec().tick;
        let is_quotient = self.contract().is_quotient();
        let (over, under) = position.entry(is_quotient);
        let [over, under] = [over, under].map(|part| i128::try_from(part).unwrap_or(i128::MAX));
        let over = over.saturating_mul(tick.mantissa().into());
        let under = under.saturating_mul(power(tick.scale()));
        let scale = if is_quotient { HARMONIC_SCALE } else { QUOTIENT_SCALE };
        Fixed::rounded((over, under), scale)
    }

    fn value(&self, price: Ticks, lots: u64) -> Amount {
        self.contract().value(price, lots, Rounding::Down)
    }
}

fn power(scale: u8) -> i128 {
    10_i128.pow(scale.into())
}
