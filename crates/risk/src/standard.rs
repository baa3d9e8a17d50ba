//! Standard margin: what each position needs by itself (venue.md §2.8, docs/rules/margin.md).
//!
//! Everything is of a whole position and in atoms, so that it is rounded once. It does not net
//! positions against each other, and it does not know open orders: the engine says which size
//! counts.
//!
//! # Invariants
//! 1. What is needed is rounded up, and what is deducted from it down.
//! 2. To open never needs less than to stay.
//! 3. With amounts up to [`Amount::MAX`] nothing overflows.

use types::units::divide;
use types::{
    Amount, Contract, Decimal, IndexPrice, MarginTerms, OpenInterestBand, OptionRight, RiskFault,
    Rounding, limits,
};

const MILLION: u32 = 1_000_000;
const BILLION: u64 = 1_000_000_000;

/// What a position needs, in atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// To open.
    pub initial: Amount,
    /// To stay.
    pub maintenance: Amount,
}

/// What is wrong with the terms, if anything.
pub fn check_terms(terms: &MarginTerms) -> Result<(), RiskFault> {
    let fits = (limits::INITIAL_PPM_MIN..=MILLION).contains(&terms.initial_ppm)
        && (1..=terms.initial_ppm).contains(&terms.maintenance_ppm)
        && terms.floor_ppm <= terms.initial_ppm;
    if fits { Ok(()) } else { Err(RiskFault::MarginRates) }
}

/// A future or perpetual: its value at the mark, not below zero, times a rate that grows with its
/// size, which is in thousandths of the base asset (Deribit's linear perpetuals, venue.md §2.8).
/// Rounded up, at most all of the value.
pub fn future(terms: &MarginTerms, value: Amount, base_milli: u64) -> Rates {
    let share = |ppm: u32| {
        let ppb = rate_ppb(terms, ppm, base_milli);
        let product = i128::from(value.0) * i128::from(ppb);
        Amount::narrow(divide(product, i128::from(BILLION), Rounding::Up))
    };
    Rates { initial: share(terms.initial_ppm), maintenance: share(terms.maintenance_ppm) }
}

/// What is wrong with a band of open interest, if anything.
pub fn check_band(band: &OpenInterestBand) -> Result<(), RiskFault> {
    let fits = Amount::ZERO <= band.lower && band.lower < band.upper && band.upper <= Amount::MAX;
    if fits { Ok(()) } else { Err(RiskFault::OpenInterest) }
}

/// How much of the way through its band open interest is, in billionths: none up to the lower end,
/// one from the upper end on. Rounded up.
pub fn way_through(band: &OpenInterestBand, open_interest: Amount) -> u32 {
    let within = i128::from(open_interest.min(band.upper).minus(band.lower).0.max(0));
    let length = i128::from(band.upper.minus(band.lower).0);
    let ppb = divide(within * i128::from(BILLION), length, Rounding::Up);
    u32::try_from(ppb).expect("within a billion")
}

/// What a future of this value needs to open when so much of the band of its open interest is used
/// up (dYdX, venue.md §2.8):
///
/// ```text
///   rate' = min(rate + way · (1 − rate), 1)
/// ```
///
/// Rounded up, at most the value.
pub fn crowded(initial: Amount, value: Amount, way_ppb: u32) -> Amount {
    let left = value.minus(initial).max(Amount::ZERO);
    let billion = i64::try_from(BILLION).expect("it fits");
    initial.plus(left.times(way_ppb.into(), billion, Rounding::Up))
}

/// The maintenance rate of a future of this size, in billionths, at most one.
pub fn maintenance_ppb(terms: &MarginTerms, base_milli: u64) -> u64 {
    rate_ppb(terms, terms.maintenance_ppm, base_milli)
}

fn rate_ppb(terms: &MarginTerms, ppm: u32, base_milli: u64) -> u64 {
    let slope = u64::from(terms.slope_ppb).saturating_mul(base_milli);
    (u64::from(ppm) * 1_000).saturating_add(slope).min(BILLION)
}

/// A short option: its value at the mark, and a share of the underlying that falls with what it is
/// out of the money (Deribit, venue.md §2.8). Mark, underlying and [`otm_value`] are of the whole
/// position, in atoms, not below zero.
///
/// ```text
///   call   MM = maintenance + m                           IM = max(initial − o, floor) + m
///   put    MM = max(maintenance, maintenance · m) + m     the same
///          and IM is at least MM
/// ```
/// as shares of the underlying, where `m` is the mark and `o` what it is out of the money. Each
/// share is rounded up.
pub fn short_option(
    terms: &MarginTerms,
    right: OptionRight,
    mark: Amount,
    underlying: Amount,
    otm: Amount,
) -> Rates {
    let share = |of: Amount, ppm: u32| of.times(ppm.into(), MILLION.into(), Rounding::Up);
    let of_underlying = share(underlying, terms.maintenance_ppm);
    let maintenance = match right {
        OptionRight::Call => of_underlying.plus(mark),
        OptionRight::Put => of_underlying.max(share(mark, terms.maintenance_ppm)).plus(mark),
    };
    let least = share(underlying, terms.floor_ppm);
    let initial = share(underlying, terms.initial_ppm).minus(otm).max(least).plus(mark);
    Rates { initial: initial.max(maintenance), maintenance }
}

/// What `lots` of an option are out of the money with the index at this price, which is above zero:
/// what the other right of the strike would pay. In atoms, down, for it is deducted.
pub fn otm_value(
    contract: &Contract,
    strike: Decimal,
    right: OptionRight,
    index: IndexPrice,
    lots: u64,
) -> Amount {
    let other = match right {
        OptionRight::Call => OptionRight::Put,
        OptionRight::Put => OptionRight::Call,
    };
    contract.payoff(strike, other, index, lots, Rounding::Down)
}
