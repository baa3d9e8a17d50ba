//! One feed: what it heard, the price that stands, and its health.
//!
//! Every step ends in [`Feed::judge`], which makes the index of what is live now, asks whether
//! anything is wrong with it, and moves the health by the answer. So it does not matter which
//! report, tick or change of terms shows that something is wrong.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AccountId, Amount, At, FeedTerms, Health, HealthReason, IndexPrice, PriceReport, Quorum,
    ReporterFault, SourceId,
};

use crate::barrier::Count;
use crate::check::Taken;
use crate::index::Index;
use crate::ppm::{exceeds, is_beyond, share_up};
use crate::reward::{Graded, Yardstick};
use crate::seat::{Cell, Said};
use crate::trail::Trail;
use crate::until::Until;
use crate::votes::Votes;

/// The state machine of one feed; see the crate's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    pub(crate) terms: FeedTerms,
    /// One for each seat of the terms, in their order.
    pub(crate) cells: Vec<Cell>,
    /// The price that stands.
    pub(crate) price: Option<IndexPrice>,
    pub(crate) confidence: IndexPrice,
    /// Never manual.
    pub(crate) health: Health,
    pub(crate) reason: HealthReason,
    pub(crate) since: At,
    /// What came since the barrier went up; zero while healthy.
    pub(crate) count: Count,
    /// The index as it was computed, whether it stands or not.
    pub(crate) trail: Option<Trail>,
    /// When the hour began that is paid next.
    pub(crate) hour_from: At,
    /// Until when enough is live; follows from the seats and the terms.
    pub(crate) until: Until,
}

/// What a step changed, for the engine to say and to pay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The price that stands, if it is a new one.
    pub price: Option<IndexPrice>,
    /// Changes of health, in order.
    pub health: Vec<HealthChange>,
    /// Who was caught at what.
    pub faults: Vec<(AccountId, ReporterFault)>,
    /// Who earned how much, by rising account; above zero.
    pub rewards: Vec<(AccountId, Amount)>,
}

/// One change of health; `from` and `to` differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthChange {
    /// What it was.
    pub from: Health,
    /// What it is.
    pub to: Health,
    /// Why.
    pub reason: HealthReason,
}

/// What the index is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cross {
    /// Nothing, by the terms.
    Unasked,
    /// Its source says nothing now.
    Silent,
    /// This.
    Price(IndexPrice),
}

/// What is live at one moment, and what it makes.
#[derive(Debug)]
struct Reading {
    live: Quorum,
    index: Option<Index>,
    cross: Cross,
}

impl Feed {
    /// A feed without a price, frozen behind its barrier. The terms have passed
    /// [`crate::check_terms`].
    pub fn new(terms: FeedTerms, at: At) -> Feed {
        Feed {
            cells: Cell::all(&terms),
            terms,
            price: None,
            confidence: IndexPrice::default(),
            health: Health::Frozen,
            reason: HealthReason::Begun,
            since: at,
            count: Count::default(),
            trail: None,
            hour_from: at,
            until: Until::default(),
        }
    }

    /// A feed for an index that has a price already: it stands until the barrier is passed. Zero
    /// is no price.
    pub fn begin_from(terms: FeedTerms, price: IndexPrice, at: At) -> Feed {
        let price = Some(price).filter(|price| *price != IndexPrice::default());
        Feed { price, ..Feed::new(terms, at) }
    }

    /// Its terms.
    pub fn terms(&self) -> &FeedTerms {
        &self.terms
    }

    /// The price that stands: the last good one while the feed is frozen, none before the first.
    pub fn price(&self) -> Option<IndexPrice> {
        self.price
    }

    /// Distance of that price from the farther quartile of the votes; zero before the first.
    pub fn confidence(&self) -> IndexPrice {
        self.confidence
    }

    /// How good the price was at the last step; never [`Health::Manual`].
    pub fn health(&self) -> Health {
        self.health
    }

    /// How good the price is at `at`, for whoever acts by it: as at the last step, or worse when by
    /// now too few of the reports are live that it was made of. So it is no better than a step at
    /// `at` would find it for its quorums, without one.
    pub fn health_at(&self, at: At) -> Health {
        match self.health {
            Health::Healthy if planted::is(Bug::SilentFeedStaysHealthy) => Health::Healthy,
            Health::Healthy if at < self.until.healthy => Health::Healthy,
            Health::Healthy | Health::Degraded if at < self.until.degraded => Health::Degraded,
            Health::Healthy | Health::Degraded | Health::Frozen | Health::Manual => Health::Frozen,
        }
    }

    /// Goes on under other terms, which have passed [`crate::check_terms`]. The hour so far is
    /// paid by the old ones. A seat that stays keeps its nonces and its score, and its report too
    /// if its source has the same name as before. A barrier that is up begins anew.
    pub fn set_terms(&mut self, terms: FeedTerms, at: At) -> Changes {
        let mut changes = Changes::default();
        self.pay(&mut changes);
        self.hour_from = at;
        let mut cells = Cell::all(&terms);
        for cell in &mut cells {
            let source = cell.seat.source;
            let same_source = name_of(&terms, source) == name_of(&self.terms, source);
            let mut olds = self.cells.iter();
            if let Some(old) = olds.clone().find(|old| old.seat == cell.seat) {
                cell.inherit(old, same_source);
            }
            let reporter = cell.seat.reporter;
            cell.suspended |= olds.any(|old| old.seat.reporter == reporter && old.suspended);
        }
        self.cells = cells;
        self.terms = terms;
        self.count = Count::default();
        self.judge(None, at, &mut changes);
        changes
    }

    /// Takes a report that [`Feed::check`] allowed, as what it allowed it as.
    pub fn take(&mut self, report: &PriceReport, taken: Taken, at: At) -> Changes {
        let mut changes = Changes::default();
        self.end_hour(at, &mut changes);
        match taken {
            Taken::Price => self.take_price(report, at, &mut changes),
            Taken::Equivocation => {
                let fault = ReporterFault::Equivocated { nonce: report.nonce };
                changes.faults.push((report.reporter, fault));
                self.put_out(report.reporter);
                self.judge(None, at, &mut changes);
            }
        }
        changes
    }

    /// Time has passed: reports grow stale, an hour may be over. This is done at least once a
    /// second; [`Feed::health_at`] is for when it is not.
    pub fn tick(&mut self, at: At) -> Changes {
        let mut changes = Changes::default();
        self.end_hour(at, &mut changes);
        if !planted::is(Bug::SilentFeedStaysHealthy) {
            self.judge(None, at, &mut changes);
        }
        changes
    }

    /// The venue was started or failed over: a healthy feed is degraded, and whatever it was, its
    /// barrier counts from now.
    pub fn start_term(&mut self, at: At) -> Changes {
        let mut changes = Changes::default();
        self.count = Count::default();
        if self.health == Health::Healthy && !planted::is(Bug::GateOpenAfterStart) {
            self.turn(Health::Degraded, HealthReason::TermStarted, at, &mut changes);
        }
        self.judge(None, at, &mut changes);
        changes
    }

    /// A reporter that was caught in any feed counts in none: its seats are out, and what it had
    /// not been paid yet stays.
    pub fn suspend(&mut self, reporter: AccountId, at: At) -> Changes {
        let mut changes = Changes::default();
        self.put_out(reporter);
        self.judge(None, at, &mut changes);
        changes
    }

    /// The seat that a report is of, and its place.
    pub(crate) fn cell_of(&self, report: &PriceReport) -> Option<(usize, &Cell)> {
        let mut cells = self.cells.iter().enumerate();
        cells.find(|(_, cell)| {
            cell.seat.reporter == report.reporter && cell.seat.source == report.source
        })
    }

    fn put_out(&mut self, reporter: AccountId) {
        let cells = self.cells.iter_mut();
        cells.filter(|cell| cell.seat.reporter == reporter).for_each(Cell::suspend);
    }

    fn take_price(&mut self, report: &PriceReport, at: At, changes: &mut Changes) {
        let Some((place, _)) = self.cell_of(report) else { return };
        let Some(cell) = self.cells.get_mut(place) else { return };
        let before = cell.came_at;
        cell.remember(Said::from(report), at);
        let fresh = (0 < cell.weight).then_some(place);
        let cross = self.judge(fresh, at, changes);
        let stands = self.price.filter(|_| self.health != Health::Frozen);
        let is_healthy = self.health == Health::Healthy;
        let cross = match cross {
            Cross::Price(price) if is_healthy => Some(price),
            Cross::Price(_) | Cross::Silent | Cross::Unasked => None,
        };
        let by = stands.map(|index| Yardstick { index, cross });
        self.grade(place, by, Graded { at, before }, changes);
    }

    /// Makes the index of what is live, and moves health and price by it; `fresh` is the place of
    /// the seat that just reported.
    fn judge(&mut self, fresh: Option<usize>, at: At, changes: &mut Changes) -> Cross {
        self.until = Until::of(&self.cells, &self.terms);
        let reading = self.read(at);
        let wrong = self.wrong(&reading).or_else(|| self.jump(reading.index, at));
        self.follow(reading.index, wrong.is_some(), at);
        match (wrong, reading.index) {
            (Some(reason), _) => self.freeze(reason, at, changes),
            (None, None) => {}
            (None, Some(index)) => {
                self.rise(&reading, fresh, at, changes);
                self.stand(index, changes);
            }
        }
        if self.health != Health::Healthy {
            self.cells.iter_mut().for_each(|cell| cell.far_for_ms = None);
        }
        reading.cross
    }

    fn read(&self, at: At) -> Reading {
        let votes = Votes::of(&self.cells, &self.terms, at);
        let index = Index::of(&votes, &self.terms);
        Reading { live: votes.live, index, cross: self.cross(at) }
    }

    /// Lower median of what the source of the cross-check says.
    fn cross(&self, at: At) -> Cross {
        let Some(check) = self.terms.cross_check else { return Cross::Unasked };
        let cells = self.cells.iter().filter(|cell| cell.seat.source == check.source);
        let said = cells.filter_map(|cell| cell.live(at, self.terms.stale_ms));
        let mut prices: Vec<IndexPrice> = said.map(|said| said.price).collect();
        prices.sort_unstable();
        let middle = prices.len().saturating_sub(1) / 2;
        prices.get(middle).map_or(Cross::Silent, |price| Cross::Price(*price))
    }

    /// What is wrong with what is live, worst first; `None`: there is an index to go by.
    fn wrong(&self, reading: &Reading) -> Option<HealthReason> {
        let Reading { live, index, cross } = reading;
        let few = too_few(*live, self.terms.degraded);
        let Some(index) = index.filter(|_| !is_below(*live, self.terms.degraded)) else {
            return Some(few);
        };
        let max_ppm = self.terms.spread_ppm;
        if exceeds(index.confidence.0, index.price, max_ppm) {
            let spread_ppm = share_up(index.confidence.0, index.price);
            return Some(HealthReason::Spread { spread_ppm, max_ppm });
        }
        let (Cross::Price(cross), Some(check)) = (*cross, self.terms.cross_check) else {
            return None;
        };
        let max_ppm = check.apart_ppm;
        let apart_ppm = share_up(index.price.0.abs_diff(cross.0), cross);
        is_beyond(index.price, cross, max_ppm)
            .then_some(HealthReason::CrossCheck { apart_ppm, max_ppm })
    }

    /// Whether the index moved too far in the last second.
    fn jump(&mut self, index: Option<Index>, at: At) -> Option<HealthReason> {
        let max_ppm = self.terms.jump_ppm;
        let (trail, index) = self.trail.as_mut().zip(index)?;
        trail.advance(at);
        let moved_ppm = trail.jump(index.price, max_ppm)?;
        Some(HealthReason::Jump { moved_ppm, max_ppm })
    }

    /// Keeps the trail of the index, which begins anew where anything is wrong.
    fn follow(&mut self, index: Option<Index>, is_wrong: bool, at: At) {
        match (&mut self.trail, index) {
            (trail, None) => *trail = None,
            (Some(trail), Some(index)) if !is_wrong => trail.note(index.price),
            (trail, Some(index)) => *trail = Some(Trail::begin(index.price, at)),
        }
    }

    /// Something is wrong: the price that stands goes on standing.
    fn freeze(&mut self, reason: HealthReason, at: At, changes: &mut Changes) {
        self.count = Count::default();
        self.turn(Health::Frozen, reason, at, changes);
    }

    /// Nothing is wrong: up by what passed the barrier, down by what is missing for health.
    fn rise(&mut self, reading: &Reading, fresh: Option<usize>, at: At, changes: &mut Changes) {
        let missing = self.missing(reading);
        if let Some(reason) = missing.filter(|_| self.health != Health::Frozen) {
            self.count = Count::default();
            return self.turn(Health::Degraded, reason, at, changes);
        }
        if self.health == Health::Healthy {
            return;
        }
        if let Some(place) = fresh {
            self.count.add(place);
        }
        let passes = |quorum| self.count.passes(&self.cells, &self.terms, quorum, at);
        let to = match self.health {
            _ if missing.is_none() && passes(self.terms.healthy) => Health::Healthy,
            Health::Frozen if passes(self.terms.degraded) => Health::Degraded,
            Health::Manual | Health::Healthy | Health::Degraded | Health::Frozen => return,
        };
        let told = self.count.told(&self.cells);
        let reason = HealthReason::BarrierPassed { reports: told.reports, sources: told.sources };
        self.turn(to, reason, at, changes);
        if to == Health::Healthy {
            self.count = Count::default();
        }
    }

    /// What a feed that nothing is wrong with still lacks for being healthy.
    fn missing(&self, reading: &Reading) -> Option<HealthReason> {
        if is_below(reading.live, self.terms.healthy) {
            return Some(too_few(reading.live, self.terms.healthy));
        }
        (reading.cross == Cross::Silent).then_some(HealthReason::CrossCheckSilent)
    }

    /// The index becomes the price that stands, unless the feed is frozen.
    fn stand(&mut self, index: Index, changes: &mut Changes) {
        if self.health == Health::Frozen {
            return;
        }
        self.confidence = index.confidence;
        if self.price != Some(index.price) {
            self.price = Some(index.price);
            changes.price = self.price;
        }
    }

    /// The health is `to` because of `reason`; a new reason for the same health is only kept.
    fn turn(&mut self, to: Health, reason: HealthReason, at: At, changes: &mut Changes) {
        self.reason = reason;
        if self.health != to {
            changes.health.push(HealthChange { from: self.health, to, reason });
            self.health = to;
            self.since = at;
        }
    }
}

fn name_of(terms: &FeedTerms, source: SourceId) -> Option<&types::Label> {
    terms.sources.get(usize::from(source.0)).map(|source| &source.name)
}

fn is_below(live: Quorum, needed: Quorum) -> bool {
    let missing = u8::from(planted::is(Bug::QuorumOffByOne));
    live.reporters + missing < needed.reporters || live.sources < needed.sources
}

fn too_few(live: Quorum, needed: Quorum) -> HealthReason {
    HealthReason::TooFew {
        reporters: live.reporters,
        sources: live.sources,
        need_reporters: needed.reporters,
        need_sources: needed.sources,
    }
}
