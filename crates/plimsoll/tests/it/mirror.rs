//! `plimsoll mirror` on a small capture of our own, and on a real one where it is at hand.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::Value;

use crate::process::{run, text};

/// A snapshot and some updates: levels come, change and go, and the market moves through itself.
fn capture() -> String {
    let mut text = String::new();
    let line = |text: &mut String, n: u64, json: String| {
        writeln!(text, "{} {json}", 1_700_000_000_000_000_000 + n * 1_000_000).expect("a string");
    };
    let level =
        |price: u64, size: u64| format!("[\"{}.{}\",\"0.{size:03}\"]", price / 10, price % 10);
    let ladder = |from: u64, up: bool| {
        let levels = (0..30).map(|n| level(if up { from + n } else { from - n }, 100 + n));
        levels.collect::<Vec<_>>().join(",")
    };
    let (bids, asks) = (ladder(1_000_000, false), ladder(1_000_001, true));
    line(&mut text, 0, format!(r#"{{"lastUpdateId":10,"bids":[{bids}],"asks":[{asks}]}}"#));
    let mut previous = 9;
    for n in 1..40_u64 {
        // The middle moves by one tick each time: the old best ask becomes the best bid.
        let middle = 1_000_000 + n;
        let bids = format!("{},{}", level(middle, 50 + n), level(middle - 3, 0));
        let asks = format!("{},{}", level(middle, 0), level(middle + 40, 7));
        let (first, last) = (9 + n, 10 + n);
        let symbol = r#""e":"depthUpdate","s":"BTCUSDT""#;
        let ids = format!(r#""U":{first},"u":{last},"pu":{previous}"#);
        let data = format!(r#"{{{symbol},{ids},"b":[{bids}],"a":[{asks}]}}"#);
        line(&mut text, n, format!(r#"{{"stream":"btcusdt@depth@0ms","data":{data}}}"#));
        previous = last;
    }
    text
}

fn mirrored(args: &[&str]) -> Value {
    let all = [&["mirror", "--json", "--speed", "max"], args].concat();
    let output = run(&all);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

#[test]
fn every_update_of_a_small_capture_is_mirrored_exactly() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("capture.txt");
    std::fs::write(&file, capture()).expect("the capture is written");
    let result = mirrored(&[&file.display().to_string()]);
    assert_eq!((&result["updates"], &result["compared"]), (&40.into(), &40.into()), "{result}");
    assert_eq!((&result["mismatches"], &result["refused"]), (&0.into(), &0.into()), "{result}");
    assert_eq!(result["instrument"], "BTC_USDC-PERPETUAL");
}

#[test]
fn a_gap_in_the_capture_stops_with_its_line() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("capture.txt");
    let lines: Vec<String> = capture().lines().map(str::to_owned).collect();
    let gapped = [&lines[..10], &lines[11..]].concat().join("\n");
    std::fs::write(&file, gapped).expect("the capture is written");
    let output = run(&["mirror", "--json", "--speed", "max", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let words = text(&output.stderr);
    assert!(words.contains("at line 11: updates are missing"), "{words}");
}

#[test]
fn the_first_updates_of_a_real_capture_are_mirrored_exactly() {
    let data = std::env::var_os("PLIMSOLL_DATA").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let name = "market/l2/hftbacktest_binance_usdm_btcusdt_20240808.gz";
    let file = data.unwrap_or_else(beside).join(name);
    if !file.exists() {
        eprintln!("skipped: {} is not there; set PLIMSOLL_DATA", file.display());
        return;
    }
    let result = mirrored(&[&file.display().to_string(), "--updates", "200"]);
    assert_eq!((&result["compared"], &result["mismatches"]), (&200.into(), &0.into()), "{result}");
    assert_eq!(result["refused"], 0, "{result}");
}
