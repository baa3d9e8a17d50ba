//! Three nodes that elect, commit, lose their leader and get it back, over real connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::{Config, Raft, SnapshotPolicy};
use tokio::net::TcpListener;

use super::memory::{Applied, MemoryLog, Remembers};
use super::{Authority, CLUSTER, batch, domain, member};
use crate::raft::blank::Blank;
use crate::raft::network::NetworkFactory;
use crate::raft::server::group::Group;
use crate::raft::server::{Groups, Server};
use crate::raft::types::{Member, Types};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(20));

struct Node {
    raft: Raft<Types, Remembers>,
    server: Server,
    applied: Applied,
    log: MemoryLog,
}

fn config() -> Arc<Config> {
    let config = Config {
        heartbeat_interval: 40,
        election_timeout_min: 200,
        election_timeout_max: 400,
        enable_pre_vote: Some(true),
        snapshot_policy: SnapshotPolicy::Never,
        ..Config::default()
    };
    Arc::new(config.validate().expect("the figures fit each other"))
}

async fn start(authority: &Authority, node: u64, listener: TcpListener, log: MemoryLog) -> Node {
    let factory = NetworkFactory::new(authority.caller(node), domain());
    let machine = Remembers::default();
    let applied = machine.applied.clone();
    let raft = Raft::new(node, config(), factory, log.clone(), machine).await.expect("it starts");
    let groups = Groups::new();
    let dir = authority.dir().join(format!("in-{node}"));
    let blank = Blank::open(&dir, true).expect("a directory");
    let group = Group::new(raft.clone(), blank, dir, Arc::new(|_| Ok(())), Arc::new(|_| ()));
    groups.insert(domain(), group);
    let tls = authority.tls(node);
    let server = Server::start(listener, &tls, CLUSTER, node, groups).expect("it has an address");
    Node { raft, server, applied, log }
}

async fn three(authority: &Authority) -> BTreeMap<u64, Node> {
    let mut nodes = BTreeMap::new();
    let mut members: BTreeMap<u64, Member> = BTreeMap::new();
    for node in 1..=3 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let started = start(authority, node, listener, MemoryLog::default()).await;
        members.insert(node, member(started.server.address()));
        nodes.insert(node, started);
    }
    nodes[&1].raft.initialize(members).await.expect("it is new");
    nodes
}

/// Who leads, once one of these nodes knows that it is one of them.
async fn leader(nodes: &BTreeMap<u64, Node>) -> u64 {
    let (asked, node) = nodes.first_key_value().expect("there are nodes");
    let is_known = |leader: Option<u64>| leader.is_some_and(|leader| nodes.contains_key(&leader));
    let wait = node.raft.wait(PATIENCE);
    let metrics = wait.metrics(|metrics| is_known(metrics.current_leader), "a leader").await;
    let metrics = metrics.unwrap_or_else(|error| panic!("asked {asked}: {error}"));
    let leader = metrics.current_leader.expect("it was waited for");
    lease(&nodes[&leader]).await;
    leader
}

/// Waits until a leader has a lease from a quorum: before that it refuses writes.
async fn lease(leader: &Node) {
    let wait = leader.raft.wait(PATIENCE);
    let acked = wait.metrics(|metrics| metrics.last_quorum_acked.is_some(), "a lease").await;
    acked.expect("a quorum answers");
}

async fn write(nodes: &BTreeMap<u64, Node>, leader: u64, bodies: std::ops::Range<u64>) {
    let raft = &nodes[&leader].raft;
    let writes = bodies.map(|body| raft.client_write(batch(&body.to_le_bytes())));
    try_join_all(writes).await.expect("a quorum is there");
}

/// Waits until every node has applied as many batches, and checks that they are the same.
async fn agree(nodes: &BTreeMap<u64, Node>, n_batches: usize) {
    let last = |node: &Node| {
        let metrics = node.raft.metrics();
        metrics.borrow_watched().last_log_index
    };
    let last = nodes.values().filter_map(last).max();
    for node in nodes.values() {
        let wait = node.raft.wait(PATIENCE);
        wait.applied_index_at_least(last, "all is applied").await.expect("it catches up");
    }
    let applied: Vec<_> =
        nodes.values().map(|node| node.applied.lock().expect("no panic").clone()).collect();
    for bodies in &applied {
        assert!(*bodies == applied[0], "the nodes have applied the same, in the same order");
        assert_eq!(bodies.len(), n_batches);
    }
}

#[tokio::test]
async fn a_cluster_elects_commits_survives_its_leader_and_takes_it_back() {
    let authority = Authority::new();
    let mut nodes = three(&authority).await;
    let first = leader(&nodes).await;
    for begin in (0..1_000).step_by(50) {
        write(&nodes, first, begin..begin + 50).await;
    }
    agree(&nodes, 1_000).await;

    let lost = nodes.remove(&first).expect("it is one of them");
    let address: SocketAddr = lost.server.address();
    lost.raft.shutdown().await.expect("it stops");
    lost.server.stop().await;
    let second = leader(&nodes).await;
    assert_ne!(first, second);
    write(&nodes, second, 1_000..1_100).await;
    agree(&nodes, 1_100).await;

    let listener = TcpListener::bind(address).await.expect("the port is free again");
    nodes.insert(first, start(&authority, first, listener, lost.log).await);
    agree(&nodes, 1_100).await;
    // Leadership can be handed over, which is a message of its own.
    let second = leader(&nodes).await;
    let third = *nodes.keys().find(|node| **node != second).expect("there are three");
    nodes[&second].raft.trigger().transfer_leader(third).await.expect("it is asked");
    let wait = nodes[&third].raft.wait(PATIENCE);
    wait.current_leader(third, "the new leader").await.expect("it is handed over");
    lease(&nodes[&third]).await;
    write(&nodes, third, 1_100..1_110).await;
    agree(&nodes, 1_110).await;
    for node in nodes.into_values() {
        node.raft.shutdown().await.expect("it stops");
        node.server.stop().await;
    }
}
