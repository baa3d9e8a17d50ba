//! `plimsoll cluster dev`: a cluster on this machine, each node a process, and the demo's actors.
//!
//! ```text
//!   files as `init` makes them ─▶ plimsoll serve × n ─▶ set up through the operator's API
//!     ─▶ reporters, makers, taker ─▶ ready line ─▶ a status line a second ─▶ Ctrl-C: all stop
//! ```
//! Nobody is started again: whoever kills a node wants to see what the others do. A node that a
//! person starts again is no child of this process, and is not stopped by it.

mod children;
pub mod line;
mod welcome;

#[cfg(test)]
mod tests;

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::ask::{self, Asked, socket_of};
use super::files::{self, Layout};
use super::verdict::verdict;
use crate::cli::ClusterDev;
use crate::config::{Config, Peer};
use crate::demo::actor::World;
use crate::demo::keys::Keys;
use crate::demo::pricing::Rng;
use crate::demo::reporters::{self, Reporters};
use crate::demo::{Home, READY_TIMEOUT, setup};
use crate::serve::Signals;
use children::Children;
use line::Line;

/// Name of the cluster.
const ID: &str = "dev";
/// How long the nodes may take to find a leader and to be set up.
const SETUP_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two status lines.
const INTERVAL: Duration = Duration::from_secs(1);
/// What the nodes have beside what `init` writes: a demo's few options, and clients without limits
/// that a few hundred busy ones would meet.
const LOCAL: &str = "
[listing]
rule = \"calendar\"
option_expiries_max = 4
strikes_max = 7

[gateway]
connections_per_address_max = 2000
queued_per_account_max = 4096
orders_per_s = 100000
orders_burst = 200000
cancels_per_s = 100000
cancels_burst = 200000
queries_per_s = 100000
queries_burst = 200000
";

/// Runs the command.
pub async fn dev(args: ClusterDev) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let home = Home::of(args.dir.clone())?;
    let rng = Rng(args.seed);
    let members = members(home.path(), &args, &rng)?;
    let line = Line::new();
    // What is printed to be started again is started from anywhere.
    let dir = std::fs::canonicalize(home.path()).context("looking for the directory")?;
    let mut children = Children::start(&dir, &members, &line)?;
    let done = tokio::select! {
        run = run(&args, &dir, &members, &mut children, &line) => run,
        () = signals.stop() => Ok(()),
    };
    line.end();
    children.stop().await;
    done
}

/// Until something is wrong.
async fn run(
    args: &ClusterDev,
    home: &Path,
    members: &[Peer],
    children: &mut Children,
    line: &Line,
) -> anyhow::Result<()> {
    children.wait_until_ready(SETUP_TIMEOUT).await?;
    let urls = members.iter().map(|member| format!("http://{}", member.api));
    let ws: Vec<String> = urls.map(|url| socket_of(&url)).collect();
    let rng = Rng(args.seed);
    let first = members.first().context("a cluster has a node")?.node;
    let keys = Keys::open(&files::data(home, first), &rng)?;
    let world = World::new(ws.clone(), &rng, keys.clone());
    let signing_keys = reporters::signing_keys(home).await?;
    line.say("setting the venue up: instruments, accounts, reporters, feeds");
    setup::set_up(&world, &signing_keys, SETUP_TIMEOUT).await?;

    let mut reporters = Reporters::start(home, &ws, args.seed, &keys)?;
    let _actors = world.start();
    let is_healthy = setup::wait_until_healthy(&world, READY_TIMEOUT).await;
    let is_quoted = world.wait_until_quoted(READY_TIMEOUT).await;
    let ready = welcome::Ready { keys: &keys, reporters: &reporters, is_healthy, is_quoted };
    ready.say(children, args.json)?;
    tokio::select! {
        never = reporters.supervise() => never,
        watched = watch(members, children, line) => watched,
    }
}

/// Says every second how the nodes are.
async fn watch(members: &[Peer], children: &mut Children, line: &Line) -> anyhow::Result<()> {
    let asked =
        |member: &Peer| Asked { node: Some(member.node), url: format!("http://{}", member.api) };
    let nodes: Vec<Asked> = members.iter().map(asked).collect();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        children.look();
        let answers = ask::survey(&nodes).await?;
        line.show(&answers, &verdict(&answers));
    }
}

/// The members: as the files of the last life have them, or new ones.
fn members(dir: &Path, args: &ClusterDev, rng: &Rng) -> anyhow::Result<Vec<Peer>> {
    let first = files::home(dir, 1).join(files::CONFIG);
    if first.exists() {
        let (config, _) = Config::read(Some(&first), Vec::new())?;
        let cluster = config.cluster.with_context(|| {
            format!("{} has no [cluster]: choose another --dir", first.display())
        })?;
        return Ok(cluster.peers);
    }
    let members = new_members(args.nodes, args.port)?;
    let layout = Layout { dir, id: ID, members: &members, one_zone: false, local: Some(LOCAL) };
    files::write(&layout, |data| Keys::open(data, rng).map(drop))?;
    Ok(members)
}

/// On this machine, each in a zone of its own.
fn new_members(n_nodes: u64, port: u16) -> anyhow::Result<Vec<Peer>> {
    let n = usize::try_from(n_nodes).unwrap_or_default();
    let free = free_ports(2 * n)?;
    let (between, free_apis) = free.split_at(n);
    let apis: Vec<u16> = match port {
        0 => free_apis.to_vec(),
        port => (port..=u16::MAX).take(n).collect(),
    };
    let places = (1..=n_nodes).zip('a'..='z').zip(between.iter().zip(apis));
    let members = places.map(|((node, zone), (between, api))| Peer {
        node,
        address: format!("127.0.0.1:{between}"),
        zone: zone.to_string(),
        api: format!("127.0.0.1:{api}"),
    });
    Ok(members.collect())
}

/// Ports that nobody listens on now.
fn free_ports(n: usize) -> anyhow::Result<Vec<u16>> {
    let held: std::io::Result<Vec<TcpListener>> =
        (0..n).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect();
    let ports: std::io::Result<Vec<u16>> = held
        .context("looking for free ports")?
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port()))
        .collect();
    ports.context("looking for free ports")
}
