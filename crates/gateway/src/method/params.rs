//! Types of parameters, before any method looks at them.
//!
//! Only the form is checked here: a number may still be off every grid, and `1e400` is a number.
//! Those who read it know its range.

use serde_json::{Map, Value};

use super::{Param, ParamKind};
use crate::refusals;
use crate::rpc::RpcError;

/// Refuses a parameter that is missing or of another type; turns the text of a list into the list.
pub(super) fn check(param: &Param, sent: &mut Map<String, Value>) -> Result<(), RpcError> {
    let Some(value) = sent.get_mut(param.name) else {
        if param.is_mandatory {
            return Err(refusals::param(
                param.name,
                &format!("it is missing: send {}", form(param.kind)),
            ));
        }
        return Ok(());
    };
    match param.kind {
        ParamKind::Texts | ParamKind::List => spread(value),
        ParamKind::Record => unfold(value),
        _ => {}
    }
    if fits(param.kind, value) {
        return Ok(());
    }
    Err(refusals::param(param.name, &format!("wrong format: send {}", form(param.kind))))
}

/// Over GET a list comes as one text of JSON, and a list of one as that one.
fn spread(value: &mut Value) {
    let Value::String(text) = value else { return };
    let list = text.starts_with('[').then(|| serde_json::from_str::<Vec<Value>>(text).ok());
    *value = match list.flatten() {
        Some(list) => Value::Array(list),
        None => Value::Array(vec![value.take()]),
    };
}

/// Over GET an object comes as one text of JSON.
fn unfold(value: &mut Value) {
    let Value::String(text) = value else { return };
    if let Ok(map) = serde_json::from_str::<Map<String, Value>>(text) {
        *value = Value::Object(map);
    }
}

fn fits(kind: ParamKind, value: &Value) -> bool {
    match (kind, value) {
        (ParamKind::Text, Value::String(_)) | (ParamKind::Boolean, Value::Bool(_)) => true,
        (ParamKind::Boolean, Value::String(text)) => text == "true" || text == "false",
        (ParamKind::Integer, Value::Number(number)) => is_integer(&number.to_string()),
        (ParamKind::Integer, Value::String(text)) => is_integer(text),
        (ParamKind::Number, Value::Number(_)) => true,
        (ParamKind::Number, Value::String(text)) => is_number(text),
        (ParamKind::OneOf(words), Value::String(text)) => words.contains(&text.as_str()),
        (ParamKind::OneOf(words), Value::Number(number)) => {
            words.contains(&number.to_string().as_str())
        }
        (ParamKind::Texts, Value::Array(list)) => list.iter().all(Value::is_string),
        (ParamKind::List, Value::Array(list)) => list.iter().all(|item| !item.is_string()),
        (ParamKind::Record, Value::Object(_)) => true,
        _ => false,
    }
}

fn is_integer(text: &str) -> bool {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The grammar of JSON's numbers: no `NaN`, no `Infinity`, no `0x10`, no blanks.
fn is_number(text: &str) -> bool {
    let starts = text.bytes().next().is_some_and(|byte| byte == b'-' || byte.is_ascii_digit());
    let ends = text.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit());
    starts && ends && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// What would be right.
fn form(kind: ParamKind) -> String {
    match kind {
        ParamKind::Text => "a text".to_owned(),
        ParamKind::Integer => "a whole number".to_owned(),
        ParamKind::Number => "a number".to_owned(),
        ParamKind::Boolean => "true or false".to_owned(),
        ParamKind::OneOf(words) => format!("one of {}", words.join(", ")),
        ParamKind::Texts => "a list of texts".to_owned(),
        ParamKind::List => "a list".to_owned(),
        ParamKind::Record => "an object".to_owned(),
    }
}
