//! Delivery prices: those that were made, and what the next one will be if the index stays.
//!
//! The estimate follows the rules of the price itself (DLV-2, DLV-6): a sample in every 4 seconds
//! of the last half hour while the feed is healthy, the rest at the index as it is. The first
//! entry in these 4 seconds is what this one looks at, where the engine looks at its first tick: it
//! is an estimate, and the price is what the engine says.

use types::{Amount, At, DeliveryCount, IndexPrice, InstrumentId, Ticks};

pub(crate) const SLOT_MS: u64 = 4_000;
const SLOTS: u64 = 450;
/// So many good ones make a price at expiry.
const GOOD_ENOUGH: u64 = 405;
const WINDOW_MS: u64 = SLOTS * SLOT_MS;
/// Slots of the window and of two hours after it.
const SLOTS_MAX: u64 = 2_250;

/// The delivery price of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryPrice {
    /// Of which expiry.
    pub expiry: At,
    /// The price.
    pub price: IndexPrice,
    /// The samples behind it.
    pub samples: DeliveryCount,
    /// When it was made.
    pub at: At,
}

/// The end of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub instrument: InstrumentId,
    /// When.
    pub at: At,
    /// At which price of its index.
    pub price: IndexPrice,
    /// Its last mark.
    pub mark: Ticks,
    /// Lots that were held long, which are as many as were held short.
    pub open_interest: u64,
}

/// What was sampled for an expiry so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub(crate) expiry: At,
    pub(crate) next_slot: u64,
    pub(crate) good: u64,
    pub(crate) sum: u128,
}

/// A profit or a cost of an account that is not of a trade: funding, a delivery, what a reporter
/// staked, lost or earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Its number among the account's movements of money, which rise in the domain.
    pub id: u64,
    /// When.
    pub at: At,
    /// What for.
    pub reason: types::TransferReason,
    /// How much came, below zero if it went.
    pub amount: Amount,
    /// Of which instrument; `None` for stakes and rewards.
    pub instrument: Option<InstrumentId>,
    /// The position that it is for.
    pub position: types::SignedLots,
    /// The index, or the delivery price.
    pub index_price: IndexPrice,
    /// The mark.
    pub mark: Ticks,
    /// Cash after it.
    pub balance: Amount,
}

impl Window {
    pub(crate) fn new(expiry: At) -> Window {
        Window { expiry, next_slot: 0, good: 0, sum: 0 }
    }

    /// When the first sample of an expiry is due.
    pub(crate) fn opens_at(expiry: At) -> At {
        At(expiry.0.saturating_sub(WINDOW_MS))
    }

    /// Of which expiry.
    pub fn expiry(&self) -> At {
        self.expiry
    }

    /// Samples that are still to come before expiry, and all of them.
    pub fn slots(&self) -> (u64, u64) {
        (SLOTS.saturating_sub(self.next_slot), SLOTS)
    }

    /// Takes the sample of the slot that `at` is in; `None`: the index is not good enough.
    pub(crate) fn sample(&mut self, price: Option<IndexPrice>, at: At) {
        let slot = at.ms_since(Window::opens_at(self.expiry)) / SLOT_MS;
        let is_enough = self.expiry <= at && GOOD_ENOUGH <= self.good;
        if slot < self.next_slot || SLOTS_MAX <= slot || is_enough {
            return;
        }
        self.next_slot = slot + 1;
        if let Some(price) = price {
            self.good += 1;
            self.sum += u128::from(price.0);
        }
    }

    /// What the price will be if the index stays at `spot` (DLV-6); nearest, ties down.
    pub fn expected(&self, spot: IndexPrice) -> IndexPrice {
        let to_come = match self.next_slot < SLOTS {
            true => SLOTS - self.next_slot,
            false => GOOD_ENOUGH.saturating_sub(self.good),
        };
        let sum = self.sum + u128::from(to_come) * u128::from(spot.0);
        let count = u128::from(self.good + to_come);
        let mean = (2 * sum + count).saturating_sub(1).checked_div(2 * count);
        mean.and_then(|mean| u64::try_from(mean).ok()).map_or(spot, IndexPrice)
    }

    /// False for bytes that no samples make.
    pub(crate) fn is_possible(&self) -> bool {
        let most = u128::from(self.good) * u128::from(u64::MAX);
        self.next_slot <= SLOTS_MAX && self.good <= self.next_slot && self.sum <= most
    }
}
