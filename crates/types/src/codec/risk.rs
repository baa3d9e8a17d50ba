//! The bytes of margin terms and of the steps of a liquidation.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, record};
use crate::{
    AdlPolicy, BackstopTerms, FillableTerms, LiquidationAction, LiquidationEnd, LiquidationStep,
    MarginModel, MarginSnapshot, MarginTerms, OpenInterestBand, PortfolioTerms, RiskTerms, Tail,
};

choice!(AdlPolicy { 0 => Queue, 1 => ProRata, 2 => WaterFilling, 3 => LeastClosing });
choice!(LiquidationEnd { 0 => Recovered, 1 => Flat });
choice!(LiquidationAction {
    0 => OrdersCancelled { orders },
    1 => Reduced { instrument, side, wanted, filled, limit, mark, index_price, depth, fee },
    2 => TakenOver { backstop, instrument, size, mark, margin },
    3 => Insured { amount },
    4 => Deleveraged { counterparty, instrument, size, mark, haircut, rank, score },
    5 => Socialised { account, amount },
});

choice!(MarginModel { 0 => Standard, 1 => Portfolio });

record!(PortfolioTerms {
    range_ppm,
    steps,
    vol_up_ppm,
    vol_down_ppm,
    near_power_ppm,
    far_power_ppm,
    tails,
    maintenance_ppm,
    future_initial_ppm,
    future_maintenance_ppm,
    short_initial_ppm,
    short_maintenance_ppm,
});
record!(Tail { move_ppm, weight_ppm });
record!(MarginTerms { initial_ppm, maintenance_ppm, slope_ppb, floor_ppm });
record!(OpenInterestBand { lower, upper });
record!(FillableTerms { adjustment_ppm, spread_ppm });
record!(RiskTerms {
    buffer_ppm,
    round_ppm,
    round_ms,
    depth_ppm,
    slippage_ppm,
    fee_ppm,
    takeover_ppm,
    idle_rounds,
    adl,
});
record!(MarginSnapshot { collateral, equity, initial, maintenance });
record!(LiquidationStep { account, action, before, after });
record!(BackstopTerms { capacity, share_ppm });
