//! Who calls (api.md §3).
//!
//! ```text
//!   Authorization: Bearer …          ─▶ tokens ──────────────┐
//!   Authorization: Basic …           ─▶ keys, same secret? ──┤
//!   Authorization: deri-hmac-sha256 … ─▶ keys, signature, replay ─┼─▶ Grant
//!   public/auth                      ─▶ one of these ─▶ tokens ┘
//! ```
//!
//! Whatever is wrong with a key or a signature, the answer is the same and takes the same time.
//! What a grant allows is decided in `admit`.

pub(crate) mod keys;
pub(crate) mod replay;
pub(crate) mod scopes;
pub(crate) mod signature;
pub(crate) mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use serde_json::{Map, Value};

use crate::accounts::Accounts;
use crate::auth::keys::{Key, KeyStore};
use crate::auth::replay::{ReplayError, UsedSignatures};
use crate::auth::scopes::Granted;
use crate::auth::signature::{Signed, http_parts, same_secret};
use crate::auth::tokens::{Bound, Grant, Issue, Random, TokenStore};
use crate::refusals;
use crate::rpc::RpcError;

/// Stands in for the secret of a client id that does not exist, so that the time does not tell.
const NO_SECRET: &str = "there is no such key, and no secret either.";

/// Keys, tokens, used signatures.
pub(crate) struct Auth {
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) tokens: TokenStore,
    pub(crate) accounts: Accounts,
    used: UsedSignatures,
}

/// Where and when somebody shows a credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) address: IpAddr,
    pub(crate) at: Bound,
    pub(crate) now_ms: u64,
}

/// What an HTTP signature covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedRequest<'a> {
    /// Upper case.
    pub(crate) method: &'a str,
    /// Path and query, exactly as sent.
    pub(crate) uri: &'a str,
    pub(crate) body: &'a [u8],
}

impl Auth {
    pub(crate) fn new(keys: Arc<KeyStore>, random: Random) -> Auth {
        Auth {
            keys,
            tokens: TokenStore::new(random),
            accounts: Accounts::default(),
            used: UsedSignatures::default(),
        }
    }

    /// Reads an `Authorization` header.
    pub(crate) fn by_header(
        &self,
        header: &str,
        request: SignedRequest,
        place: Place,
    ) -> Result<Arc<Grant>, RpcError> {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        let rest = rest.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => self.by_token(rest, place),
            "basic" => self.by_basic(rest, place),
            "deri-hmac-sha256" => self.by_signature(rest, request, place),
            _ => Err(refusals::unauthorized("send Bearer, Basic or deri-hmac-sha256")),
        }
    }

    /// Looks an access token up.
    pub(crate) fn by_token(&self, token: &str, place: Place) -> Result<Arc<Grant>, RpcError> {
        let unknown = || refusals::unauthorized(&tokens::TokenError::Unknown.to_string());
        let grant = self.tokens.by_access(token).ok_or_else(unknown)?;
        check(&grant, place)?;
        Ok(grant)
    }

    /// `public/auth`: checks the credential and issues a pair of tokens.
    pub(crate) fn log_in(
        &self,
        params: &Map<String, Value>,
        place: Place,
    ) -> Result<Arc<Grant>, RpcError> {
        let asked = text(params, "scope").unwrap_or_default();
        let (key, granted) = match text(params, "grant_type").as_deref() {
            Some("client_credentials") => (self.by_credentials(params, place)?, None),
            Some("client_signature") => (self.by_auth_signature(params, place)?, None),
            _ => {
                let old = self.by_refresh(params, place)?;
                // The key may have been changed since.
                let key = self.usable(&old.key.client_id, place.address).ok_or_else(lapsed)?;
                (key, Some(old.granted.clone()))
            }
        };
        let granted = granted.unwrap_or_else(|| Granted::cut(&asked, &key.max_scope));
        let account = self.accounts.of(key.account());
        let issue = Issue { key, granted, account, at: place.at };
        self.tokens
            .issue(issue, place.now_ms)
            .map_err(|error| refusals::unavailable(&error.to_string()))
    }

    fn by_basic(&self, encoded: &str, place: Place) -> Result<Arc<Grant>, RpcError> {
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(refusals::wrong_credentials)?;
        let (client_id, secret) =
            decoded.split_once(':').ok_or_else(refusals::wrong_credentials)?;
        let key = self.by_secret(client_id, secret, place)?;
        Ok(self.grant_of(key))
    }

    fn by_signature(
        &self,
        header: &str,
        request: SignedRequest,
        place: Place,
    ) -> Result<Arc<Grant>, RpcError> {
        let signed = Signed::parse_header(header)
            .ok_or_else(|| refusals::unauthorized("send id=…,ts=…,sig=…,nonce=…"))?;
        let parts = http_parts(request.method, request.uri, request.body);
        let key = self.check_signed(&signed, &parts, place)?;
        Ok(self.grant_of(key))
    }

    fn by_credentials(
        &self,
        params: &Map<String, Value>,
        place: Place,
    ) -> Result<Arc<Key>, RpcError> {
        let client_id = mandatory(params, "client_id")?;
        let secret = mandatory(params, "client_secret")?;
        self.by_secret(&client_id, &secret, place)
    }

    fn by_auth_signature(
        &self,
        params: &Map<String, Value>,
        place: Place,
    ) -> Result<Arc<Key>, RpcError> {
        let client_id = mandatory(params, "client_id")?;
        let timestamp = mandatory(params, "timestamp")?;
        let signature = mandatory(params, "signature")?;
        let nonce = text(params, "nonce").unwrap_or_default();
        let covered = text(params, "data").unwrap_or_default();
        let signed = Signed {
            client_id: &client_id,
            timestamp: &timestamp,
            nonce: &nonce,
            signature: &signature,
        };
        if !signed.is_short() {
            return Err(refusals::wrong_credentials());
        }
        self.check_signed(&signed, &[covered.as_bytes()], place)
    }

    fn by_refresh(
        &self,
        params: &Map<String, Value>,
        place: Place,
    ) -> Result<Arc<Grant>, RpcError> {
        let token = mandatory(params, "refresh_token")?;
        self.tokens.take_refresh(&token, place.now_ms).ok_or_else(lapsed)
    }

    fn by_secret(&self, client_id: &str, secret: &str, place: Place) -> Result<Arc<Key>, RpcError> {
        let key = self.usable(client_id, place.address);
        let ours = key.as_ref().map_or(NO_SECRET, |key| &key.client_secret);
        let is_same = same_secret(ours, secret);
        key.filter(|_| is_same).ok_or_else(refusals::wrong_credentials)
    }

    fn check_signed(
        &self,
        signed: &Signed,
        rest: &[&[u8]],
        place: Place,
    ) -> Result<Arc<Key>, RpcError> {
        let timestamp_ms: u64 = signed
            .timestamp
            .parse()
            .map_err(|_| refusals::param("timestamp", "send milliseconds since 1970"))?;
        UsedSignatures::check_time(place.now_ms, timestamp_ms).map_err(refuse_replay)?;
        let key = self.usable(signed.client_id, place.address);
        let secret = key.as_ref().map_or(NO_SECRET, |key| &key.client_secret);
        let fits = signed.fits(secret, rest);
        let key = key.filter(|_| fits).ok_or_else(refusals::wrong_credentials)?;
        self.used.use_once(place.now_ms, timestamp_ms, signed.digest()).map_err(refuse_replay)?;
        Ok(key)
    }

    /// The key, if it is enabled and may be used from here.
    fn usable(&self, client_id: &str, address: IpAddr) -> Option<Arc<Key>> {
        let key = self.keys.find(client_id)?;
        let address = address.to_string();
        let is_listed = key.ip_whitelist.is_empty() || key.ip_whitelist.contains(&address);
        (key.enabled && is_listed).then_some(key)
    }

    fn grant_of(&self, key: Arc<Key>) -> Arc<Grant> {
        let account = self.accounts.of(key.account());
        Arc::new(Grant::of_key(key, account))
    }
}

/// Refuses a grant that may not be used now and here.
pub(crate) fn check(grant: &Grant, place: Place) -> Result<(), RpcError> {
    grant
        .check(place.now_ms, place.at, place.address)
        .map_err(|error| refusals::unauthorized(&error.to_string()))
}

fn lapsed() -> RpcError {
    refusals::unauthorized("the refresh token is not known any more: authenticate with the key")
}

fn refuse_replay(error: ReplayError) -> RpcError {
    match error {
        ReplayError::Stale { .. } | ReplayError::Used => refusals::unauthorized(&error.to_string()),
        ReplayError::Full => refusals::unavailable(&error.to_string()),
    }
}

/// A parameter as text; numbers in the digits that were sent.
pub(crate) fn text(params: &Map<String, Value>, name: &str) -> Option<String> {
    match params.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn mandatory(params: &Map<String, Value>, name: &str) -> Result<String, RpcError> {
    text(params, name).ok_or_else(|| refusals::param(name, "this grant_type needs it"))
}

#[cfg(test)]
mod tests;
