//! One slab of orders for all books: an id leads to its order without a map.
//!
//! ```text
//!  id    count (42) │ slot (22)            the slot is the index of the node
//!  node  tag u64  = count (42) │ book (22) the id with its slot replaced: stale ids differ
//!        next u32   prev u32               the queue of a level, or the stack of free slots
//!        level u32                         its level in the ladder: a cancel needs no search
//!        mark u32 = price (24) │ flags (8) flags: side, iceberg, admitted, resting
//!        displayed u32   owner u32         32 bytes, two orders to a cache line
//! ```
//!
//! # Invariants
//! 1. A slot is free, admitted, or resting; only the first is on the stack of free slots.
//! 2. A freed slot is the next one taken. So a replay numbers every order as the first run did.

use alloc::vec;
use alloc::vec::Vec;
use types::{InstrumentId, OrderId, Side, Ticks};

/// No slot, no page, no level.
pub(crate) const NIL: u32 = u32::MAX;
/// Books that may be opened: what a tag has bits for.
pub(crate) const BOOKS_MAX: u32 = 1 << OrderId::SLOT_BITS;

const LOW_BITS: u64 = (1 << OrderId::SLOT_BITS) - 1;
const ASK: u32 = 1;
const ICEBERG: u32 = 2;
const ADMITTED: u32 = 4;
const RESTING: u32 = 8;
/// Nothing was restored here yet; only while a snapshot is read.
const VACANT: u32 = 16;
const FLAG_BITS: u32 = 8;
const _: () = assert!(Ticks::MAX.0 <= NIL >> FLAG_BITS);
const _: () = assert!(size_of::<Node>() == 32);

/// Widens an index; every machine we build for has 32 bits or more.
#[inline(always)]
#[expect(clippy::as_conversions, reason = "u32 fits usize on every target")]
pub(crate) const fn at(index: u32) -> usize {
    index as usize
}

/// Narrows the length of a table whose growth is bounded.
pub(crate) fn narrow(len: usize) -> u32 {
    u32::try_from(len).expect("tables of the books stay below u32::MAX rows")
}

/// Makes room for `more` rows, by halves and not by doubling: spare room stays below half.
pub(crate) fn grow<T>(rows: &mut Vec<T>, more: usize) {
    if rows.capacity() < rows.len() + more {
        rows.reserve_exact((rows.len() / 2).max(more).max(4));
    }
}

/// One order.
#[derive(Clone, Copy, Default)]
#[repr(C, align(32))]
pub(crate) struct Node {
    tag: u64,
    pub(crate) next: u32,
    pub(crate) prev: u32,
    pub(crate) level: u32,
    mark: u32,
    pub(crate) displayed: u32,
    pub(crate) owner: u32,
}

impl Node {
    #[inline]
    pub(crate) fn price(&self) -> u32 {
        self.mark >> FLAG_BITS
    }

    #[inline]
    pub(crate) fn side(&self) -> Side {
        if self.mark & ASK == 0 { Side::Bid } else { Side::Ask }
    }

    #[inline]
    #[expect(clippy::as_conversions, reason = "the mask leaves 22 bits")]
    pub(crate) fn book(&self) -> InstrumentId {
        InstrumentId((self.tag & LOW_BITS) as u32)
    }

    #[inline]
    pub(crate) fn is_iceberg(&self) -> bool {
        self.mark & ICEBERG != 0
    }

    #[inline]
    pub(crate) fn is_resting(&self) -> bool {
        self.mark & RESTING != 0
    }

    /// Admitted, and on no book.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.mark & ADMITTED != 0
    }

    /// The order's id, given where it lives.
    #[inline]
    pub(crate) fn id(&self, slot: u32) -> OrderId {
        OrderId((self.tag & !LOW_BITS) | u64::from(slot))
    }

    #[inline]
    fn is(&self, order: OrderId) -> bool {
        (self.tag ^ order.0) >> OrderId::SLOT_BITS == 0
    }

    /// Puts the order on a side of a book; its place in a queue is the caller's.
    #[inline]
    pub(crate) fn place(&mut self, book: InstrumentId, side: Side, price: u32, is_iceberg: bool) {
        self.tag = (self.tag & !LOW_BITS) | u64::from(book.0);
        let side = if side == Side::Ask { ASK } else { 0 };
        let iceberg = if is_iceberg { ICEBERG } else { 0 };
        self.mark = (price << FLAG_BITS) | RESTING | side | iceberg;
    }

    /// Takes the order off its book, keeping its number.
    #[inline]
    pub(crate) fn displace(&mut self) {
        self.mark = ADMITTED;
    }

    pub(crate) fn melt(&mut self) {
        self.mark &= !ICEBERG;
    }
}

/// All orders, and the stack of free slots that runs through them.
#[derive(Clone)]
pub(crate) struct Slab {
    pub(crate) nodes: Vec<Node>,
    free: u32,
    /// Orders numbered so far.
    pub(crate) count: u64,
}

impl Default for Slab {
    fn default() -> Slab {
        Slab { nodes: Vec::new(), free: NIL, count: 0 }
    }
}

impl Slab {
    /// Numbers a new order and takes a slot for it.
    #[inline]
    pub(crate) fn admit(&mut self) -> Option<OrderId> {
        if OrderId::COUNT_MAX <= self.count {
            return None;
        }
        let slot = if self.free == NIL { self.append()? } else { self.pop() };
        self.count += 1;
        let order = OrderId::new(self.count, slot);
        let node = &mut self.nodes[at(slot)];
        (node.tag, node.mark) = (order.0 & !LOW_BITS, ADMITTED);
        Some(order)
    }

    #[cold]
    fn append(&mut self) -> Option<u32> {
        let slot = narrow(self.nodes.len());
        if OrderId::SLOTS_MAX <= slot {
            return None;
        }
        grow(&mut self.nodes, 1);
        self.nodes.push(Node::default());
        Some(slot)
    }

    #[inline]
    fn pop(&mut self) -> u32 {
        let slot = self.free;
        self.free = self.nodes[at(slot)].next;
        slot
    }

    /// Returns a slot to the stack.
    #[inline]
    pub(crate) fn free(&mut self, slot: u32) {
        let node = &mut self.nodes[at(slot)];
        node.mark = 0;
        node.next = self.free;
        self.free = slot;
    }

    /// The slot of an order that rests; `None` for an id that is stale, foreign, or not on a book.
    #[inline]
    pub(crate) fn resting(&self, order: OrderId) -> Option<(u32, &Node)> {
        let slot = order.slot();
        let node = self.nodes.get(at(slot))?;
        (node.is(order) && node.is_resting()).then_some((slot, node))
    }

    /// The slot of an order that is admitted and not on a book. Panics if there is none.
    #[inline]
    pub(crate) fn admitted(&self, order: OrderId) -> u32 {
        let slot = order.slot();
        let node = self.nodes.get(at(slot)).expect("an admitted order has a slot");
        assert!(node.is(order) && node.is_waiting(), "order {order} is admitted and rests nowhere");
        slot
    }

    /// The free slots, the next one to be taken first.
    pub(crate) fn free_slots(&self) -> impl Iterator<Item = u32> {
        let slot = |slot: u32| (slot != NIL).then_some(slot);
        core::iter::successors(slot(self.free), move |index| slot(self.nodes[at(*index)].next))
    }

    /// A slab whose slots are all vacant. For reading a snapshot, which then fills each slot once
    /// by [`Slab::restore`] or [`Slab::restore_free`].
    pub(crate) fn vacant(n_slots: u32, count: u64) -> Slab {
        let node = Node { mark: VACANT, ..Node::default() };
        Slab { nodes: vec![node; at(n_slots)], free: NIL, count }
    }

    /// Puts an order in its slot; false if the slot is not vacant or the order was never numbered.
    pub(crate) fn restore(&mut self, order: OrderId) -> bool {
        let Some(node) = self.nodes.get_mut(at(order.slot())) else { return false };
        if node.mark != VACANT || order.count() == 0 || self.count < order.count() {
            return false;
        }
        *node = Node { tag: order.0 & !LOW_BITS, mark: ADMITTED, ..Node::default() };
        true
    }

    /// Puts a slot on the stack of free slots; false if it is not vacant.
    pub(crate) fn restore_free(&mut self, slot: u32) -> bool {
        let is_vacant = self.nodes.get(at(slot)).is_some_and(|node| node.mark == VACANT);
        if is_vacant {
            self.free(slot);
        }
        is_vacant
    }
}

#[cfg(test)]
mod tests;
