//! Implied volatility: the volatility at which Black-76 gives a price.
//!
//! The frame is that of P. Jäckel, "Let's Be Rational" (Wilmott, 2015), written from its
//! mathematics: the option is taken out of the money and normalised, its value is cut into
//! branches where it bends, each branch has a guess and an objective of its own, and Householder's
//! iteration of high order does the rest.
//!
//! ```text
//!   x = ln(max/min of F and K)    s = σ√T    y = x/s    t = s/2    β = price/√(F·K)
//!   b(s) = e^(−x/2)·N(t − y) − e^(x/2)·N(−t − y), from 0 to e^(−x/2)    b′(s) = φ(y)·e^(−t²/2)
//! ```
//!
//! With the Mills ratio `R`, `b = b′·(R(y − t) − R(y + t))`, and what is missing from its bound is
//! `e^(−x/2) − b = b′·(R(t − y) + R(t + y))`. Both stay exact where `b` or its rest falls by
//! hundreds of orders of magnitude, and neither needs an exponential when its logarithm is asked
//! for.
//!
//! | branch | guess ([`guess`]) | objective |
//! |---|---|---|
//! | lower, below the tangent at the bend | limit of small `t`, corrected | `1/ln b` |
//! | middle, two halves | cubic through the bend | `b` |
//! | upper, above the tangent at the bend | limit of small `y`, corrected | `ln(e^(−x/2) − b)` |
//!
//! The guesses are within 0.6 %, mostly, so that one step of fifth order is nearly always enough.
//!
//! # Accuracy
//! Over `|ln(F/K)| ≤ 20`, `1e-4 ≤ σ√T ≤ 8` and prices of the option out of the money of at least
//! 1e-290 of `max(F, K)`, the error of σ is below 1e-10, relatively, wherever the price determines
//! it that well: where one unit in the last place of the price moves σ by less. That excludes
//! prices within about 1e-10 of `min(F, K)`, their upper bound, and options deep in the money,
//! whose price is the intrinsic value and little more. For those, ask with the price of the other
//! right. Measured over the domain, against 60 digits, it is below 1e-12 (tested).

mod guess;

use types::OptionRight;

use crate::black76::{SERIES_HALF, ratio_difference};
use crate::normal::{DENSITY_AT_ZERO, mills_pair};

/// Why a price has no implied volatility.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ImpliedError {
    /// A forward, a strike or a time that is not a finite number above zero.
    #[error("{what} is {value}: it is a finite number above zero")]
    NotPositive {
        /// Which.
        what: &'static str,
        /// What it is.
        value: f64,
    },
    /// Forward and strike are so far apart that their quotient leaves the numbers.
    #[error("the forward {forward:e} and the strike {strike:e} are over a factor of 1e300 apart")]
    TooFarApart {
        /// The forward.
        forward: f64,
        /// The strike.
        strike: f64,
    },
    /// The price leaves no time value.
    #[error("the price {price} is not above {least}, the intrinsic value")]
    BelowIntrinsic {
        /// The price.
        price: f64,
        /// What the option would pay if it were exercised at the forward.
        least: f64,
    },
    /// The time value is nearly below the numbers.
    #[error("the time value {time_value:e} is too small to tell: it is at least {least:e}")]
    TooSmall {
        /// The price less the intrinsic value.
        time_value: f64,
        /// 1e-290 of the greater of forward and strike.
        least: f64,
    },
    /// No volatility gives a price that high.
    #[error("the price {price} is not below {most}, which the option never reaches")]
    AboveMaximum {
        /// The price.
        price: f64,
        /// The forward for a call, the strike for a put.
        most: f64,
    },
}

/// Least quotient of forward and strike, or of strike and forward.
const QUOTIENT_MIN: f64 = 1e-300;
/// Least time value, of the greater of forward and strike: it leaves room for what is computed.
const TIME_VALUE_MIN: f64 = 1e-290;

/// The volatility of a year at which [`crate::Black76`] gives `price`.
pub fn implied_volatility(
    price: f64,
    forward: f64,
    strike: f64,
    years: f64,
    right: OptionRight,
) -> Result<f64, ImpliedError> {
    for (what, value) in [("the forward", forward), ("the strike", strike), ("the time", years)] {
        if !is_positive(value) {
            return Err(ImpliedError::NotPositive { what, value });
        }
    }
    let (distance, most) = match right {
        OptionRight::Call => (forward - strike, forward),
        OptionRight::Put => (strike - forward, strike),
    };
    let least = if 0.0 < distance { distance } else { 0.0 };
    let time_value = price - least;
    let (low, high) = if forward < strike { (forward, strike) } else { (strike, forward) };
    if low / high < QUOTIENT_MIN {
        return Err(ImpliedError::TooFarApart { forward, strike });
    }
    if !is_positive(time_value) {
        return Err(ImpliedError::BelowIntrinsic { price, least });
    }
    if time_value < TIME_VALUE_MIN * high {
        return Err(ImpliedError::TooSmall { time_value, least: TIME_VALUE_MIN * high });
    }
    if low <= time_value {
        return Err(ImpliedError::AboveMaximum { price, most });
    }
    Ok(Normalised::new(time_value, low, high).deviation() / libm::sqrt(years))
}

fn is_positive(value: f64) -> bool {
    0.0 < value && value < f64::INFINITY
}

/// A price that is looked for, of an option that is out of the money.
struct Normalised {
    /// `x`, not below zero.
    x: f64,
    /// `β`.
    beta: f64,
    /// `e^(−x/2)`, above `β`.
    most: f64,
    /// `e^(−x/2) − β`.
    left: f64,
}

/// Which function of `s` is brought to which value.
#[derive(Clone, Copy)]
enum Objective {
    /// `1/ln(b/c)`, where `ln(b/c)` is to be `aim`; `c` keeps it below −2.
    InverseLog { aim: f64, c: f64 },
    /// `b`.
    Value,
    /// `ln(e^(−x/2) − b)`.
    LogOfRest,
}

/// What Householder's step needs of an objective `g`: `g/g′`, and `λ = g″/g′`, the logarithmic
/// derivative of `g′`, with its own first two derivatives.
struct Quotients {
    first: f64,
    lambda: f64,
    rate: f64,
    rate_2: f64,
}

/// The largest relative step after which the next is not needed: what a step leaves is its fifth
/// power, times a tenth (times two for [`Objective::LogOfRest`]).
const CLOSE: f64 = 6e-3;
const CLOSE_OF_REST: f64 = 2.5e-3;
/// Two are enough; the bound is for numbers that nobody has thought of.
const STEPS_MAX: u32 = 16;

impl Normalised {
    fn new(time_value: f64, low: f64, high: f64) -> Normalised {
        let ratio = low / high;
        let most = libm::sqrt(ratio);
        let scale = high * most;
        let (beta, left) = (time_value / scale, (low - time_value) / scale);
        Normalised { x: libm::log1p((high - low) / low), beta, most, left }
    }

    /// `s` at which `b(s) = β`.
    fn deviation(&self) -> f64 {
        let (mut s, objective) = self.guess();
        let close = match objective {
            Objective::InverseLog { .. } | Objective::Value => CLOSE,
            Objective::LogOfRest => CLOSE_OF_REST,
        };
        for _ in 0..STEPS_MAX {
            let step = self.quotients(s, objective).step();
            // A step never leaves the positive numbers.
            let next = if s + step < 0.5 * s { 0.5 * s } else { s + step };
            let change = if next < s { s - next } else { next - s };
            s = next;
            if change <= close * s {
                break;
            }
        }
        s
    }

    /// Of the objective at `s`.
    fn quotients(&self, s: f64, objective: Objective) -> Quotients {
        let point = Point::new(self.x, s);
        match objective {
            Objective::InverseLog { aim, c } => point.inverse_log(aim, c),
            Objective::Value => point.value(self.beta, self.most),
            Objective::LogOfRest => point.log_of_rest(self.left),
        }
    }
}

/// An `s`, and the logarithmic derivative `λ = x²/s³ − s/4` of `b′` there, with `λ′` and `λ″`.
struct Point {
    y: f64,
    t: f64,
    lambda: f64,
    rate: f64,
    rate_2: f64,
}

impl Point {
    fn new(x: f64, s: f64) -> Point {
        let inverse = 1.0 / s;
        let (y, t) = (x * inverse, 0.5 * s);
        let square = y * y * inverse;
        Point {
            y,
            t,
            lambda: square - 0.5 * t,
            rate: -3.0 * square * inverse - 0.25,
            rate_2: 12.0 * square * inverse * inverse,
        }
    }

    /// `ln(b′/φ(0))`.
    fn log_slope(&self) -> f64 {
        -0.5 * (self.y * self.y + self.t * self.t)
    }

    /// `R(y − t) − R(y + t)`, which is `b/b′`, for `t` below `y`, or small.
    fn difference(&self) -> f64 {
        if self.t <= SERIES_HALF {
            return ratio_difference(self.y, self.t);
        }
        let (near, far) = mills_pair(self.y - self.t, self.y + self.t);
        near - far
    }

    /// `R(t − y) + R(t + y)`, which is `(e^(−x/2) − b)/b′`, for `t` above `y`.
    fn sum(&self) -> f64 {
        let (near, far) = mills_pair(self.t - self.y, self.t + self.y);
        near + far
    }

    fn value(&self, beta: f64, most: f64) -> Quotients {
        let slope = DENSITY_AT_ZERO * libm::exp(self.log_slope());
        let value = if self.t <= SERIES_HALF || self.t < self.y {
            slope * self.difference()
        } else {
            most - slope * self.sum()
        };
        let Point { lambda, rate, rate_2, .. } = *self;
        Quotients { first: (value - beta) / slope, lambda, rate, rate_2 }
    }

    fn inverse_log(&self, aim: f64, c: f64) -> Quotients {
        let difference = self.difference();
        let log = self.log_slope() + libm::log(DENSITY_AT_ZERO * difference / c);
        // u = b′/b, which is the derivative of the logarithm; λ of the objective is λ − u·w.
        let u = 1.0 / difference;
        let u_1 = u * (self.lambda - u);
        let u_2 = u_1 * (self.lambda - u) + u * (self.rate - u_1);
        let per = 1.0 / log;
        let w = 1.0 + 2.0 * per;
        let w_1 = -2.0 * u * per * per;
        let w_2 = (-2.0 * u_1 + 4.0 * u * u * per) * per * per;
        Quotients {
            first: (log - aim) * log * difference / aim,
            lambda: self.lambda - u * w,
            rate: self.rate - u_1 * w - u * w_1,
            rate_2: self.rate_2 - u_2 * w - 2.0 * u_1 * w_1 - u * w_2,
        }
    }

    fn log_of_rest(&self, left: f64) -> Quotients {
        let rest = self.sum();
        let excess = self.log_slope() + libm::log(DENSITY_AT_ZERO * rest / left);
        // u is b′ over the rest; λ of the objective is λ + u.
        let u = 1.0 / rest;
        let lambda = self.lambda + u;
        let u_1 = u * lambda;
        Quotients {
            first: -excess * rest,
            lambda,
            rate: self.rate + u_1,
            rate_2: self.rate_2 + u_1 * lambda + u * (self.rate + u_1),
        }
    }
}

impl Quotients {
    /// Householder's step of fifth order; Newton's where that turns back.
    fn step(&self) -> f64 {
        let nu = -self.first;
        let second = self.lambda;
        let third = second * second + self.rate;
        let fourth = second * (third + 2.0 * self.rate) + self.rate_2;
        let above = 1.0 + nu * (second + nu * third / 6.0);
        let below = 1.0
            + nu * (1.5 * second
                + nu * (0.25 * second * second + third / 3.0 + nu * fourth / 24.0));
        if 0.0 < above && 0.0 < below { nu * above / below } else { nu }
    }
}
