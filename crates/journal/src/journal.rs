//! Writes the log: append, then one write and one sync for everything that was appended.
//!
//! ```text
//!   file   header │ group 1 │ seal │ group 2 │ seal │ zeros (reserved) …
//!                                    └─────────────── one pwrite, with more zeros when the
//!                                                     reserve is used up; one fdatasync
//!                                              └───── one pwrite after the fdatasync
//! ```
//! The zeros keep the length and the blocks of the file as they are during almost every sync, which
//! halves its time. The seal says that what is before it is synced (see [`crate::record`]).
//!
//! One thread owns a journal. It does not wait for anybody and starts no thread.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use types::Seq;
use types::planted::{self, Bug};

use crate::disk::{Disk, OsDisk};
use crate::record::{self, HEAD_BYTES, Head, Kind, Place, RECORD_BYTES_MAX, record_bytes};
use crate::recovery::{self, OpenError, Opened};
use crate::segment::{self, HEADER_BYTES, Header, Link, SEGMENT_BYTES, SEGMENT_BYTES_MAX};
use crate::snapshot;

/// How the files are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes after which a new segment begins. A record that is longer has a segment of its own.
    pub segment_bytes: usize,
    /// Bytes of zeros that are written ahead of the records.
    pub reserve_bytes: usize,
}

/// Why an append or a sync failed. After any but `TooLong` the journal refuses everything.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The body is longer than a record may be. Nothing was written.
    #[error("a record of {length} bytes is too long: at most {RECORD_BYTES_MAX}")]
    TooLong {
        /// Bytes of the body.
        length: usize,
    },
    /// The disk refused. What was appended since the last sync may or may not be durable.
    #[error(
        "writing {path} failed: records up to {durable} are durable, later ones may or may not be. \
         The journal takes nothing more: put the disk right and start again", path = path.display()
    )]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// The last entry that is durable for certain.
        durable: Seq,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier write or sync failed.
    #[error(
        "an earlier write or sync failed, so the journal takes nothing more (pages that the system \
         could not write may look clean): put the disk right and start again"
    )]
    Poisoned,
}

/// The log of one directory, open for appending.
#[derive(Debug)]
pub struct Journal<D: Disk = OsDisk> {
    disk: D,
    dir: PathBuf,
    options: Options,
    segment: Segment<D::File>,
    /// Appended and not written; belongs at `segment.written`.
    buffer: Vec<u8>,
    next: Seq,
    durable: Seq,
    poisoned: bool,
    /// Locked as long as the journal lives.
    _lock: File,
}

/// The segment that is written.
#[derive(Debug)]
pub(crate) struct Segment<F> {
    pub first: Seq,
    pub file: F,
    /// Everything below is synced.
    pub synced: usize,
    /// Everything below is written.
    pub written: usize,
    /// The file has zeros up to here.
    pub reserved: usize,
    /// Checksum of the last record that was written.
    pub crc: u32,
    pub batches: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { segment_bytes: SEGMENT_BYTES, reserve_bytes: 1 << 20 }
    }
}

impl Journal<OsDisk> {
    /// Opens or creates the journal in `dir`, and checks every byte of it.
    pub fn open(dir: &Path, options: Options) -> Result<(Journal, Opened), OpenError> {
        Journal::open_on(OsDisk, dir, options)
    }
}

impl<D: Disk> Journal<D> {
    /// Opens or creates the journal in `dir` through `disk`.
    pub fn open_on(
        mut disk: D,
        dir: &Path,
        options: Options,
    ) -> Result<(Journal<D>, Opened), OpenError> {
        assert!(options.segment_bytes <= SEGMENT_BYTES_MAX, "offsets are stored in 32 bits");
        let lock = recovery::lock(dir)?;
        let opened = recovery::check_on(&disk, dir)?;
        let segment = match recovery::resume(&mut disk, &opened)? {
            Some(segment) => segment,
            None => {
                let header = Header { first: opened.next, previous: Link::default() };
                let file = create_segment(&mut disk, dir, header)
                    .map_err(|source| OpenError::disk(dir, source))?;
                Segment::begun(opened.next, file)
            }
        };
        snapshot::sweep(&mut disk, dir).map_err(|source| OpenError::disk(dir, source))?;
        let (next, durable) = (opened.next, Seq(opened.next.0 - 1));
        let dir = dir.to_path_buf();
        let (buffer, poisoned, _lock) = (Vec::new(), false, lock);
        let mut journal =
            Journal { disk, dir, options, segment, buffer, next, durable, poisoned, _lock };
        if !opened.is_sealed() {
            journal.seal().map_err(|source| OpenError::disk(&journal.segment_path(), source))?;
        }
        Ok((journal, opened))
    }

    /// Takes a record: `count` entries from `seq` on, or a mark after `seq`. It is durable, and may
    /// be spoken of, when [`Journal::sync`] has returned.
    ///
    /// Writes only when the segment is full: then it syncs, and begins the next one.
    pub fn append(
        &mut self,
        kind: Kind,
        seq: Seq,
        count: u32,
        body: &[u8],
    ) -> Result<(), WriteError> {
        if RECORD_BYTES_MAX < body.len() {
            return Err(WriteError::TooLong { length: body.len() });
        }
        self.check_place(kind, seq, count);
        if self.is_full_for(body.len()) {
            self.sync()?;
            self.attempt(Self::rotate)?;
        }
        self.refuse_if_poisoned()?;
        self.push(kind, seq, count, body);
        Ok(())
    }

    /// Takes a stamp and, if it has entries, the batch of `count` entries behind it, both in one
    /// segment. Returns where the stamp stands.
    pub fn append_stamped(
        &mut self,
        stamp: &[u8],
        count: u32,
        body: &[u8],
    ) -> Result<Place, WriteError> {
        let length = stamp.len().max(body.len());
        if RECORD_BYTES_MAX < length {
            return Err(WriteError::TooLong { length });
        }
        if self.is_full_for(record_bytes(stamp.len()) + body.len()) {
            self.sync()?;
            self.attempt(Self::rotate)?;
        }
        self.refuse_if_poisoned()?;
        let offset = self.segment.written + self.buffer.len();
        let place = Place { segment: self.segment.first, offset };
        self.push(Kind::Stamp, Seq(self.next.0 - 1), 0, stamp);
        if 0 < count {
            self.push(Kind::Batch, self.next, count, body);
        }
        Ok(place)
    }

    /// Drops everything from `place` on, which is the end of a record before which stand the
    /// entries below `next`. For entries that a quorum never had; it is durable when it returns.
    ///
    /// A crash on the way leaves some of them at the end of the log, and no gap.
    pub fn truncate(&mut self, place: Place, next: Seq) -> Result<(), WriteError> {
        self.refuse_if_poisoned()?;
        assert!(self.buffer.is_empty(), "what was appended is synced before something is dropped");
        assert!(next <= self.next, "only what is there can be dropped");
        self.attempt(|journal| journal.cut(place, next))
    }

    /// Drops every entry, and goes on with `first`: a snapshot has taken their place. It is durable
    /// when it returns. A crash on the way leaves a shorter log, or none.
    pub fn restart_at(&mut self, first: Seq) -> Result<(), WriteError> {
        self.refuse_if_poisoned()?;
        assert!(self.buffer.is_empty(), "what was appended is synced before something is dropped");
        self.attempt(|journal| {
            journal.remove_from(Seq(0))?;
            let header = Header { first, previous: Link::default() };
            let file = create_segment(&mut journal.disk, &journal.dir, header)?;
            journal.segment = Segment::begun(first, file);
            (journal.next, journal.durable) = (first, Seq(first.0 - 1));
            journal.seal_synced()
        })
    }

    /// Makes everything that was appended durable; returns the last seq that is.
    pub fn sync(&mut self) -> Result<Seq, WriteError> {
        self.refuse_if_poisoned()?;
        if !self.buffer.is_empty() {
            self.attempt(Self::write_group)?;
        }
        Ok(self.durable)
    }

    /// Makes everything durable, and the seal too.
    pub fn close(mut self) -> Result<Seq, WriteError> {
        self.sync()?;
        self.attempt(|journal| journal.disk.sync(&mut journal.segment.file))?;
        Ok(self.durable)
    }

    /// Seq of the next entry.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// Seq of the last entry that is durable; 0 if there is none.
    pub fn durable(&self) -> Seq {
        self.durable
    }

    /// Where the last record that was appended ends, as an offset in its segment.
    pub fn end(&self) -> usize {
        self.segment.written + self.buffer.len()
    }

    /// Bytes that are appended and not synced.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len()
    }

    fn check_place(&self, kind: Kind, seq: Seq, count: u32) {
        let fits = match kind {
            Kind::Batch => seq == self.next && 0 < count,
            Kind::Root => seq.next() == self.next && count == 0,
            Kind::Seal | Kind::Stamp => false,
        };
        assert!(
            fits,
            "{kind:?} of {count} at {seq} does not follow: the next entry is {}",
            self.next
        );
    }

    fn is_full_for(&self, body: usize) -> bool {
        let end = self.segment.written + self.buffer.len() + record_bytes(body) + HEAD_BYTES;
        self.segment.batches && self.options.segment_bytes < end
    }

    fn push(&mut self, kind: Kind, seq: Seq, count: u32, body: &[u8]) {
        let segment = &mut self.segment;
        let offset = segment.written + self.buffer.len();
        let place = Place { segment: segment.first, offset };
        let head = Head { kind, length: body.len(), count, seq, durable: segment.synced, crc: 0 };
        segment.crc = record::encode(&mut self.buffer, place, head, body);
        segment.batches |= kind == Kind::Batch;
        self.next = head.next();
    }

    /// One write, one sync, and the seal.
    fn write_group(&mut self) -> io::Result<()> {
        let records = self.buffer.len();
        let segment = &mut self.segment;
        let end = segment.written + records;
        if segment.reserved < end + HEAD_BYTES {
            segment.reserved = (end + HEAD_BYTES).next_multiple_of(self.options.reserve_bytes);
            self.buffer.resize(segment.reserved - segment.written, 0);
        }
        self.disk.write_at(&mut segment.file, &self.buffer, offset(segment.written))?;
        if planted::is(Bug::SealBeforeSync) {
            (segment.written, segment.synced) = (end, end);
            self.durable = Seq(self.next.0 - 1);
            return self.seal_synced();
        }
        if !planted::is(Bug::SyncSkipped) {
            self.disk.sync(&mut segment.file)?;
        }
        (segment.written, segment.synced) = (end, end);
        self.durable = Seq(self.next.0 - 1);
        self.seal()
    }

    /// Says on disk that everything before is synced.
    fn seal(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.push(Kind::Seal, self.durable, 0, &[]);
        let segment = &mut self.segment;
        self.disk.write_at(&mut segment.file, &self.buffer, offset(segment.written))?;
        segment.written += self.buffer.len();
        segment.reserved = segment.reserved.max(segment.written);
        self.buffer.clear();
        Ok(())
    }

    /// Closes the segment at its exact length and begins the next one.
    fn rotate(&mut self) -> io::Result<()> {
        let segment = &mut self.segment;
        if !planted::is(Bug::ClosedSegmentKeepsReserve) {
            self.disk.set_len(&mut segment.file, offset(segment.written))?;
        }
        self.disk.sync(&mut segment.file)?;
        let previous =
            Link { first: segment.first, length: offset(segment.written), crc: segment.crc };
        let first = self.next;
        let file = create_segment(&mut self.disk, &self.dir, Header { first, previous })?;
        self.segment = Segment::begun(first, file);
        Ok(())
    }

    fn cut(&mut self, place: Place, next: Seq) -> io::Result<()> {
        if !planted::is(Bug::TruncationLeavesSegments) {
            self.remove_from(place.segment.next())?;
        }
        let path = self.dir.join(segment::file_name(place.segment));
        let mut file = self.disk.open(&path)?;
        self.disk.set_len(&mut file, offset(place.offset))?;
        self.disk.sync(&mut file)?;
        self.segment = Segment::begun(place.segment, file);
        let segment = &mut self.segment;
        (segment.synced, segment.written) = (place.offset, place.offset);
        segment.reserved = place.offset;
        segment.batches = place.segment < next;
        (self.next, self.durable) = (next, Seq(next.0 - 1));
        self.seal_synced()
    }

    /// Removes the segments that begin with `first` or later, the newest first.
    fn remove_from(&mut self, first: Seq) -> io::Result<()> {
        let segments = segment::list(&self.dir)?;
        for (_, path) in segments.iter().rev().take_while(|(begin, _)| first <= *begin) {
            self.disk.remove(path)?;
            self.disk.sync_dir(&self.dir)?;
        }
        Ok(())
    }

    fn seal_synced(&mut self) -> io::Result<()> {
        self.seal()?;
        self.disk.sync(&mut self.segment.file)
    }

    fn refuse_if_poisoned(&self) -> Result<(), WriteError> {
        if self.poisoned { Err(WriteError::Poisoned) } else { Ok(()) }
    }

    /// Runs a step that writes; if it fails, nothing is written ever after.
    fn attempt(
        &mut self,
        step: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        step(self).map_err(|source| {
            self.poisoned = true;
            WriteError::Disk { path: self.segment_path(), durable: self.durable, source }
        })
    }

    fn segment_path(&self) -> PathBuf {
        self.dir.join(segment::file_name(self.segment.first))
    }
}

impl<F> Segment<F> {
    /// With a header and nothing else.
    pub(crate) fn begun(first: Seq, file: F) -> Segment<F> {
        let (synced, written, reserved) = (HEADER_BYTES, HEADER_BYTES, HEADER_BYTES);
        Segment { first, file, synced, written, reserved, crc: 0, batches: false }
    }
}

/// A segment is in the directory, with its header, before it takes a record.
fn create_segment<D: Disk>(disk: &mut D, dir: &Path, header: Header) -> io::Result<D::File> {
    let mut file = disk.create(&dir.join(segment::file_name(header.first)))?;
    disk.write_at(&mut file, &header.encode(), 0)?;
    disk.sync(&mut file)?;
    if !planted::is(Bug::SegmentNotInDirectory) {
        disk.sync_dir(dir)?;
    }
    Ok(file)
}

fn offset(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("a segment is shorter than 4 GiB")
}
