//! What is done on a connection whose caller is known, but for snapshots.

use std::collections::VecDeque;
use std::io;
use std::task::Poll;

use ::types::codec::{Codec, Reader};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::IDLE_MAX;
use super::group::Serves;
use crate::raft::network::{IN_FLIGHT_BYTES_MAX, IN_FLIGHT_MAX};
use crate::raft::pipe::{Pipe, not_ours};
use crate::raft::wire::forward::{Outgoing, Taken};
use crate::raft::wire::rpc::{Request, decode_append, encode_appended};

/// Question, answer, question, answer.
pub(super) async fn unary(mut pipe: Pipe, group: &dyn Serves) -> io::Result<()> {
    loop {
        let request: Request = timeout(IDLE_MAX, pipe.message()).await??;
        let response = group.answer(request).await;
        pipe.push_message(&response)?;
    }
}

/// Appends, pipelined: they are read while earlier ones are being answered, as far as the caller's
/// own bounds go.
pub(super) async fn append(mut pipe: Pipe, group: &dyn Serves) -> io::Result<()> {
    let (requests, mut taken) = mpsc::channel(IN_FLIGHT_MAX);
    let mut answers = group.append(Box::pin(stream::poll_fn(move |cx| taken.poll_recv(cx))));
    let mut in_flight: VecDeque<usize> = VecDeque::new();
    loop {
        let has_room = in_flight.len() < IN_FLIGHT_MAX
            && in_flight.iter().sum::<usize>() < IN_FLIGHT_BYTES_MAX;
        tokio::select! {
            biased;
            answer = answers.next() => {
                // The end of the answers is the end of the group.
                let Some(answer) = answer else { return pipe.send().await };
                in_flight.pop_front();
                pipe.push(|out| encode_appended(&answer, out))?;
                if !matches!(answer, Ok(Ok(_))) {
                    return pipe.send().await;
                }
            }
            body = timeout(IDLE_MAX, move_on(&mut pipe, has_room)) => {
                let body = body??;
                let mut reader = Reader::new(&body);
                let request = decode_append(&mut reader).map_err(not_ours)?;
                reader.finish().map_err(not_ours)?;
                in_flight.push_back(body.len());
                if requests.send(request).await.is_err() {
                    return pipe.send().await;
                }
            }
        }
    }
}

/// Writes what waits, and reads a frame if there is room for one.
async fn move_on(pipe: &mut Pipe, has_room: bool) -> io::Result<Vec<u8>> {
    std::future::poll_fn(|cx| match has_room {
        true => pipe.poll_frame(cx),
        false => match pipe.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        },
    })
    .await
}

/// Commands from a follower, and roots to compare.
pub(super) async fn forward(mut pipe: Pipe, from: u64, group: &dyn Serves) -> io::Result<()> {
    loop {
        let body = timeout(IDLE_MAX, pipe.frame()).await??;
        match Outgoing::from_bytes(&body).map_err(not_ours)? {
            Outgoing::Root(report) if report.node == from => group.take_root(report),
            Outgoing::Root(report) => {
                let words = format!("node {from} speaks for node {}", report.node);
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
            }
            Outgoing::Commands(commands) => {
                let mut taken = Taken { n_commands: 0, refused: Vec::new() };
                for command in commands {
                    if let Err(reason) = group.take_command(command) {
                        taken.refused.push((taken.n_commands, reason));
                    }
                    taken.n_commands += 1;
                }
                pipe.push_message(&taken)?;
            }
        }
    }
}
