//! The taker: a small market order now and then, so that there are trades, candles and positions.
//!
//! It goes either way by chance, and turns back where it has come to hold much.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::actor::{World, unless_dropped};
use super::keys::TAKER;
use super::pricing::Rng;
use super::quotes::{Listed, listed};
use crate::client::{CallError, Client, decimal, number};
use crate::clock;

/// Mean time between two orders, in milliseconds.
const INTERVAL_MS: f64 = 700.0;
/// Usual size in USD of underlying.
const SIZE_USD: f64 = 500.0;
/// Orders in one direction after which it turns back.
const LEAN_MAX: i32 = 8;
/// One order in so many is in a perpetual.
const PERPETUALS: f64 = 0.8;

/// Takes for ever.
pub async fn run(world: World) {
    let live = |client, _| take(world.clone(), client);
    world.live_again(TAKER, live).await;
}

async fn take(world: World, client: Client) -> Result<(), CallError> {
    let instruments = listed(&client).await?;
    let mut rng = world.rng.fork(3);
    let mut leans: BTreeMap<String, i32> = BTreeMap::new();
    loop {
        let wait_ms = -rng.unit().ln() * INTERVAL_MS;
        tokio::time::sleep(Duration::from_millis(wait_ms as u64)).await;
        let Some(instrument) = choose(&instruments, &mut rng) else { continue };
        let lean = leans.entry(instrument.name.clone()).or_default();
        let buys = if lean.abs() < LEAN_MAX { rng.unit() < 0.5 } else { *lean < 0 };
        let index = world.prices.borrow().index(&instrument.index);
        let Some(order) = order(instrument, index, &mut rng) else { continue };
        let method = if buys { "private/buy" } else { "private/sell" };
        let reply = unless_dropped(client.call(method, order).await)?;
        if reply.is_some_and(|reply| has_filled(&reply)) {
            *lean += if buys { 1 } else { -1 };
        }
    }
}

fn choose<'a>(instruments: &'a [Listed], rng: &mut Rng) -> Option<&'a Listed> {
    let wants_perpetual = rng.unit() < PERPETUALS;
    let now = clock::log_time();
    let fitting: Vec<&Listed> = instruments
        .iter()
        .filter(|instrument| instrument.kind.expiry().is_none() == wants_perpetual)
        .filter(|instrument| !instrument.is_over(now))
        .collect();
    fitting.get(rng.below(fitting.len())).copied()
}

fn order(instrument: &Listed, index: Option<f64>, rng: &mut Rng) -> Option<Value> {
    let amount = instrument.amount(SIZE_USD * (0.2 + 2.0 * rng.unit()), index?)?;
    let name = &instrument.name;
    Some(json!({"instrument_name": name, "amount": number(amount), "type": "market"}))
}

fn has_filled(reply: &Value) -> bool {
    decimal(&reply["order"]["filled_amount"]).is_some_and(|filled| 0 < filled.mantissa())
}
