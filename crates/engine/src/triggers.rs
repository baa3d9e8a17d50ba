//! Orders that are born when a price gets somewhere (docs/rules/triggers.md).
//!
//! ```text
//!   PlaceTrigger ──▶ waits      no margin, no place on a book
//!                      │ after an entry's own work: its instrument is stirred, and its price is
//!                      ▼ where it waits for it, and good enough
//!                    fires ──▶ an order is born, or refused with its reason
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `place` | what may be asked of a trigger, check and act |
//! | `cancel` | triggers go |
//! | `waiting` | all that wait, and who looks for them by what |
//! | `queue` | those that wait for one price, by how far it must come |
//! | `bytes` | them in a snapshot and in the root |
//!
//! Prices stir instruments: a trade its own, an index and its marks those of the index that have
//! triggers. Only stirred instruments are looked at, at most [`limits::TRIGGERS_FIRED_MAX`]
//! triggers fire with an entry, and what is left is looked at with the next one. To find the next
//! that fires is a look at the first of at most twelve queues, O(log n); nobody who does not fire
//! is looked at. Where nothing waits, an entry costs one look at an empty set.
//!
//! A price counts as it is when an entry is over: what it was within the entry is not remembered.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    Action, Event, IndexId, InstrumentId, MarketState, OrderId, PlaceOrder, Reject, Side,
    TriggerEnd, TriggerId, TriggerLevel, TriggerSource, TriggerWay, TriggersMoved, limits,
};

use crate::engine::Engine;
use crate::market::Market;
use crate::place::Plan;

mod bytes;
mod cancel;
mod place;
mod queue;
mod waiting;

pub(crate) use queue::Reach;
pub(crate) use waiting::{TrailKey, Trigger, Triggers};

impl Engine {
    /// A trade has moved the last price of an instrument, or its market has opened.
    #[inline]
    pub(crate) fn stir(&mut self, instrument: InstrumentId) {
        if !self.triggers.is_empty() && self.triggers.has(instrument) {
            self.triggers.stirred.insert(instrument);
        }
    }

    /// An index, or marks that follow from it, may have moved.
    pub(crate) fn stir_index(&mut self, index: IndexId) {
        if self.triggers.is_empty() {
            return;
        }
        let here = self.triggers.instruments();
        let of_index = here.filter(|id| self.markets.at(id.0).index == index);
        let stirred: Vec<InstrumentId> = of_index.collect();
        self.triggers.stirred.extend(stirred);
    }

    /// TRG-6: fires what prices have reached, by instrument, then by source, way, how early the
    /// price got there, and age; as many as one entry may.
    #[inline]
    pub(crate) fn fire_triggers(&mut self, events: &mut Vec<Event>) {
        if !self.triggers.stirred.is_empty() || !self.triggers.left.is_empty() {
            self.fire_stirred(events);
        }
    }

    fn fire_stirred(&mut self, events: &mut Vec<Event>) {
        let mut stirred = core::mem::take(&mut self.triggers.stirred);
        for instrument in &stirred {
            self.trail(*instrument, events);
        }
        stirred.extend(&self.triggers.left);
        let mut n_fired = 0;
        while let Some(instrument) = stirred.first().copied() {
            match self.due(instrument) {
                None => drop(stirred.pop_first()),
                Some(_) if n_fired == limits::TRIGGERS_FIRED_MAX => break,
                Some(trigger) => {
                    n_fired += 1;
                    self.fire(trigger, events);
                    self.trail(instrument, events);
                }
            }
        }
        self.triggers.stirred.clear();
        self.set_left(stirred);
    }

    fn set_left(&mut self, left: BTreeSet<InstrumentId>) {
        if left != self.triggers.left {
            let old = core::mem::replace(&mut self.triggers.left, left);
            self.digests.replace_left(&old, &self.triggers.left);
        }
    }

    /// TRG-5: trailing stops of an instrument follow its prices.
    fn trail(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = self.markets.at(instrument.0);
        let queues = self.triggers.queues(instrument).filter(|(_, queue)| queue.has_trails());
        let prices = queues.filter_map(|(key, _)| Some((*key, self.price_of(market, key.0)?)));
        for (key, best) in prices.collect::<Vec<_>>() {
            let (_, way, _) = key;
            let now = Reach::of(best, way);
            let joined = self.triggers.queue_mut(instrument, key).follow(now);
            let Some((from, _)) = joined.last() else {
                continue;
            };
            let trail = |from| TrailKey { instrument, queue: key, from };
            for (from, best) in &joined {
                self.digests.replace_trail(trail(*from), Some(best), None);
            }
            self.digests.replace_trail(trail(*from), None, Some(&now));
            let side = match way {
                TriggerWay::Falling => Side::Ask,
                TriggerWay::Rising => Side::Bid,
            };
            let moved = Event::TriggersMoved(TriggersMoved { instrument, side, best });
            // Those that may only reduce follow with the others, and are told with them.
            if events.last() != Some(&moved) {
                events.push(moved);
            }
        }
    }

    /// What fires next in an instrument.
    pub(crate) fn due(&self, instrument: InstrumentId) -> Option<TriggerId> {
        let market = self.markets.at(instrument.0);
        if !self.may_fire(market) {
            return None;
        }
        let due = self.triggers.queues(instrument).filter_map(|(key, queue)| {
            let (source, way, reduces) = *key;
            let now = Reach::of(self.price_of(market, source)?, way);
            let is_there = |reach| reach < now || !planted::is(Bug::TriggerMissesItsPrice);
            let first = queue.first().filter(|(reach, _)| *reach <= now && is_there(*reach));
            let (reach, id) = first?;
            self.is_fit_to_fire(market, source, reduces).then_some((source, way, reach, id))
        });
        due.min().map(|(.., id)| id)
    }

    /// TRG-12: only in an open market. What waits elsewhere goes on waiting.
    pub(crate) fn may_fire(&self, market: &Market) -> bool {
        let is_over = market.spec.kind.expiry().is_some_and(|expiry| expiry <= self.at);
        let is_open = market.state == MarketState::Open || planted::is(Bug::TriggersFireInHalt);
        !is_over && is_open
    }

    /// TRG-7: nothing fires by an index or a mark that stands still because it is not known, and
    /// nothing that may open a position while the gate would refuse it.
    pub(crate) fn is_fit_to_fire(
        &self,
        market: &Market,
        source: TriggerSource,
        reduces: bool,
    ) -> bool {
        let fit = |action| self.check_market_fit(market, action).is_ok();
        let is_known = match source {
            TriggerSource::Index | TriggerSource::Mark => fit(Action::Place),
            TriggerSource::Last => true,
        };
        is_known && fit(if reduces { Action::Reduce } else { Action::Increase })
    }

    /// The price of now; `None` if there is none yet.
    pub(crate) fn price_of(&self, market: &Market, source: TriggerSource) -> Option<TriggerLevel> {
        let level = match source {
            TriggerSource::Index => {
                TriggerLevel::Index(self.indices.at(u32::from(market.index.0)).price)
            }
            TriggerSource::Mark => TriggerLevel::Mark(market.mark),
            TriggerSource::Last => TriggerLevel::Last(market.last),
        };
        (level.number() != 0).then_some(level)
    }

    /// TRG-8: the order is checked as any other. If it is refused, its owner learns why.
    fn fire(&mut self, trigger: TriggerId, events: &mut Vec<Event>) {
        let fired = self.take_trigger(trigger);
        let order = PlaceOrder { client_order_id: None, ..fired.terms.order };
        self.refresh(order.account);
        match self.check_born(&order) {
            Ok((plan, id)) => {
                events.push(Event::Triggered { trigger, order: id });
                self.accept(&order, None, plan, id, events);
                self.match_or_rest(id.slot(), plan.may_rest, order.time_in_force, events);
            }
            Err(reject) => {
                let end = TriggerEnd::Refused(reject.into());
                events.push(Event::TriggerClosed { trigger, end });
            }
        }
    }

    fn check_born(&mut self, order: &PlaceOrder) -> Result<(Plan, OrderId), Reject> {
        self.check_not_liquidating(order.account)?;
        self.check_alive(order.account)?;
        let plan = self.check_place(order)?;
        let id = self.books.admit().ok_or(Reject::DomainFull)?;
        Ok((plan, id))
    }
}
