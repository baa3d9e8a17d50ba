//! Standard margin: position by position (venue.md §2.8).

use types::{Amount, MarginTerms, OptionRight, RiskFault, Rounding};

const MILLION: u32 = 1_000_000;
const BILLION: i128 = 1_000_000_000;
/// Smallest initial rate, as for instruments.
const INITIAL_PPM_MIN: u32 = types::limits::INITIAL_PPM_MIN;

/// What a position needs, in atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// To open.
    pub initial: Amount,
    /// To stay.
    pub maintenance: Amount,
}

/// What is wrong with the terms, if anything.
pub fn check_terms(terms: &MarginTerms) -> Result<(), RiskFault> {
    let fits = INITIAL_PPM_MIN <= terms.initial_ppm
        && terms.initial_ppm <= MILLION
        && 0 < terms.maintenance_ppm
        && terms.maintenance_ppm <= terms.initial_ppm
        && terms.floor_ppm <= terms.initial_ppm;
    if fits { Ok(()) } else { Err(RiskFault::MarginRates) }
}

/// A future or perpetual: its value at the mark times a rate that grows with its size. `base_milli`
/// is the size in thousandths of the base asset. Rates are at most 100 %; rounded up.
pub fn future(terms: &MarginTerms, value: Amount, base_milli: u64) -> Rates {
    let slope = i128::from(terms.slope_ppb) * i128::from(base_milli);
    let need = |ppm: u32| {
        let ppb = (i128::from(ppm) * 1_000 + slope).min(BILLION);
        Amount::saturated(types::units::divide(i128::from(value.0) * ppb, BILLION, Rounding::Up))
    };
    Rates { initial: need(terms.initial_ppm), maintenance: need(terms.maintenance_ppm) }
}

/// A short option: its value at the mark, and a share of the underlying that falls with what it is
/// out of the money (`otm`, all three of the position, in atoms). Rounded up.
///
/// ```text
///   call   IM = max(initial − o, floor) + m      MM = maintenance + m
///   put    IM = max(the same, MM)                MM = max(maintenance, maintenance · m) + m
/// ```
/// as shares of the underlying, where `m` is the mark and `o` what it is out of the money.
pub fn short_option(
    terms: &MarginTerms,
    right: OptionRight,
    mark: Amount,
    underlying: Amount,
    otm: Amount,
) -> Rates {
    let share = |of: Amount, ppm: u32| of.times(ppm.into(), MILLION.into(), Rounding::Up);
    let least = share(underlying, terms.floor_ppm);
    let initial = share(underlying, terms.initial_ppm).minus(otm).max(least).plus(mark);
    let of_underlying = share(underlying, terms.maintenance_ppm);
    match right {
        OptionRight::Call => Rates { initial, maintenance: of_underlying.plus(mark) },
        OptionRight::Put => {
            let maintenance = of_underlying.max(share(mark, terms.maintenance_ppm)).plus(mark);
            Rates { initial: initial.max(maintenance), maintenance }
        }
    }
}
