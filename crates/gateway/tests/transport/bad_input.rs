//! What a hostile client sends: its error or its disconnect, and nothing else happens.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{World, code, read_response};

/// Bytes of this process that are in memory.
fn resident_bytes() -> Option<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split(' ').nth(1)?.parse::<usize>().ok().map(|pages| pages * 4_096)
}

#[tokio::test]
async fn texts_that_are_no_requests_get_their_code_and_the_socket_lives() {
    let world = World::new().await;
    let mut client = world.socket().await;
    let deep = format!(
        r#"{{"id":1,"method":"public/test","params":{{"a":{}{}}}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let large_label = "l".repeat(10_240);
    let label = format!(
        r#"{{"id":1,"method":"private/buy","params":{{"instrument_name":"BTC-PERPETUAL","amount":10,"label":"{large_label}"}}}}"#
    );
    let table: Vec<(&str, i64)> = vec![
        ("", -32700),
        ("nonsense", -32700),
        ("{", -32700),
        (r#"{"id":1,"method":"public/test"}}"#, -32700),
        (r#"{"id":1,"method":"public/test","params":{"a":NaN}}"#, -32700),
        (r#"{"id":1,"method":"public/test","params":{"a":Infinity}}"#, -32700),
        ("[]", -32600),
        (r#"[{"id":1,"method":"public/test"}]"#, -32600),
        (r#"{"id":[1],"method":"public/test"}"#, -32600),
        (r#"{"id":1,"method":"public/test","params":[]}"#, -32600),
        (r#"{"id":1,"method":"public/nothing"}"#, -32601),
        (r#"{"id":1,"method":""}"#, -32601),
        (r#"{"id":1}"#, -32601),
        (r#"{"id":1,"method":"private/buy"}"#, 13009),
        (deep.as_str(), -32600),
        (label.as_str(), 13009),
    ];
    for (text, expected) in table {
        client.send(text).await;
        let shown: String = text.chars().take(80).collect();
        assert_eq!(code(&client.reply().await), expected, "{shown}");
    }
    assert_eq!(code(&client.call("public/test", json!({})).await), 0);
}

#[tokio::test]
async fn parameters_of_other_types_are_refused_before_any_method_runs() {
    let world = World::new().await;
    let mut client = world.trader().await;
    let order = |member: &str, value: serde_json::Value| {
        let mut order = json!({"instrument_name": "BTC-PERPETUAL", "amount": 10});
        order[member] = value;
        order
    };
    for (member, value) in [
        ("instrument_name", json!(5)),
        ("amount", json!("ten")),
        ("amount", json!("NaN")),
        ("amount", json!("Infinity")),
        ("amount", json!({})),
        ("price", json!(true)),
        ("post_only", json!("yes")),
        ("time_in_force", json!("forever")),
        ("type", json!("limit ")),
        ("valid_until", json!(1.5)),
        ("label", json!([])),
    ] {
        let reply = client.call("private/buy", order(member, value.clone())).await;
        assert_eq!(code(&reply), -32602, "{member} {value}: {reply}");
        assert_eq!(reply["error"]["data"]["param"], member, "{reply}");
    }
    let missing = client.call("private/buy", json!({"amount": 10})).await;
    assert_eq!(missing["error"]["data"]["param"], "instrument_name");
    assert!(world.venue.proposals.lock().expect("nobody panicked").is_empty());
}

#[tokio::test]
async fn a_frame_of_100_megabytes_is_refused_by_its_head_and_not_read() {
    let world = World::new().await;
    let mut client = world.socket().await;
    let before = resident_bytes();
    let tcp = client.stream.get_mut();
    let mut head = vec![0x81, 0xff];
    head.extend(100_000_000_u64.to_be_bytes());
    head.extend([0; 4]);
    tcp.write_all(&head).await.expect("the server reads the head");
    // The server may close while this is being written.
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        if tcp.write_all(&chunk).await.is_err() {
            break;
        }
    }
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        assert!(after < before + 20_000_000, "{before} bytes grew to {after}");
    }
    assert!(client.closed().await.is_none_or(|reason| reason == "1009 request_entity_too_large"));
    let mut next = world.socket().await;
    assert_eq!(code(&next.call("public/test", json!({})).await), 0);
}

#[tokio::test]
async fn a_frame_over_32_kilobytes_is_told_so_before_the_socket_closes() {
    let world = World::new().await;
    let mut client = world.socket().await;
    let text = |bytes: usize| {
        let head = r#"{"id":1,"method":"public/test","params":{"a":""#;
        let tail = r#""}}"#;
        format!("{head}{}{tail}", "x".repeat(bytes - head.len() - tail.len()))
    };
    client.send(&text(32 * 1024)).await;
    assert_eq!(code(&client.reply().await), 0);
    client.send(&text(32 * 1024 + 1)).await;
    let refused = client.reply().await;
    assert_eq!(code(&refused), -32600);
    assert_eq!(refused["error"]["message"], "request entity too large");
    assert_eq!(client.closed().await.as_deref(), Some("1009 request_entity_too_large"));
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let world = World::new().await;
    let mut stream = world.tcp().await;
    let head = "POST /api/v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for _ in 0..4 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let response = read_response(&mut stream).await;
    assert_eq!((response.status, code(&response.body)), (413, -32600));

    let huge = "POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n";
    let response = world.http(huge).await;
    assert_eq!((response.status, code(&response.body)), (413, -32600));
}

#[tokio::test]
async fn a_million_channels_leave_nothing_behind() {
    let world = World::new().await;
    let mut client = world.socket().await;
    let before = resident_bytes();
    for round in 0..1_000 {
        // A thousand names are as many as a frame holds.
        let names: Vec<String> = (0..1_000).map(|n| format!("quote.X{round}-{n}")).collect();
        let reply = client.call("public/subscribe", json!({"channels": names})).await;
        assert_eq!(reply["result"], json!([]), "none of them exists");
    }
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        assert!(after < before + 50_000_000, "{before} bytes grew to {after}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_websocket_end_the_socket_only() {
    let world = World::new().await;
    let mut client = world.socket().await;
    let tcp = client.stream.get_mut();
    // Reserved bits and an unknown opcode, unmasked.
    tcp.write_all(&[0xff; 64]).await.expect("the server reads");
    client.closed().await;
    let mut stream = world.tcp().await;
    stream.write_all(&[0, 1, 2, 0xff, b'\r', b'\n', b'\r', b'\n']).await.expect("read");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(world.get("/api/v2/public/test").await.status, 200);
}
