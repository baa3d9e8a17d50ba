//! Nonces that rise, whatever happens: to this process, to its clock, to its twin.
//!
//! ```text
//!   63      61                        20                0
//!   ┌───────┬─────────────────────────┬─────────────────┐
//!   │   0   │ milliseconds since 1970 │ random          │
//!   └───────┴─────────────────────────┴─────────────────┘
//! ```
//! Two different reports for one nonce cost the whole stake. Time makes nonces rise across restarts
//! without a file to keep; the random part makes a second process with the same key, on another
//! machine where no lock can see it, never hit the same one. A clock that was set back is caught by
//! the venue, which says what its last nonce was: see [`Nonces::learn`].

use types::At;

use super::wait::random;

/// Bits of the random part.
const RANDOM_BITS: u32 = 20;
/// The API carries 63 bits; from here on there is still a next one, and a million after it.
const NONCE_MAX: u64 = (1 << 63) - (1 << 30);

/// Makes nonces.
#[derive(Debug, Default)]
pub struct Nonces {
    last: u64,
}

impl Nonces {
    /// The next one.
    pub fn next(&mut self, now: At) -> u64 {
        let low = random() >> (u64::BITS - RANDOM_BITS);
        // Forty-three bits of milliseconds last until the year 2248.
        let by_time = (now.0.min(NONCE_MAX >> RANDOM_BITS) << RANDOM_BITS) | low;
        self.last = by_time.max(self.last + 1 + (low >> (RANDOM_BITS / 2)));
        self.last
    }

    /// The venue has seen this one already.
    pub fn learn(&mut self, last: u64) {
        self.last = self.last.max(last.min(NONCE_MAX));
    }
}
