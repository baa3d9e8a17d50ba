//! What prices and sizes of an instrument are worth, from its terms alone, in wide whole numbers.
//!
//! ```text
//!   linear, options   lots · ticks · (tick · lot)     inverse   lots · (lot / tick) / ticks
//! ```
//! in units of the settlement asset, times ten to its decimals (docs/rules/money.md).

use types::{Decimal, IndexPrice, Instrument, Kind, OptionRight, Style, Ticks};

/// Which way a quotient that is not whole goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    Down,
    Up,
}

/// The worth of one instrument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worth {
    /// Value falls as the price rises.
    pub is_inverse: bool,
    /// One lot at one tick, in atoms, as a quotient.
    unit: (i128, i128),
    /// The underlying of a lot in atoms of the settlement asset, or, where `is_indexed`, of one
    /// unit of the index.
    lot: (i128, i128),
    is_indexed: bool,
}

impl Worth {
    /// `None` if the numbers do not fit: the terms are out of range then.
    pub fn of(spec: &Instrument, decimals: u8) -> Option<Worth> {
        let one = ten_to(decimals)?;
        let is_inverse = spec.style == Style::Inverse && !spec.kind.is_option();
        let (tick, lot) = (parts(spec.tick)?, parts(spec.lot)?);
        let unit = match is_inverse {
            true => (lot.0.checked_mul(tick.1)?.checked_mul(one)?, lot.1.checked_mul(tick.0)?),
            false => (lot.0.checked_mul(tick.0)?.checked_mul(one)?, lot.1.checked_mul(tick.1)?),
        };
        let lot = (lot.0.checked_mul(one)?, lot.1);
        (unit.1 != 0).then_some(Worth {
            is_inverse,
            unit,
            lot,
            is_indexed: spec.style == Style::Linear,
        })
    }

    /// Value of `lots` at `price` ticks, never below zero.
    pub fn value(&self, price: Ticks, lots: u64, round: Round) -> i128 {
        let (lots, price) = (i128::from(lots), i128::from(price.0));
        match self.is_inverse {
            true => quotient(lots * self.unit.0, self.unit.1 * price.max(1), round),
            false => quotient(lots * self.unit.0 * price, self.unit.1, round),
        }
    }

    /// The value of a fill for the one on a side: what it adds to a position's cost.
    pub fn signed(&self, value: i128, buys: bool) -> i128 {
        if buys == self.is_inverse { -value } else { value }
    }

    /// What a lot of an option is worth at one tick, in atoms.
    pub fn tick_of_lot(&self) -> f64 {
        self.unit.0 as f64 / self.unit.1 as f64
    }

    /// What `lots` are written on, with the index there, up.
    pub fn underlying(&self, index: IndexPrice, lots: u64) -> i128 {
        let atoms = i128::from(lots) * self.lot.0;
        match self.is_indexed {
            false => quotient(atoms, self.lot.1, Round::Up),
            true => {
                let one = self.lot.1 * i128::from(IndexPrice::SCALE);
                quotient(atoms * i128::from(index.0), one, Round::Up)
            }
        }
    }

    /// Value of `lots` of a future at an index price.
    pub fn value_at(&self, price: IndexPrice, lots: u64, round: Round) -> i128 {
        let atoms = i128::from(lots) * self.lot.0;
        let (price, one) = (i128::from(price.0.max(1)), i128::from(IndexPrice::SCALE));
        match self.is_inverse {
            true => times(atoms, one, self.lot.1 * price, round),
            false => times(atoms, price, self.lot.1 * one, round),
        }
    }

    /// Value of one lot at an index price, times `scale`, down.
    pub fn lot_value(&self, price: IndexPrice, scale: i128) -> i128 {
        let (price, one) = (i128::from(price.0.max(1)), i128::from(IndexPrice::SCALE));
        match self.is_inverse {
            true => times(self.lot.0 * one, scale, self.lot.1 * price, Round::Down),
            false => times(self.lot.0 * price, scale, self.lot.1 * one, Round::Down),
        }
    }

    /// What `lots` of an option pay when the underlying is delivered at `price`
    /// (docs/rules/delivery.md); `None` for what is no option, or does not fit.
    pub fn payoff(&self, kind: &Kind, price: IndexPrice, lots: u64, round: Round) -> Option<i128> {
        let Kind::Option { strike, right, .. } = kind else {
            return None;
        };
        let (strike, over) = parts(*strike)?;
        let (strike, spot) = (strike * i128::from(IndexPrice::SCALE), i128::from(price.0) * over);
        let gain = match right {
            OptionRight::Call => spot - strike,
            OptionRight::Put => strike - spot,
        };
        let one = if self.is_indexed { over * i128::from(IndexPrice::SCALE) } else { spot };
        let atoms = i128::from(lots) * self.lot.0;
        Some(times(atoms, gain.max(0), self.lot.1 * one.max(1), round))
    }
}

/// `amount · part / whole` of a cost that is shared, up: against the one who closes.
pub(crate) fn share_up(amount: i128, part: u64, whole: u64) -> i128 {
    quotient(amount * i128::from(part), i128::from(whole.max(1)), Round::Up)
}

/// A quotient, rounded as said; the denominator is above zero.
pub(crate) fn quotient(numerator: i128, denominator: i128, round: Round) -> i128 {
    if let (Ok(numerator), Ok(denominator)) = (i64::try_from(numerator), i64::try_from(denominator))
        && 0 < denominator
    {
        let (down, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
        return i128::from(down) + i128::from(round == Round::Up && rest != 0);
    }
    let (down, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    down + i128::from(round == Round::Up && rest != 0)
}

/// `amount · by / over` without leaving what fits on the way.
fn times(amount: i128, by: i128, over: i128, round: Round) -> i128 {
    if let Some(product) = amount.checked_mul(by) {
        return quotient(product, over, round);
    }
    let (whole, rest) = (amount.div_euclid(over), amount.rem_euclid(over));
    whole.saturating_mul(by).saturating_add(quotient(rest.saturating_mul(by), over, round))
}

/// A decimal as a fraction.
pub(crate) fn number(decimal: Decimal) -> f64 {
    decimal.mantissa() as f64 / 10_f64.powi(decimal.scale().into())
}

fn parts(decimal: Decimal) -> Option<(i128, i128)> {
    Some((i128::from(decimal.mantissa()), ten_to(decimal.scale())?))
}

fn ten_to(exponent: u8) -> Option<i128> {
    10_i128.checked_pow(u32::from(exponent))
}
