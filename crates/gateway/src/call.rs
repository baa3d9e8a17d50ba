//! The seam between the transport (who calls, what was sent) and the methods (what it means).

use serde_json::{Map, Value};
use types::{AccountId, Command, SessionId};

use crate::publish::Market;
use crate::rpc::{Json, RpcError};
use crate::venue::{Class, DomainId, Later};

/// Who calls, after authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
}

/// A call that was admitted: its envelope is well formed, its scope suffices, its credits are paid.
#[derive(Clone, Debug)]
pub struct Call {
    /// `public/ticker`, `private/buy` …
    pub method: &'static str,
    /// Named parameters. From a query string they are texts: read them through `params`.
    pub params: Map<String, Value>,
    /// Who calls; `None` for public calls without credentials.
    pub identity: Option<Identity>,
    /// The connection, if orders placed through it are to be cancelled when it drops.
    pub session: Option<SessionId>,
}

/// What a method answers. [`Market::finish`] turns it into the result of the call.
pub enum Answer {
    /// At once.
    Now(Json),
    /// After the engine was asked: numbers of accounts.
    Later(Later<Result<Json, RpcError>>),
    /// After these commands were applied, in order, each in its domain; the reply is made of their
    /// outcomes.
    After(Vec<Intent>, Reply),
}

/// A command to propose.
#[derive(Debug)]
pub struct Intent {
    /// Where.
    pub domain: DomainId,
    /// How it is queued.
    pub class: Class,
    /// What.
    pub command: Command,
}

/// What the reply to an applied command shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `{order, trades}`.
    OrderAndTrades,
    /// The order itself.
    Order,
    /// How many orders were cancelled, over all intents.
    CancelledCount,
    /// The orders that were cancelled.
    CancelledOrders,
    /// `"ok"`.
    Ok,
    /// The quotes that now stand.
    Quotes,
    /// The transfer that was booked.
    Transfer,
    /// The withdrawal that was booked.
    Withdrawal,
    /// The market-maker protections of the account.
    Mmp,
    /// The fence of the account.
    Fence,
}

/// The result of a method.
pub type Answered = Result<Answer, RpcError>;

/// A method: reads its parameters, looks things up, says what is to be answered. It never waits.
pub type Handler = fn(&Market, &Call) -> Answered;
