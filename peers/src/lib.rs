//! The order books beside their peers: seeded workloads, an adapter for each engine, one reference.
//!
//! A workload is a list of commands that name orders by *key* (0, 1, 2 … in the order of placing).
//! Each engine numbers orders in its own way, so a workload is first resolved, untimed, to commands
//! that name orders as the engine does: clients know the ids that the venue gave them. That pass
//! also compares every event with those of [`reference`]; the timed passes fold all events into a
//! hash, so that no engine can skip work.

pub mod engines;
pub mod reference;
pub mod workload;

/// Way of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Buys.
    Bid,
    /// Sells.
    Ask,
}

/// A new order. It trades what it can; what is left rests.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Which book.
    pub book: u32,
    /// Which way.
    pub side: Side,
    /// In ticks.
    pub price: u32,
    /// In lots.
    pub size: u32,
    /// The order's number: rises by one with each order.
    pub key: u64,
}

/// A command. `id` is a key in a workload, and the engine's own id once resolved.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// A new order.
    Place(Order),
    /// Takes an order away; it is open.
    Cancel {
        /// The book that it is on.
        book: u32,
        /// The order.
        id: u64,
    },
    /// Another price and size for an open order: it goes to the back of the queue there. The price
    /// always changes, so that engines agree on who is first, and it never crosses.
    Replace {
        /// The order; it keeps its id.
        id: u64,
        /// What it becomes, on the same book and side, under the same key.
        order: Order,
    },
}

/// Takes the events of an engine.
pub trait Sink {
    /// A maker traded.
    fn fill(&mut self, maker: u64, price: u64, size: u64);
    /// An order left its place: cancelled, or replaced.
    fn left(&mut self, id: u64);
}

/// One engine behind the same few calls.
pub trait Engine {
    /// What the table calls it.
    const NAME: &'static str;
    /// An engine with `n_books` empty books.
    fn new(n_books: u32) -> Self;
    /// Places an order; returns the id by which the engine knows it.
    fn place(&mut self, order: &Order, sink: &mut impl Sink) -> u64;
    /// Cancels an open order.
    fn cancel(&mut self, book: u32, id: u64, sink: &mut impl Sink);
    /// Replaces an open order. An engine with an amend of its own overrides this.
    #[inline]
    fn replace(&mut self, id: u64, order: &Order, sink: &mut impl Sink) {
        self.cancel(order.book, id, sink);
        self.place(order, sink);
    }
    /// Reads ahead for a batch of commands; most engines cannot.
    fn touch(&self, _batch: &[Command]) {}
    /// The price of a fill: `rust_ob` tells what was paid in all.
    fn price(told: u64, _size: u64) -> u64 {
        told
    }
}

/// Runs one command.
#[inline]
pub fn run<E: Engine>(engine: &mut E, command: &Command, sink: &mut impl Sink) {
    match command {
        Command::Place(order) => {
            engine.place(order, sink);
        }
        Command::Cancel { book, id } => engine.cancel(*book, *id, sink),
        Command::Replace { id, order } => engine.replace(*id, order, sink),
    }
}

/// One event, as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A maker traded.
    Fill {
        /// Its key.
        maker: u64,
        /// Its price.
        price: u64,
        /// How much.
        size: u64,
    },
    /// An order left its place.
    Left {
        /// Its key.
        id: u64,
    },
}

impl Sink for Vec<Event> {
    fn fill(&mut self, maker: u64, price: u64, size: u64) {
        self.push(Event::Fill { maker, price, size });
    }
    fn left(&mut self, id: u64) {
        self.push(Event::Left { id });
    }
}

/// Folds events into a hash, by one multiplication each: the untimed pass has compared the events
/// themselves, so the hash only has to notice that a timed run does not repeat them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hash {
    /// Events so far.
    pub n_events: u64,
    /// All of them, in order.
    pub value: u64,
}

impl Hash {
    fn fold(&mut self, word: u64) {
        self.value = (self.value ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

impl Sink for Hash {
    #[inline]
    fn fill(&mut self, maker: u64, price: u64, size: u64) {
        self.n_events += 1;
        self.fold(maker ^ (price << 40) ^ (size << 20));
    }
    #[inline]
    fn left(&mut self, id: u64) {
        self.n_events += 1;
        self.fold(id);
    }
}

/// Hashes events that were kept.
pub fn hash(events: &[Event]) -> Hash {
    let mut hash = Hash::default();
    for event in events {
        match *event {
            Event::Fill { maker, price, size } => hash.fill(maker, price, size),
            Event::Left { id } => hash.left(id),
        }
    }
    hash
}
