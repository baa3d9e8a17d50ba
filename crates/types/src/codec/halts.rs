//! The bytes of states, halts and auctions.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, record};
use crate::{
    Ask, BreakerTerms, Cause, DepthTerms, Extension, Halt, HaltFault, Indication, LimitStateTerms,
    LiquidationTerms, MarketState, OrderRate, OutageStep, RangeTerms, ReopeningTerms, Scope,
};

choice!(MarketState {
    0 => Open, 1 => PostOnly, 2 => ReduceOnly, 3 => Auction, 4 => CancelOnly, 5 => Halted,
    6 => Delivering, 7 => Closed,
});
choice!(Scope { 0 => Instrument(instrument), 1 => Index { base, quote }, 2 => Domain });
choice!(Cause {
    0 => Operator, 1 => Outage, 2 => FeedFrozen, 3 => LimitState, 4 => Velocity, 5 => Range,
    6 => BookVanished, 7 => LiquidationRate,
});
choice!(Ask {
    0 => Cancel, 1 => Shrink, 2 => Limit, 3 => Immediate, 4 => Reduce, 5 => Quote, 6 => Trigger,
    7 => Liquidate,
});
choice!(Extension { 0 => Collar, 1 => Prices });
choice!(HaltFault { 0 => State, 1 => Until, 2 => Reopening, 3 => Breakers, 4 => OrderRate });

record!(Halt { scope, cause, state, since, until, value, limit });
record!(Indication { price, volume, surplus });
record!(ReopeningTerms { steps, auction_ms, collar_ppm, extension_ms, extensions_max });
record!(OutageStep { over_ms, cancel_only_ms, auction_ms });
record!(BreakerTerms { limit_state, velocity, range, depth, liquidation, frozen });
record!(LimitStateTerms { hold_ms, pause_ms });
record!(RangeTerms { window_ms, move_ppm, pause_ms });
record!(DepthTerms { within_ppm, share_ppm, hold_ms, pause_ms });
record!(LiquidationTerms { share_ppm, minutes_max, pause_ms });
record!(OrderRate { orders_max, window_ms });
