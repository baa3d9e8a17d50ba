//! What the venue has published: the views of all domains, and who listens to them.
//!
//! ```text
//!   Applied ─▶ publish ─▶ view ─▶ replies by tag          (one lock a domain, taken once a batch)
//!                            └──▶ channels ─▶ outboxes
//!   timer ───▶ tick ────▶ channels that wait for the end of their interval
//! ```

use std::sync::Arc;

use types::{AccountId, Applied};

use crate::Outbox;
use crate::call::Answer;
use crate::rpc::{Json, RpcError};
use crate::venue::{DomainId, Venue};

/// One listener of one channel.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Its connection, by a number that is never used twice.
    pub connection: u64,
    /// Who it is; `None` without login, which closes `user.*` and raw channels to it.
    pub account: Option<AccountId>,
    /// Where its notifications go.
    pub outbox: Outbox,
    /// Echoed in its notifications.
    pub label: Option<Arc<str>>,
}

/// The views of all domains, the replies that are due, and the channels.
pub struct Market {
    venue: Arc<dyn Venue>,
}

impl Market {
    /// A market without history: the venue's batches fill it through [`Market::publish`].
    pub fn new(venue: Arc<dyn Venue>) -> Market {
        Market { venue }
    }

    /// Takes in a batch of one domain. Called once for each batch, in order.
    pub fn publish(&self, _domain: DomainId, _applied: &Applied) {}

    /// Ends the intervals that are over. Called every 100 ms or so.
    pub fn tick(&self, _now_ms: u64) {}

    /// Listens to `channel`. `Ok(None)`: there is no such channel, or it is not for this subscriber;
    /// `Ok(Some(name))`: active under this name (which the caller needs to end it); an error refuses
    /// the whole call (13778, too many listeners).
    pub fn subscribe(&self, _channel: &str, _by: Subscriber) -> Result<Option<String>, RpcError> {
        Ok(None)
    }

    /// Stops listening; false if it did not listen.
    pub fn unsubscribe(&self, _connection: u64, _channel: &str) -> bool {
        false
    }

    /// Ends every subscription of a connection.
    pub fn unsubscribe_all(&self, _connection: u64) {}

    /// The venue has stopped: no outcome will come any more. Replies that are due say so (11031).
    pub fn stopped(&self) {}

    /// The result of a call: proposes the commands of the answer and waits for their outcomes.
    pub async fn finish(&self, answer: Answer) -> Result<Json, RpcError> {
        let _ = (&self.venue, answer);
        Err(RpcError { code: 10033, message: "not_implemented".into(), data: None })
    }
}
