//! The gateway's clock: time enters here and is an argument everywhere else in the crate.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment, as the time of day has it and as a clock has it that nobody sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Microseconds since 1970 UTC: what clients are told, signatures, ends of tokens.
    pub day_us: u64,
    /// Microseconds that the process runs: credits and patience. The time of day may leap; a client
    /// is not to wait for its credits because of it.
    pub run_us: u64,
}

impl Moment {
    /// Milliseconds since 1970 UTC.
    pub fn day_ms(self) -> u64 {
        self.day_us / 1_000
    }
}

/// The moment that it is.
pub(crate) fn now() -> Moment {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment { day_us: micros(since), run_us: micros(START.elapsed()) }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
