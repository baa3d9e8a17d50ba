//! `ORDER-LIFE`: an order is placed once, then trades, rests or closes, and closes once, for a
//! reason that is true of it (ORD-1, ORD-4, ORD-10; docs/rules/orders.md).
//!
//! What was placed or amended off its place rests or closes within its entry. What may not rest
//! does not; fill-or-kill trades all or nothing; post-only never takes; a rest shows its display
//! size; the next part of an iceberg shows when nothing of it does, at the back.
//!
//! It does not see whether an order should have been refused for money.

use types::{
    CancelReason, CloseReason, Command, Entry, Lots, MarketState, OrderId, OrderKind, OrderPlaced,
    PostOnly, Ticks, TimeInForce,
};

use super::state::{Order, State, key_of, label_of, not_open};
use super::{Check, auctions, hold};

pub(crate) const LIFE: &str = "ORDER-LIFE";

/// A new order, which is off the book.
pub(crate) fn placed(state: &mut State, placed: &OrderPlaced) -> Check {
    let id = placed.order;
    let taker = state.taker;
    hold!(
        taker.is_none(),
        LIFE,
        "order {id} is placed while {taker:?} neither rests nor is closed"
    );
    hold!(placed.size != Lots::ZERO, LIFE, "order {id} is placed with no size");
    let limits = match placed.kind {
        OrderKind::Limit { price } if placed.post_only == PostOnly::No => placed.price == price,
        OrderKind::Limit { .. } | OrderKind::Market | OrderKind::MarketLimit => {
            placed.price != Ticks(0)
        }
    };
    hold!(limits, LIFE, "order {id} asked for {:?} and has {}", placed.kind, placed.price);
    let at = state.at;
    let account = state.account_mut(placed.account)?;
    let order = Order {
        id,
        account: placed.account,
        instrument: placed.instrument,
        side: placed.side,
        price: placed.price,
        size: placed.size,
        filled: Lots::ZERO,
        displayed: Lots::ZERO,
        display: placed.display,
        time_in_force: placed.time_in_force,
        post_only: placed.post_only,
        reduce_only: placed.reduce_only,
        is_market: placed.kind == OrderKind::Market,
        mmp_group: placed.quote_group.or(placed.mmp.then_some(types::MmpGroup(0))),
        quote_group: placed.quote_group,
        label: label_of(&placed.label),
        session: placed.session,
        placed_at: at,
        priority: 0,
        nth: u32::try_from(account.orders.len()).unwrap_or(u32::MAX),
        kind: placed.kind,
    };
    account.orders.push(id);
    hold!(state.orders.insert(order), LIFE, "order {id} has the slot of one that is open");
    let held = state.holding_mut(placed.account, placed.instrument)?;
    held.count(order.way(), order.size, true);
    held.n_orders += 1;
    state.taker = Some(id);
    Ok(())
}

/// What is left of the taker stands at the back of its queue.
pub(crate) fn rested(
    state: &mut State,
    id: OrderId,
    (price, open, displayed): (Ticks, Lots, Lots),
) -> Check {
    hold!(state.taker == Some(id), LIFE, "order {id} rests, and it was {:?}'s turn", state.taker);
    let order = *state.order(id)?;
    let shows = order.display.map_or(order.open(), |display| display.min(order.open()));
    let told = (price, open, displayed);
    hold!(
        told == (order.price, order.open(), shows) && open != Lots::ZERO,
        LIFE,
        "order {id} rests as {told:?}, it has {:?}",
        (order.price, order.open(), shows)
    );
    let rests = order.may_rest() && !order.is_market;
    hold!(rests, LIFE, "order {id} rests, it was not to: {:?}", order.time_in_force);
    let market = state.market(order.instrument)?;
    let best = market.front(order.side.opposite()).map(|(best, _)| best);
    let crosses = best.is_some_and(|best| order.side.reaches(price, best));
    let collects = market.state == MarketState::Auction;
    hold!(!crosses || collects, LIFE, "order {id} rests at {price}, the other side is at {best:?}");
    if crosses {
        auctions::check_strangers(state, &order)?;
    }

    state.taker = None;
    append(state, id, displayed)
}

/// An iceberg shows its next part, behind everybody at its price.
pub(crate) fn replenished(state: &mut State, id: OrderId, displayed: Lots) -> Check {
    let order = *state.order(id)?;
    let shows = order.display.unwrap_or(Lots::ZERO).min(order.open());
    let is_due = order.is_resting() && order.displayed == Lots::ZERO && shows != Lots::ZERO;
    hold!(is_due, LIFE, "order {id} shows {displayed} more beside {}", order.displayed);
    hold!(shows == displayed, LIFE, "order {id} shows {displayed} more, {shows} is next");

    take_off(state, &order)?;
    append(state, id, displayed)
}

/// Puts an order at the back of the queue of its price.
pub(crate) fn append(state: &mut State, id: OrderId, displayed: Lots) -> Check {
    state.n_priorities += 1;
    let priority = state.n_priorities;
    let order = state.orders.get_mut(id).ok_or_else(|| not_open(id))?;
    (order.displayed, order.priority) = (displayed, priority);
    let (instrument, side, price) = (order.instrument, order.side, order.price);
    let book = state.market_mut(instrument)?.side_mut(side);
    book.insert(key_of(side, price, priority), id);
    Ok(())
}

/// Takes a resting order off its book; the order itself is not changed but for its place.
pub(crate) fn take_off(state: &mut State, order: &Order) -> Check {
    if order.displayed == Lots::ZERO {
        state.n_empty -= 1;
    }
    let key = key_of(order.side, order.price, order.priority);
    state.market_mut(order.instrument)?.side_mut(order.side).remove(&key);
    let order = state.orders.get_mut(order.id).ok_or_else(|| not_open(order.id))?;
    (order.priority, order.displayed) = (0, Lots::ZERO);
    Ok(())
}

/// An order is gone.
pub(crate) fn closed(state: &mut State, entry: &Entry, id: OrderId, reason: CloseReason) -> Check {
    let order = *state.order(id)?;
    let is_filled = order.open() == Lots::ZERO;
    hold!(
        is_filled == (reason == CloseReason::Filled),
        LIFE,
        "order {id} closes as {reason:?} with {} of {} open",
        order.open(),
        order.size
    );
    let is_taker = state.taker == Some(id);
    let is_partial = order.filled != Lots::ZERO && !is_filled;
    let is_whole = order.time_in_force == TimeInForce::FillOrKill;
    hold!(!(is_whole && is_partial), LIFE, "fill-or-kill order {id} filled {}", order.filled);
    hold!(is_taker || order.is_resting(), LIFE, "order {id} closes, and neither rested nor took");
    if let CloseReason::Cancelled(reason) = reason {
        let fits = is_true(state, entry, &order, reason, is_taker)?;
        hold!(fits, LIFE, "order {id} is cancelled as {reason:?}, which is not so: {order:?}");
    }

    match is_taker {
        true => state.taker = None,
        false => take_off(state, &order)?,
    }
    forget(state, &order)
}

/// Takes a closed order out of what counts it.
fn forget(state: &mut State, order: &Order) -> Check {
    state.orders.remove(order.id);
    let held = state.holding_mut(order.account, order.instrument)?;
    held.count(order.way(), order.open(), false);
    held.n_orders -= 1;
    let account = state.account_mut(order.account)?;
    let nth = super::state::at(order.nth);
    account.orders.swap_remove(nth);
    if let Some(moved) = account.orders.get(nth).copied() {
        let moved = state.orders.get_mut(moved).ok_or_else(|| not_open(moved))?;
        moved.nth = order.nth;
    }
    Ok(())
}

/// Whether the reason of a cancel is true of the order, as far as the order and the entry tell.
fn is_true(
    state: &State,
    entry: &Entry,
    order: &Order,
    reason: CancelReason,
    is_taker: bool,
) -> Result<bool, crate::Violation> {
    let account = state.account(order.account)?;
    Ok(match reason {
        // `cancels` looks at these.
        CancelReason::Asked => !is_taker,
        CancelReason::NotToRest => {
            let stays = order.may_rest() && matches!(order.kind, OrderKind::Limit { .. });
            is_taker && !stays
        }
        // `self_trade` and `protection` look at these.
        CancelReason::SelfTrade => is_taker || state.taker.is_some(),
        CancelReason::MmpTriggered => order.mmp_group.is_some(),
        CancelReason::Disconnected => {
            order.session.is_some()
                && matches!(
                    entry.command,
                    Command::DropSession { .. } | Command::DropSessions { .. }
                )
        }
        CancelReason::DayEnded => {
            order.time_in_force == TimeInForce::GoodTilDay
                && order.placed_at.next_eight_utc() <= state.at
        }
        CancelReason::ReduceOnly => {
            order.reduce_only
                && state.holding(order.account, order.instrument).reducible(order.side) == 0
        }
        CancelReason::Requoted => {
            matches!(&entry.command, Command::MassQuote(quotes)
                if quotes.account == order.account && order.quote_group == Some(quotes.group))
        }
        CancelReason::PostOnly => {
            matches!(&entry.command, Command::AmendOrder(amendment) if amendment.order == order.id)
                && !is_taker
        }
        CancelReason::Expired => state.market(order.instrument)?.is_expired(state.at),
        CancelReason::Liquidated => account.is_liquidating,
        CancelReason::TooFar => {
            let stays = order.may_rest() && matches!(order.kind, OrderKind::Limit { .. });
            is_taker && !stays
        }
        CancelReason::Killed => account.is_killed,
    })
}

/// What holds after every entry.
pub(crate) fn end(state: &State) -> Check {
    let taker = state.taker;
    hold!(taker.is_none(), LIFE, "order {taker:?} neither rests nor is closed");
    hold!(state.n_empty == 0, LIFE, "{} resting orders show nothing", state.n_empty);
    Ok(())
}

/// Whether an order of this kind stays with what does not trade at once.
pub(crate) fn may_rest(time_in_force: TimeInForce) -> bool {
    matches!(time_in_force, TimeInForce::GoodTilCancelled | TimeInForce::GoodTilDay)
}
