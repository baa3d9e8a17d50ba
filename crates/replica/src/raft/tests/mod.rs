//! Shared by the tests: an authority, nodes that it knows, a group that is no Raft.

mod blank;
mod cluster;
mod forwarding;
mod knowing;
mod memory;
mod snapshots;
mod streaming;
mod wire;

use std::path::Path;
use std::sync::{Arc, Mutex};

use ::types::AssetCode;
use futures_util::StreamExt;
use openraft::alias::{LogIdOf, SnapshotOf, VoteOf};
use openraft::base::{BoxFuture, BoxStream};
use openraft::raft::AppendEntriesRequest;
use openraft::{Entry, EntryPayload, LogId, Vote};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::tests::authority::Authority;

use super::dial::{Callee, Caller};
use super::server::group::{Receiving, Serves};
use super::server::{Groups, Server};
use super::tls::{Tls, TlsError};
use super::types::{Asked, Batch, Member, SnapshotFile, Types};
use super::wire::forward::{Forwarded, RootReport};
use super::wire::hello::Purpose;
use super::wire::rpc::{Appended, Request, Response};

pub(super) const CLUSTER: u64 = 0x706c;

pub(super) fn domain() -> AssetCode {
    AssetCode::new("USDC").expect("a code")
}

impl Authority {
    pub(super) fn tls(&self, node: u64) -> Tls {
        let loaded: Result<Tls, TlsError> = Tls::load(&self.files(node), node);
        loaded.expect("the identity is the node's")
    }

    pub(super) fn caller(&self, node: u64) -> Caller {
        Caller::new(&self.tls(node), CLUSTER, node)
    }
}

/// A node that serves one stub group.
pub(super) async fn serve(authority: &Authority, node: u64, group: Stub) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let groups = Groups::new();
    groups.insert(domain(), group);
    Server::start(listener, &authority.tls(node), CLUSTER, node, groups).expect("an address")
}

pub(super) fn callee(server: &Server, node: u64, purpose: Purpose) -> Callee {
    Callee { node, address: server.address().to_string(), domain: domain(), purpose }
}

pub(super) fn member(address: impl ToString) -> Member {
    Member { address: address.to_string(), zone: "a".to_owned(), api: String::new() }
}

pub(super) fn log_id(term: u64, index: u64) -> LogIdOf<Types> {
    LogId { leader_id: openraft::alias::CommittedLeaderIdOf::<Types>::new(term), index }
}

pub(super) fn batch(body: &[u8]) -> Batch {
    Batch { count: 1, body: body.into(), asked: Arc::new([Asked { origin: 1, tag: 2 }]) }
}

/// An append of one entry with this body, at this place in the log.
pub(super) fn append(index: u64, body: &[u8]) -> AppendEntriesRequest<Types> {
    let entry = Entry { log_id: log_id(1, index), payload: EntryPayload::Normal(batch(body)) };
    AppendEntriesRequest {
        vote: Vote::new_committed(1, 1),
        prev_log_id: index.checked_sub(1).map(|index| log_id(1, index)),
        entries: vec![entry],
        leader_commit: None,
    }
}

/// What a stub answers to appends.
pub(super) type Answers = Box<
    dyn Fn(BoxStream<'static, AppendEntriesRequest<Types>>) -> BoxStream<'static, Appended>
        + Send
        + Sync,
>;

/// A group that is told what to answer.
pub(super) struct Stub {
    pub receiving: Receiving,
    pub appends: Answers,
    /// Snapshots that were installed.
    pub installed: mpsc::UnboundedSender<SnapshotFile>,
    /// What commands are answered with.
    pub admits: fn(&Forwarded) -> Result<(), String>,
    pub commands: Arc<Mutex<Vec<Forwarded>>>,
    pub roots: mpsc::UnboundedSender<RootReport>,
}

impl Stub {
    pub(super) fn new(dir: &Path) -> Stub {
        Stub {
            receiving: Receiving::new(dir.to_path_buf()),
            appends: Box::new(|requests| {
                Box::pin(requests.map(|request| Ok(Ok(last_of(&request)))))
            }),
            installed: mpsc::unbounded_channel().0,
            admits: |_| Ok(()),
            commands: Arc::default(),
            roots: mpsc::unbounded_channel().0,
        }
    }
}

pub(super) fn last_of(request: &AppendEntriesRequest<Types>) -> Option<LogIdOf<Types>> {
    request.entries.last().map(|entry| entry.log_id).or(request.prev_log_id)
}

impl Serves for Stub {
    fn answer(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move { Response::Failed(format!("a stub heard {request:?}")) })
    }

    fn append(
        &self,
        requests: BoxStream<'static, AppendEntriesRequest<Types>>,
    ) -> BoxStream<'static, Appended> {
        (self.appends)(requests)
    }

    fn install(
        &self,
        vote: VoteOf<Types>,
        snapshot: SnapshotOf<Types, SnapshotFile>,
    ) -> BoxFuture<'_, Result<VoteOf<Types>, String>> {
        let heard = self.installed.send(snapshot.snapshot).map_err(|error| error.to_string());
        Box::pin(async move { heard.map(|()| vote) })
    }

    fn receiving(&self) -> &Receiving {
        &self.receiving
    }

    fn take_command(&self, command: Forwarded) -> Result<(), String> {
        (self.admits)(&command)?;
        self.commands.lock().expect("no test panicked").push(command);
        Ok(())
    }

    fn take_root(&self, report: RootReport) {
        // A test that does not listen for roots has dropped the other end.
        let _ = self.roots.send(report);
    }
}
