//! `plimsoll demo`: a venue to play with, and the actors that make it move.
//!
//! ```text
//!   five reporters (own processes) ──▶ signed prices and volatilities, twice a second
//!   makers (two keys)              ──▶ quotes on every listed instrument
//!   taker (one key)                ──▶ small market orders, now and then
//!   two accounts                   ──▶ yours
//! ```
//! [`setup`] makes the same of a cluster that runs, through the operator's API: `cluster dev`.
//!
//! All of it goes through the public API, like everybody else's calls. The actors know nothing that
//! a client could not know. When their connection drops they connect again; when a call is refused
//! they go on with the next one.

pub mod actor;
pub mod keys;
mod maker;
mod prices;
pub mod pricing;
mod quotes;
pub mod reporters;
pub mod setup;
mod taker;
mod welcome;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use types::{AccountId, Amount, Command};

use crate::cli::Demo;
use crate::config::ListingConfig;
use crate::genesis::{Genesis, instrument};
use crate::output;
use crate::serve::safety;
use crate::serve::{Ready, Signals, Site, local_plan};
use actor::World;
use keys::Keys;
use pricing::Rng;
use reporters::Reporters;

/// Play money of each account, in whole coins of each domain: BTC, ETH, USDC.
const FUNDS: [i64; 3] = [100, 1_000, 1_000_000];
/// Play money of the makers and the taker, times that of an account.
const ACTOR_FUNDS: i64 = 100;
/// What futures and options are written on.
const PERPETUALS: [&str; 4] =
    ["BTC-PERPETUAL", "ETH-PERPETUAL", "BTC_USDC-PERPETUAL", "ETH_USDC-PERPETUAL"];
/// A demo starts in seconds, also on a small machine: fewer options than the calendar wants.
const LISTING: ListingConfig = ListingConfig { option_expiries_max: 4, strikes_max: 7 };
/// How long the feeds, and then the makers, may take before the venue is said to be ready anyway.
pub const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// Runs the command.
pub async fn demo(args: Demo) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let home = Home::of(args.data)?;
    let rng = Rng(args.seed);
    std::fs::create_dir_all(home.path())
        .with_context(|| format!("making {}", home.path().display()))?;
    let keys = Keys::open(home.path(), &rng)?;
    let signing_keys = reporters::signing_keys(home.path()).await?;
    let site = Site::open(local_plan(home.path().to_owned(), args.port)?).await?;
    let lister = site.lister(LISTING, reporters::simulated(args.seed));
    let prepared = async {
        site.tidy_up().await?;
        list_perpetuals(&site).await?;
        site.guard_empty(safety::SHOWN).await?;
        fund(&site).await?;
        reporters::set_up(&site, &signing_keys, funds(&site)).await?;
        lister.list_missing().await
    };
    site.unless_halted(prepared).await?;
    let _upkeep = site.keep_up(Some(lister));

    let ready = Ready::of(&site);
    let ws = vec![ready.ws.clone()];
    let mut reporters = Reporters::start(home.path(), &ws, args.seed, &keys)?;
    let world = World::new(ws, &rng, keys.clone());
    let actors = world.start();
    let is_healthy = reporters::wait_until_healthy(&site, READY_TIMEOUT).await;
    if !world.wait_until_quoted(READY_TIMEOUT).await {
        output::note("the market makers have not quoted yet: books fill while you look");
    }
    welcome::say(&ready, &keys, (&reporters, is_healthy), args.json)?;
    let halted = tokio::select! {
        halted = site.run_until(&mut signals) => halted,
        never = reporters.supervise() => never,
    };
    drop(actors);
    drop(reporters);
    site.stop().await?;
    halted
}

/// Where the data is.
pub enum Home {
    /// As asked.
    Given(PathBuf),
    /// It goes away with the process.
    Fresh(TempDir),
}

impl Home {
    /// The one that was given, or a new one.
    pub fn of(data: Option<PathBuf>) -> anyhow::Result<Home> {
        match data {
            Some(path) => Ok(Home::Given(path)),
            None => Ok(Home::Fresh(tempfile::tempdir().context("making a temporary directory")?)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Home::Given(path) => path,
            Home::Fresh(dir) => dir.path(),
        }
    }
}

/// Lists the perpetuals that the log has not.
async fn list_perpetuals(site: &Site) -> anyhow::Result<()> {
    let mut listed = Vec::new();
    for (id, _) in site.domain_ids() {
        listed.append(&mut site.listed(id)?);
    }
    let missing = PERPETUALS.into_iter().filter(|name| !listed.iter().any(|one| one == name));
    let instruments: Result<Vec<_>, _> = missing.map(instrument).collect();
    site.begin(&Genesis::of_instruments(instruments?)).await
}

/// Play money of an account in each domain.
fn funds(site: &Site) -> [Amount; 3] {
    let mut funds = [Amount::ZERO; 3];
    for ((funds, coins), (_, domain)) in funds.iter_mut().zip(FUNDS).zip(site.domain_ids()) {
        *funds = Amount(coins * 10_i64.pow(domain.decimals.into()));
    }
    funds
}

/// Opens the accounts that are missing, and fills those that are empty.
async fn fund(site: &Site) -> anyhow::Result<()> {
    for ((id, domain), Amount(funds)) in site.domain_ids().zip(funds(site)) {
        let mut commands = Vec::new();
        for account in (1..=keys::ACCOUNTS).map(AccountId) {
            let view = site.account(id, account).await;
            if view.is_none() {
                commands.push(Command::OpenAccount { account, parent: None });
            }
            if view.is_none_or(|view| view.collateral <= Amount::ZERO) {
                let times = if keys::is_actor(account) { ACTOR_FUNDS } else { 1 };
                commands.push(Command::Deposit { account, amount: Amount(funds * times) });
            }
        }
        site.carry_out(id, commands).await.with_context(|| format!("funding {}", domain.asset))?;
    }
    Ok(())
}
