//! Tests of the crate.

mod implied;
mod marks;
