//! One gateway: everything that its connections share, and the way of a request through it.
//!
//! ```text
//!   Request ─▶ admit ─▶ Admitted ─▶ run ─▶ Begun::Done ───────▶ reply
//!                 └▶ refusal                └▶ Begun::Waiting ─▶ (outcome) ─▶ reply
//! ```
//!
//! Invariant: what a request proposes is proposed before `begin` returns, so the requests of one
//! socket reach the venue in the order in which they came, however long each waits for its outcome.

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::task::Poll;

use crate::accounts::Queued;
use crate::addresses::Addresses;
use crate::admit::{Admitted, admit};
use crate::auth::tokens::{Bound, Grant};
use crate::auth::{Auth, Place};
use crate::call::Call;
use crate::clock::{now_ms, now_us};
use crate::limits::Limits;
use crate::method::Run;
use crate::publish::Market;
use crate::refusals;
use crate::rpc::{Json, Request, RpcError, Stamp, encode_reply};
use crate::socket::Socket;
use crate::venue::{Later, Venue};

/// What all connections of one gateway share.
pub(crate) struct Gateway {
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
    pub(crate) in_us: u64,
}

/// How far a request got at once.
pub(crate) enum Begun {
    Done(Result<Json, RpcError>),
    Waiting(Later<Result<Json, RpcError>>),
}

impl Gateway {
    /// The text of a reply.
    pub(crate) fn reply(
        &self,
        id: Option<&Json>,
        result: &Result<Json, RpcError>,
        in_us: u64,
    ) -> String {
        let lag_ms = self.venue.lag_ms();
        let stamp = Stamp { in_us, out_us: now_us(), testnet: self.testnet, lag_ms };
        encode_reply(id, result, stamp)
    }
}

impl Caller<'_> {
    /// Where and when the caller shows a credential.
    pub(crate) fn place(&self) -> Place {
        let at = self.socket.as_ref().map_or(Bound::Http, |socket| Bound::Socket(socket.id()));
        Place { address: self.address, at, now_ms: now_ms() }
    }

    /// Who calls, for methods that need to know.
    pub(crate) fn known(&self) -> Result<Arc<Grant>, RpcError> {
        let shown = self.grant.as_ref().ok().cloned().flatten();
        shown.ok_or_else(|| refusals::unauthorized("authenticate first: this method is private"))
    }

    /// Admits a request and starts it.
    pub(crate) async fn begin(&mut self, request: Request) -> Begun {
        match admit(self, request) {
            Err(refusal) => Begun::Done(Err(refusal)),
            Ok(admitted) => self.run(admitted).await,
        }
    }

    async fn run(&mut self, admitted: Admitted) -> Begun {
        let Admitted { method, call, grant, queued } = admitted;
        match method.run {
            Run::Here(answer) => {
                if grant.is_some() {
                    self.grant = Ok(grant);
                }
                Begun::Done(answer(self, &call))
            }
            Run::LaterHere(converse) => start(converse(self.gateway.clone(), call), queued).await,
            Run::Market(handler) => match handler(&self.gateway.market, &call) {
                Err(refusal) => Begun::Done(Err(refusal)),
                Ok(answer) => {
                    let market = self.gateway.market.clone();
                    let outcome = async move { market.finish(answer).await };
                    start(Box::pin(outcome), queued).await
                }
            },
        }
    }
}

/// Polls once, which proposes; the rest may be waited for elsewhere.
async fn start(mut outcome: Later<Result<Json, RpcError>>, queued: Option<Queued>) -> Begun {
    let first = poll_fn(|context| Poll::Ready(outcome.as_mut().poll(context))).await;
    match first {
        Poll::Ready(result) => Begun::Done(result),
        Poll::Pending => Begun::Waiting(Box::pin(async move {
            let result = outcome.await;
            drop(queued);
            result
        })),
    }
}
