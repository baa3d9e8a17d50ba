//! Disks that break their promise: which lost writes a log can tell from a power cut, and what
//! becomes of reads that fail.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use expect_test::expect;
use types::Seq;

use super::crash::work;
use super::disk::{FaultDisk, SECTOR};
use super::{SMALL, files, read, written};
use crate::recovery::check_on;
use crate::snapshot::{self, Fallback, Snapshot, SnapshotError};
use crate::{Journal, OpenError, OsDisk, ReadError, Reader, Source};

/// Groups whose sizes are below, around and above a sector.
fn groups() -> Vec<Vec<usize>> {
    (0..9).map(|group| vec![8 + group * 29 % 140, 40 + group * 53 % 120]).collect()
}

#[test]
fn a_lost_write_is_told_from_a_power_cut_once_something_later_is_synced() {
    let whole = FaultDisk::default();
    let dir = tempfile::tempdir().expect("a directory");
    work(whole.clone(), dir.path(), &groups());
    let (n_writes, n_operations) = (whole.writes(), whole.operations());
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for lost in 0..n_writes {
        for crash in 0..n_operations {
            let found = lose(lost, crash);
            *counts.entry(found).or_default() += 1;
        }
    }
    expect![[r#"
        {
            "exact": 968,
            "refused": 540,
            "short of the last group that was acknowledged": 26,
        }
    "#]]
    .assert_debug_eq(&counts);
}

/// Loses a write, then all power before some operation, and says what the next start has.
fn lose(lost: usize, crash: usize) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = FaultDisk::losing(lost, crash);
    let (acknowledged, appended) = work(disk.clone(), dir.path(), &groups());
    // Nothing survives that was not synced: a seal that survives tells more.
    disk.lose_power(SECTOR, || true);
    match Journal::open_on(FaultDisk::default(), dir.path(), SMALL) {
        Err(OpenError::Corrupt(_)) => "refused".into(),
        Err(error) => panic!("{error}"),
        Ok(_) => {
            let (survivors, _) = read(dir.path(), Seq(1)).expect("reads");
            assert_eq!(survivors, appended[..survivors.len()], "{lost} {crash}");
            let short = acknowledged.len().saturating_sub(survivors.len());
            // A group has two records.
            match short {
                0 => "exact".into(),
                1 | 2 => "short of the last group that was acknowledged".into(),
                _ => format!("short of {short} records: write {lost}, operation {crash}"),
            }
        }
    }
}

fn contents(dir: &Path) -> Vec<Vec<u8>> {
    files(dir).iter().map(|path| fs::read(path).expect("reads")).collect()
}

#[test]
fn a_log_that_cannot_be_read_does_not_open_and_is_not_changed() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = written(dir.path(), 14);
    let before = contents(dir.path());
    let disk = FaultDisk::default();
    check_on(&disk, dir.path()).expect("opens");
    let n_reads = disk.reads();
    assert!(4 < n_reads, "the table needs several segments, has {n_reads}");
    // One more than the check: the last segment is read again before it is written.
    for nth in 0..=n_reads {
        let disk = FaultDisk::not_reading(nth);
        let error = Journal::open_on(disk, dir.path(), SMALL).expect_err("does not open");
        assert!(matches!(error, OpenError::Disk { .. }), "{error}");
        assert_eq!(contents(dir.path()), before, "read {nth}");
    }
    for nth in 0..n_reads {
        let disk = FaultDisk::not_reading(nth);
        let mut reader = Reader::open_on(&disk, dir.path(), Seq(1)).expect("opens");
        let mut n_records = 0;
        let error = loop {
            match reader.next_record() {
                Ok(Some(_)) => n_records += 1,
                Ok(None) => panic!("an end in place of an error"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReadError::Disk { .. }), "{error}");
        assert!(n_records < held.len());
    }
    assert_eq!(read(dir.path(), Seq(1)).expect("reads").0, held);
}

#[test]
fn a_snapshot_that_cannot_be_read_is_not_passed_over_unasked() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut disk = FaultDisk::default();
    for seq in [3, 7] {
        let state = vec![u8::try_from(seq).expect("small"); 100];
        let (projections, position) = (Vec::new(), Vec::new());
        let (root, chain) = ([1; 32], [2; 32]);
        let made = Snapshot { seq: Seq(seq), root, chain, state, projections, position };
        snapshot::store_on(&mut disk, dir.path(), &made).expect("stores");
    }
    let load =
        |fallback| snapshot::load_newest_on(&FaultDisk::not_reading(0), dir.path(), fallback);
    let error = load(Fallback::Refuse).expect_err("does not read");
    assert!(matches!(error, SnapshotError::Disk { .. }), "{error}");
    let loaded = load(Fallback::Older).expect("falls back");
    assert_eq!(loaded.snapshot.map(|found| found.seq), Some(Seq(3)));
    assert!(matches!(loaded.skipped[..], [SnapshotError::Disk { .. }]));
}

#[test]
fn the_systems_disk_reads_what_is_there_or_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a");
    fs::write(&path, [1, 2, 3, 4]).expect("writes");
    let by_reference: &OsDisk = &OsDisk;
    assert_eq!(two_at(OsDisk, &path, 1).expect("reads"), [2, 3]);
    assert_eq!(two_at(by_reference, &path, 1).expect("reads"), [2, 3]);
    two_at(OsDisk, &path, 3).expect_err("the file ends");
    OsDisk.read(dir.path()).expect_err("a directory is no file");
}

fn two_at(disk: impl Source, path: &Path, offset: u64) -> io::Result<[u8; 2]> {
    let mut two = [0; 2];
    disk.read_at(path, &mut two, offset)?;
    Ok(two)
}
