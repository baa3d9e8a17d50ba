//! What the actors know of prices: what the venue tells everybody.
//!
//! ```text
//!   deribit_price_index.*   the index, when it changes     ┐
//!   markprice.options.*     marks of its options, a second ┴▶ Prices ─▶ makers, taker
//! ```
//! One connection listens for all of them, without a key.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::actor::World;
use crate::client::{CallError, Client, Notifications};

/// The indexes of the demo's instruments.
pub const INDEXES: [&str; 4] = ["btc_usd", "eth_usd", "btc_usdc", "eth_usdc"];
/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_millis(500);

/// Prices of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    indexes: BTreeMap<String, f64>,
    /// Marks of options, by instrument.
    marks: BTreeMap<String, f64>,
}

impl Prices {
    /// An index such as `btc_usd`, once it has a price.
    pub fn index(&self, name: &str) -> Option<f64> {
        self.indexes.get(name).copied()
    }

    /// The mark of an option, once it has one.
    pub fn mark(&self, name: &str) -> Option<f64> {
        self.marks.get(name).copied()
    }

    /// Takes a notification in.
    pub fn learn(&mut self, notification: &Value) {
        let channel = notification["channel"].as_str().unwrap_or_default();
        let data = &notification["data"];
        if channel.starts_with("deribit_price_index.") {
            if let Some((name, price)) = data["index_name"].as_str().zip(data["price"].as_f64()) {
                self.indexes.insert(name.into(), price);
            }
            return;
        }
        for row in data.as_array().into_iter().flatten() {
            if let Some((name, mark)) =
                row["instrument_name"].as_str().zip(row["mark_price"].as_f64())
            {
                self.marks.insert(name.into(), mark);
            }
        }
    }
}

/// Listens for ever.
pub async fn run(world: World) {
    for turn in 0.. {
        // Whatever went wrong, the way on is the same: begin again.
        if let Ok((client, notifications)) = Client::connect(world.address(turn)).await {
            let _ = listen(&world, client, notifications).await;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn listen(
    world: &World,
    client: Client,
    mut notifications: Notifications,
) -> Result<(), CallError> {
    let of_index =
        |index| [format!("deribit_price_index.{index}"), format!("markprice.options.{index}")];
    let channels: Vec<String> = INDEXES.into_iter().flat_map(of_index).collect();
    client.call("public/subscribe", json!({ "channels": channels })).await?;
    // What stood before we listened; the channels say only what changes.
    for index in INDEXES {
        let asked = json!({ "index_name": index });
        if let Ok(answer) = client.call("public/get_index_price", asked).await {
            let data = json!({"index_name": index, "price": answer["index_price"]});
            let told = json!({"channel": "deribit_price_index.", "data": data});
            world.prices.send_modify(|prices| prices.learn(&told));
        }
    }
    while let Some(notification) = notifications.recv().await {
        world.prices.send_modify(|prices| prices.learn(&notification));
    }
    Ok(())
}
