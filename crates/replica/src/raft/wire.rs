//! What nodes say to each other, as bytes.
//!
//! ```text
//!   frame   4 bytes   length of the body, little endian; each reader has a bound of its own
//!           …         the body
//!
//!   purpose    ─▶ asks                          ◀─ answers
//!   any        Hello                            Welcome, once, before anything else
//!   Unary      Request                          Response, one for one
//!   Append     AppendEntriesRequest             Appended, one for one, in order, pipelined
//!   Snapshot   Offer, then Chunk …              From, then Working … Installed or Failed
//!   Forward    Forward or RootReport            Taken for each Forward, in order
//! ```
//! Canonical bytes as in [`::types::codec`]. Decoding is strict and takes any bytes: what it
//! accepts encodes to the same bytes, and it allocates no more than a small multiple of the frame.
//! The types of the log ([`log`]) are openraft's, so they have functions in place of `Codec`.
//!
//! It does not read or write sockets: that is [`super::pipe`].

use ::types::codec::{DecodeError, Reader, decode_text, encode_text};

pub(crate) mod forward;
pub(crate) mod hello;
pub(crate) mod log;
pub(crate) mod rpc;
pub(crate) mod snapshot;

/// Bytes of a frame's body.
pub const FRAME_BYTES_MAX: usize = 16 << 20;
/// Bytes of the body of a frame before both sides know each other.
pub const HELLO_BYTES_MAX: usize = 512;
/// Bytes of an encoded entry of the log: one always fits into a frame.
pub const ENTRY_BYTES_MAX: usize = FRAME_BYTES_MAX - 128;
/// Entries in one frame.
pub const ENTRIES_MAX: usize = 4_096;
/// Nodes of a cluster, voters and learners.
pub const MEMBERS_MAX: usize = 64;
/// Sets of voters in a membership; two while it changes.
pub const CONFIGS_MAX: usize = 4;
/// Bytes of an address, a zone or a reason.
pub const TEXT_BYTES_MAX: usize = 256;
/// Bytes of a chunk of a snapshot.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Commands in one frame that are sent on to the leader.
pub const FORWARDED_MAX: usize = 4_096;

/// Text of at most [`TEXT_BYTES_MAX`] bytes; longer text, which only our own reasons may be, is
/// cut at a letter's end.
fn encode_clipped(text: &str, out: &mut Vec<u8>) {
    encode_text(&text[..text.floor_char_boundary(TEXT_BYTES_MAX)], out);
}

fn decode_string(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    decode_text(reader, TEXT_BYTES_MAX).map(str::to_owned)
}

/// The count before a sequence of at most `max` elements.
fn decode_count(
    reader: &mut Reader<'_>,
    max: usize,
    what: &'static str,
) -> Result<usize, DecodeError> {
    let count = reader.count()?;
    if count <= max { Ok(count) } else { Err(reader.refuse(what)) }
}
