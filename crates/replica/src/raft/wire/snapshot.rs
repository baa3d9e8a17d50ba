//! Bytes of the transfer of a snapshot.
//!
//! ```text
//!   ─▶ Offer       vote   meta   8 seq   8 bytes of the file
//!   ◀─ From        8 offset   4 CRC-32C of the file's bytes before it, as the receiver has them
//!   ─▶ Chunk       8 offset   4 CRC-32C of the bytes   4 n, n bytes        … until the end
//!   ◀─ Working     while the receiver checks and installs; nothing else in it
//!   ◀─ Installed   vote of the receiver
//!   ◀─ Failed      why
//! ```
//! The first chunk begins at the offset if the sender's bytes have the same checksum, else at 0.

use openraft::alias::{SnapshotMetaOf, VoteOf};

use ::types::Seq;
use ::types::codec::{Codec, DecodeError, Reader, encode_count};

use super::log::{decode_snapshot_meta, decode_vote, encode_snapshot_meta, encode_vote};
use super::{CHUNK_BYTES, decode_count, decode_string, encode_clipped};
use crate::raft::types::Types;

/// What the sender has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub vote: VoteOf<Types>,
    pub meta: SnapshotMetaOf<Types>,
    pub seq: Seq,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A run of the file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub offset: u64,
    pub crc: u32,
    pub bytes: Vec<u8>,
}

/// What the receiver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Failed(String),
    From { offset: u64, crc: u32 },
    Working,
    Installed(VoteOf<Types>),
}

impl Codec for Offer {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_vote(&self.vote, out);
        encode_snapshot_meta(&self.meta, out);
        self.seq.0.encode(out);
        self.bytes.encode(out);
    }

    /// openraft stops a node that is given a snapshot from beyond the leader's term, so that is
    /// refused here.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (vote, meta) = (decode_vote(reader)?, decode_snapshot_meta(reader)?);
        let term = meta.last_log_id.map_or(0, |id| id.leader_id.term);
        if !vote.committed || vote.leader_id.term < term {
            return Err(reader.refuse("vote of a leader"));
        }
        let (seq, bytes) = (Seq(u64::decode(reader)?), u64::decode(reader)?);
        Ok(Offer { vote, meta, seq, bytes })
    }
}

impl Codec for Chunk {
    fn encode(&self, out: &mut Vec<u8>) {
        self.offset.encode(out);
        self.crc.encode(out);
        encode_count(self.bytes.len(), out);
        out.extend_from_slice(&self.bytes);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (offset, crc) = (u64::decode(reader)?, u32::decode(reader)?);
        let n_bytes = decode_count(reader, CHUNK_BYTES, "bytes of a chunk")?;
        Ok(Chunk { offset, crc, bytes: reader.take(n_bytes)?.to_vec() })
    }
}

impl Codec for Progress {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Progress::Failed(reason) => {
                out.push(0);
                encode_clipped(reason, out);
            }
            Progress::From { offset, crc } => {
                out.push(1);
                offset.encode(out);
                crc.encode(out);
            }
            Progress::Working => out.push(2),
            Progress::Installed(vote) => {
                out.push(3);
                encode_vote(vote, out);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            0 => decode_string(reader).map(Progress::Failed),
            1 => Ok(Progress::From { offset: u64::decode(reader)?, crc: u32::decode(reader)? }),
            2 => Ok(Progress::Working),
            3 => decode_vote(reader).map(Progress::Installed),
            _ => Err(reader.refuse("Progress")),
        }
    }
}
