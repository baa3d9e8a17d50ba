//! What the mirror needs of a venue, wherever it is: `super::inside` or `super::outside`.

use types::{Lots, Ticks};

use super::own::OwnBook;
use super::plan::Action;

/// Levels of the comparison.
pub const TOP: usize = 20;

/// Best levels first, at most [`TOP`].
pub type TopSide = Vec<(Ticks, Lots)>;

/// A venue that can be mirrored into.
pub trait Desk {
    /// Sets index and mark.
    async fn report_price(&mut self, mid: Ticks) -> anyhow::Result<()>;
    /// Carries actions out in their order, and waits for all outcomes. How many were refused.
    async fn carry_out(&mut self, actions: &[Action], own: &mut OwnBook) -> anyhow::Result<u64>;
    /// The best bids and asks, as the venue publishes them.
    async fn top(&mut self) -> anyhow::Result<(TopSide, TopSide)>;
}
