//! Which replica is wrong, when roots differ.
//!
//! ```text
//!   every node, at the same seqs ─▶ root and chain ─▶ all others
//!   three nodes:  A = B ≠ C   ─▶ C stops itself
//!                 A ≠ B, C not heard ─▶ nobody stops: it is not known who is wrong
//! ```
//! A node that finds itself alone against a majority of the voters stops, and keeps what shows it:
//! the entry, the roots, and the state that it came to. Two that differ while the others are silent
//! wait: stopping on a guess could stop the one that is right.

use std::collections::{BTreeMap, BTreeSet};

use types::Seq;

use super::wire::forward::RootReport;

/// Seqs that are compared at most; older ones are forgotten.
pub const SEQS_MAX: usize = 64;

/// What a node reported.
type Claim = ([u8; 32], [u8; 32]);

/// The reports of all nodes.
#[derive(Debug, Default)]
pub struct Roots {
    own: u64,
    claims: BTreeMap<Seq, BTreeMap<u64, Claim>>,
}

/// This node differs from a majority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// After which entry.
    pub seq: Seq,
    /// What this node came to.
    pub own: Claim,
    /// What the majority came to.
    pub majority: Claim,
    /// Who they are.
    pub nodes: Vec<u64>,
}

impl Roots {
    /// For this node.
    pub fn new(own: u64) -> Roots {
        Roots { own, claims: BTreeMap::new() }
    }

    /// Takes a report, of this node or another; says if this node is the one that is wrong.
    pub fn take(&mut self, report: &RootReport, voters: &BTreeSet<u64>) -> Option<Differs> {
        let claims = self.claims.entry(report.seq).or_default();
        claims.insert(report.node, (report.root, report.chain));
        let differs = self.judge(report.seq, voters);
        while SEQS_MAX < self.claims.len() {
            self.claims.pop_first();
        }
        differs
    }

    fn judge(&self, seq: Seq, voters: &BTreeSet<u64>) -> Option<Differs> {
        let claims = self.claims.get(&seq)?;
        let own = *claims.get(&self.own)?;
        let others = claims.iter().filter(|(node, claim)| voters.contains(node) && **claim != own);
        let mut by_claim: BTreeMap<Claim, Vec<u64>> = BTreeMap::new();
        others.for_each(|(node, claim)| by_claim.entry(*claim).or_default().push(*node));
        let (majority, nodes) =
            by_claim.into_iter().find(|(_, nodes)| voters.len() < nodes.len() * 2)?;
        Some(Differs { seq, own, majority, nodes })
    }

    /// The newest root of this node.
    pub fn newest(&self) -> Option<(Seq, [u8; 32])> {
        let own = self.claims.iter().rev();
        own.filter_map(|(seq, claims)| Some((*seq, claims.get(&self.own)?.0))).next()
    }
}
