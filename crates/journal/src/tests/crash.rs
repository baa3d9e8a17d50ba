//! Crashes and disk errors at every operation: what was acknowledged is there afterwards.

use std::path::Path;

use proptest::prelude::*;
use types::Seq;

use super::disk::{Fault, FaultDisk};
use super::{Held, SMALL, append, body, read};
use crate::{Journal, Kind, Options, WriteError};

/// Appends and syncs groups until the disk fails; returns what was acknowledged, and appended.
pub(super) fn work(disk: FaultDisk, dir: &Path, groups: &[Vec<usize>]) -> (Vec<Held>, Vec<Held>) {
    let (mut acknowledged, mut appended) = (Vec::new(), Vec::new());
    let Ok((mut journal, _)) = Journal::open_on(disk, dir, SMALL) else {
        return (acknowledged, appended);
    };
    for group in groups {
        for (index, length) in group.iter().enumerate() {
            let count = 1 + u32::try_from(length % 4).expect("small");
            let held = (Kind::Batch, journal.next(), count, body(index as u64, *length));
            let (kind, seq, count, bytes) = &held;
            if journal.append(*kind, *seq, *count, bytes).is_err() {
                return (acknowledged, appended);
            }
            appended.push(held);
        }
        if journal.sync().is_err() {
            let again = journal.sync().expect_err("a failed journal takes nothing more");
            assert!(matches!(again, WriteError::Poisoned), "{again}");
            return (acknowledged, appended);
        }
        acknowledged.clone_from(&appended);
    }
    (acknowledged, appended)
}

fn check_survivors(dir: &Path, before: &mut Vec<Held>, life: (Vec<Held>, Vec<Held>)) {
    let (acknowledged, appended) = life;
    let (journal, _) =
        Journal::open_on(FaultDisk::default(), dir, SMALL).expect("what a crash leaves opens");
    drop(journal);
    let (survivors, torn) = read(dir, Seq(1)).expect("and is read");
    let known = [before.as_slice(), &acknowledged].concat();
    let possible = [before.as_slice(), &appended].concat();
    assert_eq!(torn, 0, "opening cut the torn tail off");
    assert!(known.len() <= survivors.len(), "{} of {}", survivors.len(), known.len());
    assert_eq!(survivors, possible[..survivors.len()], "nothing is invented or reordered");
    *before = survivors;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]
    #[test]
    fn an_acknowledged_record_survives_a_power_cut_at_any_operation(
        lives in prop::collection::vec(
            (
                prop::collection::vec(prop::collection::vec(1..200_usize, 1..4), 1..10),
                0..60_usize,
                prop::sample::select(vec![Fault::Crash, Fault::Error, Fault::Full]),
                prop::sample::select(vec![8_usize, 64, 512]),
                any::<u64>(),
            ),
            1..4,
        ),
    ) {
        let dir = tempfile::tempdir().expect("a directory");
        let mut before = Vec::new();
        for (groups, operation, fault, sector, seed) in lives {
            let disk = FaultDisk::failing_at(operation, fault);
            let life = work(disk.clone(), dir.path(), &groups);
            let mut state = seed | 1;
            disk.lose_power(sector, || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state & 64 == 0
            });
            check_survivors(dir.path(), &mut before, life);
        }
    }
}

#[test]
fn a_process_killed_at_any_operation_loses_nothing_that_it_acknowledged() {
    let groups: Vec<Vec<usize>> = (1..12).map(|group| vec![group * 13, 40]).collect();
    let whole = FaultDisk::default();
    let dir = tempfile::tempdir().expect("a directory");
    work(whole.clone(), dir.path(), &groups);
    let operations = whole.operations();
    assert!(30 < operations, "the table needs many operations, has {operations}");
    for operation in 0..operations {
        for fault in [Fault::Crash, Fault::Error, Fault::Full] {
            let dir = tempfile::tempdir().expect("a directory");
            let life = work(FaultDisk::failing_at(operation, fault), dir.path(), &groups);
            check_survivors(dir.path(), &mut Vec::new(), life);
        }
    }
}

#[test]
fn after_a_failed_sync_the_journal_says_so_and_refuses_everything() {
    // create, write header, sync, sync_dir, seal; then the group: write, sync.
    let dir = tempfile::tempdir().expect("a directory");
    let disk = FaultDisk::failing_at(6, Fault::Error);
    let (mut journal, _) = Journal::open_on(disk, dir.path(), Options::default()).expect("opens");
    append(&mut journal, &(Kind::Batch, Seq(1), 1, body(1, 8)));
    let error = journal.sync().expect_err("the sync fails").to_string();
    assert!(error.contains("records up to 0 are durable"), "{error}");
    assert!(error.contains("log-00000000000000000001.plim failed"), "{error}");
    let refused = journal.append(Kind::Batch, Seq(2), 1, &[1]).expect_err("refuses");
    assert!(matches!(refused, WriteError::Poisoned));
    assert!(matches!(journal.sync(), Err(WriteError::Poisoned)));
    assert!(matches!(journal.close(), Err(WriteError::Poisoned)));
}

#[test]
fn what_a_failed_sync_left_in_the_cache_is_written_again_before_it_is_read() {
    // The group's sync fails, and the kernel calls its pages clean; the process starts again and
    // replays them; then power is lost. What was replayed may have been told to somebody.
    let dir = tempfile::tempdir().expect("a directory");
    let disk = FaultDisk::failing_at(6, Fault::Error);
    let (mut journal, _) = Journal::open_on(disk.clone(), dir.path(), SMALL).expect("opens");
    let batch = (Kind::Batch, Seq(1), 1, body(1, 8));
    append(&mut journal, &batch);
    journal.sync().expect_err("the sync fails");
    drop(journal);
    disk.heal();
    let (journal, _) = Journal::open_on(disk.clone(), dir.path(), SMALL).expect("opens again");
    let replayed = read(dir.path(), Seq(1)).expect("reads").0;
    assert_eq!(replayed, [batch]);
    drop(journal);
    disk.lose_power(8, || true);
    assert_eq!(read(dir.path(), Seq(1)).expect("reads").0, replayed);
}
