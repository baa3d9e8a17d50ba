//! One client of a gateway, without its socket: bytes of requests in, replies into its outbox.
//!
//! ```text
//!   bytes ─▶ hear ─▶ decode ─▶ begin ─┬─▶ Answered ───────────────▶ outbox
//!                                     ├─▶ Waiting ─▶ poll, later ─▶ outbox
//!                                     └─▶ Closing
//!   leave ─▶ Leaving: its orders go, if it asked for that
//! ```
//! `ws` drives it with frames and tasks, and the simulator by hand, in a time of its own. It has no
//! clock, and it does not read or write.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use types::SessionId;
use types::planted::{self, Bug};

use crate::admit::charge_unread;
use crate::auth::tokens::Bound;
use crate::clock::Moment;
use crate::cod::Leaving;
use crate::credits::Pool;
use crate::gateway::{Begun, Caller, Gateway};
use crate::heartbeat::{Beat, Heartbeat};
use crate::method::find;
use crate::outbox::{Closing, Outbox};
use crate::refusals;
use crate::rpc::{Json, Request, RpcError, Undecoded, decode_request};
use crate::socket::{InFlight, Socket};
use crate::venue::Later;

const HEARTBEAT: &str = r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}"#;
const TEST_REQUEST: &str =
    r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#;

const TOO_LARGE: Closing = Closing { code: 1009, reason: "request_entity_too_large" };
const NO_HEARTBEAT: Closing = Closing { code: 1008, reason: "heartbeat_missed" };
const OVERDRAWN: Closing = Closing { code: 1008, reason: "too_many_requests" };

/// One client over one WebSocket.
pub struct Visitor {
    gateway: Arc<Gateway>,
    address: IpAddr,
    socket: Socket,
}

/// What became of a request at once.
pub enum Heard {
    /// Its reply is in the outbox.
    Answered,
    /// Its reply comes later.
    Waiting(Waiting),
    /// The connection is to be closed.
    Closing(Closing),
}

/// A request whose outcome is not known yet.
pub struct Waiting {
    gateway: Arc<Gateway>,
    id: Option<Json>,
    at: Moment,
    outcome: Later<Result<Json, RpcError>>,
    outbox: Outbox,
    /// Counts it while it waits, among cancels or among others.
    in_flight: (Arc<InFlight>, bool),
}

impl Waiting {
    /// Once the outcome is there, its reply is in the outbox. Not to be called after that.
    pub fn poll(&mut self, context: &mut Context<'_>, now: impl Fn() -> Moment) -> Poll<()> {
        let Poll::Ready(result) = self.outcome.as_mut().poll(context) else {
            return Poll::Pending;
        };
        let text = self.gateway.reply(self.id.as_ref(), &result, (self.at, now()));
        self.outbox.send(text.into());
        let (in_flight, is_cancel) = &self.in_flight;
        in_flight.of(*is_cancel).fetch_sub(1, Ordering::AcqRel);
        Poll::Ready(())
    }
}

impl Visitor {
    /// Somebody who has just come.
    pub fn new(gateway: Arc<Gateway>, address: IpAddr) -> Visitor {
        let number = gateway.next_connection.fetch_add(1, Ordering::Relaxed);
        let socket = Socket::new(number, Outbox::new(gateway.limits.outbox));
        Visitor { gateway, address, socket }
    }

    /// Its session, which its orders carry if they are cancelled on disconnect.
    pub fn session(&self) -> SessionId {
        self.socket.session
    }

    /// What it is to be sent.
    pub fn outbox(&self) -> &Outbox {
        &self.socket.outbox
    }

    /// One request, in whatever bytes.
    pub fn hear(&mut self, bytes: &[u8], at: Moment) -> Heard {
        let grant = Ok(self.socket.grant.clone());
        let mut caller = Caller {
            gateway: &self.gateway,
            address: self.address,
            grant,
            socket: Some(&mut self.socket),
            at,
        };
        let (id, is_cancel, begun) = begin(&mut caller, bytes);
        if self.socket.is_logged_out {
            return Heard::Closing(Closing::NORMAL);
        }
        match begun {
            Begun::Done(result) => self.answer(id.as_ref(), &result, at),
            Begun::Waiting(outcome) => {
                let in_flight = (self.socket.in_flight.clone(), is_cancel);
                in_flight.0.of(is_cancel).fetch_add(1, Ordering::AcqRel);
                let (gateway, outbox) = (self.gateway.clone(), self.socket.outbox.clone());
                Heard::Waiting(Waiting { gateway, id, at, outcome, outbox, in_flight })
            }
        }
    }

    /// Sends a reply that is known at once. A client that overdraws without end is closed.
    fn answer(&mut self, id: Option<&Json>, result: &Result<Json, RpcError>, at: Moment) -> Heard {
        let socket = &mut self.socket;
        let is_overdraft = result.as_ref().is_err_and(|error| error.code == 10028);
        socket.n_overdrafts = if is_overdraft { socket.n_overdrafts + 1 } else { 0 };
        socket.outbox.send(self.gateway.reply(id, result, (at, at)).into());
        match self.gateway.limits.overdraft_refusals_max <= socket.n_overdrafts {
            true => Heard::Closing(OVERDRAWN),
            false => Heard::Answered,
        }
    }

    /// More bytes than a request may have, of which whoever reads them has kept none.
    pub fn refuse_too_large(&mut self, at: Moment) -> Closing {
        let refusal = Err(refusals::too_large(&self.gateway.limits));
        self.socket.outbox.send(self.gateway.reply(None, &refusal, (at, at)).into());
        TOO_LARGE
    }

    /// It has sent something, if only an answer to a ping.
    pub(crate) fn note_life(&mut self) {
        if let Some(heartbeat) = &mut self.socket.heartbeat {
            heartbeat.hear();
        }
    }

    /// When its timers have something to do.
    pub(crate) fn due_ms(&self) -> u64 {
        self.socket.heartbeat.as_ref().map_or(u64::MAX / 2, Heartbeat::due_ms)
    }

    /// What its timers have to do now; a reason to close if it does not answer.
    pub(crate) fn beat(&mut self, at: Moment) -> Option<Closing> {
        let heartbeat = self.socket.heartbeat.as_mut()?;
        let texts: &[&str] = match heartbeat.beat(at.day_ms()) {
            Beat::Nothing => &[],
            Beat::Heartbeat => &[HEARTBEAT],
            Beat::TestRequest => &[HEARTBEAT, TEST_REQUEST],
            Beat::Dead => return Some(NO_HEARTBEAT),
        };
        for text in texts {
            self.socket.outbox.send(Arc::from(*text));
        }
        None
    }

    /// It is gone: subscriptions and tokens of the socket end. What is returned cancels its orders,
    /// if it asked for that.
    pub fn leave(&mut self) -> Option<Leaving> {
        let socket = &mut self.socket;
        socket.outbox.close(Closing::NORMAL);
        self.gateway.market.unsubscribe_all(socket.id());
        let own = Bound::Socket(socket.id());
        if let Some(grant) = socket.grant.take_if(|grant| grant.bound == own) {
            self.gateway.auth.tokens.end(&grant);
        }
        let session = socket.session_to_drop()?;
        Some(Leaving::new(self.gateway.market.clone(), session, socket.in_flight.clone()))
    }
}

/// Begins a request; its id, and whether it only takes orders away.
fn begin(caller: &mut Caller<'_>, bytes: &[u8]) -> (Option<Json>, bool, Begun) {
    let request = match decode_request(bytes) {
        Ok(request) => request,
        Err(Undecoded { id, error }) => {
            let error = charge_unread(caller).err().unwrap_or(error);
            return (id, false, Begun::Done(Err(error)));
        }
    };
    let (id, is_cancel) = (request.id.clone(), is_cancel(&request));
    let in_flight_max = caller.gateway.limits.in_flight_max;
    let in_flight = |socket: &&mut Socket| socket.in_flight.of(is_cancel).load(Ordering::Acquire);
    if in_flight_max <= caller.socket.as_ref().map_or(0, in_flight) {
        let refusal = charge_unread(caller).err();
        let refusal = refusal.unwrap_or_else(|| refusals::too_many_in_flight(in_flight_max));
        return (id, is_cancel, Begun::Done(Err(refusal)));
    }
    (id, is_cancel, caller.begin(request))
}

fn is_cancel(request: &Request) -> bool {
    let method = request.method.as_deref().and_then(find);
    method.is_some_and(|method| method.pool == Pool::Cancel)
        && !planted::is(Bug::OrdersKeepCancelsOut)
}
