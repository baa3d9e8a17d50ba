//! Amending an open order. A smaller size at the same price keeps its place in the queue; any other
//! change of price, size or display goes to the back (ORD-6).

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AmendOrder, Ask, CancelReason, CloseReason, Event, Lots, OrderFault, PostOnly, Reject, Ticks,
};

use crate::engine::Engine;
use crate::holding::Counted;
use crate::orders::Order;
use crate::place::{Plan, Terms, check_display, check_size};
use crate::prices::Wanted;

/// What the order asks to become.
#[derive(Clone, Copy, Debug)]
struct Wish {
    price: Ticks,
    size: Lots,
    display: Option<Lots>,
    post_only: PostOnly,
    reduce_only: bool,
}

impl Engine {
    pub(crate) fn amend_order(
        &mut self,
        amendment: &AmendOrder,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_sender(amendment.account, amendment.valid_until)?;
        self.refresh(amendment.account);
        let order = self.check_owned(amendment.account, amendment.order)?;
        let slot = order.id.slot();
        let instrument = self.holdings.at(order.holding).instrument;
        let market = self.check_market(instrument)?;
        check_amendment(amendment)?;
        let wish = wish(order, amendment);
        let asked = asked(order, &wish);
        let is_passive = self.check_state(market, instrument, asked)? && asked != Ask::Shrink;
        if is_passive && wish.post_only == PostOnly::No {
            self.check_passive(instrument, order.side, wish.price)?;
        }
        if wish.size != order.size {
            check_size(market, wish.size)?;
        }
        let lifts_flag = order.reduce_only && !wish.reduce_only;
        if wish.price != order.price || order.size < wish.size || lifts_flag {
            self.check_order_fit(&Wanted {
                account: amendment.account,
                instrument,
                side: order.side,
                lots: Lots(wish.size.0.saturating_sub(order.filled.0)),
                reduce_only: wish.reduce_only,
                replaces: Some(order.counted()),
            })?;
            self.check_price(market, instrument, order.side, wish.price)?;
        }
        check_display(market, wish.size, wish.display)?;
        if wish.size < order.filled {
            return Err(Reject::SizeBelowFilled { filled: order.filled });
        }
        if wish.size == order.filled {
            self.finish(slot, events);
            self.count_sent(amendment.account, 1, events);
            return Ok(());
        }
        if keeps_place(order, &wish) {
            self.set_flags(slot, &wish);
            let open = wish.size.minus(self.orders.at(slot).filled);
            self.shrink(slot, open, true, events);
            self.count_sent(amendment.account, 1, events);
            return Ok(());
        }
        self.requeue(amendment, slot, &wish, events)
    }

    /// Cuts an order to what is filled, which completes it.
    fn finish(&mut self, slot: u32, events: &mut Vec<Event>) {
        let order = self.orders.at(slot);
        let id = order.id;
        events.push(Event::OrderAmended {
            order: id,
            price: order.price,
            size: order.filled,
            displayed: Lots::ZERO,
            kept_place: true,
            reduce_only: order.reduce_only,
            post_only: order.post_only,
            asked: true,
        });
        self.books.remove(id).expect("an open order rests");
        self.close(slot, CloseReason::Filled, events);
    }

    /// Checks the order anew as if it came now, takes it off the book and lets it match.
    fn requeue(
        &mut self,
        amendment: &AmendOrder,
        slot: u32,
        wish: &Wish,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let order = self.orders.at(slot);
        let (account, holding) = (amendment.account, order.holding);
        let instrument = self.holdings.at(holding).instrument;
        let terms = Terms {
            account,
            instrument,
            holding: Some(holding),
            side: order.side,
            price: wish.price,
            size: wish.size.minus(order.filled),
            post_only: wish.post_only,
            reduce_only: wish.reduce_only,
        };
        let (price, open) = match self.check_against_book(&terms) {
            Err(Reject::PostOnlyWouldCross { .. }) => {
                self.cancel(amendment.order, CancelReason::PostOnly, events);
                return Ok(());
            }
            other => other?,
        };
        let hold = self.hold_of(&terms, price, open);
        let new = Counted { lots: open, hold, reduce_only: wish.reduce_only, side: order.side };
        let old = order.counted();
        if !planted::is(Bug::AmendAsksNoMargin) {
            self.check_room(&terms, |held| {
                held.uncount(&old);
                held.count(&new);
            })?;
        }
        let size = order.filled.plus(open);
        let plan = Plan { price, size, hold, may_rest: true };
        self.take_off(slot, wish, plan, events);
        let time_in_force = self.orders.at(slot).time_in_force;
        self.match_or_rest(slot, true, time_in_force, events);
        self.count_sent(account, 1, events);
        Ok(())
    }

    /// Off the book, changed, and counted as it is now.
    fn take_off(&mut self, slot: u32, wish: &Wish, plan: Plan, events: &mut Vec<Event>) {
        self.touch_order(slot);
        let order = self.orders.at(slot);
        let (id, holding, old) = (order.id, order.holding, order.counted());
        self.books.unlink(id).expect("an open order rests");
        self.set_flags(slot, wish);
        let order = self.orders.at_mut(slot);
        (order.price, order.size, order.hold) = (plan.price, plan.size, plan.hold);
        (order.display, order.displayed) = (wish.display, Lots::ZERO);
        let new = order.counted();
        let held = self.holdings.at_mut(holding);
        held.uncount(&old);
        held.count(&new);
        self.recount(holding);
        events.push(Event::OrderAmended {
            order: id,
            price: plan.price,
            size: plan.size,
            displayed: Lots::ZERO,
            kept_place: false,
            reduce_only: wish.reduce_only,
            post_only: wish.post_only,
            asked: true,
        });
    }

    fn set_flags(&mut self, slot: u32, wish: &Wish) {
        self.touch_order(slot);
        let order = self.orders.at_mut(slot);
        (order.post_only, order.reduce_only) = (wish.post_only, wish.reduce_only);
    }
}

/// What the amended order asks for.
fn asked(order: &Order, wish: &Wish) -> Ask {
    let is_smaller = keeps_place(order, wish) && wish.size < order.size;
    match (is_smaller, wish.reduce_only) {
        (true, _) => Ask::Shrink,
        (false, true) => Ask::Reduce,
        (false, false) => Ask::Limit,
    }
}

pub(crate) fn check_amendment(amendment: &AmendOrder) -> Result<(), Reject> {
    let AmendOrder { size, price, display, post_only, reduce_only, .. } = amendment;
    let changes_number = size.is_some() || price.is_some() || display.is_some();
    if changes_number || post_only.is_some() || reduce_only.is_some() {
        return Ok(());
    }
    Err(Reject::OrderTermsContradict { fault: OrderFault::NothingToAmend })
}

fn wish(order: &Order, amendment: &AmendOrder) -> Wish {
    let size = amendment.size.unwrap_or(order.size);
    Wish {
        price: amendment.price.unwrap_or(order.price),
        size,
        display: amendment.display.or(order.display.map(|display| display.min(size))),
        post_only: amendment.post_only.unwrap_or(order.post_only),
        reduce_only: amendment.reduce_only.unwrap_or(order.reduce_only),
    }
}

/// A change of the reduce-only flag is checked as a new order is, so it does not keep its place.
fn keeps_place(order: &Order, wish: &Wish) -> bool {
    wish.price == order.price
        && wish.size <= order.size
        && wish.display == order.display.map(|display| display.min(wish.size))
        && wish.reduce_only == order.reduce_only
        && !planted::is(Bug::AmendDownLosesPlace)
}
