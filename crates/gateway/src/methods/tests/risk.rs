//! Margin and liquidation as clients see them.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use types::{AccountId, Amount, Command};

use super::fed::Fed;
use super::world::{ALICE, BOB, CAROL, Listener};

const PERPETUAL: &str = "BTC-PERPETUAL";
/// Long on little money.
const DAVE: AccountId = AccountId(7);
/// A backstop.
const ERIN: AccountId = AccountId(8);

fn check(value: &Value, want: &Expect) {
    want.assert_eq(&serde_json::to_string_pretty(value).expect("JSON"));
}

/// Some members of an object, one a line.
fn shown(value: &Value, keys: &[&str]) -> String {
    let lines: Vec<String> = keys.iter().map(|key| format!("{key} {}", value[*key])).collect();
    lines.join("\n")
}

/// Dave is long 40 000 USD at 100 000 on 0.012 BTC, against Bob; Erin has money.
fn levered() -> Fed {
    let fed = Fed::new();
    for (account, atoms) in [(DAVE, 1_200_000), (ERIN, 1_000_000_000)] {
        for domain in 0..3 {
            fed.world.run(domain, Command::OpenAccount { account, parent: None });
            fed.world.run(domain, Command::Deposit { account, amount: Amount(atoms) });
        }
    }
    fed.world.limit(BOB, PERPETUAL, ("sell", "100000", "40000"));
    fed.world.limit(DAVE, PERPETUAL, ("buy", "100000", "40000"));
    fed.seconds(1, "100000");
    fed
}

fn position(fed: &Fed, account: AccountId) -> Value {
    fed.world.call(account, "private/get_position", json!({ "instrument_name": PERPETUAL }))
}

fn summary(fed: &Fed, account: AccountId) -> Value {
    fed.world.call(account, "private/get_account_summary", json!({ "currency": "BTC" }))
}

/// Texts of messages, one a line, with the number of the account that each is about.
fn story(listener: &Listener) -> String {
    let mut lines = String::new();
    for message in listener.heard() {
        let (kind, text) = (&message["type"], &message["text"]);
        let rules = serde_json::to_string(&message["rules"]).expect("JSON");
        lines += &format!("{kind} {} {rules} {text}\n", message["user_id"]);
    }
    lines
}

#[test]
fn mar_1_an_order_is_told_what_it_would_need_by_itself_and_beside_the_rest() {
    let fed = levered();
    let ask = |account, name: &str, amount: u32, price: f64| {
        let sent = json!({ "instrument_name": name, "amount": amount, "price": price });
        let margins = fed.world.call(account, "private/get_margins", sent);
        shown(&margins, &["buy", "sell", "buy_needed", "sell_needed", "min_price", "max_price"])
    };
    let cases = [
        ask(CAROL, PERPETUAL, 10_000, 100_000.0),
        ask(DAVE, PERPETUAL, 10_000, 99_000.0),
        ask(BOB, PERPETUAL, 10_000_000, 100_000.0),
        ask(CAROL, "BTC-25DEC26-100000-C", 1, 0.03),
    ];
    expect![[r#"
        buy 0.00205002
        sell 0.00205002
        buy_needed 0.00205002
        sell_needed 0.00205002
        min_price 90000
        max_price 110000

        buy 0.00205053
        sell 0.00306064
        buy_needed 0.00205053
        sell_needed 0.00106064
        min_price 90000
        max_price 110000

        buy 2.05000002
        sell 2.05000002
        buy_needed 2.03400002
        sell_needed null
        min_price 90000
        max_price 110000

        buy 0.0303
        sell 0.18
        buy_needed 0.0303
        sell_needed 0.18
        min_price 0.003
        max_price 0.057"#]]
    .assert_eq(&cases.join("\n\n"));
    let terms = json!({
        "instrument_name": PERPETUAL, "initial_ppm": 50_000, "maintenance_ppm": 25_000,
        "slope_ppb": 5_000, "floor_ppm": 0,
    });
    assert_eq!(fed.world.call(ALICE, "operator/set_margin", terms), "ok");
    expect![[r#"
        buy 0.00510002
        sell 0.00510002
        buy_needed 0.00510002
        sell_needed 0.00510002
        min_price 90000
        max_price 110000"#]]
    .assert_eq(&ask(CAROL, PERPETUAL, 10_000, 100_000.0));
    let band = json!({ "instrument_name": PERPETUAL, "lower": 0, "upper": 0.00000001 });
    assert_eq!(fed.world.call(ALICE, "operator/set_open_interest_band", band), "ok");
    let fillable = json!({ "currency": "BTC", "adjustment_ppm": 1, "spread_ppm": 1 });
    assert_eq!(fed.world.call(ALICE, "operator/set_fillable", fillable), "ok");
    expect![[r#"
        buy 0.10005002
        sell 0.10005002
        buy_needed 0.10005002
        sell_needed 0.10005002
        min_price 90000
        max_price 110000"#]]
    .assert_eq(&ask(CAROL, PERPETUAL, 10_000, 100_000.0));
    let none = json!({ "instrument_name": PERPETUAL });
    assert_eq!(fed.world.call(ALICE, "operator/set_open_interest_band", none), "ok");
    let none = json!({ "currency": "BTC" });
    assert_eq!(fed.world.call(ALICE, "operator/set_fillable", none), "ok");
    let again = ask(CAROL, PERPETUAL, 10_000, 100_000.0);
    assert!(again.starts_with("buy 0.00510002"), "{again}");
}

#[test]
fn a_position_says_where_it_is_liquidated_and_its_place_in_the_ranking() {
    let fed = levered();
    let keys = ["estimated_liquidation_price", "adl_rank", "adl_of", "adl_lights"];
    let (dave, bob) = (position(&fed, DAVE), position(&fed, BOB));
    expect![[r#"
        estimated_liquidation_price 98105.87663915
        adl_rank 1
        adl_of 1
        adl_lights 5

        estimated_liquidation_price null
        adl_rank 1
        adl_of 1
        adl_lights 5"#]]
    .assert_eq(&format!("{}\n\n{}", shown(&dave, &keys), shown(&bob, &keys)));
    let all = fed.world.call(DAVE, "private/get_positions", json!({ "currency": "BTC" }));
    assert_eq!(all[0], dave);
    assert_eq!(position(&fed, CAROL)["adl_rank"], Value::Null, "there is no position");
    let keys = [
        "margin_balance",
        "initial_margin",
        "maintenance_margin",
        "maintenance_excess",
        "liquidating",
    ];
    expect![[r#"
        margin_balance 0.0118
        initial_margin 0.008
        maintenance_margin 0.004
        maintenance_excess 0.0078
        liquidating false"#]]
    .assert_eq(&shown(&summary(&fed, DAVE), &keys));
}

#[test]
fn liq_4_a_liquidation_through_the_book_is_told_to_the_one_to_whom_it_happens() {
    let fed = levered();
    fed.world.limit(DAVE, PERPETUAL, ("buy", "91000", "10"));
    let (dave, bob) = (
        fed.world.listen(1, Some(DAVE), "user.liquidation"),
        fed.world.listen(2, Some(BOB), "user.liquidation"),
    );
    let trades = fed.world.listen(3, None, "trades.BTC-PERPETUAL.100ms");
    fed.seconds(3, "98000");
    assert_eq!(summary(&fed, DAVE)["liquidating"], true);
    let locks = fed.world.call(DAVE, "private/get_user_locks", json!({}));
    assert_eq!((&locks[0]["enabled"], &locks[1]["enabled"]), (&json!(true), &json!(false)));
    let waterfall = fed.world.public("public/get_waterfall", json!({ "currency": "BTC" }));
    assert_eq!(waterfall[0]["liquidating"], 1);
    fed.world.limit(BOB, PERPETUAL, ("buy", "98000", "200000"));
    fed.seconds(8, "98000");
    let first = dave.heard();
    let is_sale = |message: &&Value| message["filled"] != 0 && message["action"] == "reduced";
    let step = first.iter().find(is_sale).expect("a step");
    check(
        step,
        &expect![[r#"
        {
          "action": "reduced",
          "after": {
            "balance": 0.00919794,
            "equity": 0.0030755,
            "initial_margin": 0.00612245,
            "maintenance_margin": 0.00306123
          },
          "before": {
            "balance": 0.0118,
            "equity": 0.00363674,
            "initial_margin": 0.00816327,
            "maintenance_margin": 0.00408164
          },
          "currency": "BTC",
          "depth": 200000,
          "direction": "sell",
          "fee": 0.00051021,
          "filled": 10000,
          "index_price": 98000,
          "instrument_name": "BTC-PERPETUAL",
          "limit_price": 96040,
          "mark_price": 98000,
          "rules": [
            "LIQ-5",
            "LIQ-6",
            "LIQ-7"
          ],
          "seq": 61,
          "text": "10000 of BTC-PERPETUAL sold through the book",
          "timestamp": 1795336893000,
          "type": "step",
          "user_id": 7,
          "wanted": 40000
        }"#]],
    );
    let texts: Vec<String> =
        first.iter().map(|message| shown(message, &["type", "rules", "text"])).collect();
    expect![[r#"
        type "started"
        rules ["LIQ-1","LIQ-4"]
        text "equity of 0.00363674 is below maintenance margin of 0.00408164: until it is above it again by the buffer, you may cancel, and nothing else"

        type "step"
        rules ["LIQ-3"]
        text "1 open orders were cancelled"

        type "step"
        rules ["LIQ-5","LIQ-6","LIQ-7"]
        text "the book gave nothing: no BTC-PERPETUAL was sold"

        type "step"
        rules ["LIQ-5","LIQ-6","LIQ-7"]
        text "the book gave nothing: no BTC-PERPETUAL was sold"

        type "step"
        rules ["LIQ-5","LIQ-6","LIQ-7"]
        text "the book gave nothing: no BTC-PERPETUAL was sold"

        type "step"
        rules ["LIQ-5","LIQ-6","LIQ-7"]
        text "10000 of BTC-PERPETUAL sold through the book"

        type "step"
        rules ["LIQ-5","LIQ-6","LIQ-7"]
        text "7500 of BTC-PERPETUAL sold through the book"

        type "step"
        rules ["LIQ-5","LIQ-6","LIQ-7"]
        text "5620 of BTC-PERPETUAL sold through the book"

        type "ended"
        rules ["LIQ-8"]
        text "equity is above maintenance margin again""#]].assert_eq(&texts.join("\n\n"));
    assert_eq!(story(&bob), "", "an order of the book has no part in it");
    fed.world.tick();
    let marks: Vec<Value> = trades
        .heard()
        .into_iter()
        .flat_map(|list| {
            list.as_array()
                .expect("a list")
                .iter()
                .map(|one| one["liquidation"].clone())
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(!marks.is_empty() && marks.iter().all(|mark| mark == "T"), "{marks:?}");
    let sent = json!({ "instrument_name": PERPETUAL });
    let own = fed.world.call(DAVE, "private/get_user_trades_by_instrument", sent.clone());
    let own = own["trades"].as_array().expect("a list").clone();
    let marks: Vec<bool> = own.iter().map(|trade| trade["liquidation"] == "T").collect();
    assert_eq!(marks.iter().filter(|is_marked| !**is_marked).count(), 1, "his own: {marks:?}");
    let orders = fed.world.call(DAVE, "private/get_order_history_by_instrument", sent);
    let states: Vec<String> = orders
        .as_array()
        .expect("a list")
        .iter()
        .map(|order| {
            format!(
                "{} {} {}",
                order["is_liquidation"], order["order_state"], order["cancel_reason"]
            )
        })
        .collect();
    expect![[r#"
        true "filled" null
        true "filled" null
        true "filled" null
        false "filled" null"#]]
    .assert_eq(&states.join("\n"));
    assert_eq!(summary(&fed, DAVE)["liquidating"], false, "{texts:?}");
}

#[test]
fn ins_2_a_backstop_learns_what_it_took_and_of_nobody() {
    let fed = levered();
    let offer = json!({ "currency": "BTC", "capacity": 1, "share_ppm": 100_000 });
    assert_eq!(fed.world.call(ERIN, "private/offer_backstop", offer), "ok");
    let erin = fed.world.listen(1, Some(ERIN), "user.liquidation");
    fed.seconds(9, "98000");
    let heard = erin.heard();
    check(
        &heard[0],
        &expect![[r#"
        {
          "action": "taken_over",
          "amount": 40000,
          "currency": "BTC",
          "instrument_name": "BTC-PERPETUAL",
          "margin_moved": 0.00363674,
          "mark_price": 98000,
          "rules": [
            "INS-2"
          ],
          "seq": 68,
          "text": "you took a position over, with the equity that belongs to it",
          "timestamp": 1795336895000,
          "type": "counterparty",
          "user_id": 8
        }"#]],
    );
    assert_eq!(heard.len(), 1);
    let position = position(&fed, ERIN);
    assert_eq!((&position["size"], &position["average_price"]), (&json!(40_000), &json!(98_000)));
    let waterfall = fed.world.public("public/get_waterfall", json!({ "currency": "BTC" }));
    check(
        &waterfall,
        &expect![[r#"
        [
          {
            "backstops": [
              {
                "capacity": 1,
                "share_ppm": 100000,
                "taken": 0.00408164
              }
            ],
            "currency": "BTC",
            "insurance_fund": 0.00036368,
            "liquidating": 0,
            "terms": {
              "adl": "queue",
              "buffer_ppm": 250000,
              "depth_ppm": 500000,
              "fee_ppm": 5000,
              "idle_rounds": 5,
              "round_ms": 1000,
              "round_ppm": 250000,
              "slippage_ppm": 20000,
              "takeover_ppm": 500000
            }
          }
        ]"#]],
    );
}

#[test]
fn adl_1_both_sides_of_a_deleveraging_are_told_and_the_fund_pays_first() {
    let fed = levered();
    let sent = json!({ "currency": "BTC", "amount": 0.0005 });
    assert_eq!(fed.world.call(ALICE, "operator/fund_insurance", sent), "ok");
    let (dave, bob) = (
        fed.world.listen(1, Some(DAVE), "user.liquidation"),
        fed.world.listen(2, Some(BOB), "user.liquidation"),
    );
    fed.seconds(3, "95000");
    expect![[r#"
        "started" 7 ["LIQ-1","LIQ-4"] "equity of -0.00925263 is below maintenance margin of 0.00421053: until it is above it again by the buffer, you may cancel, and nothing else"
        "step" 7 ["INS-3"] "the insurance fund paid what was lost beyond your money"
        "step" 7 ["ADL-1","ADL-2"] "a position was closed at the mark against the other side"
        "ended" 7 ["LIQ-8"] "nothing is left to liquidate"

        "counterparty" 2 ["ADL-1","ADL-2"] "your position was closed at the mark: nobody else took the other side, and you were number 1 of yours in the ranking"
    "#]].assert_eq(&format!("{}\n{}", story(&dave), story(&bob)));
    assert_eq!(summary(&fed, DAVE)["equity"], 0);
    let all = fed.world.public("public/get_waterfall", json!({}));
    assert_eq!(all.as_array().map(Vec::len), Some(3), "every domain");
    assert_eq!(all[0]["insurance_fund"], 0);
}

#[test]
fn the_terms_of_liquidation_are_set_as_a_whole_or_not_at_all() {
    let fed = Fed::new();
    let terms = |round_ms: u32, adl: &str| {
        json!({
            "currency": "BTC", "buffer_ppm": 100_000, "round_ppm": 200_000, "round_ms": round_ms,
            "depth_ppm": 300_000, "slippage_ppm": 10_000, "fee_ppm": 2_500,
            "takeover_ppm": 400_000, "idle_rounds": 3, "adl": adl,
        })
    };
    assert_eq!(fed.world.call(ALICE, "operator/set_risk", terms(500, "pro_rata")), "ok");
    let seen = fed.world.public("public/get_waterfall", json!({ "currency": "BTC" }));
    let mut sent = terms(500, "pro_rata");
    sent.as_object_mut().expect("an object").remove("currency");
    assert_eq!(seen[0]["terms"], sent);
    let margin = |initial: u32, maintenance: u32| {
        json!({
            "instrument_name": PERPETUAL, "initial_ppm": initial, "maintenance_ppm": maintenance,
            "slope_ppb": 0, "floor_ppm": 0,
        })
    };
    let refused = |account, name: &str, sent: Value| fed.world.refusal(account, name, sent);
    let hypothetical = |amount: Value, price: Value| {
        let name = PERPETUAL;
        json!({ "instrument_name": name, "amount": amount, "price": price })
    };
    let offer = |capacity: Value, share: u32| {
        let currency = "BTC";
        json!({ "currency": currency, "capacity": capacity, "share_ppm": share })
    };
    let band = |lower: Value, upper: Value| json!({ "instrument_name": PERPETUAL, "lower": lower, "upper": upper });
    let fillable = |spread: u32| json!({ "currency": "BTC", "adjustment_ppm": 1_000_000, "spread_ppm": spread });
    let cases = [
        refused(ALICE, "operator/set_risk", terms(50, "queue")),
        refused(ALICE, "operator/set_risk", terms(500, "lottery")),
        refused(ALICE, "operator/set_risk", json!({ "currency": "BTC", "adl": "queue" })),
        refused(ALICE, "operator/set_margin", margin(10_000, 20_000)),
        refused(ALICE, "operator/set_open_interest_band", band(json!(5), json!(5))),
        refused(ALICE, "operator/set_open_interest_band", band(json!(5), Value::Null)),
        refused(ALICE, "operator/set_fillable", fillable(0)),
        refused(ALICE, "operator/set_margin", json!({ "instrument_name": "DOGE-PERPETUAL" })),
        refused(ALICE, "operator/fund_insurance", json!({ "currency": "BTC", "amount": 0 })),
        refused(ALICE, "operator/fund_insurance", json!({ "currency": "DOGE", "amount": 1 })),
        refused(BOB, "private/offer_backstop", offer(json!(-1), 0)),
        refused(BOB, "private/offer_backstop", offer(json!(1), 1_000_001)),
        refused(BOB, "private/get_margins", hypothetical(json!(15), json!(100_000))),
        refused(BOB, "private/get_margins", hypothetical(json!(10), json!(100_000.3))),
        refused(BOB, "private/get_margins", hypothetical(json!(10), json!(0))),
    ];
    expect![[r#"
        11049 bad_arguments {"reason":"the terms do not make a margin or a liquidation: rounds are 100 ms to a minute apart, and takeover comes after 1 to 100 idle ones","rule":208}
        -32602 Invalid params {"param":"adl","reason":"wrong format: send one of queue, pro_rata, water_filling, least_closing"}
        -32602 Invalid params {"param":"buffer_ppm","reason":"it is missing: send a whole number"}
        11049 bad_arguments {"reason":"the terms do not make a margin or a liquidation: the initial rate is at least 0.1 %, at most 100 % and at least the maintenance rate, which is above zero; the floor is within the initial rate","rule":208}
        11049 bad_arguments {"reason":"the terms do not make a margin or a liquidation: a future's band of open interest begins at zero or above and ends above that","rule":208}
        -32602 Invalid params {"param":"upper","reason":"is missing: send it"}
        11049 bad_arguments {"reason":"the terms do not make a margin or a liquidation: the adjustment and the spread are above zero and at most ten times","rule":208}
        -32602 Invalid params {"param":"initial_ppm","reason":"it is missing: send a whole number"}
        10021 invalid_amount {"param":"amount","reason":"0 is not a multiple of 0.00000001 above 0"}
        -32602 Invalid params {"param":"currency","reason":"send one of BTC, ETH, USDC"}
        -32602 Invalid params {"param":"capacity","reason":"-1 is not a multiple of 0.00000001 from 0 on"}
        11049 bad_arguments {"reason":"the terms do not make a margin or a liquidation: a capacity is not below zero, a share at most 100 %","rule":208}
        10021 invalid_amount {"above":20,"below":10,"param":"amount","reason":"15 is between lots: send 10 or 20"}
        10043 price_wrong_tick {"above":100000.5,"below":100000,"param":"price","reason":"price 100000.3 is between ticks: send 100000 or 100000.5"}
        -32602 Invalid params {"param":"price","reason":"send a price above 0"}"#]].assert_eq(&cases.join("\n"));
    let seen = fed.world.public("public/get_waterfall", json!({ "currency": "DOGE" }));
    assert_eq!(seen, json!([]), "what is not traded here has no fund");
}
