//! One thread a domain that takes what the replica says, in order, to whoever shows it and to the
//! witness of its reports.
//!
//! The replica's thread hands a batch over and goes on with the next sync; rendering books and
//! replies happens here meanwhile. The queue between them is bounded: a follower that is behind
//! slows the replica down, and never grows memory.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::Context;
use gateway::Market;
use gateway::venue::DomainId;
use replica::{Committed, Feed, NotStored, PendingSnapshot};
use types::{Applied, Seq};

use super::witness::Witness;
use crate::output;

/// Batches that wait for the follower.
const BATCHES_MAX: usize = 1_024;

/// Somebody else in this process who wants each batch, after the market had it.
pub type Listener = Box<dyn FnMut(&Applied) + Send>;

/// The thread, from outside.
#[derive(Debug)]
pub struct Follower {
    feed: SyncSender<Feed>,
    live: Arc<Live>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Live {
    is_live: Mutex<bool>,
    changed: Condvar,
}

impl Follower {
    /// Starts the thread of a domain.
    pub fn start(
        domain: DomainId,
        market: Market,
        listener: Option<Listener>,
        witness: Witness,
    ) -> anyhow::Result<Follower> {
        let (feed, batches) = sync_channel(BATCHES_MAX);
        let live = Arc::new(Live::default());
        let following =
            Following { domain, market, listener, witness, live: Arc::clone(&live), store: None };
        let thread = thread::Builder::new()
            .name("follower".into())
            .spawn(move || following.run(&batches))
            .context("starting the thread that follows a replica")?;
        Ok(Follower { feed, live, thread })
    }

    /// What the replica calls.
    pub fn sink(&self) -> impl FnMut(Feed) + Send + 'static {
        let feed = self.feed.clone();
        move |item| feed.send(item).expect("the follower outlives the replica")
    }

    /// Waits until everything that was replayed is shown.
    pub fn wait_until_live(&self) {
        let is_live = self.live.is_live.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.live.changed.wait_while(is_live, |is_live| !*is_live);
        drop(waited);
    }

    /// Waits until everything is shown and stored, after the replica has stopped.
    pub fn join(self) {
        drop(self.feed);
        if self.thread.join().is_err() {
            output::note("the thread that follows a replica ended with a failed check");
        }
    }
}

struct Following {
    domain: DomainId,
    market: Market,
    listener: Option<Listener>,
    witness: Witness,
    live: Arc<Live>,
    /// The thread that writes a snapshot: a file and its sync are not to hold replies up.
    store: Option<JoinHandle<()>>,
}

impl Following {
    fn run(mut self, batches: &Receiver<Feed>) {
        for item in batches {
            match item {
                Feed::Restored { seq, projections } => self.restore(seq, &projections),
                Feed::Replayed(applied) | Feed::Applied(applied) => self.show(applied),
                Feed::Live => {
                    *self.live.is_live.lock().unwrap_or_else(PoisonError::into_inner) = true;
                    self.live.changed.notify_all();
                }
                Feed::Snapshot(pending) => self.store(pending),
                Feed::Refused { tags, why } => self.market.refuse(self.domain, &tags, &why),
                Feed::Unknown { tags } => self.market.forget(self.domain, &tags),
            }
        }
        self.wait_for_store();
    }

    /// Whoever starts the domain has tried the same bytes before it chose the snapshot.
    fn restore(&mut self, seq: Seq, projections: &[u8]) {
        if seq != Seq(0) {
            let restored = self.market.restore(self.domain, projections);
            restored.expect("the market of the snapshot was read before the start");
            self.witness.restore(self.market.reporters(self.domain));
        }
    }

    fn show(&mut self, applied: Committed<Applied>) {
        self.market.publish(self.domain, &applied);
        if let Some(listener) = &mut self.listener {
            listener(&applied);
        }
        self.witness.take(applied.into_inner());
    }

    /// A start does not need a snapshot, so one that is not stored is said and no more. The market
    /// is taken here, in its place among the batches; the rest is made and written on a thread of
    /// its own, and only when every report before it was signed: no start begins after one that was
    /// not.
    fn store(&mut self, pending: PendingSnapshot) {
        self.wait_for_store();
        let market = self.market.snapshot(self.domain);
        let reports = self.witness.desk();
        let thread = thread::Builder::new().name("snapshot".into()).spawn(move || {
            let seq = pending.seq();
            if !reports.is_through() {
                return;
            }
            match pending.store(market) {
                // A stop waits for no snapshot.
                Ok(()) | Err(NotStored::Abandoned) => {}
                Err(error) => {
                    output::note(&format!("the snapshot after entry {seq} is not stored: {error}"));
                }
            }
        });
        self.store = thread.ok();
    }

    fn wait_for_store(&mut self) {
        // A panic of that thread has been printed by it.
        let _ = self.store.take().map(JoinHandle::join);
    }
}
