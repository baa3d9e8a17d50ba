//! JSON-RPC over WebSocket (api.md §1, §2).
//!
//! ```text
//!   frames ─▶ read: the visitor hears ─▶ outbox ─▶ write ─▶ frames   two halves of one task: who
//!                        └─▶ outcome (a task) ─▶ outbox               does not read stops nobody
//! ```
//!
//! Reading ends for one [`Closing`] reason, which the writer says in the close frame after the
//! texts that are still queued. A client that is too slow loses its queue and hears only the
//! reason. When both halves have ended, subscriptions and tokens of the socket end, and
//! cancel-on-disconnect fires; what the client sends until it goes is not looked at.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::now;
use crate::gateway::Gateway;
use crate::line::Line;
use crate::outbox::{Closing, Outbox};
use crate::visitor::{Heard, Visitor};

/// Bytes that a socket's buffers hold while it is quiet; they grow to the largest frame.
const BUFFER_BYTES: usize = 8 * 1024;

const TIMED_OUT: Closing = Closing { code: 1008, reason: "connection_timed_out" };
const PROTOCOL: Closing = Closing { code: 1002, reason: "not_a_websocket_frame" };
const GOING_AWAY: Closing = Closing { code: 1001, reason: "server_shutdown" };

/// What one socket works with.
struct Link {
    gateway: Arc<Gateway>,
    line: Arc<Line>,
    stopping: watch::Receiver<bool>,
}

/// Takes a connection over from HTTP.
pub(crate) fn upgrade(
    gateway: Arc<Gateway>,
    line: Arc<Line>,
    stopping: watch::Receiver<bool>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let bytes_max = gateway.limits.request_bytes_max;
    line.whole(gateway.limits.socket_idle_timeout_ms);
    let link = Link { gateway, line, stopping };
    upgrade
        .max_frame_size(bytes_max)
        .max_message_size(bytes_max)
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .on_upgrade(move |stream| serve_socket(link, stream))
}

async fn serve_socket(link: Link, stream: WebSocket) {
    let Link { gateway, line, stopping } = link;
    let close_timeout = Duration::from_millis(gateway.limits.close_timeout_ms);
    let ping_interval = Duration::from_millis(gateway.limits.ping_interval_ms);
    let idle_timeout_ms = gateway.limits.socket_idle_timeout_ms;
    let mut socket = Ending(Visitor::new(gateway, line.address));
    let outbox = socket.0.outbox().clone();
    let (sink, mut stream) = stream.split();
    let mut writing = std::pin::pin!(write(sink, &outbox, ping_interval, close_timeout));
    let closing = tokio::select! {
        closing = read(&mut socket.0, (&line, idle_timeout_ms), stopping, &mut stream) => {
            Some(closing)
        }
        () = &mut writing => None,
    };
    let end = Instant::now() + close_timeout;
    if let Some(closing) = closing {
        outbox.close(closing);
        if tokio::time::timeout_at(end, writing).await.is_err() {
            return;
        }
    }
    drop(socket);
    let _ = tokio::time::timeout_at(end, discard(stream)).await;
}

/// Takes what a client has sent, until it has heard why it is closed: a connection that ends with
/// bytes that nobody read is reset, and the reason is lost with what was not yet sent.
async fn discard(mut stream: SplitStream<WebSocket>) {
    while let Some(Ok(_)) = stream.next().await {}
}

/// A visitor that leaves properly wherever its task ends, a panic included.
struct Ending(Visitor);

impl Drop for Ending {
    fn drop(&mut self) {
        let Some(mut leaving) = self.0.leave() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                while let Some(pause) = leaving.step() {
                    tokio::time::sleep(pause).await;
                }
            });
        }
    }
}

/// Reads and begins requests until there is a reason to close.
async fn read(
    visitor: &mut Visitor,
    (line, idle_timeout_ms): (&Line, u64),
    mut stopping: watch::Receiver<bool>,
    stream: &mut SplitStream<WebSocket>,
) -> Closing {
    loop {
        let due = Duration::from_millis(visitor.due_ms().saturating_sub(now().day_ms()));
        let message = tokio::select! {
            message = stream.next() => message,
            () = tokio::time::sleep(due) => {
                if let Some(closing) = visitor.beat(now()) {
                    return closing;
                }
                continue;
            }
            _ = stopping.wait_for(|stops| *stops) => return GOING_AWAY,
        };
        let message = match message {
            None => return Closing::NORMAL,
            Some(Err(error)) => return fail(visitor, &error),
            Some(Ok(message)) => message,
        };
        if visitor.outbox().is_closed() {
            // Too slow: whatever else it asks is not begun.
            return Closing::TOO_SLOW;
        }
        line.whole(idle_timeout_ms);
        if let Some(closing) = take(visitor, &message) {
            return closing;
        }
    }
}

fn take(visitor: &mut Visitor, message: &Message) -> Option<Closing> {
    visitor.note_life();
    let bytes = match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
        Message::Ping(_) | Message::Pong(_) => return None,
        Message::Close(_) => return Some(Closing::NORMAL),
    };
    match visitor.hear(bytes, now()) {
        Heard::Answered => None,
        Heard::Waiting(mut waiting) => {
            tokio::spawn(poll_fn(move |context| waiting.poll(context, now)));
            None
        }
        Heard::Closing(closing) => Some(closing),
    }
}

/// What is wrong with what was read; the reason goes into the close frame.
fn fail(visitor: &mut Visitor, error: &axum::Error) -> Closing {
    use std::error::Error;
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return if io.kind() == std::io::ErrorKind::TimedOut {
                TIMED_OUT
            } else {
                Closing::NORMAL
            };
        }
        // tungstenite is walled off behind axum, so its kind of error is known by its text alone.
        if error.to_string().contains("too long") || error.to_string().contains("Space limit") {
            return visitor.refuse_too_large(now());
        }
        cause = error.source();
    }
    PROTOCOL
}

/// Writes what is queued until the queue ends, then the reason.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    outbox: &Outbox,
    ping_interval: Duration,
    close_timeout: Duration,
) {
    let closing = tokio::select! {
        closing = write_texts(&mut sink, outbox, ping_interval) => closing,
        () = outbox.overflowed() => Some(Closing::TOO_SLOW),
    };
    let Some(closing) = closing else { return };
    let frame = CloseFrame { code: closing.code, reason: closing.reason.into() };
    let close = sink.send(Message::Close(Some(frame)));
    let _ = tokio::time::timeout(close_timeout, close).await;
}

/// Many texts, one flush, and pings, whose answers show that the client is there. `None`: it is
/// gone.
async fn write_texts(
    sink: &mut SplitSink<WebSocket, Message>,
    outbox: &Outbox,
    ping_interval: Duration,
) -> Option<Closing> {
    let mut batch = VecDeque::new();
    let mut pings = tokio::time::interval_at(Instant::now() + ping_interval, ping_interval);
    loop {
        tokio::select! {
            filled = outbox.next_batch(&mut batch) => {
                if let Err(closing) = filled {
                    return Some(closing);
                }
            }
            _ = pings.tick() => sink.feed(Message::Ping(Bytes::new())).await.ok()?,
        }
        while let Some(text) = batch.pop_front() {
            sink.feed(Message::Text((&*text).into())).await.ok()?;
        }
        sink.flush().await.ok()?;
    }
}
