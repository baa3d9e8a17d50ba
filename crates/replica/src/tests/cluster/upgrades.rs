//! Upgrades of a cluster (docs/rules/versions.md).

use engine::VERSION_MAX;
use types::{SessionId, Version};

use super::{Command, Nodes, Said, Seq, open_account, submit, wait};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// VER-5.
#[test]
fn a_version_is_ordered_when_every_member_says_that_it_knows_it() {
    let mut nodes = Nodes::three();
    let (leader, gone) = (nodes.leader(), nodes.follower());
    submit(&nodes.handle(leader), 1, open_account(1));
    nodes.applied(leader, Seq(1));
    let standing = nodes.running[&leader].replica.standing();
    let ask = |version| block_on(standing.check_upgrade(Version(version)));

    wait("answers of all", || ask(2).ok());
    let refused = ask(VERSION_MAX.next().0).expect_err("no build knows it").to_string();
    (1..=3).for_each(|id| {
        let words = format!("node {id} knows versions up to {VERSION_MAX}");
        assert!(refused.contains(&words), "{refused}");
    });
    let other = nodes.running[&gone].replica.standing();
    let refused = block_on(other.check_upgrade(Version(2))).expect_err("it does not lead");
    assert!(refused.to_string().contains("does not lead"), "{refused}");

    nodes.stop(gone);
    let refused = ask(2).expect_err("one is silent").to_string();
    let words = format!("node {gone} does not say which versions it knows");
    assert!(refused.contains(&words), "{refused}");
}

/// VER-1, VER-3: what a node with an older build could not read is not in the log.
#[test]
fn what_came_later_is_refused_before_it_is_ordered() {
    let nodes = Nodes::three();
    let (leader, follower) = (nodes.leader(), nodes.follower());
    let drop = Command::DropSessions { first: SessionId(1), last: SessionId(9) };
    for (id, tag) in [(leader, 1), (follower, 2)] {
        submit(&nodes.handle(id), tag, drop.clone());
        let said = &nodes.running[&id].said;
        let verdict =
            wait("a verdict", || said.try_iter().find(|said| !matches!(said, Said::Restored(_))));
        assert_eq!(verdict, Said::Refused(vec![tag]));
    }

    submit(&nodes.handle(leader), 3, Command::Upgrade { to: Version(2) });
    (1..=3).for_each(|id| {
        nodes.applied(id, Seq(1));
        assert_eq!(nodes.running[&id].replica.standing().status().version, Version(2));
    });
    submit(&nodes.handle(follower), 4, drop);
    nodes.applied(follower, Seq(2));
    let roots = [1, 2, 3].map(|id| {
        nodes.applied(id, Seq(2));
        nodes.root(id)
    });
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "{roots:?}");
}

/// VER-6: an upgrade that nobody checked, as an older build would meet it.
#[test]
fn a_node_stops_at_a_version_that_its_build_does_not_know() {
    let nodes = Nodes::three();
    let leader = nodes.leader();
    for (tag, to) in (1..).zip(2..=VERSION_MAX.0) {
        submit(&nodes.handle(leader), tag, Command::Upgrade { to: Version(to) });
        nodes.applied(leader, Seq(tag));
    }
    submit(&nodes.handle(leader), 100, Command::Upgrade { to: VERSION_MAX.next() });
    wait("every node to stop", || (1..=3).all(|id| !nodes.handle(id).is_running()).then_some(()));
}
