//! A market maker: quotes every listed instrument, and requotes what has moved.
//!
//! ```text
//!   every 500 ms   quotes whose price moved ─▶ mass quotes of up to 40 instruments, by currency
//!   every 10 s     all of them, so that what was filled is whole again
//!   every minute   what is listed by now
//! ```
//! Its quotes go away with its connection (cancel on disconnect), as the dialect demands of quotes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use types::AccountId;

use super::actor::{World, unless_dropped};
use super::prices::{INDEXES, Prices};
use super::quotes::{Listed, Manner, TwoSided, listed};
use crate::client::{CallError, Client};
use crate::clock;

/// Between two looks at the prices.
const INTERVAL: Duration = Duration::from_millis(500);
/// After this, a quote is renewed even if its price stands.
const RENEW: Duration = Duration::from_secs(10);
/// Instruments in one mass quote: two quotes each, and a frame of 32 kB.
const INSTRUMENTS_MAX: usize = 40;
/// The group of its market-maker protection.
const GROUP: &str = "1";
/// Between two looks at what is listed.
const RELIST: Duration = Duration::from_secs(60);
/// Longest pause after quotes were refused: while a feed is frozen every quote is.
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// How long it waits for the prices of everything before it quotes what has one.
const PRICES_TIMEOUT: Duration = Duration::from_secs(10);

/// Quotes for ever.
pub async fn run(world: World, account: AccountId, manner: Manner) {
    let live = |client, _| quote(world.clone(), client, manner);
    world.live_again(account, live).await;
}

async fn quote(world: World, client: Client, manner: Manner) -> Result<(), CallError> {
    prepare(&client).await?;
    let mut instruments = listed(&client).await?;
    let mut listed_at = Instant::now();
    let mut prices = world.prices.subscribe();
    let all = prices.wait_for(|prices| instruments.iter().all(|one| one.is_priced(prices)));
    // Some may be priced by nobody yet: they are quoted when they are.
    let _ = tokio::time::timeout(PRICES_TIMEOUT, all).await;
    let mut stands = Standing::default();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_first = true;
    let mut pause = INTERVAL;
    loop {
        ticks.tick().await;
        if RELIST < listed_at.elapsed() {
            (instruments, listed_at) = (listed(&client).await?, Instant::now());
        }
        let moved = stands.moved(&instruments, manner, &prices.borrow_and_update());
        let mut n_refused = 0;
        for (currency, quotes) in moved {
            if !send(&client, &currency, &quotes).await? {
                stands.refused(&quotes);
                n_refused += 1;
            }
        }
        if 0 < n_refused {
            tokio::time::sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
            continue;
        }
        pause = INTERVAL;
        if std::mem::take(&mut is_first) {
            world.quoted.send_modify(|n_makers| *n_makers += 1);
        }
    }
}

/// Quotes need cancel-on-disconnect and a protection, here one that never triggers.
async fn prepare(client: &Client) -> Result<(), CallError> {
    unless_dropped(client.call("private/enable_cancel_on_disconnect", json!({})).await)?;
    for index_name in INDEXES {
        let config = json!({
            "index_name": index_name, "mmp_group": GROUP, "interval": 1, "frozen_time": 1,
            "quantity_limit": 1_000_000, "max_quote_quantity": 1_000_000,
        });
        client.call("private/set_mmp_config", config).await?;
    }
    Ok(())
}

/// False if they were refused, all of them.
async fn send(client: &Client, currency: &str, quotes: &[Value]) -> Result<bool, CallError> {
    let mass = json!({"quote_id": currency, "mmp_group": GROUP, "quotes": quotes});
    let quoted = unless_dropped(client.call("private/mass_quote", mass).await)?;
    Ok(quoted.is_some())
}

/// What was quoted last, and until when that is enough.
#[derive(Default)]
struct Standing {
    quotes: BTreeMap<String, (TwoSided, Instant)>,
}

impl Standing {
    /// Batches of quotes that moved or are due, each of one index: protection is by index.
    fn moved(
        &mut self,
        instruments: &[Listed],
        manner: Manner,
        prices: &Prices,
    ) -> Vec<(String, Vec<Value>)> {
        let now = clock::log_time();
        let mut by_index: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for instrument in instruments.iter().filter(|instrument| !instrument.is_over(now)) {
            let Some(quote) = instrument.quote(manner, prices, now) else { continue };
            if self.stands(&instrument.name, &quote) {
                continue;
            }
            let key = format!("{}-{}", instrument.currency, instrument.base);
            let last = self.quotes.get(&instrument.name).and_then(|(last, _)| last.bid);
            by_index.entry(key).or_default().push(quote.to_json(&instrument.name, last));
            self.quotes.insert(instrument.name.clone(), (quote, Instant::now() + RENEW));
        }
        let batches = by_index.into_iter().flat_map(|(key, quotes)| {
            let batches = quotes.chunks(INSTRUMENTS_MAX).map(<[Value]>::to_vec);
            batches.map(|batch| (key.clone(), batch)).collect::<Vec<_>>()
        });
        batches.collect()
    }

    fn stands(&self, name: &str, quote: &TwoSided) -> bool {
        let standing = self.quotes.get(name);
        standing.is_some_and(|(last, until)| last == quote && Instant::now() < *until)
    }

    /// They are due again at once.
    fn refused(&mut self, quotes: &[Value]) {
        for name in quotes.iter().filter_map(|quote| quote["instrument_name"].as_str()) {
            if let Some((_, until)) = self.quotes.get_mut(name) {
                *until = Instant::now();
            }
        }
    }
}
