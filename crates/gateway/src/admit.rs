//! May this be asked, by this caller, now? In this order: credits, identity, scope, transport, form
//! of the parameters, place in the account's queue. The first fault is the one that is answered,
//! and what is refused here leaves no trace but the credits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use types::planted::{self, Bug};

use crate::accounts::Queued;
use crate::auth::check;
use crate::auth::tokens::Grant;
use crate::call::{Call, Identity};
use crate::credits::{Overdraft, Pool, Rate};
use crate::gateway::Caller;
use crate::method::{Method, Needs, find};
use crate::refusals;
use crate::rpc::{Request, RpcError};

/// Credits of a call that names no method, or no usable one.
const LOST_CALL_COST: u64 = 500;

/// A request that may be run.
pub(crate) struct Admitted {
    pub(crate) method: &'static Method,
    pub(crate) call: Call,
    pub(crate) grant: Option<Arc<Grant>>,
    pub(crate) queued: Option<Queued>,
}

/// Admits a request.
pub(crate) fn admit(caller: &mut Caller<'_>, request: Request) -> Result<Admitted, RpcError> {
    let Request { method, mut params, .. } = request;
    let shown = identify(caller, params.remove("access_token"));
    let payer = shown.as_ref().ok().cloned().flatten();
    let name = method.unwrap_or_default();
    let Some(method) = find(&name) else {
        charge(caller, payer.as_deref(), Pool::NonMatching, LOST_CALL_COST)?;
        return Err(refusals::unknown_method(&name));
    };
    charge(caller, payer.as_deref(), method.pool, method.cost)?;
    if method.needs != Needs::Nothing {
        require(method, &shown)?;
    }
    if method.is_socket_only && caller.socket.is_none() {
        return Err(refusals::needs_socket());
    }
    method.check_params(&mut params)?;
    let queued = queue(caller, method, payer.as_ref())?;
    let identity = payer.as_ref().map(|grant| Identity { account: grant.key.account() });
    let session = caller.socket.as_mut().and_then(|socket| socket.session_of_order(method));
    let call = Call { method: method.name, params, identity, session };
    Ok(Admitted { method, call, grant: payer, queued })
}

/// A request that could not be read still costs.
pub(crate) fn charge_unread(caller: &Caller<'_>) -> Result<(), RpcError> {
    let payer = caller.grant.as_ref().ok().cloned().flatten();
    charge(caller, payer.as_deref(), Pool::NonMatching, LOST_CALL_COST)
}

/// Who calls: by the token among the parameters, the header, or the state of the socket.
fn identify(
    caller: &Caller<'_>,
    token: Option<serde_json::Value>,
) -> Result<Option<Arc<Grant>>, RpcError> {
    if let Some(token) = token {
        let text = token.as_str().ok_or_else(|| refusals::param("access_token", "send a text"))?;
        return caller.gateway.auth.by_token(text, caller.place()).map(Some);
    }
    let grant = caller.grant.clone()?;
    if let Some(grant) = &grant {
        check(grant, caller.place())?;
    }
    Ok(grant)
}

fn require(method: &Method, shown: &Result<Option<Arc<Grant>>, RpcError>) -> Result<(), RpcError> {
    let grant = shown.as_ref().map_err(RpcError::clone)?;
    let grant = grant
        .as_ref()
        .ok_or_else(|| refusals::unauthorized("authenticate first: this method is private"))?;
    let capabilities = &grant.granted.capabilities;
    match method.needs {
        Needs::Nothing | Needs::Login => Ok(()),
        Needs::Operator if capabilities.operator => Ok(()),
        Needs::Scope(area, level) if level <= capabilities.level(area) => Ok(()),
        Needs::Operator => Err(refusals::forbidden("operator", &grant.granted.text)),
        Needs::Scope(area, level) => {
            let needed = format!("{}:{}", area.word(), level.word());
            Err(refusals::forbidden(&needed, &grant.granted.text))
        }
    }
}

fn charge(
    caller: &Caller<'_>,
    payer: Option<&Grant>,
    pool: Pool,
    cost: u64,
) -> Result<(), RpcError> {
    let rates = &caller.gateway.limits.rates;
    let (run_us, address) = match planted::is(Bug::CreditsByTimeOfDay) {
        true => (caller.at.day_us, caller.address),
        false => (caller.at.run_us, caller.address),
    };
    let pool = match pool {
        Pool::Cancel if planted::is(Bug::CancelPaysForOrders) => Pool::Trading,
        pool => pool,
    };
    let taken: Result<(), Overdraft> = match payer {
        Some(grant) if grant.key.limits.is_some_and(|limits| limits.unlimited) => Ok(()),
        Some(grant) => grant.account.take(run_us, pool, rate_of(grant, pool, rates.of(pool)), cost),
        None => {
            let cost = if pool == Pool::NonMatching { cost } else { cost.max(LOST_CALL_COST) };
            let rate = rates.of(Pool::NonMatching);
            caller.gateway.addresses.take(address, run_us, rate, cost)
        }
    };
    taken.map_err(refusals::overdraft)
}

fn rate_of(grant: &Grant, pool: Pool, usual: Rate) -> Rate {
    match (grant.key.limits, pool) {
        (Some(limits), Pool::Trading | Pool::Cancel) => {
            Rate { burst: limits.matching_burst, per_s: limits.matching_per_s }
        }
        _ => usual,
    }
}

fn queue(
    caller: &Caller<'_>,
    method: &Method,
    payer: Option<&Arc<Grant>>,
) -> Result<Option<Queued>, RpcError> {
    let Some(grant) = payer.filter(|_| method.is_matching()) else { return Ok(None) };
    let queued_max =
        grant.key.limits.map_or(caller.gateway.limits.queued_max, |limits| limits.queued_max);
    let is_cancel = method.pool == Pool::Cancel;
    grant
        .account
        .queue(is_cancel, queued_max)
        .map(Some)
        .map_err(|queued| refusals::queue_full(queued, queued_max))
}

/// True if sockets of this account that authenticate now cancel on disconnect.
pub(crate) fn cancels_by_default(grant: &Grant) -> bool {
    grant.account.cancels_on_disconnect.load(Ordering::Acquire)
}
