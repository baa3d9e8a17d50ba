//! What a client asks that was cut off: fences, and the stream of what happened to it.

use expect_test::expect;
use serde_json::{Value, json};

use super::world::{ALICE, BOB, World};

const PERPETUAL: &str = "BTC-PERPETUAL";
const STATE: &str = "private/get_order_state_by_client_order_id";

/// An order under a client order id: its id, or the refusal.
fn buy(world: &World, client_order_id: &str) -> String {
    let sent = json!({
        "instrument_name": PERPETUAL, "price": 99000, "amount": 10,
        "client_order_id": client_order_id,
    });
    match world.try_call(Some(ALICE), "private/buy", sent) {
        Ok(placed) => format!("order {}", placed["order"]["order_id"]),
        Err(error) => super::world::told(&error),
    }
}

fn fence(world: &World, client_order_id: Value) -> String {
    let sent = json!({ "currency": "BTC", "client_order_id": client_order_id });
    match world.try_call(Some(ALICE), "private/fence_orders", sent) {
        Ok(fenced) => fenced.to_string(),
        Err(error) => super::world::told(&error),
    }
}

#[test]
fn a_fence_says_from_where_on_it_holds_and_what_it_stops() {
    let world = World::new();
    let lines = [
        buy(&world, "7"),
        fence(&world, json!(9)),
        buy(&world, "8"),
        buy(&world, "7"),
        buy(&world, "10"),
        fence(&world, json!("4")),
        fence(&world, json!("18446744073709551615")),
        fence(&world, json!("18446744073709551616")),
        fence(&world, json!(-1)),
        fence(&world, json!("007")),
        fence(&world, json!("x7")),
    ];
    expect![[r#"
        order "4194304"
        {"seq":13,"up_to":9}
        11030 other_reject client_order_fenced {"param":"client_order_id","reason":"client order ids up to 9 are fenced, 8 is one: send a new one","rule":424,"up_to":9}
        order "4194304"
        order "8388609"
        {"seq":17,"up_to":9}
        {"seq":18,"up_to":18446744073709551615}
        -32602 Invalid params {"param":"client_order_id","reason":"send a number from 0 to 18446744073709551615, without a zero before it"}
        -32602 Invalid params {"param":"client_order_id","reason":"send a number from 0 to 18446744073709551615, without a zero before it"}
        -32602 Invalid params {"param":"client_order_id","reason":"send a number from 0 to 18446744073709551615, without a zero before it"}
        -32602 Invalid params {"param":"client_order_id","reason":"wrong format: send a whole number"}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn what_became_of_a_client_order_id_is_final_behind_the_fence() {
    let world = World::new();
    buy(&world, "7");
    let ask = |id: &str, currency: Value| {
        let sent = json!({ "client_order_id": id, "currency": currency });
        world.refusal(ALICE, STATE, sent)
    };
    let mut lines = vec![ask("8", json!("BTC"))];
    fence(&world, json!(8));
    lines.extend([
        ask("8", json!("BTC")),
        ask("9", json!("BTC")),
        // It is not fenced in the other domains.
        ask("8", Value::Null),
    ]);
    expect![[r#"
        10004 order_not_found {"client_order_id":"8","final":false,"reason":"no order was placed with it so far: while a request is under way, ask again"}
        10004 order_not_found {"client_order_id":"8","final":true,"reason":"no order was placed with it in the last day, and none will be: it is fenced"}
        10004 order_not_found {"client_order_id":"9","final":false,"reason":"no order was placed with it so far: while a request is under way, ask again"}
        10004 order_not_found {"client_order_id":"8","final":false,"reason":"no order was placed with it so far: while a request is under way, ask again"}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
    let found = world.call(ALICE, STATE, json!({ "client_order_id": "7" }));
    assert_eq!((&found["order_state"], &found["client_order_id"]), (&json!("open"), &json!("7")));
    assert!(world.refusal(BOB, STATE, json!({ "client_order_id": "7" })).starts_with("10004"));
}

#[test]
fn a_fence_gets_in_through_a_halt_and_the_kill_switch() {
    let world = World::new();
    world.call(ALICE, "operator/halt", json!({ "currency": "BTC", "state": "halted" }));
    let sent = json!({ "currency": "BTC", "on": true });
    world.call(ALICE, "private/set_kill_switch", sent);
    assert!(fence(&world, json!(1)).starts_with(r#"{"seq":"#));
}

fn stream(world: &World, from: u64, count: u64) -> Value {
    let sent = json!({ "currency": "BTC", "from_seq": from, "count": count });
    world.call(ALICE, "private/get_stream", sent)
}

/// Alice trades, cancels, waits for a price and is paid.
fn busy(world: &World) {
    world.limit(BOB, PERPETUAL, ("sell", "100010", "40"));
    let bid = world.limit(ALICE, PERPETUAL, ("buy", "100000", "30"));
    world.limit(ALICE, PERPETUAL, ("buy", "100010", "20"));
    world.limit(BOB, PERPETUAL, ("sell", "100000", "10"));
    world.call(ALICE, "private/cancel", json!({ "order_id": bid }));
    let stop = json!({
        "instrument_name": PERPETUAL, "amount": 10, "type": "stop_market",
        "trigger": "mark_price", "trigger_price": 99_000,
    });
    world.call(ALICE, "private/sell", stop);
    let sent = json!({ "currency": "BTC", "amount": 1, "destination": 3 });
    world.call(ALICE, "private/submit_transfer_to_subaccount", sent);
    let sent = json!({ "instrument_name": PERPETUAL, "type": "market" });
    world.call(ALICE, "private/close_position", sent);
}

/// What a record says, without what does not matter here.
fn line(record: &Value) -> String {
    let list = |key: &str, fields: &[&str]| -> String {
        let items = record[key].as_array().expect("a list").iter();
        let item = |one: &Value| {
            let words = fields.iter().map(|field| one[*field].to_string());
            format!("; {}", words.collect::<Vec<_>>().join(" "))
        };
        items.map(item).collect()
    };
    format!(
        "{} after {}, {}{}{}{}\n",
        record["seq"],
        record["prev_seq"],
        record["balance"],
        list("orders", &["order_id", "order_state", "filled_amount"]),
        list("trades", &["trade_id", "direction", "amount"]),
        list("positions", &["size", "average_price", "realized_profit_loss"]),
    )
}

#[test]
fn a_stream_tells_each_entry_once_as_of_then() {
    let world = World::new();
    let listener = world.listen(1, Some(ALICE), "user.stream.BTC");
    let others = world.listen(2, Some(BOB), "user.stream.btc");
    busy(&world);
    let heard = listener.heard();
    let lines: String = heard.iter().map(line).collect();
    expect![[r#"
        13 after 2, 1000; "8388609" "open" 0
        14 after 13, 999.9999999; "12582914" "filled" 20; "1" "buy" 20; 20 100010 0
        15 after 14, 999.9999999; "8388609" "open" 10; "2" "buy" 10; 30 100006.666444 0
        16 after 15, 999.9999999; "8388609" "cancelled" 10
        17 after 16, 999.9999999; "TRG-1" "untriggered" 0
        18 after 17, 998.9999999
        19 after 18, 998.9999999; "20971521" "cancelled" 0
    "#]]
    .assert_eq(&lines);
    // What is asked is what was told, and the order of then, not of now.
    let first = heard.first().expect("something")["prev_seq"].as_u64().expect("a number");
    let asked = stream(&world, first, 1_000);
    assert_eq!(asked["records"], json!(heard));
    assert!(others.heard().iter().all(|record| record["orders"][0]["user_id"] != 1));
}

#[test]
fn who_was_cut_off_goes_on_at_another_node_without_a_gap_or_a_repeat() {
    let (node, other) = (World::new(), World::new());
    let always = node.listen(1, Some(ALICE), "user.stream.BTC");
    let before = node.listen(2, Some(ALICE), "user.stream.BTC");
    busy(&node);
    let mut heard = before.heard();
    let last = heard.last().expect("something")["seq"].as_u64().expect("a number");
    node.market.unsubscribe_all(2);
    busy(&node);

    // The other node has the same log, here up to a snapshot and one entry.
    let bytes = node.market.snapshot(crate::venue::DomainId(0));
    assert_eq!(other.market.restore(crate::venue::DomainId(0), &bytes), Ok(()));
    let mut from = last;
    loop {
        let page = stream(&other, from, 3);
        assert_eq!(page["complete"], true);
        let records = page["records"].as_array().expect("a list");
        heard.extend(records.iter().cloned());
        from = heard.last().expect("something")["seq"].as_u64().expect("a number");
        if page["last_seq"] == from {
            assert_eq!(page["seq"], stream(&node, 0, 1)["seq"]);
            break;
        }
    }
    assert_eq!(heard, always.heard());
    for pair in heard.windows(2) {
        assert_eq!(pair[1]["prev_seq"], pair[0]["seq"], "no gap");
    }
}

#[test]
fn a_stream_that_is_asked_from_too_far_back_says_so() {
    let world = World::new();
    let place = || buy(&world, "1");
    place();
    assert_eq!(stream(&world, 0, 1)["complete"], true);
    for _ in 0..1_001 {
        let amount = types::Amount(1);
        world.run(0, types::Command::Deposit { account: ALICE, amount });
    }
    let asked = stream(&world, 0, 2);
    let oldest = asked["records"][0]["prev_seq"].as_u64().expect("a number");
    assert_eq!(asked["complete"], false);
    assert_eq!(stream(&world, oldest, 1)["complete"], true);
    assert_eq!(stream(&world, oldest - 1, 1)["complete"], false);
    assert_eq!(asked["records"].as_array().map(Vec::len), Some(2));
    let later = stream(&world, u64::MAX / 100, 1);
    assert_eq!((&later["records"], &later["last_seq"]), (&json!([]), &asked["last_seq"]));
    let wrong = json!({ "currency": "BTC", "from_seq": 0, "count": 0 });
    assert!(world.refusal(ALICE, "private/get_stream", wrong).starts_with("-32602"));
    let wrong = json!({ "currency": "DOGE", "from_seq": 0 });
    assert!(world.refusal(ALICE, "private/get_stream", wrong).starts_with("-32602"));
}

#[test]
fn a_stream_is_its_owners_and_of_one_domain() {
    let world = World::new();
    let outbox = crate::Outbox::new(crate::OutboxLimits { messages_max: 8, bytes_max: 1 << 20 });
    let by = crate::Subscriber { connection: 1, account: None, outbox, label: None };
    assert_eq!(world.market.subscribe("user.stream.BTC", by.clone()), Ok(None), "without login");
    let by = crate::Subscriber { account: Some(ALICE), ..by };
    assert_eq!(world.market.subscribe("user.stream.any", by), Ok(None), "one log, one chain");
    let eth = world.listen(2, Some(ALICE), "user.stream.ETH");
    let btc = world.listen(3, Some(ALICE), "user.stream.BTC");
    world.limit(ALICE, "ETH-PERPETUAL", ("buy", "3990", "1"));
    assert_eq!((eth.heard().len(), btc.heard().len()), (1, 0));
}
