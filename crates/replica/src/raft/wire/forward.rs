//! Bytes of what a follower sends on to the leader, and of what nodes compare.
//!
//! ```text
//!   ─▶ Commands   1   4 n, n × (1 cancel class   8 origin   8 tag   4 n, n bytes of the command)
//!   ◀─ Taken      4 n of the commands   4 n, n × (4 which, ascending   reason)
//!   ─▶ Root       2   8 node   8 seq   32 root   32 chain
//! ```

use ::types::Seq;
use ::types::codec::{Codec, DecodeError, Reader, encode_count};
use ::types::limits::COMMAND_BYTES_MAX;

use super::log::{decode_asked, encode_asked};
use super::{FORWARDED_MAX, decode_count, decode_string, encode_clipped};
use crate::raft::types::Asked;

/// A command of a follower's client, for the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// It is admitted as a cancel is.
    pub cancel_class: bool,
    /// Who waits for it.
    pub asked: Asked,
    /// Its canonical bytes; at most [`COMMAND_BYTES_MAX`].
    pub command: Vec<u8>,
}

/// What a node's state is, for the others to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootReport {
    /// Whose state.
    pub node: u64,
    /// After this entry.
    pub seq: Seq,
    /// Root of the state.
    pub root: [u8; 32],
    /// Chain over entries and events.
    pub chain: [u8; 32],
}

/// A frame to the other node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    Commands(Vec<Forwarded>),
    Root(RootReport),
}

/// The answer to [`Outgoing::Commands`]: which were refused, by their place in the frame. The
/// others were taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub n_commands: u32,
    pub refused: Vec<(u32, String)>,
}

impl Codec for Forwarded {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cancel_class.encode(out);
        encode_asked(&self.asked, out);
        encode_count(self.command.len(), out);
        out.extend_from_slice(&self.command);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (cancel_class, asked) = (bool::decode(reader)?, decode_asked(reader)?);
        let n_bytes = decode_count(reader, COMMAND_BYTES_MAX, "bytes of a command")?;
        Ok(Forwarded { cancel_class, asked, command: reader.take(n_bytes)?.to_vec() })
    }
}

impl Codec for Outgoing {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Outgoing::Commands(commands) => {
                out.push(1);
                commands.encode(out);
            }
            Outgoing::Root(RootReport { node, seq, root, chain }) => {
                out.push(2);
                node.encode(out);
                seq.0.encode(out);
                root.encode(out);
                chain.encode(out);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            1 => {
                let n_commands = decode_count(reader, FORWARDED_MAX, "commands")?;
                let commands: Result<_, _> =
                    (0..n_commands).map(|_| Forwarded::decode(reader)).collect();
                Ok(Outgoing::Commands(commands?))
            }
            2 => Ok(Outgoing::Root(RootReport {
                node: u64::decode(reader)?,
                seq: Seq(u64::decode(reader)?),
                root: reader.array()?,
                chain: reader.array()?,
            })),
            _ => Err(reader.refuse("Outgoing")),
        }
    }
}

impl Codec for Taken {
    fn encode(&self, out: &mut Vec<u8>) {
        self.n_commands.encode(out);
        encode_count(self.refused.len(), out);
        for (index, reason) in &self.refused {
            index.encode(out);
            encode_clipped(reason, out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let n_commands = u32::decode(reader)?;
        let mut refused: Vec<(u32, String)> = Vec::new();
        for _ in 0..decode_count(reader, FORWARDED_MAX, "refused commands")? {
            let index = u32::decode(reader)?;
            let ascends = refused.last().is_none_or(|(last, _)| *last < index);
            if !ascends || n_commands <= index {
                return Err(reader.refuse("place of a refused command"));
            }
            refused.push((index, decode_string(reader)?));
        }
        Ok(Taken { n_commands, refused })
    }
}
