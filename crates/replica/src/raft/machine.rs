//! The engine behind Raft: what openraft calls, and the thread that does it.
//!
//! ```text
//!   openraft ─▶ Machine (its task) ─▶ bounded channel ─▶ EngineThread: apply ─▶ sink
//!                 apply, snapshot, install                 inspections, roots
//! ```
//! [`Machine::apply`] hands an entry over and answers at once: whoever waits for an outcome gets
//! it from the sink, by tag, on whatever node asked. The channel keeps the order, so a snapshot
//! that is asked for after an entry includes it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{Stream, StreamExt};
use openraft::alias::SnapshotOf;
use openraft::entry::EntryPayload;
use openraft::storage::{EntryResponder, RaftSnapshotBuilder, RaftStateMachine, Snapshot};
use tokio::sync::{mpsc, oneshot};
use types::Seq;
use types::codec::{DecodeError, Reader};

use super::engine_thread::Work;
use super::log::Log;
use super::types::{LogId, SnapshotFile, SnapshotMeta, StoredMembership, Types};
use super::wire;

/// A snapshot as openraft passes it on.
type Held = SnapshotOf<Types, SnapshotFile>;

/// The state machine of a domain.
#[derive(Debug)]
pub struct Machine {
    dir: PathBuf,
    log: Log,
    work: mpsc::Sender<Work>,
    applied: Option<LogId>,
    membership: StoredMembership,
    current: Current,
}

/// The newest snapshot that is stored. Its file is large, and is not read to know this.
type Current = Arc<Mutex<Option<Held>>>;

/// Waits for a snapshot that the engine's thread has been asked for.
#[derive(Debug)]
pub struct Builder {
    dir: PathBuf,
    meta: SnapshotMeta,
    stored: oneshot::Receiver<Seq>,
    current: Current,
}

/// Where a replica of several is in its log: what a snapshot has as its position.
pub(crate) fn position(meta: &SnapshotMeta) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::log::encode_snapshot_meta(meta, &mut bytes);
    bytes
}

/// Reads the position of a snapshot.
pub(crate) fn meta_of(position: &[u8]) -> Result<SnapshotMeta, DecodeError> {
    let mut reader = Reader::new(position);
    let meta = wire::log::decode_snapshot_meta(&mut reader)?;
    reader.finish()?;
    Ok(meta)
}

impl Machine {
    /// A machine whose engine has what `meta` says, by the snapshot after entry `seq`, if any.
    pub(crate) fn new(
        dir: PathBuf,
        log: Log,
        work: mpsc::Sender<Work>,
        (meta, seq): (SnapshotMeta, Option<Seq>),
    ) -> Machine {
        let current = seq.map(|seq| held(&dir, &meta, seq));
        let SnapshotMeta { last_log_id: applied, last_membership: membership } = meta;
        Machine { dir, log, work, applied, membership, current: Arc::new(Mutex::new(current)) }
    }

    fn meta(&self) -> SnapshotMeta {
        let (last_log_id, last_membership) = (self.applied, self.membership.clone());
        SnapshotMeta { last_log_id, last_membership }
    }

    async fn hand_over(&self, work: Work) -> Result<(), io::Error> {
        self.work.send(work).await.map_err(|_| io::Error::other("the engine's thread has stopped"))
    }
}

fn held(dir: &Path, meta: &SnapshotMeta, seq: Seq) -> Held {
    Snapshot { meta: meta.clone(), snapshot: SnapshotFile { dir: dir.to_path_buf(), seq } }
}

/// Nothing stops half way while it is held.
fn lock(current: &Current) -> MutexGuard<'_, Option<Held>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotData = SnapshotFile;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<Types>, io::Error>> + Unpin + Send,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            self.applied = Some(entry.log_id);
            match entry.payload {
                EntryPayload::Blank => {}
                EntryPayload::Membership(members) => {
                    self.membership = StoredMembership::new(self.applied, members);
                }
                EntryPayload::Normal(batch) => {
                    let last = self.log.last_seq_of(entry.log_id);
                    self.hand_over(Work::Apply { batch, last }).await?;
                }
            }
            self.log.note_applied(entry.log_id);
            if let Some(responder) = responder {
                responder.send(());
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        let (done, stored) = oneshot::channel();
        let meta = self.meta();
        // It is made from the files, and an entry may be committed before it is on this node's
        // disk. A disk that fails stops the node elsewhere.
        let _ = self.log.flush().await;
        // A thread that has stopped drops what it is asked, and the builder says so.
        let _ = self.hand_over(Work::Snapshot { position: position(&meta), done }).await;
        Builder { dir: self.dir.clone(), meta, stored, current: self.current.clone() }
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        received: SnapshotFile,
    ) -> Result<(), io::Error> {
        let seq = received.seq;
        if let Some(last) = meta.last_log_id {
            self.log.note_snapshot(last, seq);
        }
        let (done, installed) = oneshot::channel();
        self.hand_over(Work::Install { received, done }).await?;
        let stopped = |_| io::Error::other("the engine's thread has stopped");
        installed.await.map_err(stopped)??;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        *lock(&self.current) = Some(held(&self.dir, meta, seq));
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Held>, io::Error> {
        Ok(lock(&self.current).clone())
    }
}

impl RaftSnapshotBuilder<Types> for Builder {
    type SnapshotData = SnapshotFile;

    async fn build_snapshot(&mut self) -> Result<Held, io::Error> {
        let Ok(seq) = (&mut self.stored).await else {
            // Whoever stores it has said why not. That there is a snapshot of nothing is no news to
            // openraft, and an error would stop the node.
            let meta = SnapshotMeta { last_log_id: None, ..self.meta.clone() };
            return Ok(held(&self.dir, &meta, Seq(0)));
        };
        let stored = held(&self.dir, &self.meta, seq);
        let mut current = lock(&self.current);
        // One that a leader sent meanwhile is newer.
        if current.as_ref().is_none_or(|held| held.meta.last_log_id < stored.meta.last_log_id) {
            *current = Some(stored.clone());
        }
        Ok(stored)
    }
}
