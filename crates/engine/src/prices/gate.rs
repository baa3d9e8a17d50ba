//! The gate: no action is taken on a price that is not good enough for it (venue.md §2.24). The
//! table is `oracle::gate::allows`; here is who asks it.

use types::{AccountId, Action, Health, IndexId, InstrumentId, Lots, Reject, Side};

use crate::engine::Engine;
use crate::holding::{Counted, Holding};
use crate::market::Market;

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
    /// ORA-30: of now, and not of when a step was made last.
    pub(crate) fn health(&self, index: IndexId) -> Health {
        let prices = self.indices.at(u32::from(index.0)).prices.as_ref();
        prices.map_or(Health::Manual, |prices| prices.feed.health_at(self.at))
    }

    fn check_fit(&self, index: IndexId, action: Action) -> Result<(), Reject> {
        let health = self.health(index);
        if oracle::gate::allows(action, health) {
            return Ok(());
        }
        let index = self.indices.at(u32::from(index.0));
        Err(Reject::IndexUnfit { base: index.base, quote: index.quote, action, health })
    }

    /// ORA-20, MRK-13: the index and, of an option, its volatilities are good enough. Without good
    /// ones an option is as under an index that is degraded.
    pub(crate) fn check_market_fit(&self, market: &Market, action: Action) -> Result<(), Reject> {
        self.check_fit(market.index, action)?;
        if oracle::gate::allows(action, Health::Degraded) || self.has_good_surface(market) {
            return Ok(());
        }
        let expiry = market.spec.kind.expiry().unwrap_or_default();
        Err(Reject::SurfaceUnfit { expiry, action })
    }

    /// ORA-20: an order needs the health that what it could do needs.
    pub(crate) fn check_order_fit(&self, wanted: &Wanted) -> Result<(), Reject> {
        let market = self.markets.at(wanted.instrument.0);
        if self.check_market_fit(market, Action::Increase).is_ok() {
            return Ok(());
        }
        self.check_market_fit(market, self.action_of(wanted))
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

    /// ORA-20: money leaves an account with positions or orders only by prices that are good.
    pub(crate) fn check_outflow_fit(&self, account: AccountId) -> Result<(), Reject> {
        for (instrument, holding) in &self.accounts.at(account.0).holdings {
            let held = self.holdings.at(*holding);
            if held.size.0 != 0 || 0 < held.n_orders {
                self.check_market_fit(self.markets.at(instrument.0), Action::Withdraw)?;
            }
        }
        Ok(())
    }
}
