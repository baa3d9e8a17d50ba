//! The reference: each book two B-trees of queues. Simple, and what a workload is drawn against.

use std::collections::{BTreeMap, VecDeque};

use crate::{Engine, Order, Side, Sink};

/// An open order: which book and side, its price, what is left.
#[derive(Clone, Copy)]
pub struct Open {
    /// Which book.
    pub book: u32,
    /// Which way.
    pub side: Side,
    /// In ticks.
    pub price: u32,
    /// In lots, zero when it is gone.
    pub size: u32,
}

type Levels = BTreeMap<u32, VecDeque<u64>>;

/// The books.
pub struct Reference {
    books: Vec<[Levels; 2]>,
    /// Every order by key, gone or not.
    pub orders: Vec<Open>,
}

impl Reference {
    /// Best price of a side.
    pub fn best(&self, book: u32, side: Side) -> Option<u32> {
        let levels = &self.books[book as usize][side as usize];
        let best = match side {
            Side::Bid => levels.last_key_value(),
            Side::Ask => levels.first_key_value(),
        };
        best.map(|(price, _)| *price)
    }

    /// What stands first on a side, best price first.
    pub fn front(&self, book: u32, side: Side) -> Vec<Open> {
        let levels = &self.books[book as usize][side as usize];
        let keys: Vec<u64> = match side {
            Side::Bid => levels.values().rev().flatten().take(3).copied().collect(),
            Side::Ask => levels.values().flatten().take(3).copied().collect(),
        };
        keys.into_iter().map(|key| self.orders[key as usize]).collect()
    }

    /// Trades what an order can and lets the rest of it stand under its key.
    fn enter(&mut self, order: &Order, sink: &mut impl Sink) {
        let Order { book, side, price, mut size, key } = *order;
        let other = if side == Side::Bid { Side::Ask } else { Side::Bid };
        while 0 < size {
            let Some(best) = self.best(book, other) else { break };
            let crosses = if side == Side::Bid { best <= price } else { price <= best };
            if !crosses {
                break;
            }
            let levels = &mut self.books[book as usize][other as usize];
            let queue = levels.get_mut(&best).expect("the best level is there");
            let maker = queue[0];
            let open = &mut self.orders[maker as usize];
            let traded = size.min(open.size);
            (size, open.size) = (size - traded, open.size - traded);
            if open.size == 0 {
                queue.pop_front();
            }
            sink.fill(maker, u64::from(best), u64::from(traded));
            self.pop_if_empty(book, other, best);
        }
        self.orders[key as usize] = Open { book, side, price, size };
        if 0 < size {
            let levels = &mut self.books[book as usize][side as usize];
            levels.entry(price).or_default().push_back(key);
        }
    }

    fn pop_if_empty(&mut self, book: u32, side: Side, price: u32) {
        let levels = &mut self.books[book as usize][side as usize];
        if levels.get(&price).is_some_and(VecDeque::is_empty) {
            levels.remove(&price);
        }
    }
}

impl Engine for Reference {
    const NAME: &'static str = "reference (B-tree of queues)";

    fn new(n_books: u32) -> Reference {
        let books = (0..n_books).map(|_| [Levels::new(), Levels::new()]).collect();
        Reference { books, orders: Vec::new() }
    }

    fn place(&mut self, order: &Order, sink: &mut impl Sink) -> u64 {
        let Order { book, side, price, key, .. } = *order;
        assert_eq!(key, self.orders.len() as u64, "keys are dense");
        self.orders.push(Open { book, side, price, size: 0 });
        self.enter(order, sink);
        key
    }

    fn cancel(&mut self, _book: u32, id: u64, sink: &mut impl Sink) {
        let Open { book, side, price, size } = self.orders[id as usize];
        assert!(0 < size, "order {id} is open");
        self.orders[id as usize].size = 0;
        let levels = &mut self.books[book as usize][side as usize];
        levels.get_mut(&price).expect("the level is there").retain(|other| *other != id);
        self.pop_if_empty(book, side, price);
        sink.left(id);
    }

    fn replace(&mut self, id: u64, order: &Order, sink: &mut impl Sink) {
        self.cancel(order.book, id, sink);
        self.enter(order, sink);
    }
}
