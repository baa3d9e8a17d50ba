//! `plimsoll demo`.

pub mod pricing;
pub mod quotes;

#[cfg(test)]
mod tests;
