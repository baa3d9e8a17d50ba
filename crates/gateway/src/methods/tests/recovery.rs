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
