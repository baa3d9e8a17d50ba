//! Black-76: the value of a European option on a forward, and how it moves.
//!
//! F. Black, "The pricing of commodity contracts" (1976), eq. 16, undiscounted (venue.md §2.4.2):
//!
//! ```text
//!   d1 = (ln(F/K) + σ²T/2) / σ√T      call = F·N(d1) − K·N(d2)
//!   d2 = d1 − σ√T                     put  = K·N(−d2) − F·N(−d1)
//! ```
//!
//! Whoever discounts multiplies by the discount factor outside; the venue's marks do not. In the
//! limits of no time and no volatility an option is worth its intrinsic value.
//!
//! # How it is computed
//! With `y = |ln(F/K)|/σ√T` and `t = σ√T/2`, `d1` and `d2` are `±y ± t`, and `F·φ(d1) = K·φ(d2)`.
//! So one exponential and the two Mills ratios `R(|y − t|)` and `R(y + t)` give both
//! probabilities. What is computed is the right that is out of the money; the other is worth the
//! distance to the strike more, which is put-call parity to the last digit.

use types::OptionRight;

use crate::normal::{DENSITY_AT_ZERO, mills_and_fall, mills_pair};

/// What the value of an option depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Black76 {
    /// Forward price of the underlying at the expiry, above zero.
    pub forward: f64,
    /// Strike, above zero.
    pub strike: f64,
    /// Volatility of a year: 0.6 is 60 %.
    pub sigma: f64,
    /// Time to the expiry, in years.
    pub years: f64,
}

/// The value of an option on one unit of the underlying, and its derivatives: in the quote, with
/// the forward as the price of the underlying. These are the Greeks that Deribit shows for inverse
/// options, too (venue.md §2.4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Greeks {
    /// Value.
    pub price: f64,
    /// By the forward.
    pub delta: f64,
    /// Of delta, by the forward.
    pub gamma: f64,
    /// By the volatility: for 1.00, not for one percentage point.
    pub vega: f64,
    /// By time, for a year that passes, with the volatility as it is.
    pub theta: f64,
    /// By the rate of interest, for 1.00, with the spot price as it is: Black-Scholes' rho at a
    /// rate of zero, `T·K·N(d2)` for a call and `−T·K·N(−d2)` for a put.
    pub rho: f64,
}

impl Black76 {
    /// Value in the quote of an option on one unit.
    pub fn price(&self, right: OptionRight) -> f64 {
        self.greeks(right).price
    }

    /// Value in coin of an option that is settled in the underlying: `price / forward`.
    pub fn price_in_coin(&self, right: OptionRight) -> f64 {
        self.price(right) / self.forward
    }

    /// Value and derivatives.
    pub fn greeks(&self, right: OptionRight) -> Greeks {
        let moneyness = Moneyness {
            forward: self.forward,
            strike: self.strike,
            log: log_ratio(self.forward, self.strike),
        };
        let clock = Clock { years: self.years, sqrt_years: libm::sqrt(self.years) };
        moneyness.greeks(self.sigma, &clock, right)
    }
}

/// `ln(forward / strike)`, to all digits near zero too, where rounding the quotient would lose
/// them.
fn log_ratio(forward: f64, strike: f64) -> f64 {
    if strike < forward {
        libm::log1p((forward - strike) / strike)
    } else {
        -libm::log1p((strike - forward) / forward)
    }
}

/// The time that is left, and its root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    pub years: f64,
    pub sqrt_years: f64,
}

/// A forward, a strike and `log = ln(forward / strike)`.
pub(crate) struct Moneyness {
    pub forward: f64,
    pub strike: f64,
    pub log: f64,
}

impl Moneyness {
    /// Value and derivatives.
    pub(crate) fn greeks(&self, sigma: f64, clock: &Clock, right: OptionRight) -> Greeks {
        let deviation = sigma * clock.sqrt_years;
        if deviation <= 0.0 {
            return self.intrinsic(clock, right);
        }
        let distance = if self.log < 0.0 { -self.log } else { self.log } / deviation;
        let half = 0.5 * deviation;
        let inner = distance - half;
        let outer = distance + half;
        let (near, far) = mills_pair(if inner < 0.0 { -inner } else { inner }, outer);
        let below = self.log <= 0.0;
        let d1 = if below { -inner } else { outer };
        let density = DENSITY_AT_ZERO * libm::exp(-0.5 * d1 * d1);
        // F·φ(d1), which is K·φ(d2).
        let scale = self.forward * density;
        let least = if below { self.forward } else { self.strike };
        let out = Out { distance, half, near, far }.value(scale, least);

        let (tail1, tail2) = if below { (near, far) } else { (far, near) };
        let (tail1, tail2) = (density * tail1, scale * tail2);
        // Probability of exercise in each measure: N(d1), and K·N(d2).
        let d2_above = 0.0 < d1 - deviation;
        let n1 = if 0.0 < d1 { 1.0 - tail1 } else { tail1 };
        let n2 = if d2_above { self.strike - tail2 } else { tail2 };
        let vega = scale * clock.sqrt_years;
        let call = Greeks {
            price: if below { out } else { out + (self.forward - self.strike) },
            delta: n1,
            gamma: density / (self.forward * deviation),
            vega,
            theta: -0.5 * vega * sigma / clock.years,
            rho: clock.years * n2,
        };
        match right {
            OptionRight::Call => call,
            OptionRight::Put => Greeks {
                price: if below { out + (self.strike - self.forward) } else { out },
                delta: if 0.0 < d1 { -tail1 } else { tail1 - 1.0 },
                rho: clock.years * if d2_above { -tail2 } else { tail2 - self.strike },
                ..call
            },
        }
    }

    /// What is left without time or volatility: the option is its exercise or nothing.
    fn intrinsic(&self, clock: &Clock, right: OptionRight) -> Greeks {
        let sign = match right {
            OptionRight::Call => 1.0,
            OptionRight::Put => -1.0,
        };
        let price = sign * (self.forward - self.strike);
        if price <= 0.0 {
            return Greeks::default();
        }
        Greeks { price, delta: sign, rho: sign * clock.years * self.strike, ..Greeks::default() }
    }
}

/// An option that is out of the money, normalised: `distance = y`, `half = t`, and the Mills
/// ratios of `|y − t|` and `y + t`.
pub(crate) struct Out {
    pub distance: f64,
    pub half: f64,
    pub near: f64,
    pub far: f64,
}

/// Up to this `t` the difference of the Mills ratios is taken from their Taylor series.
pub(crate) const SERIES_HALF: f64 = 0.02;

impl Out {
    /// Value, for `scale = F·φ(d1)` and `least = min(F, K)`.
    fn value(&self, scale: f64, least: f64) -> f64 {
        if self.half <= SERIES_HALF {
            scale * ratio_difference(self.distance, self.half)
        } else if self.half < self.distance {
            scale * (self.near - self.far)
        } else {
            least - scale * (self.near + self.far)
        }
    }
}

/// `R(y − t) − R(y + t)` for small `t`, by the odd derivatives of `R` at `y`: the difference
/// itself would lose as many digits as `t` has zeros. They follow from `R′ = y·R − 1` and `R⁽ⁿ⁺²⁾
/// = y·R⁽ⁿ⁺¹⁾ + (n+1)·R⁽ⁿ⁾`; after four terms the rest is below `t⁸/945`, relatively.
pub(crate) fn ratio_difference(y: f64, t: f64) -> f64 {
    let (r0, fall) = mills_and_fall(y);
    let r1 = -fall;
    let r2 = r0 + y * r1;
    let r3 = 2.0 * r1 + y * r2;
    let r4 = 3.0 * r2 + y * r3;
    let r5 = 4.0 * r3 + y * r4;
    let r6 = 5.0 * r4 + y * r5;
    let r7 = 6.0 * r5 + y * r6;
    let square = t * t;
    let rest = square * (r3 / 6.0 + square * (r5 / 120.0 + square * (r7 / 5_040.0)));
    2.0 * t * (fall - rest)
}
