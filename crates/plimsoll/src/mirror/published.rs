//! The venue's book as anybody sees it: `public/get_order_book`, exact to the last digit.

use anyhow::Context;
use serde_json::{Value, json};
use types::{Lots, Ticks};

use super::desk::{TOP, TopSide};
use super::spec::Spec;
use crate::client::{Client, decimal};

/// Asks for the best levels.
pub async fn top(client: &Client, spec: &Spec) -> anyhow::Result<(TopSide, TopSide)> {
    let params = json!({"instrument_name": spec.name(), "depth": TOP});
    let book = client.call_patiently("public/get_order_book", params).await?;
    Ok((side(&book["bids"], spec)?, side(&book["asks"], spec)?))
}

fn side(levels: &Value, spec: &Spec) -> anyhow::Result<TopSide> {
    let levels = levels.as_array().context("an order book has bids and asks")?;
    let read = levels.iter().map(|level| {
        let price = decimal(&level[0])?.whole_ratio(spec.instrument.tick)?;
        let size = decimal(&level[1])?.whole_ratio(spec.instrument.lot)?;
        Some((Ticks(u32::try_from(price).ok()?), Lots(u32::try_from(size).ok()?)))
    });
    let read: Option<TopSide> = read.collect();
    read.with_context(|| format!("the book of {} is off its own grid", spec.name()))
}
