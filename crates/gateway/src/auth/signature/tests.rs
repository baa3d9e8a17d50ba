//! The golden signatures of api.md §3.1, and what must not fit.

use super::{Signed, http_parts, same_secret};

/// The secret of the vendor's article (api.md §3.1).
const SECRET: &str = "AMANDASECRECT";

fn signed<'a>(signature: &'a str) -> Signed<'a> {
    Signed { client_id: "AMANDA", timestamp: "1576074319000", nonce: "1iqt2wls", signature }
}

#[test]
fn the_golden_signature_of_public_auth_fits() {
    let golden = "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1";
    assert!(signed(golden).fits(SECRET, &[b""]));
    assert!(signed(&golden.to_uppercase()).fits(SECRET, &[b""]));
    assert!(!signed(golden).fits(SECRET, &[b"data"]));
    assert!(!signed(golden).fits("AMANDASECRET", &[b""]));
}

#[test]
fn the_golden_signature_over_http_fits() {
    let golden = "9bfbc51a2bc372d72cc396cf1a213dc78d42eb74cb7dc272351833ad0de276ab";
    let uri = "/api/v2/private/get_account_summary?currency=BTC";
    assert!(signed(golden).fits(SECRET, &http_parts("GET", uri, b"")));
    for (method, uri, body) in [
        ("POST", uri, &b""[..]),
        ("GET", "/api/v2/private/get_account_summary?currency=ETH", b""),
        ("GET", uri, b" "),
    ] {
        assert!(!signed(golden).fits(SECRET, &http_parts(method, uri, body)), "{method} {uri}");
    }
}

#[test]
fn the_header_is_read_in_any_order_with_blanks_after_commas() {
    let expected = Signed { client_id: "a", timestamp: "1", nonce: "n=1", signature: "ff" };
    for header in ["id=a,ts=1,sig=ff,nonce=n=1", "nonce=n=1, sig=ff,  id=a, ts=1"] {
        assert_eq!(Signed::parse_header(header), Some(expected), "{header}");
    }
    let long = format!("id=a,ts=1,sig=ff,nonce={}", "n".repeat(300));
    for header in ["", "id=a,ts=1,sig=ff", "id a ts 1", long.as_str()] {
        assert_eq!(Signed::parse_header(header), None, "{header}");
    }
}

#[test]
fn signatures_of_other_lengths_do_not_fit() {
    for signature in ["", "56", &"5".repeat(63), &"5".repeat(65), "\u{00e9}"] {
        assert!(!signed(signature).fits(SECRET, &[b""]), "{signature}");
    }
}

#[test]
fn secrets_are_the_same_only_as_a_whole() {
    assert!(same_secret("abc", "abc"));
    for other in ["", "ab", "abcd", "abd"] {
        assert!(!same_secret("abc", other), "{other}");
    }
}
