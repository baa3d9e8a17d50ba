//! Hostile and friendly lines.

use std::io::Write;

use expect_test::expect;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::mirror::capture::{Capture, LINE_BYTES_MAX};

fn read(text: &[u8]) -> String {
    let mut capture = Capture::new(text);
    let mut out = String::new();
    loop {
        match capture.next_line() {
            Ok(Some(line)) => out.push_str(&format!("{} {:?}\n", line.received_ns, line.message)),
            Ok(None) => return out,
            Err(error) => {
                let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
                out.push_str(&format!("{error}{}\n", source.unwrap_or_default()));
                return out;
            }
        }
    }
}

#[test]
fn lines_of_every_shape_are_read() {
    let text = concat!(
        r#"7 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","#,
        r#""U":5,"u":9,"pu":4,"b":[["58710.20","0.014"]],"a":[]}}"#,
        "\n",
        r#"8 {"stream":"btcusdt@trade","data":{"t":1,"p":"1.5","q":"2","m":true}}"#,
        "\n",
        r#"9 {"lastUpdateId":6,"bids":[["1.10","2"]],"asks":[["1.20","0.5"]]}"#,
        "\n",
        r#"10 {"stream":"btcusdt@kline_1m","data":{}}"#,
    );
    expect![[r#"
        7 Depth(Depth { first: 5, last: 9, previous: Some(4), symbol: "BTCUSDT", pair: None, bids: [Level { price: Decimal { mantissa: 587102, scale: 1 }, size: Decimal { mantissa: 14, scale: 3 } }], asks: [] })
        8 Trade
        9 Snapshot(Snapshot { last: 6, bids: [Level { price: Decimal { mantissa: 11, scale: 1 }, size: Decimal { mantissa: 2, scale: 0 } }], asks: [Level { price: Decimal { mantissa: 12, scale: 1 }, size: Decimal { mantissa: 5, scale: 1 } }] })
        10 Other
    "#]]
    .assert_eq(&read(text.as_bytes()));
}

#[test]
fn what_is_not_a_line_stops_with_its_number() {
    let deep = format!("1 {}", "[".repeat(10_000));
    let long = format!("1 {{\"x\":\"{}\"}}", "a".repeat(LINE_BYTES_MAX));
    let depth = |levels: &str| {
        format!(r#"1 {{"stream":"x@depth","data":{{"s":"X","U":1,"u":1,"b":{levels},"a":[]}}}}"#)
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no time", b"hello {}".to_vec()),
        ("no blank", b"123".to_vec()),
        ("time below zero", b"-1 {}".to_vec()),
        ("not UTF-8", vec![b'1', b' ', 0xff]),
        ("half an object", b"1 {\"stream\":".to_vec()),
        ("deep", deep.into_bytes()),
        ("long", long.into_bytes()),
        ("empty object", b"1 {}".to_vec()),
        ("number for a text", depth("[[1.5,2]]").into_bytes()),
        ("NaN", depth(r#"[["NaN","2"]]"#).into_bytes()),
        ("below zero", depth(r#"[["-1","2"]]"#).into_bytes()),
        ("huge exponent", depth(r#"[["1e400","2"]]"#).into_bytes()),
        ("three in a level", depth(r#"[["1","2","3"]]"#).into_bytes()),
    ];
    let out: String = cases.iter().map(|(name, text)| format!("{name}: {}", read(text))).collect();
    expect![[r#"
        no time: line 1 does not begin with nanoseconds since 1970 and a blank
        no blank: line 1 does not begin with nanoseconds since 1970 and a blank
        time below zero: line 1 does not begin with nanoseconds since 1970 and a blank
        not UTF-8: line 1 is not UTF-8
        half an object: line 1 does not hold a message of a capture: EOF while parsing a value at line 1 column 10
        deep: line 1 does not hold a message of a capture: invalid type: sequence, expected a borrowed string at line 1 column 1
        long: line 1 has more than 4194304 bytes
        empty object: line 1 does not hold a message of a capture: missing field `lastUpdateId` at line 1 column 2
        number for a text: line 1 does not hold a message of a capture: invalid type: number, expected a text of digits that is not below zero, such as "61800.20" at line 1 column 30
        NaN: line 1 does not hold a message of a capture: invalid value: string "NaN", expected a text of digits that is not below zero, such as "61800.20" at line 1 column 32
        below zero: line 1 does not hold a message of a capture: invalid value: string "-1", expected a text of digits that is not below zero, such as "61800.20" at line 1 column 31
        huge exponent: line 1 does not hold a message of a capture: invalid value: string "1e400", expected a text of digits that is not below zero, such as "61800.20" at line 1 column 34
        three in a level: line 1 does not hold a message of a capture: trailing characters at line 1 column 36
    "#]].assert_eq(&out);
}

#[test]
fn gzip_is_recognised_and_a_cut_one_is_an_error() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("capture.gz");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for n in 0..1_000 {
        writeln!(encoder, r#"{n} {{"stream":"x@trade","data":{{"n":{n}}}}}"#).expect("in memory");
    }
    let bytes = encoder.finish().expect("in memory");
    let count = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("the file is written");
        let mut capture = Capture::open(&path).expect("the file opens");
        let mut n_lines = 0;
        loop {
            match capture.next_line() {
                Ok(Some(_)) => n_lines += 1,
                Ok(None) => return (n_lines, None),
                Err(error) => return (n_lines, Some(error.to_string())),
            }
        }
    };
    assert_eq!(count(&bytes), (1_000, None));
    let (n_lines, error) = count(&bytes[..bytes.len() / 2]);
    assert!(n_lines < 1_000 && error.is_some_and(|error| error.ends_with("reading failed")));
}
