//! The thread that writes a node's journal and ballot, in the order in which it is asked.
//!
//! ```text
//!   jobs ─▶ append, append, append ─▶ one sync ─▶ flushed, flushed, flushed
//!           anything else          ─▶ after that, alone
//! ```
//! The one thread is what makes writes of votes and of entries follow each other, and what makes
//! one sync serve all that waits. A write that fails is answered as failed, and so is everything
//! after it: openraft then stops the node.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use journal::{Journal, Place, WriteError};
use openraft::entry::EntryPayload;
use openraft::storage::IOFlushed;
use tokio::sync::oneshot;
use types::Seq;
use types::codec::Codec;
use types::planted::{self, Bug};

use super::ballot::{Ballot, BallotFile};
use super::log::Log;
use super::stamp::{Ordered, Stamp};
use super::types::{Entry, LogId, Types};

/// Jobs that wait; openraft itself has few in flight.
const JOBS_MAX: usize = 65_536;

type Done = oneshot::Sender<Result<(), io::Error>>;

/// What the thread is asked for.
pub(crate) enum Job {
    /// Entries, each with how many are known to be committed.
    Append { appended: Vec<(Entry, u64)>, callback: IOFlushed<Types> },
    /// Nothing but that everything before is on disk.
    Flush { done: Done },
    /// Drops what follows the place; the whole log without one.
    Truncate { cut: Option<(Place, Seq)>, next: Seq, done: Done },
    /// The journal begins with this seq, and has nothing.
    Restart { first: Seq, done: Done },
    /// The ballot.
    Ballot { ballot: Ballot, done: Done },
    /// Everything is written, and the journal is closed.
    Close { done: Done },
}

/// Asks the thread.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: SyncSender<Job>,
}

/// The thread before it runs.
#[derive(Debug)]
pub(crate) struct Desk {
    jobs: Receiver<Job>,
}

impl Writer {
    /// A writer whose thread is to be started.
    pub(crate) fn new() -> (Writer, Desk) {
        let (sender, jobs) = sync_channel(JOBS_MAX);
        (Writer { jobs: sender }, Desk { jobs })
    }

    /// Asks without waiting.
    pub(crate) fn send(&self, job: Job) -> Result<(), io::Error> {
        self.jobs.try_send(job).map_err(|_| stopped())
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn run(&self, job: impl FnOnce(Done) -> Job) -> Result<(), io::Error> {
        let (done, answered) = oneshot::channel();
        self.send(job(done))?;
        answered.await.map_err(|_| stopped())?
    }
}

fn stopped() -> io::Error {
    io::Error::other("the thread that writes the journal has stopped, or has too much to do")
}

impl Desk {
    /// Starts the thread.
    pub(crate) fn start(
        self,
        journal: Journal,
        ballot: BallotFile,
        log: Log,
    ) -> Result<JoinHandle<()>, io::Error> {
        let writing = Writing { journal, ballot, log, pending: Vec::new() };
        thread::Builder::new().name("journal".into()).spawn(move || writing.run(&self.jobs))
    }
}

struct Writing {
    journal: Journal,
    ballot: BallotFile,
    log: Log,
    pending: Vec<Pending>,
}

/// Entries that were appended and are not synced.
struct Pending {
    spans: Vec<(LogId, (Place, usize))>,
    failed: Option<io::Error>,
    callback: IOFlushed<Types>,
}

impl Writing {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let mut next = Some(job);
            while let Some(job) = next.take() {
                if let Job::Close { done } = job {
                    self.flush();
                    let closed = self.journal.close().map(|_| ());
                    let _ = done.send(closed.map_err(io::Error::other));
                    return;
                }
                self.take(job);
                next = jobs.try_recv().ok();
            }
            self.flush();
        }
    }

    fn take(&mut self, job: Job) {
        let (result, done) = match job {
            Job::Append { appended, callback } => return self.append(&appended, callback),
            Job::Flush { done } => {
                self.flush();
                (Ok(()), done)
            }
            Job::Truncate { cut, next, done } => {
                self.flush();
                (self.truncate(cut, next), done)
            }
            Job::Restart { first, done } => {
                self.flush();
                (self.journal.restart_at(first).map_err(io::Error::other), done)
            }
            Job::Ballot { ballot, done } => {
                self.flush();
                (self.ballot.write(&ballot).map_err(io::Error::other), done)
            }
            Job::Close { .. } => unreachable!("the loop has taken it"),
        };
        // Who has gone does not need the answer.
        let _ = done.send(result);
    }

    fn append(&mut self, appended: &[(Entry, u64)], mut callback: IOFlushed<Types>) {
        if planted::is(Bug::AcknowledgeEarly) {
            std::mem::replace(&mut callback, IOFlushed::noop()).io_completed(Ok(()));
            thread::sleep(std::time::Duration::from_millis(20));
        }
        let mut pending = Pending { spans: Vec::new(), failed: None, callback };
        for (entry, committed) in appended {
            match self.append_one(entry, *committed) {
                Ok(span) => pending.spans.push((entry.log_id, span)),
                Err(error) => {
                    pending.failed = Some(io::Error::other(error));
                    break;
                }
            }
        }
        self.pending.push(pending);
    }

    fn append_one(&mut self, entry: &Entry, committed: u64) -> Result<(Place, usize), WriteError> {
        let log_id = entry.log_id;
        let (ordered, count, body): (_, _, &[u8]) = match &entry.payload {
            EntryPayload::Blank => (Ordered::Blank, 0, &[]),
            EntryPayload::Normal(batch) => (Ordered::Batch, batch.count, &batch.body),
            EntryPayload::Membership(members) => (Ordered::Members(members.clone()), 0, &[]),
        };
        let stamp = Stamp { log_id, committed, ordered }.to_bytes();
        let place = self.journal.append_stamped(&stamp, count, body)?;
        Ok((place, self.journal.end()))
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let synced = self.journal.sync();
        for Pending { spans, failed, callback } in self.pending.drain(..) {
            let result = match (&synced, failed) {
                (_, Some(error)) => Err(error),
                (Err(error), None) => Err(io::Error::other(error.to_string())),
                (Ok(_), None) => Ok(()),
            };
            if result.is_ok() {
                spans.into_iter().for_each(|(log_id, span)| self.log.note_written(log_id, span));
            }
            callback.io_completed(result);
        }
    }

    fn truncate(&mut self, cut: Option<(Place, Seq)>, next: Seq) -> Result<(), io::Error> {
        let done = match cut {
            Some((place, next)) => self.journal.truncate(place, next),
            None => self.journal.restart_at(next),
        };
        done.map_err(io::Error::other)
    }
}
