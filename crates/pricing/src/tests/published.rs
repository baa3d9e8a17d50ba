//! Published values, each with its source.

use types::OptionRight::{self, Call, Put};

use crate::{Black76, Greeks, implied_volatility};

/// What a source prints: of an option on a forward `spot · e^(carry · T)`, discounted at `rate`.
struct Row {
    source: &'static str,
    spot: f64,
    carry: f64,
    strike: f64,
    rate: f64,
    years: f64,
    sigma: f64,
    right: OptionRight,
    what: fn(&Greeks, &Discount) -> f64,
    /// As printed.
    value: f64,
    /// Half a unit in the last digit that is printed.
    within: f64,
}

/// The discount factor, and the forward of one unit of spot.
struct Discount {
    factor: f64,
    growth: f64,
}

const HULL: &str =
    "J. Hull, Options, Futures, and Other Derivatives, Black-Scholes-Merton: S 42, K 40";
const HULL_76: &str =
    "J. Hull, Options, Futures, and Other Derivatives, Black's model: crude oil, F 20";
const MATLAB: &str = "MathWorks, Financial Toolbox, blkprice: the same option with four digits";
const HAUG_76: &str = "E. Haug, Option Pricing Formulas, 2nd ed., Black-76: Brent Blend, F 19";
const HAUG_BS: &str = "E. Haug, Option Pricing Formulas, 2nd ed., Black-Scholes: S 60, X 65";
const HAUG_DELTA: &str = "E. Haug, Option Pricing Formulas, 2nd ed., delta: F 105, X 100";
const HAUG_GAMMA: &str = "E. Haug, Option Pricing Formulas, 2nd ed., gamma: S 55, X 60";
const HAUG_VEGA: &str = "E. Haug, Option Pricing Formulas, 2nd ed., vega: S 55, X 60";
const HAUG_RHO: &str = "E. Haug, Option Pricing Formulas, 2nd ed., rho: S 72, X 75";
const VOLLIB: &str = "vollib (Jaeckel's reference code), undiscounted_black: F 100, K 100";
const VOLLIB_76: &str = "vollib (Jaeckel's reference code), black: F 100, K 100, r 2 %";
const VOLLIB_BS: &str = "vollib (Jaeckel's reference code), black_scholes: S 100, K 90, r 1 %";
const VOLLIB_NORMAL: &str = "vollib (Jaeckel's reference code), normalised_black: F 100, K 95";
const VENUE: &str = "venue.md 2.4.2, F 60,000, K 65,000";

fn price(greeks: &Greeks, discount: &Discount) -> f64 {
    greeks.price * discount.factor
}

fn delta(greeks: &Greeks, discount: &Discount) -> f64 {
    greeks.delta * discount.factor * discount.growth
}

fn gamma(greeks: &Greeks, discount: &Discount) -> f64 {
    greeks.gamma * discount.factor * discount.growth * discount.growth
}

fn vega(greeks: &Greeks, discount: &Discount) -> f64 {
    greeks.vega * discount.factor
}

/// With the spot as it is; a rate discounts and carries alike.
fn rho(greeks: &Greeks, discount: &Discount) -> f64 {
    greeks.rho * discount.factor
}

/// Over `√(F·K)`, which is how Jaeckel normalises.
fn normalised(greeks: &Greeks, _: &Discount) -> f64 {
    greeks.price / (100.0_f64 * 95.0).sqrt()
}

#[expect(clippy::too_many_arguments, reason = "a row of a table")]
const fn row(
    source: &'static str,
    (spot, carry): (f64, f64),
    strike: f64,
    rate: f64,
    years: f64,
    sigma: f64,
    right: OptionRight,
    what: fn(&Greeks, &Discount) -> f64,
    (value, within): (f64, f64),
) -> Row {
    Row { source, spot, carry, strike, rate, years, sigma, right, what, value, within }
}

const MONTH: f64 = 30.0 / 365.0;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(HULL, (42.0, 0.1), 40.0, 0.1, 0.5, 0.2, Call, price, (4.76, 0.005)),
    row(HULL, (42.0, 0.1), 40.0, 0.1, 0.5, 0.2, Put, price, (0.81, 0.005)),
    row(HULL_76, (20.0, 0.0), 20.0, 0.09, 4.0 / 12.0, 0.25, Put, price, (1.12, 0.005)),
    row(MATLAB, (20.0, 0.0), 20.0, 0.09, 4.0 / 12.0, 0.25, Call, price, (1.1166, 5e-5)),
    row(MATLAB, (20.0, 0.0), 20.0, 0.09, 4.0 / 12.0, 0.25, Put, price, (1.1166, 5e-5)),
    row(HAUG_76, (19.0, 0.0), 19.0, 0.1, 0.75, 0.28, Call, price, (1.7011, 5e-5)),
    row(HAUG_76, (19.0, 0.0), 19.0, 0.1, 0.75, 0.28, Put, price, (1.7011, 5e-5)),
    row(HAUG_BS, (60.0, 0.08), 65.0, 0.08, 0.25, 0.3, Call, price, (2.1334, 5e-5)),
    row(HAUG_DELTA, (105.0, 0.0), 100.0, 0.1, 0.5, 0.36, Call, delta, (0.5946, 5e-5)),
    row(HAUG_DELTA, (105.0, 0.0), 100.0, 0.1, 0.5, 0.36, Put, delta, (-0.3566, 5e-5)),
    row(HAUG_GAMMA, (55.0, 0.1), 60.0, 0.1, 0.75, 0.3, Call, gamma, (0.0278, 5e-5)),
    row(HAUG_VEGA, (55.0, 0.0695), 60.0, 0.105, 0.75, 0.3, Call, vega, (18.5027, 5e-5)),
    row(HAUG_RHO, (72.0, 0.09), 75.0, 0.09, 1.0, 0.19, Call, rho, (38.7325, 5e-5)),
    row(VOLLIB, (100.0, 0.0), 100.0, 0.0, 0.5, 0.2, Call, price, (5.637_197_779_701_664, 2e-14)),
    row(VOLLIB_76, (100.0, 0.0), 100.0, 0.02, 0.5, 0.2, Call, price,
        (5.581_106_724_604_812, 2e-14)),
    row(VOLLIB_BS, (100.0, 0.01), 90.0, 0.01, 0.5, 0.2, Call, price, (12.111_581_435, 5e-10)),
    row(VOLLIB_BS, (100.0, 0.01), 90.0, 0.01, 0.5, 0.2, Put, price, (1.662_704_562_31, 5e-12)),
    row(VOLLIB_NORMAL, (100.0, 0.0), 95.0, 0.0, 0.5, 0.3, Put, normalised,
        (0.061_296_663_817_558_904, 1e-16)),
    row(VOLLIB_NORMAL, (100.0, 0.0), 95.0, 0.0, 0.5, 0.3, Call, normalised,
        (0.112_595_581_421_816_55, 1e-16)),
    row(VENUE, (60_000.0, 0.0), 65_000.0, 0.0, MONTH, 0.6, Call, price, (2_237.87, 0.005)),
    row(VENUE, (60_000.0, 0.0), 65_000.0, 0.0, MONTH, 0.6, Put, price, (7_237.87, 0.005)),
];

#[test]
fn values() {
    for row in ROWS {
        let Row { years, sigma, strike, .. } = *row;
        let growth = (row.carry * years).exp();
        let discount = Discount { factor: (-row.rate * years).exp(), growth };
        let black = Black76 { forward: row.spot * growth, strike, sigma, years };
        let found = (row.what)(&black.greeks(row.right), &discount);
        assert!((found - row.value).abs() <= row.within, "{}: {found}", row.source);
    }
}

/// The volatilities of the same rows, from their undiscounted prices. A call of Jaeckel's
/// reference code is inverted to all its digits.
#[test]
fn volatilities() {
    let is_price =
        |row: &&Row| core::ptr::fn_addr_eq(row.what, price as fn(&Greeks, &Discount) -> f64);
    for row in ROWS.iter().filter(is_price) {
        let Row { years, sigma, strike, .. } = *row;
        let black = Black76 { forward: row.spot * (row.carry * years).exp(), strike, sigma, years };
        let price = black.price(row.right);
        let found = implied_volatility(price, black.forward, strike, years, row.right);
        assert!((found.expect("a price") - sigma).abs() < 1e-14, "{}", row.source);
    }
    let found = implied_volatility(5.637_197_779_701_664, 100.0, 100.0, 0.5, Call);
    assert!((found.expect("a price") - 0.2).abs() < 1e-15);
    let found = implied_volatility(6.546_355_433_87, 100.0, 100.0, 0.5, Call);
    assert!((found.expect("a price") - 0.232_323_232).abs() < 1e-12, "vollib's second example");
}

/// M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, table 26.1: `N` by the delta
/// of an option with `d1 = x`.
#[test]
fn probabilities() {
    let table = [
        (0.0_f64, 0.5),
        (0.5, 0.691_462_461_274_013),
        (1.0, 0.841_344_746_068_543),
        (2.0, 0.977_249_868_051_821),
        (3.0, 0.998_650_101_968_370),
    ];
    for (x, expected) in table {
        let black = Black76 { forward: 1.0, strike: (0.5 - x).exp(), sigma: 1.0, years: 1.0 };
        let found = black.greeks(Call).delta;
        assert!((found - expected).abs() < 6e-16, "N({x}) is {found}");
        let found = -black.greeks(Put).delta;
        assert!((found - (1.0 - expected)).abs() < 6e-16, "N(-{x}) is {found}");
    }
}

/// venue.md 2.4.2: `d1` and `d2` of the worked option, by the densities that gamma and rho imply.
#[test]
fn inverse_price_and_coin() {
    let black = Black76 { forward: 60_000.0, strike: 65_000.0, sigma: 0.6, years: MONTH };
    assert!((black.price_in_coin(Call) - 0.0373).abs() < 5e-5);
    // N(−0.3793) and N(−0.5513).
    let greeks = black.greeks(Call);
    assert!((greeks.delta - 0.3522).abs() < 5e-5, "{}", greeks.delta);
    let n2 = greeks.rho / (MONTH * 65_000.0);
    assert!((n2 - 0.2907).abs() < 5e-5, "{n2}");
    let parity = black.price(Call) - black.price(Put);
    assert!((parity + 5_000.0).abs() < 1e-11);
}
