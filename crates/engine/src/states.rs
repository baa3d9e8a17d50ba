//! What each state of a market allows: the one table, and who asks it (docs/rules/states.md).
//!
//! Cancelling is allowed in every state before closed. The table knows nothing of why a market is
//! in a state: that is `halts`.

use types::{
    AccountId, Ask, InstrumentId, MarketState, OrderKind, PlaceOrder, Reject, TimeInForce,
};

use crate::engine::Engine;
use crate::market::Market;

/// An answer of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Allowed.
    Yes,
    /// Allowed if it does not trade at once.
    Passive,
    /// Refused.
    No,
}

/// Every state, the weakest restriction first.
pub const STATES: [MarketState; 8] = [
    MarketState::Open,
    MarketState::PostOnly,
    MarketState::ReduceOnly,
    MarketState::Auction,
    MarketState::CancelOnly,
    MarketState::Halted,
    MarketState::Delivering,
    MarketState::Closed,
];

/// Everything that may be asked.
pub const ASKS: [Ask; 8] = [
    Ask::Cancel,
    Ask::Shrink,
    Ask::Limit,
    Ask::Immediate,
    Ask::Reduce,
    Ask::Quote,
    Ask::Trigger,
    Ask::Liquidate,
];

/// STA-1: what a state allows.
pub fn answer(state: MarketState, ask: Ask) -> Answer {
    use Answer::{No, Passive, Yes};
    // Cancel, shrink, limit, immediate, reduce, quote, trigger, liquidate.
    let row = match state {
        MarketState::Open => [Yes, Yes, Yes, Yes, Yes, Yes, Yes, Yes],
        MarketState::PostOnly => [Yes, Yes, Passive, No, Passive, Passive, Yes, No],
        MarketState::ReduceOnly => [Yes, Yes, No, No, Yes, No, Yes, Yes],
        MarketState::Auction => [Yes, Yes, Yes, No, Yes, Yes, Yes, No],
        MarketState::CancelOnly => [Yes, Yes, No, No, No, No, No, No],
        MarketState::Halted | MarketState::Delivering => [Yes, No, No, No, No, No, No, No],
        MarketState::Closed => [No, No, No, No, No, No, No, No],
    };
    let [cancel, shrink, limit, immediate, reduce, quote, trigger, liquidate] = row;
    match ask {
        Ask::Cancel => cancel,
        Ask::Shrink => shrink,
        Ask::Limit => limit,
        Ask::Immediate => immediate,
        Ask::Reduce => reduce,
        Ask::Quote => quote,
        Ask::Trigger => trigger,
        Ask::Liquidate => liquidate,
    }
}

/// What an order asks for.
pub(crate) fn asked(order: &PlaceOrder) -> Ask {
    let rests =
        matches!(order.time_in_force, TimeInForce::GoodTilCancelled | TimeInForce::GoodTilDay);
    match order.kind {
        OrderKind::Limit { .. } if rests && order.reduce_only => Ask::Reduce,
        OrderKind::Limit { .. } if rests => Ask::Limit,
        OrderKind::Limit { .. } | OrderKind::Market | OrderKind::MarketLimit => Ask::Immediate,
    }
}

impl Engine {
    /// STA-1: the state allows it. Says whether only if it does not trade at once.
    pub(crate) fn check_state(
        &self,
        market: &Market,
        instrument: InstrumentId,
        ask: Ask,
    ) -> Result<bool, Reject> {
        match answer(market.state, ask) {
            Answer::Yes => Ok(false),
            Answer::Passive => Ok(true),
            Answer::No => Err(Reject::MarketRestricted { instrument, state: market.state, ask }),
        }
    }

    /// STA-4: whoever is stopped may cancel, and nothing else.
    pub(crate) fn check_alive(&self, account: AccountId) -> Result<(), Reject> {
        match self.halts.killed.contains(&account) {
            true => Err(Reject::AccountKilled { account }),
            false => Ok(()),
        }
    }
}
