//! Many signed price reports become one index, with a health that says what may be done by it.
//!
//! ```text
//!   report ──check──▶ seat ──live? weight──▶ votes ──method──▶ index ──conditions──▶ health
//!            │                                                   │                     │
//!            └▶ a refusal                        jump, spread, cross-check        gate: what
//!                                                                                 may be done
//!
//!   Frozen ──barrier──▶ Degraded ──barrier──▶ Healthy        a barrier: N fresh reports from k
//!      ▲                   │ ▲                   │           sources and a quorum of reporters,
//!      └───── a cause ─────┘ └─── too few ───────┘           all of them while nothing was wrong
//!      └───── a cause ───────────────────────────┘
//! ```
//!
//! A [`Feed`] holds no money and no keys. Signatures are not verified here: that is done before a
//! report is proposed, and again by replicas beside the hot path, with what `ledger` has for it.
//! What a fault costs and what a good hour earns leaves the feed as [`Changes`]; who moves the
//! money is the engine.
//!
//! # Invariants
//! 1. The index is between the lowest and the highest live price that counts, and within the cap
//!    around their weighted median, whatever the method.
//! 2. A price that a frozen feed refuses never becomes the price that stands: the last good one
//!    stays until a barrier is passed.
//! 3. A feed that is healthy has had a healthy quorum of distinct reporters and sources speak since
//!    it last was not.
//! 4. What a reporter says of its own confidence never adds to its weight.
//! 5. Whole numbers only: prices in 1e-8, rates in millionths; every rounding is named.
//!
//! # Where things are
//! `terms` checks terms; `check` refuses reports; `feed` is the state machine; `seat` holds what
//! one seat said; `votes` weighs them; `index` makes the price; `trail` remembers a second of it;
//! `until` knows when reports will be too few; `barrier` counts; `reward` grades and pays;
//! `snapshot` writes and restores; `gate` is the one table of what a health allows. The rules are
//! in `docs/rules/oracle.md`.
#![no_std]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::indexing_slicing)]
#![deny(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod barrier;
mod check;
mod feed;
pub mod gate;
mod index;
mod ppm;
mod reward;
mod seat;
mod snapshot;
mod terms;
mod trail;
mod until;
mod view;
mod votes;

pub use check::Taken;
pub use feed::{Changes, Feed, HealthChange};
pub use terms::check_terms;

#[cfg(test)]
mod tests;
