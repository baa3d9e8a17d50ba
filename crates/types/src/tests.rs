//! Words keep their meaning: numbers, names, bytes.

mod bytes;
mod numbers;
mod planted;
