//! Auto-deleveraging: who is closed against a bankrupt position, and who gives how much of its
//! profit (venue.md §2.14).

use alloc::vec::Vec;

use types::{AccountId, AdlPolicy, Amount, SignedLots};

use crate::waterfall::pro_rata;

/// Somebody on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner {
    /// Who.
    pub account: AccountId,
    /// Its position.
    pub size: SignedLots,
    /// What it would win if it were closed at the mark; not below zero.
    pub gain: Amount,
    /// Value of its position at the mark.
    pub value: Amount,
    /// Its equity.
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
    /// Its score, in millionths.
    pub score: i64,
}

const MILLION: i128 = 1_000_000;

/// Profit × leverage in millionths (BitMEX's rank): profit over cost, times value over equity.
pub fn score(winner: &Winner) -> i64 {
    let (gain, value) = (i128::from(winner.gain.0), i128::from(winner.value.0));
    let cost = (value - gain).max(1);
    let equity = i128::from(winner.equity.0).max(1);
    let profit = gain.max(0) * MILLION / cost;
    let score = profit.saturating_mul(value) / equity;
    i64::try_from(score).unwrap_or(i64::MAX)
}

/// Who is closed against `lots`, and who gives how much of `deficit`. Closed lots sum to the
/// smaller of `lots` and all there are; haircuts sum to the smaller of the deficit and all gains,
/// each within the gain of the one who gives it.
pub fn deleverage(policy: AdlPolicy, winners: &[Winner], lots: u64, deficit: Amount) -> Vec<Cut> {
    let mut ranked: Vec<Cut> = winners
        .iter()
        .map(|winner| Cut {
            account: winner.account,
            lots: 0,
            haircut: Amount::ZERO,
            rank: 0,
            score: score(winner),
        })
        .collect();
    let mut order: Vec<(Cut, Winner)> = ranked.drain(..).zip(winners.iter().copied()).collect();
    order.sort_by_key(|(cut, winner)| first(policy, cut, winner));
    let mut left = lots;
    for (rank, (cut, winner)) in (1..).zip(&mut order) {
        cut.rank = rank;
        cut.lots = left.min(winner.size.size());
        left -= cut.lots;
    }
    let gains: Vec<Amount> = order.iter().map(|(_, winner)| winner.gain).collect();
    let haircuts = match policy {
        AdlPolicy::Queue | AdlPolicy::LeastClosing => in_order(deficit, &gains),
        AdlPolicy::ProRata => pro_rata(deficit, &gains),
        AdlPolicy::WaterFilling => level(deficit, &gains),
    };
    for ((cut, _), haircut) in order.iter_mut().zip(haircuts) {
        cut.haircut = haircut;
    }
    let asked = |cut: &Cut| 0 < cut.lots || Amount::ZERO < cut.haircut;
    order.into_iter().map(|(cut, _)| cut).filter(asked).collect()
}

/// Who is closed first: the queue by score; the least closing by gain a lot, so that the fewest lots
/// cover it; the others by size, so that few are touched. Ties by account.
fn first(policy: AdlPolicy, cut: &Cut, winner: &Winner) -> (core::cmp::Reverse<i128>, AccountId) {
    let key = match policy {
        AdlPolicy::Queue => i128::from(cut.score),
        AdlPolicy::LeastClosing => {
            let size = i128::from(winner.size.size().max(1));
            i128::from(winner.gain.0) * MILLION / size
        }
        AdlPolicy::ProRata | AdlPolicy::WaterFilling => i128::from(winner.size.size()),
    };
    (core::cmp::Reverse(key), winner.account)
}

fn in_order(deficit: Amount, gains: &[Amount]) -> Vec<Amount> {
    crate::waterfall::allocate(deficit, gains).0
}

/// Water filling: nobody gives more than a common level, which is as low as covers it.
fn level(deficit: Amount, gains: &[Amount]) -> Vec<Amount> {
    let mut rising: Vec<(Amount, usize)> =
        gains.iter().copied().zip(0..).map(|(gain, place)| (gain, place)).collect();
    rising.sort_unstable();
    let mut shares: Vec<Amount> = gains.iter().map(|_| Amount::ZERO).collect();
    let mut left = deficit.max(Amount::ZERO);
    let count = rising.len();
    for (nth, (gain, place)) in rising.into_iter().enumerate() {
        let others = i64::try_from(count - nth).expect("fewer accounts than that");
        let even = Amount((left.0 + others - 1) / others);
        let share = even.min(gain).min(left);
        left = left.minus(share);
        if let Some(slot) = shares.get_mut(place) {
            *slot = share;
        }
    }
    shares
}
