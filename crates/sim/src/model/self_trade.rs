//! `SELF-TRADE`: orders of one group never trade with each other, and what goes instead is what the
//! account of the incoming order chose (STP-1, STP-2, LIQ-15; docs/rules/self-trade.md).
//!
//! It does not see whether an order should have been refused because it would have met its own.

use types::{CancelReason, CloseReason, SelfTradeMode, Traded};

use super::state::{Order, State};
use super::{Check, hold};

pub(crate) const APART: &str = "SELF-TRADE";

/// Two orders met.
pub(crate) fn traded(state: &State, trade: &Traded) -> Check {
    let (maker, taker) = (trade.maker.account, trade.taker.account);
    hold!(
        state.group(maker) != state.group(taker),
        APART,
        "accounts {maker} and {taker} are one group, and trade with each other"
    );
    Ok(())
}

/// An order is about to close. One that rested went for the incoming one of its group, whose
/// account wants it so; the incoming one goes if its account does not.
pub(crate) fn closes(state: &State, order: &Order, reason: CloseReason) -> Check {
    if reason != CloseReason::Cancelled(CancelReason::SelfTrade) {
        return Ok(());
    }
    let Some(taker) = state.taker else {
        return Ok(());
    };
    let taker = state.order(taker)?;
    let account = state.account(taker.account)?;
    let goes_on = account.is_liquidating || account.self_trade == SelfTradeMode::CancelMaker;
    let is_maker = taker.id != order.id;
    hold!(
        goes_on == is_maker && state.group(order.account) == state.group(taker.account),
        APART,
        "order {} closes for {} of {}, whose account chose {:?}",
        order.id,
        taker.id,
        taker.account,
        account.self_trade
    );
    Ok(())
}
