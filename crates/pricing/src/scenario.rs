//! What options would be worth if the market moved: one grid of instruments × scenarios, which all
//! accounts share (venue.md §2.9.4).
//!
//! ```text
//!   each expiry    Moved::all(&expiry, terms, scenarios)     F (1 + x), volatility × shock
//!   each option    expiry.changes(&strike, &moved)           one price a scenario
//! ```
//!
//! The volatility of an option is that of its strike now, times the shock: the surface stays where
//! it is when the forward moves. A shock is that of 30 days, times `(30 / days)^power`, a day at
//! least, with one power within 30 days and one beyond (venue.md §2.9.2).

use alloc::vec::Vec;

use types::{PortfolioTerms, Scenario, Style, VolMove};

use crate::black76::Moneyness;
use crate::mark::{Expiry, StrikeTerms};
use crate::rounding::{PPM, nearest};

/// Days at which a shock is as the terms say.
const DAYS: f64 = 30.0;
/// Thousandths of a tick in a tick.
const MILLI: f64 = 1000.0;

/// One scenario of one expiry.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    forward: f64,
    ln_forward: f64,
    /// Of volatility.
    factor: f64,
    weight: f64,
}

impl Moved {
    /// Every scenario, for one expiry.
    pub fn all(expiry: &Expiry, terms: &PortfolioTerms, scenarios: &[Scenario]) -> Vec<Moved> {
        let grows = growth(expiry.clock.years, terms);
        let of = |scenario: &Scenario| {
            let forward = expiry.forward * (1.0 + f64::from(scenario.move_ppm) / PPM);
            let shock = match scenario.vol {
                VolMove::Up => f64::from(terms.vol_up_ppm) / PPM,
                VolMove::Same => 0.0,
                VolMove::Down => -f64::from(terms.vol_down_ppm) / PPM,
            };
            Moved {
                forward,
                ln_forward: libm::log(forward),
                factor: (1.0 + shock * grows).max(0.0),
                weight: f64::from(scenario.weight_ppm) / PPM,
            }
        };
        scenarios.iter().map(of).collect()
    }
}

/// What a shock of 30 days grows by.
fn growth(years: f64, terms: &PortfolioTerms) -> f64 {
    let days = (years * 365.0).max(1.0);
    let power = if days <= DAYS { terms.near_power_ppm } else { terms.far_power_ppm };
    libm::pow(DAYS / days, f64::from(power) / PPM)
}

impl Expiry {
    /// What the price of an option changes by in each scenario, weighted: thousandths of a tick of
    /// it, nearest, halves toward zero. Of an inverse option the price is in coin, and the value of
    /// the coin moves too.
    pub fn changes<'a>(
        &'a self,
        terms: &'a StrikeTerms,
        moved: &'a [Moved],
    ) -> impl Iterator<Item = i64> + 'a {
        let sigma = self.sigma(terms.ln_strike);
        let price = |forward: f64, ln_forward: f64, sigma: f64| {
            let log = ln_forward - terms.ln_strike;
            let moneyness = Moneyness { forward, strike: terms.strike, log };
            let price = moneyness.greeks(sigma, &self.clock, terms.right).price;
            match terms.style {
                Style::Linear => price / terms.tick,
                Style::Inverse => price / (terms.tick * forward),
            }
        };
        let now = price(self.forward, self.ln_forward, sigma);
        moved.iter().map(move |scenario| {
            let then = price(scenario.forward, scenario.ln_forward, sigma * scenario.factor);
            nearest((then - now) * scenario.weight * MILLI)
        })
    }
}
