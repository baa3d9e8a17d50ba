//! Bytes: what goes in comes out, hostile bytes are refused, every bound holds exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::types::Seq;
use ::types::codec::{Codec, DecodeError, Reader};
use ::types::limits::{BATCH_COMMANDS_MAX, COMMAND_BYTES_MAX};
use openraft::alias::{EntryOf, LogIdOf, SnapshotMetaOf, VoteOf};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, StreamAppendError, TransferLeaderError,
    TransferLeaderRequest, VoteRequest, VoteResponse,
};
use openraft::{Entry, EntryPayload, Membership, SnapshotMeta, StoredMembership, Vote};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use super::{domain, log_id, member};
use crate::raft::types::{Asked, Batch, Member, Types};
use crate::raft::wire::forward::{Forwarded, Outgoing, RootReport, Taken};
use crate::raft::wire::hello::{Hello, Purpose, Welcome};
use crate::raft::wire::log::{
    decode_entry, decode_membership, decode_snapshot_meta, encode_entry, encode_membership,
    encode_snapshot_meta, entry_bytes,
};
use crate::raft::wire::rpc::{
    Request, Response, decode_append, decode_appended, encode_append, encode_appended,
};
use crate::raft::wire::snapshot::{Chunk, Offer, Progress};
use crate::raft::wire::{
    CHUNK_BYTES, CONFIGS_MAX, ENTRIES_MAX, ENTRY_BYTES_MAX, FORWARDED_MAX, FRAME_BYTES_MAX,
    HELLO_BYTES_MAX, MEMBERS_MAX, TEXT_BYTES_MAX,
};

fn vote() -> impl Strategy<Value = VoteOf<Types>> {
    (any::<u64>(), any::<u64>(), any::<bool>()).prop_map(|(term, node, committed)| {
        if committed { Vote::new_committed(term, node) } else { Vote::new(term, node) }
    })
}

fn some_log_id() -> impl Strategy<Value = Option<LogIdOf<Types>>> {
    proptest::option::of((any::<u64>(), any::<u64>()).prop_map(|(term, at)| log_id(term, at)))
}

fn a_member() -> impl Strategy<Value = Member> {
    ("[a-z:0-9]{0,20}", "\\PC{0,20}", "[a-z]{0,5}").prop_map(|(address, zone, api)| Member {
        address,
        zone,
        api,
    })
}

fn membership() -> impl Strategy<Value = Membership<u64, Member>> {
    (vec(btree_set(0..20_u64, 1..7), 0..=2), btree_map(any::<u64>(), a_member(), 0..5)).prop_map(
        |(configs, mut nodes): (Vec<BTreeSet<u64>>, BTreeMap<u64, Member>)| {
            for voter in configs.iter().flatten() {
                nodes.entry(*voter).or_insert_with(|| member("a:1"));
            }
            Membership::new(configs, nodes).expect("every voter is a member")
        },
    )
}

fn a_batch() -> impl Strategy<Value = Batch> {
    (vec(any::<u8>(), 0..99), vec((any::<u64>(), any::<u64>()), 1..9), any::<bool>()).prop_map(
        |(body, asked, is_asked)| {
            let count = u32::try_from(asked.len()).expect("a few");
            let asked = asked.into_iter().filter(|_| is_asked);
            let asked: Vec<_> = asked.map(|(origin, tag)| Asked { origin, tag }).collect();
            Batch { count, body: body.into(), asked: asked.into() }
        },
    )
}

fn payload() -> impl Strategy<Value = EntryPayload<Batch, u64, Member>> {
    prop_oneof![
        Just(EntryPayload::Blank),
        a_batch().prop_map(EntryPayload::Normal),
        membership().prop_map(EntryPayload::Membership),
    ]
}

fn an_append() -> impl Strategy<Value = AppendEntriesRequest<Types>> {
    let prev = proptest::option::of((0..9_u64, 0..1_000_u64));
    (prev, vec(payload(), 0..5), some_log_id(), 9..12_u64, any::<u64>()).prop_map(
        |(prev, payloads, leader_commit, term, node)| {
            let prev_log_id = prev.map(|(term, index)| log_id(term, index));
            let first = prev.map_or(0, |(_, index)| index + 1);
            let entries = (first..).zip(payloads);
            let entries = entries.map(|(at, payload)| Entry { log_id: log_id(9, at), payload });
            let vote = Vote::new_committed(term, node);
            AppendEntriesRequest { vote, prev_log_id, entries: entries.collect(), leader_commit }
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let ballot = || {
        (vote(), some_log_id(), any::<bool>()).prop_map(|(vote, last, transfer)| {
            let mut request = VoteRequest::new(vote, last);
            request.leadership_transfer = transfer;
            request
        })
    };
    prop_oneof![
        an_append().prop_map(Request::Append),
        ballot().prop_map(Request::Vote),
        ballot().prop_map(Request::PreVote),
        (vote(), any::<u64>(), some_log_id())
            .prop_map(|(from, to, last)| TransferLeaderRequest::new(from, to, last))
            .prop_map(Request::Transfer),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let ballot = || {
        (vote(), any::<bool>(), some_log_id()).prop_map(|(vote, vote_granted, last_log_id)| {
            VoteResponse { vote, vote_granted, last_log_id }
        })
    };
    prop_oneof![
        "\\PC{0,50}".prop_map(Response::Failed),
        Just(Response::Append(AppendEntriesResponse::Success)),
        some_log_id().prop_map(|id| Response::Append(AppendEntriesResponse::PartialSuccess(id))),
        Just(Response::Append(AppendEntriesResponse::Conflict)),
        vote().prop_map(|vote| Response::Append(AppendEntriesResponse::HigherVote(vote))),
        ballot().prop_map(Response::Vote),
        ballot().prop_map(Response::PreVote),
        Just(Response::Transfer(Ok(()))),
        (vote(), vote()).prop_map(|(expected, actual)| {
            Response::Transfer(Err(TransferLeaderError::VoteChanged { expected, actual }))
        }),
        (some_log_id(), some_log_id()).prop_map(|(expected, actual)| {
            Response::Transfer(Err(TransferLeaderError::LogNotFlushed { expected, actual }))
        }),
    ]
}

fn meta() -> impl Strategy<Value = SnapshotMetaOf<Types>> {
    (some_log_id(), some_log_id(), membership()).prop_map(|(last_log_id, at, membership)| {
        SnapshotMeta { last_log_id, last_membership: StoredMembership::new(at, membership) }
    })
}

fn outgoing() -> impl Strategy<Value = Outgoing> {
    let command = (any::<bool>(), any::<u64>(), any::<u64>(), vec(any::<u8>(), 0..40)).prop_map(
        |(cancel_class, origin, tag, command)| {
            let asked = Asked { origin, tag };
            Forwarded { cancel_class, asked, command }
        },
    );
    prop_oneof![
        vec(command, 0..5).prop_map(Outgoing::Commands),
        (any::<u64>(), any::<u64>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
            |(node, seq, root, chain)| Outgoing::Root(RootReport {
                node,
                seq: Seq(seq),
                root,
                chain
            })
        ),
    ]
}

/// A strict decoder gives the same bytes back.
fn same<T>(
    bytes: &[u8],
    decode: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
    encode: impl Fn(&T, &mut Vec<u8>),
) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = decode(&mut reader)?;
    reader.finish()?;
    let mut again = Vec::new();
    encode(&value, &mut again);
    assert_eq!(again, bytes, "what is decoded encodes to the same bytes");
    Ok(value)
}

fn same_message<M: Codec>(bytes: &[u8]) -> Result<M, DecodeError> {
    same(bytes, M::decode, M::encode)
}

/// Every decoder there is.
fn decode_all(bytes: &[u8]) -> [bool; 12] {
    let appended = decode_appended(bytes).map(|appended| {
        let mut again = Vec::new();
        encode_appended(&appended, &mut again);
        assert_eq!(again, bytes);
    });
    [
        same_message::<Request>(bytes).is_ok(),
        same_message::<Response>(bytes).is_ok(),
        appended.is_ok(),
        same(bytes, decode_append, encode_whole).is_ok(),
        same(bytes, decode_entry, encode_entry).is_ok(),
        same(bytes, decode_snapshot_meta, encode_snapshot_meta).is_ok(),
        same_message::<Hello>(bytes).is_ok(),
        same_message::<Welcome>(bytes).is_ok(),
        same_message::<Offer>(bytes).is_ok(),
        same_message::<Progress>(bytes).is_ok(),
        same_message::<Outgoing>(bytes).is_ok(),
        same_message::<Taken>(bytes).is_ok(),
    ]
}

fn encode_whole(request: &AppendEntriesRequest<Types>, out: &mut Vec<u8>) {
    let AppendEntriesRequest { vote, prev_log_id, entries, leader_commit } = request;
    encode_append(vote, prev_log_id.as_ref(), leader_commit.as_ref(), entries, out);
}

proptest! {
    #[test]
    fn messages_come_out_as_they_went_in(
        request in request(),
        response in response(),
        outgoing in outgoing(),
        meta in meta(),
        (offered, to) in ((any::<u64>(), any::<u64>()), any::<u64>()),
    ) {
        let decoded = same_message::<Request>(&request.to_bytes()).expect("it is one");
        assert_eq!(format!("{decoded:?}"), format!("{request:?}"));
        let decoded = same_message::<Response>(&response.to_bytes()).expect("it is one");
        assert_eq!(format!("{decoded:?}"), format!("{response:?}"));
        assert_eq!(same_message(&outgoing.to_bytes()), Ok(outgoing));
        let vote = Vote::new_committed(u64::MAX, to);
        let offer = Offer { vote, meta, seq: Seq(offered.0), bytes: offered.1 };
        assert_eq!(same_message(&offer.to_bytes()), Ok(offer));
    }

    #[test]
    fn entries_come_out_as_they_went_in_and_their_length_is_known(payload in payload()) {
        let entry: EntryOf<Types> = Entry { log_id: log_id(3, 4), payload };
        let mut bytes = Vec::new();
        encode_entry(&entry, &mut bytes);
        assert_eq!(entry_bytes(&entry), bytes.len());
        let decoded = same(&bytes, decode_entry, encode_entry).expect("it is one");
        assert!(decoded == entry);
    }

    #[test]
    fn hostile_bytes_are_refused_or_are_canonical(bytes in vec(any::<u8>(), 0..200)) {
        decode_all(&bytes);
    }

    #[test]
    fn changed_bytes_are_refused_or_are_canonical(
        request in request(),
        outgoing in outgoing(),
        meta in meta(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let offer = Offer { vote: Vote::new_committed(u64::MAX, 1), meta, seq: Seq(1), bytes: 2 };
        for mut bytes in [request.to_bytes(), outgoing.to_bytes(), offer.to_bytes()] {
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            decode_all(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            decode_all(&bytes);
        }
    }
}

#[test]
fn small_messages_come_out_as_they_went_in() {
    let hello = Hello {
        version: 1,
        cluster: 2,
        domain: domain(),
        from: 3,
        to: 4,
        purpose: Purpose::Snapshot,
    };
    assert_eq!(same_message(&hello.to_bytes()), Ok(hello));
    assert!(hello.to_bytes().len() <= HELLO_BYTES_MAX);
    let longest = Welcome(Err("x".repeat(TEXT_BYTES_MAX)));
    assert!(longest.to_bytes().len() <= HELLO_BYTES_MAX);
    for welcome in [Welcome(Ok(())), longest] {
        assert_eq!(same_message(&welcome.to_bytes()), Ok(welcome));
    }
    let progress = [
        Progress::Failed("full".to_owned()),
        Progress::From { offset: 1 << 20, crc: 7 },
        Progress::Working,
        Progress::Installed(Vote::new(1, 2)),
    ];
    for progress in progress {
        assert_eq!(same_message(&progress.to_bytes()), Ok(progress));
    }
    let conflict = Ok(Err(StreamAppendError::Conflict(log_id(1, 2))));
    let higher = Ok(Err(StreamAppendError::HigherVote(Vote::new(1, 2))));
    for appended in [Err("stopped".to_owned()), Ok(Ok(Some(log_id(5, 6)))), conflict, higher] {
        let mut bytes = Vec::new();
        encode_appended(&appended, &mut bytes);
        assert_eq!(decode_appended(&bytes), Ok(appended));
    }
}

/// `encode(max)` decodes and `encode(max + 1)` does not.
fn bound<T>(
    max: usize,
    encode: impl Fn(usize) -> Vec<u8>,
    decode: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) {
    let read = |bytes: &[u8]| decode(&mut Reader::new(bytes)).is_ok();
    assert!(read(&encode(max)), "{max} are fine");
    assert!(!read(&encode(max + 1)), "{} are too many", max + 1);
}

#[test]
fn every_bound_is_kept_and_reached() {
    let command = |bytes| Forwarded {
        cancel_class: true,
        asked: Asked { origin: 1, tag: 2 },
        command: vec![0; bytes],
    };
    bound(COMMAND_BYTES_MAX, |n| command(n).to_bytes(), Forwarded::decode);
    let commands = |n| Outgoing::Commands(vec![command(0); n]).to_bytes();
    bound(FORWARDED_MAX, commands, Outgoing::decode);
    let taken = |n: usize| {
        let n_commands = u32::try_from(n).expect("a few");
        Taken { n_commands, refused: (0..n_commands).map(|at| (at, String::new())).collect() }
    };
    bound(FORWARDED_MAX, |n| taken(n).to_bytes(), Taken::decode);
    let longest = Taken {
        n_commands: 4_096,
        refused: (0..4_096).map(|at| (at, "x".repeat(TEXT_BYTES_MAX))).collect(),
    };
    assert!(longest.to_bytes().len() <= FRAME_BYTES_MAX, "every answer fits into a frame");
    let chunk = |n| Chunk { offset: 0, crc: 0, bytes: vec![0; n] };
    bound(CHUNK_BYTES, |n| chunk(n).to_bytes(), Chunk::decode);
    let entries = |n: usize| {
        let blanks = (0..n as u64)
            .map(|at| Entry { log_id: log_id(1, at), payload: EntryPayload::Blank })
            .collect::<Vec<_>>();
        let mut out = Vec::new();
        encode_append(&Vote::new_committed(1, 1), None, None, &blanks, &mut out);
        out
    };
    bound(ENTRIES_MAX, entries, decode_append);
}

#[test]
fn the_bounds_of_a_batch_are_kept_and_reached() {
    let entry = |count: usize, bytes: usize, n_asked: usize| {
        let batch = Batch {
            count: u32::try_from(count).expect("a few"),
            body: vec![0; bytes].into(),
            asked: vec![Asked { origin: 1, tag: 2 }; n_asked].into(),
        };
        let mut out = Vec::new();
        let payload = EntryPayload::Normal(batch);
        encode_entry(&Entry { log_id: log_id(1, 0), payload }, &mut out);
        out
    };
    bound(BATCH_COMMANDS_MAX, |n| entry(n, 0, n), decode_entry);
    bound(BATCH_COMMANDS_MAX, |n| entry(n, 0, 0), decode_entry);
    bound(ENTRY_BYTES_MAX - 29, |n| entry(1, n, 0), decode_entry);
    // Nobody, or one for each command.
    for (count, n_asked, fits) in [(3, 0, true), (3, 3, true), (3, 2, false), (0, 0, false)] {
        let bytes = entry(count, 5, n_asked);
        assert_eq!(decode_entry(&mut Reader::new(&bytes)).is_ok(), fits, "{count}, {n_asked}");
    }
    // The longest entry fits into a frame with all that stands before it.
    let longest = entry(1, ENTRY_BYTES_MAX - 29, 0);
    let longest = decode_entry(&mut Reader::new(&longest)).expect("it is one");
    let (before, mut out) = (Some(log_id(0, u64::MAX)), vec![1]);
    let vote = Vote::new_committed(1, 1);
    encode_append(&vote, before.as_ref(), before.as_ref(), &[longest], &mut out);
    assert!(out.len() <= FRAME_BYTES_MAX);
}

#[test]
fn the_bounds_of_a_membership_are_kept_and_reached() {
    let encoded = |n_configs: usize, n_members: usize, text: usize| {
        let ids = 0..n_members as u64;
        let nodes: BTreeMap<_, _> = ids.map(|id| (id, member("x".repeat(text)))).collect();
        let configs = vec![nodes.keys().copied().collect(); n_configs];
        let mut out = Vec::new();
        let membership = Membership::new(configs, nodes).expect("every voter is a member");
        encode_membership(&membership, &mut out);
        out
    };
    bound(CONFIGS_MAX, |n| encoded(n, 3, 5), decode_membership);
    bound(MEMBERS_MAX, |n| encoded(1, n, 5), decode_membership);
    bound(MEMBERS_MAX, |n| encoded(0, n, 5), decode_membership);
    bound(TEXT_BYTES_MAX, |n| encoded(1, 3, n), decode_membership);
}

#[test]
fn what_openraft_trusts_is_checked() {
    let entry = |term, at| Entry { log_id: log_id(term, at), payload: EntryPayload::Blank };
    let read = |vote: VoteOf<Types>, before: Option<LogIdOf<Types>>, entries: &[_]| {
        let mut out = Vec::new();
        encode_append(&vote, before.as_ref(), None, entries, &mut out);
        decode_append(&mut Reader::new(&out)).is_ok()
    };
    let (leader, before) = (Vote::new_committed(5, 1), Some(log_id(4, 7)));
    assert!(read(leader, before, &[entry(4, 8), entry(5, 9)]));
    assert!(!read(Vote::new(5, 1), before, &[]), "a candidate does not append");
    assert!(!read(leader, before, &[entry(5, 9)]), "a gap");
    assert!(!read(leader, before, &[entry(5, 8), entry(5, 10)]), "a gap");
    assert!(!read(leader, before, &[entry(3, 8)]), "an older term after a newer one");
    assert!(!read(leader, before, &[entry(6, 8)]), "a term beyond the leader's");
    assert!(!read(leader, None, &[entry(5, 1)]), "the first entry is at 0");
    assert!(!read(leader, Some(log_id(4, u64::MAX)), &[entry(5, 0)]), "no entry is after the last");
    let last_membership = StoredMembership::default();
    let meta = SnapshotMeta { last_log_id: Some(log_id(6, 1)), last_membership };
    for (vote, fits) in [
        (Vote::new_committed(6, 1), true),
        (Vote::new(6, 1), false),
        (Vote::new_committed(5, 1), false),
    ] {
        let offer = Offer { vote, meta: meta.clone(), seq: Seq(1), bytes: 1 };
        assert_eq!(Offer::from_bytes(&offer.to_bytes()).is_ok(), fits, "{vote}");
    }
}

#[test]
fn a_reason_that_is_too_long_is_cut_at_a_letters_end() {
    let reason = "ä".repeat(TEXT_BYTES_MAX);
    let bytes = Welcome(Err(reason)).to_bytes();
    assert_eq!(Welcome::from_bytes(&bytes), Ok(Welcome(Err("ä".repeat(TEXT_BYTES_MAX / 2)))));
    assert_eq!(Arc::<[u8]>::from(bytes).len(), 5 + TEXT_BYTES_MAX);
}
