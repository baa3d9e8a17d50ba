//! The bits of a grid of inputs. They were written once; a build or a machine on which one of them
//! differs would disagree with the others about marks, and must not run a replica.
//!
//! A change that moves them on purpose (a new formula, a new version of `libm`) changes what old
//! logs mean: it needs a format version, and then `UPDATE_EXPECT=1`.

use std::fmt::Write;
use std::format;
use std::string::String;

use expect_test::expect_file;
use types::OptionRight::{Call, Put};
use types::{At, Decimal, IndexPrice, Style};

use super::worked;
use crate::{
    Black76, Expiry, ExpiryTerms, Future, Greeks, StrikeTerms, forward, implied_volatility,
};

const DAY: u64 = 86_400_000;

fn bits(numbers: &[f64]) -> String {
    let words = numbers.iter().map(|number| format!(" {:016x}", number.to_bits()));
    words.collect()
}

fn of_greeks(greeks: &Greeks) -> String {
    let Greeks { price, delta, gamma, vega, theta, rho } = *greeks;
    bits(&[price, delta, gamma, vega, theta, rho])
}

#[test]
fn black_76_and_its_inverse() {
    let mut found =
        String::from("# strike sigma days right | price delta gamma vega theta rho iv\n");
    for (strike, sigma) in [20e3, 48e3, 59.5e3, 60e3, 60.5e3, 75e3, 180e3_f64]
        .into_iter()
        .flat_map(|strike| [0.05, 0.35, 0.6, 1.9].map(|sigma| (strike, sigma)))
    {
        for (days, right) in [(0.04, Call), (2.0, Put), (30.0, Call), (400.0, Put)] {
            let black = Black76 { forward: 60e3, strike, sigma, years: days / 365.0 };
            let greeks = black.greeks(right);
            let other = if strike < 60e3 { Put } else { Call };
            let out = black.price(other);
            let iv = implied_volatility(out, 60e3, strike, black.years, other).unwrap_or(0.0);
            let numbers = of_greeks(&greeks) + &bits(&[iv]);
            writeln!(found, "{strike} {sigma} {days} {right:?}:{numbers}").expect("text");
        }
    }
    expect_file!["golden/black76.txt"].assert_eq(&found);
}

#[test]
fn marks() {
    let mut found = String::from("# minutes left, strike, right, style: mark and its Greeks\n");
    for minutes_left in [1_u64, 90, 1_440, 43_200] {
        let expiry = At(30 * DAY);
        let now = At(expiry.0 - minutes_left * 60_000);
        let futures = [
            Future { expiry: At(20 * DAY), mark: IndexPrice(6_012_300_000_000) },
            Future { expiry: At(90 * DAY), mark: IndexPrice(6_101_000_000_000) },
        ];
        let index = IndexPrice(6_000_050_000_000);
        let forward = forward(index, now, expiry, &futures);
        writeln!(found, "forward {forward}").expect("text");
        let (svi, fitted_at) = (worked(), At(0));
        let expiry = Expiry::new(&ExpiryTerms { forward, expiry, svi, fitted_at, now });
        for strike in ["17500", "42000.5", "59999.25", "61000", "95000", "400000"] {
            let strike = Decimal::parse(strike).expect("a decimal");
            for (right, style, tick) in
                [(Call, Style::Inverse, (1, 4)), (Put, Style::Linear, (25, 1))]
            {
                let tick = Decimal::new(tick.0, tick.1).expect("a decimal");
                let terms = StrikeTerms::new(strike, right, style, tick).expect("above zero");
                let (mark, option) = expiry.mark(&terms);
                let named = format!("{minutes_left} {strike} {right:?} {style:?}");
                writeln!(found, "{named}: {mark} {option:?}").expect("text");
            }
        }
    }
    expect_file!["golden/marks.txt"].assert_eq(&found);
}
