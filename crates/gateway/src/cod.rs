//! Cancel on disconnect: a dropped connection's orders are cancelled by commands, so that every
//! replica sees it at the same place of its log (api.md §3.5, §15.2).
//!
//! Orders carry the session of the socket that they came through if it cancels on disconnect. When
//! it drops, each domain gets one `DropSession`, in the class of cancels, again and again while the
//! queue is full. An order that was still under way is caught by a second one after its outcome is
//! known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use types::{Command, Proposal, SessionId};

use crate::gateway::Gateway;
use crate::venue::{Class, DomainId};

const RETRY_FIRST: Duration = Duration::from_millis(2);
const RETRY_MAX: Duration = Duration::from_millis(250);
/// How long an order that was under way is waited for.
const UNDER_WAY_MAX: Duration = Duration::from_secs(30);

/// Cancels what came through a socket that dropped.
pub(crate) async fn drop_session(
    gateway: Arc<Gateway>,
    session: SessionId,
    in_flight: Arc<AtomicUsize>,
) {
    let was_idle = in_flight.load(Ordering::Acquire) == 0;
    drop_everywhere(&gateway, session).await;
    if was_idle {
        return;
    }
    let mut waited = Duration::ZERO;
    while 0 < in_flight.load(Ordering::Acquire) && waited < UNDER_WAY_MAX {
        tokio::time::sleep(RETRY_MAX).await;
        waited += RETRY_MAX;
    }
    drop_everywhere(&gateway, session).await;
}

async fn drop_everywhere(gateway: &Gateway, session: SessionId) {
    let n_domains = gateway.venue.domains().len();
    for domain in (0..n_domains).filter_map(|index| u8::try_from(index).ok()) {
        propose(gateway, DomainId(domain), session).await;
    }
}

async fn propose(gateway: &Gateway, domain: DomainId, session: SessionId) {
    let mut pause = RETRY_FIRST;
    loop {
        // Tag zero: nobody waits for a reply.
        let proposal =
            Proposal { tag: 0, command: Command::DropSession { session: Some(session) } };
        if gateway.venue.propose(domain, Class::Cancel, proposal).is_ok() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}
