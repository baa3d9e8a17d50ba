//! Trades, as everybody sees them and as one of their sides sees them.

use types::{
    Amount, At, IndexPrice, InstrumentId, Label, Lots, MmpGroup, OrderId, OrderKind, Side,
    SignedLots, Ticks, TradeId,
};

/// How a price lies to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickDirection {
    /// Higher.
    Plus,
    /// The same, and the last different one was lower.
    ZeroPlus,
    /// Lower.
    Minus,
    /// The same, and the last different one was higher.
    ZeroMinus,
}

/// A match as everybody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its id in the domain.
    pub id: TradeId,
    /// Its number in the instrument, from 1.
    pub seq: u64,
    /// Where.
    pub instrument: InstrumentId,
    /// When.
    pub at: At,
    /// At what price.
    pub price: Ticks,
    /// How much.
    pub size: Lots,
    /// Which way the taker went.
    pub taker_side: Side,
    /// How its price lies to the one before.
    pub tick_direction: TickDirection,
    /// The index then; zero if it had no price.
    pub index_price: IndexPrice,
    /// The mark then.
    pub mark: Ticks,
    /// The taker was being liquidated. Makers never are: their orders go first.
    pub liquidation: bool,
}

/// A match as one of its sides sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTrade {
    /// The match.
    pub trade: Trade,
    /// The order of this side.
    pub order: OrderId,
    /// Whether it rested.
    pub is_maker: bool,
    /// What it paid; below zero is a rebate.
    pub fee: Amount,
    /// What it won or lost on what it closed.
    pub realised: Amount,
    /// What is left of the order.
    pub open: Lots,
    /// What bounded the order's price.
    pub kind: OrderKind,
    /// The order must not take.
    pub post_only: bool,
    /// The order may only reduce.
    pub reduce_only: bool,
    /// The order is under market-maker protection.
    pub mmp: bool,
    /// The group, if the order is a quote.
    pub quote_group: Option<MmpGroup>,
    /// The order's label.
    pub label: Label,
    /// What the match did to the account's cash: realised, premium and fee together.
    pub change: Amount,
    /// The account's cash after it.
    pub balance: Amount,
    /// The account's position after it.
    pub position: SignedLots,
}

impl TickDirection {
    /// How `price` lies after `last`.
    pub(crate) fn after(self, last: Option<Ticks>, price: Ticks) -> TickDirection {
        let Some(last) = last else { return TickDirection::Plus };
        if last < price {
            return TickDirection::Plus;
        }
        if price < last {
            return TickDirection::Minus;
        }
        match self {
            TickDirection::Plus | TickDirection::ZeroPlus => TickDirection::ZeroPlus,
            TickDirection::Minus | TickDirection::ZeroMinus => TickDirection::ZeroMinus,
        }
    }
}

impl UserTrade {
    /// Which way this side went.
    pub fn side(&self) -> Side {
        if self.is_maker { self.trade.taker_side.opposite() } else { self.trade.taker_side }
    }
}
