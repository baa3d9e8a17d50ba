//! The demo's reporters are killed and started again by hand, and the venue does what its feeds
//! allow (docs/rules/oracle.md).

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Server, run, text};

/// How long a report counts, and how much longer a change of health may take to show: a tick a
/// second, and a machine that does other things too.
const STALE: Duration = Duration::from_millis(5_000);
const SLACK: Duration = Duration::from_secs(3);
/// How long the barrier may take: ten reports, of which there are ten a second.
const BARRIER: Duration = Duration::from_secs(10);

/// Processes that end with the test.
struct Started(Vec<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Started {
    /// Starts a reporter with the words that the demo printed.
    fn again(&mut self, reporter: &Value) {
        let words = reporter["command"].as_array().expect("the demo says how it is started");
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.0.push(command.spawn().expect("it starts"));
    }
}

fn kill(reporter: &Value) {
    let pid = reporter["pid"].to_string();
    let killed = Command::new("kill").args(["-KILL", &pid]).status().expect("kill runs");
    assert!(killed.success(), "reporter {reporter} runs");
}

fn feed(server: &Server, index_name: &str) -> Value {
    server.result(0, "public/get_price_feeds", json!({ "index_name": index_name }))[0].take()
}

/// Waits until every feed has this health.
fn wait_for(server: &Server, health: &str, at_most: Duration) {
    let since = Instant::now();
    for index_name in ["btc_usd", "eth_usd", "btc_usdc", "eth_usdc"] {
        loop {
            let now = feed(server, index_name);
            if now["health"] == health {
                break;
            }
            assert!(since.elapsed() < at_most, "not {health} after {at_most:?}: {now}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn buy(label: &str) -> Value {
    json!({"instrument_name": "BTC-PERPETUAL", "amount": 10, "price": 50_000, "label": label})
}

/// An order that could open a position is refused, and a cancel works.
fn only_shrinks(server: &Server, order: &Value, health: &str) {
    let refused = server.call(0, "private/buy", buy("more"));
    let data = &refused["error"]["data"];
    let reason = data["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(health), "an order is refused because of the feed: {refused}");
    let id = &order["order"]["order_id"];
    let cancelled = server.result(0, "private/cancel", json!({ "order_id": id }));
    assert_eq!(cancelled["order_state"], "cancelled", "a cancel always gets in");
}

#[test]
fn feeds_degrade_freeze_and_recover_with_their_reporters() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let server = Server::demo(home.path());
    assert_eq!(server.ready["healthy"], true, "it waits for its feeds");
    assert_eq!(feed(&server, "btc_usd")["health"], "healthy", "it says what is so");
    let reporters = server.ready["reporters"].as_array().expect("five reporters").clone();
    let [one, other] = ["one", "other"].map(|label| {
        let order = server.result(0, "private/buy", buy(label));
        assert_eq!(order["order"]["order_state"], "open", "{order}");
        order
    });

    reporters[..2].iter().for_each(kill);
    wait_for(&server, "degraded", STALE + SLACK);
    only_shrinks(&server, &one, "degraded");

    kill(&reporters[2]);
    wait_for(&server, "frozen", STALE + SLACK);
    only_shrinks(&server, &other, "frozen");

    let mut started = Started(Vec::new());
    reporters[..3].iter().for_each(|reporter| started.again(reporter));
    wait_for(&server, "healthy", BARRIER);
    server.result(0, "private/buy", buy("again"));
    let (status, words) = server.terminate();
    assert!(status.success(), "{words}");
    assert!(words.contains("the reporter of alpha has ended"), "{words}");

    let data = home.path().display().to_string();
    let args = ["log", "inspect", "--data", &data, "--domain", "BTC", "--only", "prices"];
    let told = text(&run(&args).stdout);
    let steps: Vec<&str> = told
        .lines()
        .filter_map(|line| line.trim().strip_prefix("btc_usd went from "))
        .map(|line| line.split(" at ").next().unwrap_or_default())
        .collect();
    let (first, last) = (steps[0], &steps[steps.len() - 2..]);
    assert!(first.starts_with("frozen to "), "a feed begins behind its barrier: {told}");
    assert!(steps.contains(&"healthy to degraded"), "{told}");
    assert!(steps.contains(&"degraded to frozen"), "{told}");
    assert!(last.iter().any(|step| step.ends_with("to healthy")), "{told}");
    let place = |step| steps.iter().rposition(|one| *one == step);
    assert!(place("healthy to degraded") < place("degraded to frozen"), "{told}");
    assert!(told.contains("fresh reports from"), "the barrier is told: {told}");
}

#[test]
fn every_reporter_starts_whatever_its_key_begins_with() {
    for seed in ["1", "2", "3"] {
        let args = ["demo", "--json", "--port", "0", "--seed", seed];
        let server = Server::start(&args).unwrap_or_else(|words| panic!("seed {seed}: {words}"));
        let (status, words) = server.terminate();
        assert!(status.success() && !words.contains("has ended"), "seed {seed}: {words}");
    }
}

#[test]
fn a_demo_that_is_killed_takes_its_reporters_with_it() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let server = Server::demo(home.path());
    let reporter = server.ready["reporters"][0].clone();
    server.kill();
    // Two processes cannot report with one key: the second one ends at once with an error, as long
    // as the first one runs.
    let since = Instant::now();
    loop {
        let words = reporter["command"].as_array().expect("it says how it is started");
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).skip(1).collect();
        let mut child = crate::process::plimsoll(&words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(300));
        let runs = child.try_wait().expect("it can be asked").is_none();
        let _started = Started(vec![child]);
        if runs {
            return;
        }
        assert!(since.elapsed() < SLACK, "the reporter of the demo that was killed still runs");
    }
}
