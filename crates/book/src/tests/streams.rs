//! Streams of commands, drawn from a seed or by proptest, and what one command does to a market.

use std::vec::Vec;

use proptest::prelude::*;
use types::{InstrumentId, Lots, OrderId, Side, Ticks};

use super::twin::Market;
use crate::{Match, Rest, Resting, Taker};

pub(super) const N_BOOKS: u32 = 4;
/// Orders that a stream remembers; older ones are cancelled, which bounds the books.
const RECENT_MAX: usize = 200;

/// One command. A `pick` chooses among the orders of the last while, open or not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Trades what it can, rests what is left.
    Place { quote: Quote, cancels_own: bool },
    /// Takes an order off its book and places it anew, under its id.
    Amend { pick: usize, quote: Quote, cancels_own: bool },
    /// Takes an order off its book and leaves it waiting.
    Park { pick: usize },
    /// Makes an order smaller, to `open` modulo what it has.
    Reduce { pick: usize, open: u32 },
    /// Cancels an order, whether it rests or waits.
    Cancel { pick: usize },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    pub(super) book: u32,
    pub(super) side: Side,
    pub(super) price: u32,
    pub(super) size: u32,
    pub(super) display: u32,
    pub(super) owner: u32,
}

/// What a command showed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    FirstOwn(Option<OrderId>),
    Met(Match),
    Changed(Option<Resting>),
    Admitted(OrderId),
}

/// A level with its price, total, and queue.
type Row = (Ticks, u64, Vec<(OrderId, Option<Resting>)>);

/// A market with the orders that a test remembers.
#[derive(Clone)]
pub(super) struct Driven<M> {
    pub(super) market: M,
    recent: Vec<OrderId>,
    waiting: Vec<OrderId>,
}

impl<M: Market> Driven<M> {
    pub(super) fn new(mut market: M) -> Driven<M> {
        for book in 0..N_BOOKS {
            assert_eq!(market.open_book(), InstrumentId(book));
        }
        Driven { market, recent: Vec::new(), waiting: Vec::new() }
    }

    fn pick(&self, pick: usize) -> OrderId {
        let n_recent = self.recent.len().max(1);
        self.recent.get(pick % n_recent).copied().unwrap_or_default()
    }

    pub(super) fn step(&mut self, op: Op) -> Vec<Shown> {
        let mut shown = Vec::new();
        match op {
            Op::Place { quote, cancels_own } => {
                let order = self.market.admit().expect("there are slots");
                shown.push(Shown::Admitted(order));
                if let Some(old) = self.remember(order) {
                    self.cancel(old, &mut shown);
                }
                self.take(order, quote, cancels_own, &mut shown);
            }
            Op::Amend { pick, quote, cancels_own } => {
                let order = self.pick(pick);
                let before = self.market.unlink(order);
                shown.push(Shown::Changed(before));
                if before.is_some() || self.forget_waiting(order) {
                    self.take(order, quote, cancels_own, &mut shown);
                }
            }
            Op::Park { pick } => {
                let order = self.pick(pick);
                let before = self.market.unlink(order);
                shown.push(Shown::Changed(before));
                before.inspect(|_| self.waiting.push(order));
            }
            Op::Reduce { pick, open } => {
                let order = self.pick(pick);
                let before = self.market.get(order).map_or(1, |resting| resting.open.0);
                shown.push(Shown::Changed(self.market.reduce(order, Lots(1 + open % before))));
            }
            Op::Cancel { pick } => {
                self.cancel(self.pick(pick), &mut shown);
            }
        }
        shown
    }

    /// Keeps an order to pick from; returns the one that it displaces.
    fn remember(&mut self, order: OrderId) -> Option<OrderId> {
        if self.recent.len() < RECENT_MAX {
            self.recent.push(order);
            return None;
        }
        let index = order.count() as usize % RECENT_MAX;
        Some(std::mem::replace(&mut self.recent[index], order))
    }

    fn cancel(&mut self, order: OrderId, shown: &mut Vec<Shown>) {
        shown.push(Shown::Changed(self.market.remove(order)));
        if self.forget_waiting(order) {
            self.market.release(order);
        }
    }

    fn forget_waiting(&mut self, order: OrderId) -> bool {
        let n_before = self.waiting.len();
        self.waiting.retain(|other| *other != order);
        self.waiting.len() < n_before
    }

    fn take(&mut self, order: OrderId, quote: Quote, cancels_own: bool, shown: &mut Vec<Shown>) {
        let Quote { book, side, price, size, display, owner } = quote;
        let (book, price) = (InstrumentId(book), Ticks(price));
        let mut taker = Taker { book, side, limit: price, size: Lots(size), owner };
        shown.push(Shown::FirstOwn(self.market.first_own(&taker)));
        while let Some(met) = self.market.match_next(&mut taker) {
            shown.push(Shown::Met(met));
            match met {
                Match::Own { maker } if cancels_own => {
                    shown.push(Shown::Changed(self.market.remove(maker)));
                }
                Match::Own { .. } => taker.size = Lots::ZERO,
                Match::Fill { .. } => {}
            }
        }
        if taker.size == Lots::ZERO {
            return self.market.release(order);
        }
        let display = (0 < display).then_some(Lots(display));
        self.market.rest(order, &Rest { book, side, price, open: taker.size, display, owner });
    }

    /// Everything that can be seen: levels, queues, orders.
    pub(super) fn picture(&self) -> Vec<Row> {
        let sides = (0..N_BOOKS).flat_map(|book| [(book, Side::Bid), (book, Side::Ask)]);
        let rows = sides.flat_map(|(book, side)| {
            let book = InstrumentId(book);
            self.market.levels(book, side).into_iter().map(move |(price, total)| {
                let queue = self.market.queue(book, side, price).into_iter();
                (price, total, queue.map(|order| (order, self.market.get(order))).collect())
            })
        });
        rows.collect()
    }
}

/// Where the prices of a stream lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prices {
    /// Twenty ticks.
    Dense,
    /// A few pages, across the corner where four directories meet.
    Paged,
    /// Anywhere.
    Sparse,
    /// First and last prices of books, directories and pages.
    Corners,
}

pub(super) const CORNERS: [u32; 16] = [
    1,
    2,
    63,
    64,
    65,
    4_095,
    4_096,
    4_097,
    262_143,
    262_144,
    262_145,
    8_388_607,
    8_388_608,
    16_777_151,
    16_777_214,
    Ticks::MAX.0,
];

impl Prices {
    fn price(self, draw: u32) -> u32 {
        match self {
            Prices::Dense => 1_000 + draw % 20,
            Prices::Paged => 262_144 - 150 + draw % 300,
            Prices::Sparse => 1 + draw % Ticks::MAX.0,
            Prices::Corners => CORNERS[draw as usize % CORNERS.len()],
        }
    }
}

/// Draws of one seed, by splitmix64.
pub(super) struct Draws(pub(super) u64);

impl Draws {
    pub(super) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as u32
    }

    pub(super) fn op(&mut self, prices: Prices) -> Op {
        let mut words = [0; 9];
        words.fill_with(|| self.next());
        op(prices, words)
    }
}

/// A command from nine words, so that a seed and proptest draw from the same commands.
fn op(prices: Prices, words: [u32; 9]) -> Op {
    let [kind, book, side, price, size, display, owner, pick, own] = words;
    let size = if size % 50 == 0 { 1 + size % Lots::MAX.0 } else { 1 + (size >> 8) % 40 };
    // A huge iceberg that shows one lot at a time would fill a command with a billion fills.
    let shown = size / 100 + 1 + (display >> 8) % 12;
    let quote = Quote {
        book: book % N_BOOKS,
        side: if side % 2 == 0 { Side::Bid } else { Side::Ask },
        price: prices.price(price),
        size,
        display: if display % 4 == 0 { shown } else { 0 },
        owner: owner % 6,
    };
    let (pick, cancels_own) = (pick as usize, own % 2 == 0);
    match kind % 20 {
        0..10 => Op::Place { quote, cancels_own },
        10..12 => Op::Amend { pick, quote, cancels_own },
        12 => Op::Park { pick },
        13..15 => Op::Reduce { pick, open: own },
        _ => Op::Cancel { pick },
    }
}

/// A short stream for proptest.
pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let prices = [Prices::Dense, Prices::Paged, Prices::Sparse, Prices::Corners];
    let words = proptest::collection::vec(any::<[u32; 9]>(), 1..120);
    let draws = (proptest::sample::select(prices.to_vec()), words);
    draws.prop_map(|(prices, words)| words.into_iter().map(|words| op(prices, words)).collect())
}
