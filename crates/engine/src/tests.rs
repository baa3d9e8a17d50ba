//! Scenarios (a story in, a story out), properties, and the state as bytes.

#![expect(clippy::wildcard_enum_match_arm, reason = "a story leaves most events as they print")]

mod auctions;
mod breakers;
mod cancels;
mod edges;
mod feeds;
mod fees_and_margin;
mod fences;
mod fixtures;
mod fixtures_risk;
mod hostile;
mod liquidation;
mod liquidation_edges;
mod notices;
mod orders;
mod portfolio;
mod priced;
mod priced_properties;
mod prices;
mod properties;
mod protection;
mod review_prices;
mod self_trade;
mod snapshots;
mod states;
mod story;
mod surfaces;
mod trigger_twin;
mod triggers;
mod valuation;
mod versions;
mod views;
mod world;
