//! Whether notices are what the venue told: bytes, words, chain, signatures and rotations of the
//! key (docs/rules/notices.md).
//!
//! Every member of a notice is checked against its bytes or is signed, and one that is not known is
//! refused: a file of which one byte was changed does not hold.

use std::collections::BTreeMap;

use gateway::{
    component_state_word, component_word, fate_word, notice_word, stage_word, state_word,
};
use serde_json::{Map, Value};
use types::codec::Codec;
use types::{AssetCode, Notice, NoticeBody, PublicKey, Signature};

use crate::output::hex;

/// What holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many notices.
    pub notices: usize,
    /// Whose signature the newest ones have.
    pub key: String,
}

/// Why something does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Not a notice, or several.
    #[error("it holds no notices: save what public/get_notices or /status.json says")]
    Form,
    /// A member.
    #[error("notice {number}: {member} is not what its bytes say")]
    Member {
        /// Of which notice.
        number: u64,
        /// Which.
        member: String,
    },
    /// The bytes.
    #[error("notice {number}: its bytes are those of no notice")]
    Bytes {
        /// As it is numbered.
        number: u64,
    },
    /// The chain.
    #[error("notice {number}: the chain is broken there, or a notice before it is missing")]
    Chain {
        /// Which.
        number: u64,
    },
    /// The signature.
    #[error("notice {number}: it is not signed by {key}")]
    Unsigned {
        /// Which.
        number: u64,
        /// Whose signature should be there.
        key: String,
    },
    /// A rotation.
    #[error("notice {number}: the key before it has not signed the new one")]
    Rotation {
        /// Which.
        number: u64,
    },
}

/// One notice as it was read.
struct Read {
    asset: AssetCode,
    notice: Notice,
    previous: [u8; 32],
    head: [u8; 32],
    key: PublicKey,
}

/// Checks every notice of a text, in any form in which the venue gives them.
pub fn verify(text: &str, pinned: Option<&str>) -> Result<Checked, Fault> {
    let rows = rows(text)?;
    let mut by_asset: BTreeMap<AssetCode, Vec<Read>> = BTreeMap::new();
    let mut newest = String::new();
    for row in &rows {
        let read = read(row, pinned)?;
        newest = hex(&read.key.0);
        by_asset.entry(read.asset).or_default().push(read);
    }
    for chain in by_asset.values_mut() {
        chain.sort_by_key(|read| read.notice.number);
        check_chain(chain)?;
    }
    Ok(Checked { notices: rows.len(), key: newest })
}

/// A notice, a list of them, one a line, or an answer that holds a list.
fn rows(text: &str) -> Result<Vec<Map<String, Value>>, Fault> {
    let whole: Result<Value, _> = serde_json::from_str(text);
    let value = match whole {
        Ok(value) => value,
        Err(_) => {
            let lines: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
            Value::Array(lines.map_err(|_| Fault::Form)?)
        }
    };
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut object) => match ["notices", "result"].map(|key| object.remove(key)) {
            [Some(Value::Array(list)), None] | [None, Some(Value::Array(list))] => list,
            [None, None] => vec![Value::Object(object)],
            _ => return Err(Fault::Form),
        },
        _ => return Err(Fault::Form),
    };
    let rows: Option<Vec<_>> = list.into_iter().map(|row| row.as_object().cloned()).collect();
    rows.filter(|rows| !rows.is_empty()).ok_or(Fault::Form)
}

fn read(row: &Map<String, Value>, pinned: Option<&str>) -> Result<Read, Fault> {
    let number = row.get("number").and_then(Value::as_u64).unwrap_or(0);
    let member = |name: &str| Fault::Member { number, member: name.to_owned() };
    let text = |name: &str| row.get(name).and_then(Value::as_str).ok_or_else(|| member(name));
    let hash = |name: &str| unhex::<32>(text(name)?).ok_or_else(|| member(name));
    let bytes = unhex_all(text("bytes")?).ok_or(Fault::Bytes { number })?;
    let notice = Notice::from_bytes(&bytes).map_err(|_| Fault::Bytes { number })?;
    for (name, value) in row {
        if !is_known(name, value, &notice) {
            return Err(member(name));
        }
    }
    let asset = AssetCode::new(text("currency")?).ok_or_else(|| member("currency"))?;
    let (previous, head) = (hash("previous")?, hash("head")?);
    if ledger::notice_head(&previous, &notice) != head {
        return Err(Fault::Chain { number });
    }
    let key = PublicKey(hash("key")?);
    let signature = unhex::<64>(text("signature")?).ok_or_else(|| member("signature"))?;
    let message = ledger::notice_head_message(asset, &head, (text("title")?, text("body")?));
    let is_pinned = pinned.is_none_or(|pinned| pinned == hex(&key.0));
    if !is_pinned || !ledger::is_signed((&key, &message, &Signature(signature))) {
        let key = pinned.map_or_else(|| hex(&key.0), str::to_owned);
        return Err(Fault::Unsigned { number, key });
    }
    Ok(Read { asset, notice, previous, head, key })
}

/// Whether a member is one that a notice has, and says what the bytes say. Words, chain and
/// signature are looked at by themselves.
fn is_known(name: &str, value: &Value, notice: &Notice) -> bool {
    let number = |wanted: u64| value.as_u64() == Some(wanted);
    let word = |wanted: &str| value.as_str() == Some(wanted);
    let (incident, part) = match &notice.body {
        NoticeBody::Incident(incident) => (Some(incident), None),
        NoticeBody::ComponentChanged { component, state, .. } => (None, Some((*component, *state))),
        NoticeBody::Maintenance { .. }
        | NoticeBody::Announcement { .. }
        | NoticeBody::KeyRotated { .. } => (None, None),
    };
    match name {
        "number" => number(notice.number),
        "log_seq" => number(notice.seq.0),
        "issued_at" => number(notice.at.0),
        "type" => word(notice_word(&notice.body)),
        "incident" => incident.is_some_and(|one| number(one.incident.into())),
        "stage" => incident.is_some_and(|one| word(stage_word(one.stage))),
        "component" => part.is_some_and(|(component, _)| word(component_word(component))),
        "state" => match part {
            Some((_, state)) => word(component_state_word(state)),
            None => incident.is_some_and(|one| word(state_word(one.state))),
        },
        "orders" => incident.is_some_and(|one| word(fate_word(one.orders))),
        "orders_accepted_before" => incident.is_some_and(|one| number(one.since.0)),
        "until" => incident.is_some_and(|one| match one.until {
            Some(until) => number(until.0),
            None => value.is_null(),
        }),
        "currency" | "title" | "body" | "bytes" | "previous" | "head" | "key" | "signature" => true,
        _ => false,
    }
}

/// One after the other, from the first head if the first one is there.
fn check_chain(chain: &[Read]) -> Result<(), Fault> {
    for (place, read) in chain.iter().enumerate() {
        let number = read.notice.number;
        let before = place.checked_sub(1).and_then(|before| chain.get(before));
        let due = match before {
            Some(before) if before.notice.number + 1 == number => Some(before.head),
            Some(before) if before.notice.number == number => Some(before.previous),
            Some(_) => return Err(Fault::Chain { number }),
            None => (number == 1).then(|| ledger::first_notice_head(read.asset)),
        };
        if due.is_some_and(|due| due != read.previous) {
            return Err(Fault::Chain { number });
        }
    }
    check_rotations(chain)
}

/// Each key of the chain is signed by the one before it, the first one of a venue by itself, and
/// notices are signed with one of them.
fn check_rotations(chain: &[Read]) -> Result<(), Fault> {
    let mut in_force: Option<PublicKey> = None;
    let mut keys = Vec::new();
    for read in chain {
        let NoticeBody::KeyRotated { key, signature } = &read.notice.body else {
            continue;
        };
        let message = ledger::notice_key_message(read.asset, key);
        let signer = in_force.unwrap_or(*key);
        let is_first = in_force.is_none() && read.notice.number != 1;
        if !is_first && !ledger::is_signed((&signer, &message, signature)) {
            return Err(Fault::Rotation { number: read.notice.number });
        }
        in_force = Some(*key);
        keys.push(*key);
    }
    let strange = chain.iter().find(|read| !keys.is_empty() && !keys.contains(&read.key));
    strange.map_or(Ok(()), |read| {
        let key = keys.last().map_or_else(String::new, |key| hex(&key.0));
        Err(Fault::Unsigned { number: read.notice.number, key })
    })
}

/// Lower-case digits alone, so that no byte has two forms.
fn unhex_all(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: u8| match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex_all(text)?.try_into().ok()
}
