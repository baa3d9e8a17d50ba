//! Whom this node voted for, and what it has dropped from the front of its log: the two facts that
//! it must never forget and that are not entries.
//!
//! ```text
//!   raft.plim    copy at 0, the same copy at 4096, each 128 bytes
//!   offset bytes
//!    0      8    "PLIMRFT\n"
//!    8      4    format version, 1
//!   12      4    CRC-32C of the other 124 bytes
//!   16      8    count of writes; the copy with the higher one is in force
//!   24      …    the vote, the last log id that was dropped and its seq, then zeros
//! ```
//! A write puts one copy on disk before it begins with the other: a crash leaves one of them whole.
//! If neither is, or if there is a log and no ballot, this node does not know whom it voted for,
//! and refuses to start: it must come back as a new node.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use types::Seq;
use types::codec::{Codec, DecodeError, Reader};
use types::planted::{self, Bug};

use super::types::{LogId, Vote};
use super::wire;

const MAGIC: [u8; 8] = *b"PLIMRFT\n";
const FORMAT_VERSION: u32 = 1;
const COPY_BYTES: usize = 128;
const COPIES: [u64; 2] = [0, 4096];

/// What must not be forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ballot {
    pub vote: Option<Vote>,
    /// The last entry that was dropped from the front of the replicated log, and the last seq that
    /// it and what was before it gave.
    pub dropped: Option<(LogId, Seq)>,
}

/// Why a ballot cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BallotError {
    /// The system refused.
    #[error("{path}: {source}", path = path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither copy is whole.
    #[error(
        "both copies in {path} are damaged: this node does not know whom it voted for, so it must \
         not vote again. Remove it from the cluster and add it as a new node", path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// There is no ballot, and there should be one.
    #[error(
        "there is a log, and {path} is missing or says nothing: this node does not know whom it \
         voted for, so it must not vote again. Remove it from the cluster and add it as a new node",
        path = path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
}

/// The file.
#[derive(Debug)]
pub(crate) struct BallotFile {
    path: PathBuf,
    file: File,
    writes: u64,
    /// There was none.
    is_new: bool,
}

impl BallotFile {
    /// Opens the file of a directory, or makes it; what it says is not changed.
    pub(crate) fn open(dir: &Path) -> Result<(BallotFile, Ballot), BallotError> {
        let path = dir.join("raft.plim");
        let disk = |source| BallotError::Disk { path: path.clone(), source };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(disk(error)),
        };
        let copies = COPIES.map(|at| decode(&bytes, usize::try_from(at).expect("small")));
        let newest = copies.into_iter().flatten().max_by_key(|(writes, _)| *writes);
        if newest.is_none() && bytes.iter().any(|byte| *byte != 0) {
            return Err(BallotError::Damaged { path });
        }
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let (writes, mut ballot) = newest.unwrap_or_default();
        if planted::is(Bug::ForgetVote) {
            ballot.vote = None;
        }
        let (file, is_new) = (file.map_err(disk)?, writes == 0);
        let opened = BallotFile { file, path: path.clone(), writes, is_new };
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(disk)?;
        Ok((opened, ballot))
    }

    /// Before a node takes part: writes anew what was found, of which one copy may be damaged. One
    /// whose log has entries has had a ballot.
    pub(crate) fn renew(&mut self, ballot: &Ballot, has_entries: bool) -> Result<(), BallotError> {
        if self.is_new && has_entries {
            return Err(BallotError::Missing { path: self.path.clone() });
        }
        self.write(ballot)
    }

    /// Returns when both copies are durable.
    pub(crate) fn write(&mut self, ballot: &Ballot) -> Result<(), BallotError> {
        self.writes += 1;
        let bytes = encode(self.writes, ballot);
        for at in COPIES {
            let written = self.file.write_all_at(&bytes, at).and_then(|()| self.file.sync_data());
            written.map_err(|source| BallotError::Disk { path: self.path.clone(), source })?;
        }
        Ok(())
    }
}

fn encode(writes: u64, ballot: &Ballot) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    FORMAT_VERSION.encode(&mut bytes);
    0_u32.encode(&mut bytes);
    writes.encode(&mut bytes);
    ballot.encode(&mut bytes);
    assert!(bytes.len() <= COPY_BYTES, "a vote and a log id are short");
    bytes.resize(COPY_BYTES, 0);
    let crc = checksum(&bytes);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8], at: usize) -> Option<(u64, Ballot)> {
    let copy = bytes.get(at..at + COPY_BYTES)?;
    let stored = u32::from_le_bytes([copy[12], copy[13], copy[14], copy[15]]);
    let is_whole = copy[..8] == MAGIC && copy[8..12] == FORMAT_VERSION.to_le_bytes();
    if !is_whole || stored != checksum(copy) {
        return None;
    }
    let mut reader = Reader::new(&copy[16..]);
    let writes = u64::decode(&mut reader).ok()?;
    Some((writes, Ballot::decode(&mut reader).ok()?))
}

fn checksum(copy: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&copy[..12]), &copy[16..])
}

impl Codec for Ballot {
    fn encode(&self, out: &mut Vec<u8>) {
        self.vote.is_some().encode(out);
        if let Some(vote) = &self.vote {
            wire::log::encode_vote(vote, out);
        }
        self.dropped.is_some().encode(out);
        if let Some((log_id, seq)) = &self.dropped {
            wire::log::encode_log_id(log_id, out);
            seq.encode(out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Ballot, DecodeError> {
        let vote = bool::decode(reader)?.then(|| wire::log::decode_vote(reader)).transpose()?;
        let dropped = bool::decode(reader)?
            .then(|| Ok((wire::log::decode_log_id(reader)?, Seq::decode(reader)?)))
            .transpose()?;
        Ok(Ballot { vote, dropped })
    }
}
