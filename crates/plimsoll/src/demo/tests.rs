//! Prices, grids and quotes of the demo; below, hours of its marks.

mod chain;
mod hours;
mod marks;

use expect_test::expect;
use serde_json::json;
use types::At;

use super::prices::Prices;
use super::pricing::Rng;
use super::quotes::{Listed, Manner};

const NOW: At = At(1_795_568_400_000);
const MANNER: Manner = Manner { half_spread: 0.0002, size_usd: 20_000.0 };

#[test]
fn one_seed_gives_one_path() {
    let path = |seed: u64| {
        let mut rng = Rng(seed).fork(1);
        (0..3).map(|_| rng.below(1_000)).collect::<Vec<_>>()
    };
    assert_eq!(path(7), path(7));
    assert_ne!(path(7), path(8));
}

#[test]
fn prices_are_what_the_venue_says() {
    let mut prices = Prices::default();
    for told in [
        json!({"channel": "deribit_price_index.btc_usd",
               "data": {"index_name": "btc_usd", "price": 97_000.25, "timestamp": 1}}),
        json!({"channel": "markprice.options.btc_usd",
               "data": [{"instrument_name": "BTC-25DEC26-100000-C", "mark_price": 0.0525}]}),
        json!({"channel": "platform_state", "data": {"price_index": "btc_usd", "locked": true}}),
    ] {
        prices.learn(&told);
    }
    assert_eq!(prices.index("btc_usd"), Some(97_000.25));
    assert_eq!(prices.mark("BTC-25DEC26-100000-C"), Some(0.0525));
    assert_eq!((prices.index("eth_usd"), prices.mark("BTC-PERPETUAL")), (None, None));
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
    let mut prices = Prices::default();
    for index in ["btc_usd", "btc_usdc"] {
        let data = json!({"index_name": index, "price": 97_000.25});
        prices.learn(&json!({"channel": format!("deribit_price_index.{index}"), "data": data}));
    }
    let marks = [
        ("BTC-25DEC26-100000-C", 0.0525),
        ("BTC-27NOV26-150000-C", 0.0001),
        ("BTC-27NOV26-150000-P", 0.546),
        ("BTC_USDC-27NOV26-95000-P", 855.0),
    ];
    let rows = marks.map(|(name, mark)| json!({"instrument_name": name, "mark_price": mark}));
    prices.learn(&json!({"channel": "markprice.options.btc_usd", "data": rows}));
    let lines = instruments.iter().map(|instrument| {
        let quote = instrument.quote(MANNER, &prices, NOW).expect("it can be quoted");
        let bid = quote.bid.map_or("none".into(), |bid| bid.to_string());
        format!("{}: {bid} | {} x {}\n", instrument.name, quote.ask, quote.amount)
    });
    expect![[r#"
        BTC-PERPETUAL: 96980.5 | 97020 x 20000
        BTC-25DEC26: 97464.5 | 97504 x 20000
        BTC-25DEC26-100000-C: 0.0505 | 0.0545 x 0.2
        BTC-27NOV26-150000-C: none | 0.0003 x 0.2
        BTC-27NOV26-150000-P: 0.526 | 0.566 x 0.2
        BTC_USDC-PERPETUAL: 96980.8 | 97019.7 x 0.206
        BTC_USDC-27NOV26-95000-P: 820 | 890 x 0.21
    "#]]
    .assert_eq(&lines.collect::<String>());
}
