//! The bytes of every format version, kept for ever in `fixtures/journal`.
//!
//! `UPDATE_EXPECT=1 cargo test -p journal golden` writes them where they are missing; a released
//! fixture is never rewritten.

use std::fs;
use std::path::{Path, PathBuf};

use types::Seq;

use super::{SMALL, append, body, files, read};
use crate::snapshot::{self, Fallback};
use crate::{Journal, Kind, Snapshot};

fn fixtures(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/journal").join(version)
}

/// The journal and the snapshot that the fixture of version 2 holds.
fn write_all(dir: &Path) {
    let (mut journal, _) = Journal::open(dir, SMALL).expect("opens");
    for seq in [1, 4, 7, 10] {
        let length = usize::try_from(seq * 9).expect("small");
        append(&mut journal, &(Kind::Batch, Seq(seq), 3, body(seq, length)));
        append(&mut journal, &(Kind::Root, Seq(seq + 2), 0, body(seq, 64)));
        journal.sync().expect("syncs");
    }
    journal.append_stamped(&body(13, 20), 2, &body(13, 41)).expect("appends");
    journal.append_stamped(&body(15, 24), 0, &[]).expect("appends");
    journal.sync().expect("syncs");
    journal.close().expect("closes");
    snapshot::store(dir, &state(body(3, 18))).expect("stores");
}

fn state(position: Vec<u8>) -> Snapshot {
    let (root, chain) = ([7; 32], [9; 32]);
    let (state, projections) = (body(1, 70), body(2, 33));
    Snapshot { seq: Seq(9), root, chain, state, projections, position }
}

#[test]
fn golden_bytes_are_written_today_as_in_version_2() {
    let dir = tempfile::tempdir().expect("a directory");
    write_all(dir.path());
    if std::env::var_os("UPDATE_EXPECT").is_some() && !fixtures("v2").exists() {
        fs::create_dir_all(fixtures("v2")).expect("makes");
        for path in files(dir.path()) {
            fs::copy(&path, fixtures("v2").join(path.file_name().expect("a name")))
                .expect("copies");
        }
    }
    let (ours, kept) = (files(dir.path()), files(&fixtures("v2")));
    assert_eq!((ours.len(), kept.len()), (4, 4));
    for (ours, kept) in ours.iter().zip(&kept) {
        assert_eq!(ours.file_name(), kept.file_name());
        assert!(fs::read(ours).expect("reads") == fs::read(kept).expect("reads"), "{kept:?}");
    }
}

type Row = (Kind, u64, u32);

fn rows(version: &str) -> (Vec<Row>, u64) {
    let (held, torn) = read(&fixtures(version), Seq(1)).expect("reads");
    (held.iter().map(|(kind, seq, count, _)| (*kind, seq.0, *count)).collect(), torn)
}

fn loaded(version: &str) -> Option<Snapshot> {
    snapshot::load_newest(&fixtures(version), Fallback::Refuse).expect("loads").snapshot
}

fn batches_and_marks() -> Vec<Row> {
    let seqs = [1, 4, 7, 10].into_iter();
    seqs.flat_map(|seq| [(Kind::Batch, seq, 3), (Kind::Root, seq + 2, 0)]).collect()
}

#[test]
fn golden_bytes_of_version_1_are_read_today() {
    assert_eq!(rows("v1"), (batches_and_marks(), 0));
    assert_eq!(loaded("v1"), Some(state(Vec::new())));
}

#[test]
fn golden_bytes_of_version_2_are_read_today() {
    let stamped = [(Kind::Stamp, 12, 0), (Kind::Batch, 13, 2), (Kind::Stamp, 14, 0)];
    assert_eq!(rows("v2"), ([batches_and_marks(), stamped.to_vec()].concat(), 0));
    assert_eq!(loaded("v2"), Some(state(body(3, 18))));
}
