//! What passes between the one who proposes, the replica, and those who follow.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use crate::{AccountId, At, Command, Event, Seq, Signature, SignedReport, SignedSurface};

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
    /// What reporters signed, by entry: for whoever verifies it beside the engine. What the engine
    /// refused is among it.
    pub signed: Vec<(Seq, Signed)>,
}

/// A command that carries a reporter's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A price.
    Price(Box<SignedReport>),
    /// The volatilities of an expiry.
    Surface(Box<SignedSurface>),
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

    /// Keeps what a command of an entry carries, if that is signed.
    pub fn keep_signed(&mut self, seq: Seq, command: Command) {
        if let Command::ReportPrice(signed) = command {
            self.signed.push((seq, Signed::Price(signed)));
        } else if let Command::ReportSurface(signed) = command {
            self.signed.push((seq, Signed::Surface(signed)));
        }
    }
}

impl Signed {
    /// Whose signature it carries.
    pub fn reporter(&self) -> AccountId {
        match self {
            Signed::Price(signed) => signed.report.reporter,
            Signed::Surface(signed) => signed.report.reporter,
        }
    }

    /// The signature.
    pub fn signature(&self) -> &Signature {
        match self {
            Signed::Price(signed) => &signed.signature,
            Signed::Surface(signed) => &signed.signature,
        }
    }

    /// What is said to be signed with it.
    pub fn signed_bytes(&self) -> Vec<u8> {
        match self {
            Signed::Price(signed) => signed.report.signed_bytes(),
            Signed::Surface(signed) => signed.report.signed_bytes(),
        }
    }
}
