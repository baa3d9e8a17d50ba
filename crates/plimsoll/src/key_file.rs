//! The key file of a reporter, or of the venue's notices: an Ed25519 private key as PKCS#8 in PEM
//! (RFC 8410), the form that `openssl genpkey -algorithm ed25519` writes.
//!
//! Invariants: the file is its owner's alone, or it is not used; one process at a time holds it.
//! Two that report with one key can say different things with one nonce, which costs the stake.
//! The secret is never printed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use types::{PublicKey, Signature};

/// `PrivateKeyInfo` of Ed25519 up to the 32 bytes of the seed (RFC 8410, section 7).
const PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// A key file has 119 bytes; one that is much longer is something else.
const FILE_BYTES_MAX: u64 = 4_096;
/// Read and write for whoever is not the owner.
const OTHERS: u32 = 0o077;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file.
    #[error("the key file could not be read or written")]
    Io(#[from] io::Error),
    /// Readable by others.
    #[error("others may read it (mode {mode:03o}): make it yours alone with chmod 600")]
    Shared {
        /// Its mode.
        mode: u32,
    },
    /// Somebody has it.
    #[error(
        "another process reports with it: two could say different things with one nonce, which \
         costs the whole stake. Stop the other one, or make a key of its own for this account"
    )]
    Held,
    /// Not what it should be.
    #[error(
        "it does not hold an Ed25519 key as PKCS#8 in PEM: make one with plimsoll report keygen, \
         or with openssl genpkey -algorithm ed25519"
    )]
    Form,
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes")]
    Random(#[from] getrandom::Error),
}

/// A key, and the lock on its file.
pub struct KeyFile {
    key: SigningKey,
    /// The lock goes with the file.
    _held: File,
}

impl std::fmt::Debug for KeyFile {
    /// The public half alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeyFile").field(&self.public()).finish()
    }
}

impl KeyFile {
    /// Makes a key and writes it where no file is; returns the public half.
    pub fn make(path: &Path) -> Result<PublicKey, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let key = SigningKey::from_bytes(&seed);
        let text = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode([&PREFIX[..], &seed].concat()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(PublicKey(key.verifying_key().to_bytes()))
    }

    /// Reads a key and holds its file as long as it lives.
    pub fn open(path: &Path) -> Result<KeyFile, KeyError> {
        let file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(KeyError::Shared { mode: mode & 0o777 });
        }
        match file.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => return Err(KeyError::Held),
            Err(TryLockError::Error(error)) => return Err(KeyError::Io(error)),
        }
        let mut text = String::new();
        (&file).take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        let key = parse(&text).ok_or(KeyError::Form)?;
        Ok(KeyFile { key, _held: file })
    }

    /// The half that the operator registers.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }
}

fn parse(text: &str) -> Option<SigningKey> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let letters: String = body.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(letters).ok()?;
    let seed = bytes.strip_prefix(&PREFIX[..])?;
    Some(SigningKey::from_bytes(seed.try_into().ok()?))
}
