//! `plimsoll serve` on a node of a cluster: the same venue, one of several that are the same.
//!
//! ```text
//!   configuration ─▶ identity, address ─▶ each domain joins ─▶ gateway listens ─▶ ready line
//!     ─▶ duties while it leads ─▶ signal ─▶ hands the lead over ─▶ gateway closes ─▶ leaves
//! ```
//! It listens as soon as its own log is read: what it shows may be old, and says how old.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use replica::raft::{Cluster, Member, TlsFiles};
use sha2::{Digest, Sha256};

use super::{Plan, Ready, Signals, Site, duties};
use crate::config::{ClusterConfig, Config};
use crate::genesis::Genesis;
use crate::output;
use crate::venue::Seat;

/// Runs the node until a signal, or until a domain halts.
pub async fn serve(
    config: &Config,
    cluster: &ClusterConfig,
    genesis: Genesis,
    json: bool,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let seat = Some(seat(config, cluster)?);
    let site = Arc::new(Site::open(Plan { seat, ..super::plan(config) }).await?);
    let mut duties = duties::start(&site, &Arc::new(genesis));
    let webhooks = site.tell(&config.webhooks)?;
    let lister = config.listing.map(|rule| site.lister(rule, BTreeMap::new()));
    let upkeep = site.keep_up(lister);
    let ready = Ready::of(&site);
    match json {
        true => output::say_json(&ready.to_json(None, &[]))?,
        false => output::say(&ready.to_text(None, &[]))?,
    };
    let halted = site.run_until(&mut signals).await;
    duties.shutdown().await;
    site.hand_over().await;
    drop((upkeep, webhooks));
    let site = Arc::try_unwrap(site).map_err(|_| anyhow!("a duty outlived its node"))?;
    site.stop().await?;
    halted
}

fn seat(config: &Config, cluster: &ClusterConfig) -> anyhow::Result<Seat> {
    let files = TlsFiles {
        authority: cluster.ca.clone(),
        chain: cluster.certificate.clone(),
        key: cluster.key.clone(),
    };
    let part = Cluster::start(replica::raft::ClusterConfig {
        cluster: number(&cluster.id),
        node: cluster.node,
        listen: cluster.listen.clone(),
        files,
        election_timeout: cluster.election_timeout,
        heartbeat: cluster.heartbeat,
    });
    let part = part.with_context(|| format!("node {} takes no part", cluster.node))?;
    let own = cluster.peers.iter().find(|peer| peer.node == cluster.node);
    let founders = cluster.peers.iter().map(|peer| {
        let (address, zone, api) = (&peer.address, &peer.zone, &peer.api);
        let member = Member { address: address.clone(), zone: zone.clone(), api: api.clone() };
        (peer.node, member)
    });
    Ok(Seat {
        cluster: Arc::new(part),
        name: cluster.id.clone(),
        zone: own.map(|own| own.zone.clone()).unwrap_or_default(),
        founders: cluster.begin.then(|| founders.collect()),
        root_entries: cluster.root_entries,
        data: config.data.clone(),
    })
}

/// Nodes of clusters with other names are refused by this number.
fn number(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}
