//! The people of this world. Each sees what a client of its gateway sees, and sends commands.
//!
//! | who | does |
//! |---|---|
//! | maker | limit orders on both sides of the price, amended and cancelled as it moves |
//! | quoter | mass quotes under market-maker protection |
//! | taker | takes what is there |
//! | leveraged | as large a position as its money allows, and takes out what is free |
//! | arbitrageur | buys where perpetual or future is cheaper, sells the other |
//! | runaway | the same order again and again, in bursts |
//! | spoofer | large orders away from the price, taken back at once |
//! | tinkerer | everything else: odd orders, triggers, fences, closing, moving money, garbage |
//! | operator | halts and resumes markets, and changes terms |
//! | hedger | options against futures, perpetuals against dated ones, as large as it may |
//! | backstop | takes positions over, and closes them again |

pub mod dialect;
mod hedgers;
mod operator;
mod reporters;
mod traders;

pub use hedgers::backstop;
pub use reporters::{Habit, Reporter};
pub use traders::{Eyes, Person};

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table above says what each does")]
pub enum Trade {
    Maker,
    Quoter,
    Taker,
    Leveraged,
    Arbitrageur,
    Runaway,
    Spoofer,
    Tinkerer,
    Operator,
    Hedger,
    Backstop,
}

impl Trade {
    /// Those that a seed draws from; the others come with portfolio margin and with backstops.
    pub const ALL: [Trade; 9] = [
        Trade::Maker,
        Trade::Quoter,
        Trade::Taker,
        Trade::Leveraged,
        Trade::Arbitrageur,
        Trade::Runaway,
        Trade::Spoofer,
        Trade::Tinkerer,
        Trade::Operator,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Trade::Maker => "maker",
            Trade::Quoter => "quoter",
            Trade::Taker => "taker",
            Trade::Leveraged => "leveraged",
            Trade::Arbitrageur => "arbitrageur",
            Trade::Runaway => "runaway",
            Trade::Spoofer => "spoofer",
            Trade::Tinkerer => "tinkerer",
            Trade::Operator => "operator",
            Trade::Hedger => "hedger",
            Trade::Backstop => "backstop",
        }
    }

    /// How many of a kind a world has that has it at all.
    pub fn heads(self) -> usize {
        match self {
            Trade::Maker | Trade::Taker | Trade::Tinkerer | Trade::Hedger => 3,
            Trade::Leveraged => 4,
            Trade::Quoter | Trade::Backstop => 2,
            Trade::Arbitrageur | Trade::Runaway | Trade::Spoofer | Trade::Operator => 1,
        }
    }

    /// What each begins with, in dollars.
    pub fn funds(self) -> u64 {
        match self {
            Trade::Maker | Trade::Quoter | Trade::Arbitrageur => 5_000_000,
            Trade::Taker | Trade::Spoofer | Trade::Tinkerer => 300_000,
            Trade::Leveraged => 4_000,
            Trade::Hedger => 2_000,
            Trade::Backstop => 50_000,
            Trade::Operator => 1_000,
            Trade::Runaway => 100_000,
        }
    }
}
