//! Placing an order: every refusal, in the order of `types::Reject`, then the act.

use alloc::boxed::Box;
use alloc::vec::Vec;

use book::Taker;
use types::planted::{self, Bug};
use types::{
    AccountId, Amount, At, CancelReason, ClientOrderId, CloseReason, Event, InstrumentId, Label,
    Lots, MarketState, MmpGroup, OrderFault, OrderId, OrderKind, OrderPlaced, PlaceOrder, PostOnly,
    Reject, SelfTradeMode, Side, SignedLots, Ticks, TimeInForce, limits,
};

use crate::engine::Engine;
use crate::holding::{Counted, Holding, closing_hold, netted_hold, order_hold};
use crate::market::Market;
use crate::money::clamped;
use crate::orders::{Extra, NONE, Order};
use crate::prices::Wanted;
use crate::root::Digested;
use crate::states::asked;

/// An order as it will be, once nothing can refuse it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub price: Ticks,
    pub size: Lots,
    pub hold: Amount,
    pub may_rest: bool,
}

impl Plan {
    /// What it will count for in its holding.
    pub fn counted(&self, side: Side, reduce_only: bool) -> Counted {
        Counted { side, reduce_only, lots: self.size, hold: self.hold }
    }
}

/// How an order meets the book: what a new order and an amended one have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub account: AccountId,
    pub instrument: InstrumentId,
    /// What the account has there already, if anything.
    pub holding: Option<u32>,
    pub side: Side,
    pub price: Ticks,
    pub size: Lots,
    pub post_only: PostOnly,
    pub reduce_only: bool,
}

impl Engine {
    pub(crate) fn place_order(
        &mut self,
        order: &PlaceOrder,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_orderer(order)?;
        if let Some(first) = self.repeated(order) {
            events.push(Event::OrderRepeated { order: first });
            return Ok(());
        }
        self.refresh(order.account);
        let plan = self.check_place(order)?;
        self.check_client_order_id(order)?;
        let id = self.books.admit().ok_or(Reject::DomainFull)?;

        self.remember(order, id);
        self.accept(order, None, plan, id, events);
        self.match_or_rest(id.slot(), plan.may_rest, order.time_in_force, events);
        self.count_sent(order.account, 1, events);
        Ok(())
    }

    /// In time, and from an account that is there, not in liquidation and not stopped.
    pub(crate) fn check_sender(
        &self,
        account: AccountId,
        valid_until: Option<At>,
    ) -> Result<(), Reject> {
        self.check_in_time(valid_until)?;
        self.check_account(account)?;
        self.check_not_liquidating(account)?;
        self.check_alive(account)
    }

    /// The same of whoever places an order or a trigger, with its fence.
    pub(crate) fn check_orderer(&self, order: &PlaceOrder) -> Result<(), Reject> {
        self.check_in_time(order.valid_until)?;
        self.check_account(order.account)?;
        self.check_fence(order)?;
        self.check_not_liquidating(order.account)?;
        self.check_alive(order.account)
    }

    fn check_in_time(&self, valid_until: Option<At>) -> Result<(), Reject> {
        match valid_until.filter(|valid_until| *valid_until < self.at) {
            Some(valid_until) => Err(Reject::ValidUntilPassed { valid_until, at: self.at }),
            None => Ok(()),
        }
    }

    pub(crate) fn check_place(&self, order: &PlaceOrder) -> Result<Plan, Reject> {
        let market = self.check_market(order.instrument)?;
        let is_passive = self.check_state(market, order.instrument, asked(order))?;
        check_terms(order)?;
        check_size(market, order.size)?;
        self.check_order_fit(&Wanted {
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            lots: order.size,
            reduce_only: order.reduce_only,
            replaces: None,
        })?;
        let (limit, may_rest) = self.limit_of(market, order)?;
        if is_passive && order.post_only == PostOnly::No {
            self.check_passive(order.instrument, order.side, limit)?;
        }
        check_display(market, order.size, order.display)?;
        let terms = Terms {
            account: order.account,
            instrument: order.instrument,
            holding: self.accounts.at(order.account.0).holding(order.instrument),
            side: order.side,
            price: limit,
            size: order.size,
            post_only: order.post_only,
            reduce_only: order.reduce_only,
        };
        let (price, size) = self.check_against_book(&terms)?;
        self.check_counts(order.account, terms.holding, 1)?;
        if order.mmp {
            self.check_mmp(order.account, market.index, MmpGroup(0), false)?;
        }
        let terms = Terms { price, size, ..terms };
        let plan = match order.kind {
            OrderKind::Limit { .. } | OrderKind::MarketLimit => {
                let hold = self.hold_of(&terms, price, size);
                Plan { price, size, hold, may_rest }
            }
            OrderKind::Market => self.market_plan(&terms),
        };
        self.check_room(&terms, |holding| {
            holding.count(&plan.counted(order.side, order.reduce_only));
        })?;
        Ok(plan)
    }

    /// ORD-18: a market order goes no further than the last price that it needs now, so that what
    /// it holds is what it can lose. Orders of its own group and reduce-only orders, which may be
    /// gone when it comes to them, are not counted on.
    fn market_plan(&self, terms: &Terms) -> Plan {
        let (side, mut missing) = (terms.side.opposite(), u64::from(terms.size.0));
        let owner = self.owner(terms.account);
        let mut last = None;
        for (price, _) in self.books.levels(terms.instrument, side) {
            if missing == 0 || !terms.side.reaches(terms.price, price) {
                break;
            }
            last = Some(price);
            for id in self.books.queue(terms.instrument, side, price) {
                let order = self.orders.at(id.slot());
                let is_own = self.books.get(id).is_some_and(|resting| resting.owner == owner);
                let counts = if order.reduce_only || is_own { 0 } else { order.open().0 };
                missing = missing.saturating_sub(u64::from(counts));
            }
        }
        let hold = last.map_or(Amount::ZERO, |price| self.hold_of(terms, price, terms.size));
        let price = last.unwrap_or(terms.price);
        Plan { price, size: terms.size, hold, may_rest: false }
    }

    /// The limit of an order, and whether what does not trade may rest there.
    fn limit_of(&self, market: &Market, order: &PlaceOrder) -> Result<(Ticks, bool), Reject> {
        let may_rest =
            matches!(order.time_in_force, TimeInForce::GoodTilCancelled | TimeInForce::GoodTilDay);
        let instrument = order.instrument;
        match order.kind {
            OrderKind::Limit { price } => {
                self.check_price(market, instrument, order.side, price)?;
                Ok((price, may_rest))
            }
            OrderKind::Market => {
                self.check_priced(market, instrument)?;
                Ok((market.market_limit(order.side), false))
            }
            OrderKind::MarketLimit => {
                self.check_priced(market, instrument)?;
                let edge = market.market_limit(order.side);
                let best = self.books.best(instrument, order.side.opposite());
                let best = best.filter(|best| order.side.reaches(edge, *best));
                Ok(best.map_or((edge, false), |best| (best, may_rest)))
            }
        }
    }

    /// ORD-8, ORD-9: on the grid, within the band.
    pub(crate) fn check_price(
        &self,
        market: &Market,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
    ) -> Result<(), Reject> {
        market.check_grid(price)?;
        self.check_priced(market, instrument)?;
        let (min, max) = market.band();
        match side {
            Side::Ask if price < min => Err(Reject::PriceTooLow { price, min }),
            Side::Bid if max < price => Err(Reject::PriceTooHigh { price, max }),
            Side::Bid | Side::Ask => Ok(()),
        }
    }

    fn check_priced(&self, market: &Market, instrument: InstrumentId) -> Result<(), Reject> {
        let index = self.indices.at(u32::from(market.index.0));
        let has_prices = market.mark != Ticks(0) && index.price.0 != 0;
        if has_prices { Ok(()) } else { Err(Reject::MarkMissing { instrument }) }
    }

    /// Reduce-only cuts the size, post-only moves the price, self-trade prevention refuses: the
    /// price and size that are left.
    pub(crate) fn check_against_book(&self, terms: &Terms) -> Result<(Ticks, Lots), Reject> {
        let size = if terms.reduce_only { self.check_reducing(terms)? } else { terms.size };
        let price = self.check_post_only(terms)?;
        self.check_self_trade(&Terms { price, size, ..*terms })?;
        Ok((price, size))
    }

    /// ORD-7: a reduce-only order is cut to the position. What others of its kind are there to take
    /// is not looked at: each is cut again as the position goes.
    fn check_reducing(&self, terms: &Terms) -> Result<Lots, Reject> {
        let held = terms.holding.map(|holding| self.holdings.at(holding));
        let reducible = held.map_or(0, |held| held.reducible(terms.side));
        match u32::try_from(reducible.min(u64::from(terms.size.0))) {
            Ok(lots) if 0 < lots => Ok(Lots(lots)),
            _ => {
                let position = held.map_or(SignedLots::ZERO, |held| held.size);
                Err(Reject::ReduceOnlyWouldOpen { position })
            }
        }
    }

    fn check_post_only(&self, terms: &Terms) -> Result<Ticks, Reject> {
        let best = self.books.best(terms.instrument, terms.side.opposite());
        let Some(best) = best.filter(|best| terms.side.reaches(terms.price, *best)) else {
            return Ok(terms.price);
        };
        if best == terms.price && planted::is(Bug::PostOnlyTakesAtBest) {
            return Ok(terms.price);
        }
        let passive = self.markets.at(terms.instrument.0).passive(terms.side, best);
        match terms.post_only {
            PostOnly::No => Ok(terms.price),
            PostOnly::Slide if Ticks(0) < passive && passive <= Ticks::MAX => Ok(passive),
            PostOnly::Slide | PostOnly::Reject => Err(Reject::PostOnlyWouldCross { best, passive }),
        }
    }

    /// STA-3: where nothing may trade at once, an order that would is refused.
    pub(crate) fn check_passive(
        &self,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
    ) -> Result<(), Reject> {
        let best = self.books.best(instrument, side.opposite());
        let Some(best) = best.filter(|best| side.reaches(price, *best)) else {
            return Ok(());
        };
        let passive = self.markets.at(instrument.0).passive(side, best);
        Err(Reject::PostOnlyWouldCross { best, passive })
    }

    /// STP-1: a taker that would meet an order of its own group is refused, if its account chose
    /// so.
    fn check_self_trade(&self, terms: &Terms) -> Result<(), Reject> {
        if self.accounts.at(terms.account.0).self_trade == SelfTradeMode::CancelMaker {
            return Ok(());
        }
        let is_collecting = self.markets.at(terms.instrument.0).state == MarketState::Auction;
        let own = match is_collecting {
            true => self.own_crossing(terms, |_| false),
            false => self.books.first_own(&self.taker(terms)),
        };
        match own {
            None => Ok(()),
            Some(order) => Err(Reject::SelfTrade { order }),
        }
    }

    pub(crate) fn taker(&self, terms: &Terms) -> Taker {
        Taker {
            book: terms.instrument,
            side: terms.side,
            limit: terms.price,
            size: terms.size,
            owner: self.owner(terms.account),
        }
    }

    /// The self-trade group of an account: its family, if the main account chose so.
    pub(crate) fn owner(&self, account: AccountId) -> u32 {
        let family = self.family(account);
        let with_subaccounts = self.accounts.at(family.0).with_subaccounts
            && !planted::is(Bug::SelfTradeForgetsSubaccounts);
        if with_subaccounts { family.0 } else { account.0 }
    }

    /// ORD-12: `more` orders fit beside those that are open.
    pub(crate) fn check_counts(
        &self,
        account: AccountId,
        holding: Option<u32>,
        more: u32,
    ) -> Result<(), Reject> {
        let of_account = self.accounts.at(account.0);
        let here = holding.map_or(0, |holding| self.holdings.at(holding).n_orders);
        for (open, max) in [
            (of_account.n_orders, limits::ORDERS_PER_ACCOUNT_MAX),
            (here, limits::ORDERS_PER_INSTRUMENT_MAX),
        ] {
            if max < open + more {
                return Err(Reject::OrdersTooMany { open, max });
            }
        }
        Ok(())
    }

    /// What an order of these terms holds (MAR-3, MAR-5, PM-9).
    pub(crate) fn hold_of(&self, terms: &Terms, price: Ticks, size: Lots) -> Amount {
        let market = self.markets.at(terms.instrument.0);
        let index = self.indices.at(u32::from(market.index.0)).price;
        if let Some(netted) = self.netted_terms(terms.account, market) {
            let freed =
                terms.reduce_only.then(|| self.freed_beside(netted, market, terms.side, size));
            return netted_hold(market, index, (terms.side, price), size, freed);
        }
        let hold = if terms.reduce_only { closing_hold } else { order_hold };
        hold(market, index, terms.side, price, size)
    }

    /// ORD-12, MAR-2: with the holding changed as `change` does, the position stays within the
    /// largest size, and what is needed more is free.
    pub(crate) fn check_room(
        &self,
        terms: &Terms,
        change: impl FnOnce(&mut Holding),
    ) -> Result<(), Reject> {
        let needed = self.needed_more(terms.account, terms.instrument, terms.holding, change)?;
        self.check_needed(terms.account, needed)
    }

    /// How much more initial margin a change of a holding needs; below zero if less.
    pub(crate) fn needed_more(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        holding: Option<u32>,
        change: impl FnOnce(&mut Holding),
    ) -> Result<i128, Reject> {
        let held = self.changed(account, instrument, holding, change)?;
        Ok(self.needed_by(account, &[held]))
    }

    /// A holding as it would be, if it may be.
    pub(crate) fn changed(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        holding: Option<u32>,
        change: impl FnOnce(&mut Holding),
    ) -> Result<Holding, Reject> {
        let mut held = holding.map_or_else(
            || Holding::new(account, instrument),
            |holding| self.holdings.at(holding).clone(),
        );
        change(&mut held);
        let max = self.markets.at(instrument.0).spec.size_max;
        let reached = held.reach(Side::Bid).max(held.reach(Side::Ask));
        let fits = reached <= u64::from(max.0);
        if fits { Ok(held) } else { Err(Reject::PositionTooLarge { reached, max }) }
    }

    /// Wide, because a mass quote adds up over many instruments.
    pub(crate) fn check_needed(&self, account: AccountId, needed: i128) -> Result<(), Reject> {
        let free = self.free(account);
        let missing = needed - free;
        if needed <= 0 || missing <= 0 {
            return Ok(());
        }
        let (needed, free, missing) = (clamped(needed), clamped(free), clamped(missing));
        Err(Reject::MarginInsufficient { needed, free, missing })
    }

    /// Makes the order known: from here it counts, and `match_or_rest` says what becomes of it.
    pub(crate) fn accept(
        &mut self,
        order: &PlaceOrder,
        quote_group: Option<MmpGroup>,
        plan: Plan,
        id: OrderId,
        events: &mut Vec<Event>,
    ) {
        let holding = self.holding_of(order.account, order.instrument);
        let slot = id.slot();
        self.n_placed += 1;
        self.orders.insert(Order {
            id,
            holding,
            price: plan.price,
            size: plan.size,
            filled: Lots::ZERO,
            displayed: Lots::ZERO,
            hold: plan.hold,
            priority: 0,
            next: NONE,
            previous: NONE,
            extra: self.extra_of(order),
            display: order.display,
            side: order.side,
            time_in_force: order.time_in_force,
            post_only: order.post_only,
            reduce_only: order.reduce_only,
            mmp: order.mmp,
            quote_group,
            digested: Digested::New,
        });
        let held = self.holdings.at_mut(holding);
        held.count(&plan.counted(order.side, order.reduce_only));
        self.orders.link(held, slot);
        self.accounts.at_mut(order.account.0).n_orders += 1;
        self.recount(holding);
        events.push(Event::OrderPlaced(Box::new(placed(order, quote_group, plan, id))));
    }

    fn extra_of(&self, order: &PlaceOrder) -> Option<Box<Extra>> {
        let is_day = order.time_in_force == TimeInForce::GoodTilDay;
        let extra = Extra {
            label: order.label.clone(),
            session: order.session,
            ends_at: is_day.then(|| self.at.next_eight_utc()),
        };
        (extra != Extra::default()).then(|| Box::new(extra))
    }

    /// Trades what crosses, rests what may rest, closes the order otherwise.
    pub(crate) fn match_or_rest(
        &mut self,
        slot: u32,
        may_rest: bool,
        time_in_force: TimeInForce,
        events: &mut Vec<Event>,
    ) {
        if self.is_collecting(slot) {
            return self.collect(slot, events);
        }
        let is_all_or_none = time_in_force == TimeInForce::FillOrKill;
        if is_all_or_none && !self.fills_whole(slot) {
            return self.close_unrested(slot, CancelReason::NotToRest, events);
        }
        let stopped = self.match_taker(slot, is_all_or_none, events);
        if self.orders.at(slot).open() == Lots::ZERO {
            let id = self.orders.at(slot).id;
            self.books.release(id);
            return self.close(slot, CloseReason::Filled, events);
        }
        match stopped {
            // What bounded it may have gone on the way, cancelled by itself or by a protection.
            Some(CancelReason::TooFar) if !self.is_bounded(&self.terms_of(slot)) => {
                self.match_or_rest(slot, may_rest, time_in_force, events);
            }
            Some(CancelReason::TooFar) if may_rest => {
                self.trip_by(&self.terms_of(slot), events);
                self.collect(slot, events);
            }
            Some(reason) => self.close_unrested(slot, reason, events),
            None if may_rest => self.rest(slot, events),
            None => self.close_unrested(slot, CancelReason::NotToRest, events),
        }
    }

    pub(crate) fn close_unrested(
        &mut self,
        slot: u32,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) {
        let id = self.orders.at(slot).id;
        self.books.release(id);
        self.close(slot, CloseReason::Cancelled(reason), events);
    }

    pub(crate) fn close_position(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        price: Option<Ticks>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        self.check_market(instrument)?;
        let holding = self.accounts.at(account.0).holding(instrument);
        let position = holding.map_or(SignedLots::ZERO, |holding| self.holdings.at(holding).size);
        let size = u32::try_from(position.size()).unwrap_or(Lots::MAX.0);
        if size == 0 {
            return Err(Reject::ReduceOnlyWouldOpen { position });
        }
        // A position below the smallest order goes too: the reduce-only cut brings it back.
        let size = size.max(self.markets.at(instrument.0).spec.size_min.0);
        let closing = PlaceOrder {
            account,
            instrument,
            side: if position.0 < 0 { Side::Bid } else { Side::Ask },
            kind: price.map_or(OrderKind::Market, |price| OrderKind::Limit { price }),
            size: Lots(size),
            display: None,
            time_in_force: TimeInForce::GoodTilCancelled,
            post_only: PostOnly::No,
            reduce_only: true,
            mmp: false,
            label: Label::default(),
            client_order_id: None,
            valid_until: None,
            session: None,
        };
        self.place_order(&closing, events)
    }

    /// ORD-13: the order that this client order id named within the last day.
    pub(crate) fn repeated(&self, order: &PlaceOrder) -> Option<OrderId> {
        let key = (order.account, order.client_order_id.clone()?);
        let (first, then) = self.client_order_ids.get(&key)?;
        (self.at.ms_since(*then) < limits::CLIENT_ORDER_ID_MS).then_some(*first)
    }

    pub(crate) fn check_client_order_id(&self, order: &PlaceOrder) -> Result<(), Reject> {
        let used = self.accounts.at(order.account.0).n_client_order_ids;
        let fits = order.client_order_id.is_none() || used < limits::CLIENT_ORDER_IDS_MAX;
        if fits { Ok(()) } else { Err(Reject::ClientOrderIdsTooMany) }
    }

    pub(crate) fn remember(&mut self, order: &PlaceOrder, id: OrderId) {
        self.forget_old_ids();
        let Some(client_order_id) = order.client_order_id.clone() else {
            return;
        };
        let key = (order.account, client_order_id.clone());
        self.touch_account(order.account);
        self.accounts.at_mut(order.account.0).n_client_order_ids += 1;
        self.digests.add_client_order_id(&key, id, self.at);
        self.client_order_ids.insert(key, (id, self.at));
        self.client_order_ids_by_age.push_back((self.at, order.account, client_order_id));
    }

    /// ORD-13: ids are forgotten when an order brings a new one, and when a day ends.
    pub(crate) fn forget_old_ids(&mut self) {
        while let Some((then, ..)) = self.client_order_ids_by_age.front()
            && limits::CLIENT_ORDER_ID_MS <= self.at.ms_since(*then)
        {
            self.forget_oldest_id();
        }
    }

    fn forget_oldest_id(&mut self) {
        let oldest = self.client_order_ids_by_age.pop_front();
        let (then, account, client_order_id) = oldest.expect("the caller has seen it");
        let key: (AccountId, ClientOrderId) = (account, client_order_id);
        if let Some((id, _)) = self.client_order_ids.remove(&key) {
            self.digests.remove_client_order_id(&key, id, then);
        }
        self.touch_account(account);
        self.accounts.at_mut(account.0).n_client_order_ids -= 1;
    }
}

fn placed(
    order: &PlaceOrder,
    quote_group: Option<MmpGroup>,
    plan: Plan,
    id: OrderId,
) -> OrderPlaced {
    OrderPlaced {
        order: id,
        account: order.account,
        instrument: order.instrument,
        side: order.side,
        kind: order.kind,
        price: plan.price,
        size: plan.size,
        display: order.display,
        time_in_force: order.time_in_force,
        post_only: order.post_only,
        reduce_only: order.reduce_only,
        mmp: order.mmp,
        quote_group,
        label: order.label.clone(),
        client_order_id: order.client_order_id.clone(),
        session: order.session,
    }
}

/// ORD-2: flags that exclude each other.
pub(crate) fn check_terms(order: &PlaceOrder) -> Result<(), Reject> {
    let refuse = |fault| Err(Reject::OrderTermsContradict { fault });
    let is_limit = matches!(order.kind, OrderKind::Limit { .. });
    let rests =
        matches!(order.time_in_force, TimeInForce::GoodTilCancelled | TimeInForce::GoodTilDay);
    if order.post_only != PostOnly::No && !is_limit {
        return refuse(OrderFault::PostOnlyNeedsLimit);
    }
    if order.post_only != PostOnly::No && !rests {
        return refuse(OrderFault::PostOnlyNeedsRest);
    }
    if order.display.is_some() && !(is_limit && rests) {
        return refuse(OrderFault::DisplayNeedsRest);
    }
    if order.mmp && !(is_limit && rests) {
        return refuse(OrderFault::MmpNeedsLimit);
    }
    Ok(())
}

pub(crate) fn check_size(market: &Market, size: Lots) -> Result<(), Reject> {
    let (min, max) = (market.spec.size_min, market.spec.size_max);
    let fits = min <= size && size <= max;
    if fits { Ok(()) } else { Err(Reject::SizeOutOfRange { size, min, max }) }
}

/// ORD-10: an iceberg shows at least the smallest order and a hundredth of itself.
pub(crate) fn check_display(
    market: &Market,
    size: Lots,
    display: Option<Lots>,
) -> Result<(), Reject> {
    let Some(display) = display else {
        return Ok(());
    };
    let min = market.spec.size_min.max(Lots(size.0.div_ceil(100)));
    let fits = min <= display && display <= size;
    if fits { Ok(()) } else { Err(Reject::DisplayOutOfRange { display, min, max: size }) }
}
