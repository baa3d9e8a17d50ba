//! A snapshot restores the books exactly, and hostile bytes are refused.

use proptest::prelude::*;
use std::vec::Vec;

use types::codec::{Codec, DecodeError};
use types::{Lots, OrderId, Side, Ticks};

use super::streams::{Draws, Driven, Prices, ops};
use crate::{Books, Rest};

fn driven(seed: u64, prices: Prices, len: usize) -> (Driven<Books>, Draws) {
    let (mut fast, mut draws) = (Driven::new(Books::new()), Draws(seed));
    for _ in 0..len {
        fast.step(draws.op(prices));
    }
    (fast, draws)
}

#[test]
fn restored_books_go_on_as_the_first_would() {
    for prices in [Prices::Dense, Prices::Paged, Prices::Sparse, Prices::Corners] {
        let (mut first, mut draws) = driven(40, prices, 800);
        let mut restored = first.clone();
        for _ in 0..20 {
            let bytes = restored.market.to_bytes();
            restored.market = Books::from_bytes(&bytes).expect("our own bytes");
            restored.market.check();
            assert_eq!(restored.market.to_bytes(), bytes, "{prices:?}: the bytes are canonical");
            assert_eq!(restored.picture(), first.picture(), "{prices:?}");
            for _ in 0..50 {
                let op = draws.op(prices);
                assert_eq!(restored.step(op), first.step(op), "{prices:?}: {op:?}");
            }
        }
        assert_eq!(restored.market.to_bytes(), first.market.to_bytes(), "{prices:?}");
    }
}

#[test]
fn an_empty_snapshot_has_these_bytes() {
    let mut books = Books::new();
    books.open_book();
    let mut due = Vec::new();
    due.extend([0; 8]); // orders numbered
    due.extend([0; 4]); // slots
    due.extend([0; 4]); // free
    due.extend([0; 4]); // waiting
    due.extend([1, 0, 0, 0]); // books
    due.extend([0; 8]); // no bids, no asks
    assert_eq!(books.to_bytes(), due);
}

#[test]
fn cut_or_changed_bytes_are_refused_or_read_as_sound_books() {
    let (fast, mut draws) = driven(41, Prices::Paged, 150);
    let bytes = fast.market.to_bytes();
    for len in 0..bytes.len() {
        assert!(Books::from_bytes(&bytes[..len]).is_err(), "{len} bytes are too few");
    }
    let mut n_read = 0;
    for index in 0..bytes.len() {
        for value in [0, 1, 0xff, draws.next() as u8] {
            let mut changed = bytes.clone();
            changed[index] = value;
            n_read += u32::from(read_soundly(&changed));
        }
    }
    assert!(n_read < bytes.len() as u32 * 4, "some changes are refused");
}

/// Whether the bytes are read; then the books are sound, go on, and have these very bytes.
fn read_soundly(bytes: &[u8]) -> bool {
    let Ok(books) = Books::from_bytes(bytes) else { return false };
    books.check();
    assert_eq!(books.to_bytes(), bytes);
    true
}

#[test]
fn a_snapshot_of_a_crossed_book_is_read_and_says_that_it_crosses() {
    let (bid, ask) = (0x00ab_cdef_u32, 0x00ab_cdf1_u32);
    let mut books = Books::new();
    let book = books.open_book();
    for (side, price) in [(Side::Bid, bid), (Side::Ask, ask)] {
        let order = books.admit().expect("there are slots");
        let (price, open) = (Ticks(price), Lots(3));
        books.rest(order, &Rest { book, side, price, open, display: None, owner: 1 });
    }
    let bytes = books.to_bytes();
    let at = bytes.windows(4).position(|word| word == ask.to_le_bytes()).expect("the ask is there");
    for (price, crosses) in [(ask, false), (bid + 1, false), (bid, true), (bid - 1, true)] {
        let mut changed = bytes.clone();
        changed[at..at + 4].copy_from_slice(&price.to_le_bytes());
        let read = Books::from_bytes(&changed).expect("a book may collect orders");
        read.check();
        assert_eq!(read.is_crossed(book), crosses, "bid {bid}, ask {price}");
    }
}

/// An order of a level: id, owner, displayed, and hidden with what it shows at a time.
type Order = (OrderId, u32, u32, Option<(u32, u32)>);

/// A snapshot part by part. By itself it is sound: of four orders one was cancelled, one waits, and
/// two are bids.
#[derive(Clone)]
struct Parts {
    count: u64,
    n_slots: u32,
    free: Vec<u32>,
    waiting: Vec<OrderId>,
    bids: Vec<(u32, Vec<Order>)>,
    n_books: u32,
}

fn id(count: u64, slot: u32) -> OrderId {
    OrderId::new(count, slot)
}

impl Default for Parts {
    fn default() -> Parts {
        let bids = [(70, id(3, 2)), (69, id(4, 3))];
        let bids = bids.map(|(price, order)| (price, [(order, 8, 5, Some((9, 5)))].to_vec()));
        Parts {
            count: 4,
            n_slots: 4,
            free: [0].to_vec(),
            waiting: [id(2, 1)].to_vec(),
            bids: bids.to_vec(),
            n_books: 1,
        }
    }
}

impl Parts {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.count.encode(&mut bytes);
        self.n_slots.encode(&mut bytes);
        self.free.encode(&mut bytes);
        self.waiting.encode(&mut bytes);
        self.n_books.encode(&mut bytes);
        (self.bids.len() as u32).encode(&mut bytes);
        for (price, orders) in &self.bids {
            price.encode(&mut bytes);
            (orders.len() as u32).encode(&mut bytes);
            for (order, owner, displayed, hidden) in orders {
                order.encode(&mut bytes);
                (*owner, *displayed).encode(&mut bytes);
                hidden.encode(&mut bytes);
            }
        }
        0_u32.encode(&mut bytes);
        bytes
    }

    fn order(&mut self) -> &mut Order {
        &mut self.bids[0].1[0]
    }
}

/// What is refused of a snapshot, and what makes it so.
type Refusal = (&'static str, fn(&mut Parts));

#[test]
fn each_part_of_a_snapshot_is_checked() {
    let sound = Parts::default();
    assert!(read_soundly(&sound.bytes()));
    let good: [fn(&mut Parts); 4] = [
        |parts| parts.count = OrderId::COUNT_MAX,
        |parts| *parts.order() = (id(3, 2), 8, 1, Some((Lots::MAX.0 - 1, 1))),
        |parts| *parts.order() = (id(3, 2), 8, Lots::MAX.0, None),
        |parts| (parts.bids[0].0, parts.bids[1].0) = (Ticks::MAX.0, 1),
    ];
    for (number, change) in good.iter().enumerate() {
        let mut parts = sound.clone();
        change(&mut parts);
        assert!(read_soundly(&parts.bytes()), "{number}");
    }
    let bad: [Refusal; 23] = [
        ("orders or slots", |parts| parts.count = OrderId::COUNT_MAX + 1),
        ("orders or slots", |parts| parts.n_slots = OrderId::SLOTS_MAX + 1),
        ("orders or slots", |parts| parts.n_slots = 1_000),
        ("free slots", |parts| parts.free.push(0)),
        ("free slots", |parts| parts.free.push(4)),
        ("waiting orders", |parts| parts.waiting.push(id(1, 0))),
        ("waiting orders", |parts| parts.waiting = [id(2, 3), id(1, 1)].to_vec()),
        ("waiting orders", |parts| parts.waiting = [id(5, 1)].to_vec()),
        ("waiting orders", |parts| parts.waiting = [id(0, 1)].to_vec()),
        ("price of a level", |parts| parts.bids[0].0 = Ticks::MAX.0 + 1),
        ("price of a level", |parts| parts.bids[0].0 = 69),
        ("price of a level", |parts| parts.bids[0].0 = 68),
        ("price of a level", |parts| parts.bids[1].0 = 0),
        ("orders of a level", |parts| parts.bids[0].1.clear()),
        ("size of an order", |parts| parts.order().2 = 0),
        ("size of an order", |parts| parts.order().3 = Some((0, 5))),
        ("size of an order", |parts| parts.order().3 = Some((9, 4))),
        ("size of an order", |parts| parts.order().3 = Some((Lots::MAX.0 - 4, 5))),
        ("size of an order", |parts| *parts.order() = (id(3, 2), 8, Lots::MAX.0 + 1, None)),
        ("id of an order", |parts| parts.order().0 = id(3, 1)),
        ("id of an order", |parts| parts.order().0 = id(5, 2)),
        ("slots", |parts| parts.n_slots = 5),
        ("slots", |parts| parts.free.clear()),
    ];
    for (number, (due, change)) in bad.into_iter().enumerate() {
        let mut parts = sound.clone();
        change(&mut parts);
        let refused = Books::from_bytes(&parts.bytes()).err();
        let is_due = matches!(refused, Some(DecodeError::Value { what, .. }) if what == due);
        assert!(is_due, "{number}: {due}, not {refused:?}");
    }
}

/// A slot takes four bytes or more, so that few bytes do not ask for much memory.
#[test]
fn slots_are_bounded_by_the_bytes_that_are_there() {
    let parts =
        Parts { free: Vec::new(), waiting: Vec::new(), bids: Vec::new(), ..Parts::default() };
    let left = parts.bytes().len() - 12;
    for (n_slots, due) in [(left / 4, "slots"), (left / 4 + 1, "orders or slots")] {
        let bytes = Parts { n_slots: n_slots as u32, ..parts.clone() }.bytes();
        let refused = Books::from_bytes(&bytes).err();
        let is_due = matches!(refused, Some(DecodeError::Value { what, .. }) if what == due);
        assert!(is_due, "{n_slots} of {left} bytes: {refused:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mutated_bytes_never_panic(
        ops in ops(),
        edits in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6),
    ) {
        let mut fast = Driven::new(Books::new());
        ops.into_iter().for_each(|op| drop(fast.step(op)));
        let mut bytes = fast.market.to_bytes();
        for (index, value) in edits {
            let len = bytes.len();
            bytes[usize::from(index) % len] = value;
        }
        read_soundly(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_soundly(&bytes);
    }
}
