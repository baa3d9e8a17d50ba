//! The instruments that a venue lists when its log is empty.
//!
//! Either a built-in list around two reference prices, or a file that names them. A name says what
//! the contract is ([`name`]); [`terms`] has the usual steps, fees and margins of each kind; a file
//! may change them one by one.
//!
//! It proposes nothing: `serve` does.

mod file;
mod name;
mod terms;

#[cfg(test)]
mod tests;

use types::{At, Instrument};

pub use file::read;
pub use name::{Named, parse_name};
pub use terms::{instrument, usual_terms};

/// Whole quote units that option strikes of the built-in list stand around.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Base asset.
    pub base: &'static str,
    /// Price of one.
    pub price: i64,
    /// Distance of two strikes.
    pub strike_step: i64,
}

/// What the built-in list is written on.
pub const REFERENCES: [Reference; 2] = [
    Reference { base: "BTC", price: 97_000, strike_step: 5_000 },
    Reference { base: "ETH", price: 3_400, strike_step: 200 },
];

/// Strikes on each side of the middle one, of inverse options.
const STRIKES_EACH_SIDE: i64 = 4;
/// Strikes on each side of the middle one, of linear options.
const LINEAR_STRIKES_EACH_SIDE: i64 = 2;

/// The built-in list: perpetuals, futures of four Fridays, option chains of two.
pub fn built_in(now: At) -> Vec<Instrument> {
    let fridays = fridays(now);
    let mut instruments = Vec::new();
    for reference in REFERENCES {
        let linear = format!("{}_USDC", reference.base);
        for underlying in [reference.base, &linear] {
            instruments.push(listed(&format!("{underlying}-PERPETUAL")));
        }
        for &expiry in &fridays {
            instruments.push(listed(&format!("{}-{}", reference.base, name::date(expiry))));
        }
        instruments.push(listed(&format!("{linear}-{}", name::date(fridays[1]))));
        for expiry in [fridays[0], fridays[2]] {
            push_chain(&mut instruments, reference.base, expiry, reference, STRIKES_EACH_SIDE);
        }
        push_chain(&mut instruments, &linear, fridays[0], reference, LINEAR_STRIKES_EACH_SIDE);
    }
    instruments
}

fn push_chain(
    instruments: &mut Vec<Instrument>,
    underlying: &str,
    expiry: At,
    reference: Reference,
    each_side: i64,
) {
    let Reference { price, strike_step, .. } = reference;
    let middle = (price + strike_step / 2) / strike_step * strike_step;
    for step in -each_side..=each_side {
        let strike = middle + step * strike_step;
        for right in ["C", "P"] {
            let date = name::date(expiry);
            instruments.push(listed(&format!("{underlying}-{date}-{strike}-{right}")));
        }
    }
}

fn listed(name: &str) -> Instrument {
    instrument(name).expect("the built-in list has names of contracts")
}

/// The Friday at least a day away, the one after, and the last Fridays of a month and of a quarter
/// beyond; all at 08:00 UTC.
fn fridays(now: At) -> [At; 4] {
    const WEEK: u64 = 7 * At::DAY;
    const EIGHT: u64 = 8 * 3_600_000;
    let mut first = now.0 - now.0 % At::DAY + EIGHT;
    while !is_friday(At(first)) || first < now.0 + At::DAY {
        first += At::DAY;
    }
    let month_of = |at: u64| At(at).date().1;
    let is_last = |at: u64| month_of(at) != month_of(at + WEEK);
    let mut month = first + 2 * WEEK;
    while !is_last(month) {
        month += WEEK;
    }
    let mut quarter = month + WEEK;
    while !is_last(quarter) || month_of(quarter) % 3 != 0 {
        quarter += WEEK;
    }
    [At(first), At(first + WEEK), At(month), At(quarter)]
}

/// 1 January 1970 was a Thursday.
fn is_friday(at: At) -> bool {
    (at.0 / At::DAY + 4) % 7 == 5
}
