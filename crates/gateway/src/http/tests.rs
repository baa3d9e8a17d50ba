//! Paths, queries and statuses.

use expect_test::expect;

use super::{method_of_path, query_params, status_of};

#[test]
fn paths_name_methods() {
    let table = [
        ("/api/v2/public/get_time", Some("public/get_time")),
        ("/api/v2/private/pme/simulate", Some("private/pme/simulate")),
        ("/api/v2/operator/deposit", Some("operator/deposit")),
        ("/api/v2", Some("")),
        ("/api/v2/", Some("")),
        ("/api/v2/secret/x", None),
        ("/api/v1/public/get_time", None),
        ("/api/v2public/get_time", None),
        ("/", None),
    ];
    for (path, method) in table {
        assert_eq!(method_of_path(path), method, "{path}");
    }
}

#[test]
fn a_query_is_texts_and_repeated_names_are_lists() {
    let table = [
        "instrument_name=BTC-PERPETUAL&amount=20&post_only=true",
        "channels=a&channels=b&channels=c",
        "channels[]=a&channels%5B%5D=b",
        "label=a%20b+c%2Bd%C3%A9%zz%4",
        "channels=%5B%22a%22%2C%22b%22%5D",
        "&&x&y=&=z",
    ];
    let read: String = table
        .iter()
        .map(|query| {
            let params = query_params(query);
            format!("{query}\n  {}\n", serde_json::to_string(&params).expect("a map"))
        })
        .collect();
    expect![[r#"
        instrument_name=BTC-PERPETUAL&amount=20&post_only=true
          {"amount":"20","instrument_name":"BTC-PERPETUAL","post_only":"true"}
        channels=a&channels=b&channels=c
          {"channels":["a","b","c"]}
        channels[]=a&channels%5B%5D=b
          {"channels":["a","b"]}
        label=a%20b+c%2Bd%C3%A9%zz%4
          {"label":"a b c+dé%zz%4"}
        channels=%5B%22a%22%2C%22b%22%5D
          {"channels":"[\"a\",\"b\"]"}
        &&x&y=&=z
          {"":"z","x":"","y":""}
    "#]]
    .assert_eq(&read);
}

#[test]
fn the_status_follows_the_code() {
    for (code, status) in [(13009, 401), (13004, 401), (10000, 401), (10028, 429), (10009, 400)] {
        assert_eq!(status_of(code).as_u16(), status, "{code}");
    }
}
