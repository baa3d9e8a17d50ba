//! `STATE-ALLOWS`: in each state of a market only that is placed, rests and trades which the table
//! allows (STA-1, STA-3, STA-4, TRG-12; docs/rules/states.md); nothing after its expiry; nothing of
//! an account whose kill switch is on, or that is being liquidated but for the venue's own orders.
//! A state is told to change from what it was.
//!
//! It does not see whether a market is in the state in which it should be.

use types::{
    AccountId, At, Command, Entry, InstrumentId, MarketState as S, OrderId, OrderKind, OrderPlaced,
    Traded,
};

use super::state::{Order, State};
use super::{Check, auctions, hold, log};

pub(crate) const ALLOWS: &str = "STATE-ALLOWS";

/// An order is about to be known; `is_born`: of a trigger that has just fired.
pub(crate) fn placed(state: &State, entry: &Entry, placed: &OrderPlaced, is_born: bool) -> Check {
    let market = state.market(placed.instrument)?;
    let id = placed.order;
    let now = market.state;
    hold!(!market.is_expired(state.at), ALLOWS, "order {id} is placed after the expiry");
    let rests = super::orders::may_rest(placed.time_in_force);
    let is_limit = matches!(placed.kind, OrderKind::Limit { .. });
    let account = state.account(placed.account)?;
    let liquidates = account.is_liquidating && is_venues(entry);
    let allows = match now {
        S::Open => true,
        _ if is_born => false,
        S::PostOnly | S::Auction => is_limit && rests && !liquidates,
        S::ReduceOnly => liquidates || is_limit && rests && placed.reduce_only,
        S::CancelOnly | S::Halted | S::Delivering | S::Closed => false,
    };
    hold!(allows, ALLOWS, "order {id} is placed in a market that is {now:?}: {placed:?}");
    let is_free = !account.is_killed && (!account.is_liquidating || liquidates);
    hold!(
        is_free || liquidates,
        ALLOWS,
        "order {id} is placed by {}, which is stopped: liquidated {}, killed {}",
        placed.account,
        account.is_liquidating,
        account.is_killed
    );
    let sender = sender(entry);
    let fits = is_born || liquidates || sender == Some(placed.account);
    hold!(fits, ALLOWS, "order {id} of {} is placed by {sender:?}", placed.account);
    Ok(())
}

fn is_venues(entry: &Entry) -> bool {
    matches!(entry.command, Command::Tick | Command::Liquidate)
}

fn sender(entry: &Entry) -> Option<AccountId> {
    match &entry.command {
        Command::PlaceOrder(order) => Some(order.account),
        Command::MassQuote(quotes) => Some(quotes.account),
        Command::ClosePosition { account, .. } => Some(*account),
        _ => None,
    }
}

/// What is left of an order is about to rest.
pub(crate) fn rests(state: &State, id: OrderId) -> Check {
    let order = state.order(id)?;
    let market = state.market(order.instrument)?;
    let now = market.state;
    let allows = match now {
        S::Open | S::PostOnly | S::Auction => true,
        S::ReduceOnly => order.reduce_only,
        S::CancelOnly | S::Halted | S::Delivering | S::Closed => false,
    };
    let is_expired = market.is_expired(state.at);
    hold!(allows && !is_expired, ALLOWS, "order {id} rests in a market that is {now:?}");
    Ok(())
}

/// Two orders are about to trade.
pub(crate) fn trades(state: &State, trade: &Traded, taker: Option<&Order>) -> Check {
    let market = state.market(trade.instrument)?;
    let now = market.state;
    let allows = match now {
        S::Open | S::Auction => true,
        S::ReduceOnly => taker.is_some_and(|taker| taker.reduce_only),
        S::PostOnly | S::CancelOnly | S::Halted | S::Delivering | S::Closed => false,
    };
    let is_expired = market.is_expired(state.at);
    hold!(allows && !is_expired, ALLOWS, "trade {} in a market that is {now:?}", trade.trade);
    Ok(())
}

/// A market is in another state.
pub(crate) fn changed(
    state: &mut State,
    instrument: InstrumentId,
    (from, to): (S, S),
    at: At,
) -> Check {
    log::check_time(state, at)?;
    let was = state.market(instrument)?.state;
    hold!(
        from == was,
        ALLOWS,
        "instrument {instrument} goes from {from:?} to {to:?}, it was {was:?}"
    );
    let is_past = S::Delivering <= from && to < from;
    hold!(!is_past, ALLOWS, "instrument {instrument} goes back from {from:?} to {to:?}");
    // STA-7: by an auction.
    let skips = S::Auction < from && to < S::Auction;
    hold!(!skips, ALLOWS, "instrument {instrument} opens from {from:?} to {to:?} at once");
    state.market_mut(instrument)?.state = to;
    if to < S::Auction {
        auctions::check_uncrossed(state, instrument)?;
    }
    Ok(())
}

/// STA-5: an account is about to be liquidated.
pub(crate) fn liquidates(state: &State, account: AccountId) -> Check {
    for (instrument, held) in &state.account(account)?.holdings {
        let now = state.market(*instrument)?.state;
        let allows = held.size == 0 || matches!(now, S::Open | S::ReduceOnly);
        hold!(allows, ALLOWS, "{account} is liquidated with a position where it is {now:?}");
    }
    Ok(())
}
