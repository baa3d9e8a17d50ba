//! Why was I liquidated? The demo's own log answers.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Server, run, text};

const PERPETUAL: &str = "BTC-PERPETUAL";
const PATIENCE: Duration = Duration::from_secs(60);

/// The operator's key, as the demo keeps it.
fn operator(data: &Path) -> Value {
    let keys = std::fs::read(data.join("keys.json")).expect("the demo keeps its keys");
    let keys: Value = serde_json::from_slice(&keys).expect("they are JSON");
    let of_operator = keys.as_array().into_iter().flatten().find(|key| key["account"] == 0);
    let key = of_operator.expect("the operator has a key");
    json!({ "client_id": key["client_id"], "client_secret": key["client_secret"] })
}

/// Account 1 buys, takes out what it can, and then needs more than it has.
fn fall_short(server: &Server, data: &Path) {
    let order = json!({"instrument_name": PERPETUAL, "amount": 20_000, "type": "market"});
    let bought = server.result(0, "private/buy", order);
    assert_eq!(bought["order"]["order_state"], "filled", "{bought}");
    let summary = server.result(0, "private/get_account_summary", json!({"currency": "BTC"}));
    let free = summary["available_withdrawal_funds"].as_f64().expect("a number");
    let amount = ((free - 0.0005) * 1e6).floor() / 1e6;
    let sent = json!({"currency": "BTC", "amount": amount, "address": "away"});
    server.result(0, "private/withdraw", sent);
    let terms = json!({
        "instrument_name": PERPETUAL, "initial_ppm": 30_000, "maintenance_ppm": 25_000,
        "slope_ppb": 0, "floor_ppm": 0,
    });
    let set = server.call_as(&operator(data), "operator/set_margin", terms);
    assert!(set["error"].is_null(), "{set}");
}

fn wait_until_it_is_over(server: &Server) {
    let began = Instant::now();
    let mut seen = false;
    loop {
        let summary = server.result(0, "private/get_account_summary", json!({"currency": "BTC"}));
        let is_liquidating = summary["liquidating"].as_bool().expect("a flag");
        let position = json!({"instrument_name": PERPETUAL});
        let size = server.result(0, "private/get_position", position)["size"].as_f64();
        seen |= is_liquidating || size.is_some_and(|size| size < 20_000.0);
        if seen && !is_liquidating {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "it is not over: {summary}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn explain_answers_why_an_account_of_the_demo_was_liquidated() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let server = Server::demo(home.path());
    fall_short(&server, home.path());
    wait_until_it_is_over(&server);
    let (status, words) = server.terminate();
    assert!(status.success(), "{words}");

    let data = home.path().display().to_string();
    let told = run(&["explain", "account", "1", "--data", &data]);
    assert!(told.status.success(), "{}", text(&told.stderr));
    let told = text(&told.stdout);
    for part in
        ["LIQ-1", "LIQ-2", "LIQ-6", "maintenance", "equity", PERPETUAL, "healthy", "insurance fund"]
    {
        assert!(told.contains(part), "{part} is not told:\n{told}");
    }
    let json = run(&["explain", "account", "1", "--json", "--data", &data]);
    let told: Value = serde_json::from_slice(&json.stdout).expect("it prints JSON");
    assert_eq!(told["account"], 1, "{told}");
}
