//! The resting orders of all instruments of one margin domain, matched by price, then by time.
//!
//! The books know orders and nothing else: no accounts, no money, no margin, no clock. An order has
//! an `owner`, a number that is only ever compared, so that two orders of one owner do not trade.
//! Whoever drives the books takes one step at a time ([`Books::match_next`]) and settles between
//! the steps.
//!
//! ```text
//!   asks  102 │ cat 5
//!         101 │ ann 3, bob 2    <- best ask; ann came first, so ann trades first
//!         ────┼──────────────
//!         100 │ eve 7           <- best bid
//! ```
//!
//! A taker trades at the resting order's price, never at its own: whoever came first set the price.
//!
//! # Invariants (see [`Books::check`], run after every command in tests)
//! 1. A book is never crossed, best bid < best ask, but where an auction collects orders.
//! 2. No level is empty, and no resting order shows zero lots.
//! 3. Within a level, orders stand in the order in which they were rested or replenished.
//! 4. The same calls give the same ids: slots are freed to and taken from a stack.
//!
//! # Where things are
//! `slab` holds the orders, 32 bytes each, of all books; `ladder` finds the level of a price
//! and the best price; `books` trades and changes; `auction` uncrosses; `look` reads; `snapshot`
//! writes and restores.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod auction;
mod books;
mod check;
mod ladder;
mod look;
mod slab;
mod snapshot;
#[cfg(test)]
mod tests;

pub use auction::Pair;
pub use books::{Books, Match, Rest, Resting, Taker};
