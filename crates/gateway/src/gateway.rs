//! One gateway: everything that its connections share, and the way of a request through it.
//!
//! ```text
//!   Request ─▶ admit ─▶ Admitted ─▶ run ─▶ Begun::Done ───────▶ reply
//!                 └▶ refusal                └▶ Begun::Waiting ─▶ (outcome) ─▶ reply
//! ```
//!
//! Invariant: what a request proposes is proposed before `begin` returns, so the requests of one
//! socket reach the venue in the order in which they came, however long each waits for its outcome.
//!
//! It has no clock, no sockets and no tasks: those are of `server`, or of whoever else drives it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::task::{Context, Poll, Waker};

use crate::accounts::Queued;
use crate::addresses::Addresses;
use crate::admit::{Admitted, admit};
use crate::auth::keys::KeyStore;
use crate::auth::tokens::{Bound, Grant, Random};
use crate::auth::{Auth, Place};
use crate::call::Call;
use crate::clock::Moment;
use crate::limits::Limits;
use crate::method::Run;
use crate::publish::Market;
use crate::refusals;
use crate::rpc::{Json, Request, RpcError, Stamp, encode_reply};
use crate::socket::Socket;
use crate::venue::{Later, Venue};

/// What all connections of one gateway share.
pub struct Gateway {
    pub(crate) limits: Limits,
    pub(crate) testnet: bool,
    pub(crate) market: Arc<Market>,
    pub(crate) venue: Arc<dyn Venue>,
    pub(crate) auth: Auth,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) n_connections: AtomicUsize,
    /// Accounts are opened one after the other: the next id is found by looking.
    pub(crate) opening: tokio::sync::Mutex<()>,
    /// Numbers connections, and with them sessions of cancel-on-disconnect.
    pub(crate) next_connection: AtomicU32,
}

/// What a gateway is told.
pub struct Terms {
    /// `testnet` of every reply: true on a venue of play money.
    pub testnet: bool,
    /// Every limit.
    pub limits: Limits,
    /// The first session of this process; nodes of one venue are far apart. 1 for a single one.
    pub first_session: u32,
    /// What tokens are made of.
    pub random: Random,
}

/// A method that the transport answers after a conversation with the venue.
pub(crate) type LaterHere = fn(Arc<Gateway>, Call) -> Later<Result<Json, RpcError>>;

/// Who sends a request, and through what.
pub(crate) struct Caller<'a> {
    pub(crate) gateway: &'a Arc<Gateway>,
    pub(crate) address: IpAddr,
    /// Who it is, by a header or by the state of the socket; an error says why the header failed.
    pub(crate) grant: Result<Option<Arc<Grant>>, RpcError>,
    /// `None` over HTTP.
    pub(crate) socket: Option<&'a mut Socket>,
    /// When the request came in.
    pub(crate) at: Moment,
}

/// How far a request got at once.
pub(crate) enum Begun {
    Done(Result<Json, RpcError>),
    Waiting(Later<Result<Json, RpcError>>),
}

impl Gateway {
    /// A gateway to which nobody is connected.
    pub fn new(
        terms: Terms,
        venue: Arc<dyn Venue>,
        market: Arc<Market>,
        keys: Arc<KeyStore>,
    ) -> Gateway {
        let Terms { testnet, limits, first_session, random } = terms;
        market.show_limits(&limits.to_json());
        Gateway {
            limits,
            testnet,
            market,
            venue,
            auth: Auth::new(keys, random),
            addresses: Arc::default(),
            n_connections: AtomicUsize::new(0),
            opening: tokio::sync::Mutex::new(()),
            next_connection: AtomicU32::new(first_session),
        }
    }

    /// The text of a reply to what came in at `at`.
    pub(crate) fn reply(
        &self,
        id: Option<&Json>,
        result: &Result<Json, RpcError>,
        (at, out): (Moment, Moment),
    ) -> String {
        let lag_ms = self.venue.lag_ms();
        let (in_us, out_us) = (at.day_us, out.day_us);
        encode_reply(id, result, Stamp { in_us, out_us, testnet: self.testnet, lag_ms })
    }
}

impl Caller<'_> {
    /// Where and when the caller shows a credential.
    pub(crate) fn place(&self) -> Place {
        let at = self.socket.as_ref().map_or(Bound::Http, |socket| Bound::Socket(socket.id()));
        Place { address: self.address, at, now_ms: self.at.day_ms() }
    }

    /// Who calls, for methods that need to know.
    pub(crate) fn known(&self) -> Result<Arc<Grant>, RpcError> {
        let shown = self.grant.as_ref().ok().cloned().flatten();
        shown.ok_or_else(|| refusals::unauthorized("authenticate first: this method is private"))
    }

    /// Admits a request and starts it.
    pub(crate) fn begin(&mut self, request: Request) -> Begun {
        match admit(self, request) {
            Err(refusal) => Begun::Done(Err(refusal)),
            Ok(admitted) => self.run(admitted),
        }
    }

    fn run(&mut self, admitted: Admitted) -> Begun {
        let Admitted { method, call, grant, queued } = admitted;
        match method.run {
            Run::Here(answer) => {
                if grant.is_some() {
                    self.grant = Ok(grant);
                }
                Begun::Done(answer(self, &call))
            }
            Run::LaterHere(converse) => start(converse(self.gateway.clone(), call), queued),
            Run::Market(handler) => match handler(&self.gateway.market, &call) {
                Err(refusal) => Begun::Done(Err(refusal)),
                Ok(answer) => {
                    let market = self.gateway.market.clone();
                    let outcome = async move { market.finish(answer).await };
                    start(Box::pin(outcome), queued)
                }
            },
        }
    }
}

/// Polls once, which proposes; the rest may be waited for elsewhere, by whoever polls again.
fn start(mut outcome: Later<Result<Json, RpcError>>, queued: Option<Queued>) -> Begun {
    match outcome.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Begun::Done(result),
        Poll::Pending => Begun::Waiting(Box::pin(async move {
            let result = outcome.await;
            drop(queued);
            result
        })),
    }
}
