//! Tokens: where, how long, how many.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use types::AccountId;

use super::{Bound, Grant, Issue, TokenError, TokenStore};
use crate::auth::keys::{Key, KeyStore, NewKey, TRADER_SCOPE};
use crate::auth::scopes::Granted;
use crate::limits::{CONNECTION_TOKENS_PER_KEY_MAX, SESSIONS_PER_KEY_MAX};

const NOW_MS: u64 = 1_795_336_885_000;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn key() -> Arc<Key> {
    let new = NewKey {
        account: AccountId(1),
        name: "main".into(),
        max_scope: TRADER_SCOPE.into(),
        limits: None,
    };
    KeyStore::in_memory().create(new, NOW_MS).expect("a key")
}

fn store() -> TokenStore {
    TokenStore::new(Box::new(crate::auth::keys::system_random))
}

fn issue(tokens: &TokenStore, key: &Arc<Key>, scope: &str, at: Bound) -> Arc<Grant> {
    let granted = Granted::cut(scope, &key.max_scope);
    let issue = Issue { key: key.clone(), granted, account: Arc::default(), at };
    tokens.issue(issue, NOW_MS).expect("there is room")
}

#[test]
fn a_connection_token_is_good_on_its_socket_for_fifteen_minutes() {
    let tokens = store();
    let grant = issue(&tokens, &key(), "", Bound::Socket(4));
    assert_eq!(grant.check(NOW_MS, Bound::Socket(4), HERE), Ok(()));
    assert_eq!(grant.check(NOW_MS, Bound::Socket(5), HERE), Err(TokenError::Foreign));
    assert_eq!(grant.check(NOW_MS, Bound::Http, HERE), Err(TokenError::Foreign));
    let end_ms = NOW_MS + 900_000;
    assert_eq!(grant.check(end_ms - 1, Bound::Socket(4), HERE), Ok(()));
    let expired = Err(TokenError::Expired { expired_ms: end_ms });
    assert_eq!(grant.check(end_ms, Bound::Socket(4), HERE), expired);
}

#[test]
fn a_session_token_is_good_anywhere_for_a_year_or_as_long_as_was_asked() {
    let tokens = store();
    let grant = issue(&tokens, &key(), "session:a", Bound::Socket(4));
    let last_ms = NOW_MS + 31_536_000_000 - 1;
    assert_eq!(grant.check(last_ms, Bound::Http, HERE), Ok(()));
    let short = issue(&tokens, &key(), "session:b expires:5", Bound::Http);
    assert_eq!((short.life_s, short.expires_ms), (5, NOW_MS + 5_000));
    let long = issue(&tokens, &key(), "session:c expires:99999999999", Bound::Http);
    assert_eq!(long.life_s, 31_536_000);
}

#[test]
fn a_token_for_one_address_is_good_from_there_only() {
    let tokens = store();
    let grant = issue(&tokens, &key(), "session:a ip:127.0.0.1", Bound::Http);
    assert_eq!(grant.check(NOW_MS, Bound::Http, HERE), Ok(()));
    let elsewhere = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
    assert_eq!(grant.check(NOW_MS, Bound::Http, elsewhere), Err(TokenError::Address));
}

#[test]
fn a_session_of_the_same_name_replaces_the_old_one() {
    let (tokens, key) = (store(), key());
    let old = issue(&tokens, &key, "session:a", Bound::Http);
    let new = issue(&tokens, &key, "session:a", Bound::Http);
    assert!(tokens.by_access(&old.access_token).is_none());
    assert_eq!(old.check(NOW_MS, Bound::Http, HERE), Err(TokenError::Unknown));
    assert!(tokens.by_access(&new.access_token).is_some());
}

#[test]
fn sessions_and_connections_of_a_key_are_bounded_and_the_oldest_go() {
    let table = [("session", SESSIONS_PER_KEY_MAX), ("connection", CONNECTION_TOKENS_PER_KEY_MAX)];
    for (kind, n_max) in table {
        let (tokens, key) = (store(), key());
        let grants: Vec<Arc<Grant>> = (0..n_max + 3)
            .map(|n| issue(&tokens, &key, &format!("{kind}:{n}"), Bound::Http))
            .collect();
        let live: Vec<bool> =
            grants.iter().map(|grant| tokens.by_access(&grant.access_token).is_some()).collect();
        assert_eq!(live[..3], [false; 3], "{kind}");
        assert!(live[3..].iter().all(|live| *live), "{kind}");
        assert_eq!(tokens.tokens().by_refresh.len(), n_max, "{kind}");
    }
}

#[test]
fn a_refresh_token_works_once_and_dies_with_its_pair() {
    let (tokens, key) = (store(), key());
    let grant = issue(&tokens, &key, "", Bound::Http);
    assert!(tokens.take_refresh(&grant.refresh_token, NOW_MS).is_some());
    assert!(tokens.take_refresh(&grant.refresh_token, NOW_MS).is_none());
    assert!(tokens.by_access(&grant.access_token).is_none());

    let late = issue(&tokens, &key, "", Bound::Http);
    assert!(tokens.take_refresh(&late.refresh_token, NOW_MS + 2 * 900_000).is_none());
    let ended = issue(&tokens, &key, "", Bound::Http);
    tokens.end_key(&key.client_id);
    assert!(tokens.by_access(&ended.access_token).is_none());
    assert!(tokens.tokens().by_key.is_empty());
}

#[test]
fn tokens_look_as_clients_expect_and_no_two_are_the_same() {
    let (tokens, key) = (store(), key());
    let one = issue(&tokens, &key, "session:a", Bound::Http);
    let two = issue(&tokens, &key, "session:b", Bound::Http);
    let texts = [&one.access_token, &one.refresh_token, &two.access_token, &two.refresh_token];
    for (index, text) in texts.iter().enumerate() {
        let lengths: Vec<usize> = text.split('.').map(str::len).collect();
        assert_eq!(lengths, [13, 8, 64], "{text}");
        assert!(!texts[..index].contains(text), "{text}");
    }
}
