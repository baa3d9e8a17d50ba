//! What passes between the one who proposes, the replica, and those who follow.

use alloc::vec::Vec;
use core::ops::Range;

use crate::{At, Command, Event, Seq};

/// A command on its way to the log, with a tag by which its proposer will know the outcome. The tag
/// is not part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The proposer's own number.
    pub tag: u64,
    /// What is asked.
    pub command: Command,
}

/// A batch that is durable and applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The log's time of every entry of the batch.
    pub at: At,
    /// The entries in order.
    pub entries: Vec<EntryOutcome>,
    /// The events of all of them, in order.
    pub events: Vec<Event>,
}

/// One entry of a batch: where its events are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryOutcome {
    /// Its place in the log.
    pub seq: Seq,
    /// Its proposer's tag; zero if the entry was replayed or comes from elsewhere.
    pub tag: u64,
    /// Its events, as a range of [`Applied::events`].
    pub events: Range<usize>,
}

impl Applied {
    /// The events of one entry.
    pub fn events_of(&self, entry: &EntryOutcome) -> &[Event] {
        self.events.get(entry.events.clone()).unwrap_or_default()
    }
}
