//! What operators say: halts, resumptions, and the terms of breakers and reopenings.

use alloc::vec::Vec;

use types::{
    AssetCode, At, BreakerTerms, Cause, DepthTerms, Event, Halt, HaltFault, InstrumentId,
    KindFilter, LimitStateTerms, LiquidationTerms, MarketState, OrderRate, RangeTerms, Reject,
    ReopeningTerms, Scope,
};

use crate::engine::Engine;
use crate::root;

const DAY_MS: u32 = 86_400_000;
const STEPS_MAX: usize = 16;
const EXTENSIONS_MAX: u8 = 20;

impl Engine {
    pub(crate) fn halt_by_operator(
        &mut self,
        scope: Scope,
        state: MarketState,
        until: Option<At>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_scope(scope)?;
        let refuse = |fault| Err(Reject::HaltTermsContradict { fault });
        if !is_chosen(state) {
            return refuse(HaltFault::State);
        }
        if until.is_some_and(|until| until <= self.at) {
            return refuse(HaltFault::Until);
        }
        let standing = self.halts.standing.get(&(scope, Cause::Operator));
        if standing.is_some_and(|halt| (halt.state, halt.until) == (state, until)) {
            return Err(Reject::HaltStands { state, until });
        }

        let cause = Cause::Operator;
        self.halt(Halt { scope, cause, state, since: self.at, until, value: 0, limit: 0 }, events);
        Ok(())
    }

    /// STA-6: everything that holds this very scope ends, and what it held reopens with an auction.
    /// An index that is still frozen holds it again with the next second.
    pub(crate) fn resume(&mut self, scope: Scope, events: &mut Vec<Event>) -> Result<(), Reject> {
        self.check_scope(scope)?;
        let lasting = |halt: &&Halt| halt.state != MarketState::Auction;
        let held: Vec<Halt> = self.halts.of(scope).filter(lasting).copied().collect();
        if held.is_empty() {
            return Err(Reject::HaltMissing);
        }

        for halt in held {
            let reopening_ms = self.reopening_ms(&halt).max(self.halts.reopening.auction_ms);
            self.lift((scope, halt.cause), reopening_ms, events);
        }
        Ok(())
    }

    pub(crate) fn check_scope(&self, scope: Scope) -> Result<(), Reject> {
        match scope {
            Scope::Instrument(instrument) => self.check_market(instrument).map(|_| ()),
            Scope::Index { base, quote } => match self.find_index(base, quote) {
                Some(_) => Ok(()),
                None => Err(Reject::IndexNotFound { base, quote }),
            },
            Scope::Domain => Ok(()),
        }
    }

    pub(crate) fn set_breakers(
        &mut self,
        (base, quote): (AssetCode, AssetCode),
        kind: KindFilter,
        terms: &BreakerTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let index = self.find_index(base, quote).ok_or(Reject::IndexNotFound { base, quote })?;
        check_breakers(terms)?;

        let key = (index, kind);
        let old = self.halts.breakers.insert(key, *terms);
        self.digests.replace(root::BREAKERS, key, old.as_ref(), Some(terms));
        for id in self.indices.at(u32::from(index.0)).live.clone() {
            self.watch_market(InstrumentId(id));
        }
        events.push(Event::BreakersSet { index, kind, terms: (*terms).into() });
        Ok(())
    }

    pub(crate) fn set_reopening(
        &mut self,
        terms: &ReopeningTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        check_reopening(terms)?;
        let old = core::mem::replace(&mut self.halts.reopening, terms.clone());
        self.digests.replace_reopening(&old, terms);
        events.push(Event::ReopeningSet(terms.clone().into()));
        Ok(())
    }

    pub(crate) fn set_order_rate(
        &mut self,
        rate: Option<OrderRate>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let fits = |rate: OrderRate| {
            (1..=1_000_000).contains(&rate.orders_max) && (100..=60_000).contains(&rate.window_ms)
        };
        if !rate.is_none_or(fits) {
            return Err(Reject::HaltTermsContradict { fault: HaltFault::OrderRate });
        }
        self.replace_order_rate(rate);
        events.push(Event::OrderRateSet(rate));
        Ok(())
    }
}

fn is_chosen(state: MarketState) -> bool {
    use MarketState::{CancelOnly, Halted, PostOnly, ReduceOnly};
    [PostOnly, ReduceOnly, CancelOnly, Halted].contains(&state)
}

/// A length of an auction or an extension.
fn is_length(ms: u32) -> bool {
    (1_000..=DAY_MS).contains(&ms)
}

/// AUC-9: whether the terms make a reopening.
pub(crate) fn check_reopening(terms: &ReopeningTerms) -> Result<(), Reject> {
    let steps = &terms.steps;
    let rises = steps.is_sorted_by(|one, next| one.over_ms < next.over_ms);
    let step_fits =
        steps.iter().all(|step| step.cancel_only_ms <= DAY_MS && is_length(step.auction_ms));
    let fits = steps.len() <= STEPS_MAX
        && rises
        && step_fits
        && is_length(terms.auction_ms)
        && is_length(terms.extension_ms)
        && is_rate(terms.collar_ppm)
        && terms.extensions_max <= EXTENSIONS_MAX;
    if fits { Ok(()) } else { Err(Reject::HaltTermsContradict { fault: HaltFault::Reopening }) }
}

/// BRK-1: whether the terms make breakers.
pub(crate) fn check_breakers(terms: &BreakerTerms) -> Result<(), Reject> {
    let BreakerTerms { limit_state, velocity, range, depth, liquidation, frozen } = terms;
    let limit_fits = |of: &LimitStateTerms| is_span(of.hold_ms) && is_length(of.pause_ms);
    let range_fits =
        |of: &RangeTerms| is_span(of.window_ms) && is_rate(of.move_ppm) && is_length(of.pause_ms);
    let depth_fits = |of: &DepthTerms| {
        is_rate(of.within_ppm)
            && is_rate(of.share_ppm)
            && is_span(of.hold_ms)
            && is_length(of.pause_ms)
    };
    let liquidation_fits = |of: &LiquidationTerms| {
        is_rate(of.share_ppm) && (1..=60).contains(&of.minutes_max) && is_length(of.pause_ms)
    };
    let frozen_fits = |state: &MarketState| is_chosen(*state) && *state != MarketState::PostOnly;
    let fits = limit_state.as_ref().is_none_or(limit_fits)
        && velocity.as_ref().is_none_or(range_fits)
        && range.as_ref().is_none_or(range_fits)
        && depth.as_ref().is_none_or(depth_fits)
        && liquidation.as_ref().is_none_or(liquidation_fits)
        && frozen.as_ref().is_none_or(frozen_fits);
    if fits { Ok(()) } else { Err(Reject::HaltTermsContradict { fault: HaltFault::Breakers }) }
}

fn is_span(ms: u32) -> bool {
    (100..=DAY_MS).contains(&ms)
}

fn is_rate(ppm: u32) -> bool {
    (1..=1_000_000).contains(&ppm)
}
