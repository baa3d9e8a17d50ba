//! The one thread that has a domain's engine, on a replica of several.
//!
//! ```text
//!   Apply     a committed batch          ─▶ engine ─▶ sink: Applied, tags of this node's clients
//!   Snapshot  root and chain, in place    ─▶ sink: Snapshot, made beside and stored
//!   Install   a leader's snapshot        ─▶ another engine ─▶ sink: Restored
//!   Inspect   a look between two batches
//!   Refused   what was never proposed    ─▶ sink: Refused
//! ```
//! After each batch that passes a multiple of `root_entries` the state root is reported, at the
//! same entry on every node: batches are the same everywhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use engine::Engine;
use journal::snapshot::{self, Snapshot};
use tokio::sync::{mpsc, oneshot};
use types::planted::{self, Bug};
use types::{Applied, Command, Entry, Seq};

use super::reached::Reached;
use super::types::{Asked, Batch, SnapshotFile};
use super::wire::forward::RootReport;
use crate::batch::{self, Entries};
use crate::beside::{self, Snapshots};
use crate::feed::Feed;
use crate::queue::Inspection;
use crate::{Committed, restore};

/// What waits for the engine's thread at most.
pub const WORK_MAX: usize = 64;

/// What the thread is asked for.
pub(crate) enum Work {
    /// A batch, and the seq of its last entry by the log.
    Apply {
        batch: Batch,
        last: Option<Seq>,
    },
    Snapshot {
        position: Vec<u8>,
        done: oneshot::Sender<Seq>,
    },
    Install {
        received: SnapshotFile,
        done: oneshot::Sender<Result<(), io::Error>>,
    },
    Inspect(Inspection),
    /// Writes the state to a file of its own, as evidence.
    Keep {
        path: PathBuf,
        done: oneshot::Sender<()>,
    },
    Refused {
        tags: Vec<u64>,
        why: String,
    },
    Unknown {
        tags: Vec<u64>,
    },
    Stop,
}

/// What the thread is made of.
pub(crate) struct EngineThread<S> {
    pub(crate) engine: Engine,
    pub(crate) sink: S,
    /// This life of this node, as in `Asked::origin`.
    pub(crate) origin: u64,
    pub(crate) node: u64,
    pub(crate) snapshots: Snapshots,
    pub(crate) root_entries: u64,
    /// Told of each root.
    pub(crate) roots: mpsc::UnboundedSender<RootReport>,
    pub(crate) reached: Reached,
    #[cfg(test)]
    pub(crate) instead: std::sync::Arc<std::sync::Mutex<Option<types::Command>>>,
}

impl<S: FnMut(Feed)> EngineThread<S> {
    /// Runs until it is told to stop, or nobody can ask any more; gives the engine back.
    pub(crate) fn run(mut self, mut work: mpsc::Receiver<Work>) -> Engine {
        while let Some(next) = work.blocking_recv() {
            match next {
                Work::Apply { batch, last } => self.apply(&batch, last),
                Work::Snapshot { position, done } => self.snapshot(position, done),
                Work::Install { received, done } => {
                    let installed = self.install(&received);
                    // Who has gone does not need the answer.
                    let _ = done.send(installed);
                }
                Work::Inspect(look) => look(&mut self.engine),
                Work::Keep { path, done } => {
                    // A disk that refuses evidence does not keep the node from stopping.
                    let _ = fs::write(
                        path,
                        snapshot::encode(&beside::encode(&mut self.engine, Vec::new())),
                    );
                    let _ = done.send(());
                }
                Work::Refused { tags, why } => (self.sink)(Feed::Refused { tags, why }),
                Work::Unknown { tags } => (self.sink)(Feed::Unknown { tags }),
                Work::Stop => break,
            }
        }
        self.engine
    }

    /// # Panics
    /// If the batch does not decode (this build does not understand what another proposed), or if
    /// the engine has not come to where the log is: in both cases it must not go on.
    fn apply(&mut self, batch: &Batch, last: Option<Seq>) {
        let first = self.engine.seq().next();
        let entries = Entries::new(first, batch.count, &batch.body);
        let entries = entries.expect("a batch of the log has a time");
        let at = entries.at();
        #[cfg(test)]
        let entries = entries.map(|entry| entry.map(|entry| disturbed(&self.instead, entry)));
        let entries = entries.map(|entry| entry.map(diverged));
        let tag = |index| {
            let asked = batch.asked.get(index).filter(|asked: &&Asked| asked.origin == self.origin);
            asked.map_or(0, |asked| asked.tag)
        };
        let applied = batch::apply(&mut self.engine, at, entries, tag);
        let mut applied = applied.unwrap_or_else(|error| {
            let seq = self.engine.seq().next();
            panic!("this build does not know what entry {seq} says ({error}): start a newer build")
        });
        if planted::is(Bug::ApplyTwice) && self.opens_a_term(batch) {
            self.apply_again(batch, &mut applied);
        }
        let seq = self.engine.seq();
        assert!(last.is_none_or(|last| last == seq), "the log has come to {last:?}, not to {seq}");
        self.reached.note(&self.engine);
        (self.sink)(Feed::Applied(Committed::new(applied)));
        self.report_root(first);
    }

    /// Whether this node comes to lead with the batch, to plant a bug there.
    fn opens_a_term(&self, batch: &Batch) -> bool {
        let mut entries = Entries::new(Seq(1), batch.count, &batch.body).into_iter().flatten();
        let is_own = batch.asked.first().is_some_and(|asked| asked.origin == self.origin);
        is_own && matches!(entries.next(), Some(Ok(Entry { command: Command::StartTerm, .. })))
    }

    fn apply_again(&mut self, batch: &Batch, applied: &mut Applied) {
        let entries = Entries::new(self.engine.seq().next(), batch.count, &batch.body);
        for entry in entries.into_iter().flatten().flatten() {
            self.engine.apply(&entry, &mut applied.events);
        }
    }

    fn report_root(&mut self, first: Seq) {
        let seq = self.engine.seq();
        if (first.0 - 1) / self.root_entries == seq.0 / self.root_entries {
            return;
        }
        let (root, chain) = (self.engine.root(), self.engine.chain());
        // Nobody listens once the replica stops.
        let _ = self.roots.send(RootReport { node: self.node, seq, root, chain });
    }

    fn snapshot(&mut self, position: Vec<u8>, done: oneshot::Sender<Seq>) {
        let pending = self.snapshots.ask(&mut self.engine, position, Some(done));
        (self.sink)(Feed::Snapshot(pending));
    }

    /// Takes a snapshot that was received in the place of everything.
    fn install(&mut self, received: &SnapshotFile) -> Result<(), io::Error> {
        // One that is in the making is of a state before this one, and the log of it will go.
        self.snapshots.abandon();
        let Snapshots { dir, domain, keep, .. } = &self.snapshots;
        let name = snapshot::file_name(received.seq);
        let path = received.dir.join(&name);
        let loaded = snapshot::load(received.seq, &path).map_err(io::Error::other)?;
        let engine = restore::revive(&received.dir, *domain, &loaded);
        self.engine = engine.map_err(io::Error::other)?;
        if received.dir != *dir {
            move_into(&path, dir, &name)?;
        }
        snapshot::prune(dir, *keep).map_err(io::Error::other)?;
        self.reached.note(&self.engine);
        let Snapshot { seq, projections, .. } = loaded;
        (self.sink)(Feed::Restored { seq, projections });
        Ok(())
    }
}

/// An entry as a node with [`Bug::Diverge`] applies it; everywhere else as it stands in the log.
fn diverged(mut entry: Entry) -> Entry {
    let is_here = || {
        let from = std::env::var("PLIMSOLL_PLANTED_FROM");
        from.map_or(true, |from| from.parse().is_ok_and(|from: u64| from <= entry.seq.0))
    };
    if planted::is(Bug::Diverge)
        && is_here()
        && let Command::PlaceOrder(order) = &mut entry.command
    {
        order.size.0 += 1;
    }
    entry
}

/// Another command in this one's place, as a fault of the machine would have it.
#[cfg(test)]
fn disturbed(
    instead: &std::sync::Mutex<Option<types::Command>>,
    entry: types::Entry,
) -> types::Entry {
    let command = instead.lock().expect("a test holds it for an instant").take();
    types::Entry { command: command.unwrap_or(entry.command), ..entry }
}

fn move_into(path: &Path, dir: &Path, name: &str) -> Result<(), io::Error> {
    fs::rename(path, dir.join(name))?;
    fs::File::open(dir)?.sync_all()
}
