//! Whether reporters signed what stands in the log under their names
//! (docs/decisions/0007-reports-are-signed-and-checked-twice.md).
//!
//! ```text
//!   follower ── what was signed, which keys were registered ──▶ witness ──▶ nothing, or the alarm
//!      │                                                           │
//!      └── a snapshot ── is written once the witness is through with what came before it
//! ```
//! The gateway checks a signature before it proposes a report, and the engine does not check it
//! again: an Ed25519 verification costs more than an order. So each replica checks on a thread of
//! its own, a little later. A report that nobody signed is no refusal: somebody who may order
//! entries has lied, and the domain halts.
//!
//! What it finds depends on the log alone, so every replica finds the same. It lags, and nothing
//! waits for it, but for two: a snapshot, so that no start begins after a forged entry, and a
//! follower that is [`CLAIMS_MAX`] signatures ahead.

mod checker;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::Context;
use tokio::sync::watch;
use types::{AccountId, Applied, AssetCode, PublicKey};

pub use checker::{Checker, Testimony};

/// Signatures that wait, at about 300 bytes each: a second of work.
const CLAIMS_MAX: usize = 1 << 15;

/// Says to whoever runs the venue why a domain must halt.
pub type Alarm = watch::Sender<Option<String>>;

/// The thread, from outside.
#[derive(Debug)]
pub struct Witness {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// What waits for the thread, and what it has found.
#[derive(Debug, Default)]
pub struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Testimony>,
    n_claims: usize,
    /// Testimonies that were put here, and that the thread is through with.
    n_put: u64,
    n_done: u64,
    /// Nothing more comes.
    is_over: bool,
    /// Nothing more is checked: a report is forged, or the thread has failed.
    is_halted: bool,
}

impl Witness {
    /// Starts the thread of a domain.
    pub fn start(domain: AssetCode, alarm: Alarm) -> anyhow::Result<Witness> {
        let desk = Arc::new(Desk::default());
        let own = Arc::clone(&desk);
        let thread = thread::Builder::new()
            .name("witness".into())
            .spawn(move || own.check_all(domain, &alarm))
            .context("starting the thread that verifies reports")?;
        Ok(Witness { desk, thread: Some(thread) })
    }

    /// The keys of a snapshot, before the first batch after it.
    pub fn restore(&self, keys: Vec<(AccountId, PublicKey)>) {
        self.desk.put(Testimony::restored(keys));
    }

    /// Takes what a batch has for the witness, if anything.
    pub fn take(&self, applied: Applied) {
        if let Some(testimony) = Testimony::of(applied) {
            self.desk.put(testimony);
        }
    }

    /// For somebody who waits until the witness is through.
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }
}

impl Drop for Witness {
    /// Waits until everything is checked.
    fn drop(&mut self) {
        self.desk.state().is_over = true;
        self.desk.changed.notify_all();
        // A panic of that thread has been printed by it.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Desk {
    /// Waits until everything that was put here so far is checked. False: the domain must halt.
    pub fn is_through(&self) -> bool {
        let state = self.state();
        let due = state.n_put;
        let waits = |state: &mut State| state.n_done < due && !state.is_halted;
        let state = self.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        !state.is_halted
    }

    fn put(&self, testimony: Testimony) {
        let is_full = |state: &mut State| CLAIMS_MAX <= state.n_claims && !state.is_halted;
        let waited = self.changed.wait_while(self.state(), is_full);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.n_claims += testimony.n_claims();
        state.n_put += 1;
        // Nobody looks at what comes after a forged report: the domain is over.
        if !state.is_halted {
            state.waiting.push_back(testimony);
        }
        self.changed.notify_all();
    }

    fn check_all(&self, domain: AssetCode, alarm: &Alarm) {
        let ending = Ending { desk: self, domain, alarm };
        let mut checker = Checker::default();
        while let Some(testimonies) = self.next() {
            let n_done = u64::try_from(testimonies.len()).unwrap_or(u64::MAX);
            let n_claims: usize = testimonies.iter().map(Testimony::n_claims).sum();
            testimonies.into_iter().for_each(|testimony| checker.take(testimony));
            if let Err(forged) = checker.verify() {
                return ending.halt(&format!("{domain}: {forged}"));
            }
            let mut state = self.state();
            state.n_done += n_done;
            state.n_claims -= n_claims;
            self.changed.notify_all();
        }
    }

    /// All that waits; `None`: nothing more comes.
    fn next(&self) -> Option<VecDeque<Testimony>> {
        let is_idle = |state: &mut State| state.waiting.is_empty() && !state.is_over;
        let waited = self.changed.wait_while(self.state(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut state.waiting);
        (!waiting.is_empty()).then_some(waiting)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here stops half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Halts the domain when the thread ends with a failed check.
struct Ending<'a> {
    desk: &'a Desk,
    domain: AssetCode,
    alarm: &'a Alarm,
}

impl Ending<'_> {
    fn halt(&self, why: &str) {
        self.alarm.send_replace(Some(why.into()));
        self.desk.state().is_halted = true;
        self.desk.changed.notify_all();
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.halt(&format!("{}: the witness of reports has failed", self.domain));
        }
    }
}
