//! The file of keys: what survives, what is refused, who may read it.

use types::AccountId;

use super::{ChangeKeyError, KeyLimits, KeyStore, NewKey, OpenKeysError, TRADER_SCOPE};
use crate::limits::KEYS_PER_ACCOUNT_MAX;

fn new_key(account: u32) -> NewKey {
    let account = AccountId(account);
    NewKey { account, name: "main".into(), max_scope: TRADER_SCOPE.into(), limits: None }
}

#[test]
fn keys_are_there_again_after_the_file_is_opened_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys.json");
    let store = KeyStore::open(&path).expect("no file is no keys");
    let limits = KeyLimits {
        matching_per_s: 1_000,
        matching_burst: 5_000,
        queued_max: 512,
        unlimited: false,
    };
    let plain = store.create(new_key(1), 7).expect("a key");
    let fast = store.create(NewKey { limits: Some(limits), ..new_key(2) }, 8).expect("a key");
    assert_eq!((plain.client_id.len(), plain.client_secret.len()), (8, 43));

    let again = KeyStore::open(&path).expect("the file that was written");
    assert_eq!(again.find(&plain.client_id), Some(plain));
    assert_eq!(again.of_account(AccountId(2)), [fast]);
    assert_eq!(again.find("unknown"), None);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys.json");
    KeyStore::open(&path).expect("no keys").create(new_key(1), 7).expect("a key");
    let mode = path.metadata().expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(directory.path().read_dir().expect("entries").count(), 1, "nothing is left beside");
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys.json");
    for text in ["{}", "[{\"id\":1}]", "", "[{"] {
        std::fs::write(&path, text).expect("a file");
        assert!(matches!(KeyStore::open(&path), Err(OpenKeysError::Parse { .. })), "{text}");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), text);
    }
}

#[test]
fn an_account_has_eight_keys_and_changes_its_own_only() {
    let store = KeyStore::in_memory();
    for _ in 0..KEYS_PER_ACCOUNT_MAX {
        store.create(new_key(1), 7).expect("a key");
    }
    assert!(matches!(store.create(new_key(1), 7), Err(ChangeKeyError::TooMany { .. })));
    let other = store.create(new_key(2), 7).expect("a key of another account");

    let foreign = store.change(AccountId(1), other.id, |key| key.enabled = false);
    assert!(matches!(foreign, Err(ChangeKeyError::NotFound { .. })));
    assert!(matches!(store.remove(AccountId(1), other.id), Err(ChangeKeyError::NotFound { .. })));
    let changed = store.change(AccountId(2), other.id, |key| key.enabled = false).expect("its own");
    assert!(!changed.enabled);
    store.remove(AccountId(2), other.id).expect("its own");
    assert_eq!(store.find(&other.client_id), None);
}

#[test]
fn a_change_that_cannot_be_written_is_not_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = KeyStore::open(&directory.path().join("gone/keys.json")).expect("no keys");
    assert!(matches!(store.create(new_key(1), 7), Err(ChangeKeyError::Write(_))));
    assert!(store.of_account(AccountId(1)).is_empty());
}
