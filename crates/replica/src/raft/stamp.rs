//! What stands before each batch in the journal of a replica of several.
//!
//! ```text
//!   offset bytes
//!    0      8    term of the leader that ordered it
//!    8      8    index in the replicated log
//!   16      8    how many entries of that log were known to be committed when it was written
//!   24      1    what follows: 0 nothing, 1 a batch, 2 members (below), and no batch
//!   25      …    the members, as `wire` has them
//! ```
//! The third field is a hint for a restart: what it counts is committed, and more may be.

use openraft::Membership;
use types::codec::{Codec, DecodeError, Reader};

use super::types::{LogId, Member};
use super::wire;

/// A stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub log_id: LogId,
    /// Entries of the replicated log that are committed for certain: those of lower index.
    pub committed: u64,
    pub ordered: Ordered,
}

/// What was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ordered {
    /// Nothing: a leader begins its term.
    Blank,
    /// The batch that follows.
    Batch,
    /// Who the members are.
    Members(Membership<u64, Member>),
}

impl Codec for Stamp {
    fn encode(&self, out: &mut Vec<u8>) {
        wire::log::encode_log_id(&self.log_id, out);
        self.committed.encode(out);
        match &self.ordered {
            Ordered::Blank => out.push(0),
            Ordered::Batch => out.push(1),
            Ordered::Members(members) => {
                out.push(2);
                wire::log::encode_membership(members, out);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Stamp, DecodeError> {
        let log_id = wire::log::decode_log_id(reader)?;
        let committed = u64::decode(reader)?;
        let ordered = match u8::decode(reader)? {
            0 => Ordered::Blank,
            1 => Ordered::Batch,
            2 => Ordered::Members(wire::log::decode_membership(reader)?),
            _ => return Err(reader.refuse("Stamp")),
        };
        Ok(Stamp { log_id, committed, ordered })
    }
}
