//! When a node that began with nothing has all that was committed.

use openraft::Vote;
use openraft::raft::AppendEntriesRequest;

use crate::raft::blank::Blank;
use crate::raft::types::{LogId, Types};

fn id(term: u64, index: u64) -> LogId {
    LogId { leader_id: term.into(), index }
}

/// The leader of a term says what it has committed.
fn said(term: u64, committed: Option<LogId>) -> AppendEntriesRequest<Types> {
    let vote = Vote::new_committed(term, 1);
    AppendEntriesRequest { vote, prev_log_id: None, entries: Vec::new(), leader_commit: committed }
}

/// REP-13: its leader may be the one that it followed before, in the same term; then an entry of
/// that term says nothing of those behind it.
#[test]
fn it_has_all_when_it_has_what_a_leader_had_committed_in_its_term_when_it_first_said_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let blank = Blank::open(dir.path(), false).expect("opens");
    for told in [None, Some(id(2, 30))] {
        blank.hear(&said(3, told));
        assert!(!blank.has_all(Some(id(3, 90)), None), "nobody named an entry of its own term");
    }
    blank.hear(&said(3, Some(id(3, 40))));
    blank.hear(&said(3, Some(id(3, 80))));
    assert!(!blank.has_all(None, None));
    assert!(!blank.has_all(Some(id(3, 39)), None));
    assert!(blank.has_all(Some(id(3, 40)), None));
    assert!(blank.has_all(Some(id(4, 40)), None), "another may have brought it");
}

/// REP-13: whoever was elected has what was committed before, once it knows it.
#[test]
fn it_has_all_when_it_leads_and_an_entry_of_its_term_is_committed() {
    let dir = tempfile::tempdir().expect("a directory");
    let blank = Blank::open(dir.path(), false).expect("opens");
    assert!(!blank.has_all(Some(id(1, 0)), Some(2)));
    assert!(blank.has_all(Some(id(2, 1)), Some(2)));
}
