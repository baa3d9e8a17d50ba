//! What the answers of the nodes come to: well, degraded, or without a quorum.
//!
//! ```text
//!   per domain: the view of its leader (else the one of the highest term) says who votes
//!     fewer voters answer than a quorum, or nobody leads   ─▶ no quorum
//!     a voter is silent, lags, or differs in its root      ─▶ degraded
//! ```
//! The worst of all domains is the verdict: an operator wants to know of any.

use super::ask::Answer;
use super::reply::{DomainReply, NodeReply};
use crate::config::quorum;

/// Entries that a voter may be behind and still be said to be well.
const BEHIND_MAX: u64 = 10_000;
/// How long ago others may have heard of a leader that does not answer itself.
const HEARD_MS_MAX: u64 = 1_000;
/// How far two clocks may be apart.
const CLOCK_MS_MAX: u64 = 250;
/// What must be left on a disk.
const DISK_BYTES_MIN: u64 = 1 << 30;

/// How a cluster is. The later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Everything is there.
    Well,
    /// Something is not as it should be, and every domain takes orders.
    Degraded,
    /// A domain takes no orders.
    NoQuorum,
}

impl Health {
    /// As it is said.
    pub fn word(self) -> &'static str {
        match self {
            Health::Well => "all well",
            Health::Degraded => "degraded",
            Health::NoQuorum => "no quorum",
        }
    }

    /// Of `cluster status`.
    pub fn exit_code(self) -> u8 {
        match self {
            Health::Well => 0,
            Health::Degraded => 1,
            Health::NoQuorum => 2,
        }
    }
}

/// A domain as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainState {
    /// Settlement asset.
    pub currency: String,
    /// Who leads.
    pub leader: Option<u64>,
    /// In which term.
    pub term: u64,
    /// Who votes.
    pub voters: Vec<u64>,
    /// Who learns.
    pub learners: Vec<u64>,
    /// Voters that answer.
    pub there: Vec<u64>,
    /// Last entry that a quorum has.
    pub committed: u64,
    /// By which version of the rules it goes.
    pub version: u32,
    /// Nodes that answer, and how many entries each is behind.
    pub behind: Vec<(u64, u64)>,
}

/// The answers, summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it is.
    pub health: Health,
    /// Why it is not well.
    pub reasons: Vec<String>,
    /// Each domain.
    pub domains: Vec<DomainState>,
}

impl DomainState {
    /// How many voters decide.
    pub fn quorum(&self) -> usize {
        quorum(self.voters.len())
    }

    /// The version of the rules that an upgrade leads to.
    pub fn next_version(&self) -> u32 {
        self.version.saturating_add(1)
    }

    /// How far a node is behind; `None` if it does not answer.
    pub fn behind(&self, node: u64) -> Option<u64> {
        self.behind.iter().find(|(other, _)| *other == node).map(|(_, entries)| *entries)
    }
}

/// Sums up.
pub fn verdict(answers: &[Answer]) -> Verdict {
    let replies: Vec<&NodeReply> =
        answers.iter().filter_map(|answer| answer.said.as_ref().ok()).collect();
    let mut found = Findings::default();
    if replies.is_empty() {
        let n = answers.len();
        let words = format!("none of the {n} that were asked answers");
        found.say(Health::NoQuorum, words);
    }
    let domains = domains(&replies);
    domains.iter().for_each(|domain| found.judge_domain(domain));
    found.judge_silence(answers, &domains);
    found.judge_nodes(&replies);
    found.judge_roots(&replies);
    Verdict { health: found.health, reasons: found.reasons, domains }
}

/// Each domain that any node knows.
pub fn domains(replies: &[&NodeReply]) -> Vec<DomainState> {
    let mut currencies: Vec<&str> = Vec::new();
    for domain in replies.iter().flat_map(|reply| &reply.domains) {
        if !currencies.contains(&domain.currency.as_str()) {
            currencies.push(&domain.currency);
        }
    }
    currencies.into_iter().filter_map(|currency| domain_state(currency, replies)).collect()
}

/// The view that counts is that of the leader of the highest term; without one, the newest.
fn domain_state(currency: &str, replies: &[&NodeReply]) -> Option<DomainState> {
    let of = |reply: &NodeReply| {
        let mut domains = reply.domains.iter();
        let domain = domains.find(|domain| domain.currency == currency)?;
        Some((reply.node, domain.clone()))
    };
    let views: Vec<(u64, DomainReply)> = replies.iter().filter_map(|reply| of(reply)).collect();
    let term = views.iter().map(|(_, view)| view.term).max()?;
    let is_leader = |view: &DomainReply| view.role.leads() && view.term == term;
    let rank = |view: &DomainReply| (is_leader(view), view.term, view.committed_index);
    let (node, newest) = views.iter().max_by_key(|(_, view)| rank(view))?;
    // A leader whose API alone is out of reach is heard of by the others.
    let heard = |view: &DomainReply| {
        let is_fresh = view.term == term && view.lag_ms.is_some_and(|ms| ms <= HEARD_MS_MAX);
        view.leader.filter(|leader| is_fresh && views.iter().all(|(node, _)| node != leader))
    };
    let leader = match is_leader(newest) {
        true => Some(*node),
        false => views.iter().find_map(|(_, view)| heard(view)),
    };
    let voters = match newest.voters.is_empty() {
        true => vec![*node],
        false => newest.voters.clone(),
    };
    let committed = newest.committed_index.or(newest.applied_index).unwrap_or_default();
    let applied = |view: &DomainReply| view.applied_index.unwrap_or_default();
    let behind = views.iter().map(|(node, view)| (*node, committed.saturating_sub(applied(view))));
    let there = |voter: &u64| views.iter().any(|(node, _)| node == voter);
    Some(DomainState {
        currency: currency.to_owned(),
        leader,
        term,
        there: voters.iter().copied().filter(there).collect(),
        voters,
        learners: newest.learners.clone(),
        committed,
        version: newest.version,
        behind: behind.collect(),
    })
}

struct Findings {
    health: Health,
    reasons: Vec<String>,
}

impl Default for Findings {
    fn default() -> Findings {
        Findings { health: Health::Well, reasons: Vec::new() }
    }
}

impl Findings {
    fn say(&mut self, health: Health, words: String) {
        self.health = self.health.max(health);
        if !self.reasons.contains(&words) {
            self.reasons.push(words);
        }
    }

    fn judge_domain(&mut self, domain: &DomainState) {
        let (currency, n_voters, needed) = (&domain.currency, domain.voters.len(), domain.quorum());
        let n_there = domain.there.len();
        if n_there < needed {
            let words = format!(
                "{currency}: {n_there} of {n_voters} voters answer, and {needed} are a quorum"
            );
            self.say(Health::NoQuorum, words);
        } else if domain.leader.is_none() {
            let words = format!("{currency}: nobody leads, the newest term is {}", domain.term);
            self.say(Health::NoQuorum, words);
        }
        for (node, entries) in domain.behind.iter().filter(|(_, entries)| BEHIND_MAX < *entries) {
            self.say(
                Health::Degraded,
                format!("{currency}: node {node} is {entries} entries behind"),
            );
        }
    }

    /// Who has a place in a domain and does not answer.
    fn judge_silence(&mut self, answers: &[Answer], domains: &[DomainState]) {
        for node in members(domains) {
            let is_there = |answer: &Answer| answer.said.is_ok() && answer.node() == Some(node);
            if !answers.iter().any(is_there) {
                self.say(Health::Degraded, format!("node {node} does not answer"));
            }
        }
    }

    fn judge_nodes(&mut self, replies: &[&NodeReply]) {
        let Some(first) = replies.first() else { return };
        for reply in replies {
            let node = reply.node;
            if reply.cluster != first.cluster {
                let (own, other) = (&reply.cluster, &first.cluster);
                let words = format!("node {node} is of the cluster {own:?}, not of {other:?}");
                self.say(Health::Degraded, words);
            }
            if let Some(offset) = reply.clock_offset_ms
                && CLOCK_MS_MAX < offset.unsigned_abs()
            {
                let words = format!("the clock of node {node} is off by {offset} ms");
                self.say(Health::Degraded, words);
            }
            if let Some(bytes) = reply.disk_free_bytes
                && bytes < DISK_BYTES_MIN
            {
                let words = format!("node {node} has {} MiB of disk left", bytes >> 20);
                self.say(Health::Degraded, words);
            }
        }
    }

    /// Same log, same state: two roots after one entry are two states.
    fn judge_roots(&mut self, replies: &[&NodeReply]) {
        let all = replies.iter().flat_map(|reply| {
            reply.domains.iter().map(|domain| (reply.node, domain)).collect::<Vec<_>>()
        });
        let views: Vec<(u64, &DomainReply)> = all.filter(|(_, view)| 0 < view.root_seq).collect();
        for (index, (node, view)) in views.iter().enumerate() {
            let differs = |other: &DomainReply| {
                (&other.currency, other.root_seq) == (&view.currency, view.root_seq)
                    && other.root != view.root
            };
            if let Some((other, _)) = views[..index].iter().find(|(_, view)| differs(view)) {
                let (currency, seq) = (&view.currency, view.root_seq);
                let words = format!(
                    "{currency}: after entry {seq} the state of node {node} differs from that of \
                     node {other}: `plimsoll log verify` on both says which is wrong"
                );
                self.say(Health::Degraded, words);
            }
        }
    }
}

/// Everybody with a place in a domain, by number.
pub fn members(domains: &[DomainState]) -> Vec<u64> {
    let places = domains.iter().flat_map(|domain| domain.voters.iter().chain(&domain.learners));
    let mut nodes: Vec<u64> = places.copied().collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}
