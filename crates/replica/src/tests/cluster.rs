//! Several replicas in one process, over real connections and real files.

mod blank;
mod snapshots;
mod upgrades;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use types::{Applied, At, Command, Proposal, Seq};

use super::authority::Authority;
use super::{commands, config, deposit, killed, open_account};
use crate::raft::{Cluster, ClusterConfig, Member, RaftReplica, Role, Status, recover};
use crate::{Class, Feed, Handle};

/// What the sink of a node passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Restored(Seq),
    Applied(Applied),
    Snapshot(Seq),
    NotStored(String),
    Refused(Vec<u64>),
    Unknown(Vec<u64>),
}

/// A node that runs.
struct Node {
    replica: RaftReplica,
    said: Receiver<Said>,
    // Declared after the replica: connections end when nothing uses them any more.
    cluster: Cluster,
}

/// Nodes, some of which run.
pub(crate) struct Nodes {
    authority: Authority,
    addresses: BTreeMap<u64, String>,
    dirs: BTreeMap<u64, PathBuf>,
    running: BTreeMap<u64, Node>,
    clock: Arc<AtomicU64>,
    /// How far the clock goes with each look.
    step: u64,
    root_entries: u64,
    /// Of nodes that start from now on.
    snapshot_entries: u64,
    home: tempfile::TempDir,
}

const PATIENCE: Duration = Duration::from_secs(40);

impl Nodes {
    fn new(ids: &[u64]) -> Nodes {
        let home = tempfile::tempdir().expect("a directory");
        let free: Vec<_> =
            ids.iter().map(|id| (*id, TcpListener::bind("127.0.0.1:0").expect("a port"))).collect();
        let address = |listener: &TcpListener| listener.local_addr().expect("bound").to_string();
        let addresses = free.iter().map(|(id, listener)| (*id, address(listener))).collect();
        let dirs = ids.iter().map(|id| (*id, home.path().join(id.to_string()))).collect();
        Nodes {
            authority: Authority::new(),
            addresses,
            dirs,
            running: BTreeMap::new(),
            clock: Arc::new(AtomicU64::new(1_000)),
            step: 1,
            root_entries: 50,
            snapshot_entries: 1_000_000,
            home,
        }
    }

    /// Three that have just begun.
    pub(crate) fn three() -> Nodes {
        Nodes::three_that_compare(50)
    }

    /// Three that compare their roots once in so many entries.
    fn three_that_compare(root_entries: u64) -> Nodes {
        let mut nodes = Nodes { root_entries, ..Nodes::new(&[1, 2, 3]) };
        [1, 2, 3].into_iter().for_each(|id| nodes.start(id, id == 1));
        nodes
    }

    /// Three whose clock stands still.
    pub(crate) fn three_at(ms: u64) -> Nodes {
        let mut nodes = Nodes::new(&[1, 2, 3]);
        nodes.clock.store(ms, Ordering::Relaxed);
        nodes.step = 0;
        [1, 2, 3].into_iter().for_each(|id| nodes.start(id, id == 1));
        nodes
    }

    /// Room for one more.
    fn add(&mut self, id: u64) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        self.addresses.insert(id, listener.local_addr().expect("bound").to_string());
        self.dirs.insert(id, self.home.path().join(id.to_string()));
    }

    fn member(&self, id: u64) -> Member {
        let address = self.addresses[&id].clone();
        Member { address, zone: format!("zone-{id}"), api: format!("api-{id}") }
    }

    fn start(&mut self, id: u64, begins: bool) {
        let cluster = Cluster::start(ClusterConfig {
            cluster: 7,
            node: id,
            listen: self.addresses[&id].clone(),
            files: self.authority.files(id),
            election_timeout: Duration::from_millis(500),
            heartbeat: Duration::from_millis(100),
        });
        let cluster = cluster.expect("the cluster starts");
        let members: BTreeMap<_, _> = [1, 2, 3].map(|id| (id, self.member(id))).into();
        let mut config = config(&self.dirs[&id]);
        config.snapshot_entries = self.snapshot_entries;
        let (tell, said) = mpsc::channel();
        let sink = move |feed| {
            let words = match feed {
                Feed::Restored { seq, .. } => Said::Restored(seq),
                Feed::Replayed(_) => panic!("a cluster's log is applied, not replayed"),
                Feed::Live => return,
                Feed::Applied(applied) => Said::Applied(applied.into_inner()),
                Feed::Snapshot(pending) => {
                    let seq = pending.seq();
                    match pending.store(seq.to_string().into_bytes()) {
                        Ok(()) => Said::Snapshot(seq),
                        Err(refused) => Said::NotStored(refused.to_string()),
                    }
                }
                Feed::Refused { tags, .. } => Said::Refused(tags),
                Feed::Unknown { tags } => Said::Unknown(tags),
            };
            tell.send(words).unwrap_or_default();
        };
        let (clock, step) = (self.clock.clone(), self.step);
        let clock = move || At(clock.fetch_add(step, Ordering::Relaxed));
        let members = begins.then_some(members);
        let started = RaftReplica::start(config, self.root_entries, &cluster, members, clock, sink);
        let (replica, _) = started.expect("the replica starts");
        self.running.insert(id, Node { replica, said, cluster });
    }

    fn stop(&mut self, id: u64) {
        let Node { replica, cluster, .. } = self.running.remove(&id).expect("it runs");
        replica.stop().expect("stops");
        drop(cluster);
    }

    /// The node goes away in the middle of what it does: what is on its disk at that moment is what
    /// it comes back with.
    fn kill(&mut self, id: u64) {
        let left = killed(&self.dirs[&id]);
        self.stop(id);
        let dir = &self.dirs[&id];
        std::fs::remove_dir_all(dir).expect("removes");
        std::fs::create_dir(dir).expect("makes");
        for entry in std::fs::read_dir(left.path()).expect("a directory") {
            let entry = entry.expect("an entry");
            std::fs::copy(entry.path(), dir.join(entry.file_name())).expect("copies");
        }
    }

    pub(crate) fn handle(&self, id: u64) -> Handle {
        self.running[&id].replica.handle()
    }

    /// The one that leads, once a quorum knows it.
    pub(crate) fn leader(&self) -> u64 {
        wait("a leader", || {
            let roles = self.running.iter().map(|(id, node)| (*id, node.replica.standing()));
            let leads = roles.filter(|(_, standing)| standing.status().role == Role::Leader);
            let leaders: Vec<u64> = leads.map(|(id, _)| id).collect();
            let known = self
                .running
                .values()
                .filter(|node| node.replica.standing().status().leader == leaders.first().copied());
            (leaders.len() == 1 && 2 <= known.count()).then(|| leaders[0])
        })
    }

    /// A node makes a snapshot of all that there is, and forgets its log.
    fn cut_log(&self, id: u64, last: Seq) {
        let standing = self.running[&id].replica.standing();
        standing.snapshot_and_forget(0);
        wait("a snapshot", || {
            let mut said = self.running[&id].said.try_iter();
            said.find(|words| *words == Said::Snapshot(last))
        });
        let index = standing.status().applied_index.expect("it has applied");
        wait("the log to be cut", || {
            standing.snapshot_and_forget(index);
            standing.purged().filter(|purged| index <= *purged)
        });
    }

    fn follower(&self) -> u64 {
        let leader = self.leader();
        *self.running.keys().find(|id| **id != leader).expect("there are several")
    }

    /// Waits until a node has applied this entry, and gives all batches that it said since.
    pub(crate) fn applied(&self, id: u64, last: Seq) -> Vec<Applied> {
        let mut batches = Vec::new();
        let said = &self.running[&id].said;
        let begin = Instant::now();
        while self.running[&id].replica.standing().status().applied < last {
            assert!(
                begin.elapsed() < PATIENCE,
                "node {id} does not come to entry {last}: {:#?}",
                self.statuses()
            );
            thread::sleep(Duration::from_millis(2));
        }
        while let Ok(words) = said.recv_timeout(Duration::from_millis(50)) {
            if let Said::Applied(applied) = words {
                batches.push(applied);
            }
        }
        batches
    }

    fn statuses(&self) -> Vec<(u64, Status)> {
        let running = self.running.iter();
        running.map(|(id, node)| (*id, node.replica.standing().status())).collect()
    }

    pub(crate) fn root(&self, id: u64) -> (Seq, [u8; 32], [u8; 32]) {
        self.handle(id).root().expect("it runs")
    }
}

fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "no {what} in {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn submit(handle: &Handle, tag: u64, command: Command) {
    handle.submit(Class::of(&command), Proposal { tag, command }).expect("is let in");
}

fn tags(batches: &[Applied]) -> Vec<u64> {
    let entries = batches.iter().flat_map(|applied| &applied.entries);
    entries.map(|entry| entry.tag).filter(|tag| *tag != 0).collect()
}

/// REP-6: each node answers its own clients.
#[test]
fn what_any_node_is_asked_every_node_applies_in_the_same_order() {
    let nodes = Nodes::three();
    let (leader, follower) = (nodes.leader(), nodes.follower());
    submit(&nodes.handle(leader), 0, open_account(1));
    nodes.applied(follower, Seq(1));
    (1..=200).for_each(|tag| submit(&nodes.handle(leader), tag, deposit(3)));
    (1..=100).for_each(|tag| submit(&nodes.handle(follower), 1_000 + tag, deposit(5)));
    let heard: BTreeMap<u64, Vec<Applied>> =
        [1, 2, 3].map(|id| (id, nodes.applied(id, Seq(301)))).into();
    assert!(tags(&heard[&leader]).iter().copied().eq(1..=200), "each hears of its own clients");
    assert!(tags(&heard[&follower]).iter().copied().eq(1_001..=1_100));
    let roots = [1, 2, 3].map(|id| nodes.root(id));
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "{roots:?}");
}

/// REP-1, REP-4: what was acknowledged stays, and the new term is opened first.
#[test]
fn a_dead_leader_is_replaced_and_nothing_that_was_applied_is_lost() {
    let mut nodes = Nodes::three();
    let first = nodes.leader();
    (0..).zip(commands(50)).for_each(|(tag, command)| submit(&nodes.handle(first), tag, command));
    nodes.applied(first, Seq(51));
    nodes.kill(first);
    let second = nodes.leader();
    submit(&nodes.handle(second), 99, deposit(7));
    // The term was opened first: StartTerm and EndDay.
    let batches = nodes.applied(second, Seq(54));
    assert!(tags(&batches).ends_with(&[99]));
    nodes.start(first, false);
    nodes.applied(first, Seq(54));
    let roots = [1, 2, 3].map(|id| {
        nodes.applied(id, Seq(54));
        nodes.root(id)
    });
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "{roots:?}");
}

/// REP-3.
#[test]
fn at_never_goes_back_across_leaders() {
    let mut nodes = Nodes::three();
    nodes.clock.store(50_000, Ordering::Relaxed);
    let first = nodes.leader();
    submit(&nodes.handle(first), 1, open_account(1));
    nodes.applied(first, Seq(1));
    nodes.clock.store(10_000, Ordering::Relaxed);
    nodes.kill(first);
    let second = nodes.leader();
    submit(&nodes.handle(second), 2, deposit(1));
    let batches = nodes.applied(second, Seq(4));
    let times: Vec<u64> = batches.iter().map(|applied| applied.at.0).collect();
    assert!(times.is_sorted() && times.iter().all(|at| 50_000 <= *at), "{times:?}");
}

/// REP-1, REP-5.
#[test]
fn without_a_quorum_a_command_is_refused_or_unknown_and_never_acknowledged() {
    let mut nodes = Nodes::three();
    let leader = nodes.leader();
    submit(&nodes.handle(leader), 1, open_account(1));
    nodes.applied(leader, Seq(1));
    let others: Vec<u64> = [1, 2, 3].into_iter().filter(|id| *id != leader).collect();
    others.iter().for_each(|id| nodes.stop(*id));
    submit(&nodes.handle(leader), 2, deposit(1));
    let said = &nodes.running[&leader].said;
    thread::sleep(Duration::from_millis(2_500));
    submit(&nodes.handle(leader), 3, deposit(1));
    let verdict = wait("verdict", || {
        said.try_iter().find(|words| match words {
            Said::Applied(applied) => panic!("without a quorum: {applied:?}"),
            Said::Refused(tags) | Said::Unknown(tags) => tags.contains(&3),
            _ => false,
        })
    });
    assert_eq!(verdict, Said::Refused(vec![3]), "it was never proposed, and that is final");
    others.iter().for_each(|id| nodes.start(*id, false));
    let now = nodes.leader();
    submit(&nodes.handle(now), 4, deposit(1));
    wait("the new deposit", || {
        let (seq, ..) = nodes.root(now);
        (Seq(4) <= seq).then_some(())
    });
}

/// REP-8, REP-9.
#[test]
fn a_new_node_gets_a_snapshot_then_the_log_then_a_vote_and_a_dead_one_is_taken_out() {
    let mut nodes = Nodes::three();
    let (leader, gone) = (nodes.leader(), nodes.follower());
    submit(&nodes.handle(leader), 0, open_account(1));
    (1..=300).for_each(|tag| {
        submit(&nodes.handle(leader), tag, deposit(1));
        if tag % 50 == 0 {
            nodes.applied(leader, Seq(1 + tag));
        }
    });
    nodes.applied(gone, Seq(301));
    nodes.cut_log(leader, Seq(301));

    let standing = nodes.running[&leader].replica.standing();
    nodes.add(4);
    nodes.start(4, false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let refused = runtime.block_on(standing.promote(4, false)).expect_err("it is no member");
    assert!(refused.to_string().contains("add it as a learner first"), "{refused}");
    runtime.block_on(standing.add_learner(4, nodes.member(4))).expect("adds");
    submit(&nodes.handle(leader), 998, deposit(1));
    nodes.applied(4, Seq(302));
    assert_eq!(nodes.root(4), nodes.root(leader));
    let first = journal::segment::list(&nodes.dirs[&4]).expect("lists")[0].0;
    assert_eq!(first, Seq(302), "its log begins behind the snapshot");
    wait("a node that is near", || runtime.block_on(standing.promote(4, false)).ok());

    nodes.stop(gone);
    runtime.block_on(standing.remove(gone, false)).expect("three are left");
    assert_eq!(standing.status().voters.len(), 3);
    nodes.stop(4);
    nodes.start(4, false);
    submit(&nodes.handle(leader), 999, deposit(1));
    nodes.applied(4, Seq(303));
    assert_eq!(nodes.root(4), nodes.root(leader));
}

/// REP-7.
#[test]
fn a_replica_that_comes_to_another_state_stops_itself_and_keeps_the_evidence() {
    let nodes = Nodes::three();
    let leader = nodes.leader();
    let wrong = nodes.follower();
    submit(&nodes.handle(leader), 0, open_account(1));
    nodes.applied(wrong, Seq(1));
    nodes.running[&wrong].replica.disturb(deposit(2));
    (1..=60).for_each(|tag| submit(&nodes.handle(leader), tag, deposit(1)));
    let mut divergence = nodes.running[&wrong].replica.standing().follow_end();
    let words = wait("a divergence", || divergence.borrow_and_update().clone());
    assert!(words.contains("this node is wrong and has stopped"), "{words}");
    wait("its end", || (!nodes.handle(wrong).is_running()).then_some(()));
    let kept = std::fs::read_dir(&nodes.dirs[&wrong]).expect("a directory");
    let kept = kept.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("divergence-")
    });
    assert_eq!(kept.count(), 2, "the words and the state");
    let right = nodes.running.keys().filter(|id| **id != wrong);
    right.for_each(|id| assert!(nodes.handle(*id).is_running(), "node {id} is right"));
    submit(&nodes.handle(leader), 100, deposit(1));
    nodes.applied(leader, Seq(62));
}

/// REP-11: what the survivor had is what the new cluster begins with, and it goes on from there.
#[test]
fn a_cluster_that_lost_its_majority_begins_again_with_what_a_survivor_has() {
    let mut nodes = Nodes::three();
    let leader = nodes.leader();
    (0..).zip(commands(80)).for_each(|(tag, command)| submit(&nodes.handle(leader), tag, command));
    [1, 2, 3].into_iter().for_each(|id| drop(nodes.applied(id, Seq(81))));
    let (seq, root, chain) = nodes.root(leader);
    let survivor = nodes.follower();
    [1, 2, 3].into_iter().for_each(|id| nodes.kill(id));

    let mut sink = |_| ();
    let domain = super::domain();
    let dir = nodes.dirs[&survivor].clone();
    let mut found = recover::survey(&dir, domain, &mut sink).expect("reads");
    assert_eq!((found.engine.seq(), found.engine.root()), (seq, root));
    assert_eq!((found.voters.len(), found.members.len()), (3, 3));
    nodes.add(9);
    let members = BTreeMap::from([(9, nodes.member(9))]);
    let new = nodes.dirs[&9].clone();
    recover::refound(&new, &mut found, members.clone(), Vec::new()).expect("begins again");
    let refused = recover::refound(&new, &mut found, members, Vec::new()).expect_err("not empty");
    assert!(refused.to_string().contains("is not empty"), "{refused}");

    nodes.start(9, false);
    wait("a leader of its own", || {
        let role = nodes.running[&9].replica.standing().status().role;
        (role == Role::Leader).then_some(())
    });
    // A node alone hears of no quorum but itself, however long it is idle.
    thread::sleep(Duration::from_millis(1_500));
    submit(&nodes.handle(9), 1, deposit(5));
    let batches = nodes.applied(9, Seq(seq.0 + 3));
    assert_eq!(tags(&batches), [1], "after the term was opened");
    assert_ne!(nodes.root(9).2, chain);
}
