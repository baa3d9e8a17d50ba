//! The sequencer of several machines: a quorum's logs, ordered by Raft.
//!
//! ```text
//!   Handle::submit ─▶ queue ─▶ batch, stamped by the leader ─▶ openraft ─▶ journals of a quorum
//!                       └─▶ on a follower: to the leader                       ║ committed
//!                                                     engine::apply ◀──────────╝ on every node
//!                                                          └─▶ sink
//! ```
//! openraft decides; this module gives it a log (`log`: our journal), a state machine
//! (`machine`: our engine, on its own thread) and a network (`network`, `server`: TLS, both
//! sides known by certificate). Types of openraft stay in here.

pub(crate) mod ballot;
pub(crate) mod blank;
mod cluster;
pub(crate) mod dial;
pub(crate) mod engine_thread;
mod following;
pub(crate) mod forward;
pub(crate) mod log;
pub(crate) mod machine;
mod members;
pub(crate) mod network;
mod node;
pub(crate) mod pipe;
mod proposer;
mod reached;
pub mod recover;
mod roots;
pub(crate) mod server;
pub(crate) mod stamp;
mod status;
pub(crate) mod tls;
mod turns;
pub(crate) mod types;
mod versions;
pub(crate) mod wire;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

pub use cluster::{Cluster, ClusterConfig, ClusterError};
pub use members::MembersError;
pub(crate) use node::Engines;
pub use node::{RaftFailure, RaftReplica, RaftStarted};
pub use proposer::Leadership;
pub use status::{MemberStatus, Role, Standing, Status};
pub use tls::TlsFiles;
pub use types::Member;
