//! Plans: after carrying one out, our orders are the recorded levels, and no step met our own.

use proptest::prelude::*;
use types::{Lots, OrderId, Side, Ticks};

use crate::mirror::book::{Levels, Recorded};
use crate::mirror::grid::Steps;
use crate::mirror::own::{Own, OwnBook};
use crate::mirror::plan::{Action, Depth, LEVELS_MAX, plan};

/// Carries actions out one by one, as a venue would, and fails if a new order meets ours.
fn carry_out(own: &mut OwnBook, actions: &[Action], next_order: &mut u64) {
    for action in actions {
        match *action {
            Action::Cancel { side, price, order } => {
                let gone = own.side_mut(side).remove(&price).expect("only ours are cancelled");
                assert_eq!(gone.order, order);
            }
            Action::Amend { side, price, order, size } => {
                let amended = own.side_mut(side).get_mut(&price).expect("only ours are amended");
                assert_eq!(amended.order, order);
                assert_ne!(
                    amended.open.plus(amended.filled),
                    size,
                    "an amendment changes something"
                );
                amended.open = size.minus(amended.filled);
            }
            Action::Place { side, price, size } => {
                let opposite = own.side_mut(side.opposite());
                let best = match side {
                    Side::Bid => opposite.first_key_value(),
                    Side::Ask => opposite.last_key_value(),
                };
                assert!(!best.is_some_and(|(best, _)| side.reaches(price, *best)), "met our own");
                *next_order += 1;
                let new = Own { order: OrderId(*next_order), open: size, filled: Lots::ZERO };
                assert!(own.side_mut(side).insert(price, new).is_none(), "one order a level");
            }
        }
        assert!(own.bids.len() + own.asks.len() <= 2 * LEVELS_MAX);
    }
}

fn open_of(own: &std::collections::BTreeMap<Ticks, Own>) -> Levels {
    own.iter().map(|(price, own)| (*price, own.open)).collect()
}

fn book_strategy() -> impl Strategy<Value = Recorded> {
    let level = (1_u32..60, 1_u32..4);
    (10_u32..50, proptest::collection::vec(level, 0..30)).prop_map(|(middle, levels)| {
        let mut book = Recorded::new(Steps::whole());
        for (price, size) in levels {
            let side = if price < middle { &mut book.bids } else { &mut book.asks };
            side.insert(Ticks(price), Lots(size));
        }
        book
    })
}

proptest! {
    #[test]
    fn a_plan_carried_out_leaves_the_recorded_levels(
        books in proptest::collection::vec(book_strategy(), 1..8),
        n_levels in 1_usize..40,
        filled in 0_u32..3,
    ) {
        let mut own = OwnBook::default();
        let mut next_order = 0;
        let depth = Depth { levels: n_levels, lots_max: u64::MAX };
        for book in &books {
            let actions = plan(book, &own, depth);
            carry_out(&mut own, &actions, &mut next_order);
            let level = |(price, size): (&Ticks, &Lots)| (*price, *size);
            let bids: Levels = book.bids.iter().rev().take(n_levels).map(level).collect();
            let asks: Levels = book.asks.iter().take(n_levels).map(level).collect();
            prop_assert_eq!(open_of(&own.bids), bids);
            prop_assert_eq!(open_of(&own.asks), asks);
            prop_assert_eq!(plan(book, &own, depth), vec![]);
            // Somebody takes from our best ask: the next plan must make it whole again.
            if let Some(mut best) = own.asks.first_entry() {
                let taken = Lots(filled).min(Lots(best.get().open.0 - 1));
                let order = best.get_mut();
                order.open = order.open.minus(taken);
                order.filled = order.filled.plus(taken);
            }
        }
    }
}

#[test]
fn levels_beyond_what_one_account_may_have_open_are_left_out() {
    let mut book = Recorded::new(Steps::whole());
    book.bids = [(10, 4), (9, 3), (8, 1), (7, 1)].map(|(p, s)| (Ticks(p), Lots(s))).into();
    let mut own = OwnBook::default();
    let mut next_order = 0;
    let depth = Depth { levels: 10, lots_max: 8 };
    let actions = plan(&book, &own, depth);
    carry_out(&mut own, &actions, &mut next_order);
    assert_eq!(own.bids.keys().copied().collect::<Vec<_>>(), [Ticks(8), Ticks(9), Ticks(10)]);

    // The best level takes what the others had: they shrink or go before it grows.
    book.bids = [(10, 6), (9, 1), (8, 1), (7, 1)].map(|(p, s)| (Ticks(p), Lots(s))).into();
    let mut open: i64 = 8;
    for action in plan(&book, &own, depth) {
        let standing = |price| own.bids.get(&price).map_or(0, |own| i64::from(own.open.0));
        open += match action {
            Action::Cancel { price, .. } => -standing(price),
            Action::Amend { price, size, .. } => i64::from(size.0) - standing(price),
            Action::Place { size, .. } => i64::from(size.0),
        };
        assert!(open <= 8, "{action:?} would reach {open} lots");
    }
}
