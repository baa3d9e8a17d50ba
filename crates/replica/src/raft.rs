//! The sequencer of several machines: a quorum's logs, ordered by Raft.
//!
//! ```text
//!   Handle::submit ─▶ queue ─▶ batch, stamped by the leader ─▶ openraft ─▶ journals of a quorum
//!                       └─▶ on a follower: to the leader                       ║ committed
//!                                                     engine::apply ◀──────────╝ on every node
//!                                                          └─▶ sink
//! ```
//! openraft decides; this module gives it a log ([`log`]: our journal), a state machine
//! ([`machine`]: our engine, on its own thread) and a network ([`network`], [`server`]: TLS, both
//! sides known by certificate). Types of openraft stay in here.

pub(crate) mod dial;
pub(crate) mod forward;
pub(crate) mod network;
pub(crate) mod pipe;
pub(crate) mod server;
pub(crate) mod tls;
pub(crate) mod types;
pub(crate) mod wire;

#[cfg(test)]
mod tests;
