//! The digest of a set of items: the sum of their hashes, modulo 2²⁵⁶.
//!
//! Adding and removing an item costs one hash, in whatever order, so a state of a million orders
//! has a digest in O(changed).
//!
//! What it is for, and what not: it shows that two replicas, or a snapshot and a replay, hold the
//! same set. It does not bind somebody who may choose the items freely to make two sets collide
//! (Wagner's generalised birthday attack on sums); our items come from one log, whose every byte is
//! bound by [`crate::Chain`]. Money, which is proved to outsiders, stands in [`crate::Tree`].

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};

use crate::{Hash, hash};

/// A sum of hashes, least significant word first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetDigest([u64; 4]);

impl SetDigest {
    /// Puts an item in. An item names its kind and its key, so that no two are equal.
    pub fn add(&mut self, item: &[u8]) {
        let mut carry = false;
        for (word, other) in self.0.iter_mut().zip(words(item)) {
            (*word, carry) = word.carrying_add(other, carry);
        }
    }

    /// Takes out an item that was put in with these bytes.
    pub fn remove(&mut self, item: &[u8]) {
        let mut borrow = false;
        for (word, other) in self.0.iter_mut().zip(words(item)) {
            (*word, borrow) = word.borrowing_sub(other, borrow);
        }
    }

    /// The digest as bytes.
    pub fn bytes(&self) -> Hash {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

fn words(item: &[u8]) -> impl Iterator<Item = u64> {
    let hash = hash(&[item]);
    (0..4).map(move |index| {
        let mut word = [0; 8];
        word.copy_from_slice(hash.get(index * 8..index * 8 + 8).unwrap_or_default());
        u64::from_le_bytes(word)
    })
}

impl Codec for SetDigest {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|word| word.encode(out));
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut digest = SetDigest::default();
        for word in &mut digest.0 {
            *word = u64::decode(reader)?;
        }
        Ok(digest)
    }
}
