//! Auto-deleveraging: who is closed against a bankrupt position, and who gives how much of its
//! profit (venue.md §2.14, docs/rules/liquidation.md).
//!
//! ```text
//!   the other side ─▶ ranked ─┬─▶ lots      to close, at the mark          ─▶ cuts
//!                             └─▶ deficit   to give, of profit at the mark ─▶
//! ```
//!
//! Both are shared out by the policy's one rule. Positions close at the mark and money moves beside
//! it, so that what winners give is what is lacking, to the atom: a venue that takes it by closing
//! at another price takes as much more as the last position that it closes is too large.
//!
//! It closes nothing and moves no money: the engine does, cut by cut.
//!
//! # Invariants
//! 1. Closed lots sum to the smaller of those asked for and those there are; haircuts to the
//!    smaller of the deficit and all profits. Nobody closes more than it has or gives more than its
//!    profit.
//! 2. Nobody without profit is closed while somebody with profit has lots left.
//! 3. Cuts do not depend on the order in which the other side is listed, accounts being different.

use alloc::vec::Vec;
use core::cmp::Reverse;

use types::planted::{self, Bug};
use types::{AccountId, AdlPolicy, Amount, SignedLots};

use crate::waterfall::{amount, atoms, in_order, in_proportion, to_level};

const BILLION: i128 = 1_000_000_000;

/// Somebody on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner {
    /// Who.
    pub account: AccountId,
    /// Its position.
    pub size: SignedLots,
    /// What its position was opened for, without sign.
    pub cost: Amount,
    /// What it would win if the position were closed at the mark; below zero it would lose.
    pub gain: Amount,
    /// What its position is worth at the mark, without sign.
    pub value: Amount,
    /// The account's equity.
    pub equity: Amount,
}

/// What one of them is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Who.
    pub account: AccountId,
    /// Lots of its position that are closed.
    pub lots: u64,
    /// What it gives of its profit.
    pub haircut: Amount,
    /// Its place in the ranking, from 1.
    pub rank: u32,
    /// Its [`score`].
    pub score: i64,
}

/// The rank of BitMEX in millionths, toward zero (venue.md §2.14): profit as a share of the cost,
/// times leverage, which is value over equity; a loss is divided by it. What is zero or below, and
/// something is divided by, counts as one atom; at most what an `i64` holds.
pub fn score(winner: &Winner) -> i64 {
    let above_zero = |amount: Amount| i128::from(amount.0).max(1);
    let (value, equity) = (above_zero(winner.value), above_zero(winner.equity));
    // The first product fits: an amount is below 2^63, a billion below 2^30.
    let profit = i128::from(winner.gain.0) * BILLION / above_zero(winner.cost);
    let (by, over) = if winner.gain < Amount::ZERO { (equity, value) } else { (value, equity) };
    let least_or_most = if profit < 0 { i64::MIN } else { i64::MAX };
    let scored = profit.checked_mul(by).map(|product| product / over / 1_000);
    scored.and_then(|score| i64::try_from(score).ok()).unwrap_or(least_or_most)
}

/// Who is closed against `lots`, and who gives how much of `deficit`, in the order of the ranking.
/// The winners hold one instrument on one side. Those of whom nothing is asked are left out.
///
/// | policy | ranked by | lots and haircuts are shared |
/// |---|---|---|
/// | `Queue` | [`score`] | in order |
/// | `ProRata` | profit | in proportion to sizes, and to profits |
/// | `WaterFilling` | profit | up to a common level of lots, and of money |
/// | `LeastClosing` | profit a lot | in order |
pub fn deleverage(policy: AdlPolicy, winners: &[Winner], lots: u64, deficit: Amount) -> Vec<Cut> {
    let mut ranked: Vec<(i64, &Winner)> =
        winners.iter().map(|winner| (score(winner), winner)).collect();
    ranked.sort_by_cached_key(|(score, winner)| place(policy, *score, winner));
    let closed = closed_lots(policy, &ranked, lots);
    let gains: Vec<u64> = ranked.iter().map(|(_, winner)| atoms(winner.gain)).collect();
    let haircuts = shared(policy, atoms(deficit), &gains);
    let cuts = (1..).zip(ranked).zip(closed.into_iter().zip(haircuts)).map(
        |((rank, (score, winner)), (lots, haircut))| Cut {
            account: winner.account,
            lots,
            haircut: amount(haircut),
            rank,
            score,
        },
    );
    cuts.filter(|cut| cut.lots != 0 || cut.haircut != Amount::ZERO).collect()
}

/// Whoever is asked first has the smallest of these: profit before none, then what the policy ranks
/// by, the largest first, then the account.
fn place(policy: AdlPolicy, score: i64, winner: &Winner) -> (bool, Reverse<i128>, AccountId) {
    let gain = i128::from(winner.gain.0);
    let by = match policy {
        AdlPolicy::Queue => score.into(),
        AdlPolicy::ProRata | AdlPolicy::WaterFilling => gain,
        AdlPolicy::LeastClosing => gain * BILLION / i128::from(winner.size.size().max(1)),
    };
    let by = if planted::is(Bug::AdlRanksBackwards) { -by } else { by };
    (gain <= 0, Reverse(by), winner.account)
}

/// Lots that each of them closes: first those with profit, then the others.
fn closed_lots(policy: AdlPolicy, ranked: &[(i64, &Winner)], lots: u64) -> Vec<u64> {
    let sizes: Vec<u64> = ranked.iter().map(|(_, winner)| winner.size.size()).collect();
    let n_winners = ranked.partition_point(|(_, winner)| Amount::ZERO < winner.gain);
    let (winning, losing) = sizes.split_at(n_winners);
    let mut closed = shared(policy, lots, winning);
    let left = lots - closed.iter().sum::<u64>();
    closed.extend(shared(policy, left, losing));
    closed
}

/// The policy's rule.
fn shared(policy: AdlPolicy, total: u64, most: &[u64]) -> Vec<u64> {
    match policy {
        AdlPolicy::Queue | AdlPolicy::LeastClosing => in_order(total, most),
        AdlPolicy::ProRata => in_proportion(total, most),
        AdlPolicy::WaterFilling => to_level(total, most),
    }
}
