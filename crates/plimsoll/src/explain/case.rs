//! One liquidation, with all that it was decided by.

use types::{
    AccountId, Amount, At, FeedView, Health, HealthReason, IndexPrice, InstrumentId,
    LiquidationEnd, LiquidationStep, Lots, MarginSnapshot, RiskTerms, Seq, SignedLots, Ticks,
};

use crate::log::words::Words;

/// A liquidation, and the words for its instruments.
pub struct Told {
    /// What happened.
    pub case: Case,
    /// How to say it.
    pub words: Words,
    /// How far the log was read.
    pub upto: Seq,
}

/// A place in the log and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Which entry.
    pub seq: Seq,
    /// When.
    pub at: At,
}

/// One liquidation.
pub struct Case {
    /// Whose.
    pub account: AccountId,
    /// When it began.
    pub begun: Moment,
    /// What the account was worth and needed then.
    pub margin: MarginSnapshot,
    /// What it held then.
    pub positions: Vec<Held>,
    /// The feeds of what it held, as they were then.
    pub feeds: Vec<FeedView>,
    /// The terms then.
    pub terms: RiskTerms,
    /// What followed, in order.
    pub items: Vec<Item>,
    /// How it ended, once it has.
    pub end: Option<(Moment, LiquidationEnd, MarginSnapshot)>,
}

/// A position when the liquidation began.
pub struct Held {
    /// Where.
    pub instrument: InstrumentId,
    /// How much.
    pub size: SignedLots,
    /// Its average price.
    pub entry: Option<IndexPrice>,
    /// The mark.
    pub mark: Ticks,
    /// The index.
    pub index_price: IndexPrice,
    /// What it won or lost, funding left out.
    pub profit: Amount,
    /// What it needed to stay, by itself.
    pub maintenance: Amount,
    /// When it became what it is, and the mark then.
    pub changed: Option<(Moment, Ticks)>,
}

/// Something that happened while it was under way.
pub enum Item {
    /// A step, with the trades that it made.
    Step {
        /// When.
        moment: Moment,
        /// What.
        step: LiquidationStep,
        /// The trades, in order.
        fills: Vec<(Ticks, Lots)>,
    },
    /// A feed of what it held changed its health.
    Feed {
        /// When.
        moment: Moment,
        /// Which.
        index: String,
        /// What it was, and what it is.
        turned: (Health, Health),
        /// Why.
        reason: HealthReason,
    },
}
