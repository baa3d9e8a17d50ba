//! What is seen of prices: feeds, volatilities, funding, deliveries, and the channels of all that.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use types::{At, Command, Health};

use super::fed::{Fed, REPORTERS};
use super::world::{ALICE, BOB, EXPIRY, Listener, START_MS};

const PERPETUAL: &str = "BTC-PERPETUAL";
const FUTURE: &str = "BTC-25DEC26";
const CALL: &str = "BTC-25DEC26-100000-C";
const HOUR_MS: u64 = 3_600_000;

fn pretty(value: &Value, want: &Expect) {
    want.assert_eq(&serde_json::to_string_pretty(value).expect("JSON"));
}

/// Some members of an object, one a line.
fn shown(value: &Value, keys: &[&str]) -> String {
    let lines: Vec<String> = keys.iter().map(|key| format!("{key} {}", value[*key])).collect();
    lines.join("\n")
}

fn named(fed: &Fed, method: &str, name: &str) -> Value {
    fed.world.public(method, json!({ "instrument_name": name }))
}

/// A world in which December has volatilities.
fn with_surface() -> Fed {
    let fed = Fed::new();
    for reporter in REPORTERS {
        let sent = fed.smile(reporter);
        assert_eq!(fed.world.call(reporter, "private/report_surface", sent), "ok");
    }
    fed.seconds(1, "100000");
    fed
}

#[test]
fn a_feed_says_how_good_it_is_why_and_what_each_seat_said() {
    let fed = Fed::new();
    fed.seconds(1, "100010");
    fed.world.pass_ms(1_500);
    let sent = fed.report(1, "100500.25");
    fed.world.call(REPORTERS[1], "private/report_price", sent);
    let feeds = fed.world.public("public/get_price_feeds", json!({ "index_name": "btc_usd" }));
    pretty(
        &feeds[0],
        &expect![[r#"
        {
          "ahead_ms": 1000,
          "barrier": null,
          "cap_ppm": 5000,
          "confidence": 321.83333334,
          "confidence_ppm": 10000,
          "cross_check": null,
          "degraded": {
            "reporters": 2,
            "sources": 2
          },
          "health": "healthy",
          "healthy": {
            "reporters": 3,
            "sources": 3
          },
          "index_name": "btc_usd",
          "jump_ppm": 100000,
          "method": "capped_median",
          "price": 100173.41666666,
          "reason": {
            "reports": 3,
            "sources": 3,
            "text": "3 fresh reports from 3 sources passed the barrier",
            "word": "barrier_passed"
          },
          "reporter_cap_ppm": 500000,
          "seats": [
            {
              "age_ms": 1500,
              "confidence": 5,
              "deviation_ppm": -1631,
              "price": 100010,
              "reporter": 4,
              "score": {
                "good": 3,
                "reports": 4
              },
              "source": "north",
              "source_at": 1795336889000,
              "standing": "live",
              "weight_ppm": 333333
            },
            {
              "age_ms": 0,
              "confidence": 5,
              "deviation_ppm": 3262,
              "price": 100500.25,
              "reporter": 5,
              "score": {
                "good": 4,
                "reports": 5
              },
              "source": "south",
              "source_at": 1795336890500,
              "standing": "live",
              "weight_ppm": 333333
            },
            {
              "age_ms": 1500,
              "confidence": 5,
              "deviation_ppm": -1631,
              "price": 100010,
              "reporter": 6,
              "score": {
                "good": 3,
                "reports": 4
              },
              "source": "west",
              "source_at": 1795336889000,
              "standing": "live",
              "weight_ppm": 333333
            }
          ],
          "since": 1795336887000,
          "sources": [
            {
              "name": "north",
              "weight": 1
            },
            {
              "name": "south",
              "weight": 1
            },
            {
              "name": "west",
              "weight": 1
            }
          ],
          "spread_ppm": 20000,
          "stale_ms": 65000,
          "timestamp": 1795336890500
        }"#]],
    );
    let all = fed.world.public("public/get_price_feeds", json!({}));
    let all: Vec<String> = all
        .as_array()
        .expect("a list")
        .iter()
        .map(|feed| format!("{} {} {}", feed["index_name"], feed["health"], feed["price"]))
        .collect();
    expect![[r#"
        "btc_usd" "healthy" 100173.41666666
        "eth_usd" "manual" 4000
        "btc_usdc" "manual" 100000"#]]
    .assert_eq(&all.join("\n"));
    let unknown = json!({ "index_name": "doge_usd" });
    assert!(fed.world.refusal(ALICE, "public/get_price_feeds", unknown).starts_with("-32602"));
}

#[test]
fn an_option_that_is_priced_says_its_volatility_and_its_greeks() {
    let fed = with_surface();
    let keys = [
        "mark_price",
        "mark_iv",
        "bid_iv",
        "greeks",
        "underlying_price",
        "underlying_index",
        "interest_rate",
        "estimated_delivery_price",
    ];
    let ticker = named(&fed, "public/ticker", CALL);
    expect![[r#"
        mark_price 0.069
        mark_iv 57.6288
        bid_iv null
        greeks {"delta":0.534506271,"gamma":0.000022947,"rho":42.048995026,"theta":-104.39443966,"vega":119.454456016}
        underlying_price 100000
        underlying_index "BTC-25DEC26"
        interest_rate 0
        estimated_delivery_price 100000"#]].assert_eq(&shown(&ticker, &keys));
    let book = named(&fed, "public/get_order_book", CALL);
    assert_eq!(book["greeks"], ticker["greeks"]);
    let rows = named(&fed, "public/get_book_summary_by_instrument", CALL);
    assert_eq!(rows[0]["mark_iv"], ticker["mark_iv"]);
    assert_eq!(rows[0]["underlying_index"], FUTURE);
    for (name, key) in [(PERPETUAL, "greeks"), (FUTURE, "mark_iv"), (FUTURE, "funding_8h")] {
        let ticker = named(&fed, "public/ticker", name);
        assert!(ticker.get(key).is_none(), "{name} has no {key}");
    }
}

#[test]
fn a_position_in_options_has_greeks_that_add_up() {
    let fed = with_surface();
    let world = &fed.world;
    for (account, side) in [(BOB, "sell"), (ALICE, "buy")] {
        world.limit(account, CALL, (side, "0.07", "0.5"));
    }
    let position = world.call(BOB, "private/get_position", json!({ "instrument_name": CALL }));
    let ticker = named(&fed, "public/ticker", CALL);
    for greek in ["delta", "gamma", "theta", "vega"] {
        let (one, mine) = (ticker["greeks"][greek].as_f64(), position[greek].as_f64());
        let (one, mine) = (one.expect("a number"), mine.expect("a number"));
        assert!((mine + 0.5 * one).abs() < 1e-9, "{greek}: {mine} is not -0.5 x {one}");
    }
    let summary = world.call(BOB, "private/get_account_summary", json!({ "currency": "BTC" }));
    assert_eq!(summary["options_delta"], position["delta"]);
    assert_eq!(summary["delta_total"], position["delta"]);
    assert_eq!(summary["options_vega_map"]["btc_usd"], position["vega"]);
}

#[test]
fn marks_of_options_are_told_once_a_second_with_their_volatility() {
    let fed = with_surface();
    let listener = fed.world.listen(1, None, "markprice.options.btc_usd");
    let first = listener.heard();
    expect![[r#"[{"instrument_name":"BTC-25DEC26-100000-C","iv":0.576288,"mark_price":0.069,"timestamp":1795336889000}]"#]].assert_eq(&first[0].to_string());
    fed.world.tick();
    for (passed_ms, want) in [(400, 0), (500, 0), (100, 1), (999, 0)] {
        fed.world.pass_ms(passed_ms);
        fed.world.run(0, Command::Tick);
        fed.world.tick();
        assert_eq!(listener.heard().len(), want, "after {passed_ms} ms more");
    }
    let other = fed.world.listen(2, None, "markprice.options.eth_usd");
    assert_eq!(other.heard(), [json!([])], "nothing is priced there");
}

#[test]
fn marks_are_kept_by_the_minute() {
    let fed = Fed::new();
    for price in ["100000", "100100", "100200"] {
        fed.seconds(1, price);
        fed.world.pass_ms(59_000);
    }
    let (start, end) = (START_MS, 9_000_000_000_000_u64);
    let mut sent = json!({
        "instrument_name": PERPETUAL, "start_timestamp": start, "end_timestamp": end,
    });
    let rows = fed.world.public("public/get_mark_price_history", sent.clone());
    expect!["[[1795336920000,100033.5],[1795336980000,100133.5]]"].assert_eq(&rows.to_string());
    sent["start_timestamp"] = json!(end + 1);
    let refusal = fed.world.refusal(ALICE, "public/get_mark_price_history", sent);
    assert!(refusal.starts_with("-32602"), "{refusal}");
}

/// Two hours and a half in which the perpetual is bid up.
fn funded() -> Fed {
    let fed = Fed::new();
    for (account, side, price) in [(ALICE, "buy", "100500"), (BOB, "sell", "100600")] {
        fed.world.limit(account, PERPETUAL, (side, price, "200000"));
    }
    for _ in 0..150 {
        fed.world.pass_ms(59_000);
        fed.seconds(1, "100000");
    }
    fed
}

#[test]
fn funding_is_told_by_rate_by_hour_and_over_any_span() {
    let fed = funded();
    let world = &fed.world;
    let ticker = named(&fed, "public/ticker", PERPETUAL);
    let keys = ["mark_price", "index_price", "current_funding", "funding_8h", "interest_value"];
    expect![[r#"
        mark_price 100500
        index_price 100000
        current_funding 0.00475
        funding_8h 0.001464562
        interest_value 0.001464562"#]]
    .assert_eq(&shown(&ticker, &keys));
    let span = |start: u64, end: u64| json!({ "instrument_name": PERPETUAL, "start_timestamp": start, "end_timestamp": end });
    let now = world.at().0;
    let rows = world.public("public/get_funding_rate_history", span(0, now));
    pretty(
        &rows,
        &expect![[r#"
        [
          {
            "index_price": 100000,
            "interest_1h": 0.000168208,
            "interest_8h": 0.000168208,
            "prev_index_price": 100000,
            "timestamp": 1795338000000
          },
          {
            "index_price": 100000,
            "interest_1h": 0.00059375,
            "interest_8h": 0.000761958,
            "prev_index_price": 100000,
            "timestamp": 1795341600000
          },
          {
            "index_price": 100000,
            "interest_1h": 0.00059375,
            "interest_8h": 0.001355708,
            "prev_index_price": 100000,
            "timestamp": 1795345200000
          }
        ]"#]],
    );
    let hour = rows[0]["timestamp"].as_u64().expect("a time");
    assert_eq!(hour % HOUR_MS, 0);
    let value = |start, end| world.public("public/get_funding_rate_value", span(start, end));
    assert_eq!(value(0, now), ticker["funding_8h"]);
    assert_eq!(value(hour, hour + HOUR_MS), rows[1]["interest_1h"]);
    assert_eq!(value(hour, hour), 0);
    assert!(
        world.refusal(ALICE, "public/get_funding_rate_value", span(2, 1)).starts_with("-32602")
    );
    let chart = json!({ "instrument_name": PERPETUAL, "length": "8h" });
    let chart = world.public("public/get_funding_chart_data", chart);
    assert_eq!(chart["current_interest"], ticker["current_funding"]);
    assert_eq!(chart["data"].as_array().map(Vec::len), rows.as_array().map(Vec::len));
    let future = json!({ "instrument_name": FUTURE, "start_timestamp": 0, "end_timestamp": now });
    assert_eq!(world.public("public/get_funding_rate_value", future), 0);
}

#[test]
fn funding_that_was_paid_is_in_the_log_and_among_the_settlements() {
    let fed = Fed::new();
    let world = &fed.world;
    for (account, side) in [(BOB, "sell"), (ALICE, "buy")] {
        world.limit(account, PERPETUAL, (side, "100500", "10000"));
    }
    for (account, side, price) in [(ALICE, "buy", "100500"), (BOB, "sell", "100600")] {
        world.limit(account, PERPETUAL, (side, price, "200000"));
    }
    for _ in 0..60 {
        world.pass_ms(59_000);
        fed.seconds(1, "100000");
    }
    world.limit(BOB, PERPETUAL, ("sell", "100500", "1000"));
    let span = json!({
        "currency": "BTC", "start_timestamp": 0, "end_timestamp": 9_000_000_000_000_u64,
    });
    let log = world.call(ALICE, "private/get_transaction_log", span);
    let row =
        log["logs"].as_array().expect("a list").iter().find(|row| row["type"] == "settlement");
    let row = row.expect("funding was paid").clone();
    let keys = ["type", "instrument_name", "change", "interest_pl", "position", "index_price"];
    expect![[r#"
        type "settlement"
        instrument_name "BTC-PERPETUAL"
        change -0.0000574
        interest_pl -0.0000574
        position 10000
        index_price 100000"#]]
    .assert_eq(&shown(&row, &keys));
    let sent = json!({ "instrument_name": PERPETUAL, "type": "settlement" });
    let history = "private/get_settlement_history_by_instrument";
    let rows = world.call(ALICE, history, sent.clone());
    assert_eq!(rows["settlements"][0]["funding"], row["change"]);
    assert_eq!(rows["continuation"], "none");
    let earned = &world.call(BOB, history, sent)["settlements"][0]["funding"];
    assert!(0.0 < earned.as_f64().expect("a number"), "{earned}: shorts are paid");
    let none = json!({ "currency": "BTC", "type": "delivery" });
    let none = world.call(ALICE, "private/get_settlement_history_by_currency", none);
    assert_eq!(none, json!({ "continuation": "none", "settlements": [] }));
    let position = json!({ "instrument_name": PERPETUAL });
    let position = world.call(ALICE, "private/get_position", position);
    assert_eq!(position["realized_funding"], row["change"]);
}

#[test]
fn the_channel_of_a_perpetual_says_its_rate() {
    let fed = funded();
    let listener = fed.world.listen(1, None, "perpetual.BTC-PERPETUAL.100ms");
    let rate = named(&fed, "public/ticker", PERPETUAL)["current_funding"].clone();
    let heard = listener.heard();
    assert_eq!((&heard[0]["interest"], &heard[0]["index_price"]), (&rate, &json!(100_000)));
}

/// Half a minute before December is over.
fn expiring() -> (Fed, Listener) {
    let fed = with_surface();
    let world = &fed.world;
    for (account, side) in [(BOB, "sell"), (ALICE, "buy")] {
        world.limit(account, FUTURE, (side, "101000", "1000"));
        world.limit(account, CALL, (side, "0.07", "0.5"));
    }
    let listener = world.listen(1, None, "instrument.state.any.BTC");
    world.pass_ms(EXPIRY.0 - world.at().0 - 31 * 60_000);
    fed.until(At(EXPIRY.0 - 30_000), "100000");
    (fed, listener)
}

#[test]
fn an_expiry_is_expected_settled_and_told() {
    let (fed, states) = expiring();
    let world = &fed.world;
    fed.seconds(1, "100600");
    let index = world.public("public/get_index_price", json!({ "index_name": "btc_usd" }));
    expect![[r#"{"estimated_delivery_price":100008,"index_price":100600}"#]]
        .assert_eq(&index.to_string());
    let ticker = named(&fed, "public/ticker", FUTURE);
    assert_eq!(ticker["estimated_delivery_price"], index["estimated_delivery_price"]);
    let perpetual = named(&fed, "public/ticker", PERPETUAL);
    assert_eq!(perpetual["estimated_delivery_price"], 100_600, "it is never delivered");
    let expiration = world.listen(2, None, "estimated_expiration_price.btc_usd").heard();
    expect![[
        r#"{"is_estimated":true,"left_ticks":6,"price":100008,"seconds":27,"total_ticks":450}"#
    ]]
    .assert_eq(&expiration[0].to_string());

    fed.until(EXPIRY, "100600");
    assert_eq!(named(&fed, "public/ticker", FUTURE)["state"], "closed");
    let words: Vec<String> = states
        .heard()
        .iter()
        .map(|said| format!("{} {}", said["instrument_name"], said["state"]))
        .collect();
    expect![[r#"
        "BTC-25DEC26" "closed"
        "BTC-25DEC26-100000-C" "closed"
        "BTC-25DEC26" "settled"
        "BTC-25DEC26-100000-C" "settled""#]]
    .assert_eq(&words.join("\n"));
    let keys = ["state", "delivery_price", "estimated_delivery_price", "mark_price"];
    expect![[r#"
        state "closed"
        delivery_price 100008
        estimated_delivery_price 100008
        mark_price 0.0001"#]]
    .assert_eq(&shown(&named(&fed, "public/ticker", CALL), &keys));
    let prices = world.public("public/get_delivery_prices", json!({ "index_name": "btc_usd" }));
    expect![[r#"{"data":[{"date":"2026-12-25","delivery_price":100008}],"records_total":1}"#]]
        .assert_eq(&prices.to_string());
    let settled = json!({ "currency": "BTC", "type": "delivery" });
    let settled = world.public("public/get_last_settlements_by_currency", settled);
    pretty(
        &settled,
        &expect![[r#"
        {
          "continuation": "none",
          "settlements": [
            {
              "funding": 0,
              "index_price": 100008,
              "instrument_name": "BTC-25DEC26-100000-C",
              "mark_price": 0.0001,
              "position": 0.5,
              "session_profit_loss": 0,
              "timestamp": 1798185601000,
              "type": "delivery"
            },
            {
              "funding": 0,
              "index_price": 100008,
              "instrument_name": "BTC-25DEC26",
              "mark_price": 100008,
              "position": 1000,
              "session_profit_loss": 0,
              "timestamp": 1798185601000,
              "type": "delivery"
            }
          ]
        }"#]],
    );
    let one = json!({ "instrument_name": FUTURE, "count": 1 });
    let one = world.public("public/get_last_settlements_by_instrument", one);
    assert_eq!(one["settlements"][0], settled["settlements"][1]);
    let own = world.call(
        ALICE,
        "private/get_settlement_history_by_currency",
        json!({ "currency": "BTC" }),
    );
    pretty(
        &own["settlements"],
        &expect![[r#"
        [
          {
            "funding": 0,
            "index_price": 100008,
            "instrument_name": "BTC-25DEC26-100000-C",
            "mark_price": 0.0001,
            "position": 0.5,
            "profit_loss": 0.00003999,
            "session_profit_loss": 0.00003999,
            "timestamp": 1798185601000,
            "type": "delivery"
          },
          {
            "funding": 0,
            "index_price": 100008,
            "instrument_name": "BTC-25DEC26",
            "mark_price": 100008,
            "position": 1000,
            "profit_loss": -0.00009822,
            "session_profit_loss": -0.00009822,
            "timestamp": 1798185601000,
            "type": "delivery"
          }
        ]"#]],
    );
    let positions = world.call(ALICE, "private/get_positions", json!({ "currency": "BTC" }));
    assert_eq!(positions, json!([]));
}

#[test]
fn pages_of_settlements_follow_one_another() {
    let (fed, _) = expiring();
    fed.until(EXPIRY, "100600");
    let page = |continuation: Value| {
        let sent = json!({ "currency": "BTC", "count": 1, "continuation": continuation });
        fed.world.public("public/get_last_settlements_by_currency", sent)
    };
    let first = page(Value::Null);
    let second = page(first["continuation"].clone());
    assert_eq!((&first["continuation"], &second["continuation"]), (&json!("1"), &json!("none")));
    assert_ne!(first["settlements"], second["settlements"]);
    let until = json!({ "currency": "BTC", "search_start_timestamp": START_MS });
    let none = fed.world.public("public/get_last_settlements_by_currency", until);
    assert_eq!(none["settlements"], json!([]));
    let bankrupt = json!({ "currency": "BTC", "type": "bankruptcy" });
    let none = fed.world.public("public/get_last_settlements_by_currency", bankrupt);
    assert_eq!(none["settlements"], json!([]));
    let sent = json!({ "currency": "BTC", "continuation": "x" });
    let refusal = fed.world.refusal(ALICE, "public/get_last_settlements_by_currency", sent);
    assert!(refusal.starts_with("-32602"), "{refusal}");
}

#[test]
fn what_has_expired_and_has_no_price_waits_for_the_operator() {
    let fed = Fed::new();
    let world = &fed.world;
    let states = world.listen(1, None, "instrument.state.future.BTC");
    world.pass_ms(EXPIRY.0 - world.at().0);
    world.run(0, Command::Tick);
    let future = named(&fed, "public/get_instrument", FUTURE);
    assert_eq!((&future["state"], &future["is_active"]), (&json!("settlement"), &json!(false)));
    let heard = states.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["state"], "closed");
    let sent = json!({ "expired": true, "currency": "BTC" });
    let expired = world.public("public/get_instruments", sent);
    assert_eq!(expired.as_array().map(Vec::len), Some(2));

    world.pass_ms(2 * HOUR_MS);
    world.run(0, Command::Tick);
    let sent = json!({
        "index_name": "btc_usd", "expiration_timestamp": EXPIRY.0, "price": "99999.5",
    });
    assert_eq!(world.call(ALICE, "operator/settle_delivery", sent), "ok");
    let ticker = named(&fed, "public/ticker", FUTURE);
    assert_eq!(
        shown(&ticker, &["state", "delivery_price"]),
        "state \"closed\"\ndelivery_price 99999.5"
    );
    assert_eq!(states.heard()[0]["state"], "settled");
}

/// `health` and the changes of a message.
fn told(message: &Value) -> String {
    let changes: Vec<String> = message["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| format!("{} -> {}", change["from"], change["to"]))
        .collect();
    format!("{} [{}]", message["health"], changes.join(", "))
}

#[test]
fn a_feeds_channel_speaks_at_each_change_of_health_and_once_a_second_else() {
    let fed = Fed::new();
    let world = &fed.world;
    let listener = world.listen(1, None, "price_feed.btc_usd");
    let hear = || -> Vec<String> {
        world.tick();
        listener.heard().iter().map(told).collect()
    };
    assert_eq!(hear(), ["\"healthy\" []"], "whoever joins is told at once");
    for _ in 0..3 {
        world.pass_ms(100);
        fed.round("100001");
        assert_eq!(hear(), Vec::<String>::new(), "the second is not over");
    }
    world.pass_ms(700);
    assert_eq!(hear(), ["\"healthy\" []"]);
    world.pass_ms(65_000);
    world.run(0, Command::Tick);
    assert_eq!(hear(), ["\"frozen\" [\"healthy\" -> \"frozen\"]"]);
    // Back in one step of the venue's clock: nothing that happened is left out.
    for _ in 0..3 {
        fed.round("100002");
    }
    assert_eq!(hear(), ["\"healthy\" [\"frozen\" -> \"healthy\"]"]);
    let late = world.listen(2, None, "price_feed.btc_usd");
    world.tick();
    assert_eq!(late.heard().len(), 1);
    assert!(world.market.unsubscribe(1, "price_feed.btc_usd"));
}

#[test]
fn an_index_is_locked_while_its_feed_is_frozen() {
    let fed = Fed::new();
    let world = &fed.world;
    let listener = world.listen(1, None, "platform_state");
    assert_eq!(world.market.locked_indexes(), (vec![], 3));
    world.pass_ms(65_000);
    world.run(0, Command::Tick);
    assert_eq!(world.market.locked_indexes(), (vec!["btc_usd".to_owned()], 3));
    assert_eq!(listener.heard(), [json!({ "price_index": "btc_usd", "locked": true })]);
    let buy = json!({ "instrument_name": PERPETUAL, "price": 99_000, "amount": 10 });
    let refusal = world.refusal(ALICE, "private/buy", buy);
    assert!(refusal.starts_with("11051"), "{refusal}");
    fed.seconds(3, "100000");
    assert_eq!(listener.heard(), [json!({ "price_index": "btc_usd", "locked": false })]);
}

#[test]
fn funding_and_deliveries_are_zero_or_none_without_a_feed() {
    let fed = Fed::new();
    let eth = named(&fed, "public/ticker", "ETH-PERPETUAL");
    assert_eq!(shown(&eth, &["funding_8h", "current_funding"]), "funding_8h 0\ncurrent_funding 0");
    let prices = fed.world.public("public/get_delivery_prices", json!({ "index_name": "eth_usd" }));
    assert_eq!(prices, json!({ "data": [], "records_total": 0 }));
    let volatility =
        fed.world.public("public/get_historical_volatility", json!({ "currency": "BTC" }));
    assert_eq!(volatility, json!([]), "it needs fifteen days");
    let health =
        fed.world.market.look(crate::venue::DomainId(1), |look| look.view.indexes()[0].health());
    assert_eq!(health, Health::Manual);
}
