//! `[cluster]`: what it comes to, and every layout that is refused.

use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};

use super::read;
use crate::config::{Config, Peer, RawConfig, check_members};

const SECTION: &str = "
    [cluster]
    id = 'blue'
    node = 2
    listen = '0.0.0.0:7001'
    ca = 'ca.pem'
    certificate = '/etc/plimsoll/node.pem'
    key = 'node.key'
";

fn peers(places: &[(u64, &str)]) -> String {
    let tables = places.iter().map(|(node, zone)| {
        format!(
            "[[cluster.peer]]\nnode = {node}\naddress = '10.0.0.{node}:7001'\n\
             api = '10.0.0.{node}:8080'\nzone = '{zone}'\n"
        )
    });
    tables.collect()
}

fn told(text: &str, expected: Expect) {
    expected.assert_eq(&read(text).expect_err("it is refused"));
}

#[test]
fn a_cluster_is_read_with_paths_beside_the_file() {
    let text = format!("{SECTION}{}", peers(&[(3, "c"), (1, "a"), (2, "b")]));
    let raw = RawConfig::parse("conf/venue.toml", &text, vec![]).expect("it is read");
    let cluster = Config::from_raw(&raw).expect("it is right").cluster.expect("it is there");
    assert_eq!((cluster.id.as_str(), cluster.node, cluster.begin), ("blue", 2, false));
    assert_eq!(cluster.ca, Path::new("conf/ca.pem"));
    assert_eq!(cluster.certificate, Path::new("/etc/plimsoll/node.pem"));
    assert_eq!(cluster.election_timeout, Duration::from_millis(200));
    assert_eq!(cluster.heartbeat, Duration::from_millis(40));
    assert_eq!(cluster.root_entries, 1_024);
    let nodes: Vec<u64> = cluster.peers.iter().map(|peer| peer.node).collect();
    assert_eq!(nodes, [1, 2, 3], "by number");
    assert_eq!(cluster.peers[2].api, "10.0.0.3:8080");
}

#[test]
fn without_the_section_there_is_no_cluster() {
    assert_eq!(read("").expect("it is right").cluster, None);
}

#[test]
fn all_problems_of_a_cluster_are_reported_at_once() {
    let text = "
        [cluster]
        node = 4
        listen = 'localhost'
        heartbeat_ms = 90
        [[cluster.peer]]
        node = 1
        address = '10.0.0.1:7001'
        api = '10.0.0.1'
        zone = 'a'
        [[cluster.peer]]
        node = 1
        address = '10.0.0.1:7001'
        api = '10.0.0.1:8080'
        zone = ''
    ";
    told(
        text,
        expect![[r#"
        the configuration has 11 problems:
          cluster.id is "": write 1 to 32 of a-z, 0-9 and -
          cluster.ca is missing: write the path of a PEM file
          cluster.certificate is missing: write the path of a PEM file
          cluster.key is missing: write the path of a PEM file
          cluster.listen is "localhost": write host and port, such as "10.0.0.1:7001"
          cluster.heartbeat_ms is 90: set at most 66, so that 3 fit into cluster.election_timeout_ms, which is 200
          cluster.node is 4: write one of the listed members, 1, 1
          cluster.peer.api is "10.0.0.1": write host and port, such as "10.0.0.1:7001"
          cluster.peer.zone is "": say what fails together, such as "zone-a" or a rack
          cluster.peer.node is 1: give each member its own number
          cluster.peer.address is "10.0.0.1:7001": name each address once"#]],
    );
    let text =
        format!("{SECTION}colour = 'blue'\nelection_timeout_ms = 1\n[[cluster.peer]]\nhost = 1");
    told(
        &text,
        expect![[r#"
        the configuration has 3 problems:
          cluster.peer.host is a key that does not exist: a member has node, address, zone and api
          cluster.colour is a key that does not exist: `plimsoll config explain` lists the keys
          cluster.election_timeout_ms is 1: set between 50 and 60000"#]],
    );
    told(
        "cluster = 1\nwebhook = []",
        expect![[r#"
        the configuration has a problem:
          cluster is a key that does not exist: `plimsoll config explain` lists the keys"#]],
    );
    told(
        "[cluster]\npeer = 1",
        expect![[r#"
        the configuration has a problem:
          cluster.peer is no list of tables: write [[cluster.peer]] with node, address, zone and api for each member"#]],
    );
}

#[test]
fn no_zone_holds_a_quorum_unless_that_is_said() {
    let layouts: [&[(u64, &str)]; 7] = [
        &[(2, "a")],
        &[(1, "a"), (2, "b")],
        &[(1, "a"), (2, "a")],
        &[(1, "a"), (2, "a"), (3, "b")],
        &[(1, "a"), (2, "a"), (3, "b"), (4, "b")],
        &[(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "c")],
        &[(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "c")],
    ];
    let lines = layouts.map(|layout| {
        let zones: String = layout.iter().map(|(_, zone)| *zone).collect();
        let refused = read(&format!("{SECTION}{}", peers(layout))).err();
        let words = refused.as_ref().and_then(|words| words.lines().nth(1)).unwrap_or("  fine");
        let accepted = read(&format!("{SECTION}one_zone = true\n{}", peers(layout)));
        assert!(accepted.is_ok(), "{zones}: {accepted:?}");
        format!("{zones}:{}\n", &words[1..])
    });
    expect![[r#"
        a: fine
        ab: fine
        aa: cluster.peer.zone is "a" for 2 of 2 members, and 2 are a quorum: place at most 1 in one zone, or accept that it stops the venue with one_zone = true
        aab: cluster.peer.zone is "a" for 2 of 3 members, and 2 are a quorum: place at most 1 in one zone, or accept that it stops the venue with one_zone = true
        aabb: fine
        aabbc: fine
        aaabc: cluster.peer.zone is "a" for 3 of 5 members, and 3 are a quorum: place at most 2 in one zone, or accept that it stops the venue with one_zone = true
    "#]].assert_eq(&lines.concat());
}

#[test]
fn a_cluster_has_one_to_nine_members() {
    let members = |n: u64| -> Vec<Peer> {
        let peer = |node: u64| Peer {
            node,
            address: format!("10.0.0.{node}:7001"),
            zone: format!("zone-{node}"),
            api: format!("10.0.0.{node}:8080"),
        };
        (1..=n).map(peer).collect()
    };
    let refused: Vec<u64> =
        (0..=11).filter(|n| !check_members(&members(*n), false).is_empty()).collect();
    assert_eq!(refused, [0, 10, 11]);
}

#[test]
fn addresses_are_a_host_and_a_port() {
    let is_taken = |address: &str| {
        let peer =
            Peer { node: 1, address: address.into(), zone: "a".into(), api: "127.0.0.1:1".into() };
        check_members(&[peer], false).is_empty()
    };
    for right in ["10.0.0.1:7001", "db-1.example:65535", "[::1]:7001", "localhost:1"] {
        assert!(is_taken(right), "{right}");
    }
    for wrong in [
        "10.0.0.1",
        ":7001",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "a b:1",
        "::1:7001",
        "[x]:1",
        "http://a:1",
        "",
    ] {
        assert!(!is_taken(wrong), "{wrong}");
    }
}
