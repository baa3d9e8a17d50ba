//! `plimsoll serve`: a venue on this machine, from start to stop.
//!
//! ```text
//!   configuration ─▶ keys ─▶ replay of each domain into the market ─▶ gateway listens
//!     ─▶ first start: instruments, operator's key ─▶ dropped sessions, ended days ─▶ ready line
//!     ─▶ signal ─▶ gateway closes ─▶ replicas drain, snapshot, close
//! ```
//! [`site`] is that venue as an object, which `demo` and `mirror` start too; [`upkeep`] is what it
//! does by itself while it runs.

mod duties;
mod gone;
pub mod listing;
mod node;
pub mod notices;
mod progress;
mod ready;
pub mod safety;
mod signals;
mod site;
mod upkeep;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use gateway::{Key, Limits, NewKey, OPERATOR_SCOPE, Rate, Rates, TRADER_SCOPE};
use types::AccountId;

pub use ready::{Ready, key_json};
pub use signals::Signals;
pub use site::{Plan, Site};

use crate::cli::Serve;
use crate::config::{self, Config, GatewayConfig, Pace, Setting, Value};
use crate::genesis::{self, Genesis};
use crate::venue::Sizes;
use crate::{clock, domains, output};

/// Runs the command.
pub async fn serve(args: Serve) -> anyhow::Result<()> {
    let config = read_config(&args)?;
    let genesis = match &args.genesis {
        Some(path) => genesis::read(path)?,
        None => Genesis::of_instruments(genesis::built_in(clock::log_time())),
    };
    if let Some(cluster) = &config.cluster {
        return node::serve(&config, cluster, genesis, args.json).await;
    }
    let mut signals = Signals::listen()?;
    let site = Site::open(plan(&config)).await?;
    let (new_operator, new_reporters) = site.unless_halted(prepare(&site, &genesis)).await?;
    let _webhooks = site.tell(&config.webhooks)?;
    let lister = config.listing.map(|rule| site.lister(rule, BTreeMap::new()));
    let _upkeep = site.keep_up(lister);
    let ready = Ready::of(&site);
    match args.json {
        true => output::say_json(&ready.to_json(new_operator.as_ref(), &new_reporters))?,
        false => output::say(&ready.to_text(new_operator.as_ref(), &new_reporters))?,
    };
    let halted = site.run_until(&mut signals).await;
    site.stop().await?;
    halted
}

/// What a start does before it is ready: the keys that it made, of the operator and of reporters.
async fn prepare(site: &Site, genesis: &Genesis) -> anyhow::Result<(Option<Key>, Vec<Key>)> {
    site.begin_empty(genesis).await?;
    site.guard_empty(safety::SERVED).await?;
    let made = (new_operator_key(site)?, new_reporter_keys(site, genesis)?);
    site.tidy_up().await?;
    Ok(made)
}

/// Flags stand above the file: `--port` changes the port of `listen` alone.
fn read_config(args: &Serve) -> anyhow::Result<Config> {
    let mut flags = Vec::new();
    if let Some(data) = &args.data {
        let value = Value::Text(data.display().to_string());
        flags.push(Setting { key: "data", value, flag: "--data" });
    }
    let (mut config, _) = Config::read(args.config.as_deref(), flags)?;
    if let Some(port) = args.port {
        config.listen.set_port(port);
    }
    Ok(config)
}

fn plan(config: &Config) -> Plan {
    Plan {
        data: config.data.clone(),
        listen: config.listen,
        testnet: config.testnet,
        limits: limits(&config.gateway),
        sizes: Sizes { log: config.log.clone(), queue: config.queue.clone() },
        domains: served(),
        listeners: Vec::new(),
        seat: None,
    }
}

fn limits(config: &GatewayConfig) -> Limits {
    /// Credits of an ordinary request (api.md §4).
    const QUERY_COST: u64 = 500;
    let rate = |pace: Pace, cost| Rate { burst: pace.burst * cost, per_s: pace.per_s * cost };
    let rates = Rates {
        non_matching: rate(config.queries, QUERY_COST),
        trading: rate(config.orders, 1),
        cancel: rate(config.cancels, 1),
        ..Rates::default()
    };
    Limits {
        connections_per_address_max: config.connections_per_address_max,
        connections_max: config.connections_max,
        request_bytes_max: config.request_bytes_max,
        subscriptions_max: config.subscriptions_max,
        queued_max: config.queued_per_account_max,
        rates,
        ..Limits::default()
    }
}

fn served() -> Vec<gateway::venue::Domain> {
    let domains = domains::SERVED
        .iter()
        .map(|asset| domains::domain(asset).expect("every served domain is in the list of assets"));
    domains.collect()
}

/// A plan with the default sizes, for `demo` and `mirror`: on this machine, and without limits that
/// a few hundred busy clients would meet.
pub fn local_plan(data: PathBuf, port: u16) -> anyhow::Result<Plan> {
    let (config, _) = Config::read(None, Vec::new())?;
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    Ok(Plan { data, listen, limits: Limits::local(), ..plan(&config) })
}

/// Makes the operator's key at the first start; `None` if there is one already.
fn new_operator_key(site: &Site) -> anyhow::Result<Option<Key>> {
    let made = new_key(site, AccountId(0), "operator", OPERATOR_SCOPE);
    made.context("making the operator's key")
}

/// Makes a key for each reporter of the file that has none.
fn new_reporter_keys(site: &Site, genesis: &Genesis) -> anyhow::Result<Vec<Key>> {
    let accounts = genesis.reporters.iter().map(|reporter| reporter.account);
    let made = accounts.filter_map(|account| {
        let made = new_key(site, account, "reporter", TRADER_SCOPE);
        made.with_context(|| format!("making a key of account {account}")).transpose()
    });
    made.collect()
}

/// Makes the first key of an account; `None` if it has one.
fn new_key(
    site: &Site,
    account: AccountId,
    name: &str,
    scope: &str,
) -> anyhow::Result<Option<Key>> {
    if !site.keys().of_account(account).is_empty() {
        return Ok(None);
    }
    let new = NewKey { account, name: name.into(), max_scope: scope.into(), limits: None };
    let key = site.keys().create(new, clock::log_time().0)?;
    Ok(Some(Key::clone(&key)))
}

/// Runs `plimsoll config explain`.
pub fn explain(args: &crate::cli::Config) -> anyhow::Result<()> {
    let crate::cli::Config::Explain { config, json } = args;
    let (_, raw) = Config::read(config.as_deref(), Vec::new())?;
    if *json {
        let settings = raw.settings().map(|(key, value, origin)| {
            let value = match value {
                config::Value::Count(count) => serde_json::json!(count),
                config::Value::Text(text) => serde_json::json!(text),
                config::Value::Flag(flag) => serde_json::json!(flag),
            };
            let (origin, doc) = (origin.to_string(), key.doc);
            (key.name.to_owned(), serde_json::json!({"value": value, "from": origin, "doc": doc}))
        });
        let mut settings: serde_json::Map<_, _> = settings.collect();
        if let Some(peers) = raw.cluster() {
            let rows = peers.iter().map(|config::Peer { node, address, zone, api }| {
                serde_json::json!({"node": node, "address": address, "zone": zone, "api": api})
            });
            settings.insert("cluster.peer".into(), rows.collect());
        }
        output::say_json(&serde_json::Value::Object(settings))?;
        return Ok(());
    }
    for receiver in raw.webhooks() {
        output::say(&format!("webhook = {:?}\n    told of every notice", receiver.url))?;
    }
    for peer in raw.cluster().unwrap_or_default() {
        let config::Peer { node, address, zone, api } = peer;
        let words = "a member, reached by the others there, by clients at its api";
        let line = format!("{address:?}, zone {zone:?}, api {api:?}\n    {words}");
        output::say(&format!("cluster.peer {node} = {line}"))?;
    }
    for (key, value, origin) in raw.settings() {
        output::say(&format!("{} = {value}\n    {}; from: {origin}", key.name, key.doc))?;
    }
    Ok(())
}
