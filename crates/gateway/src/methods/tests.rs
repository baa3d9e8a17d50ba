//! Methods against a venue of real engines without a log.

mod fed;
mod halts;
mod objects;
mod portfolio;
mod prices;
mod recovery;
mod refusals;
mod reports;
mod risk;
mod stories;
mod triggers;
mod upgrades;
pub(crate) mod world;
