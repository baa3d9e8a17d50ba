//! A venue in a world that is drawn from a seed: its time, network, disks, faults and people.
//!
//! It is deterministic: the same seed is the same run, to the byte.

pub mod model;
mod violation;

pub use violation::Violation;
