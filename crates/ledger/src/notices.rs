//! The chain of notices, and what their key signs.
//!
//! ```text
//!   first head  H("plimsoll.notice.1", asset)
//!   head        H("plimsoll.notice.1", head before, bytes of the notice)
//!   words       H("plimsoll.notice.words.1", asset, bytes of the title, title, text)
//!   signed      "plimsoll.notice.head.1" │ head (32) │ words (32)          by the key in force
//!   signed      "plimsoll.notice.key.1" │ asset (8) │ the new key (32)     by the key before it
//! ```

use alloc::vec::Vec;

use types::codec::Codec;
use types::{AssetCode, Notice, PublicKey};

use crate::{Hash, hash};

const CHAIN: &[u8] = b"plimsoll.notice.1";

/// The head before the first notice of a domain.
pub fn first_notice_head(asset: AssetCode) -> Hash {
    hash(&[CHAIN, &asset.bytes()])
}

/// The head with a notice.
pub fn notice_head(previous: &Hash, notice: &Notice) -> Hash {
    let mut bytes = Vec::new();
    notice.encode(&mut bytes);
    hash(&[CHAIN, previous, &bytes])
}

/// What the key in force signs of a head, and of the words in which people read it: those depend on
/// the names of things, and are not in the bytes of the notice.
pub fn notice_head_message(asset: AssetCode, head: &Hash, (title, text): (&str, &str)) -> Vec<u8> {
    let length = u64::try_from(title.len()).unwrap_or(u64::MAX).to_le_bytes();
    let asset = asset.bytes();
    let parts: [&[u8]; 5] =
        [b"plimsoll.notice.words.1", &asset, &length, title.as_bytes(), text.as_bytes()];
    [b"plimsoll.notice.head.1".as_slice(), head, &hash(&parts)].concat()
}

/// What the key in force signs of the one that follows it.
pub fn notice_key_message(asset: AssetCode, key: &PublicKey) -> Vec<u8> {
    [b"plimsoll.notice.key.1".as_slice(), &asset.bytes(), &key.0].concat()
}
