//! What a random world lists, and its terms.

use types::{
    AccountId, Amount, AssetCode, At, Barrier, BreakerTerms, Decimal, DepthTerms, FeedTerms, Fees,
    FundingSchedule, FundingTerms, Incentives, IndexMethod, Instrument, Kind, Label,
    LimitStateTerms, LiquidationTerms, Lots, MarginRates, MarkMethod, OptionRight, PortfolioTerms,
    PricingTerms, Quorum, RangeTerms, ReopeningTerms, Seat, SettlementPeriod, Source, SourceId,
    Style, Svi, Tail, TickStep, Ticks,
};

/// 08:00 UTC of a day.
pub const EXPIRY: At = At(1_798_185_600_000);
pub const N_REPORTERS: u32 = 5;

pub fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code")
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

fn perpetual(is_linear: bool, base: &str) -> Instrument {
    let (style, quote, lot) =
        if is_linear { (Style::Linear, "USDC", "0.001") } else { (Style::Inverse, "USD", "10") };
    Instrument {
        kind: Kind::Perpetual,
        style,
        base: asset(base),
        quote: asset(quote),
        tick: decimal("0.5"),
        tick_steps: Vec::new(),
        lot: decimal(lot),
        contract_size: decimal(lot),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: -100, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 50_000,
    }
}

/// Perpetual, future, call and put on BTC; in a linear domain a perpetual of ETH beside them, whose
/// index the operator types.
pub fn instruments(is_linear: bool) -> Vec<Instrument> {
    let perpetual_of = |base| perpetual(is_linear, base);
    let future = Instrument {
        kind: Kind::Future { expiry: EXPIRY },
        settlement_period: SettlementPeriod::Month,
        fees: Fees { maker_ppm: 0, taker_ppm: 300 },
        ..perpetual_of("BTC")
    };
    let option = |right| Instrument {
        kind: Kind::Option { expiry: EXPIRY, strike: decimal("60000"), right },
        tick: decimal(if is_linear { "5" } else { "0.0001" }),
        tick_steps: match is_linear {
            true => Vec::new(),
            false => vec![TickStep { above: Ticks(50), multiple: 5 }],
        },
        lot: decimal(if is_linear { "0.01" } else { "0.1" }),
        contract_size: decimal(if is_linear { "0.01" } else { "1" }),
        size_max: Lots(100_000),
        settlement_period: SettlementPeriod::Month,
        fees: Fees { maker_ppm: 300, taker_ppm: 300 },
        margin: MarginRates { initial_ppm: 150_000, maintenance_ppm: 75_000 },
        band_ppm: 1_000_000,
        ..perpetual_of("BTC")
    };
    let mut all =
        vec![perpetual_of("BTC"), future, option(OptionRight::Call), option(OptionRight::Put)];
    if is_linear {
        all.push(perpetual_of("ETH"));
    }
    all
}

/// Five seats, healthy with four of them, frozen with fewer than three.
pub fn feed(quote: &str, reports: u16) -> FeedTerms {
    let name = |nth: u8| Label::new(&format!("source {nth}")).expect("short");
    let seat = |nth: u8| Seat { reporter: AccountId(u32::from(nth) + 1), source: SourceId(nth) };
    FeedTerms {
        base: asset("BTC"),
        quote: asset(quote),
        method: IndexMethod::CappedMedian,
        sources: (0..5).map(|nth| Source { name: name(nth), weight: 1 }).collect(),
        seats: (0..5).map(seat).collect(),
        healthy: Quorum { reporters: 4, sources: 4 },
        degraded: Quorum { reporters: 3, sources: 3 },
        barrier: Barrier { reports, sources: 3 },
        stale_ms: 5_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 10_000,
        jump_ppm: 60_000,
        reporter_cap_ppm: 300_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount(1_000_000),
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

pub fn breakers() -> BreakerTerms {
    BreakerTerms {
        limit_state: Some(LimitStateTerms { hold_ms: 3_000, pause_ms: 3_000 }),
        velocity: Some(RangeTerms { window_ms: 5_000, move_ppm: 8_000, pause_ms: 3_000 }),
        range: Some(RangeTerms { window_ms: 60_000, move_ppm: 30_000, pause_ms: 5_000 }),
        depth: Some(DepthTerms {
            within_ppm: 10_000,
            share_ppm: 100_000,
            hold_ms: 2_000,
            pause_ms: 3_000,
        }),
        liquidation: Some(LiquidationTerms { share_ppm: 900_000, minutes_max: 3, pause_ms: 3_000 }),
        frozen: Some(types::MarketState::CancelOnly),
    }
}

pub fn reopening() -> ReopeningTerms {
    ReopeningTerms {
        steps: vec![types::OutageStep { over_ms: 8_000, cancel_only_ms: 2_000, auction_ms: 2_000 }],
        auction_ms: 3_000,
        collar_ppm: 20_000,
        extension_ms: 1_000,
        extensions_max: 2,
    }
}

pub fn pricing(is_hourly: bool) -> PricingTerms {
    PricingTerms {
        mark: if is_hourly { MarkMethod::MedianOfThree } else { MarkMethod::ImpactBasis },
        impact: Lots(10),
        clamp_ppm: 5_000,
        funding: Some(FundingTerms {
            schedule: match is_hourly {
                true => FundingSchedule::Hourly,
                false => FundingSchedule::Continuous,
            },
            damper_ppb: 1_000,
            cap_ppb: 50_000_000,
            interest_ppb: 10_000,
        }),
    }
}

pub fn portfolio() -> PortfolioTerms {
    PortfolioTerms {
        range_ppm: 160_000,
        steps: 4,
        vol_up_ppm: 300_000,
        vol_down_ppm: 250_000,
        near_power_ppm: 300_000,
        far_power_ppm: 130_000,
        tails: vec![
            Tail { move_ppm: -660_000, weight_ppm: 300_000 },
            Tail { move_ppm: 500_000, weight_ppm: 300_000 },
        ],
        maintenance_ppm: 800_000,
        future_initial_ppm: 6_000,
        future_maintenance_ppm: 4_000,
        short_initial_ppm: 10_000,
        short_maintenance_ppm: 8_000,
    }
}

/// 60 % at the money for the forty minutes that are left, a gentle smile.
pub fn smile() -> Svi {
    let variance = 360_000_000 * 40 / (365 * 24 * 60);
    Svi { a: variance / 2, b: 400_000, rho: -200_000_000, m: 0, sigma: 35_000_000 }
}
