//! Snapshots of a cluster, which each node makes beside its engine.

use std::thread;
use std::time::Duration;

use journal::snapshot;

use super::{Nodes, Said, Seq, commands, deposit, open_account, submit, wait};

/// Asks a node for a snapshot, and waits for what becomes of it.
fn snapshot(nodes: &Nodes, id: u64) -> Said {
    let node = &nodes.running[&id];
    node.replica.standing().snapshot_and_forget(0);
    wait("a snapshot", || {
        let mut said = node.said.try_iter();
        said.find(|words| matches!(words, Said::Snapshot(_) | Said::NotStored(_)))
    })
}

/// REP-12.
#[test]
fn each_node_makes_one_after_the_other_and_comes_back_with_the_newest() {
    let mut nodes = Nodes::three();
    let leader = nodes.leader();
    (0..).zip(commands(50)).for_each(|(tag, command)| submit(&nodes.handle(leader), tag, command));
    let mut last = Seq(51);
    for round in 1..=3_u64 {
        for id in 1..=3 {
            nodes.applied(id, last);
            assert_eq!(snapshot(&nodes, id), Said::Snapshot(last), "round {round} of node {id}");
        }
        (1..=20).for_each(|tag| submit(&nodes.handle(leader), tag, deposit(1)));
        last = Seq(last.0 + 20);
    }
    [1, 2, 3].into_iter().for_each(|id| drop(nodes.applied(id, last)));
    let bytes = [1, 2, 3].map(|id| {
        let (seq, path) = snapshot::list(&nodes.dirs[&id]).expect("lists").pop().expect("one");
        let stored = snapshot::load(seq, &path).expect("loads");
        assert_eq!((seq, stored.projections), (Seq(91), b"91".to_vec()));
        stored.state
    });
    assert!(bytes.windows(2).all(|pair| pair[0] == pair[1]), "the same on all nodes");
    let back = nodes.follower();
    nodes.kill(back);
    nodes.start(back, false);
    let restored = nodes.running[&back].said.recv().expect("it says where it begins");
    assert_eq!(restored, Said::Restored(Seq(91)));
    nodes.applied(back, last);
    assert_eq!(nodes.root(back), nodes.root(nodes.leader()));
}

/// REP-12: its turn has come in what it was sent, and what it was sent serves for that.
#[test]
fn a_node_that_was_sent_a_snapshot_does_not_make_another_at_once() {
    let mut nodes = Nodes::three();
    let leader = nodes.leader();
    submit(&nodes.handle(leader), 0, open_account(1));
    (1..=60).for_each(|tag| submit(&nodes.handle(leader), tag, deposit(1)));
    nodes.applied(leader, Seq(61));
    nodes.cut_log(leader, Seq(61));
    nodes.snapshot_entries = 40;
    nodes.add(4);
    nodes.start(4, false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let standing = nodes.running[&leader].replica.standing();
    let added = runtime.expect("a runtime").block_on(standing.add_learner(4, nodes.member(4)));
    added.expect("adds");
    submit(&nodes.handle(leader), 61, deposit(1));
    nodes.applied(4, Seq(62));
    // It looks ten times a second.
    thread::sleep(Duration::from_millis(500));
    let snapshots = snapshot::list(&nodes.dirs[&4]).expect("lists");
    assert_eq!(snapshots.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [Seq(61)]);
    (62..=91).for_each(|tag| submit(&nodes.handle(leader), tag, deposit(1)));
    wait("its turn", || {
        let mut said = nodes.running[&4].said.try_iter();
        said.find(|words| matches!(words, Said::Snapshot(_)))
    });
}

/// REP-12: a node that is wrong finds out by its own log, when the others say nothing.
#[test]
fn a_node_whose_snapshot_differs_stops_itself_and_keeps_the_evidence() {
    let nodes = Nodes::three_that_compare(1_000_000);
    let leader = nodes.leader();
    let wrong = nodes.follower();
    submit(&nodes.handle(leader), 0, open_account(1));
    nodes.applied(wrong, Seq(1));
    nodes.running[&wrong].replica.disturb(deposit(2));
    (1..=60).for_each(|tag| submit(&nodes.handle(leader), tag, deposit(1)));
    nodes.applied(wrong, Seq(61));
    let mut end = nodes.running[&wrong].replica.standing().follow_end();
    let Said::NotStored(why) = snapshot(&nodes, wrong) else { panic!("it is wrong") };
    assert!(why.starts_with("after entry 61 the engine that runs had root"), "{why}");
    let words = wait("a divergence", || end.borrow_and_update().clone());
    assert!(words.starts_with(&why), "{words}");
    wait("its end", || (!nodes.handle(wrong).is_running()).then_some(()));
    let kept = std::fs::read_dir(&nodes.dirs[&wrong]).expect("a directory");
    let kept = kept.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("divergence-")
    });
    assert_eq!(kept.count(), 2, "the words and the state");
    assert!(snapshot::list(&nodes.dirs[&wrong]).expect("lists").is_empty());
    submit(&nodes.handle(leader), 100, deposit(1));
    nodes.applied(leader, Seq(62));
    assert_eq!(snapshot(&nodes, leader), Said::Snapshot(Seq(62)));
}
