//! `plimsoll cluster add`, `promote`, `remove`, `transfer` and `upgrade`: says what it will be,
//! asks, and has the leaders do it.

use anyhow::{Context, anyhow};
use serde_json::json;

use super::ask::{self, Answer, socket_of};
use super::change::{Change, Situation};
use super::verdict::verdict;
use super::words;
use crate::cli::{ClusterAdd, ClusterNode, ClusterTransfer, ClusterUpgrade, OperatorKey, Sure};
use crate::config::{Config, Peer};
use crate::{halt, operator, output};

/// Makes a new node learn.
pub async fn add(args: ClusterAdd) -> anyhow::Result<()> {
    let ClusterAdd { node, address, api, zone, sure } = args;
    let peer = Peer { node, address, zone, api };
    act(&Change::Add(peer), None, false, &sure).await
}

/// Gives a node a vote.
pub async fn promote(args: ClusterNode) -> anyhow::Result<()> {
    act(&Change::Promote(args.node), None, args.force, &args.sure).await
}

/// Takes a node out.
pub async fn remove(args: ClusterNode) -> anyhow::Result<()> {
    act(&Change::Remove(args.node), None, args.force, &args.sure).await
}

/// Makes a voter the leader.
pub async fn transfer(args: ClusterTransfer) -> anyhow::Result<()> {
    act(&Change::Transfer(args.node), args.currency.as_deref(), false, &args.sure).await
}

/// Lets domains go on by newer rules.
pub async fn upgrade(args: ClusterUpgrade) -> anyhow::Result<()> {
    act(&Change::Upgrade(args.to), args.currency.as_deref(), false, &args.sure).await
}

async fn act(
    change: &Change,
    currency: Option<&str>,
    force: bool,
    sure: &Sure,
) -> anyhow::Result<()> {
    let nodes = ask::named(&sure.nodes)?;
    let answers = ask::survey(&nodes).await?;
    let now = verdict(&answers);
    let situation = Situation { answers: &answers, verdict: &now, currency, force };
    let plan = change.plan(&situation).map_err(|why| anyhow!(why))?;
    if !sure.json {
        output::note(&words::sentence(&now));
        plan.words.iter().for_each(|words| output::note(&format!("  {words}")));
    }
    halt::confirm("do that, in each of these domains", sure.yes)?;

    let key = key_of(sure)?;
    let mut done = Vec::new();
    for call in &plan.calls {
        let url = url_of(call.leader, &answers)?;
        let client = operator::connect_at(&socket_of(url), &key).await?;
        let result = client.call(call.method, call.params.clone()).await;
        let currency = call.params["currency"].as_str().unwrap_or_default();
        let result = result.with_context(|| match done.is_empty() {
            true => format!("{currency}: nothing was changed"),
            false => format!("{currency} was not changed, those before it were: ask again"),
        })?;
        done.push(json!({"currency": currency, "leader": call.leader, "result": result}));
    }
    match sure.json {
        true => output::say_json(&json!({ "done": done }))?,
        false => output::say("done; `plimsoll cluster status` says how it is now")?,
    };
    Ok(())
}

/// By whose key; without one, that of the data directory of the configuration file.
fn key_of(sure: &Sure) -> anyhow::Result<OperatorKey> {
    let mut key = sure.login.clone();
    if let (None, Some(path)) = (&key.data, &sure.nodes.config) {
        key.data = Some(Config::read(Some(path), Vec::new())?.0.data);
    }
    Ok(key)
}

fn url_of(node: u64, answers: &[Answer]) -> anyhow::Result<&str> {
    let answer = answers.iter().find(|answer| answer.node() == Some(node));
    Ok(&answer.with_context(|| format!("node {node} leads and has no address"))?.asked.url)
}
