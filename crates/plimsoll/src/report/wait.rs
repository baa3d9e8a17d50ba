//! How long to wait before trying again: twice as long each time, up to a limit, with jitter, so
//! that reporters that fell together do not come back together.

use std::time::Duration;

/// The first wait, before jitter.
const FIRST: Duration = Duration::from_millis(250);
/// The longest.
const LONGEST: Duration = Duration::from_secs(15);

/// Waits of one thing that is tried again and again.
#[derive(Debug, Default)]
pub struct Waits {
    failures: u32,
}

impl Waits {
    /// It worked: the next wait is a short one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// It failed: so long to wait. Between a half and the whole of the doubled time.
    pub fn next(&mut self) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let share = random() as f64 / u64::MAX as f64;
        doubled.mul_f64(0.5 + share / 2.0)
    }
}

/// Random bits; none from the operating system are as good as any for jitter.
pub fn random() -> u64 {
    getrandom::u64().unwrap_or_default()
}
