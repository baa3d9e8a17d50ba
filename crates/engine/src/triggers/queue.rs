//! Triggers that wait for one price of one instrument to go one way, by how far it must come.
//!
//! ```text
//!   fixed    (reach, id)                       stops and takes
//!   trails   from id ─▶ best, (distance, id)*  trailing stops, by the best price that they saw
//!   heads    (reach, id, from)                 of each trail, the one that fires first
//! ```
//!
//! A price is a [`Reach`]: how far it has come the way that fires. So both ways are one here: what
//! fires is what has the least reach, and the best price is the one with the least.
//!
//! Trailing stops are not moved one by one. Those that have seen the same best price stand in one
//! trail; older trails have seen better ones, so a price that is better than some is better than
//! the newest of them, and these become one trail. The smaller set goes into the larger, so that a
//! trigger is moved at most log n times between two placements, however often the price moves; a
//! price that is no new best costs one look at the newest trail. Which trail a trigger is in
//! follows from its id: the last that begins at it or before.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use types::{TriggerId, TriggerLevel, TriggerWay};

/// How far a price has come the way that fires: it rises with a price that must rise, and falls
/// with one that must fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reach(pub i64);

/// Trailing stops that have seen the same best price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trail {
    pub best: Reach,
    /// By their distance to it.
    pub waiting: BTreeSet<(u64, TriggerId)>,
}

/// The triggers of one instrument, source and way that a gate lets through together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    fixed: BTreeSet<(Reach, TriggerId)>,
    trails: BTreeMap<TriggerId, Trail>,
    heads: BTreeSet<(Reach, TriggerId, TriggerId)>,
}

impl Reach {
    /// Of a price that must go `way`.
    pub fn of(level: TriggerLevel, way: TriggerWay) -> Reach {
        let number = i64::try_from(level.number()).unwrap_or(i64::MAX);
        match way {
            TriggerWay::Rising => Reach(number),
            TriggerWay::Falling => Reach(-number),
        }
    }

    /// The price again, as one of the source of `like`.
    pub fn level(self, like: TriggerLevel) -> TriggerLevel {
        like.with_number(self.0.unsigned_abs())
    }

    fn beyond(self, distance: u64) -> Reach {
        Reach(self.0.saturating_add_unsigned(distance))
    }
}

impl Trail {
    fn head(&self) -> Option<(Reach, TriggerId)> {
        self.waiting.first().map(|(distance, id)| (self.best.beyond(*distance), *id))
    }
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.fixed.is_empty() && self.trails.is_empty()
    }

    pub fn has_trails(&self) -> bool {
        !self.trails.is_empty()
    }

    /// Somebody is in every trail.
    pub fn is_used(&self) -> bool {
        self.trails.values().all(|trail| !trail.waiting.is_empty())
    }

    /// What fires first, and how far the price must come for it.
    pub fn first(&self) -> Option<(Reach, TriggerId)> {
        let trailing = self.heads.first().map(|(reach, id, _)| (*reach, *id));
        self.fixed.first().copied().into_iter().chain(trailing).min()
    }

    pub fn insert(&mut self, reach: Reach, id: TriggerId) {
        self.fixed.insert((reach, id));
    }

    pub fn remove(&mut self, reach: Reach, id: TriggerId) {
        self.fixed.remove(&(reach, id));
    }

    /// All of them, in no order of theirs.
    pub fn ids(&self) -> impl Iterator<Item = TriggerId> {
        let trailing = self.trails.values().flat_map(|trail| trail.waiting.iter());
        self.fixed.iter().map(|(_, id)| *id).chain(trailing.map(|(_, id)| *id))
    }

    /// Where each trail begins, and the best price that it has seen.
    pub fn trails(&self) -> impl Iterator<Item = (TriggerId, Reach)> {
        self.trails.iter().map(|(from, trail)| (*from, trail.best))
    }

    /// The best price that a trailing stop here has seen.
    pub fn best_of(&self, id: TriggerId) -> Option<Reach> {
        self.trails.range(..=id).next_back().map(|(_, trail)| trail.best)
    }

    /// Makes a trail that nobody is in yet: when a snapshot is read.
    pub fn open_trail(&mut self, from: TriggerId, best: Reach) {
        self.trails.insert(from, Trail { best, waiting: BTreeSet::new() });
    }

    /// Starts the newest trailing stop at the price of now, which all others have followed. Returns
    /// whether it begins a trail.
    pub fn begin(&mut self, id: TriggerId, now: Reach) -> bool {
        let joins = self.trails.last_key_value().is_some_and(|(_, trail)| trail.best == now);
        if !joins {
            self.open_trail(id, now);
        }
        !joins
    }

    /// Enters a trailing stop into its trail.
    pub fn join(&mut self, id: TriggerId, distance: u64) {
        self.change_trail(id, |trail| trail.waiting.insert((distance, id)));
    }

    /// Takes a trailing stop out of its trail. Returns the trail if that is over.
    pub fn leave(&mut self, id: TriggerId, distance: u64) -> Option<(TriggerId, Reach)> {
        self.change_trail(id, |trail| trail.waiting.remove(&(distance, id)));
        let (from, trail) = self.trails.range(..=id).next_back()?;
        let (from, best) = (*from, trail.best);
        if !trail.waiting.is_empty() {
            return None;
        }
        self.trails.remove(&from);
        Some((from, best))
    }

    /// Gives a trailing stop another distance, in its trail.
    pub fn change_distance(&mut self, id: TriggerId, old: u64, new: u64) {
        self.change_trail(id, |trail| {
            trail.waiting.remove(&(old, id));
            trail.waiting.insert((new, id))
        });
    }

    /// Changes the trail of a trigger, and keeps what fires first in it.
    fn change_trail(&mut self, id: TriggerId, change: impl FnOnce(&mut Trail) -> bool) {
        let Some((from, trail)) = self.trails.range_mut(..=id).next_back() else {
            return;
        };
        if let Some((reach, head)) = trail.head() {
            self.heads.remove(&(reach, head, *from));
        }
        change(trail);
        if let Some((reach, head)) = trail.head() {
            self.heads.insert((reach, head, *from));
        }
    }

    /// Follows a price. Returns the trails that it was better than, the newest first: all of them
    /// are now one, which begins where the last of them began.
    pub fn follow(&mut self, now: Reach) -> Vec<(TriggerId, Reach)> {
        let mut joined = Vec::new();
        let mut all = BTreeSet::new();
        while let Some(newest) = self.trails.last_entry()
            && (now < newest.get().best || (now == newest.get().best && !joined.is_empty()))
        {
            let (from, trail) = newest.remove_entry();
            if let Some((reach, head)) = trail.head() {
                self.heads.remove(&(reach, head, from));
            }
            joined.push((from, trail.best));
            all = merged(all, trail.waiting);
        }
        if let Some((from, _)) = joined.last() {
            let trail = Trail { best: now, waiting: all };
            self.heads.extend(trail.head().map(|(reach, head)| (reach, head, *from)));
            self.trails.insert(*from, trail);
        }
        joined
    }
}

/// Both sets; the smaller one is moved.
fn merged<T: Ord>(one: BTreeSet<T>, other: BTreeSet<T>) -> BTreeSet<T> {
    let (small, mut large) = if one.len() < other.len() { (one, other) } else { (other, one) };
    large.extend(small);
    large
}
