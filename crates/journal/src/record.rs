//! One record: a framed body with its place in the log.
//!
//! ```text
//!   offset bytes
//!    0      4    kind: "BTCH" entries · "ROOT" mark · "SEAL" end of a synced group ·
//!                "STMP" who ordered the batch behind it
//!    4      4    CRC-32C of: segment's first seq (8), offset in the file (8), the whole record
//!                but this field, with its padding
//!    8      4    length of the body, at most RECORD_BYTES_MAX
//!   12      4    count: entries in the body; 0 for everything but a batch
//!   16      8    seq: of the first entry; for everything else, of the last entry before it
//!   24      4    durable: what is below this offset of the file was synced when this was written
//!   28      4    zero
//!   32      n    body
//!   32+n   0–7   zeros, up to a multiple of 8
//! ```
//! Numbers are little-endian. Records stand at multiples of 8, so that a search behind a flaw can
//! step by 8. The checksum binds a record to its file and offset: a block that the disk wrote to
//! the wrong place, or a copy of a record inside a body, is no record.
//!
//! `durable` tells damage from a torn write. A group of records is written at once and synced at
//! once; a crash may leave any part of it. So a flaw before a whole record means damage only if
//! that record says that the flawed place had been synced.

use types::Seq;
use types::planted::{self, Bug};

/// Largest body of a record.
pub const RECORD_BYTES_MAX: usize = 8 << 20;
/// Bytes of a record before its body; a seal has nothing else.
pub const HEAD_BYTES: usize = 32;
/// Records stand at multiples of this.
pub const ALIGNMENT: usize = 8;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A batch of entries.
    Batch,
    /// A mark that replay verifies: the state's root and chain after the last entry.
    Root,
    /// Written by the journal itself: everything before it is synced.
    Seal,
    /// What a sequencer of several machines says of the batch that follows, or instead of one.
    Stamp,
}

/// Where a record stands: which file, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// First seq of the segment.
    pub segment: Seq,
    /// Bytes from the start of the file.
    pub offset: usize,
}

/// The fields of a record before its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is.
    pub kind: Kind,
    /// Bytes of the body.
    pub length: usize,
    /// Entries in the body.
    pub count: u32,
    /// Seq of the first entry, or of the last one before a mark, a seal or a stamp.
    pub seq: Seq,
    /// What was synced when it was written, as an offset in the same file.
    pub durable: usize,
    /// The checksum.
    pub crc: u32,
}

/// A record that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is.
    pub kind: Kind,
    /// Seq of the first entry of a batch, or of the last entry before a mark or a stamp.
    pub seq: Seq,
    /// Entries in a batch; 0 for a mark and a stamp.
    pub count: u32,
    /// The bytes.
    pub body: &'a [u8],
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The file ends within it.
    #[error("the file ends {missing} bytes before the record does")]
    Short {
        /// Bytes that a whole record would have more.
        missing: usize,
    },
    /// It does not begin with a kind.
    #[error("the record begins with {found:#010x} instead of a kind")]
    Kind {
        /// What is there.
        found: u32,
    },
    /// It claims more than a record may have.
    #[error("the record claims {length} bytes, at most {RECORD_BYTES_MAX} are written")]
    Length {
        /// What it claims.
        length: u32,
    },
    /// The bytes are not the ones that were written.
    #[error("the checksum of the bytes is {computed:#010x}, the record says {stored:#010x}")]
    Checksum {
        /// Of what was read.
        computed: u32,
        /// What the record says.
        stored: u32,
    },
}

impl Kind {
    const fn tag(self) -> [u8; 4] {
        match self {
            Kind::Batch => *b"BTCH",
            Kind::Root => *b"ROOT",
            Kind::Seal => *b"SEAL",
            Kind::Stamp => *b"STMP",
        }
    }

    fn from_tag(tag: [u8; 4]) -> Option<Kind> {
        const ALL: [Kind; 4] = [Kind::Batch, Kind::Root, Kind::Seal, Kind::Stamp];
        ALL.into_iter().find(|kind| kind.tag() == tag)
    }
}

impl Head {
    /// Bytes from the start of the record to the start of the next.
    pub fn record_bytes(&self) -> usize {
        record_bytes(self.length)
    }

    /// The seq of the entry that follows this record.
    pub fn next(&self) -> Seq {
        match self.kind {
            Kind::Batch => Seq(self.seq.0.saturating_add(u64::from(self.count))),
            Kind::Root | Kind::Seal | Kind::Stamp => Seq(self.seq.0.saturating_add(1)),
        }
    }
}

/// Bytes in the file of a record with a body of this length.
pub const fn record_bytes(body: usize) -> usize {
    (HEAD_BYTES + body).next_multiple_of(ALIGNMENT)
}

/// Appends a record to `out`; returns its checksum. `head.length` and `head.crc` are filled in.
pub fn encode(out: &mut Vec<u8>, place: Place, head: Head, body: &[u8]) -> u32 {
    let start = out.len();
    let length = u32::try_from(body.len()).expect("a body is at most RECORD_BYTES_MAX long");
    let durable = u32::try_from(head.durable).expect("a segment is shorter than 4 GiB");
    out.extend_from_slice(&head.kind.tag());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&head.count.to_le_bytes());
    out.extend_from_slice(&head.seq.0.to_le_bytes());
    out.extend_from_slice(&durable.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(body);
    out.resize(start + record_bytes(body.len()), 0);
    let crc = checksum(place, &out[start..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    crc
}

/// Reads the record that stands at `place` of the segment whose bytes these are.
pub fn decode(bytes: &[u8], place: Place) -> Result<Head, Malformed> {
    decode_from(bytes.get(place.offset..).unwrap_or_default(), place)
}

/// Reads the record that `rest` begins with; it stands at `place` of its segment.
pub fn decode_from(rest: &[u8], place: Place) -> Result<Head, Malformed> {
    let Some(head) = rest.first_chunk::<HEAD_BYTES>() else {
        return Err(Malformed::Short { missing: HEAD_BYTES - rest.len() });
    };
    let [k0, k1, k2, k3, ..] = *head;
    let tag = [k0, k1, k2, k3];
    let kind = Kind::from_tag(tag).ok_or(Malformed::Kind { found: u32::from_le_bytes(tag) })?;
    let length = word(head, 8);
    let body = usize::try_from(length).unwrap_or(usize::MAX);
    if RECORD_BYTES_MAX < body {
        return Err(Malformed::Length { length });
    }
    let whole = record_bytes(body);
    let Some(record) = rest.get(..whole) else {
        return Err(Malformed::Short { missing: whole - rest.len() });
    };
    let (stored, computed) = (word(head, 4), checksum(place, record));
    if stored != computed && !planted::is(Bug::ChecksumNotChecked) {
        return Err(Malformed::Checksum { computed, stored });
    }
    let seq = u64::from(word(head, 16)) | u64::from(word(head, 20)) << 32;
    let durable = usize::try_from(word(head, 24)).unwrap_or(usize::MAX);
    Ok(Head { kind, length: body, count: word(head, 12), seq: Seq(seq), durable, crc: stored })
}

fn word(head: &[u8; HEAD_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn checksum(place: Place, record: &[u8]) -> u32 {
    let mut bound = [0; 20];
    bound[..8].copy_from_slice(&place.segment.0.to_le_bytes());
    bound[8..16].copy_from_slice(&u64::try_from(place.offset).unwrap_or(u64::MAX).to_le_bytes());
    bound[16..].copy_from_slice(&record[..4]);
    crc32c::crc32c_append(crc32c::crc32c(&bound), &record[8..])
}
