//! What the transport refuses, in the dialect's codes (api.md §10.1): always the rule and its
//! numbers.
//!
//! Refusals of the engine are put into words in `errors`.

use serde_json::{Value, json};

use crate::credits::Overdraft;
use crate::limits::{JSON_DEPTH_MAX, Limits};
use crate::rpc::RpcError;

fn refusal(code: i32, message: &str, data: Value) -> RpcError {
    RpcError { code, message: message.to_owned(), data: Some(data) }
}

fn reason(code: i32, message: &str, reason: &str) -> RpcError {
    refusal(code, message, json!({ "reason": reason }))
}

/// Text that is not JSON.
pub(crate) fn not_json(what: &str) -> RpcError {
    reason(-32700, "Parse error", what)
}

/// JSON that is not a request.
pub(crate) fn shape(what: &str) -> RpcError {
    reason(-32600, "Invalid Request", what)
}

/// JSON that nests too deep.
pub(crate) fn too_deep() -> RpcError {
    let what = "the JSON nests too deep";
    refusal(-32600, "Invalid Request", json!({ "reason": what, "depth_max": JSON_DEPTH_MAX }))
}

/// A body or frame that is too large.
pub(crate) fn too_large(limits: &Limits) -> RpcError {
    let data = json!({
        "reason": "the request is too large: split it",
        "bytes_max": limits.request_bytes_max,
    });
    refusal(-32600, "request entity too large", data)
}

/// No such method.
pub(crate) fn unknown_method(method: &str) -> RpcError {
    let shown: String = method.chars().take(64).collect();
    refusal(-32601, "Method not found", json!({ "reason": "no such method", "method": shown }))
}

/// A parameter that is missing or of another type.
pub(crate) fn param(name: &str, what: &str) -> RpcError {
    refusal(-32602, "Invalid params", json!({ "reason": what, "param": name }))
}

/// No usable token or header.
pub(crate) fn unauthorized(what: &str) -> RpcError {
    reason(13009, "unauthorized", what)
}

/// A wrong client id, secret or signature. Which of them is not said.
pub(crate) fn wrong_credentials() -> RpcError {
    reason(13004, "invalid_credentials", "no enabled key has this client_id with this secret")
}

/// A scope that does not suffice.
pub(crate) fn forbidden(needed: &str, scope: &str) -> RpcError {
    let data = json!({
        "reason": "the scope does not cover this method",
        "needed": needed,
        "scope": scope,
    });
    refusal(13021, "forbidden", data)
}

/// A method of sockets, called over HTTP.
pub(crate) fn needs_socket() -> RpcError {
    reason(10030, "must_be_websocket_request", "connect to /ws/api/v2 for this method")
}

/// Too few credits.
pub(crate) fn overdraft(numbers: Overdraft) -> RpcError {
    let data = json!({
        "reason": numbers.to_string(),
        "credits": numbers.credits,
        "cost": numbers.cost,
        "refill_per_s": numbers.refill_per_s,
        "retry_after_ms": numbers.retry_after_ms,
    });
    refusal(10028, "too_many_requests", data)
}

/// Too many requests of one account wait for the matching engine.
pub(crate) fn queue_full(queued: u32, queued_max: u32) -> RpcError {
    let data = json!({
        "reason": "requests of this account are waiting: send it again when one was answered",
        "queued": queued,
        "queued_max": queued_max,
    });
    refusal(10047, "matching_engine_queue_full", data)
}

/// Too many requests of one connection are unanswered.
pub(crate) fn too_many_in_flight(in_flight_max: usize) -> RpcError {
    let data = json!({
        "reason": "requests of this connection are unanswered: send it again when one was",
        "in_flight_max": in_flight_max,
    });
    refusal(10066, "too_many_concurrent_requests", data)
}

/// Too many connections of one address.
pub(crate) fn too_many_connections(connections_max: usize) -> RpcError {
    let data = json!({
        "reason": "this address has as many connections as it may: close one",
        "connections_max": connections_max,
    });
    refusal(10028, "too_many_requests", data)
}

/// Too many channels on one connection.
pub(crate) fn too_many_subscriptions(
    active: usize,
    asked: usize,
    subscriptions_max: usize,
) -> RpcError {
    let data = json!({
        "reason": "the connection would listen to too many channels: use another one for the rest",
        "param": "channels",
        "active": active,
        "asked": asked,
        "subscriptions_max": subscriptions_max,
    });
    refusal(-32602, "Invalid params", data)
}

/// A raw channel without login.
pub(crate) fn raw_needs_login(channel: &str) -> RpcError {
    let data =
        json!({ "reason": "authenticate for raw channels, or take 100ms", "channel": channel });
    refusal(13778, "raw_subscriptions_not_available_for_unauthorized", data)
}

/// Something that is full for everybody: nothing was done, ask again.
pub(crate) fn unavailable(what: &str) -> RpcError {
    reason(13028, "temporarily_unavailable", what)
}

/// A request that HTTP itself does not carry: 404, 405, 408.
pub(crate) fn bad_request(what: &str) -> RpcError {
    reason(11050, "bad_request", what)
}

/// The self-test of clients: `public/test` with `expected_result=exception`.
pub(crate) fn asked_for() -> RpcError {
    reason(10001, "error", "the exception that expected_result asked for")
}

/// A fault of ours that left nothing behind.
pub(crate) fn internal(what: &str) -> RpcError {
    reason(11094, "internal_server_error", what)
}

/// Something that was named is not there.
pub(crate) fn not_found(what: &str) -> RpcError {
    reason(13020, "not_found", what)
}
