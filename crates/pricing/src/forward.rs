//! The forward of an expiry, from the index and the futures that are listed.
//!
//! The basis of a year is `b(T) = ln(F/I)/T`; it is linear in `T` between listed futures and flat
//! beyond the first and the last; `F = I·e^{b·T}` (venue.md §2.4.1). An expiry that has a future
//! of its own has that future's mark as its forward.

use types::{At, IndexPrice};

use crate::mark::years;

/// A future that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Future {
    /// When it expires.
    pub expiry: At,
    /// Its mark price, in the unit of the index.
    pub mark: IndexPrice,
}

/// Largest basis of a year, either way: e² − 1 is 639 % a year. Wider ones are held at this.
pub const BASIS_MAX: f64 = 2.0;

/// In its last day a future counts for its own expiry only: a basis of a few ticks, taken for a
/// year, would move all the others.
pub const OWN_EXPIRY_ONLY_MS: u64 = 24 * 60 * 60 * 1000;

/// The forward of `expiry` as seen at `now`, to the nearest hundred-millionth, at least one and at
/// most [`IndexPrice::MAX`]. The futures come in any order, and those with a mark
/// of zero do not count; of two with one expiry, the first
/// counts. Without a future that counts, and for an index of zero, it is the index.
pub fn forward(index: IndexPrice, now: At, expiry: At, futures: &[Future]) -> IndexPrice {
    let priced = futures.iter().filter(|future| 0 < future.mark.0);
    if let Some(own) = priced.into_iter().find(|future| future.expiry == expiry) {
        return own.mark;
    }
    let horizon = years(now, expiry);
    let basis = basis(index, now, horizon, futures);
    let raw = index.0 as f64 * libm::exp(basis * horizon);
    rounded(raw)
}

/// The basis of a year at `horizon` years.
fn basis(index: IndexPrice, now: At, horizon: f64, futures: &[Future]) -> f64 {
    let (mut below, mut above): (Option<Point>, Option<Point>) = (None, None);
    for point in futures.iter().filter_map(|future| point(index, now, future)) {
        let later = |other: &Point| point.years <= other.years;
        let earlier = |other: &Point| other.years <= point.years;
        if point.years <= horizon && !below.as_ref().is_some_and(later) {
            below = Some(point);
        } else if horizon < point.years && !above.as_ref().is_some_and(earlier) {
            above = Some(point);
        }
    }
    match (below, above) {
        (None, None) => 0.0,
        (Some(only), None) | (None, Some(only)) => only.basis,
        (Some(below), Some(above)) => {
            let share = (horizon - below.years) / (above.years - below.years);
            below.basis + share * (above.basis - below.basis)
        }
    }
}

struct Point {
    years: f64,
    basis: f64,
}

/// `None` for a future that says nothing about other expiries.
fn point(index: IndexPrice, now: At, future: &Future) -> Option<Point> {
    let left_ms = future.expiry.0.saturating_sub(now.0);
    if left_ms < OWN_EXPIRY_ONLY_MS || future.mark.0 == 0 || index.0 == 0 {
        return None;
    }
    let years = years(now, future.expiry);
    let basis = libm::log(future.mark.0 as f64 / index.0 as f64) / years;
    Some(Point { years, basis: basis.clamp(-BASIS_MAX, BASIS_MAX) })
}

fn rounded(raw: f64) -> IndexPrice {
    let whole = raw as u64;
    let nearest = whole.saturating_add(u64::from(0.5 < raw - whole as f64));
    IndexPrice(nearest.clamp(1, IndexPrice::MAX.0))
}
