//! Implied volatilities: round trips.

use std::println;

use types::OptionRight;

use crate::{Black76, implied_volatility};

#[test]
fn scratch() {
    let mut worst = 0.0_f64;
    let mut n = 0;
    for xi in 0..=400 {
        let x = if xi == 0 {
            0.0
        } else {
            libm::exp(
                -12.0 * libm::log(10.0)
                    + f64::from(xi) / 400.0 * (12.0 * libm::log(10.0) + libm::log(20.0)),
            )
        };
        for si in 0..=400 {
            let s = libm::exp(
                libm::log(1e-4) + f64::from(si) / 400.0 * (libm::log(8.0) - libm::log(1e-4)),
            );
            let b = Black76 { forward: 1.0, strike: libm::exp(x), sigma: s, years: 1.0 };
            let p = b.price(OptionRight::Call);
            if p < 1e-280 * b.strike {
                continue;
            }
            n += 1;
            let iv = implied_volatility(p, b.forward, b.strike, 1.0, OptionRight::Call)
                .map_err(|e| std::format!("{e}"));
            let Ok(iv) = iv else {
                println!("x {x} s {s} p {p:e} {iv:?}");
                continue;
            };
            let err = (iv / s - 1.0).abs();
            if err > worst {
                worst = err;
                println!("x {x:e} s {s} p {p:e} iv {iv} err {err:e}");
            }
        }
    }
    println!("{n} worst {worst:e}");
}
