//! Shared by the tests: a small journal, and what it should hold.

mod crash;
mod cutting;
mod damage;
mod disk;
mod golden;
mod lies;
mod snapshots;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};

use types::Seq;

use crate::{Journal, Kind, Options, Reader};

/// Many segments with few records each.
pub(crate) const SMALL: Options = Options { segment_bytes: 640, reserve_bytes: 256 };

/// A record that a test expects: kind, seq, count, body.
pub(crate) type Held = (Kind, Seq, u32, Vec<u8>);

/// Bodies of all lengths around the alignment, none of them plain zeros.
pub(crate) fn body(seed: u64, length: usize) -> Vec<u8> {
    (0..length).map(|at| (seed as usize * 31 + at * 7) as u8 | 1).collect()
}

/// Writes `groups` groups of one or two batches and a mark, and kills the process.
pub(crate) fn written(dir: &Path, groups: u64) -> Vec<Held> {
    let (mut journal, _) = Journal::open(dir, SMALL).expect("opens");
    let mut held = Vec::new();
    for group in 0..groups {
        for record in 0..1 + group % 2 {
            let count = 1 + u32::try_from(group % 3).expect("small");
            let batch = (
                Kind::Batch,
                journal.next(),
                count,
                body(group + record, 9 + usize::try_from(group).expect("small") * 5 % 60),
            );
            append(&mut journal, &batch);
            held.push(batch);
        }
        if group % 4 == 1 {
            let root = (Kind::Root, Seq(journal.next().0 - 1), 0, body(group, 64));
            append(&mut journal, &root);
            held.push(root);
        }
        journal.sync().expect("syncs");
    }
    held
}

pub(crate) fn append<D: crate::Disk>(journal: &mut Journal<D>, held: &Held) {
    let (kind, seq, count, body) = held;
    journal.append(*kind, *seq, *count, body).expect("appends");
}

/// Everything that a reader gives, and the bytes of a torn tail.
pub(crate) fn read(dir: &Path, from: Seq) -> Result<(Vec<Held>, u64), String> {
    let mut reader = Reader::open(dir, from).map_err(|error| error.to_string())?;
    let mut held = Vec::new();
    while let Some(record) = reader.next_record().map_err(|error| error.to_string())? {
        held.push((record.kind, record.seq, record.count, record.body.to_vec()));
    }
    Ok((held, reader.torn().map_or(0, |torn| torn.bytes)))
}

/// A copy of the directory, to be damaged.
pub(crate) fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a directory");
    for path in files(from) {
        fs::copy(&path, to.path().join(path.file_name().expect("a name"))).expect("copies");
    }
    to
}

pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "plim"))
        .collect();
    paths.sort();
    paths
}
