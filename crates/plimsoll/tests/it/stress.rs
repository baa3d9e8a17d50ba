//! Crashes by the command line.

use serde_json::Value;

use crate::process::{run, text};

/// A market that fits into a test.
const SMALL: [&str; 4] = ["--accounts", "60", "--open-interest", "5"];

fn json(args: &[&str]) -> Value {
    let args: Vec<&str> = ["stress", "--json"].iter().chain(args).chain(&SMALL).copied().collect();
    let output = run(&args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one object")
}

#[test]
fn the_generated_crash_takes_every_step_and_is_the_same_twice() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let picture = home.path().join("crash.svg");
    let svg = picture.display().to_string();
    let first = json(&["--scenario", "minus-60", "--hours", "1", "--svg", &svg]);
    let again = json(&["--scenario", "minus-60", "--hours", "1"]);
    assert_eq!(first["root"], again["root"]);
    let other = json(&["--scenario", "minus-60", "--hours", "1", "--seed", "2"]);
    assert_ne!(first["root"], other["root"]);
    let waterfall = &first["waterfall"];
    for step in ["reduced", "taken_over", "insured", "deleveraged", "haircut"] {
        assert!(waterfall[step].as_f64().is_some_and(|usd| 0.0 < usd), "{step}: {waterfall}");
    }
    let drawn = std::fs::read_to_string(&picture).expect("the picture was drawn");
    assert!(drawn.starts_with("<svg"));
}

#[test]
fn a_crash_needs_a_name_or_a_file_and_not_both() {
    for args in [
        &["stress"][..],
        &["stress", "--scenario", "minus-61"],
        &["stress", "--scenario", "minus-60", "--path", "prices.csv"],
        &["stress", "--scenario", "minus-60", "--leverage", "50"],
        &["stress", "--scenario", "minus-60", "--from", "2022-05-11"],
    ] {
        assert_eq!(run(args).status.code(), Some(2), "{args:?}");
    }
    let missing = run(&["stress", "--path", "no-such-file.csv"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("reading no-such-file.csv"));
}

#[test]
fn help_names_the_crashes_and_where_their_prices_are() {
    let help = text(&run(&["stress", "--help"]).stdout);
    for word in
        ["may-2021", "luna-2022", "ftx-2022", "minus-60", "--svg", "Examples:", "Exit codes"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
}

/// With the recorded prices, where they are: a part of each crash, in a small market.
#[test]
fn recorded_crashes_play() {
    let data = std::env::var("PLIMSOLL_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into());
    if !std::path::Path::new(&data).join("market/klines").is_dir() {
        eprintln!("skipped: no recorded prices in {data}; PLIMSOLL_DATA says where they are");
        return;
    }
    for scenario in ["may-2021", "luna-2022", "ftx-2022"] {
        let told = json(&["--scenario", scenario, "--hours", "1", "--data", &data]);
        assert!(told["price"]["first"].as_f64().is_some_and(|price| 0.0 < price), "{scenario}");
        assert_eq!(told["market"]["seconds"], 3_600, "{scenario}");
    }
}
