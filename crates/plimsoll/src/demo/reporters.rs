//! The five who say what the demo's indexes are: processes of their own, which a person may kill.
//!
//! ```text
//!   plimsoll report --source alpha --from SIM:seed … ─┐
//!                       … beta … gamma … delta …       ├▶ signed reports ─▶ btc_usd, eth_usd,
//!   plimsoll report --source epsilon …                ─┘                    btc_usdc, eth_usdc
//! ```
//! Their sources are simulated: one seeded market, which each of them sees a little differently.
//! With four of the five a feed is healthy, with three it is degraded, with two it is frozen.
//!
//! They end when this process ends, however it ends: their standard input ends with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use gateway::Key;
use gateway::venue::DomainId;
use serde_json::{Value, json};
use types::{
    AccountId, Amount, AssetCode, Barrier, FeedTerms, Health, Incentives, IndexMethod, IndexPrice,
    Label, PublicKey, Quorum, Seat, Source, SourceId,
};

use super::keys::{Keys, REPORTERS};
use super::prices::INDEXES;
use crate::genesis::REFERENCES;
use crate::key_file::KeyFile;
use crate::report::sim;
use crate::serve::Site;
use crate::{clock, output};

/// Names of the sources. Nobody trades there: they are simulated.
const SOURCES: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];
/// Between two reports of one feed.
const INTERVAL_MS: u32 = 500;
/// A part of its money that each reporter stakes.
pub const STAKED: i64 = 10;
/// A part of that which an hour of good reports earns all of them.
pub const REWARDED: i64 = 1_000;
/// How long a reporter of the last life may hold its key: it ends when it sees that we are gone.
const HELD_MAX: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// The index of a base asset as it is simulated now.
pub fn simulated(seed: u64) -> BTreeMap<AssetCode, IndexPrice> {
    let now = clock::log_time();
    let price = |base: &str| {
        let pair = sim::Pair::named(&format!("{}_usd", base.to_lowercase()))?;
        let price = sim::price(seed, pair, now.0) * IndexPrice::SCALE as f64;
        Some((AssetCode::new(base)?, IndexPrice(price as u64)))
    };
    REFERENCES.iter().filter_map(|reference| price(reference.base)).collect()
}

/// The file of a reporter's key.
fn key_file(home: &Path, account: AccountId) -> PathBuf {
    home.join(format!("reporter-{account}.pem"))
}

/// The keys that the reporters sign with, made at the first start.
pub async fn signing_keys(home: &Path) -> anyhow::Result<Vec<PublicKey>> {
    let mut keys = Vec::with_capacity(REPORTERS.len());
    for account in REPORTERS {
        let file = key_file(home, account);
        let key = signing_key(&file).await;
        keys.push(key.with_context(|| format!("the key {}", file.display()))?);
    }
    Ok(keys)
}

async fn signing_key(file: &Path) -> anyhow::Result<PublicKey> {
    if !file.exists() {
        return Ok(KeyFile::make(file)?);
    }
    let since = Instant::now();
    loop {
        match KeyFile::open(file) {
            Ok(key) => return Ok(key.public()),
            Err(error) if HELD_MAX < since.elapsed() => return Err(error.into()),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Registers the reporters and sets the feeds, as far as the log has them not.
pub async fn set_up(site: &Site, keys: &[PublicKey], funds: [Amount; 3]) -> anyhow::Result<()> {
    for ((id, domain), funds) in site.domain_ids().zip(funds) {
        let stake = Amount(funds.0 / STAKED);
        let mut commands = Vec::new();
        for (account, key) in REPORTERS.into_iter().zip(keys) {
            let (account, key) = (account, *key);
            match site.reporter(id, account)? {
                None => commands.push(types::Command::RegisterReporter { account, key, stake }),
                Some(known) if known == key => {}
                Some(_) => {
                    let stake = Amount::ZERO;
                    commands.push(types::Command::RegisterReporter { account, key, stake });
                }
            }
        }
        for (base, quote) in pairs(domain.asset) {
            let terms = terms((base, quote), Amount(stake.0 / REWARDED));
            let known = site.feed(id, base, quote).await.and_then(|feed| feed.terms);
            if known.as_ref() != Some(&terms) {
                commands.push(types::Command::SetFeed(Box::new(terms)));
            }
        }
        let set = site.carry_out(id, commands).await;
        set.with_context(|| format!("setting up the feeds of {}", domain.asset))?;
    }
    Ok(())
}

/// The pairs that are priced in a domain.
pub fn pairs(domain: AssetCode) -> Vec<(AssetCode, AssetCode)> {
    let all = INDEXES.iter().filter_map(|index| crate::report::pair(index));
    let settles = |(base, quote): &(AssetCode, AssetCode)| match quote.as_str() {
        "USD" => *base == domain,
        _ => *quote == domain,
    };
    all.filter(settles).collect()
}

/// How an index of the demo is made.
pub fn terms((base, quote): (AssetCode, AssetCode), reward_per_hour: Amount) -> FeedTerms {
    let source = |name: &str| Source { name: Label::new(name).unwrap_or_default(), weight: 1 };
    let seats = REPORTERS.into_iter().zip((0..).map(SourceId));
    FeedTerms {
        base,
        quote,
        method: IndexMethod::CappedMedian,
        sources: SOURCES.into_iter().map(source).collect(),
        seats: seats.map(|(reporter, source)| Seat { reporter, source }).collect(),
        healthy: Quorum { reporters: 4, sources: 4 },
        degraded: Quorum { reporters: 3, sources: 3 },
        barrier: Barrier { reports: 10, sources: 3 },
        stale_ms: 5_000,
        ahead_ms: 2_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 20_000,
        jump_ppm: 50_000,
        reporter_cap_ppm: 400_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour,
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

/// Waits until every feed has passed its barrier; false if that takes too long.
pub async fn wait_until_healthy(site: &Site, timeout: Duration) -> bool {
    let waited = tokio::time::timeout(timeout, async {
        for (id, domain) in site.domain_ids() {
            for (base, quote) in pairs(domain.asset) {
                while !is_healthy(site, id, (base, quote)).await {
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    });
    waited.await.is_ok()
}

async fn is_healthy(site: &Site, id: DomainId, (base, quote): (AssetCode, AssetCode)) -> bool {
    let feed = site.feed(id, base, quote).await;
    feed.is_some_and(|feed| feed.health == Health::Healthy)
}

/// A reporter that was started.
#[derive(Debug)]
pub struct Reporter {
    source: &'static str,
    account: AccountId,
    command: Vec<String>,
    child: Child,
    is_over: bool,
}

/// All of them; they end when this is dropped.
#[derive(Debug)]
pub struct Reporters(Vec<Reporter>);

impl Reporters {
    /// Starts them.
    pub fn start(home: &Path, ws: &[String], seed: u64, keys: &Keys) -> anyhow::Result<Reporters> {
        let program = std::env::current_exe().context("looking for this program")?;
        let mut reporters = Reporters(Vec::new());
        for (account, source) in REPORTERS.into_iter().zip(SOURCES) {
            let key = keys.of(account)?;
            let command = command(&program, home, (account, source), seed, key, ws);
            let log = home.join(format!("reporter-{account}.log"));
            let child = start(&command, &log);
            let child = child.with_context(|| format!("starting the reporter of {source}"))?;
            reporters.0.push(Reporter { source, account, command, child, is_over: false });
        }
        Ok(reporters)
    }

    /// Says when one of them has ended, and never returns.
    pub async fn supervise<T>(&mut self) -> T {
        loop {
            self.0.iter_mut().for_each(Reporter::look);
            tokio::time::sleep(10 * LOOK).await;
        }
    }

    /// For a program: who they are, and how each is started again.
    pub fn to_json(&self) -> Value {
        let rows = self.0.iter().map(|reporter| {
            let Reporter { source, account, command, child, .. } = reporter;
            let pid = child.id();
            json!({"source": source, "account": account.0, "pid": pid, "command": command})
        });
        rows.collect()
    }

    /// For a person: the same.
    pub fn to_text(&self) -> String {
        let lines = self.0.iter().map(|reporter| {
            let (source, pid) = (reporter.source, reporter.child.id());
            format!("  {source:<8} kill {pid:<8} start again:\n    {}\n", reporter.command_line())
        });
        lines.collect()
    }
}

impl Drop for Reporters {
    fn drop(&mut self) {
        for reporter in &mut self.0 {
            // It may have ended already.
            let _ = reporter.child.kill();
            let _ = reporter.child.wait();
        }
    }
}

impl Reporter {
    fn look(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait()
            && !std::mem::replace(&mut self.is_over, true)
        {
            let (source, command) = (self.source, self.command_line());
            output::note(&format!("the reporter of {source} has ended ({status}): {command}"));
        }
    }

    fn command_line(&self) -> String {
        self.command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// The words of the command line of a reporter that a person starts.
fn command(
    program: &Path,
    home: &Path,
    (account, source): (AccountId, &str),
    seed: u64,
    key: &Key,
    ws: &[String],
) -> Vec<String> {
    let feeds = INDEXES.iter().flat_map(|index| ["--feed".into(), (*index).to_owned()]);
    let words = [
        ("--source", source.to_owned()),
        ("--from", format!("SIM:{seed}")),
        ("--interval-ms", INTERVAL_MS.to_string()),
        ("--account", account.to_string()),
        ("--key", key_file(home, account).display().to_string()),
        ("--client-id", key.client_id.clone()),
        ("--client-secret", key.client_secret.clone()),
    ];
    let addresses = ws.iter().map(|ws| ("--to", ws.clone()));
    let head = [program.display().to_string(), "report".into(), "--surfaces".into()];
    // In one word: a secret may begin like a flag.
    let words = words.into_iter().chain(addresses).map(|(flag, value)| format!("{flag}={value}"));
    head.into_iter().chain(feeds).chain(words).collect()
}

fn start(command: &[String], log: &Path) -> anyhow::Result<Child> {
    let (program, words) = command.split_first().context("a command has a first word")?;
    let log = File::create(log).with_context(|| format!("making {}", log.display()))?;
    let child = Command::new(program)
        .args(words)
        .arg("--until-eof")
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    Ok(child)
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=+@%,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
