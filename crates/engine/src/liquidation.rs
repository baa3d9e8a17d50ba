//! What happens to an account that falls below its maintenance margin (docs/rules/liquidation.md).
//!
//! ```text
//!   short ──▶ started   locked, open orders cancelled
//!               │ a round each `round_ms`, as many accounts an entry as `ROUNDS_MAX`
//!               ▼
//!             reduced   through the book, a share of its depth, at a fee to the insurance fund
//!               │ equity below a share of maintenance margin, or rounds that find no book
//!               ▼
//!             taken over by backstops, at the mark, with the margin that belongs to the position
//!               │ nobody takes it, or the account is bankrupt
//!               ▼
//!             insured · deleveraged · socialised, in this order, until nothing is left
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `terms` | what the operator and backstops say |
//! | `rounds` | who is liquidated, when a round is due, how it ends |
//! | `choose` | what is closed, and how much of it |
//! | `reduce` | one round through the book |
//! | `takeover` | backstops |
//! | `waterfall` | the insurance fund, auto-deleveraging, what is left |
//!
//! Nothing here acts on a price that the gate refuses, and no account above its maintenance margin
//! is touched but as the other side of a closed position.

mod choose;
mod reduce;
mod rounds;
mod takeover;
mod terms;
mod waterfall;

use types::{AdlPolicy, Amount, At, BackstopTerms, RiskTerms};

/// An account in liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Liquidation {
    /// When its next round is due.
    pub due: At,
    /// Rounds in a row that found no book.
    pub idle: u8,
}

/// An offer to take positions over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backstop {
    pub terms: BackstopTerms,
    /// Maintenance margin of what it has taken over so far.
    pub taken: Amount,
}

/// LIQ-1: what holds until `SetRisk` says something else.
pub(crate) const USUAL_TERMS: RiskTerms = RiskTerms {
    buffer_ppm: 250_000,
    round_ppm: 250_000,
    round_ms: 1_000,
    depth_ppm: 500_000,
    slippage_ppm: 20_000,
    fee_ppm: 5_000,
    takeover_ppm: 500_000,
    idle_rounds: 5,
    adl: AdlPolicy::Queue,
};
