//! The prices at which the money behind a position is gone, or no longer enough (venue.md §2.7,
//! §2.11.3, §2.11.4, §2.12).
//!
//! With `V` what the position is worth without sign, and `σ` +1 where it wins when that rises (a
//! linear long, an inverse short) and −1 where it loses:
//!
//! ```text
//!   margin + σ V − cost = rate · V      ⇒      V = σ (cost − margin) / (1 − σ rate)
//! ```
//!
//! A rate of what closing costs gives the bankruptcy price, a maintenance rate the liquidation
//! price. The price is that at which the contract is worth `V`, so that linear and inverse are one
//! formula. In a cross account the cost is the position's value at the mark and the margin its
//! [`margin_share`].
//!
//! These prices are for showing and explaining: what is liquidated is decided by equity.

use types::{Amount, Contract, IndexPrice, Rounding, SignedLots};

const BILLION: i128 = 1_000_000_000;

/// A position in a future or perpetual, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backed {
    /// Above zero is long.
    pub size: SignedLots,
    /// The signed value at which profit counts from: what it was opened for, or what it is worth at
    /// the mark. Above zero for linear longs and inverse shorts, else below.
    pub cost: Amount,
    /// Equity that belongs to the position at that value; below zero it is owed.
    pub margin: Amount,
}

/// Equity that belongs to a position: in proportion to its maintenance margin (dYdX, venue.md
/// §2.11.3), down. All of the equity where nothing is needed.
pub fn margin_share(equity: Amount, maintenance: Amount, of_account: Amount) -> Amount {
    if of_account <= Amount::ZERO {
        return equity;
    }
    equity.times(maintenance.0, of_account.0, Rounding::Down)
}

/// Where closing the position, at a fee of its value in millionths, leaves nothing. See
/// [`price_at_rate`].
pub fn bankruptcy_price(
    contract: &Contract,
    position: &Backed,
    fee_ppm: u32,
) -> Option<IndexPrice> {
    price_at_rate(contract, position, u64::from(fee_ppm) * 1_000)
}

/// Where what stands behind the position is this share of its value, in billionths. `None` for no
/// position, for a share of one or more, and where no price above zero and up to
/// [`IndexPrice::MAX`] does.
///
/// Rounded against the account: up for a long, down for a short.
pub fn price_at_rate(contract: &Contract, position: &Backed, rate_ppb: u64) -> Option<IndexPrice> {
    let Backed { size, cost, margin } = *position;
    let is_long = 0 < size.0;
    let sign = if is_long == contract.is_quotient() { -1 } else { 1 };
    let rate = i128::from(rate_ppb);
    let over = BILLION - sign * rate;
    let worth = sign * (i128::from(cost.0) - i128::from(margin.0)) * BILLION;
    if size == SignedLots::ZERO || BILLION <= rate || worth <= 0 {
        return None;
    }
    let rounding = if is_long { Rounding::Up } else { Rounding::Down };
    contract.price_of((worth, over), size.size(), rounding)
}
