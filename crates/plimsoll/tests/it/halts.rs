//! A halt by the operator's hand, and an auction that outlives a `kill -9`.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Server, run, text};

const PERPETUAL: &str = "BTC-PERPETUAL";

struct Venue {
    server: Server,
    data: String,
    genesis: String,
    keys: Vec<Value>,
}

impl Venue {
    /// The perpetual at 97 000, without a feed, and two accounts with money.
    fn open(home: &Path) -> Venue {
        let path = |name: &str| home.join(name).display().to_string();
        let genesis = path("genesis.toml");
        std::fs::write(&genesis, "[[instrument]]\nname = 'BTC-PERPETUAL'\n").expect("written");
        let data = path("data");
        let server = started(&data, &genesis);
        let mut venue = Venue { server, data, genesis, keys: Vec::new() };
        venue.operate("report-index --base BTC --quote USD --price 97000");
        venue.operate("report-marks --mark BTC-PERPETUAL=97000");
        for account in 1..=2 {
            venue.keys.push(venue.operate("open-account"));
            venue.operate(&format!("deposit --account {account} --currency BTC --amount 1"));
        }
        venue
    }

    fn command(&self, head: &[&str], line: &str) -> Value {
        let url = self.server.ready["ws"].as_str().expect("it says where it is");
        let flags = ["--json", "--data", &self.data, "--url", url];
        let words: Vec<&str> = head.iter().copied().chain(flags).chain(line.split(' ')).collect();
        let output = run(&words);
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("it prints JSON")
    }

    fn operate(&self, line: &str) -> Value {
        self.command(&["operator"], line)
    }

    /// Auctions of `auction_ms`; an outage of a second is one.
    fn set_reopening(&self, auction_ms: u32) {
        let terms = json!({
            "currency": "BTC", "auction_ms": auction_ms, "collar_ppm": 50_000,
            "extension_ms": 1_000, "extensions_max": 5,
            "steps": [{ "over_ms": 1_500, "cancel_only_ms": 2_000, "auction_ms": 2_000 }],
        });
        let key = &self.server.ready["operator"];
        let reply = self.server.call_as(key, "operator/set_reopening", terms);
        assert_eq!(reply["result"], "ok", "{reply}");
    }

    fn order(&self, account: usize, method: &str, price: u32) -> Value {
        let order = json!({ "instrument_name": PERPETUAL, "amount": 100, "price": price });
        self.server.call_as(&self.keys[account], method, order)
    }

    fn ticker(&self) -> Value {
        self.server.ask("public/ticker", json!({ "instrument_name": PERPETUAL }))
    }

    /// Looks until the market is in a state.
    fn until(&self, state: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let ticker = self.ticker();
            if ticker["state"] == state {
                return ticker;
            }
            assert!(Instant::now() < deadline, "it is {} and not {state}", ticker["state"]);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn started(data: &str, genesis: &str) -> Server {
    let args = ["serve", "--json", "--port", "0", "--data", data, "--genesis", genesis];
    Server::start(&args).unwrap_or_else(|words| panic!("no venue: {words}"))
}

#[test]
fn auc_15_a_kill_in_the_middle_of_an_auction_changes_nothing_of_its_end() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut venue = Venue::open(home.path());
    venue.set_reopening(6_000);
    let held = venue.command(&["halt"], "BTC-PERPETUAL --state cancel-only --for 10m --yes");
    assert_eq!(held["before"]["halts"], json!([]));
    assert_eq!(held["after"]["halts"][0]["state"], "cancel_only", "{held}");
    let refused = venue.order(0, "private/buy", 97_000);
    assert_eq!(refused["error"]["code"], 11_051, "{refused}");

    let lifted = venue.command(&["resume"], "btc-perpetual --yes");
    let ends_at = lifted["after"]["auctions"][0]["ends_at"].clone();
    for (account, method, price) in
        [(0, "private/buy", 97_100), (1, "private/sell", 96_900), (0, "private/buy", 97_050)]
    {
        let reply = venue.order(account, method, price);
        assert_eq!(reply["result"]["order"]["order_state"], "open", "{reply}");
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    let price = loop {
        let price = venue.ticker()["indicative_price"].clone();
        if price.is_number() {
            break price;
        }
        assert!(Instant::now() < deadline, "it is told once a second");
        std::thread::sleep(Duration::from_millis(100));
    };
    venue.server.kill();
    venue.server = started(&venue.data, &venue.genesis);
    let auctions = venue.server.ask("public/get_halts", json!({}))["auctions"].clone();
    assert_eq!(
        (&auctions[0]["ends_at"], &auctions[0]["instrument_name"]),
        (&ends_at, &json!(PERPETUAL))
    );
    let open = venue.until("open");
    assert_eq!(open["last_price"], price, "the price that was indicated before the kill");
    assert_eq!(open["best_bid_price"], 97_050.0);
}

#[test]
fn auc_10_whoever_comes_back_from_an_outage_finds_cancels_then_an_auction_then_a_market() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut venue = Venue::open(home.path());
    venue.set_reopening(1_000);
    let resting = venue.order(0, "private/buy", 96_000)["result"]["order"]["order_id"].clone();
    venue.server.kill();
    std::thread::sleep(Duration::from_secs(3));
    venue.server = started(&venue.data, &venue.genesis);
    let halts = venue.server.ask("public/get_halts", json!({}))["halts"].clone();
    assert_eq!((&halts[0]["cause"], &halts[0]["scope"]), (&json!("outage"), &json!("domain")));
    assert!(2_000 < halts[0]["value"].as_u64().unwrap_or(0), "{halts}");
    assert_eq!(venue.ticker()["state"], "halted");
    let locked = venue.server.ask("public/status", json!({}))["locked_indices"].clone();
    assert_eq!(locked, json!(["btc_usd"]));
    let by_id = json!({ "order_id": resting });
    let kept = venue.server.call_as(&venue.keys[0], "private/get_order_state", by_id.clone());
    assert_eq!(kept["result"]["order_state"], "open", "{kept}");
    let cancelled = venue.server.call_as(&venue.keys[0], "private/cancel", by_id);
    assert_eq!(cancelled["result"]["order_state"], "cancelled", "{cancelled}");
    venue.until("locked");
    venue.until("open");
    assert_eq!(venue.server.ask("public/status", json!({}))["locked"], "false");
}

#[test]
fn sta_6_a_halt_names_something_and_asks_first() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let venue = Venue::open(home.path());
    let url = venue.server.ready["ws"].as_str().expect("it says where it is");
    let failed = |words: &[&str]| {
        let output = run(&[words, &["--data", &venue.data, "--url", url]].concat());
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        text(&output.stderr)
    };
    let nothing = failed(&["halt", "DOGE-PERPETUAL", "--state", "halted", "--yes"]);
    assert!(nothing.contains("no instrument, no index and no settlement asset"), "{nothing}");
    let unasked = failed(&["halt", "btc_usd", "--state", "halted"]);
    assert!(
        unasked.contains("1 instrument of index name") && unasked.contains("--yes"),
        "{unasked}"
    );
    let free = failed(&["resume", "BTC", "--yes"]);
    assert!(free.contains("nothing holds that scope"), "{free}");
    assert_eq!(venue.ticker()["state"], "open");
}

#[test]
fn sta_1_the_table_is_printed_from_the_code() {
    let table = text(&run(&["rules", "states"]).stdout);
    let row = |state: &str| {
        let found = table.lines().find(|line| line.starts_with(state)).unwrap_or_default();
        found.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("open"), "yes yes yes yes yes yes yes yes");
    assert_eq!(row("cancel-only"), "yes yes no no no no no no");
    let rows: Value = serde_json::from_slice(&run(&["rules", "states", "--json"]).stdout)
        .expect("it prints JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(8));
    assert_eq!(rows[1]["allows"]["limit"], "passive");
}

/// NTC-1, NTC-2, NTC-5, NTC-7: an outage as everybody reads it, checked without trusting anybody.
#[test]
fn ntc_2_what_was_told_is_signed_and_a_flipped_byte_is_found() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut venue = Venue::open(home.path());
    venue.set_reopening(1_000);
    venue.server.kill();
    std::thread::sleep(Duration::from_secs(3));
    venue.server = started(&venue.data, &venue.genesis);
    let page = venue.server.page("/status");
    assert!(page.contains("Incident 1: everything in BTC"), "{page}");
    assert!(page.contains("<strong aria-current=\"step\">identified</strong>"), "{page}");
    assert!(page.contains("live; cancels are taken"), "{page}");
    venue.until("open");
    let page = venue.server.page("/status");
    assert!(
        page.contains("All markets are open.") && page.contains("No incident is open."),
        "{page}"
    );
    let feed = venue.server.page("/status.atom");
    assert!(feed.contains("the venue was away (resolved)"), "{feed}");

    let head = ["--currency", "BTC", "--title", "Hello & <welcome>", "--text", "we are open"];
    let url = venue.server.ready["ws"].as_str().expect("it says where it is").to_owned();
    let login = ["--data", &venue.data, "--url", &url];
    let words = [&["notice", "announce"][..], &head, &login].concat();
    let output = run(&words);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert!(told["signature"].is_string(), "{told}");
    assert!(venue.server.page("/status").contains("Hello &amp; &lt;welcome&gt;"));

    let slow = ["--currency", "BTC", "--text", "an hour late"];
    let words = [&["notice", "component", "market-data", "degraded"][..], &slow, &login].concat();
    let part = run(&words);
    assert!(part.status.success(), "{}", text(&part.stderr));
    let part = text(&part.stdout);
    let page = venue.server.page("/status");
    assert!(page.contains("<th scope=\"row\">market data</th><td>degraded</td>"), "{page}");

    let file = home.path().join("notices.json");
    let holds = |bytes: &[u8], key: &str| {
        std::fs::write(&file, bytes).expect("written");
        let file = file.display().to_string();
        let flags: &[&str] = if key.is_empty() { &[] } else { &["--key", key] };
        run(&[&["verify", "notice", &file][..], flags].concat())
    };
    let key = told["key"].as_str().expect("it says whose");
    let all = venue.server.ask("public/get_notices", json!({ "currency": "BTC", "count": 50 }));
    let all = all.to_string();
    let held = holds(all.as_bytes(), key);
    assert!(held.status.success(), "{}", text(&held.stderr));
    assert!(text(&held.stdout).contains("6 notices hold"), "{}", text(&held.stdout));
    assert!(!holds(all.as_bytes(), &"0".repeat(64)).status.success(), "another key");
    let mut missing: Vec<Value> = serde_json::from_str(&all).expect("JSON");
    missing.remove(1);
    let missing = serde_json::to_string(&missing).expect("JSON");
    let broken = holds(missing.as_bytes(), key);
    assert!(
        text(&broken.stderr).contains("a notice before it is missing"),
        "{}",
        text(&broken.stderr)
    );

    assert!(holds(part.as_bytes(), key).status.success(), "{part}");
    for (said, otherwise) in [("degraded", "operational"), ("market_data", "matching")] {
        let changed = part.replace(&format!("\"{said}\""), &format!("\"{otherwise}\""));
        assert!(changed != part && !holds(changed.as_bytes(), key).status.success(), "{changed}");
    }

    let one = told.to_string();
    assert!(holds(one.as_bytes(), key).status.success());
    for (place, byte) in one.bytes().enumerate() {
        let mut changed = one.clone().into_bytes();
        changed[place] = byte ^ if place % 2 == 0 { 1 } else { 0x20 };
        let output = holds(&changed, key);
        let changed = String::from_utf8_lossy(&changed).into_owned();
        assert!(!output.status.success(), "byte {place}: {changed}");
    }
}

#[test]
fn ntc_6_the_key_is_rotated_by_the_one_before_it() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut venue = Venue::open(home.path());
    let notices = |venue: &Venue| {
        venue.server.ask("public/get_notices", json!({ "currency": "BTC", "count": 50 }))
    };
    let first = notices(&venue)[0]["key"].clone();
    let made = run(&["notice", "rotate-key", "--data", &venue.data]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    venue.server.terminate();
    venue.server = started(&venue.data, &venue.genesis);
    let all = notices(&venue);
    let second = all[0]["key"].clone();
    assert!(text(&made.stdout).contains(second.as_str().expect("it is signed")));
    assert_ne!(first, second);
    let file = home.path().join("notices.json");
    std::fs::write(&file, all.to_string()).expect("written");
    let held = run(&["verify", "notice", &file.display().to_string(), "--json"]);
    assert!(held.status.success(), "{}", text(&held.stdout));
}
