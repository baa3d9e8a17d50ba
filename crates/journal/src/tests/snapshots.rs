//! Snapshots: whole or refused.

use std::fs;
use std::path::Path;

use types::Seq;

use super::disk::{Fault, FaultDisk};
use super::{SMALL, body, files};
use crate::snapshot::{self, CHUNK_BYTES, Fallback, HEADER_BYTES, SnapshotFlaw};
use crate::{Journal, Snapshot};

fn state(seq: u64, length: usize) -> Snapshot {
    let (root, chain) = ([1; 32], [2; 32]);
    let (state, projections) = (body(seq, length), body(seq, 40));
    let position = vec![3; usize::try_from(seq % 3).expect("small")];
    Snapshot { seq: Seq(seq), root, chain, state, projections, position }
}

fn newest(dir: &Path) -> Option<Snapshot> {
    snapshot::load_newest(dir, Fallback::Refuse).expect("loads").snapshot
}

#[test]
fn the_newest_is_loaded_and_older_ones_are_pruned() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(newest(dir.path()), None);
    for (seq, length) in [(5, 0), (9, 100), (12, CHUNK_BYTES - 40), (20, 2 * CHUNK_BYTES + 5)] {
        snapshot::store(dir.path(), &state(seq, length)).expect("stores");
        assert!(newest(dir.path()) == Some(state(seq, length)), "{seq}");
    }
    let part = dir.path().join("snap-00000000000000000099.plim.part");
    fs::write(&part, [1]).expect("writes");
    snapshot::prune(dir.path(), 2).expect("prunes");
    let kept: Vec<_> =
        snapshot::list(dir.path()).expect("lists").into_iter().map(|s| s.0).collect();
    assert_eq!(kept, [Seq(12), Seq(20)]);
    // Somebody may be writing it, until the directory is opened by who alone may.
    assert!(part.exists());
    Journal::open(dir.path(), SMALL).expect("opens");
    assert!(!part.exists());
}

#[test]
fn a_snapshot_that_is_not_stored_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut disk = FaultDisk::failing_at(3, Fault::Error);
    snapshot::store_on(&mut disk, dir.path(), &state(8, 60)).expect_err("there is no room");
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 0);
}

#[test]
fn every_changed_byte_and_every_cut_is_an_error_and_the_older_one_is_used_only_on_request() {
    let dir = tempfile::tempdir().expect("a directory");
    snapshot::store(dir.path(), &state(3, 50)).expect("stores");
    snapshot::store(dir.path(), &state(8, 60)).expect("stores");
    let path = files(dir.path()).pop().expect("a snapshot");
    let bytes = fs::read(&path).expect("reads");
    let mut damaged: Vec<Vec<u8>> = (0..bytes.len()).map(|cut| bytes[..cut].to_vec()).collect();
    damaged.push([bytes.as_slice(), &[0]].concat());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        damaged.push(changed);
    }
    for bytes in damaged {
        fs::write(&path, &bytes).expect("writes");
        let error = snapshot::load_newest(dir.path(), Fallback::Refuse).expect_err("refuses");
        let text = error.to_string();
        assert!(text.starts_with("snap-00000000000000000008.plim is damaged at byte "), "{text}");
        let loaded = snapshot::load_newest(dir.path(), Fallback::Older).expect("falls back");
        assert_eq!(loaded.snapshot, Some(state(3, 50)));
        assert_eq!(loaded.skipped.len(), 1);
    }
}

#[test]
fn a_crash_while_storing_leaves_the_old_one_or_the_new_one() {
    // Create; write and sync the header, then the chunk; rename, and sync that.
    for operation in 0..7 {
        for survives in [true, false] {
            let dir = tempfile::tempdir().expect("a directory");
            snapshot::store(dir.path(), &state(3, 50)).expect("stores");
            let mut disk = FaultDisk::failing_at(operation, Fault::Crash);
            snapshot::store_on(&mut disk, dir.path(), &state(8, 60)).expect_err("crashes");
            disk.lose_power(8, || survives);
            let found = newest(dir.path()).expect("one is there");
            assert!([state(3, 50), state(8, 60)].contains(&found));
        }
    }
}

#[test]
fn no_more_than_a_chunk_waits_for_a_sync_at_a_time() {
    let large = state(8, 4 * CHUNK_BYTES);
    let mut most = 0;
    // Create, then a write and a sync of the header and of each of five chunks.
    for operation in 0..13 {
        let dir = tempfile::tempdir().expect("a directory");
        let mut disk = FaultDisk::failing_at(operation, Fault::Crash);
        snapshot::store_on(&mut disk, dir.path(), &large).expect_err("crashes");
        most = most.max(disk.unsynced());
    }
    // The disk crashes half way through a write: of a chunk and its checksum.
    assert_eq!(most, (CHUNK_BYTES + 4) / 2);
}

#[test]
fn the_newest_is_kept_however_few_are_asked_for_and_files_of_others_stay() {
    let dir = tempfile::tempdir().expect("a directory");
    for seq in [5, 9, 12] {
        snapshot::store(dir.path(), &state(seq, 10)).expect("stores");
    }
    let others = ["snap-7.part", "other-00000000000000000007.plim.part", "snap-1.plim"];
    for name in others {
        fs::write(dir.path().join(name), [1]).expect("writes");
    }
    snapshot::prune(dir.path(), 0).expect("prunes");
    let kept: Vec<_> = snapshot::list(dir.path()).expect("lists").iter().map(|s| s.0).collect();
    assert_eq!(kept, [Seq(12)]);
    Journal::open(dir.path(), SMALL).expect("opens");
    others.iter().for_each(|name| assert!(dir.path().join(name).exists(), "{name}"));
}

#[test]
fn a_header_says_what_it_is_of() {
    let whole = snapshot::encode(&state(3, 50));
    let changed = |at: usize, value: u64| {
        let mut bytes = whole.clone();
        let width = if at == 8 { 4 } else { 8 };
        bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..HEADER_BYTES]);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        snapshot::decode(&bytes, Seq(3)).err()
    };
    let found = whole.len() as u64;
    let length = |expected| Some((0, SnapshotFlaw::Length { found, expected }));
    assert_eq!(changed(8, 1), None);
    assert_eq!(changed(8, 2), None);
    assert_eq!(changed(8, 0), Some((0, SnapshotFlaw::Version { found: 0 })));
    assert_eq!(changed(8, 3), Some((0, SnapshotFlaw::Version { found: 3 })));
    assert_eq!(changed(16, 4), Some((0, SnapshotFlaw::Name { found: Seq(4), named: Seq(3) })));
    assert_eq!(changed(88, 51), length(found + 1));
    assert_eq!(changed(96, 39), length(found - 1));
    // As many bytes as the file has, of which a header is none; and more than any file has.
    assert_eq!(changed(88, found - 40), length(found + 112 + 4));
    assert_eq!(changed(88, u64::MAX), length(u64::MAX));
}

#[test]
fn the_chunk_that_is_damaged_is_named_with_its_place() {
    let whole = snapshot::encode(&state(3, 2 * CHUNK_BYTES + 5));
    for chunk in 0..3 {
        let begin = HEADER_BYTES + chunk * (CHUNK_BYTES + 4);
        let mut bytes = whole.clone();
        bytes[begin + 1] ^= 1;
        let (offset, flaw) = snapshot::decode(&bytes, Seq(3)).expect_err("it is damaged");
        assert_eq!(offset, begin as u64);
        let is_named =
            matches!(flaw, SnapshotFlaw::Chunk { chunk: named, .. } if named == chunk as u64);
        assert!(is_named, "{flaw}");
    }
}
