//! Makes a venue that runs into the demo's: instruments, accounts, money, safety, reporters, feeds.
//!
//! ```text
//!   operator ─▶ perpetuals ─▶ accounts and money ─▶ each domain without feeds: reopening,
//!                                                   breakers, reporters, and last its feeds
//! ```
//! It goes through the API of any node of a cluster, as an operator's own script would. What is
//! there already is left alone, so it may break off anywhere and begin again, at another node: a
//! cluster that has just been started has no leader for a moment. Futures and options are not its
//! business: the venue lists them by the calendar.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use types::{AccountId, AssetCode, BreakerTerms, Command, KindFilter, PublicKey, RangeTerms};

use super::actor::World;
use super::keys::{self, OPERATOR, REPORTERS};
use super::prices::INDEXES;
use super::reporters::{self, REWARDED, STAKED};
use super::{ACTOR_FUNDS, FUNDS, PERPETUALS};
use crate::client::{CallError, Client, decimal};
use crate::domains;
use crate::genesis::{GenesisFeed, instrument};
use crate::operator::{feed_json, instrument_json};
use crate::serve::safety;

/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(500);
/// The dialect's code for what does not exist.
const NOT_FOUND: i64 = 13020;
/// How long one call may take: a node without a leader may let it wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sets up, again and again at one node after the other until it is done.
pub async fn set_up(
    world: &World,
    signing_keys: &[PublicKey],
    timeout: Duration,
) -> anyhow::Result<()> {
    let since = Instant::now();
    for turn in 0.. {
        match set_up_at(world, world.address(turn), signing_keys).await {
            Err(error) if timeout < since.elapsed() => {
                let s = timeout.as_secs();
                return Err(error.context(format!("the venue was not set up within {s} s")));
            }
            Err(_) => tokio::time::sleep(AGAIN).await,
            Ok(()) => return Ok(()),
        }
    }
    Ok(())
}

/// The same once, at one address.
async fn set_up_at(world: &World, ws: &str, signing_keys: &[PublicKey]) -> anyhow::Result<()> {
    let operator = login(world, ws, OPERATOR).await?;
    list_perpetuals(&operator).await?;
    for account in (1..=keys::ACCOUNTS).map(AccountId) {
        fund(world, ws, &operator, account).await?;
    }
    for (asset, coins) in domains::SERVED.into_iter().zip(FUNDS) {
        set_up_domain(&operator, asset, coins, signing_keys)
            .await
            .with_context(|| format!("setting up {asset}"))?;
    }
    Ok(())
}

async fn login(world: &World, ws: &str, account: AccountId) -> anyhow::Result<Client> {
    let key = world.keys.of(account)?;
    let login = Client::login(ws, &key.client_id, &key.client_secret);
    let (client, _) = tokio::time::timeout(PATIENCE, login).await.context("logging in")??;
    Ok(client)
}

async fn call(client: &Client, method: &str, params: Value) -> Result<Value, CallError> {
    let called = tokio::time::timeout(PATIENCE, client.call_patiently(method, params)).await;
    called.unwrap_or_else(|_| Err(CallError::Dropped { method: method.into() }))
}

async fn list_perpetuals(operator: &Client) -> anyhow::Result<()> {
    let all = json!({"currency": "any", "expired": false});
    let listed = call(operator, "public/get_instruments", all).await?;
    let listed = listed.as_array().map_or(&[][..], Vec::as_slice);
    for name in PERPETUALS {
        if !listed.iter().any(|one| one["instrument_name"] == name) {
            let terms = instrument_json(&instrument(name)?);
            call(operator, "operator/list_instrument", terms).await?;
        }
    }
    Ok(())
}

/// Opens an account that is missing, and fills it where it is empty.
async fn fund(
    world: &World,
    ws: &str,
    operator: &Client,
    account: AccountId,
) -> anyhow::Result<()> {
    const ASKED: &str = "private/get_account_summaries";
    let own = login(world, ws, account).await?;
    let summaries = match call(&own, ASKED, json!({})).await {
        Err(error) if error.code() == Some(NOT_FOUND) => {
            let name = json!({"name": "demo"});
            let opened = call(operator, "operator/open_account", name).await?;
            if opened["account"] != account.0 {
                bail!("opening account {account} opened account {}", opened["account"]);
            }
            call(&own, ASKED, json!({})).await?
        }
        other => other?,
    };
    let rows = summaries["summaries"].as_array().map_or(&[][..], Vec::as_slice);
    let times = if keys::is_actor(account) { ACTOR_FUNDS } else { 1 };
    for (asset, coins) in domains::SERVED.into_iter().zip(FUNDS) {
        let row = rows.iter().find(|row| row["currency"] == asset);
        let equity = row.and_then(|row| decimal(&row["equity"]));
        if equity.is_none_or(|equity| equity.mantissa() <= 0) {
            let amount = coins * times;
            let params = json!({"account": account.0, "currency": asset, "amount": amount});
            call(operator, "operator/deposit", params).await?;
        }
    }
    Ok(())
}

/// Safety and reporters, and last the feeds: where they are, all is there.
async fn set_up_domain(
    operator: &Client,
    asset: &str,
    coins: i64,
    signing_keys: &[PublicKey],
) -> anyhow::Result<()> {
    let domain = domains::domain(asset).context("every served domain is in the list of assets")?;
    let pairs = reporters::pairs(domain.asset);
    let feeds = call(operator, "public/get_price_feeds", json!({})).await?;
    let missing: Vec<_> = pairs.iter().filter(|pair| !has_feed(&feeds, pair)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for command in safety::commands(&pairs.iter().copied().collect(), safety::SHOWN) {
        let (method, params) = safety_json(&command, asset)?;
        call(operator, method, params).await?;
    }
    for (account, key) in REPORTERS.into_iter().zip(signing_keys) {
        let params = json!({
            "account": account.0, "currency": asset, "stake": coins / STAKED,
            "public_key": crate::output::hex(&key.0),
        });
        call(operator, "operator/register_reporter", params).await?;
    }
    let stake = coins / STAKED * 10_i64.pow(domain.decimals.into());
    for pair in missing {
        let terms = reporters::terms(*pair, types::Amount(stake / REWARDED));
        let feed = GenesisFeed { domain: domain.asset, terms };
        call(operator, "operator/set_feed", feed_json(&feed, Some(asset))?).await?;
    }
    Ok(())
}

fn index_name((base, quote): (AssetCode, AssetCode)) -> String {
    format!("{base}_{quote}").to_lowercase()
}

/// Whether an index has the demo's reporters.
fn has_feed(feeds: &Value, pair: &(AssetCode, AssetCode)) -> bool {
    let mut feeds = feeds.as_array().into_iter().flatten();
    let feed = feeds.find(|feed| feed["index_name"] == index_name(*pair).as_str());
    let seats = feed.and_then(|feed| feed["seats"].as_array());
    seats.is_some_and(|seats| seats.len() == REPORTERS.len())
}

/// A command of [`safety`] as the operator's API takes it.
fn safety_json(command: &Command, currency: &str) -> anyhow::Result<(&'static str, Value)> {
    match command {
        Command::SetReopening(terms) => {
            let steps = terms.steps.iter().map(|step| {
                json!({
                    "over_ms": step.over_ms, "cancel_only_ms": step.cancel_only_ms,
                    "auction_ms": step.auction_ms,
                })
            });
            let params = json!({
                "currency": currency, "steps": steps.collect::<Vec<_>>(),
                "auction_ms": terms.auction_ms, "collar_ppm": terms.collar_ppm,
                "extension_ms": terms.extension_ms, "extensions_max": terms.extensions_max,
            });
            Ok(("operator/set_reopening", params))
        }
        Command::SetBreakers { base, quote, kind, terms } => {
            Ok(("operator/set_breakers", breakers_json((*base, *quote), *kind, terms)))
        }
        other => bail!("{other:?} is no setting of safety"),
    }
}

fn breakers_json(pair: (AssetCode, AssetCode), kind: KindFilter, terms: &BreakerTerms) -> Value {
    let kind = match kind {
        KindFilter::Future => "future",
        KindFilter::Option => "option",
    };
    let mut params = json!({"index_name": index_name(pair), "kind": kind});
    if let Some(terms) = &terms.limit_state {
        params["limit_state"] = json!({"hold_ms": terms.hold_ms, "pause_ms": terms.pause_ms});
    }
    let range = |terms: &RangeTerms| {
        let RangeTerms { window_ms, move_ppm, pause_ms } = terms;
        json!({"window_ms": window_ms, "move_ppm": move_ppm, "pause_ms": pause_ms})
    };
    if let Some(terms) = &terms.velocity {
        params["velocity"] = range(terms);
    }
    if let Some(terms) = &terms.range {
        params["range"] = range(terms);
    }
    if let Some(terms) = &terms.depth {
        params["depth"] = json!({
            "within_ppm": terms.within_ppm, "share_ppm": terms.share_ppm,
            "hold_ms": terms.hold_ms, "pause_ms": terms.pause_ms,
        });
    }
    params
}

/// Waits until every feed of the demo is healthy; false if that takes too long.
pub async fn wait_until_healthy(world: &World, timeout: Duration) -> bool {
    let waited = tokio::time::timeout(timeout, async {
        for turn in 0.. {
            if let Ok((client, _)) = Client::connect(world.address(turn)).await
                && are_healthy(&client).await
            {
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    });
    waited.await.is_ok()
}

async fn are_healthy(client: &Client) -> bool {
    let Ok(feeds) = call(client, "public/get_price_feeds", json!({})).await else { return false };
    let feeds = feeds.as_array().map_or(&[][..], Vec::as_slice);
    let is_healthy = |index: &str| {
        feeds.iter().any(|feed| feed["index_name"] == index && feed["health"] == "healthy")
    };
    INDEXES.into_iter().all(is_healthy)
}
