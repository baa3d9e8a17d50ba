//! The plan: what to do so that our orders stand as the recorded levels do, one order a level.
//!
//! Order matters inside one update. When the market moves through our orders, a new bid may be at
//! or above an old ask of ours: so all cancels of both sides come first. What is left then is part
//! of the recorded book, which is not crossed, so neither an amended nor a new order can meet ours.
//!
//! ```text
//!   recorded   100:5  101:3         103:2          own   100:5  101:7  102:1
//!   plan       cancel 102 · amend 101 to 3 · place 103:2
//! ```

use types::{Lots, OrderId, Side, Ticks};

use super::book::{Levels, Recorded};
use super::own::{OwnBook, OwnSide};

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

/// What brings `own` to the best `n_levels` levels a side of `recorded`: cancels first.
pub fn plan(recorded: &Recorded, own: &OwnBook, n_levels: usize) -> Vec<Action> {
    let n_levels = n_levels.min(LEVELS_MAX);
    let mut actions = Vec::new();
    let mut changes = Vec::new();
    let bids: Vec<_> = recorded.bids.iter().rev().take(n_levels).map(pair).collect();
    let asks: Vec<_> = recorded.asks.iter().take(n_levels).map(pair).collect();
    let bids: Levels = bids.into_iter().collect();
    let asks: Levels = asks.into_iter().collect();
    plan_side(Side::Bid, &bids, &own.bids, &mut actions, &mut changes);
    plan_side(Side::Ask, &asks, &own.asks, &mut actions, &mut changes);
    actions.append(&mut changes);
    actions
}

fn pair((price, size): (&Ticks, &Lots)) -> (Ticks, Lots) {
    (*price, *size)
}

fn plan_side(
    side: Side,
    wanted: &Levels,
    own: &OwnSide,
    cancels: &mut Vec<Action>,
    changes: &mut Vec<Action>,
) {
    let stale = own.iter().filter(|(price, _)| !wanted.contains_key(price));
    cancels.extend(stale.map(|(&price, own)| Action::Cancel { side, price, order: own.order }));
    for (&price, &size) in wanted {
        match own.get(&price) {
            None => changes.push(Action::Place { side, price, size }),
            Some(own) if own.open == size => (),
            Some(own) => {
                let size = size.plus(own.filled);
                changes.push(Action::Amend { side, price, order: own.order, size });
            }
        }
    }
}
