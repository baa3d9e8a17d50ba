//! Methods against a venue of real engines without a log.

mod objects;
mod refusals;
mod stories;
pub(crate) mod world;
