//! Implied volatilities: round trips over the domain, the edges of it, and refusals.

use std::format;
use std::string::String;

use expect_test::expect;
use types::OptionRight::{self, Call, Put};

use super::off;
use crate::{Black76, implied_volatility};

/// `from` to `to` in even steps of the logarithm.
fn scale(from: f64, to: f64, steps: i32) -> impl Iterator<Item = f64> {
    (0..=steps)
        .map(move |step| from * (f64::from(step) / f64::from(steps) * (to / from).ln()).exp())
}

/// The stated domain, both rights, and two sizes of numbers: what goes in comes out.
#[test]
fn round_trips_over_the_domain() {
    let mut count = 0;
    let distances = core::iter::once(0.0).chain(scale(1e-12, 20.0, 150));
    for (x, deviation) in distances.flat_map(|x| scale(1e-4, 8.0, 150).map(move |s| (x, s))) {
        for (right, strike, years) in [(Call, x.exp(), 1.0), (Put, (-x).exp(), 0.05_f64)] {
            let sigma = deviation / years.sqrt();
            let black = Black76 { forward: 1.0, strike, sigma, years };
            let price = black.price(right);
            if price < 1e-290 * strike.max(1.0) {
                continue;
            }
            let found = implied_volatility(price, 1.0, strike, years, right).expect("a price");
            assert!(off(found, sigma) < 1e-12, "x {x:e}, deviation {deviation:e}: {found:e}");
            count += 1;
        }
    }
    assert!(40_000 < count, "{count} prices are above zero");
}

/// The price of an option in the money gives the same, as far as it has the digits.
#[test]
fn in_the_money() {
    for (strike, sigma) in [(80.0, 0.4), (95.0, 0.3), (100.0, 0.01), (120.0, 0.8), (300.0, 2.0)] {
        let black = Black76 { forward: 100.0, strike, sigma, years: 0.25 };
        for right in [Call, Put] {
            let price = black.price(right);
            let found = implied_volatility(price, 100.0, strike, 0.25, right).expect("a price");
            let digits = 1e-13 + 3e-16 * price / (black.greeks(right).vega * sigma);
            assert!(off(found, sigma) < digits, "{right:?} {strike}: {found}");
        }
    }
}

/// Outside the domain an answer may be coarse, but it is a number above zero, and near what was
/// asked for.
#[test]
fn beyond_the_domain() {
    let cases = [
        (2e-290, 1.0, 1.0, 1.0),
        (2e-290, 1.0, 1.0 + f64::EPSILON, 1.0),
        (2e-290, 1.0, 1.5, 1.0),
        (1e-10, 1.0, 1e200, 1.0),
        (1.0 - f64::EPSILON / 2.0, 1.0, 1.0, 1.0),
        (1.0 - f64::EPSILON / 2.0, 1.0, 1e200, 1.0),
        (0.3, 1.0, 1.0 + f64::EPSILON, 1.0),
        (1e-17, 1.0, 1.0 + f64::EPSILON, 1.0),
        (1e299, 1e300, 1e300, 1e-300),
        (1e-301, 1e-300, 1e-300, 1e300),
    ];
    for (price, forward, strike, years) in cases {
        let found = implied_volatility(price, forward, strike, years, Call).expect("a price");
        assert!(0.0 < found && found < f64::INFINITY, "{price:e} {strike:e}: {found:e}");
        let black = Black76 { forward, strike, sigma: found, years };
        let again = black.price(Call);
        assert!(off(again, price) < 1e-9, "{price:e} {strike:e}: {again:e}");
    }
}

#[test]
fn refusals() {
    let nan = f64::NAN;
    let cases: [(f64, f64, f64, f64, OptionRight); 13] = [
        (10.0, 0.0, 100.0, 1.0, Call),
        (10.0, 100.0, -1.0, 1.0, Call),
        (10.0, 100.0, 100.0, 0.0, Call),
        (10.0, 100.0, 100.0, nan, Call),
        (10.0, f64::INFINITY, 100.0, 1.0, Call),
        (0.0, 100.0, 100.0, 1.0, Call),
        (nan, 100.0, 100.0, 1.0, Call),
        (20.0, 120.0, 100.0, 1.0, Call),
        (19.0, 100.0, 120.0, 1.0, Put),
        (100.0, 100.0, 120.0, 1.0, Call),
        (120.5, 100.0, 120.0, 1.0, Put),
        (1.0, 1e-200, 1e200, 1.0, Call),
        (1e-300, 2.0, 3.0, 1.0, Call),
    ];
    let mut found = String::new();
    for (price, forward, strike, years, right) in cases {
        match implied_volatility(price, forward, strike, years, right) {
            Ok(sigma) => found += &format!("{sigma}\n"),
            Err(error) => found += &format!("{error}\n"),
        }
    }
    expect![[r#"
        the forward is 0: it is a finite number above zero
        the strike is -1: it is a finite number above zero
        the time is 0: it is a finite number above zero
        the time is NaN: it is a finite number above zero
        the forward is inf: it is a finite number above zero
        the price 0 is not above 0, the intrinsic value
        the price NaN is not above 0, the intrinsic value
        the price 20 is not above 20, the intrinsic value
        the price 19 is not above 20, the intrinsic value
        the price 100 is not below 100, which the option never reaches
        the price 120.5 is not below 120, which the option never reaches
        the forward 1e-200 and the strike 1e200 are over a factor of 1e300 apart
        the time value 1e-300 is too small to tell: it is at least 3.0000000000000005e-290
    "#]]
    .assert_eq(&found);
}
