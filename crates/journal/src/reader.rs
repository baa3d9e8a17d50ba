//! Reads the log in order, one segment in memory at a time.
//!
//! It takes no lock and changes nothing: it serves replay, inspection beside a running server, and
//! inspection after a crash. It skips seals. At the end it says whether a torn tail stands there;
//! beside a running server that may be a group that is being written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::vec;

use types::Seq;
use types::planted::{self, Bug};

use crate::disk::{OsDisk, Source};
use crate::record::{Head, Kind, Place, Record, decode_from};
use crate::recovery::{check_header, corruption};
use crate::segment::{self, Corruption, Cursor, Flaw, Link, Step, TornTail};

/// Why the log cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("{path}: {source}", path = path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Damage.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// The log begins later.
    #[error("the log in {dir} begins with entry {first}, entry {from} is asked for: restore the \
             segments before it", dir = dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
        /// Where the log begins.
        first: Seq,
        /// What was asked for.
        from: Seq,
    },
}

/// A place in the log of a directory.
#[derive(Debug)]
pub struct Reader<S = OsDisk> {
    source: S,
    from: Seq,
    rest: vec::IntoIter<(Seq, PathBuf)>,
    path: PathBuf,
    bytes: Vec<u8>,
    cursor: Cursor,
    /// Where the last record that was handed out begins.
    place: Place,
    previous: Option<Link>,
    torn: Option<TornTail>,
    bytes_total: u64,
    bytes_before: u64,
}

impl Reader {
    /// Before the batch that holds entry `from`, or the first one after it.
    pub fn open(dir: &Path, from: Seq) -> Result<Reader, ReadError> {
        Reader::open_on(OsDisk, dir, from)
    }
}

impl<S: Source> Reader<S> {
    /// The same, of what `source` has.
    pub fn open_on(source: S, dir: &Path, from: Seq) -> Result<Reader<S>, ReadError> {
        let disk = |source| ReadError::Disk { path: dir.to_path_buf(), source };
        let mut files = segment::list(dir).map_err(disk)?;
        if let Some(&(first, _)) = files.first().filter(|(first, _)| from < *first) {
            return Err(ReadError::Missing { dir: dir.to_path_buf(), first, from });
        }
        let before = files.partition_point(|(first, _)| *first <= from).saturating_sub(1);
        files.drain(..before);
        let bytes_total = files.iter().map(|(_, path)| file_bytes(path)).sum();
        Ok(Reader {
            source,
            from,
            rest: files.into_iter(),
            path: PathBuf::new(),
            bytes: Vec::new(),
            cursor: Cursor::new(Seq(1)),
            place: Place { segment: Seq(1), offset: 0 },
            previous: None,
            torn: None,
            bytes_total,
            bytes_before: 0,
        })
    }

    /// The next batch or mark; `None` at the end of the log.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        let mut read_again = false;
        loop {
            match self.cursor.step(&self.bytes) {
                Ok(Step::Record(_, head)) if self.is_before(&head) => {}
                Ok(Step::Record(offset, head)) => {
                    self.place = Place { segment: self.cursor.link().first, offset };
                    return Ok(Some(segment::record_at(&self.bytes, offset, &head)));
                }
                Ok(Step::End(torn)) => {
                    if !self.turn(torn)? {
                        return Ok(None);
                    }
                }
                // A server may write while we read: what stays wrong in a second reading is wrong.
                Err(_) if self.rest.as_slice().is_empty() && !read_again => {
                    read_again = true;
                    self.bytes = self.read(&self.path)?;
                }
                Err(flaw) => return Err(self.flawed(flaw)),
            }
        }
    }

    /// A stamp belongs to what follows it, everything else to what is before.
    fn is_before(&self, head: &Head) -> bool {
        match head.kind {
            Kind::Seal => true,
            Kind::Stamp => head.next() < self.from,
            Kind::Batch | Kind::Root => head.next() <= self.from,
        }
    }

    /// To the next segment; false if there is none.
    fn turn(&mut self, torn: u64) -> Result<bool, ReadError> {
        let started = !self.bytes.is_empty();
        let closed = !self.rest.as_slice().is_empty();
        let behind = self.bytes.len() - self.cursor.offset().min(self.bytes.len());
        if started && closed && behind != 0 {
            let bytes = u64::try_from(behind).unwrap_or(u64::MAX);
            return Err(self.flawed(Flaw::Behind { bytes }));
        }
        let is_cut = started && planted::is(Bug::ReadingStopsAtSegmentEnd);
        let Some((first, path)) = self.rest.next().filter(|_| !is_cut) else {
            self.torn = self.torn.take().or_else(|| self.torn_here(torn));
            return Ok(false);
        };
        if started {
            self.previous = Some(self.cursor.link());
            self.bytes_before += self.cursor.link().length;
        }
        self.begin(first, path)
    }

    fn begin(&mut self, first: Seq, path: PathBuf) -> Result<bool, ReadError> {
        let next = if self.previous.is_some() { self.cursor.next() } else { first };
        let bytes = self.read(&path)?;
        match check_header(&bytes, first, self.previous) {
            Err(Flaw::Header) if self.is_headless(&bytes, first, next) => {
                self.torn = Some(TornTail {
                    segment: segment::file_name(first),
                    offset: 0,
                    bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                });
                return Ok(false);
            }
            Err(flaw) => return Err(corruption(first, 0, flaw).into()),
            Ok(()) => {}
        }
        (self.bytes, self.path, self.cursor) = (bytes, path, Cursor::new(first));
        Ok(true)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let read = self.source.read(path);
        read.map_err(|source| ReadError::Disk { path: path.to_path_buf(), source })
    }

    /// As in recovery: the last segment, made by a process that died before its header was synced.
    fn is_headless(&self, bytes: &[u8], first: Seq, next: Seq) -> bool {
        self.rest.as_slice().is_empty() && next == first && !segment::has_records(bytes, first)
    }

    fn torn_here(&self, bytes: u64) -> Option<TornTail> {
        let segment = segment::file_name(self.cursor.link().first);
        (bytes != 0).then(|| TornTail { segment, offset: self.cursor.link().length, bytes })
    }

    fn flawed(&self, flaw: Flaw) -> ReadError {
        let Link { first, length, .. } = self.cursor.link();
        corruption(first, length, flaw).into()
    }

    /// What a crash left at the end; known when [`Reader::next_record`] has returned `None`.
    pub fn torn(&self) -> Option<&TornTail> {
        self.torn.as_ref()
    }

    /// Name of the segment of the last record, and where that record ends.
    pub fn place(&self) -> (String, u64) {
        let Link { first, length, .. } = self.cursor.link();
        (segment::file_name(first), length)
    }

    /// Where the last record that was handed out begins, and where it ends.
    pub fn record_place(&self) -> (Place, usize) {
        (self.place, self.cursor.offset())
    }

    /// Seq of the entry after the last record that was passed.
    pub fn next(&self) -> Seq {
        self.cursor.next()
    }

    /// Bytes of the segments to read, with the reserve at the end.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    /// Bytes that have been read.
    pub fn bytes_done(&self) -> u64 {
        self.bytes_before + self.cursor.link().length
    }
}

/// Reads the records from `place` up to the offset `end` of the same segment, without those before
/// them: what stands there was written by this process or checked when it opened the journal.
pub fn read_span(
    dir: &Path,
    place: Place,
    end: usize,
    visit: impl FnMut(Record<'_>),
) -> Result<(), ReadError> {
    read_span_on(&OsDisk, dir, (place, end), visit)
}

/// The same, of what `source` has.
pub fn read_span_on<S: Source>(
    source: &S,
    dir: &Path,
    (place, end): (Place, usize),
    mut visit: impl FnMut(Record<'_>),
) -> Result<(), ReadError> {
    let path = dir.join(segment::file_name(place.segment));
    let mut bytes = vec![0; end.saturating_sub(place.offset)];
    let offset = u64::try_from(place.offset).unwrap_or(u64::MAX);
    let read = source.read_at(&path, &mut bytes, offset);
    read.map_err(|source| ReadError::Disk { path, source })?;
    let mut done = 0;
    while done < bytes.len() {
        let here = Place { segment: place.segment, offset: place.offset + done };
        let head = decode_from(&bytes[done..], here).map_err(|flaw| {
            let offset = u64::try_from(here.offset).unwrap_or(u64::MAX);
            corruption(place.segment, offset, Flaw::Record(flaw))
        })?;
        visit(segment::record_at(&bytes, done, &head));
        done += head.record_bytes();
    }
    Ok(())
}

fn file_bytes(path: &Path) -> u64 {
    let length: io::Result<u64> = fs::metadata(path).map(|metadata| metadata.len());
    // A file that cannot be read is an error when its turn comes; this is for a progress bar.
    length.unwrap_or(0)
}
