//! An order meets the book, one fill at a time, and each fill settles before the next: so a
//! reduce-only order is cut, and a protected group withdrawn, before anything else can hit them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use book::{Match, Rest, Taker};
use types::planted::{self, Bug};
use types::{
    Amount, CancelReason, CloseReason, Event, IndexPrice, InstrumentId, LedgerAccount, Lots,
    MarketState, Rounding, SelfTradeMode, Side, Ticks, TradeId, TradeSide, Traded, TransferReason,
};

use crate::engine::Engine;
use crate::holding::{fee, signed_fill};
use crate::place::Terms;

/// One match, as the book found it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub taker: u32,
    pub maker: u32,
    pub instrument: InstrumentId,
    pub price: Ticks,
    pub size: Lots,
    pub value: Amount,
    pub taker_side: Side,
}

impl Engine {
    pub(crate) fn terms_of(&self, slot: u32) -> Terms {
        let order = self.orders.at(slot);
        let holding = self.holdings.at(order.holding);
        Terms {
            account: holding.account,
            instrument: holding.instrument,
            holding: Some(order.holding),
            side: order.side,
            price: order.price,
            size: order.open(),
            post_only: order.post_only,
            reduce_only: order.reduce_only,
        }
    }

    /// Trades the order in `slot`, which is off the book, with what it reaches. Returns why what is
    /// left must go, if it must.
    pub(crate) fn match_taker(
        &mut self,
        slot: u32,
        is_all_or_none: bool,
        events: &mut Vec<Event>,
    ) -> Option<CancelReason> {
        let terms = self.terms_of(slot);
        let bound = self.bound_of(&terms);
        let limit = bound.map_or(terms.price, |bound| bound.limit);
        let mut taker = Taker { limit, ..self.taker(&terms) };
        let mut frozen = Vec::new();
        let mut stopped = None;
        while stopped.is_none()
            && Lots::ZERO < taker.size
            && let Some(met) = self.books.match_next(&mut taker)
        {
            match met {
                Match::Own { maker } => match self.self_trade_of(terms.account) {
                    SelfTradeMode::CancelMaker => {
                        self.cancel(maker, CancelReason::SelfTrade, events);
                    }
                    SelfTradeMode::RejectTaker => stopped = Some(CancelReason::SelfTrade),
                },
                Match::Fill { maker, price, size, replenished, .. } => {
                    let fill = self.fill_of(slot, maker.slot(), &terms, price, size);
                    self.settle(&fill, events);
                    self.count_fill(&fill, &mut frozen, events);
                    self.note_maker(fill.maker, size, replenished, events);
                    self.cut_reduce_only(self.orders.at(slot).holding, events);
                    if !is_all_or_none {
                        stopped = self.withdraw_frozen(&mut frozen, slot, events);
                    }
                }
            }
        }
        if stopped.is_none() && bound.is_some() && self.would_go_on(slot, &terms) {
            stopped = Some(CancelReason::TooFar);
        }
        // MMP-4: whoever fills all or nothing is not left half filled by a freeze.
        self.withdraw_frozen(&mut frozen, slot, events).or(stopped)
    }

    /// BRK-4: there is more that the order would reach.
    fn would_go_on(&self, slot: u32, terms: &Terms) -> bool {
        let best = self.books.best(terms.instrument, terms.side.opposite());
        let reaches = best.is_some_and(|best| terms.side.reaches(terms.price, best));
        reaches && self.orders.at(slot).open() != Lots::ZERO
    }

    fn fill_of(&self, taker: u32, maker: u32, terms: &Terms, price: Ticks, size: Lots) -> Fill {
        let (instrument, taker_side) = (terms.instrument, terms.side);
        // Against the taker: its purchase of an inverse contract is worth less, its sale more.
        let rounding = match taker_side {
            Side::Bid => Rounding::Down,
            Side::Ask => Rounding::Up,
        };
        let contract = &self.markets.at(instrument.0).contract;
        let value = contract.value(price, u64::from(size.0), rounding);
        Fill { taker, maker, instrument, price, size, value, taker_side }
    }

    /// Moves positions and money of both sides, and tells of it.
    pub(crate) fn settle(&mut self, fill: &Fill, events: &mut Vec<Event>) {
        self.touch_order(fill.maker);
        self.touch_market(fill.instrument);
        for slot in [fill.maker, fill.taker] {
            self.settle_funding(self.orders.at(slot).holding, events);
        }
        let (index, mark, trade_seq) = self.next_trade(fill.instrument, fill.price);
        let fees = self.markets.at(fill.instrument.0).spec.fees;
        let maker_side = fill.taker_side.opposite();
        let maker = self.settle_side(fill, fill.maker, maker_side, index, fees.maker_ppm);
        let taker = self.settle_side(fill, fill.taker, fill.taker_side, index, fees.taker_ppm);
        events.push(Event::Traded(Box::new(Traded {
            trade: TradeId(self.n_trades),
            trade_seq,
            instrument: fill.instrument,
            price: fill.price,
            size: fill.size,
            taker_side: fill.taker_side,
            maker,
            taker,
            index_price: index,
            mark,
        })));
        self.move_money(fill, &maker, &taker, events);
        self.tell_position(fill.maker, events);
        self.tell_position(fill.taker, events);
    }

    fn next_trade(&mut self, instrument: InstrumentId, price: Ticks) -> (IndexPrice, Ticks, u64) {
        self.n_trades += 1;
        self.watch_trade(instrument, price);
        let market = self.markets.at_mut(instrument.0);
        market.trade_seq += 1;
        market.last = price;
        if let Some(prices) = &mut market.prices {
            prices.last = price;
        }
        let (mark, trade_seq, index) = (market.mark, market.trade_seq, market.index);
        self.stir(instrument);
        (self.indices.at(u32::from(index.0)).price, mark, trade_seq)
    }

    /// Takes the fill into the order and its holding.
    fn settle_side(
        &mut self,
        fill: &Fill,
        slot: u32,
        side: Side,
        index: IndexPrice,
        fee_ppm: i32,
    ) -> TradeSide {
        let market = self.markets.at(fill.instrument.0);
        let signed = signed_fill(fill.value, side, market);
        let lots = u64::from(fill.size.0);
        let fee = fee(market, index, fee_ppm, fill.value, lots);
        let holding = self.orders.at(slot).holding;
        self.touch_holding(holding);

        let order = self.orders.at_mut(slot);
        let before = order.counted();
        order.hold = left_of_hold(order.hold, order.open(), fill.size);
        order.filled = order.filled.plus(fill.size);
        let after = order.counted();
        let (id, open) = (order.id, order.open());

        let held = self.holdings.at_mut(holding);
        held.uncount(&before);
        held.count(&after);
        let realised = held.fill(side, fill.size, signed);
        let account = held.account;
        self.revalue(holding);
        TradeSide { order: id, account, fee, realised, open }
    }

    /// Premium between the two, profits through the clearing account, fees to the venue.
    fn move_money(
        &mut self,
        fill: &Fill,
        maker: &TradeSide,
        taker: &TradeSide,
        events: &mut Vec<Event>,
    ) {
        let is_option = self.markets.at(fill.instrument.0).spec.kind.is_option();
        if is_option {
            let (buyer, seller) = match fill.taker_side {
                Side::Bid => (taker.account, maker.account),
                Side::Ask => (maker.account, taker.account),
            };
            if buyer != seller {
                let seller = LedgerAccount::Collateral(seller);
                self.settle_amount(buyer, seller, fill.value, TransferReason::Premium, events);
            }
        }
        for side in [maker, taker] {
            if !is_option {
                let (clearing, lost) =
                    (LedgerAccount::Clearing(fill.instrument), side.realised.negated());
                let reason = TransferReason::Realised;
                self.settle_amount(side.account, clearing, lost, reason, events);
            }
            if side.order == maker.order && planted::is(Bug::MakerFeeNotBooked) {
                continue;
            }
            let reason = TransferReason::Fee;
            self.settle_amount(side.account, LedgerAccount::Fees, side.fee, reason, events);
        }
    }

    fn tell_position(&mut self, slot: u32, events: &mut Vec<Event>) {
        let held = self.holdings.at(self.orders.at(slot).holding);
        let (account, instrument, size, cost) =
            (held.account, held.instrument, held.size, held.cost);
        events.push(Event::PositionChanged { account, instrument, size, cost });
    }

    /// What the fill left of the maker on its book.
    pub(crate) fn note_maker(
        &mut self,
        slot: u32,
        size: Lots,
        replenished: Option<Lots>,
        events: &mut Vec<Event>,
    ) {
        let holding = self.orders.at(slot).holding;
        if self.orders.at(slot).open() == Lots::ZERO {
            self.close(slot, CloseReason::Filled, events);
        } else if let Some(displayed) = replenished {
            let priority = self.next_priority();
            let order = self.orders.at_mut(slot);
            (order.displayed, order.priority) = (displayed, priority);
            let order = order.id;
            events.push(Event::OrderReplenished { order, displayed });
        } else if !planted::is(Bug::PartialFillKeepsDisplayed) {
            let order = self.orders.at_mut(slot);
            order.displayed = order.displayed.minus(size);
        }
        self.cut_reduce_only(holding, events);
    }

    /// ORD-7: no resting reduce-only order can take more than the position.
    pub(crate) fn cut_reduce_only(&mut self, holding: u32, events: &mut Vec<Event>) {
        let held = self.holdings.at(holding);
        // None is more than all together: usually that is all there is to see.
        let fits = |side, lots| lots <= held.reducible(side);
        let fit = fits(Side::Bid, held.reduce_bid) && fits(Side::Ask, held.reduce_ask);
        if fit || planted::is(Bug::ReduceOnlyNotCut) {
            return;
        }
        let cuts = |side: Side| u32::try_from(held.reducible(side)).unwrap_or(u32::MAX);
        let (bids, asks) = (Lots(cuts(Side::Bid)), Lots(cuts(Side::Ask)));
        let most = |side: Side| if side == Side::Bid { bids } else { asks };
        let orders = self.orders.ids_of(held, |order| {
            order.reduce_only && Lots::ZERO < order.displayed && most(order.side) < order.open()
        });
        for id in orders {
            match most(self.orders.at(id.slot()).side) {
                Lots::ZERO => self.cancel(id, CancelReason::ReduceOnly, events),
                open => self.shrink(id.slot(), open, false, events),
            }
        }
    }

    /// Leaves an order `open` lots, in its place.
    pub(crate) fn shrink(&mut self, slot: u32, open: Lots, asked: bool, events: &mut Vec<Event>) {
        if !planted::is(Bug::RootMissesShrink) {
            self.touch_order(slot);
        }
        let id = self.orders.at(slot).id;
        let resting = self.books.reduce(id, open).expect("an open order rests");
        let order = self.orders.at_mut(slot);
        let before = order.counted();
        let gone = order.open().minus(open);
        order.hold = left_of_hold(order.hold, order.open(), gone);
        order.size = order.size.minus(gone);
        order.displayed = resting.displayed;
        let (after, holding) = (order.counted(), order.holding);
        events.push(Event::OrderAmended {
            order: id,
            price: order.price,
            size: order.size,
            displayed: order.displayed,
            kept_place: true,
            reduce_only: order.reduce_only,
            post_only: order.post_only,
            asked,
        });
        let held = self.holdings.at_mut(holding);
        held.uncount(&before);
        held.count(&after);
        self.recount(holding);
    }

    /// Counts the fill under the protections of both sides; notes the groups that froze.
    pub(crate) fn count_fill(
        &mut self,
        fill: &Fill,
        frozen: &mut Vec<FrozenGroup>,
        events: &mut Vec<Event>,
    ) {
        for slot in [fill.maker, fill.taker] {
            let order = self.orders.at(slot);
            let Some(group) = order.mmp_group() else {
                continue;
            };
            if slot == fill.taker && planted::is(Bug::MmpCountsMakersOnly) {
                continue;
            }
            let account = self.holdings.at(order.holding).account;
            let index = self.markets.at(fill.instrument.0).index;
            let micro = self.base_micro(fill.instrument.0, u64::from(fill.size.0), fill.value);
            if self.count_mmp_fill(account, index, group, micro, events) {
                frozen.push((account, index, group));
            }
        }
    }

    /// Cancels the groups that froze; the taker, which is off the book, goes if it is in one.
    fn withdraw_frozen(
        &mut self,
        frozen: &mut Vec<FrozenGroup>,
        taker: u32,
        events: &mut Vec<Event>,
    ) -> Option<CancelReason> {
        let mut stopped = None;
        for (account, index, group) in core::mem::take(frozen) {
            self.cancel_mmp_group(account, index, group, events);
            let order = self.orders.at(taker);
            let is_own = self.holdings.at(order.holding).account == account;
            if is_own && order.mmp_group() == Some(group) {
                stopped = Some(CancelReason::MmpTriggered);
            }
        }
        stopped
    }

    /// Whether a fill-or-kill order would fill whole. Orders of its own group and reduce-only
    /// orders are left out: what they offer may be gone before it is reached. Where its own order
    /// would stop it, nothing beyond that order counts.
    pub(crate) fn fills_whole(&self, slot: u32) -> bool {
        let terms = self.terms_of(slot);
        let limit = self.bound_of(&terms).map_or(terms.price, |bound| bound.limit);
        let owner = self.owner(terms.account);
        let goes_on = self.accounts.at(terms.account.0).self_trade == SelfTradeMode::CancelMaker;
        let (side, mut missing) = (terms.side.opposite(), u64::from(terms.size.0));
        for (price, _) in self.books.levels(terms.instrument, side) {
            if !terms.side.reaches(limit, price) {
                return false;
            }
            for id in self.books.queue(terms.instrument, side, price) {
                let order = self.orders.at(id.slot());
                let is_own = self.books.get(id).is_some_and(|resting| resting.owner == owner);
                if is_own && !goes_on {
                    return false;
                }
                let is_uncounted =
                    order.reduce_only && !planted::is(Bug::FillOrKillCountsReduceOnly);
                if is_uncounted || is_own {
                    continue;
                }
                missing = missing.saturating_sub(u64::from(order.open().0));
                if missing == 0 {
                    return true;
                }
            }
        }
        false
    }

    /// Whether the order's market collects orders for an auction.
    pub(crate) fn is_collecting(&self, slot: u32) -> bool {
        let holding = self.holdings.at(self.orders.at(slot).holding);
        self.markets.at(holding.instrument.0).state == MarketState::Auction
    }

    /// AUC-1: the order rests, whether or not it crosses.
    pub(crate) fn collect(&mut self, slot: u32, events: &mut Vec<Event>) {
        let terms = self.terms_of(slot);
        match self.clear_own(&terms, events) {
            true => self.rest(slot, events),
            false => self.close_unrested(slot, CancelReason::SelfTrade, events),
        }
    }

    /// Puts what is left at the back of its queue.
    pub(crate) fn rest(&mut self, slot: u32, events: &mut Vec<Event>) {
        let terms = self.terms_of(slot);
        let display = self.orders.at(slot).display.filter(|display| *display < terms.size);
        let owner = self.owner(terms.account);
        let rest = Rest {
            book: terms.instrument,
            side: terms.side,
            price: terms.price,
            open: terms.size,
            display,
            owner,
        };
        self.touch_order(slot);
        let priority = self.next_priority();
        let displayed = display.unwrap_or(terms.size);
        let order = self.orders.at_mut(slot);
        (order.displayed, order.priority) = (displayed, priority);
        let id = order.id;
        match self.is_collecting(slot) {
            true => self.books.collect(id, &rest),
            false => self.books.rest(id, &rest),
        }
        let (price, open) = (terms.price, terms.size);
        events.push(Event::OrderRested { order: id, price, open, displayed });
    }

    fn next_priority(&mut self) -> u64 {
        self.n_priorities += 1;
        self.n_priorities
    }
}

type FrozenGroup = (types::AccountId, types::IndexId, types::MmpGroup);

/// What an order still holds when `gone` of `open` lots are gone, rounded up.
fn left_of_hold(hold: Amount, open: Lots, gone: Lots) -> Amount {
    let left = i64::from(open.0) - i64::from(gone.0);
    hold.times(left, i64::from(open.0), Rounding::Up)
}
