//! One node: consensus, engine and projections over its disk, in lives that end with faults.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use engine::Engine;
use journal::ReadError;
use journal::snapshot::{self, Fallback, Snapshot, SnapshotError};
use replica::batch::{self, Entries};
use replica::queue::{Class, Limits, Patience, Queue, Turn};
use replica::restore::{self, RestoreError, Start};
use types::codec::Codec;
use types::limits::BATCH_COMMANDS_MAX;
use types::{Applied, AssetCode, At, Command, Proposal, Seq};

use crate::ballot::BallotFile;
use crate::disk::Disk;
use crate::edge::{self, Front};
use crate::log::{self, Log, LogEntry, LogError, LogId};
use crate::raft::{Effect, NodeId, Raft, Us};
use crate::rng::Rng;

/// Snapshots that a node keeps.
const SNAPSHOTS_KEPT: usize = 2;

/// A node in one life.
pub struct Life {
    /// Its part in consensus.
    pub raft: Raft,
    /// The state.
    pub engine: Engine,
    /// What its clients look at.
    pub front: Front,
    /// Commands that wait.
    pub queue: Arc<Queue>,
    /// Commands in it.
    pub waiting: usize,
    /// Up to where the log is applied.
    pub applied: LogId,
    /// In which term this node, as its leader, has opened it.
    pub opened: Option<u64>,
    /// A node that is alone: the last entry that its files have, and the chain after it by
    /// production's own restoring.
    pub alone: Option<(u64, [u8; 32])>,
    dir: PathBuf,
    disk: Disk,
    domain: (AssetCode, u8),
    at: At,
    snapshot: Seq,
    snapshot_entries: u64,
    turn: Turn,
}

/// Why a node does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStart {
    /// It found damage, and says so: it must be replaced.
    Damaged(String),
    /// Its disk does not work.
    Disk(String),
}

/// What a node is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who.
    pub id: NodeId,
    /// Those who vote.
    pub voters: Rc<[NodeId]>,
    /// Everybody.
    pub nodes: Rc<[NodeId]>,
    /// Where its files are.
    pub dir: PathBuf,
    /// Settlement asset and its decimals.
    pub domain: (AssetCode, u8),
    /// Entries between two snapshots.
    pub snapshot_entries: u64,
    /// Bytes of a segment of the log.
    pub segment_bytes: u64,
    /// Its gateway, in a world that has them.
    pub gateway: Option<edge::Plan>,
}

impl From<LogError> for NoStart {
    fn from(error: LogError) -> NoStart {
        match error {
            LogError::Damaged(words) => NoStart::Damaged(words),
            LogError::Disk(words) => NoStart::Disk(words),
        }
    }
}

impl From<SnapshotError> for NoStart {
    fn from(error: SnapshotError) -> NoStart {
        match error {
            SnapshotError::Disk { .. } => NoStart::Disk(error.to_string()),
            SnapshotError::Corrupt { .. } => NoStart::Damaged(error.to_string()),
        }
    }
}

impl From<RestoreError> for NoStart {
    fn from(error: RestoreError) -> NoStart {
        match error {
            RestoreError::Snapshot(error) => error.into(),
            RestoreError::Read(ReadError::Disk { .. }) => NoStart::Disk(error.to_string()),
            RestoreError::Read(ReadError::Corrupt(_) | ReadError::Missing { .. })
            | RestoreError::Decode { .. }
            | RestoreError::Diverged(_)
            | RestoreError::OtherDomain { .. }
            | RestoreError::LogShort { .. } => NoStart::Damaged(error.to_string()),
        }
    }
}

/// What a venue of one node starts with: the newest snapshot, and all of the log behind it.
fn as_solo(plan: &Plan, disk: &Disk) -> Result<[u8; 32], NoStart> {
    let Plan { dir, domain, .. } = plan;
    let restored =
        restore::restore_on(disk, dir, *domain, Start::Newest, &mut |_| {}, &mut |_| {})?;
    Ok(restored.engine.chain())
}

impl Life {
    /// Starts from what is on the disk, for the `life`th time.
    pub fn start(
        plan: &Plan,
        disk: &Disk,
        (now, life): (Us, u32),
        rng: Rng,
    ) -> Result<Life, NoStart> {
        let failed = |error: io::Error| NoStart::Disk(error.to_string());
        let damaged = |error: &dyn std::fmt::Display| NoStart::Damaged(error.to_string());
        disk.settle().map_err(failed)?;
        let mut ballot = BallotFile::open(disk, &plan.dir).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => damaged(&error),
            _ => failed(error),
        })?;
        let loaded = snapshot::load_newest_on(disk, &plan.dir, Fallback::Refuse)?.snapshot;
        let (asset, decimals) = plan.domain;
        let mut engine = Engine::new(asset, decimals);
        let queue = Arc::new(Queue::new(Limits { cancels_max: 1_000, orders_max: 4_000 }));
        let mut front = Front::new(plan.gateway.as_ref(), plan.domain, (plan.id, life), &queue);
        let (mut base, mut file) = ((LogId::default(), Seq(0)), None);
        if let Some(found) = loaded {
            engine = restore::revive(&plan.dir, plan.domain, &found)?;
            front.restore(&found.projections).map_err(|words| damaged(&words))?;
            let id = log::place_of(&found.position).ok_or_else(|| damaged(&"no position"))?;
            base = (id, found.seq);
            file = Some(id);
        }
        let log = Log::open(disk, (&plan.dir, plan.segment_bytes), base)?;
        if !ballot.renew(log.last() != LogId::default()).map_err(failed)? {
            return Err(damaged(&"there is a log, and no word of whom this node voted for"));
        }
        let alone = (plan.nodes.len() == 1).then(|| as_solo(plan, disk)).transpose()?;
        let alone = alone.map(|chain| (log.last().index, chain));
        if base.0.index < log.base() {
            let words =
                format!("the log begins after {}, the state ends with {:?}", log.base(), base.0);
            return Err(NoStart::Damaged(words));
        }
        let who = (plan.id, plan.voters.clone(), plan.nodes.clone());
        let mut raft = Raft::new(who, (log, ballot), (now, rng), base.0.index);
        raft.snapshot = file;
        let (at, dir, disk) = (engine.at(), plan.dir.clone(), disk.clone());
        Ok(Life {
            raft,
            engine,
            front,
            queue,
            waiting: 0,
            applied: base.0,
            opened: None,
            alone,
            dir,
            disk,
            domain: plan.domain,
            at,
            snapshot: base.1,
            snapshot_entries: plan.snapshot_entries,
            turn: Turn::default(),
        })
    }

    /// Takes a command for the log; false: too many wait.
    pub fn submit(&mut self, tag: u64, command: Command) -> bool {
        let class = Class::of(&command);
        let taken = self.queue.submit(class, Proposal { tag, command }).is_ok();
        self.waiting += usize::from(taken);
        taken
    }

    /// Forgets what waits; returns its tags.
    pub fn forget_waiting(&mut self) -> Vec<u64> {
        let proposals = self.take_turn();
        proposals.iter().map(|proposal| proposal.tag).collect()
    }

    fn take_turn(&mut self) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        while 0 < self.waiting {
            let zero = std::time::Duration::ZERO;
            let commands_max = BATCH_COMMANDS_MAX;
            let patience = Patience { spin: zero, gather: zero, expected: 0, commands_max };
            self.queue.next_turn(&mut self.turn, &patience);
            self.waiting -= self.turn.proposals.len();
            proposals.append(&mut self.turn.proposals);
        }
        proposals
    }

    /// As the leader: opens its term, or makes a batch of what waits. `None`: there is nothing.
    pub fn propose(&mut self, clock: At) -> io::Result<Option<Effect>> {
        let term = self.raft.term();
        if self.opened != Some(term) {
            self.opened = Some(term);
            if self.raft.log.last_seq() == Seq(0) {
                return self.raft.propose(0, Rc::new([]), Rc::new([])).map(Some);
            }
            let opening = [Command::StartTerm, Command::EndDay];
            let opening = opening.map(|command| Proposal { tag: 0, command });
            return self.write(clock, &opening).map(Some);
        }
        let proposals = self.take_turn();
        if proposals.is_empty() { Ok(None) } else { self.write(clock, &proposals).map(Some) }
    }

    fn write(&mut self, clock: At, proposals: &[Proposal]) -> io::Result<Effect> {
        self.at = batch::time(clock, self.at.max(self.raft.log.at()));
        let mut body = Vec::with_capacity(64 * proposals.len());
        self.at.encode(&mut body);
        proposals.iter().for_each(|proposal| proposal.command.encode(&mut body));
        let tags: Vec<u64> = proposals.iter().map(|proposal| proposal.tag).collect();
        let count = u32::try_from(proposals.len()).expect("a batch is small");
        self.raft.propose(count, body.into(), tags.into())
    }

    /// Applies the next entry that is committed, if there is one.
    pub fn apply_next(&mut self) -> Option<(LogEntry, Applied)> {
        if self.raft.commit <= self.applied.index {
            return None;
        }
        let entry = self.raft.log.entry(self.applied.index + 1)?.clone();
        self.applied = entry.id;
        let mut applied = Applied::default();
        if entry.count != 0 {
            let first = self.engine.seq().next();
            let entries = Entries::new(first, entry.count, &entry.body);
            let entries = entries.expect("a batch of the log has a time");
            let front = &self.front;
            let tag = |nth: usize| front.own_tag(entry.tags.get(nth).copied().unwrap_or(0));
            let at = entries.at();
            applied =
                batch::apply(&mut self.engine, at, entries, tag).expect("it was encoded here");
            self.front.publish(&applied);
        }
        Some((entry, applied))
    }

    /// Stores a snapshot if it is time for one; true if it did.
    pub fn store_snapshot_if_due(&mut self) -> io::Result<bool> {
        let seq = self.engine.seq();
        if seq.0 - self.snapshot.0 < self.snapshot_entries {
            return Ok(false);
        }
        let (mut state, projections) = (Vec::new(), self.front.to_bytes());
        self.engine.encode(&mut state);
        let (root, chain) = (self.engine.root(), self.engine.chain());
        let position = log::position(self.applied);
        let made = Snapshot { seq, root, chain, state, projections, position };
        self.store(&made)?;
        Ok(true)
    }

    /// The newest snapshot as the disk has it, to be sent.
    pub fn stored_snapshot(&self) -> Result<Rc<Snapshot>, SnapshotError> {
        let path = self.dir.join(snapshot::file_name(self.snapshot));
        snapshot::load_on(&self.disk, self.snapshot, &path).map(Rc::new)
    }

    fn store(&mut self, made: &Snapshot) -> io::Result<()> {
        snapshot::store_on(&mut self.disk, &self.dir, made).map_err(io::Error::other)?;
        let id = log::place_of(&made.position).expect("a snapshot of this world has its place");
        self.snapshot = made.seq;
        self.raft.snapshot = Some(id);
        self.raft.log.forget(id.index);
        let mut stored = snapshot::list(&self.dir).map_err(io::Error::other)?;
        stored.truncate(stored.len().saturating_sub(SNAPSHOTS_KEPT));
        stored.iter().try_for_each(|(_, path)| self.disk.forget_file(path))
    }

    /// Puts a leader's snapshot in the place of everything.
    pub fn install(&mut self, id: LogId, received: &Snapshot) -> Result<(), NoStart> {
        let damaged = |words: String| NoStart::Damaged(words);
        let failed = |error: io::Error| NoStart::Disk(error.to_string());
        self.store(received).map_err(failed)?;
        self.engine = restore::revive(&self.dir, self.domain, received)?;
        self.front.restore(&received.projections).map_err(damaged)?;
        if self.raft.log.id(id.index) != Some(id) {
            self.raft.log.restart((id, received.seq)).map_err(failed)?;
        }
        self.applied = id;
        self.at = self.at.max(self.engine.at());
        self.raft.installed(id);
        Ok(())
    }
}
