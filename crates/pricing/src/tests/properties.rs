//! What holds for all inputs: parity, bounds, order and convexity in the strike, Greeks as
//! derivatives, round trips.

use std::vec::Vec;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assume, proptest};
use types::OptionRight::{Call, Put};
use types::{At, Decimal, IndexPrice, OptionRight, Style, Svi, Ticks};

use super::off;
use crate::svi::Slice;
use crate::{Black76, Expiry, ExpiryTerms, StrikeTerms, check, check_calendar, implied_volatility};

/// Strikes up to five deviations from the forward, deviations from 0.0001 to 3.
fn options() -> impl Strategy<Value = Black76> {
    let logs = (-7.0..12.0, -5.0..5.0, -9.2..1.1, -9.0..2.0);
    logs.prop_map(|(forward, distance, deviation, years): (f64, f64, f64, f64)| {
        let (forward, deviation, years) = (forward.exp(), deviation.exp(), years.exp());
        let strike = forward * (distance * deviation).exp();
        Black76 { forward, strike, sigma: deviation / years.sqrt(), years }
    })
}

fn rights() -> impl Strategy<Value = OptionRight> {
    proptest::prop_oneof![Just(Call), Just(Put)]
}

/// Surfaces of all tempers that pass the checks.
fn surfaces() -> impl Strategy<Value = Svi> {
    let parameters = (-9.0..0.5, -9.0..-0.5, -0.99..0.99, -0.5..0.5, -6.0..0.5);
    let svi = parameters.prop_map(|(w, b, rho, m, sigma): (f64, f64, f64, f64, f64)| {
        let (b, sigma) = (b.exp(), sigma.exp());
        // The least variance, whatever `a` must be for it.
        let a = w.exp() - b * sigma * (1.0 - rho * rho).sqrt();
        super::svi(a, b, rho, m, sigma)
    });
    svi.prop_filter("has no arbitrage", |svi| check(svi).is_ok())
}

proptest! {
    #[test]
    fn parity_and_bounds(black in options()) {
        let (call, put) = (black.greeks(Call), black.greeks(Put));
        let most = black.forward.max(black.strike);
        let gap = (call.price - put.price) - (black.forward - black.strike);
        prop_assert!(gap.abs() <= 4e-16 * most, "{gap:e}");
        prop_assert!((call.delta - put.delta - 1.0).abs() < 3e-16);
        let same = [(call.gamma, put.gamma), (call.vega, put.vega), (call.theta, put.theta)];
        prop_assert!(same.iter().all(|(one, other)| one == other));
        prop_assert!((call.rho - put.rho - black.years * black.strike).abs()
            < 4e-16 * black.years * black.strike);
        prop_assert!((0.0..=1.0).contains(&call.delta) && (-1.0..=0.0).contains(&put.delta));
        prop_assert!(call.price <= black.forward && put.price <= black.strike);
        prop_assert!((black.forward - black.strike).max(0.0) <= call.price);
        prop_assert!((black.strike - black.forward).max(0.0) <= put.price);
        prop_assert!(call.theta <= 0.0 && 0.0 <= call.vega && 0.0 <= call.gamma);
    }

    #[test]
    fn rising_in_volatility_and_time(black in options(), right in rights(), more in 1.0001..2.0) {
        let later = Black76 { years: black.years * more, ..black };
        let wilder = Black76 { sigma: black.sigma * more, ..black };
        prop_assert!(black.price(right) <= later.price(right));
        prop_assert!(black.price(right) <= wilder.price(right));
    }

    #[test]
    fn greeks_are_derivatives(black in options(), right in rights()) {
        let deviation = black.sigma * black.years.sqrt();
        let slope = |up: Black76, down: Black76, width: f64| {
            (up.price(right) - down.price(right)) / width
        };
        // Steps small against the bend, large against rounding.
        let h = black.forward * deviation * 1e-4;
        let (up, down) = (
            Black76 { forward: black.forward + h, ..black },
            Black76 { forward: black.forward - h, ..black },
        );
        let found = black.greeks(right);
        prop_assert!((slope(up, down, 2.0 * h) - found.delta).abs() < 1e-6);
        let bent = (up.greeks(right).delta - down.greeks(right).delta) / (2.0 * h);
        prop_assert!((bent - found.gamma).abs() < 1e-6 * (1.0 / h + found.gamma));
        let h = black.sigma * 1e-4;
        let (up, down) = (
            Black76 { sigma: black.sigma + h, ..black },
            Black76 { sigma: black.sigma - h, ..black },
        );
        let scale = black.forward * black.years.sqrt() * 1e-6;
        prop_assert!((slope(up, down, 2.0 * h) - found.vega).abs() < scale);
        let h = black.years * 1e-4;
        let (up, down) = (
            Black76 { years: black.years + h, ..black },
            Black76 { years: black.years - h, ..black },
        );
        let scale = black.forward * black.sigma / black.years.sqrt() * 1e-6;
        prop_assert!((slope(up, down, 2.0 * h) + found.theta).abs() < scale);
        // A rate that grows the forward from a fixed spot and discounts the value.
        let h = 1e-4 * deviation / black.years;
        let moved = |rate: f64| {
            let growth = (rate * black.years).exp();
            Black76 { forward: black.forward * growth, ..black }.price(right) / growth
        };
        let rate = (moved(h) - moved(-h)) / (2.0 * h);
        let scale = black.years * black.forward.max(black.strike) * 1e-6;
        prop_assert!((rate - found.rho).abs() < scale);
    }

    #[test]
    fn implied_round_trip(black in options(), right in rights()) {
        let price = black.price(right);
        let least = match right {
            Call => black.forward - black.strike,
            Put => black.strike - black.forward,
        };
        prop_assume!(least.max(0.0) < price);
        let Black76 { forward, strike, sigma, years } = black;
        let found = implied_volatility(price, forward, strike, years, right);
        // What an option in the money has lost to its intrinsic value, it cannot give back.
        let digits = 1e-12 + 4e-16 * price / (black.greeks(right).vega * sigma);
        prop_assert!(off(found.expect("a price"), sigma) < digits, "{:?}", found);
    }

    #[test]
    fn implied_takes_any_number(
        price in any::<f64>(), forward in any::<f64>(), strike in any::<f64>(),
        years in any::<f64>(), right in rights(),
    ) {
        if let Ok(sigma) = implied_volatility(price, forward, strike, years, right) {
            prop_assert!(0.0 <= sigma);
        }
    }

    /// Calls fall with the strike, no faster than it rises, and slower and slower: over all
    /// strikes, those between the points of the grid too. The corner at the end of a wing may cost
    /// a ten-millionth.
    #[test]
    fn no_arbitrage_in_the_strike(svi in surfaces()) {
        let slice = Slice::new(&svi);
        let call = |strike: f64| {
            let sigma = slice.total_variance(strike.ln()).sqrt();
            Black76 { forward: 1.0, strike, sigma, years: 1.0 }.price(Call)
        };
        let strikes: Vec<f64> =
            (-300..=300).map(|step| (f64::from(step) * 0.02).exp()).collect();
        let calls: Vec<f64> = strikes.iter().map(|strike| call(*strike)).collect();
        let slopes: Vec<f64> = (1..strikes.len())
            .map(|i| (calls[i] - calls[i - 1]) / (strikes[i] - strikes[i - 1]))
            .collect();
        for (i, slope) in slopes.iter().enumerate() {
            prop_assert!((-1.0 - 1e-10..=1e-10).contains(slope), "{} at {}", slope, strikes[i]);
        }
        for (i, pair) in slopes.windows(2).enumerate() {
            let next = strikes[i + 2].ln();
            let ends = slice.total_variance(next) == slice.total_variance(1.001 * next)
                || slice.total_variance(strikes[i].ln())
                    == slice.total_variance(1.001 * strikes[i].ln());
            let slack = if ends { 1e-7 } else { 1e-9 };
            prop_assert!(pair[0] <= pair[1] + slack, "{:?} at {}", pair, strikes[i + 1]);
        }
    }

    /// What is in the money by as much is worth more later.
    #[test]
    fn no_arbitrage_in_time(near in surfaces(), more in 0.0..0.1, k in -3.0..3.0) {
        let far = Svi { a: near.a + (more * 1e9) as i64, ..near };
        prop_assume!(check(&far).is_ok());
        prop_assert!(check_calendar(&near, &far).is_ok());
        let later = Slice::new(&far).total_variance(k);
        prop_assert!(Slice::new(&near).total_variance(k) <= later);
        if 1_000 < far.a - near.a {
            prop_assert!(check_calendar(&far, &near).is_err());
        }
    }

    #[test]
    fn any_parameters_are_judged(
        a in any::<i64>(), b in any::<i64>(), rho in any::<i64>(), m in any::<i64>(),
        sigma in any::<i64>(),
    ) {
        let wild = Svi { a, b, rho, m, sigma };
        prop_assert!(check(&wild).is_err());
        // Within the ranges, whatever they are.
        let svi = Svi {
            a: a % 144_000_000_001,
            b: (b % 2_000_000_001).abs(),
            rho: rho % 1_000_000_000,
            m: m % 144_000_000_001,
            sigma: (sigma % 144_000_000_000).abs() + 1,
        };
        let _ = check(&svi);
        let _ = check_calendar(&svi, &wild);
    }

    /// Marks of calls fall with the strike and those of puts rise, tick by tick.
    #[test]
    fn marks_are_in_the_order_of_strikes(svi in surfaces(), style in 0..2, lift in 1_u64..1_000) {
        let expiry = Expiry::new(&ExpiryTerms {
            forward: IndexPrice(60_000 * IndexPrice::SCALE),
            expiry: At(lift * 86_400_000),
            svi,
            fitted_at: At(0),
            now: At(lift * 1_000),
        });
        let (style, tick) = if style == 0 {
            (Style::Linear, Decimal::whole(1))
        } else {
            (Style::Inverse, Decimal::new(1, 5).expect("a decimal"))
        };
        let marks = |right| {
            let strikes = (1..=400).map(move |step| Decimal::whole(step * 1_000));
            strikes.map(move |strike| {
                let terms = StrikeTerms::new(strike, right, style, tick).expect("above zero");
                expiry.mark(&terms).0
            })
        };
        let (calls, puts): (Vec<Ticks>, Vec<Ticks>) = (marks(Call).collect(), marks(Put).collect());
        prop_assert!(calls.is_sorted_by(|one, other| other <= one));
        prop_assert!(puts.is_sorted());
    }
}
