//! Answers in, verdict and table out.

use expect_test::{Expect, expect};
use serde_json::json;

use super::{each_domain, silence, three};
use crate::cluster::ask::{Answer, compare_clocks, offset_ms};
use crate::cluster::dev::line;
use crate::cluster::reply::Role;
use crate::cluster::status;
use crate::cluster::verdict::{Health, verdict};
use crate::cluster::words::{sentence, table};

fn judged(answers: &[Answer], health: Health, expected: Expect) {
    let verdict = verdict(answers);
    assert_eq!(verdict.health, health, "{verdict:?}");
    expected.assert_eq(&sentence(&verdict));
}

#[test]
fn all_well_is_said_with_what_may_still_go() {
    let answers = three(2, [812, 812, 810]);
    let verdict = verdict(&answers);
    assert_eq!(verdict.health.exit_code(), 0);
    expect![[r#"
        node  zone    domain  role      leader  term  applied  behind  root              clock ms  disk GiB
           1  zone-1  BTC     follower       2     3      812       0  001122334455@512        +1      1024
           1  zone-1  ETH     follower       2     3      812       0  001122334455@512        +1      1024
           2  zone-2  BTC     leader         2     3      812       0  001122334455@512        +1      1024
           2  zone-2  ETH     leader         2     3      812       0  001122334455@512        +1      1024
           3  zone-3  BTC     follower       2     3      810       2  001122334455@512        +1      1024
           3  zone-3  ETH     follower       2     3      810       2  001122334455@512        +1      1024
        all well: 3 of 3 voters are there, 2 are a quorum, 1 may go; leaders: BTC 2, ETH 2"#]]
    .assert_eq(&table(&answers, &verdict));
    expect!["nodes 1 up, 2 up, 3 up | BTC leader 2 term 3 applied 812 lag 2 | ETH leader 2 term 3 applied 812 lag 2 | all well"].assert_eq(&line::words(&answers, &verdict, true));
    expect!["nodes 1 up, 2 up, 3 up | BTC leader 2 term 3 | ETH leader 2 term 3 | all well"]
        .assert_eq(&line::words(&answers, &verdict, false));
}

#[test]
fn a_silent_node_is_a_row_and_degrades() {
    let mut answers = three(2, [812, 812, 810]);
    silence(&mut answers, 3);
    let verdict = verdict(&answers);
    assert_eq!((verdict.health, verdict.health.exit_code()), (Health::Degraded, 1));
    expect![[r#"
        node  zone    domain  role      leader  term  applied  behind  root              clock ms  disk GiB
           1  zone-1  BTC     follower       2     3      812       0  001122334455@512        +1      1024
           1  zone-1  ETH     follower       2     3      812       0  001122334455@512        +1      1024
           2  zone-2  BTC     leader         2     3      812       0  001122334455@512        +1      1024
           2  zone-2  ETH     leader         2     3      812       0  001122334455@512        +1      1024
           3  does not answer at http://10.0.0.3:8080: connecting failed
        degraded: node 3 does not answer; 2 of 3 voters are there, 2 are a quorum, none may go now; leaders: BTC 2, ETH 2"#]].assert_eq(&table(&answers, &verdict));
    let json = status::to_json(&answers, &verdict);
    assert_eq!(json["health"], "degraded");
    assert_eq!(json["nodes"][2]["silent"], "connecting failed");
}

#[test]
fn without_a_quorum_a_leader_that_still_believes_in_itself_is_none() {
    let mut answers = three(1, [812; 3]);
    silence(&mut answers, 2);
    silence(&mut answers, 3);
    assert_eq!(verdict(&answers).health.exit_code(), 2);
    judged(
        &answers,
        Health::NoQuorum,
        expect![
            "no quorum: BTC: 1 of 3 voters answer, and 2 are a quorum; ETH: 1 of 3 voters answer, and 2 are a quorum; node 2 does not answer; node 3 does not answer. Without one a domain takes no orders"
        ],
    );
    silence(&mut answers, 1);
    judged(
        &answers,
        Health::NoQuorum,
        expect![
            "no quorum: none of the 3 that were asked answers. Without one a domain takes no orders"
        ],
    );
}

#[test]
fn a_quorum_without_a_leader_takes_no_orders() {
    let mut answers = three(1, [812; 3]);
    silence(&mut answers, 1);
    each_domain(&mut answers, |node, domain| {
        if domain.currency == "ETH" {
            (domain.role, domain.leader, domain.term) = (Role::Candidate, None, 4);
        } else if node == 2 {
            domain.role = Role::Leader;
        }
    });
    judged(
        &answers,
        Health::NoQuorum,
        expect![
            "no quorum: ETH: nobody leads, the newest term is 4; node 1 does not answer. Without one a domain takes no orders"
        ],
    );
}

#[test]
fn a_leader_that_the_others_hear_of_leads_although_it_does_not_answer_us() {
    let mut answers = three(1, [812; 3]);
    silence(&mut answers, 1);
    judged(
        &answers,
        Health::Degraded,
        expect![
            "degraded: node 1 does not answer; 2 of 3 voters are there, 2 are a quorum, none may go now; leaders: BTC 1, ETH 1"
        ],
    );
    each_domain(&mut answers, |_, domain| domain.lag_ms = Some(1_001));
    assert_eq!(verdict(&answers).health, Health::NoQuorum);
}

/// Cut off, node 1 believes that it leads; the others have gone on.
#[test]
fn the_leader_of_the_highest_term_counts() {
    let mut answers = three(1, [812; 3]);
    each_domain(&mut answers, |node, domain| {
        if node != 1 {
            (domain.term, domain.leader, domain.committed_index) = (5, Some(2), Some(20_000));
            domain.applied_index = Some(20_000);
        }
        if node == 2 {
            domain.role = Role::Leader;
        }
    });
    let verdict = verdict(&answers);
    assert_eq!(verdict.domains[0].leader, Some(2));
    judged(
        &answers,
        Health::Degraded,
        expect![
            "degraded: BTC: node 1 is 19188 entries behind; ETH: node 1 is 19188 entries behind; 3 of 3 voters are there, 2 are a quorum, 1 may go; leaders: BTC 2, ETH 2"
        ],
    );
}

/// Cut off, node 1 believes that it leads; the others are electing.
#[test]
fn a_leader_of_an_older_term_is_none() {
    let mut answers = three(1, [812; 3]);
    each_domain(&mut answers, |node, domain| {
        if node != 1 {
            (domain.role, domain.leader, domain.term) = (Role::Candidate, None, 5);
        }
    });
    judged(
        &answers,
        Health::NoQuorum,
        expect![
            "no quorum: BTC: nobody leads, the newest term is 5; ETH: nobody leads, the newest term is 5. Without one a domain takes no orders"
        ],
    );
}

#[test]
fn what_differs_or_runs_out_degrades() {
    let mut answers = three(1, [812; 3]);
    each_domain(&mut answers, |node, domain| {
        if node == 3 && domain.currency == "BTC" {
            domain.root = "ffff".into();
        }
    });
    judged(
        &answers,
        Health::Degraded,
        expect![
            "degraded: BTC: after entry 512 the state of node 3 differs from that of node 1: `plimsoll log verify` on both says which is wrong; 3 of 3 voters are there, 2 are a quorum, 1 may go; leaders: BTC 1, ETH 1"
        ],
    );
    let mut answers = three(1, [812; 3]);
    for answer in &mut answers {
        let Ok(reply) = &mut answer.said else { continue };
        match reply.node {
            1 => reply.cluster = "green".into(),
            2 => reply.clock_offset_ms = Some(-251),
            _ => reply.disk_free_bytes = Some(5 << 20),
        }
    }
    judged(
        &answers,
        Health::Degraded,
        expect![[
            r#"degraded: node 2 is of the cluster "blue", not of "green"; the clock of node 2 is off by -251 ms; node 3 is of the cluster "blue", not of "green"; node 3 has 5 MiB of disk left; 3 of 3 voters are there, 2 are a quorum, 1 may go; leaders: BTC 1, ETH 1"#
        ]],
    );
}

/// Another root after another entry is another moment, not another state.
#[test]
fn roots_of_different_entries_are_not_compared() {
    let mut answers = three(1, [812; 3]);
    each_domain(&mut answers, |node, domain| {
        (domain.root, domain.root_seq) = (node.to_string(), node);
    });
    assert_eq!(verdict(&answers).health, Health::Well);
}

#[test]
fn one_machine_without_a_cluster_is_well() {
    let mut answers = three(1, [812; 3]);
    answers.truncate(1);
    each_domain(&mut answers, |_, domain| {
        domain.role = Role::Solo;
        domain.voters.clear();
        domain.members.clear();
    });
    judged(
        &answers,
        Health::Well,
        expect![
            "all well: 1 of 1 voters are there, 1 are a quorum, none may go now; leaders: BTC 1, ETH 1"
        ],
    );
}

/// A way of 4 ms there and 6 ms back is taken for 5 and 5.
#[test]
fn an_answer_tells_how_far_its_clock_is_before_ours() {
    let reply = json!({"usIn": 1_011_000, "usOut": 1_012_000});
    assert_eq!(offset_ms(&reply, 1_000_000, 1_011_000), Some(6));
    assert_eq!(offset_ms(&reply, 1_007_000, 1_018_000), Some(-1));
    assert_eq!(offset_ms(&json!({"usIn": 1}), 0, 0), None);
}

#[test]
fn clocks_are_compared_with_that_of_the_leader() {
    let mut answers = three(2, [9, 9, 9]);
    for (answer, offset_ms) in answers.iter_mut().zip([Some(-30), Some(20), None]) {
        answer.said.as_mut().expect("it answers").clock_offset_ms = offset_ms;
    }
    let offsets = |answers: &[Answer]| -> Vec<Option<i64>> {
        answers.iter().map(|answer| answer.said.as_ref().ok()?.clock_offset_ms).collect()
    };
    compare_clocks(&mut answers);
    assert_eq!(offsets(&answers), [Some(-50), Some(0), None]);
    silence(&mut answers, 2);
    compare_clocks(&mut answers);
    assert_eq!(offsets(&answers), [None, None, None], "nobody leads of those that answer");
}
