//! Keys that their owner makes and changes.

use serde_json::json;

use crate::world::{World, code};

#[tokio::test]
async fn a_key_is_made_shown_once_used_changed_and_removed() {
    let world = World::new().await;
    let mut owner = world.trader().await;
    let asked = json!({"max_scope": "account:read_write trade:read operator", "name": "bot"});
    let made = owner.call("private/create_api_key", asked).await["result"].clone();
    assert_eq!(made["max_scope"], "account:read_write trade:read", "no operator is made");
    let list = owner.call("private/list_api_keys", json!({})).await["result"].clone();
    let secrets: Vec<&str> = list
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(|key| key["client_secret"].as_str())
        .collect();
    assert_eq!(secrets, ["", ""]);

    let login = json!({
        "grant_type": "client_credentials",
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
    });
    let mut bot = world.socket().await;
    assert_eq!(code(&bot.call("public/auth", login.clone()).await), 0);
    assert_eq!(code(&bot.call("private/get_open_orders", json!({})).await), 0);
    let order = json!({"instrument_name": "BTC-PERPETUAL", "amount": 10});
    assert_eq!(code(&bot.call("private/buy", order).await), 13021);
    // What the bot makes is no more than the bot.
    let more = json!({"max_scope": ["trade:read_write", "wallet:read_write"]});
    let child = bot.call("private/create_api_key", more).await;
    assert_eq!(child["result"]["max_scope"], "trade:read");

    let id = json!({"id": made["id"]});
    assert_eq!(code(&owner.call("private/disable_api_key", id.clone()).await), 0);
    assert_eq!(code(&bot.call("private/get_open_orders", json!({})).await), 13009);
    assert_eq!(code(&bot.call("public/auth", login.clone()).await), 13004);
    assert_eq!(code(&owner.call("private/enable_api_key", id.clone()).await), 0);
    assert_eq!(code(&bot.call("public/auth", login.clone()).await), 0);
    let reset = owner.call("private/reset_api_key", id.clone()).await;
    assert_eq!(reset["result"]["client_secret"].as_str().map(str::len), Some(43));
    assert_eq!(code(&bot.call("public/auth", login).await), 13004);
    assert_eq!(owner.call("private/remove_api_key", id.clone()).await["result"], "ok");
    assert_eq!(code(&owner.call("private/remove_api_key", id).await), 13020);
}

#[tokio::test]
async fn addresses_of_a_key_are_addresses() {
    let world = World::new().await;
    let mut owner = world.trader().await;
    let edit = |addresses: serde_json::Value| json!({"id": world.trader.id, "max_scope": "account:read_write", "ip_whitelist": addresses});
    let refused = owner.call("private/edit_api_key", edit(json!(["everywhere"]))).await;
    assert_eq!(refused["error"]["data"]["param"], "ip_whitelist");
    let many: Vec<String> = (0..33).map(|n| format!("10.0.0.{n}")).collect();
    assert_eq!(code(&owner.call("private/edit_api_key", edit(json!(many))).await), -32602);
    let edited = owner.call("private/edit_api_key", edit(json!(["127.0.0.1"]))).await;
    assert_eq!(edited["result"]["ip_whitelist"], json!(["127.0.0.1"]));
}
