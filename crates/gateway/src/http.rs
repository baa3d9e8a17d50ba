//! JSON-RPC over HTTP (api.md §1): a request a message, an envelope in every answer, whatever the
//! status.
//!
//! ```text
//!   GET  /api/v2/{public|private|operator}/{method}?name=value…   everything is text
//!   POST /api/v2/{…}/{method}   POST /api/v2                      JSON-RPC in the body, which wins
//!   OPTIONS *                                                     what a browser wants to know
//!   GET  /status …                                                pages: see `status`
//! ```
//!
//! It does not know what methods mean; `/ws/api/v2` is for `ws`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value};

use crate::admit::charge_unread;
use crate::auth::tokens::{Bound, Grant};
use crate::auth::{Place, SignedRequest};
use crate::clock::{Moment, now};
use crate::gateway::{Begun, Caller, Gateway};
use crate::line::Line;
use crate::refusals;
use crate::rpc::{Json, Request, RpcError, Undecoded, decode_request};
use crate::status;

const API: &str = "/api/v2";

/// A reply before it is written.
struct Answer {
    status: StatusCode,
    id: Option<Json>,
    result: Result<Json, RpcError>,
}

/// Answers one HTTP request.
pub(crate) async fn respond(
    gateway: &Arc<Gateway>,
    line: &Line,
    request: axum::http::Request<Body>,
) -> Response {
    let at = now();
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return respond_to_options();
    }
    if let Some(page) = status::respond(&gateway.market, &parts) {
        return page;
    }
    let answer = match read_body(gateway, &parts, body).await {
        Err(answer) => answer,
        Ok(body) => {
            line.whole(gateway.limits.http_idle_timeout_ms);
            answer(gateway, line, &parts, &body, at).await
        }
    };
    let closes =
        matches!(answer.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
    let text = gateway.reply(answer.id.as_ref(), &answer.result, (at, now()));
    let mut response = json_response(answer.status, text);
    if closes {
        // What is left of the body is not read.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The answer to a connection too many of one address.
pub(crate) fn refuse_connection(gateway: &Gateway) -> Response {
    let refusal = refusals::too_many_connections(gateway.limits.connections_per_address_max);
    let at = now();
    let text = gateway.reply(None, &Err(refusal), (at, at));
    let mut response = json_response(StatusCode::TOO_MANY_REQUESTS, text);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// An answer to something that is no call.
pub(crate) fn refuse(gateway: &Gateway, status: StatusCode, what: &str) -> Response {
    let at = now();
    let text = gateway.reply(None, &Err(refusals::bad_request(what)), (at, at));
    json_response(status, text)
}

async fn read_body(gateway: &Gateway, parts: &Parts, body: Body) -> Result<Bytes, Answer> {
    let bytes_max = gateway.limits.request_bytes_max;
    let too_large = || Answer {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        id: None,
        result: Err(refusals::too_large(&gateway.limits)),
    };
    let declared = parts.headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes_max < bytes) {
        return Err(too_large());
    }
    let timeout = Duration::from_millis(gateway.limits.partial_timeout_ms);
    match tokio::time::timeout(timeout, to_bytes(body, bytes_max)).await {
        Ok(read) => read.map_err(|_| too_large()),
        Err(_) => Err(Answer {
            status: StatusCode::REQUEST_TIMEOUT,
            id: None,
            result: Err(refusals::bad_request("the body took too long: send it at once")),
        }),
    }
}

async fn answer(
    gateway: &Arc<Gateway>,
    line: &Line,
    parts: &Parts,
    body: &[u8],
    at: Moment,
) -> Answer {
    let grant = authorize(gateway, line, parts, body, at);
    let mut caller = Caller { gateway, address: line.address, grant, socket: None, at };
    let request = match read_request(parts, body) {
        Ok(request) => request,
        Err(Unread { status, undecoded: Undecoded { id, error } }) => {
            let error = charge_unread(&caller).err().unwrap_or(error);
            return Answer { status, id, result: Err(error) };
        }
    };
    let id = request.id.clone();
    let result = match caller.begin(request) {
        Begun::Done(result) => result,
        Begun::Waiting(outcome) => outcome.await,
    };
    let status = match &result {
        Ok(_) => StatusCode::OK,
        Err(error) => status_of(error.code),
    };
    Answer { status, id, result }
}

/// Who calls, by the header. A header that fails costs like a call, so that nobody can guess for
/// free.
fn authorize(
    gateway: &Arc<Gateway>,
    line: &Line,
    parts: &Parts,
    body: &[u8],
    at: Moment,
) -> Result<Option<Arc<Grant>>, RpcError> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let header = header.to_str().map_err(|_| refusals::unauthorized("the header is not text"))?;
    let uri = parts.uri.path_and_query().map_or("", |uri| uri.as_str());
    let request = SignedRequest { method: parts.method.as_str(), uri, body };
    let place = Place { address: line.address, at: Bound::Http, now_ms: at.day_ms() };
    let shown = gateway.auth.by_header(header, request, place);
    if shown.is_err() {
        let nobody = Caller { gateway, address: line.address, grant: Ok(None), socket: None, at };
        charge_unread(&nobody)?;
    }
    shown.map(Some)
}

struct Unread {
    status: StatusCode,
    undecoded: Undecoded,
}

/// Reads the request out of path, query and body.
fn read_request(parts: &Parts, body: &[u8]) -> Result<Request, Unread> {
    let fail = |status, error| Unread { status, undecoded: Undecoded { id: None, error } };
    let path = parts.uri.path();
    let Some(named) = method_of_path(path) else {
        let what = "nothing is served here: call /api/v2/public/… or /api/v2/private/…";
        return Err(fail(StatusCode::NOT_FOUND, refusals::bad_request(what)));
    };
    if parts.method != Method::GET && parts.method != Method::POST {
        let what = "send GET or POST";
        return Err(fail(StatusCode::METHOD_NOT_ALLOWED, refusals::bad_request(what)));
    }
    let mut request = match body.is_empty() {
        true => Request::default(),
        false => decode_request(body)
            .map_err(|undecoded| Unread { status: StatusCode::BAD_REQUEST, undecoded })?,
    };
    if request.method.is_none() && named.is_empty() {
        let error = refusals::shape("neither the path nor the body names a method");
        let undecoded = Undecoded { id: request.id, error };
        return Err(Unread { status: StatusCode::BAD_REQUEST, undecoded });
    }
    request.method.get_or_insert_with(|| named.to_owned());
    if body.is_empty() {
        request.params = query_params(parts.uri.query().unwrap_or(""));
    }
    Ok(request)
}

/// `public/test` of `/api/v2/public/test`; empty for `/api/v2`.
fn method_of_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(API)?;
    if rest.is_empty() || rest == "/" {
        return Some("");
    }
    let method = rest.strip_prefix('/')?;
    let scoped = ["public/", "private/", "operator/"];
    scoped.iter().any(|scope| method.starts_with(scope)).then_some(method)
}

/// Parameters of a query string: texts, and lists of texts where a name is repeated.
fn query_params(query: &str) -> Map<String, Value> {
    let mut params = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = unescape(name);
        // `channels[]=a&channels[]=b` is how some libraries repeat a key.
        let name = name.strip_suffix("[]").unwrap_or(&name);
        push_param(&mut params, name, Value::String(unescape(value)));
    }
    params
}

fn push_param(params: &mut Map<String, Value>, name: &str, value: Value) {
    match params.get_mut(name) {
        None => {
            params.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// Undoes percent-encoding; what is not UTF-8 afterwards is replaced.
fn unescape(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(byte_of_hex);
        plain.push(escaped.unwrap_or(if bytes[at] == b'+' { b' ' } else { bytes[at] }));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn byte_of_hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    u8::from_str_radix(digits, 16).ok()
}

fn status_of(code: i32) -> StatusCode {
    match code {
        10000 | 13004 | 13009 => StatusCode::UNAUTHORIZED,
        10028 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn json_response(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    allow_origins(headers);
    response
}

fn respond_to_options() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    allow_origins(response.headers_mut());
    response
}

fn allow_origins(headers: &mut HeaderMap) {
    const ALLOWED: [(HeaderName, &str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    for (name, value) in ALLOWED {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests;
