//! How a replica of several stands: who leads, who the members are, how far each is; what changes
//! the members; and the task that follows all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openraft::async_runtime::WatchReceiver;
use openraft::{ChangeMembers, Raft, RaftMetrics, ServerState};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use types::{AssetCode, Seq};

use super::cluster::Cluster;
use super::engine_thread::Work;
use super::forward::Forwarder;
use super::machine::Machine;
use super::node::seq_of;
use super::proposer::Leadership;
use super::roots::{Differs, Roots};
use super::types::{Member, Types};
use super::wire::forward::RootReport;
use crate::queue::Queue;
use crate::solo::Config;

/// What a node is to its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It orders.
    Leader,
    /// It follows, and votes.
    Follower,
    /// It asks for votes.
    Candidate,
    /// It follows, and has no vote.
    Learner,
    /// It has stopped.
    Stopped,
}

/// A member, and how far the leader knows it to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its id.
    pub node: u64,
    /// Where it is.
    pub member: Member,
    /// The last index that it has, if this node leads and knows.
    pub matched_index: Option<u64>,
}

/// How a replica stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// What it is.
    pub role: Role,
    /// Who leads, as it knows.
    pub leader: Option<u64>,
    /// The term that it knows of.
    pub term: u64,
    /// The last index of its log.
    pub last_index: Option<u64>,
    /// The last index that it knows to be committed.
    pub committed_index: Option<u64>,
    /// The last index that it has applied.
    pub applied_index: Option<u64>,
    /// The last seq that it has applied.
    pub applied: Seq,
    /// Its newest root that was compared, and after which seq.
    pub root: Option<(Seq, [u8; 32])>,
    /// Who votes.
    pub voters: BTreeSet<u64>,
    /// Who follows without a vote.
    pub learners: BTreeSet<u64>,
    /// Everybody.
    pub members: Vec<MemberStatus>,
    /// How long ago it last applied something or heard from a leader; zero for a leader.
    pub silence: Duration,
}

/// Why the members were not changed. Nothing was proposed.
#[derive(Debug, thiserror::Error)]
pub enum MembersError {
    /// This node does not lead.
    #[error(
        "node {node} does not lead: ask the leader, at {}",
        at.as_deref().unwrap_or("no known address")
    )]
    NotLeader {
        /// This node.
        node: u64,
        /// Where the leader's API is, if it is known.
        at: Option<String>,
    },
    /// The change would leave too few.
    #[error("{0}")]
    Unsafe(String),
    /// openraft refused.
    #[error("the members were not changed: {0}")]
    Refused(String),
}

/// A replica, as those see it who ask and who change the members. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Standing {
    pub(super) asset: AssetCode,
    node: u64,
    raft: Raft<Types, Machine>,
    applied: Arc<AtomicU64>,
    leadership: watch::Sender<Leadership>,
    roots: Arc<Mutex<Roots>>,
    heard: mpsc::UnboundedSender<RootReport>,
    hearing: Arc<Mutex<Option<mpsc::UnboundedReceiver<RootReport>>>>,
    end: watch::Sender<Option<String>>,
    moved: Arc<Mutex<(Seq, Instant)>>,
}

impl Standing {
    pub(super) fn new(
        asset: AssetCode,
        cluster: &Cluster,
        raft: Raft<Types, Machine>,
        applied: Arc<AtomicU64>,
        leadership: watch::Sender<Leadership>,
    ) -> Standing {
        let (heard, hearing) = mpsc::unbounded_channel();
        Standing {
            asset,
            node: cluster.node(),
            raft,
            applied,
            leadership,
            roots: Arc::new(Mutex::new(Roots::new(cluster.node()))),
            heard,
            hearing: Arc::new(Mutex::new(Some(hearing))),
            end: watch::Sender::new(None),
            moved: Arc::new(Mutex::new((Seq(0), Instant::now()))),
        }
    }

    /// Who leads, as this node knows it.
    pub fn leadership(&self) -> Leadership {
        self.leadership.borrow().clone()
    }

    /// Told of each change of the leader.
    pub fn follow_leadership(&self) -> watch::Receiver<Leadership> {
        self.leadership.subscribe()
    }

    /// Told why this node has stopped taking part, in words: it came to another state than a
    /// majority, or its disk failed.
    pub fn follow_end(&self) -> watch::Receiver<Option<String>> {
        self.end.subscribe()
    }

    pub(super) fn hear(&self, report: RootReport) {
        // Nobody hears once the replica has stopped.
        let _ = self.heard.send(report);
    }

    fn roots(&self) -> MutexGuard<'_, Roots> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn metrics(&self) -> RaftMetrics<Types> {
        self.raft.metrics().borrow_watched().clone()
    }

    /// How it stands now.
    pub fn status(&self) -> Status {
        let metrics = self.metrics();
        let membership = metrics.membership_config.membership().clone();
        let matched = |node| {
            let known = metrics.replication.as_ref()?.get(&node)?.as_ref()?;
            Some(known.index)
        };
        let members = membership.nodes().map(|(node, member)| {
            let (node, member) = (*node, member.clone());
            MemberStatus { node, member, matched_index: matched(node) }
        });
        let role = match metrics.state {
            ServerState::Leader => Role::Leader,
            ServerState::Follower => Role::Follower,
            ServerState::Candidate => Role::Candidate,
            ServerState::Learner => Role::Learner,
            ServerState::Shutdown => Role::Stopped,
        };
        Status {
            role,
            leader: metrics.current_leader,
            term: metrics.current_term,
            last_index: metrics.last_log_index,
            committed_index: metrics.cluster_committed.map(|log_id| log_id.index),
            applied_index: metrics.last_applied.map(|log_id| log_id.index),
            applied: seq_of(&self.applied),
            root: self.roots().newest(),
            voters: membership.voter_ids().collect(),
            learners: membership.learner_ids().collect(),
            members: members.collect(),
            silence: self.silence_as(role == Role::Leader),
        }
    }

    /// Which domain.
    pub fn asset(&self) -> AssetCode {
        self.asset
    }

    /// How long ago it last applied something; zero for a leader.
    pub fn silence(&self) -> Duration {
        self.silence_as(self.leadership().leading.is_some())
    }

    fn silence_as(&self, leads: bool) -> Duration {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let applied = seq_of(&self.applied);
        if moved.0 != applied || leads {
            *moved = (applied, Instant::now());
        }
        moved.1.elapsed()
    }

    /// Takes a snapshot, then drops the entries up to the index that it includes.
    #[cfg(test)]
    pub(crate) fn snapshot_and_forget(&self, index: u64) {
        let raft = self.raft.clone();
        let done = tokio::runtime::Builder::new_current_thread().enable_all().build();
        done.expect("a runtime").block_on(async move {
            raft.trigger().snapshot().await.expect("asks");
            raft.trigger().purge_log(index).await.expect("asks");
        });
    }

    /// The last index that was dropped.
    #[cfg(test)]
    pub(crate) fn purged(&self) -> Option<u64> {
        self.metrics().purged.map(|log_id| log_id.index)
    }

    fn check_leads(&self) -> Result<(), MembersError> {
        let status = self.status();
        if status.role == Role::Leader {
            return Ok(());
        }
        let leader = status.members.iter().find(|member| Some(member.node) == status.leader);
        let at = leader.map(|leader| leader.member.api.clone());
        Err(MembersError::NotLeader { node: self.node, at })
    }

    /// Adds a node that follows without a vote; returns when it has caught up, or when `patience`
    /// is over, and says which.
    pub async fn add_learner(&self, node: u64, member: Member) -> Result<(), MembersError> {
        self.check_leads()?;
        let added = self.raft.add_learner(node, member, false).await;
        added.map(|_| ()).map_err(|error| MembersError::Refused(error.to_string()))
    }

    /// Gives a node that has caught up its vote.
    pub async fn promote(&self, node: u64, force: bool) -> Result<(), MembersError> {
        self.check_leads()?;
        let status = self.status();
        check_promote(&status, node, force).map_err(MembersError::Unsafe)?;
        let change = ChangeMembers::AddVoterIds(BTreeSet::from([node]));
        self.change(change).await
    }

    /// Takes a node out.
    pub async fn remove(&self, node: u64, force: bool) -> Result<(), MembersError> {
        self.check_leads()?;
        let status = self.status();
        check_remove(&status, node, force).map_err(MembersError::Unsafe)?;
        if status.voters.contains(&node) {
            self.change(ChangeMembers::RemoveVoters(BTreeSet::from([node]))).await?;
        }
        if status.learners.contains(&node) {
            self.change(ChangeMembers::RemoveNodes(BTreeSet::from([node]))).await?;
        }
        Ok(())
    }

    /// Hands the lead to another voter.
    pub async fn transfer(&self, node: u64) -> Result<(), MembersError> {
        self.check_leads()?;
        let asked = self.raft.trigger().transfer_leader(node).await;
        asked.map_err(|error| MembersError::Refused(error.to_string()))
    }

    async fn change(&self, change: ChangeMembers<u64, Member>) -> Result<(), MembersError> {
        let changed = self.raft.change_membership(change, false).await;
        changed.map(|_| ()).map_err(|error| MembersError::Refused(error.to_string()))
    }
}

/// Entries that a node may lag and still be given a vote.
pub const PROMOTE_LAG_MAX: u64 = 1_000;

fn check_promote(status: &Status, node: u64, force: bool) -> Result<(), String> {
    let Some(found) = status.members.iter().find(|member| member.node == node) else {
        return Err(format!("node {node} is no member: add it as a learner first"));
    };
    let last = status.last_index.unwrap_or(0);
    let lag = last.saturating_sub(found.matched_index.unwrap_or(0));
    if PROMOTE_LAG_MAX < lag {
        return Err(format!(
            "node {node} lags {lag} entries behind, at most {PROMOTE_LAG_MAX} may be missing: wait \
             until it has caught up"
        ));
    }
    let voters: BTreeSet<u64> = status.voters.iter().copied().chain([node]).collect();
    check_zones(status, &voters, force)
}

fn check_remove(status: &Status, node: u64, force: bool) -> Result<(), String> {
    if !status.members.iter().any(|member| member.node == node) {
        return Err(format!("node {node} is no member"));
    }
    let left: BTreeSet<u64> = status.voters.iter().copied().filter(|id| *id != node).collect();
    if left.is_empty() {
        return Err(format!("node {node} is the last one that votes"));
    }
    let last = status.last_index.unwrap_or(0);
    let is_near = |id: &&u64| {
        let member = status.members.iter().find(|member| member.node == **id);
        let matched = member.and_then(|member| member.matched_index);
        Some(**id) == status.leader
            || matched.is_some_and(|matched| last.saturating_sub(matched) <= PROMOTE_LAG_MAX)
    };
    let (near, quorum) = (left.iter().filter(is_near).count(), left.len() / 2 + 1);
    if near < quorum && !force {
        return Err(format!(
            "without node {node} {} nodes vote and {quorum} of them make a quorum, but only {near} \
             are up and near the end of the log: bring the others back first, or force it",
            left.len()
        ));
    }
    check_zones(status, &left, force)
}

/// One zone that fails must leave a quorum.
fn check_zones(status: &Status, voters: &BTreeSet<u64>, force: bool) -> Result<(), String> {
    let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
    let counted = status.members.iter().filter(|member| voters.contains(&member.node));
    counted.for_each(|member| *zones.entry(&member.member.zone).or_default() += 1);
    let quorum = voters.len() / 2 + 1;
    let worst = zones.into_iter().max_by_key(|(_, count)| *count);
    match worst {
        Some((zone, count)) if quorum <= count && 1 < voters.len() && !force => Err(format!(
            "zone {zone} would hold {count} of {} votes, and {quorum} make a quorum: if it fails, \
             so does the venue. Put a node into another zone, or force it",
            voters.len()
        )),
        _ => Ok(()),
    }
}

/// The task of a replica on the cluster's thread: leadership, snapshots, roots.
pub(super) fn follow(
    standing: &Standing,
    cluster: &Cluster,
    dir: &Path,
    config: &Config,
    (queue, work): (&Arc<Queue>, &mpsc::Sender<Work>),
    reports: mpsc::UnboundedReceiver<RootReport>,
) -> impl Future<Output = ()> + Send + 'static {
    let hearing = standing.hearing.lock().unwrap_or_else(PoisonError::into_inner).take();
    let following = Following {
        standing: standing.clone(),
        caller: cluster.caller.clone(),
        dir: dir.to_path_buf(),
        snapshot_entries: config.snapshot_entries,
        snapshot: seq_of(&standing.applied),
        silence_max: cluster.config.election_timeout * 2,
        queue: queue.clone(),
        work: work.clone(),
        forwarders: BTreeMap::new(),
    };
    let hearing = hearing.expect("a replica is followed once");
    following.run(reports, hearing)
}

struct Following {
    standing: Standing,
    caller: super::dial::Caller,
    dir: PathBuf,
    snapshot_entries: u64,
    snapshot: Seq,
    /// How long a quorum may be silent until this node does not call itself the leader.
    silence_max: Duration,
    queue: Arc<Queue>,
    work: mpsc::Sender<Work>,
    forwarders: BTreeMap<(u64, String), Forwarder>,
}

/// Between two looks at whether a quorum answers, and whether a snapshot is due.
const LOOK: Duration = Duration::from_millis(100);

impl Following {
    async fn run(
        mut self,
        mut reports: mpsc::UnboundedReceiver<RootReport>,
        mut hearing: mpsc::UnboundedReceiver<RootReport>,
    ) {
        let mut metrics = self.standing.raft.metrics();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                changed = metrics.changed() => {
                    let stopped = self.take_metrics();
                    if changed.is_err() || stopped {
                        break;
                    }
                }
                Some(report) = reports.recv() => {
                    self.spread(report);
                    self.judge(&report).await;
                }
                Some(report) = hearing.recv() => self.judge(&report).await,
                _ = looks.tick() => {
                    self.take_metrics();
                    self.snapshot_if_due().await;
                }
            }
        }
        if let Err(fatal) = &self.standing.metrics().running_state
            && self.standing.end.borrow().is_none()
        {
            let words = format!("consensus has ended on this node: {fatal}");
            self.standing.end.send_replace(Some(words));
        }
        // Whoever waits is told by the feed's end; the site sees that the queue is closed.
        self.queue.abandon();
    }

    /// Tells who leads; true if consensus has ended.
    fn take_metrics(&self) -> bool {
        let metrics = self.standing.metrics();
        let node = metrics.current_leader.and_then(|leader| {
            let member = metrics.membership_config.membership().get_node(&leader)?;
            Some((leader, member.address.clone()))
        });
        // A leader that a quorum does not answer cannot order anything, and does not know who can.
        let answered = metrics.last_quorum_acked.map(|acked| openraft::Instant::elapsed(&*acked));
        let is_alone = metrics.membership_config.membership().voter_ids().count() == 1;
        let is_silent = answered.is_some_and(|silence| self.silence_max < silence);
        let is_cut_off = is_silent && !is_alone;
        let leads = metrics.state == ServerState::Leader && !is_cut_off;
        let leading = leads.then_some(metrics.current_term);
        let leader = node.filter(|(leader, _)| leads || *leader != self.standing.node);
        let now = Leadership { leader, leading };
        let changed = self.standing.leadership.send_if_modified(|known| {
            let changed = *known != now;
            *known = now;
            changed
        });
        if changed {
            // Wakes the proposer, which opens a term of its own. A closed queue needs no waking.
            let _ = self.queue.inspect(Box::new(|_| ()));
        }
        metrics.running_state.is_err() || metrics.state == ServerState::Shutdown
    }

    async fn snapshot_if_due(&mut self) {
        let applied = seq_of(&self.standing.applied);
        if self.snapshot_entries <= applied.0.saturating_sub(self.snapshot.0) {
            self.snapshot = applied;
            // Consensus that has ended says so elsewhere.
            let _ = self.standing.raft.trigger().snapshot().await;
        }
    }

    /// Sends this node's root to all others.
    fn spread(&mut self, report: RootReport) {
        let status = self.standing.status();
        for MemberStatus { node, member, .. } in status.members {
            if node == self.standing.node {
                continue;
            }
            let (caller, domain) = (&self.caller, self.standing.asset);
            let to = (node, member.address);
            let forwarder = self.forwarders.entry(to.clone()).or_insert_with(|| {
                Forwarder::start(caller.clone(), to.0, to.1, domain, Arc::new(|_, _| ()))
            });
            // One that is lost is made up for by the next.
            let _ = forwarder.report(report);
        }
    }

    async fn judge(&self, report: &RootReport) {
        let voters = self.standing.status().voters;
        let differs = self.standing.roots().take(report, &voters);
        if let Some(differs) = differs {
            self.halt(differs).await;
        }
    }

    /// This node is wrong: it stops, and keeps what shows it.
    async fn halt(&self, differs: Differs) {
        let words = words(self.standing.node, &differs);
        let path = self.dir.join(format!("divergence-{:020}.txt", differs.seq.0));
        let kept = match fs::write(&path, &words) {
            Ok(()) => format!("{words}Kept in {}", path.display()),
            Err(error) => format!("{words}{} could not be written: {error}", path.display()),
        };
        let (done, stored) = tokio::sync::oneshot::channel();
        let keep = Work::Keep { path: path.with_extension("plim"), done };
        if self.work.send(keep).await.is_ok() {
            let _ = stored.await;
        }
        self.standing.end.send_replace(Some(kept));
        let _ = self.standing.raft.shutdown().await;
    }
}

fn words(node: u64, differs: &Differs) -> String {
    let hex = |bytes: &[u8; 32]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    let Differs { seq, own, majority, nodes } = differs;
    format!(
        "After entry {seq} node {node} came to root {} and chain {}, and nodes {nodes:?} to root \
         {} and chain {}: this node is wrong and has stopped. Keep its directory as evidence, and \
         replace the node.\n",
        hex(&own.0),
        hex(&own.1),
        hex(&majority.0),
        hex(&majority.1)
    )
}
