//! One segment file: a header, records, and zeros behind them.
//!
//! ```text
//!   offset bytes
//!    0      8    "PLIMLOG\n"
//!    8      4    format version: 2; 1 has no stamps, and is read too
//!   12      4    CRC-32C of the other 44 bytes of the header
//!   16      8    first seq: of the first entry of this segment; also in the file's name
//!   24      8    first seq of the previous segment, 0 if there is none
//!   32      8    length of the previous segment
//!   40      4    checksum of the last record (a seal) of the previous segment
//!   44      4    zero
//!   48      …    records, each at a multiple of 8; see `record`
//!    …      …    zeros: space that is reserved, so that a sync need not change the file's length
//! ```
//! Numbers are little-endian. A closed segment has no zeros behind its last record. The link to the
//! previous segment makes a missing, shortened or exchanged segment visible.
//!
//! [`Cursor`] is the only decoder of a segment; recovery, replay and inspection all use it, on the
//! bytes of a whole file. It takes any bytes and never panics.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use types::Seq;
use types::planted::{self, Bug};

use crate::record::{self, ALIGNMENT, Head, Kind, Malformed, Place, Record};

/// Bytes after which a new segment is begun.
pub const SEGMENT_BYTES: usize = 64 << 20;
/// Largest size that can be asked for: offsets are stored in 32 bits.
pub const SEGMENT_BYTES_MAX: usize = 1 << 30;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 48;
/// The format that is written.
pub const FORMAT_VERSION: u32 = 2;
/// The oldest format that is read.
pub const FORMAT_VERSION_MIN: u32 = 1;
const MAGIC: [u8; 8] = *b"PLIMLOG\n";

/// The end of a segment, as the next one remembers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// First seq; 0 stands for no segment.
    pub first: Seq,
    /// Length of the file.
    pub length: u64,
    /// Checksum of the last record.
    pub crc: u32,
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Seq of the first entry.
    pub first: Seq,
    /// The segment before.
    pub previous: Link,
}

/// What is wrong at a place of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The file does not begin as a segment does.
    #[error("the file does not begin with a whole segment header")]
    Header,
    /// A format of another build.
    #[error("format version is {found}, this build reads {FORMAT_VERSION_MIN} to {FORMAT_VERSION}")]
    Version {
        /// What the file says.
        found: u32,
    },
    /// The name and the header disagree.
    #[error("the header says first seq {found}, the file's name says {named}")]
    Name {
        /// In the header.
        found: Seq,
        /// In the name.
        named: Seq,
    },
    /// The segment before is missing, exchanged or of another length.
    #[error(
        "the segment before must be {expected}, and is {found}: a segment is missing or exchanged"
    )]
    Previous {
        /// What the header says.
        expected: Link,
        /// What is there.
        found: Link,
    },
    /// The bytes are no record, and were synced.
    #[error("{0}")]
    Record(#[from] Malformed),
    /// A whole record with the wrong seq.
    #[error("the record's seq is {found}, the log has come to {expected}")]
    Order {
        /// In the record.
        found: Seq,
        /// What follows from the records before.
        expected: Seq,
    },
    /// A segment that has a successor does not end with its last record.
    #[error("{bytes} bytes follow the last whole record of a closed segment")]
    Behind {
        /// How many.
        bytes: u64,
    },
}

/// Damage: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{segment} is damaged at byte {offset}: {flaw}. Nothing was changed. Restore this file from a \
     backup or a peer; never edit or cut it"
)]
pub struct Corruption {
    /// Name of the file.
    pub segment: String,
    /// Where the flawed record or header begins.
    pub offset: u64,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What a crash left of writes that were never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Name of the file.
    pub segment: String,
    /// Where the last whole record ends.
    pub offset: u64,
    /// Bytes from there to the last byte that is not zero, or to the end of a file cut short.
    pub bytes: u64,
}

/// A place among the records of one segment.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    segment: Seq,
    offset: usize,
    next: Seq,
    last_crc: u32,
    seal: usize,
    batches: bool,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A whole record, from this offset.
    Record(usize, Head),
    /// Nothing more: this many bytes of a torn write, none after a clean end.
    End(u64),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == Seq(0) {
            return f.write_str("none");
        }
        let Link { first, length, crc } = self;
        write!(f, "{} ({length} bytes, last checksum {crc:#010x})", file_name(*first))
    }
}

impl Header {
    /// The 48 bytes.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.previous.first.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.previous.length.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.previous.crc.to_le_bytes());
        let crc = header_checksum(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of the segment that is named for `named`.
    pub fn decode(bytes: &[u8], named: Seq) -> Result<Header, Flaw> {
        let header = bytes.first_chunk::<HEADER_BYTES>().ok_or(Flaw::Header)?;
        let long = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&header[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let word = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        if header[..8] != MAGIC || word(12) != header_checksum(header) {
            return Err(Flaw::Header);
        }
        if !(FORMAT_VERSION_MIN..=FORMAT_VERSION).contains(&word(8)) {
            return Err(Flaw::Version { found: word(8) });
        }
        let first = Seq(long(16));
        if first != named {
            return Err(Flaw::Name { found: first, named });
        }
        let previous = Link { first: Seq(long(24)), length: long(32), crc: word(40) };
        Ok(Header { first, previous })
    }
}

fn header_checksum(header: &[u8; HEADER_BYTES]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&header[..12]), &header[16..])
}

impl Cursor {
    /// Before the first record of the segment that begins with `first`.
    pub fn new(first: Seq) -> Cursor {
        Cursor {
            segment: first,
            offset: HEADER_BYTES,
            next: first,
            last_crc: 0,
            seal: 0,
            batches: false,
        }
    }

    /// What stands here; moves behind it if it is a record.
    ///
    /// A flaw is an error only if it is damage: behind it stands a whole record that was written
    /// when the flawed place had been synced. Otherwise it is the end, with the size of what a
    /// crash left.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, Flaw> {
        let at = self.offset;
        match record::decode(bytes, Place { segment: self.segment, offset: at }) {
            Err(malformed) => match self.synced_behind(bytes) {
                true => Err(malformed.into()),
                false => Ok(Step::End(torn_bytes(bytes, at, malformed))),
            },
            Ok(head) => {
                self.check_order(&head)?;
                self.pass(&head);
                Ok(Step::Record(at, head))
            }
        }
    }

    fn check_order(&self, head: &Head) -> Result<(), Flaw> {
        let expected = match head.kind {
            Kind::Batch => self.next,
            Kind::Root | Kind::Seal | Kind::Stamp => Seq(self.next.0.saturating_sub(1)),
        };
        if head.seq == expected { Ok(()) } else { Err(Flaw::Order { found: head.seq, expected }) }
    }

    fn pass(&mut self, head: &Head) {
        if head.kind == Kind::Seal {
            self.seal = self.offset;
        }
        self.offset += head.record_bytes();
        self.next = head.next();
        self.last_crc = head.crc;
        self.batches |= head.kind == Kind::Batch;
    }

    /// True if a whole record further on says that the bytes at the cursor had been synced.
    fn synced_behind(&self, bytes: &[u8]) -> bool {
        let is_blank = || bytes.get(self.offset..).is_some_and(|rest| rest.starts_with(&[0; 4]));
        if planted::is(Bug::ZerosAreTheEnd) && is_blank() {
            return false;
        }
        let candidates = (self.offset..bytes.len()).step_by(ALIGNMENT).skip(1);
        candidates.into_iter().any(|offset| {
            record::decode(bytes, Place { segment: self.segment, offset })
                .is_ok_and(|head| self.offset < head.durable)
        })
    }

    /// Where the cursor stands, in bytes from the start of the file.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The seq of the next entry.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// True once a batch has been passed.
    pub fn has_batches(&self) -> bool {
        self.batches
    }

    /// Where the last seal before the cursor begins; 0 if there is none.
    pub fn seal(&self) -> usize {
        self.seal
    }

    /// True if the record before the cursor is a seal.
    pub fn is_sealed(&self) -> bool {
        self.seal != 0 && self.seal + record::HEAD_BYTES == self.offset
    }

    /// This segment as its successor remembers it, if it ends here.
    pub fn link(&self) -> Link {
        let length = u64::try_from(self.offset).unwrap_or(u64::MAX);
        Link { first: self.segment, length, crc: self.last_crc }
    }
}

/// How much there is behind the last whole record: all of a file that ends within a record, else
/// up to the last byte that is not zero.
fn torn_bytes(bytes: &[u8], from: usize, malformed: Malformed) -> u64 {
    let rest = bytes.get(from..).unwrap_or_default();
    let used = rest.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let cut = 0 < used && matches!(malformed, Malformed::Short { .. });
    u64::try_from(if cut { rest.len() } else { used }).unwrap_or(u64::MAX)
}

/// The record that [`Cursor::step`] found at `offset`.
pub fn record_at<'a>(bytes: &'a [u8], offset: usize, head: &Head) -> Record<'a> {
    let body = &bytes[offset + record::HEAD_BYTES..][..head.length];
    Record { kind: head.kind, seq: head.seq, count: head.count, body }
}

/// Reads every record of a segment; returns where the records end and how much a crash left there.
pub fn scan(
    bytes: &[u8],
    first: Seq,
    mut visit: impl FnMut(Record<'_>),
) -> Result<(Cursor, u64), (u64, Flaw)> {
    let mut cursor = Cursor::new(first);
    loop {
        match cursor.step(bytes) {
            Err(flaw) => return Err((u64::try_from(cursor.offset).unwrap_or(u64::MAX), flaw)),
            Ok(Step::End(torn)) => return Ok((cursor, torn)),
            Ok(Step::Record(offset, head)) => visit(record_at(bytes, offset, &head)),
        }
    }
}

/// True if any whole record stands anywhere in the segment.
pub fn has_records(bytes: &[u8], first: Seq) -> bool {
    (0..bytes.len())
        .step_by(ALIGNMENT)
        .any(|offset| record::decode(bytes, Place { segment: first, offset }).is_ok())
}

/// The name of the segment that begins with `first`.
pub fn file_name(first: Seq) -> String {
    format!("log-{:020}.plim", first.0)
}

/// The segments of a directory, in order.
pub fn list(dir: &Path) -> io::Result<Vec<(Seq, PathBuf)>> {
    list_named(dir, "log-")
}

/// The files `<prefix><20 digits>.plim` of a directory, in order of their number.
pub(crate) fn list_named(dir: &Path, prefix: &str) -> io::Result<Vec<(Seq, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let digits = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".plim"));
        if let Some(number) =
            digits.filter(|digits| digits.len() == 20).and_then(|d| d.parse().ok())
        {
            found.push((Seq(number), path));
        }
    }
    found.sort();
    Ok(found)
}
