//! A stream of appends to one node, pipelined, the answers in order.
//!
//! ```text
//!   requests ─▶ pieces that fit into a frame ─▶ at most 32 and 32 MiB in flight ─▶ node
//!   answers ◀──────────────────────── one for each piece ◀─────────────────────────┘
//! ```
//! The stream ends after the answer to the last request, after a refusal, and after an error. The
//! connection outlives it, except in the last two cases, and except when answers are overdue.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use openraft::alias::LogIdOf;
use openraft::errors::{RPCError, Timeout, Unreachable};
use openraft::network::RPCOption;
use openraft::raft::{AppendEntriesRequest, StreamAppendResult};
use openraft::{OptionalSend, RPCTypes};
use tokio::time::{Instant, sleep_until};

use super::super::dial::{Link, Open};
use super::super::pipe::not_ours;
use super::super::types::Types;
use super::super::wire::rpc::{decode_appended, encode_append};
use super::{AppendAnswers, STALL_MIN, broken, entries_that_fit, unreachable};

/// Appends that wait for their answers.
pub(in crate::raft) const IN_FLIGHT_MAX: usize = 32;
/// Bytes of those, but for the one that goes beyond.
pub(in crate::raft) const IN_FLIGHT_BYTES_MAX: usize = 32 << 20;

/// One item of the stream.
type Answer = Result<StreamAppendResult<Types>, RPCError<Types>>;

struct Session<'s, S> {
    node: u64,
    link: &'s mut Link,
    input: S,
    /// What of a request is still to be sent.
    rest: Option<Rest>,
    /// Bytes of each append that waits for its answer.
    in_flight: VecDeque<usize>,
    /// No more requests come.
    drained: bool,
    /// An answer was the last.
    over: bool,
    /// How long dialling may take.
    patience: Duration,
}

/// A request of which a part was sent.
struct Rest {
    request: AppendEntriesRequest<Types>,
    n_sent: usize,
}

pub(super) fn stream<'s, S>(
    node: u64,
    link: &'s mut Link,
    input: S,
    option: &RPCOption,
) -> AppendAnswers<'s>
where
    S: Stream<Item = AppendEntriesRequest<Types>> + OptionalSend + Unpin + 'static,
{
    let patience = option.soft_ttl();
    let session = Session {
        node,
        link,
        input,
        rest: None,
        in_flight: VecDeque::new(),
        drained: false,
        over: false,
        patience,
    };
    Box::pin(stream::unfold(session, |mut session| async move {
        let answer = session.next().await?;
        Some((answer, session))
    }))
}

/// What happened first.
enum Step {
    Answered(io::Result<Vec<u8>>),
    Request(Option<AppendEntriesRequest<Types>>),
    Stalled,
}

impl<S> Session<'_, S>
where
    S: Stream<Item = AppendEntriesRequest<Types>> + Unpin,
{
    async fn next(&mut self) -> Option<Answer> {
        loop {
            if self.over || (self.drained && self.rest.is_none() && self.in_flight.is_empty()) {
                return None;
            }
            if self.rest.is_some() && self.has_room() {
                if let Err(error) = self.send_piece().await {
                    return Some(self.fail(error));
                }
                continue;
            }
            match self.step().await {
                Step::Request(Some(request)) => self.rest = Some(Rest { request, n_sent: 0 }),
                Step::Request(None) => self.drained = true,
                Step::Answered(body) => return Some(self.answered(body)),
                Step::Stalled => {
                    let error = self.timeout();
                    return Some(self.fail(error));
                }
            }
        }
    }

    /// Waits for an answer, if one is due, and for a request, if there is room for it.
    async fn step(&mut self) -> Step {
        let takes_request = !self.drained && self.rest.is_none() && self.has_room();
        let open = self.link.open().filter(|_| !self.in_flight.is_empty());
        let Some(open) = open else {
            return Step::Request(self.input.next().await);
        };
        let stall_max = self.patience.max(STALL_MIN);
        let (mut pause, input) = (open.stalls_at(stall_max), &mut self.input);
        loop {
            let stall = sleep_until(pause.unwrap_or_else(Instant::now));
            tokio::select! {
                biased;
                body = std::future::poll_fn(|cx| open.poll_answer(cx)) => {
                    return Step::Answered(body);
                }
                request = input.next(), if takes_request => return Step::Request(request),
                () = stall => {}
            }
            // Bytes may have gone out since the pause was set.
            let stalls_at = open.stalls_at(stall_max);
            if stalls_at.is_none_or(|at| at <= Instant::now()) {
                return Step::Stalled;
            }
            pause = stalls_at;
        }
    }

    /// Sends as much of the rest as fits into a frame, on a new connection if need be.
    async fn send_piece(&mut self) -> Result<(), RPCError<Types>> {
        let open: &mut Open = match self.in_flight.is_empty() {
            true => {
                let opened = self.link.ready(self.patience, self.patience.max(STALL_MIN)).await;
                opened.map_err(|error| unreachable(&error))?
            }
            false => self.link.open().expect("appends are in flight on an open link"),
        };
        let Some(mut rest) = self.rest.take() else { return Ok(()) };
        let unsent = open.pipe.unsent();
        let pushed = rest.push_piece(open);
        pushed.map_err(|error| RPCError::Network(broken(&error)))?;
        self.in_flight.push_back(open.pipe.unsent() - unsent);
        self.rest = Some(rest).filter(|rest| rest.n_sent < rest.request.entries.len());
        Ok(())
    }

    fn answered(&mut self, body: io::Result<Vec<u8>>) -> Answer {
        self.in_flight.pop_front();
        match body.and_then(|body| decode_appended(&body).map_err(not_ours)) {
            Ok(Ok(Ok(matching))) => Ok(Ok(matching)),
            Ok(Ok(Err(refusal))) => {
                // The other side ends its stream too, and what else is in flight is void.
                self.end();
                Ok(Err(refusal))
            }
            Ok(Err(reason)) => self.fail(RPCError::Unreachable(Unreachable::from_string(reason))),
            Err(error) => self.fail(RPCError::Network(broken(&error))),
        }
    }

    fn has_room(&self) -> bool {
        self.in_flight.len() < IN_FLIGHT_MAX
            && self.in_flight.iter().sum::<usize>() < IN_FLIGHT_BYTES_MAX
    }

    fn timeout(&self) -> RPCError<Types> {
        let (id, target) = (self.node, self.link.callee().node);
        let timeout = self.patience.max(STALL_MIN);
        RPCError::Timeout(Timeout { action: RPCTypes::AppendEntries, id, target, timeout })
    }

    /// The last item: an error. Dialling that goes on, goes on.
    fn fail(&mut self, error: RPCError<Types>) -> Answer {
        match self.link.open() {
            Some(_) => self.end(),
            None => self.over = true,
        }
        Err(error)
    }

    fn end(&mut self) {
        self.over = true;
        self.link.close();
    }
}

impl Rest {
    fn push_piece(&mut self, open: &mut Open) -> io::Result<()> {
        let AppendEntriesRequest { vote, prev_log_id, entries, leader_commit } = &self.request;
        let rest = &entries[self.n_sent..];
        let piece = &rest[..entries_that_fit(rest)];
        let before: Option<&LogIdOf<Types>> = match self.n_sent.checked_sub(1) {
            Some(last) => Some(&entries[last].log_id),
            None => prev_log_id.as_ref(),
        };
        open.ask(|out| encode_append(vote, before, leader_commit.as_ref(), piece, out))?;
        self.n_sent += piece.len();
        Ok(())
    }
}
