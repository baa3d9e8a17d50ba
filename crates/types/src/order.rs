//! How an order behaves.

use crate::Ticks;

/// Way of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Buys.
    Bid,
    /// Sells.
    Ask,
}

impl Side {
    /// The other way.
    pub fn opposite(self) -> Side {
        match self {
            Side::Bid => Side::Ask,
            Side::Ask => Side::Bid,
        }
    }

    /// True when `price` of this side is at least as good for the other side as `than`: a bid at or
    /// above it, an ask at or below it.
    pub fn reaches(self, price: Ticks, than: Ticks) -> bool {
        match self {
            Side::Bid => than <= price,
            Side::Ask => price <= than,
        }
    }
}

/// What bounds the price of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// Trades at this price or better, rests at it.
    Limit {
        /// The limit.
        price: Ticks,
    },
    /// Trades at any price within the band; what does not trade is cancelled.
    Market,
    /// Trades at the best opposite price; what does not trade rests there as a limit order.
    MarketLimit,
}

/// What happens to the part of an order that does not trade at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// It rests until it is filled or cancelled.
    GoodTilCancelled,
    /// It rests until the next 08:00 UTC.
    GoodTilDay,
    /// It is cancelled.
    ImmediateOrCancel,
    /// Nothing trades unless everything does.
    FillOrKill,
}

/// What happens to an order that must not take, but would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostOnly {
    /// It may take.
    No,
    /// Its price moves to one tick from the best opposite price.
    Slide,
    /// It is refused.
    Reject,
}

/// What happens when two orders of one account group would trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfTradeMode {
    /// The incoming order is refused.
    #[default]
    RejectTaker,
    /// The resting order is cancelled, and the incoming one goes on.
    CancelMaker,
}
