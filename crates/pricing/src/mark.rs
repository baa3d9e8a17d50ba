//! The integer door: marks of options in whole ticks, their Greeks in billionths.
//!
//! ```text
//!   listing        StrikeTerms::of(&instrument)        ln K, the tick
//!   each change    Expiry::new(forward, surface, now)  ln F, √T, the surface as numbers
//!   each option    expiry.mark(&strike)                one exp, one sqrt
//! ```
//!
//! The volatility of an option comes from the surface at `k = ln(K/F)`, with the forward of now,
//! over the time that was left when the surface was fitted: between two reports the volatility of
//! a moneyness stays, and the value decays with the clock.

use types::{
    At, Decimal, IndexPrice, Instrument, Kind, OptionMark, OptionRight, Style, Svi, Ticks,
};

use crate::black76::{Clock, Greeks, Moneyness};
use crate::rounding::{PPB, PPM, nearest, nearest_u32, of_decimal};
use crate::svi::Slice;

/// A year of 365 days, in milliseconds (venue.md §2.4.2).
const YEAR_MS: f64 = 365.0 * 24.0 * 60.0 * 60.0 * 1000.0;
/// Days of that year.
const YEAR_DAYS: f64 = 365.0;
/// A percentage point.
const POINT: f64 = 0.01;

/// Years of 365 days between two times; zero if `to` is not after `from`.
pub fn years(from: At, to: At) -> f64 {
    to.0.saturating_sub(from.0) as f64 / YEAR_MS
}

/// What the marks of one expiry depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryTerms {
    /// Forward price at the expiry.
    pub forward: IndexPrice,
    /// When it is.
    pub expiry: At,
    /// The surface, which [`crate::check`] has accepted.
    pub svi: Svi,
    /// When the surface was fitted; if that is after `now`, then as if at `now`.
    pub fitted_at: At,
    /// The log's time.
    pub now: At,
}

/// One expiry at one time, ready to give marks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expiry {
    slice: Slice,
    pub(crate) forward: f64,
    pub(crate) ln_forward: f64,
    pub(crate) clock: Clock,
    /// Of the time that was left when the surface was fitted.
    fitted_years: f64,
}

/// What the mark of one option depends on for as long as it is listed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StrikeTerms {
    pub(crate) strike: f64,
    pub(crate) ln_strike: f64,
    pub(crate) tick: f64,
    pub(crate) right: OptionRight,
    pub(crate) style: Style,
}

impl StrikeTerms {
    /// Of a listed option; `None` for other instruments, and for a strike or a tick that is not
    /// above zero.
    pub fn of(instrument: &Instrument) -> Option<StrikeTerms> {
        match instrument.kind {
            Kind::Perpetual | Kind::Future { .. } => None,
            Kind::Option { strike, right, .. } => {
                StrikeTerms::new(strike, right, instrument.style, instrument.tick)
            }
        }
    }

    /// `None` for a strike or a tick that is not above zero.
    pub fn new(
        strike: Decimal,
        right: OptionRight,
        style: Style,
        tick: Decimal,
    ) -> Option<StrikeTerms> {
        let (strike, tick) = (of_decimal(strike), of_decimal(tick));
        let terms = StrikeTerms { strike, ln_strike: libm::log(strike), tick, right, style };
        (0.0 < strike && 0.0 < tick).then_some(terms)
    }
}

impl Expiry {
    /// Hoists what all options of the expiry share.
    pub fn new(terms: &ExpiryTerms) -> Expiry {
        let ExpiryTerms { forward, expiry, svi, fitted_at, now } = terms;
        // An index price is at least its smallest unit: the logarithm of zero is not a number.
        let forward = forward.0.max(1) as f64 / IndexPrice::SCALE as f64;
        let years_left = years(*now, *expiry);
        Expiry {
            slice: Slice::new(svi),
            forward,
            ln_forward: libm::log(forward),
            clock: Clock { years: years_left, sqrt_years: libm::sqrt(years_left) },
            fitted_years: years(*fitted_at.min(now), *expiry),
        }
    }

    /// Volatility of a year at a strike: `√(w(k)/T)`; zero when no time was left.
    pub(crate) fn sigma(&self, ln_strike: f64) -> f64 {
        if self.fitted_years <= 0.0 {
            return 0.0;
        }
        let variance = self.slice.total_variance(ln_strike - self.ln_forward);
        libm::sqrt(variance / self.fitted_years)
    }

    /// The mark in ticks and what stands behind it.
    ///
    /// A linear option is priced in the quote, an inverse one in coin: the value over the forward.
    /// The mark is the nearest whole tick, halves down, for it favours neither the long nor the
    /// short; at least one tick, at most [`Ticks::MAX`]. The Greeks are those of the value in the
    /// quote for both styles, as Deribit shows them: delta and gamma by one unit of the forward,
    /// vega and rho by one percentage point, theta by one day; nearest billionth, halves toward
    /// zero. The volatility is the nearest millionth.
    pub fn mark(&self, terms: &StrikeTerms) -> (Ticks, OptionMark) {
        let sigma = self.sigma(terms.ln_strike);
        let log = self.ln_forward - terms.ln_strike;
        let moneyness = Moneyness { forward: self.forward, strike: terms.strike, log };
        let greeks = moneyness.greeks(sigma, &self.clock, terms.right);
        let unit = match terms.style {
            Style::Linear => terms.tick,
            Style::Inverse => terms.tick * self.forward,
        };
        let ticks = nearest_u32(greeks.price / unit).clamp(1, Ticks::MAX.0);
        (Ticks(ticks), shown(sigma, &greeks))
    }
}

fn shown(sigma: f64, greeks: &Greeks) -> OptionMark {
    OptionMark {
        iv_ppm: nearest_u32(sigma * PPM),
        delta: nearest(greeks.delta * PPB),
        gamma: nearest(greeks.gamma * PPB),
        vega: nearest(greeks.vega * (PPB * POINT)),
        theta: nearest(greeks.theta * (PPB / YEAR_DAYS)),
        rho: nearest(greeks.rho * (PPB * POINT)),
    }
}
