//! Each way to log in, with the code of each way to fail.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine;
use serde_json::{Map, Value, json};
use types::AccountId;

use super::{Auth, Place, SignedRequest};
use crate::auth::keys::{Key, KeyStore, NewKey, TRADER_SCOPE};
use crate::auth::tokens::Bound;

/// The time of the golden signatures (api.md §3.1).
const NOW_MS: u64 = 1_576_074_319_000;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PLACE: Place = Place { address: HERE, at: Bound::Http, now_ms: NOW_MS };
const REQUEST: SignedRequest = SignedRequest {
    method: "GET",
    uri: "/api/v2/private/get_account_summary?currency=BTC",
    body: b"",
};

/// Keys of one account, whose secret is that of the golden signatures.
fn auth() -> (Auth, Arc<Key>) {
    let keys = KeyStore::in_memory();
    let new = NewKey {
        account: AccountId(1),
        name: "main".into(),
        max_scope: TRADER_SCOPE.into(),
        limits: None,
    };
    let key = keys.create(new, NOW_MS).expect("a key");
    let golden =
        keys.change(key.account(), key.id, |key| key.client_secret = "AMANDASECRECT".into());
    (
        Auth::new(Arc::new(keys), Box::new(crate::auth::keys::system_random)),
        golden.expect("the key that was made"),
    )
}

fn code_of_header(auth: &Auth, header: &str, place: Place) -> i32 {
    auth.by_header(header, REQUEST, place).map_or_else(|error| error.code, |_| 0)
}

fn code_of_login(auth: &Auth, params: Value, place: Place) -> i32 {
    let Value::Object(params) = params else { return -1 };
    auth.log_in(&params, place).map_or_else(|error| error.code, |_| 0)
}

#[test]
fn a_signed_header_lets_in_once_and_near_its_time() {
    let (auth, key) = auth();
    let signature = "9bfbc51a2bc372d72cc396cf1a213dc78d42eb74cb7dc272351833ad0de276ab";
    let header = |id: &str, nonce: &str| {
        format!("deri-hmac-sha256 id={id},ts={NOW_MS}, nonce={nonce},sig={signature}")
    };
    let good = header(&key.client_id, "1iqt2wls");
    let late = Place { now_ms: NOW_MS + 60_001, ..PLACE };
    assert_eq!(code_of_header(&auth, &good, late), 13009, "stale");
    assert_eq!(code_of_header(&auth, &header(&key.client_id, "other"), PLACE), 13004);
    assert_eq!(code_of_header(&auth, &header("AMANDA", "1iqt2wls"), PLACE), 13004);
    assert_eq!(code_of_header(&auth, &good, PLACE), 0);
    assert_eq!(code_of_header(&auth, &good, PLACE), 13009, "used");
}

#[test]
fn other_headers_let_in_with_what_they_hold() {
    let (auth, key) = auth();
    let basic = |text: String| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        format!("Basic {encoded}")
    };
    let token = auth.log_in(&credentials(&key), PLACE).expect("the right secret");
    let token = &token.access_token;
    let table = [
        (basic(format!("{}:{}", key.client_id, key.client_secret)), 0),
        (basic(format!("{}:wrong", key.client_id)), 13004),
        (basic("nonsense".into()), 13004),
        ("Basic %%%".into(), 13004),
        (format!("Bearer {token}"), 0),
        (format!("bEARER   {token}"), 0),
        ("Bearer".into(), 13009),
        ("Bearer 1.2.3".into(), 13009),
        ("Digest x".into(), 13009),
        ("deri-hmac-sha256 id=1".into(), 13009),
        ("".into(), 13009),
    ];
    for (header, code) in table {
        assert_eq!(code_of_header(&auth, &header, PLACE), code, "{header}");
    }
}

fn credentials(key: &Key) -> Map<String, Value> {
    let params = json!({
        "grant_type": "client_credentials",
        "client_id": key.client_id,
        "client_secret": key.client_secret,
    });
    params.as_object().expect("an object").clone()
}

#[test]
fn each_grant_type_says_what_is_wrong_in_its_code() {
    let (auth, key) = auth();
    let signed = |nonce: &str, ts: Value| {
        json!({
            "grant_type": "client_signature",
            "client_id": key.client_id,
            "timestamp": ts,
            "nonce": nonce,
            "signature": "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1",
        })
    };
    let long = "n".repeat(10_000);
    let table = [
        (json!({"grant_type": "client_credentials", "client_id": key.client_id}), -32602),
        (
            json!({
                "grant_type": "client_credentials",
                "client_id": key.client_id,
                "client_secret": "wrong",
            }),
            13004,
        ),
        (signed("1iqt2wls", json!(NOW_MS)), 0),
        (signed("1iqt2wls", json!(NOW_MS.to_string())), 13009),
        (signed("other", json!(NOW_MS)), 13004),
        (signed(&long, json!(NOW_MS)), 13004),
        (signed("1iqt2wls", json!(NOW_MS - 60_001)), 13009),
        (signed("1iqt2wls", json!("soon")), -32602),
        (json!({"grant_type": "refresh_token", "refresh_token": "1.2.3"}), 13009),
        (json!({"grant_type": "refresh_token"}), -32602),
    ];
    for (params, code) in table {
        let shown = params.to_string();
        assert_eq!(code_of_login(&auth, params, PLACE), code, "{shown}");
    }
}

#[test]
fn a_refresh_keeps_the_session_and_ends_the_old_pair() {
    let (auth, key) = auth();
    let mut params = credentials(&key);
    params.insert("scope".into(), json!("session:a trade:read"));
    let old = auth.log_in(&params, PLACE).expect("the right secret");
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": &*old.refresh_token});
    let new = auth.log_in(refresh.as_object().expect("an object"), PLACE).expect("a refresh");
    assert_eq!(new.granted, old.granted);
    assert!(auth.by_token(&old.access_token, PLACE).is_err());
    assert!(auth.by_token(&new.access_token, PLACE).is_ok());
}

#[test]
fn a_key_that_is_off_or_used_from_elsewhere_lets_nobody_in() {
    let (auth, key) = auth();
    let login = |auth: &Auth| auth.log_in(&credentials(&key), PLACE).map_err(|error| error.code);
    auth.keys.change(key.account(), key.id, |key| key.enabled = false).expect("its own");
    assert_eq!(login(&auth).err(), Some(13004));
    let only = |address: &str| vec![address.to_owned()];
    auth.keys
        .change(key.account(), key.id, |key| {
            key.enabled = true;
            key.ip_whitelist = only("10.0.0.7");
        })
        .expect("its own");
    assert_eq!(login(&auth).err(), Some(13004));
    auth.keys
        .change(key.account(), key.id, |key| key.ip_whitelist = only("127.0.0.1"))
        .expect("its own");
    assert!(login(&auth).is_ok());
}
