//! The fast books do what the naive twin does, command by command.

use proptest::prelude::*;
use std::vec::Vec;

use super::streams::{Draws, Driven, Op, Prices, ops};
use super::twin::Twin;
use crate::Books;

/// Runs both; compares results after each command, everything that can be seen every `stride`.
fn compare(ops: impl Iterator<Item = Op>, stride: usize) -> (Driven<Books>, Driven<Twin>) {
    let mut fast = Driven::new(Books::new());
    let mut twin = Driven::new(Twin::default());
    for (index, op) in ops.enumerate() {
        assert_eq!(fast.step(op), twin.step(op), "command {index}: {op:?}");
        if index % stride == 0 {
            fast.market.check();
            assert_eq!(fast.picture(), twin.picture(), "after command {index}: {op:?}");
        }
    }
    (fast, twin)
}

fn stream(seed: u64, prices: Prices, len: usize) -> impl Iterator<Item = Op> {
    let mut draws = Draws(seed);
    (0..len).map(move |_| draws.op(prices))
}

#[test]
fn long_streams_give_what_the_twin_gives() {
    for (seed, prices) in
        [Prices::Dense, Prices::Paged, Prices::Sparse, Prices::Corners].into_iter().enumerate()
    {
        let (fast, twin) = compare(stream(seed as u64, prices, 30_000), 20);
        assert_eq!(fast.picture(), twin.picture());
        let n_resting = fast.market.n_resting();
        assert!(10 < n_resting, "{n_resting} orders are left by a stream with {prices:?} prices");
    }
}

#[test]
fn each_command_keeps_every_invariant() {
    for seed in 10..20 {
        for prices in [Prices::Dense, Prices::Paged, Prices::Sparse, Prices::Corners] {
            compare(stream(seed, prices, 250), 1);
        }
    }
}

#[test]
fn touching_an_order_changes_nothing() {
    let (fast, _) = compare(stream(3, Prices::Paged, 500), 100);
    let before = fast.picture();
    for id in 0..2_000 {
        fast.market.touch(types::OrderId(id));
    }
    assert_eq!(fast.picture(), before);
}

#[test]
fn emptied_books_hold_no_page() {
    let mut fast = Driven::new(Books::new());
    stream(5, Prices::Sparse, 2_000).for_each(|op| drop(fast.step(op)));
    let orders = fast.picture().into_iter().flat_map(|(_, _, queue)| queue).collect::<Vec<_>>();
    for (order, _) in orders {
        fast.market.remove(order);
    }
    fast.market.check();
    assert_eq!(fast.market.n_resting(), 0);
    assert_eq!(fast.market.ladder.n_pages(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn short_streams_give_what_the_twin_gives(ops in ops()) {
        compare(ops.into_iter(), 1);
    }
}
