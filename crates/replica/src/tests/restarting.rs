//! Stop, kill, start again: the same state, or a refusal that says why.

use std::fs;

use journal::{Journal, Kind, Reader, snapshot};
use types::Seq;

use super::{Heard, Venue, commands, config, deposit, killed, open_account, start};
use crate::batch::Mark;
use crate::{Failure, RestoreError, Start};

fn root_of(venue: &Venue) -> (Seq, [u8; 32], [u8; 32]) {
    venue.handle().root().expect("looks")
}

fn started(venue: &Venue) -> (Seq, [u8; 32], [u8; 32]) {
    (venue.started.seq, venue.started.root, venue.started.chain)
}

#[test]
fn stop_and_start_give_the_same_root_with_and_without_the_snapshot() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut before = (Seq(0), None);
    for life in 0..5 {
        let mut from_snapshot = config(dir.path());
        from_snapshot.start = if life % 2 == 0 { Start::Newest } else { Start::Genesis };
        let venue = start(from_snapshot).expect("starts");
        assert_eq!(venue.started.seq, before.0);
        if let Some(root) = before.1 {
            assert_eq!(started(&venue), root);
        }
        let next = u32::try_from(life + 1).expect("small");
        venue.run([open_account(next)].into_iter().chain((1..=life * 9).map(deposit)));
        let root = root_of(&venue);
        before = (venue.solo.stop().expect("stops"), Some(root));
    }
}

#[test]
fn a_process_killed_at_any_moment_loses_nothing_that_it_acknowledged() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut often = config(dir.path());
    often.snapshot_entries = 11;
    let venue = start(often).expect("starts");
    for command in commands(40) {
        let acknowledged = venue.run([command]);
        let left = killed(dir.path());
        let again = start(config(left.path())).expect("starts again");
        assert_eq!(Some(&again.started.seq), acknowledged.last());
        assert_eq!(started(&again), root_of(&venue));
    }
}

#[test]
fn a_replica_that_is_dropped_loses_nothing_that_it_acknowledged() {
    let dir = tempfile::tempdir().expect("a directory");
    for life in 0..10 {
        let venue = start(config(dir.path())).expect("starts");
        let first = venue.started.seq.0;
        assert_eq!(first, life * 3);
        let account = u32::try_from(life + 1).expect("small");
        let seqs = venue.run([open_account(account), deposit(1), deposit(2)]);
        assert_eq!(seqs, [first + 1, first + 2, first + 3].map(Seq));
        drop(venue);
    }
}

#[test]
fn the_follower_gets_its_bytes_back_and_then_the_batches_since() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut often = config(dir.path());
    often.snapshot_entries = 10;
    let venue = start(often.clone()).expect("starts");
    let heard: Vec<_> = venue.heard.try_iter().collect();
    assert_eq!(heard, [Heard::Restored(Seq(0), Vec::new()), Heard::Live]);
    venue.run(commands(22));
    drop(venue);
    let venue = start(often).expect("starts again");
    let heard: Vec<_> = venue.heard.try_iter().collect();
    assert_eq!(heard.first(), Some(&Heard::Restored(Seq(20), b"20".to_vec())));
    assert_eq!(heard.last(), Some(&Heard::Live));
    let replayed: Vec<_> = heard
        .iter()
        .filter_map(|heard| if let Heard::Replayed(applied) = heard { Some(applied) } else { None })
        .flat_map(|applied| applied.entries.iter().map(|entry| (entry.seq.0, entry.tag)))
        .collect();
    assert_eq!(replayed, [(21, 0), (22, 0), (23, 0)]);
    assert_eq!((venue.started.snapshot, venue.started.replayed.entries), (Seq(20), 3));
}

#[test]
fn a_mark_that_replay_does_not_reach_refuses_to_start_with_both_roots() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    venue.run(commands(3));
    drop(venue);
    let (mut log, _) = Journal::open(dir.path(), config(dir.path()).journal).expect("opens");
    let wrong = Mark { root: [0xab; 32], chain: [0xcd; 32] };
    log.append(Kind::Root, Seq(4), 0, &wrong.encode()).expect("appends");
    log.close().expect("closes");
    let failure = start(config(dir.path())).err().expect("refuses").to_string();
    assert!(failure.contains("after entry 4 the root was abababab"), "{failure}");
}

#[test]
fn marks_are_written_and_checked() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    venue.run(commands(30));
    venue.solo.stop().expect("stops");
    let mut reader = Reader::open(dir.path(), Seq(1)).expect("opens");
    let mut marks = Vec::new();
    while let Some(record) = reader.next_record().expect("reads") {
        if record.kind == Kind::Root {
            marks.push(record.seq.0);
        }
    }
    assert_eq!(marks, [7, 14, 21, 28, 31]);
}

#[test]
fn a_snapshot_of_another_state_refuses_to_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    venue.run(commands(3));
    venue.solo.stop().expect("stops");
    let (seq, path) = snapshot::list(dir.path()).expect("lists").pop().expect("a snapshot");
    let mut other = snapshot::load(seq, &path).expect("loads");
    other.chain[5] ^= 1;
    snapshot::store(dir.path(), &other).expect("stores");
    let failure = start(config(dir.path())).err().expect("refuses");
    assert!(
        matches!(&failure, Failure::Restore(RestoreError::Diverged(found)) if found.what == "chain"),
        "{failure}"
    );
    let mut genesis = config(dir.path());
    genesis.start = Start::Genesis;
    assert_eq!(start(genesis).expect("replays all").started.seq, Seq(4));
}

#[test]
fn a_damaged_snapshot_is_an_error_unless_an_older_one_will_do() {
    let dir = tempfile::tempdir().expect("a directory");
    for account in 1..=2 {
        let venue = start(config(dir.path())).expect("starts");
        venue.run([open_account(account), deposit(1)]);
        venue.solo.stop().expect("stops");
    }
    let (_, path) = snapshot::list(dir.path()).expect("lists").pop().expect("a snapshot");
    let mut bytes = fs::read(&path).expect("reads");
    bytes[130] ^= 4;
    fs::write(&path, bytes).expect("writes");
    let failure = start(config(dir.path())).err().expect("refuses").to_string();
    assert!(failure.contains("is damaged at byte 112"), "{failure}");
    let mut whole = config(dir.path());
    whole.start = Start::NewestWhole;
    let venue = start(whole).expect("starts from the older one");
    assert_eq!((venue.started.snapshot, venue.started.seq), (Seq(2), Seq(4)));
    assert_eq!(venue.started.skipped.len(), 1);
}

#[test]
fn a_log_that_ends_before_the_snapshot_refuses_to_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    venue.run(commands(200));
    venue.solo.stop().expect("stops");
    let segments = journal::segment::list(dir.path()).expect("lists");
    assert!(2 < segments.len());
    fs::remove_file(&segments.last().expect("a segment").1).expect("removes");
    let failure = start(config(dir.path())).err().expect("refuses");
    assert!(
        matches!(&failure, Failure::Restore(RestoreError::LogShort { snapshot: Seq(201), .. })),
        "{failure}"
    );
}

#[test]
fn the_directory_of_another_domain_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    venue.run(commands(3));
    venue.solo.stop().expect("stops");
    let mut other = config(dir.path());
    other.asset = types::AssetCode::new("BTC").expect("a code");
    let failure = start(other).err().expect("refuses").to_string();
    assert!(failure.contains("holds the domain of USDC with 6 decimals, BTC with 6"), "{failure}");
}
