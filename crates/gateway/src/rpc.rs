//! JSON-RPC 2.0 as the dialect has it: results and errors of calls.

use serde_json::Value;
use serde_json::value::RawValue;

/// JSON that is already text, so that one rendering can be sent many times.
pub type Json = Box<RawValue>;

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
