//! Whether something was signed: the vectors of RFC 8032 §7.1, and what is not signed.

use std::vec::Vec;

use types::{PublicKey, Signature};

use crate::{is_key, is_signed, unsigned_of};

/// Key, message, signature: TEST 1, 2 and 3.
const VECTORS: [(&str, &[u8], &str); 3] = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
];

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    let digit = |at: usize| hex.get(at..at + 2).expect("two digits");
    core::array::from_fn(|at| u8::from_str_radix(digit(2 * at), 16).expect("hexadecimal"))
}

type Signed = (PublicKey, Vec<u8>, Signature);

fn vectors() -> Vec<Signed> {
    let signed = |(key, message, signature): (&str, &[u8], &str)| {
        (PublicKey(bytes(key)), message.to_vec(), Signature(bytes(signature)))
    };
    VECTORS.map(signed).to_vec()
}

fn unsigned(signed: &[Signed]) -> Option<usize> {
    let claims: Vec<_> =
        signed.iter().map(|(key, message, signature)| (key, &**message, signature)).collect();
    let one_by_one = claims.iter().position(|claim| !is_signed(*claim));
    let found = unsigned_of(&claims);
    assert_eq!(found, one_by_one, "a batch and its claims one by one say the same");
    found
}

/// With the neutral point as the key these bytes are a signature of any message.
fn forged() -> Signed {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    (PublicKey(neutral), b"whatever".to_vec(), Signature(signature))
}

/// Its 32 bytes are no point of the curve.
fn no_point() -> PublicKey {
    let mut bytes = [0; 32];
    bytes[0] = 2;
    PublicKey(bytes)
}

#[test]
fn what_was_signed_is_signed() {
    let signed = vectors();
    assert_eq!(unsigned(&signed), None);
    assert_eq!(unsigned(&[]), None);
    signed.iter().for_each(|(key, ..)| assert!(is_key(key)));
}

#[test]
fn the_first_claim_that_does_not_hold_is_named() {
    for place in 0..3 {
        let changes: [fn(&mut Signed); 5] = [
            |(_, message, _)| message.push(0),
            |(_, _, signature)| signature.0[63] ^= 1,
            |(_, _, signature)| signature.0[0] ^= 1,
            |(key, ..)| *key = no_point(),
            |claim| *claim = forged(),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut signed = vectors();
            change(signed.get_mut(place).expect("one of three"));
            assert_eq!(unsigned(&signed), Some(place), "change {number}");
        }
    }
    let mut all = vectors();
    all.iter_mut().for_each(|claim| *claim = forged());
    assert_eq!(unsigned(&all), Some(0), "anybody signs with a weak key");
}

#[test]
fn a_weak_key_and_no_point_are_no_keys() {
    assert!(!is_key(&forged().0));
    assert!(!is_key(&no_point()));
}
