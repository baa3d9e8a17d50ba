//! A snapshot is made beside the engine that runs, from what is on disk.
//!
//! ```text
//!   engine's thread   batch │ batch │ seq, root, chain │ batch │ batch …     it does not wait
//!                                          ▼
//!   this thread   newest snapshot ─▶ log since, up to seq ─▶ the same root and chain?
//!                                                              │ yes          │ no
//!                                        invariants hold? encode, store     nothing is stored,
//!                                                                           the replica stops
//! ```
//! To encode the state takes a quarter of a second for a million orders, and whoever trades would
//! wait for it. So another engine is made from the newest snapshot that is stored, and goes the way
//! that the first one went; it lives no longer than that. It goes a millisecond and rests one
//! (`Pace`).
//!
//! What holds:
//! 1. The log has every entry since the newest snapshot: it is cut behind a stored one only.
//! 2. Whoever asks has made the log durable up to the entry, and committed entries stay as they
//!    are. So what is read is what was applied, whatever is appended meanwhile.
//! 3. A snapshot is stored only if it has the root and the chain that the engine had there. Where
//!    they differ, either the engine is wrong or no start will come to its state again: the replica
//!    is told, and stops.
//! 4. A stored snapshot's state keeps the invariants of the engine ([`Engine::check`]): this is
//!    where production looks at all of them, once for each snapshot.
//! 5. One at most is in the making. It is given up when the replica stops, or takes another's.
//!
//! It does not know when a snapshot is due, and it does not make the follower's part.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use engine::Engine;
use journal::snapshot::{self, Fallback, Snapshot};
use journal::{Kind, Reader};
use tokio::sync::{mpsc, oneshot};
use types::codec::Codec;
use types::{AssetCode, Seq};

use crate::batch::Mark;
use crate::feed::{PendingSnapshot, State};
use crate::restore::{self, Hex, RestoreError};
use crate::solo::{Config, panic_text};

/// Why a snapshot is not stored.
#[derive(Debug, thiserror::Error)]
pub enum NotStored {
    /// Nobody needs it any more: the replica stops, or has taken a leader's.
    #[error("the replica does not need it any more")]
    Abandoned,
    /// What is on disk gives another state than the engine has.
    #[error(transparent)]
    Differs(#[from] Box<SnapshotDiffers>),
    /// A snapshot or the log cannot be read, or the new one not be written.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A check inside the engine failed while it went over the log.
    #[error("a check failed while it was made: {0}")]
    Halted(String),
}

/// What is on disk gives another state than the engine has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "after entry {seq} the engine that runs had root {} and chain {}, and the snapshot after entry \
     {from} with the log since gives root {} and chain {}: one of the two is wrong, so nothing is \
     stored, and the replica stops. Keep {dir} as evidence, and restore it from a backup or a peer",
    Hex(&engine.root), Hex(&engine.chain), Hex(&made.root), Hex(&made.chain), dir = dir.display()
)]
pub struct SnapshotDiffers {
    /// The directory.
    pub dir: PathBuf,
    /// The last entry of the snapshot that was begun with; 0 for none.
    pub from: Seq,
    /// After which entry.
    pub seq: Seq,
    /// What the engine had.
    pub engine: Mark,
    /// What was made.
    pub made: Mark,
}

/// Asks for the snapshots of a replica.
#[derive(Debug)]
pub(crate) struct Snapshots {
    pub(crate) dir: PathBuf,
    pub(crate) domain: (AssetCode, u8),
    pub(crate) keep: usize,
    /// The one in the making looks whether this is still there.
    needed: Arc<()>,
    failed: mpsc::UnboundedSender<FailedCheck>,
}

/// After which entry the replica is wrong, and how.
pub(crate) type FailedCheck = (Seq, String);

/// A snapshot to be made.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) dir: PathBuf,
    pub(crate) domain: (AssetCode, u8),
    pub(crate) seq: Seq,
    /// What the engine had after that entry.
    pub(crate) engine: Mark,
    pub(crate) position: Vec<u8>,
    /// Held until it is stored or given up.
    pub(crate) needed: Weak<()>,
}

impl Snapshots {
    /// Of a replica, which is to stop when it is told of a failed check.
    pub(crate) fn new(config: &Config) -> (Snapshots, mpsc::UnboundedReceiver<FailedCheck>) {
        let (failed, told) = mpsc::unbounded_channel();
        let (dir, domain) = (config.dir.clone(), (config.asset, config.decimals));
        let (keep, needed) = (config.snapshots_keep, Arc::default());
        (Snapshots { dir, domain, keep, needed, failed }, told)
    }

    /// None is in the making.
    pub(crate) fn is_idle(&self) -> bool {
        Arc::weak_count(&self.needed) == 0
    }

    /// The one in the making is not needed any more.
    pub(crate) fn abandon(&mut self) {
        self.needed = Arc::default();
    }

    /// One of the state that the engine has now. Costs what the root costs.
    pub(crate) fn ask(
        &self,
        engine: &mut Engine,
        position: Vec<u8>,
        stored: Option<oneshot::Sender<Seq>>,
    ) -> PendingSnapshot {
        let (dir, domain, seq) = (self.dir.clone(), self.domain, engine.seq());
        let (engine, needed) = (Mark::of(engine), Arc::downgrade(&self.needed));
        let due = Due { dir, domain, seq, engine, position, needed };
        self.pending(seq, State::Due(due), stored)
    }

    /// One of an engine that goes no further: it is encoded here.
    pub(crate) fn last(&self, engine: &mut Engine) -> PendingSnapshot {
        self.pending(engine.seq(), State::Whole(encode(engine, Vec::new())), None)
    }

    fn pending(
        &self,
        seq: Seq,
        state: State,
        stored: Option<oneshot::Sender<Seq>>,
    ) -> PendingSnapshot {
        let (dir, keep, failed) = (self.dir.clone(), self.keep, self.failed.clone());
        PendingSnapshot { dir, keep, seq, state, stored, failed }
    }
}

/// The state that an engine has, without the follower's part.
pub(crate) fn encode(engine: &mut Engine, position: Vec<u8>) -> Snapshot {
    let mut state = Vec::new();
    engine.encode(&mut state);
    let (seq, Mark { root, chain }) = (engine.seq(), Mark::of(engine));
    Snapshot { seq, root, chain, state, projections: Vec::new(), position }
}

/// How long it works, and then rests.
const SLICE: Duration = Duration::from_millis(1);

/// Leaves the processor to others again and again.
///
/// Not by a low priority: a thread that never rests in a group of others that wake and sleep, as
/// those of a replica do, has been seen to keep all other groups of the machine waiting for seconds
/// the nicer it was, and the kernel's threads that finish a sync with them.
struct Pace {
    since: Instant,
}

impl Pace {
    fn begin() -> Pace {
        Pace { since: Instant::now() }
    }

    fn rest_if_due(&mut self) {
        if SLICE <= self.since.elapsed() {
            thread::sleep(SLICE);
            self.since = Instant::now();
        }
    }
}

impl Due {
    /// Makes the state, if what is on disk gives the one that the engine had.
    pub(crate) fn make(&self) -> Result<Snapshot, NotStored> {
        // The other engine is dropped with the panic, and nothing else is changed.
        let made = catch_unwind(AssertUnwindSafe(|| self.go()));
        made.unwrap_or_else(|panic| Err(NotStored::Halted(panic_text(panic.as_ref()))))
    }

    fn go(&self) -> Result<Snapshot, NotStored> {
        let mut engine = self.begin()?;
        let from = engine.seq();
        self.follow(&mut engine)?;
        let made = Mark::of(&mut engine);
        if made != self.engine {
            let (dir, seq, engine) = (self.dir.clone(), self.seq, self.engine);
            return Err(Box::new(SnapshotDiffers { dir, from, seq, engine, made }).into());
        }
        self.check_invariants(&engine)?;
        Ok(encode(&mut engine, self.position.clone()))
    }

    /// The engine of the newest snapshot that is whole, or a new one.
    fn begin(&self) -> Result<Engine, NotStored> {
        let loaded = snapshot::load_newest(&self.dir, Fallback::Older);
        match loaded.map_err(RestoreError::from)?.snapshot {
            None => Ok(Engine::new(self.domain.0, self.domain.1)),
            // A leader's was installed meanwhile.
            Some(newest) if self.seq < newest.seq => Err(NotStored::Abandoned),
            Some(newest) => Ok(restore::revive(&self.dir, self.domain, &newest)?),
        }
    }

    /// Applies the log up to the entry.
    fn follow(&self, engine: &mut Engine) -> Result<(), NotStored> {
        let mut reader =
            Reader::open(&self.dir, engine.seq().next()).map_err(RestoreError::from)?;
        let mut pace = Pace::begin();
        while engine.seq() < self.seq {
            self.check_needed()?;
            let place = reader.place().0;
            let Some(record) = reader.next_record().map_err(RestoreError::from)? else {
                let (dir, last, snapshot) = (self.dir.clone(), engine.seq(), self.seq);
                return Err(RestoreError::LogShort { dir, last, snapshot }.into());
            };
            if record.kind == Kind::Batch {
                restore::apply(engine, &place, record)?;
            }
            pace.rest_if_due();
        }
        Ok(())
    }

    /// The state is that of the engine that runs, so this checks that one, too, at no cost to it.
    fn check_invariants(&self, engine: &Engine) -> Result<(), NotStored> {
        self.check_needed()?;
        let mut pace = Pace::begin();
        engine.check_in_pieces(|| pace.rest_if_due());
        self.check_needed()
    }

    fn check_needed(&self) -> Result<(), NotStored> {
        if self.needed.strong_count() == 0 { Err(NotStored::Abandoned) } else { Ok(()) }
    }
}
