//! What reports are worth: grades, points, the hour's pay, and the fault of being far too long.
//!
//! An hour is cut into stretches of `stale_ms`. A seat earns one point in each stretch in which it
//! made a good report, so whoever keeps its seat live earns all of them, and more reports earn no
//! more. The hour's reward is for every point that could have been earned, by all seats: what a
//! seat does not earn stays with the venue, and nobody gains by silencing another.
//!
//! A report is far when it is far from the index *and* from the cross-check. So an honest reporter
//! is safe while either of them is honest: from the minority of the weight, which cannot move the
//! index, and from a majority, which cannot move the cross-check.

use alloc::collections::BTreeMap;

use types::{AccountId, Amount, At, FeedTerms, IndexPrice, ReporterFault, Rounding};

use crate::feed::{Changes, Feed};
use crate::ppm::{is_beyond, share_up};
use crate::seat::Cell;

pub(crate) const HOUR_MS: u64 = 3_600_000;

/// Stretches of one hour; the last is longer when they do not divide it.
pub(crate) fn stretches(terms: &FeedTerms) -> u32 {
    let whole = HOUR_MS / u64::from(terms.stale_ms.max(1));
    u32::try_from(whole).unwrap_or(u32::MAX).max(1)
}

/// What a report is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Yardstick {
    /// The index that stands.
    pub index: IndexPrice,
    /// The cross-check, while the feed is healthy: without it nobody is at fault.
    pub cross: Option<IndexPrice>,
}

impl Feed {
    /// Pays the hour that is over, if one is.
    pub(crate) fn end_hour(&mut self, at: At, changes: &mut Changes) {
        let hours = at.ms_since(self.hour_from) / HOUR_MS;
        if hours == 0 {
            return;
        }
        self.pay(changes);
        self.hour_from = self.hour_from.plus_ms(hours.saturating_mul(HOUR_MS));
    }

    /// Pays the points and starts from none. Rounded down for each reporter; the rest stays.
    pub(crate) fn pay(&mut self, changes: &mut Changes) {
        let mut points: BTreeMap<AccountId, i64> = BTreeMap::new();
        for cell in &mut self.cells {
            *points.entry(cell.seat.reporter).or_default() += i64::from(cell.points);
            (cell.points, cell.next_stretch) = (0, 0);
        }
        let seats = i64::try_from(self.cells.len()).unwrap_or(i64::MAX);
        let most = i64::from(stretches(&self.terms)).saturating_mul(seats).max(1);
        let reward = self.terms.incentives.reward_per_hour;
        let earned = points
            .into_iter()
            .map(|(account, points)| (account, reward.times(points, most, Rounding::Down)))
            .filter(|(_, amount)| Amount::ZERO < *amount);
        changes.rewards.extend(earned);
    }

    /// Grades the report that the seat at `place` just made; `by` is `None` when there is nothing
    /// to compare it with.
    pub(crate) fn grade(
        &mut self,
        place: usize,
        by: Option<Yardstick>,
        now: Graded,
        changes: &mut Changes,
    ) {
        let stretch = self.stretch(now.at);
        let Some(cell) = self.cells.get_mut(place) else { return };
        cell.score.1 = cell.score.1.saturating_add(1);
        let Some((by, price)) = by.zip(cell.last().map(|said| said.price)) else {
            cell.far_for_ms = None;
            return;
        };
        if !is_beyond(price, by.index, self.terms.cap_ppm) {
            cell.score.0 = cell.score.0.saturating_add(1);
            cell.earn(stretch);
        }
        let far_ppm = by.far(price, self.terms.incentives.far_ppm).filter(|_| 0 < cell.weight);
        let far_for_ms = cell.stay_far(far_ppm.is_some(), now, &self.terms);
        if let Some((apart_ppm, for_ms)) = far_ppm.zip(far_for_ms) {
            let fault = ReporterFault::Far { apart_ppm, for_ms };
            changes.faults.push((cell.seat.reporter, fault));
        }
    }

    /// The stretch of the hour that `at` is in.
    fn stretch(&self, at: At) -> u32 {
        let passed = at.ms_since(self.hour_from) / u64::from(self.terms.stale_ms.max(1));
        u32::try_from(passed).unwrap_or(u32::MAX).min(stretches(&self.terms) - 1)
    }
}

/// When a report came, and when the one before it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Graded {
    pub at: At,
    pub before: Option<At>,
}

impl Yardstick {
    /// How far the price is from the nearer of the two, if it is far from both.
    fn far(&self, price: IndexPrice, far_ppm: u32) -> Option<u32> {
        let cross = self.cross?;
        let apart = |of: IndexPrice| {
            let is_far = is_beyond(price, of, far_ppm);
            is_far.then(|| share_up(price.0.abs_diff(of.0), of))
        };
        Some(apart(self.index)?.min(apart(cross)?))
    }
}

impl Cell {
    /// At most one point in each stretch.
    fn earn(&mut self, stretch: u32) {
        if self.next_stretch <= stretch {
            self.points += 1;
            self.next_stretch = stretch + 1;
        }
    }

    /// Counts the time for which the seat was live and every report of it was far; a seat that was
    /// silent longer than a report lives was not live. Returns the time when it is a fault, and
    /// begins anew.
    fn stay_far(&mut self, is_far: bool, now: Graded, terms: &FeedTerms) -> Option<u64> {
        if !is_far {
            self.far_for_ms = None;
            return None;
        }
        let lived = now.before.map_or(0, |before| now.at.ms_since(before));
        let lived = lived.min(u64::from(terms.stale_ms));
        let far_for_ms = self.far_for_ms.map_or(0, |for_ms| for_ms.saturating_add(lived));
        self.far_for_ms = Some(far_for_ms);
        if far_for_ms < u64::from(terms.incentives.far_ms) {
            return None;
        }
        self.far_for_ms = Some(0);
        Some(far_for_ms)
    }
}
