//! What happened in a run, for people: a line for each thing that somebody would tell.

use std::collections::VecDeque;
use std::fmt;

use types::Event;

use crate::faults::Kind;
use crate::raft::{NodeId, Us};
use crate::setup::SECOND;

/// Lines that are kept for the end.
const TOLD_MAX: usize = 100_000;
/// Events that are kept for the end of a run that failed.
const LAST_MAX: usize = 20;

/// Something that is worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of each say what it is")]
pub enum Told {
    Started { node: NodeId },
    Ended { node: NodeId },
    Replaced { node: NodeId },
    Repaired { node: NodeId },
    Leads { node: NodeId },
    Steps { node: NodeId },
    Broke { kind: Kind, node: NodeId },
    Mended { kind: Kind, node: NodeId },
    Halted,
    Resumed,
    Liquidation,
}

/// The lines, in their order.
#[derive(Clone, Debug, Default)]
pub struct Story {
    told: Vec<(Us, Told)>,
    last: VecDeque<(Us, Event)>,
    /// Trades and entries, second by second, for the picture.
    pub pace: Vec<(u32, u32)>,
}

impl Story {
    pub(crate) fn tell(&mut self, now: Us, told: Told) {
        if self.told.len() < TOLD_MAX {
            self.told.push((now, told));
        }
    }

    /// Keeps the newest events, and what the picture needs.
    pub(crate) fn note(&mut self, now: Us, events: &[Event]) {
        let second = usize::try_from(now / SECOND).unwrap_or(0);
        if self.pace.len() <= second {
            self.pace.resize(second + 1, (0, 0));
        }
        self.pace[second].0 += 1;
        for event in events {
            match event {
                Event::Traded(_) => self.pace[second].1 += 1,
                Event::Halted(_) => self.tell(now, Told::Halted),
                Event::Resumed { .. } => self.tell(now, Told::Resumed),
                Event::LiquidationStarted { .. } => self.tell(now, Told::Liquidation),
                _ => {}
            }
            if LAST_MAX <= self.last.len() {
                self.last.pop_front();
            }
            self.last.push_back((now, event.clone()));
        }
    }

    /// All of it.
    pub fn told(&self) -> &[(Us, Told)] {
        &self.told
    }

    /// The end of it, in words: what was told last, and the last events.
    pub fn last_words(&self) -> String {
        let mut words = String::new();
        let from = self.told.len().saturating_sub(LAST_MAX);
        for (at, told) in &self.told[from..] {
            words += &format!("  {} {told}\n", seconds(*at));
        }
        for (at, event) in &self.last {
            let mut line = format!("{event:?}");
            line.truncate(160);
            words += &format!("  {} {line}\n", seconds(*at));
        }
        words
    }
}

fn seconds(at: Us) -> String {
    format!("{:>5}.{:03} s", at / SECOND, at % SECOND / 1_000)
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Started { node } => write!(f, "node {node} starts"),
            Told::Ended { node } => write!(f, "node {node} has ended"),
            Told::Replaced { node } => write!(f, "node {node} found damage and is replaced"),
            Told::Repaired { node } => write!(f, "node {node} found damage and is repaired"),
            Told::Leads { node } => write!(f, "node {node} leads"),
            Told::Steps { node } => write!(f, "node {node} leads no more"),
            Told::Broke { kind, node } => write!(f, "fault: {} at node {node}", kind.name()),
            Told::Mended { kind, node } => write!(f, "over: {} at node {node}", kind.name()),
            Told::Halted => f.write_str("a market is restricted"),
            Told::Resumed => f.write_str("a restriction is over"),
            Told::Liquidation => f.write_str("an account is liquidated"),
        }
    }
}
