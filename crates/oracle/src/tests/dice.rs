//! Draws for tests, the same everywhere.

use types::{At, FeedTerms, IndexPrice, PriceReport, Seat};

/// xorshift64*.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 |= 1;
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll(high - low + 1)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len() as u64) as usize]
    }
}

/// A report of a seat.
pub fn report(
    terms: &FeedTerms,
    seat: Seat,
    price: IndexPrice,
    source_at: At,
    nonce: u64,
) -> PriceReport {
    PriceReport {
        base: terms.base,
        quote: terms.quote,
        reporter: seat.reporter,
        source: seat.source,
        price,
        confidence: IndexPrice(0),
        source_at,
        nonce,
    }
}
