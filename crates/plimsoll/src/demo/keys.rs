//! The demo's keys: two for you, three for the actors, one for the operator, five for reporters.
//!
//! They follow from the seed, so that a demo can be started again and again with the same keys in
//! somebody's scripts. That makes them guessable: it is play money on this machine alone.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use gateway::{Key, KeyLimits, OPERATOR_SCOPE, TRADER_SCOPE};
use types::AccountId;

use super::pricing::Rng;
use crate::clock;

/// Accounts of the demo: 1 and 2 are yours.
pub const ACCOUNTS: u32 = 10;
/// The market makers.
pub const MAKERS: [AccountId; 2] = [AccountId(3), AccountId(4)];
/// The taker.
pub const TAKER: AccountId = AccountId(5);
/// Who says what the indexes are.
pub const REPORTERS: [AccountId; 5] =
    [AccountId(6), AccountId(7), AccountId(8), AccountId(9), AccountId(10)];
/// The operator has no account.
pub const OPERATOR: AccountId = AccountId(0);

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The keys by account.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Key>);

/// True for accounts that the demo trades with itself.
pub fn is_actor(account: AccountId) -> bool {
    MAKERS.contains(&account) || account == TAKER
}

impl Keys {
    /// Reads the keys of a data directory, or makes them of the seed if it has none.
    pub fn open(data: &Path, rng: &Rng) -> anyhow::Result<Keys> {
        let path = data.join("keys.json");
        if !path.exists() {
            let made = make(rng);
            write(&path, &made).with_context(|| format!("writing {}", path.display()))?;
            return Ok(Keys(made));
        }
        let text = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let keys = serde_json::from_slice(&text);
        let keys = keys.with_context(|| format!("{} is not a list of keys", path.display()))?;
        Ok(Keys(keys))
    }

    /// The first key of an account.
    pub fn of(&self, account: AccountId) -> anyhow::Result<&Key> {
        let found = self.0.iter().filter(|key| key.account == account.0).min_by_key(|key| key.id);
        found.with_context(|| format!("keys.json has no key of account {account}: move it away"))
    }

    /// The keys of the two accounts that are yours.
    pub fn yours(&self) -> anyhow::Result<[&Key; 2]> {
        Ok([self.of(AccountId(1))?, self.of(AccountId(2))?])
    }
}

fn make(rng: &Rng) -> Vec<Key> {
    let mut rng = rng.fork(u64::from_le_bytes(*b"demokeys"));
    let mut text = |letters: usize| -> String {
        (0..letters).map(|_| char::from(LETTERS[rng.below(LETTERS.len())])).collect()
    };
    // In the order in which they came to be: older keys of a seed stay what they were.
    let traders = (1..=TAKER.0).map(AccountId);
    let accounts = traders.chain([OPERATOR]).chain(REPORTERS);
    let keys = accounts.zip(1..).map(|(account, id)| Key {
        id,
        client_id: text(8),
        client_secret: text(43),
        account: account.0,
        max_scope: if account == OPERATOR { OPERATOR_SCOPE } else { TRADER_SCOPE }.into(),
        name: name(account).into(),
        enabled: true,
        created_ms: clock::log_time().0,
        ip_whitelist: Vec::new(),
        limits: (2 < account.0 || account == OPERATOR).then_some(ACTOR_LIMITS),
    });
    keys.collect()
}

/// Quotes of a hundred instruments are a burst.
const ACTOR_LIMITS: KeyLimits =
    KeyLimits { matching_per_s: 1_000, matching_burst: 2_000, queued_max: 256, unlimited: true };

fn name(account: AccountId) -> &'static str {
    match account {
        OPERATOR => "operator",
        TAKER => "taker",
        reporter if REPORTERS.contains(&reporter) => "reporter",
        maker if MAKERS.contains(&maker) => "maker",
        _ => "yours",
    }
}

/// Secrets are for their owner alone.
fn write(path: &Path, keys: &[Key]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&serde_json::to_vec_pretty(keys)?)?;
    file.sync_all()
}
