//! Raw SVI: the implied volatilities of one expiry in five numbers, and whether they admit
//! arbitrage.
//!
//! ```text
//!   w(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²)),  k = ln(K/F)      total variance, σ_imp²·T
//! ```
//!
//! J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), eq. 3.1; the
//! checks are venue.md §2.4.3. Far from the money `k` is held at the reach of the surface, so that
//! the wings end and beyond them the total variance is flat. The reach lies at least six
//! deviations `√w(k)` from the money, where an option is worth next to nothing (with `√w = 1`,
//! 3e-9 of the forward): held closer (Derive holds it at `±4·√(a + b·σ)`, venue.md §2.4.3), the
//! corner in the surface would be worth money to whoever trades a butterfly over it.

use types::Svi;

use crate::rounding::{PPB, nearest};

/// Largest total variance that a surface may have where it is checked (venue.md §2.1).
pub const VARIANCE_MAX: f64 = 144.0;
/// Smallest total variance: one billionth, which is 60 % of volatility for a tenth of a second.
const VARIANCE_MIN: f64 = 1e-9;
/// Largest `a`, `m` and `sigma`, in billionths.
const PARAMETER_MAX: i64 = 144_000_000_000;
/// One, in billionths.
const ONE: i64 = 1_000_000_000;
/// Steps of the grid on each side of the money; they widen with the square of their number.
const STEPS: i32 = 160;
/// Points on each side of `m`, at distances of σ/8 that double.
const NEAR: i32 = 10;
/// Deviations from the money to the end of the wings.
const DEVIATIONS: f64 = 6.0;
/// Farthest end of the wings: no strike is 5e8 times the forward.
const REACH_MAX: f64 = 20.0;

/// Why a surface is refused. All numbers are billionths; `k` is the log-moneyness `ln(K/F)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SviFault {
    /// A parameter is outside of the range in which the formulas make sense.
    #[error("{parameter} is {value} billionths: it lies between {least} and {most}")]
    ParameterOutOfRange {
        /// Which: `a`, `b`, `rho`, `m` or `sigma`.
        parameter: &'static str,
        /// What it is.
        value: i64,
        /// Least value.
        least: i64,
        /// Greatest value.
        most: i64,
    },
    /// `a + b·σ·√(1 − ρ²)`, the least total variance, is not above zero.
    #[error("the least total variance is {variance} billionths: it is at least 1")]
    VarianceBelowZero {
        /// The least total variance.
        variance: i64,
    },
    /// The total variance leaves the range that prices are computed in.
    #[error(
        "the total variance at k = {k} billionths is {variance} billionths: it is at most 144e9"
    )]
    VarianceTooLarge {
        /// Where.
        k: i64,
        /// What it is.
        variance: i64,
    },
    /// `b·(1 + |ρ|)` is above 2: far from the money, prices would not fall to zero (R. Lee, "The
    /// moment formula for implied volatility at extreme strikes", 2004).
    #[error("the slope of a wing is {slope} billionths: it is at most 2e9")]
    WingTooSteep {
        /// The steeper slope.
        slope: i64,
    },
    /// `g(k)` is below zero: a butterfly would cost less than nothing.
    #[error("a butterfly at k = {k} billionths costs less than nothing: g is {g} billionths")]
    Butterfly {
        /// Where.
        k: i64,
        /// Durrleman's function, rounded.
        g: i64,
    },
    /// The total variance of the later expiry is below that of the earlier one: a calendar spread
    /// would cost less than nothing.
    #[error(
        "at k = {k} billionths the total variance falls from {near} to {far} billionths with time"
    )]
    Calendar {
        /// Where.
        k: i64,
        /// Total variance of the earlier expiry.
        near: i64,
        /// Total variance of the later expiry.
        far: i64,
    },
}

/// The parameters of one expiry as numbers, with the end of the wings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slice {
    a: f64,
    b: f64,
    rho: f64,
    m: f64,
    sigma_squared: f64,
    reach: f64,
}

/// Total variance and its first two derivatives by `k`.
struct Jet {
    w: f64,
    first: f64,
    second: f64,
}

impl Slice {
    /// Of parameters that [`check`] accepts; others give numbers without meaning.
    pub fn new(svi: &Svi) -> Slice {
        let number = |billionths: i64| billionths as f64 / PPB;
        let (a, b, sigma) = (number(svi.a), number(svi.b), number(svi.sigma));
        let (rho, m) = (number(svi.rho), number(svi.m));
        let slope = b * (1.0 + magnitude(rho));
        let reach = reach(a + b * sigma + slope * magnitude(m), slope);
        Slice { a, b, rho, m, sigma_squared: sigma * sigma, reach }
    }

    /// Total variance at log-moneyness `k`, flat beyond the reach.
    pub fn total_variance(&self, k: f64) -> f64 {
        let k = if k < -self.reach { -self.reach } else { k };
        let k = if self.reach < k { self.reach } else { k };
        let x = k - self.m;
        self.a + self.b * (self.rho * x + libm::sqrt(x * x + self.sigma_squared))
    }

    /// With derivatives, within the reach.
    fn jet(&self, k: f64) -> Jet {
        let x = k - self.m;
        let root = libm::sqrt(x * x + self.sigma_squared);
        Jet {
            w: self.a + self.b * (self.rho * x + root),
            first: self.b * (self.rho + x / root),
            second: self.b * self.sigma_squared / (root * root * root),
        }
    }

    /// `g(k) = (1 − k·w′/2w)² − w′²/4·(1/w + 1/4) + w″/2`: above zero where the density that
    /// the surface implies is (Gatheral and Jacquier, eq. 2.1).
    pub fn butterfly(&self, k: f64) -> f64 {
        let Jet { w, first, second } = self.jet(k);
        let lean = 1.0 - 0.5 * k * first / w;
        lean * lean - 0.25 * first * first * (1.0 / w + 0.25) + 0.5 * second
    }

    /// Where a surface is looked at: over the reach, most closely at the money, and closer and
    /// closer to `m`, where it bends.
    fn grid(&self, reach: f64) -> impl Iterator<Item = f64> {
        let m = self.m;
        let sigma = libm::sqrt(self.sigma_squared);
        let near = (0..NEAR).flat_map(move |power| {
            let distance = sigma * 0.125 * f64::from(1_i32 << power);
            [m - distance, m + distance]
        });
        wide_grid(reach).chain(near).chain([m]).filter(move |k| magnitude(*k) <= reach)
    }

    /// Where `g` may dip between three points of the grid: at the vertex of the parabola through
    /// them, wherever the middle one is the lowest.
    fn dips(&self) -> impl Iterator<Item = f64> {
        let points = wide_grid(self.reach).map(|k| (k, self.butterfly(k)));
        let mut last: [Option<(f64, f64)>; 2] = [None, None];
        points.filter_map(move |right| {
            let [left, middle] = last;
            last = [middle, Some(right)];
            vertex(left?, middle?, right)
        })
    }
}

/// From one end of the reach to the other, in order.
fn wide_grid(reach: f64) -> impl Iterator<Item = f64> {
    (-STEPS..=STEPS).map(move |step| {
        let share = f64::from(step) / f64::from(STEPS);
        reach * share * magnitude(share)
    })
}

/// Lowest point of the parabola through three points, of which the middle one is the lowest.
fn vertex(left: (f64, f64), middle: (f64, f64), right: (f64, f64)) -> Option<f64> {
    if left.1 < middle.1 || right.1 < middle.1 {
        return None;
    }
    let (width, rise) = (middle.0 - left.0, left.1 - middle.1);
    let (other_width, other_rise) = (right.0 - middle.0, right.1 - middle.1);
    let bend = rise * other_width + other_rise * width;
    let lean = rise * other_width * other_width - other_rise * width * width;
    (0.0 < bend).then(|| middle.0 + 0.5 * lean / bend)
}

/// Where `k² = 36·(level + slope·|k|)`, which is not below `36·w(k)`: `√(x² + σ²) ≤ |x| + σ`. At
/// most [`REACH_MAX`].
fn reach(level: f64, slope: f64) -> f64 {
    let half = 0.5 * DEVIATIONS * DEVIATIONS * slope;
    let squared = half * half + DEVIATIONS * DEVIATIONS * level;
    if squared <= 0.0 {
        return 0.0;
    }
    let reach = half + libm::sqrt(squared);
    if reach < REACH_MAX { reach } else { REACH_MAX }
}

fn magnitude(x: f64) -> f64 {
    if x < 0.0 { -x } else { x }
}

/// The checks on one expiry, in this order: ranges of the parameters, variance above zero, slopes
/// of the wings, butterflies on a grid of up to 342 points within the reach and where they are
/// cheapest between those.
pub fn check(svi: &Svi) -> Result<(), SviFault> {
    check_ranges(svi)?;
    let slice = Slice::new(svi);
    let least = slice.a + slice.b * libm::sqrt(slice.sigma_squared * (1.0 - slice.rho * slice.rho));
    if least < VARIANCE_MIN {
        return Err(SviFault::VarianceBelowZero { variance: nearest(least * PPB) });
    }
    // Billionths of billionths, below 4e18: exact.
    let slope = svi.b * (ONE + svi.rho.abs());
    if 2 * ONE * ONE < slope {
        return Err(SviFault::WingTooSteep { slope: slope / ONE });
    }
    slice.grid(slice.reach).chain(slice.dips()).try_for_each(|k| check_at(&slice, k))
}

fn check_at(slice: &Slice, k: f64) -> Result<(), SviFault> {
    let variance = slice.total_variance(k);
    if VARIANCE_MAX < variance {
        let (k, variance) = (nearest(k * PPB), nearest(variance * PPB));
        return Err(SviFault::VarianceTooLarge { k, variance });
    }
    let g = slice.butterfly(k);
    if g < 0.0 {
        return Err(SviFault::Butterfly { k: nearest(k * PPB), g: nearest(g * PPB) });
    }
    Ok(())
}

/// Total variance at the money, `w(0)`, in billionths; the nearest, halves toward zero.
pub fn atm_variance_ppb(svi: &Svi) -> i64 {
    nearest(Slice::new(svi).total_variance(0.0) * PPB)
}

fn check_ranges(svi: &Svi) -> Result<(), SviFault> {
    const MOST: i64 = PARAMETER_MAX;
    let ranges = [
        ("a", svi.a, -MOST, MOST),
        ("b", svi.b, 0, 2_000_000_000),
        ("rho", svi.rho, -999_999_999, 999_999_999),
        ("m", svi.m, -MOST, MOST),
        ("sigma", svi.sigma, 1, MOST),
    ];
    let outside = ranges.into_iter().find(|&(_, value, least, most)| value < least || most < value);
    match outside {
        None => Ok(()),
        Some((parameter, value, least, most)) => {
            Err(SviFault::ParameterOutOfRange { parameter, value, least, most })
        }
    }
}

/// Whether the total variance grows with time, from the earlier expiry to the later one, at every
/// point of both grids within both reaches. Both have passed [`check`] and were fitted at one time;
/// for others there is [`crate::Fitted::check_calendar`].
pub fn check_calendar(near: &Svi, far: &Svi) -> Result<(), SviFault> {
    falls((Slice::new(near), 1.0), (Slice::new(far), 1.0))
}

/// A fault where the total variance of the second is below that of the first, each of them times
/// what is left of it.
pub(crate) fn falls(
    (near, near_left): (Slice, f64),
    (far, far_left): (Slice, f64),
) -> Result<(), SviFault> {
    let reach = if near.reach < far.reach { near.reach } else { far.reach };
    for k in near.grid(reach).chain(far.grid(reach)) {
        let earlier = near.total_variance(k) * near_left;
        let later = far.total_variance(k) * far_left;
        if later < earlier {
            let k = nearest(k * PPB);
            let (near, far) = (nearest(earlier * PPB), nearest(later * PPB));
            return Err(SviFault::Calendar { k, near, far });
        }
    }
    Ok(())
}
