//! One WebSocket's state: who it is, what it listens to, how it proves that it lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use types::SessionId;

use crate::auth::tokens::Grant;
use crate::credits::Pool;
use crate::heartbeat::Heartbeat;
use crate::method::Method;
use crate::outbox::Outbox;

/// Requests of a socket that wait for their outcomes. Cancels are counted apart, so that nothing
/// else keeps them out.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    cancels: AtomicUsize,
    others: AtomicUsize,
}

impl InFlight {
    /// How many of a kind wait.
    pub(crate) fn of(&self, is_cancel: bool) -> &AtomicUsize {
        if is_cancel { &self.cancels } else { &self.others }
    }

    /// True if nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        [true, false].iter().all(|kind| self.of(*kind).load(Ordering::Acquire) == 0)
    }
}

/// State of one WebSocket.
pub(crate) struct Socket {
    /// Its number, never used twice while the process runs.
    pub(crate) session: SessionId,
    pub(crate) outbox: Outbox,
    /// Who authenticated on it.
    pub(crate) grant: Option<Arc<Grant>>,
    pub(crate) heartbeat: Option<Heartbeat>,
    /// Orders that come through it are cancelled when it drops.
    pub(crate) cancels_on_disconnect: bool,
    /// Orders came through it that carry its session.
    pub(crate) has_session_orders: bool,
    /// Active channels: as they were asked for, as they are called.
    pub(crate) channels: BTreeMap<String, String>,
    /// `private/logout` was called: no reply, no cancelling, the socket closes.
    pub(crate) is_logged_out: bool,
    /// Requests that wait for their outcomes.
    pub(crate) in_flight: Arc<InFlight>,
    /// Refusals for want of credits since the last call that had enough.
    pub(crate) n_overdrafts: u32,
}

impl Socket {
    pub(crate) fn new(number: u32, outbox: Outbox) -> Socket {
        Socket {
            session: SessionId(number),
            outbox,
            grant: None,
            heartbeat: None,
            cancels_on_disconnect: false,
            has_session_orders: false,
            channels: BTreeMap::new(),
            is_logged_out: false,
            in_flight: Arc::default(),
            n_overdrafts: 0,
        }
    }

    /// Its number, as subscriptions and tokens know it.
    pub(crate) fn id(&self) -> u64 {
        u64::from(self.session.0)
    }

    /// The session that an order through this socket carries.
    pub(crate) fn session_of_order(&mut self, method: &Method) -> Option<SessionId> {
        if !self.cancels_on_disconnect {
            return None;
        }
        self.has_session_orders |= method.pool == Pool::Trading;
        Some(self.session)
    }

    /// The session whose orders are to be cancelled now that the socket dropped.
    pub(crate) fn session_to_drop(&self) -> Option<SessionId> {
        let fires = self.cancels_on_disconnect && self.has_session_orders && !self.is_logged_out;
        fires.then_some(self.session)
    }
}
