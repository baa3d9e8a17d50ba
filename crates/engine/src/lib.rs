//! The state machine of one margin domain: one entry in, events out.
//!
//! ```text
//!   Entry ──▶ Engine::apply ──▶ Event*
//!               │  check   every refusal, with its numbers; nothing has changed yet
//!               ▼
//!               act        books · holdings · ledger · protections; nothing can fail any more
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `engine` | the state, `apply`, the dispatch of commands |
//! | `admin`, `money` | listing, accounts, prices; deposits, withdrawals, transfers |
//! | `place`, `amend`, `quotes`, `cancel` | what may be asked of orders, check and act |
//! | `matching` | an order meets the book; fills settle |
//! | `holding` | arithmetic of positions, margin, fees |
//! | `triggers` | orders that are born when a price gets somewhere |
//! | `mmp` | market-maker protection |
//! | `liquidation` | what happens to an account below its maintenance margin |
//! | `states`, `halts` | what a market allows, why it is restricted, auctions, breakers |
//! | `notices` | what everybody is told: a chain, and the incidents that are open |
//! | `prices` | feeds, marks, surfaces, funding, delivery, and the gate before every action |
//! | `root`, `snapshot`, `check`, `view` | the state as hash, bytes, invariants, answers |
//!
//! It has no clock but `entry.at`, does no I/O, draws nothing at random and holds no hash map, so
//! the same entries give the same events and the same root everywhere. It makes marks, and never an
//! index: that is reported to it, and how good it is decides what may be done by it.
//!
//! # Invariants (see [`Engine::check`], run after every entry in tests)
//! 1. SUM-1: balances sum to zero. SUM-2: the sizes of an instrument's positions sum to zero.
//!    SUM-3: the costs of a future's positions and its clearing balance sum to zero.
//! 2. A refused command leaves the root as it was.
//! 3. An order that is accepted leaves what is free at or above zero, or does not need more than
//!    before.
#![no_std]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::indexing_slicing)]
#![deny(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod account;
mod admin;
mod amend;
mod cancel;
mod check;
mod engine;
mod fences;
mod halts;
mod holding;
mod liquidation;
mod market;
mod matching;
mod mmp;
mod money;
mod notices;
mod orders;
mod place;
mod portfolio;
mod prices;
mod quotes;
mod root;
mod snapshot;
pub mod states;
mod table;
mod triggers;
mod valuation;
mod versions;
mod view;

pub use engine::Engine;
pub use halts::usual_reopening;
pub use versions::VERSION_MAX;

#[cfg(test)]
mod tests;
