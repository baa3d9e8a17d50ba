//! Fair values of options: Black-76 and its Greeks, surfaces of implied volatility, forwards.
//!
//! This is the one crate of the core that computes with `f64`. What enters are whole numbers and
//! decimals; what leaves through the integer door ([`Expiry::mark`], [`forward()`]) is rounded
//! again, to ticks, millionths and billionths.
//!
//! # Invariants
//! 1. Same input, same bits, on every machine and in every build. Only `+ - * /` and comparisons,
//!    which IEEE 754 fixes, and `exp`, `log` and `sqrt` of the pinned `libm`, which is compiled
//!    from the same source everywhere. No fused multiply-add, no C library of the platform.
//! 2. A surface that [`check`] accepts has no static arbitrage on the grid that it is checked on.
//! 3. Nothing here panics on a number: what is too large is bounded, and the bound is said.
//!
//! # What it does not do
//! It decides nothing: which report of a surface is used, and what a fault of it leads to, is the
//! engine's. It keeps no state.
#![no_std]
#![deny(clippy::indexing_slicing)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod black76;
mod fitted;
mod forward;
mod implied;
mod mark;
mod normal;
mod rounding;
mod scenario;
mod svi;
#[cfg(test)]
mod tests;

pub use black76::{Black76, Greeks};
pub use fitted::{Fitted, Profile};
pub use forward::{BASIS_MAX, Future, OWN_EXPIRY_ONLY_MS, forward};
pub use implied::{ImpliedError, implied_volatility};
pub use mark::{Expiry, ExpiryTerms, StrikeTerms, years};
pub use scenario::Moved;
pub use svi::{SviFault, VARIANCE_MAX, atm_variance_ppb, check, check_calendar};
