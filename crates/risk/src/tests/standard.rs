//! Standard margin.

use std::format;
use std::string::String;

use expect_test::expect;
use proptest::prelude::*;
use types::{
    Amount, Decimal, IndexPrice, MarginTerms, OpenInterestBand, OptionRight, RiskFault, Style,
};

use super::{option, units};
use crate::standard::{
    Rates, check_band, check_terms, crowded, future, maintenance_ppb, otm_value, short_option,
    way_through,
};

/// Deribit's BTC_USDC perpetual: 2 % and 1 %, and 0.005 % for each BTC.
const PERPETUAL: MarginTerms =
    MarginTerms { initial_ppm: 20_000, maintenance_ppm: 10_000, slope_ppb: 50, floor_ppm: 0 };
/// Deribit's options.
const OPTION: MarginTerms =
    MarginTerms { initial_ppm: 150_000, maintenance_ppm: 75_000, slope_ppb: 0, floor_ppm: 100_000 };
const USDC: i64 = 1_000_000;
const BTC: i64 = 100_000_000;

/// MAR-7; venue.md §2.8: 25 BTC at 100 000 need 53 125 USDC to open, 350 BTC 1 312 500.
#[test]
fn the_rate_of_a_future_grows_with_its_size() {
    let mut lines = String::new();
    for btc in [0, 1, 25, 350, 10_000, 19_600, 19_800, 1_000_000] {
        let value = Amount(btc * 100_000 * USDC);
        let milli = u64::try_from(btc * 1_000).expect("above zero");
        let Rates { initial, maintenance } = future(&PERPETUAL, value, milli);
        lines += &format!("{btc} BTC: {}, {}\n", initial.0 / USDC, maintenance.0 / USDC);
    }
    expect![[r#"
        0 BTC: 0, 0
        1 BTC: 2005, 1005
        25 BTC: 53125, 28125
        350 BTC: 1312500, 962500
        10000 BTC: 520000000, 510000000
        19600 BTC: 1960000000, 1940400000
        19800 BTC: 1980000000, 1980000000
        1000000 BTC: 100000000000, 100000000000
    "#]]
    .assert_eq(&lines);
    let solana =
        MarginTerms { initial_ppm: 40_000, maintenance_ppm: 20_000, slope_ppb: 5, ..OPTION };
    let needs = future(&solana, Amount(1_000 * 150 * USDC), 1_000_000);
    assert_eq!(needs.initial, Amount(6_750 * USDC), "4 % + 0.0005 % · 1 000");
}

/// MAR-7, MAR-9: up, to the atom.
#[test]
fn what_a_future_needs_is_rounded_up() {
    for (value, milli, initial, maintenance) in
        [(1, 0, 1, 1), (50, 0, 1, 1), (51, 0, 2, 1), (100, 0, 2, 1), (100, 1, 3, 2), (0, 9, 0, 0)]
    {
        let needs = future(&PERPETUAL, Amount(value), milli);
        let (initial, maintenance) = (Amount(initial), Amount(maintenance));
        assert_eq!(needs, Rates { initial, maintenance }, "{value} {milli}");
    }
    assert_eq!(maintenance_ppb(&PERPETUAL, 25_000), 11_250_000);
    assert_eq!(maintenance_ppb(&PERPETUAL, u64::MAX), 1_000_000_000);
}

/// MAR-8; venue.md §2.8: of 10 BTC, with the future at 60 000. The first line is the spec's
/// example.
#[test]
fn a_short_option_needs_its_value_and_a_share_of_the_underlying() {
    let (call, put) = (OptionRight::Call, OptionRight::Put);
    let mut lines = String::new();
    for (strike, right, mark_ppm) in [
        (65_000, call, 37_300),
        (60_000, call, 50_000),
        (50_000, call, 180_000),
        (200_000, call, 0),
        (55_000, put, 20_000),
        (60_000, put, 50_000),
        (20_000, put, 0),
        (120_000, put, 1_000_000),
        (300_000, put, 4_000_000),
    ] {
        let contract = option(Style::Inverse, strike, right);
        let (underlying, mark) = (Amount(10 * BTC), Amount(10 * BTC / 1_000_000 * mark_ppm));
        let otm = otm_value(&contract, Decimal::whole(strike), right, units(60_000), 100);
        let Rates { initial, maintenance } = short_option(&OPTION, right, mark, underlying, otm);
        lines += &format!(
            "{strike} {right:?}: {} out of the money, {} to open, {} to stay\n",
            otm.0, initial.0, maintenance.0
        );
    }
    expect![[r#"
        65000 Call: 83333333 out of the money, 137300000 to open, 112300000 to stay
        60000 Call: 0 out of the money, 200000000 to open, 125000000 to stay
        50000 Call: 0 out of the money, 330000000 to open, 255000000 to stay
        200000 Call: 2333333333 out of the money, 100000000 to open, 75000000 to stay
        55000 Put: 83333333 out of the money, 120000000 to open, 95000000 to stay
        60000 Put: 0 out of the money, 200000000 to open, 125000000 to stay
        20000 Put: 666666666 out of the money, 100000000 to open, 75000000 to stay
        120000 Put: 0 out of the money, 1150000000 to open, 1075000000 to stay
        300000 Put: 0 out of the money, 4300000000 to open, 4300000000 to stay
    "#]]
    .assert_eq(&lines);
}

/// MAR-8; venue.md §2.9.2: ten calls of 70 000 with the index at 60 000 by Derive's shares, without
/// their mark: 78 000 to open, 54 000 to stay.
#[test]
fn another_venues_shares_give_its_published_margin() {
    let shares = MarginTerms {
        initial_ppm: 150_000,
        maintenance_ppm: 90_000,
        slope_ppb: 0,
        floor_ppm: 130_000,
    };
    let (underlying, otm) = (Amount(600_000), Amount(100_000));
    let needs = short_option(&shares, OptionRight::Call, Amount::ZERO, underlying, otm);
    assert_eq!((needs.initial, needs.maintenance), (Amount(78_000), Amount(54_000)));
}

/// MAR-11; venue.md §2.8: dYdX, 2 % and a band of 20 to 50 million, in thousands here: 15 million
/// need 2 %, 35 million 51 %, 50 million 100 %. What is rounded is rounded up.
#[test]
fn open_interest_raises_what_opens_as_another_venue_publishes_it() {
    let band = OpenInterestBand { lower: Amount(20_000), upper: Amount(50_000) };
    let million = Amount(1_000_000);
    for (open_interest, initial) in [
        (0, 20_000),
        (15_000, 20_000),
        (20_000, 20_000),
        (20_001, 20_033),
        (35_000, 510_000),
        (50_000, 1_000_000),
        (i64::MAX, 1_000_000),
    ] {
        let way = way_through(&band, Amount(open_interest));
        assert_eq!(crowded(Amount(20_000), million, way), Amount(initial), "{open_interest}");
    }
    assert_eq!(crowded(million, million, 500_000_000), million, "all of it is all");
}

/// MAR-12
#[test]
fn a_band_that_is_none_is_refused() {
    for (lower, upper, is_band) in
        [(0, 1, true), (-1, 1, false), (5, 5, false), (6, 5, false), (0, i64::MAX, false)]
    {
        let band = OpenInterestBand { lower: Amount(lower), upper: Amount(upper) };
        assert_eq!(check_band(&band).is_ok(), is_band, "{lower} to {upper}");
    }
}

/// MAR-8: in the settlement asset, down.
#[test]
fn out_of_the_money_is_what_the_other_right_would_pay() {
    let (call, put) = (OptionRight::Call, OptionRight::Put);
    for (style, strike, right, otm) in [
        (Style::Linear, 65_000, call, 5_000 * USDC),
        (Style::Linear, 65_000, put, 0),
        (Style::Linear, 55_000, put, 5_000 * USDC),
        (Style::Linear, 60_000, put, 0),
        (Style::Inverse, 65_000, call, 8_333_333),
        (Style::Inverse, 55_000, put, 8_333_333),
        (Style::Inverse, 55_000, call, 0),
    ] {
        let contract = option(style, strike, right);
        let value = otm_value(&contract, Decimal::whole(strike), right, units(60_000), 10);
        assert_eq!(value, Amount(otm), "{style:?} {strike} {right:?}");
    }
}

/// MAR-9: whatever the floor, to open needs no less than to stay.
#[test]
fn a_low_floor_does_not_open_what_could_not_stay() {
    let terms = MarginTerms { floor_ppm: 0, ..OPTION };
    for right in [OptionRight::Call, OptionRight::Put] {
        let needs = short_option(&terms, right, Amount(5), Amount(1_000), Amount(1_000));
        assert_eq!(needs, Rates { initial: Amount(80), maintenance: Amount(80) });
    }
}

/// MAR-10.
#[test]
fn terms_that_make_no_margin_are_refused() {
    let good = MarginTerms { floor_ppm: 100_000, ..OPTION };
    for (terms, fits) in [
        (good, true),
        (PERPETUAL, true),
        (MarginTerms { initial_ppm: 999, maintenance_ppm: 1, ..PERPETUAL }, false),
        (MarginTerms { initial_ppm: 1_000, maintenance_ppm: 1, ..PERPETUAL }, true),
        (MarginTerms { initial_ppm: 1_000_000, ..good }, true),
        (MarginTerms { initial_ppm: 1_000_001, ..good }, false),
        (MarginTerms { maintenance_ppm: 0, ..good }, false),
        (MarginTerms { maintenance_ppm: 150_000, ..good }, true),
        (MarginTerms { maintenance_ppm: 150_001, ..good }, false),
        (MarginTerms { floor_ppm: 150_000, ..good }, true),
        (MarginTerms { floor_ppm: 150_001, ..good }, false),
        (MarginTerms { slope_ppb: u32::MAX, ..good }, true),
    ] {
        let checked = if fits { Ok(()) } else { Err(RiskFault::MarginRates) };
        assert_eq!(check_terms(&terms), checked, "{terms:?}");
    }
}

/// Terms that `check_terms` takes.
pub(super) fn any_margin_terms() -> impl Strategy<Value = MarginTerms> {
    (1_000..=1_000_000_u32, any::<u32>()).prop_flat_map(|(initial_ppm, slope_ppb)| {
        let slope_ppb = slope_ppb >> (slope_ppb % 32);
        (1..=initial_ppm, 0..=initial_ppm).prop_map(move |(maintenance_ppm, floor_ppm)| {
            MarginTerms { initial_ppm, maintenance_ppm, slope_ppb, floor_ppm }
        })
    })
}

fn any_amount() -> impl Strategy<Value = Amount> {
    let magnitudes = (0..=60_u32).prop_flat_map(|bits| 0..=1_i64 << bits);
    prop_oneof![magnitudes, Just(0), Just(Amount::MAX.0)].prop_map(Amount)
}

fn any_right() -> impl Strategy<Value = OptionRight> {
    prop_oneof![Just(OptionRight::Call), Just(OptionRight::Put)]
}

proptest! {
    /// MAR-7, MAR-9: more needs no less, nothing needs more than all of its value, and nothing
    /// overflows.
    #[test]
    fn a_larger_future_needs_no_less(
        terms in any_margin_terms(),
        values in [any_amount(), any_amount()],
        sizes in [any::<u64>(), any::<u64>()],
    ) {
        prop_assert_eq!(check_terms(&terms), Ok(()));
        let (low, high) = (values[0].min(values[1]), values[0].max(values[1]));
        let less = future(&terms, low, sizes[0].min(sizes[1]));
        let more = future(&terms, high, sizes[0].max(sizes[1]));
        prop_assert!(less.initial <= more.initial && less.maintenance <= more.maintenance);
        prop_assert!(more.maintenance <= more.initial && more.initial <= high);
        prop_assert!(high == Amount::ZERO || Amount::ZERO < more.maintenance);
    }

    /// MAR-8, MAR-9: more in the money needs no less; to stay is between the mark and to open.
    #[test]
    fn a_short_option_needs_more_than_its_mark(
        terms in any_margin_terms(),
        right in any_right(),
        mark in any_amount(),
        underlying in any_amount(),
        otms in [any_amount(), any_amount()],
    ) {
        let near = short_option(&terms, right, mark, underlying, otms[0].min(otms[1]));
        let far = short_option(&terms, right, mark, underlying, otms[0].max(otms[1]));
        prop_assert!(far.initial <= near.initial);
        prop_assert_eq!(far.maintenance, near.maintenance);
        prop_assert!(far.maintenance <= far.initial && mark <= far.maintenance);
        prop_assert!(underlying == Amount::ZERO || mark < far.maintenance);
    }

    /// MAR-8: by exact fractions of one underlying, within the three atoms that are rounded.
    #[test]
    fn a_short_option_needs_what_the_formula_says(
        right in any_right(),
        mark in 0..=4_000_000_i64,
        otm in 0..=4_000_000_i64,
        lots in 1..=1_000_i64,
    ) {
        // In millionths of the underlying, which is one million atoms a lot.
        let million = 1_000_000;
        let amount = |millionths: i64| Amount(millionths * lots);
        let needs = short_option(&OPTION, right, amount(mark), amount(million), amount(otm));
        let of_mark = if right == OptionRight::Put { mark * 75_000 / million } else { 0 };
        let maintenance = of_mark.max(75_000) + mark;
        let initial = ((150_000 - otm).max(100_000) + mark).max(maintenance);
        for (exact, needed) in [(initial, needs.initial), (maintenance, needs.maintenance)] {
            let over = needed.0 - exact * lots;
            prop_assert!((0..=lots + 3).contains(&over), "{needed} for {exact} of {lots}");
        }
    }

    /// MAR-8: never both rights at once.
    #[test]
    fn one_right_of_a_strike_is_in_the_money(
        strike in 1..=200_000_i64,
        price in 1..=20_000_000_000_000_u64,
        lots in 0..=1_000_000_u64,
    ) {
        for style in [Style::Inverse, Style::Linear] {
            let out = |right| {
                let contract = option(style, strike, right);
                otm_value(&contract, Decimal::whole(strike), right, IndexPrice(price), lots)
            };
            prop_assert!(out(OptionRight::Call).min(out(OptionRight::Put)) == Amount::ZERO);
        }
    }
}
