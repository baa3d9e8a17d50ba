//! The task of a replica on the cluster's thread: it says who leads, asks for snapshots, compares
//! roots, keeps a blank node out of elections, and stops the node that is wrong by the roots of the
//! others, or by its own log.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openraft::ServerState;
use openraft::async_runtime::WatchReceiver;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};
use types::Seq;

use super::blank::Blank;
use super::cluster::Cluster;
use super::dial::Caller;
use super::engine_thread::Work;
use super::forward::Forwarder;
use super::log::Log;
use super::proposer::Leadership;
use super::roots::Differs;
use super::status::{MemberStatus, Standing};
use super::turns::Turn;
use super::wire::forward::RootReport;
use crate::beside::FailedCheck;
use crate::queue::Queue;
use crate::restore::Hex;
use crate::solo::Config;

/// The task before it runs.
pub(super) struct Following {
    standing: Standing,
    caller: Caller,
    dir: PathBuf,
    snapshot_entries: u64,
    snapshot: Seq,
    /// How long a quorum may be silent until this node does not call itself the leader.
    silence_max: Duration,
    queue: Arc<Queue>,
    work: mpsc::Sender<Work>,
    blank: Blank,
    log: Log,
    forwarders: BTreeMap<(u64, String), Forwarder>,
}

/// Between two looks at whether a quorum answers, and whether a snapshot is due.
const LOOK: Duration = Duration::from_millis(100);

impl Following {
    pub(super) fn new(
        standing: &Standing,
        cluster: &Cluster,
        config: &Config,
        (queue, work): (&Arc<Queue>, &mpsc::Sender<Work>),
        (blank, log): (Blank, &Log),
    ) -> Following {
        Following {
            standing: standing.clone(),
            caller: cluster.caller.clone(),
            dir: config.dir.clone(),
            snapshot_entries: config.snapshot_entries,
            snapshot: standing.reached.seq(),
            silence_max: cluster.config.election_timeout * 2,
            queue: queue.clone(),
            work: work.clone(),
            blank,
            log: log.clone(),
            forwarders: BTreeMap::new(),
        }
    }

    /// Until consensus has ended: `reports` are this node's roots, `hearing` those of the others,
    /// and `failed` is what its snapshots have found.
    pub(super) async fn run(
        mut self,
        mut reports: mpsc::UnboundedReceiver<RootReport>,
        mut hearing: mpsc::UnboundedReceiver<RootReport>,
        mut failed: mpsc::UnboundedReceiver<FailedCheck>,
    ) {
        let mut metrics = self.standing.raft.server_metrics();
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
                Some((seq, why)) = failed.recv() => self.halt(seq, format!("{why}.\n")).await,
                _ = looks.tick() => {
                    self.take_metrics();
                    self.blank.look(&self.standing.raft, &self.log).await;
                    // How old what this node shows may be is only known if it is looked at.
                    self.standing.silence();
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
        let applied = self.standing.reached.seq();
        // One that a leader sent is as good as one's own.
        self.snapshot = self.snapshot.max(self.log.installed());
        let metrics = self.standing.metrics();
        let members = metrics.membership_config.membership().nodes().map(|(node, _)| *node);
        let turn = Turn::of(self.standing.node, members, self.snapshot_entries);
        if turn.has_come(self.snapshot, applied) {
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
            self.halt(differs.seq, words(self.standing.node, &differs)).await;
        }
    }

    /// This node is wrong: it stops, and keeps what shows it.
    async fn halt(&self, seq: Seq, words: String) {
        let path = self.dir.join(format!("divergence-{:020}.txt", seq.0));
        let kept = match fs::write(&path, &words) {
            Ok(()) => format!("{words}Kept in {}", path.display()),
            Err(error) => format!("{words}{} could not be written: {error}", path.display()),
        };
        let (done, stored) = oneshot::channel();
        let keep = Work::Keep { path: path.with_extension("plim"), done };
        if self.work.send(keep).await.is_ok() {
            let _ = stored.await;
        }
        self.standing.end.send_replace(Some(kept));
        let _ = self.standing.raft.shutdown().await;
    }
}

fn words(node: u64, differs: &Differs) -> String {
    let Differs { seq, own, majority, nodes } = differs;
    format!(
        "After entry {seq} node {node} came to root {} and chain {}, and nodes {nodes:?} to root \
         {} and chain {}: this node is wrong and has stopped. Keep its directory as evidence, and \
         replace the node.\n",
        Hex(&own.0),
        Hex(&own.1),
        Hex(&majority.0),
        Hex(&majority.1)
    )
}
