//! Answers to questions about the state. They change nothing.

use types::{
    AccountId, AccountView, Amount, Instrument, InstrumentId, PositionView, SignedLots, Ticks,
};

use crate::engine::Engine;
use crate::money::clamped;

impl Engine {
    /// The numbers of an account now; `None` if it does not exist.
    pub fn account(&self, id: AccountId) -> Option<AccountView> {
        self.check_account(id).ok()?;
        let account = self.accounts.at(id.0);
        let held = account.holdings.iter().map(|(_, holding)| self.holdings.at(*holding));
        let shown = held.filter(|held| held.size != SignedLots::ZERO || 0 < held.n_orders);
        let (sums, needs) = (self.sums(id), self.needs(id));
        Some(AccountView {
            account: id,
            parent: account.parent,
            collateral: self.collateral(id),
            unrealised: clamped(sums.unrealised),
            options_value: clamped(sums.options_value),
            initial_margin: clamped(needs.initial),
            maintenance_margin: clamped(needs.maintenance),
            free: clamped(self.free(id)),
            positions: shown.map(|held| self.position(held)).collect(),
            self_trade: account.self_trade,
            mmp: account.protections.iter().map(|protection| protection.config).collect(),
        })
    }

    fn position(&self, held: &crate::holding::Holding) -> PositionView {
        let market = self.markets.at(held.instrument.0);
        let index = self.indices.at(u32::from(market.index.0)).price;
        let mut alone = held.clone();
        (alone.open_bid, alone.open_ask, alone.holds) = (0, 0, Amount::ZERO);
        (alone.reduce_bid, alone.reduce_ask) = (0, 0);
        let without_orders = alone.valued(market, index).initial;
        let worth = held.valued(market, index);
        let option_gain = worth.options_value.minus(held.cost);
        PositionView {
            instrument: held.instrument,
            size: held.size,
            cost: held.cost,
            mark: market.mark,
            unrealised: if market.spec.kind.is_option() { option_gain } else { worth.unrealised },
            realised: held.realised,
            initial_margin: worth.initial,
            maintenance_margin: worth.maintenance,
            open_orders_margin: worth.initial.minus(without_orders),
        }
    }

    /// The terms of an instrument and its mark (zero if it has none).
    pub fn instrument(&self, id: InstrumentId) -> Option<(&Instrument, Ticks)> {
        self.markets.get(id.0).map(|market| (&market.spec, market.mark))
    }

    /// How many accounts exist, with ids from 1.
    pub fn n_accounts(&self) -> u32 {
        self.accounts.len() - 1
    }
}
