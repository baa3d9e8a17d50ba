//! What reads the books: best prices, depth, queues, and what a taker would meet.

use core::hint::black_box;
use core::iter::successors;
use types::{InstrumentId, OrderId, Side, Ticks};

use crate::books::{Books, Taker};
use crate::slab::{NIL, Node, at};

impl Books {
    /// Best price of a side.
    #[inline]
    pub fn best(&self, book: InstrumentId, side: Side) -> Option<Ticks> {
        self.ladder.front(book, side).map(|(price, _)| Ticks(price))
    }

    /// The first order of the taker's own owner that it would meet before it is filled.
    pub fn first_own(&self, taker: &Taker) -> Option<OrderId> {
        let mut left = taker.size.0;
        for (_, level) in self.within(taker) {
            let mut hidden = 0u64;
            for (slot, node) in self.nodes(level) {
                if left == 0 {
                    return None;
                }
                if node.owner == taker.owner {
                    return Some(node.id(slot));
                }
                left = left.saturating_sub(node.displayed);
                hidden += u64::from(self.below(slot, node));
            }
            // New slices stand behind everything shown, so they trade once the queue went round.
            left = left.saturating_sub(u32::try_from(hidden).unwrap_or(u32::MAX));
        }
        None
    }

    fn below(&self, slot: u32, node: &Node) -> u32 {
        if node.is_iceberg() { self.hidden.get(&slot).map_or(0, |hidden| hidden.size) } else { 0 }
    }

    /// Lots of a level, shown or not.
    pub(crate) fn open_at(&self, level: u32) -> u64 {
        let hidden = self.nodes(level).map(|(slot, node)| u64::from(self.below(slot, node)));
        self.ladder.levels[at(level)].total + hidden.sum::<u64>()
    }

    /// Prices with what is shown there, best first.
    pub fn levels(&self, book: InstrumentId, side: Side) -> impl Iterator<Item = (Ticks, u64)> {
        let row = |(price, level)| (Ticks(price), self.ladder.levels[at(level)].total);
        self.ladder.rungs(book, side).map(row)
    }

    /// The orders at a price, the first to trade first.
    pub fn queue(
        &self,
        book: InstrumentId,
        side: Side,
        price: Ticks,
    ) -> impl Iterator<Item = OrderId> {
        self.ladder
            .find(book, side, price.0)
            .into_iter()
            .flat_map(|level| self.nodes(level))
            .map(|(slot, node)| node.id(slot))
    }

    /// Orders on all books.
    pub fn n_resting(&self) -> usize {
        self.n_resting
    }

    /// Reads what a command on this order will need, so that the next call finds it in the cache.
    /// For a batch: touch all its orders, then run it; the misses then overlap.
    #[inline]
    pub fn touch(&self, order: OrderId) {
        let Some(node) = self.slab.nodes.get(at(order.slot())) else { return };
        let tail = self.ladder.levels.get(at(node.level)).map(|level| level.tail);
        let prev = self.slab.nodes.get(at(node.prev)).map(|prev| prev.next);
        let next = self.slab.nodes.get(at(node.next)).map(|next| next.prev);
        black_box((tail, prev, next));
    }

    /// The rungs that a taker reaches.
    fn within(&self, taker: &Taker) -> impl Iterator<Item = (u32, u32)> {
        let side = taker.side.opposite();
        let limit = taker.limit;
        self.ladder
            .rungs(taker.book, side)
            .take_while(move |(price, _)| side.reaches(Ticks(*price), limit))
    }

    /// The orders of a level, the first to trade first.
    pub(crate) fn nodes(&self, level: u32) -> impl Iterator<Item = (u32, &Node)> {
        let row = |slot: u32| (slot != NIL).then(|| (slot, &self.slab.nodes[at(slot)]));
        successors(row(self.ladder.levels[at(level)].head), move |(_, node)| row(node.next))
    }
}
