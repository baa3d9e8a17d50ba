//! `PRICE-TIME`, `REDUCE-ONLY`: who trades with whom, at which price and how much (ORD-3, ORD-7,
//! ORD-11; docs/rules/orders.md), by a book of the model's own.
//!
//! Outside of auctions a taker meets the first order at the best price of the other side, trades at
//! that order's price what both have, and not beyond its own limit; a post-only order never takes.
//! Nobody opens or turns a position with a reduce-only order. Numbers of trades follow each other.
//!
//! It does not see how far a breaker lets an order trade.

use types::{Lots, MarketState, OrderId, PostOnly, Side, TradeSide, Traded};

use super::auctions::Auctions;
use super::state::{Order, State, not_open};
use super::{Check, hold};

pub(crate) const PRICE_TIME: &str = "PRICE-TIME";
pub(crate) const REDUCE_ONLY: &str = "REDUCE-ONLY";

/// Two orders met.
pub(crate) fn traded(state: &mut State, auctions: &mut Auctions, trade: &Traded) -> Check {
    let empty = state.n_empty;
    hold!(empty == 0, PRICE_TIME, "{empty} orders that show nothing are passed over");
    let (maker, taker) = (*state.order(trade.maker.order)?, *state.order(trade.taker.order)?);
    check_numbers(state, trade)?;
    check_sides(trade, &maker, &taker)?;
    let market = state.market(trade.instrument)?;
    match market.state {
        MarketState::Auction => auctions.check_pair(state, trade, &maker, &taker)?,
        _ => check_met(state, trade, &maker, &taker)?,
    }
    for (order, told) in [(&maker, &trade.maker), (&taker, &trade.taker)] {
        check_reduces(state, order, trade)?;
        take(state, order, trade.size, told)?;
    }
    let market = state.market_mut(trade.instrument)?;
    market.last = trade.price;
    Ok(())
}

fn check_numbers(state: &mut State, trade: &Traded) -> Check {
    state.n_trades += 1;
    let number = state.n_trades;
    hold!(trade.trade.0 == number, PRICE_TIME, "trade {} came where {number} is", trade.trade);
    let market = state.market_mut(trade.instrument)?;
    market.trade_seq += 1;
    let (next, mark) = (market.trade_seq, market.mark);
    hold!(trade.trade_seq == next, PRICE_TIME, "trade {} is {next} here", trade.trade_seq);
    hold!(trade.mark == mark, PRICE_TIME, "a trade tells mark {}, it is {mark}", trade.mark);
    let index = state.index_price(state.market(trade.instrument)?);
    let told = trade.index_price;
    hold!(told == index, PRICE_TIME, "a trade tells index {told}, it is {index}");
    Ok(())
}

/// Both orders are in the instrument, of the accounts told, and on different sides.
fn check_sides(trade: &Traded, maker: &Order, taker: &Order) -> Check {
    let here = |order: &Order, told: &TradeSide, side: Side| {
        order.instrument == trade.instrument && order.account == told.account && order.side == side
    };
    let fits = here(maker, &trade.maker, trade.taker_side.opposite())
        && here(taker, &trade.taker, trade.taker_side);
    hold!(fits, PRICE_TIME, "trade {} is not that of its orders", trade.trade);
    Ok(())
}

/// Continuous trading.
fn check_met(state: &State, trade: &Traded, maker: &Order, taker: &Order) -> Check {
    let turn = state.taker;
    hold!(turn == Some(taker.id), PRICE_TIME, "order {} takes, it is {turn:?}'s turn", taker.id);
    let front = state.market(trade.instrument)?.front(maker.side);
    hold!(
        front == Some((trade.price, maker.id)),
        PRICE_TIME,
        "order {} trades at {}, the first at the best price is {front:?}",
        maker.id,
        trade.price
    );
    let (limit, price) = (taker.price, trade.price);
    let reaches = taker.side.reaches(limit, price);
    hold!(reaches, PRICE_TIME, "order {} takes at {price}, its limit is {limit}", taker.id);
    let size = taker.open().min(maker.displayed);
    hold!(
        trade.size == size && size != Lots::ZERO,
        PRICE_TIME,
        "{} lots trade between {} and {} that show and want {size}",
        trade.size,
        maker.id,
        taker.id
    );
    let is_passive = taker.post_only != PostOnly::No;
    hold!(!is_passive, PRICE_TIME, "post-only order {} takes", taker.id);
    Ok(())
}

/// ORD-7, before the trade.
fn check_reduces(state: &State, order: &Order, trade: &Traded) -> Check {
    if !order.reduce_only {
        return Ok(());
    }
    let most = state.holding(order.account, order.instrument).reducible(order.side);
    hold!(
        u64::from(trade.size.0) <= most,
        REDUCE_ONLY,
        "reduce-only order {} trades {} lots, its position leaves {most}",
        order.id,
        trade.size
    );
    Ok(())
}

/// Takes a fill into an order.
fn take(state: &mut State, order: &Order, size: Lots, told: &TradeSide) -> Check {
    let id: OrderId = order.id;
    let left = order.open().0.checked_sub(size.0).map(Lots);
    hold!(
        left == Some(told.open),
        PRICE_TIME,
        "order {id} had {} lots, traded {size} and is told to have {}",
        order.open(),
        told.open
    );
    let traded = state.orders.get_mut(id).ok_or_else(|| not_open(id))?;
    traded.filled = Lots(traded.filled.0 + size.0);
    if traded.is_resting() {
        traded.displayed = Lots(traded.displayed.0.saturating_sub(size.0));
        state.n_empty += u32::from(traded.displayed == Lots::ZERO);
    }
    state.holding_mut(order.account, order.instrument)?.count(order.way(), size, false);
    Ok(())
}
