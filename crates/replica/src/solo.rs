//! The sequencer of one machine: its log is the quorum.
//!
//! ```text
//!   start   lock dir ─▶ check the log ─▶ snapshot ─▶ replay, verify ─▶ live
//!   turn    take a batch ─▶ stamp ─▶ append, sync ═▶ apply ─▶ sink ─▶ mark, snapshot when due
//!   stop    refuse new ─▶ drain ─▶ mark, sync ─▶ snapshot
//! ```
//! A snapshot that falls due while it runs is made beside it (`crate::beside`); the last one is
//! encoded here, because nobody waits for an engine that has stopped.
//!
//! One thread does all of it. `docs/benchmarks/journal.md` has the figures of a second thread that
//! applies one batch while the next is synced, and why it is not here.
//!
//! A disk that fails stops the replica: what was taken and not applied has no outcome, because it
//! may be in the log. It is never answered as refused; the next start reads the log and knows.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use engine::Engine;
use journal::{Journal, Kind, OpenError, SnapshotError, TornTail, WriteError};
use tokio::sync::mpsc;
use types::codec::Codec;
use types::limits::BATCH_COMMANDS_MAX;
use types::{Applied, AssetCode, At, Entry, EntryOutcome, Proposal, Seq};

use crate::Committed;
use crate::batch::{self, BODY_BYTES, Mark};
use crate::beside::{FailedCheck, Snapshots};
use crate::feed::Feed;
use crate::handle::{Handle, Looks};
use crate::queue::{Limits, Patience, Queue, Turn};
use crate::restore::{self, Progress, RestoreError, Start};

/// What a solo replica is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// The domain's directory.
    pub dir: PathBuf,
    /// The domain's settlement asset.
    pub asset: AssetCode,
    /// Decimals of that asset.
    pub decimals: u8,
    /// Where to begin.
    pub start: Start,
    /// How the log is cut into files.
    pub journal: journal::Options,
    /// How much waits at most.
    pub limits: Limits,
    /// Entries between two root marks in the log.
    pub mark_entries: u64,
    /// Entries between two snapshots.
    pub snapshot_entries: u64,
    /// Snapshots to keep.
    pub snapshots_keep: usize,
    /// How long the thread looks for work before it sleeps: processor time against latency. Of a
    /// replica of several nobody looks: it waits for others more than for its threads to wake.
    pub spin: Duration,
}

/// Why a replica does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The log does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The state cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The disk failed while the replica ran. Outcomes that were not given are unknown.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The thread of the replica was not made.
    #[error("the thread of the replica was not made: {0}")]
    Thread(std::io::Error),
    /// A check inside the replica, the engine or the sink failed: it halted.
    #[error("the replica halted on a failed check: {0}")]
    Halted(String),
}

/// What a start found.
#[derive(Debug)]
pub struct Started {
    /// The last entry of the log.
    pub seq: Seq,
    /// Root of the state after it.
    pub root: [u8; 32],
    /// Chain over entries and events up to it.
    pub chain: [u8; 32],
    /// The snapshot that the start used; 0 for none.
    pub snapshot: Seq,
    /// What was replayed.
    pub replayed: Progress,
    /// What a crash had left at the end of the log, and was cut off.
    pub torn: Option<TornTail>,
    /// Newer snapshots that are damaged; only with [`Start::NewestWhole`].
    pub skipped: Vec<SnapshotError>,
}

/// A running replica. Dropping it without [`Solo::stop`] stops it too, without a snapshot.
#[derive(Debug)]
pub struct Solo {
    handle: Handle,
    thread: Option<JoinHandle<Result<Seq, Failure>>>,
}

impl Config {
    /// A domain in `dir` with the usual sizes.
    pub fn new(dir: PathBuf, asset: AssetCode, decimals: u8) -> Config {
        Config {
            dir,
            asset,
            decimals,
            start: Start::Newest,
            journal: journal::Options::default(),
            limits: Limits::default(),
            mark_entries: 1 << 16,
            snapshot_entries: 1 << 20,
            snapshots_keep: 2,
            spin: Duration::from_micros(50),
        }
    }
}

impl Solo {
    /// Restores the domain and starts its thread.
    ///
    /// `clock` is the wall clock; its going back is caught here. `sink` gets the [`Feed`] on the
    /// replica's thread, and should only pass it on: while it runs nothing is sequenced. During
    /// `start` it is called on the caller's thread.
    pub fn start(
        config: Config,
        clock: impl FnMut() -> At + Send + 'static,
        mut sink: impl FnMut(Feed) + Send + 'static,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Solo, Started), Failure> {
        let (journal, opened) = Journal::open(&config.dir, config.journal)?;
        let domain = (config.asset, config.decimals);
        let restored = restore::restore(&config.dir, domain, config.start, &mut sink, progress)?;
        let mut engine = restored.engine;
        let started = Started {
            seq: engine.seq(),
            root: engine.root(),
            chain: engine.chain(),
            snapshot: restored.snapshot,
            replayed: restored.progress,
            torn: opened.torn,
            skipped: restored.skipped,
        };
        sink(Feed::Live);
        let queue = Arc::new(Queue::new(config.limits));
        let handle = Handle { queue: Arc::clone(&queue), looks: Looks::SameThread };
        let sequencer = Sequencer::new(config, journal, engine, clock, sink);
        let thread = thread::Builder::new()
            .name("replica".into())
            .spawn(move || sequencer.run(&queue))
            .map_err(Failure::Thread)?;
        Ok((Solo { handle, thread: Some(thread) }, started))
    }

    /// Something that can propose.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes nothing more, gives every command its outcome, marks and snapshots the state, and
    /// returns the last seq.
    pub fn stop(mut self) -> Result<Seq, Failure> {
        self.handle.queue.close();
        let thread = self.thread.take().expect("a replica is stopped once");
        thread.join().unwrap_or_else(|panic| Err(Failure::Halted(panic_text(panic.as_ref()))))
    }
}

impl Drop for Solo {
    fn drop(&mut self) {
        self.handle.queue.abandon();
        if let Some(thread) = self.thread.take() {
            // What went wrong was for `stop` to return; whoever drops does not ask.
            let _ = thread.join();
        }
    }
}

pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no text".into())
}

/// The thread's state.
struct Sequencer<C, S> {
    config: Config,
    journal: Journal,
    engine: Engine,
    clock: C,
    sink: S,
    body: Vec<u8>,
    /// Entries at the last mark and the last snapshot.
    marked: Seq,
    snapshot: Seq,
    snapshots: Snapshots,
    failed: mpsc::UnboundedReceiver<FailedCheck>,
    sync: Duration,
}

/// Closes the queue when the thread ends, however it ends.
struct Closing<'a>(&'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<C: FnMut() -> At, S: FnMut(Feed)> Sequencer<C, S> {
    fn new(config: Config, journal: Journal, engine: Engine, clock: C, sink: S) -> Self {
        let (marked, snapshot) = (engine.seq(), engine.seq());
        let (body, sync) = (Vec::new(), Duration::ZERO);
        let (snapshots, failed) = Snapshots::new(&config);
        Sequencer {
            config,
            journal,
            engine,
            clock,
            sink,
            body,
            marked,
            snapshot,
            snapshots,
            failed,
            sync,
        }
    }

    fn run(mut self, queue: &Queue) -> Result<Seq, Failure> {
        let _closing = Closing(queue);
        let mut turn = Turn::default();
        let mut expected = 0;
        loop {
            queue.next_turn(&mut turn, &self.patience(expected));
            if let Ok((_, why)) = self.failed.try_recv() {
                return Err(Failure::Halted(why));
            }
            for inspection in turn.inspections.drain(..) {
                inspection(&mut self.engine);
            }
            expected = turn.proposals.len();
            if 0 < expected {
                self.commit(&mut turn.proposals)?;
                self.mark_and_snapshot_if_due()?;
            }
            if turn.last {
                return if turn.abandoned { Ok(self.engine.seq()) } else { self.finish() };
            }
        }
    }

    fn patience(&self, expected: usize) -> Patience {
        // Waiting an eighth of a sync for the others to come costs less than a sync without them.
        let gather = (self.sync / 8).min(GATHER_MAX);
        Patience { spin: self.config.spin, gather, expected, commands_max: BATCH_COMMANDS_MAX }
    }

    /// Makes the batch durable, then applies it, then speaks of it.
    fn commit(&mut self, proposals: &mut Vec<Proposal>) -> Result<(), Failure> {
        let at = batch::time((self.clock)(), self.engine.at());
        self.append(at, proposals)?;
        let begin = Instant::now();
        self.journal.sync()?;
        self.sync = begin.elapsed();
        let applied = self.apply(at, proposals);
        (self.sink)(Feed::Applied(applied));
        Ok(())
    }

    /// One record, or several where a body would be too long; one group in any case.
    fn append(&mut self, at: At, proposals: &[Proposal]) -> Result<(), WriteError> {
        let mut count = 0;
        for proposal in proposals {
            if BODY_BYTES <= self.body.len() {
                self.append_record(std::mem::take(&mut count))?;
            }
            if count == 0 {
                at.encode(&mut self.body);
            }
            proposal.command.encode(&mut self.body);
            count += 1;
        }
        self.append_record(count)
    }

    fn append_record(&mut self, count: u32) -> Result<(), WriteError> {
        self.journal.append(Kind::Batch, self.journal.next(), count, &self.body)?;
        self.body.clear();
        Ok(())
    }

    fn apply(&mut self, at: At, proposals: &mut Vec<Proposal>) -> Committed<Applied> {
        let mut applied = Applied { at, ..Applied::default() };
        applied.entries.reserve_exact(proposals.len());
        for Proposal { tag, command } in proposals.drain(..) {
            let entry = Entry { seq: self.engine.seq().next(), at, command };
            let begin = applied.events.len();
            self.engine.apply(&entry, &mut applied.events);
            let events = begin..applied.events.len();
            applied.entries.push(EntryOutcome { seq: entry.seq, tag, events });
            applied.keep_signed(entry.seq, entry.command);
        }
        Committed::new(applied)
    }

    fn mark_and_snapshot_if_due(&mut self) -> Result<(), Failure> {
        let seq = self.engine.seq();
        if self.config.mark_entries <= seq.0 - self.marked.0 {
            self.append_mark()?;
        }
        let is_due = self.config.snapshot_entries <= seq.0 - self.snapshot.0;
        // One that falls due while another is in the making waits for its end.
        if is_due && self.snapshots.is_idle() {
            self.snapshot = seq;
            let pending = self.snapshots.ask(&mut self.engine, Vec::new(), None);
            (self.sink)(Feed::Snapshot(pending));
        }
        Ok(())
    }

    /// The mark is synced with the next batch.
    fn append_mark(&mut self) -> Result<(), WriteError> {
        let mark = Mark::of(&mut self.engine);
        self.marked = self.engine.seq();
        self.journal.append(Kind::Root, self.marked, 0, &mark.encode())
    }

    fn finish(mut self) -> Result<Seq, Failure> {
        let seq = self.engine.seq();
        if Seq(0) < seq && self.marked < seq {
            self.append_mark()?;
        }
        if self.snapshot < seq || !self.snapshots.is_idle() {
            self.snapshots.abandon();
            (self.sink)(Feed::Snapshot(self.snapshots.last(&mut self.engine)));
        }
        self.journal.close()?;
        Ok(seq)
    }
}

/// Longest wait for the rest of a batch.
const GATHER_MAX: Duration = Duration::from_micros(100);
