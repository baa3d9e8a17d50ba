//! What one seat said: its newest report, the nonces that it used, its score.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{At, FeedTerms, IndexPrice, PriceReport, Seat, Standing};

use crate::terms::weight_of;

/// Reports that a seat remembers, to know a second one for a nonce.
pub(crate) const REMEMBERED_MAX: usize = 16;

/// What a seat said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub nonce: u64,
    pub price: IndexPrice,
    pub confidence: IndexPrice,
    pub source_at: At,
}

/// A seat and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Which; from the terms.
    pub seat: Seat,
    /// Weight of its source; from the terms.
    pub weight: u32,
    /// Which of the feed's reporters has it, counted from 0; from the terms.
    pub reporter: usize,
    /// Its reporter was caught.
    pub suspended: bool,
    /// By rising nonce, at most [`REMEMBERED_MAX`], the newest last.
    pub said: Vec<Said>,
    /// The log's time when the newest came; `None`: there is none, or its source is another now.
    pub came_at: Option<At>,
    /// Good reports, and all.
    pub score: (u64, u64),
    /// The newest report is far; how long the seat has been live and far.
    pub far_for_ms: Option<u64>,
    /// Stretches of this hour with a good report.
    pub points: u32,
    /// The first stretch of this hour in which another point can be earned.
    pub next_stretch: u32,
}

impl From<&PriceReport> for Said {
    fn from(report: &PriceReport) -> Said {
        let PriceReport { price, confidence, source_at, nonce, .. } = *report;
        Said { nonce, price, confidence, source_at }
    }
}

impl Cell {
    fn new(terms: &FeedTerms, seat: Seat) -> Cell {
        let first = terms.seats.iter().position(|other| other.reporter == seat.reporter);
        Cell {
            seat,
            weight: weight_of(terms, seat.source).unwrap_or_default(),
            reporter: first.unwrap_or_default(),
            suspended: false,
            said: Vec::new(),
            came_at: None,
            score: (0, 0),
            far_for_ms: None,
            points: 0,
            next_stretch: 0,
        }
    }

    /// Empty cells for every seat of the terms, in their order.
    pub fn all(terms: &FeedTerms) -> Vec<Cell> {
        terms.seats.iter().map(|seat| Cell::new(terms, *seat)).collect()
    }

    /// The newest report, if it speaks of the source that the seat has now.
    pub fn last(&self) -> Option<&Said> {
        self.said.last().filter(|_| self.came_at.is_some())
    }

    /// The newest report, if it counts.
    pub fn live(&self, at: At, stale_ms: u32) -> Option<&Said> {
        let is_fresh = |said: &&Said| {
            let is_young = at.ms_since(said.source_at) < u64::from(stale_ms);
            is_young || planted::is(Bug::StaleReportCounts)
        };
        self.last().filter(is_fresh).filter(|_| !self.suspended)
    }

    /// When the newest report stops to count; `None` if it does not count at all.
    pub fn lives_until(&self, stale_ms: u32) -> Option<At> {
        let last = self.last().filter(|_| !self.suspended)?;
        Some(last.source_at.plus_ms(stale_ms.into()))
    }

    pub fn standing(&self, at: At, stale_ms: u32) -> Standing {
        if self.suspended {
            return Standing::Suspended;
        }
        match (self.last(), self.live(at, stale_ms)) {
            (None, _) => Standing::Silent,
            (Some(_), None) => Standing::Stale,
            (Some(_), Some(_)) => Standing::Live,
        }
    }

    /// What was said with this nonce, if that is remembered.
    pub fn remembered(&self, nonce: u64) -> Option<&Said> {
        let place = self.said.binary_search_by_key(&nonce, |said| said.nonce).ok()?;
        self.said.get(place)
    }

    /// Takes a report whose nonce is above the last.
    pub fn remember(&mut self, said: Said, at: At) {
        if self.said.len() == REMEMBERED_MAX {
            self.said.remove(0);
        }
        self.said.push(said);
        self.came_at = Some(at);
    }

    /// Its reporter is out, with what it had not been paid yet.
    pub fn suspend(&mut self) {
        self.suspended = true;
        self.far_for_ms = None;
        self.points = 0;
    }

    /// Goes on from what the same seat said under other terms.
    pub fn inherit(&mut self, old: &Cell, same_source: bool) {
        self.said.clone_from(&old.said);
        self.came_at = old.came_at.filter(|_| same_source);
        self.score = old.score;
        self.far_for_ms = old.far_for_ms.filter(|_| same_source);
    }
}
