//! One domain's Raft, as the server sees it: without the type of its state machine.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt;
use openraft::Raft;
use openraft::alias::{SnapshotOf, VoteOf};
use openraft::base::{BoxFuture, BoxStream};
use openraft::raft::AppendEntriesRequest;
use openraft::storage::RaftStateMachine;
use tokio::sync::{Mutex, watch};

use crate::raft::blank::Blank;
use crate::raft::types::{SnapshotFile, Types};
use crate::raft::wire::forward::{Forwarded, RootReport};
use crate::raft::wire::rpc::{Appended, Request, Response};

/// Takes a command that a follower sent on, or says why not. It must not wait.
pub type TakeCommand = Arc<dyn Fn(Forwarded) -> Result<(), String> + Send + Sync>;
/// Takes what another node's root is. It must not wait.
pub type TakeRoot = Arc<dyn Fn(RootReport) + Send + Sync>;

/// One domain of this node, for the others.
pub struct Group<SM>
where
    SM: RaftStateMachine<Types, SnapshotData = SnapshotFile>,
{
    raft: Raft<Types, SM>,
    blank: Blank,
    receiving: Receiving,
    forward: TakeCommand,
    roots: TakeRoot,
}

/// Where snapshots arrive, one at a time.
///
/// ```text
///   dir/incoming-<seq>.part          while it arrives
///   dir/incoming/snap-<seq>.plim     whole and checked, for the state machine to move
/// ```
#[derive(Debug)]
pub(crate) struct Receiving {
    pub dir: PathBuf,
    /// Held by the transfer that writes.
    pub writing: Mutex<()>,
    /// Counts transfers: the newest one wins, because a connection that broke may be seen as such
    /// long after the sender has called again.
    pub newest: watch::Sender<u64>,
}

/// What the server asks of a group.
pub(crate) trait Serves: Send + Sync {
    /// Answers a question.
    fn answer(&self, request: Request) -> BoxFuture<'_, Response>;
    /// Answers appends in their order; ends after one that was refused.
    fn append(
        &self,
        requests: BoxStream<'static, AppendEntriesRequest<Types>>,
    ) -> BoxStream<'static, Appended>;
    /// Installs a snapshot that has arrived; gives the node's vote.
    fn install(
        &self,
        vote: VoteOf<Types>,
        snapshot: SnapshotOf<Types, SnapshotFile>,
    ) -> BoxFuture<'_, Result<VoteOf<Types>, String>>;
    /// Where snapshots arrive.
    fn receiving(&self) -> &Receiving;
    /// Takes a command.
    fn take_command(&self, command: Forwarded) -> Result<(), String>;
    /// Takes a root.
    fn take_root(&self, report: RootReport);
}

impl<SM> Group<SM>
where
    SM: RaftStateMachine<Types, SnapshotData = SnapshotFile>,
{
    /// Snapshots arrive in `dir`, which must be on the file system of the state machine's.
    pub fn new(
        raft: Raft<Types, SM>,
        blank: Blank,
        dir: PathBuf,
        forward: TakeCommand,
        roots: TakeRoot,
    ) -> Group<SM> {
        Group { raft, blank, receiving: Receiving::new(dir), forward, roots }
    }
}

impl Receiving {
    pub(crate) fn new(dir: PathBuf) -> Receiving {
        Receiving { dir, writing: Mutex::new(()), newest: watch::Sender::new(0) }
    }
}

impl<SM> Serves for Group<SM>
where
    SM: RaftStateMachine<Types, SnapshotData = SnapshotFile>,
{
    fn answer(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            if let Some(why) = self.blank.refusal(&request) {
                return Response::Failed(why);
            }
            let answered = match request {
                Request::Append(request) => {
                    self.blank.hear(&request);
                    self.raft.append_entries(request).await.map(Response::Append)
                }
                Request::Vote(request) => self.raft.vote(request).await.map(Response::Vote),
                Request::PreVote(request) => {
                    self.raft.pre_vote(request).await.map(Response::PreVote)
                }
                Request::Transfer(request) => {
                    let transfer = self.raft.handle_transfer_leader(request).await;
                    transfer.map(Response::Transfer).map_err(Into::into)
                }
                Request::Versions => Ok(Response::Versions(engine::VERSION_MAX)),
            };
            answered.unwrap_or_else(|error| Response::Failed(error.to_string()))
        })
    }

    fn append(
        &self,
        requests: BoxStream<'static, AppendEntriesRequest<Types>>,
    ) -> BoxStream<'static, Appended> {
        let blank = self.blank.clone();
        let requests = requests.inspect(move |request| blank.hear(request));
        let answers = self.raft.stream_append(requests);
        Box::pin(answers.map(|answer| answer.map_err(|fatal| fatal.to_string())))
    }

    fn install(
        &self,
        vote: VoteOf<Types>,
        snapshot: SnapshotOf<Types, SnapshotFile>,
    ) -> BoxFuture<'_, Result<VoteOf<Types>, String>> {
        Box::pin(async move {
            let installed = self.raft.install_full_snapshot(vote, snapshot).await;
            installed.map(|response| response.vote).map_err(|fatal| fatal.to_string())
        })
    }

    fn receiving(&self) -> &Receiving {
        &self.receiving
    }

    fn take_command(&self, command: Forwarded) -> Result<(), String> {
        (self.forward)(command)
    }

    fn take_root(&self, report: RootReport) {
        (self.roots)(report);
    }
}
