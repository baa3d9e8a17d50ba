//! Requests and replies byte by byte; any bytes at all.

use expect_test::expect;
use proptest::prelude::{Strategy, any, prop, proptest};

use super::{RpcError, Stamp, decode_request, depth, encode_reply, json};
use crate::limits::JSON_DEPTH_MAX;

/// What becomes of some bytes, on a line.
fn line(bytes: &str) -> String {
    match decode_request(bytes.as_bytes()) {
        Ok(request) => {
            let id = request.id.map_or("-".to_owned(), |id| id.get().to_owned());
            let method = request.method.unwrap_or("-".to_owned());
            let params = serde_json::to_string(&request.params).expect("a map of JSON");
            format!("{id} {method} {params}")
        }
        Err(refused) => {
            let id = refused.id.map_or("-".to_owned(), |id| id.get().to_owned());
            let reason = refused.error.data.expect("each has a reason")["reason"].to_string();
            format!("{id} {} {reason}", refused.error.code)
        }
    }
}

fn lines(requests: &[&str]) -> String {
    requests.iter().map(|bytes| format!("{bytes}\n  {}\n", line(bytes))).collect()
}

#[test]
fn requests_are_read_with_their_ids_as_sent() {
    expect![[r#"
        {"jsonrpc":"2.0","id":7,"method":"public/test","params":{"a":1.10}}
          7 public/test {"a":1.10}
        {"id":"auth_\u0031","method":"/public/auth"}
          "auth_\u0031" public/auth {}
        {"id":null,"method":"public/test","params":null}
          - public/test {}
        {"method":"private/buy","params":{"amount":1e400,"label":null,"price":12345678901234567890.123}}
          - private/buy {"amount":1e+400,"price":12345678901234567890.123}
         {"id":-3,"params":{},"extra":[[[{}]]]} 
          -3 - {}
    "#]]
    .assert_eq(&lines(&[
        r#"{"jsonrpc":"2.0","id":7,"method":"public/test","params":{"a":1.10}}"#,
        r#"{"id":"auth_\u0031","method":"/public/auth"}"#,
        r#"{"id":null,"method":"public/test","params":null}"#,
        r#"{"method":"private/buy","params":{"amount":1e400,"label":null,"price":12345678901234567890.123}}"#,
        r#" {"id":-3,"params":{},"extra":[[[{}]]]} "#,
    ]));
}

#[test]
fn what_is_no_request_is_refused_with_its_id_where_there_is_one() {
    expect![[r#"
        
          - -32700 "it does not begin with an object"
        nonsense
          - -32700 "it does not begin with an object"
        {"id":1
          - -32700 "EOF while parsing an object at line 1 column 7"
        {"id":1,"method":"a","params":{"x":NaN}}
          - -32700 "expected value at line 1 column 36"
        [{"id":1,"method":"public/test"}]
          - -32600 "send one object a message: batches are not served"
        {"id":1.5,"method":"public/test"}
          - -32600 "the id is neither an integer nor a text"
        {"id":{},"method":"public/test"}
          - -32600 "the id is neither an integer nor a text"
        {"id":2,"method":5}
          2 -32600 "the method is not a text"
        {"id":3,"method":"public/test","params":[1]}
          3 -32600 "the params are not an object: only named parameters are served"
        {"id":4,"id":5}
          - -32600 "duplicate field `id` at line 1 column 12"
    "#]]
    .assert_eq(&lines(&[
        "",
        "nonsense",
        r#"{"id":1"#,
        r#"{"id":1,"method":"a","params":{"x":NaN}}"#,
        r#"[{"id":1,"method":"public/test"}]"#,
        r#"{"id":1.5,"method":"public/test"}"#,
        r#"{"id":{},"method":"public/test"}"#,
        r#"{"id":2,"method":5}"#,
        r#"{"id":3,"method":"public/test","params":[1]}"#,
        r#"{"id":4,"id":5}"#,
    ]));
}

#[test]
fn nesting_is_bounded_whatever_brackets_stand_in_texts() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"method":"a","params":{{"x":{open}{close}}}}}"#)
    };
    assert!(decode_request(nested(JSON_DEPTH_MAX - 2).as_bytes()).is_ok());
    for levels in [JSON_DEPTH_MAX - 1, 10_000] {
        let refused = decode_request(nested(levels).as_bytes()).expect_err("it nests too deep");
        assert_eq!(refused.error.code, -32600);
    }
    let texts = format!(r#"{{"method":"a","params":{{"x":"{}\"]"}}}}"#, "[".repeat(10_000));
    assert_eq!(depth(texts.as_bytes()), 2);
    assert!(decode_request(texts.as_bytes()).is_ok());
}

#[test]
fn replies_carry_the_four_last_members_and_the_id_as_sent() {
    let stamp = Stamp { in_us: 1_000, out_us: 1_397, testnet: true, lag_ms: None };
    let id = json(&7);
    let refusal = RpcError { code: 10004, message: "order_not_found".into(), data: None };
    let replies = [
        encode_reply(Some(&id), &Ok(json(&"ok")), stamp),
        encode_reply(None, &Err(refusal), stamp),
    ];
    expect![[r#"
        {"jsonrpc":"2.0","id":7,"result":"ok","usIn":1000,"usOut":1397,"usDiff":397,"testnet":true}
        {"jsonrpc":"2.0","error":{"code":10004,"message":"order_not_found"},"usIn":1000,"usOut":1397,"usDiff":397,"testnet":true}"#]]
    .assert_eq(&replies.join("\n"));
}

/// Bytes that often look like a request.
fn near_requests() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ":",
        ",",
        "id",
        "\"method\":",
        "\"params\":{",
        "null",
        "1e999",
        "-",
        "\u{00e9}",
        "\"public/test\"",
        " ",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn any_bytes_give_a_request_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_request(&bytes);
    }

    #[test]
    fn almost_requests_give_a_request_or_an_error(bytes in near_requests()) {
        let _ = decode_request(&bytes);
    }
}
