//! The plan: what to do so that our orders stand as the recorded levels do, one order a level.
//!
//! Order matters inside one update. When the market moves through our orders, a new bid may be at
//! or above an old ask of ours: so all cancels of both sides come first. What is left then is part
//! of the recorded book, which is not crossed, so neither an amended nor a new order can meet ours.
//! Smaller sizes come before larger ones, so that no limit on the sum is met on the way.
//!
//! ```text
//!   recorded   100:5  101:3         103:2          own   100:5  101:7  102:1
//!   plan       cancel 102 · amend 101 to 3 · place 103:2
//! ```

use std::cmp::Ordering;

use types::{Lots, OrderId, Side, Ticks};

use super::book::{Levels, Recorded};
use super::own::{Own, OwnBook, OwnSide};

/// Levels kept a side: with both sides, as many orders as one account may have in one instrument.
pub const LEVELS_MAX: usize = 1_000;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take an order off.
    Cancel {
        /// Its side.
        side: Side,
        /// Its price.
        price: Ticks,
        /// Which.
        order: OrderId,
    },
    /// Give an order another size.
    Amend {
        /// Its side.
        side: Side,
        /// Its price.
        price: Ticks,
        /// Which.
        order: OrderId,
        /// New total size, what was filled included.
        size: Lots,
    },
    /// Put a new order.
    Place {
        /// Its side.
        side: Side,
        /// Its price.
        price: Ticks,
        /// Its size.
        size: Lots,
    },
}

/// How much of a recorded book is kept, a side.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// Levels, best first.
    pub levels: usize,
    /// Lots of all of them together: what one account may have open.
    pub lots_max: u64,
}

/// Actions in the order in which they are to be done.
#[derive(Default)]
struct Plan {
    cancels: Vec<Action>,
    /// Amendments that make an order smaller: they never exceed a limit that held before.
    cuts: Vec<Action>,
    /// Larger orders and new ones.
    growth: Vec<Action>,
}

/// What brings `own` to the best levels of `recorded`: cancels first, then what makes smaller.
pub fn plan(recorded: &Recorded, own: &OwnBook, depth: Depth) -> Vec<Action> {
    let mut plan = Plan::default();
    plan.side(Side::Bid, &depth.best(recorded.bids.iter().rev()), &own.bids);
    plan.side(Side::Ask, &depth.best(recorded.asks.iter()), &own.asks);
    let Plan { mut cancels, mut cuts, mut growth } = plan;
    cancels.append(&mut cuts);
    cancels.append(&mut growth);
    cancels
}

impl Depth {
    /// The levels that are kept of all, which come best first.
    fn best<'a>(self, all: impl Iterator<Item = (&'a Ticks, &'a Lots)>) -> Levels {
        let mut lots = 0_u64;
        let fits = all.take(self.levels.min(LEVELS_MAX)).take_while(|(_, size)| {
            lots += u64::from(size.0);
            lots <= self.lots_max
        });
        fits.map(|(price, size)| (*price, *size)).collect()
    }
}

impl Plan {
    fn side(&mut self, side: Side, wanted: &Levels, own: &OwnSide) {
        let stale = own.iter().filter(|(price, _)| !wanted.contains_key(price));
        let cancel =
            |(&price, own): (&Ticks, &Own)| Action::Cancel { side, price, order: own.order };
        self.cancels.extend(stale.map(cancel));
        for (&price, &size) in wanted {
            let Some(own) = own.get(&price) else {
                self.growth.push(Action::Place { side, price, size });
                continue;
            };
            let amend =
                Action::Amend { side, price, order: own.order, size: size.plus(own.filled) };
            match size.cmp(&own.open) {
                Ordering::Less => self.cuts.push(amend),
                Ordering::Equal => (),
                Ordering::Greater => self.growth.push(amend),
            }
        }
    }
}
