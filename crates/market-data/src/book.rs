//! The visible book of one instrument: sizes by price.
//!
//! Each update of a level is noted as a [`Touch`] with the size that stood there before. When the
//! entry is over, [`net`] leaves one [`LevelChange`] for each level whose size is another one.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use types::{At, InstrumentId, Lots, Seq, Side, Ticks};

/// Visible sizes by price, and when they last changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    pub(crate) bids: BTreeMap<Ticks, u64>,
    pub(crate) asks: BTreeMap<Ticks, u64>,
    pub(crate) change: Seq,
    pub(crate) changed_at: At,
}

/// A level whose visible size differs after an entry from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// Where.
    pub instrument: InstrumentId,
    /// Which side.
    pub side: Side,
    /// Which price.
    pub price: Ticks,
    /// Lots before the entry; zero if there was no such level.
    pub before: u64,
    /// Lots after it; zero if the level is gone.
    pub after: u64,
}

/// One update of a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) price: Ticks,
    pub(crate) before: u64,
    nth: usize,
}

impl Book {
    /// Seq of the entry that last changed what is visible.
    pub fn change(&self) -> Seq {
        self.change
    }

    /// When that was.
    pub fn changed_at(&self) -> At {
        self.changed_at
    }

    /// Levels of a side, best first: prices and lots.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Ticks, u64)> {
        let bids = (side == Side::Bid).then(|| self.bids.iter().rev());
        let asks = (side == Side::Ask).then(|| self.asks.iter());
        let levels = bids.into_iter().flatten().chain(asks.into_iter().flatten());
        levels.map(|(&price, &lots)| (price, lots))
    }

    /// The best level of a side.
    pub fn best(&self, side: Side) -> Option<(Ticks, u64)> {
        let best = match side {
            Side::Bid => self.bids.last_key_value(),
            Side::Ask => self.asks.first_key_value(),
        };
        best.map(|(&price, &lots)| (price, lots))
    }

    /// Lots at a price.
    pub fn at(&self, side: Side, price: Ticks) -> u64 {
        let side = match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        };
        side.get(&price).copied().unwrap_or(0)
    }

    /// Takes `less` off a level and puts `more` on it; the size before.
    pub(crate) fn update(&mut self, side: Side, price: Ticks, less: Lots, more: Lots) -> u64 {
        let levels = match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        };
        let level = levels.entry(price).or_insert(0);
        let before = *level;
        let added = before + u64::from(more.0);
        *level = added.checked_sub(u64::from(less.0)).expect("a level holds what is taken off it");
        if *level == 0 {
            levels.remove(&price);
        }
        before
    }
}

/// Notes that a level is about to differ from `before`.
pub(crate) fn touch(
    touches: &mut Vec<Touch>,
    (instrument, side): (InstrumentId, Side),
    price: Ticks,
    before: u64,
) {
    let nth = touches.len();
    touches.push(Touch { instrument, side, price, before, nth });
}

/// Leaves the first touch of each level, in the order of instrument, side and price.
pub(crate) fn net(touches: &mut Vec<Touch>) {
    if touches.len() < 2 {
        return;
    }
    touches.sort_unstable_by_key(|touch| (touch.instrument, touch.side, touch.price, touch.nth));
    touches.dedup_by_key(|touch| (touch.instrument, touch.side, touch.price));
}
