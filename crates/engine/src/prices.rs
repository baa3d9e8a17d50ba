//! Prices that the venue does not make itself, and what follows from them.
//!
//! ```text
//!   ReportPrice ──▶ feed ──▶ index ──▶ marks of futures ──▶ forwards ──▶ marks of options
//!   ReportSurface ─────────────────────────────────────────▶ volatility ──▲
//!   Tick        ──▶ feeds grow stale · averages move · funding accrues · contracts are delivered
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `state` | what an index with a feed, and a future under it, remember |
//! | `feeds` | reporters, reports, and what a feed's change does |
//! | `gate` | which health an action needs; everything asks it |
//! | `marks` | marks of all instruments of an index |
//! | `surfaces` | which reported volatilities stand |
//! | `funding` | longs and shorts of a perpetual pay each other |
//! | `delivery` | expiries: orders go, positions are settled |
//!
//! An index without a feed is manual: the operator types its price and the marks, and nothing is
//! liquidated, funded or delivered by them.

use alloc::vec::Vec;

use types::{Event, IndexId, Reject};

use crate::engine::Engine;

mod delivery;
mod feeds;
mod funding;
mod gate;
mod marks;
mod state;
mod surfaces;

pub(crate) use feeds::Reporter;
pub(crate) use gate::Wanted;
pub(crate) use state::{FuturePrices, IndexPrices, as_index_price};

impl Engine {
    /// A second has passed.
    pub(crate) fn tick(&mut self, events: &mut Vec<Event>) -> Result<(), Reject> {
        for index in self.fed_indices() {
            self.accrue_funding(index, self.may_fund(index), events);
            self.tick_feed(index, events);
            self.sample_marks(index);
            self.deliver(index, events);
            self.make_marks(index, true, events);
            self.make_grid(index);
        }
        self.tick_halts(events);
        self.liquidate(events)
    }

    /// ORA-17: after a start nothing is liquidated until every feed has passed its barrier.
    pub(crate) fn start_term(&mut self, events: &mut Vec<Event>) -> Result<(), Reject> {
        events.push(Event::TermStarted { at: self.at });
        for index in self.fed_indices() {
            self.skip_funding(index, events);
            self.touch_index(index);
            let at = self.at;
            let changes = self.prices_mut(index).feed.start_term(at);
            self.take_in(index, changes, false, events);
        }
        self.note_outage(events);
        Ok(())
    }

    /// The indices that have a feed.
    pub(crate) fn fed_indices(&self) -> Vec<IndexId> {
        let fed = self.indices.iter().filter(|(_, index)| index.prices.is_some());
        fed.map(|(id, _)| index_id(id)).collect()
    }
}

fn index_id(id: u32) -> IndexId {
    IndexId(u16::try_from(id).expect("fewer indices than instruments"))
}
