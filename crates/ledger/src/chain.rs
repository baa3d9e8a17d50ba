//! The rolling hash over all that was ordered and all that came of it.
//!
//! ```text
//!   head ← H("chain", head, link)      a link: the bytes of whole entries and their events, closed
//!                                      with the entry that brings it to LINK_BYTES or more
//! ```
//!
//! Where links end depends on the bytes alone, not on how entries were batched, so every replica
//! and every replay comes to the same head. Hashing long links is several times faster than hashing
//! each entry.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};

use crate::{Hash, hash};

/// The chain at some seq.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    head: Hash,
    link: Vec<u8>,
}

impl Chain {
    /// A link is closed when it is this long.
    pub const LINK_BYTES: usize = 4096;

    /// Appends what `write` writes: an entry and its events.
    pub fn extend(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.link);
        if Self::LINK_BYTES <= self.link.len() {
            self.head = self.head();
            self.link.clear();
        }
    }

    /// The hash over everything so far.
    pub fn head(&self) -> Hash {
        if self.link.is_empty() {
            return self.head;
        }
        hash(&[b"plimsoll.chain.1", &self.head, &self.link])
    }
}

impl Codec for Chain {
    fn encode(&self, out: &mut Vec<u8>) {
        self.head.encode(out);
        types::codec::encode_count(self.link.len(), out);
        out.extend_from_slice(&self.link);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let head = Hash::decode(reader)?;
        let count = reader.count()?;
        Ok(Chain { head, link: reader.take(count)?.to_vec() })
    }
}
