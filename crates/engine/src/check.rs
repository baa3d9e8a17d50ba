//! The invariants as functions: run after every entry in tests, sampled in production.

use alloc::vec::Vec;

use types::{LedgerAccount, Lots, MarketState};

use crate::engine::Engine;
use crate::holding::Holding;
use crate::market::Market;
use crate::triggers::{Reach, Triggers};

impl Engine {
    /// Panics, with the numbers, if an invariant does not hold. O(state).
    pub fn check(&self) {
        self.check_in_pieces(|| ());
    }

    /// The same of a large state: `rest` is called between the pieces, for whoever shares the
    /// processor.
    pub fn check_in_pieces(&self, mut rest: impl FnMut()) {
        self.ledger.check();
        self.books.check();
        for (id, market) in self.markets.iter() {
            rest();
            self.check_open_interest(id, market);
            self.check_funding(id, market);
            if market.state < MarketState::Auction {
                self.books.check_uncrossed(types::InstrumentId(id));
            }
        }
        self.check_liquidations(&mut rest);
        self.check_orders(&mut rest);
        self.check_sums(&mut rest);
        self.check_triggers();
    }

    /// SUM-2: sizes sum to zero. SUM-3: costs of a future and its clearing balance sum to zero.
    fn check_open_interest(&self, id: u32, market: &Market) {
        for holding in &market.holdings {
            let way = self.holdings.at(*holding).size.0.signum();
            let noted = (market.longs.contains(holding), market.shorts.contains(holding));
            assert!(noted == (way == 1, way == -1), "ADL: holding {holding} is {way}");
        }
        let held = || market.holdings.iter().map(|holding| self.holdings.at(*holding));
        let sizes: i64 = held().map(|holding| holding.size.0).sum();
        assert!(sizes == 0, "SUM-2: positions of instrument {id} sum to {sizes} lots, not to zero");
        let long = held().map(|holding| holding.size.0.max(0)).sum();
        assert!(i64::try_from(market.open_interest) == Ok(long), "MAR-11: {long} lots are long");
        let costs: i128 = held().map(|holding| i128::from(holding.cost.0)).sum();
        let clearing = self.ledger.balance(LedgerAccount::Clearing(types::InstrumentId(id)));
        let sum = costs + i128::from(clearing.0);
        assert!(
            market.spec.kind.is_option() || sum == 0,
            "SUM-3: costs and clearing of instrument {id} sum to {sum} atoms, not to zero"
        );
    }

    /// FND-6: what is still owed covers what the pool of a perpetual has paid out before, but for
    /// less than an atom a holder; a market that is delivered has nothing in its pools.
    fn check_funding(&self, id: u32, market: &Market) {
        let instrument = types::InstrumentId(id);
        let pool = i128::from(self.ledger.balance(LedgerAccount::Funding(instrument)).0);
        let held = market.holdings.iter().map(|holding| self.holdings.at(*holding));
        let owed: i128 = held.map(|held| i128::from(held.funding_owed(market.funded()).0)).sum();
        assert!(0 <= pool + owed, "FND-6: the pool of {id} has {pool}, {owed} is owed to it");
        let clearing = self.ledger.balance(LedgerAccount::Clearing(instrument)).0;
        let is_over = market.delivered.is_some();
        assert!(!is_over || (pool, clearing) == (0, 0), "DLV: {id} is delivered with {clearing}");
    }

    /// INS-5: the fund is never below zero. LIQ-10: whoever is short is known, and nobody else.
    fn check_liquidations(&self, rest: &mut impl FnMut()) {
        let fund = self.ledger.balance(LedgerAccount::Insurance);
        let due = self.liquidations.iter().map(|(account, of)| (of.due, *account));
        assert!(self.rounds_due == due.collect(), "LIQ-9: rounds are due when they are");
        assert!(types::Amount::ZERO <= fund, "INS-5: the insurance fund has {fund}");
        for account in (1..self.accounts.len()).map(types::AccountId) {
            rest();
            let margin = self.margin_of(account);
            let is_short = margin.equity < margin.maintenance;
            assert!(is_short == self.short.contains(&account), "LIQ-10: {account} has {margin:?}");
            let waits = is_short && !self.liquidations.contains_key(&account);
            assert!(waits == self.waiting.contains(&account), "LIQ-10: {account} waits: {waits}");
        }
    }

    /// ORD-1: what an order counts for is counted once, and it rests where it says.
    fn check_orders(&self, rest: &mut impl FnMut()) {
        let mut n_linked = 0;
        for (id, held) in self.holdings.iter() {
            rest();
            let orders: Vec<_> = self.orders.of(held).collect();
            n_linked += orders.len();
            let mut counted = Holding::new(held.account, held.instrument);
            orders.iter().for_each(|order| counted.count(&order.counted()));
            let sums = |held: &Holding| {
                (held.open_bid, held.open_ask, held.reduce_bid, held.reduce_ask, held.holds)
            };
            let (kept, counted) = (sums(held), sums(&counted));
            assert!(counted == kept, "ORD-1: holding {id} counts {kept:?}, orders {counted:?}");
            for order in orders {
                let resting = self.books.get(order.id).expect("ORD-1: an open order rests");
                assert!(resting.open == order.open() && order.open() != Lots::ZERO, "ORD-1: open");
                assert!(resting.displayed == order.displayed, "ORD-1: displayed");
                assert!(order.holding == id, "ORD-1: an order is in its holding's list");
                let cut = held.reducible(order.side);
                let within = !order.reduce_only || u64::from(order.open().0) <= cut;
                assert!(within, "ORD-7: a reduce-only order of {} on {cut}", order.open());
            }
        }
        assert!(n_linked == self.books.n_resting(), "ORD-1: {n_linked} orders are linked");
    }

    /// TRG-5, TRG-6: the queues are those that follow from what waits, trailing stops have followed
    /// every price, and what is due and was not looked at is known to be left.
    fn check_triggers(&self) {
        let trails: Vec<_> = self.triggers.trails().collect();
        let waiting = self.triggers.iter().map(|(id, trigger)| (id, trigger.clone())).collect();
        let (n_placed, left) = (self.triggers.n_placed, self.triggers.left.clone());
        let anew = Triggers::of((n_placed, left), &trails, waiting);
        assert!(
            anew.as_ref() == Some(&self.triggers),
            "TRG-6: the queues are not those of what waits"
        );
        for (key, best) in trails {
            let market = self.markets.at(key.instrument.0);
            let now = self.price_of(market, key.queue.0).expect("a trailing stop has a price");
            let now = Reach::of(now, key.queue.1);
            assert!(best <= now, "TRG-5: {key:?} has seen {best:?}, the price is at {now:?}");
        }
    }

    /// MAR-6: the sums that are kept are those that a full revaluation gives.
    fn check_sums(&self, rest: &mut impl FnMut()) {
        for (id, account) in self.accounts.iter() {
            rest();
            let id = types::AccountId(id);
            let check = |holding, worth| {
                assert!(worth == self.worth(holding), "MAR-6: holding {holding} is {worth:?}");
            };
            let (sums, scans) = self.sum_up(id, check);
            assert!(sums == self.sums(id), "MAR-6: account {id} sums to {sums:?}");
            let needs = self.needs_of(id, &sums, scans.as_ref());
            assert!(needs == self.needs(id), "MAR-6: account {id} needs {needs:?}");
            let n_orders =
                account.holdings.iter().map(|(_, held)| self.holdings.at(*held).n_orders);
            assert!(n_orders.sum::<u32>() == account.n_orders, "ORD-1: orders of account {id}");
        }
    }
}
