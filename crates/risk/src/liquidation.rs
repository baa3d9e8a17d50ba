//! How much of a position a liquidation closes (venue.md §2.11.2).

use types::units::divide;
use types::{Amount, RiskFault, RiskTerms, Rounding};

const MILLION: i128 = 1_000_000;
/// Positions of up to this many lots go in one round.
const SMALL_LOTS: u64 = 10;

/// What is wrong with the terms, if anything.
pub fn check_terms(terms: &RiskTerms) -> Result<(), RiskFault> {
    let share = |ppm: u32| (10_000..=1_000_000).contains(&ppm);
    let rates = share(terms.round_ppm)
        && share(terms.depth_ppm)
        && terms.slippage_ppm <= 200_000
        && terms.fee_ppm <= 50_000
        && terms.buffer_ppm <= 1_000_000
        && terms.takeover_ppm <= 1_000_000;
    if !rates {
        return Err(RiskFault::LiquidationRates);
    }
    let is_paced =
        (100..=60_000).contains(&terms.round_ms) && (1..=100).contains(&terms.idle_rounds);
    if is_paced { Ok(()) } else { Err(RiskFault::Pace) }
}

/// Lots to close so that equity is back at its target: maintenance margin and the buffer.
///
/// Closing `q` of `size` lots lowers the target by `q/size · (1 + b) · maintenance` and costs
/// `q/size · cost`, where `cost` is what slippage and fee take if all of it is closed. So
/// `q = size · deficit / ((1 + b) · maintenance − cost)`, up; all of it where the denominator is not
/// above zero, for then closing a part does not help.
pub fn lots_to_close(
    deficit: i128,
    maintenance: Amount,
    size: u64,
    cost: Amount,
    buffer_ppm: u32,
) -> u64 {
    if deficit <= 0 {
        return 0;
    }
    let target = i128::from(maintenance.0) * (MILLION + i128::from(buffer_ppm)) / MILLION;
    let relief = target - i128::from(cost.0);
    if relief <= 0 {
        return size;
    }
    let lots = divide(i128::from(size).saturating_mul(deficit), relief, Rounding::Up);
    u64::try_from(lots).unwrap_or(u64::MAX).min(size)
}

/// The part of it that one round closes: at most a share of the position, unless that is small, and
/// at most a share of the depth; a lot at least where both have one.
pub fn round_lots(terms: &RiskTerms, wanted: u64, position: u64, depth: u64) -> u64 {
    if wanted == 0 || depth == 0 {
        return 0;
    }
    let share = |of: u64, ppm: u32| {
        let lots = u128::from(of) * u128::from(ppm) / 1_000_000;
        u64::try_from(lots).unwrap_or(u64::MAX).max(1)
    };
    let of_position =
        if position <= SMALL_LOTS { position } else { share(position, terms.round_ppm) };
    wanted.min(of_position).min(share(depth, terms.depth_ppm))
}
