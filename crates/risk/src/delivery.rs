//! Delivery prices: the average of the index over the last half hour of an expiry.
//!
//! ```text
//!   T − 30 min                          T                                        T + 2 h
//!     │ 450 slots of 4 seconds          │ further slots, while fewer than 405 are good │
//!     ├──┬──┬──┬── … ──┬──┬──┬──┬──┬──┬─┼──┬──┬── …                                    │
//!       one sample each                 405 good: priced                225 good: priced,
//!                                                                        fewer: disputed
//! ```
//! The first call in a slot decides it: with a price it is good. A slot in which no call came, or
//! none with a price, is due and not good. One [`Delivery`] serves all instruments of an index and
//! an expiry.
//!
//! It settles nothing.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};
use types::{At, DeliveryCount, IndexPrice};

const SLOT_MS: u64 = 4_000;
/// Slots of the window before expiry.
const SLOTS: u16 = 450;
/// So many good ones make a price at once: 90 % of the window.
const GOOD_ENOUGH: u16 = 405;
/// So many make one when waiting is over: 15 minutes.
const GOOD_MIN: u16 = 225;
const WINDOW_MS: u64 = 30 * 60_000;
/// How long after expiry samples are still taken.
const EXTENSION_MS: u64 = 120 * 60_000;
/// Slots of window and extension.
const SLOTS_MAX: u16 = 2_250;

/// How the delivery price of one index and expiry comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    expiry: At,
    /// The slots before this one are over.
    next_slot: u16,
    good: u16,
    /// Of the good samples.
    sum: u128,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is no price yet.
    Waiting,
    /// This is the price.
    Priced(IndexPrice, DeliveryCount),
    /// Too few samples were good: the operator says the price.
    Disputed(DeliveryCount),
}

impl Delivery {
    /// Without a sample.
    pub fn new(expiry: At) -> Delivery {
        Delivery { expiry, next_slot: 0, good: 0, sum: 0 }
    }

    /// When the contracts expire.
    pub fn expiry(&self) -> At {
        self.expiry
    }

    /// When the first sample is due.
    pub fn opens_at(expiry: At) -> At {
        At(expiry.0.saturating_sub(WINDOW_MS))
    }

    /// Takes the sample of the slot that `at` is in, unless it was taken: the index, or `None`
    /// where it is too bad to deliver by (`types::Action::Deliver`).
    pub fn sample(&mut self, price: Option<IndexPrice>, at: At) {
        if at < Self::opens_at(self.expiry) || self.is_over(at) {
            return;
        }
        let slot = at.ms_since(Self::opens_at(self.expiry)) / SLOT_MS;
        let slot = u16::try_from(slot).expect("before the end of the extension");
        if slot < self.next_slot {
            return;
        }
        self.next_slot = slot + 1;
        if let Some(price) = price {
            self.good += 1;
            self.sum += u128::from(price.min(IndexPrice::MAX).0);
        }
    }

    fn is_over(&self, at: At) -> bool {
        let is_enough = self.expiry <= at && GOOD_ENOUGH <= self.good;
        is_enough || self.expiry.plus_ms(EXTENSION_MS) <= at
    }

    /// What became of it by `at`, after the sample of `at` was taken.
    pub fn outcome(&self, at: At) -> Outcome {
        if at < self.expiry || !self.is_over(at) {
            return Outcome::Waiting;
        }
        match self.mean() {
            Some(mean) if GOOD_MIN <= self.good => Outcome::Priced(mean, self.count()),
            Some(_) | None => Outcome::Disputed(self.count()),
        }
    }

    /// Samples so far.
    pub fn count(&self) -> DeliveryCount {
        DeliveryCount { good: self.good, due: self.next_slot }
    }

    /// What the price will be if the index stays at `spot`: the good samples as they are, those to
    /// come at `spot` (venue.md §2.6). Nearest, ties down; `spot` before the window.
    pub fn blended(&self, spot: IndexPrice) -> IndexPrice {
        let outstanding = self.outstanding();
        let sum = self.sum + u128::from(outstanding) * u128::from(spot.0);
        nearest_mean(sum, self.good + outstanding).unwrap_or(spot)
    }

    /// Samples to come: the rest of the window, then those that are missing.
    fn outstanding(&self) -> u16 {
        if self.next_slot < SLOTS {
            return SLOTS - self.next_slot;
        }
        GOOD_ENOUGH.saturating_sub(self.good)
    }

    fn mean(&self) -> Option<IndexPrice> {
        nearest_mean(self.sum, self.good)
    }
}

/// `sum / count`, nearest, ties down.
fn nearest_mean(sum: u128, count: u16) -> Option<IndexPrice> {
    let count = u128::from(count);
    let mean = (2 * sum + count).checked_sub(1)?.checked_div(2 * count)?;
    u64::try_from(mean).ok().map(IndexPrice)
}

impl Codec for Delivery {
    fn encode(&self, out: &mut Vec<u8>) {
        self.expiry.encode(out);
        out.extend_from_slice(&self.next_slot.to_le_bytes());
        out.extend_from_slice(&self.good.to_le_bytes());
        self.sum.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let delivery = Delivery {
            expiry: Codec::decode(reader)?,
            next_slot: u16::from_le_bytes(reader.array()?),
            good: u16::from_le_bytes(reader.array()?),
            sum: Codec::decode(reader)?,
        };
        let most = u128::from(delivery.good) * u128::from(IndexPrice::MAX.0);
        let is_possible = delivery.next_slot <= SLOTS_MAX
            && delivery.good <= delivery.next_slot
            && delivery.sum <= most;
        if is_possible { Ok(delivery) } else { Err(reader.refuse("Delivery")) }
    }
}
