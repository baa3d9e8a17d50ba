//! For any course of events: deltas, registry and script show the same book.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use proptest::prelude::*;
use types::codec::Codec;
use types::{Side, Ticks};

use super::{BUYER, PERPETUAL, SELLER, Script};
use crate::{Order, View};

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Place { side: Side, offset: u32, size: u32, display: Option<u32> },
    Take { nth: usize, size: u32 },
    Amend { nth: usize, offset: u32, less: u32 },
    Cancel { nth: usize },
    EndEntry,
}

pub fn step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Bid), Just(Side::Ask)];
    let display = proptest::option::of(1..4_u32);
    prop_oneof![
        4 => (side, 0..8_u32, 1..12_u32, display)
            .prop_map(|(side, offset, size, display)| Step::Place { side, offset, size, display }),
        3 => (0..64_usize, 1..15_u32).prop_map(|(nth, size)| Step::Take { nth, size }),
        2 => (0..64_usize, 0..8_u32, 0..4_u32)
            .prop_map(|(nth, offset, less)| Step::Amend { nth, offset, less }),
        1 => (0..64_usize).prop_map(|nth| Step::Cancel { nth }),
        4 => Just(Step::EndEntry),
    ]
}

fn price(side: Side, offset: u32) -> u32 {
    match side {
        Side::Bid => 100 - offset,
        Side::Ask => 101 + offset,
    }
}

pub fn run(script: &mut Script, step: Step) {
    let count = script.open.len().max(1);
    match step {
        Step::Place { side, offset, size, display } => {
            let nth = script.place(side, price(side, offset), size, display);
            script.rest(nth);
        }
        Step::EndEntry => drop(script.end_entry()),
        _ if script.open.is_empty() => {}
        Step::Take { nth, size } => script.take(nth % count, size),
        Step::Amend { nth, offset, less } => {
            let side = script.open[nth % count].side;
            script.amend(nth % count, price(side, offset), less);
        }
        Step::Cancel { nth } => script.cancel(nth % count),
    }
}

fn registry_levels(script: &Script) -> BTreeMap<(Side, Ticks), u64> {
    let mut levels = BTreeMap::new();
    for account in [BUYER, SELLER] {
        for order in script.view.open_orders(account) {
            *levels.entry((order.side, order.price)).or_insert(0) += u64::from(order.displayed.0);
        }
    }
    levels
}

fn book_levels(script: &Script) -> BTreeMap<(Side, Ticks), u64> {
    let book = script.view.instrument(PERPETUAL).expect("it was listed").book();
    let side = |side| book.levels(side).map(move |(price, lots)| ((side, price), lots));
    side(Side::Bid).chain(side(Side::Ask)).collect()
}

proptest! {
    #[test]
    fn a_book_rebuilt_from_changes_is_the_sum_of_what_open_orders_display(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut script = Script::new();
        for step in steps {
            run(&mut script, step);
            if matches!(step, Step::EndEntry) {
                prop_assert_eq!(&script.rebuilt, &registry_levels(&script));
                prop_assert_eq!(&script.rebuilt, &book_levels(&script));
            }
        }
    }

    #[test]
    fn the_registry_knows_of_each_open_order_what_the_venue_knows(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut script = Script::new();
        for step in steps {
            run(&mut script, step);
        }
        script.end_entry();
        let mut open = 0;
        for expected in &script.open {
            let order = script.view.order(expected.id).expect("it is open");
            prop_assert!(order.is_open());
            prop_assert_eq!(
                (order.price, order.size, order.open(), order.displayed),
                (expected.price, expected.size, expected.open, expected.shown)
            );
            open += 1;
        }
        let listed: Vec<_> = [BUYER, SELLER]
            .into_iter()
            .flat_map(|account| script.view.open_orders(account))
            .collect();
        prop_assert_eq!(listed.len(), open);
    }
}

proptest! {
    #[test]
    fn a_view_from_its_bytes_is_the_same_view_and_goes_on_as_it_would(
        steps in proptest::collection::vec(step(), 1..60),
        more in proptest::collection::vec(step(), 1..30),
    ) {
        let mut script = Script::new();
        for step in steps {
            run(&mut script, step);
        }
        script.end_entry();
        let bytes = script.view.to_bytes();
        script.view = View::from_bytes(&bytes).expect("what was encoded is decoded");
        prop_assert!(script.view.to_bytes() == bytes, "the same bytes");
        prop_assert_eq!(&script.rebuilt, &registry_levels(&script));
        prop_assert_eq!(&script.rebuilt, &book_levels(&script));
        for step in more {
            run(&mut script, step);
        }
        script.end_entry();
        prop_assert_eq!(&script.rebuilt, &book_levels(&script));
    }

    #[test]
    fn damaged_bytes_are_refused_or_are_a_view_that_can_be_asked(
        steps in proptest::collection::vec(step(), 1..20),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut script = Script::new();
        for step in steps {
            run(&mut script, step);
        }
        script.end_entry();
        let mut bytes = script.view.to_bytes();
        let at = at.index(bytes.len());
        prop_assert!(View::from_bytes(&bytes[..at]).is_err(), "the end is missing");
        bytes[at] = byte;
        if let Ok(view) = View::from_bytes(&bytes) {
            let open: Vec<_> = view.open_orders(BUYER).map(Order::open).collect();
            let closed: Vec<_> = view.closed_orders(SELLER).map(Order::open).collect();
            prop_assert!(open.len() + closed.len() <= 40);
        }
    }
}
