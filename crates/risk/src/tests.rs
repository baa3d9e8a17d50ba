//! Sums that venue.md works out, and what always holds.

use std::vec::Vec;

use proptest::prelude::*;
use types::codec::Codec;
use types::{
    AssetCode, At, Contract, Decimal, Fees, FundingSchedule, FundingTerms, IndexPrice, Instrument,
    Kind, Lots, MarginRates, OptionRight, SettlementPeriod, Style,
};

mod adl;
mod bankruptcy;
mod calendar;
mod delivery;
mod funding;
mod liquidation;
mod mark;
mod portfolio;
mod standard;
mod waterfall;

/// A price in whole units.
fn units(price: u64) -> IndexPrice {
    IndexPrice(price * IndexPrice::SCALE)
}

/// A contract on BTC: inverse in lots of 10 USD and settled in satoshi, linear in lots of 0.001 BTC
/// and settled in millionths of a USDC; options in lots of 0.1 BTC.
fn contract(style: Style, kind: Kind) -> Contract {
    let (quote, lot, decimals) = match style {
        Style::Inverse => ("USD", Decimal::whole(10), 8),
        Style::Linear => ("USDC", Decimal::new(1, 3).expect("a lot"), 6),
    };
    let (tick, lot) = match kind.is_option() {
        true => (Decimal::new(1, 4), Decimal::new(1, 1)),
        false => (Decimal::new(5, 1), Some(lot)),
    };
    let instrument = Instrument {
        kind,
        style,
        base: AssetCode::new("BTC").expect("a code"),
        quote: AssetCode::new(quote).expect("a code"),
        tick: tick.expect("a tick"),
        tick_steps: Vec::new(),
        lot: lot.expect("a lot"),
        contract_size: lot.expect("a lot"),
        size_min: Lots(1),
        size_max: Lots(10_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    };
    Contract::of(&instrument, decimals).expect("values are whole atoms")
}

fn future(style: Style) -> Contract {
    contract(style, Kind::Perpetual)
}

fn option(style: Style, strike: i64, right: OptionRight) -> Contract {
    contract(style, Kind::Option { expiry: At(1), strike: Decimal::whole(strike), right })
}

/// Every order of magnitude, and the ends.
fn any_price() -> impl Strategy<Value = IndexPrice> {
    let magnitudes = (0..=17_u32, 1..=10_u64).prop_map(|(zeros, digit)| digit * 10_u64.pow(zeros));
    prop_oneof![magnitudes, 1..=IndexPrice::MAX.0, Just(1), Just(IndexPrice::MAX.0)]
        .prop_map(IndexPrice)
}

fn any_schedule() -> impl Strategy<Value = FundingSchedule> {
    prop_oneof![Just(FundingSchedule::Continuous), Just(FundingSchedule::Hourly)]
}

/// Terms that `check_terms` takes.
fn any_funding_terms() -> impl Strategy<Value = FundingTerms> {
    let rates = (any_schedule(), any::<u32>(), 1..=100_000_000_u32);
    rates.prop_flat_map(|(schedule, damper_ppb, cap_ppb)| {
        let most = i32::try_from(cap_ppb).expect("at most 10 %") - 1;
        (-most..=most).prop_map(move |interest_ppb| FundingTerms {
            schedule,
            damper_ppb,
            cap_ppb,
            interest_ppb,
        })
    })
}

/// What was written reads as itself; what a stranger wrote is refused or means its own bytes.
fn check_bytes<T: Codec + PartialEq + std::fmt::Debug>(value: &T, places: &[(usize, u8)]) {
    let bytes = value.to_bytes();
    assert_eq!(T::from_bytes(&bytes).as_ref(), Ok(value));
    for (place, byte) in places {
        let mut changed: Vec<u8> = bytes.clone();
        let place = place % changed.len();
        changed[place] = *byte;
        if let Ok(other) = T::from_bytes(&changed) {
            assert_eq!(other.to_bytes(), changed);
        }
    }
}
