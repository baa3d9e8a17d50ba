//! Command lines in, calls out.

use clap::Parser;
use expect_test::{Expect, expect};

use super::request;
use crate::cli::{Cli, Command};

/// What is called with what, or why nothing is.
fn called(words: &[&str]) -> String {
    let all = [&["plimsoll", "operator", "--data", "venue"], words].concat();
    let parsed = Cli::try_parse_from(all).expect("the command line is understood");
    let Some(Command::Operator(args)) = parsed.command else { panic!("it is an operator's") };
    match request(&args.call) {
        Ok((method, params)) => format!("{method} {params:#}"),
        Err(error) => format!("{error:#}"),
    }
}

fn check(line: &str, expected: &Expect) {
    let words: Vec<&str> = line.split(' ').collect();
    expected.assert_eq(&called(&words));
}

#[test]
fn prices_are_called_with_what_the_methods_take() {
    check(
        "register-reporter --account 3 --currency BTC --public-key 3b6a --stake 0.5",
        &expect![[r#"
            operator/register_reporter {
              "account": 3,
              "currency": "BTC",
              "public_key": "3b6a",
              "stake": 0.5
            }"#]],
    );
    check(
        "register-reporter --account 3 --currency BTC --public-key 3b6a",
        &expect![[r#"
        operator/register_reporter {
          "account": 3,
          "currency": "BTC",
          "public_key": "3b6a",
          "stake": 0
        }"#]],
    );
    check(
        "set-pricing --instrument BTC-PERPETUAL --impact 10000 --clamp-ppm 5000",
        &expect![[r#"
        operator/set_pricing {
          "clamp_ppm": 5000,
          "funding": {
            "cap_ppb": 5000000,
            "damper_ppb": 250000,
            "interest_ppb": 0,
            "schedule": "continuous"
          },
          "impact": 10000,
          "instrument_name": "BTC-PERPETUAL",
          "mark": "impact_basis"
        }"#]],
    );
    check(
        "set-pricing --instrument BTC-25DEC26 --impact 10000 --clamp-ppm 5000 \
         --mark median_of_three",
        &expect![[r#"
            operator/set_pricing {
              "clamp_ppm": 5000,
              "impact": 10000,
              "instrument_name": "BTC-25DEC26",
              "mark": "median_of_three"
            }"#]],
    );
    check(
        "set-pricing --instrument ETH_USDC-PERPETUAL --impact 5 --clamp-ppm 5000 --funding hourly \
         --damper-ppb 1 --cap-ppb 2 --interest-ppb -3",
        &expect![[r#"
            operator/set_pricing {
              "clamp_ppm": 5000,
              "funding": {
                "cap_ppb": 2,
                "damper_ppb": 1,
                "interest_ppb": -3,
                "schedule": "hourly"
              },
              "impact": 5,
              "instrument_name": "ETH_USDC-PERPETUAL",
              "mark": "impact_basis"
            }"#]],
    );
    check(
        "settle-delivery --index btc_usd --expiry 25DEC26 --price 97000.5",
        &expect![[r#"
        operator/settle_delivery {
          "expiration_timestamp": 1798185600000,
          "index_name": "btc_usd",
          "price": 97000.5
        }"#]],
    );
    check(
        "report-marks --mark BTC-PERPETUAL=97001.5 --mark BTC-25DEC26=98010",
        &expect![[r#"
        operator/report_marks {
          "marks": [
            [
              "BTC-PERPETUAL",
              97001.5
            ],
            [
              "BTC-25DEC26",
              98010
            ]
          ]
        }"#]],
    );
}

#[test]
fn what_is_not_understood_is_said_before_anything_is_called() {
    for (line, words) in [
        ("settle-delivery --index btc --expiry 25DEC26 --price 1", "--index btc is no index"),
        ("settle-delivery --index btc_usd --expiry PERPETUAL --price 1", "PERPETUAL is no expiry"),
        ("settle-delivery --index btc_usd --expiry 31FEB26 --price 1", "a day such as 25DEC26"),
        ("settle-delivery --index btc_usd --expiry 25DEC26 --price ten", "--price ten: is not a"),
        ("report-marks --mark BTC-PERPETUAL", "--mark BTC-PERPETUAL has no price: write one"),
        ("report-marks --mark BTC-PERPETUAL=ten", "--mark BTC-PERPETUAL ten: is not a decimal"),
        ("set-pricing --instrument bitcoin --impact 1 --clamp-ppm 1", "does not name a contract"),
        ("set-feed --file /nowhere/venue.toml", "reading /nowhere/venue.toml: No such file"),
    ] {
        let said = called(&line.split(' ').collect::<Vec<_>>());
        assert!(said.contains(words) && !said.contains("operator/"), "{line}: {said}");
    }
}

const FEEDS: &str = "
[[instrument]]
name = 'ETH-PERPETUAL'
[[feed]]
index = 'eth_usd'
sources = ['alpha', { name = 'beta', weight = 0 }]
seats = [{ reporter = 3, source = 'alpha' }, { reporter = 3, source = 'beta' }]
cross_check = { source = 'beta', apart_ppm = 4000 }
incentives = { reward_per_hour = '0.00000001' }
[[feed]]
index = 'btc_usdc'
sources = ['alpha']
seats = [{ reporter = 3, source = 'alpha' }]
stale_ms = 7000
";

#[test]
fn a_feed_of_a_file_is_called_with_all_its_terms() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let path = home.path().join("venue.toml").display().to_string();
    std::fs::write(&path, FEEDS).expect("the file is written");
    let set = |more: &[&str]| {
        called(&[&["set-feed", "--file", &path], more].concat()).replace(&path, "venue.toml")
    };
    expect![[r#"
        operator/set_feed {
          "ahead_ms": 2000,
          "barrier": {
            "reports": 2,
            "sources": 1
          },
          "base": "ETH",
          "cap_ppm": 5000,
          "confidence_ppm": 20000,
          "cross_check": {
            "apart_ppm": 4000,
            "source": "beta"
          },
          "currency": "ETH",
          "degraded": {
            "reporters": 1,
            "sources": 1
          },
          "healthy": {
            "reporters": 1,
            "sources": 1
          },
          "incentives": {
            "far_ms": 60000,
            "far_ppm": 25000,
            "far_slash_ppm": 50000,
            "reward_per_hour": 0.00000001
          },
          "jump_ppm": 50000,
          "method": "capped_median",
          "quote": "USD",
          "reporter_cap_ppm": 1000000,
          "seats": [
            {
              "reporter": 3,
              "source": "alpha"
            },
            {
              "reporter": 3,
              "source": "beta"
            }
          ],
          "sources": [
            {
              "name": "alpha",
              "weight": 1
            },
            {
              "name": "beta",
              "weight": 0
            }
          ],
          "spread_ppm": 20000,
          "stale_ms": 10000
        }"#]]
    .assert_eq(&set(&["--index", "eth_usd", "--currency", "ETH"]));
    assert!(set(&["--index", "btc_usdc"]).contains("\"stale_ms\": 7000"));
    let refused = |more: &[&str], words: &str| {
        let said = set(more);
        assert_eq!(said, format!("the feeds of venue.toml: {words}"), "{more:?}");
    };
    refused(&[], "there are several: say which with --index, one of eth_usd, btc_usdc");
    refused(&["--index", "doge_usd"], "there is no feed doge_usd: write one of eth_usd, btc_usdc");
    std::fs::write(&path, FEEDS.replace("btc_usdc", "eth_usd")).expect("the file is written");
    refused(&["--index", "eth_usd"], "feed eth_usd is there twice");
    std::fs::write(&path, FEEDS.replace("'beta', weight", "'beta', wait")).expect("it is written");
    refused(&["--index", "btc_usdc"], "feed eth_usd: sources: wait is a key that does not exist");
    std::fs::write(&path, "[[pricing]]").expect("the file is written");
    refused(&[], "there is no [[feed]]: write one");
}
