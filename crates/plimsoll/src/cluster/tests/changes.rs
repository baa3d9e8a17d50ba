//! Changes of the members: what they come to, and what is refused.

use expect_test::{Expect, expect};

use super::{each_domain, member, silence, three};
use crate::cluster::ask::Answer;
use crate::cluster::change::{Change, Plan, Situation};
use crate::cluster::reply::Role;
use crate::cluster::verdict::verdict;
use crate::config::Peer;

fn plan(change: &Change, answers: &[Answer], force: bool) -> Result<Plan, String> {
    let verdict = verdict(answers);
    change.plan(&Situation { answers, verdict: &verdict, currency: None, force })
}

fn fourth(zone: &str) -> Peer {
    let member = member(4);
    Peer { node: 4, address: member.address, zone: zone.into(), api: member.api }
}

/// Node 4 learns, and answers.
fn with_learner(mut answers: Vec<Answer>, zone: &str) -> Vec<Answer> {
    let mut fourth = answers[2].clone();
    fourth.asked = super::asked(4);
    if let Ok(reply) = &mut fourth.said {
        (reply.node, reply.zone) = (4, zone.into());
        reply.domains.iter_mut().for_each(|domain| domain.role = Role::Learner);
    }
    answers.push(fourth);
    let zone = zone.to_owned();
    each_domain(&mut answers, |_, domain| {
        domain.learners = vec![4];
        let mut joined = member(4);
        joined.zone = zone.clone();
        domain.members.push(joined);
    });
    answers
}

fn words(plan: Result<Plan, String>, expected: Expect) {
    expected.assert_eq(&match plan {
        Ok(plan) => plan.words.join("\n"),
        Err(why) => format!("refused: {why}"),
    });
}

#[test]
fn a_change_is_one_call_at_each_leader() {
    let mut answers = three(2, [812; 3]);
    // ETH is led by node 3.
    each_domain(&mut answers, |node, domain| {
        if domain.currency == "ETH" {
            domain.role = if node == 3 { Role::Leader } else { Role::Follower };
        }
    });
    let plan = plan(&Change::Add(fourth("zone-2")), &answers, false).expect("it may learn");
    let calls = plan
        .calls
        .iter()
        .map(|call| format!("node {}: {} {}\n", call.leader, call.method, call.params));
    expect![[r#"
        node 2: operator/cluster_add_learner {"address":"10.0.0.4:7001","api":"10.0.0.4:8080","currency":"BTC","node":4,"zone":"zone-2"}
        node 3: operator/cluster_add_learner {"address":"10.0.0.4:7001","api":"10.0.0.4:8080","currency":"ETH","node":4,"zone":"zone-2"}
    "#]].assert_eq(&calls.collect::<String>());
    words(
        Ok(plan),
        expect![[r#"
        BTC: node 4 gets the log and does not vote: 3 voters, quorum 2, as before
        ETH: node 4 gets the log and does not vote: 3 voters, quorum 2, as before"#]],
    );
}

#[test]
fn a_new_node_is_new() {
    let answers = three(2, [812; 3]);
    words(
        plan(&Change::Add(Peer { node: 2, ..fourth("b") }), &answers, false),
        expect!["refused: BTC: node 2 votes already: a new machine gets a new number"],
    );
    let taken = Peer { address: "10.0.0.1:7001".into(), ..fourth("b") };
    words(
        plan(&Change::Add(taken), &answers, false),
        expect![[r#"
        refused: BTC: the configuration has a problem:
          cluster.peer.address is "10.0.0.1:7001": name each address once"#]],
    );
    let learns = with_learner(answers, "zone-2");
    words(
        plan(&Change::Add(fourth("zone-2")), &learns, false),
        expect!["refused: it is so already in BTC, ETH"],
    );
}

#[test]
fn a_vote_is_given_to_one_that_learns_and_keeps_up() {
    let promote = Change::Promote(4);
    words(
        plan(&promote, &three(2, [812; 3]), false),
        expect!["refused: BTC: node 4 does not learn: plimsoll cluster add comes first"],
    );
    let learns = with_learner(three(2, [812; 3]), "zone-4");
    words(
        plan(&promote, &learns, false),
        expect![[r#"
        BTC: node 4 gets a vote: 3 voters become 4, quorum 2 becomes 3, and 4 answer (4 survive the loss of 1, as 3 do)
        ETH: node 4 gets a vote: 3 voters become 4, quorum 2 becomes 3, and 4 answer (4 survive the loss of 1, as 3 do)"#]],
    );
    let mut dead = learns.clone();
    silence(&mut dead, 4);
    words(
        plan(&promote, &dead, false),
        expect!["refused: BTC: node 4 does not answer: start it first"],
    );
    let mut late = learns.clone();
    each_domain(&mut late, |node, domain| {
        if node == 4 {
            domain.applied_index = Some(0);
        }
        domain.committed_index = Some(2_000);
    });
    words(
        plan(&promote, &late, false),
        expect!["refused: BTC: node 4 is 2000 entries behind: wait until it is less than 1000"],
    );
    // Of a dead and a living node in one zone, both count.
    let crowded = with_learner(three(2, [812; 3]), "zone-2");
    words(
        plan(&promote, &crowded, false),
        expect![[r#"
        BTC: node 4 gets a vote: 3 voters become 4, quorum 2 becomes 3, and 4 answer (4 survive the loss of 1, as 3 do)
        ETH: node 4 gets a vote: 3 voters become 4, quorum 2 becomes 3, and 4 answer (4 survive the loss of 1, as 3 do)"#]],
    );
    each_domain(&mut dead, |_, domain| domain.voters.push(4));
    words(plan(&promote, &dead, false), expect!["refused: it is so already in BTC, ETH"]);
}

#[test]
fn a_vote_that_makes_the_quorum_too_large_is_refused() {
    let mut learns = with_learner(three(2, [812; 3]), "zone-4");
    silence(&mut learns, 1);
    silence(&mut learns, 3);
    let promote = Change::Promote(4);
    words(
        plan(&promote, &learns, false),
        expect![
            "refused: BTC: 2 of then 4 voters would answer, and 3 would be a quorum: bring a node back first"
        ],
    );
    assert!(plan(&promote, &learns, true).is_ok(), "forced");
}

#[test]
fn a_zone_with_a_quorum_is_refused_a_vote() {
    let mut learns = with_learner(three(2, [812; 3]), "zone-2");
    each_domain(&mut learns, |_, domain| {
        domain.members.iter_mut().for_each(|member| member.zone = "zone-2".into());
    });
    words(
        plan(&Change::Promote(4), &learns, false),
        expect![[r#"
        refused: BTC: the configuration has a problem:
          cluster.peer.zone is "zone-2" for 4 of 4 members, and 3 are a quorum: place at most 2 in one zone, or accept that it stops the venue with one_zone = true"#]],
    );
    assert!(plan(&Change::Promote(4), &learns, true).is_ok(), "forced");
}

#[test]
fn a_vote_is_taken_where_a_quorum_is_left() {
    let answers = three(2, [812; 3]);
    words(
        plan(&Change::Remove(1), &answers, false),
        expect![[r#"
        BTC: node 1 loses its vote, for good: 3 voters become 2, quorum 2 becomes 2, and 2 answer (2 survive the loss of 0, as 1 do)
        ETH: node 1 loses its vote, for good: 3 voters become 2, quorum 2 becomes 2, and 2 answer (2 survive the loss of 0, as 1 do)"#]],
    );
    words(
        plan(&Change::Remove(2), &answers, false),
        expect!["refused: BTC: node 2 leads: plimsoll cluster transfer to another one first"],
    );
    words(
        plan(&Change::Remove(9), &answers, false),
        expect!["refused: it is so already in BTC, ETH"],
    );
    let mut one_dead = answers.clone();
    silence(&mut one_dead, 3);
    words(
        plan(&Change::Remove(1), &one_dead, false),
        expect![
            "refused: BTC: 1 of then 2 voters would answer, and 2 would be a quorum: bring a node back, or add one and promote it, first"
        ],
    );
    words(
        plan(&Change::Remove(3), &one_dead, false),
        expect![[r#"
        BTC: node 3 loses its vote, for good: 3 voters become 2, quorum 2 becomes 2, and 2 answer (2 survive the loss of 0, as 1 do)
        ETH: node 3 loses its vote, for good: 3 voters become 2, quorum 2 becomes 2, and 2 answer (2 survive the loss of 0, as 1 do)"#]],
    );
    assert!(plan(&Change::Remove(1), &one_dead, true).is_ok(), "forced");
    let learns = with_learner(answers, "zone-2");
    words(
        plan(&Change::Remove(4), &learns, false),
        expect![[r#"
        BTC: node 4 no longer gets the log; it has no vote
        ETH: node 4 no longer gets the log; it has no vote"#]],
    );
}

#[test]
fn the_last_voter_is_not_removed_even_by_force() {
    let mut answers = three(1, [812; 3]);
    answers.truncate(1);
    each_domain(&mut answers, |_, domain| domain.voters = vec![1]);
    words(
        plan(&Change::Remove(1), &answers, true),
        expect!["refused: BTC: node 1 is the last voter: stop it instead"],
    );
}

#[test]
fn whoever_shall_lead_votes_answers_and_keeps_up() {
    let answers = three(2, [812; 3]);
    words(
        plan(&Change::Transfer(1), &answers, false),
        expect![[r#"
        BTC: node 1 leads instead of node 2, orders wait for a moment: 3 voters, quorum 2, as before
        ETH: node 1 leads instead of node 2, orders wait for a moment: 3 voters, quorum 2, as before"#]],
    );
    words(
        plan(&Change::Transfer(2), &answers, false),
        expect!["refused: it is so already in BTC, ETH"],
    );
    words(
        plan(&Change::Transfer(4), &with_learner(answers.clone(), "b"), false),
        expect!["refused: BTC: node 4 has no vote, so it cannot lead"],
    );
    let mut dead = answers;
    silence(&mut dead, 1);
    words(
        plan(&Change::Transfer(1), &dead, false),
        expect!["refused: BTC: node 1 does not answer: start it first"],
    );
}

#[test]
fn without_a_leader_nothing_changes() {
    let mut answers = three(2, [812; 3]);
    each_domain(&mut answers, |_, domain| domain.role = Role::Candidate);
    words(
        plan(&Change::Transfer(1), &answers, false),
        expect!["refused: BTC: nobody leads, and only a leader changes the members"],
    );
    for node in 1..=3 {
        silence(&mut answers, node);
    }
    words(
        plan(&Change::Transfer(1), &answers, false),
        expect!["refused: no node answers: a change of the members needs a leader"],
    );
}

/// VER-2, VER-5.
#[test]
fn an_upgrade_waits_for_every_build() {
    let mut answers = three(1, [812; 3]);
    let words_of_plan = plan(&Change::Upgrade(None), &answers, false).expect("all know it").words;
    let expected = "BTC: goes on by version 2 of the rules, not 1, at all 3 nodes";
    assert!(words_of_plan[0].starts_with(expected), "{words_of_plan:?}");
    words(
        plan(&Change::Upgrade(Some(1)), &answers, false),
        expect!["refused: it is so already in BTC, ETH"],
    );
    words(
        plan(&Change::Upgrade(Some(3)), &answers, false),
        expect!["refused: BTC: it goes by version 1 of the rules: upgrade to 2 first"],
    );
    each_domain(&mut answers, |_, domain| domain.version = 2);
    let refused = plan(&Change::Upgrade(None), &answers, false).expect_err("nobody knows it");
    assert!(refused.contains("node 3 knows versions up to 2"), "{refused}");
    each_domain(&mut answers, |_, domain| domain.version = 1);
    if let Ok(reply) = &mut answers[1].said {
        reply.version_max = 1;
    }
    silence(&mut answers, 3);
    let refused = plan(&Change::Upgrade(None), &answers, false).expect_err("two do not know it");
    let why = "node 2 knows versions up to 1; node 3 does not answer. Start a build there";
    assert!(refused.contains(why), "{refused}");
}

#[test]
fn an_upgrade_is_one_call_at_each_leader_with_the_version() {
    let answers = three(2, [812; 3]);
    let plan = plan(&Change::Upgrade(None), &answers, false).expect("all know it");
    let called: Vec<_> =
        plan.calls.iter().map(|call| (call.leader, call.method, call.params.to_string())).collect();
    let params = |currency| format!("{{\"currency\":\"{currency}\",\"version\":2}}");
    let expected = ["BTC", "ETH"].map(|currency| (2, "operator/upgrade", params(currency)));
    assert_eq!(called, expected);
}
