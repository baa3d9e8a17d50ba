//! A node that began with nothing, and so may have forgotten what it promised.
//!
//! A disk that was emptied looks like that of a new node. Entries are committed because a quorum
//! has them: if one of that quorum comes back with an empty log and votes, another that lacks them
//! may come to lead, and they are lost. So such a node is *blank*, which a file in its directory
//! says, until it has everything that was committed.
//!
//! ```text
//!   no entries at the start ─▶ mark `blank` ─▶ … ─▶ an entry of the term of the leader that it
//!                                                   follows is applied and synced ─▶ no mark
//! ```
//! A leader's log has all that was committed before its term, and what it appends follows that; so
//! a node that has one committed entry of the term has all of them.
//!
//! While it is blank
//! 1. it gives its vote only to a candidate whose log has nothing but the founding entry. All are
//!    blank when a cluster begins, and one of them must come to lead;
//! 2. it does not stand for election itself if it has more than that entry.
//!
//! What is left: founders that all lose power in the instant between their first entries stay blank
//! together. Nothing has been acknowledged then; whoever knows that may remove the marks.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use openraft::async_runtime::WatchReceiver;
use openraft::{Raft, RaftMetrics};

use super::log::Log;
use super::machine::Machine;
use super::types::Types;
use super::wire::rpc::Request;

const WORDS: &str = "This node began with an empty log. It takes no part in elections until it has \
all that its cluster has committed, and then removes this file. Do not remove it by hand, unless \
the cluster is new and has never acknowledged anything.\n";

/// Whether this node is blank; its clones are the same node.
#[derive(Clone, Debug)]
pub(crate) struct Blank {
    mark: PathBuf,
    is: Arc<AtomicBool>,
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
        Ok(Blank { mark, is })
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

    /// Looks at how far the node is, and lets it take part in elections or not.
    pub(crate) async fn look(&self, raft: &Raft<Types, Machine>, log: &Log) {
        if !self.is() {
            return;
        }
        let follows = |metrics: &RaftMetrics<Types>| {
            let applied = metrics.last_applied.map(|applied| applied.leader_id.term);
            metrics.current_leader.is_some() && applied == Some(metrics.current_term)
        };
        let has_all = follows(&raft.metrics().borrow_watched());
        if has_all && log.flush().await.is_ok() && self.end().is_ok() {
            raft.runtime_config().elect(true);
        } else {
            raft.runtime_config().elect(log.end() <= 1);
        }
    }

    fn end(&self) -> Result<(), io::Error> {
        fs::remove_file(&self.mark)?;
        self.is.store(false, Ordering::Release);
        Ok(())
    }
}
