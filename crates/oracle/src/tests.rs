//! Feeds as stories, tables and properties. `stage` plays the stories, `dice` draws.

#![expect(clippy::indexing_slicing, reason = "a test that finds nothing there fails")]
#![expect(clippy::as_conversions, reason = "a test's numbers are small")]

mod dice;
mod gate;
mod incentives;
mod incidents;
mod index;
mod properties;
mod snapshots;
mod stage;
mod stories;
mod terms;
