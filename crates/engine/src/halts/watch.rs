//! What a market remembers for its breakers.

use alloc::collections::VecDeque;

use types::planted::{self, Bug};
use types::{At, RangeTerms, Ticks};

/// Windows are kept in so many parts: one is forgotten when all of it is too old.
const PARTS: u64 = 32;

/// Of one market.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    pub velocity: Window,
    pub range: Window,
    /// Since when the best price stands at the edge of the band.
    pub at_edge_since: Option<At>,
    /// What the thinner side of the book usually shows within the distance, in thousandths of a
    /// lot.
    pub usual_milli: u64,
    /// Since when it shows too little.
    pub thin_since: Option<At>,
    /// Lots liquidated in the minute that runs.
    pub liquidated: u64,
    /// When that minute began.
    pub minute_at: At,
    /// Minutes in a row that had too many.
    pub minutes: u8,
    /// No round before.
    pub paced_until: At,
}

/// The lowest and the highest trade of each part of a window, by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub parts: VecDeque<(u64, (Ticks, Ticks))>,
}

impl Window {
    /// Takes a trade in.
    pub fn note(&mut self, terms: &RangeTerms, price: Ticks, at: At) {
        self.forget_old(terms, at);
        let part = part_of(terms, at);
        match self.parts.back_mut() {
            Some((last, (low, high))) if *last == part => {
                (*low, *high) = ((*low).min(price), (*high).max(price));
            }
            _ => {
                if planted::is(Bug::BreakerWindowForgets) {
                    self.parts.clear();
                }
                self.parts.push_back((part, (price, price)));
            }
        }
    }

    fn forget_old(&mut self, terms: &RangeTerms, at: At) {
        while self.parts.front().is_some_and(|(part, _)| is_old(*part, terms, at)) {
            self.parts.pop_front();
        }
    }

    /// BRK-4: the lowest and the highest price at which the next trade may be, if the first of them
    /// is at `best`. No trade in the window sets no bound by itself.
    pub fn bounds(&self, terms: &RangeTerms, best: Ticks, at: At) -> (Ticks, Ticks) {
        let (low, high) = self.reach(terms, at).unwrap_or((best, best));
        bounds_of(terms, low.min(best), high.max(best))
    }

    /// The same of the trades alone; `None` if there are none.
    pub fn held(&self, terms: &RangeTerms, at: At) -> Option<(Ticks, Ticks)> {
        self.reach(terms, at).map(|(low, high)| bounds_of(terms, low, high))
    }

    /// The lowest and the highest trade.
    fn reach(&self, terms: &RangeTerms, at: At) -> Option<(Ticks, Ticks)> {
        let young = self.parts.iter().filter(|(part, _)| !is_old(*part, terms, at));
        let ranges = young.map(|(_, range)| *range);
        ranges.reduce(|(low, high), (from, to)| (low.min(from), high.max(to)))
    }
}

/// Both rounded inward.
fn bounds_of(terms: &RangeTerms, low: Ticks, high: Ticks) -> (Ticks, Ticks) {
    let ppm = u64::from(terms.move_ppm);
    let lowest = (u64::from(high.0) * (1_000_000 - ppm)).div_ceil(1_000_000).max(1);
    let highest = u64::from(low.0) * (1_000_000 + ppm) / 1_000_000;
    (clamped(lowest), clamped(highest))
}

fn part_of(terms: &RangeTerms, at: At) -> u64 {
    at.0 / u64::from(terms.window_ms).div_ceil(PARTS)
}

fn is_old(part: u64, terms: &RangeTerms, at: At) -> bool {
    part.saturating_add(PARTS) <= part_of(terms, at)
}

fn clamped(ticks: u64) -> Ticks {
    Ticks(u32::try_from(ticks).unwrap_or(u32::MAX).min(Ticks::MAX.0))
}
