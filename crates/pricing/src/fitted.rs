//! A surface together with when it was fitted: how surfaces of different times compare.
//!
//! The total variance of a surface falls with the time that is left, in a straight line, while the
//! volatility of a moneyness stays. So surfaces of one expiry are compared by their variance of a
//! year, which no clock changes; surfaces of two expiries by what is left of them at one time.

use types::{At, Svi};

use crate::mark::years;
use crate::rounding::{PPB, nearest};
use crate::svi::{Slice, SviFault, falls};

/// Deviations from the money at which surfaces of one expiry are compared. Farther out than four
/// an option is worth less than a thousandth of a deviation, and a surface without arbitrage gives
/// it no more than it gives what is nearer.
const DEVIATIONS: [f64; Profile::PLACES] = [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0];

/// Parameters, which [`crate::check`] has accepted, of an expiry, as of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// The parameters.
    pub svi: Svi,
    /// When they were fitted.
    pub fitted_at: At,
    /// The expiry.
    pub expiry: At,
}

/// The variances of a year at some places around the money, in billionths, nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile(pub [i64; Profile::PLACES]);

impl Profile {
    /// How many places there are.
    pub const PLACES: usize = 9;
}

impl Fitted {
    /// Variances of a year at up to four deviations from the money, where `variance`, in
    /// billionths, is the square of a deviation: one for all that are to be compared. Of a surface
    /// that was fitted when no time was left they are zero.
    pub fn profile(&self, variance: i64) -> Profile {
        let deviation = libm::sqrt(variance.max(0) as f64 / PPB);
        let (slice, fitted_years) = (Slice::new(&self.svi), years(self.fitted_at, self.expiry));
        let of_a_year = |place: f64| match 0.0 < fitted_years {
            true => nearest(slice.total_variance(place * deviation) / fitted_years * PPB),
            false => 0,
        };
        Profile(DEVIATIONS.map(of_a_year))
    }

    /// Whether the total variance that is left at `now` grows with time, from this expiry to that
    /// of `later`, at every point of both grids within both reaches.
    pub fn check_calendar(&self, later: &Fitted, now: At) -> Result<(), SviFault> {
        let left = |fitted: &Fitted| (Slice::new(&fitted.svi), fitted.share_left(now));
        falls(left(self), left(later))
    }

    /// What is left at `now` of the time that was left when the surface was fitted; all of it if
    /// that is after `now`.
    fn share_left(&self, now: At) -> f64 {
        let then = years(self.fitted_at.min(now), self.expiry);
        if 0.0 < then { years(now, self.expiry) / then } else { 0.0 }
    }
}
