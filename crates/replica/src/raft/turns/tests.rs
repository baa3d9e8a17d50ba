//! Turns of nodes, by the entries after which they come.

use super::*;

fn turns(node: u64, members: &[u64], every: u64) -> Vec<u64> {
    let turn = Turn::of(node, members.iter().copied(), every);
    let mut last = 0;
    let comes = |seq: &u64| {
        let comes = turn.has_come(Seq(last), Seq(*seq));
        last = if comes { *seq } else { last };
        comes
    };
    (1..=30).filter(comes).collect()
}

#[test]
fn each_node_has_its_turn_as_often_and_no_two_after_the_same_entry() {
    for (node, expected) in [(1, [12, 24]), (2, [8, 20]), (7, [4, 16])] {
        assert_eq!(turns(node, &[1, 2, 7], 12)[..2], expected, "node {node}");
    }
    assert_eq!(turns(1, &[1], 12), [12, 24]);
}

#[test]
fn a_node_that_no_group_knows_and_one_that_snapshots_always_have_turns() {
    assert_eq!(turns(9, &[], 12), [12, 24]);
    assert_eq!(turns(9, &[1, 2, 7], 12), [12, 24]);
    assert_eq!(turns(2, &[1, 2, 7], 1).len(), 30);
}

#[test]
fn a_batch_that_passes_several_turns_is_one_snapshot() {
    let turn = Turn::of(2, [1, 2, 3].into_iter(), 12);
    assert!(turn.has_come(Seq(8), Seq(45)));
    assert!(!turn.has_come(Seq(45), Seq(45)));
}

#[test]
fn a_turn_that_moves_because_a_node_joins_does_not_come_at_once() {
    let (before, after) = ([1, 2, 3], [1, 2, 3, 4]);
    // The last snapshot of each, and the next one, whenever the fourth joins before that.
    for (node, last, next) in [(1, 24, 36), (2, 20, 33), (3, 16, 30)] {
        assert!(turns(node, &before, 12).contains(&last), "node {node}");
        let turn = Turn::of(node, after.iter().copied(), 12);
        let comes = (last..).find(|seq| turn.has_come(Seq(last), Seq(*seq)));
        assert_eq!(comes, Some(next), "node {node}");
    }
}
