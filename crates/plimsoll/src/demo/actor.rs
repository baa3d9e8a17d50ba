//! What the actors share: where the venue is, what it says of prices, and the habit of coming back.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use types::AccountId;

use super::keys::{Keys, MAKERS};
use super::prices::{self, Prices};
use super::pricing::Rng;
use super::quotes::Manner;
use super::{maker, taker};
use crate::client::{CallError, Client, Notifications};

/// What every actor knows.
#[derive(Clone)]
pub struct World {
    /// Where the venue is: one address, or those of all nodes of a cluster.
    pub ws: Arc<[String]>,
    /// The seed of all choices.
    pub rng: Rng,
    /// The keys of all actors.
    pub keys: Keys,
    /// What the venue has said of prices; set by whoever listens, alone.
    pub prices: watch::Sender<Prices>,
    /// How many makers have quoted everything once.
    pub quoted: watch::Sender<usize>,
}

/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_millis(500);

impl World {
    /// Before anything has happened.
    pub fn new(ws: Vec<String>, rng: &Rng, keys: Keys) -> World {
        let prices = watch::Sender::new(Prices::default());
        World { ws: ws.into(), rng: rng.clone(), keys, prices, quoted: watch::Sender::new(0) }
    }

    /// Starts every actor; they stop when the set is dropped.
    pub fn start(&self) -> JoinSet<()> {
        let mut actors = JoinSet::new();
        actors.spawn(prices::run(self.clone()));
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

    /// The address of a turn: whoever loses its connection tries the next one.
    pub fn address(&self, turn: usize) -> &str {
        &self.ws[turn % self.ws.len()]
    }

    /// Connects as an account and does `live` until the connection drops; then again, for ever. In
    /// a cluster the actors begin at different nodes.
    pub async fn live_again<F: Future<Output = Result<(), CallError>>>(
        &self,
        account: AccountId,
        live: impl Fn(Client, Notifications) -> F,
    ) {
        let Ok(key) = self.keys.of(account) else { return };
        let first = usize::try_from(account.0).unwrap_or_default();
        for turn in first.. {
            let address = self.address(turn);
            let login = Client::login(address, &key.client_id, &key.client_secret).await;
            // Whatever went wrong, the way on is the same: begin again.
            if let Ok((client, notifications)) = login {
                let _ = live(client, notifications).await;
            }
            tokio::time::sleep(AGAIN).await;
        }
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
