//! Recordings: rows of text, bars as paths, replays of what real files hold.

use std::io::Write;
use std::path::PathBuf;

use expect_test::expect;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use types::{At, IndexPrice};

use crate::report::recording::{Bar, Recording, Rows};
use crate::report::said::Said;

fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let path = home.path().join("prices");
    std::fs::write(&path, bytes).expect("the file is written");
    (home, path)
}

fn open(bytes: &[u8]) -> Result<Recording, String> {
    let (_home, path) = written(bytes);
    Recording::open(&path).map_err(|error| error.to_string())
}

fn dollars(recording: &Recording, at: u64) -> Option<f64> {
    recording.said_at(At(at)).map(|said| said.price.0 as f64 / 1e8)
}

#[test]
fn prices_stand_with_their_own_time_until_the_next() {
    let text = "symbol, ts_ms, price\nBTC, 1700000000000, 97000.5\nBTC, 1700000001000, 97001\n";
    let recording = open(text.as_bytes()).expect("it reads");
    let said = recording.said_at(At(1_700_000_000_999)).expect("there is a price");
    assert_eq!(said, Said { price: IndexPrice(9_700_050_000_000), at: At(1_700_000_000_000) });
    assert_eq!(recording.said_at(At(1_699_999_999_999)), None);
    assert_eq!(dollars(&recording, 1_900_000_000_000), Some(97_001.0));
}

#[test]
fn a_bar_is_walked_through_all_of_its_prices() {
    let text = "time,open,high,low,close\n1700000000,100,110,90,105\n1700000060,105,106,80,85\n";
    let recording = open(text.as_bytes()).expect("it reads");
    let path = (0..=8).map(|step| dollars(&recording, 1_700_000_000_000 + step * 10_000));
    let path: Vec<f64> = path.map(|price| price.expect("there is a price")).collect();
    // Up: open, low, high, close. Down: open, high, low, close.
    let expected = [100.0, 95.0, 90.0, 100.0, 110.0, 107.5, 105.0, 105.5, 106.0];
    let off = path.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 0.01, "{path:?}");
    assert_eq!(dollars(&recording, 1_700_000_119_999), Some(85.0), "the last close");
    assert_eq!(dollars(&recording, 1_700_000_120_000), None, "after the last bar");
}

#[test]
fn where_bars_are_missing_there_is_no_price() {
    let bar = |minute: u64| Bar {
        at: At(minute * 60_000),
        open: IndexPrice(10),
        high: IndexPrice(12),
        low: IndexPrice(9),
        close: IndexPrice(11),
    };
    let bars = Rows::Bars(vec![bar(0), bar(1), bar(5), bar(6)]);
    let recording = Recording::of(bars).expect("they are bars");
    let has_price = |minute: u64| recording.said_at(At(minute * 60_000 + 1)).is_some();
    let minutes: Vec<u64> = (0..8).filter(|minute| has_price(*minute)).collect();
    assert_eq!(minutes, [0, 1, 5, 6]);
}

#[test]
fn rounds_of_a_chain_come_newest_first_and_end_with_an_empty_one() {
    let text = ",round,answer,start,update\n0,3,4306645100191,1706558135,1706558135\n\
                1,2,4293991000000,1706554535,1706554535\n2,1,4290000000000,1706554535,1706554535\n\
                3,0,0,0,0\n";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).expect("a Vec takes everything");
    let recording = open(&gzip.finish().expect("a Vec takes everything")).expect("it reads");
    assert_eq!(recording.first(), At(1_706_554_535_000));
    // Of two rounds of one second the later one stands.
    assert_eq!(dollars(&recording, 1_706_554_535_000), Some(42_939.91));
    assert_eq!(dollars(&recording, 1_706_558_135_000), Some(43_066.451_001_91));
}

#[test]
fn what_does_not_read_is_refused_with_its_place() {
    let long = format!("ts_ms,price\n1700000000000,{}\n", "1".repeat(5_000));
    let cases: [(&str, &[u8]); 12] = [
        ("nothing", b""),
        ("no header", b"1700000000000,97000\n"),
        ("no rows", b"ts_ms,price\n"),
        ("a short row", b"ts_ms,price\n1700000000000\n"),
        ("no number", b"ts_ms,price\n1700000000000,much\n"),
        ("a price of nothing", b"ts_ms,price\n1700000000000,0\n"),
        ("no time", b"ts_ms,price\nnow,97000\n"),
        ("not text", b"ts_ms,price\n\xff\xfe,97000\n"),
        ("a long line", long.as_bytes()),
        (
            "back in time",
            b"ts_ms,price\n1700000000000,1\n1700000002000,1\n1700000001000,1\n\
                           1700000003000,1\n",
        ),
        (
            "a bar inside out",
            b"ts_ms,open,high,low,close\n1700000000000,1,2,3,4\n\
                               1700000060000,1,2,1,1\n",
        ),
        ("one bar", b"ts_ms,open,high,low,close\n1700000000000,1,2,1,2\n"),
    ];
    let words: String = cases
        .iter()
        .map(|(name, bytes)| format!("{name}: {}\n", open(bytes).expect_err(name)))
        .collect();
    expect![[r#"
        nothing: the first line names no column of times (ts_ms) or none of prices (price)
        no header: the first line names no column of times (ts_ms) or none of prices (price)
        no rows: it has no rows
        a short row: line 2 has no column 2: the header names it
        no number: line 2, column 2: much is not a decimal number: write digits, such as 97000.5
        a price of nothing: line 2, column 2: 0 is no price: it is above 0 and at most 10000000000
        no time: line 2, column 1: now is not a decimal number: write digits, such as 97000.5
        not text: line 2 is not UTF-8
        a long line: line 2 has more than 4096 bytes
        back in time: row 3 goes back in time, from 1700000002000 to 1700000001000: rows rise, or all fall
        a bar inside out: the bar at 1700000000000 has its open or close outside of low and high
        one bar: it has one bar: two are needed to know how long they are
    "#]].assert_eq(&words);
}

#[test]
fn a_gzip_that_is_cut_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let rows: String = (0..1_000).map(|n| format!("{},97000\n", 1_700_000_000 + n)).collect();
    gzip.write_all(format!("time,price\n{rows}").as_bytes()).expect("a Vec takes everything");
    let bytes = gzip.finish().expect("a Vec takes everything");
    assert!(open(&bytes).is_ok());
    let refused = open(&bytes[..bytes.len() / 2]).expect_err("it is cut");
    assert!(refused.contains("reading failed"), "{refused}");
}

proptest! {
    /// Whatever the bytes are: a recording, or words; never a panic, and never a price that an
    /// index cannot have.
    #[test]
    fn any_bytes_are_a_recording_or_a_refusal(
        head in prop_oneof![
            Just(&b"ts_ms,price\n"[..]), Just(&b"time,open,high,low,close\n"[..]),
            Just(&b"answer,update\n"[..]), Just(&b"PAR1"[..]), Just(&b"\x1f\x8b\x08\x00"[..]),
        ],
        tail in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "([0-9]{1,13}(,[0-9]{1,6}(\\.[0-9]{0,9})?){0,5}\n){0,20}".prop_map(String::into_bytes),
        ],
    ) {
        if let Ok(recording) = open(&[head, &tail].concat()) {
            let (first, last) = (recording.first(), recording.last());
            prop_assert!(first <= last);
            for at in [first, At((first.0 + last.0) / 2), last] {
                if let Some(said) = recording.said_at(at) {
                    prop_assert!(0 < said.price.0 && said.price <= IndexPrice::MAX);
                    prop_assert!(said.at <= at);
                }
            }
        }
    }

    /// A walk through bars never leaves them.
    #[test]
    fn the_path_stays_within_its_bars(
        bars in proptest::collection::vec(
            (1_u64..1_000, 0_u64..500, 0_u64..=100, 0_u64..=100), 2..20
        ),
        probes in proptest::collection::vec(0_u64..1_200_000, 1..20),
    ) {
        let bars: Vec<Bar> = bars.into_iter().zip(0..).map(|((low, width, open, close), n)| Bar {
            at: At(n * 60_000),
            open: IndexPrice(low + width * open / 100),
            high: IndexPrice(low + width),
            low: IndexPrice(low),
            close: IndexPrice(low + width * close / 100),
        }).collect();
        let recording = Recording::of(Rows::Bars(bars.clone())).expect("they are bars");
        for at in probes {
            let bar = usize::try_from(at / 60_000).ok().and_then(|place| bars.get(place));
            // The last millisecond of a bar leads to the next one.
            let Some(bar) = bar.filter(|_| at % 60_000 != 59_999) else { continue };
            let said = recording.said_at(At(at)).expect("the bars have no gap");
            prop_assert!((bar.low..=bar.high).contains(&said.price), "{said:?} in {bar:?}");
        }
    }
}

fn shared(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("PLIMSOLL_DATA").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = data.unwrap_or_else(beside).join(name);
    if !file.exists() {
        eprintln!("skipped: {} is not there; set PLIMSOLL_DATA", file.display());
        return None;
    }
    Some(file)
}

/// Facts about the file from where it was published: the crash of 19 May 2021.
#[test]
fn real_bars_in_parquet_hold_what_is_known_of_them() {
    let name = "market/klines/binance_spot_BTCUSDT_5m_2021-05.parquet";
    let Some(file) = shared(name) else { return };
    let recording = Recording::open(&file).expect("it reads");
    assert_eq!(recording.first(), At(1_619_774_100_000));
    assert_eq!(recording.last(), At(1_622_404_199_999 + 300_000));
    let day = At(1_621_382_400_000);
    let seconds = (0..86_400).map(|second| day.plus_ms(second * 1_000));
    let prices =
        seconds.filter_map(|at| recording.said_at(at)).map(|said| said.price.0 / 100_000_000);
    let (low, high) = prices.fold((u64::MAX, 0), |(low, high), p| (low.min(p), high.max(p)));
    assert!((30_000..30_100).contains(&low) && (43_500..43_600).contains(&high), "{low} {high}");
}

#[test]
fn real_rounds_in_gzip_hold_what_is_known_of_them() {
    let Some(file) = shared("market/oracle/chainlink_mainnet_btcusd_rounds.csv.gz") else { return };
    let recording = Recording::open(&file).expect("it reads");
    assert_eq!(recording.first(), At(1_680_734_111_000));
    assert_eq!(recording.last(), At(1_706_558_135_000));
}
