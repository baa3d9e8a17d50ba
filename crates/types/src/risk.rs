//! Margin and what follows when it is short: the terms, the steps, and the record of each step.

use alloc::vec::Vec;

use crate::{AccountId, Amount, IndexPrice, InstrumentId, Lots, Side, SignedLots, Ticks};

/// How the standard margin of one instrument is made (venue.md §2.8). Rates are millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginTerms {
    /// Futures: of the value, to open. Options: of the underlying, less what is out of the money.
    pub initial_ppm: u32,
    /// Futures: of the value, to stay. Options: of the underlying.
    pub maintenance_ppm: u32,
    /// Futures: what both rates grow by for each thousandth of the base, in billionths.
    pub slope_ppb: u32,
    /// Options: the least initial rate, however far out of the money.
    pub floor_ppm: u32,
}

/// From where to where the open interest of an instrument raises its initial rate, up to all of the
/// value (dYdX, venue.md §2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenInterestBand {
    /// Open interest, worth at the mark, up to which the rate is that of the margin terms.
    pub lower: Amount,
    /// That from which the rate is 100 %.
    pub upper: Amount,
}

/// How far from the mark the rounds of a liquidation may trade, by how far the account is below its
/// maintenance margin (dYdX' fillable price, venue.md §2.11.3). Both are millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillableTerms {
    /// How fast an account that falls short gets to the whole of the spread: with one, where its
    /// equity is gone.
    pub adjustment_ppm: u32,
    /// The spread, as a multiple of the position's maintenance margin.
    pub spread_ppm: u32,
}

/// How losses are shared out among winners when nothing else is left (venue.md §2.14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdlPolicy {
    /// By profit × leverage, the largest first.
    #[default]
    Queue,
    /// In proportion to profit.
    ProRata,
    /// The largest profits down to a common level: nobody gives more than that level.
    WaterFilling,
    /// The least closed notional that covers it.
    LeastClosing,
}

/// How a domain liquidates. Rates are millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskTerms {
    /// A liquidation ends when equity is above maintenance margin by this share of it.
    pub buffer_ppm: u32,
    /// Largest share of a position that one round closes; what is small goes at once.
    pub round_ppm: u32,
    /// Between two rounds of one account.
    pub round_ms: u32,
    /// Largest share of the depth within the slippage that one round may take.
    pub depth_ppm: u32,
    /// How far from the mark a round may trade.
    pub slippage_ppm: u32,
    /// Of the value that a round closes, to the insurance fund.
    pub fee_ppm: u32,
    /// Below this share of maintenance margin, positions are taken over.
    pub takeover_ppm: u32,
    /// Rounds in a row that find no book before positions are taken over.
    pub idle_rounds: u8,
    /// How what is left is shared out.
    pub adl: AdlPolicy,
}

/// What an account is worth and needs at one moment, in atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarginSnapshot {
    /// Cash.
    pub collateral: Amount,
    /// Cash, and what futures would win or lose at the mark.
    pub equity: Amount,
    /// To open.
    pub initial: Amount,
    /// To stay.
    pub maintenance: Amount,
}

/// One step of a liquidation, with all that it was decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiquidationStep {
    /// Whose.
    pub account: AccountId,
    /// What was done.
    pub action: LiquidationAction,
    /// Before it.
    pub before: MarginSnapshot,
    /// After it.
    pub after: MarginSnapshot,
}

/// What one step of a liquidation did (docs/rules/liquidation.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiquidationAction {
    /// Open orders were cancelled.
    OrdersCancelled {
        /// How many.
        orders: u32,
    },
    /// A position was reduced through the book.
    Reduced {
        /// Where.
        instrument: InstrumentId,
        /// Which way the liquidation traded.
        side: Side,
        /// What the formula asked for, before a round's share of position and depth.
        wanted: Lots,
        /// What the book gave.
        filled: Lots,
        /// The worst price that was allowed.
        limit: Ticks,
        /// The mark then.
        mark: Ticks,
        /// The index then.
        index_price: IndexPrice,
        /// What the book showed within the limit.
        depth: u64,
        /// To the insurance fund.
        fee: Amount,
    },
    /// A backstop took a position over.
    TakenOver {
        /// Who took it.
        backstop: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// How much, signed as the account held it.
        size: SignedLots,
        /// The mark, at which it was taken.
        mark: Ticks,
        /// What came with it: the account's equity that belongs to it.
        margin: Amount,
    },
    /// The insurance fund paid what the account lost beyond its money.
    Insured {
        /// How much.
        amount: Amount,
    },
    /// Somebody on the other side was closed against the account.
    Deleveraged {
        /// Who.
        counterparty: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// How much, signed as the account held it.
        size: SignedLots,
        /// The mark, at which both were closed.
        mark: Ticks,
        /// What the counterparty gave of its profit.
        haircut: Amount,
        /// Its place in the ranking, from 1.
        rank: u32,
        /// Its score in the ranking, millionths.
        score: i64,
    },
    /// What no profit covered was shared by all who hold positions.
    Socialised {
        /// By whom.
        account: AccountId,
        /// How much.
        amount: Amount,
    },
}

/// How a liquidation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiquidationEnd {
    /// Equity is above maintenance margin again, by the buffer.
    Recovered,
    /// Nothing is left to liquidate.
    Flat,
}

/// A backstop: an account that has agreed to take positions over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackstopTerms {
    /// Maintenance margin of all that it takes over, at most.
    pub capacity: Amount,
    /// Part of the equity that comes with a position which goes to the insurance fund, millionths.
    pub share_ppm: u32,
}

/// The insurance fund and what stands behind it at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaterfallView {
    /// The insurance fund.
    pub insurance: Amount,
    /// The terms in force.
    pub terms: RiskTerms,
    /// Backstops with what they have taken.
    pub backstops: Vec<(AccountId, BackstopTerms, Amount)>,
    /// How many accounts are in liquidation.
    pub liquidating: u32,
}
