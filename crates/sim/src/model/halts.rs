//! `HALT-HOLDS`: a market is at least in the strongest state of what holds its instrument, its
//! index and its domain, and nothing else holds it but an auction (STA-2; docs/rules/states.md).
//!
//! It does not see whether a halt should have begun, or ended.

use std::collections::BTreeMap;

use types::{Cause, Halt, InstrumentId, MarketState, Scope};

use super::state::State;
use super::{Check, hold};

pub(crate) const HOLDS: &str = "HALT-HOLDS";

/// What holds the markets of a domain.
#[derive(Debug, Default)]
pub(crate) struct Halts {
    standing: BTreeMap<(Scope, Cause), MarketState>,
    /// Something changed in this entry.
    is_moved: bool,
}

impl Halts {
    pub fn halted(&mut self, halt: &Halt) {
        self.standing.insert((halt.scope, halt.cause), halt.state);
        self.is_moved = true;
    }

    pub fn resumed(&mut self, scope: Scope, cause: Cause) -> Check {
        let known = self.standing.remove(&(scope, cause));
        self.is_moved = true;
        hold!(known.is_some(), HOLDS, "{scope:?} is resumed from {cause:?}, which did not hold it");
        Ok(())
    }

    /// A market has another state.
    pub fn moved(&mut self) {
        self.is_moved = true;
    }

    /// What holds after every entry.
    pub fn end(&mut self, state: &State) -> Check {
        if !core::mem::take(&mut self.is_moved) {
            return Ok(());
        }
        for (nth, market) in (0_u32..).zip(&state.markets) {
            let (base, quote) = (market.spec.base, market.spec.quote);
            let scopes =
                [Scope::Instrument(InstrumentId(nth)), Scope::Index { base, quote }, Scope::Domain];
            let holding = self.standing.iter().filter(|((scope, _), _)| scopes.contains(scope));
            let lasting = holding.map(|(_, state)| *state).filter(|it| *it != MarketState::Auction);
            let held = lasting.max().unwrap_or(MarketState::Open);
            let now = market.state;
            let collects = now == MarketState::Auction && held < MarketState::Auction;
            let fits = now == held || collects || MarketState::Delivering <= now;
            hold!(fits, HOLDS, "instrument {nth} is {now:?}, what holds it is {held:?}");
        }
        Ok(())
    }
}
