//! The model against the real engine: it follows long random logs without a word, and speaks of
//! every log that was changed on purpose.

mod broken;
mod clean;
mod draws;
mod finds;
mod listings;
mod scenarios;
mod world;
