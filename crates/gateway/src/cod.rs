//! Cancel on disconnect: a dropped connection's orders are cancelled by commands, so that every
//! replica sees it at the same place of its log (api.md §3.5, §15.2).
//!
//! Orders carry the session of the socket that they came through if it cancels on disconnect. When
//! it drops, each domain gets one `DropSession`, in the class of cancels, again and again while the
//! queue is full. An order that was still under way is caught by a second one after its outcome is
//! known.
//!
//! It is a machine without a clock: it goes as far as it can, and says how long to wait.

use std::sync::Arc;
use std::time::Duration;

use types::{Command, Proposal, SessionId};

use crate::socket::InFlight;
use crate::venue::{Class, DomainId, Venue};

const RETRY_FIRST: Duration = Duration::from_millis(2);
const RETRY_MAX: Duration = Duration::from_millis(250);
/// How long an order that was under way is waited for.
const UNDER_WAY_MAX: Duration = Duration::from_secs(30);

/// The end of a connection whose orders go with it.
pub struct Leaving {
    venue: Arc<dyn Venue>,
    session: SessionId,
    in_flight: Arc<InFlight>,
    /// The domain that is next.
    next: u8,
    /// Between two tries while a queue is full.
    pause: Duration,
    /// For what was under way.
    waited: Duration,
    /// Nothing is under way any more: after this round all is done.
    is_last: bool,
}

impl Leaving {
    pub(crate) fn new(
        venue: Arc<dyn Venue>,
        session: SessionId,
        in_flight: Arc<InFlight>,
    ) -> Leaving {
        let is_last = in_flight.is_empty();
        let (pause, waited) = (RETRY_FIRST, Duration::ZERO);
        Leaving { venue, session, in_flight, next: 0, pause, waited, is_last }
    }

    /// Cancels as far as that goes now. After so long it is to be called again; `None`: all is
    /// done.
    pub fn step(&mut self) -> Option<Duration> {
        loop {
            if let Some(pause) = self.drop_everywhere() {
                return Some(pause);
            }
            if self.is_last {
                return None;
            }
            if !self.in_flight.is_empty() && self.waited < UNDER_WAY_MAX {
                self.waited += RETRY_MAX;
                return Some(RETRY_MAX);
            }
            (self.next, self.is_last) = (0, true);
        }
    }

    /// One `DropSession` a domain, from the next one on.
    fn drop_everywhere(&mut self) -> Option<Duration> {
        while usize::from(self.next) < self.venue.domains().len() {
            // Tag zero: nobody waits for a reply.
            let command = Command::DropSession { session: Some(self.session) };
            let proposal = Proposal { tag: 0, command };
            if self.venue.propose(DomainId(self.next), Class::Cancel, proposal).is_err() {
                let pause = self.pause;
                self.pause = (pause * 2).min(RETRY_MAX);
                return Some(pause);
            }
            (self.next, self.pause) = (self.next + 1, RETRY_FIRST);
        }
        None
    }
}
