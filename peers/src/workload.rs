//! The workloads: exchange-like, maker-heavy, deep, many. Drawn from a seed against the reference,
//! so that every cancel names an open order and every taker finds its one to three makers.

use crate::reference::{Open, Reference};
use crate::{Command, Engine, Event, Order, Side};

/// Commands with what comes before them, and all their events.
pub struct Workload {
    /// What the table calls it.
    pub name: &'static str,
    /// Books.
    pub n_books: u32,
    /// Fills the books; not timed.
    pub prefill: Vec<Command>,
    /// What is timed.
    pub commands: Vec<Command>,
    /// Events of both, by key.
    pub events: Vec<Event>,
}

/// How a workload is drawn.
#[derive(Clone, Copy)]
pub struct Recipe {
    /// What the table calls it.
    pub name: &'static str,
    /// Books; the k-th draws orders in proportion to 1/k.
    pub n_books: u32,
    /// Orders that rest when timing begins, and about as many at its end.
    pub n_resting: usize,
    /// Timed commands.
    pub n_commands: usize,
    /// Per mille of commands: new, cancel, replace; takers are what is left.
    pub mix: [u32; 3],
    /// Distance from the mid: mean of a geometric draw, or the bound of a uniform one.
    pub distance: Distance,
    /// Of how many commands one moves the mid by a tick; zero for a mid that stands.
    pub moves_every: u32,
}

/// How far from the mid an order is priced.
#[derive(Clone, Copy)]
pub enum Distance {
    /// Geometric with this mean.
    Geometric(f64),
    /// Uniform below this bound.
    Uniform(u32),
}

/// The four workloads of the matching specification.
pub const RECIPES: [Recipe; 4] = [
    Recipe {
        name: "exchange-like: 1 book, 1 000 resting",
        n_books: 1,
        n_resting: 1_000,
        n_commands: 1_000_000,
        mix: [400, 350, 200],
        distance: Distance::Geometric(8.0),
        moves_every: 50,
    },
    Recipe {
        name: "maker-heavy: 1 book, 10 000 resting",
        n_books: 1,
        n_resting: 10_000,
        n_commands: 1_000_000,
        mix: [40, 40, 900],
        distance: Distance::Geometric(20.0),
        moves_every: 0,
    },
    Recipe {
        name: "deep: 1 book, 1 000 000 resting",
        n_books: 1,
        n_resting: 1_000_000,
        n_commands: 1_000_000,
        mix: [500, 470, 0],
        distance: Distance::Uniform(25_000),
        moves_every: 0,
    },
    Recipe {
        name: "many: 1 000 books, 100 000 resting",
        n_books: 1_000,
        n_resting: 100_000,
        n_commands: 1_000_000,
        mix: [400, 350, 200],
        distance: Distance::Geometric(8.0),
        moves_every: 0,
    },
];

/// Draws of one seed, by splitmix64.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        ((self.next() >> 32) * u64::from(bound) >> 32) as u32
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

const MID: u32 = 100_000;
const NOWHERE: u32 = u32::MAX;

struct Draft {
    recipe: Recipe,
    draws: Draws,
    reference: Reference,
    events: Vec<Event>,
    mid: u32,
    next_key: u64,
    /// Open orders, and where each key stands among them.
    live: Vec<u64>,
    place_of: Vec<u32>,
    /// Cumulated weights of the books.
    weights: Vec<f64>,
}

impl Recipe {
    /// The workload of a seed.
    pub fn draw(self, seed: u64) -> Workload {
        let weight = |book: u32| 1.0 / f64::from(book + 1);
        let weights = (0..self.n_books).scan(0.0, |sum, book| {
            *sum += weight(book);
            Some(*sum)
        });
        let mut draft = Draft {
            recipe: self,
            draws: Draws(seed),
            reference: Reference::new(self.n_books),
            events: Vec::new(),
            mid: MID,
            next_key: 0,
            live: Vec::new(),
            place_of: Vec::new(),
            weights: weights.collect(),
        };
        let prefill = (0..self.n_resting).map(|_| draft.new_order()).collect();
        let commands = (0..self.n_commands).map(|_| draft.command()).collect();
        let Draft { events, .. } = draft;
        Workload { name: self.name, n_books: self.n_books, prefill, commands, events }
    }
}

impl Draft {
    fn command(&mut self) -> Command {
        let [new, cancel, replace] = self.recipe.mix;
        if 0 < self.recipe.moves_every && self.draws.below(self.recipe.moves_every) == 0 {
            self.mid = self.mid + 1 - 2 * self.draws.below(2);
        }
        let draw = self.draws.below(1_000);
        let (low, high) = (self.recipe.n_resting * 98 / 100, self.recipe.n_resting * 102 / 100);
        match draw {
            _ if self.live.len() < low => self.new_order(),
            _ if draw < new + cancel && high < self.live.len() => self.cancel(),
            _ if draw < new => self.new_order(),
            _ if draw < new + cancel => self.cancel(),
            _ if draw < new + cancel + replace => self.replace(),
            _ => self.taker(),
        }
    }

    fn book(&mut self) -> u32 {
        let sum = self.weights[self.weights.len() - 1];
        let draw = self.draws.unit() * sum;
        self.weights.partition_point(|weight| *weight <= draw) as u32
    }

    fn side(&mut self) -> Side {
        if self.draws.below(2) == 0 { Side::Bid } else { Side::Ask }
    }

    /// A price of a side that does not cross.
    fn price(&mut self, book: u32, side: Side) -> u32 {
        let distance = match self.recipe.distance {
            Distance::Geometric(mean) => (-self.draws.unit().max(1e-9).ln() * mean) as u32,
            Distance::Uniform(bound) => self.draws.below(bound),
        };
        match side {
            Side::Bid => {
                let ask = self.reference.best(book, Side::Ask).unwrap_or(u32::MAX);
                (self.mid - 1 - distance).min(ask - 1)
            }
            Side::Ask => {
                let bid = self.reference.best(book, Side::Bid).unwrap_or(0);
                (self.mid + 1 + distance).max(bid + 1)
            }
        }
    }

    /// A price of a side that does not cross, other than the present one: where the draw is the
    /// present one, a tick farther from the mid. At the same price engines disagree on who keeps
    /// the place in the queue.
    fn other_price(&mut self, open: &Open) -> u32 {
        let price = self.price(open.book, open.side);
        match open.side {
            _ if price != open.price => price,
            Side::Bid => price - 1,
            Side::Ask => price + 1,
        }
    }

    fn order(&mut self, book: u32, side: Side, price: u32, size: u32) -> Order {
        let key = self.next_key;
        self.next_key += 1;
        Order { book, side, price, size, key }
    }

    fn play(&mut self, command: Command) -> Command {
        let n_before = self.events.len();
        crate::run(&mut self.reference, &command, &mut self.events);
        for index in n_before..self.events.len() {
            match self.events[index] {
                Event::Fill { maker: key, .. } | Event::Left { id: key } => {
                    self.forget_if_gone(key);
                }
            }
        }
        if let Command::Place(Order { key, .. }) = command {
            self.place_of.resize(key as usize + 1, NOWHERE);
            if 0 < self.reference.orders[key as usize].size {
                self.place_of[key as usize] = self.live.len() as u32;
                self.live.push(key);
            }
        }
        command
    }

    fn forget_if_gone(&mut self, key: u64) {
        if self.reference.orders[key as usize].size != 0 {
            return;
        }
        let place = self.place_of[key as usize];
        self.place_of[key as usize] = NOWHERE;
        self.live.swap_remove(place as usize);
        if let Some(moved) = self.live.get(place as usize) {
            self.place_of[*moved as usize] = place;
        }
    }

    fn new_order(&mut self) -> Command {
        let (book, side) = (self.book(), self.side());
        let price = self.price(book, side);
        let size = 1 + self.draws.below(100);
        let order = self.order(book, side, price, size);
        self.play(Command::Place(order))
    }

    fn any(&mut self) -> u64 {
        let index = self.draws.below(self.live.len() as u32);
        self.live[index as usize]
    }

    fn cancel(&mut self) -> Command {
        let id = self.any();
        let book = self.reference.orders[id as usize].book;
        self.play(Command::Cancel { book, id })
    }

    fn replace(&mut self) -> Command {
        let id = self.any();
        let old = self.reference.orders[id as usize];
        let price = self.other_price(&old);
        let size = 1 + self.draws.below(100);
        let order = Order { book: old.book, side: old.side, price, size, key: id };
        self.play(Command::Replace { id, order })
    }

    /// Takes one to three orders, the last of them perhaps in part.
    fn taker(&mut self) -> Command {
        let (book, side) = (self.book(), self.side());
        let other = if side == Side::Bid { Side::Ask } else { Side::Bid };
        let n_makers = 1 + self.draws.below(3) as usize;
        let mut makers = self.reference.front(book, other);
        makers.truncate(n_makers);
        let Some(worst) = makers.last().copied() else { return self.new_order() };
        let all = makers.iter().map(|maker| maker.size).sum::<u32>();
        let size = all - self.draws.below(worst.size);
        let order = self.order(book, side, worst.price, size);
        self.play(Command::Place(order))
    }
}
