//! What a node must never forget, on a disk that tears and rots.

use std::fs;
use std::path::Path;

use types::Seq;

use crate::raft::ballot::{Ballot, BallotError, BallotFile};
use crate::raft::types::{LogId, Vote};

fn ballot(term: u64) -> Ballot {
    let dropped = LogId { leader_id: term.into(), index: term * 10 };
    Ballot { vote: Some(Vote::new(term, 2)), dropped: Some((dropped, Seq(term * 100))) }
}

fn written(dir: &Path, terms: &[u64]) -> Vec<u8> {
    let (mut file, _) = BallotFile::open(dir).expect("opens");
    terms.iter().for_each(|term| file.write(&ballot(*term)).expect("writes"));
    fs::read(dir.join("raft.plim")).expect("reads")
}

fn read(dir: &Path) -> Result<Ballot, BallotError> {
    BallotFile::open(dir).map(|(_, ballot)| ballot)
}

#[test]
fn a_vote_is_there_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(read(dir.path()).expect("opens"), Ballot::default());
    written(dir.path(), &[3, 4]);
    assert_eq!(read(dir.path()).expect("opens"), ballot(4));
}

/// REP-10: one copy that is damaged costs nothing; two cost the node.
#[test]
fn a_damaged_copy_is_made_up_for_by_the_other_and_two_refuse_to_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("raft.plim");
    let whole = written(dir.path(), &[5]);
    for at in [0, 9, 20, 60, 127] {
        for copy in [0, 4096] {
            let mut bytes = whole.clone();
            bytes[copy + at] ^= 1;
            fs::write(&path, &bytes).expect("writes");
            assert_eq!(read(dir.path()).expect("opens"), ballot(5), "byte {at} of {copy}");
        }
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes[4096 + at] ^= 1;
        fs::write(&path, &bytes).expect("writes");
        let error = read(dir.path()).expect_err("it does not know whom it voted for");
        assert!(error.to_string().contains("must not vote again"), "{error}");
    }
}

#[test]
fn a_crash_in_the_middle_of_a_write_leaves_the_old_vote_or_the_new_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("raft.plim");
    let (old, new) = (written(dir.path(), &[5]), written(dir.path(), &[6]));
    for torn in 0..=128 {
        let mut first = old.clone();
        first[..torn].copy_from_slice(&new[..torn]);
        fs::write(&path, &first).expect("writes");
        let found = read(dir.path()).expect("opens");
        assert!([ballot(5), ballot(6)].contains(&found), "{torn} bytes of the first copy");
        let mut second = new.clone();
        second[4096 + torn..].copy_from_slice(&old[4096 + torn..]);
        fs::write(&path, &second).expect("writes");
        assert_eq!(read(dir.path()).expect("opens"), ballot(6), "{torn} bytes of the second");
    }
}

/// REP-10: a ballot that is gone, or of which the disk has only zeros, is one that was forgotten.
#[test]
fn a_node_with_a_log_and_no_ballot_does_not_start_however_often_it_is_asked() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("raft.plim");
    written(dir.path(), &[5]);
    for gone in [None, Some(vec![0; 8192])] {
        match gone {
            None => fs::remove_file(&path).expect("removes"),
            Some(zeros) => fs::write(&path, zeros).expect("writes"),
        }
        for _ in 0..2 {
            let (mut file, ballot) = BallotFile::open(dir.path()).expect("opens");
            let error = file.renew(&ballot, true).expect_err("it had a vote").to_string();
            assert!(error.contains("missing or says nothing"), "{error}");
        }
    }
    let (mut file, ballot) = BallotFile::open(dir.path()).expect("opens");
    file.renew(&ballot, false).expect("a new node has none");
}
