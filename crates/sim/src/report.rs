//! What a run was: what happened in it, how often, and its fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use types::{Command, Event, LiquidationAction, Reject, Seq};

use crate::faults::Kind;
use crate::raft::{NodeId, Us};
use crate::setup::Setup;

/// The counts of a run. Two runs of one seed have the same, to the last number.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Of which.
    pub seed: u64,
    /// Seconds that people traded.
    pub seconds: u64,
    /// Nodes.
    pub nodes: u32,
    /// Things that happened.
    pub n_happenings: u64,
    /// Commands that people sent.
    pub n_asked: u64,
    /// Answers that gateways gave.
    pub n_answers: u64,
    /// Of these, how long the longest took, in microseconds.
    pub slowest: Us,
    /// Commands that were done.
    pub n_done: u64,
    /// Commands that the engine refused.
    pub n_refused: u64,
    /// Commands that were never proposed.
    pub n_not_taken: u64,
    /// Of these, calls that a gateway refused.
    pub n_barred: u64,
    /// Garbage that gateways were sent.
    pub n_garbage: u64,
    /// Connections that dropped while their node went on.
    pub n_hung_up: u64,
    /// Commands of which nothing was heard.
    pub n_unknown: u64,
    /// Messages that were lost.
    pub n_lost: u64,
    /// Times that a node came to lead.
    pub n_elections: u64,
    /// Snapshots that were stored.
    pub n_snapshots: u64,
    /// Snapshots that were installed from a leader.
    pub n_installed: u64,
    /// Nodes that were replaced after they found damage.
    pub n_replaced: u64,
    /// Nodes that were alone, found damage, and were put right from a backup.
    pub n_repaired: u64,
    /// Faults, by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// What was seen to happen, by name: a mark that stays at zero over many seeds says that the
    /// worlds are too narrow.
    pub marks: BTreeMap<&'static str, u64>,
    /// Nodes whose disk was spoiled beyond what a disk promises, and which may find damage.
    pub rotten: BTreeSet<NodeId>,
    /// Entries of the log.
    pub entries: u64,
    /// Seconds of its own time that it went.
    pub lasted: u64,
    /// Root at the end.
    pub root: [u8; 32],
    /// Of everything that happened, in its order.
    pub fingerprint: u64,
}

impl Report {
    pub(crate) fn new(setup: &Setup) -> Report {
        let Setup { seed, seconds, nodes, .. } = *setup;
        Report { seed, seconds, nodes, fingerprint: 0xcbf2_9ce4_8422_2325, ..Report::default() }
    }

    fn mix(&mut self, number: u64) {
        self.fingerprint = (self.fingerprint ^ number).wrapping_mul(0x0000_0100_0000_01b3);
        self.fingerprint ^= self.fingerprint >> 31;
    }

    pub(crate) fn trace(&mut self, now: Us, kind: u64, whom: NodeId) {
        self.mix(now << 8 | kind << 4 | u64::from(whom));
    }

    pub(crate) fn chain(&mut self, chain: [u8; 32]) {
        let head = chain.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        self.mix(head);
    }

    pub(crate) fn watch(&mut self, price: u64) {
        self.mix(price);
    }

    pub(crate) fn answered(&mut self, took: Us) {
        self.n_answers += 1;
        self.slowest = self.slowest.max(took);
    }

    pub(crate) fn fault(&mut self, kind: Kind) {
        *self.faults.entry(kind).or_default() += 1;
    }

    pub(crate) fn mark(&mut self, name: &'static str) {
        *self.marks.entry(name).or_default() += 1;
    }

    pub(crate) fn end(&mut self, now: Us, seq: Seq, root: [u8; 32]) {
        (self.entries, self.root) = (seq.0, root);
        self.mix(now);
        self.chain(root);
    }

    pub(crate) fn count(&mut self, command: &Command, events: &[Event]) {
        let mut mark = |name| self.mark(name);
        if matches!(command, Command::StartTerm) {
            mark("term");
        }
        for event in events {
            match event {
                Event::Traded(_) => mark("trade"),
                Event::OrderRepeated { .. } => mark("order repeated"),
                Event::MmpTriggered { .. } => mark("mmp triggered"),
                Event::FeedHealthChanged { .. } => mark("feed health changed"),
                Event::ReporterFaulted { .. } => mark("reporter faulted"),
                Event::FundingAccrued { .. } => mark("funding accrued"),
                Event::DeliveryPriced { .. } => mark("delivery priced"),
                Event::DeliveryDisputed { .. } => mark("delivery disputed"),
                Event::InstrumentDelivered { .. } => mark("instrument delivered"),
                Event::LiquidationStarted { .. } => mark("liquidation"),
                Event::LiquidationEnded { .. } => mark("liquidation ended"),
                Event::LiquidationStepped(step) => mark(step_name(&step.action)),
                Event::Halted(_) => mark("halt"),
                Event::AuctionEnded { .. } => mark("auction"),
                Event::Triggered { .. } => mark("trigger fired"),
                Event::OrdersFenced { .. } => mark("fence"),
                Event::KillSwitchSet { .. } => mark("kill switch"),
                Event::SurfaceChanged { .. } => mark("surface"),
                Event::Refused(reject) => mark(refusal_name(reject)),
                _ => {}
            }
        }
    }
}

fn step_name(action: &LiquidationAction) -> &'static str {
    match action {
        LiquidationAction::OrdersCancelled { .. } => "liquidation cancels",
        LiquidationAction::Reduced { .. } => "liquidation trades",
        LiquidationAction::TakenOver { .. } => "backstop",
        LiquidationAction::Insured { .. } => "insurance paid",
        LiquidationAction::Deleveraged { .. } => "auto-deleveraging",
        LiquidationAction::Socialised { .. } => "socialised",
    }
}

fn refusal_name(reject: &Reject) -> &'static str {
    match reject.code() / 100 {
        1 => "refused: malformed",
        2 => "refused: reference",
        3 => "refused: state",
        4 => "refused: order",
        5 => "refused: market",
        6 => "refused: money",
        _ => "refused: other",
    }
}
