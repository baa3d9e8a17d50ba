//! Orders commands, makes them durable, and drives the engine.
//!
//! ```text
//!   Handle::submit ─▶ queue ─▶ stamp seq and at ─▶ journal: append, sync ═▶ engine::apply ─▶ sink
//!                     │ full: Busy                          durable from here
//! ```
//! [`solo`] is the sequencer of one machine. What it shares with the sequencers to come stands
//! apart: [`batch`] (the bytes of a batch in the log), [`queue`] (admission), [`feed`] (what the
//! follower gets), [`restore`] (snapshot and replay), [`beside`] (snapshots while it runs).
//!
//! # What is promised
//! 1. Nothing of an entry reaches the sink before the entry is durable: a [`Committed`] value is
//!    made in this crate alone, after the sync.
//! 2. [`Refused`] is final: the command was not proposed and never will be. Every other command
//!    has its outcome in an [`types::Applied`] batch, under its tag — or, if the replica stops on a
//!    failure, none: then the outcome is unknown until the log is read again. No answer says that a
//!    command was refused that may yet be found in the log.
//! 3. Replay gives the state that was: marks in the log and the snapshot carry the root, and a
//!    difference refuses to start.
//! 4. `at` never goes back, whatever the clock does, also across a restart.
//!
//! It does not know accounts or clients, and it answers nobody: the sink does.

pub mod batch;
pub mod beside;
pub mod feed;
mod handle;
pub mod queue;
pub mod raft;
pub mod restore;
pub mod solo;

mod committed;
#[cfg(test)]
pub(crate) mod tests;

pub use beside::NotStored;
pub use committed::Committed;
pub use feed::{Feed, PendingSnapshot};
pub use handle::Handle;
pub use queue::{Class, Limits, Refused};
pub use restore::{Divergence, Progress, RestoreError, Start};
pub use solo::{Config, Failure, Solo, Started};
