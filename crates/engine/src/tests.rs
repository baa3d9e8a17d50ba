//! Scenarios (a story in, a story out), properties, and the state as bytes.

mod cancels;
mod fees_and_margin;
mod orders;
mod properties;
mod protection;
mod self_trade;
mod snapshots;
mod story;
mod world;
