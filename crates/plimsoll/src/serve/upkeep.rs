//! What a venue does by itself: at 08:00 UTC it ends the day.

use std::convert::Infallible;
use std::time::Duration;

use gateway::Market;
use gateway::venue::DomainId;
use types::Command;

use super::site::carry_out;
use crate::{clock, output};

/// A clock that was set back while we slept is looked at again after this.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Proposes the end of each day in every domain, and never returns.
pub async fn end_days(market: &Market, n_domains: usize) -> anyhow::Result<()> {
    let never: Infallible = run(market, n_domains).await;
    match never {}
}

async fn run(market: &Market, n_domains: usize) -> Infallible {
    let mut due = clock::log_time().next_eight_utc();
    loop {
        let left = Duration::from_millis(due.ms_since(clock::log_time()));
        if !left.is_zero() {
            tokio::time::sleep(left.min(SLEEP_MAX)).await;
            continue;
        }
        for id in (0..).map(DomainId).take(n_domains) {
            if let Err(error) = carry_out(market, id, vec![Command::EndDay]).await {
                output::note(&format!(
                    "the day was not ended, it will be at the next start: {error}"
                ));
            }
        }
        due = clock::log_time().next_eight_utc();
    }
}
