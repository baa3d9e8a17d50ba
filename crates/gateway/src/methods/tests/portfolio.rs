//! Portfolio margin through the methods: set, seen in the account, and refused.

use serde_json::{Value, json};

use super::fed::Fed;
use super::world::{ALICE, BOB};

fn terms(steps: u32) -> Value {
    json!({
        "index_name": "btc_usd", "range_ppm": 160_000, "steps": steps, "vol_up_ppm": 500_000,
        "vol_down_ppm": 250_000, "near_power_ppm": 300_000, "far_power_ppm": 130_000,
        "tails": [{ "move_ppm": -660_000, "weight_ppm": 240_000 }], "maintenance_ppm": 800_000,
        "future_initial_ppm": 10_000, "future_maintenance_ppm": 6_000,
        "short_initial_ppm": 5_000, "short_maintenance_ppm": 3_000,
    })
}

fn model(account: u32, model: &str) -> Value {
    json!({ "currency": "BTC", "account": account, "margin_model": model })
}

#[test]
fn the_model_of_an_account_is_set_and_seen() {
    let fed = Fed::new();
    assert_eq!(fed.world.call(ALICE, "operator/set_portfolio", terms(4)), "ok");
    let bob = BOB.0;
    let sent = model(bob, "segregated_pm");
    assert_eq!(fed.world.call(ALICE, "operator/set_margin_model", sent), "ok");
    let summary = |account| {
        let summary =
            fed.world.call(account, "private/get_account_summary", json!({ "currency": "BTC" }));
        (summary["margin_model"].clone(), summary["portfolio_margining_enabled"].clone())
    };
    assert_eq!(summary(BOB), (json!("segregated_pm"), json!(true)));
    assert_eq!(summary(ALICE), (json!("segregated_sm"), json!(false)));
    let sent = model(bob, "segregated_sm");
    assert_eq!(fed.world.call(ALICE, "operator/set_margin_model", sent), "ok");
    assert_eq!(summary(BOB), (json!("segregated_sm"), json!(false)));
}

#[test]
fn what_contradicts_is_refused_by_name() {
    let fed = Fed::new();
    let refused = |account, name: &str, sent: Value| fed.world.refusal(account, name, sent);
    let mut unknown = terms(4);
    unknown["index_name"] = json!("btc_eur");
    let cases = [
        refused(ALICE, "operator/set_portfolio", terms(0)),
        refused(ALICE, "operator/set_portfolio", unknown),
        refused(ALICE, "operator/set_margin_model", model(BOB.0, "cross_pm")),
        refused(ALICE, "operator/set_margin_model", model(9_999, "segregated_pm")),
        refused(BOB, "operator/set_margin_model", model(BOB.0, "segregated_pm")),
    ];
    expect_test::expect![[r#"
        11049 bad_arguments {"reason":"the terms do not make a margin or a liquidation: the grid reaches 1 % to 90 % in 1 to 8 steps each way; volatility rises by at most 1 000 % and falls by less than 100 %, with powers up to 1; there are at most 16 tails, between -99 % and +1 000 %, of which at most all counts; what is needed to stay is above zero and at most what is needed to open; rates are at most 100 %","rule":208}
        -32602 Invalid params {"param":"index_name","reason":"btc_eur is not an index: see public/get_index_price_names"}
        -32602 Invalid params {"param":"margin_model","reason":"wrong format: send one of segregated_sm, segregated_pm"}
        13020 not_found {"reason":"account 9999 does not exist: open it first","rule":102}
        accepted: "ok""#]].assert_eq(&cases.join("\n"));
}
