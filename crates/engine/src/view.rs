//! Answers to questions about the state. They change nothing.

use alloc::vec::Vec;

use risk::bankruptcy::{Backed, price_at_rate};
use types::units::divide;
use types::{
    AccountId, AccountView, AdlPlace, Amount, IndexPrice, Instrument, InstrumentId, LedgerAccount,
    Lots, MarginModel, OrderNeeds, PositionView, Rounding, Side, SignedLots, Ticks, WaterfallView,
};

use crate::engine::Engine;
use crate::holding::{Counted, Holding, Worth, order_hold, signed_fill};
use crate::market::Market;
use crate::money::clamped;

/// Rounds whose time has come that are looked at for one that prices allow.
const DUE_LOOKED_MAX: usize = 4_096;
/// Holders of one side of an instrument who are ranked for a question.
pub(crate) const RANKED_MAX: usize = 1_024;

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
            liquidating: self.liquidations.contains_key(&id),
            model: self.model(id),
        })
    }

    fn position(&self, held: &Holding) -> PositionView {
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
            liquidation_price: self.liquidation_price(held, &worth),
        }
    }

    /// LIQ-1, with everything but this mark standing still: what stands behind the position is the
    /// account's equity less what its other positions need.
    fn liquidation_price(&self, held: &Holding, worth: &Worth) -> Option<IndexPrice> {
        let market = self.markets.at(held.instrument.0);
        let value = market.contract.value(market.mark, held.size.size(), Rounding::Up);
        let is_netted = self.model(held.account) == MarginModel::Portfolio;
        if is_netted || market.spec.kind.is_option() || value == Amount::ZERO {
            return None;
        }
        let margin = self.margin_of(held.account);
        let others = margin.maintenance.minus(worth.maintenance);
        let side = if held.size.0 < 0 { Side::Ask } else { Side::Bid };
        let cost = signed_fill(value, side, market);
        let backed = Backed { size: held.size, cost, margin: margin.equity.minus(others) };
        let rate = i128::from(worth.maintenance.0) * 1_000_000_000;
        let rate = u64::try_from(divide(rate, value.0.into(), Rounding::Up)).ok()?;
        price_at_rate(&market.contract, &backed, rate)
    }

    /// Where the futures and options of an account stand in the ranking of auto-deleveraging.
    /// Positions on a side of more than `RANKED_MAX` are left out: no question holds up orders.
    pub fn adl_places(&self, id: AccountId) -> Vec<AdlPlace> {
        let Some(account) = self.accounts.get(id.0) else {
            return Vec::new();
        };
        let held = account.holdings.iter().map(|(_, holding)| self.holdings.at(*holding));
        let open = held.filter(|held| held.size != SignedLots::ZERO);
        open.filter_map(|held| self.adl_place(held)).collect()
    }

    fn adl_place(&self, held: &Holding) -> Option<AdlPlace> {
        let market = self.markets.at(held.instrument.0);
        let n_holders = if held.size.0 < 0 { market.shorts.len() } else { market.longs.len() };
        if RANKED_MAX < n_holders {
            return None;
        }
        let loser = SignedLots(-held.size.0);
        let side = self.other_side(held.instrument, loser);
        let lots = side.iter().map(|winner| winner.size.size()).sum();
        let cuts = risk::adl::deleverage(self.risk_terms.adl, &side, lots, Amount::ZERO);
        let own = cuts.iter().find(|cut| cut.account == held.account)?;
        let of = u32::try_from(side.len()).unwrap_or(u32::MAX);
        Some(AdlPlace { instrument: held.instrument, rank: own.rank, of, score: own.score })
    }

    /// What an order to buy and one to sell so much at a price would need; `None` if there is no
    /// such account or no mark. Whether it would be taken is another question.
    pub fn order_needs(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        (lots, price): (Lots, Ticks),
    ) -> Option<[OrderNeeds; 2]> {
        self.check_account(account).ok()?;
        let market = self.markets.get(instrument.0).filter(|market| market.mark.0 != 0)?;
        let index = self.indices.at(u32::from(market.index.0)).price;
        let own = self.accounts.at(account.0).holding(instrument);
        Some([Side::Bid, Side::Ask].map(|side| {
            let hold = order_hold(market, index, side, price, lots);
            let counted = Counted { side, reduce_only: false, lots, hold };
            let mut alone = Holding::new(account, instrument);
            alone.count(&counted);
            let more = self.needed_more(account, instrument, own, |held| held.count(&counted));
            OrderNeeds { alone: alone.valued(market, index).initial, more: more.ok().map(clamped) }
        }))
    }

    /// What a position of this size needs to stay, at a mark and an index; zero if nothing does.
    pub fn maintenance_at(
        &self,
        instrument: InstrumentId,
        size: SignedLots,
        (mark, index): (Ticks, IndexPrice),
    ) -> Amount {
        let Some(market) = self.markets.get(instrument.0) else {
            return Amount::ZERO;
        };
        let held = Holding { size, ..Holding::new(AccountId(0), instrument) };
        let market = Market { mark, ..market.clone() };
        held.valued(&market, index).maintenance
    }

    /// The insurance fund and what stands behind it.
    pub fn waterfall(&self) -> WaterfallView {
        let backstops = self.backstops.iter();
        WaterfallView {
            insurance: self.ledger.balance(LedgerAccount::Insurance),
            terms: self.risk_terms,
            backstops: backstops.map(|(id, one)| (*id, one.terms, one.taken)).collect(),
            liquidating: u32::try_from(self.liquidations.len()).unwrap_or(u32::MAX),
        }
    }

    /// Whether a `Liquidate` would do something: a liquidation can start, or the time of a round
    /// has come and prices allow it. It looks at a bounded number of accounts; ticks see to the
    /// rest.
    pub fn is_liquidation_due(&self) -> bool {
        let due = self.rounds_due.iter().take_while(|(due, _)| *due <= self.at);
        let mut looked_at = due.take(DUE_LOOKED_MAX);
        looked_at.any(|(_, account)| self.may_liquidate(*account)) || !self.ready().is_empty()
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
