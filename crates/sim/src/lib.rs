//! A venue in a world that is drawn from a seed: its time, network, disks, faults and people.
//!
//! ```text
//!   setup    what a seed draws before anything happens
//!   world    what happens, one thing at a time: hosting (nodes), trading (people), faulting, and
//!            the end
//!     node     journal, engine, projections and snapshots as in production, over
//!     raft     a model of consensus, and
//!     disk     a disk that forgets, tears, fails and lies
//!     edge     its gateway as in production, in some worlds, driven by hand
//!     people   traders and reporters, honest and not, and how they speak to a gateway
//!   truth    the log as it is, and whether everybody keeps to it
//!   calls, purse   what gateways are asked and say, held against the log
//!   twin     an engine from a snapshot, beside the one that goes on
//!   model    an independent judge of every event
//!   run      one seed; shrink: a smaller world that fails in the same way
//!   report, story, timeline    what is told
//!   scenario    incidents that happened elsewhere, as worlds
//! ```
//! It is deterministic: the same seed is the same run, to the byte. Faults are injected by what the
//! world hands to the production code (disks, messages, time), never inside it.

mod ballot;
mod calls;
mod disk;
mod edge;
pub mod faults;
mod log;
mod margin;
pub mod model;
mod node;
pub mod people;
mod purse;
mod raft;
pub mod report;
mod rng;
pub mod run;
pub mod scenario;
pub mod setup;
pub mod shrink;
pub mod story;
pub mod timeline;
mod truth;
mod twin;
mod venue;
mod violation;
mod world;

pub use violation::Violation;
