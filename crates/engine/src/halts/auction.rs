//! Auctions: orders are collected, an indication is told once a second, and at the end all that
//! crosses trades at one price (docs/rules/auctions.md; the price is the book's to find).
//!
//! While a market is in an auction its book may cross, but no two orders of one self-trade group
//! do: what would is refused or cancelled when it comes (AUC-12). So whoever meets at the end are
//! strangers.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AccountId, Action, At, CancelReason, Event, Extension, Halt, Indication, InstrumentId,
    MarketState, OrderId, Reject, Rounding, Scope, SelfTradeMode, Side, Ticks,
};

use crate::engine::Engine;
use crate::matching::Fill;
use crate::place::Terms;
use crate::root;

/// Auctions that one entry ends: what waits behind it waits for no more than these.
const ENDED_MAX: usize = 256;

/// An auction that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Auction {
    pub ends_at: At,
    /// Extensions for the collar's sake so far.
    pub extensions: u8,
}

impl Engine {
    /// Begins an auction; one that runs goes on at least as long.
    pub(super) fn start_auction(
        &mut self,
        instrument: InstrumentId,
        length_ms: u32,
        events: &mut Vec<Event>,
    ) {
        let ends_at = self.at.plus_ms(length_ms.into());
        let known = self.halts.auctions.get(&instrument).copied();
        let extensions = known.map_or(0, |auction| auction.extensions);
        let ends_at = known.map_or(ends_at, |auction| auction.ends_at.max(ends_at));
        self.set_auction(instrument, Some(Auction { ends_at, extensions }));
        if known.is_none() {
            let reference = self.markets.at(instrument.0).mark;
            events.push(Event::AuctionStarted { instrument, reference, ends_at });
        }
    }

    pub(super) fn set_auction(&mut self, instrument: InstrumentId, auction: Option<Auction>) {
        let old = match auction {
            Some(auction) => self.halts.auctions.insert(instrument, auction),
            None => self.halts.auctions.remove(&instrument),
        };
        self.digests.replace(root::AUCTION, instrument, old.as_ref(), auction.as_ref());
    }

    /// AUC-8: tells what each auction would give, and ends those that are due.
    pub(super) fn tick_auctions(&mut self, events: &mut Vec<Event>) {
        let running = self.halts.auctions.iter();
        let running: Vec<_> = running.map(|(id, auction)| (*id, *auction)).collect();
        let mut ended = 0;
        for (instrument, auction) in running {
            if self.at < auction.ends_at || ENDED_MAX <= ended {
                let (indication, ends_at) = (self.indication(instrument), auction.ends_at);
                events.push(Event::AuctionIndicated { instrument, indication, ends_at });
                continue;
            }
            ended += 1;
            match self.extension(instrument, &auction) {
                Some(reason) => self.extend(instrument, auction, reason, events),
                None => self.end_auction(instrument, events),
            }
        }
        if 0 < ended {
            self.note_reopened(events);
        }
    }

    /// What the auction of a market would give now.
    pub fn indication(&self, instrument: InstrumentId) -> Option<Indication> {
        let mark = self.markets.get(instrument.0)?.mark;
        self.books.uncrossing(instrument, mark)
    }

    /// AUC-11: why the auction may not end yet. Without good prices nothing is traded by;
    /// beyond the collar it waits for somebody to come, but not for ever.
    fn extension(&self, instrument: InstrumentId, auction: &Auction) -> Option<Extension> {
        let market = self.markets.at(instrument.0);
        let is_fit = self.check_market_fit(market, Action::Increase).is_ok();
        if !is_fit && !planted::is(Bug::AuctionEndsOnUnfitIndex) {
            return Some(Extension::Prices);
        }
        let terms = &self.halts.reopening;
        if terms.extensions_max <= auction.extensions {
            return None;
        }
        let widths = u64::from(auction.extensions) + 1;
        let (mark, collar) = (u64::from(market.mark.0), u64::from(terms.collar_ppm));
        let width = mark.saturating_mul(collar).saturating_mul(widths) / 1_000_000;
        let price = u64::from(self.indication(instrument)?.price.0);
        (width < price.abs_diff(mark)).then_some(Extension::Collar)
    }

    fn extend(
        &mut self,
        instrument: InstrumentId,
        auction: Auction,
        reason: Extension,
        events: &mut Vec<Event>,
    ) {
        let more = u8::from(reason == Extension::Collar);
        let ends_at = self.at.plus_ms(self.halts.reopening.extension_ms.into());
        let extensions = auction.extensions + more;
        self.set_auction(instrument, Some(Auction { ends_at, extensions }));
        events.push(Event::AuctionExtended { instrument, reason, ends_at });
    }

    /// All that crosses trades at one price, and the market is open.
    fn end_auction(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let indication = self.indication(instrument);
        events.push(Event::AuctionEnded { instrument, indication, at: self.at });
        while let Some(found) = self.indication(instrument) {
            self.uncross(instrument, found.price, events);
        }
        self.set_auction(instrument, None);
        self.forget_trades(instrument);
        let of_market = self.halts.of(Scope::Instrument(instrument));
        let tripped: Vec<Halt> =
            of_market.filter(|halt| halt.state == MarketState::Auction).copied().collect();
        for halt in &tripped {
            self.set_halt((halt.scope, halt.cause), None);
            let (scope, cause, at) = (halt.scope, halt.cause, self.at);
            events.push(Event::Resumed { scope, cause, at });
        }
        self.restate(instrument, self.halts.reopening.auction_ms, events);
        for halt in tripped {
            self.note_lifted((halt.scope, halt.cause), events);
        }
    }

    /// AUC-5, AUC-6: the older order of a pair counts as the maker. Protection that freezes and
    /// reduce-only orders that have nothing left take orders out on the way; the rest goes on at
    /// the price, and what crosses even then at the price that is found for it.
    fn uncross(&mut self, instrument: InstrumentId, price: Ticks, events: &mut Vec<Event>) {
        while let Some(pair) = self.books.match_pair(instrument, price) {
            let (bid, ask) = (pair.bid.slot(), pair.ask.slot());
            self.assert_strangers(bid, ask);
            let is_bid_older = self.orders.at(bid).priority < self.orders.at(ask).priority;
            let (maker, taker, taker_side) =
                if is_bid_older { (bid, ask, Side::Ask) } else { (ask, bid, Side::Bid) };
            let rounding = if taker_side == Side::Bid { Rounding::Down } else { Rounding::Up };
            let contract = &self.markets.at(instrument.0).contract;
            let size = pair.size;
            let value = contract.value(price, u64::from(size.0), rounding);
            let fill = Fill { taker, maker, instrument, price, size, value, taker_side };
            let mut frozen = Vec::new();
            self.touch_order(taker);
            self.settle(&fill, events);
            self.count_fill(&fill, &mut frozen, events);
            self.note_maker(bid, size, pair.bid_replenished, events);
            self.note_maker(ask, size, pair.ask_replenished, events);
            for (account, index, group) in frozen {
                self.cancel_mmp_group(account, index, group, events);
            }
        }
    }

    fn assert_strangers(&self, bid: u32, ask: u32) {
        let owner = |slot| self.owner(self.holdings.at(self.orders.at(slot).holding).account);
        assert!(owner(bid) != owner(ask), "AUC-12: orders of one group cross: {bid} and {ask}");
    }

    /// AUC-12: the first open order of the group that one of these terms would cross, but for those
    /// that go anyway.
    pub(crate) fn own_crossing(
        &self,
        terms: &Terms,
        goes: impl Fn(OrderId) -> bool,
    ) -> Option<OrderId> {
        let crosses = |account: &AccountId| {
            let holding = self.accounts.at(account.0).holding(terms.instrument)?;
            let other = terms.side.opposite();
            let orders = self.orders.ids_of(self.holdings.at(holding), |order| {
                order.side == other && terms.side.reaches(terms.price, order.price)
            });
            orders.into_iter().find(|order| !goes(*order))
        };
        self.group(terms.account).iter().find_map(crosses)
    }

    /// The accounts of the self-trade group.
    fn group(&self, account: AccountId) -> Vec<AccountId> {
        let family = self.family(account);
        let main = self.accounts.at(family.0);
        if !main.with_subaccounts {
            return alloc::vec![account];
        }
        core::iter::once(family).chain(main.subaccounts.iter().copied()).collect()
    }

    /// AUC-12: an order that was let in before the book began to cross goes, or the others do, by
    /// what its account chose. Says whether it may rest.
    pub(crate) fn clear_own(&mut self, terms: &Terms, events: &mut Vec<Event>) -> bool {
        while let Some(own) = self.own_crossing(terms, |_| false) {
            match self.self_trade_of(terms.account) {
                SelfTradeMode::CancelMaker => self.cancel(own, CancelReason::SelfTrade, events),
                SelfTradeMode::RejectTaker => return false,
            }
        }
        true
    }

    /// AUC-12: groups do not change where the orders of one could cross.
    pub(crate) fn check_not_collecting(&self, account: AccountId) -> Result<(), Reject> {
        let family = self.family(account);
        let main = self.accounts.at(family.0);
        let members = core::iter::once(family).chain(main.subaccounts.iter().copied());
        for member in members {
            for (instrument, holding) in &self.accounts.at(member.0).holdings {
                let market = self.markets.at(instrument.0);
                let may_cross =
                    (MarketState::Auction..=MarketState::Halted).contains(&market.state);
                if may_cross && 0 < self.holdings.at(*holding).n_orders {
                    let ask = types::Ask::Limit;
                    let (instrument, state) = (*instrument, market.state);
                    return Err(Reject::MarketRestricted { instrument, state, ask });
                }
            }
        }
        Ok(())
    }
}
