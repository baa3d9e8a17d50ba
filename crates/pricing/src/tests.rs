//! Tests of the crate: against published values, against 60 digits, against what must hold for all
//! inputs, and against the bits of the build that wrote the golden file.
#![expect(clippy::indexing_slicing, reason = "a test that is out of bounds has failed")]

mod fitted;
mod forwards;
mod golden;
mod implied;
mod marks;
mod properties;
mod published;
mod reference;
mod scenarios;
mod surfaces;

use types::Svi;

/// Distance of two numbers as a part of the second; of two zeros, nothing.
fn off(found: f64, expected: f64) -> f64 {
    if found == expected { 0.0 } else { ((found - expected) / expected).abs() }
}

/// Parameters as they are printed in papers.
fn svi(a: f64, b: f64, rho: f64, m: f64, sigma: f64) -> Svi {
    let ppb = |number: f64| (number * 1e9).round() as i64;
    Svi { a: ppb(a), b: ppb(b), rho: ppb(rho), m: ppb(m), sigma: ppb(sigma) }
}

/// The worked surface of venue.md §2.4.3.
fn worked() -> Svi {
    svi(0.02, 0.08, -0.3, 0.0, 0.15)
}
