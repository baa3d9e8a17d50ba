//! `[cluster]` and `[[cluster.peer]]`: which node this is, and who the others are.
//!
//! ```text
//!   [cluster]        id, node, listen, ca, certificate, key, …
//!   [[cluster.peer]] node, address, zone, api      once for every member, this one too
//! ```
//! A layout in which one zone holds a quorum is refused: whatever takes that zone would stop the
//! venue, or let it go on alone, and nobody would have chosen that.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::keys::NODES_MAX;
use super::raw::{Problem, RawConfig};

/// Most members of a cluster.
const MEMBERS_MAX: usize = 9;
/// Longest name of a cluster or a zone.
const NAME_BYTES_MAX: usize = 32;
/// Heartbeats that must fit into an election timeout: one may be lost, and one may be late.
const HEARTBEATS_MIN: u64 = 3;

/// This node's place in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterConfig {
    /// Name of the cluster: 1 to 32 of a-z, 0-9 and `-`.
    pub id: String,
    /// Which member this is, 1 to 64.
    pub node: u64,
    /// Host and port where the other nodes connect.
    pub listen: String,
    /// File of the cluster's authority, PEM.
    pub ca: PathBuf,
    /// File of this node's certificate, PEM; it is for `node-<node>.plimsoll`.
    pub certificate: PathBuf,
    /// File of the key of that certificate, PEM.
    pub key: PathBuf,
    /// Timeouts of elections are drawn from this to twice this.
    pub election_timeout: Duration,
    /// Between two words of a leader.
    pub heartbeat: Duration,
    /// Entries between two exchanges of the state root.
    pub root_entries: u64,
    /// At its very first start this node makes the cluster out of `peers`.
    pub begin: bool,
    /// One zone may hold a quorum.
    pub one_zone: bool,
    /// Every member, this one too, by number.
    pub peers: Vec<Peer>,
}

/// A member of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Its number, 1 to 64.
    pub node: u64,
    /// Host and port where other nodes reach it.
    pub address: String,
    /// What fails together with it.
    pub zone: String,
    /// Host and port of its HTTP and WebSocket.
    pub api: String,
}

impl ClusterConfig {
    /// Types the section; `None` without one, or if something is wrong with it.
    pub(super) fn from_raw(raw: &RawConfig, problems: &mut Vec<Problem>) -> Option<ClusterConfig> {
        let n_before = problems.len();
        let mut peers = raw.cluster()?.to_vec();
        peers.sort_by_key(|peer| peer.node);
        let cluster = ClusterConfig {
            id: raw.text("cluster.id").into(),
            node: raw.count("cluster.node"),
            listen: raw.text("cluster.listen").into(),
            ca: raw.path("cluster.ca"),
            certificate: raw.path("cluster.certificate"),
            key: raw.path("cluster.key"),
            election_timeout: Duration::from_millis(raw.count("cluster.election_timeout_ms")),
            heartbeat: Duration::from_millis(raw.count("cluster.heartbeat_ms")),
            root_entries: raw.count("cluster.root_entries"),
            begin: raw.flag("cluster.begin"),
            one_zone: raw.flag("cluster.one_zone"),
            peers,
        };
        problems.extend(check_id(&cluster.id));
        for key in ["cluster.ca", "cluster.certificate", "cluster.key"] {
            if raw.text(key).is_empty() {
                problems.push(Problem::new(key, "missing", "write the path of a PEM file"));
            }
        }
        cluster.check(problems);
        (problems.len() == n_before).then_some(cluster)
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        if !is_address(&self.listen) {
            let found = format!("{:?}", self.listen);
            problems.push(Problem::new("cluster.listen", &found, ADDRESS_WANTED));
        }
        let (timeout, heartbeat) = (self.election_timeout.as_millis(), self.heartbeat.as_millis());
        if timeout < heartbeat * u128::from(HEARTBEATS_MIN) {
            let wanted = format!(
                "set at most {}, so that {HEARTBEATS_MIN} fit into cluster.election_timeout_ms, \
                 which is {timeout}",
                timeout / u128::from(HEARTBEATS_MIN)
            );
            problems.push(Problem::new("cluster.heartbeat_ms", &heartbeat.to_string(), &wanted));
        }
        let nodes: Vec<String> = self.peers.iter().map(|peer| peer.node.to_string()).collect();
        if !self.peers.iter().any(|peer| peer.node == self.node) {
            let wanted = match nodes.is_empty() {
                true => "list every member in [[cluster.peer]], this one too".to_owned(),
                false => format!("write one of the listed members, {}", nodes.join(", ")),
            };
            problems.push(Problem::new("cluster.node", &self.node.to_string(), &wanted));
        }
        problems.extend(check_members(&self.peers, self.one_zone));
    }
}

/// How many of so many voters decide.
pub fn quorum(n_voters: usize) -> usize {
    n_voters / 2 + 1
}

const ADDRESS_WANTED: &str = "write host and port, such as \"10.0.0.1:7001\"";

/// Host and port: `10.0.0.1:7001`, `db.example:7001`, `[::1]:7001`.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let is_port = port.parse::<u16>().is_ok_and(|port| 0 < port);
    let is_bare = |host: &str| {
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
    };
    let is_bracketed = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    is_port && (is_bare(host) || is_bracketed(host))
}

/// What is wrong with the name of a cluster.
pub fn check_id(id: &str) -> Option<Problem> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = (1..=NAME_BYTES_MAX).contains(&id.len()) && id.chars().all(is_letter);
    let wanted = format!("write 1 to {NAME_BYTES_MAX} of a-z, 0-9 and -");
    (!is_name).then(|| Problem::new("cluster.id", &format!("{id:?}"), &wanted))
}

/// What is wrong with the members of a cluster, each and together.
pub fn check_members(members: &[Peer], one_zone: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !(1..=MEMBERS_MAX).contains(&members.len()) {
        let found = format!("{} members", members.len());
        let wanted = format!("list between 1 and {MEMBERS_MAX}");
        problems.push(Problem::new("cluster.peer", &found, &wanted));
    }
    members.iter().for_each(|member| check_member(member, &mut problems));
    for (index, member) in members.iter().enumerate() {
        let before = &members[..index];
        if before.iter().any(|other| other.node == member.node) {
            let (found, wanted) = (member.node.to_string(), "give each member its own number");
            problems.push(Problem::new("cluster.peer.node", &found, wanted));
        }
        let twice = |name: &str, text: &str, of: fn(&Peer) -> &str| {
            let is_twice = !text.is_empty() && before.iter().any(|other| of(other) == text);
            let key = format!("cluster.peer.{name}");
            is_twice.then(|| Problem::new(&key, &format!("{text:?}"), "name each address once"))
        };
        problems.extend(twice("address", &member.address, |peer| &peer.address));
        problems.extend(twice("api", &member.api, |peer| &peer.api));
    }
    if !one_zone {
        problems.extend(zone_with_quorum(members));
    }
    problems
}

fn check_member(member: &Peer, problems: &mut Vec<Problem>) {
    let Peer { node, address, zone, api } = member;
    if !(1..=NODES_MAX).contains(node) {
        let wanted = format!("set between 1 and {NODES_MAX}");
        problems.push(Problem::new("cluster.peer.node", &node.to_string(), &wanted));
    }
    for (name, text) in [("address", address), ("api", api)] {
        if !is_address(text) {
            let (key, found) = (format!("cluster.peer.{name}"), format!("{text:?}"));
            problems.push(Problem::new(&key, &found, ADDRESS_WANTED));
        }
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !(1..=NAME_BYTES_MAX).contains(&zone.len()) || !zone.chars().all(is_word) {
        let wanted = "say what fails together, such as \"zone-a\" or a rack";
        problems.push(Problem::new("cluster.peer.zone", &format!("{zone:?}"), wanted));
    }
}

/// One node alone has no other layout.
fn zone_with_quorum(members: &[Peer]) -> Option<Problem> {
    let mut by_zone: BTreeMap<&str, usize> = BTreeMap::new();
    members.iter().for_each(|member| *by_zone.entry(&member.zone).or_default() += 1);
    let (n_members, needed) = (members.len(), quorum(members.len()));
    let (zone, n_there) = by_zone.into_iter().find(|(_, count)| needed <= *count)?;
    let found = format!("{zone:?} for {n_there} of {n_members} members, and {needed} are a quorum");
    let wanted = format!(
        "place at most {} in one zone, or accept that it stops the venue with one_zone = true",
        needed - 1
    );
    (1 < n_members).then(|| Problem::new("cluster.peer.zone", &found, &wanted))
}

/// Takes `peer` out of `[cluster]`; `None` without that section. What is wrong is added.
pub(super) fn take_peers(
    table: &mut toml::Table,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Peer>> {
    let section = table.get_mut("cluster")?.as_table_mut()?;
    let Some(written) = section.remove("peer") else { return Some(Vec::new()) };
    let Some(tables) = written.as_array() else {
        let wanted = "write [[cluster.peer]] with node, address, zone and api for each member";
        problems.push(Problem::new("cluster.peer", "no list of tables", wanted));
        return Some(Vec::new());
    };
    Some(tables.iter().map(|table| read_peer(table, problems)).collect())
}

fn read_peer(table: &toml::Value, problems: &mut Vec<Problem>) -> Peer {
    let names = table.as_table().into_iter().flat_map(toml::Table::keys);
    for other in names.filter(|name| !["node", "address", "zone", "api"].contains(&name.as_str())) {
        let (key, found) = (format!("cluster.peer.{other}"), "a key that does not exist");
        problems.push(Problem::new(&key, found, "a member has node, address, zone and api"));
    }
    let text = |name: &str| table.get(name).and_then(toml::Value::as_str).unwrap_or("").to_owned();
    let node = table.get("node").and_then(toml::Value::as_integer);
    Peer {
        node: node.and_then(|node| u64::try_from(node).ok()).unwrap_or_default(),
        address: text("address"),
        zone: text("zone"),
        api: text("api"),
    }
}
