//! The gateway's clock: time enters here and is an argument everywhere else in the crate.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970 UTC: `usIn`, `usOut`, credits.
pub fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Milliseconds since 1970 UTC: timestamps of signatures, ends of tokens.
pub fn now_ms() -> u64 {
    now_us() / 1_000
}
