//! A server that is killed, damaged or stopped, and started again.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::process::{Server, run, text};

/// The segment that a domain writes to.
fn segment(data: &Path, domain: &str) -> PathBuf {
    let mut files: Vec<PathBuf> = std::fs::read_dir(data.join(domain))
        .expect("the domain has a directory")
        .map(|file| file.expect("it is readable").path())
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-"))
        })
        .collect();
    files.sort();
    files.pop().expect("the domain has a segment")
}

/// Bytes without the zeros that are reserved ahead.
fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

fn verified(data: &Path) -> Value {
    let verified = run(&["log", "verify", "--json", "--data", &data.display().to_string()]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    serde_json::from_slice(&verified.stdout).expect("it prints JSON")
}

fn roots(verified: &Value) -> Value {
    let domains = verified["domains"].as_array().into_iter().flatten();
    domains
        .map(|domain| {
            (domain["domain"].as_str().unwrap_or_default().to_owned(), domain["root"].clone())
        })
        .collect()
}

/// A price far below or above everybody, on the grid of BTC-PERPETUAL.
const FAR_BELOW: f64 = 20_000.0;

#[test]
fn two_accounts_cross_and_both_see_their_side() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let server = Server::demo(home.path());
    let name = "BTC-26MAR27";
    let listed =
        server.result(0, "public/get_instruments", json!({"currency": "BTC", "kind": "future"}));
    let names: Vec<&str> = listed
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["instrument_name"].as_str())
        .collect();
    let name = if names.contains(&name) { name } else { names.last().copied().expect("futures") };
    // Somebody may step between the two: then they try again.
    for attempt in 0..50 {
        let book = server.result(0, "public/get_order_book", json!({"instrument_name": name}));
        let ask = book["best_ask_price"].as_f64().expect("the makers quote");
        let order = json!({"instrument_name": name, "amount": 10, "price": ask - 0.5});
        let sold = server.result(0, "private/sell", order.clone());
        let bought = server.result(1, "private/buy", order);
        server.result(0, "private/cancel_all", json!({}));
        server.result(1, "private/cancel_all", json!({}));
        let sold_id = &sold["order"]["order_id"];
        let state = server.result(0, "private/get_order_state", json!({"order_id": sold_id}));
        if state["order_state"] == "filled" && bought["order"]["order_state"] == "filled" {
            break;
        }
        assert!(attempt < 49, "they never met: {state} {bought}");
    }
    for account in [0, 1] {
        let position =
            server.result(account, "private/get_position", json!({"instrument_name": name}));
        assert!(position["size"].as_f64().is_some(), "{position}");
        let trades = server.result(
            account,
            "private/get_user_trades_by_instrument",
            json!({"instrument_name": name}),
        );
        assert!(trades["trades"].as_array().is_some_and(|trades| !trades.is_empty()));
    }
}

#[test]
fn a_killed_server_keeps_what_it_acknowledged() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let data = home.path();
    let server = Server::demo(data);
    let order = json!({
        "instrument_name": "BTC-PERPETUAL", "amount": 10, "price": FAR_BELOW, "label": "kept",
    });
    let placed = server.result(0, "private/buy", order);
    let keys = server.ready["accounts"].clone();
    server.kill();

    let before = verified(data);
    let server = Server::demo(data);
    assert_eq!(server.ready["accounts"], keys, "the same keys open the same accounts");
    assert_eq!(server.ready["roots"], roots(&before), "it starts where the replay ends");
    let open = server.result(0, "private/get_open_orders", json!({}));
    assert_eq!(open.as_array().map(Vec::len), Some(1), "{open}");
    assert_eq!(open[0]["order_id"], placed["order"]["order_id"]);
    assert_eq!(open[0]["label"], "kept");

    let (status, words) = server.terminate();
    assert!(status.success(), "{words}");
    let after = verified(data);
    for domain in after["domains"].as_array().into_iter().flatten() {
        assert_eq!(domain["snapshot"], domain["seq"], "a clean stop leaves a snapshot");
        assert_eq!(domain["torn_bytes"], 0);
    }
}

#[test]
fn a_start_from_a_snapshot_remembers_what_a_replay_would() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let data = home.path();
    let server = Server::demo(data);
    let order = json!({
        "instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "market", "label": "kept",
    });
    let bought = server.result(0, "private/buy", order);
    assert_eq!(bought["order"]["order_state"], "filled", "{bought}");
    let questions = [
        ("private/get_order_state", json!({"order_id": bought["order"]["order_id"]})),
        ("private/get_user_trades_by_order", json!({"order_id": bought["order"]["order_id"]})),
        ("private/get_position", json!({"instrument_name": "BTC-PERPETUAL"})),
    ];
    // Marks move between two questions; what was done does not.
    let settled = |mut answer: Value| {
        let moves = [
            "mark_price",
            "index_price",
            "floating_profit_loss",
            "total_profit_loss",
            "initial_margin",
            "maintenance_margin",
            "delta",
            "size_currency",
            "settlement_price",
            "estimated_liquidation_price",
            "adl_rank",
            "adl_of",
            "adl_lights",
        ];
        if let Some(fields) = answer.as_object_mut() {
            moves.iter().for_each(|field| drop(fields.remove(*field)));
        }
        answer
    };
    let ask = |server: &Server| {
        questions.clone().map(|(method, params)| settled(server.result(0, method, params)))
    };
    let before = ask(&server);
    let (status, words) = server.terminate();
    assert!(status.success(), "{words}");

    let stored = verified(data);
    let server = Server::demo(data);
    assert_eq!(server.ready["roots"], roots(&stored));
    assert_eq!(ask(&server), before);
    server.terminate();

    // Without a readable snapshot the whole log is replayed, and nothing is missing either.
    for domain in ["btc", "eth", "usdc"] {
        for file in std::fs::read_dir(data.join(domain)).expect("the domain has a directory") {
            let path = file.expect("it is readable").path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap-")) {
                std::fs::write(&path, b"not a snapshot").expect("the snapshot is overwritten");
            }
        }
    }
    let server = Server::demo(data);
    assert_eq!(ask(&server), before);
    let words = server.kill();
    assert!(words.contains("BTC: the whole log is replayed, because"), "{words}");
}

#[test]
fn a_changed_byte_in_the_middle_refuses_to_start_and_is_named() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let data = home.path();
    Server::demo(data).terminate();
    let path = segment(data, "btc");
    let mut bytes = std::fs::read(&path).expect("the segment is readable");
    let middle = used(&bytes) / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).expect("the segment is written");

    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let directory = data.display().to_string();
    let refused = Server::start(&["demo", "--json", "--port", "0", "--data", &directory]);
    let verify = run(&["log", "verify", "--data", &directory]);
    assert_eq!(verify.status.code(), Some(1));
    let started = refused.err().expect("it does not start");
    for words in [started, text(&verify.stderr)] {
        assert!(words.contains(&name) && words.contains("damaged at byte"), "{words}");
    }
}

#[test]
fn a_cut_tail_starts_and_says_how_many_bytes_were_dropped() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let data = home.path();
    Server::demo(data).kill();
    let path = segment(data, "eth");
    let bytes = std::fs::read(&path).expect("the segment is readable");
    let cut = used(&bytes) - 5;
    std::fs::write(&path, &bytes[..cut]).expect("the segment is written");

    let server = Server::demo(data);
    let words = server.kill();
    assert!(words.contains("ETH: dropped "), "{words}");
}
