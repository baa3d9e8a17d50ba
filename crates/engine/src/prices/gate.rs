//! The gate: no action is taken on a price that is not good enough for it (venue.md §2.24). The
//! table is `oracle::gate::allows`; here is who asks it.

use types::{AccountId, Action, Health, IndexId, InstrumentId, Lots, Reject, Side};

use crate::engine::Engine;
use crate::holding::{Counted, Holding};

/// An order as the gate sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub lots: Lots,
    pub reduce_only: bool,
    /// What it takes the place of.
    pub replaces: Option<Counted>,
}

impl Engine {
    pub(crate) fn health(&self, index: IndexId) -> Health {
        let prices = self.indices.at(u32::from(index.0)).prices.as_ref();
        prices.map_or(Health::Manual, |prices| prices.feed.health())
    }

    pub(crate) fn check_fit(&self, index: IndexId, action: Action) -> Result<(), Reject> {
        let health = self.health(index);
        if oracle::gate::allows(action, health) {
            return Ok(());
        }
        let index = self.indices.at(u32::from(index.0));
        Err(Reject::IndexUnfit { base: index.base, quote: index.quote, action, health })
    }

    /// ORA: an order needs the health that what it could do needs.
    pub(crate) fn check_order_fit(&self, wanted: &Wanted) -> Result<(), Reject> {
        let index = self.markets.at(wanted.instrument.0).index;
        if oracle::gate::allows(Action::Increase, self.health(index)) {
            return Ok(());
        }
        self.check_fit(index, self.action_of(wanted))
    }

    /// Whether the account could reach a larger position with the order than without it.
    fn action_of(&self, wanted: &Wanted) -> Action {
        if wanted.reduce_only {
            return Action::Reduce;
        }
        let holding = self.accounts.at(wanted.account.0).holding(wanted.instrument);
        let mut held = holding.map_or_else(
            || Holding::new(wanted.account, wanted.instrument),
            |holding| self.holdings.at(holding).clone(),
        );
        let reached = |held: &Holding| held.reach(Side::Bid).max(held.reach(Side::Ask));
        let before = reached(&held);
        if let Some(replaced) = &wanted.replaces {
            held.uncount(replaced);
        }
        held.count(&Counted {
            side: wanted.side,
            reduce_only: false,
            lots: wanted.lots,
            hold: types::Amount::ZERO,
        });
        if before < reached(&held) { Action::Increase } else { Action::Place }
    }

    /// ORA: money leaves an account with positions or orders only by prices that are good.
    pub(crate) fn check_outflow_fit(&self, account: AccountId) -> Result<(), Reject> {
        for (instrument, holding) in &self.accounts.at(account.0).holdings {
            let held = self.holdings.at(*holding);
            if held.size.0 != 0 || 0 < held.n_orders {
                self.check_fit(self.markets.at(instrument.0).index, Action::Withdraw)?;
            }
        }
        Ok(())
    }
}
