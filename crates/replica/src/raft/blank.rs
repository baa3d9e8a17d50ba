//! A node that began with nothing, and so may have forgotten what it promised.
//!
//! A disk that was emptied looks like that of a new node. Entries are committed because a quorum
//! has them: if one of that quorum comes back with an empty log and votes, another that lacks them
//! may come to lead, and they are lost. So such a node is *blank*, which a file in its directory
//! says, until it has everything that was committed when it came.
//!
//! ```text
//!   no entries at the start ─▶ mark `blank` ─▶ a leader says what it has committed, an entry of
//!   its own term ─▶ … ─▶ that entry is applied and synced ─▶ no mark
//! ```
//! A leader's log has all that was committed before its term, and it knows what is committed in it:
//! so the first such entry that it names stands behind all that this node may have had a part in.
//! An entry of the term alone would not do: the leader may be the same as before.
//!
//! While it is blank
//! 1. it gives its vote only to a candidate whose log has nothing but the founding entry. All are
//!    blank when a cluster begins, and one of them must come to lead;
//! 2. it does not stand for election itself if it has more than that entry.
//!
//! What is left: founders that all lose power in the instant between their first entries stay blank
//! together. Nothing has been acknowledged then; whoever knows that may remove the marks. And whom
//! it voted for in an election of the moment in which its disk was lost, it has forgotten for good.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openraft::async_runtime::WatchReceiver;
use openraft::raft::AppendEntriesRequest;
use openraft::{Raft, ServerState};

use super::log::Log;
use super::machine::Machine;
use super::types::{LogId, Types};
use super::wire::rpc::Request;

const WORDS: &str = "This node began with an empty log. It takes no part in elections until it has \
all that its cluster has committed, and then removes this file. Do not remove it by hand, unless \
the cluster is new and has never acknowledged anything.\n";

/// Whether this node is blank; its clones are the same node.
#[derive(Clone, Debug)]
pub(crate) struct Blank {
    mark: PathBuf,
    is: Arc<AtomicBool>,
    /// What a leader had committed when it first said so in this life.
    goal: Arc<Mutex<Option<LogId>>>,
}

impl Blank {
    /// Of a node that is about to start. When it returns, the mark of one without entries is
    /// durable.
    pub(crate) fn open(dir: &Path, has_entries: bool) -> Result<Blank, io::Error> {
        let mark = dir.join("blank");
        if !has_entries {
            let mut file = File::create(&mark)?;
            file.write_all(WORDS.as_bytes())?;
            file.sync_all()?;
            File::open(dir)?.sync_all()?;
        }
        let is = Arc::new(AtomicBool::new(mark.try_exists()?));
        Ok(Blank { mark, is, goal: Arc::default() })
    }

    pub(crate) fn is(&self) -> bool {
        self.is.load(Ordering::Acquire)
    }

    /// Why it does not do what it is asked; `None` if it does.
    pub(crate) fn refusal(&self, request: &Request) -> Option<String> {
        let needs_memory = match request {
            Request::Vote(request) | Request::PreVote(request) => {
                request.last_log_id.is_some_and(|last| 0 < last.index)
            }
            Request::Transfer(_) => true,
            Request::Append(_) | Request::Versions => false,
        };
        (needs_memory && self.is()).then(|| {
            "this node began with an empty log and has not caught up: it does not vote".to_owned()
        })
    }

    /// A leader has spoken.
    pub(crate) fn hear(&self, request: &AppendEntriesRequest<Types>) {
        let own = |committed: &LogId| committed.leader_id.term == request.vote.leader_id.term;
        if self.is()
            && let Some(committed) = request.leader_commit.filter(own)
        {
            self.goal().get_or_insert(committed);
        }
    }

    /// Looks at how far the node is, and lets it take part in elections or not.
    pub(crate) async fn look(&self, raft: &Raft<Types, Machine>, log: &Log) {
        if !self.is() {
            return;
        }
        let has_all = {
            let metrics = raft.metrics();
            let metrics = metrics.borrow_watched();
            let leads = metrics.state == ServerState::Leader;
            self.has_all(metrics.last_applied, leads.then_some(metrics.current_term))
        };
        if has_all && log.flush().await.is_ok() && self.end().is_ok() {
            raft.runtime_config().elect(true);
        } else {
            raft.runtime_config().elect(log.end() <= 1);
        }
    }

    /// Who leads a term of which an entry is committed has all, and so has who came to the goal.
    pub(crate) fn has_all(&self, applied: Option<LogId>, leading: Option<u64>) -> bool {
        let Some(applied) = applied else { return false };
        let leads = leading == Some(applied.leader_id.term);
        leads || self.goal().is_some_and(|goal| goal.index <= applied.index)
    }

    fn goal(&self) -> MutexGuard<'_, Option<LogId>> {
        self.goal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) -> Result<(), io::Error> {
        fs::remove_file(&self.mark)?;
        self.is.store(false, Ordering::Release);
        Ok(())
    }
}
