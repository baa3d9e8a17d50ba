//! A snapshot restores the books exactly, and hostile bytes are refused.

use proptest::prelude::*;
use std::vec::Vec;

use types::codec::Codec;
use types::{Lots, Side, Ticks};

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
