//! The replicated log over our journal.
//!
//! ```text
//!   append ─▶ rows, recent (readable at once) ─▶ Writer's thread: one sync a group ─▶ flushed
//!                 ▲                                              │ places
//!   read ─────────┴── recent entries from memory, older ones from the files ◀┘
//! ```
//! A row a log entry says where it stands; the newest entries are kept whole, because followers,
//! the engine and a restart read them. What is kept is bounded by [`RECENT_BYTES_MAX`]; an entry
//! that is not on disk, or that the engine has not taken, stays in any case: the first because it
//! is nowhere else, the second because only memory knows who waits for its outcome.
//!
//! Reading is done on the caller's thread, in spans of at most [`READ_BYTES_MAX`].

use std::collections::VecDeque;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{Stream, stream};
use journal::{Kind, Place, Reader, read_span};
use openraft::entry::EntryPayload;
use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};
use types::codec::Codec;
use types::{At, Seq};

use super::ballot::Ballot;
use super::stamp::{Ordered, Stamp};
use super::types::{Batch, Entry, LogId, Types, Vote};
use super::writer::{Job, Writer};
use crate::batch;

/// Bytes of entries that are kept in memory once they are on disk and applied.
pub const RECENT_BYTES_MAX: usize = 64 << 20;
/// Bytes of entries that are read and sent at once; one entry may have more. Whatever else the
/// cluster's thread has to do waits meanwhile, and a commit has to pass it several times.
pub const READ_BYTES_MAX: usize = 256 << 10;

/// The log of a domain on this node. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    shared: Arc<Shared>,
    writer: Writer,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    rows: Mutex<Rows>,
}

/// What is known of the log in memory.
#[derive(Debug, Default)]
struct Rows {
    ballot: Ballot,
    /// From the entry after the last one that was dropped on.
    rows: VecDeque<Row>,
    /// The newest entries, whole: the last of `rows`.
    recent: VecDeque<Entry>,
    recent_bytes: usize,
    /// Entries below this index were handed to the engine.
    applied: u64,
    /// Entries below this index are committed.
    committed: u64,
    /// The log's time of the last batch.
    at: At,
    /// The last snapshot that was installed, and the last seq that it includes.
    snapshot: Option<(LogId, Seq)>,
}

/// One entry of the replicated log.
#[derive(Clone, Copy, Debug)]
struct Row {
    log_id: LogId,
    /// The last seq that it gave, or that the one before it gave.
    last: Seq,
    bytes: usize,
    /// Where its stamp stands and where its batch ends, once it is synced.
    span: Option<(Place, usize)>,
}

impl Rows {
    /// Index of the first entry that is there, or would be.
    fn first(&self) -> u64 {
        self.ballot.dropped.map_or(0, |(log_id, _)| log_id.index + 1)
    }

    /// Index behind the last entry.
    fn end(&self) -> u64 {
        self.first() + count(self.rows.len())
    }

    fn recent_first(&self) -> u64 {
        self.end() - count(self.recent.len())
    }

    fn row(&self, index: u64) -> Option<&Row> {
        self.rows.get(usize::try_from(index.checked_sub(self.first())?).ok()?)
    }

    fn last_log_id(&self) -> Option<LogId> {
        let dropped = self.ballot.dropped.map(|(log_id, _)| log_id);
        self.rows.back().map(|row| row.log_id).or(dropped)
    }

    fn last_seq(&self) -> Seq {
        let dropped = self.ballot.dropped.map_or(Seq(0), |(_, seq)| seq);
        self.rows.back().map_or(dropped, |row| row.last)
    }

    fn push(&mut self, entry: Entry, span: Option<(Place, usize)>) {
        let mut last = self.last_seq();
        if let EntryPayload::Normal(batch) = &entry.payload {
            last = Seq(last.0 + u64::from(batch.count));
            self.at = self.at.max(batch::at(&batch.body));
        }
        assert_eq!(entry.log_id.index, self.end(), "a log has no holes");
        let bytes = entry_bytes(&entry);
        self.rows.push_back(Row { log_id: entry.log_id, last, bytes, span });
        self.recent_bytes += bytes;
        self.recent.push_back(entry);
    }

    fn forget_old(&mut self) {
        while RECENT_BYTES_MAX < self.recent_bytes {
            let first = self.recent_first();
            let on_disk = self.row(first).is_some_and(|row| row.span.is_some());
            if !on_disk || self.applied <= first {
                return;
            }
            let bytes = self.recent.pop_front().map_or(0, |entry| entry_bytes(&entry));
            self.recent_bytes -= bytes;
        }
    }

    /// Keeps the entries below `end` only.
    fn truncate(&mut self, end: u64) {
        let kept = usize::try_from(end.saturating_sub(self.first())).unwrap_or(usize::MAX);
        let kept_recent = end.saturating_sub(self.recent_first());
        self.rows.truncate(kept);
        self.recent.truncate(usize::try_from(kept_recent).unwrap_or(usize::MAX));
        self.recent_bytes = self.recent.iter().map(entry_bytes).sum();
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Bytes that an entry takes, more or less.
fn entry_bytes(entry: &Entry) -> usize {
    match &entry.payload {
        EntryPayload::Normal(batch) => 64 + batch.body.len() + 16 * batch.asked.len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 64,
    }
}

impl Log {
    /// The log of a directory, whose journal and ballot the writer has.
    pub(crate) fn load(
        dir: PathBuf,
        ballot: Ballot,
        writer: Writer,
    ) -> Result<(Log, Loaded), io::Error> {
        let mut rows = Rows { ballot, ..Rows::default() };
        let loaded = load_rows(&dir, &mut rows)?;
        let shared = Arc::new(Shared { dir, rows: Mutex::new(rows) });
        Ok((Log { shared, writer }, loaded))
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        // Nothing in here stops half way, so a panic elsewhere leaves it whole.
        self.shared.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log's time of its last batch.
    pub(crate) fn at(&self) -> At {
        self.rows().at
    }

    /// The last seq of the log, committed or not.
    pub(crate) fn last_seq(&self) -> Seq {
        self.rows().last_seq()
    }

    /// The last seq that an entry gave, if it is still known.
    pub(crate) fn last_seq_of(&self, log_id: LogId) -> Option<Seq> {
        self.rows().row(log_id.index).filter(|row| row.log_id == log_id).map(|row| row.last)
    }

    /// Index behind the last entry; 0 of a log that never had one.
    pub(crate) fn end(&self) -> u64 {
        self.rows().end()
    }

    /// Everything that has been appended is on disk when it returns.
    pub(crate) async fn flush(&self) -> Result<(), io::Error> {
        self.writer.run(|done| Job::Flush { done }).await
    }

    /// A snapshot takes the place of everything up to this entry.
    pub(crate) fn note_snapshot(&self, log_id: LogId, seq: Seq) {
        self.rows().snapshot = Some((log_id, seq));
    }

    /// The last seq of the snapshot that was installed last; 0 if none was.
    pub(crate) fn installed(&self) -> Seq {
        self.rows().snapshot.map_or(Seq(0), |(_, seq)| seq)
    }

    /// The engine has everything up to this entry.
    pub(crate) fn note_applied(&self, log_id: LogId) {
        let mut rows = self.rows();
        rows.applied = rows.applied.max(log_id.index + 1);
        rows.forget_old();
    }

    /// An entry and what stands before it are synced.
    pub(crate) fn note_written(&self, log_id: LogId, span: (Place, usize)) {
        let mut rows = self.rows();
        let first = rows.first();
        let index = log_id.index.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        // An entry that was cut off or dropped meanwhile has no row, or another's.
        let row = index.and_then(|index| rows.rows.get_mut(index));
        if let Some(row) = row.filter(|row| row.log_id == log_id) {
            row.span = Some(span);
        }
        rows.forget_old();
    }

    /// Where an entry ends; the first one's place for none.
    fn end_of(&self, index: Option<u64>) -> Option<(Place, Seq)> {
        let rows = self.rows();
        let row = rows.row(index?)?;
        let (place, end) = row.span?;
        Some((Place { segment: place.segment, offset: end }, row.last.next()))
    }

    fn read(&self, begin: u64, end: u64, bytes_max: usize) -> Result<Vec<Entry>, io::Error> {
        let (mut spans, mut entries) = (Vec::new(), Vec::new());
        {
            let rows = self.rows();
            let (begin, end) = (begin.max(rows.first()), end.min(rows.end()));
            let (mut bytes, recent_first) = (0, rows.recent_first());
            for index in begin..end {
                let row = rows.row(index).expect("the range was cut to what is there");
                if bytes != 0 && bytes_max < bytes + row.bytes {
                    break;
                }
                bytes += row.bytes;
                if index < recent_first {
                    spans.push(row.span.expect("what is not in memory is on disk"));
                } else {
                    let at = usize::try_from(index - recent_first).unwrap_or(usize::MAX);
                    entries.push(rows.recent[at].clone());
                }
            }
        }
        let mut read = self.read_spans(&spans)?;
        read.append(&mut entries);
        Ok(read)
    }

    fn read_spans(&self, spans: &[(Place, usize)]) -> Result<Vec<Entry>, io::Error> {
        let mut entries = Vec::with_capacity(spans.len());
        for (place, end) in spans {
            let mut assembly = Assembly::default();
            let mut flaw = None;
            let read = read_span(&self.shared.dir, *place, *end, |record| {
                flaw = flaw.take().or(assembly.take(record).err());
            });
            read.map_err(io::Error::other)?;
            if let Some(flaw) = flaw {
                return Err(flaw);
            }
            entries.extend(assembly.finish().map(|(entry, _)| entry));
        }
        Ok(entries)
    }

    /// Entries from `begin` on, read as they are asked for.
    fn stream(self, begin: u64, end: u64) -> impl Stream<Item = Result<Entry, io::Error>> + Send {
        let state = (self, begin, VecDeque::new());
        stream::unfold(state, move |(log, mut next, mut ready)| async move {
            if ready.is_empty() && next < end {
                match log.read(next, end, READ_BYTES_MAX) {
                    Ok(entries) => {
                        next += count(entries.len());
                        ready = entries.into();
                    }
                    Err(error) => return Some((Err(error), (log, end, VecDeque::new()))),
                }
            }
            let entry = ready.pop_front()?;
            Some((Ok(entry), (log, next, ready)))
        })
    }
}

/// A stamp and what belongs to it, on the way to an entry.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    stamp: Option<Stamp>,
    batch: Option<Batch>,
}

impl Assembly {
    /// Takes the next record of the journal.
    pub(crate) fn take(&mut self, record: journal::Record<'_>) -> Result<(), io::Error> {
        match record.kind {
            Kind::Stamp => {
                let stamp = Stamp::from_bytes(record.body).map_err(io::Error::other)?;
                self.stamp = Some(stamp);
                self.batch = None;
            }
            Kind::Batch => {
                let (count, body) = (record.count, record.body.into());
                self.batch = Some(Batch { count, body, asked: Arc::new([]) });
            }
            Kind::Root | Kind::Seal => {}
        }
        Ok(())
    }

    /// The entry, if its batch has come, and how many were committed before it.
    pub(crate) fn finish(&mut self) -> Option<(Entry, u64)> {
        let is_batch = matches!(self.stamp.as_ref()?.ordered, Ordered::Batch);
        if is_batch != self.batch.is_some() {
            return None;
        }
        let Stamp { log_id, committed, ordered } = self.stamp.take()?;
        let payload = match (ordered, self.batch.take()) {
            (Ordered::Members(members), _) => EntryPayload::Membership(members),
            (Ordered::Batch, Some(batch)) => EntryPayload::Normal(batch),
            (Ordered::Blank | Ordered::Batch, _) => EntryPayload::Blank,
        };
        Some((Entry { log_id, payload }, committed))
    }
}

/// What the journal held.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Where a stamp stands whose batch a crash has torn off, and the seq that would come there.
    pub orphan: Option<(Place, Seq)>,
    /// The log ends before what was dropped: a snapshot has to take its place.
    pub is_behind: bool,
    /// There is an entry.
    pub has_entries: bool,
    /// There are batches without stamps: it is the log of a single machine.
    pub is_unstamped: bool,
}

fn load_rows(dir: &std::path::Path, rows: &mut Rows) -> Result<Loaded, io::Error> {
    let mut loaded = Loaded::default();
    let first = journal::segment::list(dir)?.first().map_or(Seq(1), |(seq, _)| *seq);
    let mut reader = Reader::open(dir, first).map_err(io::Error::other)?;
    let mut assembly = Assembly::default();
    let (mut begin, mut highest) = (None, None);
    while let Some(record) = reader.next_record().map_err(io::Error::other)? {
        let is_stamp = record.kind == Kind::Stamp;
        loaded.is_unstamped |= record.kind == Kind::Batch && begin.is_none();
        let seq = record.seq;
        assembly.take(record)?;
        let (place, end) = reader.record_place();
        if is_stamp {
            begin = Some((place, seq.next()));
        }
        let Some((entry, committed)) = assembly.finish() else { continue };
        highest = Some(entry.log_id);
        let (place, _) = begin.take().expect("an entry begins with a stamp");
        rows.committed = rows.committed.max(committed);
        if rows.first() <= entry.log_id.index {
            rows.push(entry, Some((place, end)));
            // What was applied before the start is not known here: a snapshot says it.
            rows.applied = rows.end();
            rows.forget_old();
        } else if let EntryPayload::Normal(batch) = &entry.payload {
            rows.at = rows.at.max(batch::at(&batch.body));
        }
    }
    loaded.orphan = begin;
    let dropped = rows.ballot.dropped.map(|(log_id, _)| log_id);
    loaded.has_entries = highest.is_some();
    loaded.is_behind = highest < dropped;
    rows.applied = 0;
    Ok(loaded)
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + std::fmt::Debug + Send>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        let (begin, end) = bounds(&range);
        self.read(begin, end, usize::MAX)
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, io::Error> {
        self.read(start, end, READ_BYTES_MAX)
    }

    async fn entries_stream<RB: RangeBounds<u64> + Clone + std::fmt::Debug + Send>(
        &mut self,
        range: RB,
    ) -> impl Stream<Item = Result<Entry, io::Error>> + Send {
        let (begin, end) = bounds(&range);
        self.clone().stream(begin, end)
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.rows().ballot.vote)
    }
}

fn bounds(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let begin = match range.start_bound() {
        Bound::Included(begin) => *begin,
        Bound::Excluded(before) => before + 1,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => u64::MAX,
    };
    (begin, end)
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Log;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, io::Error> {
        let rows = self.rows();
        let last_purged_log_id = rows.ballot.dropped.map(|(log_id, _)| log_id);
        Ok(LogState { last_purged_log_id, last_log_id: rows.last_log_id() })
    }

    async fn get_log_reader(&mut self) -> Log {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let ballot = Ballot { vote: Some(*vote), ..self.rows().ballot };
        self.writer.run(|done| Job::Ballot { ballot, done }).await?;
        self.rows().ballot = ballot;
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), io::Error> {
        let mut rows = self.rows();
        rows.committed = rows.committed.max(committed.map_or(0, |log_id| log_id.index + 1));
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, io::Error> {
        let rows = self.rows();
        let last = rows.committed.min(rows.end()).checked_sub(1);
        Ok(last.and_then(|index| rows.row(index)).map(|row| row.log_id))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + Send,
        I::IntoIter: Send,
    {
        let mut appended = Vec::new();
        {
            let mut rows = self.rows();
            let committed = rows.committed;
            for entry in entries {
                appended.push((entry.clone(), committed));
                rows.push(entry, None);
            }
        }
        self.writer.send(Job::Append { appended, callback })
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let kept = last.map(|log_id| log_id.index);
        self.flush().await?;
        let cut = self.end_of(kept);
        self.rows().truncate(kept.map_or(0, |index| index + 1));
        let next = self.rows().last_seq().next();
        self.writer.run(|done| Job::Truncate { cut, next, done }).await
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        let (ballot, is_all) = {
            let mut rows = self.rows();
            let known = rows.row(log_id.index).map(|row| row.last);
            let installed = rows.snapshot.filter(|(installed, _)| *installed == log_id);
            let last = known.or(installed.map(|(_, seq)| seq));
            let seq = last.ok_or_else(|| {
                io::Error::other(format!("no snapshot says which seq {log_id} has"))
            })?;
            let is_all = known.is_none();
            let ballot = Ballot { dropped: Some((log_id, seq)), ..rows.ballot };
            let n_rows = usize::try_from((log_id.index + 1).saturating_sub(rows.first()));
            let n_rows = n_rows.unwrap_or(usize::MAX).min(rows.rows.len());
            rows.rows.drain(..n_rows);
            let surplus = rows.recent.len().saturating_sub(rows.rows.len());
            rows.recent.drain(..surplus);
            rows.recent_bytes = rows.recent.iter().map(entry_bytes).sum();
            rows.ballot = ballot;
            (ballot, is_all)
        };
        self.writer.run(|done| Job::Ballot { ballot, done }).await?;
        match (is_all, ballot.dropped) {
            (true, Some((_, seq))) => {
                self.writer.run(|done| Job::Restart { first: seq.next(), done }).await
            }
            _ => Ok(()),
        }
    }
}
