//! Cancel on disconnect: a dropped connection's orders are cancelled by commands, so that every
//! replica sees it at the same place of its log (api.md §3.5, §15.2).
//!
//! Orders carry the session of the socket that they came through if it cancels on disconnect. When
//! it drops, each domain gets one `DropSession`, in the class of cancels, again and again while the
//! queue is full. An order that was still under way is caught by a second one after its outcome is
//! known. The last one is waited for: a leader that loses its office forgets what it had queued, so
//! it is proposed anew until it is known to be in the log.
//!
//! It is a machine without a clock: it goes as far as it can, and says how long to wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use types::planted::{self, Bug};
use types::{Command, SessionId};

use crate::call::{Intent, Reply};
use crate::publish::{Market, Outcome};
use crate::socket::InFlight;
use crate::venue::{Class, DomainId};

const RETRY_FIRST: Duration = Duration::from_millis(2);
const RETRY_MAX: Duration = Duration::from_millis(250);
/// How long an order that was under way is waited for.
const UNDER_WAY_MAX: Duration = Duration::from_secs(30);

/// The end of a connection whose orders go with it.
pub struct Leaving {
    market: Arc<Market>,
    session: SessionId,
    in_flight: Arc<InFlight>,
    /// How far each domain is.
    domains: Vec<Progress>,
    /// Between two tries while a queue is full.
    pause: Duration,
    /// For what was under way.
    waited: Duration,
    /// Nothing is under way any more: what is proposed now is the last.
    is_last: bool,
}

/// The cancel of one domain.
enum Progress {
    /// It is to be proposed.
    Due,
    /// It was; what comes of it.
    Proposed(Receiver<Outcome>),
    /// It is in the log.
    Done,
}

impl Leaving {
    pub(crate) fn new(
        market: Arc<Market>,
        session: SessionId,
        in_flight: Arc<InFlight>,
    ) -> Leaving {
        let is_last = in_flight.is_empty();
        let domains = market.domain_ids().map(|_| Progress::Due).collect();
        let (pause, waited) = (RETRY_FIRST, Duration::ZERO);
        Leaving { market, session, in_flight, domains, pause, waited, is_last }
    }

    /// Cancels as far as that goes now. After so long it is to be called again; `None`: the last
    /// cancel of every domain is in the log.
    pub fn step(&mut self) -> Option<Duration> {
        if self.propose().is_err() {
            let pause = self.pause;
            self.pause = (pause * 2).min(RETRY_MAX);
            return Some(pause);
        }
        self.pause = RETRY_FIRST;
        if self.is_last {
            return self.confirm();
        }
        if !self.in_flight.is_empty() && self.waited < UNDER_WAY_MAX {
            self.waited += RETRY_MAX;
            return Some(RETRY_MAX);
        }
        self.is_last = true;
        self.domains.fill_with(|| Progress::Due);
        self.step()
    }

    /// Proposes what is due; an error if a queue is full.
    fn propose(&mut self) -> Result<(), ()> {
        for (domain, progress) in self.market.domain_ids().zip(&mut self.domains) {
            if matches!(progress, Progress::Due) {
                *progress = Progress::Proposed(drop_session(&self.market, domain, self.session)?);
            }
        }
        Ok(())
    }

    /// Looks at what came of what was proposed. What will not come, or may not, is due again.
    fn confirm(&mut self) -> Option<Duration> {
        if planted::is(Bug::DisconnectNotConfirmed) {
            return None;
        }
        for progress in &mut self.domains {
            let Progress::Proposed(outcome) = progress else { continue };
            match outcome.try_recv() {
                Ok(Ok(_)) => *progress = Progress::Done,
                Ok(Err(_)) | Err(TryRecvError::Closed) => *progress = Progress::Due,
                Err(TryRecvError::Empty) => {}
            }
        }
        let is_done = self.domains.iter().all(|progress| matches!(progress, Progress::Done));
        (!is_done).then_some(RETRY_MAX)
    }
}

fn drop_session(
    market: &Market,
    domain: DomainId,
    session: SessionId,
) -> Result<Receiver<Outcome>, ()> {
    let command = Command::DropSession { session: Some(session) };
    let intent = Intent { domain, class: Class::Cancel, command };
    market.propose(intent, Reply::Ok).map_err(drop)
}
