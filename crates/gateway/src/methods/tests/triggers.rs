//! Trigger orders as traders meet them, with a real engine behind the methods.

use std::fmt::Write;

use expect_test::expect;
use serde_json::{Value, json};

use super::world::{ALICE, BOB, World};
use types::{Command, InstrumentId, Ticks};

const PERPETUAL: &str = "BTC-PERPETUAL";

/// A stop to sell 10 USD, and what is asked otherwise.
fn stop(more: Value) -> Value {
    let mut sent = json!({
        "instrument_name": PERPETUAL, "amount": 10, "type": "stop_market", "trigger": "mark_price",
        "trigger_price": 99_000, "label": "guard",
    });
    for (key, value) in more.as_object().expect("an object") {
        sent[key] = value.clone();
    }
    sent
}

/// The mark of the perpetual is here now, in half dollars.
fn mark(world: &World, ticks: u32) {
    world.run(0, Command::ReportMarks(vec![(InstrumentId(0), Ticks(ticks))]));
}

/// What is said of an order, a line for those of these fields that it has.
fn told(order: &Value, fields: &str) -> String {
    let mut lines = String::new();
    for field in fields.split_whitespace() {
        if let Some(value) = order.get(field) {
            let _ = write!(lines, "{field} {value}, ");
        }
    }
    lines.trim_end_matches(", ").to_owned()
}

const LIFE: &str = "order_id order_state order_type price triggered trigger trigger_price \
    trigger_offset trigger_reference_price trigger_order_id replaced cancel_reason reject_reason";

#[test]
fn each_type_waits_as_it_was_asked_for() {
    let world = World::new();
    let mut lines = Vec::new();
    for (side, more) in [
        ("sell", json!({})),
        ("sell", json!({ "type": "stop_limit", "price": 98_900 })),
        ("buy", json!({ "type": "take_market", "trigger": "last_price" })),
        (
            "buy",
            json!({ "type": "take_limit", "price": 98_900, "trigger": "index_price",
            "trigger_price": "98765.4321" }),
        ),
        ("sell", json!({ "type": "trailing_stop", "trigger_price": null, "trigger_offset": 500 })),
        ("buy", json!({ "type": "trailing_stop", "trigger_price": null, "trigger_offset": 0.5 })),
    ] {
        let placed = world.call(ALICE, &format!("private/{side}"), stop(more));
        assert_eq!(placed["trades"], json!([]));
        lines.push(told(&placed["order"], LIFE));
    }
    expect![[r#"
        order_id "TRG-1", order_state "untriggered", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99000, replaced false
        order_id "TRG-2", order_state "untriggered", order_type "stop_limit", price 98900, triggered false, trigger "mark_price", trigger_price 99000, replaced false
        order_id "TRG-3", order_state "untriggered", order_type "take_market", price "market_price", triggered false, trigger "last_price", trigger_price 99000, replaced false
        order_id "TRG-4", order_state "untriggered", order_type "take_limit", price 98900, triggered false, trigger "index_price", trigger_price 98765.4321, replaced false
        order_id "TRG-5", order_state "untriggered", order_type "trailing_stop", price "market_price", triggered false, trigger "mark_price", trigger_price 99500, trigger_offset 500, trigger_reference_price 100000, replaced false
        order_id "TRG-6", order_state "untriggered", order_type "trailing_stop", price "market_price", triggered false, trigger "mark_price", trigger_price 100000.5, trigger_offset 0.5, trigger_reference_price 100000, replaced false"#]].assert_eq(&lines.join("\n"));
    let open = |kind: &str| {
        let list = world.call(ALICE, "private/get_open_orders", json!({ "type": kind }));
        list.as_array().map(Vec::len)
    };
    let counts = ["all", "limit", "trigger_all", "stop_all", "stop_limit", "take_market"].map(open);
    assert_eq!(counts, [6, 0, 6, 2, 1, 1].map(Some));
    assert_eq!(["trailing_all", "trailing_stop"].map(open), [2, 2].map(Some));
}

#[test]
fn a_trigger_is_followed_from_its_birth_to_the_order_that_is_born() {
    let world = World::new();
    let orders = world.listen(1, Some(ALICE), "user.orders.BTC-PERPETUAL.raw");
    world.limit(BOB, PERPETUAL, ("buy", "98900", "50"));
    let placed = world.call(ALICE, "private/sell", stop(json!({})));
    let id = placed["order"]["order_id"].clone();
    let sent = json!({ "order_id": id, "trigger_price": 99_100, "amount": 20 });
    let edited = world.call(ALICE, "private/edit", sent);
    let by_label = json!({
        "instrument_name": PERPETUAL, "label": "guard", "trigger_price": 99_200, "amount": 20,
    });
    world.call(ALICE, "private/edit_by_label", by_label);
    mark(&world, 198_400);
    let state = world.call(ALICE, "private/get_order_state", json!({ "order_id": id }));
    let all = [&placed["order"], &edited["order"], &state];
    let life = all.map(|order| told(order, LIFE)).join("\n");
    let heard = orders.heard();
    let heard: Vec<String> = heard.iter().map(|order| told(order, LIFE)).collect();
    expect![[r#"
        order_id "TRG-1", order_state "untriggered", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99000, replaced false
        order_id "TRG-1", order_state "untriggered", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99100, replaced true
        order_id "TRG-1", order_state "triggered", order_type "stop_market", price "market_price", triggered true, trigger "mark_price", trigger_price 99200, replaced true

        heard:
        order_id "TRG-1", order_state "untriggered", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99000, replaced false
        order_id "TRG-1", order_state "untriggered", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99100, replaced true
        order_id "TRG-1", order_state "untriggered", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99200, replaced true
        order_id "TRG-1", order_state "triggered", order_type "stop_market", price "market_price", triggered true, trigger "mark_price", trigger_price 99200, replaced true
        order_id "8388609", order_state "filled", order_type "market", price 98900, triggered true, trigger_order_id "TRG-1", replaced false"#]].assert_eq(&format!("{life}\n\nheard:\n{}", heard.join("\n")));
    let sent = json!({ "currency": "BTC" });
    let history = world.call(ALICE, "private/get_trigger_order_history", sent);
    expect![[r#"
        {
          "continuation": null,
          "entries": [
            {
              "amount": 20,
              "direction": "sell",
              "instrument_name": "BTC-PERPETUAL",
              "label": "guard",
              "last_update_timestamp": 1795336885000,
              "order_id": "8388609",
              "order_state": "triggered",
              "order_type": "market",
              "post_only": false,
              "price": "market_price",
              "reduce_only": false,
              "request": "trigger:order",
              "timestamp": 1795336885000,
              "trigger": "mark_price",
              "trigger_order_id": "TRG-1",
              "trigger_price": 99200
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&history).expect("JSON"));
}

#[test]
fn an_order_that_cannot_be_born_tells_its_owner_why() {
    let world = World::new();
    let placed = world.call(ALICE, "private/sell", stop(json!({ "reduce_only": true })));
    mark(&world, 197_000);
    let sent = json!({ "order_id": placed["order"]["order_id"] });
    let state = world.call(ALICE, "private/get_order_state", sent);
    expect![[r#"order_id "TRG-1", order_state "rejected", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99000, replaced false, reject_reason "the position is 0: this side would not reduce it""#]].assert_eq(&told(&state, LIFE));
}

#[test]
fn cancels_take_in_the_triggers_that_their_type_means() {
    let world = World::new();
    let waits = || {
        world.limit(ALICE, PERPETUAL, ("buy", "99000", "50"));
        for more in [
            json!({}),
            json!({ "type": "take_market", "trigger_price": 110_000 }),
            json!({ "type": "trailing_stop", "trigger_price": null, "trigger_offset": 500 }),
        ] {
            world.call(ALICE, "private/sell", stop(more));
        }
    };
    let by = |name: &str, sent: Value| {
        let left = |world: &World| {
            let list = world.call(ALICE, "private/get_open_orders", json!({}));
            let types = list.as_array().expect("a list").iter();
            types.map(|one| one["order_type"].as_str().expect("a word").to_owned()).collect()
        };
        waits();
        let cancelled = world.call(ALICE, name, sent);
        let left: Vec<String> = left(&world);
        world.call(ALICE, "private/cancel_all", json!({}));
        format!("{cancelled} cancelled, left {}", left.join(" "))
    };
    let currency = |kind: &str| json!({ "currency": "BTC", "type": kind });
    let lines = [
        by("private/cancel_all", json!({})),
        by("private/cancel_all_by_currency", currency("all")),
        by("private/cancel_all_by_currency", currency("limit")),
        by("private/cancel_all_by_currency", currency("trigger_all")),
        by("private/cancel_all_by_currency", currency("stop")),
        by("private/cancel_all_by_currency", currency("take")),
        by("private/cancel_all_by_currency", currency("trailing_stop")),
        by(
            "private/cancel_all_by_instrument",
            json!({ "instrument_name": PERPETUAL,
            "type": "stop" }),
        ),
        by("private/cancel_all_by_kind_or_type", json!({ "currency": "any", "type": "take" })),
        by("private/cancel_all_by_kind_or_type", json!({ "currency": "any", "kind": "option" })),
        by("private/cancel_by_label", json!({ "label": "guard" })),
    ];
    expect![[r#"
        4 cancelled, left 
        4 cancelled, left 
        1 cancelled, left stop_market take_market trailing_stop
        3 cancelled, left limit
        1 cancelled, left limit take_market trailing_stop
        1 cancelled, left limit stop_market trailing_stop
        1 cancelled, left limit stop_market take_market
        1 cancelled, left limit take_market trailing_stop
        1 cancelled, left limit stop_market trailing_stop
        0 cancelled, left limit stop_market take_market trailing_stop
        3 cancelled, left limit"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_detailed_cancel_and_one_of_a_single_trigger_show_what_went() {
    let world = World::new();
    let first = world.call(ALICE, "private/sell", stop(json!({ "client_order_id": "a" })));
    let again = world.call(ALICE, "private/sell", stop(json!({ "client_order_id": "a" })));
    assert_eq!(first["order"]["order_id"], again["order"]["order_id"], "asked twice, placed once");
    let found = world.call(
        ALICE,
        "private/get_order_state_by_client_order_id",
        json!({ "client_order_id": "a" }),
    );
    assert_eq!(found["order_id"], first["order"]["order_id"]);
    let id = json!({ "order_id": first["order"]["order_id"] });
    let refused = world.refusal(BOB, "private/cancel", id.clone());
    let gone = world.call(ALICE, "private/cancel", id.clone());
    let twice = world.refusal(ALICE, "private/cancel", id.clone());
    let late = world.refusal(ALICE, "private/edit", json!({ "order_id": "TRG-1", "amount": 20 }));
    world.call(ALICE, "private/sell", stop(json!({})));
    let detailed = world.call(ALICE, "private/cancel_all", json!({ "detailed": true }));
    let lines = [refused, told(&gone, LIFE), twice, late, told(&detailed[0], LIFE)];
    expect![[r#"
        10029 not_owner_of_order {"reason":"order TRG-1 belongs to another account","rule":402}
        order_id "TRG-1", order_state "cancelled", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99000, replaced false, cancel_reason "user_request"
        11044 not_open_order {"reason":"order TRG-1 is open no more","rule":401}
        11044 not_open_order {"reason":"order TRG-1 is open no more","rule":401}
        order_id "TRG-2", order_state "cancelled", order_type "stop_market", price "market_price", triggered false, trigger "mark_price", trigger_price 99000, replaced false, cancel_reason "user_request""#]].assert_eq(&lines.join("\n"));
    let labelled = json!({ "currency": "BTC", "label": "guard" });
    let all = world.call(ALICE, "private/get_order_state_by_label", labelled);
    assert_eq!(all.as_array().map(Vec::len), Some(2));
}

#[test]
fn what_makes_no_trigger_is_refused_with_what_would() {
    let world = World::new();
    let mut lines = Vec::new();
    for more in [
        json!({ "trigger": null }),
        json!({ "trigger": "oracle" }),
        json!({ "trigger_price": null }),
        json!({ "trigger_price": 99_000.3 }),
        json!({ "trigger_price": 0 }),
        json!({ "trigger_price": -5 }),
        json!({ "trigger_price": 9_000_000 }),
        json!({ "trigger_price": 120_000 }),
        json!({ "trigger": "index_price", "trigger_price": 100_000.000_000_001 }),
        json!({ "trigger": "index_price", "trigger_price": 100_000 }),
        json!({ "type": "trailing_stop" }),
        json!({ "type": "trailing_stop", "trigger_offset": 100_000 }),
        json!({ "type": "stop_limit" }),
        json!({ "type": "limit", "price": 99_000 }),
        json!({ "type": "stop_limit", "price": 99_000, "post_only": true,
            "time_in_force": "fill_or_kill" }),
        json!({ "amount": 15 }),
        json!({ "linked_order_type": "one_cancels_other" }),
    ] {
        let refused = world.refusal(ALICE, "private/sell", stop(more.clone()));
        lines.push(format!("{more}\n    {refused}"));
    }
    let resting = world.limit(ALICE, PERPETUAL, ("buy", "99000", "50"));
    for param in ["trigger_price", "trigger_offset"] {
        let mut sent = json!({ "order_id": resting, "amount": 50 });
        sent[param] = json!(99_000);
        let refused = world.refusal(ALICE, "private/edit", sent);
        assert!(refused.starts_with("11047") && refused.contains(param), "{refused}");
    }
    let id = |id: &str| json!({ "order_id": id });
    for wrong in ["TRG-", "TRG-x", "DOGE-TRG-1", "TRG-99999999999999", "ETH-TRG-7"] {
        let refused = world.refusal(ALICE, "private/get_order_state", id(wrong));
        lines.push(format!("{wrong}\n    {refused}"));
    }
    expect![[r#"
        {"trigger":null}
            -32602 Invalid params {"param":"trigger","reason":"is missing: send it"}
        {"trigger":"oracle"}
            -32602 Invalid params {"param":"trigger","reason":"wrong format: send one of index_price, mark_price, last_price"}
        {"trigger_price":null}
            -32602 Invalid params {"param":"trigger_price","reason":"is missing: send it"}
        {"trigger_price":99000.3}
            10044 trigger_price_wrong_tick {"param":"trigger_price","reason":"99000.3 is between ticks: send 99000 or 99000.5"}
        {"trigger_price":0}
            10035 trigger_price_too_low {"max":8388607.5,"param":"trigger_price","reason":"0 is out of range: send between 0.5 and 8388607.5","rule":422}
        {"trigger_price":-5}
            10044 trigger_price_wrong_tick {"param":"trigger_price","reason":"-5 is out of range: send more than 0"}
        {"trigger_price":9000000}
            10044 trigger_price_wrong_tick {"param":"trigger_price","reason":"9000000 is above 8388607.5"}
        {"trigger_price":120000}
            11036 invalid_trigger_price {"now":100000,"param":"trigger_price","reason":"the mark_price is 100000: a trigger at 120000 has fired already; choose a price beyond it, or place an order","rule":421,"trigger_price":120000}
        {"trigger":"index_price","trigger_price":100000.000000001}
            10044 trigger_price_wrong_tick {"param":"trigger_price","reason":"100000.000000001 is no price of an index: it is above 0, and has at most 8 decimals"}
        {"trigger":"index_price","trigger_price":100000}
            11036 invalid_trigger_price {"now":100000,"param":"trigger_price","reason":"the index_price is 100000: a trigger at 100000 has fired already; choose a price beyond it, or place an order","rule":421,"trigger_price":100000}
        {"type":"trailing_stop"}
            -32602 Invalid params {"param":"trigger_offset","reason":"is missing: send it"}
        {"trigger_offset":100000,"type":"trailing_stop"}
            10034 trigger_price_too_high {"max":99999.5,"param":"trigger_price","reason":"100000 is out of range: send between 0.5 and 99999.5","rule":422}
        {"type":"stop_limit"}
            -32602 Invalid params {"param":"price","reason":"is missing: send it"}
        {"price":99000,"type":"limit"}
            11047 unsupported_arg_combination {"param":"trigger","reason":"goes with a type that waits: stop_limit, stop_market, take_limit, take_market or trailing_stop"}
        {"post_only":true,"price":99000,"time_in_force":"fill_or_kill","type":"stop_limit"}
            11055 post_only_not_allowed {"param":"post_only","reason":"the order contradicts itself: post-only needs good-til-cancelled or good-til-day","rule":403}
        {"amount":15}
            10021 invalid_amount {"above":20,"below":10,"param":"amount","reason":"15 is between lots: send 10 or 20"}
        {"linked_order_type":"one_cancels_other"}
            10033 not_implemented {"param":"linked_order_type","reason":"linked orders are not served yet: leave linked_order_type out"}
        TRG-
            10025 invalid_order_id {"param":"order_id","reason":"TRG- is no order id: send digits, outside BTC as ETH-123"}
        TRG-x
            10025 invalid_order_id {"param":"order_id","reason":"TRG-x is no order id: send digits, outside BTC as ETH-123"}
        DOGE-TRG-1
            10025 invalid_order_id {"param":"order_id","reason":"DOGE-TRG-1 is no order id: send digits, outside BTC as ETH-123"}
        TRG-99999999999999
            10025 invalid_order_id {"param":"order_id","reason":"TRG-99999999999999 is no order id: send digits, outside BTC as ETH-123"}
        ETH-TRG-7
            10004 order_not_found {"reason":"there is no order ETH-TRG-7, or it was closed long ago"}"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn the_history_goes_on_where_the_page_before_ended() {
    let world = World::new();
    for nth in 0..5 {
        world.call(ALICE, "private/sell", stop(json!({ "trigger_price": 99_000 - nth })));
    }
    world.call(ALICE, "private/cancel", json!({ "order_id": "TRG-2" }));
    let page = |name: &str, from: Value| {
        let sent = json!({
            "currency": "BTC", "instrument_name": name, "count": 2, "continuation": from,
        });
        let page = world.call(ALICE, "private/get_trigger_order_history", sent);
        let entries = page["entries"].as_array().expect("a list").iter();
        let ids = entries.map(|row| row["trigger_order_id"].as_str().expect("an id").to_owned());
        (ids.collect::<Vec<_>>().join(" "), page["continuation"].clone())
    };
    let (mut from, mut told) = (Value::Null, Vec::new());
    for _ in 0..3 {
        let (ids, next) = page(PERPETUAL, from);
        told.push(ids);
        from = next;
    }
    assert_eq!(
        (told.join(" | ").as_str(), from),
        ("TRG-5 TRG-4 | TRG-3 TRG-1 | TRG-2", Value::Null)
    );
    assert_eq!(page("BTC-25DEC26", Value::Null), (String::new(), Value::Null));
}
