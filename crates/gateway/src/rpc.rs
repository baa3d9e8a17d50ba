//! JSON-RPC 2.0 as the dialect has it (api.md §2): one request in, one reply out.
//!
//! ```text
//!   {"jsonrpc":"2.0","id":7,"method":"public/test","params":{}}
//!   {"jsonrpc":"2.0","id":7,"result":{…},"usIn":…,"usOut":…,"usDiff":…,"testnet":…}
//!   a node that follows another adds "lagMs": how old what it says may be
//! ```
//!
//! Invariants: the id goes back in the digits that it came in; each reply, an error too, has the
//! four last members; decoding neither recurses nor allocates before the nesting was measured. It
//! knows no methods and no types of parameters: those are in `method`.

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::{JSON_DEPTH_MAX, NAME_BYTES_MAX};
use crate::refusals;

/// JSON that is already text. Whoever makes one has written or read it as JSON: it is not read once
/// more on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// Text that we wrote as JSON.
    pub(crate) fn written(text: String) -> Json {
        debug_assert!(
            serde_json::from_str::<&RawValue>(&text).is_ok(),
            "what the gateway writes is JSON: {text}"
        );
        Json(text)
    }

    /// The text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

/// An error reply: the dialect's code and word, and in `data` the reason with its numbers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code} {message}")]
pub struct RpcError {
    /// Code of the dialect (api.md §10).
    pub code: i32,
    /// Its word, such as `not_enough_funds`.
    pub message: String,
    /// `reason`, `param`, rule and numbers.
    pub data: Option<Value>,
}

/// A well-formed request: whether its method exists is another question.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// An integer or a text, in the digits that were sent.
    pub id: Option<Json>,
    /// Without a leading `/`. Over HTTP the path may name it instead.
    pub method: Option<String>,
    /// Named parameters; those that are `null` count as left out.
    pub params: Map<String, Value>,
}

/// A request that is none, with its id as far as there is one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct Undecoded {
    /// To be echoed.
    pub id: Option<Json>,
    /// -32700 for what is not JSON, -32600 for JSON that is not a request.
    #[source]
    pub error: RpcError,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// Reads one request. Pure: any bytes give a request or an error.
pub fn decode_request(bytes: &[u8]) -> Result<Request, Undecoded> {
    let nameless = |error| Undecoded { id: None, error };
    match first_byte(bytes) {
        Some(b'{') => {}
        Some(b'[') => {
            return Err(nameless(refusals::shape(
                "send one object a message: batches are not served",
            )));
        }
        _ => return Err(nameless(refusals::not_json("it does not begin with an object"))),
    }
    if JSON_DEPTH_MAX < depth(bytes) {
        return Err(nameless(refusals::too_deep()));
    }
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|e| nameless(refuse(&e)))?;
    let id = read_id(envelope.id).map_err(nameless)?;
    let named = |error| Undecoded { id: id.clone(), error };
    let method = read_method(envelope.method).map_err(named)?;
    let params = read_params(envelope.params).map_err(named)?;
    Ok(Request { id, method, params })
}

fn refuse(error: &serde_json::Error) -> RpcError {
    match error.classify() {
        Category::Data => refusals::shape(&error.to_string()),
        Category::Io | Category::Syntax | Category::Eof => refusals::not_json(&error.to_string()),
    }
}

fn first_byte(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// How deep objects and arrays nest, without building them.
fn depth(bytes: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for &byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn read_id(id: Option<&RawValue>) -> Result<Option<Json>, RpcError> {
    let Some(id) = id else { return Ok(None) };
    let text = id.get();
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !is_number && !text.starts_with('"') {
        return Err(refusals::shape("the id is neither an integer nor a text"));
    }
    if NAME_BYTES_MAX < text.len() {
        return Err(refusals::shape("the id is longer than 256 bytes"));
    }
    Ok(Some(Json(text.to_owned())))
}

fn read_method(method: Option<&RawValue>) -> Result<Option<String>, RpcError> {
    let Some(method) = method else { return Ok(None) };
    let text: String = serde_json::from_str(method.get())
        .map_err(|_| refusals::shape("the method is not a text"))?;
    Ok(Some(text.trim_start_matches('/').to_owned()))
}

fn read_params(params: Option<&RawValue>) -> Result<Map<String, Value>, RpcError> {
    let Some(params) = params else { return Ok(Map::new()) };
    if !params.get().starts_with('{') {
        return Err(refusals::shape(
            "the params are not an object: only named parameters are served",
        ));
    }
    let mut map: Map<String, Value> =
        serde_json::from_str(params.get()).map_err(|error| refuse(&error))?;
    map.retain(|_, value| !value.is_null());
    Ok(map)
}

/// When a request came in, and on what kind of venue: the last members of every reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// Microseconds since 1970 UTC.
    pub(crate) in_us: u64,
    pub(crate) out_us: u64,
    pub(crate) testnet: bool,
    /// How old what it says may be, on a node that follows another.
    pub(crate) lag_ms: Option<u64>,
}

/// Writes a reply.
pub(crate) fn encode_reply(
    id: Option<&Json>,
    result: &Result<Json, RpcError>,
    stamp: Stamp,
) -> String {
    use std::fmt::Write;
    let body = match result {
        Ok(json) => json.get().len(),
        Err(_) => 256,
    };
    let mut text = String::with_capacity(body + 192);
    text.push_str(r#"{"jsonrpc":"2.0""#);
    if let Some(id) = id {
        text.push_str(r#","id":"#);
        text.push_str(id.get());
    }
    match result {
        Ok(json) => {
            text.push_str(r#","result":"#);
            text.push_str(json.get());
        }
        Err(error) => push_error(&mut text, error),
    }
    let Stamp { in_us, out_us, testnet, lag_ms } = stamp;
    let diff_us = out_us.saturating_sub(in_us);
    if let Some(lag_ms) = lag_ms {
        write!(text, r#","lagMs":{lag_ms}"#).expect("a String takes whatever is written to it");
    }
    write!(text, r#","usIn":{in_us},"usOut":{out_us},"usDiff":{diff_us},"testnet":{testnet}}}"#)
        .expect("a String takes whatever is written to it");
    text
}

fn push_error(text: &mut String, error: &RpcError) {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        code: i32,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a Value>,
    }
    let body = Body { code: error.code, message: &error.message, data: error.data.as_ref() };
    text.push_str(r#","error":"#);
    text.push_str(&serde_json::to_string(&body).expect("keys are texts, numbers are finite"));
}

/// JSON of something that is ours.
pub(crate) fn json(value: &impl serde::Serialize) -> Json {
    Json(serde_json::to_string(value).expect("keys are texts, numbers are finite"))
}

#[cfg(test)]
mod tests;
