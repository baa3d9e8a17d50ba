//! Tokens: what a client holds after `public/auth` (api.md §3.2).
//!
//! ```text
//!   access token ──▶ Grant ◀── refresh token        one Grant a pair; both die together
//!                      ▲
//!   key ── the sessions and connections of it, oldest first, bounded
//! ```
//!
//! A token of a session is good on any connection; a new one of the same name replaces it. A token
//! of a connection is good on the socket it was issued on; issued over HTTP, which has no lasting
//! connection, it is good for any HTTP request. Tokens are forgotten when they can no longer be
//! refreshed, and all of them when the process ends.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::accounts::AccountState;
use crate::auth::keys::{Key, text_of};
use crate::auth::scopes::Granted;
use crate::limits::{
    CONNECTION_TOKEN_S, CONNECTION_TOKENS_PER_KEY_MAX, SESSION_TOKEN_S, SESSIONS_PER_KEY_MAX,
    TOKENS_MAX,
};

/// Where a token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Anywhere: a session, or a key's own signature.
    Nowhere,
    /// Over HTTP.
    Http,
    /// On one socket.
    Socket(u64),
}

/// Somebody who was let in.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) key: Arc<Key>,
    pub(crate) granted: Granted,
    /// Credits and queue of the account.
    pub(crate) account: Arc<AccountState>,
    pub(crate) access_token: Arc<str>,
    pub(crate) refresh_token: Arc<str>,
    pub(crate) bound: Bound,
    pub(crate) life_s: u64,
    pub(crate) expires_ms: u64,
    ended: AtomicBool,
}

/// Why a token does not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// It was never given out, or it was replaced, or its key was changed.
    #[error("the token is not known: authenticate again")]
    Unknown,
    /// Its time is over.
    #[error("the token expired at {expired_ms}: refresh it")]
    Expired { expired_ms: u64 },
    /// It belongs to another connection.
    #[error("the token belongs to another connection: ask for scope session:<name>")]
    Foreign,
    /// It belongs to another address.
    #[error("the token is not for this address")]
    Address,
}

impl Grant {
    /// A grant without a token: of one signed request.
    pub(crate) fn of_key(key: Arc<Key>, account: Arc<AccountState>) -> Grant {
        let granted = Granted::cut("", &key.max_scope);
        let empty: Arc<str> = Arc::from("");
        Grant {
            key,
            granted,
            account,
            access_token: empty.clone(),
            refresh_token: empty,
            bound: Bound::Nowhere,
            life_s: 0,
            expires_ms: u64::MAX,
            ended: AtomicBool::new(false),
        }
    }

    /// May it be used now, from here?
    pub(crate) fn check(&self, now_ms: u64, at: Bound, address: IpAddr) -> Result<(), TokenError> {
        if self.ended.load(Ordering::Acquire) {
            return Err(TokenError::Unknown);
        }
        if self.bound != Bound::Nowhere && self.bound != at {
            return Err(TokenError::Foreign);
        }
        if self.granted.address.as_ref().is_some_and(|only| *only != address.to_string()) {
            return Err(TokenError::Address);
        }
        if self.expires_ms <= now_ms {
            return Err(TokenError::Expired { expired_ms: self.expires_ms });
        }
        Ok(())
    }

    /// A token can be refreshed for as long as it lived.
    fn refreshable_until_ms(&self) -> u64 {
        self.expires_ms.saturating_add(self.life_s.saturating_mul(1_000))
    }

    fn is_connection(&self) -> bool {
        self.granted.session.is_none()
    }
}

/// What a token is to be made of.
pub(crate) struct Issue {
    pub(crate) key: Arc<Key>,
    pub(crate) granted: Granted,
    pub(crate) account: Arc<AccountState>,
    pub(crate) at: Bound,
}

/// Why no token was issued.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error("the operating system gives no random numbers")]
    Random(#[source] getrandom::Error),
    #[error("{TOKENS_MAX} tokens are in use: ask again later")]
    TooMany,
}

/// Fills bytes with what nobody can guess.
pub type Random = Box<dyn Fn(&mut [u8]) -> Result<(), getrandom::Error> + Send + Sync>;

/// All tokens.
pub(crate) struct TokenStore {
    tokens: Mutex<Tokens>,
    random: Random,
}

#[derive(Debug, Default)]
struct Tokens {
    by_access: HashMap<Arc<str>, Arc<Grant>>,
    by_refresh: HashMap<Arc<str>, Arc<Grant>>,
    by_key: HashMap<String, VecDeque<Arc<Grant>>>,
}

impl TokenStore {
    /// No tokens, and what they will be made of.
    pub(crate) fn new(random: Random) -> TokenStore {
        TokenStore { tokens: Mutex::default(), random }
    }

    /// Makes a pair of tokens.
    pub(crate) fn issue(&self, issue: Issue, now_ms: u64) -> Result<Arc<Grant>, IssueError> {
        let grant = self.new_grant(issue, now_ms).map_err(IssueError::Random)?;
        let grant = Arc::new(grant);
        let mut tokens = self.tokens();
        tokens.make_room(&grant);
        if TOKENS_MAX <= tokens.by_access.len() {
            tokens.forget_old(now_ms);
        }
        if TOKENS_MAX <= tokens.by_access.len() {
            return Err(IssueError::TooMany);
        }
        tokens.insert(&grant);
        Ok(grant)
    }

    /// Whom an access token lets in; whether now and here is for [`Grant::check`] to say.
    pub(crate) fn by_access(&self, token: &str) -> Option<Arc<Grant>> {
        self.tokens().by_access.get(token).cloned()
    }

    /// Takes a pair of tokens away by its refresh token, so that another can be issued for it.
    pub(crate) fn take_refresh(&self, token: &str, now_ms: u64) -> Option<Arc<Grant>> {
        let mut tokens = self.tokens();
        let grant = tokens.by_refresh.get(token).cloned()?;
        tokens.end(&grant);
        (now_ms < grant.refreshable_until_ms()).then_some(grant)
    }

    /// Ends one pair of tokens.
    pub(crate) fn end(&self, grant: &Grant) {
        self.tokens().end(grant);
    }

    /// Ends all tokens of a key, because the key was changed.
    pub(crate) fn end_key(&self, client_id: &str) {
        let mut tokens = self.tokens();
        for grant in tokens.by_key.get(client_id).cloned().unwrap_or_default() {
            tokens.end(&grant);
        }
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_grant(&self, issue: Issue, now_ms: u64) -> Result<Grant, getrandom::Error> {
        let Issue { key, granted, account, at } = issue;
        let (longest_s, bound) = match granted.session {
            Some(_) => (SESSION_TOKEN_S, Bound::Nowhere),
            None => (CONNECTION_TOKEN_S, at),
        };
        let life_s = granted.expires_s.map_or(longest_s, |asked_s| asked_s.min(longest_s));
        Ok(Grant {
            key,
            granted,
            account,
            access_token: self.token(now_ms)?,
            refresh_token: self.token(now_ms)?,
            bound,
            life_s,
            expires_ms: now_ms + life_s * 1_000,
            ended: AtomicBool::new(false),
        })
    }

    /// `<ms>.<8 characters>.<64 characters>`: the form that clients know, 48 random bytes and six
    /// more.
    fn token(&self, now_ms: u64) -> Result<Arc<str>, getrandom::Error> {
        let (mut short, mut long) = ([0; 6], [0; 48]);
        (self.random)(&mut short)?;
        (self.random)(&mut long)?;
        Ok(format!("{now_ms}.{}.{}", text_of(&short), text_of(&long)).into())
    }
}

impl Tokens {
    /// Drops what the new grant replaces: the session of its name, or the oldest one too many.
    fn make_room(&mut self, new: &Grant) {
        let Some(held) = self.by_key.get(&new.key.client_id) else { return };
        let same_name =
            |old: &&Arc<Grant>| !old.is_connection() && old.granted.session == new.granted.session;
        let same_kind = |old: &&Arc<Grant>| old.is_connection() == new.is_connection();
        let n_max = match new.is_connection() {
            true => CONNECTION_TOKENS_PER_KEY_MAX,
            false => SESSIONS_PER_KEY_MAX,
        };
        let named = held.iter().find(same_name).cloned();
        let is_full = n_max <= held.iter().filter(same_kind).count();
        let oldest = held.iter().find(same_kind).filter(|_| is_full).cloned();
        if let Some(old) = named.or(oldest) {
            self.end(&old);
        }
    }

    fn insert(&mut self, grant: &Arc<Grant>) {
        self.by_access.insert(grant.access_token.clone(), grant.clone());
        self.by_refresh.insert(grant.refresh_token.clone(), grant.clone());
        self.by_key.entry(grant.key.client_id.clone()).or_default().push_back(grant.clone());
    }

    fn end(&mut self, grant: &Grant) {
        grant.ended.store(true, Ordering::Release);
        self.by_access.remove(&grant.access_token);
        self.by_refresh.remove(&grant.refresh_token);
        let Some(held) = self.by_key.get_mut(&grant.key.client_id) else { return };
        held.retain(|old| old.access_token != grant.access_token);
        if held.is_empty() {
            self.by_key.remove(&grant.key.client_id);
        }
    }

    fn forget_old(&mut self, now_ms: u64) {
        let is_old = |grant: &&Arc<Grant>| grant.refreshable_until_ms() <= now_ms;
        let old: Vec<Arc<Grant>> = self.by_access.values().filter(is_old).cloned().collect();
        for grant in old {
            self.end(&grant);
        }
    }
}

#[cfg(test)]
mod tests;
