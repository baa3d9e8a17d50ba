//! The simulated market: one price for everybody, of the right size and liveliness, and surfaces
//! without arbitrage.

use proptest::prelude::*;
use types::At;

use crate::report::sim::{self, Pair};

const NOW_MS: u64 = 1_795_568_400_000;
const DAY_MS: u64 = At::DAY;

fn bitcoin() -> Pair {
    Pair::named("btc_usd").expect("bitcoin is simulated")
}

#[test]
fn what_is_simulated_is_known_by_its_base() {
    assert_eq!(Pair::named("btc_usdc"), Pair::named("btc_usd"));
    assert_ne!(Pair::named("eth_usd"), Pair::named("btc_usd"));
    for unknown in ["doge_usd", "btc", "", "_usd"] {
        assert_eq!(Pair::named(unknown), None, "{unknown}");
    }
}

#[test]
fn one_seed_is_one_market_and_another_is_another() {
    let price = |seed| sim::price(seed, bitcoin(), NOW_MS);
    assert_eq!(price(7), price(7));
    assert_ne!(price(7), price(8));
    let ether = Pair::named("eth_usd").expect("ether is simulated");
    assert!((2_000.0..6_000.0).contains(&sim::price(7, ether, NOW_MS)));
}

#[test]
fn the_price_stays_where_the_strikes_are() {
    for seed in 0..20 {
        let days = (0..400).map(|day| sim::price(seed, bitcoin(), NOW_MS + day * DAY_MS));
        let (low, high) = days.fold((f64::MAX, 0.0_f64), |(a, b), p| (a.min(p), b.max(p)));
        assert!(70_000.0 < low && high < 135_000.0, "seed {seed}: {low} to {high}");
    }
}

/// Realised volatility of a year, by increments of one length.
fn volatility(step_ms: u64, n_steps: u64) -> f64 {
    let log = |n: u64| sim::price(3, bitcoin(), NOW_MS + n * step_ms).ln();
    let squares = (0..n_steps).map(|n| (log(n + 1) - log(n)).powi(2));
    let years = n_steps as f64 * step_ms as f64 / (365.25 * DAY_MS as f64);
    (squares.sum::<f64>() / years).sqrt()
}

#[test]
fn it_moves_like_a_market_at_every_pace() {
    for (step_ms, n_steps) in [(5_000, 20_000), (60_000, 20_000), (3_600_000, 5_000)] {
        let found = volatility(step_ms, n_steps);
        assert!((0.45..0.65).contains(&found), "{step_ms} ms: {found}");
    }
    // A second is the shortest octave, below which it is smooth.
    assert!(volatility(1_000, 50_000) < 0.6);
}

#[test]
fn reporters_differ_by_two_hundredths_of_a_percent_at_most() {
    let mut widest = 0.0_f64;
    for second in 0..5_000 {
        let at = NOW_MS + second * 1_000;
        let truth = sim::price(7, bitcoin(), at);
        for reporter in 1..4 {
            let seen = sim::seen_by(reporter, 7, bitcoin(), at);
            widest = widest.max((seen / truth - 1.0).abs());
        }
    }
    assert!((1e-4..=2.001e-4).contains(&widest), "{widest}");
    let seen = |reporter| sim::seen_by(reporter, 7, bitcoin(), NOW_MS + 1_234);
    assert_ne!(seen(1), seen(2));
}

proptest! {
    /// For any market, moment and set of expiries: no surface has a butterfly, and none of two
    /// lets a calendar spread cost less than nothing, though the nearer one is ten seconds older.
    #[test]
    fn surfaces_have_no_arbitrage(
        seed in any::<u64>(),
        day in 0_u64..2_000,
        ms in 0_u64..DAY_MS,
        // From a minute to a century.
        lefts_h in proptest::collection::btree_set(prop_oneof![0_u64..48, 48_u64..1_000_000], 1..6),
    ) {
        let at = NOW_MS + day * DAY_MS + ms;
        let surface = |at_ms, left_h: u64| {
            sim::surface(seed, bitcoin(), at_ms, at + 61_000 + left_h * 3_600_000)
        };
        let mut nearer = None;
        for left_h in lefts_h {
            let svi = surface(at, left_h).expect("there is more than a minute left");
            pricing::check(&svi).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
            if let Some(nearer) = nearer {
                pricing::check_calendar(&nearer, &svi)
                    .map_err(|fault| TestCaseError::fail(fault.to_string()))?;
            }
            nearer = surface(at - 10_000, left_h);
        }
    }
}

#[test]
fn nothing_is_said_of_an_expiry_that_is_a_minute_away() {
    let surface = |left_ms| sim::surface(1, bitcoin(), NOW_MS, NOW_MS + left_ms);
    assert_eq!((surface(0), surface(60_000)), (None, None));
    let near = surface(60_001).expect("a minute and a bit");
    assert_eq!(pricing::check(&near), Ok(()));
    assert_eq!(sim::surface(1, bitcoin(), NOW_MS, NOW_MS - 1), None);
}

#[test]
fn volatilities_are_around_what_the_price_has() {
    let month_ms = 30 * DAY_MS;
    let svi = sim::surface(1, bitcoin(), NOW_MS, NOW_MS + month_ms).expect("there is time left");
    let variance = pricing::atm_variance_ppb(&svi) as f64 / 1e9;
    let volatility = (variance * 365.25 / 30.0).sqrt();
    assert!((0.45..0.65).contains(&volatility), "{volatility}");
}
