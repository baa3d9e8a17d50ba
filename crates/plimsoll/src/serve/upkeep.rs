//! What a venue does by itself while it runs.
//!
//! ```text
//!   every second   Tick in every domain: feeds grow stale, averages move, contracts expire
//!     └─▶ Liquidate, as long as rounds of liquidations are due: each entry carries out some
//!   08:00 UTC      EndDay in every domain, then instruments by the listing rule
//! ```
//! On a venue of several machines the node that leads a domain does it.
//!
//! Each task has one command in flight at a time, so a replica that is slow is not asked more
//! often than it answers. A tick that was missed is not made up: the log's time of the next one
//! says how much has passed. One that finds the queue full is not proposed.
//!
//! A crash may make a hundred thousand rounds due in the same second. They go into the log a few
//! dozen an entry, and each of these entries is asked for when the one before it is done: whatever
//! has come meanwhile, cancels first, stands between the two (LIQ-9).

use std::sync::Arc;
use std::time::Duration;

use gateway::Market;
use gateway::venue::{Class, DomainId, Venue};
use tokio::task::JoinSet;
use types::{At, Command};

use super::listing::Lister;
use super::site::carry_out;
use crate::venue::LocalVenue;
use crate::{clock, output};

#[cfg(test)]
mod tests;

/// A clock that was set back while we slept is looked at again after this.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Between two ticks.
const SECOND_MS: u64 = 1_000;
/// Before an index that had no price when its options were due is asked again.
const PRICE_WAIT_MS: u64 = 1_000;

/// The tasks; they end when this is dropped.
#[derive(Debug)]
pub struct Upkeep {
    _tasks: JoinSet<()>,
}

impl Upkeep {
    /// Begins; `lister`: instruments are listed by rule.
    pub fn start(venue: &Arc<LocalVenue>, market: &Market, lister: Option<Lister>) -> Upkeep {
        let mut tasks = JoinSet::new();
        for (domain, _) in (0..).map(DomainId).zip(venue.domains()) {
            tasks.spawn(tick(venue.clone(), market.clone(), domain));
            tasks.spawn(end_days(venue.clone(), market.clone(), domain));
        }
        if let Some(lister) = lister {
            tasks.spawn(list(lister));
        }
        Upkeep { _tasks: tasks }
    }
}

/// Proposes a tick at each whole second, and then what it left over.
async fn tick(venue: Arc<LocalVenue>, market: Market, domain: DomainId) {
    loop {
        let now_ms = clock::log_time().0;
        tokio::time::sleep(Duration::from_millis(SECOND_MS - now_ms % SECOND_MS)).await;
        if !venue.leads(domain) {
            continue;
        }
        // A queue that is full, or a replica that has stopped: the next second asks again.
        let _ = carry_out(&market, domain, Class::Cancel, vec![Command::Tick]).await;
        liquidate(&venue, &market, domain).await;
    }
}

/// Proposes rounds of liquidations while any are due, until the next tick is. They have the reserve
/// of cancels: a flood of orders must not keep a venue from closing what is under water.
async fn liquidate(venue: &LocalVenue, market: &Market, domain: DomainId) {
    let second = clock::log_time().0 / SECOND_MS;
    while clock::log_time().0 / SECOND_MS == second && venue.is_liquidation_due(domain).await {
        let done = carry_out(market, domain, Class::Cancel, vec![Command::Liquidate]).await;
        if done.is_err() {
            return;
        }
    }
}

/// Proposes the end of each day.
async fn end_days(venue: Arc<LocalVenue>, market: Market, domain: DomainId) {
    loop {
        sleep_until(clock::log_time().next_eight_utc()).await;
        if !venue.leads(domain) {
            continue;
        }
        if let Err(error) = carry_out(&market, domain, Class::Order, vec![Command::EndDay]).await {
            output::note(&format!("the day was not ended, it will be at the next start: {error}"));
        }
    }
}

/// Lists what is missing, now and after 08:00 UTC of each day.
async fn list(lister: Lister) {
    loop {
        if !lister.venue.leads(DomainId(0)) {
            tokio::time::sleep(Duration::from_millis(PRICE_WAIT_MS)).await;
            continue;
        }
        let due = match lister.list_missing().await {
            Ok(true) => clock::log_time().next_eight_utc(),
            Ok(false) => clock::log_time().plus_ms(PRICE_WAIT_MS),
            Err(error) => {
                output::note(&format!("instruments are missing until tomorrow: {error:#}"));
                clock::log_time().next_eight_utc()
            }
        };
        sleep_until(due).await;
    }
}

async fn sleep_until(due: At) {
    loop {
        let left = Duration::from_millis(due.ms_since(clock::log_time()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(SLEEP_MAX)).await;
    }
}
