//! The wall clock: time enters the venue here, and in the gateway for its own purposes.

use std::time::{SystemTime, UNIX_EPOCH};

use types::At;

/// Now, in the log's unit.
pub fn log_time() -> At {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    At(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
