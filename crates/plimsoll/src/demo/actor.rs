//! What the actors share: where the venue is, what the index is, and the habit of coming back.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use types::AccountId;

use super::keys::{Keys, MAKERS, TAKER};
use super::pricing::Rng;
use super::quotes::Manner;
use super::{feed, maker, taker};
use crate::client::{CallError, Client, Notifications};

/// Prices of one moment, in USD.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    /// Of one BTC; 0 before the first report.
    pub btc: f64,
    /// Of one ETH.
    pub eth: f64,
}

impl Prices {
    /// The price of a base asset, once there is one.
    pub fn of(&self, base: &str) -> Option<f64> {
        let price = match base {
            "BTC" => self.btc,
            "ETH" => self.eth,
            _ => return None,
        };
        (0.0 < price).then_some(price)
    }
}

/// What every actor knows.
#[derive(Clone)]
pub struct World {
    /// Where the venue is.
    pub ws: Arc<str>,
    /// The seed of all choices.
    pub rng: Rng,
    /// The keys of all actors.
    pub keys: Keys,
    /// What the feed has reported; set by it alone.
    pub prices: watch::Sender<Prices>,
    /// How many makers have quoted everything once.
    pub quoted: watch::Sender<usize>,
}

/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_millis(500);

impl World {
    /// Before anything has happened.
    pub fn new(ws: &str, rng: &Rng, keys: Keys) -> World {
        let prices = watch::Sender::new(Prices::default());
        World { ws: ws.into(), rng: rng.clone(), keys, prices, quoted: watch::Sender::new(0) }
    }

    /// Starts every actor; they stop when the set is dropped.
    pub fn start(&self) -> JoinSet<()> {
        let mut actors = JoinSet::new();
        actors.spawn(feed::run(self.clone()));
        let tight = Manner { half_spread: 0.0001, size_usd: 20_000.0 };
        let wide = Manner { half_spread: 0.0004, size_usd: 100_000.0 };
        for (account, manner) in MAKERS.into_iter().zip([tight, wide]) {
            actors.spawn(maker::run(self.clone(), account, manner));
        }
        actors.spawn(taker::run(self.clone()));
        actors
    }

    /// Waits for the makers' first quotes; false if they take too long.
    pub async fn wait_until_quoted(&self, timeout: Duration) -> bool {
        let mut quoted = self.quoted.subscribe();
        let all = quoted.wait_for(|n_makers| *n_makers == MAKERS.len());
        tokio::time::timeout(timeout, all).await.is_ok()
    }

    /// Connects as an account, or as the operator without one, and does `live` until the
    /// connection drops; then again, for ever.
    pub async fn live_again<F: Future<Output = Result<(), CallError>>>(
        &self,
        account: Option<AccountId>,
        live: impl Fn(Client, Notifications) -> F,
    ) {
        let key = match account {
            Some(account) => self.keys.of(account),
            None => self.keys.operator(),
        };
        let Ok(key) = key else { return };
        loop {
            let login = Client::login(&self.ws, &key.client_id, &key.client_secret).await;
            // Whatever went wrong, the way on is the same: begin again.
            if let Ok((client, notifications)) = login {
                let _ = live(client, notifications).await;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The taker's account.
    pub fn taker(&self) -> AccountId {
        TAKER
    }
}

/// A refusal is no reason to stop; a dropped connection is.
pub fn unless_dropped<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}
