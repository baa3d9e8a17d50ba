//! Millionths: how far two prices are apart, compared exactly and told rounded up.

use types::IndexPrice;

/// All of it.
pub(crate) const WHOLE: u32 = 1_000_000;

/// Whether `price` is more than `ppm` millionths of `of` away from it. Exact.
pub(crate) fn is_beyond(price: IndexPrice, of: IndexPrice, ppm: u32) -> bool {
    exceeds(price.0.abs_diff(of.0), of, ppm)
}

/// Whether `width` is more than `ppm` millionths of `of`. Exact.
pub(crate) fn exceeds(width: u64, of: IndexPrice, ppm: u32) -> bool {
    u128::from(ppm) * u128::from(of.0) < u128::from(width) * u128::from(WHOLE)
}

/// `width` in millionths of `of`, rounded up, so that what exceeds a limit is told above it.
pub(crate) fn share_up(width: u64, of: IndexPrice) -> u32 {
    let scaled = u128::from(width) * u128::from(WHOLE);
    u32::try_from(scaled.div_ceil(u128::from(of.0.max(1)))).unwrap_or(u32::MAX)
}
