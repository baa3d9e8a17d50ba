//! Marks of the integer door: the worked example of venue.md §2.4.2.

use types::{At, Decimal, IndexPrice, OptionRight, Style, Svi};

use crate::{Black76, Expiry, ExpiryTerms, StrikeTerms, check};

#[test]
fn worked_example() {
    let black = Black76 { forward: 60_000.0, strike: 65_000.0, sigma: 0.6, years: 30.0 / 365.0 };
    assert!((black.price(OptionRight::Call) - 2_237.87).abs() < 0.005);
    assert!((black.price(OptionRight::Put) - 7_237.87).abs() < 0.005);
    let svi = Svi { a: 29_589_041, b: 0, rho: 0, m: 0, sigma: 1 };
    assert_eq!(check(&svi), Ok(()));
    let expiry = At(30 * 86_400_000);
    let forward = IndexPrice(60_000 * IndexPrice::SCALE);
    let expiry = Expiry::new(&ExpiryTerms { forward, expiry, svi, fitted_at: At(0), now: At(0) });
    let tick = Decimal::new(1, 4).expect("a decimal");
    let strike = Decimal::whole(65_000);
    let terms = StrikeTerms::new(strike, OptionRight::Call, Style::Inverse, tick).expect("terms");
    let (mark, option) = expiry.mark(&terms);
    assert_eq!(mark.0, 373);
    assert_eq!(option.iv_ppm, 600_000);
}
