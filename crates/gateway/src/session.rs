//! The methods that concern the caller's connection (api.md §7.2, authentication and session).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::admit::cancels_by_default;
use crate::auth::tokens::{Bound, Grant};
use crate::auth::{Auth, text};
use crate::call::Call;
use crate::gateway::Caller;
use crate::heartbeat::Heartbeat;
use crate::limits::CHANNEL_BYTES_MAX;
use crate::publish::Subscriber;
use crate::refusals;
use crate::rpc::{self, Json, RpcError};
use crate::socket::Socket;

/// The version that `public/hello` and `public/test` tell.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn ok() -> Json {
    rpc::json(&"ok")
}

/// `public/auth`.
pub(crate) fn auth(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let grant = caller.gateway.auth.log_in(&call.params, caller.place())?;
    if let Some(socket) = &mut caller.socket {
        leave(&caller.gateway.auth, socket, &grant);
        socket.cancels_on_disconnect |= cancels_by_default(&grant);
        socket.grant = Some(grant.clone());
    }
    let mut result = json!({
        "access_token": &*grant.access_token,
        "refresh_token": &*grant.refresh_token,
        "expires_in": grant.life_s,
        "scope": grant.granted.text,
        "token_type": "bearer",
        "enabled_features": [],
    });
    if let Some(state) = text(&call.params, "state") {
        result["state"] = Value::String(state);
    }
    Ok(rpc::json(&result))
}

/// Ends the token that the new one of this socket stands in for.
fn leave(auth: &Auth, socket: &mut Socket, new: &Grant) {
    let old = socket.grant.take_if(|old| old.bound == Bound::Socket(u64::from(socket.session.0)));
    if let Some(old) = old.filter(|old| old.access_token != new.access_token) {
        auth.tokens.end(&old);
    }
}

/// `private/logout`.
pub(crate) fn logout(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let keeps = call.params.get("invalidate_token").is_some_and(is_false);
    if let Some(grant) = caller.grant.as_ref().ok().cloned().flatten().filter(|_| !keeps) {
        caller.gateway.auth.tokens.end(&grant);
    }
    socket(caller)?.is_logged_out = true;
    Ok(ok())
}

fn is_false(value: &Value) -> bool {
    value == &Value::Bool(false) || value.as_str() == Some("false")
}

/// `public/hello`.
pub(crate) fn hello(_: &mut Caller<'_>, _: &Call) -> Result<Json, RpcError> {
    Ok(rpc::json(&json!({ "version": VERSION })))
}

/// `public/test`.
pub(crate) fn test(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    if let Some(heartbeat) = caller.socket.as_mut().and_then(|socket| socket.heartbeat.as_mut()) {
        heartbeat.answer();
    }
    if call.params.contains_key("expected_result") {
        return Err(refusals::asked_for());
    }
    hello(caller, call)
}

/// `public/get_time`.
pub(crate) fn get_time(caller: &mut Caller<'_>, _: &Call) -> Result<Json, RpcError> {
    Ok(rpc::json(&caller.at.day_ms()))
}

/// `public/status`: an index is locked while its feed is frozen, or while none of its markets takes
/// an order. `locked` is a text, and anything
/// but "false" tells clients to stay away.
pub(crate) fn status(caller: &mut Caller<'_>, _: &Call) -> Result<Json, RpcError> {
    let (names, count) = caller.gateway.market.locked_indexes();
    let locked = match names.len() {
        0 => "false",
        all if all == count => "true",
        _ => "partial",
    };
    Ok(rpc::json(&json!({ "locked": locked, "locked_indices": names })))
}

/// `public/set_heartbeat`.
pub(crate) fn set_heartbeat(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let interval_min_ms = caller.gateway.limits.heartbeat_interval_min_ms;
    let sent = text(&call.params, "interval").unwrap_or_default();
    let interval_ms = milliseconds(&sent).filter(|ms| interval_min_ms <= *ms).ok_or_else(|| {
        let (whole_s, rest_ms) = (interval_min_ms / 1_000, interval_min_ms % 1_000);
        let what = format!("{sent} is no interval: send {whole_s}.{rest_ms:03} s or more");
        refusals::param("interval", &what)
    })?;
    let heartbeat = Heartbeat::new(interval_ms, interval_min_ms, caller.at.day_ms());
    socket(caller)?.heartbeat = Some(heartbeat);
    Ok(ok())
}

/// Seconds in decimals as whole milliseconds; nobody needs more than a day.
fn milliseconds(seconds: &str) -> Option<u64> {
    let (whole, rest) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let rest: String = rest.chars().chain("000".chars()).take(3).collect();
    let whole: u64 = whole.parse().ok().filter(|seconds| *seconds <= 86_400)?;
    Some(whole * 1_000 + rest.parse::<u64>().ok()?)
}

/// `public/disable_heartbeat`.
pub(crate) fn disable_heartbeat(caller: &mut Caller<'_>, _: &Call) -> Result<Json, RpcError> {
    socket(caller)?.heartbeat = None;
    Ok(ok())
}

/// `private/enable_cancel_on_disconnect`.
pub(crate) fn enable_cod(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    set_cod(caller, call, true)
}

/// `private/disable_cancel_on_disconnect`.
pub(crate) fn disable_cod(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    set_cod(caller, call, false)
}

fn set_cod(caller: &mut Caller<'_>, call: &Call, enabled: bool) -> Result<Json, RpcError> {
    let grant = caller.known()?;
    let is_of_account = is_of_account(call);
    let socket = socket(caller)?;
    if is_of_account {
        grant.account.cancels_on_disconnect.store(enabled, Ordering::Release);
    } else {
        socket.cancels_on_disconnect = enabled;
    }
    Ok(ok())
}

/// `private/get_cancel_on_disconnect`.
pub(crate) fn get_cod(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let grant = caller.known()?;
    let (enabled, scope) = match is_of_account(call) {
        true => (cancels_by_default(&grant), "account"),
        false => (socket(caller)?.cancels_on_disconnect, "connection"),
    };
    Ok(rpc::json(&json!({ "enabled": enabled, "scope": scope })))
}

fn is_of_account(call: &Call) -> bool {
    text(&call.params, "scope").as_deref() == Some("account")
}

/// `public/subscribe` and `private/subscribe`.
pub(crate) fn subscribe(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let subscriptions_max = caller.gateway.limits.subscriptions_max;
    let grant = caller.grant.as_ref().ok().cloned().flatten();
    let label: Option<Arc<str>> = text(&call.params, "label").map(Arc::from);
    let market = &caller.gateway.market;
    let Some(socket) = &mut caller.socket else { return Err(refusals::needs_socket()) };
    let asked = channels(call);
    let new = asked.iter().filter(|channel| !socket.channels.contains_key(**channel)).count();
    if subscriptions_max < socket.channels.len() + new {
        let active = socket.channels.len();
        return Err(refusals::too_many_subscriptions(active, new, subscriptions_max));
    }
    if let (None, Some(raw)) = (&grant, asked.iter().find(|channel| is_public_raw(channel))) {
        return Err(refusals::raw_needs_login(raw));
    }
    let mut active = Vec::new();
    for channel in asked {
        if !is_open_to(channel, grant.as_deref()) {
            continue;
        }
        if let Some(name) = socket.channels.get(channel) {
            active.push(name.clone());
            continue;
        }
        let subscriber = Subscriber {
            connection: socket.id(),
            account: grant.as_ref().map(|grant| grant.key.account()),
            outbox: socket.outbox.clone(),
            label: label.clone(),
        };
        if let Some(name) = market.subscribe(channel, subscriber)? {
            socket.channels.insert(channel.to_owned(), name.clone());
            active.push(name);
        }
    }
    Ok(rpc::json(&active))
}

/// `public/unsubscribe` and `private/unsubscribe`.
pub(crate) fn unsubscribe(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let market = &caller.gateway.market;
    let Some(socket) = &mut caller.socket else { return Err(refusals::needs_socket()) };
    let mut removed = Vec::new();
    for channel in channels(call) {
        let name = socket.channels.remove(channel).unwrap_or_else(|| channel.to_owned());
        if market.unsubscribe(socket.id(), &name) {
            socket.channels.retain(|_, active| *active != name);
            removed.push(name);
        }
    }
    Ok(rpc::json(&removed))
}

/// `public/unsubscribe_all` and `private/unsubscribe_all`.
pub(crate) fn unsubscribe_all(caller: &mut Caller<'_>, _: &Call) -> Result<Json, RpcError> {
    let market = &caller.gateway.market;
    let Some(socket) = &mut caller.socket else { return Err(refusals::needs_socket()) };
    market.unsubscribe_all(socket.id());
    socket.channels.clear();
    Ok(ok())
}

fn channels(call: &Call) -> Vec<&str> {
    let list = call.params.get("channels").and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.filter(|channel| channel.len() <= CHANNEL_BYTES_MAX).collect()
}

/// Raw market data is for those who logged in.
fn is_public_raw(channel: &str) -> bool {
    channel.ends_with(".raw") && !channel.starts_with("user.")
}

/// Channels of an account are left out for those who may not read it.
fn is_open_to(channel: &str, grant: Option<&Grant>) -> bool {
    use crate::auth::scopes::{Area, Level};
    let Some(rest) = channel.strip_prefix("user.") else { return true };
    let of_account = ["portfolio.", "lock", "access_log"];
    let is_of_account = of_account.iter().any(|prefix| rest.starts_with(prefix));
    let area = if is_of_account { Area::Account } else { Area::Trade };
    grant.is_some_and(|grant| Level::Read <= grant.granted.capabilities.level(area))
}

fn socket<'a>(caller: &'a mut Caller<'_>) -> Result<&'a mut Socket, RpcError> {
    caller.socket.as_deref_mut().ok_or_else(refusals::needs_socket)
}
