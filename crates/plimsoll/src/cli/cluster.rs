//! The command line of clusters.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OperatorKey;
use super::prices::range;
use crate::cluster::Member;

pub(super) const CLUSTER_EXAMPLES: &str = "\
Try it on this machine, three nodes with play money:
  plimsoll cluster dev
  plimsoll cluster status --url http://127.0.0.1:8080
  kill -9 PID                               it prints the process of each node

Run it on three machines:
  plimsoll cluster init --dir fleet --id blue \\
      --member 1=10.0.0.1:7001,api=10.0.0.1:8080,zone=a \\
      --member 2=10.0.0.2:7001,api=10.0.0.2:8080,zone=b \\
      --member 3=10.0.0.3:7001,api=10.0.0.3:8080,zone=c
  plimsoll serve --config plimsoll.toml     on each machine, in the directory that was copied there
  plimsoll cluster status --config plimsoll.toml --watch

A quorum, more than half of the voters, must be there: 2 of 3, 3 of 5. Fewer answer reads and refuse
the rest. docs/operating/cluster.md says how a node is added, replaced and removed.";

const INIT_EXAMPLES: &str = "\
Example:
  plimsoll cluster init --dir fleet --id blue \\
      --member 1=10.0.0.1:7001,api=10.0.0.1:8080,zone=a \\
      --member 2=10.0.0.2:7001,api=10.0.0.2:8080,zone=b \\
      --member 3=10.0.0.3:7001,api=10.0.0.3:8080,zone=c

It writes fleet/node-1 and so on: plimsoll.toml, ca.pem, node.pem, node.key, data/keys.json and
data/notice.pem. Copy each directory to its machine, and keep fleet/ca.key where no node is: whoever
has it can make a node. Nothing that exists is overwritten.";

const CERTIFICATE_EXAMPLES: &str = "\
Example, for a machine that takes the place of node 2, which is dead:
  plimsoll cluster certificate --dir fleet --node 4 \\
      --member 4=10.0.0.4:7001,api=10.0.0.4:8080,zone=b
  plimsoll serve --config plimsoll.toml     on the new machine, in the directory that was copied
  plimsoll cluster add --node 4 ...         then promote 4, then remove 2

A replaced node gets a new number: with its old one, and an empty disk, it could vote a second time
where it has voted before. A --member replaces the member with its number in the list.";

const DEV_EXAMPLES: &str = "\
Examples:
  plimsoll cluster dev
  plimsoll cluster dev --nodes 5 --port 8080 --dir cluster --seed 7
  plimsoll cluster dev --json              one line of JSON when it is ready, for programs

Each node is a process of its own. Kill one, and see what happens; it is not started again, the
command that does it is printed.";

const STATUS_EXAMPLES: &str = "\
Examples:
  plimsoll cluster status                                      the node on this machine, port 8080
  plimsoll cluster status --config plimsoll.toml --watch
  plimsoll cluster status --url http://10.0.0.1:8080 --json

One address is enough: the others are asked for, as long as one answers.

Exit codes:
  0  all well
  1  degraded: something is missing or differs, and a quorum of every domain is there
  2  a domain has no quorum or no leader: it takes no orders";

const UPGRADE_EXAMPLES: &str = "\
A new build may know newer rules. It goes by the old ones until it is told, so that every node does
the same with every entry of the log:
  1. on each node in turn, the leader last: stop it, put the new build there, start it
     (`plimsoll cluster status` between them)
  2. plimsoll cluster upgrade --data data
From one entry of the log on, every node goes by the new rules. There is no way back: a build that
does not know them stops. Refused while a member's build does not know them, or a member is silent.

A venue on one machine is upgraded in the same way.";

const CHANGE_EXAMPLES: &str = "\
Replace node 2 by node 4, one step after the other, `plimsoll cluster status` between them:
  plimsoll cluster add --node 4 --address 10.0.0.4:7001 --api 10.0.0.4:8080 --zone b --data data
  plimsoll cluster promote --node 4 --data data
  plimsoll cluster remove --node 2 --data data

Each says first what it will do and what the quorum will be, and asks; --yes does not ask. What
would obviously lose the quorum is refused.";

/// What to do with a cluster.
#[derive(Debug, Subcommand)]
pub enum ClusterCall {
    /// Makes the files of a new cluster: authority, certificates, configuration, first keys.
    #[command(after_help = INIT_EXAMPLES)]
    Init(ClusterInit),
    /// Makes the files of one more node.
    #[command(after_help = CERTIFICATE_EXAMPLES)]
    Certificate(ClusterCertificate),
    /// Runs a cluster on this machine, with simulated prices, market makers and two accounts.
    #[command(after_help = DEV_EXAMPLES)]
    Dev(ClusterDev),
    /// Asks every node how it is: leaders, terms, what is applied, who lags.
    #[command(after_help = STATUS_EXAMPLES)]
    Status(ClusterStatus),
    /// Makes a new node learn: it gets the log and does not vote.
    #[command(after_help = CHANGE_EXAMPLES)]
    Add(ClusterAdd),
    /// Gives a node that learns a vote.
    #[command(after_help = CHANGE_EXAMPLES)]
    Promote(ClusterNode),
    /// Takes a node out, for good.
    #[command(after_help = CHANGE_EXAMPLES)]
    Remove(ClusterNode),
    /// Makes a voter the leader: before its machine is looked after, hand what leads there over.
    #[command(after_help = CHANGE_EXAMPLES)]
    Transfer(ClusterTransfer),
    /// Lets every domain go on by the rules that a newer build brought.
    #[command(after_help = UPGRADE_EXAMPLES)]
    Upgrade(ClusterUpgrade),
}

/// Flags of `cluster init`.
#[derive(Debug, Args)]
pub struct ClusterInit {
    /// Directory to write into.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Name of the cluster, 1 to 32 of a-z, 0-9 and -.
    #[arg(long, value_name = "NAME")]
    pub id: String,
    /// A member: its number, where other nodes reach it, where clients do, what fails with it.
    #[arg(
        long = "member",
        required = true,
        value_name = "N=HOST:PORT,api=HOST:PORT,zone=NAME",
        value_parser = Member::parse
    )]
    pub members: Vec<Member>,
    /// Accept that one zone holds a quorum: what takes that zone stops the venue.
    #[arg(long)]
    pub one_zone: bool,
}

/// Flags of `cluster certificate`.
#[derive(Debug, Args)]
pub struct ClusterCertificate {
    /// Directory that `cluster init` wrote, with ca.key in it.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Number of the new node; none that was ever used.
    #[arg(long, value_name = "N")]
    pub node: u64,
    /// The new member, and others that are not as in the files of the first nodes.
    #[arg(
        long = "member",
        required = true,
        value_name = "N=HOST:PORT,api=HOST:PORT,zone=NAME",
        value_parser = Member::parse
    )]
    pub members: Vec<Member>,
}

/// Flags of `cluster dev`.
#[derive(Debug, Args)]
pub struct ClusterDev {
    /// How many nodes.
    #[arg(long, default_value_t = 3, value_parser = range(1..=9))]
    pub nodes: u64,
    /// Directory for files, logs and keys; without it a temporary one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// API port of node 1; the others have those after it. 0 picks free ones.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Decides the simulated prices, the bots' choices and the keys.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one line of JSON when the venue is ready, and nothing else on stdout.
    #[arg(long)]
    pub json: bool,
}

/// Which nodes to ask.
#[derive(Clone, Debug, Args)]
pub struct Nodes {
    /// Configuration file of a node: every member that it lists is asked.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub config: Option<PathBuf>,
    /// Address of a node's API; may be given more than once. Without it, and without --config:
    /// http://127.0.0.1:8080.
    #[arg(long, value_name = "URL")]
    pub url: Vec<String>,
}

/// Flags of `cluster status`.
#[derive(Debug, Args)]
pub struct ClusterStatus {
    /// Which nodes.
    #[command(flatten)]
    pub nodes: Nodes,
    /// Print what the nodes said, and the verdict, as one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// Print again every second until stopped.
    #[arg(long)]
    pub watch: bool,
}

/// What every change of the members has.
#[derive(Debug, Args)]
pub struct Sure {
    /// Which nodes to ask for the leader.
    #[command(flatten)]
    pub nodes: Nodes,
    /// Operator's key.
    #[command(flatten)]
    pub login: OperatorKey,
    /// Do it without asking.
    #[arg(long)]
    pub yes: bool,
    /// Print one line of JSON when it is done.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `cluster add`.
#[derive(Debug, Args)]
pub struct ClusterAdd {
    /// Number of the new node; none that was ever used.
    #[arg(long, value_name = "N")]
    pub node: u64,
    /// Host and port where other nodes reach it.
    #[arg(long, value_name = "HOST:PORT")]
    pub address: String,
    /// Host and port of its HTTP and WebSocket.
    #[arg(long, value_name = "HOST:PORT")]
    pub api: String,
    /// What fails together with it.
    #[arg(long, value_name = "NAME")]
    pub zone: String,
    /// How it is asked and told.
    #[command(flatten)]
    pub sure: Sure,
}

/// Flags of `cluster promote` and `cluster remove`.
#[derive(Debug, Args)]
pub struct ClusterNode {
    /// Number of the node.
    #[arg(long, value_name = "N")]
    pub node: u64,
    /// Do it although it looks as if the quorum would be lost by it.
    #[arg(long)]
    pub force: bool,
    /// How it is asked and told.
    #[command(flatten)]
    pub sure: Sure,
}

/// Flags of `cluster upgrade`.
#[derive(Debug, Args)]
pub struct ClusterUpgrade {
    /// Version of the rules; the one after that by which the domain goes, if it is not said.
    #[arg(long, value_name = "N")]
    pub to: Option<u32>,
    /// Only this domain, such as BTC; without it all of them.
    #[arg(long)]
    pub currency: Option<String>,
    /// How it is asked and told.
    #[command(flatten)]
    pub sure: Sure,
}

/// Flags of `cluster transfer`.
#[derive(Debug, Args)]
pub struct ClusterTransfer {
    /// Number of the node that shall lead.
    #[arg(long, value_name = "N")]
    pub node: u64,
    /// Only this domain, such as BTC; without it all of them.
    #[arg(long)]
    pub currency: Option<String>,
    /// How it is asked and told.
    #[command(flatten)]
    pub sure: Sure,
}
