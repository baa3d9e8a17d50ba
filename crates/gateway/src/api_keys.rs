//! The keys of an account, made and changed by its owner (api.md §7.2, account methods).
//!
//! A key never gets more than the one that makes or changes it has: what is asked beyond that is
//! cut. A secret is shown when it is made, and not again. Any change of what a key may do ends its
//! tokens.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::auth::keys::{Key, NewKey, fresh_secret};
use crate::auth::scopes::Capabilities;
use crate::auth::text;
use crate::auth::tokens::Grant;
use crate::call::Call;
use crate::gateway::Caller;
use crate::limits::{KEY_ADDRESSES_MAX, NAME_BYTES_MAX};
use crate::opening::refuse_key;
use crate::refusals;
use crate::rpc::{self, Json, RpcError};

/// `private/create_api_key`.
pub(crate) fn create_api_key(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let grant = caller.known()?;
    let new = NewKey {
        account: grant.key.account(),
        name: name(call)?.unwrap_or_default(),
        max_scope: max_scope(&grant, call).unwrap_or_default(),
        limits: grant.key.limits,
    };
    let key = caller.gateway.auth.keys.create(new, caller.at.day_ms()).map_err(refuse_key)?;
    Ok(rpc::json(&object(&key, &key.client_secret)))
}

/// `private/list_api_keys`.
pub(crate) fn list_api_keys(caller: &mut Caller<'_>, _: &Call) -> Result<Json, RpcError> {
    let keys = caller.gateway.auth.keys.of_account(caller.known()?.key.account());
    let objects: Vec<Value> = keys.iter().map(|key| object(key, "")).collect();
    Ok(rpc::json(&objects))
}

/// `private/edit_api_key`, `private/change_scope_in_api_key`.
pub(crate) fn edit_api_key(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let scope = max_scope(&*caller.known()?, call);
    let (name, addresses) = (name(call)?, addresses(call)?);
    let enabled = call.params.get("enabled").map(is_true);
    change(caller, call, |key| {
        key.max_scope = scope.unwrap_or_else(|| key.max_scope.clone());
        key.name = name.unwrap_or_else(|| key.name.clone());
        key.enabled = enabled.unwrap_or(key.enabled);
        key.ip_whitelist = addresses.unwrap_or_else(|| key.ip_whitelist.clone());
    })
}

/// `private/change_api_key_name`.
pub(crate) fn change_api_key_name(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let name = name(call)?.unwrap_or_default();
    change(caller, call, |key| key.name = name)
}

/// `private/enable_api_key`.
pub(crate) fn enable_api_key(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    change(caller, call, |key| key.enabled = true)
}

/// `private/disable_api_key`.
pub(crate) fn disable_api_key(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    change(caller, call, |key| key.enabled = false)
}

/// `private/reset_api_key`.
pub(crate) fn reset_api_key(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let secret = fresh_secret().map_err(refuse_key)?;
    let shown = secret.clone();
    let mut result = changed(caller, call, |key| key.client_secret = secret)?;
    result["client_secret"] = Value::String(shown);
    Ok(rpc::json(&result))
}

/// `private/remove_api_key`.
pub(crate) fn remove_api_key(caller: &mut Caller<'_>, call: &Call) -> Result<Json, RpcError> {
    let account = caller.known()?.key.account();
    let auth = &caller.gateway.auth;
    let key = auth.keys.remove(account, id(call)?).map_err(refuse_key)?;
    auth.tokens.end_key(&key.client_id);
    Ok(rpc::json(&"ok"))
}

fn change(
    caller: &Caller<'_>,
    call: &Call,
    change: impl FnOnce(&mut Key),
) -> Result<Json, RpcError> {
    changed(caller, call, change).map(|key| rpc::json(&key))
}

fn changed(
    caller: &Caller<'_>,
    call: &Call,
    change: impl FnOnce(&mut Key),
) -> Result<Value, RpcError> {
    let account = caller.known()?.key.account();
    let auth = &caller.gateway.auth;
    let key = auth.keys.change(account, id(call)?, change).map_err(refuse_key)?;
    auth.tokens.end_key(&key.client_id);
    Ok(object(&key, ""))
}

fn object(key: &Arc<Key>, secret: &str) -> Value {
    json!({
        "id": key.id,
        "timestamp": key.created_ms,
        "client_id": key.client_id,
        "client_secret": secret,
        "max_scope": key.max_scope,
        "enabled": key.enabled,
        "default": false,
        "name": key.name,
        "enabled_features": [],
        "ip_whitelist": key.ip_whitelist,
    })
}

fn id(call: &Call) -> Result<u32, RpcError> {
    let sent = text(&call.params, "id").and_then(|id| id.parse().ok());
    sent.ok_or_else(|| refusals::param("id", "send the id of one of your keys"))
}

fn name(call: &Call) -> Result<Option<String>, RpcError> {
    let name = text(&call.params, "name");
    match &name {
        Some(long) if NAME_BYTES_MAX < long.len() => {
            Err(refusals::param("name", &format!("send {NAME_BYTES_MAX} bytes or fewer")))
        }
        _ => Ok(name),
    }
}

/// What is asked, cut to what the caller has.
fn max_scope(grant: &Grant, call: &Call) -> Option<String> {
    let asked = call.params.get("max_scope")?.as_array()?;
    let asked: Vec<&str> = asked.iter().filter_map(Value::as_str).collect();
    Some(Capabilities::of_key(&asked.join(" ")).within(&grant.granted.capabilities).to_string())
}

fn addresses(call: &Call) -> Result<Option<Vec<String>>, RpcError> {
    let Some(list) = call.params.get("ip_whitelist").and_then(Value::as_array) else {
        return Ok(None);
    };
    let is_address = |text: &&str| text.parse::<std::net::IpAddr>().is_ok();
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    if KEY_ADDRESSES_MAX < texts.len() || !texts.iter().all(is_address) {
        let what = format!("send {KEY_ADDRESSES_MAX} IP addresses or fewer");
        return Err(refusals::param("ip_whitelist", &what));
    }
    Ok(Some(texts.into_iter().map(str::to_owned).collect()))
}

fn is_true(value: &Value) -> bool {
    value == &Value::Bool(true) || value.as_str() == Some("true")
}
