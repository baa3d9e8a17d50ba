//! The pure parts of a reporter: prices in text, nonces, waits, keys; below, the simulated market
//! and recordings.

mod markets;
mod recordings;
mod tables;

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use types::{At, IndexPrice};

use super::nonce::Nonces;
use super::said::{TEXT_BYTES_MAX, nearest_price, read_price, read_time};
use super::wait::Waits;
use crate::key_file::{KeyError, KeyFile};

#[test]
fn prices_are_read_exactly_or_refused_with_the_reason() {
    let read = |text: &str| read_price(text).map(|price| price.0).map_err(|no| no.to_string());
    for (text, price) in [
        ("97000.5", 9_700_050_000_000),
        ("0.00000001", 1),
        ("1e-8", 1),
        ("9.7e4", 9_700_000_000_000),
        // The ninth decimal is rounded, halves up.
        ("1.000000004", 100_000_000),
        ("1.000000005", 100_000_001),
        ("97123.45000000000291038304567", 9_712_345_000_000),
        ("10000000000", IndexPrice::MAX.0),
    ] {
        assert_eq!(read(text), Ok(price), "{text}");
    }
    for (text, reason) in [
        ("", "write digits"),
        ("seven", "write digits"),
        ("1,5", "write digits"),
        ("1.00000000000000x", "write digits"),
        ("0", "above 0"),
        ("-97000", "above 0"),
        ("0.000000001", "above 0"),
        ("10000000000.00000001", "above 0"),
        ("1e99", "too many digits"),
    ] {
        let refused = read(text).expect_err(text);
        assert!(refused.contains(reason), "{text}: {refused}");
    }
    let long = "9".repeat(TEXT_BYTES_MAX + 1);
    assert_eq!(read(&long), Err("has 49 characters: a price has at most 48".into()));
}

#[test]
fn times_are_told_apart_by_their_size() {
    for text in
        ["1621429200", "1621429200.0", "1621429200000", "1621429200000000", "1621429200000000000"]
    {
        assert_eq!(read_time(text).map(|at| at.0), Ok(1_621_429_200_000), "{text}");
    }
    assert_eq!(read_time("1621429200.4567").map(|at| at.0), Ok(1_621_429_200_457));
    for text in ["0", "-1", "99999999", "yesterday", "9e18"] {
        assert!(read_time(text).is_err() || text == "9e18", "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_is_read_as_another_price(text in ".{0,60}") {
        if let Ok(price) = read_price(&text) {
            let near = text.parse::<f64>().expect("what is a decimal is a float");
            let off = (near * 1e8 - price.0 as f64).abs();
            prop_assert!(off <= 1.0 + near * 1e-7, "{text} is {price}");
        }
        // A time is a time or a refusal; it never panics.
        drop(read_time(&text));
    }

    #[test]
    fn decimals_come_back_as_they_were_written(cents in 1_u64..=10_000_000_000_000) {
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        let expected = Some(cents * 1_000_000).filter(|price| *price <= IndexPrice::MAX.0);
        prop_assert_eq!(read_price(&text).ok().map(|price| price.0), expected);
    }

    #[test]
    fn a_float_is_its_nearest_price_or_none(price in any::<f64>()) {
        match nearest_price(price) {
            Some(near) => prop_assert!((near.0 as f64 - price * 1e8).abs() <= price * 1e-7 + 1.0),
            None => prop_assert!(!(1e-8..=1e10).contains(&price)),
        }
    }

    #[test]
    fn nonces_rise_whatever_the_clock_does(
        steps in proptest::collection::vec((0_u64..2_000_000_000_000, any::<Option<u64>>()), 1..50),
    ) {
        let mut nonces = Nonces::default();
        let mut last = 0;
        for (ms, seen) in steps {
            if let Some(seen) = seen.filter(|seen| *seen < 1 << 62) {
                nonces.learn(seen);
                last = last.max(seen);
            }
            let nonce = nonces.next(At(ms));
            prop_assert!(last < nonce && nonce < 1 << 63, "{nonce} after {last}");
            last = nonce;
        }
    }
}

#[test]
fn two_processes_with_one_clock_never_use_one_nonce() {
    let (mut one, mut two) = (Nonces::default(), Nonces::default());
    let ats = (0..2_000).map(|n| At(1_795_568_400_000 + n * 1_000));
    let (ones, twos): (Vec<u64>, Vec<u64>) = ats.map(|at| (one.next(at), two.next(at))).unzip();
    // By chance it happens once in five hundred runs of this test; two would be a defect.
    let same = ones.iter().zip(&twos).filter(|(one, two)| one == two).count();
    assert!(same < 2, "{same} nonces were used twice");
}

#[test]
fn waits_double_to_a_limit_within_their_jitter() {
    let mut waits = Waits::default();
    for most_ms in [250_u128, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000] {
        let wait = waits.next().as_millis();
        assert!((most_ms / 2 - 1..=most_ms).contains(&wait), "{wait} of {most_ms}");
    }
    waits.reset();
    assert!(waits.next().as_millis() <= 250);
}

#[test]
fn a_key_is_its_owners_alone_and_held_by_one() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let path = home.path().join("reporter.pem");
    let public = KeyFile::make(&path).expect("a key is made");
    let mode = std::fs::metadata(&path).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(matches!(KeyFile::make(&path), Err(KeyError::Io(_))), "no key is overwritten");

    let key = KeyFile::open(&path).expect("it is read");
    assert_eq!(key.public(), public);
    assert!(matches!(KeyFile::open(&path), Err(KeyError::Held)));
    drop(key);
    let key = KeyFile::open(&path).expect("the lock went with the key");
    // What it signs is what everybody else verifies.
    let signature = ed25519_dalek::Signature::from_bytes(&key.sign(b"a report").0);
    let verifying = ed25519_dalek::VerifyingKey::from_bytes(&public.0).expect("a key");
    assert!(verifying.verify_strict(b"a report", &signature).is_ok());
    assert!(verifying.verify_strict(b"a repork", &signature).is_err());
    drop(key);

    let open_to_all = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, open_to_all).expect("the mode is changed");
    assert!(matches!(KeyFile::open(&path), Err(KeyError::Shared { mode: 0o644 })));
}

/// RFC 8410, section 10.3: a private key and its public half.
#[test]
fn keys_of_other_programs_are_read() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let path = home.path().join("rfc8410.pem");
    let text = "-----BEGIN PRIVATE KEY-----\n\
                MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                -----END PRIVATE KEY-----\n";
    std::fs::write(&path, text).expect("the file is written");
    let mine = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&path, mine).expect("the mode is changed");
    let key = KeyFile::open(&path).expect("it is read");
    let public = crate::output::hex(&key.public().0);
    assert_eq!(public, "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
    drop(key);
    for wrong in ["", "-----BEGIN PRIVATE KEY-----", &text.replace("MC4C", "MC5C"), "ssh-ed25519"] {
        std::fs::write(&path, wrong).expect("the file is written");
        assert!(matches!(KeyFile::open(&path), Err(KeyError::Form)), "{wrong}");
    }
}
