//! Asking nodes how they are: `public/get_cluster` over HTTP, all of them at once.
//!
//! Each node is asked over a connection of its own and within a time, so that a dead one is a row
//! in the answer and no wait. Whoever a node names is asked too: one address is enough to see all.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::reply::NodeReply;
use crate::cli::Nodes;
use crate::config::Config;
use crate::report::live::{Address, Dialer};

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of an answer: a few domains with nine members each.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Most nodes that are asked.
const NODES_MAX: usize = 64;
/// Where a node is asked that nobody named.
const USUAL: &str = "http://127.0.0.1:8080";

/// A node that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its number, if it is known without its answer.
    pub node: Option<u64>,
    /// Address of its API, such as `http://10.0.0.1:8080`.
    pub url: String,
}

/// What came of asking one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who was asked.
    pub asked: Asked,
    /// What it said, or why it said nothing.
    pub said: Result<NodeReply, String>,
}

impl Answer {
    /// Its number, as it says itself, else as others do.
    pub fn node(&self) -> Option<u64> {
        self.said.as_ref().ok().map(|reply| reply.node).or(self.asked.node)
    }
}

/// Whom the command line names.
pub fn named(nodes: &Nodes) -> anyhow::Result<Vec<Asked>> {
    match &nodes.config {
        Some(path) => of_config(path),
        None if nodes.url.is_empty() => Ok(vec![Asked { node: None, url: USUAL.into() }]),
        None => nodes.url.iter().map(|url| of_url(url)).collect(),
    }
}

fn of_config(path: &Path) -> anyhow::Result<Vec<Asked>> {
    let (config, _) = Config::read(Some(path), Vec::new())?;
    let cluster = config.cluster.with_context(|| {
        format!("{} has no [cluster]: it is a venue on one machine", path.display())
    })?;
    let nodes = cluster.peers.iter();
    Ok(nodes.map(|peer| Asked { node: Some(peer.node), url: url_of(&peer.api) }).collect())
}

fn of_url(url: &str) -> anyhow::Result<Asked> {
    Address::parse(url).with_context(|| format!("--url {url}: write one such as {USUAL}"))?;
    Ok(Asked { node: None, url: url.trim_end_matches('/').to_owned() })
}

fn url_of(api: &str) -> String {
    format!("http://{api}")
}

/// The WebSocket of an API address.
pub fn socket_of(url: &str) -> String {
    let base = url.strip_prefix("http").map_or(url.to_owned(), |rest| format!("ws{rest}"));
    format!("{base}/ws/api/v2")
}

/// Asks all of them, and those whom they name; by number.
pub async fn survey(nodes: &[Asked]) -> anyhow::Result<Vec<Answer>> {
    let dialer = Dialer::new(None)?;
    let mut answers: Vec<Answer> = Vec::new();
    let mut next = nodes.to_vec();
    while !next.is_empty() && answers.len() < NODES_MAX {
        let mut asking = JoinSet::new();
        for asked in next.drain(..) {
            let dialer = dialer.clone();
            asking.spawn(async move {
                let said = ask(&dialer, &asked.url).await;
                Answer { asked, said }
            });
        }
        answers.extend(asking.join_all().await);
        next = unasked(&answers);
    }
    answers.sort_by_key(|answer| (answer.node().unwrap_or(u64::MAX), answer.said.is_err()));
    answers.dedup_by(|later, earlier| later.node().is_some() && later.node() == earlier.node());
    Ok(answers)
}

/// Members whom an answer names and nobody has asked.
fn unasked(answers: &[Answer]) -> Vec<Asked> {
    let replies = answers.iter().filter_map(|answer| answer.said.as_ref().ok());
    let members = replies.flat_map(|reply| &reply.domains).flat_map(|domain| &domain.members);
    let mut found: Vec<Asked> = Vec::new();
    for member in members.filter(|member| !member.api.is_empty()) {
        let asked = Asked { node: Some(member.node), url: url_of(&member.api) };
        let is_known = answers
            .iter()
            .any(|answer| answer.node() == asked.node || answer.asked.url == asked.url);
        if !is_known && !found.iter().any(|other| other.node == asked.node) {
            found.push(asked);
        }
    }
    found
}

async fn ask(dialer: &Dialer, url: &str) -> Result<NodeReply, String> {
    let answered = tokio::time::timeout(PATIENCE, call(dialer, url, "public/get_cluster")).await;
    let late = |_| format!("no answer within {} s", PATIENCE.as_secs());
    let result = answered.map_err(late)?.map_err(|error| format!("{error:#}"))?;
    serde_json::from_value(result).map_err(|error| format!("it says something else: {error}"))
}

/// Calls a method without parameters, and without a key.
async fn call(dialer: &Dialer, url: &str, method: &str) -> anyhow::Result<Value> {
    let address = Address::parse(url)?;
    let stream = dialer.dial(&address, PATIENCE).await?;
    let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut tasks = JoinSet::new();
    // What breaks the connection breaks the request too, and is told there.
    tasks.spawn(async move { drop(connection.await) });
    let host = address.uri().authority().map_or("", |authority| authority.as_str());
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}).to_string();
    let request = Request::post("/api/v2")
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(Bytes::from(body)))?;
    let response = requests.send_request(request).await?;
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer broke: {error}"))?.to_bytes();
    let mut reply: Value = serde_json::from_slice(&body).context("the answer is no JSON")?;
    match reply["error"].take() {
        Value::Null => Ok(reply["result"].take()),
        error => anyhow::bail!("{method}: {} {}", error["code"], error["message"]),
    }
}
