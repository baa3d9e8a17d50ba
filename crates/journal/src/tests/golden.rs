//! The bytes of format version 1, kept for ever in `fixtures/journal/v1`.
//!
//! `UPDATE_EXPECT=1 cargo test -p journal golden` writes them where they are missing; a released
//! fixture is never rewritten.

use std::fs;
use std::path::{Path, PathBuf};

use types::Seq;

use super::{SMALL, append, body, files, read};
use crate::snapshot::{self, Fallback};
use crate::{Journal, Kind, Snapshot};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/journal/v1")
}

/// The journal and the snapshot that the fixture holds.
fn write_all(dir: &Path) {
    let (mut journal, _) = Journal::open(dir, SMALL).expect("opens");
    for seq in [1, 4, 7, 10] {
        let length = usize::try_from(seq * 9).expect("small");
        append(&mut journal, &(Kind::Batch, Seq(seq), 3, body(seq, length)));
        append(&mut journal, &(Kind::Root, Seq(seq + 2), 0, body(seq, 64)));
        journal.sync().expect("syncs");
    }
    journal.close().expect("closes");
    snapshot::store(dir, &state()).expect("stores");
}

fn state() -> Snapshot {
    let (root, chain) = ([7; 32], [9; 32]);
    Snapshot { seq: Seq(9), root, chain, state: body(1, 70), projections: body(2, 33) }
}

#[test]
fn golden_bytes_are_written_today_as_in_version_1() {
    let dir = tempfile::tempdir().expect("a directory");
    write_all(dir.path());
    if std::env::var_os("UPDATE_EXPECT").is_some() && !fixtures().exists() {
        fs::create_dir_all(fixtures()).expect("makes");
        for path in files(dir.path()) {
            fs::copy(&path, fixtures().join(path.file_name().expect("a name"))).expect("copies");
        }
    }
    let (ours, kept) = (files(dir.path()), files(&fixtures()));
    assert_eq!((ours.len(), kept.len()), (3, 3));
    for (ours, kept) in ours.iter().zip(&kept) {
        assert_eq!(ours.file_name(), kept.file_name());
        assert!(fs::read(ours).expect("reads") == fs::read(kept).expect("reads"), "{kept:?}");
    }
}

#[test]
fn golden_bytes_of_version_1_are_read_today() {
    let (held, torn) = read(&fixtures(), Seq(1)).expect("reads");
    let seqs: Vec<_> = held.iter().map(|(kind, seq, count, _)| (*kind, seq.0, *count)).collect();
    let expected = [1, 4, 7, 10]
        .into_iter()
        .flat_map(|seq| [(Kind::Batch, seq, 3), (Kind::Root, seq + 2, 0)])
        .collect::<Vec<_>>();
    assert_eq!((seqs, torn), (expected, 0));
    let loaded = snapshot::load_newest(&fixtures(), Fallback::Refuse).expect("loads");
    assert_eq!(loaded.snapshot, Some(state()));
}
