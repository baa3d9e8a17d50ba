//! The table against the list of api.md §7.2, and the types of parameters.

use expect_test::expect;
use serde_json::{Map, Value};

use super::{Method, Needs, ParamKind, Tier, find, methods};

/// The 61 methods that api.md §7.2 marks M.
const MINIMUM: [&str; 61] = [
    "public/auth",
    "private/logout",
    "public/hello",
    "public/test",
    "public/get_time",
    "public/status",
    "public/set_heartbeat",
    "public/disable_heartbeat",
    "private/enable_cancel_on_disconnect",
    "private/get_cancel_on_disconnect",
    "public/subscribe",
    "public/unsubscribe",
    "public/unsubscribe_all",
    "private/subscribe",
    "private/unsubscribe",
    "private/unsubscribe_all",
    "public/get_instruments",
    "public/get_instrument",
    "public/get_currencies",
    "public/ticker",
    "public/get_order_book",
    "public/get_book_summary_by_currency",
    "public/get_book_summary_by_instrument",
    "public/get_last_trades_by_instrument",
    "public/get_last_trades_by_instrument_and_time",
    "public/get_tradingview_chart_data",
    "public/get_funding_rate_value",
    "public/get_funding_rate_history",
    "public/get_historical_volatility",
    "public/get_expirations",
    "public/get_last_settlements_by_instrument",
    "private/buy",
    "private/sell",
    "private/edit",
    "private/cancel",
    "private/cancel_all",
    "private/cancel_all_by_instrument",
    "private/close_position",
    "private/get_order_state",
    "private/get_open_orders",
    "private/get_open_orders_by_instrument",
    "private/get_open_orders_by_currency",
    "private/get_order_history_by_instrument",
    "private/get_order_history_by_currency",
    "private/get_user_trades_by_instrument",
    "private/get_user_trades_by_instrument_and_time",
    "private/get_user_trades_by_currency",
    "private/get_user_trades_by_currency_and_time",
    "private/get_user_trades_by_order",
    "private/get_account_summary",
    "private/get_account_summaries",
    "private/get_positions",
    "private/get_position",
    "private/get_subaccounts",
    "private/get_current_deposit_address",
    "private/create_deposit_address",
    "private/get_deposits",
    "private/withdraw",
    "private/get_withdrawals",
    "private/get_transfers",
    "private/submit_transfer_to_subaccount",
];

#[test]
fn every_method_of_the_minimum_is_in_the_table_and_no_other_claims_to_be() {
    let missing: Vec<&str> = MINIMUM.into_iter().filter(|name| find(name).is_none()).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    let claimed = methods().iter().filter(|method| method.tier == Tier::Minimum);
    let claimed: Vec<&str> = claimed.map(|method| method.name).collect();
    assert!(claimed.iter().all(|name| MINIMUM.contains(name)), "{claimed:?}");
}

#[test]
fn each_method_stands_once_and_needs_what_its_name_says() {
    for (index, method) in methods().iter().enumerate() {
        let name = method.name;
        assert!(methods()[..index].iter().all(|earlier| earlier.name != name), "{name}");
        let fits = match name.split_once('/').expect("a scope and a name").0 {
            "public" => method.needs == Needs::Nothing,
            "private" => matches!(method.needs, Needs::Login | Needs::Scope(..)),
            "operator" => method.needs == Needs::Operator && method.tier == Tier::Ours,
            _ => false,
        };
        assert!(fits, "{name}");
        let names: Vec<&str> = method.params.iter().map(|param| param.name).collect();
        assert!((1..names.len()).all(|at| !names[..at].contains(&names[at])), "{name}");
    }
}

fn checked(method: &Method, params: &str) -> String {
    let mut params: Map<String, Value> = serde_json::from_str(params).expect("an object");
    match method.check_params(&mut params) {
        Ok(()) => serde_json::to_string(&params).expect("an object"),
        Err(error) => {
            let data = error.data.expect("param and reason");
            format!("{} {}: {}", error.code, data["param"], data["reason"])
        }
    }
}

#[test]
fn parameters_are_checked_by_their_declared_types() {
    let table = [
        ("public/auth", "{}"),
        ("public/auth", r#"{"grant_type":"password"}"#),
        ("public/auth", r#"{"grant_type":"client_signature","timestamp":1576074319000}"#),
        ("public/auth", r#"{"grant_type":"client_signature","timestamp":"1576074319000"}"#),
        ("public/auth", r#"{"grant_type":"client_signature","timestamp":1.5}"#),
        ("public/auth", r#"{"grant_type":"client_signature","timestamp":"soon"}"#),
        ("public/auth", r#"{"grant_type":"client_signature","client_id":5}"#),
        ("public/set_heartbeat", r#"{"interval":"NaN"}"#),
        ("public/set_heartbeat", r#"{"interval":"30"}"#),
        ("public/subscribe", r#"{"channels":"a"}"#),
        ("public/subscribe", r#"{"channels":"[\"a\",\"b\"]"}"#),
        ("public/subscribe", r#"{"channels":["a",1]}"#),
        ("public/subscribe", r#"{"channels":{}}"#),
        ("private/logout", r#"{"invalidate_token":"false","unknown":[1]}"#),
        ("private/logout", r#"{"invalidate_token":0}"#),
    ];
    let lines: String = table
        .iter()
        .map(|(name, params)| {
            let method = find(name).expect("a method of the table");
            format!("{name} {params}\n  {}\n", checked(method, params))
        })
        .collect();
    expect![[r#"
        public/auth {}
          -32602 "grant_type": "it is missing: send one of client_credentials, client_signature, refresh_token"
        public/auth {"grant_type":"password"}
          -32602 "grant_type": "wrong format: send one of client_credentials, client_signature, refresh_token"
        public/auth {"grant_type":"client_signature","timestamp":1576074319000}
          {"grant_type":"client_signature","timestamp":1576074319000}
        public/auth {"grant_type":"client_signature","timestamp":"1576074319000"}
          {"grant_type":"client_signature","timestamp":"1576074319000"}
        public/auth {"grant_type":"client_signature","timestamp":1.5}
          -32602 "timestamp": "wrong format: send a whole number"
        public/auth {"grant_type":"client_signature","timestamp":"soon"}
          -32602 "timestamp": "wrong format: send a whole number"
        public/auth {"grant_type":"client_signature","client_id":5}
          -32602 "client_id": "wrong format: send a text"
        public/set_heartbeat {"interval":"NaN"}
          -32602 "interval": "wrong format: send a number"
        public/set_heartbeat {"interval":"30"}
          {"interval":"30"}
        public/subscribe {"channels":"a"}
          {"channels":["a"]}
        public/subscribe {"channels":"[\"a\",\"b\"]"}
          {"channels":["a","b"]}
        public/subscribe {"channels":["a",1]}
          -32602 "channels": "wrong format: send a list of texts"
        public/subscribe {"channels":{}}
          -32602 "channels": "wrong format: send a list of texts"
        private/logout {"invalidate_token":"false","unknown":[1]}
          {"invalidate_token":"false","unknown":[1]}
        private/logout {"invalidate_token":0}
          -32602 "invalidate_token": "wrong format: send true or false"
    "#]].assert_eq(&lines);
}

#[test]
fn numbers_are_those_of_json() {
    use super::params::check;
    let param = super::Param { name: "x", kind: ParamKind::Number, is_mandatory: true };
    let fits = |text: &str| {
        let mut params = Map::new();
        params.insert("x".to_owned(), Value::String(text.to_owned()));
        check(&param, &mut params).is_ok()
    };
    for text in ["0", "20", "-1", "97000.5", "1.2966e-4", "1e400", "0.00000001"] {
        assert!(fits(text), "{text}");
    }
    for text in
        ["", " 1", "1 ", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "+1", ".5", "1.", "--1"]
    {
        assert!(!fits(text), "{text}");
    }
}
