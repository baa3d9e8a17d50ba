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
//! place among the batches, adds its own bytes, and stores it, on whatever thread it likes. At the
//! next start it gets those bytes back, and then the batches since.

use std::path::PathBuf;

use journal::snapshot::{self, Snapshot, SnapshotError};
use tokio::sync::oneshot;
use types::{Applied, Seq};

use crate::Committed;

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
    pub(crate) snapshot: Snapshot,
    /// Told when it is stored; dropped if it is not.
    pub(crate) stored: Option<oneshot::Sender<Seq>>,
}

impl PendingSnapshot {
    /// The last entry that it includes.
    pub fn seq(&self) -> Seq {
        self.snapshot.seq
    }

    /// Makes it durable with the follower's bytes, and removes older ones. It writes and syncs a
    /// file: not a thing for a thread that must not wait.
    pub fn store(mut self, projections: Vec<u8>) -> Result<(), SnapshotError> {
        self.snapshot.projections = projections;
        snapshot::store(&self.dir, &self.snapshot)?;
        if let Some(stored) = self.stored.take() {
            // Who has gone does not need to know.
            let _ = stored.send(self.snapshot.seq);
        }
        snapshot::prune(&self.dir, self.keep)
    }
}
