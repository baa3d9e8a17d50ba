//! Credits, connections, time: who asks too much hears how much is right.

use gateway::{Limits, OutboxLimits, Rate, Rates};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{World, code, read_response};

fn rates(non_matching: Rate) -> Rates {
    Rates { non_matching, ..Limits::local().rates }
}

#[tokio::test]
async fn credits_of_an_address_run_out_with_numbers_and_status_429() {
    let limits = Limits { rates: rates(Rate { burst: 1_000, per_s: 1 }), ..Limits::local() };
    let world = World::with(limits).await;
    for _ in 0..2 {
        assert_eq!(world.get("/api/v2/public/test").await.status, 200);
    }
    let refused = world.get("/api/v2/public/test").await;
    assert_eq!(refused.line(), r#"429 id null error 10028 "too_many_requests""#);
    let numbers = &refused.body["error"]["data"];
    assert_eq!((&numbers["cost"], &numbers["refill_per_s"]), (&json!(500), &json!(1)));
    assert!(numbers["retry_after_ms"].as_u64().is_some_and(|ms| 490_000 < ms), "{numbers}");
}

#[tokio::test]
async fn an_account_has_credits_of_its_own_and_cancels_are_not_orders() {
    let mut limits = Limits::local();
    limits.rates.trading = Rate { burst: 2, per_s: 0 };
    limits.rates.cancel = Rate { burst: 3, per_s: 0 };
    let world = World::with(limits).await;
    let mut client = world.trader().await;
    let order = json!({"instrument_name": "BTC-PERPETUAL", "amount": 10});
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(code(&client.call("private/buy", order.clone()).await) == 10028);
    }
    for _ in 0..4 {
        let cancel = json!({"order_id": "none"});
        codes.push(code(&client.call("private/cancel", cancel).await) == 10028);
    }
    assert_eq!(codes, [false, false, true, false, false, false, true]);
}

#[tokio::test]
async fn a_socket_that_keeps_overdrawing_is_closed_after_its_errors() {
    let rates = rates(Rate { burst: 500, per_s: 0 });
    let limits = Limits { rates, overdraft_refusals_max: 3, ..Limits::local() };
    let world = World::with(limits).await;
    let mut client = world.socket().await;
    for expected in [0, 10028, 10028, 10028] {
        assert_eq!(code(&client.call("public/test", json!({})).await), expected);
    }
    assert_eq!(client.closed().await.as_deref(), Some("1008 too_many_requests"));
}

#[tokio::test]
async fn a_connection_too_many_of_an_address_is_answered_429() {
    let world = World::with(Limits { connections_per_address_max: 2, ..Limits::local() }).await;
    let mut one = world.socket().await;
    let mut two = world.socket().await;
    let refused = world.get("/api/v2/public/test").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.body["error"]["data"]["connections_max"], 2);
    for client in [&mut one, &mut two] {
        assert_eq!(code(&client.call("public/test", json!({})).await), 0);
    }
}

#[tokio::test]
async fn channels_over_the_limit_are_refused_as_a_whole() {
    let world = World::with(Limits { subscriptions_max: 3, ..Limits::local() }).await;
    let mut client = world.socket().await;
    let channels: Vec<String> = (0..4).map(|n| format!("quote.X{n}")).collect();
    let refused = client.call("public/subscribe", json!({"channels": channels})).await;
    assert_eq!(code(&refused), -32602);
    assert_eq!(refused["error"]["data"]["subscriptions_max"], 3);
}

#[tokio::test]
async fn half_a_frame_and_half_a_request_are_waited_for_only_so_long() {
    let world = World::with(Limits { partial_timeout_ms: 80, ..Limits::local() }).await;
    let mut client = world.socket().await;
    let half = b"\x81\xfe\x01\x00\x00\x00\x00\x00{\"method\"";
    let tcp = client.stream.get_mut();
    tcp.write_all(half).await.expect("the server reads");
    assert_eq!(client.closed().await.as_deref(), Some("1008 connection_timed_out"));

    let mut stream = world.tcp().await;
    stream.write_all(b"GET /api/v2/public/te").await.expect("the server reads");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;

    let mut stream = world.tcp().await;
    let head = "POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let _ = stream.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn a_connection_that_never_asks_is_closed() {
    let limits = Limits {
        handshake_timeout_ms: 60,
        http_idle_timeout_ms: 60,
        socket_idle_timeout_ms: 60,
        ping_interval_ms: 60_000,
        ..Limits::local()
    };
    let world = World::with(limits).await;
    let mut silent = world.tcp().await;
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let mut idle = world.tcp().await;
    idle.write_all(b"GET /api/v2/public/test HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("read");
    assert_eq!(read_response(&mut idle).await.status, 200);
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let mut socket = world.socket().await;
    assert_eq!(socket.closed().await.as_deref(), Some("1008 connection_timed_out"));
}

#[tokio::test]
async fn pings_keep_a_silent_client_alive_that_answers_them() {
    let limits = Limits { socket_idle_timeout_ms: 150, ping_interval_ms: 20, ..Limits::local() };
    let world = World::with(limits).await;
    let mut client = world.socket().await;
    // Reading answers pings; for three idle time-outs nothing else is sent.
    let waited = tokio::time::timeout(Duration::from_millis(450), client.closed()).await;
    assert!(waited.is_err(), "closed with {waited:?}");
    assert_eq!(code(&client.call("public/test", json!({})).await), 0);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_told_why() {
    // One that is given up while it can still send, and one when the system's buffers are full.
    for messages_max in [10, 100_000] {
        let outbox = OutboxLimits { messages_max, bytes_max: 200_000 };
        let limits = Limits { outbox, close_timeout_ms: 20_000, ..Limits::local() };
        let world = World::with(limits).await;
        let mut slow = world.socket().await;
        let mut quick = world.socket().await;
        let request = format!(r#"{{"id":"{}","method":"public/test"}}"#, "x".repeat(200));
        for n_sent in 1..=100_000 {
            use futures_util::SinkExt;
            let message = tokio_tungstenite::tungstenite::Message::text(request.as_str());
            let sent = tokio::time::timeout(Duration::from_millis(500), slow.stream.send(message));
            if !matches!(sent.await, Ok(Ok(()))) {
                break;
            }
            if n_sent % 1_000 == 0 {
                let reply = quick.call("public/test", json!({})).await;
                assert_eq!(code(&reply), 0, "others go on");
            }
        }
        let reason = slow.closed().await;
        assert_eq!(reason.as_deref(), Some("1008 connection_too_slow"), "{messages_max}");
    }
}

#[tokio::test]
async fn requests_that_wait_are_bounded_by_account_and_by_connection() {
    // The venue answers nothing, so each cancel of an order that may exist waits.
    let cancel = r#"{"id":1,"method":"private/cancel","params":{"order_id":"4194304"}}"#;
    let cases = [
        (Limits { queued_max: 2, ..Limits::local() }, 10047),
        (Limits { in_flight_max: 2, ..Limits::local() }, 10066),
    ];
    for (limits, expected) in cases {
        let world = World::with(limits).await;
        let mut client = world.trader().await;
        for _ in 0..3 {
            client.send(cancel).await;
        }
        assert_eq!(code(&client.reply().await), expected, "the third is refused at once");
        assert_eq!(world.venue.proposals.lock().expect("nobody panicked").len(), 2);
        let order = json!({"instrument_name": "BTC-PERPETUAL", "amount": 10});
        let reply = client.call("private/buy", order).await;
        assert_ne!(code(&reply), expected, "orders wait elsewhere");
    }
}
