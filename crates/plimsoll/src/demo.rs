//! `plimsoll demo`: a venue to play with, and the actors that make it move.
//!
//! ```text
//!   feed (operator's key) ──▶ index and marks, twice a second: a seeded random walk
//!   makers (two keys)     ──▶ quotes on every listed instrument       all through the public API,
//!   taker (one key)       ──▶ small market orders, now and then       like everybody else
//!   two accounts          ──▶ yours
//! ```
//! The actors know nothing that a client could not know, except the index: they share the walk that
//! the feed reports. When their connection drops they connect again; when a call is refused they go
//! on with the next one.

mod actor;
mod feed;
mod keys;
mod maker;
mod pricing;
mod quotes;
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
use crate::genesis::{self, Genesis};
use crate::serve::{Ready, Signals, Site, local_plan};
use crate::{clock, output};
use actor::World;
use keys::Keys;
use pricing::Rng;

/// Play money of each account, in whole coins of each domain: BTC, ETH, USDC.
const FUNDS: [i64; 3] = [100, 1_000, 1_000_000];
/// Play money of the makers and the taker, times that of an account.
const ACTOR_FUNDS: i64 = 100;
/// How long the makers may take for their first quotes before the venue is said to be ready anyway.
const QUOTES_TIMEOUT: Duration = Duration::from_secs(20);

/// Runs the command.
pub async fn demo(args: Demo) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let home = Home::of(args.data)?;
    let rng = Rng(args.seed);
    std::fs::create_dir_all(home.path())
        .with_context(|| format!("making {}", home.path().display()))?;
    let keys = Keys::open(home.path(), &rng)?;
    let site = Site::open(local_plan(home.path().to_owned(), args.port)?).await?;
    site.tidy_up().await?;
    list_missing(&site).await?;
    fund(&site).await?;
    let _upkeep = site.keep_up(None);

    let ready = Ready::of(&site);
    let world = World::new(&ready.ws, &rng, keys.clone());
    let actors = world.start();
    let quoted = world.wait_until_quoted(QUOTES_TIMEOUT).await;
    if !quoted {
        output::note("the market makers have not quoted yet: books fill while you look");
    }
    welcome::say(&ready, &keys, args.json)?;
    let halted = site.run_until(&mut signals).await;
    drop(actors);
    site.stop().await?;
    halted
}

/// Where the data is.
enum Home {
    /// As asked.
    Given(PathBuf),
    /// It goes away with the process.
    Fresh(TempDir),
}

impl Home {
    fn of(data: Option<PathBuf>) -> anyhow::Result<Home> {
        match data {
            Some(path) => Ok(Home::Given(path)),
            None => Ok(Home::Fresh(tempfile::tempdir().context("making a temporary directory")?)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Home::Given(path) => path,
            Home::Fresh(dir) => dir.path(),
        }
    }
}

/// Lists what the built-in list has and the log has not: a demo that was stopped for weeks gets new
/// expiries.
async fn list_missing(site: &Site) -> anyhow::Result<()> {
    let mut listed = Vec::new();
    for (id, _) in site.domain_ids() {
        listed.append(&mut site.listed(id)?);
    }
    let mut instruments = genesis::built_in(clock::log_time());
    instruments.retain(|instrument| !listed.contains(&instrument.name()));
    site.begin(&Genesis::of_instruments(instruments)).await
}

/// Opens the accounts that are missing, and fills those that are empty.
async fn fund(site: &Site) -> anyhow::Result<()> {
    for ((id, domain), coins) in site.domain_ids().zip(FUNDS) {
        let mut commands = Vec::new();
        for account in (1..=keys::ACCOUNTS).map(AccountId) {
            let view = site.account(id, account).await;
            if view.is_none() {
                commands.push(Command::OpenAccount { account, parent: None });
            }
            if view.is_none_or(|view| view.collateral <= Amount::ZERO) {
                let times = if keys::is_actor(account) { ACTOR_FUNDS } else { 1 };
                let atoms = coins * times * 10_i64.pow(domain.decimals.into());
                commands.push(Command::Deposit { account, amount: Amount(atoms) });
            }
        }
        site.carry_out(id, commands).await.with_context(|| format!("funding {}", domain.asset))?;
    }
    Ok(())
}
