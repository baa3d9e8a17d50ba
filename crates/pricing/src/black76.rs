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

use types::OptionRight;

use crate::normal;

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
        let moneyness = libm::log(self.forward / self.strike);
        Moneyness { forward: self.forward, strike: self.strike, log: moneyness }.greeks(
            self.sigma,
            libm::sqrt(self.years),
            self.years,
            right,
        )
    }
}

/// A forward, a strike and `log = ln(forward / strike)`.
pub(crate) struct Moneyness {
    pub forward: f64,
    pub strike: f64,
    pub log: f64,
}

impl Moneyness {
    /// Value and derivatives; `sqrt_years = √years`.
    pub(crate) fn greeks(
        &self,
        sigma: f64,
        sqrt_years: f64,
        years: f64,
        right: OptionRight,
    ) -> Greeks {
        let deviation = sigma * sqrt_years;
        if deviation <= 0.0 {
            return self.intrinsic(years, right);
        }
        let d1 = self.log / deviation + 0.5 * deviation;
        let d2 = d1 - deviation;
        let sign = sign(right);
        let n1 = normal::cdf(sign * d1);
        let n2 = normal::cdf(sign * d2);
        let density = normal::density(d1);
        let vega = self.forward * density * sqrt_years;
        let price = sign * (self.forward * n1 - self.strike * n2);
        Greeks {
            price: if price < 0.0 { 0.0 } else { price },
            delta: sign * n1,
            gamma: density / (self.forward * deviation),
            vega,
            theta: -0.5 * vega * sigma / years,
            rho: sign * years * self.strike * n2,
        }
    }

    /// What is left without time or volatility: the option is its exercise or nothing.
    fn intrinsic(&self, years: f64, right: OptionRight) -> Greeks {
        let sign = sign(right);
        let price = sign * (self.forward - self.strike);
        if price <= 0.0 {
            return Greeks::default();
        }
        Greeks { price, delta: sign, rho: sign * years * self.strike, ..Greeks::default() }
    }
}

fn sign(right: OptionRight) -> f64 {
    match right {
        OptionRight::Call => 1.0,
        OptionRight::Put => -1.0,
    }
}
