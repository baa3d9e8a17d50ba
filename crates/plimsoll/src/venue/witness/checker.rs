//! Which key a report must be signed with, and whether it is.
//!
//! A reporter's key may be replaced while a report that the old one signed is on its way from the
//! gateway to the log. So a key holds for [`KEY_GRACE_MS`] of the log's time after it was replaced.
//! A snapshot knows keys and not when they were registered: for as long after it, a key that came
//! with it may be the successor of one that still holds, and a report that it did not sign is
//! passed over. Whoever checks from the first entry passes over nothing.

use std::collections::BTreeMap;

use types::{AccountId, Applied, At, Event, PublicKey, Seq, Signature, Signed};

/// How long a key holds after it was replaced: longer than a report can be on its way.
pub const KEY_GRACE_MS: u64 = 10_000;
/// Claims that are verified together; more of them do not make one much cheaper.
const BATCH: usize = 256;

/// A report that its reporter did not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "entry {seq} is a report of account {reporter} that account {reporter} did not sign: somebody \
     ordered what nobody signed"
)]
pub struct Forged {
    /// The entry.
    pub seq: Seq,
    /// Whose report it says it is.
    pub reporter: AccountId,
}

/// What one batch has for the witness.
#[derive(Debug)]
pub struct Testimony {
    at: At,
    keys: Keys,
    signed: Vec<(Seq, Signed)>,
}

#[derive(Debug)]
enum Keys {
    /// Of a snapshot.
    Restored(Vec<(AccountId, PublicKey)>),
    /// Registered by these entries.
    Registered(Vec<(Seq, AccountId, PublicKey)>),
}

impl Testimony {
    /// The keys of a snapshot.
    pub fn restored(keys: Vec<(AccountId, PublicKey)>) -> Testimony {
        Testimony { at: At(0), keys: Keys::Restored(keys), signed: Vec::new() }
    }

    /// `None` if there is nothing to see.
    pub fn of(applied: Applied) -> Option<Testimony> {
        let mut registered = Vec::new();
        for entry in &applied.entries {
            for event in applied.events_of(entry) {
                if let Event::ReporterRegistered { account, key, .. } = event {
                    registered.push((entry.seq, *account, *key));
                }
            }
        }
        let Applied { at, signed, .. } = applied;
        let is_empty = registered.is_empty() && signed.is_empty();
        (!is_empty).then_some(Testimony { at, keys: Keys::Registered(registered), signed })
    }

    /// Signatures in it.
    pub fn n_claims(&self) -> usize {
        self.signed.len()
    }
}

/// What a reporter's reports may be signed with.
#[derive(Debug)]
struct Known {
    key: PublicKey,
    /// Keys before that, and until when they hold.
    held: Vec<(PublicKey, At)>,
    /// It came with a snapshot, so there may be others that hold.
    is_restored: bool,
}

/// A signature, and whose it must be.
#[derive(Debug)]
struct Claim {
    forged: Forged,
    message: Vec<u8>,
    signature: Signature,
    key: PublicKey,
    /// One of these may have signed it instead.
    held: Vec<PublicKey>,
    /// A key that we do not know may have signed it instead.
    is_passed_over: bool,
}

/// Checks testimonies in the order of the log.
#[derive(Debug, Default)]
pub struct Checker {
    known: BTreeMap<AccountId, Known>,
    /// Time of the first batch.
    from: Option<At>,
    claims: Vec<Claim>,
}

impl Checker {
    /// Takes a testimony in; whoever calls verifies when it is convenient.
    pub fn take(&mut self, testimony: Testimony) {
        let Testimony { at, keys, signed } = testimony;
        let registered = match keys {
            Keys::Restored(keys) => {
                let known = |key| Known { key, held: Vec::new(), is_restored: true };
                self.known = keys.into_iter().map(|(account, key)| (account, known(key))).collect();
                return;
            }
            Keys::Registered(registered) => registered,
        };
        self.from.get_or_insert(at);
        let mut registered = registered.into_iter().peekable();
        for (seq, signed) in signed {
            while let Some((_, account, key)) = registered.next_if(|(at, ..)| *at < seq) {
                self.register(account, key, at);
            }
            self.claim(seq, &signed, at);
        }
        registered.for_each(|(_, account, key)| self.register(account, key, at));
    }

    fn register(&mut self, account: AccountId, key: PublicKey, at: At) {
        let new = || Known { key, held: Vec::new(), is_restored: false };
        let known = self.known.entry(account).or_insert_with(new);
        if known.key != key {
            known.held.retain(|(_, until)| at <= *until);
            known.held.push((known.key, at.plus_ms(KEY_GRACE_MS)));
            known.key = key;
        }
    }

    /// A report of nobody who is registered was refused, and did nothing.
    fn claim(&mut self, seq: Seq, signed: &Signed, at: At) {
        let reporter = signed.reporter();
        let Some(known) = self.known.get(&reporter) else { return };
        let is_fresh = self.from.is_none_or(|from| at.ms_since(from) <= KEY_GRACE_MS);
        let held = known.held.iter().filter(|(_, until)| at <= *until).map(|(key, _)| *key);
        self.claims.push(Claim {
            forged: Forged { seq, reporter },
            message: signed.signed_bytes(),
            signature: *signed.signature(),
            key: known.key,
            held: held.collect(),
            is_passed_over: known.is_restored && is_fresh,
        });
    }

    /// How many claims wait.
    pub fn n_claims(&self) -> usize {
        self.claims.len()
    }

    /// Verifies what was taken in since the last time. The first report that is forged is told.
    pub fn verify(&mut self) -> Result<(), Forged> {
        let claims = std::mem::take(&mut self.claims);
        claims.chunks(BATCH).try_for_each(verify)
    }
}

fn verify(mut claims: &[Claim]) -> Result<(), Forged> {
    loop {
        let signed: Vec<_> = claims.iter().map(|claim| claim.by(&claim.key)).collect();
        let Some(place) = ledger::unsigned_of(&signed) else { return Ok(()) };
        let claim = &claims[place];
        let is_held = claim.held.iter().any(|key| ledger::is_signed(claim.by(key)));
        if !is_held && !claim.is_passed_over {
            return Err(claim.forged);
        }
        claims = &claims[place + 1..];
    }
}

impl Claim {
    fn by<'a>(&'a self, key: &'a PublicKey) -> (&'a PublicKey, &'a [u8], &'a Signature) {
        (key, &self.message, &self.signature)
    }
}
