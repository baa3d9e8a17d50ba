//! Halts as clients see them, from the operator's word to the first trade after the auction.

use expect_test::expect;
use serde_json::{Value, json};

use super::fed::Fed;
use super::world::{ALICE, BOB, CAROL};

const PERPETUAL: &str = "BTC-PERPETUAL";

fn buy(fed: &Fed, account: types::AccountId, side: &str, price: u32) -> String {
    let sent = json!({ "instrument_name": PERPETUAL, "price": price, "amount": 100 });
    fed.world.call(account, &format!("private/{side}"), sent)["order"]["order_id"]
        .as_str()
        .expect("an order")
        .to_owned()
}

fn ticker(fed: &Fed, keys: &[&str]) -> String {
    let ticker = fed.world.public("public/ticker", json!({ "instrument_name": PERPETUAL }));
    let lines: Vec<String> = keys.iter().map(|key| format!("{key} {}", ticker[*key])).collect();
    lines.join("\n")
}

#[test]
fn a_halt_is_told_and_its_end_is_an_auction() {
    let fed = Fed::new();
    let world = &fed.world;
    let (auction, platform) =
        (world.listen(1, None, "auction.BTC-PERPETUAL"), world.listen(2, None, "platform_state"));
    let here = |more: Value| {
        let mut sent = json!({ "instrument_name": PERPETUAL });
        let more = more.as_object().expect("an object").clone();
        sent.as_object_mut().expect("an object").extend(more);
        sent
    };
    let own = buy(&fed, BOB, "buy", 99_000);
    let halt = here(json!({ "state": "cancel_only", "for_ms": 60_000 }));
    assert_eq!(world.call(ALICE, "operator/halt", halt.clone()), "ok");
    let bid = here(json!({ "price": 99_000, "amount": 100 }));
    let told = [
        world.refusal(BOB, "private/buy", bid),
        world.refusal(ALICE, "operator/halt", halt),
        world.refusal(ALICE, "operator/resume", json!({ "index_name": "btc_usd" })),
        ticker(&fed, &["state"]),
        world.public("public/get_halts", json!({})).to_string(),
        format!("{:?}", world.market.locked_indexes()),
    ];
    expect![[r#"
        11051 system_maintenance {"reason":"BTC-PERPETUAL is in state cancel_only: cancel, or wait until it opens","rule":430}
        11049 bad_arguments {"reason":"the operator holds it in CancelOnly with this same end already: resume it first","rule":432}
        11049 bad_arguments {"reason":"nothing holds that scope: name the one that was halted","rule":433}
        state "halted"
        {"auctions":[],"halts":[{"cause":"operator","currency":"BTC","instrument_name":"BTC-PERPETUAL","scope":"instrument","since":1795336888000,"state":"cancel_only","until":1795336948000}]}
        ([], 3)"#]].assert_eq(&told.join("\n"));
    world.call(BOB, "private/cancel", json!({ "order_id": own }));

    assert_eq!(world.call(ALICE, "operator/resume", here(json!({}))), "ok");
    buy(&fed, BOB, "buy", 100_200);
    buy(&fed, CAROL, "sell", 99_800);
    fed.seconds(1, "100000");
    let told = [
        ticker(&fed, &["state", "indicative_price", "indicative_amount", "imbalance"]),
        world.public("public/get_halts", json!({ "currency": "BTC" })).to_string(),
    ];
    expect![[r#"
        state "locked"
        indicative_price 100200
        indicative_amount 100
        imbalance 0
        {"auctions":[{"ends_at":1795336918000,"imbalance":0,"indicative_amount":100,"indicative_price":100200,"instrument_name":"BTC-PERPETUAL","reference_price":100000}],"halts":[]}"#]].assert_eq(&told.join("\n"));
    fed.seconds(30, "100000");
    let trades = world.public("public/get_last_trades_by_instrument", here(json!({})));
    let told = [
        ticker(&fed, &["state", "indicative_price", "last_price", "best_bid_price"]),
        trades["trades"][0]["price"].to_string(),
    ];
    expect![[r#"
        state "open"
        indicative_price null
        last_price 100200
        best_bid_price null
        100200"#]]
    .assert_eq(&told.join("\n"));
    let heard = auction.heard();
    let told: Vec<String> = [heard.first(), heard.get(2), heard.get(3), heard.last()]
        .iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    expect![[r#"
        {"instrument_name":"BTC-PERPETUAL","state":"cancel_only"}
        {"ends_at":1795336918000,"imbalance":0,"indicative_amount":0,"indicative_price":null,"instrument_name":"BTC-PERPETUAL","state":"auction"}
        {"ends_at":1795336918000,"imbalance":0,"indicative_amount":100,"indicative_price":100200,"instrument_name":"BTC-PERPETUAL","state":"auction"}
        {"instrument_name":"BTC-PERPETUAL","state":"open"}"#]].assert_eq(&told.join("\n"));
    assert!(platform.heard().is_empty(), "one instrument locks no index");
}

#[test]
fn a_domain_that_takes_no_order_locks_its_indexes() {
    let fed = Fed::new();
    let world = &fed.world;
    let platform = world.listen(1, None, "platform_state");
    let halt = json!({ "currency": "BTC", "state": "halted" });
    assert_eq!(world.call(ALICE, "operator/halt", halt), "ok");
    assert_eq!(world.market.locked_indexes(), (vec!["btc_usd".to_owned()], 3));
    assert_eq!(world.call(ALICE, "operator/resume", json!({ "currency": "BTC" })), "ok");
    assert_eq!(world.market.locked_indexes(), (vec![], 3));
    let told = |locked: bool| json!({ "price_index": "btc_usd", "locked": locked });
    assert_eq!(platform.heard(), [told(true), told(false)]);
}

/// An index is free when nothing locks it, not when one of two things that do is over.
#[test]
fn an_index_that_thaws_while_its_markets_are_held_stays_locked() {
    let fed = Fed::new();
    let world = &fed.world;
    let platform = world.listen(1, None, "platform_state");
    let halt = json!({ "index_name": "btc_usd", "state": "halted" });
    assert_eq!(world.call(ALICE, "operator/halt", halt), "ok");
    world.pass_ms(65_000);
    world.tick();
    fed.seconds(3, "100000");
    assert_eq!(world.market.locked_indexes().0, ["btc_usd"]);
    let told = |locked: bool| json!({ "price_index": "btc_usd", "locked": locked });
    assert_eq!(platform.heard(), [told(true), told(true), told(true)]);
    let resume = json!({ "index_name": "btc_usd" });
    assert_eq!(world.call(ALICE, "operator/resume", resume), "ok");
    assert_eq!(platform.heard(), [told(false)]);
}

#[test]
fn a_trader_stops_its_own_account() {
    let fed = Fed::new();
    let world = &fed.world;
    let own = buy(&fed, BOB, "buy", 99_000);
    let switch = |on: bool| json!({ "currency": "BTC", "on": on });
    assert_eq!(world.call(BOB, "private/set_kill_switch", switch(true)), "ok");
    let order = world.call(BOB, "private/get_order_state", json!({ "order_id": own }));
    let bid = json!({ "instrument_name": PERPETUAL, "price": 99_000, "amount": 100 });
    let told = [
        format!("{} {}", order["order_state"], order["cancel_reason"]),
        world.refusal(BOB, "private/buy", bid),
    ];
    expect![[r#"
        "cancelled" "risk_mitigation"
        10019 locked_by_admin {"reason":"account 2 is stopped by its kill switch: it may cancel, and reset the switch","rule":431}"#]].assert_eq(&told.join("\n"));
    assert_eq!(world.call(BOB, "private/set_kill_switch", switch(false)), "ok");
    buy(&fed, BOB, "buy", 99_000);
}

#[test]
fn terms_of_breakers_and_reopenings_are_read_and_checked() {
    let fed = Fed::new();
    let world = &fed.world;
    let breakers = json!({
        "index_name": "btc_usd", "kind": "future",
        "limit_state": { "hold_ms": 15_000, "pause_ms": 60_000 },
        "velocity": { "window_ms": 10_000, "move_ppm": 20_000, "pause_ms": 10_000 },
        "range": { "window_ms": 3_600_000, "move_ppm": 100_000, "pause_ms": 120_000 },
        "depth": { "within_ppm": 10_000, "share_ppm": 50_000, "hold_ms": 10_000, "pause_ms": 10_000 },
        "liquidation": { "share_ppm": 500_000, "minutes_max": 3, "pause_ms": 60_000 },
        "frozen": "cancel_only",
    });
    assert_eq!(world.call(ALICE, "operator/set_breakers", breakers), "ok");
    let reopening = |auction_ms: u32| {
        json!({
            "currency": "BTC", "auction_ms": auction_ms, "collar_ppm": 50_000,
            "extension_ms": 30_000, "extensions_max": 5,
            "steps": [{ "over_ms": 10_000, "cancel_only_ms": 5_000, "auction_ms": 60_000 }],
        })
    };
    assert_eq!(world.call(ALICE, "operator/set_reopening", reopening(30_000)), "ok");
    let rate = json!({ "currency": "BTC", "orders_max": 5_000, "window_ms": 1_000 });
    assert_eq!(world.call(ALICE, "operator/set_order_rate", rate), "ok");
    let off = json!({ "currency": "BTC" });
    assert_eq!(world.call(ALICE, "operator/set_order_rate", off), "ok");
    let short = json!({
        "index_name": "btc_usd", "kind": "option", "velocity": { "window_ms": 10_000 }
    });
    let told = [
        world.refusal(ALICE, "operator/set_breakers", short),
        world.refusal(ALICE, "operator/set_reopening", reopening(30)),
        world.refusal(
            ALICE,
            "operator/set_order_rate",
            json!({ "currency": "BTC", "orders_max": 0, "window_ms": 1_000 }),
        ),
        world.refusal(ALICE, "operator/halt", json!({ "currency": "BTC", "state": "open" })),
        world.refusal(ALICE, "operator/halt", json!({ "state": "halted" })),
    ];
    expect![[r#"
        -32602 Invalid params {"param":"move_ppm","reason":"is missing: send it"}
        11049 bad_arguments {"reason":"the terms do not make a halt or a breaker: there are at most 16 steps, by rising outage; auctions and extensions take 1 s to a day, the collar 1 to 1 000 000 ppm, and there are at most 20 extensions","rule":434}
        11049 bad_arguments {"reason":"the terms do not make a halt or a breaker: an order rate is of 1 to 1 000 000 orders within 100 ms to a minute","rule":434}
        -32602 Invalid params {"param":"state","reason":"wrong format: send one of post_only, reduce_only, cancel_only, halted"}
        -32602 Invalid params {"param":"currency","reason":"is missing: send it"}"#]].assert_eq(&told.join("\n"));
}

#[test]
fn ntc_3_and_4_notices_are_told_as_announcements_and_as_they_are() {
    let fed = Fed::new();
    let world = &fed.world;
    let heard = world.listen(1, None, "announcements");
    let key = super::world::notice_key();
    let public = types::PublicKey(key.verifying_key().to_bytes());
    let message = ledger::notice_key_message(super::world::asset("BTC"), &public);
    let signature = ed25519_dalek::Signer::sign(&key, &message).to_bytes();
    let rotate = json!({
        "currency": "BTC", "kind": "key",
        "public_key": super::fed::hex(&public.0), "signature": super::fed::hex(&signature),
    });
    assert_eq!(world.call(ALICE, "operator/publish_notice", rotate), "ok");
    let halt = json!({ "instrument_name": PERPETUAL, "state": "cancel_only", "for_ms": 60_000 });
    assert_eq!(world.call(ALICE, "operator/halt", halt), "ok");
    let news = json!({
        "currency": "BTC", "kind": "announcement", "title": "Hello", "text": "We are open.",
    });
    assert_eq!(world.call(ALICE, "operator/publish_notice", news), "ok");
    let told = world.public("public/get_announcements", json!({ "count": 2 }));
    let mut lines: Vec<String> =
        told.as_array().expect("a list").iter().map(ToString::to_string).collect();
    lines.push(format!("heard {}", heard.heard().len()));
    let update = |stage: &str, orders: &str| {
        json!({
            "currency": "BTC", "kind": "update", "incident": 1, "stage": stage,
            "orders": orders, "text": "it was asked for",
        })
    };
    for words in [
        update("investigating", "live"),
        update("resolved", "unknown"),
        json!({ "currency": "BTC", "kind": "update", "incident": 9, "stage": "resolved", "text": "x" }),
        json!({ "currency": "BTC", "kind": "announcement", "title": "Hello" }),
        json!({ "currency": "BTC", "kind": "announcement", "title": "Hello", "text": "x".repeat(2_001) }),
    ] {
        lines.push(world.refusal(ALICE, "operator/publish_notice", words));
    }
    let notices = world.public("public/get_notices", json!({ "currency": "BTC" }));
    let notice = &notices[1];
    for member in ["number", "type", "stage", "state", "orders", "title", "body"] {
        lines.push(format!("{member} {}", notice[member]));
    }
    assert!(notice["signature"].is_string() && notice["head"] == notices[0]["previous"]);
    expect![[r#"
        {"action":"new","body":"We are open.","id":768,"important":false,"publication_timestamp":1795336888000,"title":"Hello"}
        {"action":"new","body":"BTC-PERPETUAL is in state cancel_only until 2026-11-22T08:42:28Z. Orders accepted before 2026-11-22T08:41:28Z are live; cancels are taken. Liquidations wait.","id":512,"important":true,"publication_timestamp":1795336888000,"title":"BTC-PERPETUAL: held by the operator (identified)"}
        heard 3
        11049 bad_arguments {"reason":"the notice contradicts what is known: a stage never goes back","rule":802}
        11049 bad_arguments {"reason":"the notice contradicts what is known: an incident is not over while it is unknown what became of orders","rule":802}
        13020 not_found {"param":"incident","reason":"incident 9 is not open: open one, or name one that is","rule":801}
        -32602 Invalid params {"param":"text","reason":"is missing: send it"}
        -32602 Invalid params {"param":"text","reason":"has 2001 bytes: send at most 2000"}
        number 2
        type "incident"
        stage "identified"
        state "cancel_only"
        orders "live"
        title "BTC-PERPETUAL: held by the operator (identified)"
        body "BTC-PERPETUAL is in state cancel_only until 2026-11-22T08:42:28Z. Orders accepted before 2026-11-22T08:41:28Z are live; cancels are taken. Liquidations wait.""#]].assert_eq(&lines.join("\n"));
}

/// NTC-9: the worse of what was told and what is found, over all domains.
#[test]
fn ntc_9_components_say_what_was_told_or_what_is_found() {
    let fed = Fed::new();
    let world = &fed.world;
    let mut lines = Vec::new();
    let mut look = |when: &str| {
        let all = world.public("public/get_components", json!({}));
        let rows = all.as_array().expect("a list").iter();
        let rows = rows.filter(|row| row["state"] != "operational");
        let told: Vec<String> =
            rows.map(|row| format!("{} {}", row["component"], row["state"])).collect();
        lines.push(format!("{when}: {}", told.join(", ")));
    };
    look("at first");
    let part = |component: &str, state: &str| {
        json!({
            "currency": "BTC", "kind": "component", "component": component, "state": state,
            "text": "an hour late",
        })
    };
    let say = |words: Value| world.call(ALICE, "operator/publish_notice", words);
    say(part("deposits_and_withdrawals", "degraded"));
    say(part("matching", "maintenance"));
    look("told");
    let held = |state: &str| json!({ "instrument_name": PERPETUAL, "state": state });
    assert_eq!(world.call(ALICE, "operator/halt", held("post_only")), "ok");
    look("one post-only");
    assert_eq!(world.call(ALICE, "operator/halt", held("cancel_only")), "ok");
    look("one cancel-only");
    world.pass_ms(70_000);
    world.run(0, types::Command::Tick);
    look("no report for a minute");
    for currency in ["BTC", "ETH", "USDC"] {
        let all = json!({ "currency": currency, "state": "halted" });
        assert_eq!(world.call(ALICE, "operator/halt", all), "ok");
    }
    say(part("deposits_and_withdrawals", "operational"));
    look("everything halted");
    lines.push(world.refusal(ALICE, "operator/publish_notice", part("kitchen", "degraded")));
    lines.push(world.refusal(ALICE, "operator/publish_notice", part("matching", "fine")));
    let told = &world.public("public/get_notices", json!({ "currency": "BTC", "count": 50 }));
    let of_part = |row: &&Value| row["type"] == "component_changed";
    let first = told.as_array().expect("a list").iter().rfind(of_part).expect("it was told");
    for member in ["component", "state", "title", "body"] {
        lines.push(format!("{member} {}", first[member]));
    }
    expect![[r#"
        at first: 
        told: "matching" "maintenance", "deposits_and_withdrawals" "degraded"
        one post-only: "matching" "degraded", "deposits_and_withdrawals" "degraded"
        one cancel-only: "matching" "partial_outage", "deposits_and_withdrawals" "degraded"
        no report for a minute: "matching" "partial_outage", "liquidation" "major_outage", "oracle_feeds" "major_outage", "deposits_and_withdrawals" "degraded"
        everything halted: "matching" "major_outage", "liquidation" "major_outage", "oracle_feeds" "major_outage"
        -32602 Invalid params {"param":"component","reason":"send one of matching, margin, liquidation, oracle_feeds, deposits_and_withdrawals, market_data, api"}
        -32602 Invalid params {"param":"state","reason":"send one of operational, maintenance, degraded, partial_outage, major_outage"}
        component "deposits_and_withdrawals"
        state "degraded"
        title "BTC: deposits and withdrawals: degraded"
        body "an hour late""#]].assert_eq(&lines.join("\n"));
}
