//! The standard normal distribution.

/// `1/√(2π)`.
const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;
/// `1/√2`.
const HALF_SQRT: f64 = core::f64::consts::FRAC_1_SQRT_2;

/// Density at `x`.
pub fn density(x: f64) -> f64 {
    DENSITY_AT_ZERO * libm::exp(-0.5 * x * x)
}

/// Probability of a value up to `x`, with all digits in the lower tail.
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * HALF_SQRT)
}
