//! `plimsoll report` against an exchange that fails in every way, and against a real venue.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use base64::Engine;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use crate::process::{Server, plimsoll, run, text};
use crate::stub_exchange::{Exchange, Mood, series, shared};

/// How long a line may take to come.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks whether it has ended.
const PACE: Duration = Duration::from_millis(20);

/// A reporter that runs, and the lines of JSON that it says.
struct Reporter {
    child: Child,
    lines: Receiver<Value>,
}

impl Reporter {
    fn start(args: &[&str]) -> Reporter {
        let all = [&["report", "--json", "--feed", "btc_usd"], args].concat();
        let mut command = plimsoll(&all);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("a line is JSON");
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        Reporter { child, lines }
    }

    /// Tries a source: nobody is told.
    fn try_source(from: &str, more: &[&str]) -> Reporter {
        let args = ["--dry-run", "--from", from, "--path", "/result/last"];
        let pace = ["--interval-ms", "50"];
        // Short, unless the test says otherwise: illnesses are told in seconds.
        let silent = if more.contains(&"--silent-ms") { &[][..] } else { &["--silent-ms", "400"] };
        Reporter::start(&[&args[..], &pace, silent, more].concat())
    }

    /// The next line of an event; what comes before it is passed over.
    fn next(&self, event: &str) -> Value {
        self.next_that(event, |line| line["event"] == event)
    }

    /// The next fault of a source that is told in these words.
    fn fault_with(&self, words: &str) {
        let has_words = |line: &Value| {
            line["event"] == "source"
                && line["again_in_ms"].is_u64()
                && line["fault"].as_str().is_some_and(|fault| fault.contains(words))
        };
        self.next_that(words, has_words);
    }

    fn next_that(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no {what} came, but {before:?}"));
            if wanted(&line) {
                return line;
            }
            before.push(line);
        }
    }

    /// Lines that come within a time.
    fn within(&self, time: Duration) -> Vec<Value> {
        let until = Instant::now() + time;
        let left = || until.saturating_duration_since(Instant::now());
        std::iter::from_fn(|| self.lines.recv_timeout(left()).ok()).collect()
    }

    /// Waits for its end: the code, and what it said to a person.
    fn end(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        let code = loop {
            match self.child.try_wait().expect("it can be waited for") {
                Some(status) => break status.code(),
                None if until < Instant::now() => panic!("it goes on: {:?}", self.within(PACE)),
                None => std::thread::sleep(PACE),
            }
        };
        let mut words = String::new();
        let mut stderr = self.child.stderr.take().expect("stderr is a pipe");
        std::io::Read::read_to_string(&mut stderr, &mut words).expect("stderr is readable");
        (code, words)
    }

    /// Asks it to stop.
    fn terminate(self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        self.end()
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The source is well, falls ill, and is well again. While it is ill its fault is told in words,
/// it is asked again, and nothing is reported of it.
fn falls_ill(scheme: &str, mood: Mood, words: &str) {
    let exchange = Exchange::start(series());
    let subscribe = ["--subscribe", "{}"];
    let more = if scheme == "ws" { &subscribe[..] } else { &[] };
    let reporter = Reporter::try_source(&exchange.url(scheme), more);
    reporter.next("report");
    exchange.set(mood);
    reporter.fault_with(words);
    // What was said before the fault may still be reported, once.
    let since = reporter.within(Duration::from_millis(900));
    let reports = since.iter().filter(|line| line["event"] == "report");
    assert!(reports.count() <= 1, "{scheme} {mood:?}: {since:?}");
    exchange.set(Mood::Well);
    reporter.next("report");
    assert!(1 < exchange.connections(), "it was dialled anew");
}

#[test]
fn every_illness_of_a_ticker_over_http_is_told_waited_out_and_recovered_from() {
    let illnesses = [
        (Mood::Hang, "no whole answer within 400 ms"),
        (Mood::Drop, "the connection broke"),
        (Mood::Garbage, "not JSON"),
        (Mood::Status500, "status 500"),
        (Mood::Redirect, "points to http://elsewhere/"),
        (Mood::Huge, "more than 262144 bytes"),
        (Mood::Drip, "no whole answer within 400 ms"),
        (Mood::Chatter, "no number at /result/last"),
        (Mood::Zero, "above 0"),
    ];
    std::thread::scope(|scope| {
        for (mood, words) in illnesses {
            scope.spawn(move || falls_ill("http", mood, words));
        }
    });
}

#[test]
fn every_illness_of_a_ticker_over_a_socket_is_told_waited_out_and_recovered_from() {
    let illnesses = [
        (Mood::Hang, "nothing new for 400 ms"),
        (Mood::Drop, "the socket"),
        (Mood::Garbage, "not JSON"),
        (Mood::Huge, "more than 262144 bytes"),
        (Mood::Drip, "nothing new for 400 ms"),
        (Mood::Chatter, "nothing new for 400 ms"),
        (Mood::Zero, "above 0"),
    ];
    std::thread::scope(|scope| {
        for (mood, words) in illnesses {
            scope.spawn(move || falls_ill("ws", mood, words));
        }
    });
}

#[test]
fn an_old_price_is_never_reported_as_a_new_one() {
    for scheme in ["http", "ws"] {
        let exchange = Exchange::start(series());
        let more = ["--time-path", "/result/ts", "--subscribe", "{}"];
        let more = if scheme == "ws" { &more[..] } else { &more[..2] };
        let reporter = Reporter::try_source(&exchange.url(scheme), more);
        let report = reporter.next("report");
        let next = reporter.next("report");
        assert!(report["source_at"].as_u64() < next["source_at"].as_u64(), "{report} {next}");
        // It goes on answering, with a time that does not move.
        exchange.set(Mood::Stuck);
        reporter.fault_with("nothing new for 400 ms");
        let since = reporter.within(Duration::from_millis(600));
        let is_stuck =
            |line: &&Value| line["event"] == "report" && line["source_at"] == 1_795_568_400_000_u64;
        assert_eq!(since.iter().filter(is_stuck).count(), 0, "{scheme}: {since:?}");
    }
}

#[test]
fn prices_are_those_that_the_exchange_served_in_their_order() {
    let series = series();
    let exchange = Exchange::start(series.clone());
    let more = ["--reports", "5", "--silent-ms", "10000"];
    let reporter = Reporter::try_source(&exchange.url("http"), &more);
    let reports: Vec<Value> = (0..5).map(|_| reporter.next("report")).collect();
    let prices = reports.iter().map(|report| report["price"].as_f64().expect("a number"));
    let served: Vec<f64> = series.iter().map(|price| price.parse().expect("a number")).collect();
    let mut served = served.iter();
    for price in prices {
        assert!(served.any(|served| (served - price).abs() < 1e-6), "{price} was served");
    }
    assert_eq!(reporter.next("end")["why"], "enough reports were accepted");
    assert_eq!(reporter.end(), (Some(0), String::new()));
    assert_eq!(exchange.connections(), 1, "one connection serves many requests");
}

#[test]
fn what_is_subscribed_to_is_said_word_for_word() {
    let exchange = Exchange::start(series());
    let words = r#"{"op":"subscribe","args":["ticker.BTC"]}"#;
    let reporter = Reporter::try_source(&exchange.url("ws"), &["--subscribe", words]);
    reporter.next("report");
    assert_eq!(exchange.heard(), [words]);
    assert_eq!(reporter.terminate().0, Some(0));
}

#[test]
fn tls_is_spoken_with_whom_is_trusted_and_with_nobody_else() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let exchange = Exchange::start_tls(series(), home.path());
    let ca = exchange.ca.as_ref().expect("it has a certificate").display().to_string();
    for scheme in ["https", "wss"] {
        let more = ["--ca", &ca, "--subscribe", "{}"];
        let more = if scheme == "wss" { &more[..] } else { &more[..2] };
        let reporter = Reporter::try_source(&exchange.url(scheme), more);
        reporter.next("report");
        let stranger = Reporter::try_source(&exchange.url(scheme), &more[2..]);
        stranger.fault_with("certificate");
        let others = stranger.within(Duration::from_millis(300));
        assert!(others.iter().all(|line| line["event"] != "report"), "{others:?}");
    }
    // A venue behind a proxy with TLS is trusted by the same list.
    let venue = run(&["feed", "--to", &exchange.url("wss")]);
    assert_eq!(venue.status.code(), Some(1));
    assert!(text(&venue.stderr).contains("certificate"), "{}", text(&venue.stderr));
}

#[test]
fn a_recording_is_replayed_to_its_end() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("prices.csv");
    let rows: String = (0..60).map(|n| format!("{},{}\n", 1_700_000_000 + n, 97_000 + n)).collect();
    std::fs::write(&file, format!("time,price\n{rows}")).expect("the file is written");
    let file = file.display().to_string();
    let args = ["--dry-run", "--from", &file, "--speed", "60", "--interval-ms", "50"];
    let reporter = Reporter::start(&args);
    let lines: Vec<Value> = reporter.lines.iter().collect();
    let reports: Vec<&Value> = lines.iter().filter(|line| line["event"] == "report").collect();
    assert!(10 < reports.len() && reports.len() < 30, "{} reports of a second", reports.len());
    assert_eq!(reports[0]["price"], 97_000);
    assert!(reports.windows(2).all(|pair| pair[0]["price"].as_f64() < pair[1]["price"].as_f64()));
    assert_eq!(lines.last().map(|line| &line["why"]), Some(&json!("the recording is over")));
    assert_eq!(reporter.end().0, Some(0));
}

#[test]
fn what_cannot_be_a_source_is_refused_before_anything_starts() {
    let cases = [
        (&["--from", "ftp://a/b", "--path", "/p"][..], "no address of a source"),
        (&["--from", "http://a/b"], "Set --path"),
        (&["--from", "http://a/b", "--path", "p"], "no JSON pointer"),
        (&["--from", "http://a/b", "--path", "/p", "--subscribe", "{}"], "--subscribe is for ws"),
        (&["--from", "SIM:often"], "the seed is not a whole number"),
        (&["--from", "/nowhere.csv"], "reading failed"),
        (&["--from", "SIM:1", "--from", "SIM:2"], "--from is given 2 times"),
        (&["--from", "SIM:1", "--ca", "/nowhere.pem"], "certificate authorities"),
    ];
    for (args, words) in cases {
        let output = run(&[&["report", "--feed", "btc_usd", "--dry-run"], args].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
        assert!(told.contains(words), "{args:?}: {told}");
    }
    assert_eq!(run(&["report", "--feed", "btc_usd", "--from", "SIM:1"]).status.code(), Some(2));
}

/// A venue with an index, an option, and accounts 1 to 3 as reporters of three sources.
struct Venue {
    server: Server,
    home: tempfile::TempDir,
    /// API keys by account.
    keys: Vec<Value>,
    args: Vec<String>,
}

const SOURCES: [&str; 3] = ["alpha", "beta", "gamma"];

impl Venue {
    fn open() -> Venue {
        let home = tempfile::tempdir().expect("a temporary directory");
        let genesis = home.path().join("genesis.toml");
        let instruments = "[[instrument]]\nname = 'BTC-PERPETUAL'\n\
                           [[instrument]]\nname = 'BTC-25DEC99-100000-C'\n";
        std::fs::write(&genesis, instruments).expect("the file is written");
        let data = home.path().join("data").display().to_string();
        let genesis = genesis.display().to_string();
        let args = ["serve", "--json", "--port", "0", "--data", &data, "--genesis", &genesis];
        let server = Server::start(&args).unwrap_or_else(|words| panic!("no venue: {words}"));
        let operator = server.ready["operator"].clone();
        let mut venue =
            Venue { server, home, keys: vec![operator], args: args.map(str::to_owned).to_vec() };
        for account in 1..=3 {
            let opened = venue.operate("operator/open_account", json!({}));
            assert_eq!(opened["account"], account, "{opened}");
            venue.keys.push(opened);
            let deposit = json!({"account": account, "currency": "BTC", "amount": 10});
            venue.operate("operator/deposit", deposit);
            venue.register(account);
        }
        venue.operate("operator/set_feed", terms());
        venue
    }

    fn operate(&self, method: &str, params: Value) -> Value {
        let mut reply = self.server.call_as(&self.keys[0], method, params);
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["result"].take()
    }

    fn pem(&self, account: usize) -> String {
        self.home.path().join(format!("{account}.pem")).display().to_string()
    }

    /// Makes a key with the command, and registers it.
    fn register(&self, account: usize) {
        let made = run(&["report", "keygen", "--json", "--key", &self.pem(account)]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).expect("it prints JSON");
        let registered = json!({
            "account": account, "currency": "BTC", "public_key": made["public_key"], "stake": 1.5,
        });
        self.operate("operator/register_reporter", registered);
    }

    /// Starts a reporter with its own key.
    fn report(&self, account: usize, more: &[&str]) -> Reporter {
        self.report_with(account, &self.pem(account), SOURCES[account - 1], more)
    }

    fn report_with(&self, account: usize, pem: &str, source: &str, more: &[&str]) -> Reporter {
        let key = &self.keys[account];
        let part = |name: &str| key[name].as_str().expect("a key has two halves").to_owned();
        let (id, secret, number) = (part("client_id"), part("client_secret"), account.to_string());
        let ws = self.ws();
        let args = [
            "--source",
            source,
            "--key",
            pem,
            "--account",
            &number,
            "--client-id",
            &id,
            "--client-secret",
            &secret,
            "--to",
            &ws,
            "--interval-ms",
            "100",
        ];
        Reporter::start(&[&args[..], more].concat())
    }

    fn ws(&self) -> String {
        self.server.ready["ws"].as_str().expect("it says where it is").to_owned()
    }

    fn feed(&self) -> Value {
        let asked = json!({"index_name": "btc_usd"});
        let mut feeds = self.server.call_as(&self.keys[0], "public/get_price_feeds", asked);
        feeds["result"][0].take()
    }
}

fn terms() -> Value {
    let sources = SOURCES.map(|name| json!({"name": name, "weight": 1}));
    let seats = SOURCES.iter().zip(1..).map(|(name, n)| json!({"reporter": n, "source": name}));
    json!({
        "base": "BTC", "quote": "USD", "currency": "BTC", "method": "capped_median",
        "sources": sources, "seats": seats.collect::<Vec<_>>(),
        "healthy": {"reporters": 2, "sources": 2}, "degraded": {"reporters": 1, "sources": 1},
        "barrier": {"reports": 3, "sources": 2}, "stale_ms": 5_000, "ahead_ms": 1_000,
        "cap_ppm": 5_000, "spread_ppm": 20_000, "confidence_ppm": 10_000, "jump_ppm": 100_000,
        "reporter_cap_ppm": 500_000,
        "incentives": {
            "reward_per_hour": 0.001, "far_ppm": 25_000, "far_ms": 60_000, "far_slash_ppm": 50_000,
        },
    })
}

#[test]
fn independent_reporters_of_one_simulated_market_make_a_feed_healthy() {
    let venue = Venue::open();
    let sim = ["--from", "SIM:7", "--surfaces"];
    let reporters = [venue.report(1, &sim), venue.report(2, &sim[..2]), venue.report(3, &sim[..2])];
    for reporter in &reporters {
        let report = reporter.next("report");
        assert_eq!(report["outcome"], "accepted", "{report}");
    }
    let surface = reporters[0].next("surface");
    assert_eq!(surface["outcome"], "accepted", "{surface}");
    for _ in 0..20 {
        let report = reporters[0].next("report");
        assert_eq!(report["outcome"], "accepted", "{report}");
    }
    let feed = venue.feed();
    assert_eq!(feed["health"], "healthy", "{feed}");
    let off = |seat: &Value| seat["deviation_ppm"].as_i64().map(i64::abs);
    let offs: Vec<_> = feed["seats"].as_array().expect("three seats").iter().map(off).collect();
    assert!(offs.iter().all(|off| off.is_some_and(|off| off <= 500)), "{feed}");

    // What a person sees of it.
    let shown = run(&["feed", "btc_usd", "--to", &venue.ws()]);
    let shown = text(&shown.stdout);
    assert!(shown.starts_with("btc_usd  healthy  ") && shown.contains("gamma"), "{shown}");
    let unknown = run(&["feed", "doge_usd", "--to", &venue.ws()]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("doge_usd is not an index"));
}

#[test]
fn who_may_not_report_is_told_why_and_ends_with_code_1() {
    let venue = Venue::open();
    let sim = ["--from", "SIM:7"];
    let other = venue.pem(2);
    let cases = [
        (venue.report_with(1, &other, "alpha", &sim), "the signature is not that of account 1"),
        (venue.report_with(1, &venue.pem(1), "delta", &sim), "no source delta: write one of alpha"),
        (
            venue.report_with(3, &venue.pem(3), "beta", &sim),
            "account 3 has no seat for source beta",
        ),
    ];
    for (reporter, words) in cases {
        let (code, told) = reporter.end();
        assert!(code == Some(1) && told.contains(words), "{code:?} {told}");
    }
    // Numbers are names too.
    let numbered = venue.report_with(2, &venue.pem(2), "1", &["--from", "SIM:7", "--reports", "1"]);
    assert_eq!(numbered.end().0, Some(0));

    let first = venue.report(1, &sim);
    first.next("report");
    let (code, told) = venue.report(1, &sim).end();
    assert!(code == Some(1) && told.contains("another process reports with it"), "{told}");
    let wrong = Path::new(&venue.pem(1)).with_extension("none").display().to_string();
    assert_eq!(venue.report_with(1, &wrong, "alpha", &sim).end().0, Some(1));
}

#[test]
fn a_reporter_outlives_its_exchange_and_its_venue() {
    let mut venue = Venue::open();
    let exchange = Exchange::start(series());
    let url = exchange.url("http");
    let source = ["--from", &url, "--path", "/result/last", "--silent-ms", "1000"];
    let reporter = venue.report(1, &source);
    assert_eq!(reporter.next("report")["outcome"], "accepted");

    exchange.set(Mood::Hang);
    reporter.next("silent");
    exchange.set(Mood::Well);
    reporter.next("speaking");
    assert_eq!(reporter.next("report")["outcome"], "accepted");

    // The venue is killed, and comes back where it was.
    let address = venue.ws();
    let port = address.trim_start_matches("ws://127.0.0.1:").split('/').next().expect("a port");
    let place = venue.args.iter().position(|arg| arg == "0").expect("the port was free");
    venue.args[place] = port.to_owned();
    let args: Vec<&str> = venue.args.iter().map(String::as_str).collect();
    // A server that is dropped is killed.
    let (home, keys) = (venue.home, venue.keys);
    drop(venue.server);
    let lost = reporter.next("venue");
    assert!(lost["again_in_ms"].as_u64().is_some(), "{lost}");
    let server = Server::start(&args).unwrap_or_else(|words| panic!("no venue: {words}"));
    while reporter.next("report")["outcome"] != "accepted" {}
    let (code, _) = reporter.terminate();
    assert_eq!(code, Some(0));
    drop((server, home, keys));
}

/// What a reporter whose clock is an hour ahead sends, made by hand with the key of account 1.
fn from_the_future(venue: &Venue) -> Value {
    let pem = std::fs::read_to_string(venue.pem(1)).expect("the key file is there");
    let letters = pem.lines().nth(1).expect("the key is on one line");
    let bytes = base64::engine::general_purpose::STANDARD.decode(letters).expect("base64");
    let seed = bytes.last_chunk().expect("a seed has 32 bytes");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = u64::try_from(now.expect("it is after 1970").as_millis()).expect("it fits");
    let code = |text| types::AssetCode::new(text).expect("it is a code");
    let report = types::PriceReport {
        base: code("BTC"),
        quote: code("USD"),
        reporter: types::AccountId(1),
        source: types::SourceId(0),
        price: types::IndexPrice(9_700_000_000_000),
        confidence: types::IndexPrice(0),
        source_at: types::At(now),
        nonce: (now + 3_600_000) << 20,
    };
    let signature = SigningKey::from_bytes(seed).sign(&report.signed_bytes()).to_bytes();
    let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "index_name": "btc_usd", "source": "alpha", "price": 97_000, "confidence": 0,
        "source_at": now, "nonce": report.nonce, "signature": signature,
    })
}

#[test]
fn a_clock_that_was_set_back_costs_one_report_and_not_the_stake() {
    let venue = Venue::open();
    let sent = from_the_future(&venue);
    let reply = venue.server.call_as(&venue.keys[1], "private/report_price", sent.clone());
    assert!(reply["error"].is_null(), "{reply}");
    let reporter = venue.report(1, &["--from", "SIM:7", "--reports", "3"]);
    let reports: Vec<Value> = (0..4).map(|_| reporter.next("report")).collect();
    let outcomes: Vec<_> = reports.iter().map(|report| report["outcome"].as_str()).collect();
    let taken = Some("accepted");
    assert_eq!(outcomes, [Some("refused"), taken, taken, taken], "{reports:?}");
    assert!(sent["nonce"].as_u64() < reports[1]["nonce"].as_u64(), "{reports:?}");
    assert_eq!(reporter.end().0, Some(0));
    // And so does a restart after it.
    let again = venue.report(1, &["--from", "SIM:7", "--reports", "1"]);
    assert_eq!(again.end().0, Some(0));
}

/// A recorded week with the crash of 19 May 2021 in it.
#[test]
fn a_bad_week_is_rehearsed_and_the_index_stays_within_the_cap() {
    let name = "market/klines/binance_spot_BTCUSDT_5m_2021-05.parquet";
    let Some(file) = shared(name) else { return };
    let data = file.ancestors().nth(3).expect("the data is three levels up");
    let data = data.display().to_string();
    let output = run(&["rehearse-prices", "--data", &data, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let result: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    for play in result["plays"].as_array().expect("there are two plays") {
        let worst = play["good"]["apart_ppm"].as_u64().expect("the feed was good");
        assert!((1..=5_000).contains(&worst), "{play}");
        let healthy = play["seconds"]["healthy"].as_u64().expect("it was healthy");
        assert!(600_000 < healthy, "{play}");
    }
    assert_eq!(result["plays"][0]["frozen"], Value::Null, "{result}");

    let none = run(&["rehearse-prices", "--data", &data, "--week", "1999-01-01"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).contains("no recording of BTC covers 1999-01-01"));
}
