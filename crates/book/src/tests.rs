//! Tests of the books: against a naive twin, by scripts, and through snapshots.

mod auctions;
mod differential;
mod scenarios;
mod snapshots;
mod streams;
mod twin;
