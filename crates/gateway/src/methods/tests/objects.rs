//! Objects have the keys that clients need, with values of the right type (api.md §7.1).

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::world::{ALICE, BOB, CAROL, World};

/// A world in which Alice bought 200 USD of the perpetual from Bob's 300, and owns an option.
fn traded() -> World {
    let world = World::new();
    world.limit(BOB, "BTC-PERPETUAL", ("sell", "100010", "300"));
    world.pass_ms(5);
    let sent = json!({
        "instrument_name": "BTC-PERPETUAL", "price": 100010, "amount": 200, "label": "mine",
    });
    world.call(ALICE, "private/buy", sent);
    world.limit(BOB, "BTC-25DEC26-100000-C", ("sell", "0.03", "1"));
    world.limit(ALICE, "BTC-25DEC26-100000-C", ("buy", "0.03", "0.5"));
    world.limit(ALICE, "BTC-PERPETUAL", ("buy", "99000", "50"));
    world
}

/// `n` number, `N` number or null, `i` integer, `s` string, `b` boolean, `a` array, `o` object,
/// `0` null; before the name of each mandatory key.
fn check(name: &str, value: &Value, keys: &str) {
    for key in keys.split_whitespace() {
        let (kind, key) = key.split_once(':').expect("kind:key");
        let value = value.get(key).unwrap_or_else(|| panic!("{name} has no {key}: {value}"));
        let fits = match kind {
            "n" => value.is_number(),
            "N" => value.is_number() || value.is_null(),
            "i" => value.is_u64() || value.is_i64(),
            "s" => value.is_string(),
            "b" => value.is_boolean(),
            "a" => value.is_array(),
            "o" => value.is_object(),
            "0" => value.is_null(),
            _ => panic!("{kind} is no kind"),
        };
        assert!(fits, "{name}.{key} is {value}, not {kind}");
    }
}

const INSTRUMENT: &str = "s:kind s:settlement_currency s:counter_currency s:base_currency \
    s:quote_currency n:min_trade_amount s:instrument_name i:instrument_id b:is_active \
    s:settlement_period i:creation_timestamp n:tick_size a:tick_size_steps \
    i:expiration_timestamp s:instrument_type n:contract_size n:maker_commission \
    n:taker_commission s:price_index s:state";
const TICKER: &str = "s:instrument_name i:timestamp s:state o:stats n:open_interest \
    N:best_bid_price n:best_bid_amount N:best_ask_price n:best_ask_amount n:index_price \
    n:min_price n:max_price n:mark_price N:last_price n:estimated_delivery_price";
const SUMMARY_ROW: &str = "s:instrument_name N:high N:low s:base_currency s:quote_currency \
    n:volume N:bid_price N:ask_price N:mid_price n:mark_price N:last n:open_interest \
    i:creation_timestamp";
const TRADE: &str = "s:trade_id i:trade_seq s:instrument_name i:timestamp s:direction \
    i:tick_direction n:index_price n:price n:amount n:contracts n:mark_price";
const ORDER: &str = "s:order_id s:order_state s:order_type s:time_in_force b:is_liquidation \
    s:instrument_name i:creation_timestamp i:last_update_timestamp s:direction n:price s:label \
    b:post_only b:reject_post_only b:reduce_only b:api b:web n:amount n:contracts \
    n:filled_amount n:average_price b:mmp b:risk_reducing b:replaced n:commission n:max_show \
    n:profit_loss i:user_id";
const USER_TRADE: &str = "s:trade_id i:trade_seq s:instrument_name i:timestamp s:order_type \
    s:order_id 0:matching_id s:direction i:tick_direction n:index_price n:price n:amount \
    n:contracts s:liquidity n:fee s:fee_currency s:state b:reduce_only b:post_only b:mmp \
    b:risk_reducing b:api n:profit_loss n:mark_price b:self_trade i:user_id";
const POSITION: &str = "s:instrument_name s:kind n:average_price s:direction n:mark_price N:delta \
    n:index_price n:initial_margin n:maintenance_margin n:settlement_price n:total_profit_loss \
    n:floating_profit_loss n:realized_profit_loss n:size N:estimated_liquidation_price \
    n:open_orders_margin i:user_id";
const PORTFOLIO: &str = "n:total_pl n:session_rpl n:session_upl n:available_funds \
    n:available_withdrawal_funds n:margin_balance n:balance s:currency n:delta_total \
    n:projected_delta_total n:equity n:futures_pl n:futures_session_rpl n:futures_session_upl \
    n:initial_margin n:maintenance_margin N:options_delta N:options_gamma n:options_pl \
    n:options_session_rpl n:options_session_upl N:options_theta n:options_value N:options_vega \
    o:options_gamma_map o:options_theta_map o:options_vega_map n:projected_initial_margin \
    n:projected_maintenance_margin b:portfolio_margining_enabled b:cross_collateral_enabled \
    s:margin_model o:delta_total_map n:locked_balance";
const USER: &str = "i:id s:email s:system_name s:username s:type b:security_keys_enabled \
    i:creation_timestamp";
const CURRENCY: &str = "s:currency s:currency_long s:coin_type i:min_confirmations \
    n:withdrawal_fee n:fee_precision b:in_cross_collateral_pool a:withdrawal_priorities";

#[test]
fn market_objects_have_their_mandatory_keys_with_their_types() {
    let world = traded();
    for instrument in world.public("public/get_instruments", json!({})).as_array().expect("a list")
    {
        check("instrument", instrument, INSTRUMENT);
        let name = json!({ "instrument_name": instrument["instrument_name"] });
        let ticker = world.public("public/ticker", name.clone());
        check("ticker", &ticker, TICKER);
        check("stats", &ticker["stats"], "n:volume N:low N:high N:price_change");
        let book = world.public("public/get_order_book", name.clone());
        check("book", &book, TICKER);
        check("book", &book, "i:change_id a:bids a:asks");
        let rows = world.public("public/get_book_summary_by_instrument", name);
        check("summary", &rows[0], SUMMARY_ROW);
    }
    let name = json!({ "instrument_name": "BTC-PERPETUAL" });
    let trades = world.public("public/get_last_trades_by_instrument", name);
    check("trades", &trades, "b:has_more a:trades");
    check("trade", &trades["trades"][0], TRADE);
    check("currency", &world.public("public/get_currencies", json!({}))[0], CURRENCY);
}

#[test]
fn objects_of_an_account_have_their_mandatory_keys_with_their_types() {
    let world = traded();
    let own = |name, sent| world.call(ALICE, name, sent);
    check("order", &own("private/get_open_orders", json!({}))[0], ORDER);
    let history = own("private/get_order_history_by_currency", json!({ "currency": "BTC" }));
    check("order", &history[0], ORDER);
    let trades = own("private/get_user_trades_by_currency", json!({ "currency": "any" }));
    check("user trade", &trades["trades"][0], USER_TRADE);
    let positions = own("private/get_positions", json!({ "currency": "any" }));
    assert_eq!(positions.as_array().map(Vec::len), Some(2));
    for position in positions.as_array().expect("a list") {
        check("position", position, POSITION);
    }
    let sent = json!({ "currency": "BTC", "extended": true });
    let summary = own("private/get_account_summary", sent);
    check("summary", &summary, PORTFOLIO);
    check("summary", &summary, USER);
    check("summary", &summary, "a:fees");
    let summaries = own("private/get_account_summaries", json!({}));
    check("summaries", &summaries, USER);
    assert_eq!(summaries["summaries"].as_array().map(Vec::len), Some(3));
    let subaccounts = own("private/get_subaccounts", json!({ "with_portfolio": true }));
    check("subaccount", &subaccounts[1], USER);
    check("portfolio", &subaccounts[1]["portfolio"]["usdc"], PORTFOLIO);
}

fn pretty(value: &Value, want: &Expect) {
    want.assert_eq(&serde_json::to_string_pretty(value).expect("JSON"));
}

#[test]
fn an_order_with_its_trades() {
    let world = World::new();
    world.limit(BOB, "BTC-PERPETUAL", ("sell", "100010", "300"));
    world.pass_ms(5);
    let sent = json!({
        "instrument_name": "BTC-PERPETUAL", "price": 100010, "amount": 200, "label": "a \"b\"",
    });
    let placed = world.call(ALICE, "private/buy", sent);
    pretty(
        &placed,
        &expect![[r#"
        {
          "order": {
            "amount": 200,
            "api": true,
            "average_price": 100010,
            "commission": 0.000001,
            "contracts": 20,
            "creation_timestamp": 1795336885005,
            "direction": "buy",
            "filled_amount": 200,
            "instrument_name": "BTC-PERPETUAL",
            "is_liquidation": false,
            "is_rebalance": false,
            "label": "a \"b\"",
            "last_update_timestamp": 1795336885005,
            "max_show": 200,
            "mmp": false,
            "order_id": "8388609",
            "order_state": "filled",
            "order_type": "limit",
            "post_only": false,
            "price": 100010,
            "profit_loss": 0,
            "reduce_only": false,
            "reject_post_only": false,
            "replaced": false,
            "risk_reducing": false,
            "time_in_force": "good_til_cancelled",
            "user_id": 1,
            "web": false
          },
          "trades": [
            {
              "amount": 200,
              "api": true,
              "contracts": 20,
              "direction": "buy",
              "fee": 0.000001,
              "fee_currency": "BTC",
              "index_price": 100000,
              "instrument_name": "BTC-PERPETUAL",
              "label": "a \"b\"",
              "liquidity": "T",
              "mark_price": 100000,
              "matching_id": null,
              "mmp": false,
              "order_id": "8388609",
              "order_type": "limit",
              "post_only": false,
              "price": 100010,
              "profit_loss": 0,
              "reduce_only": false,
              "risk_reducing": false,
              "self_trade": false,
              "state": "filled",
              "tick_direction": 0,
              "timestamp": 1795336885005,
              "trade_id": "1",
              "trade_seq": 1,
              "user_id": 1
            }
          ]
        }"#]],
    );
}

#[test]
fn a_ticker_and_a_book() {
    let name = json!({ "instrument_name": "BTC-PERPETUAL" });
    let book = traded().public("public/get_order_book", name);
    pretty(
        &book,
        &expect![[r#"
        {
          "asks": [
            [
              100010,
              100
            ]
          ],
          "best_ask_amount": 100,
          "best_ask_price": 100010,
          "best_bid_amount": 50,
          "best_bid_price": 99000,
          "bids": [
            [
              99000,
              50
            ]
          ],
          "change_id": 16,
          "current_funding": 0,
          "estimated_delivery_price": 100000,
          "funding_8h": 0,
          "index_price": 100000,
          "instrument_name": "BTC-PERPETUAL",
          "interest_value": 0,
          "last_price": 100010,
          "mark_price": 100000,
          "max_price": 110000,
          "min_price": 90000,
          "open_interest": 200,
          "state": "open",
          "stats": {
            "high": 100010,
            "low": 100010,
            "price_change": 0,
            "volume": 0.0019998,
            "volume_usd": 200
          },
          "timestamp": 1795336885005
        }"#]],
    );
}

#[test]
fn an_option_says_its_steps_and_its_strike() {
    let name = json!({ "instrument_name": "BTC-25DEC26-100000-C" });
    let instrument = World::new().public("public/get_instrument", name);
    pretty(
        &instrument,
        &expect![[r#"
        {
          "base_currency": "BTC",
          "block_trade_commission": 0.0003,
          "block_trade_min_trade_amount": 0.1,
          "block_trade_tick_size": 0.0001,
          "contract_size": 1,
          "counter_currency": "USD",
          "creation_timestamp": 1795336885000,
          "expiration_timestamp": 1798185600000,
          "instrument_id": 2,
          "instrument_name": "BTC-25DEC26-100000-C",
          "instrument_type": "reversed",
          "is_active": true,
          "kind": "option",
          "maker_commission": 0.0003,
          "min_trade_amount": 0.1,
          "option_type": "call",
          "price_index": "btc_usd",
          "quote_currency": "BTC",
          "settlement_currency": "BTC",
          "settlement_period": "month",
          "state": "open",
          "strike": 100000,
          "taker_commission": 0.0003,
          "tick_size": 0.0001,
          "tick_size_steps": [
            {
              "above_price": 0.005,
              "tick_size": 0.0005
            }
          ]
        }"#]],
    );
}

#[test]
fn a_position() {
    let name = json!({ "instrument_name": "BTC-PERPETUAL" });
    let position = traded().call(ALICE, "private/get_position", name);
    pretty(
        &position,
        &expect![[r#"
            {
              "adl_lights": 5,
              "adl_of": 1,
              "adl_rank": 1,
              "average_price": 100010,
              "delta": 0.002,
              "direction": "buy",
              "estimated_liquidation_price": 0.20200266,
              "floating_profit_loss": -0.0000002,
              "index_price": 100000,
              "initial_margin": 0.00005028,
              "instrument_name": "BTC-PERPETUAL",
              "interest_value": 0,
              "kind": "future",
              "leverage": 50,
              "maintenance_margin": 0.00002,
              "mark_price": 100000,
              "open_orders_margin": 0.00001028,
              "realized_funding": 0,
              "realized_profit_loss": 0,
              "settlement_price": 100010,
              "size": 200,
              "size_currency": 0.002,
              "total_profit_loss": -0.0000002,
              "user_id": 1
            }"#]],
    );
}

#[test]
fn a_portfolio_adds_up() {
    let summary = traded().call(ALICE, "private/get_account_summary", json!({ "currency": "BTC" }));
    let shown = [
        "balance",
        "equity",
        "margin_balance",
        "available_funds",
        "initial_margin",
        "options_value",
        "delta_total_map",
    ];
    let shown: Vec<String> = shown.iter().map(|key| format!("{key} {}", summary[*key])).collect();
    expect![[r#"
        balance 999.984849
        equity 999.9998488
        margin_balance 999.9848488
        available_funds 999.98479852
        initial_margin 0.00005028
        options_value 0.015
        delta_total_map {"btc_usd":0.002}"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn money_that_moved() {
    let world = World::new();
    let sent = json!({ "currency": "USDC", "amount": "12.5", "destination": CAROL.0 });
    let transfer = world.call(ALICE, "private/submit_transfer_to_subaccount", sent);
    let sent = json!({ "currency": "BTC", "amount": 0.25, "address": "x" });
    let withdrawal = world.call(ALICE, "private/withdraw", sent);
    let sent =
        json!({ "currency": "USDC", "start_timestamp": 0, "end_timestamp": 9_000_000_000_000_u64 });
    let log = world.call(CAROL, "private/get_transaction_log", sent);
    pretty(
        &json!([transfer, withdrawal, log["logs"][0]]),
        &expect![[r#"
        [
          {
            "amount": 12.5,
            "created_timestamp": 1795336885000,
            "currency": "USDC",
            "direction": "payment",
            "id": 4,
            "other_side": "account_3",
            "state": "confirmed",
            "type": "subaccount",
            "updated_timestamp": 1795336885000
          },
          {
            "address": "",
            "amount": 0.25,
            "confirmed_timestamp": 1795336885000,
            "created_timestamp": 1795336885000,
            "currency": "BTC",
            "fee": 0,
            "id": 4,
            "priority": 0,
            "state": "completed",
            "transaction_id": null,
            "updated_timestamp": 1795336885000
          },
          {
            "balance": 10000012.5,
            "cashflow": 12.5,
            "change": 12.5,
            "commission": 0,
            "currency": "USDC",
            "id": 9,
            "timestamp": 1795336885000,
            "type": "transfer",
            "user_id": 3,
            "user_seq": 2,
            "username": "account_3"
          }
        ]"#]],
    );
}
