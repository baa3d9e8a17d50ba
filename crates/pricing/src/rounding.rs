//! From exact numbers to `f64` and back. Each way back names its direction and its bounds.

use types::Decimal;

/// One in parts per million.
pub(crate) const PPM: f64 = 1e6;
/// One in billionths.
pub(crate) const PPB: f64 = 1e9;

/// Powers of ten up to the decimals of a [`Decimal`]; all are exact in `f64`.
const POWERS: [f64; Decimal::SCALE_MAX as usize + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

/// The decimal as `f64`: correctly rounded where its digits are below 2⁵³, else rounded twice.
pub(crate) fn of_decimal(number: Decimal) -> f64 {
    let power = POWERS.get(usize::from(number.scale())).copied().unwrap_or(1e18);
    number.mantissa() as f64 / power
}

/// Nearest whole number, ties toward zero, within `i64`; zero for what is not a number.
pub(crate) fn nearest(x: f64) -> i64 {
    let whole = x as i64;
    let rest = x - whole as f64;
    whole.saturating_add(i64::from(0.5 < rest)).saturating_sub(i64::from(rest < -0.5))
}

/// Nearest whole number, ties down, within `u32`; zero for what is not a number.
pub(crate) fn nearest_u32(x: f64) -> u32 {
    let whole = x as u32;
    whole.saturating_add(u32::from(0.5 < x - f64::from(whole)))
}
