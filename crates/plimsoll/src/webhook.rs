//! Webhooks: each notice, POSTed to whoever the operator named, signed for them.
//!
//! ```text
//!   market (the last notices of each domain) ◀─ next after the cursor ─ one task a webhook
//!     ─▶ POST, HMAC ─▶ 2xx: the cursor moves on
//!                  └─▶ anything else: again, twice as late each time ─▶ given up: dead letter
//! ```
//! A task pulls what it has not delivered, so nothing queues for it, and a receiver that is dead or
//! slow holds up nobody but itself. The cursor is on disk: a restart goes on where it was. What was
//! delivered just before a crash may come twice: domain and number say which notice it is.
//!
//! It does not follow redirects, reads no answer beyond its status, and waits for nothing without
//! an end.

mod post;
mod resend;
mod store;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use gateway::Market;
use gateway::venue::{Domain, DomainId};
use tokio::task::JoinSet;

pub use resend::webhook;

use crate::output;
use post::Poster;
use store::{Cursor, DeadLetter};

/// Webhooks of one venue.
pub const WEBHOOKS_MAX: usize = 16;

/// A receiver, as the configuration names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Where notices are sent.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("url", &self.url).finish_non_exhaustive()
    }
}

/// How patiently notices are delivered.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks for something new.
    pub look: Duration,
    /// How long one attempt may take.
    pub patience: Duration,
    /// After the first failure; doubled after each one that follows.
    pub first: Duration,
    /// The longest wait between two attempts.
    pub longest: Duration,
    /// Attempts before a notice is a dead letter.
    pub attempts_max: u32,
}

impl Default for Pace {
    /// About three minutes for one notice.
    fn default() -> Pace {
        Pace {
            look: Duration::from_millis(250),
            patience: Duration::from_secs(5),
            first: Duration::from_millis(500),
            longest: Duration::from_secs(60),
            attempts_max: 10,
        }
    }
}

/// The tasks; they end when this is dropped.
#[derive(Debug)]
pub struct Webhooks {
    _tasks: JoinSet<()>,
}

impl Webhooks {
    /// Begins to deliver. A receiver that is new gets what is published from now on.
    pub fn start(
        market: &Market,
        domains: &[Domain],
        data: &Path,
        receivers: &[Receiver],
        pace: Pace,
    ) -> anyhow::Result<Webhooks> {
        let mut tasks = JoinSet::new();
        for receiver in receivers {
            let poster = Poster::new(receiver, pace.patience)
                .with_context(|| format!("the webhook {}", receiver.url))?;
            let dir = store::directory(data);
            let ids = domains.iter().zip((0..).map(DomainId));
            let ids = ids.map(|(domain, id)| (domain.asset.to_string(), id)).collect::<Vec<_>>();
            let begin = ids.iter().map(|(asset, id)| (asset.clone(), market.newest_notice(*id)));
            let cursor = Cursor::open(&dir, &receiver.url, begin.collect())
                .with_context(|| format!("reading the cursor of the webhook {}", receiver.url))?;
            let market = market.clone();
            tasks.spawn(Delivery { market, ids, dir, cursor, poster, pace }.run());
        }
        Ok(Webhooks { _tasks: tasks })
    }
}

/// What one task does.
struct Delivery {
    market: Market,
    /// Domains by the names that the cursor has for them.
    ids: Vec<(String, DomainId)>,
    dir: PathBuf,
    cursor: Cursor,
    poster: Poster,
    pace: Pace,
}

/// A notice that is due.
struct Due {
    asset: String,
    number: u64,
    notice: String,
}

impl Delivery {
    async fn run(mut self) {
        loop {
            let Some(due) = self.next() else {
                tokio::time::sleep(self.pace.look).await;
                continue;
            };
            if let Err(letter) = self.deliver(&due).await {
                self.bury(&letter);
            }
            if let Err(error) = self.cursor.advance(&due.asset, due.number) {
                let url = self.poster.url();
                output::note(&format!("the cursor of the webhook {url} is not stored: {error}"));
            }
        }
    }

    /// The next notice of any domain that was not delivered.
    fn next(&self) -> Option<Due> {
        self.ids.iter().find_map(|(asset, id)| {
            let (number, notice) = self.market.notice_from(*id, self.cursor.last(asset) + 1)?;
            if self.cursor.last(asset) + 1 < number {
                let (url, last) = (self.poster.url(), self.cursor.last(asset));
                output::note(&format!(
                    "{asset}: the webhook {url} has notices up to {last} and is too far behind: \
                     it goes on with {number}; the rest is in the log"
                ));
            }
            Some(Due { asset: asset.clone(), number, notice })
        })
    }

    /// Sends until it is taken; gives up after so many attempts.
    async fn deliver(&self, due: &Due) -> Result<(), DeadLetter> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Err(fault) = self.poster.post(&due.notice).await else {
                return Ok(());
            };
            if self.pace.attempts_max <= attempts {
                let url = self.poster.url();
                return Err(DeadLetter::new(url, attempts, fault.to_string(), &due.notice));
            }
            tokio::time::sleep(wait_after(attempts, self.pace)).await;
        }
    }

    fn bury(&self, letter: &DeadLetter) {
        let what = format!("a notice was not delivered to {}: {}", letter.url, letter.fault);
        match store::append(&self.dir, letter) {
            Ok(()) => output::note(&format!("{what}; it is a dead letter")),
            Err(error) => output::note(&format!("{what}, nor stored as a dead letter: {error}")),
        }
    }
}

/// Twice as long after each failure, up to the longest.
fn wait_after(failures: u32, pace: Pace) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    pace.first.saturating_mul(1 << doublings).min(pace.longest)
}
