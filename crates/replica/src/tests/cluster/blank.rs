//! A node whose disk was emptied comes back under its old number.

use std::fs;
use std::thread;
use std::time::Duration;

use types::Seq;

use super::{Nodes, deposit, open_account, submit, wait};
use crate::raft::Role;

impl Nodes {
    /// Its disk is lost, and an empty one is in its place.
    fn empty(&mut self, id: u64) {
        self.stop(id);
        fs::remove_dir_all(&self.dirs[&id]).expect("removes");
    }

    fn is_blank(&self, id: u64) -> bool {
        self.dirs[&id].join("blank").exists()
    }

    fn leads(&self) -> bool {
        let mut standings = self.running.values().map(|node| node.replica.standing().status());
        standings.any(|status| status.role == Role::Leader)
    }
}

/// REP-13: entries that a quorum had, of which one node is gone, one was emptied, and the third
/// never saw them. Two of three are up, and must not go on without them.
#[test]
fn a_node_that_was_emptied_does_not_vote_until_it_has_what_was_committed() {
    let mut nodes = Nodes::three();
    let (leader, emptied) = (nodes.leader(), nodes.follower());
    let behind = [1, 2, 3].into_iter().find(|id| ![leader, emptied].contains(id)).expect("three");
    submit(&nodes.handle(leader), 1, open_account(1));
    [1, 2, 3].into_iter().for_each(|id| drop(nodes.applied(id, Seq(1))));
    nodes.stop(behind);
    (2..=21).for_each(|tag| submit(&nodes.handle(leader), tag, deposit(1)));
    [leader, emptied].into_iter().for_each(|id| drop(nodes.applied(id, Seq(21))));
    let before = nodes.root(leader);
    nodes.stop(leader);
    nodes.empty(emptied);

    nodes.start(emptied, false);
    nodes.start(behind, false);
    for _ in 0..40 {
        assert!(!nodes.leads(), "entries 2 to 21 would be lost: {:#?}", nodes.statuses());
        thread::sleep(Duration::from_millis(100));
    }
    assert!(nodes.is_blank(emptied) && !nodes.is_blank(behind));

    nodes.start(leader, false);
    wait("one that has everything", || (!nodes.is_blank(emptied)).then_some(()));
    assert!(before.0 <= nodes.root(emptied).0, "it votes, so it has what was committed");
    nodes.stop(leader);
    let now = nodes.leader();
    submit(&nodes.handle(now), 22, deposit(1));
    let last = wait("the deposit", || Some(nodes.root(now).0).filter(|seq| Seq(22) <= *seq));
    [emptied, behind].into_iter().for_each(|id| drop(nodes.applied(id, last)));
}

/// REP-13: the mark outlives a start, for as long as the log is not whole.
#[test]
fn a_node_that_was_emptied_and_ends_while_it_catches_up_is_still_blank() {
    let mut nodes = Nodes::three();
    let (leader, emptied) = (nodes.leader(), nodes.follower());
    wait("the beginning", || [1, 2, 3].iter().all(|id| !nodes.is_blank(*id)).then_some(()));
    [1, 2, 3].into_iter().filter(|id| *id != emptied).for_each(|id| nodes.stop(id));
    nodes.empty(emptied);
    nodes.start(emptied, false);
    nodes.stop(emptied);
    nodes.start(emptied, false);
    assert!(nodes.is_blank(emptied));
    nodes.start(leader, false);
    thread::sleep(Duration::from_millis(2_000));
    assert!(!nodes.leads(), "one of three has a vote: {:#?}", nodes.statuses());
    let third = [1, 2, 3].into_iter().find(|id| ![leader, emptied].contains(id)).expect("three");
    nodes.start(third, false);
    wait("a leader that it follows", || (!nodes.is_blank(emptied)).then_some(()));
}
