//! Asking nodes how they are: `public/get_cluster` over HTTP, all of them at once.
//!
//! Each node is asked over a connection of its own and within a time, so that a dead one is a row
//! in the answer and no wait. Whoever a node names is asked too: one address is enough to see all.
//!
//! ```text
//!   here     sent ────────────────────▶ received
//!   there           usIn ──▶ usOut          offset = ((usIn - sent) + (usOut - received)) / 2
//! ```
//! Every answer says when it was begun and ended there, so each tells how its clock stands to ours
//! (RFC 5905, §8), right to half of the round trip; and two of them, how they stand to each other.

use std::path::Path;
use std::time::{Duration, SystemTime};

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
    compare_clocks(&mut answers);
    answers.sort_by_key(|answer| (answer.node().unwrap_or(u64::MAX), answer.said.is_err()));
    answers.dedup_by(|later, earlier| later.node().is_some() && later.node() == earlier.node());
    Ok(answers)
}

/// Of offsets to our clock makes those to the clock of whoever leads the first domain that is led.
pub(super) fn compare_clocks(answers: &mut [Answer]) {
    let leads = |reply: &&NodeReply| reply.domains.iter().any(|domain| domain.role.leads());
    let mut replies = answers.iter().filter_map(|answer| answer.said.as_ref().ok());
    let leader = replies.find(leads).and_then(|reply| reply.clock_offset_ms);
    for reply in answers.iter_mut().filter_map(|answer| answer.said.as_mut().ok()) {
        reply.clock_offset_ms = reply.clock_offset_ms.zip(leader).map(|(own, its)| own - its);
    }
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
    let (result, offset_ms) = answered.map_err(late)?.map_err(|error| format!("{error:#}"))?;
    let reply = serde_json::from_value(result);
    let reply: NodeReply = reply.map_err(|error| format!("it says something else: {error}"))?;
    Ok(NodeReply { clock_offset_ms: offset_ms, ..reply })
}

/// Calls a method without parameters, and without a key. With its result: how many milliseconds the
/// clock there is before ours.
async fn call(dialer: &Dialer, url: &str, method: &str) -> anyhow::Result<(Value, Option<i64>)> {
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
    let sent = now_us();
    let response = requests.send_request(request).await?;
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer broke: {error}"))?.to_bytes();
    let received = now_us();
    let mut reply: Value = serde_json::from_slice(&body).context("the answer is no JSON")?;
    match reply["error"].take() {
        Value::Null => Ok((reply["result"].take(), offset_ms(&reply, sent, received))),
        error => anyhow::bail!("{method}: {} {}", error["code"], error["message"]),
    }
}

/// Microseconds since 1970, by our clock.
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// How far the clock of whoever replied is before ours; `None` if it does not say when.
pub(super) fn offset_ms(reply: &Value, sent: i64, received: i64) -> Option<i64> {
    let there = |name: &str| reply[name].as_i64();
    let before = there("usIn")?.saturating_sub(sent);
    let after = there("usOut")?.saturating_sub(received);
    Some((before / 2 + after / 2) / 1_000)
}
