//! A node's part of the replicated log: the journal as it is in production, and what the model of
//! consensus needs to know of each entry.
//!
//! ```text
//!   journal   stamp (term, index, committed, count) │ batch │ stamp │ batch …
//!   rows      one an entry, from the last snapshot on, with its bytes
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use std::collections::VecDeque;

use journal::{Journal, Kind, Options, Place, ReadError, Reader, read_span_on};
use replica::batch;
use types::{At, Seq};

use crate::disk::Disk;

/// Rows that stay in memory behind a snapshot, for followers that are a little late.
const KEPT_BEHIND: u64 = 200;
/// Newer entries are sent from memory, older ones are read back from the files.
const RECENT: u64 = 8;
const STAMP_BYTES: usize = 28;

/// A place in the replicated log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogId {
    /// In which term it was proposed.
    pub term: u64,
    /// Where, from 1; 0 is before the log.
    pub index: u64,
}

/// One entry of the replicated log: a batch, or nothing but the beginning of a term.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// Where.
    pub id: LogId,
    /// How many commands.
    pub count: u32,
    /// `at` and the commands, as in production.
    pub body: Rc<[u8]>,
    /// By which its proposers know each command. They are not in the journal.
    pub tags: Rc<[u64]>,
}

#[derive(Clone, Debug)]
struct Row {
    entry: LogEntry,
    /// The last seq that it gave, or that the one before it gave.
    last: Seq,
    /// Where its stamp stands and where it ends.
    place: Place,
    end: usize,
}

/// The log of one node, in one life.
#[derive(Debug)]
pub struct Log {
    journal: Journal<Disk>,
    disk: Disk,
    dir: PathBuf,
    /// What is before the rows.
    base: (LogId, Seq),
    rows: VecDeque<Row>,
    at: At,
    /// How many entries were committed when the newest one was written.
    committed: u64,
    /// The last entry that is on disk, as far as the disk says.
    durable: LogId,
}

/// Why a log does not open.
#[derive(Debug)]
pub enum LogError {
    /// What is on disk is damaged, and says so.
    Damaged(String),
    /// The disk does not work.
    Disk(String),
}

impl From<String> for LogError {
    fn from(words: String) -> LogError {
        LogError::Damaged(words)
    }
}

impl From<&str> for LogError {
    fn from(words: &str) -> LogError {
        LogError::Damaged(words.to_owned())
    }
}

impl From<ReadError> for LogError {
    fn from(error: ReadError) -> LogError {
        match error {
            ReadError::Disk { .. } => LogError::Disk(error.to_string()),
            ReadError::Corrupt(_) | ReadError::Missing { .. } => {
                LogError::Damaged(error.to_string())
            }
        }
    }
}

impl Log {
    /// Opens the journal of a directory, with segments of so many bytes. `base` is the snapshot
    /// that the node begins with.
    pub fn open(
        disk: &Disk,
        (dir, segment_bytes): (&Path, u64),
        base: (LogId, Seq),
    ) -> Result<Log, LogError> {
        let segment_bytes = usize::try_from(segment_bytes).unwrap_or(usize::MAX);
        let options = Options { segment_bytes, reserve_bytes: 1 << 12 };
        let (journal, opened) = Journal::open_on(disk.clone(), dir, options).map_err(|error| {
            let words = error.to_string();
            match error {
                journal::OpenError::Disk { .. } => LogError::Disk(words),
                _ => LogError::Damaged(words),
            }
        })?;
        let mut log = Log {
            journal,
            disk: disk.clone(),
            dir: dir.to_path_buf(),
            base: (LogId::default(), Seq(0)),
            rows: VecDeque::new(),
            at: At(0),
            committed: 0,
            durable: LogId::default(),
        };
        let orphan = log.load(opened.first)?;
        if log.base.0.index == base.0.index {
            log.base = base;
        }
        let failed = |error: io::Error| LogError::Disk(error.to_string());
        if let Some(cut) = orphan {
            log.cut(Some(cut)).map_err(failed)?;
        }
        if log.last().index < base.0.index {
            // A snapshot of a leader is newer than everything here.
            log.restart(base).map_err(failed)?;
        }
        log.durable = log.last();
        Ok(log)
    }

    /// Reads the rows. Returns where a stamp stands whose batch was torn off.
    fn load(&mut self, first: Seq) -> Result<Option<(Place, Seq)>, LogError> {
        let disk = self.disk.clone();
        let mut reader = Reader::open_on(&disk, &self.dir, first)?;
        let mut waiting: Option<(Stamp, Place)> = None;
        while let Some(record) = reader.next_record()? {
            let (kind, count, body): (_, _, Rc<[u8]>) =
                (record.kind, record.count, record.body.into());
            let (place, end) = reader.record_place();
            match kind {
                Kind::Stamp => {
                    let stamp = Stamp::decode(&body).ok_or("a stamp of another length")?;
                    match stamp.count {
                        0 => self.take(stamp, Rc::new([]), (place, end))?,
                        _ => waiting = Some((stamp, place)),
                    }
                }
                Kind::Batch => {
                    let (stamp, place) = waiting.take().ok_or("a batch without a stamp")?;
                    if stamp.count != count {
                        let words = format!("a stamp of {} before {count} commands", stamp.count);
                        return Err(words.into());
                    }
                    self.take(stamp, body, (place, end))?;
                }
                Kind::Root | Kind::Seal => {}
            }
        }
        Ok(waiting.map(|(_, place)| (place, self.last_seq().next())))
    }

    fn take(
        &mut self,
        stamp: Stamp,
        body: Rc<[u8]>,
        (place, end): (Place, usize),
    ) -> Result<(), LogError> {
        let Stamp { id, committed, count } = stamp;
        if self.rows.is_empty() {
            let before = LogId { term: 0, index: id.index - 1 };
            self.base = (before, Seq(place.segment.0 - 1).max(self.base.1));
        }
        if id.index != self.last().index + 1 || id.term < self.last().term {
            return Err(format!("{id:?} follows {:?}", self.last()).into());
        }
        self.committed = committed;
        self.push(LogEntry { id, count, body, tags: Rc::new([]) }, (place, end));
        Ok(())
    }

    fn push(&mut self, entry: LogEntry, (place, end): (Place, usize)) {
        let last = Seq(self.last_seq().0 + u64::from(entry.count));
        if entry.count != 0 {
            self.at = self.at.max(batch::at(&entry.body));
        }
        self.rows.push_back(Row { entry, last, place, end });
    }

    /// Appends, and makes it durable.
    pub fn append(&mut self, entries: &[LogEntry], committed: u64) -> io::Result<()> {
        for entry in entries {
            let stamp = Stamp { id: entry.id, committed, count: entry.count }.encode();
            let place = self.journal.append_stamped(&stamp, entry.count, &entry.body);
            let place = place.map_err(io::Error::other)?;
            let end = self.journal.end();
            self.push(entry.clone(), (place, end));
        }
        self.journal.sync().map_err(io::Error::other)?;
        self.durable = self.last();
        Ok(())
    }

    /// Drops what comes after `index`.
    pub fn truncate(&mut self, index: u64) -> io::Result<()> {
        while index < self.last().index {
            self.rows.pop_back();
        }
        self.durable = self.durable.min(self.last());
        let last = self.rows.back();
        let cut = last
            .map(|row| (Place { segment: row.place.segment, offset: row.end }, row.last.next()));
        self.cut(cut)?;
        let batches = self.rows.iter().filter(|row| row.entry.count != 0);
        self.at = batches.map(|row| batch::at(&row.entry.body)).max().unwrap_or_default();
        Ok(())
    }

    fn cut(&mut self, cut: Option<(Place, Seq)>) -> io::Result<()> {
        let cut = match cut {
            Some((place, next)) => self.journal.truncate(place, next),
            None => self.journal.restart_at(self.base.1.next()),
        };
        cut.map_err(io::Error::other)
    }

    /// Drops everything: a snapshot has taken its place.
    pub fn restart(&mut self, base: (LogId, Seq)) -> io::Result<()> {
        self.rows.clear();
        (self.base, self.durable) = (base, base.0);
        self.journal.restart_at(base.1.next()).map_err(io::Error::other)
    }

    /// Forgets, in memory, what is well behind a snapshot at `index`.
    pub fn forget(&mut self, index: u64) {
        while self.rows.front().is_some_and(|row| row.entry.id.index + KEPT_BEHIND < index) {
            let row = self.rows.pop_front().expect("just seen");
            self.base = (row.entry.id, row.last);
        }
    }

    /// The index after which its rows begin.
    pub fn base(&self) -> u64 {
        self.base.0.index
    }

    /// The last entry.
    pub fn last(&self) -> LogId {
        self.rows.back().map_or(self.base.0, |row| row.entry.id)
    }

    /// The last entry that it may have said to have.
    pub fn durable(&self) -> LogId {
        self.durable
    }

    /// The last seq, committed or not.
    pub fn last_seq(&self) -> Seq {
        self.rows.back().map_or(self.base.1, |row| row.last)
    }

    /// The log's time of its last batch.
    pub fn at(&self) -> At {
        self.at
    }

    /// How many entries were known to be committed when the last one was written.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// The id of an entry, or of what is before the first one; `None`: it is not known here.
    pub fn id(&self, index: u64) -> Option<LogId> {
        if index == self.base.0.index {
            return Some(self.base.0);
        }
        self.row(index).map(|row| row.entry.id)
    }

    /// An entry.
    pub fn entry(&self, index: u64) -> Option<&LogEntry> {
        self.row(index).map(|row| &row.entry)
    }

    /// Entries from an index on, at most so many; `None` if they are not here any more. Those that
    /// are not new are read from the files, as in production.
    pub fn entries(&self, from: u64, most: usize) -> io::Result<Option<Vec<LogEntry>>> {
        let first = from.checked_sub(self.base.0.index + 1);
        let Some(first) = first.and_then(|first| usize::try_from(first).ok()) else {
            return Ok(None);
        };
        let rows = self.rows.range(first.min(self.rows.len())..);
        let mut entries = Vec::new();
        for row in rows.take(most) {
            match row.entry.id.index + RECENT <= self.last().index {
                true => entries.extend(self.read_back(row)?),
                false => entries.push(row.entry.clone()),
            }
        }
        Ok(Some(entries))
    }

    /// An entry from the file. Who proposed its commands only memory knows.
    fn read_back(&self, row: &Row) -> io::Result<Option<LogEntry>> {
        let (mut stamp, mut body) = (None, Rc::from([]));
        read_span_on(&self.disk, &self.dir, (row.place, row.end), |record| match record.kind {
            Kind::Stamp => stamp = Stamp::decode(record.body),
            Kind::Batch => body = record.body.into(),
            Kind::Root | Kind::Seal => {}
        })
        .map_err(io::Error::other)?;
        let tags = row.entry.tags.clone();
        Ok(stamp.map(|Stamp { id, count, .. }| LogEntry { id, count, body, tags }))
    }

    fn row(&self, index: u64) -> Option<&Row> {
        let nth = index.checked_sub(self.base.0.index + 1)?;
        self.rows.get(usize::try_from(nth).ok()?)
    }
}

/// What stands before each entry.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    id: LogId,
    committed: u64,
    count: u32,
}

impl Stamp {
    fn encode(&self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0; STAMP_BYTES];
        bytes[..8].copy_from_slice(&self.id.term.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.id.index.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.committed.to_le_bytes());
        bytes[24..].copy_from_slice(&self.count.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Stamp> {
        let bytes: &[u8; STAMP_BYTES] = bytes.try_into().ok()?;
        let long = |at: usize| bytes[at..].first_chunk().map(|one| u64::from_le_bytes(*one));
        let id = LogId { term: long(0)?, index: long(8)? };
        let count = u32::from_le_bytes(*bytes[24..].first_chunk()?);
        Some(Stamp { id, committed: long(16)?, count })
    }
}

/// Where a snapshot stands in the replicated log, as its position.
pub fn position(id: LogId) -> Vec<u8> {
    Stamp { id, committed: id.index, count: 0 }.encode().to_vec()
}

/// Reads the position of a snapshot.
pub fn place_of(position: &[u8]) -> Option<LogId> {
    Stamp::decode(position).map(|stamp| stamp.id)
}

/// The directory of a node.
pub fn home(scratch: &Path, node: u32) -> PathBuf {
    scratch.join(format!("node-{node}"))
}
