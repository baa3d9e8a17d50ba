//! What is true: the log as it was first applied by anybody, and whether everybody keeps to it.
//!
//! | id | promise |
//! |---|---|
//! | `AGREEMENT` | at a place everybody applies what was applied there first; roots are the same |
//! | `PHANTOM` | what is applied was asked for, as it was asked |
//! | `ONCE` | what was proposed once is applied once |
//! | `ORDER` | what was acknowledged before something else was asked is before it in the log |
//! | `LOST` | what was acknowledged is in every later log |
//! | `CLOCK` | the log's time never goes back |
//! | `RESTORED` | a snapshot and the log behind it give the state that was |
//! | `SHORT` | a node that starts has what it had said to have, or does not start |
//! | `CHAIN` | the chain is the hash over all entries, refused ones too, and their events |

use std::collections::{BTreeMap, VecDeque};

use ledger::Chain;
use types::codec::Codec;
use types::{Applied, At, Command, Entry, Event, Seq};

use crate::Violation;
use crate::log::{LogEntry, LogId};
use crate::raft::{NodeId, Us};

/// Places that are remembered at most; a node that is further behind gets a snapshot.
const KEPT: usize = 200_000;

/// At every so many places nodes compare chains. A chain says all that was before it.
pub const CHAINED: u64 = 8;

/// One command on its way, as its client sent it.
#[derive(Clone, Debug)]
pub struct Op {
    /// Whose: an index among the people.
    pub person: usize,
    /// The node that it was sent to, and its life then.
    pub gateway: (NodeId, u32),
    /// What is asked.
    pub command: Command,
    /// When.
    pub asked: Us,
    /// The highest seq that anybody had been told of then.
    pub after: Seq,
}

/// What was applied at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Done {
    term: u64,
    body: u64,
    seq: Seq,
    /// At every few places; see [`CHAINED`].
    chain: Option<[u8; 32]>,
}

/// The log, as far as anybody has applied it.
#[derive(Debug, Default)]
pub struct Truth {
    /// Commands that were sent and are not in the log yet.
    pub ops: BTreeMap<u64, Op>,
    done: VecDeque<Done>,
    /// Index of the first of `done`.
    first: u64,
    at: At,
    seq: Seq,
    /// The highest seq that anybody was told of.
    told: Seq,
    /// Roots, at places where some node told one.
    roots: BTreeMap<u64, [u8; 32]>,
    chain: Chain,
}

/// A command that has come into the log, for whoever waits for it.
#[derive(Debug)]
pub struct Settled {
    /// By which it is known.
    pub tag: u64,
    /// As it was sent.
    pub op: Op,
    /// Where it is.
    pub seq: Seq,
    /// Its events in the batch.
    pub events: std::ops::Range<usize>,
}

impl Truth {
    /// Nothing was applied.
    pub fn new() -> Truth {
        Truth { first: 1, ..Truth::default() }
    }

    /// The last place that was applied.
    pub fn last_index(&self) -> u64 {
        self.first + u64::try_from(self.done.len()).unwrap_or(0) - 1
    }

    /// The last seq that was applied.
    pub fn last_seq(&self) -> Seq {
        self.seq
    }

    /// The highest seq that a client was told of.
    pub fn told(&self) -> Seq {
        self.told
    }

    /// A node has applied an entry. True: it is the first to do so.
    pub fn applied(
        &mut self,
        node: NodeId,
        entry: &LogEntry,
        applied: &Applied,
        (seq, chain): (Seq, Option<[u8; 32]>),
    ) -> Result<bool, Violation> {
        let done = Done { term: entry.id.term, body: fingerprint(&entry.body), seq, chain };
        let index = entry.id.index;
        if index <= self.last_index() {
            return match index.checked_sub(self.first).and_then(|nth| usize::try_from(nth).ok()) {
                Some(nth) => self.compare(node, index, self.done[nth], done).map(|()| false),
                None => Ok(false),
            };
        }
        if index != self.last_index() + 1 {
            let words = format!("node {node} applies {index}, {} was the last", self.last_index());
            return Err(Violation::new("AGREEMENT", words));
        }
        if entry.count != 0 && applied.at < self.at {
            let words =
                format!("entry {index} is of {}, the one before of {}", applied.at, self.at);
            return Err(Violation::new("CLOCK", words));
        }
        self.at = self.at.max(applied.at);
        self.seq = seq;
        self.done.push_back(done);
        if KEPT < self.done.len() {
            self.done.pop_front();
            self.first += 1;
        }
        Ok(true)
    }

    fn compare(&self, node: NodeId, index: u64, first: Done, now: Done) -> Result<(), Violation> {
        if first == now {
            return Ok(());
        }
        let what = match first {
            Done { term, body, .. } if (term, body) != (now.term, now.body) => "another entry",
            Done { seq, .. } if seq != now.seq => "another seq",
            Done { .. } => "other events",
        };
        let words = format!(
            "node {node} has {what} at {index} (term {}, seq {}) than was applied there first \
             (term {}, seq {})",
            now.term, now.seq, first.term, first.seq
        );
        Err(Violation::new("AGREEMENT", words))
    }

    /// The commands of an entry that was applied first now: each was asked for, and once.
    pub fn settle(
        &mut self,
        entries: &[Entry],
        tags: &[u64],
        applied: &Applied,
    ) -> Result<Vec<Settled>, Violation> {
        let mut settled = Vec::new();
        for ((entry, tag), outcome) in entries.iter().zip(tags).zip(&applied.entries) {
            if *tag == 0 {
                match entry.command {
                    Command::StartTerm | Command::EndDay => continue,
                    _ => {
                        let words =
                            format!("{} was asked for by nobody: {:?}", entry.seq, entry.command);
                        return Err(Violation::new("PHANTOM", words));
                    }
                }
            }
            let Some(op) = self.ops.remove(tag) else {
                let words =
                    format!("{} is in the log a second time: {:?}", entry.seq, entry.command);
                return Err(Violation::new("ONCE", words));
            };
            if op.command != entry.command {
                let words = format!("{:?} was asked, {:?} was applied", op.command, entry.command);
                return Err(Violation::new("PHANTOM", words));
            }
            let (tag, seq, events) = (*tag, entry.seq, outcome.events.clone());
            settled.push(Settled { tag, op, seq, events });
        }
        Ok(settled)
    }

    /// An entry was applied first, with these events.
    pub fn chain(&mut self, entry: &Entry, events: &[Event]) {
        self.chain.extend(|out| {
            entry.encode(out);
            events.iter().for_each(|event| event.encode(out));
        });
    }

    /// Whoever has applied all of it has its chain.
    pub fn compare_chain(&self, chain: [u8; 32]) -> Result<(), Violation> {
        if chain == self.chain.head() {
            return Ok(());
        }
        let words = format!("the chain at {} is not of its entries and events", self.seq);
        Err(Violation::new("CHAIN", words))
    }

    /// A client is told that its command has a place.
    pub fn tell(&mut self, op: &Op, seq: Seq) -> Result<(), Violation> {
        if seq <= op.after {
            let words = format!(
                "{seq} was asked for when {} had been acknowledged: {:?}",
                op.after, op.command
            );
            return Err(Violation::new("ORDER", words));
        }
        if self.seq < seq {
            let words =
                format!("{seq} was acknowledged, and {} is the last that was applied", self.seq);
            return Err(Violation::new("LOST", words));
        }
        self.told = self.told.max(seq);
        Ok(())
    }

    /// A node has this root after an entry.
    pub fn root(&mut self, node: NodeId, index: u64, root: [u8; 32]) -> Result<(), Violation> {
        if *self.roots.entry(index).or_insert(root) != root {
            let words = format!("node {node} has another root after entry {index} than the others");
            return Err(Violation::new("AGREEMENT", words));
        }
        while 1_000 < self.roots.len() {
            self.roots.pop_first();
        }
        Ok(())
    }

    /// A node has come back, with a state after an entry.
    pub fn restored(
        &self,
        node: NodeId,
        index: u64,
        (seq, chain): (Seq, [u8; 32]),
    ) -> Result<(), Violation> {
        let Some(nth) = index.checked_sub(self.first).and_then(|nth| usize::try_from(nth).ok())
        else {
            return Ok(());
        };
        match self.done.get(nth) {
            Some(done) if done.seq == seq && done.chain.is_none_or(|known| known == chain) => {
                Ok(())
            }
            Some(done) => {
                let words = format!(
                    "node {node} comes back after entry {index} with seq {seq}, and it was {}: \
                     another state",
                    done.seq
                );
                Err(Violation::new("RESTORED", words))
            }
            None => {
                let words =
                    format!("node {node} comes back with {index}, which nobody has applied");
                Err(Violation::new("RESTORED", words))
            }
        }
    }

    /// A node starts with a log that ends here, and had said to have it up to there.
    pub fn kept(&self, node: NodeId, had: LogId, has: LogId) -> Result<(), Violation> {
        if had <= has {
            return Ok(());
        }
        let words = format!("node {node} starts with a log up to {has:?}, and had {had:?}");
        Err(Violation::new("SHORT", words))
    }

    /// At the end a node has all of it.
    pub fn complete(&self, node: NodeId, index: u64) -> Result<(), Violation> {
        if index == self.last_index() {
            return Ok(());
        }
        let words =
            format!("node {node} ends with entry {index}, {} was applied", self.last_index());
        Err(Violation::new("LOST", words))
    }
}

/// FNV-1a over the bytes, eight at a time.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash
}

/// Whether an outcome is a refusal.
pub fn refusal(events: &[Event]) -> Option<&types::Reject> {
    match events {
        [Event::Refused(reject)] => Some(reject),
        _ => None,
    }
}
