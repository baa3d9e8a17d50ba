//! Tests of the crate: against published values, against 60 digits, against what must hold for all
//! inputs, and against the bits of the build that wrote the golden file.



mod implied;
mod marks;


mod reference;


/// Distance of two numbers as a part of the second; of two zeros, nothing.
fn off(found: f64, expected: f64) -> f64 {
    if found == expected { 0.0 } else { ((found - expected) / expected).abs() }
}
