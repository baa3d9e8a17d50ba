//! The five real captures: no gap, never crossed, as their description says.
//!
//! They are not part of the repository. `PLIMSOLL_DATA` names the directory that holds `market/l2`;
//! without it the tests look beside the repository, and say so when they skip.

use std::path::PathBuf;

use crate::mirror::book::{Recorded, Step};
use crate::mirror::capture::Capture;
use crate::mirror::message::Message;
use crate::mirror::survey::Survey;

fn capture_path(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("PLIMSOLL_DATA").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = data.unwrap_or_else(beside).join("market/l2").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there; set PLIMSOLL_DATA to the data directory", path.display());
    None
}

/// Depth messages, trades, quotes, and updates that changed the book.
fn follow(name: &str) -> Option<[u64; 4]> {
    let path = capture_path(name)?;
    let survey = Survey::of(&path).expect("the capture is surveyed");
    let mut capture = Capture::open(&path).expect("the capture opens");
    let mut book = Recorded::new(survey.steps);
    let [mut depth, mut trades, mut quotes, mut applied] = [0_u64; 4];
    while let Some(line) = capture.next_line().expect("every line reads") {
        match line.message {
            Message::Depth(message) => {
                depth += 1;
                applied += u64::from(book.depth(message).expect("no gap") == Step::Applied);
            }
            Message::Snapshot(snapshot) => applied += book.snapshot(&snapshot).expect("it joins"),
            Message::Trade => trades += 1,
            Message::Quote => quotes += 1,
            Message::Other => panic!("an unknown stream in line {}", capture.line()),
        }
    }
    assert!(100 < book.bids.len() && 100 < book.asks.len());
    Some([depth, quotes, trades, applied])
}

#[test]
fn every_capture_is_followed_without_a_gap() {
    let files = [
        ("hftbacktest_binance_usdm_btcusdt_20240808.gz", [6_551, 66_089, 21_313, 0]),
        ("hftbacktest_binance_usdm_ethusdt_20240808.gz", [6_586, 53_992, 14_076, 0]),
        ("hftbacktest_binance_cm_btcusd_perp_20240808.gz", [26_847, 19_136, 2_286, 0]),
        ("hftbacktest_binance_spot_btcusdt_20240808.gz", [3_451, 28_040, 9_757, 0]),
    ];
    for (name, [depth, quotes, trades, _]) in files {
        let Some([seen, seen_quotes, seen_trades, applied]) = follow(name) else { return };
        assert_eq!([seen, seen_quotes, seen_trades], [depth, quotes, trades], "{name}");
        assert!(seen < applied + 60 && applied <= seen, "{name}: {applied} of {seen} applied");
    }
}
