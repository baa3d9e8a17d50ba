//! The rehearsal on a crash of our own, and the measure that it goes by.

use std::path::PathBuf;
use std::time::Duration;

use types::{
    AccountId, At, Event, Health, HealthReason, IndexId, IndexPrice, PriceReport, SourceId,
};

use super::cast::{Cost, LATE, LIAR, Line, PLAYS, Play};
use super::stage::pair;
use super::verdict::{Verdict, Worst};
use super::{find, judge, play};
use crate::cli::Rehearse;
use crate::report::recording::{Bar, Recording, Rows};

const BEGIN: At = At(1_621_382_400_000);

/// Minutes of a market that loses a third within twenty minutes, and comes back half of the way.
fn crash() -> Recording {
    let price = |minute: u64| match minute {
        0..60 => 45_000 + minute % 7,
        60..80 => 45_000 - (minute - 60) * 750,
        80..180 => 30_000 + (minute - 80) * 75,
        _ => 37_500 - minute % 5,
    };
    let bars = (0..245).map(|minute| {
        let (open, close) = (price(minute), price(minute + 1));
        let dollars = |price: u64| IndexPrice(price * IndexPrice::SCALE);
        Bar {
            at: BEGIN.plus_ms(minute * 60_000),
            open: dollars(open),
            high: dollars(open.max(close) + 20),
            low: dollars(open.min(close) - 20),
            close: dollars(close),
        }
    });
    Recording::of(Rows::Bars(bars.collect())).expect("they are bars")
}

fn args() -> Rehearse {
    Rehearse {
        data: PathBuf::new(),
        week: BEGIN,
        hours: 4,
        liar: 100_000,
        lag: Duration::from_secs(120),
        cap_ppm: 5_000,
        json: false,
    }
}

fn played(way: Play) -> Verdict {
    play(&args(), way, &crash(), BEGIN.plus_ms(4 * 3_600_000)).expect("the stage is set up")
}

/// The first invariant of `oracle`: whatever a minority says, the index stays within the cap around
/// the median.
#[test]
fn a_liar_and_a_late_one_move_a_good_index_by_less_than_the_cap() {
    for way in PLAYS {
        let verdict = played(way);
        let worst = verdict.good.expect("the feed was good most of the time");
        assert!(worst.apart_ppm <= 5_000, "{way:?}: {worst:?}");
        // A liar that moved nothing would mean that it was not heard.
        assert!(500 < worst.apart_ppm, "{way:?}: {worst:?}");
    }
}

#[test]
fn old_prices_are_refused_when_they_say_so_and_freeze_the_feed_in_a_crash_when_they_do_not() {
    let open = played(PLAYS[0]);
    assert_eq!(open.frozen, None, "nobody but the liar is far");
    let sly = played(PLAYS[1]);
    let spread = sly.changes.iter().find(|change| change.to == Health::Frozen);
    let spread = spread.expect("the reports are too wide in the crash");
    assert!(matches!(spread.reason, HealthReason::Spread { .. }), "{spread:?}");
    let last = sly.changes.last().expect("there are changes");
    assert_eq!(last.to, Health::Healthy, "it comes back by itself");
}

#[test]
fn the_liar_pays_and_the_honest_do_not() {
    for way in PLAYS {
        let faults = played(way).faults;
        let cost = faults.get(&LIAR).map_or(0, |(_, cost)| cost.0);
        let (least, most) = match way.cost {
            Cost::Stake => (100_000_000, 100_000_000),
            Cost::Little => (1, 1_000_000),
        };
        assert!((least..=most).contains(&cost), "{way:?}: {cost} atoms");
        assert!(faults.get(&LIAR).is_some_and(|(times, _)| 0 < *times), "{faults:?}");
        let others = faults.keys().filter(|account| ![LIAR, LATE].contains(account));
        assert_eq!(others.count(), 0, "{faults:?}");
    }
}

/// What an honest reporter says.
fn honest(account: u32, price: u64) -> Line {
    let report = PriceReport {
        base: pair().0,
        quote: pair().1,
        reporter: AccountId(account),
        source: SourceId(0),
        price: IndexPrice(price),
        confidence: IndexPrice(0),
        source_at: BEGIN,
        nonce: 1,
    };
    Line { report, is_honest: true }
}

#[test]
fn distance_is_from_the_nearer_end_of_what_the_honest_said() {
    for (index, apart_ppm) in [(100, 0), (103, 0), (97, 30_000), (104, 9_709), (1_000, 8_708_738)] {
        let mut verdict = Verdict::default();
        let healthy = Event::FeedHealthChanged {
            index: IndexId(0),
            from: Health::Frozen,
            to: Health::Healthy,
            reason: HealthReason::Begun,
            price: IndexPrice(index),
            at: BEGIN,
        };
        let (base, quote) = pair();
        let price = IndexPrice(index);
        let changed = Event::IndexChanged { index: IndexId(0), base, quote, price };
        verdict.look(&[], &honest(1, 100), BEGIN);
        verdict.look(&[], &honest(2, 103), BEGIN);
        verdict.look_on(&[healthy, changed], BEGIN);
        let worst = verdict.good.expect("the feed is good");
        assert_eq!(worst.apart_ppm, apart_ppm, "{index}: {worst:?}");
        assert_eq!(verdict.frozen, None);
    }
}

/// A frozen index is the last good price: `oracle::gate` lets nothing be taken by it.
#[test]
fn how_far_a_frozen_index_is_left_behind_is_told_and_does_not_count() {
    let mut verdict = Verdict::default();
    let (base, quote) = pair();
    let (index, price) = (IndexId(0), IndexPrice(100));
    let health = |from, to, reason| {
        let at = BEGIN;
        [Event::FeedHealthChanged { index, from, to, reason, price, at }]
    };
    verdict.look(&[Event::IndexChanged { index, base, quote, price }], &honest(1, 100), BEGIN);
    verdict.look_on(&health(Health::Frozen, Health::Healthy, HealthReason::Begun), BEGIN);
    verdict.look_on(&health(Health::Healthy, Health::Frozen, HealthReason::Begun), BEGIN);
    assert!(!verdict.to_text().contains("does not count"), "it was not left behind yet");
    verdict.look(&[], &honest(1, 70), BEGIN);
    let [good, frozen] = [&verdict.good, &verdict.frozen];
    assert_eq!(good.as_ref().map(|worst| worst.apart_ppm), Some(0));
    assert_eq!(frozen.as_ref().map(|worst| worst.apart_ppm), Some(428_572));
    assert!(judge(good.as_ref(), 5_000).is_ok());
    assert!(verdict.to_text().contains("it does not count"), "{}", verdict.to_text());
}

#[test]
fn more_than_the_cap_is_a_failure_and_so_is_a_feed_that_was_never_good() {
    let worst = |apart_ppm| {
        let price = IndexPrice(1);
        Worst { apart_ppm, at: BEGIN, index: price, range: (price, price) }
    };
    assert!(judge(Some(&worst(5_000)), 5_000).is_ok());
    let failed = judge(Some(&worst(5_001)), 5_000).expect_err("it is more than the cap");
    assert!(failed.to_string().contains("5001 ppm from what the honest said at 2021-05-19"));
    assert!(judge(None, 5_000).is_err());
}

#[test]
fn a_directory_without_the_days_says_what_it_has() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let klines = home.path().join("market").join("klines");
    std::fs::create_dir_all(&klines).expect("the directory is made");
    let text = "ts_ms,price\n1621382400000,45000\n1621382460000,45001\n";
    std::fs::write(klines.join("some_BTCUSDT_1m.csv"), text).expect("the file is written");
    std::fs::write(klines.join("ETHUSDT.csv"), "not looked at").expect("the file is written");
    let hour = BEGIN.plus_ms(3_600_000);
    let refused = find(home.path(), BEGIN, hour).expect_err("a minute is no hour").to_string();
    assert!(refused.contains("2021-05-19 00:00:00 to 2021-05-19 00:01:00"), "{refused}");
    assert!(find(home.path(), BEGIN, BEGIN.plus_ms(60_000)).is_ok());
}
