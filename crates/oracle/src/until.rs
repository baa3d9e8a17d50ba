//! When the reports that are live now will be too few, if nobody says anything more.
//!
//! Whoever acts between two steps of a feed asks this, and so acts by no health that only lasts
//! because nobody looked.

use types::{At, FeedTerms, Quorum, limits};

use crate::seat::Cell;

/// The first moments at which a quorum is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Until {
    /// The healthy one, or the cross-check.
    pub healthy: At,
    /// The degraded one.
    pub degraded: At,
}

impl Until {
    pub fn of(cells: &[Cell], terms: &FeedTerms) -> Until {
        let mut reporters = [At(0); limits::SEATS_MAX];
        let mut sources = [At(0); limits::SOURCES_MAX];
        let mut cross = At(0);
        let check = terms.cross_check.map(|check| check.source);
        for cell in cells {
            let Some(end) = cell.lives_until(terms.stale_ms) else { continue };
            if check == Some(cell.seat.source) {
                cross = cross.max(end);
            }
            if cell.weight == 0 {
                continue;
            }
            extend(&mut reporters, cell.reporter, end);
            extend(&mut sources, cell.seat.source.0.into(), end);
        }
        reporters.sort_unstable_by(|one, other| other.cmp(one));
        sources.sort_unstable_by(|one, other| other.cmp(one));
        let lost = |quorum: Quorum| {
            lost_at(&reporters, quorum.reporters).min(lost_at(&sources, quorum.sources))
        };
        let healthy = lost(terms.healthy);
        let healthy = if check.is_some() { healthy.min(cross) } else { healthy };
        Until { healthy, degraded: lost(terms.degraded) }
    }
}

fn extend(ends: &mut [At], place: usize, end: At) {
    if let Some(known) = ends.get_mut(place) {
        *known = end.max(*known);
    }
}

/// When fewer than `needed` are left, of ends in falling order.
fn lost_at(ends: &[At], needed: u8) -> At {
    let last = usize::from(needed).checked_sub(1);
    last.and_then(|last| ends.get(last)).copied().unwrap_or_default()
}
