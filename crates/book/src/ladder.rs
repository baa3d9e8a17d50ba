//! Prices to levels: a 64-way tree over the ticks of each book, made where there are orders.
//!
//! ```text
//!  price, 24 bits:   root 6 │ branch 6 │ leaf 6 │ tick 6
//!
//!  Head (32 bytes)   best bid and ask, the levels there, the root, the leaf used last
//!    └ Dir root ─ Dir branch ─ Dir leaf    64 children each, and Bits: a bit per child and side
//!                                 └ page   64 levels {head, tail, total} a side, and Bits again
//! ```
//!
//! The tree is the bitmap: the next best price is a count of zero bits, at most once per layer.
//! Both sides share pages, and each has its own levels there: while an auction collects orders, a
//! price may be both bid and ask. Pages and directories that
//! become empty go back to a pool, so memory grows with the orders, not with books or prices.
//!
//! # Invariants
//! 1. A bit is set if and only if something below it rests on that side.
//! 2. A page or directory outside the pool has a bit set; one in the pool is blank.
//! 3. `best` is the best price of the side, and `front` its level.
//!
//! It knows nothing of orders: a level's queue is the caller's.

use alloc::vec::Vec;
use core::iter::successors;
use types::planted::{self, Bug};
use types::{InstrumentId, Side, Ticks};

use crate::slab::{NIL, at, grow, narrow};

const FAN_BITS: u32 = 6;
const FAN: u32 = 1 << FAN_BITS;
const BLOCK_BITS: u32 = 2 * FAN_BITS;
const _: () = assert!(Ticks::MAX.0 >> (4 * FAN_BITS) == 0);
/// A page has a level for each tick and side.
const PAGE_BITS: u32 = FAN_BITS + 1;
/// The rank of no price.
const NO_RANK: u32 = 0;

/// The level of a price on a page.
#[inline]
fn level_of(page: u32, side: Side, price: u32) -> u32 {
    (page << PAGE_BITS) | (narrow(lane(side)) << FAN_BITS) | (price % FAN)
}

#[inline]
fn page_of(level: u32) -> u32 {
    level >> PAGE_BITS
}

/// One price of one book: the ends of its queue, and how many lots are shown there.
#[derive(Clone, Copy)]
pub(crate) struct Level {
    pub(crate) head: u32,
    pub(crate) tail: u32,
    pub(crate) total: u64,
}

impl Level {
    const EMPTY: Level = Level { head: NIL, tail: NIL, total: 0 };
}
const _: () = assert!(size_of::<Level>() == 16);

/// One book's entry into its tree. `best` holds ranks: see [`rank`].
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Head {
    best: [u32; 2],
    front: [u32; 2],
    root: u32,
    near_block: u32,
    near_leaf: u32,
}

impl Head {
    const EMPTY: Head =
        Head { best: [NO_RANK; 2], front: [NIL; 2], root: NIL, near_block: NIL, near_leaf: NIL };
}

/// A bit per child and side.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Bits([u64; 2]);

impl Bits {
    #[inline]
    fn is_empty(self, side: Side) -> bool {
        self.0[lane(side)] == 0
    }

    /// Sets a bit; true if it is the first of its side.
    #[inline]
    fn set(&mut self, side: Side, digit: u32) -> bool {
        let lane = &mut self.0[lane(side)];
        let was_empty = *lane == 0;
        *lane |= 1 << digit;
        was_empty
    }

    /// Clears a bit; true if it was the last of its side.
    #[inline]
    fn clear(&mut self, side: Side, digit: u32) -> bool {
        let lane = &mut self.0[lane(side)];
        *lane &= !(1 << digit);
        *lane == 0
    }

    /// The best digit of a side that is not empty.
    #[inline]
    fn first(self, side: Side) -> u32 {
        match side {
            Side::Bid => (FAN - 1) - (self.0[0] | 1).leading_zeros(),
            Side::Ask => self.0[1].trailing_zeros() % FAN,
        }
    }

    /// The bits of digits worse than `digit`.
    fn after(self, side: Side, digit: u32) -> Bits {
        let below = (1 << digit) - 1;
        match side {
            Side::Bid => Bits([self.0[0] & below, 0]),
            Side::Ask => Bits([0, self.0[1] & !below & !(1 << digit)]),
        }
    }
}

/// The children of a directory: directories, or pages below a leaf.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
struct Dir([u32; at(FAN)]);

impl Dir {
    const EMPTY: Dir = Dir([NIL; at(FAN)]);

    #[inline]
    fn child(&self, digit: u32) -> u32 {
        self.0[at(digit % FAN)]
    }
}

/// The trees of all books, over one pool of directories and one of pages.
#[derive(Clone, Default)]
pub(crate) struct Ladder {
    heads: Vec<Head>,
    dirs: Vec<Dir>,
    /// The bits of each directory.
    dir_bits: Vec<Bits>,
    dirs_free: Vec<u32>,
    pages: Vec<Bits>,
    pages_free: Vec<u32>,
    /// `FAN` levels for each page and side.
    pub(crate) levels: Vec<Level>,
}

#[inline]
const fn lane(side: Side) -> usize {
    match side {
        Side::Bid => 0,
        Side::Ask => 1,
    }
}

/// How good a price is on a side: higher is better, and [`NO_RANK`] is worse than any price. One
/// comparison then serves both sides, without a branch on the side, which no one can predict.
#[inline]
const fn rank(side: Side, price: u32) -> u32 {
    price ^ mask(side)
}

#[inline]
#[expect(clippy::as_conversions, reason = "a lane is 0 or 1")]
const fn mask(side: Side) -> u32 {
    (lane(side) as u32).wrapping_neg()
}

/// The digits of a price above its tick, from the root down.
#[inline]
const fn digits(price: u32) -> [u32; 3] {
    [(price >> 18) % FAN, (price >> 12) % FAN, (price >> 6) % FAN]
}

impl Ladder {
    pub(crate) fn open(&mut self) {
        self.heads.push(Head::EMPTY);
    }

    pub(crate) fn n_books(&self) -> u32 {
        narrow(self.heads.len())
    }

    /// The best price and its level.
    #[inline]
    pub(crate) fn front(&self, book: InstrumentId, side: Side) -> Option<(u32, u32)> {
        let head = self.heads.get(at(book.0))?;
        let level = head.front[lane(side)];
        (level != NIL).then_some((head.best[lane(side)] ^ mask(side), level))
    }

    /// The price and level that a taker of `side` with `limit` would meet first.
    #[inline]
    pub(crate) fn reached(&self, book: InstrumentId, side: Side, limit: u32) -> Option<(u32, u32)> {
        let head = &self.heads[at(book.0)];
        let side = side.opposite();
        let best = head.best[lane(side)];
        let is_reached = rank(side, limit).max(NO_RANK + 1) <= best;
        is_reached.then_some((best ^ mask(side), head.front[lane(side)]))
    }

    /// The level of a price, which may be empty; `None` where there is no page for it.
    pub(crate) fn find(&self, book: InstrumentId, side: Side, price: u32) -> Option<u32> {
        let mut row = self.heads.get(at(book.0))?.root;
        for digit in digits(price) {
            row = self.dirs.get(at(row))?.child(digit);
        }
        self.pages.get(at(row))?;
        (price <= Ticks::MAX.0).then(|| level_of(row, side, price))
    }

    /// Panics if an order would meet the other side.
    #[inline]
    pub(crate) fn assert_apart(&self, book: InstrumentId, side: Side, price: u32) {
        let head = &self.heads[at(book.0)];
        let opposite = head.best[lane(side.opposite())];
        let crosses = rank(side.opposite(), price).max(NO_RANK + 1) <= opposite;
        assert!(!crosses, "an order of {side:?} at {price} meets the other side: match first");
    }

    /// The level where an order is about to rest, made if need be.
    #[inline]
    pub(crate) fn enter(&mut self, book: InstrumentId, side: Side, price: u32) -> u32 {
        let head = &self.heads[at(book.0)];
        let leaf = if head.near_block == price >> BLOCK_BITS {
            head.near_leaf
        } else {
            self.make_leaf(book, price)
        };
        let page = self.dirs[at(leaf)].child(price >> FAN_BITS);
        let page = if page == NIL { self.make_page(leaf, price) } else { page };
        level_of(page, side, price)
    }

    #[cold]
    fn make_leaf(&mut self, book: InstrumentId, price: u32) -> u32 {
        let [first, second, _] = digits(price);
        let mut root = self.heads[at(book.0)].root;
        if root == NIL {
            root = self.take_dir();
        }
        let branch = self.make_dir(root, first);
        let leaf = self.make_dir(branch, second);
        let head = &mut self.heads[at(book.0)];
        *head = Head { root, near_block: price >> BLOCK_BITS, near_leaf: leaf, ..*head };
        leaf
    }

    fn make_dir(&mut self, parent: u32, digit: u32) -> u32 {
        let found = self.dirs[at(parent)].child(digit);
        if found != NIL {
            return found;
        }
        let made = self.take_dir();
        self.dirs[at(parent)].0[at(digit)] = made;
        made
    }

    fn take_dir(&mut self) -> u32 {
        self.dirs_free.pop().unwrap_or_else(|| {
            grow(&mut self.dirs, 1);
            self.dirs.push(Dir::EMPTY);
            grow(&mut self.dir_bits, 1);
            self.dir_bits.push(Bits::default());
            narrow(self.dirs.len()) - 1
        })
    }

    #[cold]
    fn make_page(&mut self, leaf: u32, price: u32) -> u32 {
        let page = self.pages_free.pop().unwrap_or_else(|| {
            grow(&mut self.levels, at(1 << PAGE_BITS));
            self.levels.resize(self.levels.len() + at(1 << PAGE_BITS), Level::EMPTY);
            grow(&mut self.pages, 1);
            self.pages.push(Bits::default());
            narrow(self.pages.len()) - 1
        });
        self.dirs[at(leaf)].0[at((price >> FAN_BITS) % FAN)] = page;
        page
    }

    /// Says that a level has its first order.
    #[inline]
    pub(crate) fn occupy(&mut self, book: InstrumentId, side: Side, price: u32, level: u32) {
        let head = &mut self.heads[at(book.0)];
        let best = &mut head.best[lane(side)];
        if *best < rank(side, price) {
            *best = rank(side, price);
            head.front[lane(side)] = level;
        }
        if self.pages[at(page_of(level))].set(side, price % FAN) {
            self.occupy_dirs(book, side, price);
        }
    }

    #[cold]
    fn occupy_dirs(&mut self, book: InstrumentId, side: Side, price: u32) {
        let [first, second, third] = digits(price);
        let [root, branch, leaf] = self.path(book, price);
        for (dir, digit) in [(leaf, third), (branch, second), (root, first)] {
            if !self.dir_bits[at(dir)].set(side, digit) {
                break;
            }
        }
    }

    /// The directories above an existing page, from the root down.
    fn path(&self, book: InstrumentId, price: u32) -> [u32; 3] {
        let [first, second, _] = digits(price);
        let root = self.heads[at(book.0)].root;
        let branch = self.dirs[at(root)].child(first);
        let leaf = self.dirs[at(branch)].child(second);
        [root, branch, leaf]
    }

    /// Says that a level lost its last order.
    #[inline]
    pub(crate) fn vacate(&mut self, book: InstrumentId, side: Side, price: u32, level: u32) {
        let page = page_of(level);
        let is_best = self.heads[at(book.0)].best[lane(side)] == rank(side, price);
        if self.pages[at(page)].clear(side, price % FAN) {
            self.vacate_page(book, side, price, page);
            if is_best {
                let best = self.first(book, side);
                self.set_best(book, side, best.filter(|_| !planted::is(Bug::BestLostBeyondPage)));
            }
        } else if is_best {
            let tick = self.pages[at(page)].first(side);
            let better = ((price & !(FAN - 1)) | tick, level_of(page, side, tick));
            self.set_best(book, side, Some(better));
        }
    }

    #[inline]
    fn set_best(&mut self, book: InstrumentId, side: Side, best: Option<(u32, u32)>) {
        let none = (NO_RANK, NIL);
        let (rank, level) = best.map_or(none, |(price, level)| (rank(side, price), level));
        let head = &mut self.heads[at(book.0)];
        head.best[lane(side)] = rank;
        head.front[lane(side)] = level;
    }

    /// Clears the bits above a page whose side is empty; returns what became blank to the pools.
    #[cold]
    fn vacate_page(&mut self, book: InstrumentId, side: Side, price: u32, page: u32) {
        let [first, second, third] = digits(price);
        let [root, branch, leaf] = self.path(book, price);
        let mut is_blank = self.pages[at(page)] == Bits::default();
        if is_blank {
            self.pages_free.push(page);
        }
        let mut is_clear = true;
        for (dir, digit) in [(leaf, third), (branch, second), (root, first)] {
            if is_blank {
                self.dirs[at(dir)].0[at(digit)] = NIL;
            }
            let bits = &mut self.dir_bits[at(dir)];
            is_clear = is_clear && bits.clear(side, digit);
            is_blank = is_blank && *bits == Bits::default();
            if is_blank {
                self.forget_dir(book, dir);
            }
        }
    }

    fn forget_dir(&mut self, book: InstrumentId, dir: u32) {
        self.dirs_free.push(dir);
        let head = &mut self.heads[at(book.0)];
        if head.near_leaf == dir {
            (head.near_block, head.near_leaf) = (NIL, NIL);
        }
        if head.root == dir {
            head.root = NIL;
        }
    }

    /// Best price and level of a side, from the root.
    fn first(&self, book: InstrumentId, side: Side) -> Option<(u32, u32)> {
        let root = self.heads[at(book.0)].root;
        if root == NIL || self.dir_bits[at(root)].is_empty(side) {
            return None;
        }
        Some(self.descend(side, 0, root, 0))
    }

    /// Best price and level below a directory `depth` layers under the root, which has some.
    fn descend(&self, side: Side, depth: u32, dir: u32, prefix: u32) -> (u32, u32) {
        let (mut below, mut prefix) = (dir, prefix);
        for _ in depth..3 {
            let digit = self.dir_bits[at(below)].first(side);
            below = self.dirs[at(below)].child(digit);
            prefix = (prefix << FAN_BITS) | digit;
        }
        let tick = self.pages[at(below)].first(side);
        ((prefix << FAN_BITS) | tick, level_of(below, side, tick))
    }

    /// Occupied prices of a side and their levels, best first.
    pub(crate) fn rungs(&self, book: InstrumentId, side: Side) -> impl Iterator<Item = (u32, u32)> {
        successors(self.front(book, side), move |(price, level)| {
            self.after(book, side, *price, *level)
        })
    }

    /// The next worse price of a side after an occupied one, and its level.
    fn after(&self, book: InstrumentId, side: Side, price: u32, level: u32) -> Option<(u32, u32)> {
        let page = page_of(level);
        let ticks = self.pages[at(page)].after(side, price % FAN);
        if !ticks.is_empty(side) {
            let tick = ticks.first(side);
            return Some(((price & !(FAN - 1)) | tick, level_of(page, side, tick)));
        }
        let path = self.path(book, price);
        (0..3).rev().find_map(|depth| self.after_in(side, price, depth, path[at(depth)]))
    }

    /// The best price below the children of `dir` that are worse than the one `price` is under.
    fn after_in(&self, side: Side, price: u32, depth: u32, dir: u32) -> Option<(u32, u32)> {
        let rest = self.dir_bits[at(dir)].after(side, digits(price)[at(depth)]);
        if rest.is_empty(side) {
            return None;
        }
        let digit = rest.first(side);
        let above = price >> (FAN_BITS * (4 - depth));
        let prefix = (above << FAN_BITS) | digit;
        Some(self.descend(side, depth + 1, self.dirs[at(dir)].child(digit), prefix))
    }
}

/// The check of a ladder's own invariants.
impl Ladder {
    /// BEST-FIRST, BITS-TRUE, POOL-BLANK: see the module's invariants 3, 1 and 2.
    pub(crate) fn check(&self) {
        let (mut n_dirs, mut n_pages) = (0, 0);
        for (index, head) in self.heads.iter().enumerate() {
            let book = InstrumentId(narrow(index));
            for side in [Side::Bid, Side::Ask] {
                let best = self.first(book, side);
                assert_eq!(self.front(book, side), best, "BEST-FIRST: {side:?} of book {book}");
                let is_none = head.best[lane(side)] == NO_RANK;
                assert_eq!(is_none, best.is_none(), "BEST-FIRST: no {side:?} of book {book}");
            }
            if head.near_block != NIL {
                let [_, _, leaf] = self.path(book, head.near_block << BLOCK_BITS);
                assert_eq!(head.near_leaf, leaf, "BEST-FIRST: leaf of book {book} used last");
            }
            if head.root != NIL {
                self.check_dir(head.root, 0, &mut n_dirs, &mut n_pages);
            }
        }
        assert_eq!(n_dirs + self.dirs_free.len(), self.dirs.len(), "POOL-BLANK: directories");
        assert_eq!(n_pages + self.pages_free.len(), self.pages.len(), "POOL-BLANK: pages");
        for dir in &self.dirs_free {
            let is_blank =
                self.dir_bits[at(*dir)] == Bits::default() && self.dirs[at(*dir)] == Dir::EMPTY;
            assert!(is_blank, "POOL-BLANK: directory {dir} in the pool");
        }
        self.pages_free.iter().for_each(|page| self.check_blank(*page));
    }

    /// Pages outside the pool.
    #[cfg(test)]
    pub(crate) fn n_pages(&self) -> usize {
        self.pages.len() - self.pages_free.len()
    }

    fn check_dir(&self, dir: u32, depth: u32, n_dirs: &mut usize, n_pages: &mut usize) {
        *n_dirs += 1;
        let bits = self.dir_bits[at(dir)];
        assert!(bits != Bits::default(), "POOL-BLANK: directory {dir} in use");
        let children = (0..FAN).map(|digit| (digit, self.dirs[at(dir)].child(digit)));
        for (digit, child) in children {
            let below = match child {
                NIL => Bits::default(),
                _ if depth == 2 => self.check_page(child, n_pages),
                _ => {
                    self.check_dir(child, depth + 1, n_dirs, n_pages);
                    self.dir_bits[at(child)]
                }
            };
            for side in [Side::Bid, Side::Ask] {
                let is_set = (bits.0[lane(side)] >> digit) & 1 == 1;
                assert_eq!(is_set, !below.is_empty(side), "BITS-TRUE: directory {dir}, {digit}");
            }
        }
    }

    fn check_page(&self, page: u32, n_pages: &mut usize) -> Bits {
        *n_pages += 1;
        let bits = self.pages[at(page)];
        assert!(bits != Bits::default(), "POOL-BLANK: page {page} in use");
        for (side, tick, level) in self.page_levels(page) {
            let is_set = (bits.0[lane(side)] >> tick) & 1 == 1;
            assert_eq!(is_set, level.head != NIL, "BITS-TRUE: page {page}, {side:?} {tick}");
        }
        bits
    }

    fn check_blank(&self, page: u32) {
        assert!(self.pages[at(page)] == Bits::default(), "POOL-BLANK: page {page} in the pool");
        for (_, tick, level) in self.page_levels(page) {
            let is_blank = level.head == NIL && level.tail == NIL && level.total == 0;
            assert!(is_blank, "POOL-BLANK: level {tick} of page {page}");
        }
    }

    fn page_levels(&self, page: u32) -> impl Iterator<Item = (Side, u32, &Level)> {
        let places = (0..FAN).flat_map(|tick| [(Side::Bid, tick), (Side::Ask, tick)]);
        places.map(move |(side, tick)| (side, tick, &self.levels[at(level_of(page, side, tick))]))
    }
}

#[cfg(test)]
mod tests;
