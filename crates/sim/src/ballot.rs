//! In which term a node is and whom it voted for, on its disk: two copies, one written after the
//! other, so that a crash leaves one of them whole.

use std::io;
use std::path::{Path, PathBuf};

use journal::{Disk as _, Source as _};

use crate::disk::{Disk, OpenFile};

const COPIES: [usize; 2] = [0, 4096];
const COPY_BYTES: usize = 28;

/// What must not be forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ballot {
    /// The highest term that was heard of.
    pub term: u64,
    /// Whom this node voted for in it; zero: nobody.
    pub voted: u32,
}

/// The file.
#[derive(Debug)]
pub struct BallotFile {
    disk: Disk,
    file: OpenFile,
    writes: u64,
    ballot: Ballot,
    /// There was none.
    is_new: bool,
}

impl BallotFile {
    /// Opens the file of a directory, or makes it.
    pub fn open(disk: &Disk, dir: &Path) -> io::Result<BallotFile> {
        let (mut disk, path): (_, PathBuf) = (disk.clone(), dir.join("ballot"));
        let bytes = match disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let newest = COPIES.iter().filter_map(|at| decode(bytes.get(*at..*at + COPY_BYTES)?));
        let newest = newest.max_by_key(|(writes, _)| *writes);
        let (writes, ballot) = match newest {
            Some(found) => found,
            None if bytes.iter().all(|byte| *byte == 0) => (0, Ballot::default()),
            None => {
                let words = "both copies of the ballot are damaged";
                return Err(io::Error::new(io::ErrorKind::InvalidData, words));
            }
        };
        let file = match bytes.is_empty() && !path.exists() {
            true => disk.create(&path)?,
            false => disk.open(&path)?,
        };
        let is_new = writes == 0;
        disk.sync_dir(dir)?;
        Ok(BallotFile { disk, file, writes, ballot, is_new })
    }

    /// Before a node takes part: writes anew what was found, of which one copy may be damaged.
    /// False: it has a log, and has forgotten what it promised.
    pub fn renew(&mut self, has_entries: bool) -> io::Result<bool> {
        if self.is_new && has_entries {
            return Ok(false);
        }
        self.write(self.ballot).map(|()| true)
    }

    /// What is in force.
    pub fn get(&self) -> Ballot {
        self.ballot
    }

    /// Returns when both copies are durable.
    pub fn write(&mut self, ballot: Ballot) -> io::Result<()> {
        self.writes += 1;
        let bytes = encode(self.writes, ballot);
        for at in [0, 4096] {
            self.disk.write_at(&mut self.file, &bytes, at)?;
            self.disk.sync(&mut self.file)?;
        }
        self.ballot = ballot;
        Ok(())
    }
}

fn encode(writes: u64, ballot: Ballot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(COPY_BYTES);
    bytes.extend_from_slice(&writes.to_le_bytes());
    bytes.extend_from_slice(&ballot.term.to_le_bytes());
    bytes.extend_from_slice(&u64::from(ballot.voted).to_le_bytes());
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(u64, Ballot)> {
    let (content, crc) = bytes.split_at_checked(COPY_BYTES - 4)?;
    if crc32c::crc32c(content).to_le_bytes() != crc {
        return None;
    }
    let long = |nth: usize| {
        let chunk = content.get(nth * 8..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*chunk))
    };
    let ballot = Ballot { term: long(1)?, voted: u32::try_from(long(2)?).ok()? };
    Some((long(0)?, ballot))
}
