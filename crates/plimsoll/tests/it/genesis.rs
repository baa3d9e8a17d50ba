//! A venue that begins from a file with feeds, lists by the calendar, and hears a reporter.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Server, plimsoll, run};

const CONFIG: &str = "[listing]\nrule = 'calendar'\noption_expiries_max = 1\nstrikes_max = 2\n";
/// Volatilities come every 10 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// Kills a process with the test.
struct Started(std::process::Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn file(key: &str) -> String {
    format!(
        "[[instrument]]
         name = 'BTC-PERPETUAL'
         [[reporter]]
         account = 2
         public_key = {key}
         stake = {{ BTC = '0.5' }}
         [[feed]]
         index = 'btc_usd'
         sources = ['alpha']
         seats = [{{ reporter = 2, source = 'alpha' }}]
         [[pricing]]
         instrument = 'BTC-PERPETUAL'
         mark = 'median_of_three'
         clamp_ppm = 5000"
    )
}

/// Volatilities of the options that are listed.
fn options(server: &Server) -> Vec<Value> {
    let asked = json!({"currency": "BTC", "kind": "option"});
    let mut rows = server.ask("public/get_book_summary_by_currency", asked);
    let rows = rows.as_array_mut().into_iter().flatten();
    rows.map(|row| row["mark_iv"].take()).collect()
}

#[test]
fn a_venue_that_begins_with_a_feed_prices_and_lists_what_it_hears() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| home.path().join(name).display().to_string();
    let (pem, config, genesis, data) =
        (path("alpha.pem"), path("venue.toml"), path("genesis.toml"), path("data"));
    let made = run(&["report", "keygen", "--key", &pem, "--json"]);
    let made: Value = serde_json::from_slice(&made.stdout).expect("it prints JSON");
    std::fs::write(&config, CONFIG).expect("the file is written");
    std::fs::write(&genesis, file(&made["public_key"].to_string())).expect("the file is written");
    let args = ["serve", "--json", "--port", "0", "--data", &data, "--config", &config];
    let args = [&args[..], &["--genesis", &genesis]].concat();
    let server = Server::start(&args).unwrap_or_else(|words| panic!("it does not start: {words}"));
    assert_eq!(options(&server), [Value::Null; 0], "nobody knows strikes before there is a price");

    let key = &server.ready["reporters"]["2"];
    let [id, secret, to] = [&key["client_id"], &key["client_secret"], &server.ready["ws"]]
        .map(|word| word.as_str().expect("the ready line has the reporter's key"));
    let words = ["report", "--feed", "btc_usd", "--source", "alpha", "--from", "SIM:7"];
    let more = ["--surfaces", "--interval-ms", "100", "--account", "2", "--key", &pem];
    let who = ["--client-id", id, "--client-secret", secret, "--to", to];
    let reporter = plimsoll(&[&words[..], &more, &who].concat()).spawn().expect("it starts");
    let _reporter = Started(reporter);

    let since = Instant::now();
    loop {
        let options = options(&server);
        // Two strikes of tomorrow, a call and a put each; marks come with the next surfaces.
        if options.len() == 4 && options.iter().all(Value::is_number) {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{options:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
    let feed = server.ask("public/get_price_feeds", json!({"index_name": "btc_usd"}))[0].take();
    assert_eq!(feed["health"], "healthy", "{feed}");
    assert!(server.terminate().0.success());

    let again = Server::start(&args).unwrap_or_else(|words| panic!("it does not start: {words}"));
    assert!(again.ready["reporters"].is_null(), "the key is not printed again");
    assert_eq!(options(&again).len(), 4, "nothing is listed twice");
}
