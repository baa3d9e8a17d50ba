//! What the view takes in of prices: feeds, marks, funding, deliveries, and the money that follows.

use alloc::vec::Vec;

use types::{
    AccountId, Amount, At, DeliveryCount, FeedTerms, Health, HealthReason, IndexId, IndexPrice,
    InstrumentId, LedgerAccount, Mark, PublicKey, ReporterFault, TransferReason,
};

use crate::deliveries::{DeliveryPrice, SLOT_MS, Settled, Settlement, Window};
use crate::feeds::Reporter;
use crate::indexes::Index;
use crate::instruments::Life;
use crate::limits::SETTLED_MAX;
use crate::view::View;

impl View {
    pub(crate) fn feed_set(&mut self, index: IndexId, terms: &FeedTerms) {
        let at = self.at;
        self.index_mut(index, (terms.base, terms.quote)).set_feed(terms, at);
    }

    pub(crate) fn feed_turned(&mut self, id: IndexId, to: (Health, HealthReason), at: At) {
        self.with_index(id, |index| index.turn(to, at));
    }

    pub(crate) fn reporter_registered(&mut self, id: AccountId, key: PublicKey, stake: Amount) {
        self.reporters.insert(id, Reporter { key, stake, is_caught: false });
    }

    pub(crate) fn reporter_faulted(&mut self, id: AccountId, fault: ReporterFault, lost: Amount) {
        if let Some(reporter) = self.reporters.get_mut(&id) {
            reporter.stake = reporter.stake.minus(lost);
            reporter.is_caught |= !matches!(fault, ReporterFault::Far { .. });
        }
    }

    pub(crate) fn funding_accrued(
        &mut self,
        instrument: InstrumentId,
        told: (i64, i64),
        (index_price, at): (IndexPrice, At),
    ) {
        let market = self.instrument_mut(instrument);
        market.funding.get_or_insert_default().accrue(at, told, index_price);
    }

    pub(crate) fn delivery_disputed(&mut self, id: IndexId, expiry: At) {
        self.with_index(id, |index| index.dispute(expiry));
    }

    fn with_index(&mut self, id: IndexId, change: impl FnOnce(&mut Index)) {
        let index = self.indexes.get_mut(usize::from(id.0));
        change(index.expect("events name indexes that were used before"));
    }

    pub(crate) fn marks_made(&mut self, marks: &[Mark]) {
        let at = self.at;
        for mark in marks {
            let option = mark.option.as_deref().copied();
            self.instrument_mut(mark.instrument).set_mark(at, mark.mark, option);
        }
    }

    /// An expiry has its price: what is held then is what it is about.
    pub(crate) fn delivery_priced(
        &mut self,
        index: IndexId,
        expiry: At,
        (price, samples, at): (IndexPrice, DeliveryCount, At),
    ) {
        self.with_index(index, |index| {
            index.deliver(DeliveryPrice { expiry, price, samples, at });
        });
        let of_expiry = self.instruments.iter().filter(|market| {
            market.index == index
                && market.spec.kind.expiry() == Some(expiry)
                && market.delivered.is_none()
        });
        let settled = of_expiry.map(|market| Settled {
            instrument: market.id,
            at,
            price,
            mark: market.mark.unwrap_or_default(),
            open_interest: market.open_interest,
        });
        for one in settled.collect::<Vec<Settled>>() {
            if self.settled.len() == SETTLED_MAX {
                self.settled.pop_front();
            }
            self.settled.push_back(one);
        }
    }

    /// Money of an account that is neither of a trade nor moved by its owner.
    pub(crate) fn settled_money(
        &mut self,
        (account, other): (AccountId, LedgerAccount),
        amount: Amount,
        reason: TransferReason,
    ) {
        let instrument = match other {
            LedgerAccount::Clearing(instrument) | LedgerAccount::Funding(instrument) => {
                Some(instrument)
            }
            LedgerAccount::Outside
            | LedgerAccount::Fees
            | LedgerAccount::Collateral(_)
            | LedgerAccount::Stake(_)
            | LedgerAccount::Insurance => None,
        };
        let (index_price, mark) = instrument.map(|id| self.prices_of(id)).unwrap_or_default();
        let (id, at) = (self.movements, self.at);
        let is_option = instrument.is_some_and(|id| self.is_option(id));
        let account = self.account_mut(account);
        let position = instrument.map(|id| account.position(id).size).unwrap_or_default();
        let balance = Amount::ZERO;
        account.settle(Settlement {
            id,
            at,
            reason,
            amount,
            instrument,
            position,
            index_price,
            mark,
            balance,
        });
        let Some(instrument) = instrument else { return };
        if reason == TransferReason::Funding {
            account.fund(instrument, amount);
        } else {
            account.realise(instrument, is_option, amount);
        }
    }

    fn is_option(&self, id: InstrumentId) -> bool {
        self.instrument(id).is_some_and(|market| market.spec.kind.is_option())
    }

    /// The index (of what is being delivered: its delivery price) and the mark of an instrument.
    fn prices_of(&self, id: InstrumentId) -> (IndexPrice, types::Ticks) {
        let Some(market) = self.instrument(id) else { return Default::default() };
        let index = self.index(market.index);
        let delivery = index.zip(market.spec.kind.expiry());
        let delivery = delivery.and_then(|(index, expiry)| index.delivery(expiry));
        let price = match delivery {
            Some(delivery) => Some(delivery.price),
            None => index.and_then(Index::price),
        };
        (price.unwrap_or_default(), market.mark.unwrap_or_default())
    }

    // Time.

    /// Finds what expired since the entry before.
    pub(crate) fn expire(&mut self, before: At) {
        self.expired.clear();
        if self.at < self.next_expiry {
            return;
        }
        let now = self.at;
        for market in &self.instruments {
            let expiry = market.spec.kind.expiry();
            if expiry.is_some_and(|expiry| before < expiry && expiry <= now) {
                self.expired.push(market.id);
            }
        }
        self.next_expiry = self.first_expiry();
    }

    /// The first expiry that is still to come.
    pub(crate) fn first_expiry(&self) -> At {
        let expiries = self.instruments.iter().filter_map(|market| market.spec.kind.expiry());
        expiries.filter(|expiry| self.at < *expiry).min().unwrap_or(At(u64::MAX))
    }

    /// Looks at each index with a feed, once in 4 seconds, for the expiries that come soon.
    pub(crate) fn sample_windows(&mut self) {
        let (at, slot) = (self.at, self.at.0 / SLOT_MS);
        if core::mem::replace(&mut self.slot, slot) == slot {
            return;
        }
        for market in &self.instruments {
            let Some(expiry) = market.spec.kind.expiry() else { continue };
            if at < Window::opens_at(expiry) || market.life(at) == Life::Delivered {
                continue;
            }
            let index = self.indexes.get_mut(usize::from(market.index.0));
            if let Some(index) = index.filter(|index| index.feed.is_some()) {
                index.open_window(expiry);
            }
        }
        self.indexes.iter_mut().for_each(|index| index.sample(at));
    }
}
