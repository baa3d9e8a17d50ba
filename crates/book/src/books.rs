//! What changes the books: admit, rest, trade, reduce, take away.

use alloc::collections::BTreeMap;
use core::hint::select_unpredictable;
use types::planted::{self, Bug};
use types::{InstrumentId, Lots, OrderId, Side, Ticks};

use crate::ladder::Ladder;
use crate::slab::{BOOKS_MAX, NIL, Node, Slab, at};

/// The order books of one margin domain.
#[derive(Clone, Default)]
pub struct Books {
    pub(crate) slab: Slab,
    pub(crate) ladder: Ladder,
    /// What icebergs do not show, by slot. Few orders are icebergs; the others pay nothing.
    pub(crate) hidden: BTreeMap<u32, Hidden>,
    pub(crate) n_resting: usize,
}

/// The part of an iceberg below the water.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// What is not shown; above zero.
    pub(crate) size: u32,
    /// What is shown anew when the shown part has traded.
    pub(crate) display: u32,
}

/// An order that wants to trade now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taker {
    /// Where.
    pub book: InstrumentId,
    /// Its own side; it meets orders of the other one.
    pub side: Side,
    /// Worst price it accepts.
    pub limit: Ticks,
    /// What is left of it.
    pub size: Lots,
    /// It does not trade with orders of the same owner.
    pub owner: u32,
}

/// An order to be put on a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Where.
    pub book: InstrumentId,
    /// Its side.
    pub side: Side,
    /// Its price, 1 to [`Ticks::MAX`].
    pub price: Ticks,
    /// All that is left of it, shown or not; above zero.
    pub open: Lots,
    /// How much an iceberg shows at a time, above zero; `None` shows everything.
    pub display: Option<Lots>,
    /// It does not trade with takers of the same owner.
    pub owner: u32,
}

/// An order on a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Where.
    pub book: InstrumentId,
    /// Its side.
    pub side: Side,
    /// Its price.
    pub price: Ticks,
    /// All that is left of it, shown or not.
    pub open: Lots,
    /// What is shown of it.
    pub displayed: Lots,
    /// How much it shows at a time while a part of it is hidden; `None` once all of it is shown.
    pub display: Option<Lots>,
    /// Its owner.
    pub owner: u32,
}

/// What one step of a taker met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The order in front has the taker's owner; nothing changed. Remove it, or stop.
    Own {
        /// The order in front.
        maker: OrderId,
    },
    /// Both traded.
    Fill {
        /// The order in front.
        maker: OrderId,
        /// Its price.
        price: Ticks,
        /// How much.
        size: Lots,
        /// What is left of the maker, shown or not; at zero its slot is free again.
        maker_open: Lots,
        /// A new slice of an iceberg is shown, at the back of the queue.
        replenished: Option<Lots>,
    },
}

impl Books {
    /// No books.
    pub fn new() -> Books {
        Books::default()
    }

    /// Opens an empty book under the next dense id. Panics beyond four million books.
    pub fn open_book(&mut self) -> InstrumentId {
        let book = self.ladder.n_books();
        assert!(book < BOOKS_MAX, "{book} books are open, which is all an order's tag can name");
        self.ladder.open();
        InstrumentId(book)
    }

    /// Numbers a new order and takes a slot for it; it is on no book yet. `None` when all slots are
    /// taken ([`OrderId::SLOTS_MAX`]) or all numbers used up ([`OrderId::COUNT_MAX`]).
    #[inline]
    pub fn admit(&mut self) -> Option<OrderId> {
        self.slab.admit()
    }

    /// Frees the slot of an admitted order. Panics if the order is not admitted, or rests.
    #[inline]
    pub fn release(&mut self, order: OrderId) {
        let slot = self.slab.admitted(order);
        self.slab.free(slot);
    }

    /// Appends an admitted (or unlinked) order to the queue of its price. Panics if it would cross,
    /// if the order rests already, or if a size or the price is out of range.
    // Out of line its terms go through memory, which costs the exchange-like workload 5 %.
    #[inline(always)]
    pub fn rest(&mut self, order: OrderId, rest: &Rest) {
        self.ladder.assert_apart(rest.book, rest.side, rest.price.0);
        let level = self.ladder.enter(rest.book, rest.side, rest.price.0);
        self.put(order, rest, level);
    }

    /// Puts an admitted order at the back of a level.
    #[inline(always)]
    pub(crate) fn put(&mut self, order: OrderId, rest: &Rest, level: u32) {
        let slot = self.slab.admitted(order);
        let Rest { book, side, price, open, display, owner } = *rest;
        assert!(1 <= price.0 && price <= Ticks::MAX, "{price} is a price that a book has");
        assert!(Lots::ZERO < open && open <= Lots::MAX, "{open} lots are an order's size");
        let display = display.map_or(u32::MAX, |display| display.0);
        assert!(0 < display, "an iceberg shows at least one lot");
        let displayed = open.0.min(display);
        if displayed < open.0 {
            self.hide(slot, Hidden { size: open.0 - displayed, display });
        }
        self.n_resting += 1;
        let node = &mut self.slab.nodes[at(slot)];
        (node.displayed, node.owner) = (displayed, owner);
        node.place(book, side, price.0, displayed < open.0);
        self.append(slot, level);
    }

    // Out of line, so that the map stays out of the way of the orders that are no icebergs.
    #[cold]
    #[inline(never)]
    fn hide(&mut self, slot: u32, hidden: Hidden) {
        self.hidden.insert(slot, hidden);
    }

    #[cold]
    #[inline(never)]
    fn unhide(&mut self, slot: u32) -> Option<Hidden> {
        self.hidden.remove(&slot)
    }

    /// Puts a placed order at the back of a level.
    #[inline]
    pub(crate) fn append(&mut self, slot: u32, index: u32) {
        let nodes = self.slab.nodes.as_mut_slice();
        let level = &mut self.ladder.levels[at(index)];
        let node = &mut nodes[at(slot)];
        let tail = level.tail;
        (node.prev, node.next, node.level) = (tail, NIL, index);
        level.tail = slot;
        level.total += u64::from(node.displayed);
        let (book, side, price) = (node.book(), node.side(), node.price());
        if tail != NIL {
            nodes[at(tail)].next = slot;
            return;
        }
        level.head = slot;
        self.ladder.occupy(book, side, price, index);
    }

    /// One step of a taker: the front order of the best opposite level within its limit. A fill
    /// takes from `taker.size` and from the maker; a maker with nothing left leaves its book and
    /// its slot. `None` when the taker is filled, or nothing within its limit is left.
    #[inline]
    pub fn match_next(&mut self, taker: &mut Taker) -> Option<Match> {
        if taker.size == Lots::ZERO {
            return None;
        }
        let (price, index) = self.ladder.reached(taker.book, taker.side, taker.limit.0)?;
        Some(self.match_front(taker, price, index))
    }

    /// The step with the front order of a level that the taker reaches.
    fn match_front(&mut self, taker: &mut Taker, price: u32, index: u32) -> Match {
        let slot = self.ladder.levels[at(index)].head;
        let node = &self.slab.nodes[at(slot)];
        if node.owner == taker.owner {
            return Match::Own { maker: node.id(slot) };
        }

        let size = taker.size.0.min(node.displayed);
        taker.size.0 -= size;
        let (maker, maker_open, replenished) = self.take_front(index, size);
        let price = Ticks(price);
        Match::Fill { maker, price, size: Lots(size), maker_open: Lots(maker_open), replenished }
    }

    /// What the front order of a level shows.
    pub(crate) fn shown_in_front(&self, index: u32) -> u32 {
        self.slab.nodes[at(self.ladder.levels[at(index)].head)].displayed
    }

    /// Takes lots that it shows from the front order of a level: which one, what is left of it, and
    /// what it shows anew.
    #[inline(always)]
    pub(crate) fn take_front(&mut self, index: u32, size: u32) -> (OrderId, u32, Option<Lots>) {
        let level = &mut self.ladder.levels[at(index)];
        let slot = level.head;
        let node = &mut self.slab.nodes[at(slot)];
        let maker = node.id(slot);
        level.total -= u64::from(size);
        node.displayed -= size;
        let left = node.displayed;
        let node = *node;
        if node.is_iceberg() {
            let (open, replenished) = self.after_iceberg(slot, &node);
            return (maker, open, replenished);
        }
        if left == 0 {
            self.pop_front(&node, slot);
        }
        (maker, left, None)
    }

    /// Takes the front order, which has nothing left, off its level and frees its slot.
    #[inline]
    fn pop_front(&mut self, node: &Node, slot: u32) {
        let level = &mut self.ladder.levels[at(node.level)];
        level.head = node.next;
        if node.next == NIL {
            level.tail = NIL;
            self.ladder.vacate(node.book(), node.side(), node.price(), node.level);
        } else {
            self.slab.nodes[at(node.next)].prev = NIL;
        }
        self.n_resting -= 1;
        self.slab.free(slot);
    }

    /// Shows a new slice of an iceberg in front whose shown part is gone: what is open, and the
    /// slice. The slice goes to the back: only the shown part has time priority.
    #[cold]
    #[inline(never)]
    fn after_iceberg(&mut self, slot: u32, node: &Node) -> (u32, Option<Lots>) {
        let hidden = self.hidden.get_mut(&slot).expect("an iceberg has a hidden part");
        if node.displayed != 0 {
            return (node.displayed + hidden.size, None);
        }
        let open = hidden.size;
        let slice = hidden.size.min(hidden.display);
        hidden.size -= slice;
        self.slab.nodes[at(slot)].displayed = slice;
        self.melt_if_shown(slot);
        self.move_back(slot);
        (open, Some(Lots(slice)))
    }

    /// Forgets the hidden part once it is empty.
    fn melt_if_shown(&mut self, slot: u32) {
        if self.hidden.get(&slot).is_some_and(|hidden| hidden.size == 0) {
            self.hidden.remove(&slot);
            self.slab.nodes[at(slot)].melt();
        }
    }

    /// Moves the front order of a level to its back and counts what it shows; the level stays
    /// occupied throughout.
    fn move_back(&mut self, slot: u32) {
        let Node { next, level: index, displayed, .. } = self.slab.nodes[at(slot)];
        let level = &mut self.ladder.levels[at(index)];
        level.total += u64::from(displayed);
        if next == NIL || planted::is(Bug::IcebergKeepsFront) {
            return;
        }
        let tail = level.tail;
        (level.head, level.tail) = (next, slot);
        self.slab.nodes[at(next)].prev = NIL;
        self.slab.nodes[at(tail)].next = slot;
        let node = &mut self.slab.nodes[at(slot)];
        (node.prev, node.next) = (tail, NIL);
    }

    /// Takes an order off its book and frees its slot. `None` if it does not rest.
    #[inline]
    pub fn remove(&mut self, order: OrderId) -> Option<Resting> {
        let (slot, resting) = self.detach(order)?;
        self.slab.free(slot);
        Some(resting)
    }

    /// Takes an order off its book; it keeps slot and id, to be rested anew or released. `None` if
    /// it does not rest.
    pub fn unlink(&mut self, order: OrderId) -> Option<Resting> {
        let (slot, resting) = self.detach(order)?;
        self.slab.nodes[at(slot)].displace();
        Some(resting)
    }

    #[inline]
    fn detach(&mut self, order: OrderId) -> Option<(u32, Resting)> {
        let (slot, node) = self.slab.resting(order)?;
        let node = *node;
        let nodes = self.slab.nodes.as_mut_slice();
        let level = &mut self.ladder.levels[at(node.level)];
        level.total -= u64::from(node.displayed);
        // Where the order stands in its queue cannot be predicted, so nothing branches on it: at an
        // end of the queue the neighbour that is not there is the order itself, which is leaving.
        // A plain `if` would do the same, and is compiled to branches.
        let (is_head, is_tail) = (node.prev == NIL, node.next == NIL);
        level.head = select_unpredictable(is_head, node.next, level.head);
        level.tail = select_unpredictable(is_tail, node.prev, level.tail);
        nodes[at(select_unpredictable(is_head, slot, node.prev))].next = node.next;
        nodes[at(select_unpredictable(is_tail, slot, node.next))].prev = node.prev;
        if node.prev == NIL && node.next == NIL {
            self.ladder.vacate(node.book(), node.side(), node.price(), node.level);
        }
        self.n_resting -= 1;
        let hidden = if node.is_iceberg() { self.unhide(slot) } else { None };
        Some((slot, resting(&node, hidden)))
    }

    /// Makes an order smaller where it stands; the hidden part shrinks first. Returns it as it is
    /// then, `None` if it does not rest. Panics if `open` is zero or above what is open.
    pub fn reduce(&mut self, order: OrderId, open: Lots) -> Option<Resting> {
        let before = self.get(order)?;
        assert!(
            Lots::ZERO < open && open <= before.open,
            "{open} lots are fewer than the {} open, and not zero",
            before.open
        );
        let slot = order.slot();
        let displayed = before.displayed.min(open);
        let node = &mut self.slab.nodes[at(slot)];
        node.displayed = displayed.0;
        if !planted::is(Bug::ReduceLeavesLevelTotal) {
            self.ladder.levels[at(node.level)].total -= u64::from(before.displayed.0 - displayed.0);
        }
        if let Some(hidden) = self.hidden.get_mut(&slot) {
            hidden.size = open.0 - displayed.0;
            self.melt_if_shown(slot);
        }
        self.get(order)
    }

    /// Gives a resting order another owner; nothing happens if it does not rest.
    pub fn set_owner(&mut self, order: OrderId, owner: u32) {
        if self.slab.resting(order).is_some() {
            self.slab.nodes[at(order.slot())].owner = owner;
        }
    }

    /// An order on a book; `None` if it does not rest.
    #[inline]
    pub fn get(&self, order: OrderId) -> Option<Resting> {
        let (slot, node) = self.slab.resting(order)?;
        let hidden = if node.is_iceberg() { self.hidden.get(&slot).copied() } else { None };
        Some(resting(node, hidden))
    }
}

#[inline]
fn resting(node: &Node, hidden: Option<Hidden>) -> Resting {
    Resting {
        book: node.book(),
        side: node.side(),
        price: Ticks(node.price()),
        open: Lots(node.displayed + hidden.map_or(0, |hidden| hidden.size)),
        displayed: Lots(node.displayed),
        display: hidden.map(|hidden| Lots(hidden.display)),
        owner: node.owner,
    }
}
