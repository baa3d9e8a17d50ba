//! What is read of a source's words, and what counts as news. The faults of real sockets are in
//! `tests/it/report.rs`.

use expect_test::expect;
use proptest::prelude::*;
use tokio::sync::watch;
use types::{At, IndexPrice};

use super::{Address, Dialer, Listener, Ticker};
use crate::report::said::Said;
use crate::report::wait::Waits;

const NOW: At = At(1_795_568_400_000);

fn read(ticker: &Ticker, text: &str) -> String {
    match ticker.read(text.as_bytes(), NOW) {
        Ok(Some(said)) => format!("{} at {}", said.price, said.at),
        Ok(None) => "nothing".into(),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn a_price_is_found_where_the_pointer_says() {
    let ticker = Ticker::new("/data/0/p", Some("/T")).expect("they are pointers");
    let texts = [
        r#"{"T":1795568400123,"data":[{"p":"97000.5"}]}"#,
        r#"{"T":"1795568400.5","data":[{"p":97000.5}]}"#,
        r#"{"T":1795568400123,"data":[{"p":9.70005e4}],"p":1}"#,
        r#"{"T":1795568400123,"data":[{"p":97000.123456789}]}"#,
        r#"{"T":1795568400123,"data":[]}"#,
        r#"{"result":"subscribed"}"#,
        r#"{"data":[{"p":"97000.5"}]}"#,
        r#"{"T":true,"data":[{"p":"97000.5"}]}"#,
        r#"{"T":1795568400123,"data":[{"p":null}]}"#,
        r#"{"T":1795568400123,"data":[{"p":"N/A"}]}"#,
        r#"{"T":1795568400123,"data":[{"p":0}]}"#,
        r#"{"T":1795568400123,"data":[{"p":-97000.5}]}"#,
        r#"{"T":1795568400123,"data":[{"p":1e400}]}"#,
        r#"{"T":7,"data":[{"p":"97000.5"}]}"#,
        r#"<html>502 Bad Gateway</html>"#,
        "",
    ];
    let words: String = texts.iter().map(|text| format!("{}\n", read(&ticker, text))).collect();
    expect![[r#"
        9700050000000 at 1795568400123
        9700050000000 at 1795568400500
        9700050000000 at 1795568400123
        9700012345679 at 1795568400123
        nothing
        nothing
        its answer has no number at /T: set --path or --time-path
        its answer has no number at /T: set --path or --time-path
        its answer has no number at /data/0/p: set --path or --time-path
        what it says at /data/0/p N/A is not a decimal number: write digits, such as 97000.5
        what it says at /data/0/p 0 is no price: it is above 0 and at most 10000000000
        what it says at /data/0/p -97000.5 is no price: it is above 0 and at most 10000000000
        what it says at /data/0/p 1e+400 has too many digits: at most 18, 18 of them decimals
        what it says at /T 7 is no moment: write milliseconds since 1970, or seconds
        it said what is not JSON: expected value at line 1 column 1
        it said what is not JSON: EOF while parsing a value at line 1 column 0
    "#]]
    .assert_eq(&words);
}

#[test]
fn without_a_time_of_its_own_a_price_is_as_old_as_its_arrival() {
    let ticker = Ticker::new("/last", None).expect("it is a pointer");
    assert_eq!(read(&ticker, r#"{"last":"1.5"}"#), format!("150000000 at {NOW}"));
    for wrong in ["last", "", "$.last", &format!("/{}", "x".repeat(300))] {
        assert!(Ticker::new(wrong, None).is_err(), "{wrong}");
        assert!(Ticker::new("/last", Some(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let ticker = Ticker::new("/last", None).expect("it is a pointer");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&ticker, &deep).contains("recursion limit"));
}

proptest! {
    #[test]
    fn any_words_are_a_price_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let ticker = Ticker::new("/p", Some("/t")).expect("they are pointers");
        if let Ok(Some(said)) = ticker.read(&bytes, NOW) {
            prop_assert!(0 < said.price.0 && said.price <= IndexPrice::MAX);
        }
    }

    #[test]
    fn any_value_is_a_price_or_a_refusal(value in "[-0-9a-z.eE\"]{0,30}", time in "[-0-9.eE]{0,20}") {
        let ticker = Ticker::new("/p", Some("/t")).expect("they are pointers");
        let text = format!("{{\"p\":{value},\"t\":{time}}}");
        if let Ok(Some(said)) = ticker.read(text.as_bytes(), NOW) {
            prop_assert!(0 < said.price.0 && said.price <= IndexPrice::MAX);
        }
    }
}

#[test]
fn addresses_are_read_or_refused() {
    for address in ["http://localhost:1/x?y=z", "https://a.example", "ws://[::1]:9/", "wss://a/b"] {
        let read = Address::parse(address).expect(address);
        assert_eq!(read.is_socket(), address.starts_with("ws"), "{address}");
    }
    let long = format!("http://{}", "a".repeat(3_000));
    for address in ["ftp://a", "http://", "//a/b", "file:///etc/passwd", "http://a b", &long] {
        assert!(Address::parse(address).is_err(), "{address}");
    }
    assert!(Dialer::new(None).is_ok());
    assert!(Dialer::new(Some(std::path::Path::new("/nowhere.pem"))).is_err());
}

#[test]
fn only_what_is_not_older_and_not_the_same_is_news() {
    let (news, newest) = watch::channel(None);
    let mut waits = Waits::default();
    let mut listener = Listener { news: &news, waits: &mut waits, silent_ms: 1_000 };
    let said = |price, at| Said { price: IndexPrice(price), at: At(at) };
    assert!(listener.hear(said(10, 5)), "the first");
    assert!(!listener.hear(said(10, 5)), "the same again");
    assert!(!listener.hear(said(11, 4)), "an older one");
    assert!(listener.hear(said(11, 5)), "another price of the same moment");
    assert!(listener.hear(said(11, 6)), "the same price, said again later");
    assert_eq!(*newest.borrow(), Some(said(11, 6)));
}
