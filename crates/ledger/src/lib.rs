//! Money that moves and cannot be made, and the hashes that prove it.
//!
//! - [`Ledger`]: balances of one asset, changed by transfers between two accounts and by nothing
//!   else.
//! - [`Tree`]: a Merkle tree over the balances, so that one balance can be proved against a root.
//! - [`SetDigest`]: a digest of a set of items, whatever their order, in O(changed).
//! - [`Chain`]: the rolling hash over entries and events.
//! - [`is_signed`], [`unsigned_of`]: whether what a reporter is said to have signed, it signed;
//!   [`is_key`]: whether it could.
//! - [`notice_head`]: the chain of notices.
//!
//! It does not know why money moves, and it reads no clock.
//!
//! # Invariants
//! 1. The sum over all accounts is zero ([`Ledger::check`]).
//! 2. Same state, same root: roots do not depend on the way that led to the state.
#![no_std]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::indexing_slicing)]
#![deny(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod balances;
mod chain;
mod digest;
mod notices;
mod signed;
mod tree;
mod wing;

pub use balances::{BalanceProof, Ledger};
pub use chain::Chain;
pub use digest::SetDigest;
pub use notices::{first_notice_head, notice_head, notice_head_message, notice_key_message};
pub use signed::{is_key, is_signed, unsigned_of};
pub use tree::{Proof, Tree};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256 of the parts, one after the other. The first part names what is hashed.
pub fn hash(parts: &[&[u8]]) -> Hash {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests;
