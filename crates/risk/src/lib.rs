//! What positions are measured and settled by, what they need, and what follows when that is short.
//!
//! - [`mark`]: the mark price of a future, from its index and its book.
//! - [`funding`]: what the longs and the shorts of a perpetual pay each other.
//! - [`delivery`]: the price at which an expiry is settled.
//! - [`calendar`]: which expiries and strikes there should be.
//! - [`standard`]: what a position needs, to open and to stay.
//! - [`portfolio`]: what all positions of an index need together.
//! - [`bankruptcy`]: the prices at which that is gone.
//! - [`liquidation`]: how much of a position a liquidation closes.
//! - [`waterfall`]: who pays a loss, in an order or in proportion.
//! - [`adl`]: who is closed against a bankrupt position, and gives how much of its profit.
//!
//! It holds no money and no positions: the engine asks it for prices and for what is owed. It reads
//! no clock: time is an argument, and it never goes back.
//!
//! # Invariants
//! 1. State is whole numbers with a stated resolution, and every division says which way it rounds.
//! 2. What is fed once a second, once a minute or all at once gives the same state, where the same
//!    prices stood.
//! 3. Nothing panics for any price up to [`types::IndexPrice::MAX`] and a hundred years.
#![no_std]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::indexing_slicing)]
#![deny(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod adl;
pub mod bankruptcy;
pub mod calendar;
pub mod delivery;
pub mod funding;
pub mod liquidation;
pub mod mark;
pub mod portfolio;
pub mod standard;
pub mod waterfall;

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test that panics has failed")]
mod tests;
