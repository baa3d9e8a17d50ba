//! Joining messages to a snapshot.

use expect_test::expect;

use crate::mirror::book::Recorded;
use crate::mirror::grid::Steps;
use crate::mirror::message::Message;

/// Runs `depth U u pu bids asks`, `spot U u bids asks`, `snapshot last bids asks`, where levels are
/// `price:size,…`.
fn run(script: &str) -> String {
    let mut book = Recorded::new(Steps::whole());
    let mut out = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let said = match Message::parse(&json(line)).expect("the script is well formed") {
            Message::Depth(depth) => match book.depth(depth) {
                Ok(step) => format!("{step:?}"),
                Err(error) => error.to_string(),
            },
            Message::Snapshot(snapshot) => match book.snapshot(&snapshot) {
                Ok(n_applied) => format!("snapshot, {n_applied} of the kept ones applied"),
                Err(error) => error.to_string(),
            },
            other => format!("{other:?}"),
        };
        let show = |levels: &crate::mirror::book::Levels| {
            let levels = levels.iter().map(|(price, size)| format!("{price}:{size}"));
            levels.collect::<Vec<_>>().join(" ")
        };
        out.push_str(&format!("{said} | {} | {}\n", show(&book.bids), show(&book.asks)));
    }
    out
}

fn json(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let levels = |text: &str| {
        let pairs = text.split(',').filter(|pair| *pair != "-");
        let pairs = pairs.map(|pair| format!("[\"{}\"]", pair.replace(':', "\",\"")));
        format!("[{}]", pairs.collect::<Vec<_>>().join(","))
    };
    match words.as_slice() {
        ["snapshot", last, bids, asks] => {
            let (bids, asks) = (levels(bids), levels(asks));
            format!(r#"{{"lastUpdateId":{last},"bids":{bids},"asks":{asks}}}"#)
        }
        ["depth", first, last, previous, bids, asks] => {
            let (bids, asks) = (levels(bids), levels(asks));
            format!(
                r#"{{"stream":"x@depth@0ms","data":{{"s":"X","U":{first},"u":{last},"pu":{previous},"b":{bids},"a":{asks}}}}}"#
            )
        }
        ["spot", first, last, bids, asks] => {
            let (bids, asks) = (levels(bids), levels(asks));
            format!(
                r#"{{"stream":"x@depth@0ms","data":{{"s":"X","U":{first},"u":{last},"b":{bids},"a":{asks}}}}}"#
            )
        }
        _ => panic!("{line} is not in the grammar"),
    }
}

#[test]
fn futures_join_by_the_update_before() {
    let said = run("
        depth 1 3 0 10:1 -
        depth 4 8 3 11:2 20:5
        snapshot 6 10:4,9:1 20:1
        depth 9 12 8 10:0 20:2
        depth 15 16 14 10:1 -
    ");
    expect![[r#"
        Kept |  | 
        Kept |  | 
        snapshot, 1 of the kept ones applied | 9:1 10:4 11:2 | 20:5
        Applied | 9:1 11:2 | 20:2
        updates are missing: the book is at 12, the next message follows 14 | 9:1 11:2 | 20:2
    "#]]
    .assert_eq(&said);
}

#[test]
fn spot_counts_on() {
    let said = run("
        spot 1 6 10:1 -
        spot 7 8 11:2 -
        snapshot 6 10:4 20:1
        spot 9 9 11:0 20:2
        spot 9 9 11:7 -
        spot 11 11 11:7 -
    ");
    expect![[r#"
        Kept |  | 
        Kept |  | 
        snapshot, 1 of the kept ones applied | 10:4 11:2 | 20:1
        Applied | 10:4 | 20:2
        Old | 10:4 | 20:2
        updates are missing: the book is at 9, the next message follows 10 | 10:4 | 20:2
    "#]]
    .assert_eq(&said);
}

#[test]
fn the_first_message_must_hold_the_update_of_the_snapshot() {
    let said = run("
        snapshot 6 10:4 20:1
        depth 4 5 3 10:1 -
        depth 7 9 6 10:1 -
    ");
    expect![[r#"
        snapshot, 0 of the kept ones applied | 10:4 | 20:1
        Old | 10:4 | 20:1
        updates are missing: the book is at 6, the next message follows 6 | 10:4 | 20:1
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_crossed_book_and_an_off_grid_level_stop() {
    let crossed = run("
        snapshot 6 10:4 20:1
        depth 6 7 5 20:1 -
    ");
    let off_grid = run("
        snapshot 6 10:4 20:1
        depth 6 7 5 10.5:1 -
    ");
    let off_lot = run("
        snapshot 6 10:4 20:1
        depth 6 7 5 10:1.5 -
    ");
    expect![[r#"
        snapshot, 0 of the kept ones applied | 10:4 | 20:1
        the recorded book is crossed: best bid 20 ticks, best ask 20 ticks | 10:4 20:1 | 20:1
        snapshot, 0 of the kept ones applied | 10:4 | 20:1
        price 10.5 is not a multiple of the tick 1 of the capture | 10:4 | 20:1
        snapshot, 0 of the kept ones applied | 10:4 | 20:1
        size 1.5 is not a multiple of the lot 1 up to 2147483647 lots | 10:4 | 20:1
    "#]]
    .assert_eq(&format!("{crossed}{off_grid}{off_lot}"));
}
