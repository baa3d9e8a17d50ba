//! Reporters, their reports, and what a change of a feed does.

use alloc::boxed::Box;
use alloc::vec::Vec;

use oracle::{Changes, Feed, Taken};
use types::{
    AccountId, Amount, AssetCode, Event, FeedFault, FeedTerms, FeedView, Health, IndexId,
    LedgerAccount, PriceReport, PublicKey, Reject, ReporterFault, Rounding, Seat, SeatView,
    TransferReason, limits,
};

use super::state::{FuturePrices, IndexPrices};
use crate::engine::Engine;

/// Who may sign reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reporter {
    pub key: PublicKey,
    /// It was caught at two reports for one nonce, or has nothing left to lose.
    pub suspended: bool,
}

impl Engine {
    pub(crate) fn set_feed(
        &mut self,
        terms: &FeedTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let refuse = |fault| Reject::FeedTermsContradict { fault };
        oracle::check_terms(terms).map_err(refuse)?;
        for seat in &terms.seats {
            self.check_account(seat.reporter)?;
        }
        self.check_pair(terms.base, terms.quote)?;
        self.check_new_index(terms.base, terms.quote)?;

        let index = self.index_of(terms.base, terms.quote);
        self.touch_index(index);
        let (at, may_fund) = (self.at, self.may_fund(index));
        let id = u32::from(index.0);
        let indexed = self.indices.at_mut(id);
        let changes = match &mut indexed.prices {
            Some(prices) => prices.feed.set_terms(terms.clone(), at),
            None => {
                let feed = Feed::begin_from(terms.clone(), indexed.price, at);
                indexed.prices = Some(Box::new(IndexPrices::new(feed)));
                Changes::default()
            }
        };
        events.push(Event::FeedSet { index, terms: Box::new(terms.clone()) });
        self.price_futures(index);
        self.take_in(index, changes, may_fund, events);
        self.suspend_the_caught(index, events);
        self.rechoose_surfaces(index, events);
        Ok(())
    }

    /// ORA-31: what the domain could list, or did, is priced by no other pair.
    fn check_pair(&self, base: AssetCode, quote: AssetCode) -> Result<(), Reject> {
        let asset = self.asset;
        if base == asset || quote == asset {
            return Ok(());
        }
        Err(Reject::FeedTermsContradict { fault: FeedFault::Pair { asset } })
    }

    /// ORA-31: a pair that has no index yet gets one only while there are not too many.
    pub(crate) fn check_new_index(&self, base: AssetCode, quote: AssetCode) -> Result<(), Reject> {
        let is_new = self.find_index(base, quote).is_none();
        if is_new && limits::INDICES_MAX <= self.indices.len() {
            return Err(Reject::IndicesTooMany);
        }
        Ok(())
    }

    /// Futures that are listed before their index has a feed get the usual terms with it.
    fn price_futures(&mut self, index: IndexId) {
        for instrument in 0..self.markets.len() {
            let market = self.markets.at(instrument);
            let is_unpriced = market.index == index
                && !market.spec.kind.is_option()
                && market.prices.is_none()
                && market.delivered.is_none();
            if is_unpriced {
                let prices = FuturePrices::new(&market.spec, self.at);
                self.touch_market(types::InstrumentId(instrument));
                self.markets.at_mut(instrument).prices = Some(Box::new(prices));
            }
        }
    }

    /// Whoever was caught in another feed sits in no new one.
    fn suspend_the_caught(&mut self, index: IndexId, events: &mut Vec<Event>) {
        let caught: Vec<AccountId> = self
            .reporters
            .iter()
            .filter(|(_, reporter)| reporter.suspended)
            .map(|(account, _)| *account)
            .collect();
        let at = self.at;
        for account in caught {
            let may_fund = self.may_fund(index);
            let changes = self.prices_mut(index).feed.suspend(account, at);
            self.take_in(index, changes, may_fund, events);
        }
    }

    pub(crate) fn register_reporter(
        &mut self,
        account: AccountId,
        key: PublicKey,
        stake: Amount,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        if stake < Amount::ZERO || Amount::MAX < stake {
            return Err(Reject::AmountOutOfRange { amount: stake });
        }
        let known = self.reporters.get(&account);
        if known.is_some_and(|reporter| reporter.suspended) {
            return Err(Reject::ReporterSuspended { account });
        }
        if known.is_none() && limits::REPORTERS_MAX <= self.reporters.len() {
            return Err(Reject::ReportersTooMany);
        }
        if !ledger::is_key(&key) {
            return Err(Reject::PublicKeyUnusable { account });
        }
        if stake != Amount::ZERO {
            self.check_not_liquidating(account)?;
            self.check_outflow_fit(account)?;
            self.check_free(account, stake)?;
        }

        if stake != Amount::ZERO {
            let (from, to) = (LedgerAccount::Collateral(account), LedgerAccount::Stake(account));
            self.transfer(from, to, stake, TransferReason::Stake, events);
        }
        self.set_reporter(account, Reporter { key, suspended: false });
        let stake = self.ledger.balance(LedgerAccount::Stake(account));
        events.push(Event::ReporterRegistered { account, key, stake });
        Ok(())
    }

    fn set_reporter(&mut self, account: AccountId, reporter: Reporter) {
        if let Some(old) = self.reporters.insert(account, reporter) {
            self.digests.remove_reporter(account, &old);
        }
        self.digests.add_reporter(account, &reporter);
    }

    /// A reporter that may speak.
    pub(super) fn check_reporter(&self, account: AccountId) -> Result<(), Reject> {
        match self.reporters.get(&account) {
            None => Err(Reject::ReporterNotFound { account }),
            Some(reporter) if reporter.suspended => Err(Reject::ReporterSuspended { account }),
            Some(_) => Ok(()),
        }
    }

    /// The index of a pair that has a feed.
    pub(crate) fn check_feed(&self, base: AssetCode, quote: AssetCode) -> Result<IndexId, Reject> {
        let index = self.find_index(base, quote).ok_or(Reject::IndexNotFound { base, quote })?;
        match self.indices.at(u32::from(index.0)).prices {
            Some(_) => Ok(index),
            None => Err(Reject::FeedMissing { base, quote }),
        }
    }

    pub(crate) fn report_price(
        &mut self,
        report: &PriceReport,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let PriceReport { base, quote, reporter, source, price, source_at, .. } = *report;
        let index = self.check_feed(base, quote)?;
        self.check_reporter(reporter)?;
        let taken = self.prices(index).feed.check(report, self.at)?;

        self.touch_index(index);
        let (at, may_fund) = (self.at, self.may_fund(index));
        let changes = self.prices_mut(index).feed.take(report, taken, at);
        if taken == Taken::Price {
            let seat = Seat { reporter, source };
            events.push(Event::PriceReported { index, seat, price, source_at });
        }
        self.take_in(index, changes, may_fund, events);
        Ok(())
    }

    pub(super) fn tick_feed(&mut self, index: IndexId, events: &mut Vec<Event>) {
        self.touch_index(index);
        let (at, may_fund) = (self.at, self.may_fund(index));
        let changes = self.prices_mut(index).feed.tick(at);
        self.take_in(index, changes, may_fund, events);
    }

    /// What a change of a feed does beyond it. `may_fund`: whether the index was good enough for
    /// funding until now. The index is touched.
    pub(super) fn take_in(
        &mut self,
        index: IndexId,
        changes: Changes,
        may_fund: bool,
        events: &mut Vec<Event>,
    ) {
        let id = u32::from(index.0);
        let at = self.at;
        let Changes { price, health, faults, rewards } = changes;
        if self.accrues_before_changes() && (price.is_some() || !health.is_empty()) {
            self.accrue_funding(index, may_fund, events);
            // A new price makes marks, and they note it.
            if price.is_none() {
                self.note_moves(index, &self.indices.at(id).live.clone());
            }
        }
        if !health.is_empty() {
            self.stir_index(index);
        }
        let stands = price.unwrap_or(self.indices.at(id).price);
        for change in health {
            let (from, to, reason) = (change.from, change.to, change.reason);
            events.push(Event::FeedHealthChanged { index, from, to, reason, price: stands, at });
            self.note_health(index, (from, to), events);
        }
        if let Some(price) = price {
            let indexed = self.indices.at_mut(id);
            indexed.price = price;
            let (base, quote) = (indexed.base, indexed.quote);
            events.push(Event::IndexChanged { index, base, quote, price });
            self.make_marks(index, false, events);
        }
        for (account, fault) in faults {
            self.punish(account, index, fault, events);
        }
        for (account, reward) in rewards {
            self.reward(account, reward, events);
        }
    }

    fn punish(
        &mut self,
        account: AccountId,
        index: IndexId,
        fault: ReporterFault,
        events: &mut Vec<Event>,
    ) {
        let stake = self.ledger.balance(LedgerAccount::Stake(account));
        let slashed = match fault {
            ReporterFault::Equivocated { .. } => stake,
            ReporterFault::Far { .. } => {
                let share = self.prices(index).feed.terms().incentives.far_slash_ppm;
                stake.times(i64::from(share), 1_000_000, Rounding::Up)
            }
            ReporterFault::Spent => Amount::ZERO,
        };
        if slashed != Amount::ZERO {
            let (from, to) = (LedgerAccount::Stake(account), LedgerAccount::Fees);
            self.transfer(from, to, slashed, TransferReason::Slash, events);
        }
        events.push(Event::ReporterFaulted { account, index, fault, slashed });
        match fault {
            ReporterFault::Far { .. } if stake == slashed => {
                self.punish(account, index, ReporterFault::Spent, events);
            }
            ReporterFault::Far { .. } => {}
            ReporterFault::Equivocated { .. } | ReporterFault::Spent => {
                self.suspend(account, events);
            }
        }
    }

    /// ORA-9, ORA-29: whoever signed two reports for one nonce, or has nothing left to lose, speaks
    /// in no feed any more, and its volatilities count no more.
    fn suspend(&mut self, account: AccountId, events: &mut Vec<Event>) {
        if let Some(reporter) = self.reporters.get(&account).copied() {
            self.set_reporter(account, Reporter { suspended: true, ..reporter });
        }
        for index in self.fed_indices() {
            self.touch_index(index);
            let (at, may_fund) = (self.at, self.may_fund(index));
            let changes = self.prices_mut(index).feed.suspend(account, at);
            self.take_in(index, changes, may_fund, events);
            self.rechoose_surfaces(index, events);
        }
    }

    /// Rewards come out of what the venue earned, as far as it goes.
    fn reward(&mut self, account: AccountId, reward: Amount, events: &mut Vec<Event>) {
        let paid = reward.min(self.ledger.balance(LedgerAccount::Fees));
        if Amount::ZERO < paid {
            let to = LedgerAccount::Collateral(account);
            self.transfer(LedgerAccount::Fees, to, paid, TransferReason::Reward, events);
        }
    }

    /// The prices of an index that has a feed.
    pub(super) fn prices(&self, index: IndexId) -> &IndexPrices {
        let prices = self.indices.at(u32::from(index.0)).prices.as_deref();
        prices.expect("the index has a feed")
    }

    pub(super) fn prices_mut(&mut self, index: IndexId) -> &mut IndexPrices {
        let prices = self.indices.at_mut(u32::from(index.0)).prices.as_deref_mut();
        prices.expect("the index has a feed")
    }

    /// The feed of a pair now; `None` if no instrument is priced by it.
    pub fn feed(&self, base: AssetCode, quote: AssetCode) -> Option<FeedView> {
        let index = self.find_index(base, quote)?;
        let indexed = self.indices.at(u32::from(index.0));
        let Some(prices) = &indexed.prices else {
            return Some(FeedView {
                terms: None,
                pair: (base, quote),
                price: indexed.price,
                confidence: types::IndexPrice(0),
                health: Health::Manual,
                reason: None,
                since: types::At(0),
                barrier: None,
                seats: Vec::<SeatView>::new(),
                at: self.at,
            });
        };
        Some(prices.feed.view(self.at))
    }

    /// The key of a reporter.
    pub fn reporter(&self, account: AccountId) -> Option<PublicKey> {
        self.reporters.get(&account).map(|reporter| reporter.key)
    }
}
