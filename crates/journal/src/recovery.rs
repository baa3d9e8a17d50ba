//! What a journal holds when it is opened: all of it, all but a torn tail, or damage.
//!
//! ```text
//!   a flaw, and behind it …                             it is           and the journal
//!   a whole record written after the place was synced   damage          does not open
//!   another segment                                     damage          does not open
//!   nothing, or records of the same unsynced group      a torn write    opens without it, says so
//! ```
//! A torn write was never acknowledged: its sync never returned. So nothing that anybody was told
//! is cut off. A segment whose header is torn held no record, because the header is synced first.
//!
//! [`check`] reads everything and changes nothing. It may run beside a server that writes. What
//! cannot be read is an error, and neither damage nor the end: nobody knows what is there.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use types::Seq;
use types::planted::{self, Bug};

use crate::disk::{Disk, OsDisk, Source};
use crate::journal::Segment;
use crate::segment::{self, Corruption, Cursor, Flaw, Header, Link, TornTail};

/// Why a journal does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refused.
    #[error("{path}: {source}", path = path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it open.
    #[error(
        "{dir} is in use by another process, which holds {dir}/LOCK: one process writes a journal; \
         stop it first", dir = dir.display()
    )]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// Damage.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
}

/// What was found in a directory.
#[derive(Debug)]
pub struct Opened {
    /// Seq of the first entry that is there.
    pub first: Seq,
    /// Seq of the entry that comes next.
    pub next: Seq,
    /// What a crash left behind the last whole record.
    pub torn: Option<TornTail>,
    /// Segments.
    pub segments: usize,
    /// Bytes of records and headers, without the reserve.
    pub bytes: u64,
    last: Option<Last>,
    /// A segment that a crash left without a header.
    headless: Option<PathBuf>,
}

/// The last segment.
#[derive(Debug)]
struct Last {
    first: Seq,
    path: PathBuf,
    cursor: Cursor,
    file_bytes: usize,
    torn: bool,
}

impl OpenError {
    pub(crate) fn disk(path: &Path, source: io::Error) -> OpenError {
        OpenError::Disk { path: path.to_path_buf(), source }
    }
}

impl Opened {
    /// True if the last segment ends with a seal.
    pub(crate) fn is_sealed(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.cursor.is_sealed())
    }
}

/// Keeps every other process from writing here.
pub(crate) fn lock(dir: &Path) -> Result<File, OpenError> {
    fs::create_dir_all(dir).map_err(|source| OpenError::disk(dir, source))?;
    let path = dir.join("LOCK");
    let file = File::create(&path).map_err(|source| OpenError::disk(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(OpenError::disk(&path, source)),
    }
}

/// Reads every byte of a journal, and changes none.
pub fn check(dir: &Path) -> Result<Opened, OpenError> {
    check_on(&OsDisk, dir)
}

/// Reads every byte of a journal from `source`.
pub fn check_on<S: Source>(source: &S, dir: &Path) -> Result<Opened, OpenError> {
    let mut files = segment::list(dir).map_err(|source| OpenError::disk(dir, source))?;
    let mut opened = Opened {
        first: files.first().map_or(Seq(1), |(first, _)| *first),
        next: Seq(1),
        torn: None,
        segments: 0,
        bytes: 0,
        last: None,
        headless: None,
    };
    let Some((last, path)) = files.pop() else { return Ok(opened) };
    for (first, path) in files {
        opened.check_closed(source, first, &path)?;
    }
    opened.check_last(source, last, path)?;
    Ok(opened)
}

impl Opened {
    /// A segment that has a successor must be whole.
    fn check_closed<S: Source>(
        &mut self,
        source: &S,
        first: Seq,
        path: &Path,
    ) -> Result<(), OpenError> {
        let bytes = source.read(path).map_err(|source| OpenError::disk(path, source))?;
        let previous = self.last.as_ref().map(|last| last.cursor.link());
        let (cursor, torn) = check_segment(&bytes, first, previous)?;
        if torn != 0 || cursor.offset() != bytes.len() {
            let behind = u64::try_from(bytes.len() - cursor.offset()).unwrap_or(u64::MAX);
            let flaw = Flaw::Behind { bytes: behind };
            return Err(corruption(first, cursor.link().length, flaw).into());
        }
        self.pass(first, path.to_path_buf(), cursor, bytes.len(), false);
        Ok(())
    }

    fn check_last<S: Source>(
        &mut self,
        source: &S,
        first: Seq,
        path: PathBuf,
    ) -> Result<(), OpenError> {
        let read = || match source.read(&path) {
            Err(_) if planted::is(Bug::ReadErrorIsEnd) => Ok(Vec::new()),
            read => read.map_err(|source| OpenError::disk(&path, source)),
        };
        let previous = self.last.as_ref().map(|last| last.cursor.link());
        let mut bytes = read()?;
        if self.is_headless(&bytes, first) {
            self.torn = torn_tail(first, 0, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            self.headless = Some(path);
            if self.last.is_none() {
                self.next = first;
            }
            return Ok(());
        }
        let mut checked = check_segment(&bytes, first, previous);
        if checked.is_err() {
            // A server may write while we read: what stays wrong in a second reading is wrong.
            bytes = read()?;
            checked = check_segment(&bytes, first, previous);
        }
        let (cursor, torn) = checked?;
        self.torn = torn_tail(first, cursor.link().length, torn);
        self.pass(first, path, cursor, bytes.len(), torn != 0);
        Ok(())
    }

    /// True if a crash came between the making of the file and the sync of its header. Alone it is
    /// the beginning of a log, or of one that a snapshot has replaced.
    fn is_headless(&self, bytes: &[u8], first: Seq) -> bool {
        let begins_here = self.last.as_ref().is_none_or(|last| last.cursor.next() == first);
        let torn = matches!(Header::decode(bytes, first), Err(Flaw::Header));
        begins_here && torn && !segment::has_records(bytes, first)
    }

    fn pass(&mut self, first: Seq, path: PathBuf, cursor: Cursor, file_bytes: usize, torn: bool) {
        self.next = cursor.next();
        self.segments += 1;
        self.bytes += cursor.link().length;
        self.last = Some(Last { first, path, cursor, file_bytes, torn });
    }
}

fn torn_tail(first: Seq, offset: u64, bytes: u64) -> Option<TornTail> {
    (bytes != 0).then(|| TornTail { segment: segment::file_name(first), offset, bytes })
}

/// Reads the header and every record; `previous` is the segment before, if that is there.
fn check_segment(
    bytes: &[u8],
    first: Seq,
    previous: Option<Link>,
) -> Result<(Cursor, u64), Corruption> {
    check_header(bytes, first, previous).map_err(|flaw| corruption(first, 0, flaw))?;
    segment::scan(bytes, first, |_| {}).map_err(|(offset, flaw)| corruption(first, offset, flaw))
}

pub(crate) fn check_header(bytes: &[u8], first: Seq, previous: Option<Link>) -> Result<(), Flaw> {
    let header = Header::decode(bytes, first)?;
    let begins_log = first == Seq(1) && header.previous != Link::default();
    match previous {
        Some(found) if found != header.previous => {
            Err(Flaw::Previous { expected: header.previous, found })
        }
        None if begins_log => {
            Err(Flaw::Previous { expected: header.previous, found: Link::default() })
        }
        _ => Ok(()),
    }
}

pub(crate) fn corruption(first: Seq, offset: u64, flaw: Flaw) -> Corruption {
    Corruption { segment: segment::file_name(first), offset, flaw }
}

/// Opens the last segment for writing, without its torn tail; `None` if there is no segment.
///
/// What was read may be in the page cache only: a process was killed before its sync returned, or
/// its sync failed and the pages were called clean. So the last seal and what stands behind it are
/// written and synced again here, before anybody is told of them.
pub(crate) fn resume<D: Disk>(
    disk: &mut D,
    opened: &Opened,
) -> Result<Option<Segment<D::File>>, OpenError> {
    if let Some(path) = &opened.headless {
        disk.remove(path).map_err(|source| OpenError::disk(path, source))?;
    }
    let Some(last) = &opened.last else { return Ok(None) };
    reopen(disk, last).map(Some).map_err(|source| OpenError::disk(&last.path, source))
}

fn reopen<D: Disk>(disk: &mut D, last: &Last) -> io::Result<Segment<D::File>> {
    let bytes = disk.read(&last.path)?;
    let mut file = disk.open(&last.path)?;
    let end = last.cursor.offset();
    if last.torn {
        disk.set_len(&mut file, last.cursor.link().length)?;
    }
    let seal = last.cursor.seal();
    let unsealed = bytes.get(seal..end).unwrap_or_default();
    if !planted::is(Bug::ReopenedTailNotSynced) {
        disk.write_at(&mut file, unsealed, u64::try_from(seal).unwrap_or(u64::MAX))?;
        disk.sync(&mut file)?;
    }
    if let Some(dir) = last.path.parent() {
        disk.sync_dir(dir)?;
    }
    let mut segment = Segment::begun(last.first, file);
    segment.reserved = if last.torn { end } else { last.file_bytes };
    (segment.written, segment.synced) = (end, end);
    segment.crc = last.cursor.link().crc;
    segment.batches = last.cursor.has_batches();
    Ok(segment)
}
