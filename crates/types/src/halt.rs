//! What a market allows, why it is restricted, and how it reopens (docs/rules/states.md,
//! docs/rules/breakers.md, docs/rules/auctions.md). Rates are millionths.

use alloc::vec::Vec;

use crate::{AssetCode, At, InstrumentId, Ticks};

/// What a market allows. A later state is the stronger one: of two that hold, it is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarketState {
    /// Everything.
    Open,
    /// Orders that do not take, and cancels.
    PostOnly,
    /// Orders that reduce a position, and cancels.
    ReduceOnly,
    /// Limit orders are collected, and trade together at one price when it ends.
    Auction,
    /// Cancels, and amendments that make an order smaller.
    CancelOnly,
    /// Cancels.
    Halted,
    /// Its contract has expired, its positions are not settled yet: nothing is open.
    Delivering,
    /// Its positions are settled.
    Closed,
}

/// What a halt or a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One instrument.
    Instrument(InstrumentId),
    /// Every instrument of an index.
    Index {
        /// Its base.
        base: AssetCode,
        /// Its quote.
        quote: AssetCode,
    },
    /// Every instrument of the domain.
    Domain,
}

/// Why a market is restricted. Each cause of a scope holds by itself, and ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// An operator asked.
    Operator,
    /// The venue was away.
    Outage,
    /// The index cannot be made.
    FeedFrozen,
    /// Bids stood at the upper edge of the band, or asks at the lower one, for too long.
    LimitState,
    /// Trades moved too far within moments.
    Velocity,
    /// Trades moved too far within the longer window.
    Range,
    /// The book lost its depth.
    BookVanished,
    /// Liquidations were too large for the book.
    LiquidationRate,
}

/// A restriction as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Of what.
    pub scope: Scope,
    /// Why.
    pub cause: Cause,
    /// To what.
    pub state: MarketState,
    /// Since when.
    pub since: At,
    /// Until when it is planned to hold; `None`: until it is lifted.
    pub until: Option<At>,
    /// What was found: ticks, lots or milliseconds, by the cause; zero without a trigger.
    pub value: u64,
    /// What the rule allows, in the same unit.
    pub limit: u64,
}

/// What may be asked of a market, as its state sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To cancel.
    Cancel,
    /// To make an open order smaller, at its price.
    Shrink,
    /// A limit order that may rest.
    Limit,
    /// An order that trades now or not at all: market, immediate-or-cancel, fill-or-kill.
    Immediate,
    /// A limit order that may rest and only reduces.
    Reduce,
    /// A quote.
    Quote,
    /// An order that waits for a price.
    Trigger,
    /// A round of a liquidation.
    Liquidate,
}

impl MarketState {
    /// What may be done where something is not allowed.
    pub const fn instead(self) -> &'static str {
        match self {
            MarketState::PostOnly | MarketState::Auction => {
                "send a limit order that may rest, or wait until it opens"
            }
            MarketState::ReduceOnly => "send a reduce-only limit order, or wait until it opens",
            MarketState::Open | MarketState::CancelOnly | MarketState::Halted => {
                "cancel, or wait until it opens"
            }
            MarketState::Delivering | MarketState::Closed => "it trades no more",
        }
    }
}

/// What an auction would give if it ended now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indication {
    /// At which price.
    pub price: Ticks,
    /// How many lots.
    pub volume: u64,
    /// Lots that would be left at that price: above zero bids, below zero asks.
    pub surplus: i64,
}

/// Why an auction goes on beyond its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// The price would leave the collar.
    Collar,
    /// The index or the volatilities are not good enough to trade by.
    Prices,
}

/// How a market comes back (venue.md §2.19, §2.23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReopeningTerms {
    /// By how long the venue was away, rising; the last one that it was away longer than holds.
    pub steps: Vec<OutageStep>,
    /// Length of the auction after a halt, in milliseconds.
    pub auction_ms: u32,
    /// How far from the mark an auction may end; each extension adds as much.
    pub collar_ppm: u32,
    /// Length of one extension, in milliseconds.
    pub extension_ms: u32,
    /// Extensions for the collar's sake, at most.
    pub extensions_max: u8,
}

/// What follows an outage that was longer than `over_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutageStep {
    /// Longer than this, in milliseconds.
    pub over_ms: u64,
    /// First only cancels, so long.
    pub cancel_only_ms: u32,
    /// Then an auction, so long.
    pub auction_ms: u32,
}

/// When the markets of one index and kind stop by themselves. What is `None` is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerTerms {
    /// Venue.md §2.18.
    pub limit_state: Option<LimitStateTerms>,
    /// Venue.md §2.20: a short window.
    pub velocity: Option<RangeTerms>,
    /// Venue.md §2.20: a long one.
    pub range: Option<RangeTerms>,
    /// The book's depth.
    pub depth: Option<DepthTerms>,
    /// Liquidations against the book's depth.
    pub liquidation: Option<LiquidationTerms>,
    /// What holds while the index cannot be made; `None`: the gate alone.
    pub frozen: Option<MarketState>,
}

/// A bid at the upper edge of the band, or an ask at the lower one, for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitStateTerms {
    /// For how long, in milliseconds.
    pub hold_ms: u32,
    /// Length of the auction.
    pub pause_ms: u32,
}

/// Trades within a window stay within a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeTerms {
    /// Length of the window.
    pub window_ms: u32,
    /// From its lowest to its highest trade at most.
    pub move_ppm: u32,
    /// Length of the auction.
    pub pause_ms: u32,
}

/// The book within a distance of the mark holds a share of what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthTerms {
    /// The distance.
    pub within_ppm: u32,
    /// The share.
    pub share_ppm: u32,
    /// How long it must be missing.
    pub hold_ms: u32,
    /// How long only orders that do not take are accepted.
    pub pause_ms: u32,
}

/// Liquidations within a minute, as a share of the depth that the book usually has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationTerms {
    /// Beyond this share no round follows until a minute has less.
    pub share_ppm: u32,
    /// So many such minutes in a row are an auction.
    pub minutes_max: u8,
    /// Length of the auction.
    pub pause_ms: u32,
}

/// How many orders an account may send before it is taken for a program that has gone wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRate {
    /// Orders, amendments and quotes.
    pub orders_max: u32,
    /// Within this time, in milliseconds.
    pub window_ms: u32,
}
