//! One process of the cluster: a replica, and the questions that its driver asks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use replica::raft::{Cluster, ClusterConfig, Member, RaftReplica, Role, TlsFiles};
use replica::{Config, Feed};
use types::{AssetCode, At};

use super::FOUNDERS;

/// A replica that runs.
pub struct Node {
    pub replica: RaftReplica,
    // Declared last: connections end when nothing uses them any more.
    _cluster: Cluster,
}

impl Node {
    /// By the arguments that the driver gave: id, directory, ports.
    pub fn start(
        arguments: &[String],
        adjust: impl FnOnce(&mut Config),
        sink: impl FnMut(Feed) + Send + 'static,
    ) -> Node {
        let id: u64 = arguments[0].parse().expect("an id");
        let root = PathBuf::from(&arguments[1]);
        let members: BTreeMap<u64, Member> = (1..).zip(arguments[2..].iter().map(member)).collect();
        let cluster = Cluster::start(ClusterConfig {
            cluster: 1,
            node: id,
            listen: members[&id].address.clone(),
            files: TlsFiles {
                authority: root.join("ca.pem"),
                chain: root.join(format!("{id}.pem")),
                key: root.join(format!("{id}.key")),
            },
            election_timeout: Duration::from_millis(200),
            heartbeat: Duration::from_millis(40),
        });
        let cluster = cluster.expect("the cluster starts");
        let asset = AssetCode::new("USDC").expect("a code");
        let mut config = Config::new(root.join(format!("node-{id}")), asset, 6);
        config.limits.orders_max = 1 << 20;
        adjust(&mut config);
        let founders = members.into_iter().filter(|(id, _)| FOUNDERS.contains(id)).collect();
        let founders = (id == FOUNDERS[0]).then_some(founders);
        let started = RaftReplica::start(config, 1 << 20, &cluster, founders, clock, sink);
        let (replica, _) = started.expect("the replica starts");
        exit_when_it_ends(id, &replica);
        Node { replica, _cluster: cluster }
    }

    /// Answers until nobody asks any more; `tell` knows the benchmark's own questions.
    pub fn answer(&self, mut tell: impl FnMut(&str, &[f64]) -> Vec<f64>) {
        let status = || self.replica.standing().status();
        for line in std::io::stdin().lines() {
            let line = line.expect("reads");
            let (word, figures) = line.split_once(' ').unwrap_or((&line, ""));
            let figures = figures.split_whitespace().map(|word| word.parse().expect("a number"));
            let told = match word {
                "leads" => vec![f64::from(u8::from(status().role == Role::Leader))],
                "applied" => vec![status().applied.0 as f64],
                other => tell(other, &figures.collect::<Vec<f64>>()),
            };
            let told: Vec<String> = told.iter().map(|figure| format!("{figure:.6}")).collect();
            println!("{}", told.join(" "));
        }
    }
}

/// The member that listens there.
pub fn member(port: &String) -> Member {
    Member { address: format!("127.0.0.1:{port}"), zone: port.clone(), api: String::new() }
}

fn clock() -> At {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    At(u64::try_from(since.as_millis()).expect("fits"))
}

fn exit_when_it_ends(id: u64, replica: &RaftReplica) {
    let mut end = replica.standing().follow_end();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
        let words = runtime.block_on(async { end.wait_for(Option::is_some).await.ok()?.clone() });
        eprintln!("node {id}: {}", words.unwrap_or_default());
        std::process::exit(1);
    });
}
