//! Our own orders, as the venue says that they are.
//!
//! They are learned from outcomes, never assumed: an order of ours that somebody traded with, or
//! that was refused, is here what it is there, and the next plan makes up for it.

use std::collections::BTreeMap;

use types::{AccountId, Event, Lots, OrderId, Side, Ticks};

/// An order of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Which.
    pub order: OrderId,
    /// What is open of it.
    pub open: Lots,
    /// What was filled of it.
    pub filled: Lots,
}

/// Our orders by price.
pub type OwnSide = BTreeMap<Ticks, Own>;

/// Our orders.
#[derive(Debug, Default)]
pub struct OwnBook {
    /// Buying.
    pub bids: OwnSide,
    /// Selling.
    pub asks: OwnSide,
    /// Side, price and total size of each order that was accepted and is not gone.
    known: BTreeMap<OrderId, (Side, Ticks, Lots)>,
}

impl OwnBook {
    /// Our orders of one side.
    pub fn side_mut(&mut self, side: Side) -> &mut OwnSide {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    /// An order stands with `open` of `size` lots.
    pub fn stands(&mut self, order: OrderId, side: Side, price: Ticks, size: Lots, open: Lots) {
        self.gone(order);
        self.known.insert(order, (side, price, size));
        let filled = Lots(size.0.saturating_sub(open.0));
        self.side_mut(side).insert(price, Own { order, open, filled });
    }

    /// An order is gone.
    pub fn gone(&mut self, order: OrderId) {
        let Some((side, price, _)) = self.known.remove(&order) else { return };
        let levels = self.side_mut(side);
        if levels.get(&price).is_some_and(|own| own.order == order) {
            levels.remove(&price);
        }
    }

    /// The order that stands under an id.
    pub fn standing(&self, order: OrderId) -> Option<Own> {
        let (side, price, _) = self.known.get(&order)?;
        let levels = if *side == Side::Bid { &self.bids } else { &self.asks };
        levels.get(price).filter(|own| own.order == order).copied()
    }

    /// Takes in what happened, as far as it concerns `account`.
    pub fn learn(&mut self, account: AccountId, event: &Event) {
        match event {
            Event::OrderPlaced(placed) if placed.account == account => {
                self.known.insert(placed.order, (placed.side, placed.price, placed.size));
            }
            Event::OrderRested { order, price, open, .. } => {
                if let Some((side, _, size)) = self.known.get(order).copied() {
                    self.stands(*order, side, *price, size, *open);
                }
            }
            Event::OrderAmended { order, price, size, kept_place, .. } => {
                self.amended(*order, *price, *size, *kept_place);
            }
            Event::Traded(traded) if traded.maker.account == account => {
                let maker = traded.maker;
                if let Some((side, price, size)) = self.known.get(&maker.order).copied() {
                    self.stands(maker.order, side, price, size, maker.open);
                }
            }
            Event::OrderClosed { order, .. } => self.gone(*order),
            _ => (),
        }
    }

    /// If it lost its place it is off the book until a rest follows.
    fn amended(&mut self, order: OrderId, price: Ticks, size: Lots, kept_place: bool) {
        let Some((side, _, _)) = self.known.get(&order).copied() else { return };
        let standing = self.standing(order);
        self.gone(order);
        self.known.insert(order, (side, price, size));
        if let Some(own) = standing.filter(|_| kept_place) {
            self.stands(order, side, price, size, Lots(size.0.saturating_sub(own.filled.0)));
        }
    }
}
