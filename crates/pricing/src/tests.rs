//! Tests of the crate.

mod marks;
