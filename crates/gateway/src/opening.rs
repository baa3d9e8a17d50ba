//! Opening accounts: an account in every domain, and a key that opens it.

use std::sync::Arc;

use serde_json::json;
use types::AccountId;

use crate::auth::keys::{ChangeKeyError, Key, NewKey, TRADER_SCOPE};
use crate::auth::text;
use crate::call::Call;
use crate::clock::now;
use crate::gateway::Gateway;
use crate::refusals;
use crate::rpc::{self, Json, RpcError};
use crate::venue::Later;

/// `operator/open_account`.
pub(crate) fn open_account(gateway: Arc<Gateway>, call: Call) -> Later<Result<Json, RpcError>> {
    Box::pin(async move {
        let name = text(&call.params, "name").unwrap_or_else(|| "main".to_owned());
        let account = open(&gateway, None).await?;
        let key = create_key(&gateway, account, name)?;
        Ok(rpc::json(&json!({
            "account": account.0,
            "client_id": key.client_id,
            "client_secret": key.client_secret,
        })))
    })
}

/// `private/create_subaccount`.
pub(crate) fn create_subaccount(
    gateway: Arc<Gateway>,
    call: Call,
) -> Later<Result<Json, RpcError>> {
    Box::pin(async move {
        let Some(identity) = call.identity else {
            return Err(refusals::unauthorized("authenticate first: this method is private"));
        };
        let account = open(&gateway, Some(identity.account)).await?;
        let name = format!("subaccount_{account}");
        let key = create_key(&gateway, account, name.clone())?;
        Ok(rpc::json(&json!({
            "id": account.0,
            "username": name,
            "system_name": name,
            "email": "",
            "type": "subaccount",
            "is_password": false,
            "receive_notifications": false,
            "login_enabled": false,
            // Ours: the dialect makes keys of a subaccount elsewhere.
            "client_id": key.client_id,
            "client_secret": key.client_secret,
        })))
    })
}

async fn open(gateway: &Gateway, parent: Option<AccountId>) -> Result<AccountId, RpcError> {
    let _one_at_a_time = gateway.opening.lock().await;
    gateway.market.open_account(parent).await
}

fn create_key(gateway: &Gateway, account: AccountId, name: String) -> Result<Arc<Key>, RpcError> {
    let new = NewKey { account, name, max_scope: TRADER_SCOPE.to_owned(), limits: None };
    gateway.auth.keys.create(new, now().day_ms()).map_err(refuse_key)
}

/// Says why a key was not made or changed.
pub(crate) fn refuse_key(error: ChangeKeyError) -> RpcError {
    match error {
        ChangeKeyError::TooMany { .. } => refusals::param("account", &error.to_string()),
        ChangeKeyError::NotFound { .. } => refusals::not_found(&error.to_string()),
        ChangeKeyError::Random(_) | ChangeKeyError::Write(_) => {
            refusals::internal(&error.to_string())
        }
    }
}
