//! Bytes of Raft's own messages.
//!
//! ```text
//!   append     vote   optional prev   optional leader's commit   4 n, n × entry
//!   vote       vote   optional last   1 transfer          ◀─ vote   1 granted   optional last
//!   transfer   vote   8 node   optional last
//!   versions                                      ◀─ 4 the newest that is known
//! ```
//! An append is checked further than its shape, because openraft trusts it: its vote is that of an
//! elected leader, and its entries follow `prev` and each other without a gap.

use openraft::alias::{EntryOf, LogIdOf, VoteOf};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, StreamAppendError, StreamAppendResult,
    TransferLeaderError, TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};

use ::types::Version;
use ::types::codec::{Codec, DecodeError, Reader, encode_count};

use super::log::{
    decode_entry, decode_log_id, decode_log_id_option, decode_vote, encode_entry, encode_log_id,
    encode_log_id_option, encode_vote,
};
use super::{ENTRIES_MAX, decode_count, decode_string, encode_clipped};
use crate::raft::types::Types;

/// What is asked one at a time.
#[derive(Debug)]
pub(crate) enum Request {
    Append(AppendEntriesRequest<Types>),
    Vote(VoteRequest<Types>),
    PreVote(VoteRequest<Types>),
    Transfer(TransferLeaderRequest<Types>),
    /// Which versions of the rules does the build know?
    Versions,
}

/// What is answered to a [`Request`] of the same name.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    /// The node cannot answer, and why.
    Failed(String),
    Append(AppendEntriesResponse<Types>),
    Vote(VoteResponse<Types>),
    PreVote(VoteResponse<Types>),
    Transfer(TransferLeaderResponse<Types>),
    /// Up to this one.
    Versions(Version),
}

/// What is answered to an append of a stream.
pub(crate) type Appended = Result<StreamAppendResult<Types>, String>;

impl Codec for Request {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Request::Append(request) => {
                out.push(1);
                let AppendEntriesRequest { vote, prev_log_id, entries, leader_commit } = request;
                encode_append(vote, prev_log_id.as_ref(), leader_commit.as_ref(), entries, out);
            }
            Request::Vote(request) => {
                out.push(2);
                encode_vote_request(request, out);
            }
            Request::PreVote(request) => {
                out.push(3);
                encode_vote_request(request, out);
            }
            Request::Transfer(request) => {
                out.push(4);
                encode_vote(request.from_leader(), out);
                request.to_node_id().encode(out);
                encode_log_id_option(request.last_log_id(), out);
            }
            Request::Versions => out.push(5),
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            1 => decode_append(reader).map(Request::Append),
            2 => decode_vote_request(reader).map(Request::Vote),
            3 => decode_vote_request(reader).map(Request::PreVote),
            4 => {
                let (from, to) = (decode_vote(reader)?, u64::decode(reader)?);
                let last = decode_log_id_option(reader)?;
                Ok(Request::Transfer(TransferLeaderRequest::new(from, to, last)))
            }
            5 => Ok(Request::Versions),
            _ => Err(reader.refuse("Request")),
        }
    }
}

impl Codec for Response {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Response::Failed(reason) => {
                out.push(0);
                encode_clipped(reason, out);
            }
            Response::Append(response) => {
                out.push(1);
                encode_append_response(response, out);
            }
            Response::Vote(response) => {
                out.push(2);
                encode_vote_response(response, out);
            }
            Response::PreVote(response) => {
                out.push(3);
                encode_vote_response(response, out);
            }
            Response::Transfer(response) => {
                out.push(4);
                encode_transfer_response(response, out);
            }
            Response::Versions(known) => {
                out.push(5);
                known.encode(out);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            0 => decode_string(reader).map(Response::Failed),
            1 => decode_append_response(reader).map(Response::Append),
            2 => decode_vote_response(reader).map(Response::Vote),
            3 => decode_vote_response(reader).map(Response::PreVote),
            4 => decode_transfer_response(reader).map(Response::Transfer),
            5 => Version::decode(reader).map(Response::Versions),
            _ => Err(reader.refuse("Response")),
        }
    }
}

/// An append of these entries; they need not be in a request of their own.
pub(crate) fn encode_append(
    vote: &VoteOf<Types>,
    prev: Option<&LogIdOf<Types>>,
    commit: Option<&LogIdOf<Types>>,
    entries: &[EntryOf<Types>],
    out: &mut Vec<u8>,
) {
    encode_vote(vote, out);
    encode_log_id_option(prev, out);
    encode_log_id_option(commit, out);
    encode_count(entries.len(), out);
    entries.iter().for_each(|entry| encode_entry(entry, out));
}

pub(crate) fn decode_append(
    reader: &mut Reader<'_>,
) -> Result<AppendEntriesRequest<Types>, DecodeError> {
    let vote = decode_vote(reader)?;
    if !vote.committed {
        return Err(reader.refuse("vote of a leader"));
    }
    let prev_log_id = decode_log_id_option(reader)?;
    let leader_commit = decode_log_id_option(reader)?;
    let mut entries: Vec<EntryOf<Types>> = Vec::new();
    let mut last = prev_log_id;
    for _ in 0..decode_count(reader, ENTRIES_MAX, "entries")? {
        let entry = decode_entry(reader)?;
        let follows = match last {
            Some(last) => {
                last.index.checked_add(1) == Some(entry.log_id.index)
                    && last.leader_id.term <= entry.log_id.leader_id.term
            }
            None => entry.log_id.index == 0,
        };
        if !follows || vote.leader_id.term < entry.log_id.leader_id.term {
            return Err(reader.refuse("log id of an entry"));
        }
        last = Some(entry.log_id);
        entries.push(entry);
    }
    Ok(AppendEntriesRequest { vote, prev_log_id, entries, leader_commit })
}

/// The answer to an append of a stream.
pub(crate) fn encode_appended(appended: &Appended, out: &mut Vec<u8>) {
    match appended {
        Err(reason) => {
            out.push(0);
            encode_clipped(reason, out);
        }
        Ok(Ok(matching)) => {
            out.push(1);
            encode_log_id_option(matching.as_ref(), out);
        }
        Ok(Err(StreamAppendError::Conflict(id))) => {
            out.push(2);
            encode_log_id(id, out);
        }
        Ok(Err(StreamAppendError::HigherVote(vote))) => {
            out.push(3);
            encode_vote(vote, out);
        }
    }
}

pub(crate) fn decode_appended(bytes: &[u8]) -> Result<Appended, DecodeError> {
    let mut reader = Reader::new(bytes);
    let reader = &mut reader;
    let appended = match u8::decode(reader)? {
        0 => Err(decode_string(reader)?),
        1 => Ok(Ok(decode_log_id_option(reader)?)),
        2 => Ok(Err(StreamAppendError::Conflict(decode_log_id(reader)?))),
        3 => Ok(Err(StreamAppendError::HigherVote(decode_vote(reader)?))),
        _ => return Err(reader.refuse("Appended")),
    };
    reader.finish()?;
    Ok(appended)
}

fn encode_append_response(response: &AppendEntriesResponse<Types>, out: &mut Vec<u8>) {
    match response {
        AppendEntriesResponse::Success => out.push(0),
        AppendEntriesResponse::PartialSuccess(matching) => {
            out.push(1);
            encode_log_id_option(matching.as_ref(), out);
        }
        AppendEntriesResponse::Conflict => out.push(2),
        AppendEntriesResponse::HigherVote(vote) => {
            out.push(3);
            encode_vote(vote, out);
        }
    }
}

fn decode_append_response(
    reader: &mut Reader<'_>,
) -> Result<AppendEntriesResponse<Types>, DecodeError> {
    match u8::decode(reader)? {
        0 => Ok(AppendEntriesResponse::Success),
        1 => decode_log_id_option(reader).map(AppendEntriesResponse::PartialSuccess),
        2 => Ok(AppendEntriesResponse::Conflict),
        3 => decode_vote(reader).map(AppendEntriesResponse::HigherVote),
        _ => Err(reader.refuse("AppendEntriesResponse")),
    }
}

fn encode_vote_request(request: &VoteRequest<Types>, out: &mut Vec<u8>) {
    encode_vote(&request.vote, out);
    encode_log_id_option(request.last_log_id.as_ref(), out);
    request.leadership_transfer.encode(out);
}

fn decode_vote_request(reader: &mut Reader<'_>) -> Result<VoteRequest<Types>, DecodeError> {
    let mut request = VoteRequest::new(decode_vote(reader)?, decode_log_id_option(reader)?);
    request.leadership_transfer = bool::decode(reader)?;
    Ok(request)
}

fn encode_vote_response(response: &VoteResponse<Types>, out: &mut Vec<u8>) {
    encode_vote(&response.vote, out);
    response.vote_granted.encode(out);
    encode_log_id_option(response.last_log_id.as_ref(), out);
}

fn decode_vote_response(reader: &mut Reader<'_>) -> Result<VoteResponse<Types>, DecodeError> {
    let (vote, vote_granted) = (decode_vote(reader)?, bool::decode(reader)?);
    Ok(VoteResponse { vote, vote_granted, last_log_id: decode_log_id_option(reader)? })
}

fn encode_transfer_response(response: &TransferLeaderResponse<Types>, out: &mut Vec<u8>) {
    match response {
        Ok(()) => out.push(0),
        Err(TransferLeaderError::VoteChanged { expected, actual }) => {
            out.push(1);
            encode_vote(expected, out);
            encode_vote(actual, out);
        }
        Err(TransferLeaderError::LogNotFlushed { expected, actual }) => {
            out.push(2);
            encode_log_id_option(expected.as_ref(), out);
            encode_log_id_option(actual.as_ref(), out);
        }
    }
}

fn decode_transfer_response(
    reader: &mut Reader<'_>,
) -> Result<TransferLeaderResponse<Types>, DecodeError> {
    match u8::decode(reader)? {
        0 => Ok(Ok(())),
        1 => {
            let (expected, actual) = (decode_vote(reader)?, decode_vote(reader)?);
            Ok(Err(TransferLeaderError::VoteChanged { expected, actual }))
        }
        2 => {
            let expected = decode_log_id_option(reader)?;
            let actual = decode_log_id_option(reader)?;
            Ok(Err(TransferLeaderError::LogNotFlushed { expected, actual }))
        }
        _ => Err(reader.refuse("TransferLeaderResponse")),
    }
}
