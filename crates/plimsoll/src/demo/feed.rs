//! The feed: walks the index, and reports it and the marks as the operator.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use types::Decimal;

use super::actor::{Prices, World, unless_dropped};
use super::pricing::Walk;
use super::quotes::{Listed, listed};
use crate::client::{CallError, Client, number};
use crate::clock;
use crate::genesis::REFERENCES;

/// Between two reports.
const INTERVAL: Duration = Duration::from_millis(500);
/// What the index is reported in.
const QUOTES: [&str; 2] = ["USD", "USDC"];

/// One walk for each base asset; they go on where they were when the connection is made anew.
type Walks = Arc<Mutex<[Walk; 2]>>;

/// Reports for ever.
pub async fn run(world: World) {
    let [btc, eth] = REFERENCES;
    let begin = |price: i64, stream| Walk::new(world.rng.fork(stream), price as f64);
    let walks: Walks = Arc::new(Mutex::new([begin(btc.price, 1), begin(eth.price, 2)]));
    let live = |client, _| report(world.clone(), client, walks.clone());
    world.live_again(None, live).await;
}

async fn report(world: World, client: Client, walks: Walks) -> Result<(), CallError> {
    let instruments = listed(&client).await?;
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let prices = step(&walks);
        report_index(&client, "BTC", prices.btc).await?;
        report_index(&client, "ETH", prices.eth).await?;
        let marks = json!({ "marks": marks(&instruments, prices) });
        unless_dropped(client.call("operator/report_marks", marks).await)?;
        world.prices.send_replace(prices);
    }
}

fn step(walks: &Walks) -> Prices {
    let mut walks = walks.lock().unwrap_or_else(PoisonError::into_inner);
    let ms = INTERVAL.as_millis() as f64;
    let [btc, eth] = walks.each_mut().map(|walk| walk.step(ms));
    Prices { btc, eth }
}

async fn report_index(client: &Client, base: &str, price: f64) -> Result<(), CallError> {
    // Cents are what an index of this size is quoted in.
    let cents = Decimal::new((price * 100.0).round() as i64, 2).unwrap_or_default();
    for quote in QUOTES {
        let report = json!({"base": base, "quote": quote, "price": number(cents)});
        unless_dropped(client.call("operator/report_index", report).await)?;
    }
    Ok(())
}

fn marks(instruments: &[Listed], prices: Prices) -> Vec<Value> {
    let now = clock::log_time();
    let alive = instruments.iter().filter(|instrument| !instrument.is_over(now));
    alive
        .filter_map(|instrument| {
            let mark = instrument.mark(prices.of(&instrument.base)?, now);
            Some(json!([instrument.name, number(mark)]))
        })
        .collect()
}
