//! Calls over WebSocket: sessions, heartbeats, cancel on disconnect.

use expect_test::expect;
use futures_util::{SinkExt, StreamExt};
use gateway::Limits;
use gateway::venue::DomainId;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use types::{Command, SessionId};

use crate::world::{World, code, until};

#[tokio::test]
async fn replies_echo_the_id_and_pings_are_answered() {
    let world = World::new().await;
    let url = format!("ws://{}/ws/api/v2/", world.running.address());
    let (mut stream, _) = connect_async(url).await.expect("a trailing slash is fine");
    stream.send(Message::Ping("are you there".into())).await.expect("sent");
    let pong = stream.next().await.expect("a message").expect("a message");
    assert_eq!(pong, Message::Pong("are you there".into()));

    let mut client = world.socket().await;
    let mut lines = String::new();
    for request in [
        r#"{"id":1,"method":"public/hello","params":{"client_name":"a","client_version":"1"}}"#,
        r#"{"id":"101","method":"/public/test","params":{}}"#,
        r#"{"id":2,"method":"public/hello"}"#,
        r#"{"id":3,"method":"public/set_heartbeat","params":{"interval":9}}"#,
        r#"{"id":4,"method":"public/set_heartbeat","params":{"interval":30}}"#,
        r#"{"id":5,"method":"public/disable_heartbeat"}"#,
        r#"{"id":6,"method":"public/unsubscribe_all"}"#,
        r#"{"id":7,"method":"private/subscribe","params":{"channels":["a"]}}"#,
        r#"{"id":8,"method":"public/subscribe","params":{"channels":["no.such.channel","user.lock"]}}"#,
        r#"{"id":9,"method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.raw"]}}"#,
        r#"{"id":10,"method":"public/unsubscribe","params":{"channels":["ticker.X.100ms"]}}"#,
        r#"{"id":11}"#,
    ] {
        client.send(request).await;
        let mut reply = client.reply().await;
        let members = reply.as_object_mut().expect("an object");
        for member in ["usIn", "usOut", "usDiff", "testnet", "jsonrpc"] {
            assert!(members.remove(member).is_some(), "{member}");
        }
        lines += &format!("{reply}\n");
    }
    expect![[r#"
        {"id":1,"result":{"version":"0.1.0"}}
        {"id":"101","result":{"version":"0.1.0"}}
        {"error":{"code":-32602,"data":{"param":"client_name","reason":"it is missing: send a text"},"message":"Invalid params"},"id":2}
        {"error":{"code":-32602,"data":{"param":"interval","reason":"9 is no interval: send 10.000 s or more"},"message":"Invalid params"},"id":3}
        {"id":4,"result":"ok"}
        {"id":5,"result":"ok"}
        {"id":6,"result":"ok"}
        {"error":{"code":13009,"data":{"reason":"authenticate first: this method is private"},"message":"unauthorized"},"id":7}
        {"id":8,"result":[]}
        {"error":{"code":13778,"data":{"channel":"book.BTC-PERPETUAL.raw","reason":"authenticate for raw channels, or take 100ms"},"message":"raw_subscriptions_not_available_for_unauthorized"},"id":9}
        {"id":10,"result":[]}
        {"error":{"code":-32601,"data":{"method":"","reason":"no such method"},"message":"Method not found"},"id":11}
    "#]].assert_eq(&lines);
}

#[tokio::test]
async fn a_silent_client_is_asked_for_a_test_and_closed_without_one() {
    let limits = Limits { heartbeat_interval_min_ms: 50, ..Limits::local() };
    let world = World::with(limits).await;
    let mut client = world.socket().await;
    let set = client.call("public/set_heartbeat", json!({"interval": 0.05})).await;
    assert_eq!(set["result"], "ok");
    loop {
        let beat = client.text().await;
        assert_eq!(beat["method"], "heartbeat", "{beat}");
        if beat["params"]["type"] == "test_request" {
            break;
        }
    }
    assert_eq!(code(&client.call("public/test", json!({})).await), 0);
    assert_eq!(client.closed().await.as_deref(), Some("1008 heartbeat_missed"));
}

/// The domains and sessions of all `DropSession` that were proposed.
fn drops(world: &World) -> Vec<(u8, Option<SessionId>)> {
    let proposals = world.venue.proposals.lock().expect("nobody panicked");
    let drops = proposals.iter().filter_map(|(domain, _, proposal)| match proposal.command {
        Command::DropSession { session } => Some((domain.0, session)),
        _ => None,
    });
    drops.collect()
}

#[tokio::test]
async fn cancel_on_disconnect_is_asked_for_and_told_by_scope() {
    let world = World::new().await;
    let mut client = world.trader().await;
    let told = |enabled: bool, scope: &str| json!({"enabled": enabled, "scope": scope});
    let get = "private/get_cancel_on_disconnect";
    let account = json!({"scope": "account"});
    assert_eq!(client.call(get, json!({})).await["result"], told(false, "connection"));
    client.call("private/enable_cancel_on_disconnect", json!({})).await;
    assert_eq!(client.call(get, json!({})).await["result"], told(true, "connection"));
    assert_eq!(client.call(get, account.clone()).await["result"], told(false, "account"));
    client.call("private/disable_cancel_on_disconnect", json!({})).await;
    assert_eq!(client.call(get, json!({})).await["result"], told(false, "connection"));

    client.call("private/enable_cancel_on_disconnect", account.clone()).await;
    assert_eq!(client.call(get, json!({})).await["result"], told(false, "connection"));
    let mut later = world.trader().await;
    assert_eq!(later.call(get, account).await["result"], told(true, "account"));
    assert_eq!(later.call(get, json!({})).await["result"], told(true, "connection"));
}

#[tokio::test]
async fn a_drop_cancels_in_every_domain_however_busy_and_a_logout_does_not() {
    let world = World::new().await;
    for leaves in [true, false] {
        let mut client = world.trader().await;
        client.call("private/enable_cancel_on_disconnect", json!({})).await;
        let order = json!({"instrument_name": "BTC-PERPETUAL", "amount": 10});
        assert_ne!(code(&client.call("private/buy", order).await), 0, "nothing is listed");
        *world.venue.busy.lock().expect("nobody panicked") = 5;
        if leaves {
            client.send(r#"{"method":"private/logout","params":{}}"#).await;
            client.closed().await;
            until("the end", || world.running.n_connections() == 0).await;
            assert_eq!(drops(&world), [], "logout cancels nothing");
        }
    }
    until("two drops", || drops(&world).len() == 2).await;
    let drops = drops(&world);
    assert_eq!((drops[0].0, drops[1].0), (0, 1));
    assert!(drops[0].1.is_some() && drops[0].1 == drops[1].1);
}

#[tokio::test]
async fn a_cancel_of_a_dropped_connection_that_is_forgotten_is_proposed_again() {
    let world = World::new().await;
    let mut client = world.trader().await;
    client.call("private/enable_cancel_on_disconnect", json!({})).await;
    let order = json!({"instrument_name": "BTC-PERPETUAL", "amount": 10});
    client.call("private/buy", order).await;
    drop(client);
    until("the first", || drops(&world).len() == 2).await;
    let tag = world.venue.proposals.lock().expect("nobody panicked")[0].2.tag;
    world.market.refuse(DomainId(0), &[tag], "this node does not lead any more");
    until("the second", || drops(&world).len() == 3).await;
    let drops = drops(&world);
    assert_eq!(drops[2], drops[0], "in the domain that forgot it");
}

#[tokio::test]
async fn a_shutdown_closes_sockets_with_a_reason() {
    let world = World::new().await;
    let mut client = world.socket().await;
    client.call("public/test", json!({})).await;
    let (closed, ()) = tokio::join!(client.closed(), world.running.shutdown());
    assert_eq!(closed.as_deref(), Some("1001 server_shutdown"));
}
