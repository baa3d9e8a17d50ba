//! The binary.
mod mirror;

fn main() {}
