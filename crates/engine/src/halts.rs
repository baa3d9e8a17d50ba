//! Why markets are restricted, and how they come back.
//!
//! ```text
//!   operator, outage, frozen index ──▶ halt ──▶ cancel-only ──▶ lifted ──▶ auction ──▶ open
//!   breakers of one market ──────────▶ halt ───────────────────────────▶ auction ──▶ open
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `halts` | what holds, and the state that follows from it |
//! | `terms` | what operators say: halts, resumptions, terms |
//! | `auction` | orders are collected, and trade at one price |
//! | `breakers` | markets that stop by themselves |
//! | `watch` | what a market remembers for its breakers |
//! | `accounts` | accounts that are stopped |
//!
//! A scope is held by each of its causes by itself. A market is in the strongest state that holds
//! it by its instrument, its index or its domain, and nothing reaches further than its scope.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AccountId, At, BreakerTerms, Cause, Event, Halt, Health, IndexId, InstrumentId, KindFilter,
    MarketState, OrderRate, OutageStep, ReopeningTerms, Scope,
};

use crate::engine::Engine;
use crate::market::Market;
use crate::root;

mod accounts;
mod auction;
mod breakers;
mod bytes;
mod terms;
mod watch;

pub(crate) use accounts::Sent;
pub(crate) use auction::Auction;
pub(crate) use watch::Watch;

/// Everything that restricts markets and accounts of the domain.
#[derive(Clone, Debug)]
pub(crate) struct Halts {
    pub standing: BTreeMap<(Scope, Cause), Halt>,
    pub auctions: BTreeMap<InstrumentId, Auction>,
    pub reopening: ReopeningTerms,
    pub breakers: BTreeMap<(IndexId, KindFilter), BreakerTerms>,
    pub order_rate: Option<OrderRate>,
    pub killed: BTreeSet<AccountId>,
    pub sent: BTreeMap<AccountId, Sent>,
}

impl Default for Halts {
    fn default() -> Halts {
        Halts {
            standing: BTreeMap::new(),
            auctions: BTreeMap::new(),
            reopening: usual_reopening(),
            breakers: BTreeMap::new(),
            order_rate: None,
            killed: BTreeSet::new(),
            sent: BTreeMap::new(),
        }
    }
}

/// AUC-9: what holds until `SetReopening` says something else. Without steps an outage is none.
pub fn usual_reopening() -> ReopeningTerms {
    ReopeningTerms {
        steps: Vec::new(),
        auction_ms: 30_000,
        collar_ppm: 50_000,
        extension_ms: 30_000,
        extensions_max: 5,
    }
}

impl Halts {
    /// What holds this very scope, by cause.
    fn of(&self, scope: Scope) -> impl Iterator<Item = &Halt> {
        let causes = (scope, Cause::Operator)..=(scope, Cause::LiquidationRate);
        self.standing.range(causes).map(|(_, halt)| halt)
    }
}

impl Engine {
    /// Makes a halt hold; one of the same scope and cause gives way to it.
    pub(crate) fn halt(&mut self, halt: Halt, events: &mut Vec<Event>) {
        self.set_halt((halt.scope, halt.cause), Some(halt));
        events.push(Event::Halted(halt.into()));
        let reopening_ms = self.halts.reopening.auction_ms;
        self.restate_all(halt.scope, reopening_ms, events);
        self.note_held(&halt, events);
    }

    /// Ends a halt; markets that nothing else holds reopen with an auction of this length.
    fn lift(&mut self, (scope, cause): (Scope, Cause), reopening_ms: u32, events: &mut Vec<Event>) {
        self.set_halt((scope, cause), None);
        events.push(Event::Resumed { scope, cause, at: self.at });
        self.restate_all(scope, reopening_ms, events);
        self.note_lifted((scope, cause), events);
    }

    /// STA-8: nothing holds a market whose positions are settled, and its incidents are over.
    pub(crate) fn end_halts_of(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let scope = Scope::Instrument(instrument);
        let held: Vec<Cause> = self.halts.of(scope).map(|halt| halt.cause).collect();
        held.into_iter().for_each(|cause| self.lift((scope, cause), 0, events));
        self.note_reopened(events);
    }

    fn set_halt(&mut self, key: (Scope, Cause), halt: Option<Halt>) {
        let old = match halt {
            Some(halt) => self.halts.standing.insert(key, halt),
            None => self.halts.standing.remove(&key),
        };
        self.digests.replace(root::HALT, key, old.as_ref(), halt.as_ref());
    }

    fn restate_all(&mut self, scope: Scope, reopening_ms: u32, events: &mut Vec<Event>) {
        for instrument in self.scope_of(scope) {
            self.restate(instrument, reopening_ms, events);
        }
    }

    /// The markets of a scope, by id; of more than one those that are not delivered.
    fn scope_of(&self, scope: Scope) -> Vec<InstrumentId> {
        let pair = match scope {
            Scope::Instrument(instrument) => return alloc::vec![instrument],
            Scope::Index { base, quote } => Some((base, quote)),
            Scope::Domain => None,
        };
        let live = self.markets.iter().filter(|(_, market)| market.delivered.is_none());
        live.filter(|(_, market)| pair.is_none_or(|pair| pair == self.pair_of(market)))
            .map(|(id, _)| InstrumentId(id))
            .collect()
    }

    /// The strongest state of its markets.
    pub(crate) fn strongest_in(&self, scope: Scope) -> MarketState {
        let states = self.scope_of(scope).into_iter().map(|id| self.markets.at(id.0).state);
        states.max().unwrap_or(MarketState::Open)
    }

    /// Whether one of its markets collects orders.
    pub(crate) fn is_collecting_in(&self, scope: Scope) -> bool {
        self.scope_of(scope).iter().any(|id| self.halts.auctions.contains_key(id))
    }

    fn pair_of(&self, market: &Market) -> (types::AssetCode, types::AssetCode) {
        let index = self.indices.at(u32::from(market.index.0));
        (index.base, index.quote)
    }

    /// Takes in what holds a market now. One that was closed to new orders reopens with an auction
    /// of this length, and an auction that is interrupted begins anew when it may.
    pub(crate) fn restate(
        &mut self,
        instrument: InstrumentId,
        reopening_ms: u32,
        events: &mut Vec<Event>,
    ) {
        let from = self.markets.at(instrument.0).state;
        let held = self.held_in(instrument);
        if MarketState::Auction < held {
            self.set_auction(instrument, None);
        } else if MarketState::Auction < from {
            self.start_auction(instrument, reopening_ms, events);
        }
        let is_collecting = self.halts.auctions.contains_key(&instrument);
        let to = if is_collecting { held.max(MarketState::Auction) } else { held };
        if from == to {
            return;
        }
        self.touch_market(instrument);
        self.markets.at_mut(instrument.0).state = to;
        events.push(Event::StateChanged { instrument, from, to, at: self.at });
        self.stir(instrument);
    }

    /// STA-2: the strongest state of all that holds a market, but for auctions.
    fn held_in(&self, instrument: InstrumentId) -> MarketState {
        let market = self.markets.at(instrument.0);
        if market.delivered.is_some() {
            return MarketState::Closed;
        }
        if market.spec.kind.expiry().is_some_and(|expiry| expiry <= self.at) {
            return MarketState::Delivering;
        }
        let (base, quote) = self.pair_of(market);
        let scopes = [Scope::Instrument(instrument), Scope::Index { base, quote }, Scope::Domain];
        let states = scopes.into_iter().flat_map(|scope| self.halts.of(scope));
        let states = states.map(|halt| halt.state);
        let states = states.filter(|state| *state != MarketState::Auction);
        if planted::is(Bug::WeakestHaltCounts) {
            return states.min().unwrap_or(MarketState::Open);
        }
        states.max().unwrap_or(MarketState::Open)
    }

    /// A second has passed: what was to hold until now ends, breakers look, auctions end.
    pub(crate) fn tick_halts(&mut self, events: &mut Vec<Event>) {
        self.look_at_indices(events);
        self.end_halts(events);
        self.look_at_markets(events);
        self.tick_auctions(events);
    }

    fn end_halts(&mut self, events: &mut Vec<Event>) {
        let is_over = |halt: &&Halt| {
            halt.state != MarketState::Auction && halt.until.is_some_and(|until| until <= self.at)
        };
        let over: Vec<Halt> = self.halts.standing.values().filter(is_over).copied().collect();
        for halt in over {
            let reopening_ms = self.reopening_ms(&halt);
            self.lift((halt.scope, halt.cause), reopening_ms, events);
        }
    }

    /// AUC-9, AUC-10: an outage reopens by how long it was, everything else by the usual length.
    fn reopening_ms(&self, halt: &Halt) -> u32 {
        let usual = self.halts.reopening.auction_ms;
        match halt.cause {
            Cause::Outage => self.step_of(halt.value).map_or(usual, |step| step.auction_ms),
            Cause::Operator
            | Cause::FeedFrozen
            | Cause::LimitState
            | Cause::Velocity
            | Cause::Range
            | Cause::BookVanished
            | Cause::LiquidationRate => usual,
        }
    }

    fn step_of(&self, away_ms: u64) -> Option<OutageStep> {
        let longer = |step: &&OutageStep| step.over_ms < away_ms;
        self.halts.reopening.steps.iter().rev().find(longer).copied()
    }

    /// AUC-10: the venue was away. First only cancels, so that nobody is held in an order that the
    /// world has moved past, then an auction, by how long it was away.
    pub(crate) fn note_outage(&mut self, events: &mut Vec<Event>) {
        let away = if self.was_at == At(0) { 0 } else { self.at.ms_since(self.was_at) };
        let Some(step) = self.step_of(away) else {
            return;
        };
        let until = Some(self.at.plus_ms(step.cancel_only_ms.into()));
        self.halt(
            Halt {
                scope: Scope::Domain,
                cause: Cause::Outage,
                state: MarketState::CancelOnly,
                since: self.at,
                until,
                value: away,
                limit: step.over_ms,
            },
            events,
        );
    }

    /// BRK-6: what an index that cannot be made holds back, and for no longer than that.
    fn look_at_indices(&mut self, events: &mut Vec<Event>) {
        for index in self.fed_indices() {
            let indexed = self.indices.at(u32::from(index.0));
            let scope = Scope::Index { base: indexed.base, quote: indexed.quote };
            let holds = self.halts.standing.contains_key(&(scope, Cause::FeedFrozen));
            let wanted = self.held_while_frozen(index);
            let is_frozen = self.health(index) == Health::Frozen;
            match wanted.filter(|_| is_frozen) {
                Some(state) if !holds => {
                    let (cause, since) = (Cause::FeedFrozen, self.at);
                    let (until, value, limit) = (None, 0, 0);
                    self.halt(Halt { scope, cause, state, since, until, value, limit }, events);
                }
                None if holds => {
                    let reopening_ms = self.halts.reopening.auction_ms;
                    self.lift((scope, Cause::FeedFrozen), reopening_ms, events);
                }
                _ => {}
            }
        }
    }

    fn held_while_frozen(&self, index: IndexId) -> Option<MarketState> {
        let kinds = [KindFilter::Future, KindFilter::Option];
        let terms = kinds.iter().filter_map(|kind| self.halts.breakers.get(&(index, *kind)));
        terms.filter_map(|terms| terms.frozen).max()
    }

    /// What holds the markets of the domain, by scope and cause.
    pub fn halts(&self) -> impl Iterator<Item = &Halt> {
        self.halts.standing.values()
    }

    /// What a market allows now; `None` if there is none.
    pub fn market_state(&self, instrument: InstrumentId) -> Option<MarketState> {
        self.markets.get(instrument.0).map(|market| market.state)
    }
}
