//! The naive twin: the same books as sorted vectors, one page of code, obviously right and slow.

use std::vec::Vec;

use types::{InstrumentId, Lots, OrderId, Side, Ticks};

use crate::{Books, Match, Rest, Resting, Taker};

/// What the fast books and their twin are driven by.
pub(super) trait Market {
    fn open_book(&mut self) -> InstrumentId;
    fn admit(&mut self) -> Option<OrderId>;
    fn release(&mut self, order: OrderId);
    fn rest(&mut self, order: OrderId, rest: &Rest);
    fn match_next(&mut self, taker: &mut Taker) -> Option<Match>;
    fn remove(&mut self, order: OrderId) -> Option<Resting>;
    fn unlink(&mut self, order: OrderId) -> Option<Resting>;
    fn reduce(&mut self, order: OrderId, open: Lots) -> Option<Resting>;
    fn get(&self, order: OrderId) -> Option<Resting>;
    fn first_own(&self, taker: &Taker) -> Option<OrderId>;
    fn levels(&self, book: InstrumentId, side: Side) -> Vec<(Ticks, u64)>;
    fn queue(&self, book: InstrumentId, side: Side, price: Ticks) -> Vec<OrderId>;
}

#[derive(Clone, Default)]
pub(super) struct Twin {
    count: u64,
    n_slots: u32,
    free: Vec<u32>,
    /// Of each book bids and asks: best price first, then the first to come.
    books: Vec<[Vec<(OrderId, Resting)>; 2]>,
}

impl Twin {
    fn orders(&mut self, book: InstrumentId, side: Side) -> &mut Vec<(OrderId, Resting)> {
        &mut self.books[book.0 as usize][side as usize]
    }

    fn reached(&self, taker: &Taker) -> impl Iterator<Item = &(OrderId, Resting)> {
        let (side, limit) = (taker.side.opposite(), taker.limit);
        let orders = self.books[taker.book.0 as usize][side as usize].iter();
        orders.filter(move |(_, resting)| side.reaches(resting.price, limit))
    }

    fn insert(&mut self, order: OrderId, resting: Resting) {
        let Resting { book, side, price, .. } = resting;
        let orders = self.orders(book, side);
        let index = orders.partition_point(|(_, other)| side.reaches(other.price, price));
        orders.insert(index, (order, resting));
    }

    /// A resting order showing at most `displayed` of what is open.
    fn shape(rest: &Rest, displayed: Lots) -> Resting {
        let Rest { book, side, price, open, display, owner } = *rest;
        let displayed = displayed.min(open);
        let display = display.filter(|_| displayed < open);
        Resting { book, side, price, open, displayed, display, owner }
    }
}

impl Market for Twin {
    fn open_book(&mut self) -> InstrumentId {
        self.books.push(Default::default());
        InstrumentId(self.books.len() as u32 - 1)
    }

    fn admit(&mut self) -> Option<OrderId> {
        self.count += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.n_slots += 1;
            self.n_slots - 1
        });
        Some(OrderId::new(self.count, slot))
    }

    fn release(&mut self, order: OrderId) {
        self.free.push(order.slot());
    }

    fn rest(&mut self, order: OrderId, rest: &Rest) {
        self.insert(order, Twin::shape(rest, rest.display.unwrap_or(rest.open)));
    }

    fn match_next(&mut self, taker: &mut Taker) -> Option<Match> {
        let (maker, before) = *self.reached(taker).next()?;
        if taker.size == Lots::ZERO {
            return None;
        }
        if before.owner == taker.owner {
            return Some(Match::Own { maker });
        }
        let size = taker.size.min(before.displayed);
        taker.size = taker.size.minus(size);
        let Resting { book, side, price, display, owner, .. } = before;
        let open = before.open.minus(size);
        let rest = Rest { book, side, price, open, display, owner };
        let mut replenished = None;
        self.orders(book, side).remove(0);
        if size < before.displayed {
            let after = Twin::shape(&rest, before.displayed.minus(size));
            self.orders(book, side).insert(0, (maker, after));
        } else if Lots::ZERO < open {
            replenished = display.map(|display| display.min(open));
            self.rest(maker, &rest);
        } else {
            self.release(maker);
        }
        Some(Match::Fill { maker, price, size, maker_open: open, replenished })
    }

    fn remove(&mut self, order: OrderId) -> Option<Resting> {
        let resting = self.unlink(order)?;
        self.release(order);
        Some(resting)
    }

    fn unlink(&mut self, order: OrderId) -> Option<Resting> {
        let resting = self.get(order)?;
        self.orders(resting.book, resting.side).retain(|(other, _)| *other != order);
        Some(resting)
    }

    fn reduce(&mut self, order: OrderId, open: Lots) -> Option<Resting> {
        let Resting { book, side, price, displayed, display, owner, .. } = self.get(order)?;
        let after = Twin::shape(&Rest { book, side, price, open, display, owner }, displayed);
        let orders = self.orders(book, side);
        let index = orders.iter().position(|(other, _)| *other == order)?;
        orders[index].1 = after;
        Some(after)
    }

    fn get(&self, order: OrderId) -> Option<Resting> {
        let mut orders = self.books.iter().flatten().flatten();
        orders.find(|(other, _)| *other == order).map(|(_, resting)| *resting)
    }

    fn first_own(&self, taker: &Taker) -> Option<OrderId> {
        let (book, side) = (taker.book.0 as usize, taker.side.opposite() as usize);
        let mut trial = Twin::default();
        trial.books.resize_with(book + 1, Default::default);
        trial.books[book][side] = self.books[book][side].clone();
        let mut taker = *taker;
        loop {
            match trial.match_next(&mut taker)? {
                Match::Own { maker } => return Some(maker),
                Match::Fill { .. } => {}
            }
        }
    }

    fn levels(&self, book: InstrumentId, side: Side) -> Vec<(Ticks, u64)> {
        let mut levels = Vec::<(Ticks, u64)>::new();
        for (_, resting) in &self.books[book.0 as usize][side as usize] {
            if levels.last().is_none_or(|(price, _)| *price != resting.price) {
                levels.push((resting.price, 0));
            }
            levels.last_mut().expect("it was just pushed").1 += u64::from(resting.displayed.0);
        }
        levels
    }

    fn queue(&self, book: InstrumentId, side: Side, price: Ticks) -> Vec<OrderId> {
        let orders = self.books[book.0 as usize][side as usize].iter();
        orders.filter(|(_, resting)| resting.price == price).map(|(order, _)| *order).collect()
    }
}

macro_rules! same {
    ($(fn $name:ident(&$($mutable:ident)? $(, $argument:ident: $type:ty)*) -> $result:ty;)*) => {$(
        fn $name(&$($mutable)? self $(, $argument: $type)*) -> $result {
            Books::$name(self $(, $argument)*)
        }
    )*};
}

impl Market for Books {
    same! {
        fn open_book(&mut) -> InstrumentId;
        fn admit(&mut) -> Option<OrderId>;
        fn release(&mut, order: OrderId) -> ();
        fn rest(&mut, order: OrderId, rest: &Rest) -> ();
        fn match_next(&mut, taker: &mut Taker) -> Option<Match>;
        fn remove(&mut, order: OrderId) -> Option<Resting>;
        fn unlink(&mut, order: OrderId) -> Option<Resting>;
        fn reduce(&mut, order: OrderId, open: Lots) -> Option<Resting>;
        fn get(&, order: OrderId) -> Option<Resting>;
        fn first_own(&, taker: &Taker) -> Option<OrderId>;
    }

    fn levels(&self, book: InstrumentId, side: Side) -> Vec<(Ticks, u64)> {
        Books::levels(self, book, side).collect()
    }

    fn queue(&self, book: InstrumentId, side: Side, price: Ticks) -> Vec<OrderId> {
        Books::queue(self, book, side, price).collect()
    }
}
