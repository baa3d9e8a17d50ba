//! The range of the index in the last second, for the jump limit (venue.md §2.2.1, step 7).
//!
//! A burst of reports can move the index in many small steps within a second, so a new index is
//! compared with every price that stood in the last second, not with the last one alone. Prices
//! are kept by quarters of a second: one counts for a second, and for up to a quarter more.
//! A silence does not widen the limit: what moved too far during one is for the barrier to judge.

use types::{At, IndexPrice};

use crate::ppm::{exceeds, share_up};

pub(crate) const QUARTER_MS: u64 = 250;
/// Four that have passed, and the one that runs.
pub(crate) const QUARTERS: usize = 5;

/// Lowest and highest index of one quarter of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub low: IndexPrice,
    pub high: IndexPrice,
}

/// The index of the last second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trail {
    /// The quarter that runs, counted from 1970.
    pub quarter: u64,
    /// The last index.
    pub last: IndexPrice,
    /// The newest first.
    pub ranges: [Range; QUARTERS],
}

impl Trail {
    /// Nothing is known but the index of now.
    pub fn begin(price: IndexPrice, at: At) -> Trail {
        let range = Range { low: price, high: price };
        Trail { quarter: at.0 / QUARTER_MS, last: price, ranges: [range; QUARTERS] }
    }

    /// Goes on to `at`: the last index stood until then.
    pub fn advance(&mut self, at: At) {
        let quarter = at.0 / QUARTER_MS;
        let passed = quarter.saturating_sub(self.quarter);
        let passed = usize::try_from(passed).unwrap_or(QUARTERS).min(QUARTERS);
        self.ranges.rotate_right(passed % QUARTERS);
        let stood = Range { low: self.last, high: self.last };
        self.ranges.iter_mut().take(passed).for_each(|range| *range = stood);
        self.quarter = self.quarter.max(quarter);
    }

    /// How far `price` is from what stood in the last second, in millionths and rounded up, if that
    /// is more than `max_ppm`. Call [`Trail::advance`] first.
    pub fn jump(&self, price: IndexPrice, max_ppm: u32) -> Option<u32> {
        let stood = self.ranges.iter().flat_map(|range| [range.low, range.high]);
        let beyond = stood.filter(|old| exceeds(price.0.abs_diff(old.0), *old, max_ppm));
        beyond.map(|old| share_up(price.0.abs_diff(old.0), old)).max()
    }

    /// The index is `price` from now on. Call [`Trail::advance`] first.
    pub fn note(&mut self, price: IndexPrice) {
        self.last = price;
        if let Some(range) = self.ranges.first_mut() {
            range.low = range.low.min(price);
            range.high = range.high.max(price);
        }
    }
}
