//! Prices, grids and quotes of the demo.

use expect_test::expect;
use serde_json::json;
use types::{At, OptionRight};

use super::pricing::{Rng, Walk, black_76};
use super::quotes::{Listed, Manner};

const NOW: At = At(1_795_568_400_000);
const MANNER: Manner = Manner { half_spread: 0.0002, size_usd: 20_000.0 };

#[test]
fn black_76_agrees_with_known_values_and_with_put_call_parity() {
    // J. Hull, Options, Futures and Other Derivatives: F = 20, K = 20, σ = 25 %, T = 4/12, r = 9 %
    // gives a put of 1.1166, which undiscounted is 1.1506.
    let put = black_76(20.0, 20.0, 0.25, 4.0 / 12.0, OptionRight::Put);
    assert!((put - 1.1506).abs() < 1e-3, "{put}");
    for (forward, strike, volatility, years) in
        [(97_000.0, 90_000.0, 0.5, 0.01), (97_000.0, 150_000.0, 0.6, 1.0), (20.0, 20.0, 0.3, 0.0)]
    {
        let call = black_76(forward, strike, volatility, years, OptionRight::Call);
        let put = black_76(forward, strike, volatility, years, OptionRight::Put);
        assert!((call - put - (forward - strike)).abs() < 1e-2, "{call} {put}");
        assert!(0.0 <= call && 0.0 <= put);
    }
}

#[test]
fn one_seed_gives_one_path() {
    let path = |seed: u64| {
        let mut walk = Walk::new(Rng(seed).fork(1), 97_000.0);
        (0..3).map(|_| format!("{:.2}", walk.step(1_000.0))).collect::<Vec<_>>()
    };
    assert_eq!(path(7), path(7));
    assert_ne!(path(7), path(8));
    let mut walk = Walk::new(Rng(7), 100.0);
    let far = (0..100_000)
        .map(|_| walk.step(60_000.0))
        .fold((f64::MAX, 0.0_f64), |(low, high), p| (low.min(p), high.max(p)));
    assert!(20.0 < far.0 && far.1 < 500.0, "{far:?}");
}

fn listed(name: &str, tick: f64, steps: serde_json::Value, lot: f64, currency: &str) -> Listed {
    Listed::read(&json!({
        "instrument_name": name, "tick_size": tick, "tick_size_steps": steps,
        "min_trade_amount": lot, "settlement_currency": currency,
    }))
    .expect("the instrument is well formed")
}

#[test]
fn quotes_stand_around_fair_value_on_the_grid() {
    let coarse = json!([{"above_price": 0.005, "tick_size": 0.0005}]);
    let instruments = [
        listed("BTC-PERPETUAL", 0.5, json!([]), 10.0, "BTC"),
        listed("BTC-25DEC26", 0.5, json!([]), 10.0, "BTC"),
        listed("BTC-25DEC26-100000-C", 0.0001, coarse.clone(), 0.1, "BTC"),
        listed("BTC-27NOV26-150000-C", 0.0001, coarse.clone(), 0.1, "BTC"),
        listed("BTC-27NOV26-150000-P", 0.0001, coarse, 0.1, "BTC"),
        listed("BTC_USDC-PERPETUAL", 0.1, json!([]), 0.001, "USDC"),
        listed("BTC_USDC-27NOV26-95000-P", 5.0, json!([]), 0.01, "USDC"),
    ];
    let lines = instruments.iter().map(|instrument| {
        let quote = instrument.quote(MANNER, 97_000.25, NOW).expect("it can be quoted");
        let bid = quote.bid.map_or("none".into(), |bid| bid.to_string());
        let mark = instrument.mark(97_000.25, NOW);
        let line = (quote.ask, quote.amount);
        format!("{}: {bid} | {mark} | {} x {}\n", instrument.name, line.0, line.1)
    });
    expect![[r#"
        BTC-PERPETUAL: 96980.5 | 97000.5 | 97020 x 20000
        BTC-25DEC26: 97464.5 | 97484 | 97504 x 20000
        BTC-25DEC26-100000-C: 0.05 | 0.052 | 0.0545 x 0.2
        BTC-27NOV26-150000-C: none | 0.0001 | 0.0003 x 0.2
        BTC-27NOV26-150000-P: 0.526 | 0.546 | 0.566 x 0.2
        BTC_USDC-PERPETUAL: 96980.8 | 97000.3 | 97019.7 x 0.206
        BTC_USDC-27NOV26-95000-P: 820 | 855 | 890 x 0.21
    "#]]
    .assert_eq(&lines.collect::<String>());
}
