//! `AMEND-KEEPS-PLACE`: an amendment that makes an order smaller at its price keeps its place, and
//! any other loses it (ORD-6); the venue itself only cuts reduce-only orders, and only to the
//! position (ORD-7). Who did not ask is not amended.
//!
//! It does not see by how much a post-only order slides.

use types::{AmendOrder, Command, Entry, Event, Lots, OrderId, PostOnly, Ticks};

use super::state::{Order, State, not_open};
use super::{Check, hold, orders};

pub(crate) const KEEPS: &str = "AMEND-KEEPS-PLACE";

/// An amendment as it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amended {
    pub order: OrderId,
    pub price: Ticks,
    pub size: Lots,
    pub displayed: Lots,
    pub kept_place: bool,
    pub reduce_only: bool,
    pub post_only: PostOnly,
    pub asked: bool,
}

impl Amended {
    /// Of an event that tells one.
    pub fn of(event: &Event, order: OrderId) -> Option<Amended> {
        match *event {
            Event::OrderAmended {
                price,
                size,
                displayed,
                kept_place,
                reduce_only,
                post_only,
                asked,
                ..
            } => Some(Amended {
                order,
                price,
                size,
                displayed,
                kept_place,
                reduce_only,
                post_only,
                asked,
            }),
            _ => None,
        }
    }
}

/// An order that rests has changed.
pub(crate) fn amended(state: &mut State, entry: &Entry, told: &Amended) -> Check {
    let order = *state.order(told.order)?;
    hold!(order.is_resting(), KEEPS, "order {} is amended, and does not rest", order.id);
    match told.asked {
        true => check_asked(&order, entry, told)?,
        false => check_cut(state, &order, told)?,
    }

    let displayed = order.displayed;
    if !told.kept_place {
        orders::take_off(state, &order)?;
    }
    let held = state.holding_mut(order.account, order.instrument)?;
    held.count(order.way(), order.open(), false);
    let changed = state.orders.get_mut(order.id).ok_or_else(|| not_open(order.id))?;
    (changed.price, changed.size) = (told.price, told.size);
    (changed.reduce_only, changed.post_only) = (told.reduce_only, told.post_only);
    let open = changed.open();
    let after = *changed;
    state.holding_mut(order.account, order.instrument)?.count(after.way(), open, true);
    match told.kept_place {
        true => shrink(state, &order, (displayed, open), told),
        false => {
            requeue(state, &order, entry)?;
            state.taker = Some(order.id);
            Ok(())
        }
    }
}

/// It stays where it is, and shows less if less is left.
fn shrink(state: &mut State, order: &Order, (shown, open): (Lots, Lots), told: &Amended) -> Check {
    let shows = shown.min(open);
    hold!(
        told.displayed == shows,
        KEEPS,
        "order {} shows {} of {open} after its amendment: it showed {shown}",
        order.id,
        told.displayed
    );
    let changed = state.orders.get_mut(order.id).ok_or_else(|| not_open(order.id))?;
    changed.displayed = shows;
    state.n_empty += u32::from(shows == Lots::ZERO && shown != Lots::ZERO);
    Ok(())
}

/// It is off the book; what it will show is what was asked.
fn requeue(state: &mut State, order: &Order, entry: &Entry) -> Check {
    let taker = state.taker;
    hold!(taker.is_none(), KEEPS, "order {} is amended while {taker:?} trades", order.id);
    if let Command::AmendOrder(asked) = &entry.command {
        let display = wish_display(order, asked);
        let changed = state.orders.get_mut(order.id).ok_or_else(|| not_open(order.id))?;
        changed.display = display;
    }
    Ok(())
}

/// ORD-7: a cut of the venue's.
fn check_cut(state: &State, order: &Order, told: &Amended) -> Check {
    let most = state.holding(order.account, order.instrument).reducible(order.side);
    let left = told.size.0.saturating_sub(order.filled.0);
    let is_cut = order.reduce_only
        && told.reduce_only
        && told.kept_place
        && told.price == order.price
        && told.size < order.size
        && u64::from(left) == most;
    hold!(
        is_cut,
        KEEPS,
        "the venue made {told:?} of {order:?}: the position leaves {most} lots to reduce"
    );
    Ok(())
}

/// ORD-6: what the owner asked for.
fn check_asked(order: &Order, entry: &Entry, told: &Amended) -> Check {
    let Command::AmendOrder(asked) = &entry.command else {
        hold!(false, KEEPS, "order {} is amended, and its owner did not ask", order.id);
        return Ok(());
    };
    let is_owner = asked.order == order.id && asked.account == order.account;
    hold!(is_owner, KEEPS, "order {} is amended by a command for {}", order.id, asked.order);
    let size = asked.size.unwrap_or(order.size);
    let price = asked.price.unwrap_or(order.price);
    let reduce_only = asked.reduce_only.unwrap_or(order.reduce_only);
    let is_smaller = price == order.price
        && size <= order.size
        && wish_display(order, asked) == order.display.map(|display| display.min(size))
        && reduce_only == order.reduce_only;
    // What is cut to what is filled is over, and has no place to keep.
    let is_over = size == order.filled;
    hold!(
        is_over || told.kept_place == is_smaller,
        KEEPS,
        "order {} kept its place: {}, it became smaller at its price: {is_smaller}",
        order.id,
        told.kept_place
    );
    let slides = told.post_only != PostOnly::No;
    let fits = is_over && told.size == order.filled
        || (told.price == price || slides)
            && (told.size == size || reduce_only && told.size < size)
            && told.reduce_only == reduce_only;
    hold!(fits, KEEPS, "order {} was to become {asked:?}, it became {told:?}", order.id);
    Ok(())
}

fn wish_display(order: &Order, asked: &AmendOrder) -> Option<Lots> {
    let size = asked.size.unwrap_or(order.size);
    asked.display.or(order.display.map(|display| display.min(size)))
}
