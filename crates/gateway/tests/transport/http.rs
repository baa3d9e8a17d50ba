//! Requests over HTTP.

use expect_test::expect;
use serde_json::json;

use crate::world::{World, read_response};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn get_and_post_answer_with_the_envelope_whatever_the_status() {
    let world = World::new().await;
    let many = "x".repeat(40_000);
    let table = [
        ("GET", "/api/v2/public/test", ""),
        ("GET", "/api/v2/public/test?expected_result=exception", ""),
        ("GET", "/api/v2/public/test?expected_result=nonsense", ""),
        ("GET", "/api/v2/public/get_time?unknown=1", r#"{"id":9,"method":"public/test"}"#),
        ("POST", "/api/v2/public/test", ""),
        ("POST", "/api/v2", r#"{"jsonrpc":"2.0","id":"a\"b","method":"public/test"}"#),
        ("POST", "/api/v2/", r#"{"id":12345678901234567890123,"method":"/public/test"}"#),
        ("POST", "/api/v2/public/get_time", r#"{"id":2,"method":"public/test","params":{}}"#),
        ("POST", "/api/v2/public/test", r#"{"id":3}"#),
        ("POST", "/api/v2", r#"{"id":3}"#),
        ("POST", "/api/v2", "{"),
        ("POST", "/api/v2", "[]"),
        ("POST", "/api/v2", many.as_str()),
        ("GET", "/api/v2/public/no_such_method", ""),
        ("GET", "/api/v2/private/get_positions", ""),
        ("GET", "/api/v2/public/subscribe?channels=a", ""),
        ("GET", "/api/v2/private/enable_cancel_on_disconnect", ""),
        ("PUT", "/api/v2/public/test", ""),
        ("DELETE", "/api/v2", ""),
        ("GET", "/", ""),
        ("GET", "/api/v1/public/test", ""),
        ("GET", "/ws/api/v2", ""),
    ];
    let mut lines = String::new();
    for (method, path, body) in table {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}");
        let response = world.http(&format!("{head}\r\n\r\n{body}")).await;
        let shown = if length < 100 { body } else { "(40 kB)" };
        lines += &format!("{method} {path} {shown}\n  {}\n", response.line());
    }
    expect![[r#"
        GET /api/v2/public/test 
          200 id null result {"version":"0.1.0"}
        GET /api/v2/public/test?expected_result=exception 
          400 id null error 10001 "error"
        GET /api/v2/public/test?expected_result=nonsense 
          400 id null error -32602 "Invalid params"
        GET /api/v2/public/get_time?unknown=1 {"id":9,"method":"public/test"}
          200 id 9 result {"version":"0.1.0"}
        POST /api/v2/public/test 
          200 id null result {"version":"0.1.0"}
        POST /api/v2 {"jsonrpc":"2.0","id":"a\"b","method":"public/test"}
          200 id "a\"b" result {"version":"0.1.0"}
        POST /api/v2/ {"id":12345678901234567890123,"method":"/public/test"}
          200 id 12345678901234567890123 result {"version":"0.1.0"}
        POST /api/v2/public/get_time {"id":2,"method":"public/test","params":{}}
          200 id 2 result {"version":"0.1.0"}
        POST /api/v2/public/test {"id":3}
          200 id 3 result {"version":"0.1.0"}
        POST /api/v2 {"id":3}
          400 id 3 error -32600 "Invalid Request"
        POST /api/v2 {
          400 id null error -32700 "Parse error"
        POST /api/v2 []
          400 id null error -32600 "Invalid Request"
        POST /api/v2 (40 kB)
          413 id null error -32600 "request entity too large"
        GET /api/v2/public/no_such_method 
          400 id null error -32601 "Method not found"
        GET /api/v2/private/get_positions 
          401 id null error 13009 "unauthorized"
        GET /api/v2/public/subscribe?channels=a 
          400 id null error 10030 "must_be_websocket_request"
        GET /api/v2/private/enable_cancel_on_disconnect 
          401 id null error 13009 "unauthorized"
        PUT /api/v2/public/test 
          405 id null error 11050 "bad_request"
        DELETE /api/v2 
          405 id null error 11050 "bad_request"
        GET / 
          404 id null error 11050 "bad_request"
        GET /api/v1/public/test 
          404 id null error 11050 "bad_request"
        GET /ws/api/v2 
          400 id null error 11050 "bad_request"
    "#]]
    .assert_eq(&lines);
}

#[tokio::test]
async fn browsers_of_any_origin_are_allowed() {
    let world = World::new().await;
    let options = world.http("OPTIONS /api/v2/private/buy HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let head = options.head.to_lowercase();
    assert_eq!(options.status, 204);
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
    assert!(head.contains("access-control-allow-headers: authorization, content-type"), "{head}");
    let refused = world.get("/nowhere").await;
    assert!(refused.head.to_lowercase().contains("access-control-allow-origin: *"));
}

#[tokio::test]
async fn a_connection_serves_many_requests_in_order() {
    let world = World::new().await;
    let mut stream = world.tcp().await;
    let one = |id: u32| {
        let body = json!({"id": id, "method": "public/test"}).to_string();
        format!("POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    for id in 0..50 {
        stream.write_all(one(id).as_bytes()).await.expect("the server reads");
        assert_eq!(read_response(&mut stream).await.body["id"], id);
    }
}
