//! Signatures of clients (api.md §3.1): HMAC-SHA256 with the secret, in lower-case hex.
//!
//! ```text
//!   HTTP         ts \n nonce \n METHOD \n URI \n body \n      URI: path and query exactly as sent
//!   public/auth  ts \n nonce \n data
//! ```
//!
//! Comparing takes the same time whatever is wrong, an unknown client id included. Whether a
//! signature was used before is the business of `replay`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::limits::NAME_BYTES_MAX;

/// A signature with what it was made of, as the client sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'a> {
    /// Whose secret.
    pub client_id: &'a str,
    /// Milliseconds since 1970, in the client's own digits.
    pub timestamp: &'a str,
    /// Anything, once.
    pub nonce: &'a str,
    /// 64 hex digits.
    pub signature: &'a str,
}

impl<'a> Signed<'a> {
    /// Reads `id=…,ts=…,sig=…,nonce=…` in any order, blanks after commas allowed.
    pub fn parse_header(text: &'a str) -> Option<Signed<'a>> {
        let part = |name: &str| {
            let mut parts = text.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let signed = Signed {
            client_id: part("id")?,
            timestamp: part("ts")?,
            nonce: part("nonce")?,
            signature: part("sig")?,
        };
        signed.is_short().then_some(signed)
    }

    /// True if nothing of it is longer than anybody needs.
    pub fn is_short(&self) -> bool {
        let parts = [self.client_id, self.timestamp, self.nonce, self.signature];
        parts.iter().all(|part| part.len() <= NAME_BYTES_MAX)
    }

    /// True if `secret` signs `rest` (which follows `ts \n nonce \n`) to this.
    pub fn fits(&self, secret: &str, rest: &[&[u8]]) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("HMAC takes a key of any length");
        for part in [self.timestamp.as_bytes(), b"\n", self.nonce.as_bytes(), b"\n"] {
            mac.update(part);
        }
        for part in rest {
            mac.update(part);
        }
        let ours = hex(&mac.finalize().into_bytes());
        ours.as_bytes().ct_eq(self.signature.to_ascii_lowercase().as_bytes()).into()
    }

    /// What a used signature is remembered by.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [self.client_id, self.timestamp, self.nonce] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(self.signature.to_ascii_lowercase().as_bytes());
        hash.finalize().into()
    }
}

/// What follows timestamp and nonce in a request's signed text.
pub fn http_parts<'a>(method: &'a str, uri: &'a str, body: &'a [u8]) -> [&'a [u8]; 6] {
    [method.as_bytes(), b"\n", uri.as_bytes(), b"\n", body, b"\n"]
}

/// True if two secrets are equal; the time says nothing about where they differ.
pub fn same_secret(ours: &str, theirs: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(ours).ct_eq(&digest(theirs)).into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
