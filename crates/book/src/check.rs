//! The invariants, one check each. All of them cost O(orders): for tests, simulators, and samples.

use alloc::collections::BTreeSet;
use types::{InstrumentId, Side};

use crate::books::Books;
use crate::slab::{NIL, at};

impl Books {
    /// Panics with the numbers if an invariant does not hold.
    pub fn check(&self) {
        let books = || (0..self.ladder.n_books()).map(InstrumentId);
        let sides = || books().flat_map(|book| [(book, Side::Bid), (book, Side::Ask)]);
        let n_reached = sides().map(|(book, side)| self.check_levels(book, side)).sum::<usize>();
        self.check_slots(n_reached);
        self.check_hidden();
        self.ladder.check();
    }

    /// BOOK-UNCROSSED: best bid < best ask, of a book that does not collect orders.
    pub fn check_uncrossed(&self, book: InstrumentId) {
        let (bid, ask) = (self.best(book, Side::Bid), self.best(book, Side::Ask));
        if let (Some(bid), Some(ask)) = (bid, ask) {
            assert!(bid < ask, "BOOK-UNCROSSED: bid {bid} is below ask {ask} of book {book}");
        }
    }

    /// LEVEL-QUEUED, LEVEL-TOTAL: each level has a queue whose links, places and sizes agree.
    /// Returns how many orders it found.
    fn check_levels(&self, book: InstrumentId, side: Side) -> usize {
        let mut n_orders = 0;
        for (price, index) in self.ladder.rungs(book, side) {
            let (mut total, mut prev) = (0, NIL);
            for (slot, node) in self.nodes(index) {
                let place = (node.book(), node.side(), node.price(), node.level, node.prev);
                let due = (book, side, price, index, prev);
                assert_eq!(place, due, "LEVEL-QUEUED: slot {slot} stands where its level says");
                assert!(node.is_resting(), "LEVEL-QUEUED: slot {slot} in a queue rests");
                assert!(0 < node.displayed, "LEVEL-QUEUED: slot {slot} in a queue shows a lot");
                (total, prev) = (total + u64::from(node.displayed), slot);
                n_orders += 1;
            }
            let level = self.ladder.levels[at(index)];
            assert!(prev != NIL, "LEVEL-QUEUED: level {price} of book {book} has an order");
            assert_eq!(level.tail, prev, "LEVEL-QUEUED: level {price} of book {book} ends there");
            assert_eq!(level.total, total, "LEVEL-TOTAL: {side:?} {price} of book {book}");
        }
        n_orders
    }

    /// SLOT-ONCE: each slot is free, waiting, or reached through exactly one level.
    fn check_slots(&self, n_reached: usize) {
        let nodes = &self.slab.nodes;
        let n_resting = nodes.iter().filter(|node| node.is_resting()).count();
        assert_eq!(n_resting, n_reached, "SLOT-ONCE: resting orders are those in queues");
        assert_eq!(n_resting, self.n_resting, "SLOT-ONCE: resting orders are counted");
        let n_waiting = nodes.iter().filter(|node| node.is_waiting()).count();
        let free = self.slab.free_slots().take(nodes.len()).collect::<BTreeSet<_>>();
        let n_slots = free.len() + n_waiting + n_resting;
        assert_eq!(n_slots, nodes.len(), "SLOT-ONCE: free, waiting and resting slots are all");
        for slot in free {
            let node = &nodes[at(slot)];
            assert!(!node.is_waiting() && !node.is_resting(), "SLOT-ONCE: slot {slot} is free");
        }
    }

    /// HIDDEN-ICEBERG: hidden parts and iceberg marks stand at the same slots.
    fn check_hidden(&self) {
        let nodes = &self.slab.nodes;
        let n_icebergs = nodes.iter().filter(|node| node.is_resting() && node.is_iceberg()).count();
        assert_eq!(self.hidden.len(), n_icebergs, "HIDDEN-ICEBERG: as many parts as icebergs");
        for (slot, hidden) in &self.hidden {
            let node = &nodes[at(*slot)];
            assert!(node.is_resting() && node.is_iceberg(), "HIDDEN-ICEBERG: slot {slot}");
            assert!(0 < hidden.size, "HIDDEN-ICEBERG: slot {slot} hides a lot");
            let (shown, display) = (node.displayed, hidden.display);
            assert!(shown <= display, "HIDDEN-ICEBERG: slot {slot} shows {shown} of {display}");
        }
    }
}
