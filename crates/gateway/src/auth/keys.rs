//! The keys that open accounts: one file, `keys.json`, in the data directory.
//!
//! The secrets themselves are in the file, because HMAC signatures can only be checked with them;
//! it is readable by its owner alone (0600), and every change replaces it as a whole: it is written
//! beside its place, synced, and renamed. Scopes and limits of a key are data here; `scopes` and
//! `admit` say what they mean. Changing a key does not end its tokens: whoever changes it does.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use types::AccountId;

use crate::limits::KEYS_PER_ACCOUNT_MAX;

/// Everything that a trader's key may do.
pub const TRADER_SCOPE: &str = "account:read_write trade:read_write wallet:read_write mainaccount";
/// The scope of the operator's key: it opens accounts and lists instruments, it does not trade.
pub const OPERATOR_SCOPE: &str = "operator";

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Which, among all keys.
    pub id: u32,
    /// Eight characters: the public half.
    pub client_id: String,
    /// 43 characters: the secret half.
    pub client_secret: String,
    /// The account that it opens; 0 for the operator, who has none.
    pub account: u32,
    /// All that its tokens may do.
    pub max_scope: String,
    /// What its owner calls it.
    pub name: String,
    /// False: no login, no signature.
    pub enabled: bool,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// Addresses that may use it; empty: any.
    #[serde(default)]
    pub ip_whitelist: Vec<String>,
    /// Other limits than those of the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<KeyLimits>,
}

impl Key {
    /// The account that it opens.
    pub fn account(&self) -> AccountId {
        AccountId(self.account)
    }
}

/// Limits of one key, such as a market maker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLimits {
    /// Requests to the matching engine a second.
    pub matching_per_s: u64,
    /// Requests to the matching engine at once.
    pub matching_burst: u64,
    /// Requests that may wait for the matching engine.
    pub queued_max: u32,
    /// True: its calls cost no credits at all.
    pub unlimited: bool,
}

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose; 0 for the operator.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// All that its tokens may do.
    pub max_scope: String,
    /// Other limits than those of the gateway.
    pub limits: Option<KeyLimits>,
}

/// Why the keys cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenKeysError {
    /// The file cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not what this store writes.
    #[error(
        "{path} is not a list of keys: restore it from a copy, or move it away",
        path = path.display()
    )]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where.
        #[source]
        source: serde_json::Error,
    },
}

/// Why a key was not changed. The store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeKeyError {
    /// Too many keys of one account.
    #[error("account {account} has {KEYS_PER_ACCOUNT_MAX} keys: remove one first")]
    TooMany {
        /// Whose.
        account: AccountId,
    },
    /// No such key of this account.
    #[error("account {account} has no key {id}")]
    NotFound {
        /// Whose.
        account: AccountId,
        /// Which.
        id: u32,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// The file cannot be written.
    #[error("the keys cannot be written")]
    Write(#[source] io::Error),
}

/// All keys.
#[derive(Debug)]
pub struct KeyStore {
    /// `None`: they are kept in memory only.
    path: Option<PathBuf>,
    keys: Mutex<Keys>,
}

type Keys = BTreeMap<String, Arc<Key>>;

impl KeyStore {
    /// Reads the keys of a file; without one, there are none yet.
    pub fn open(path: &Path) -> Result<KeyStore, OpenKeysError> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => b"[]".to_vec(),
            other => {
                other.map_err(|source| OpenKeysError::Read { path: path.to_owned(), source })?
            }
        };
        let list: Vec<Key> = serde_json::from_slice(&bytes)
            .map_err(|source| OpenKeysError::Parse { path: path.to_owned(), source })?;
        Ok(KeyStore { path: Some(path.to_owned()), ..KeyStore::of(list) })
    }

    /// No keys, and no file.
    pub fn in_memory() -> KeyStore {
        KeyStore::of(Vec::new())
    }

    /// These keys, and no file.
    pub fn of(keys: Vec<Key>) -> KeyStore {
        let keys = keys.into_iter().map(|key| (key.client_id.clone(), Arc::new(key))).collect();
        KeyStore { path: None, keys: Mutex::new(keys) }
    }

    /// The key with this client id, enabled or not.
    pub fn find(&self, client_id: &str) -> Option<Arc<Key>> {
        self.keys().get(client_id).cloned()
    }

    /// The keys of an account, oldest first.
    pub fn of_account(&self, account: AccountId) -> Vec<Arc<Key>> {
        let mut keys: Vec<Arc<Key>> =
            self.keys().values().filter(|key| key.account() == account).cloned().collect();
        keys.sort_by_key(|key| key.id);
        keys
    }

    /// Makes a key with a fresh id and secret.
    pub fn create(&self, new: NewKey, now_ms: u64) -> Result<Arc<Key>, ChangeKeyError> {
        let mut keys = self.keys();
        let n_of_account = keys.values().filter(|key| key.account() == new.account).count();
        if KEYS_PER_ACCOUNT_MAX <= n_of_account {
            return Err(ChangeKeyError::TooMany { account: new.account });
        }
        let id = keys.values().map(|key| key.id).max().map_or(1, |id| id + 1);
        let key = Arc::new(Key {
            id,
            client_id: random_text(6).map_err(ChangeKeyError::Random)?,
            client_secret: random_text(32).map_err(ChangeKeyError::Random)?,
            account: new.account.0,
            max_scope: new.max_scope,
            name: new.name,
            enabled: true,
            created_ms: now_ms,
            ip_whitelist: Vec::new(),
            limits: new.limits,
        });
        let mut next = keys.clone();
        next.insert(key.client_id.clone(), key.clone());
        self.replace(&mut keys, next)?;
        Ok(key)
    }

    /// Changes a key of an account.
    pub fn change(
        &self,
        account: AccountId,
        id: u32,
        change: impl FnOnce(&mut Key),
    ) -> Result<Arc<Key>, ChangeKeyError> {
        let mut keys = self.keys();
        let mut key = Key::clone(&*find(&keys, account, id)?);
        change(&mut key);
        let key = Arc::new(key);
        let mut next = keys.clone();
        next.insert(key.client_id.clone(), key.clone());
        self.replace(&mut keys, next)?;
        Ok(key)
    }

    /// Removes a key of an account.
    pub fn remove(&self, account: AccountId, id: u32) -> Result<Arc<Key>, ChangeKeyError> {
        let mut keys = self.keys();
        let key = find(&keys, account, id)?;
        let mut next = keys.clone();
        next.remove(&key.client_id);
        self.replace(&mut keys, next)?;
        Ok(key)
    }

    fn replace(&self, keys: &mut Keys, next: Keys) -> Result<(), ChangeKeyError> {
        if let Some(path) = &self.path {
            write(path, &next).map_err(ChangeKeyError::Write)?;
        }
        *keys = next;
        Ok(())
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(keys: &Keys, account: AccountId, id: u32) -> Result<Arc<Key>, ChangeKeyError> {
    let mut of_account = keys.values().filter(|key| key.account() == account);
    let found = of_account.find(|key| key.id == id).cloned();
    found.ok_or(ChangeKeyError::NotFound { account, id })
}

/// A secret for a key whose old one got known.
pub(crate) fn fresh_secret() -> Result<String, ChangeKeyError> {
    random_text(32).map_err(ChangeKeyError::Random)
}

/// Random bytes of the operating system as URL-safe text.
fn random_text(n_bytes: usize) -> Result<String, getrandom::Error> {
    let mut bytes = vec![0; n_bytes];
    system_random(&mut bytes)?;
    Ok(text_of(&bytes))
}

/// Random bytes of the operating system.
pub(crate) fn system_random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}

/// Bytes as URL-safe text.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn write(path: &Path, keys: &Keys) -> io::Result<()> {
    let list: Vec<&Key> = keys.values().map(AsRef::as_ref).collect();
    let bytes = serde_json::to_vec_pretty(&list)?;
    let beside = path.with_extension("json.new");
    let mut file = create_private(&beside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // A file that was left there by a crash keeps its old mode otherwise.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
