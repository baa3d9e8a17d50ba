//! From files to the state that was: the newest snapshot, then the log from there.
//!
//! Every claim about the state is checked: the snapshot's root and chain against the decoded
//! engine, and each root mark of the log against the engine when it gets there.

use std::path::{Path, PathBuf};

use engine::Engine;
use journal::snapshot::{self, Fallback, Snapshot, SnapshotError};
use journal::{Kind, OsDisk, ReadError, Reader, Record, Source};
use types::codec::{Codec, DecodeError};
use types::planted::{self, Bug};
use types::{Applied, AssetCode, Seq};

use crate::batch::{self, Entries, Mark};
use crate::{Committed, Feed};

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the newest snapshot; a damaged one is an error.
    Newest,
    /// At the newest snapshot that is whole.
    NewestWhole,
    /// At the first entry, without a snapshot.
    Genesis,
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries applied.
    pub entries: u64,
    /// Bytes of the log read.
    pub bytes_done: u64,
    /// Bytes of the log to read; the reserve at its end counts.
    pub bytes_total: u64,
}

/// Why the state cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The log.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Whole bytes that this build does not understand.
    #[error(
        "{place}, entry {seq}: {source}. The bytes are the ones that were written: use the build \
         that wrote them, or a later one"
    )]
    Decode {
        /// Which file.
        place: String,
        /// The first entry of the batch, or the seq of the mark or the snapshot.
        seq: Seq,
        /// What does not decode.
        source: DecodeError,
    },
    /// Replay gives another state than there was.
    #[error(transparent)]
    Diverged(#[from] Box<Divergence>),
    /// The directory is another domain's.
    #[error(
        "{dir} holds the domain of {found} with {found_decimals} decimals, {asset} with {decimals} \
         is asked for: name the directory of that domain", dir = dir.display()
    )]
    OtherDomain {
        /// The directory.
        dir: PathBuf,
        /// Settlement asset of the snapshot.
        found: AssetCode,
        /// Its decimals.
        found_decimals: u8,
        /// Settlement asset that is asked for.
        asset: AssetCode,
        /// Its decimals.
        decimals: u8,
    },
    /// The log ends before the snapshot.
    #[error(
        "the log in {dir} ends with entry {last}, the snapshot includes entry {snapshot}: the end \
         of the log is missing. Restore the log from a backup or a peer", dir = dir.display()
    )]
    LogShort {
        /// The directory.
        dir: PathBuf,
        /// Last entry of the log.
        last: Seq,
        /// Last entry of the snapshot.
        snapshot: Seq,
    },
}

/// Replay gives another state than there was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{place} in {dir} says that after entry {seq} the {what} was {expected}, and it is {found}: \
     this build does not apply the log as the one that wrote it. Use that build, or restore the \
     directory from a backup", expected = Hex(expected), found = Hex(found), dir = dir.display()
)]
pub struct Divergence {
    /// The directory.
    pub dir: PathBuf,
    /// Which file says it.
    pub place: String,
    /// After which entry.
    pub seq: Seq,
    /// Root or chain.
    pub what: &'static str,
    /// What the file says.
    pub expected: [u8; 32],
    /// What it is.
    pub found: [u8; 32],
}

/// A hash as people read it.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8; 32]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What was restored.
pub struct Restored {
    /// The state.
    pub engine: Engine,
    /// The snapshot's seq; 0 without one.
    pub snapshot: Seq,
    /// How much was replayed.
    pub progress: Progress,
    /// Newer snapshots that are damaged.
    pub skipped: Vec<SnapshotError>,
}

/// Restores the state of the domain in `dir`, and feeds the follower what it needs for its own.
pub fn restore(
    dir: &Path,
    domain: (AssetCode, u8),
    start: Start,
    sink: &mut dyn FnMut(Feed),
    progress: &mut dyn FnMut(Progress),
) -> Result<Restored, RestoreError> {
    restore_on(&OsDisk, dir, domain, start, sink, progress)
}

/// The same, of what `source` has.
pub fn restore_on<S: Source>(
    source: &S,
    dir: &Path,
    domain: (AssetCode, u8),
    start: Start,
    sink: &mut dyn FnMut(Feed),
    progress: &mut dyn FnMut(Progress),
) -> Result<Restored, RestoreError> {
    let loaded = match start {
        Start::Newest => snapshot::load_newest_on(source, dir, Fallback::Refuse)?,
        Start::NewestWhole => snapshot::load_newest_on(source, dir, Fallback::Older)?,
        Start::Genesis => snapshot::Loaded::default(),
    };
    let (asset, decimals) = domain;
    let (engine, seq, projections) = match loaded.snapshot {
        None => (Engine::new(asset, decimals), Seq(0), Vec::new()),
        Some(snapshot) => (revive(dir, domain, &snapshot)?, snapshot.seq, snapshot.projections),
    };
    sink(Feed::Restored { seq, projections });
    let mut replay = Replay { source, dir, engine, progress: Progress::default() };
    replay.run(sink, progress)?;
    let Replay { engine, progress, .. } = replay;
    Ok(Restored { engine, snapshot: seq, progress, skipped: loaded.skipped })
}

/// The engine of a snapshot, if it is the one that was stored.
pub fn revive(
    dir: &Path,
    domain: (AssetCode, u8),
    snapshot: &Snapshot,
) -> Result<Engine, RestoreError> {
    let place = snapshot::file_name(snapshot.seq);
    let decode = |source| RestoreError::Decode { place: place.clone(), seq: snapshot.seq, source };
    let mut engine = Engine::from_bytes(&snapshot.state).map_err(decode)?;
    if engine.asset() != domain {
        let ((found, found_decimals), (asset, decimals)) = (engine.asset(), domain);
        let dir = dir.to_path_buf();
        return Err(RestoreError::OtherDomain { dir, found, found_decimals, asset, decimals });
    }
    let mark = Mark { root: snapshot.root, chain: snapshot.chain };
    check(dir, &place, &mut engine, mark)?;
    Ok(engine)
}

/// The state is the one that a mark names.
fn check(dir: &Path, place: &str, engine: &mut Engine, mark: Mark) -> Result<(), RestoreError> {
    let seq = engine.seq();
    let claims = [("root", mark.root, engine.root()), ("chain", mark.chain, engine.chain())];
    match claims.into_iter().find(|(_, expected, found)| expected != found) {
        None => Ok(()),
        Some((what, expected, found)) => {
            let (dir, place) = (dir.to_path_buf(), place.to_owned());
            let divergence = Divergence { dir, place, seq, what, expected, found };
            Err(Box::new(divergence).into())
        }
    }
}

struct Replay<'a, S> {
    source: &'a S,
    dir: &'a Path,
    engine: Engine,
    progress: Progress,
}

impl<S: Source> Replay<'_, S> {
    fn run(
        &mut self,
        sink: &mut dyn FnMut(Feed),
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), RestoreError> {
        let snapshot = self.engine.seq();
        let is_behind = snapshot != Seq(0) && planted::is(Bug::ReplaySkipsFirst);
        let from = if is_behind { snapshot.next().next() } else { snapshot.next() };
        let mut reader = Reader::open_on(self.source, self.dir, from)?;
        self.progress.bytes_total = reader.bytes_total();
        loop {
            let place = reader.place().0;
            let Some(record) = reader.next_record()? else { break };
            match record.kind {
                Kind::Batch => {
                    self.progress.entries += u64::from(record.count);
                    let applied = apply(&mut self.engine, &place, record)?;
                    sink(Feed::Replayed(Committed::new(applied)));
                }
                Kind::Root => self.check_mark(&place, record)?,
                // Who ordered it does not matter to what it does.
                Kind::Stamp | Kind::Seal => {}
            }
            self.progress.bytes_done = reader.bytes_done();
            report(self.progress);
        }
        let last = Seq(reader.next().0 - 1);
        if last < snapshot {
            return Err(RestoreError::LogShort { dir: self.dir.to_path_buf(), last, snapshot });
        }
        Ok(())
    }

    fn check_mark(&mut self, place: &str, record: Record<'_>) -> Result<(), RestoreError> {
        let seq = record.seq;
        if seq != self.engine.seq() {
            return Ok(());
        }
        let decode = |source| RestoreError::Decode { place: place.to_owned(), seq, source };
        let mark = Mark::decode(record.body).map_err(decode)?;
        check(self.dir, place, &mut self.engine, mark)
    }
}

/// Applies a batch of the log, which is in the file `place`.
pub(crate) fn apply(
    engine: &mut Engine,
    place: &str,
    record: Record<'_>,
) -> Result<Applied, RestoreError> {
    let seq = record.seq;
    let decode = |source| RestoreError::Decode { place: place.to_owned(), seq, source };
    let entries = Entries::new(seq, record.count, record.body).map_err(decode)?;
    batch::apply(engine, entries.at(), entries, |_| 0).map_err(decode)
}
