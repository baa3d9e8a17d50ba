//! Tests of the books: against a naive twin, by scripts, and through snapshots.

mod auctions;
mod bounds;
mod checks;
mod differential;
mod scenarios;
mod snapshots;
mod streams;
mod twin;
