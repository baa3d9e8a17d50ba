//! A model of consensus: Raft as in Ongaro and Ousterhout's paper (2014, figure 2), with
//! pre-votes and leaders that step down when no quorum answers.
//!
//! Production orders its log with openraft; this model is here because a world of months needs
//! one that costs nothing, and it drives the same journal, batches, engine and snapshots. What it
//! cannot show is a
//! bug of openraft, or of the code around it: the drills on real processes are for that
//! (docs/decisions/0016-what-the-simulator-runs.md).

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use journal::Snapshot;

use crate::ballot::{Ballot, BallotFile};
use crate::log::{Log, LogEntry, LogId};
use crate::rng::Rng;

/// Which node, from 1.
pub type NodeId = u32;
/// Virtual time, in microseconds.
pub type Us = u64;

/// Between two heartbeats.
pub const HEARTBEAT: Us = 100_000;
/// Shortest silence after which a follower stands.
const ELECTION: Us = 300_000;
/// Entries in one message at most.
const ENTRIES_MAX: usize = 64;
/// Messages with entries that a follower has not answered, at most.
const IN_FLIGHT_MAX: u32 = 4;

/// What nodes say to each other.
#[derive(Clone, Debug)]
pub enum Message {
    /// Vote for me; `pre`: would you?
    Vote { term: u64, last: LogId, pre: bool },
    /// Whether.
    VoteReply { term: u64, pre: bool, granted: bool },
    /// What follows `prev`.
    Append { term: u64, prev: LogId, entries: Rc<[LogEntry]>, commit: u64 },
    /// Up to where both logs are the same; refused: what the log has at most.
    AppendReply { term: u64, taken: bool, index: u64 },
    /// A state in the place of everything up to an entry.
    Snapshot { term: u64, id: LogId, state: Rc<Snapshot> },
    /// A client's command for the leader, with who knows it by which tag.
    Forward { tag: u64, command: Box<types::Command> },
}

/// What a step makes happen.
#[derive(Debug)]
pub enum Effect {
    /// Now, or once the disk has done what the step wrote.
    Send { to: NodeId, message: Message, after_disk: bool },
    /// Once the disk has done it, this node has the log up to an index.
    Synced { index: u64 },
    /// The newest snapshot is read from the disk and sent.
    SendSnapshot { to: NodeId, term: u64, id: LogId },
    /// A snapshot is to be installed.
    Install { from: NodeId, id: LogId, state: Rc<Snapshot> },
    /// This node leads.
    Leads,
    /// This node does not lead any more.
    Steps,
}

/// What a node is.
#[derive(Debug)]
pub enum Role {
    /// Hears a leader, or waits for one.
    Follower,
    /// Stands for a term; `pre`: asks whether to.
    Candidate { pre: bool, votes: Vec<NodeId> },
    /// Leads.
    Leader { peers: BTreeMap<NodeId, Peer> },
}

/// What a leader knows of another node.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    next: u64,
    matched: u64,
    in_flight: u32,
    /// Where the logs part is not known: one message at a time.
    is_probed: bool,
    heard: Us,
    has_snapshot_until: Us,
}

/// A node's part in consensus, in one life.
#[derive(Debug)]
pub struct Raft {
    /// Who.
    pub id: NodeId,
    /// Its log.
    pub log: Log,
    /// Up to where the log is committed.
    pub commit: u64,
    /// What it is.
    pub role: Role,
    /// Who leads, as far as it knows.
    pub leader: Option<NodeId>,
    /// Those who vote.
    pub voters: Rc<[NodeId]>,
    /// Everybody.
    pub nodes: Rc<[NodeId]>,
    ballot: BallotFile,
    deadline: Us,
    heard: Us,
    rng: Rng,
    /// Own entries up to here are on disk.
    synced: u64,
    /// The term of a leader, and what it had committed when it first spoke in this life.
    goal: Option<(u64, u64)>,
    /// Where the newest that is stored stands.
    pub snapshot: Option<LogId>,
}

type Effects = Vec<Effect>;

impl Raft {
    /// A node that starts, with the log and the ballot that it finds.
    pub fn new(
        (id, voters, nodes): (NodeId, Rc<[NodeId]>, Rc<[NodeId]>),
        (log, ballot): (Log, BallotFile),
        (now, mut rng): (Us, Rng),
        commit: u64,
    ) -> Raft {
        let deadline = now + ELECTION + rng.below(ELECTION);
        let (synced, commit) =
            (log.last().index, commit.max(log.committed().min(log.last().index)));
        let (role, leader) = (Role::Follower, None);
        let snapshot = None;
        Raft {
            id,
            log,
            commit,
            role,
            leader,
            voters,
            nodes,
            ballot,
            deadline,
            heard: 0,
            rng,
            synced,
            goal: None,
            snapshot,
        }
    }

    /// The term that it is in.
    pub fn term(&self) -> u64 {
        self.ballot.get().term
    }

    /// Whether it leads.
    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    fn is_voter(&self) -> bool {
        self.voters.contains(&self.id)
    }

    fn quorum(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Us) -> io::Result<Effects> {
        let mut effects = Vec::new();
        match &self.role {
            Role::Leader { peers } => {
                let voters = self.voters.iter().filter(|voter| **voter != self.id);
                let heard = voters.filter(|voter| now < peers[voter].heard + 2 * ELECTION).count();
                if heard + usize::from(self.is_voter()) < self.quorum() {
                    self.step_down(self.term(), now, &mut effects)?;
                } else {
                    self.spread(now, true, &mut effects)?;
                }
            }
            Role::Follower | Role::Candidate { .. } if self.deadline <= now && self.is_voter() => {
                self.stand(now, true, &mut effects)?;
            }
            Role::Follower | Role::Candidate { .. } => {}
        }
        Ok(effects)
    }

    fn stand(&mut self, now: Us, pre: bool, effects: &mut Effects) -> io::Result<()> {
        self.deadline = now + ELECTION + self.rng.below(ELECTION);
        self.leader = None;
        let term = self.term() + 1;
        if !pre {
            self.ballot.write(Ballot { term, voted: self.id })?;
        }
        self.role = Role::Candidate { pre, votes: vec![self.id] };
        let last = self.log.last();
        for to in self.voters.iter().filter(|voter| **voter != self.id) {
            let message = Message::Vote { term, last, pre };
            effects.push(Effect::Send { to: *to, message, after_disk: !pre });
        }
        self.count_votes(now, effects)
    }

    fn count_votes(&mut self, now: Us, effects: &mut Effects) -> io::Result<()> {
        let Role::Candidate { pre, votes } = &self.role else { return Ok(()) };
        match (*pre, self.quorum() <= votes.len()) {
            (_, false) => Ok(()),
            (true, true) => self.stand(now, false, effects),
            (false, true) => {
                let next = self.log.last().index + 1;
                let (matched, in_flight, is_probed, has_snapshot_until) = (0, 0, true, 0);
                let peer =
                    Peer { next, matched, in_flight, is_probed, heard: now, has_snapshot_until };
                let peers = self.nodes.iter().filter(|node| **node != self.id);
                self.role = Role::Leader { peers: peers.map(|node| (*node, peer)).collect() };
                self.leader = Some(self.id);
                effects.push(Effect::Leads);
                Ok(())
            }
        }
    }

    fn step_down(&mut self, term: u64, now: Us, effects: &mut Effects) -> io::Result<()> {
        if self.term() < term {
            self.ballot.write(Ballot { term, voted: 0 })?;
        }
        if self.leads() {
            effects.push(Effect::Steps);
        }
        self.role = Role::Follower;
        self.leader = None;
        self.deadline = now + ELECTION + self.rng.below(ELECTION);
        Ok(())
    }

    /// Appends an entry as the leader of the term. Nothing is sent before [`Raft::spread`].
    pub fn propose(&mut self, count: u32, body: Rc<[u8]>, tags: Rc<[u64]>) -> io::Result<Effect> {
        let id = LogId { term: self.term(), index: self.log.last().index + 1 };
        self.log.append(&[LogEntry { id, count, body, tags }], self.commit)?;
        Ok(Effect::Synced { index: id.index })
    }

    /// Own entries up to an index are on disk.
    pub fn note_synced(&mut self, index: u64) {
        self.synced = self.synced.max(index.min(self.log.last().index));
        self.advance();
    }

    /// Sends to each what it lacks; to all something, if it is time for a heartbeat. What is not
    /// new is read from the disk, which may fail.
    pub fn spread(&mut self, now: Us, beats: bool, effects: &mut Effects) -> io::Result<()> {
        let Role::Leader { peers } = &mut self.role else { return Ok(()) };
        let (term, commit, last) = (self.ballot.get().term, self.commit, self.log.last().index);
        for (to, peer) in peers {
            let most = if peer.is_probed { 1 } else { IN_FLIGHT_MAX };
            let lacks = peer.next <= last && peer.in_flight < most;
            if !(lacks || beats) {
                continue;
            }
            if beats && 0 < peer.in_flight && peer.heard + 2 * HEARTBEAT < now {
                // What was sent is lost: from what is known to be there on.
                (peer.next, peer.in_flight, peer.is_probed) = (peer.matched + 1, 0, true);
            }
            let prev = self.log.id(peer.next - 1);
            let most = if lacks { ENTRIES_MAX } else { 0 };
            let (Some(prev), Some(entries)) = (prev, self.log.entries(peer.next, most)?) else {
                if let Some(id) = self.snapshot
                    && peer.has_snapshot_until < now
                {
                    peer.has_snapshot_until = now + 5 * HEARTBEAT;
                    effects.push(Effect::SendSnapshot { to: *to, term, id });
                }
                continue;
            };
            peer.next += u64::try_from(entries.len()).expect("few");
            peer.in_flight += u32::from(!entries.is_empty());
            let message = Message::Append { term, prev, entries: entries.into(), commit };
            effects.push(Effect::Send { to: *to, message, after_disk: false });
        }
        Ok(())
    }

    /// Its vote counts again. Whom it voted for in this term, before it lost its disk, nobody
    /// knows: it votes from the next one on.
    pub fn admit(&mut self, voters: Rc<[NodeId]>) -> io::Result<()> {
        self.voters = voters;
        let term = self.term();
        self.ballot.write(Ballot { term, voted: self.id })
    }

    /// REP-13: it has applied, and has on its disk, what a leader had committed in its own term
    /// when it first said so.
    pub fn has_caught_up(&mut self, applied: LogId) -> bool {
        let Some((term, index)) = self.goal else { return false };
        if applied.index.min(self.synced) < index {
            return false;
        }
        let is_own = self.log.id(index).is_some_and(|id| id.term == term);
        self.goal = self.goal.filter(|_| is_own);
        is_own
    }

    /// Another node has a new disk: what it had is gone.
    pub fn forget(&mut self, node: NodeId) {
        if let Role::Leader { peers } = &mut self.role
            && let Some(peer) = peers.get_mut(&node)
        {
            (peer.next, peer.matched, peer.in_flight, peer.is_probed) = (1, 0, 0, true);
        }
    }

    fn advance(&mut self) {
        let Role::Leader { peers } = &self.role else { return };
        let own = (self.id, self.synced);
        let others = peers.iter().map(|(node, peer)| (*node, peer.matched));
        let mut matched: Vec<u64> = others
            .chain([own])
            .filter(|(node, _)| self.voters.contains(node))
            .map(|(_, matched)| matched)
            .collect();
        matched.sort_unstable();
        let index = matched[matched.len() - self.quorum()];
        // Only an entry of its own term commits what is before it (§5.4.2 of the paper).
        if self.commit < index && self.log.id(index).is_some_and(|id| id.term == self.term()) {
            self.commit = index;
        }
    }

    /// A message has come.
    pub fn hear(&mut self, now: Us, from: NodeId, message: Message) -> io::Result<Effects> {
        let mut effects = Vec::new();
        match message {
            Message::Vote { term, last, pre } => {
                self.vote(now, from, (term, last, pre), &mut effects)?;
            }
            Message::VoteReply { term, pre, granted } => {
                if self.term() < term && !pre {
                    self.step_down(term, now, &mut effects)?;
                } else if let Role::Candidate { pre: asks, votes } = &mut self.role
                    && *asks == pre
                    && granted
                    && !votes.contains(&from)
                {
                    votes.push(from);
                    self.count_votes(now, &mut effects)?;
                }
            }
            Message::Append { term, prev, entries, commit } => {
                if self.follows(now, from, term, &mut effects)? {
                    self.goal.get_or_insert((term, commit));
                    self.take(from, prev, &entries, commit, &mut effects)?;
                }
            }
            Message::AppendReply { term, taken, index } => {
                self.answered(now, from, (term, taken, index), &mut effects)?;
            }
            Message::Snapshot { term, id, state } => {
                match self.follows(now, from, term, &mut effects)? {
                    true if self.commit < id.index => {
                        effects.push(Effect::Install { from, id, state });
                    }
                    true => {
                        let (taken, index) = (true, self.commit);
                        let message = Message::AppendReply { term, taken, index };
                        effects.push(Effect::Send { to: from, message, after_disk: false });
                    }
                    false => {}
                }
            }
            Message::Forward { .. } => unreachable!("the node takes it"),
        }
        Ok(effects)
    }

    fn vote(
        &mut self,
        now: Us,
        from: NodeId,
        (term, last, pre): (u64, LogId, bool),
        effects: &mut Effects,
    ) -> io::Result<()> {
        // Who hears a leader wants no other one.
        let has_leader = self.leads() || now < self.heard + ELECTION;
        if self.term() < term && !pre && !has_leader {
            self.step_down(term, now, effects)?;
        }
        let Ballot { term: own, voted } = self.ballot.get();
        let is_free = pre || (own == term && [0, from].contains(&voted));
        // A node with a new disk has forgotten what it promised: it promises nothing.
        let may = self.is_voter() && !has_leader;
        let granted = own <= term && self.log.last() <= last && is_free && may;
        if granted && !pre {
            self.ballot.write(Ballot { term, voted: from })?;
            self.deadline = now + ELECTION + self.rng.below(ELECTION);
        }
        let message = Message::VoteReply { term: self.term(), pre, granted };
        effects.push(Effect::Send { to: from, message, after_disk: granted && !pre });
        Ok(())
    }

    /// Whether a message comes from the leader of this term, or of a later one.
    fn follows(
        &mut self,
        now: Us,
        from: NodeId,
        term: u64,
        effects: &mut Effects,
    ) -> io::Result<bool> {
        if term < self.term() {
            let message = Message::AppendReply { term: self.term(), taken: false, index: 0 };
            effects.push(Effect::Send { to: from, message, after_disk: false });
            return Ok(false);
        }
        if self.term() < term || !matches!(self.role, Role::Follower) {
            self.step_down(term, now, effects)?;
        }
        self.leader = Some(from);
        self.heard = now;
        self.deadline = now + ELECTION + self.rng.below(ELECTION);
        Ok(true)
    }

    fn take(
        &mut self,
        from: NodeId,
        prev: LogId,
        entries: &[LogEntry],
        commit: u64,
        effects: &mut Effects,
    ) -> io::Result<()> {
        let term = self.term();
        let mut reply = |taken, index, after_disk| {
            let message = Message::AppendReply { term, taken, index };
            effects.push(Effect::Send { to: from, message, after_disk });
        };
        // What is committed here is the same everywhere, whether its row is known or not.
        if self.log.id(prev.index) != Some(prev) && self.commit < prev.index {
            reply(false, self.log.last().index.min(prev.index.saturating_sub(1)), false);
            return Ok(());
        }
        let is_new = |entry: &&LogEntry| {
            self.commit < entry.id.index && self.log.id(entry.id.index) != Some(entry.id)
        };
        let index = entries.last().map_or(prev.index, |entry| entry.id.index);
        if let Some(first) = entries.iter().position(|entry| is_new(&entry)) {
            let new = &entries[first..];
            if new[0].id.index <= self.log.last().index {
                self.log.truncate(new[0].id.index - 1)?;
            }
            self.log.append(new, self.commit)?;
            self.synced = self.log.last().index;
        }
        self.commit = self.commit.max(commit.min(index));
        reply(true, index, !entries.is_empty());
        Ok(())
    }

    fn answered(
        &mut self,
        now: Us,
        from: NodeId,
        (term, taken, index): (u64, bool, u64),
        effects: &mut Effects,
    ) -> io::Result<()> {
        if self.term() < term {
            return self.step_down(term, now, effects);
        }
        let Role::Leader { peers } = &mut self.role else { return Ok(()) };
        let Some(peer) = peers.get_mut(&from).filter(|_| term == self.ballot.get().term) else {
            return Ok(());
        };
        peer.heard = now;
        peer.in_flight = peer.in_flight.saturating_sub(1);
        if taken {
            peer.matched = peer.matched.max(index);
            peer.next = peer.next.max(peer.matched + 1);
            peer.is_probed = false;
        } else if index.max(peer.matched) + 1 < peer.next {
            // A refusal that says nothing new is one of a message before the last.
            (peer.next, peer.in_flight) = (index.max(peer.matched) + 1, 0);
            peer.is_probed = true;
        }
        self.advance();
        self.spread(now, false, effects)
    }

    /// A snapshot is in force: everything up to it is there.
    pub fn installed(&mut self, id: LogId) {
        self.commit = self.commit.max(id.index);
        self.synced = self.synced.max(id.index);
    }
}
