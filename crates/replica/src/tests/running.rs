//! A replica that runs: outcomes, order, time, looks at the engine, the disk that fails.

use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use types::{At, Proposal, Seq};

use super::{Heard, commands, config, deposit, killed, open_account, start, submit};
use crate::{Class, Failure, Refused};

#[test]
fn every_command_has_its_outcome_under_its_tag_in_the_order_of_the_log() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    submit(&venue.handle(), 0, open_account(1));
    let submitters: Vec<_> = (0..4_u64)
        .map(|submitter| {
            let handle = venue.handle();
            thread::spawn(move || {
                (1..=200).for_each(|n| submit(&handle, submitter * 1_000 + n, deposit(5)));
            })
        })
        .collect();
    let (mut next, mut tags) = (1, Vec::new());
    while next <= 801 {
        let applied = venue.applied();
        for entry in &applied.entries {
            assert_eq!(entry.seq, Seq(next));
            assert!(!applied.events_of(entry).is_empty(), "each has an event");
            next += 1;
            tags.push(entry.tag);
        }
    }
    for submitter in 0..4 {
        let mine = (1..=200).map(|n| submitter * 1_000 + n);
        let heard = tags.iter().copied().filter(|tag| 0 < *tag && tag / 1_000 == submitter);
        assert!(heard.eq(mine), "a submitter's commands keep their order");
    }
    for submitter in submitters {
        submitter.join().expect("submits");
    }
    assert_eq!(venue.solo.stop().expect("stops"), Seq(801));
}

#[test]
fn stopping_gives_every_command_its_outcome_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    let handle = venue.handle();
    (0..).zip(commands(500)).for_each(|(tag, command)| submit(&handle, tag, command));
    assert_eq!(venue.solo.stop().expect("stops"), Seq(501));
    let refused = handle.submit(Class::Order, Proposal { tag: 9, command: deposit(1) });
    assert_eq!(refused, Err(Refused::Stopped));
    assert_eq!(handle.inspect(engine::Engine::seq), Err(Refused::Stopped));
    let heard: Vec<_> = venue.heard.iter().collect();
    let outcomes: usize = heard
        .iter()
        .map(|heard| if let Heard::Applied(applied) = heard { applied.entries.len() } else { 0 })
        .sum();
    assert_eq!((outcomes, heard.last()), (501, Some(&Heard::Snapshot(Seq(501)))));
}

#[test]
fn at_never_goes_back_when_the_clock_does_also_across_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    let mut heard = Vec::new();
    let mut ask = |venue: &super::Venue, clock: u64, command| {
        venue.clock.store(clock, Ordering::Relaxed);
        submit(&venue.handle(), 1, command);
        heard.push(venue.applied().at);
    };
    ask(&venue, 5_000, open_account(1));
    ask(&venue, 4_000, deposit(1));
    ask(&venue, 6_000, deposit(2));
    venue.solo.stop().expect("stops");
    let venue = start(config(dir.path())).expect("starts again");
    ask(&venue, 3_000, deposit(3));
    ask(&venue, 6_001, deposit(4));
    assert_eq!(heard, [5_000, 5_000, 6_000, 6_000, 6_001].map(At));
}

#[test]
fn a_look_at_the_engine_sees_what_was_acknowledged_before_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    let handle = venue.handle();
    for last in venue.run(commands(20)) {
        assert!(last <= handle.inspect(engine::Engine::seq).expect("looks"));
    }
    let (tell, told) = mpsc::channel();
    let then = move |seq| tell.send(seq).expect("the test listens");
    handle.inspect_then(engine::Engine::seq, then).expect("is let in");
    assert_eq!(told.recv().expect("is told"), Seq(21));
    assert_eq!(handle.root().expect("looks").0, Seq(21));
}

/// Sends deposits until the replica says that it has stopped; returns how many were let in.
fn submit_until_stopped(handle: &crate::Handle) -> u64 {
    let begin = Instant::now();
    let mut let_in = 0;
    for (tag, command) in (1..).zip(commands(i64::MAX)) {
        match handle.submit(Class::Order, Proposal { tag, command }) {
            Ok(()) => let_in += 1,
            Err(Refused::Stopped) => break,
            Err(Refused::Busy { .. }) => {
                assert!(begin.elapsed() < Duration::from_secs(60), "it stops");
            }
        }
    }
    let_in
}

#[test]
fn a_disk_that_fails_stops_the_replica_and_what_is_not_durable_gets_no_outcome() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    // The next segment cannot be made in a directory that is gone.
    std::fs::remove_dir_all(dir.path()).expect("removes");
    let let_in = submit_until_stopped(&venue.handle());
    let failure = venue.solo.stop().expect_err("it stopped");
    assert!(matches!(failure, Failure::Write(_)), "{failure}");
    assert!(failure.to_string().contains("may or may not be"), "{failure}");
    let outcomes = venue.heard.iter().map(|heard| match heard {
        Heard::Applied(applied) => applied.entries.len() as u64,
        Heard::Restored(..) | Heard::Replayed(_) | Heard::Live | Heard::Snapshot(_) => 0,
    });
    assert!(outcomes.sum::<u64>() < let_in);
}

#[test]
fn a_sink_that_panics_halts_the_replica_and_loses_nothing_durable() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut feeds = 0;
    let sink = move |feed| {
        if let crate::Feed::Applied(_) = feed {
            feeds += 1;
            assert!(feeds < 3, "the third batch is too much");
        }
    };
    let (solo, _) =
        crate::Solo::start(config(dir.path()), || At(1), sink, &mut |_| {}).expect("starts");
    let handle = solo.handle();
    submit_until_stopped(&handle);
    let failure = solo.stop().expect_err("it halted");
    assert!(matches!(&failure, Failure::Halted(text) if text.contains("third batch")), "{failure}");
    let venue = start(config(killed(dir.path()).path())).expect("starts again");
    assert!(Seq(3) <= venue.started.seq);
}
