//! Who calls: tokens, headers, sockets.

use base64::Engine;
use serde_json::{Value, json};

use crate::world::{World, code, credentials};

const PRIVATE: &str = "/api/v2/private/get_current_deposit_address?currency=BTC";

fn path_of_login(world: &World, scope: &str) -> String {
    let (id, secret) = (&world.trader.client_id, &world.trader.client_secret);
    let who = format!("client_id={id}&client_secret={secret}");
    format!("/api/v2/public/auth?grant_type=client_credentials&{who}&scope={scope}")
}

async fn login(world: &World, scope: &str) -> Value {
    world.get(&path_of_login(world, scope)).await.body["result"].clone()
}

#[tokio::test]
async fn a_token_from_http_opens_http_by_header_and_by_parameter() {
    let world = World::new().await;
    let tokens = login(&world, "").await;
    let token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(tokens["expires_in"], 900);
    assert!(tokens["scope"].as_str().expect("a scope").starts_with("connection "));
    for response in [
        world.get_as(PRIVATE, &format!("Bearer {token}")).await,
        world.get_as(PRIVATE, &format!("bearer {token}")).await,
        world.get(&format!("{PRIVATE}&access_token={token}")).await,
    ] {
        assert_eq!(response.status, 200, "{response:?}");
    }
    assert_eq!(
        world.get_as(PRIVATE, "Bearer 1.2.3").await.line(),
        r#"401 id null error 13009 "unauthorized""#
    );
}

#[tokio::test]
async fn a_connection_token_of_a_socket_is_good_there_only_and_a_session_anywhere() {
    let world = World::new().await;
    let mut client = world.socket().await;
    let reply = client.call("public/auth", credentials(&world.trader)).await;
    let token = reply["result"]["access_token"].as_str().expect("a token").to_owned();
    let params = json!({"currency": "BTC"});
    let method = "private/get_current_deposit_address";
    assert_eq!(code(&client.call(method, params.clone()).await), 0);

    let mut other = world.socket().await;
    assert_eq!(code(&other.call(method, params).await), 13009, "not logged in");
    let foreign = other.call(method, json!({"currency": "BTC", "access_token": token})).await;
    assert_eq!(code(&foreign), 13009);
    assert_eq!(world.get_as(PRIVATE, &format!("Bearer {token}")).await.status, 401);

    let session = login(&world, "session:nautilus-data").await;
    assert_eq!(session["expires_in"], 31_536_000);
    assert!(session["scope"].as_str().expect("a scope").starts_with("session:nautilus-data "));
    let token = &session["access_token"];
    let shown = other.call(method, json!({"currency": "BTC", "access_token": token})).await;
    assert_eq!(code(&shown), 0);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_ends_the_old_token() {
    let world = World::new().await;
    let old = login(&world, "session:a").await;
    let refresh = old["refresh_token"].as_str().expect("a token");
    let path = format!("/api/v2/public/auth?grant_type=refresh_token&refresh_token={refresh}");
    let new = world.get(&path).await;
    assert_eq!((new.status, &new.body["result"]["scope"]), (200, &old["scope"]));
    assert_eq!(world.get(&path).await.line(), r#"401 id null error 13009 "unauthorized""#);
    let old = format!("Bearer {}", old["access_token"].as_str().expect("a token"));
    assert_eq!(world.get_as(PRIVATE, &old).await.status, 401);
}

#[tokio::test]
async fn an_expired_token_is_refused_on_both_transports() {
    let world = World::new().await;
    let tokens = login(&world, "expires:0").await;
    let token = tokens["access_token"].as_str().expect("a token");
    let refused = world.get_as(PRIVATE, &format!("Bearer {token}")).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    let reason = refused.body["error"]["data"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("expired at"), "{reason}");

    let mut client = world.socket().await;
    let mut params = credentials(&world.trader);
    params["scope"] = json!("expires:0");
    client.call("public/auth", params).await;
    assert_eq!(code(&client.call("private/get_subaccounts", json!({})).await), 13009);
    assert_eq!(code(&client.call("public/test", json!({})).await), 0, "public calls go on");
}

#[tokio::test]
async fn basic_and_scopes_are_read_from_the_key() {
    let world = World::new().await;
    let basic = |key: &gateway::Key| {
        let text = format!("{}:{}", key.client_id, key.client_secret);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    let (trader, operator) = (basic(&world.trader), basic(&world.operator));
    assert_eq!(world.get_as(PRIVATE, &trader).await.status, 200);
    let forbidden = r#"400 id null error 13021 "forbidden""#;
    assert_eq!(world.get_as(PRIVATE, &operator).await.line(), forbidden);
    assert_eq!(world.get_as("/api/v2/operator/end_day", &trader).await.line(), forbidden);
    assert_eq!(
        world.get_as(PRIVATE, "Basic eDp5").await.line(),
        r#"401 id null error 13004 "invalid_credentials""#
    );
}

#[tokio::test]
async fn a_signature_over_the_uri_as_sent_lets_in_once() {
    use hmac::{Hmac, KeyInit, Mac};
    let world = World::new().await;
    let now_ms = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_millis();
    let uri = "/api/v2/private/get_current_deposit_address?currency=%42TC&x=a+b";
    let header = |ts: u128, nonce: &str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(world.trader.client_secret.as_bytes())
            .expect("any key");
        mac.update(format!("{ts}\n{nonce}\nGET\n{uri}\n\n").as_bytes());
        let bytes = mac.finalize().into_bytes();
        let sig: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("deri-hmac-sha256 id={},ts={ts},sig={sig},nonce={nonce}", world.trader.client_id)
    };
    let good = header(now_ms, "a");
    assert_eq!(world.get_as(uri, &good).await.status, 200);
    assert_eq!(world.get_as(uri, &good).await.status, 401, "a replay");
    assert_eq!(world.get_as(uri, &header(now_ms, "b")).await.status, 200);
    assert_eq!(world.get_as(uri, &header(now_ms - 61_000, "c")).await.status, 401, "too old");
    assert_eq!(world.get_as(PRIVATE, &header(now_ms, "d")).await.status, 401, "another URI");
}

#[tokio::test]
async fn logout_closes_without_a_reply_and_ends_the_token() {
    let world = World::new().await;
    let session = login(&world, "session:a").await;
    let token = session["access_token"].as_str().expect("a token");
    let mut client = world.socket().await;
    let request = json!({"id": 1, "method": "private/logout", "params": {"access_token": token}});
    client.send(&request.to_string()).await;
    assert_eq!(client.closed().await.as_deref(), Some("1000 "));
    assert_eq!(world.get_as(PRIVATE, &format!("Bearer {token}")).await.status, 401);
}
