//! Against tables that were computed offline with 60 digits and more; each says its formula.

use types::OptionRight;

use super::off;
use crate::normal::{mills_and_fall, mills_pair};
use crate::{Black76, implied_volatility};

const MILLS: &str = include_str!("reference/mills.txt");
const BLACK: &str = include_str!("reference/black76.txt");
const IMPLIED: &str = include_str!("reference/implied.txt");

fn rows(table: &str) -> impl Iterator<Item = std::vec::Vec<&str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect())
}

fn numbers<const N: usize>(row: &[&str]) -> [f64; N] {
    let parsed: std::vec::Vec<f64> =
        row.iter().map(|word| word.parse().expect("a number")).collect();
    parsed.try_into().expect("as many numbers as the table says")
}

#[test]
fn mills_ratio() {
    let (mut worst, mut count) = (0.0_f64, 0);
    for row in rows(MILLS) {
        let [y, ratio, fall] = numbers(&row);
        let (found, found_fall) = mills_and_fall(y);
        assert_eq!(mills_pair(y, 1.0).0, found);
        assert_eq!(mills_pair(1.0, y).1, found);
        worst = worst.max(off(found, ratio));
        // What R may be off, R being about 1/y and the fall about 1/y².
        let off = off(found_fall, fall);
        assert!(40.0 < y || off < 5e-16 * (1.0 + y * y), "1 - y R({y}) is {off:e} off");
        count += 1;
    }
    assert_eq!(count, 148);
    assert!(worst < 8e-16, "R is {worst:e} off");
}

/// What rounding costs: `d1` in `exp(−d1²/2)`, the difference of two Mills ratios where it is
/// smallest, and `ln(F/K)`, which is divided by the deviation.
#[test]
fn black_76() {
    let mut count = 0;
    for row in rows(BLACK) {
        let [forward, strike, sigma, years, call, put, delta, gamma, vega, theta, rho] =
            numbers(&row);
        let black = Black76 { forward, strike, sigma, years };
        let found = black.greeks(OptionRight::Call);
        let deviation = sigma * years.sqrt();
        let y = (forward / strike).ln().abs() / deviation;
        let bound = 1e-14 + 4e-15 * y * y + 4e-16 / deviation;
        let other = black.greeks(OptionRight::Put);
        let pairs = [
            (found.price, call),
            (other.price, put),
            (found.delta, delta),
            (found.gamma, gamma),
            (found.vega, vega),
            (found.theta, theta),
            (found.rho, rho),
        ];
        for (place, (found, expected)) in pairs.into_iter().enumerate() {
            let off = off(found, expected);
            assert!(off < bound, "{row:?}: number {place} is {found:e}, {off:e} off");
        }
        count += 1;
    }
    assert_eq!(count, 158);
}

/// The promise is 1e-10; what is measured is two orders better.
#[test]
fn implied_volatilities() {
    let (mut worst, mut count) = (0.0_f64, 0);
    for row in rows(IMPLIED) {
        let right = if row[0] == "call" { OptionRight::Call } else { OptionRight::Put };
        let [price, forward, strike, years, sigma] = numbers(&row[1..]);
        let found = implied_volatility(price, forward, strike, years, right);
        let found = found.expect("a price between the bounds");
        // One unit in the last place of the price moves σ by this much; see the table's bounds.
        let black = Black76 { forward, strike, sigma, years };
        let conditioning = 2e-16 * price / (black.greeks(right).vega * sigma);
        let off = off(found, sigma);
        assert!(off < 1e-12 + 4.0 * conditioning, "{row:?}: {found:e} is {off:e} off");
        if conditioning < 1e-12 {
            worst = worst.max(off);
        }
        count += 1;
    }
    assert_eq!(count, 420);
    assert!(worst < 1e-12, "{worst:e}");
}
