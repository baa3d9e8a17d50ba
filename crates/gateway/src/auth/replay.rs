//! Signatures that were used: none works twice.
//!
//! A signature is remembered until its timestamp is too old to be taken anyway. The whole of client
//! id, timestamp, nonce and signature is compared, not the nonce alone: a common client makes its
//! nonce of the millisecond and repeats it under load (api.md §3.1). Only signatures that were
//! right are kept, so a stranger cannot fill the list.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::limits::{SIGNATURE_WINDOW_MS, SIGNATURES_MAX};

/// What is wrong with the time or the use of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Our clock and the client's differ too much, or the request was held back.
    #[error(
        "the timestamp is {off_ms} ms off our clock, {max} are allowed: sign with the present time",
        max = SIGNATURE_WINDOW_MS
    )]
    Stale {
        /// By how much.
        off_ms: u64,
    },
    /// It was seen before.
    #[error("this signature was used before: sign each request with a nonce of its own")]
    Used,
    /// Too many are remembered.
    #[error("{SIGNATURES_MAX} signatures were used within the last minute: ask again later")]
    Full,
}

/// The signatures of the last minute.
#[derive(Debug, Default)]
pub struct UsedSignatures {
    /// By the end of their validity.
    used: Mutex<BTreeSet<(u64, [u8; 32])>>,
}

impl UsedSignatures {
    /// Is the time near enough?
    pub fn check_time(now_ms: u64, timestamp_ms: u64) -> Result<(), ReplayError> {
        let off_ms = now_ms.abs_diff(timestamp_ms);
        if off_ms <= SIGNATURE_WINDOW_MS { Ok(()) } else { Err(ReplayError::Stale { off_ms }) }
    }

    /// Remembers a signature that was found right.
    pub fn use_once(
        &self,
        now_ms: u64,
        timestamp_ms: u64,
        digest: [u8; 32],
    ) -> Result<(), ReplayError> {
        Self::check_time(now_ms, timestamp_ms)?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while used.first().is_some_and(|(until_ms, _)| *until_ms < now_ms) {
            used.pop_first();
        }
        if SIGNATURES_MAX <= used.len() {
            return Err(ReplayError::Full);
        }
        let fresh = used.insert((timestamp_ms + SIGNATURE_WINDOW_MS, digest));
        if fresh { Ok(()) } else { Err(ReplayError::Used) }
    }
}

#[cfg(test)]
mod tests;
