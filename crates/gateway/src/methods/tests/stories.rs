//! Small stories, one rule each.

use serde_json::{Value, json};

use super::world::{ALICE, BOB, CAROL, START_MS, World};

fn order<'a>(reply: &'a Value, key: &str) -> &'a Value {
    &reply["order"][key]
}

fn count(list: &Value) -> Option<usize> {
    list.as_array().map(Vec::len)
}

#[test]
fn both_sides_see_their_trade_under_one_id() {
    let world = World::new();
    world.limit(BOB, "BTC-PERPETUAL", ("sell", "100010", "300"));
    let id = world.limit(ALICE, "BTC-PERPETUAL", ("buy", "100010", "200"));
    let trades = |account, currency| {
        let sent = json!({ "currency": currency });
        world.call(account, "private/get_user_trades_by_currency", sent)["trades"][0].clone()
    };
    let (bought, sold) = (trades(ALICE, "BTC"), trades(BOB, "any"));
    assert_eq!(bought["trade_id"], sold["trade_id"]);
    assert_eq!((&bought["direction"], &sold["direction"]), (&json!("buy"), &json!("sell")));
    assert_eq!((&bought["liquidity"], &sold["liquidity"]), (&json!("T"), &json!("M")));
    let by_order = world.call(ALICE, "private/get_user_trades_by_order", json!({ "order_id": id }));
    assert_eq!(count(&by_order), Some(1));
    let state = world.call(ALICE, "private/get_order_state", json!({ "order_id": id }));
    assert_eq!(state["order_state"], "filled");
    assert_eq!(state["average_price"], 100_010);
}

#[test]
fn ids_outside_btc_carry_the_name_of_their_currency() {
    let world = World::new();
    let eth = world.limit(ALICE, "ETH-PERPETUAL", ("buy", "3990", "5"));
    let usdc = world.limit(ALICE, "BTC_USDC-PERPETUAL", ("buy", "99000", "0.001"));
    assert!(eth.starts_with("ETH-") && usdc.starts_with("USDC-"), "{eth} {usdc}");
    for id in [eth, usdc] {
        let cancelled = world.call(ALICE, "private/cancel", json!({ "order_id": id }));
        assert_eq!(cancelled["order_state"], "cancelled");
        assert_eq!(cancelled["cancel_reason"], "user_request");
    }
}

#[test]
fn mass_cancels_count_over_all_domains_and_none_is_a_success() {
    let world = World::new();
    let all = |name: &str, sent: Value| world.call(ALICE, name, sent);
    assert_eq!(all("private/cancel_all", json!({})), 0);
    for (name, price) in
        [("BTC-PERPETUAL", "99000"), ("BTC-25DEC26", "99000"), ("ETH-PERPETUAL", "3990")]
    {
        world.limit(ALICE, name, ("buy", price, "50"));
    }
    world.limit(ALICE, "BTC-25DEC26-100000-C", ("buy", "0.02", "1"));
    let sent = json!({ "instrument_name": "BTC-25DEC26", "type": "limit" });
    assert_eq!(all("private/cancel_all_by_instrument", sent), 1);
    let sent = json!({ "currency": "BTC", "kind": "option" });
    assert_eq!(all("private/cancel_all_by_currency", sent), 1);
    let sent = json!({ "currency": ["BTC", "ETH"], "kind": "any", "type": "trigger_all" });
    assert_eq!(all("private/cancel_all_by_kind_or_type", sent), 0);
    assert_eq!(count(&all("private/cancel_all", json!({ "detailed": true }))), Some(2));
}

#[test]
fn an_edit_shows_the_order_as_it_is_now_and_keeps_its_id() {
    let world = World::new();
    let id = world.limit(ALICE, "BTC-PERPETUAL", ("buy", "99000", "50"));
    world.pass_ms(7);
    let sent = json!({ "order_id": id, "amount": "30", "price": 99_000.5 });
    let edited = world.call(ALICE, "private/edit", sent.clone());
    assert_eq!(order(&edited, "order_id"), &json!(id));
    assert_eq!(order(&edited, "amount"), 30);
    assert_eq!(order(&edited, "price").to_string(), "99000.5");
    assert_eq!(order(&edited, "replaced"), true);
    assert_eq!(order(&edited, "last_update_timestamp"), START_MS + 7);
    let again = world.try_call(Some(ALICE), "private/edit", sent);
    assert!(again.is_ok(), "an edit to what stands already is no fault: {again:?}");
}

#[test]
fn labels_find_orders_and_two_of_one_label_are_not_edited() {
    let world = World::new();
    let labelled = |price: &str| {
        let sent = json!({
            "instrument_name": "BTC-PERPETUAL", "price": price, "amount": 10, "label": "grid",
        });
        world.call(ALICE, "private/buy", sent)
    };
    labelled("99000");
    let edit = json!({ "instrument_name": "BTC-PERPETUAL", "label": "grid", "amount": 20 });
    let edited = world.call(ALICE, "private/edit_by_label", edit.clone());
    assert_eq!(order(&edited, "amount"), 20);
    labelled("99001");
    let refused = world.refusal(ALICE, "private/edit_by_label", edit);
    assert!(refused.starts_with("13032"), "{refused}");
    let sent = json!({ "currency": "BTC", "label": "grid" });
    let found = world.call(ALICE, "private/get_open_orders_by_label", sent.clone());
    assert_eq!(count(&found), Some(2));
    assert_eq!(world.call(ALICE, "private/cancel_by_label", json!({ "label": "grid" })), 2);
    let found = world.call(ALICE, "private/get_order_state_by_label", sent);
    assert_eq!(count(&found), Some(2));
}

#[test]
fn one_client_order_id_places_one_order_and_finds_it() {
    let world = World::new();
    let sent = json!({
        "instrument_name": "BTC-PERPETUAL", "price": 99000, "amount": 10, "client_order_id": "c1",
    });
    let first = world.call(ALICE, "private/buy", sent.clone());
    let again = world.call(ALICE, "private/buy", sent);
    assert_eq!(order(&first, "order_id"), order(&again, "order_id"));
    let found = json!({ "client_order_id": "c1" });
    let name = "private/get_order_state_by_client_order_id";
    assert_eq!(&world.call(ALICE, name, found.clone())["order_id"], order(&first, "order_id"));
    assert!(world.refusal(BOB, name, found).starts_with("10004"));
}

#[test]
fn a_full_queue_refuses_before_anything_is_proposed() {
    let world = World::new();
    world.fill_queue();
    let sent = json!({ "instrument_name": "BTC-PERPETUAL", "price": 99000, "amount": 10 });
    assert!(world.refusal(ALICE, "private/buy", sent).starts_with("10047"));
}

#[test]
fn market_orders_say_their_bound_and_market_limits_what_they_were() {
    let world = World::new();
    let buy = |kind: &str| {
        world.limit(BOB, "BTC-PERPETUAL", ("sell", "100010", "10"));
        let sent = json!({ "instrument_name": "BTC-PERPETUAL", "amount": 30, "type": kind });
        world.call(ALICE, "private/buy", sent)
    };
    let market = buy("market");
    assert_eq!(order(&market, "order_type"), "market");
    assert_eq!(order(&market, "order_state"), "cancelled");
    assert_eq!(order(&market, "filled_amount"), 10);
    assert!(order(&market, "price").is_number());
    let limit = buy("market_limit");
    assert_eq!(order(&limit, "order_type"), "limit");
    assert_eq!(order(&limit, "original_order_type"), "market_limit");
    assert_eq!(order(&limit, "order_state"), "open");
}

#[test]
fn pages_of_trades_say_whether_there_are_more() {
    let world = World::new();
    for _ in 0..3 {
        world.limit(BOB, "BTC-PERPETUAL", ("sell", "100010", "10"));
        world.limit(ALICE, "BTC-PERPETUAL", ("buy", "100010", "10"));
        world.pass_ms(1_000);
    }
    let seqs = |more: Value| {
        let mut sent = json!({ "instrument_name": "BTC-PERPETUAL" });
        let (Value::Object(all), Value::Object(more)) = (&mut sent, more) else { panic!("maps") };
        all.extend(more);
        let got = world.public("public/get_last_trades_by_instrument", sent);
        let rows = got["trades"].as_array().expect("a list").iter();
        let seqs: Vec<u64> = rows.filter_map(|row| row["trade_seq"].as_u64()).collect();
        (seqs, got["has_more"] == json!(true))
    };
    assert_eq!(seqs(json!({ "count": 2 })), (vec![3, 2], true));
    assert_eq!(seqs(json!({ "sorting": "asc" })), (vec![1, 2, 3], false));
    assert_eq!(seqs(json!({ "start_seq": 2 })), (vec![3, 2], false));
    assert_eq!(seqs(json!({ "start_timestamp": START_MS + 1_500 })), (vec![3], false));
}

#[test]
fn candles_are_columns_of_one_length() {
    let world = World::new();
    for _ in 0..2 {
        world.limit(BOB, "BTC-PERPETUAL", ("sell", "100010", "10"));
        world.limit(ALICE, "BTC-PERPETUAL", ("buy", "100010", "10"));
        world.pass_ms(180_000);
    }
    let sent = json!({
        "instrument_name": "BTC-PERPETUAL", "resolution": "1",
        "start_timestamp": START_MS - 60_001, "end_timestamp": START_MS + 600_000,
    });
    let got = world.public("public/get_tradingview_chart_data", sent);
    for column in ["ticks", "open", "high", "low", "close", "volume"] {
        assert_eq!(count(&got[column]), Some(4), "{column}");
    }
    assert_eq!(got["status"], "ok");
    assert_eq!(got["cost"], json!([10, 0, 0, 10]));
}

#[test]
fn a_subaccount_is_asked_for_by_its_main_account_only() {
    let world = World::new();
    let sent = json!({ "currency": "BTC", "subaccount_id": CAROL.0 });
    let summary = world.call(ALICE, "private/get_account_summary", sent.clone());
    assert_eq!(summary["id"], CAROL.0);
    assert!(world.refusal(BOB, "private/get_account_summary", sent).starts_with("-32602"));
}

#[test]
fn currencies_that_are_not_traded_here_give_empty_lists() {
    let world = World::new();
    for currency in ["USDT", "EURR", "SOL"] {
        let sent = json!({ "currency": currency });
        assert_eq!(world.public("public/get_instruments", sent.clone()), json!([]));
        let history = "private/get_order_history_by_currency";
        assert_eq!(world.call(ALICE, history, sent.clone()), json!([]));
        let trades = world.call(ALICE, "private/get_user_trades_by_currency", sent.clone());
        assert_eq!(trades, json!({ "trades": [], "has_more": false }));
        let summary = world.refusal(ALICE, "private/get_account_summary", sent);
        assert!(summary.starts_with("-32602"), "{summary}");
    }
}

#[test]
fn quotes_stand_under_a_protection_that_is_set() {
    let world = World::new();
    let sent = json!({
        "index_name": "btc_usd", "interval": 1, "frozen_time": 0, "mmp_group": "1",
        "quantity_limit": "0.5", "max_quote_quantity": 1,
    });
    let set = world.call(ALICE, "private/set_mmp_config", sent);
    assert_eq!(set[0]["quantity_limit"].to_string(), "0.5");
    let sent = json!({ "mmp_group": "1", "quotes": [{
        "instrument_name": "BTC-PERPETUAL",
        "bid": { "price": 99990, "amount": 10 }, "ask": { "price": 100_010, "amount": 10 },
    }]});
    let quoted = world.call(ALICE, "private/mass_quote", sent);
    assert_eq!(count(&quoted["orders"]), Some(2));
    assert_eq!(quoted["orders"][0]["quote"], true);
    let cancelled = world.call(ALICE, "private/cancel_quotes", json!({ "cancel_type": "all" }));
    assert_eq!(cancelled, 2);
    let config = world.call(ALICE, "private/get_mmp_config", json!({ "index_name": "btc_usd" }));
    assert_eq!(count(&config), Some(1));
}

#[test]
fn the_operator_lists_deposits_and_reports() {
    let world = World::new();
    let sent = json!({
        "kind": "option", "style": "linear", "base": "BTC", "quote": "USDC", "tick": 5,
        "lot": 0.01, "contract_size": 1, "size_min_lots": 1, "size_max_lots": 100_000,
        "settlement_period": "month", "maker_ppm": 300, "taker_ppm": 300, "initial_ppm": 150_000,
        "maintenance_ppm": 75_000, "band_ppm": 900_000, "expiry": super::world::EXPIRY.0,
        "strike": 100_000, "right": "put",
    });
    assert_eq!(world.call(ALICE, "operator/list_instrument", sent), "ok");
    let sent =
        json!({ "marks": [["BTC_USDC-25DEC26-100000-P", 2000], ["BTC-PERPETUAL", "100001.7"]] });
    assert_eq!(world.call(ALICE, "operator/report_marks", sent), "ok");
    let sent = json!({ "base": "BTC", "quote": "USD", "price": 100_002 });
    assert_eq!(world.call(ALICE, "operator/report_index", sent), "ok");
    let sent = json!({ "account": 2, "currency": "USDC", "amount": 1000.5 });
    assert_eq!(world.call(ALICE, "operator/deposit", sent), "ok");
    let ticker = world.public("public/ticker", json!({ "instrument_name": "BTC-PERPETUAL" }));
    assert_eq!(ticker["mark_price"].to_string(), "100001.5");
    let index = world.public("public/get_index_price", json!({ "index_name": "btc_usd" }));
    assert_eq!(index["index_price"], 100_002);
}
