//! Choices of the demo's actors: random numbers, and what a future is worth to them.
//!
//! Floats are fine here: the demo plays the part of the outside world, and what it says reaches the
//! venue as decimal numbers on the grid, through the public API. The core has none of this.

use types::{At, Kind};

/// Drift of futures over the index, a year.
const BASIS: f64 = 0.06;
/// Milliseconds of a year.
const YEAR_MS: f64 = 365.25 * 86_400_000.0;

/// Seeded random numbers: SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom
/// number generators", 2014), which passes the usual tests and fits in five lines.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    /// Another stream of the same seed.
    pub fn fork(&self, stream: u64) -> Rng {
        let mut rng = Rng(self.0 ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        Rng(rng.next())
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly between 0 and 1, never 0.
    pub fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 holds.
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Evenly below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }
}

/// What a future is worth, in units of its index.
pub fn fair(kind: &Kind, index: f64, now: At) -> f64 {
    let years = kind.expiry().map_or(0.0, |expiry| expiry.ms_since(now) as f64 / YEAR_MS);
    index * (BASIS * years).exp()
}
