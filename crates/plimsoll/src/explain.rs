//! `plimsoll explain`: why an account was liquidated, from the log alone.
//!
//! ```text
//!   log ─▶ replay ─▶ engine ─▶ events ─▶ recorder ─▶ case ─▶ words, or JSON
//! ```
//! A liquidation is told as it happened: the prices and how good they were, the positions and what
//! they needed, then each step with what it was decided by and the rule that asked for it
//! (docs/rules/liquidation.md). Nothing is judged here, and nothing is computed that the engine has
//! not decided: whoever has the log finds the same.

mod case;
mod json;
mod recorder;
mod words;

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, bail};
use engine::Engine;
use gateway::venue::Domain;
use journal::{Kind, Reader};
use replica::batch::Entries;
use types::{AccountId, Seq};

use case::Told;
use recorder::Recorder;

use crate::cli::{Explain, ExplainAccount};
use crate::{domains, log, output};

/// Runs the command.
pub fn explain(args: &Explain) -> anyhow::Result<()> {
    let Explain::Account(args) = args;
    for told in find_all(args)? {
        match args.json {
            true => output::say_json(&json::case(&told))?,
            false => output::say(&words::case(&told))?,
        };
    }
    Ok(())
}

/// The last liquidation of the account in each domain that was asked about; at least one.
fn find_all(args: &ExplainAccount) -> anyhow::Result<Vec<Told>> {
    let domains = log::chosen(&args.data, args.domain.as_deref())?;
    if args.at.is_some() && 1 < domains.len() {
        let known: Vec<&str> = domains.iter().map(|domain| domain.asset.as_str()).collect();
        bail!("each domain counts its own entries: say which with --domain, {}", known.join(", "));
    }
    let account = AccountId(args.account);
    let (mut all, mut misses) = (Vec::new(), Vec::new());
    for domain in domains {
        let dir = domains::directory(&args.data, &domain);
        let found = find(&dir, domain, account, args.at.map(Seq));
        match found.with_context(|| format!("the log of {}", domain.asset))? {
            Ok(told) => all.push(told),
            Err(miss) => misses.push(format!("{}: {miss}", domain.asset)),
        }
    }
    if all.is_empty() {
        bail!("{}", misses.join("; "));
    }
    Ok(all)
}

/// Why there is nothing to tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// Nobody has this number.
    #[error("there is no account {account}: {accounts} are open, numbered from 1")]
    NoAccount {
        /// Which.
        account: AccountId,
        /// How many there are.
        accounts: u32,
    },
    /// It was never liquidated.
    #[error("account {account} was not liquidated up to entry {upto}")]
    NoLiquidation {
        /// Which.
        account: AccountId,
        /// How far the log was read.
        upto: Seq,
    },
    /// It stood on the other side of somebody's liquidation.
    #[error(
        "account {account} was not liquidated up to entry {upto}; entry {seq} took its part in the \
         liquidation of account {of}: plimsoll explain account {of} --at {seq} tells that one"
    )]
    Counterparty {
        /// Which.
        account: AccountId,
        /// How far the log was read.
        upto: Seq,
        /// Whose liquidation.
        of: AccountId,
        /// When last.
        seq: Seq,
    },
}

/// Replays the log up to `at`, or to its end, and tells the account's last liquidation.
fn find(
    dir: &Path,
    domain: Domain,
    account: AccountId,
    at: Option<Seq>,
) -> anyhow::Result<Result<Told, Miss>> {
    let mut recorder = Recorder::new(domain, account);
    let engine = replay(dir, domain, at, &mut recorder)?;
    let accounts = engine.n_accounts();
    if account.0 == 0 || accounts < account.0 {
        return Ok(Err(Miss::NoAccount { account, accounts }));
    }
    Ok(recorder.told(engine.seq()))
}

fn replay(
    dir: &Path,
    domain: Domain,
    at: Option<Seq>,
    recorder: &mut Recorder,
) -> anyhow::Result<Engine> {
    let mut reader = Reader::open(dir, Seq(1))?;
    let mut engine = Engine::new(domain.asset, domain.decimals);
    let mut events = Vec::new();
    while let Some(record) = reader.next_record()? {
        if record.kind != Kind::Batch {
            continue;
        }
        for entry in Entries::new(record.seq, record.count, record.body)? {
            let entry = entry?;
            engine.apply(&entry, &mut events);
            recorder.take(&entry, &events, &engine);
            events.clear();
            if at == Some(entry.seq) {
                return Ok(engine);
            }
        }
    }
    match at {
        Some(at) => bail!("--at {at} is beyond its last entry, which is {}", engine.seq()),
        None => Ok(engine),
    }
}
