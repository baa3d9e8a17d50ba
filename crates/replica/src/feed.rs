//! What the follower gets, in the order of the log, from one thread.
//!
//! ```text
//!   Restored   Replayed*   Live   ( Applied | Snapshot )*        then the sink is dropped
//! ```
//! A replica of several also says what was not proposed, and may be restored again while it runs:
//! when it was so far behind that the leader sent it a snapshot.
//!
//! Projections (books, trades, orders by label …) are not part of the engine's state, so the
//! follower keeps them, and stores them beside the engine's snapshot: it gets the snapshot in its
//! place among the batches, adds its own bytes, and stores it, on a thread that may wait. At the
//! next start it gets those bytes back, and then the batches since.

use std::path::{Path, PathBuf};

use journal::snapshot::{self, Snapshot, SnapshotError};
use tokio::sync::{mpsc, oneshot};
use types::{Applied, Seq};

use crate::Committed;
use crate::beside::{Due, FailedCheck, NotStored};
use crate::restore::RestoreError;

/// One thing that the follower gets.
#[derive(Debug)]
pub enum Feed {
    /// First of all: what the follower stored with the snapshot that the start uses.
    Restored {
        /// The last entry that it includes; 0 without a snapshot.
        seq: Seq,
        /// The follower's bytes; empty without a snapshot.
        projections: Vec<u8>,
    },
    /// A batch from the log. Its tags are zero: its proposers are gone.
    Replayed(Committed<Applied>),
    /// What follows is new.
    Live,
    /// A batch that is durable and applied now.
    Applied(Committed<Applied>),
    /// The state after the last batch: add the projections and store it, or drop it.
    Snapshot(PendingSnapshot),
    /// Commands that were not proposed, and never will be.
    Refused {
        /// Their tags.
        tags: Vec<u64>,
        /// Why, in words for whoever asked.
        why: String,
    },
    /// Commands whose outcome this replica may never learn: they may have been proposed elsewhere.
    Unknown {
        /// Their tags.
        tags: Vec<u64>,
    },
}

/// A snapshot that lacks the follower's part.
#[derive(Debug)]
pub struct PendingSnapshot {
    pub(crate) dir: PathBuf,
    pub(crate) keep: usize,
    pub(crate) seq: Seq,
    pub(crate) state: State,
    /// Told when it is stored; dropped if it is not.
    pub(crate) stored: Option<oneshot::Sender<Seq>>,
    pub(crate) failed: mpsc::UnboundedSender<FailedCheck>,
}

/// The engine's part of it.
#[derive(Debug)]
pub(crate) enum State {
    /// To be made.
    Due(Due),
    /// Of a replica that has stopped.
    Whole(Snapshot),
}

impl PendingSnapshot {
    /// The last entry that it includes.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Makes it, checks it, makes it durable with the follower's bytes, and removes older ones. It
    /// reads the log, and writes and syncs a file, which may take many seconds where others need
    /// the processor: not a thing for a thread that must not wait.
    pub fn store(self, projections: Vec<u8>) -> Result<(), NotStored> {
        // What was due is held until it is stored, so that no other is asked for.
        let PendingSnapshot { dir, keep, seq, mut state, stored, failed } = self;
        let theirs = (projections, stored);
        let kept = match &mut state {
            State::Whole(snapshot) => keep_newest(&dir, keep, snapshot, theirs),
            State::Due(due) => {
                due.make().and_then(|mut made| keep_newest(&dir, keep, &mut made, theirs))
            }
        };
        if let Err(wrong @ (NotStored::Differs(_) | NotStored::Halted(_))) = &kept {
            // A replica that has stopped has nothing to stop.
            let _ = failed.send((seq, wrong.to_string()));
        }
        kept
    }
}

fn keep_newest(
    dir: &Path,
    keep: usize,
    snapshot: &mut Snapshot,
    (projections, stored): (Vec<u8>, Option<oneshot::Sender<Seq>>),
) -> Result<(), NotStored> {
    snapshot.projections = projections;
    let disk = |error: SnapshotError| NotStored::from(RestoreError::from(error));
    snapshot::store(dir, snapshot).map_err(disk)?;
    if let Some(stored) = stored {
        // Who has gone does not need to know.
        let _ = stored.send(snapshot.seq);
    }
    snapshot::prune(dir, keep).map_err(disk)
}
