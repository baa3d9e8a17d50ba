//! Whether the reporters signed what they are said to have signed (Ed25519, RFC 8032).
//!
//! The engine does not ask: by the time that it sees a report, whoever proposed the entry has
//! asked, and every replica asks again beside the engine's thread. A report that fails there stops
//! the replica, because somebody ordered what nobody signed.

use alloc::vec::Vec;

use ed25519_dalek::{Signature, VerifyingKey, verify_batch};
use types::PublicKey;

/// One claim: these bytes were signed with this key.
pub type Claim<'a> = (&'a PublicKey, &'a [u8], &'a types::Signature);

/// Whether anything that is signed with it can hold: a point of the curve, and not one of the few
/// with which anybody can sign.
pub fn is_key(key: &PublicKey) -> bool {
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| !key.is_weak())
}

/// True if `signature` is that of `message` by `key`. Strict: no second signature of the same
/// message passes that the signer did not make, and weak keys sign nothing.
pub fn is_signed((key, message, signature): Claim<'_>) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(&key.0) else {
        return false;
    };
    key.verify_strict(message, &Signature::from_bytes(&signature.0)).is_ok()
}

/// The first claim that does not hold. A batch that holds costs about half of its claims one by
/// one; one that does not is looked through one by one.
pub fn unsigned_of(claims: &[Claim<'_>]) -> Option<usize> {
    let keys: Option<Vec<VerifyingKey>> =
        claims.iter().map(|(key, ..)| VerifyingKey::from_bytes(&key.0).ok()).collect();
    let messages: Vec<&[u8]> = claims.iter().map(|(_, message, _)| *message).collect();
    let signatures: Vec<Signature> =
        claims.iter().map(|(.., signature)| Signature::from_bytes(&signature.0)).collect();
    let holds = keys.is_some_and(|keys| {
        !keys.iter().any(VerifyingKey::is_weak)
            && verify_batch(&messages, &signatures, &keys).is_ok()
    });
    if holds { None } else { claims.iter().position(|claim| !is_signed(*claim)) }
}
