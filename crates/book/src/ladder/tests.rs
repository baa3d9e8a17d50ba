//! Each invariant of a ladder is checked: a ladder that breaks it does not pass.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;

use types::{InstrumentId, Side};

use super::{Bits, Dir, Ladder, Level, NIL, at, lane, level_of};

const BOOK: InstrumentId = InstrumentId(0);
const PRICE: u32 = 0x0012_3456;

/// One bid; beside its page and its path a page and a path in the pools.
fn sound() -> Ladder {
    let mut ladder = Ladder::default();
    ladder.open();
    for (side, price) in [(Side::Bid, PRICE), (Side::Ask, 0x00fe_dcba)] {
        let level = ladder.enter(BOOK, side, price);
        ladder.levels[at(level)] = Level { head: 0, tail: 0, total: 1 };
        ladder.occupy(BOOK, side, price, level);
    }
    let (price, level) = ladder.front(BOOK, Side::Ask).expect("it was just put there");
    ladder.levels[at(level)] = Level::EMPTY;
    ladder.vacate(BOOK, Side::Ask, price, level);
    assert_eq!((ladder.pages_free.len(), ladder.dirs_free.len()), (1, 2));
    ladder
}

fn said(ladder: &Ladder) -> String {
    let checked = catch_unwind(AssertUnwindSafe(|| ladder.check()));
    let Err(said) = checked else { return String::from("sound") };
    let literal = || said.downcast_ref::<&str>().map(|said| String::from(*said));
    said.downcast_ref::<String>().cloned().or_else(literal).expect("a message")
}

/// What is said when it is broken, and how.
type Break = (&'static str, fn(&mut Ladder));

#[test]
fn each_invariant_is_checked() {
    assert_eq!(said(&sound()), "sound");
    let breaks: [Break; 16] = [
        ("BEST-FIRST", |ladder| ladder.heads[0].best[lane(Side::Bid)] ^= 1),
        ("BEST-FIRST", |ladder| ladder.heads[0].best[lane(Side::Ask)] = 5),
        ("BEST-FIRST", |ladder| ladder.heads[0].front[lane(Side::Bid)] ^= 1),
        ("BEST-FIRST", |ladder| {
            ladder.enter(BOOK, Side::Bid, PRICE);
            ladder.heads[0].near_leaf ^= 1;
        }),
        ("BITS-TRUE", |ladder| {
            let (_, level) = ladder.front(BOOK, Side::Bid).expect("a bid");
            ladder.levels[at(level ^ 1)].head = 0;
        }),
        ("BITS-TRUE", |ladder| {
            let (_, level) = ladder.front(BOOK, Side::Bid).expect("a bid");
            let other_side = level_of(super::page_of(level), Side::Ask, PRICE);
            ladder.levels[at(other_side)].head = 0;
        }),
        ("BITS-TRUE", |ladder| {
            let root = ladder.heads[0].root;
            ladder.dir_bits[at(root)].set(Side::Bid, 3);
        }),
        ("POOL-BLANK: directories", |ladder| ladder.dirs_free.truncate(1)),
        ("POOL-BLANK: pages", |ladder| ladder.pages_free.clear()),
        ("POOL-BLANK: directory", |ladder| {
            let free = ladder.dirs_free[0];
            ladder.dirs[at(free)] = Dir([0; 64]);
        }),
        ("POOL-BLANK: directory", |ladder| {
            let free = ladder.dirs_free[1];
            ladder.dir_bits[at(free)] = Bits([0, 4]);
        }),
        ("POOL-BLANK: page", |ladder| {
            let free = ladder.pages_free[0];
            ladder.pages[at(free)] = Bits([1, 0]);
        }),
        ("POOL-BLANK: level", |ladder| pooled(ladder).head = 0),
        ("POOL-BLANK: level", |ladder| pooled(ladder).tail = 0),
        ("POOL-BLANK: level", |ladder| pooled(ladder).total = 1),
        ("POOL-BLANK: page", |ladder| {
            let pool = ladder.pages_free[0];
            ladder.pages_free[0] = pool ^ 1;
        }),
    ];
    for (number, (name, break_it)) in breaks.into_iter().enumerate() {
        let mut ladder = sound();
        break_it(&mut ladder);
        let said = said(&ladder);
        assert!(said.contains(name), "{number} breaks {name}: {said}");
    }
}

fn pooled(ladder: &mut Ladder) -> &mut Level {
    let page = ladder.pages_free[0];
    &mut ladder.levels[at(level_of(page, Side::Ask, 17))]
}

/// The leaf used last is found without its path; when it is gone it is forgotten.
#[test]
fn a_head_remembers_the_leaf_used_last() {
    let mut ladder = sound();
    assert_eq!((ladder.heads[0].near_block, ladder.heads[0].near_leaf), (NIL, NIL));
    ladder.enter(BOOK, Side::Bid, PRICE);
    assert_eq!(ladder.heads[0].near_block, PRICE >> 12);
    ladder.check();
}

/// The leaf of block 0 is not that of a price whose upper bits alone are set.
#[test]
fn the_leaf_used_last_is_that_of_its_block_alone() {
    let mut ladder = Ladder::default();
    ladder.open();
    for price in [5, 0x0010_0000, 6, 0x00f0_0000, 0x1005] {
        let level = ladder.enter(BOOK, Side::Bid, price);
        ladder.levels[at(level)] = Level { head: 0, tail: 0, total: 1 };
        ladder.occupy(BOOK, Side::Bid, price, level);
        ladder.check();
        assert_eq!(ladder.find(BOOK, Side::Bid, price), Some(level));
    }
}

/// Spare room stays below half, of levels as of orders.
#[test]
fn pages_make_room_by_halves() {
    let mut ladder = Ladder::default();
    ladder.open();
    for page in 0..65 {
        ladder.enter(BOOK, Side::Bid, 1 + (page << 6));
        let (n_levels, room) = (ladder.levels.len(), ladder.levels.capacity());
        assert!(room <= n_levels + n_levels / 2, "{room} for {n_levels}");
    }
    assert_eq!(ladder.levels.len(), 65 << 7);
}
