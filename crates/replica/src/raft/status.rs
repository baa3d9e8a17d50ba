//! How a replica of several stands: who leads, who the members are, how far each is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openraft::async_runtime::WatchReceiver;
use openraft::{Raft, RaftMetrics, ServerState};
use tokio::sync::{mpsc, watch};
use types::{AssetCode, Seq, Version};

use super::cluster::Cluster;
use super::dial::Caller;
use super::machine::Machine;
use super::proposer::Leadership;
use super::reached::Reached;
use super::roots::Roots;
use super::types::{Member, Types};
use super::wire::forward::RootReport;

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
    /// By which rules it applies the next one.
    pub version: Version,
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

/// A replica, as those see it who ask and who change the members. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Standing {
    pub(super) asset: AssetCode,
    pub(super) node: u64,
    pub(super) raft: Raft<Types, Machine>,
    pub(super) reached: Reached,
    pub(super) caller: Caller,
    pub(super) leadership: watch::Sender<Leadership>,
    roots: Arc<Mutex<Roots>>,
    heard: mpsc::UnboundedSender<RootReport>,
    pub(super) end: watch::Sender<Option<String>>,
    moved: Arc<Mutex<(Seq, Instant)>>,
}

impl Standing {
    pub(super) fn new(
        asset: AssetCode,
        cluster: &Cluster,
        raft: Raft<Types, Machine>,
        reached: Reached,
        leadership: watch::Sender<Leadership>,
        heard: mpsc::UnboundedSender<RootReport>,
    ) -> Standing {
        Standing {
            asset,
            node: cluster.node(),
            raft,
            reached,
            caller: cluster.caller.clone(),
            leadership,
            roots: Arc::new(Mutex::new(Roots::new(cluster.node()))),
            heard,
            end: watch::Sender::new(None),
            moved: Arc::new(Mutex::new((Seq(0), Instant::now()))),
        }
    }

    /// Who leads, as this node knows it.
    pub fn leadership(&self) -> Leadership {
        self.leadership.borrow().clone()
    }

    /// Whether this node leads, and a quorum answers it.
    pub fn leads(&self) -> bool {
        self.leadership.borrow().leading.is_some()
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

    pub(super) fn roots(&self) -> MutexGuard<'_, Roots> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn metrics(&self) -> RaftMetrics<Types> {
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
            applied: self.reached.seq(),
            version: self.reached.version(),
            root: self.roots().newest(),
            voters: membership.voter_ids().collect(),
            learners: membership.learner_ids().collect(),
            members: members.collect(),
            silence: self.silence_as(role == Role::Leader),
        }
    }

    /// Members that have not answered this node for so long, while it leads.
    pub fn silent(&self, longer_than: Duration) -> Vec<u64> {
        let heard = self.metrics().heartbeat.unwrap_or_default();
        let silent = heard.into_iter().filter_map(|(node, at)| {
            (longer_than < openraft::Instant::elapsed(&*at?)).then_some(node)
        });
        silent.filter(|node| *node != self.node).collect()
    }

    /// Which domain.
    pub fn asset(&self) -> AssetCode {
        self.asset
    }

    /// How long ago it last applied something, as far as it was looked at; zero for a leader.
    pub fn silence(&self) -> Duration {
        self.silence_as(self.leads())
    }

    fn silence_as(&self, leads: bool) -> Duration {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let applied = self.reached.seq();
        if moved.0 != applied || leads {
            *moved = (applied, Instant::now());
        }
        moved.1.elapsed()
    }

    /// Takes a snapshot, then drops the entries up to the index that it includes, unless the node
    /// has stopped because of what the snapshot showed.
    #[cfg(test)]
    pub(crate) fn snapshot_and_forget(&self, index: u64) {
        let raft = self.raft.clone();
        let done = tokio::runtime::Builder::new_current_thread().enable_all().build();
        done.expect("a runtime").block_on(async move {
            raft.trigger().snapshot().await.expect("asks");
            let _ = raft.trigger().purge_log(index).await;
        });
    }

    /// The last index that was dropped.
    #[cfg(test)]
    pub(crate) fn purged(&self) -> Option<u64> {
        self.metrics().purged.map(|log_id| log_id.index)
    }
}
