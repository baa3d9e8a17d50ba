//! `FEES-EXACT`: each side of a trade pays what FEE-1 and FEE-2 say, by the terms of the
//! instrument: a share of the value of a future, of an option a share of the underlying and at most
//! an eighth of the premium; rounded up, and a rebate toward the venue.
//!
//! It does not see the fees of liquidations (`liquidation`).

use types::{IndexPrice, TradeSide, Traded};

use super::worth::{Round, Worth, quotient};
use super::{Check, hold};

pub(crate) const EXACT: &str = "FEES-EXACT";

/// What one side pays; below zero is a rebate.
pub(crate) fn fee(
    worth: &Worth,
    is_option: bool,
    (ppm, index): (i32, IndexPrice),
    value: i128,
    lots: u64,
) -> i128 {
    if !is_option {
        return quotient(value * i128::from(ppm), 1_000_000, Round::Up);
    }
    let underlying = worth.underlying(index, lots);
    let most = value / 8;
    quotient(underlying * i128::from(ppm), 1_000_000, Round::Up).clamp(-most, most)
}

pub(crate) fn check(trade: &Traded, side: &TradeSide, fee: i128) -> Check {
    hold!(
        i128::from(side.fee.0) == fee,
        EXACT,
        "order {} paid a fee of {} in trade {}: it is {fee}",
        side.order,
        side.fee,
        trade.trade
    );
    Ok(())
}
