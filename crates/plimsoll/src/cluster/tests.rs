//! Members, files, certificates, verdicts, words and plans.

mod changes;
mod files;
mod verdicts;

use serde_json::json;

use super::Member;
use super::ask::{Answer, Asked};
use super::reply::{DomainReply, MemberReply, NodeReply, Role};

#[test]
fn a_member_is_a_number_two_addresses_and_a_zone() {
    let read = Member::parse("4=10.0.0.4:7001,zone=b,api=db:8080").expect("it is well formed").0;
    assert_eq!((read.node, read.address.as_str()), (4, "10.0.0.4:7001"));
    assert_eq!((read.api.as_str(), read.zone.as_str()), ("db:8080", "b"));
    for wrong in ["", "4", "x=10.0.0.4:7001,api=a:1,zone=b", "4=a:1,api=a:2", "4=a:1,zone=b,to=c"] {
        let told = Member::parse(wrong).expect_err("it is refused");
        assert!(told.contains("1=10.0.0.1:7001,api=10.0.0.1:8080,zone=a"), "{wrong}: {told}");
    }
}

/// What is documented in docs/operating/cluster.md is read; what a node does not know is left out.
#[test]
fn an_answer_is_read_as_it_is_documented() {
    let whole = json!({
        "node": 1, "cluster": "dev", "zone": "a", "disk_free_bytes": 1, "clock_offset_ms": -2,
        "version_max": 2,
        "domains": [{
            "currency": "BTC", "role": "leader", "leader": 1, "term": 3, "last_index": 9,
            "committed_index": 9, "applied_index": 8, "applied_seq": 7, "version": 1, "root": "ab", "root_seq": 5,
            "voters": [1, 2, 3], "learners": [4], "lag_ms": 0,
            "members": [{"node": 2, "address": "a:1", "zone": "b", "api": "a:2",
                         "matched_index": 8, "lag_entries": 1}],
        }],
    });
    let reply: NodeReply = serde_json::from_value(whole.clone()).expect("it is read");
    assert_eq!(serde_json::to_value(&reply).expect("it is written"), whole);
    let bare = json!({"node": 2, "cluster": "dev", "zone": "b", "domains": [
        {"currency": "BTC", "role": "candidate", "leader": null, "applied_index": null},
    ]});
    let reply: NodeReply = serde_json::from_value(bare).expect("it is read");
    assert_eq!((reply.domains[0].role, reply.domains[0].leader), (Role::Candidate, None));
}

/// Three nodes, of which `leader` leads; each has applied so much.
fn three(leader: u64, applied: [u64; 3]) -> Vec<Answer> {
    let members = (1..=3).map(member).collect::<Vec<_>>();
    let answers = (1..).zip(applied).map(|(node, applied)| {
        let role = if node == leader { Role::Leader } else { Role::Follower };
        let domain = |currency: &str| DomainReply {
            currency: currency.into(),
            role,
            leader: Some(leader),
            term: 3,
            last_index: Some(812),
            committed_index: Some(812),
            applied_index: Some(applied),
            applied_seq: 900,
            version: 1,
            root: "00112233445566778899".into(),
            root_seq: 512,
            voters: vec![1, 2, 3],
            learners: vec![],
            lag_ms: Some(12),
            members: members.clone(),
        };
        let reply = NodeReply {
            node,
            cluster: "blue".into(),
            zone: format!("zone-{node}"),
            domains: vec![domain("BTC"), domain("ETH")],
            disk_free_bytes: Some(1 << 40),
            clock_offset_ms: Some(1),
            version_max: 2,
        };
        Answer { asked: asked(node), said: Ok(reply) }
    });
    answers.collect()
}

fn asked(node: u64) -> Asked {
    Asked { node: Some(node), url: format!("http://10.0.0.{node}:8080") }
}

fn member(node: u64) -> MemberReply {
    MemberReply {
        node,
        address: format!("10.0.0.{node}:7001"),
        zone: format!("zone-{node}"),
        api: format!("10.0.0.{node}:8080"),
        matched_index: None,
        lag_entries: None,
    }
}

fn silence(answers: &mut [Answer], node: u64) {
    for answer in answers.iter_mut().filter(|answer| answer.node() == Some(node)) {
        answer.said = Err("connecting failed".into());
    }
}

fn each_domain(answers: &mut [Answer], change: impl Fn(u64, &mut DomainReply)) {
    for reply in answers.iter_mut().filter_map(|answer| answer.said.as_mut().ok()) {
        let node = reply.node;
        reply.domains.iter_mut().for_each(|domain| change(node, domain));
    }
}
