//! The configuration of `serve`: one TOML file, read whole before anything opens.
//!
//! ```text
//!   file, flags ─▶ RawConfig (texts and numbers by key) ─▶ Config (typed, within limits)
//!                   all problems at once: key, value, limit
//! ```
//! [`keys`] is the one list of keys: meaning, default, limits. If two replicas with different
//! values would diverge, it is not configuration: it is a command in the log.

mod cluster;
mod keys;
mod raw;
mod webhooks;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::webhook::Receiver;

pub use cluster::{ClusterConfig, Peer, check_id, check_members, quorum};
pub use keys::NODES_MAX;
pub use raw::{Problem, Problems, RawConfig, Setting, Value};

/// Every value, typed and within its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Data directory.
    pub data: PathBuf,
    /// Where HTTP and WebSocket listen.
    pub listen: SocketAddr,
    /// Said in every reply: is this a test venue?
    pub testnet: bool,
    /// Whether instruments are listed by the calendar, and how many.
    pub listing: Option<ListingConfig>,
    /// The log of each domain.
    pub log: LogConfig,
    /// The queue before each log.
    pub queue: QueueConfig,
    /// The edge.
    pub gateway: GatewayConfig,
    /// Who is told of notices.
    pub webhooks: Vec<Receiver>,
    /// The cluster that this node is part of; without it the venue is on this machine alone.
    pub cluster: Option<ClusterConfig>,
}

/// How much of what there should be by the calendar is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingConfig {
    /// Expiries that have options, the soonest first; futures have every one.
    pub option_expiries_max: usize,
    /// Strikes of one expiry, those next to the index first.
    pub strikes_max: usize,
}

/// Sizes of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Bytes of one file.
    pub segment_bytes: usize,
    /// Entries between two root marks.
    pub mark_entries: u64,
    /// Entries between two snapshots.
    pub snapshot_entries: u64,
    /// Snapshots to keep.
    pub snapshots_keep: usize,
}

/// Sizes of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Commands that wait.
    pub orders_max: usize,
    /// Cancels that wait, beside them.
    pub cancels_max: usize,
    /// How long the thread of a domain looks for work before it sleeps.
    pub spin: Duration,
}

/// How often an account may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A second, for long.
    pub per_s: u64,
    /// At once.
    pub burst: u64,
}

/// Limits of the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayConfig {
    /// Connections of one address.
    pub connections_per_address_max: usize,
    /// Connections of all addresses.
    pub connections_max: usize,
    /// Bytes of one request.
    pub request_bytes_max: usize,
    /// Channels of one connection.
    pub subscriptions_max: usize,
    /// Requests of one account that wait for the matching engine.
    pub queued_per_account_max: u32,
    /// Orders of one account.
    pub orders: Pace,
    /// Cancels of one account.
    pub cancels: Pace,
    /// Other requests of one account.
    pub queries: Pace,
}

impl Config {
    /// Reads a file, or takes the defaults without one; `flags` stand above both.
    pub fn read(file: Option<&Path>, flags: Vec<Setting>) -> anyhow::Result<(Config, RawConfig)> {
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("reading the configuration {}", path.display()))?,
        };
        let name = file.map_or(String::new(), |path| path.display().to_string());
        let raw = RawConfig::parse(&name, &text, flags)?;
        Ok((Config::from_raw(&raw)?, raw))
    }

    /// Types the values; what is wrong across keys is found here.
    pub fn from_raw(raw: &RawConfig) -> Result<Config, Problems> {
        let mut problems = Vec::new();
        let listen = raw.text("listen");
        let listen = listen.parse().unwrap_or_else(|_| {
            problems.push(Problem::new(
                "listen",
                &format!("\"{listen}\""),
                "write address and port, such as \"127.0.0.1:8080\"",
            ));
            SocketAddr::from(([127, 0, 0, 1], 8080))
        });
        let listing = listing(raw).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let (mark, snapshot) = (raw.count("log.mark_entries"), raw.count("log.snapshot_entries"));
        if snapshot < mark {
            let wanted = format!("set at least log.mark_entries, which is {mark}");
            problems.push(Problem::new("log.snapshot_entries", &snapshot.to_string(), &wanted));
        }
        let cluster = ClusterConfig::from_raw(raw, &mut problems);
        let config = Config {
            data: PathBuf::from(raw.text("data")),
            listen,
            testnet: raw.flag("testnet"),
            listing,
            log: LogConfig {
                segment_bytes: raw.size("log.segment_bytes"),
                mark_entries: mark,
                snapshot_entries: snapshot,
                snapshots_keep: raw.size("log.snapshots_keep"),
            },
            queue: QueueConfig {
                orders_max: raw.size("queue.orders_max"),
                cancels_max: raw.size("queue.cancels_max"),
                spin: Duration::from_micros(raw.count("queue.spin_us")),
            },
            gateway: GatewayConfig::from_raw(raw),
            webhooks: raw.webhooks().to_vec(),
            cluster,
        };
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }
}

fn listing(raw: &RawConfig) -> Result<Option<ListingConfig>, Problem> {
    match raw.text("listing.rule") {
        "manual" => Ok(None),
        "calendar" => Ok(Some(ListingConfig {
            option_expiries_max: raw.size("listing.option_expiries_max"),
            strikes_max: raw.size("listing.strikes_max"),
        })),
        other => {
            let found = format!("{other:?}");
            Err(Problem::new("listing.rule", &found, "write \"manual\" or \"calendar\""))
        }
    }
}

impl GatewayConfig {
    fn from_raw(raw: &RawConfig) -> GatewayConfig {
        let pace = |per_s, burst| Pace { per_s: raw.count(per_s), burst: raw.count(burst) };
        let queued = raw.count("gateway.queued_per_account_max");
        GatewayConfig {
            connections_per_address_max: raw.size("gateway.connections_per_address_max"),
            connections_max: raw.size("gateway.connections_max"),
            request_bytes_max: raw.size("gateway.request_bytes_max"),
            subscriptions_max: raw.size("gateway.subscriptions_max"),
            queued_per_account_max: u32::try_from(queued).unwrap_or(u32::MAX),
            orders: pace("gateway.orders_per_s", "gateway.orders_burst"),
            cancels: pace("gateway.cancels_per_s", "gateway.cancels_burst"),
            queries: pace("gateway.queries_per_s", "gateway.queries_burst"),
        }
    }
}
