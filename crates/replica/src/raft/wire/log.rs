//! Bytes of what stands in the replicated log and in the vote; also for the log on disk.
//!
//! ```text
//!   vote         8 term   8 voted for   1 committed
//!   log id       8 term   8 index                        optional ones: 0, or 1 and the id
//!   entry        log id   payload
//!   payload      0 blank
//!                1 4 count   4 bytes, body   4 n, n × (8 origin, 8 tag); n is 0 or count
//!                2 membership
//!   membership   4 n, n × (4 n, n × 8 voter, ascending)
//!                4 n, n × (8 node, ascending, then address, zone, api as text)
//!   stored       optional log id   membership
//!   meta         optional log id   stored
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openraft::alias::{
    CommittedLeaderIdOf, EntryOf, EntryPayloadOf, LogIdOf, SnapshotMetaOf, StoredMembershipOf,
    VoteOf,
};
use openraft::{Entry, EntryPayload, LogId, Membership, SnapshotMeta, StoredMembership, Vote};

use ::types::codec::{Codec, DecodeError, Reader, encode_count, encode_text};
use ::types::limits::BATCH_COMMANDS_MAX;

use super::{CONFIGS_MAX, ENTRY_BYTES_MAX, MEMBERS_MAX, decode_count, decode_string};
use crate::raft::types::{Asked, Batch, Member, Types};

const BLANK: u8 = 0;
const BATCH: u8 = 1;
const MEMBERSHIP: u8 = 2;
/// Bytes of one [`Asked`].
const ASKED_BYTES: usize = 16;

pub(crate) fn encode_vote(vote: &VoteOf<Types>, out: &mut Vec<u8>) {
    vote.leader_id.term.encode(out);
    vote.leader_id.voted_for.encode(out);
    vote.committed.encode(out);
}

pub(crate) fn decode_vote(reader: &mut Reader<'_>) -> Result<VoteOf<Types>, DecodeError> {
    let (term, voted_for) = (u64::decode(reader)?, u64::decode(reader)?);
    let committed = bool::decode(reader)?;
    let vote = if committed { Vote::new_committed } else { Vote::new };
    Ok(vote(term, voted_for))
}

pub(crate) fn encode_log_id(id: &LogIdOf<Types>, out: &mut Vec<u8>) {
    id.leader_id.term.encode(out);
    id.index.encode(out);
}

pub(crate) fn decode_log_id(reader: &mut Reader<'_>) -> Result<LogIdOf<Types>, DecodeError> {
    let leader_id = CommittedLeaderIdOf::<Types>::new(u64::decode(reader)?);
    Ok(LogId { leader_id, index: u64::decode(reader)? })
}

pub(crate) fn encode_log_id_option(id: Option<&LogIdOf<Types>>, out: &mut Vec<u8>) {
    id.is_some().encode(out);
    if let Some(id) = id {
        encode_log_id(id, out);
    }
}

pub(crate) fn decode_log_id_option(
    reader: &mut Reader<'_>,
) -> Result<Option<LogIdOf<Types>>, DecodeError> {
    bool::decode(reader)?.then(|| decode_log_id(reader)).transpose()
}

pub(crate) fn encode_entry(entry: &EntryOf<Types>, out: &mut Vec<u8>) {
    encode_log_id(&entry.log_id, out);
    encode_payload(&entry.payload, out);
}

pub(crate) fn decode_entry(reader: &mut Reader<'_>) -> Result<EntryOf<Types>, DecodeError> {
    let begin = reader.offset();
    let entry = Entry { log_id: decode_log_id(reader)?, payload: decode_payload(reader)? };
    if ENTRY_BYTES_MAX < reader.offset() - begin {
        return Err(reader.refuse("bytes of an entry"));
    }
    Ok(entry)
}

/// Bytes of an encoded entry, without encoding its batch.
pub(crate) fn entry_bytes(entry: &EntryOf<Types>) -> usize {
    let mut out = Vec::new();
    match &entry.payload {
        EntryPayload::Normal(batch) => {
            29 + batch.body.len() + batch.asked.len().saturating_mul(ASKED_BYTES)
        }
        EntryPayload::Blank | EntryPayload::Membership(_) => {
            encode_entry(entry, &mut out);
            out.len()
        }
    }
}

pub(crate) fn encode_payload(payload: &EntryPayloadOf<Types>, out: &mut Vec<u8>) {
    match payload {
        EntryPayload::Blank => out.push(BLANK),
        EntryPayload::Normal(batch) => {
            out.push(BATCH);
            encode_batch(batch, out);
        }
        EntryPayload::Membership(membership) => {
            out.push(MEMBERSHIP);
            encode_membership(membership, out);
        }
    }
}

pub(crate) fn decode_payload(
    reader: &mut Reader<'_>,
) -> Result<EntryPayloadOf<Types>, DecodeError> {
    match u8::decode(reader)? {
        BLANK => Ok(EntryPayload::Blank),
        BATCH => decode_batch(reader).map(EntryPayload::Normal),
        MEMBERSHIP => decode_membership(reader).map(EntryPayload::Membership),
        _ => Err(reader.refuse("payload")),
    }
}

fn encode_batch(batch: &Batch, out: &mut Vec<u8>) {
    batch.count.encode(out);
    encode_count(batch.body.len(), out);
    out.extend_from_slice(&batch.body);
    encode_count(batch.asked.len(), out);
    for asked in batch.asked.iter() {
        encode_asked(asked, out);
    }
}

fn decode_batch(reader: &mut Reader<'_>) -> Result<Batch, DecodeError> {
    let count = u32::decode(reader)?;
    let n_commands = usize::try_from(count).unwrap_or(usize::MAX);
    if n_commands == 0 || BATCH_COMMANDS_MAX < n_commands {
        return Err(reader.refuse("commands of a batch"));
    }
    let n_bytes = decode_count(reader, ENTRY_BYTES_MAX, "bytes of a batch")?;
    let body = Arc::from(reader.take(n_bytes)?);
    let n_asked = decode_count(reader, BATCH_COMMANDS_MAX, "askers of a batch")?;
    if n_asked != 0 && n_asked != n_commands {
        return Err(reader.refuse("askers of a batch"));
    }
    let asked: Result<Vec<Asked>, _> = (0..n_asked).map(|_| decode_asked(reader)).collect();
    Ok(Batch { count, body, asked: asked?.into() })
}

pub(crate) fn encode_asked(asked: &Asked, out: &mut Vec<u8>) {
    asked.origin.encode(out);
    asked.tag.encode(out);
}

pub(crate) fn decode_asked(reader: &mut Reader<'_>) -> Result<Asked, DecodeError> {
    Ok(Asked { origin: u64::decode(reader)?, tag: u64::decode(reader)? })
}

pub(crate) fn encode_membership(membership: &Membership<u64, Member>, out: &mut Vec<u8>) {
    let configs = membership.get_joint_config();
    encode_count(configs.len(), out);
    for voters in configs {
        encode_count(voters.len(), out);
        voters.iter().for_each(|voter| voter.encode(out));
    }
    encode_count(membership.nodes().count(), out);
    for (node, member) in membership.nodes() {
        node.encode(out);
        for text in [&member.address, &member.zone, &member.api] {
            encode_text(text, out);
        }
    }
}

pub(crate) fn decode_membership(
    reader: &mut Reader<'_>,
) -> Result<Membership<u64, Member>, DecodeError> {
    let n_configs = decode_count(reader, CONFIGS_MAX, "sets of voters")?;
    let configs: Result<Vec<_>, _> = (0..n_configs).map(|_| decode_voters(reader)).collect();
    let configs = configs?;
    let n_nodes = decode_count(reader, MEMBERS_MAX, "members")?;
    let mut nodes = BTreeMap::new();
    for _ in 0..n_nodes {
        let node = u64::decode(reader)?;
        if nodes.last_key_value().is_some_and(|(last, _)| node <= *last) {
            return Err(reader.refuse("order of the members"));
        }
        nodes.insert(node, decode_member(reader)?);
    }
    // It refuses an empty set of voters, and a voter that is no member.
    Membership::new(configs, nodes).map_err(|_| reader.refuse("membership"))
}

fn decode_voters(reader: &mut Reader<'_>) -> Result<BTreeSet<u64>, DecodeError> {
    let mut voters = BTreeSet::new();
    for _ in 0..decode_count(reader, MEMBERS_MAX, "voters")? {
        let voter = u64::decode(reader)?;
        if voters.last().is_some_and(|last| voter <= *last) {
            return Err(reader.refuse("order of the voters"));
        }
        voters.insert(voter);
    }
    Ok(voters)
}

fn decode_member(reader: &mut Reader<'_>) -> Result<Member, DecodeError> {
    let (address, zone) = (decode_string(reader)?, decode_string(reader)?);
    Ok(Member { address, zone, api: decode_string(reader)? })
}

pub(crate) fn encode_stored_membership(stored: &StoredMembershipOf<Types>, out: &mut Vec<u8>) {
    encode_log_id_option(stored.log_id().as_ref(), out);
    encode_membership(stored.membership(), out);
}

pub(crate) fn decode_stored_membership(
    reader: &mut Reader<'_>,
) -> Result<StoredMembershipOf<Types>, DecodeError> {
    let log_id = decode_log_id_option(reader)?;
    Ok(StoredMembership::new(log_id, decode_membership(reader)?))
}

pub(crate) fn encode_snapshot_meta(meta: &SnapshotMetaOf<Types>, out: &mut Vec<u8>) {
    encode_log_id_option(meta.last_log_id.as_ref(), out);
    encode_stored_membership(&meta.last_membership, out);
}

pub(crate) fn decode_snapshot_meta(
    reader: &mut Reader<'_>,
) -> Result<SnapshotMetaOf<Types>, DecodeError> {
    let last_log_id = decode_log_id_option(reader)?;
    Ok(SnapshotMeta { last_log_id, last_membership: decode_stored_membership(reader)? })
}
