//! What the operator does: instruments, accounts, prices.

use alloc::boxed::Box;
use alloc::vec::Vec;

use types::{
    AccountId, AssetCode, Event, IndexId, IndexPrice, Instrument, InstrumentId, Reject,
    SelfTradeMode, Ticks, limits,
};

use crate::account::Account;
use crate::engine::Engine;
use crate::market::{Index, Market, check_terms};
use crate::prices::FuturePrices;

impl Engine {
    pub(crate) fn list_instrument(
        &mut self,
        spec: &Instrument,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let contract = check_terms(spec, self.asset, self.decimals, self.at)?;
        if let Some(instrument) = self.listed(spec) {
            return Err(Reject::InstrumentListedAlready { instrument });
        }
        if limits::INSTRUMENTS_MAX <= self.markets.len() {
            return Err(Reject::InstrumentsTooMany);
        }
        self.check_new_index(spec.base, spec.quote)?;

        let index = self.index_of(spec.base, spec.quote);
        let instrument = self.books.open_book();
        let mut market = Market::new(spec.clone(), (contract, self.decimals), index, self.at);
        market.is_closing_exact = self.is_closing_exact();
        if self.indices.at(u32::from(index.0)).prices.is_some() && !spec.kind.is_option() {
            market.prices = Some(Box::new(FuturePrices::new(spec, self.at)));
        }
        let id = self.markets.push(market);
        assert!(InstrumentId(id) == instrument, "a market and its book have one id");
        self.make_live(instrument);
        self.digest_terms(instrument);
        self.touch_market(instrument);
        let (at, spec) = (self.at, spec.clone().into());
        events.push(Event::InstrumentListed { instrument, index, at, spec });
        self.touch_index(index);
        self.make_marks(index, false, events);
        self.watch_market(instrument);
        self.restate(instrument, self.halts.reopening.auction_ms, events);
        Ok(())
    }

    /// Enters an instrument among those of its index, by expiry.
    pub(crate) fn make_live(&mut self, instrument: InstrumentId) {
        let market = self.markets.at(instrument.0);
        let (index, expiry) = (u32::from(market.index.0), market.spec.kind.expiry());
        let live = &self.indices.at(index).live;
        let place = live.partition_point(|id| self.markets.at(*id).spec.kind.expiry() <= expiry);
        self.indices.at_mut(index).live.insert(place, instrument.0);
    }

    /// The instrument with the same name: the same contract.
    fn listed(&self, spec: &Instrument) -> Option<InstrumentId> {
        let name = spec.name();
        let same = |market: &Market| {
            (market.spec.kind, market.spec.style, market.spec.base, market.spec.quote)
                == (spec.kind, spec.style, spec.base, spec.quote)
                || market.spec.name() == name
        };
        self.markets.iter().find(|(_, market)| same(market)).map(|(id, _)| InstrumentId(id))
    }

    pub(crate) fn index_of(&mut self, base: AssetCode, quote: AssetCode) -> IndexId {
        if let Some(index) = self.find_index(base, quote) {
            return index;
        }
        let id = self.indices.push(Index::new(base, quote));
        let index = IndexId(u16::try_from(id).expect("fewer indices than instruments"));
        self.touch_index(index);
        index
    }

    pub(crate) fn open_account(
        &mut self,
        account: AccountId,
        parent: Option<AccountId>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let next = AccountId(self.accounts.len());
        if account != next {
            return Err(Reject::AccountNotNext { account, next });
        }
        if limits::ACCOUNTS_MAX <= next.0 {
            return Err(Reject::AccountsTooMany { max: limits::ACCOUNTS_MAX });
        }
        if let Some(parent) = parent {
            self.check_parent(parent, account)?;
        }

        let mut opened = Account { parent, ..Account::default() };
        if let Some(parent) = parent {
            self.touch_account(parent);
            let main = self.accounts.at_mut(parent.0);
            main.subaccounts.push(account);
            (opened.self_trade, opened.with_subaccounts) = (main.self_trade, main.with_subaccounts);
        }
        self.accounts.push(opened);
        self.touch_account(account);
        events.push(Event::AccountOpened { account, parent, at: self.at });
        Ok(())
    }

    fn check_parent(&self, parent: AccountId, account: AccountId) -> Result<(), Reject> {
        self.check_account(parent)?;
        let main = self.accounts.at(parent.0);
        if main.parent.is_some() {
            return Err(Reject::AccountsNotRelated { from: parent, to: account });
        }
        if limits::SUBACCOUNTS_MAX <= count(main.subaccounts.len()) {
            return Err(Reject::AccountsTooMany { max: limits::SUBACCOUNTS_MAX });
        }
        Ok(())
    }

    pub(crate) fn report_index(
        &mut self,
        (base, quote): (AssetCode, AssetCode),
        price: IndexPrice,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        if price == IndexPrice(0) || IndexPrice::MAX < price {
            return Err(Reject::IndexPriceOutOfRange { price });
        }
        let index = self.find_index(base, quote);
        let index = index.ok_or(Reject::IndexNotFound { base, quote })?;
        if self.indices.at(u32::from(index.0)).prices.is_some() {
            return Err(Reject::IndexHasFeed { base, quote });
        }

        self.touch_index(index);
        self.indices.at_mut(u32::from(index.0)).price = price;
        events.push(Event::IndexChanged { index, base, quote, price });
        self.note_moves(index, &[]);
        Ok(())
    }

    pub(crate) fn report_marks(
        &mut self,
        marks: &[(InstrumentId, Ticks)],
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        for &(instrument, mark) in marks {
            let market = self.markets.get(instrument.0);
            let market = market.ok_or(Reject::InstrumentNotFound { instrument })?;
            let index = self.indices.at(u32::from(market.index.0));
            if index.prices.is_some() {
                let (base, quote) = (index.base, index.quote);
                return Err(Reject::IndexHasFeed { base, quote });
            }
            if mark == Ticks(0) || Ticks::MAX < mark {
                return Err(Reject::MarkOutOfRange { mark });
            }
        }

        for &(instrument, mark) in marks {
            self.touch_market(instrument);
            self.markets.at_mut(instrument.0).mark = mark;
            events.push(Event::MarkChanged { instrument, mark });
            self.note_moves(self.markets.at(instrument.0).index, &[instrument.0]);
        }
        Ok(())
    }

    pub(crate) fn set_self_trade(
        &mut self,
        account: AccountId,
        mode: SelfTradeMode,
        with_subaccounts: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        self.check_not_collecting(account)?;
        self.touch_account(account);
        let chooses = self.accounts.at_mut(account.0);
        (chooses.self_trade, chooses.with_subaccounts) = (mode, with_subaccounts);
        self.regroup(account);
        events.push(Event::SelfTradeSet { account, mode, with_subaccounts });
        Ok(())
    }

    /// STP-3: the choice of a main account holds for the orders that its family has resting.
    fn regroup(&mut self, main: AccountId) {
        let account = self.accounts.at(main.0);
        let family = account.subaccounts.iter().copied().chain([main]).collect::<Vec<_>>();
        for member in family {
            let owner = self.owner(member);
            for (_, holding) in &self.accounts.at(member.0).holdings {
                for order in self.orders.of(self.holdings.at(*holding)) {
                    self.books.set_owner(order.id, owner);
                }
            }
        }
    }
}

fn count(accounts: usize) -> u32 {
    u32::try_from(accounts).unwrap_or(u32::MAX)
}
