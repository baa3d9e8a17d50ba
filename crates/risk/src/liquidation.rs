//! How much of a position a liquidation closes (venue.md §2.11.2, docs/rules/liquidation.md).
//!
//! ```text
//!   equity < maintenance      target - equity = deficit ─▶ lots wanted ─▶ lots of this round
//!                 target = maintenance + buffer                   share of position, of depth
//! ```
//!
//! It knows one position at a time and no book: who is liquidated, what is closed first and what
//! the book gives is the engine's.

use alloc::vec::Vec;

use types::units::divide;
use types::{Amount, FillableTerms, Lots, MarginSnapshot, RiskFault, RiskTerms, Rounding};

const MILLION: i64 = 1_000_000;
/// Positions of up to this many lots go in one round.
const SMALL_LOTS: u64 = 10;

/// What is wrong with the terms, if anything.
pub fn check_terms(terms: &RiskTerms) -> Result<(), RiskFault> {
    let is_share = |ppm: u32| (10_000..=1_000_000).contains(&ppm);
    let is_rated = is_share(terms.round_ppm)
        && is_share(terms.depth_ppm)
        && terms.slippage_ppm <= 200_000
        && terms.fee_ppm <= 50_000
        && terms.buffer_ppm <= 1_000_000
        && terms.takeover_ppm <= 1_000_000;
    if !is_rated {
        return Err(RiskFault::LiquidationRates);
    }
    let is_paced =
        (100..=60_000).contains(&terms.round_ms) && (1..=100).contains(&terms.idle_rounds);
    if is_paced { Ok(()) } else { Err(RiskFault::Pace) }
}

/// What is wrong with the terms of the fillable price, if anything.
pub fn check_fillable(terms: &FillableTerms) -> Result<(), RiskFault> {
    let is_multiple = |ppm: u32| (1..=10_000_000).contains(&ppm);
    let fits = is_multiple(terms.adjustment_ppm) && is_multiple(terms.spread_ppm);
    if fits { Ok(()) } else { Err(RiskFault::Fillable) }
}

/// What closing a whole position may lose against the mark, where `maintenance` is its own and
/// `margin` that of its account (dYdX' fillable price, venue.md §2.11.3): nothing while the account
/// has what it needs, and the more the less of that is left.
///
/// ```text
///   spread · maintenance · clamp(adjustment · (1 − equity / needed), 0, 1)      rounded down
/// ```
///
/// All of the spread where nothing is needed.
pub fn fillable_loss(
    terms: &FillableTerms,
    margin: &MarginSnapshot,
    maintenance: Amount,
) -> Amount {
    let spread = maintenance.times(terms.spread_ppm.into(), MILLION, Rounding::Down);
    let (equity, needed) = (i128::from(margin.equity.0), i128::from(margin.maintenance.0));
    let adjusted = (needed - equity) * i128::from(terms.adjustment_ppm);
    let most = needed * i128::from(MILLION);
    if needed <= 0 || most <= adjusted {
        return spread;
    }
    let lost = i128::from(spread.0).saturating_mul(adjusted.max(0));
    Amount::narrow(divide(lost, most, Rounding::Down))
}

/// What equity must be for a liquidation to end: maintenance margin, not below zero, and the
/// buffer's share of it, which is rounded up.
pub fn target(maintenance: Amount, buffer_ppm: u32) -> Amount {
    maintenance.plus(maintenance.times(buffer_ppm.into(), MILLION, Rounding::Up))
}

/// Lots of a position of `size` to close so that equity is at its target again, up; all of them
/// where a part does not help (venue.md §2.11.2).
///
/// `deficit` is what the account's equity is below its target. Of the position, all of it:
/// `maintenance` is its share of the margin, and `cost` what slippage and fee take when it is
/// closed. Closing `q` of `size` lots lowers the target by `q / size · (1 + buffer) · maintenance`,
/// and equity by `q / size · cost`. So
///
/// ```text
///   q = size · deficit / ((1 + buffer) · maintenance − cost)       the bracket rounded down
/// ```
///
/// and where the bracket is not above zero closing costs more than it frees. Rates that grow with
/// the size free more than that: then it is more than is needed, never less.
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
    let buffer = maintenance.times(buffer_ppm.into(), MILLION, Rounding::Down);
    let relief = i128::from(maintenance.0) + i128::from(buffer.0) - i128::from(cost.0);
    if relief <= 0 {
        return size;
    }
    let lots = divide(i128::from(size).saturating_mul(deficit), relief, Rounding::Up);
    u64::try_from(lots).unwrap_or(u64::MAX).min(size)
}

/// What one round closes of the lots wanted: at most the terms' share of the position and of the
/// depth, both rounded down and then a lot at least. A position of ten lots or fewer goes at once,
/// as far as the depth allows. Nothing where there is no depth.
pub fn round_lots(terms: &RiskTerms, wanted: u64, position: u64, depth: u64) -> u64 {
    if depth == 0 {
        return 0;
    }
    let of_position = match position {
        0..=SMALL_LOTS => position,
        _ => share(position, terms.round_ppm),
    };
    wanted.min(of_position).min(share(depth, terms.depth_ppm))
}

/// Of several positions, each with the lots that may be closed of it and its size, the share that
/// all of them may close: lots of each, down. Nothing if one of them may close nothing.
pub fn same_share(parts: &[(Lots, u64)]) -> Vec<Lots> {
    let across = |(lots, _): &(Lots, u64), (_, size): &(Lots, u64)| u64::from(lots.0) * *size;
    let least = parts.iter().min_by(|one, other| across(one, other).cmp(&across(other, one)));
    let Some(least) = least else {
        return Vec::new();
    };
    let share =
        |part| Lots(u32::try_from(across(least, part) / least.1).expect("at most its lots"));
    parts.iter().map(share).collect()
}

/// Down, and one at least.
fn share(lots: u64, ppm: u32) -> u64 {
    let part = u128::from(lots) * u128::from(ppm) / u128::from(MILLION.unsigned_abs());
    u64::try_from(part).unwrap_or(u64::MAX).max(1)
}
