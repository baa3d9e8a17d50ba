//! `plimsoll operator` on prices, from a venue without feeds to one with them.

use serde_json::{Value, json};

use crate::process::{Server, run, text};

const GENESIS: &str = "[[instrument]]
name = 'BTC-PERPETUAL'
[[instrument]]
name = 'BTC-25DEC99'
";
const FEED: &str = "[[feed]]
index = 'btc_usd'
sources = ['alpha']
seats = [{ reporter = 1, source = 'alpha' }]
stale_ms = 7000
";

struct Venue {
    server: Server,
    home: tempfile::TempDir,
}

impl Venue {
    fn open() -> Venue {
        let home = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| home.path().join(name).display().to_string();
        std::fs::write(path("genesis.toml"), GENESIS).expect("the file is written");
        std::fs::write(path("feed.toml"), FEED).expect("the file is written");
        let (data, genesis) = (path("data"), path("genesis.toml"));
        let args = ["serve", "--json", "--port", "0", "--data", &data, "--genesis", &genesis];
        let server = Server::start(&args).unwrap_or_else(|words| panic!("no venue: {words}"));
        Venue { server, home }
    }

    /// Runs `plimsoll operator` with the words of a line: what it printed, or what it said before
    /// it ended with 1.
    fn operate(&self, line: &str) -> Result<Value, String> {
        let data = self.home.path().join("data").display().to_string();
        let file = self.home.path().join("feed.toml").display().to_string();
        let url = self.server.ready["ws"].as_str().expect("it says where it is");
        let head = ["operator", "--json", "--data", &data, "--url", url];
        let words = line.split(' ').map(|word| if word == "FEED" { &*file } else { word });
        let output = run(&head.into_iter().chain(words).collect::<Vec<_>>());
        match output.status.code() {
            Some(0) => Ok(serde_json::from_slice(&output.stdout).expect("it prints JSON")),
            Some(1) => Err(text(&output.stderr)),
            code => panic!("{line} ended with {code:?}: {}", text(&output.stderr)),
        }
    }

    fn feed(&self) -> Value {
        self.server.ask("public/get_price_feeds", json!({"index_name": "btc_usd"}))[0].take()
    }

    fn keygen(&self, name: &str) -> String {
        let pem = self.home.path().join(name).display().to_string();
        let made = run(&["report", "keygen", "--json", "--key", &pem]);
        let made: Value = serde_json::from_slice(&made.stdout).expect("it prints JSON");
        made["public_key"].as_str().expect("it has a public half").to_owned()
    }
}

#[test]
fn an_operator_makes_a_feed_from_nothing() {
    let venue = Venue::open();
    let marks = "report-marks --mark BTC-PERPETUAL=97001.5 --mark BTC-25DEC99=98010";
    venue.operate("report-index --base BTC --quote USD --price 97000").expect("it has no feed");
    venue.operate(marks).expect("it has no feed");
    let ticker = venue.server.ask("public/ticker", json!({"instrument_name": "BTC-25DEC99"}));
    assert_eq!(ticker["mark_price"], 98_010.0, "{ticker}");

    assert_eq!(venue.operate("open-account").expect("it opens")["account"], 1);
    venue.operate("deposit --account 1 --currency BTC --amount 1").expect("it is credited");
    let key = venue.keygen("alpha.pem");
    let register = format!("register-reporter --account 1 --currency BTC --public-key {key}");
    venue.operate(&format!("{register} --stake 0.25")).expect("it has the money");
    venue.operate("set-feed --file FEED").expect("its reporter is known");
    let feed = venue.feed();
    assert_eq!((&feed["stale_ms"], &feed["health"]), (&json!(7_000), &json!("frozen")), "{feed}");
    venue
        .operate("set-pricing --instrument BTC-PERPETUAL --impact 10000 --clamp-ppm 4000")
        .expect("it has funding by itself");

    for (line, words) in [
        (marks, "feed"),
        ("settle-delivery --index btc_usd --expiry 25DEC99 --price 1", "not disputed"),
        (
            "set-pricing --instrument BTC-25DEC99 --impact 1 --clamp-ppm 0 --funding hourly",
            "impact",
        ),
        ("register-reporter --account 1 --currency BTC --public-key 3b6a", "64 hexadecimal digits"),
        ("register-reporter --account 9 --currency BTC --public-key KEY", "account 9"),
    ] {
        let refused = venue.operate(&line.replace("KEY", &key)).expect_err(line);
        assert!(refused.contains(words), "{line}: {refused}");
    }
}

#[test]
fn each_command_of_an_operator_teaches_by_an_example() {
    for command in
        ["set-feed", "register-reporter", "set-pricing", "settle-delivery", "report-marks"]
    {
        let help = text(&run(&["operator", command, "--help"]).stdout);
        assert!(help.contains("Example") && help.contains("plimsoll operator --data"), "{help}");
    }
}
