//! Draws. Each part of the world has a stream of its own, so that what one draws more changes
//! nothing for the others: a run can be shrunk without becoming another run.

use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// One stream of a seed.
#[derive(Clone, Debug)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// The stream of a name.
    pub fn new(seed: u64, stream: &str) -> Rng {
        let mut mixed = seed ^ 0x9e37_79b9_7f4a_7c15;
        for byte in stream.bytes() {
            mixed = (mixed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Rng(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Below `n`, which is above zero. Not exactly even, by less than 2^-32 for small `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(n);
        u64::try_from(wide >> 64).expect("the high half of a product of two u64")
    }

    /// From `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True in so many of a million.
    pub fn chance(&mut self, ppm: u64) -> bool {
        self.below(1_000_000) < ppm
    }

    /// One of them; there is one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// An index of something that has so many.
    pub fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a length fits");
        usize::try_from(self.below(length)).expect("below a length")
    }

    /// A waiting time of this mean: mostly short, at times several times as long.
    pub fn wait(&mut self, mean: u64) -> u64 {
        let mut wait = self.below(mean + 1);
        while self.below(2) == 0 {
            wait += self.below(mean + 1);
        }
        wait
    }

    /// Around zero, mostly within ± `spread`, never beyond three times that.
    pub fn bell(&mut self, spread: u64) -> i64 {
        let sum: u64 = (0..6).map(|_| self.below(spread + 1)).sum();
        i64::try_from(sum).unwrap_or(0) - i64::try_from(3 * spread).unwrap_or(0)
    }

    /// From 1 to `most`: each power of two as likely as the next, so small ones are common.
    pub fn heavy(&mut self, most: u64) -> u64 {
        let bits = u64::from(64 - most.leading_zeros());
        let top = 1 << self.below(bits);
        (top + self.below(top)).min(most).max(1)
    }
}
