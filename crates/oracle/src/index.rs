//! The index of the live reports, and how sure it is (venue.md §2.2, §3.1).

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{FeedTerms, IndexMethod, IndexPrice};

use crate::ppm::WHOLE;
use crate::votes::{Vote, Votes};

/// An index and its confidence: the distance to the farther quartile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub price: IndexPrice,
    pub confidence: IndexPrice,
}

impl Index {
    /// `None` when nothing that counts is live.
    pub fn of(votes: &Votes, terms: &FeedTerms) -> Option<Index> {
        let price = price(votes, terms)?;
        Some(Index { price: IndexPrice(price), confidence: IndexPrice(confidence(votes, price)?) })
    }
}

fn price(votes: &Votes, terms: &FeedTerms) -> Option<u64> {
    if planted::is(Bug::OutlierIncluded) {
        return mean(&votes.sorted, |price| price);
    }
    let median = median(votes)?;
    let (low, high) = cap(median, terms.cap_ppm);
    match terms.method {
        IndexMethod::WeightedMedian => Some(median),
        // venue.md §2.2.1, steps 3 to 5.
        IndexMethod::CappedMedian => mean(&votes.sorted, |price| price.clamp(low, high)),
        // venue.md §2.2.2. One seat more than the two is needed to have anything left, and two bad
        // seats on one side would leave one of them: hence the cap.
        IndexMethod::DropExtremes => match votes.sorted.as_slice() {
            [_, middle @ .., _] if !middle.is_empty() => {
                Some(mean(middle, |price| price)?.clamp(low, high))
            }
            _ => Some(median),
        },
    }
}

/// The cap around the median, rounded inward: never wider than said.
fn cap(median: u64, cap_ppm: u32) -> (u64, u64) {
    let (median, whole) = (u128::from(median), u128::from(WHOLE));
    let low = (median * u128::from(WHOLE.saturating_sub(cap_ppm))).div_ceil(whole);
    let high = median * u128::from(WHOLE + cap_ppm) / whole;
    (u64::try_from(low).unwrap_or(u64::MAX), u64::try_from(high).unwrap_or(u64::MAX))
}

/// Weighted mean of what `bring` makes of the prices, rounded down.
fn mean(votes: &[Vote], bring: impl Fn(u64) -> u64) -> Option<u64> {
    let weights: u128 = votes.iter().map(|vote| u128::from(vote.weight)).sum();
    let products = votes.iter().map(|vote| u128::from(vote.weight) * u128::from(bring(vote.price)));
    u64::try_from(products.sum::<u128>().checked_div(weights)?).ok()
}

/// Weighted lower median: the first price with which half of the weight is reached.
fn median(votes: &Votes) -> Option<u64> {
    let prices = votes.sorted.iter().map(|vote| (vote.price, vote.weight));
    let half = u128::from(votes.total).div_ceil(2);
    reaching(prices, half)
}

/// The first value with which `due` of the weight is reached.
fn reaching(rising: impl Iterator<Item = (u64, u64)>, due: u128) -> Option<u64> {
    let mut reached = 0;
    let mut values = rising.skip_while(|(_, weight)| {
        reached += u128::from(*weight);
        reached < due
    });
    values.next().map(|(value, _)| value)
}

/// Each report votes for its price and for both ends of its own confidence, with its weight each
/// time; the distance of the index from the farther quartile of the votes is its confidence
/// (Pyth's aggregate, venue.md §3.1). A quarter of the weight, on either side, does not move a
/// quartile: the first is where *more* than a quarter is reached, the third where three are.
fn confidence(votes: &Votes, price: u64) -> Option<u64> {
    let mut ends = Vec::with_capacity(3 * votes.sorted.len());
    for vote in &votes.sorted {
        let low = vote.price.saturating_sub(vote.confidence);
        let high = vote.price.saturating_add(vote.confidence);
        ends.extend([low, vote.price, high].map(|value| (value, vote.weight)));
    }
    ends.sort_unstable();
    let total = 3 * u128::from(votes.total);
    let first = reaching(ends.iter().copied(), total / 4 + 1)?;
    let third = reaching(ends.iter().copied(), (3 * total).div_ceil(4))?;
    Some(price.abs_diff(first).max(price.abs_diff(third)))
}
