//! The books as bytes: queues in order, ids, and the stack of free slots, so that a restored copy
//! goes on as the original would. What can be computed (totals, bits, best prices) is not written,
//! and where pages lie is not seen.
//!
//! ```text
//!  orders numbered u64 │ slots u32
//!  free slots: count u32, slot u32 each, the next one taken first
//!  orders that wait (admitted, on no book): count u32, id u64 each, by slot
//!  books: count u32, for each its bids, then its asks:
//!    levels: count u32, best first, for each:
//!      price u32 │ orders: count u32, the first to trade first, for each:
//!        id u64 │ owner u32 │ displayed u32 │ hidden? u8 [ size u32 │ display u32 ]
//! ```

use alloc::vec::Vec;
use types::codec::{Codec, DecodeError, Reader, encode_count};
use types::planted::{self, Bug};
use types::{InstrumentId, Lots, OrderId, Side, Ticks};

use crate::books::{Books, Hidden};
use crate::slab::{BOOKS_MAX, Node, Slab, at, narrow};

impl Codec for Books {
    fn encode(&self, out: &mut Vec<u8>) {
        self.slab.count.encode(out);
        encode_count(self.slab.nodes.len(), out);
        let mut free = self.slab.free_slots().collect::<Vec<u32>>();
        if planted::is(Bug::FreeSlotsSortedInSnapshot) {
            free.sort_unstable();
        }
        free.encode(out);
        self.waiting().collect::<Vec<OrderId>>().encode(out);
        self.ladder.n_books().encode(out);
        for book in (0..self.ladder.n_books()).map(InstrumentId) {
            self.encode_side(book, Side::Bid, out);
            self.encode_side(book, Side::Ask, out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Books, DecodeError> {
        let count = u64::decode(reader)?;
        let n_slots = u32::decode(reader)?;
        // A slot takes four bytes or more below, which bounds what is allocated here.
        let is_bounded = n_slots <= OrderId::SLOTS_MAX && at(n_slots) <= reader.left() / 4;
        require(is_bounded && count <= OrderId::COUNT_MAX, reader, "orders or slots")?;
        let mut books = Books { slab: Slab::vacant(n_slots, count), ..Books::default() };

        let free = Vec::<u32>::decode(reader)?;
        let is_free = free.iter().rev().all(|slot| books.slab.restore_free(*slot));
        require(is_free, reader, "free slots")?;
        let waiting = Vec::<OrderId>::decode(reader)?;
        let is_sorted = waiting.is_sorted_by_key(|order| order.slot());
        let is_waiting = waiting.iter().all(|order| books.slab.restore(*order));
        require(is_sorted && is_waiting, reader, "waiting orders")?;
        let n_books = reader.count()?;
        require(n_books <= at(BOOKS_MAX), reader, "books")?;
        for _ in 0..n_books {
            let book = books.open_book();
            books.decode_side(book, Side::Bid, reader)?;
            books.decode_side(book, Side::Ask, reader)?;
        }
        let n_restored = free.len() + waiting.len() + books.n_resting;
        require(n_restored == at(n_slots), reader, "slots")?;
        Ok(books)
    }
}

fn require(holds: bool, reader: &Reader<'_>, what: &'static str) -> Result<(), DecodeError> {
    if holds { Ok(()) } else { Err(reader.refuse(what)) }
}

impl Books {
    fn waiting(&self) -> impl Iterator<Item = OrderId> {
        let rows = self.slab.nodes.iter().enumerate();
        rows.filter(|(_, node)| node.is_waiting()).map(|(slot, node)| node.id(narrow(slot)))
    }

    fn encode_side(&self, book: InstrumentId, side: Side, out: &mut Vec<u8>) {
        encode_count(self.ladder.rungs(book, side).count(), out);
        for (price, level) in self.ladder.rungs(book, side) {
            price.encode(out);
            encode_count(self.nodes(level).count(), out);
            if planted::is(Bug::QueueByIdInSnapshot) {
                let mut queue = self.nodes(level).collect::<Vec<_>>();
                queue.sort_unstable_by_key(|(slot, node)| node.id(*slot));
                queue.into_iter().for_each(|place| self.encode_node(place, out));
                continue;
            }
            self.nodes(level).for_each(|place| self.encode_node(place, out));
        }
    }

    fn encode_node(&self, (slot, node): (u32, &Node), out: &mut Vec<u8>) {
        node.id(slot).encode(out);
        node.owner.encode(out);
        node.displayed.encode(out);
        let hidden = self.hidden.get(&slot);
        hidden.map(|hidden| (hidden.size, hidden.display)).encode(out);
    }

    fn decode_side(
        &mut self,
        book: InstrumentId,
        side: Side,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        let mut better = None;
        for _ in 0..reader.count()? {
            let price = u32::decode(reader)?;
            let is_worse = better.is_none_or(|better| side.reaches(Ticks(better), Ticks(price)));
            let is_apart = better != Some(price);
            let in_range = (1..=Ticks::MAX.0).contains(&price);
            require(in_range && is_worse && is_apart, reader, "price of a level")?;
            better = Some(price);
            let n_orders = reader.count()?;
            require(0 < n_orders, reader, "orders of a level")?;
            for _ in 0..n_orders {
                self.decode_order(book, side, price, reader)?;
            }
        }
        Ok(())
    }

    fn decode_order(
        &mut self,
        book: InstrumentId,
        side: Side,
        price: u32,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        let order = OrderId::decode(reader)?;
        let owner = u32::decode(reader)?;
        let displayed = u32::decode(reader)?;
        let hidden = Option::<(u32, u32)>::decode(reader)?;
        let open = u64::from(displayed) + u64::from(hidden.map_or(0, |(size, _)| size));
        let is_size = 0 < displayed && open <= u64::from(Lots::MAX.0);
        let is_iceberg = hidden.is_none_or(|(size, display)| 0 < size && displayed <= display);
        require(is_size && is_iceberg, reader, "size of an order")?;
        require(self.slab.restore(order), reader, "id of an order")?;

        let slot = order.slot();
        if let Some((size, display)) = hidden {
            self.hidden.insert(slot, Hidden { size, display });
        }
        let node = &mut self.slab.nodes[at(slot)];
        (node.displayed, node.owner) = (displayed, owner);
        node.place(book, side, price, hidden.is_some());
        self.n_resting += 1;
        let level = self.ladder.enter(book, side, price);
        self.append(slot, level);
        Ok(())
    }
}
