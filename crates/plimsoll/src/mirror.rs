//! `plimsoll mirror`: makes a book of the venue follow a recorded one.
//!
//! ```text
//!   capture file ─▶ lines ─▶ messages ─▶ recorded book ─┐
//!                                                       ├─▶ plan ─▶ cancels, amends, places ─▶ venue
//!   own orders ◀─ outcomes ◀────────────────────────────┘                                       │
//!   comparison: recorded top 20 levels = the venue's top 20 levels ◀── public/get_order_book ───┘
//! ```
//!
//! [`capture`] and [`message`] are the decoder, [`survey`] reads the file once beforehand, [`book`] is the recorded book, [`grid`] puts decimal
//! texts on ticks and lots, [`plan`] is the difference between what is recorded and what stands.
//!
//! It does not replay trades: a recorded trade shows as the size that it took from a level.

pub mod book;
pub mod capture;
pub mod grid;
pub mod message;
pub mod plan;
pub mod survey;

#[cfg(test)]
mod tests;

/// Runs the command.
pub async fn mirror(args: crate::cli::Mirror) -> anyhow::Result<()> {
    anyhow::bail!("{args:?}")
}
