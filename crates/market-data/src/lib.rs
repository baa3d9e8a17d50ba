//! Projections of the events of one margin domain: what its clients want to look at.
//!
//! ```text
//!   Event* ─▶ View ─┬─ instruments: terms, marks, funding, L2 book, trades, candles, their end
//!                   ├─ orders: every open one, and the recently closed; triggers that wait, and
//!                   │  the recently gone
//!                   ├─ accounts: open and closed orders, trades, positions, movements of money,
//!                   │  and the stream of what happened to each, entry by entry
//!                   ├─ indexes: prices, hourly history, health of their feeds, delivery prices
//!                   └─ reporters: keys, stakes
//! ```
//!
//! # Invariants
//! 1. A view is a function of the events that it was given: the same events, the same view.
//! 2. The size at a price is the sum of what the resting orders there display.
//! 3. A book's change number is the seq of the last entry after which its visible sizes differed
//!    from what they were before that entry.
//! 4. Every history has a bound, and what is older falls out at the far end.
//!
//! It does not decide anything, and it does not know margins: those are asked of the engine.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod accounts;
mod book;
mod candles;
mod deliveries;
mod feeds;
mod funding;
mod halts;
mod indexes;
mod instruments;
pub mod limits;
mod marks;
mod notices;
mod orders;
mod prices;
mod snapshot;
mod stream;
mod trades;
mod triggers;
mod view;

#[cfg(test)]
mod tests;

pub use accounts::{Account, Mmp, Movement, Position};
pub use book::{Book, LevelChange};
pub use candles::{Candle, Candles};
pub use deliveries::{DeliveryPrice, Settled, Settlement, Window};
pub use feeds::{Feed, Reporter};
pub use funding::{Funding, FundingHour};
pub use halts::Auction;
pub use indexes::Index;
pub use instruments::{InstrumentView, Life};
pub use marks::Marks;
pub use notices::{Notices, Told};
pub use orders::{Order, OrderState};
pub use stream::{Stream, StreamRecord};
pub use trades::{TickDirection, Trade, UserTrade};
pub use triggers::{Trigger, TriggerState};
pub use view::View;
