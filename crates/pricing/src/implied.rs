//! Implied volatility: the volatility at which Black-76 gives a price.
//!
//! The method is that of P. Jäckel, "Let's Be Rational" (Wilmott, 2015), written from its
//! mathematics. The option is taken out of the money and normalised:
//!
//! ```text
//!   x = ln(min/max of F and K) ≤ 0    s = σ√T    β = price / √(F·K), from 0 to e^(x/2)
//!   b(s) = e^(x/2)·N(x/s + s/2) − e^(−x/2)·N(x/s − s/2)          b′(s) = φ(x/s)·e^(−s²/8)
//!
//!   b │             ____----  upper: guess by N(−s/2)       s_c = √(2|x|), where b bends
//!     │         _.-'          right of s_c: guess s         s_l, s_u: where the tangent at s_c
//!     │       .'              left of s_c: guess s          meets 0 and the upper bound
//!     │ ___--'                lower: guess by N³(x/(√3·s))
//!     └───────────────── s
//! ```
//!
//! The guess is a rational cubic (R. Delbourgo and J. Gregory, 1985) through both ends of the
//! branch, with the slopes at both and the curvature at one. Householder's iteration of fourth
//! order follows, on `1/ln b` in the lower branch, on `b` in the middle, on `ln(e^(x/2) − b)` in the
//! upper: two rounds, rarely three.
//!
//! # Accuracy
//! Over `|ln(F/K)| ≤ 20`, `1e-4 ≤ σ√T ≤ 8` and prices of the option out of the money of at least
//! 1e-280 of `max(F, K)`, the error of σ is below 1e-10, relatively, wherever the price determines
//! it that well: where one unit in the last place of the price moves σ by less. That excludes
//! prices within about 1e-10 of `min(F, K)`, their upper bound, and options deep in the money, whose
//! price is the intrinsic value and little more. For those, ask with the price of the other
//! right.

use types::OptionRight;

use crate::black76::{SERIES_HALF, ratio_difference};
use crate::normal::{DENSITY_AT_ZERO, MILLS_AT_ZERO, mills, mills_pair};

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
    /// The price leaves no time value.
    #[error("the price {price} is not above {least}, the intrinsic value")]
    BelowIntrinsic {
        /// The price.
        price: f64,
        /// What the option would pay if it were exercised at the forward.
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

/// The volatility of a year at which [`crate::Black76`] gives `price`.
pub fn implied_volatility(
    price: f64,
    forward: f64,
    strike: f64,
    years: f64,
    right: OptionRight,
) -> Result<f64, ImpliedError> {
    for (what, value) in [("the forward", forward), ("the strike", strike), ("the time", years)] {
        if !(0.0 < value && value < f64::INFINITY) {
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
    if !(0.0 < time_value) {
        return Err(ImpliedError::BelowIntrinsic { price, least });
    }
    if low <= time_value {
        return Err(ImpliedError::AboveMaximum { price, most });
    }
    Ok(Normalised::new(time_value, low, high).deviation() / libm::sqrt(years))
}

/// A price that is looked for, of an option that is out of the money.
struct Normalised {
    /// `|x|`.
    x: f64,
    /// `β`.
    beta: f64,
    /// `e^(x/2)`, above `β`.
    most: f64,
    /// `e^(x/2) − β`.
    left: f64,
}

/// Which function of `s` is brought to its value at `β`.
#[derive(Clone, Copy)]
enum Objective {
    /// `1/ln b`.
    InverseLog,
    /// `b`.
    Value,
    /// `ln(e^(x/2) − b)`.
    LogOfRest,
}

/// A function of one number, at one place: value, slope and, where it is known, curvature.
struct End {
    at: f64,
    value: f64,
    slope: f64,
}

/// The quotients of derivatives that Householder's step needs: `g/g′`, `g″/g′`, `g‴/g′`.
struct Quotients {
    first: f64,
    second: f64,
    third: f64,
}

impl Normalised {
    fn new(time_value: f64, low: f64, high: f64) -> Normalised {
        let most = libm::sqrt(low / high);
        let scale = high * most;
        let (beta, left) = (time_value / scale, (low - time_value) / scale);
        Normalised { x: -libm::log(low / high), beta, most, left }
    }

    /// `s` at which `b(s) = β`.
    fn deviation(&self) -> f64 {
        let (mut s, objective) = self.guess();
        for _ in 0..STEPS_MAX {
            let step = self.quotients(s, objective).step();
            // A step never leaves the positive numbers.
            let next = if s + step < 0.5 * s { 0.5 * s } else { s + step };
            let change = if next < s { s - next } else { next - s };
            s = next;
            if change <= CLOSE * s {
                break;
            }
        }
        s
    }

    /// A first `s`, and how to go on from it.
    fn guess(&self) -> (f64, Objective) {
        let bend = libm::sqrt(2.0 * self.x);
        let ratio = mills(bend);
        // At the bend, |y − t| is 0 and y + t is s_c.
        let slope = self.most * DENSITY_AT_ZERO;
        let value = slope * (MILLS_AT_ZERO - ratio);
        let centre = End { at: value, value: bend, slope: 1.0 / slope };
        if self.beta < value {
            self.guess_below(centre, bend - (MILLS_AT_ZERO - ratio))
        } else {
            self.guess_above(centre, bend + (MILLS_AT_ZERO + ratio))
        }
    }

    fn guess_below(&self, centre: End, s: f64) -> (f64, Objective) {
        let (y, t) = (self.x / s, 0.5 * s);
        let (near, far) = mills_pair(y - t, y + t);
        let grown = libm::exp(0.5 * t * t);
        let fallen = libm::exp(-0.5 * y * y);
        let slope = DENSITY_AT_ZERO * fallen / grown;
        let value = slope * (near - far);
        let here = End { at: value, value: s, slope: 1.0 / slope };
        if value <= self.beta {
            let guess = cubic(&here, &centre, curvature_at_right(&here, &centre, 0.0), self.beta);
            return (guess, Objective::Value);
        }
        // f = 2π|x|/(3√3)·N(−y/√3)³, which is about b for small s: f(0) = 0 and f′(0) = 1.
        let third = y * (1.0 / SQRT_3);
        let ratio = mills(third);
        let tail = DENSITY_AT_ZERO * ratio;
        let lead = self.x * LEAD;
        let first = third * ratio * third * ratio * grown;
        let lean = (2.0 / s) * (third / ratio - third * third - 1.0) + 0.25 * s;
        let origin = End { at: 0.0, value: 0.0, slope: 1.0 };
        let end = End { at: value, value: lead * tail * tail * tail * fallen, slope: first };
        let r = curvature_at_right(&origin, &end, first * lean / slope);
        let f = cubic(&origin, &end, r, self.beta);
        let f = if 0.0 < f { f } else { self.beta };
        let root = libm::sqrt((-2.0 / 3.0) * libm::log(f / lead));
        (self.x / (SQRT_3 * tail_quantile(root)), Objective::InverseLog)
    }

    fn guess_above(&self, centre: End, s: f64) -> (f64, Objective) {
        let (y, t) = (self.x / s, 0.5 * s);
        let (near, far) = mills_pair(t - y, y + t);
        let fallen = libm::exp(-0.5 * t * t);
        let grown = libm::exp(0.5 * y * y);
        let slope = DENSITY_AT_ZERO * fallen / grown;
        let value = self.most - slope * (near + far);
        let here = End { at: value, value: s, slope: 1.0 / slope };
        let objective =
            if self.beta <= 0.5 * self.most { Objective::Value } else { Objective::LogOfRest };
        if self.beta <= value {
            let guess = cubic(&centre, &here, curvature_at_left(&centre, &here, 0.0), self.beta);
            return (guess, objective);
        }
        // f = N(−s/2), which at the upper bound is 0 with a slope of −1/2.
        let tail = DENSITY_AT_ZERO * fallen * mills(t);
        let here = End { at: value, value: tail, slope: -0.5 * grown };
        let end = End { at: self.most, value: 0.0, slope: -0.5 };
        let curvature = 0.5 * y * y * grown / (s * slope);
        let f = cubic(&here, &end, curvature_at_left(&here, &end, curvature), self.beta);
        let f = if 0.0 < f { f } else { 0.5 * self.left };
        (2.0 * tail_quantile(libm::sqrt(-2.0 * libm::log(f))), objective)
    }

    /// Of the objective at `s`, with `b″/b′ = x²/s³ − s/4` and
    /// `b‴/b′ = (b″/b′)² − 3x²/s⁴ − 1/4`.
    fn quotients(&self, s: f64, objective: Objective) -> Quotients {
        let inverse = 1.0 / s;
        let (y, t) = (self.x * inverse, 0.5 * s);
        let bent = y * y * inverse - 0.5 * t;
        let bent_rate = -3.0 * y * y * inverse * inverse - 0.25;
        let inner = y - t;
        let (near, far) = mills_pair(if inner < 0.0 { -inner } else { inner }, y + t);
        let fallen = -0.5 * (y * y + t * t);
        match objective {
            Objective::InverseLog => {
                let difference = difference(y, t, near, far);
                let log = fallen + libm::log(DENSITY_AT_ZERO * difference);
                let aim = libm::log(self.beta);
                // u = b′/b, and u′.
                let u = 1.0 / difference;
                let u_rate = u * (bent - u);
                let weight = 1.0 + 2.0 / log;
                let second = bent - u * weight;
                let rate = bent_rate - u_rate * weight + 2.0 * u * u / (log * log);
                let first = (log - aim) * log / (aim * u);
                Quotients { first, second, third: second * second + rate }
            }
            Objective::Value => {
                let slope = DENSITY_AT_ZERO * libm::exp(fallen);
                let value = if t <= SERIES_HALF || t < y {
                    slope * difference(y, t, near, far)
                } else {
                    self.most - slope * (near + far)
                };
                let first = (value - self.beta) / slope;
                Quotients { first, second: bent, third: bent * bent + bent_rate }
            }
            Objective::LogOfRest => {
                // The rest is b′·(R + R): u is b′ over it, and u′.
                let u = 1.0 / (near + far);
                let log = fallen + libm::log(DENSITY_AT_ZERO * (near + far));
                let second = bent + u;
                let rate = bent_rate + u * second;
                let first = (libm::log(self.left) - log) / u;
                Quotients { first, second, third: second * second + rate }
            }
        }
    }
}

/// `R(y − t) − R(y + t)` for `t` below `y`, or small.
fn difference(y: f64, t: f64, near: f64, far: f64) -> f64 {
    if t <= SERIES_HALF { ratio_difference(y, t) } else { near - far }
}

impl Quotients {
    /// Householder's step of fourth order: with `ν = −g/g′`,
    /// `ν·(1 + γν/2) / (1 + γν + δν²/6)`; Newton's where that turns back.
    fn step(&self) -> f64 {
        let nu = -self.first;
        let bent = self.second * nu;
        let above = 1.0 + 0.5 * bent;
        let below = 1.0 + bent + self.third * nu * nu / 6.0;
        if 0.0 < above && 0.0 < below { nu * above / below } else { nu }
    }
}

/// The rational cubic between two ends, with the parameter `r` of its denominator.
fn cubic(left: &End, right: &End, r: f64, at: f64) -> f64 {
    let width = right.at - left.at;
    let t = (at - left.at) / width;
    let u = 1.0 - t;
    let above = right.value * t * t * t
        + (r * right.value - width * right.slope) * t * t * u
        + (r * left.value + width * left.slope) * t * u * u
        + left.value * u * u * u;
    above / (1.0 + (r - 3.0) * t * u)
}

/// `r` for a given second derivative at the right end.
fn curvature_at_right(left: &End, right: &End, second: f64) -> f64 {
    let width = right.at - left.at;
    let mean = (right.value - left.value) / width;
    bounded((0.5 * width * second + right.slope - left.slope) / (right.slope - mean))
}

/// `r` for a given second derivative at the left end.
fn curvature_at_left(left: &End, right: &End, second: f64) -> f64 {
    let width = right.at - left.at;
    let mean = (right.value - left.value) / width;
    bounded((0.5 * width * second + right.slope - left.slope) / (mean - left.slope))
}

/// The denominator has no zero for `r > −1`; a straight line needs no finite `r`.
fn bounded(r: f64) -> f64 {
    if r < -0.9 {
        -0.9
    } else if r < 1e12 {
        r
    } else {
        1e12
    }
}

/// `u ≥ 0` with `N(−u) = e^(−root²/2)`, to four digits: `root` less a quotient that was fitted for
/// `root` from `√(2·ln 2)` to 45.
fn tail_quantile(root: f64) -> f64 {
    let z = if root < ROOT_OF_HALF { 0.0 } else { root - ROOT_OF_HALF };
    let above = 1.177_342_86 + z * (0.511_007_68 + z * (0.027_825_390_3 + z * 3.692_582_71e-5));
    let below = 1.0 + z * (0.836_884_107 + z * (0.159_716_554 + z * 0.004_965_119_65));
    let u = root - above / below;
    if u < 1e-3 { 1e-3 } else { u }
}

/// `√(2·ln 2)`, where `N` is one half.
const ROOT_OF_HALF: f64 = 1.177_410_022_515_474_7;
const SQRT_3: f64 = 1.732_050_807_568_877_2;
/// `2π/(3√3)`.
const LEAD: f64 = 1.209_199_576_156_145_2;
/// A step this small, relatively, was the last: the next would be its fourth power.
const CLOSE: f64 = 1e-4;
/// Two are enough nearly everywhere.
const STEPS_MAX: u32 = 16;
