//! How openraft reaches the other nodes.
//!
//! ```text
//!   openraft ─▶ NetworkFactory ─▶ Network, one per target and task of openraft
//!                 │                 ├─ unary link, shared by all Networks to the same target
//!                 │                 ├─ append link of its own: heartbeats have another than
//!                 │                 │  the log's entries, and never wait behind them
//!                 │                 └─ a connection for each snapshot
//!                 └─ one per domain
//! ```
//! # Which error is which
//! * `Unreachable`: nobody answers, or the node cannot serve. openraft waits as
//!   [`Network::backoff`] says, but only where it takes the next request from its stream: so a
//!   stream takes a request before it dials, or a dead node would be dialled in a busy loop.
//! * `Network`: a connection that worked broke. openraft tries again at once, which dials.
//! * `Timeout`: no answer in time. openraft tries again at once; it has waited already.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use openraft::alias::{SnapshotOf, VoteOf};
use openraft::base::{BoxFuture, BoxStream};
use openraft::errors::{
    NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable,
};
use openraft::network::{Backoff, RPCOption};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendResult,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{OptionalSend, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use tokio::sync::Mutex;
use tokio::time::timeout;

use ::types::AssetCode;
use ::types::codec::Codec;

use super::dial::{Callee, Caller, DialError, Link};
use super::pipe::not_ours;
use super::types::{Member, SnapshotFile, Types};
use super::wire::hello::Purpose;
use super::wire::log::entry_bytes;
use super::wire::rpc::{Request, Response};
use super::wire::{ENTRIES_MAX, ENTRY_BYTES_MAX};

mod append;
mod snapshot;

pub(super) use append::{IN_FLIGHT_BYTES_MAX, IN_FLIGHT_MAX};
pub(super) use snapshot::checksum_before;

/// A connection on which nothing moves for so long, while answers are due, is given up. openraft's
/// own figure, three quarters of a heartbeat's interval, is shorter than a stalled disk's sync, and
/// shorter than a large frame takes on a gigabit line: a node that catches up would never get on.
pub const STALL_MIN: Duration = Duration::from_millis(500);
/// The first and the longest wait before an unreachable node is tried again.
pub const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(200));

/// Makes the connections of one domain.
#[derive(Debug)]
pub struct NetworkFactory {
    caller: Caller,
    domain: AssetCode,
    unary: BTreeMap<u64, (String, Arc<Mutex<Link>>)>,
}

/// One node, as openraft reaches it.
#[derive(Debug)]
pub struct Network {
    caller: Caller,
    unary: Arc<Mutex<Link>>,
    append: Link,
    snapshot: Callee,
}

impl NetworkFactory {
    /// For the group of `domain`; `caller` is this node.
    pub fn new(caller: Caller, domain: AssetCode) -> NetworkFactory {
        NetworkFactory { caller, domain, unary: BTreeMap::new() }
    }

    fn callee(&self, node: u64, member: &Member, purpose: Purpose) -> Callee {
        Callee { node, address: member.address.clone(), domain: self.domain, purpose }
    }
}

impl RaftNetworkFactory<Types> for NetworkFactory {
    type Network = Network;

    async fn new_client(&mut self, target: u64, member: &Member) -> Network {
        let callee = |purpose| self.callee(target, member, purpose);
        let link = |purpose| Link::new(self.caller.clone(), callee(purpose));
        let (append, snapshot) = (link(Purpose::Append), callee(Purpose::Snapshot));
        let unary = match self.unary.get(&target) {
            Some((address, unary)) if *address == member.address => unary.clone(),
            Some(_) | None => {
                let unary = Arc::new(Mutex::new(link(Purpose::Unary)));
                self.unary.insert(target, (member.address.clone(), unary.clone()));
                unary
            }
        };
        Network { caller: self.caller.clone(), unary, append, snapshot }
    }
}

impl RaftNetworkV2<Types> for Network {
    type SnapshotData = SnapshotFile;

    async fn append_entries(
        &mut self,
        mut rpc: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        let n_asked = rpc.entries.len();
        let n_sent = entries_that_fit(&rpc.entries);
        rpc.entries.truncate(n_sent);
        let last = rpc.entries.last().map(|entry| entry.log_id);
        match self.ask(Request::Append(rpc), RPCTypes::AppendEntries, &option).await? {
            Response::Append(AppendEntriesResponse::Success) if n_sent < n_asked => {
                Ok(AppendEntriesResponse::PartialSuccess(last))
            }
            Response::Append(response) => Ok(response),
            other => Err(self.misfit(&other).await),
        }
    }

    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        option: RPCOption,
    ) -> BoxFuture<'s, Result<AppendAnswers<'s>, RPCError<Types>>>
    where
        S: Stream<Item = AppendEntriesRequest<Types>> + OptionalSend + Unpin + 'static,
    {
        let stream = append::stream(self.caller.node(), &mut self.append, input, &option);
        Box::pin(std::future::ready(Ok(stream)))
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        match self.ask(Request::Vote(rpc), RPCTypes::Vote, &option).await? {
            Response::Vote(response) => Ok(response),
            other => Err(self.misfit(&other).await),
        }
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        match self.ask(Request::PreVote(rpc), RPCTypes::Vote, &option).await? {
            Response::PreVote(response) => Ok(response),
            other => Err(self.misfit(&other).await),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: VoteOf<Types>,
        snapshot: SnapshotOf<Types, SnapshotFile>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let patience = option.soft_ttl().max(STALL_MIN);
        let transfer = snapshot::send(&self.caller, &self.snapshot, vote, snapshot, patience);
        tokio::select! {
            biased;
            closed = cancel => Err(StreamingError::Closed(closed)),
            sent = transfer => sent,
        }
    }

    async fn transfer_leader(
        &mut self,
        req: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        match self.ask(Request::Transfer(req), RPCTypes::TransferLeader, &option).await? {
            Response::Transfer(response) => Ok(response),
            other => Err(self.misfit(&other).await),
        }
    }

    fn backoff(&self) -> Option<Backoff> {
        let (first, longest) = BACKOFF;
        let waits = std::iter::successors(Some(first), move |wait| Some(longest.min(*wait * 2)));
        Some(Backoff::new(waits))
    }
}

/// The answers of a stream of appends.
type AppendAnswers<'s> = BoxStream<'s, Result<StreamAppendResult<Types>, RPCError<Types>>>;

impl Network {
    /// Asks one question and waits for its answer; all of it within the soft limit of `option`.
    async fn ask(
        &self,
        request: Request,
        action: RPCTypes,
        option: &RPCOption,
    ) -> Result<Response, RPCError<Types>> {
        let patience = option.soft_ttl();
        let answer = async { ask(&mut *self.unary.lock().await, &request, patience).await };
        match timeout(patience, answer).await {
            Ok(Ok(Response::Failed(reason))) => {
                Err(RPCError::Unreachable(Unreachable::from_string(reason)))
            }
            Ok(Ok(response)) => Ok(response),
            Ok(Err(NotAnswered::Dial(error))) => Err(unreachable(&error)),
            Ok(Err(NotAnswered::Broken(error))) => Err(RPCError::Network(broken(&error))),
            Err(_) => {
                let (id, target) = (self.caller.node(), self.snapshot.node);
                Err(RPCError::Timeout(Timeout { action, id, target, timeout: patience }))
            }
        }
    }

    /// An answer to another question: both sides are out of step.
    async fn misfit(&self, answer: &Response) -> RPCError<Types> {
        self.unary.lock().await.close();
        let words = format!("node {} answers what was not asked: {answer:?}", self.snapshot.node);
        RPCError::Network(NetworkError::from_string(words))
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAnswered {
    /// There is no connection.
    #[error(transparent)]
    Dial(DialError),
    /// It broke, or something else came over it.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
}

/// Asks one question over a link, which is opened within `patience`; a link that breaks is closed.
/// How long an answer may take is for the caller to say, who may stop waiting at any time.
pub(super) async fn ask(
    link: &mut Link,
    request: &Request,
    patience: Duration,
) -> Result<Response, NotAnswered> {
    let open = link.ready(patience, STALL_MIN).await.map_err(NotAnswered::Dial)?;
    let asked = open.ask(|out| request.encode(out));
    let answer = match asked {
        Ok(()) => std::future::poll_fn(|cx| open.poll_answer(cx)).await,
        Err(error) => Err(error),
    };
    let response = answer.and_then(|body| Response::from_bytes(&body).map_err(not_ours));
    response.map_err(|error| {
        link.close();
        NotAnswered::Broken(error)
    })
}

/// How many of the entries fit into a frame; one at least, if there is one.
fn entries_that_fit(entries: &[openraft::alias::EntryOf<Types>]) -> usize {
    let mut bytes = 0;
    let mut fits = |entry| {
        bytes += entry_bytes(entry);
        bytes <= ENTRY_BYTES_MAX
    };
    let n_fit = entries.iter().take(ENTRIES_MAX).take_while(|entry| fits(entry)).count();
    n_fit.max(usize::from(!entries.is_empty()))
}

fn unreachable(error: &DialError) -> RPCError<Types> {
    RPCError::Unreachable(Unreachable::new(error))
}

fn broken(error: &io::Error) -> NetworkError<Types> {
    NetworkError::new(error)
}
