//! Sums that venue.md works out, and what always holds.

mod calendar;
mod delivery;
mod funding;
mod mark;

use types::IndexPrice;

/// A price in whole units.
fn units(price: u64) -> IndexPrice {
    IndexPrice(price * IndexPrice::SCALE)
}
