//! What came since a barrier went up (DESIGN invariant 14).
//!
//! A report counts when nothing was wrong with it taken, and whatever goes wrong starts the count
//! again: reports of a time in which the feed could not be believed prove nothing.

use types::planted::{self, Bug};
use types::{At, Barrier, FeedTerms, Quorum};

use crate::seat::Cell;

/// The count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub reports: u16,
    /// One bit for each seat that reported.
    pub seats: u64,
}

impl Count {
    pub fn add(&mut self, place: usize) {
        self.reports = self.reports.saturating_add(1);
        self.seats |= bit(place);
    }

    /// Whether enough came, from distinct sources, and from a quorum of seats that are still live:
    /// a reporter with many seats does not pass alone.
    pub fn passes(&self, cells: &[Cell], terms: &FeedTerms, quorum: Quorum, at: At) -> bool {
        let fresh = self.quorum(cells, |cell| cell.live(at, terms.stale_ms).is_some());
        let is_reached = terms.barrier.reports <= self.reports;
        if is_reached && planted::is(Bug::BarrierCountsReportsOnly) {
            return true;
        }
        is_reached
            && terms.barrier.sources.max(quorum.sources) <= fresh.sources
            && quorum.reporters <= fresh.reporters
    }

    /// Reports and distinct sources, to be shown.
    pub fn told(&self, cells: &[Cell]) -> Barrier {
        Barrier { reports: self.reports, sources: self.quorum(cells, |_| true).sources }
    }

    /// Distinct reporters and sources among the seats that reported and that `counts` takes.
    fn quorum(&self, cells: &[Cell], counts: impl Fn(&Cell) -> bool) -> Quorum {
        let (mut reporters, mut sources) = (0_u64, 0_u64);
        for (place, cell) in cells.iter().enumerate() {
            if self.seats & bit(place) != 0 && counts(cell) {
                reporters |= bit(cell.reporter);
                sources |= bit(usize::from(cell.seat.source.0));
            }
        }
        let ones = |bits: u64| u8::try_from(bits.count_ones()).unwrap_or(u8::MAX);
        Quorum { reporters: ones(reporters), sources: ones(sources) }
    }
}

/// The bit of a place; places are below 64 (`limits::SEATS_MAX`).
fn bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or_default()
}
