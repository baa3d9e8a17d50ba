//! JSON-RPC over WebSocket (api.md §1, §2).
//!
//! ```text
//!   frames ─▶ read: decode, begin ─▶ outbox ─▶ write ─▶ frames     two halves of one task: who
//!                        └─▶ outcome (a task) ─▶ outbox            does not read stops nobody
//! ```
//!
//! Reading ends for one [`Closing`] reason, which the writer says in the close frame after the
//! texts that are still queued. A client that is too slow loses its queue and hears only the
//! reason. When both halves have ended, subscriptions and tokens of the socket end, and
//! cancel-on-disconnect fires.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::admit::charge_unread;
use crate::auth::tokens::{Bound, Grant};
use crate::clock::{now_ms, now_us};
use crate::cod::drop_session;
use crate::gateway::{Begun, Caller, Gateway};
use crate::heartbeat::{Beat, Heartbeat};
use crate::line::Line;
use crate::outbox::{Closing, Outbox};
use crate::refusals;
use crate::rpc::{Json, RpcError, Undecoded, decode_request};
use crate::socket::Socket;

/// Bytes that a socket's buffers hold while it is quiet; they grow to the largest frame.
const BUFFER_BYTES: usize = 8 * 1024;

const HEARTBEAT: &str = r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}"#;
const TEST_REQUEST: &str =
    r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#;

const TOO_LARGE: Closing = Closing { code: 1009, reason: "request_entity_too_large" };
const TIMED_OUT: Closing = Closing { code: 1008, reason: "connection_timed_out" };
const PROTOCOL: Closing = Closing { code: 1002, reason: "not_a_websocket_frame" };
const NO_HEARTBEAT: Closing = Closing { code: 1008, reason: "heartbeat_missed" };
const OVERDRAWN: Closing = Closing { code: 1008, reason: "too_many_requests" };
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
    let outbox = Outbox::new(gateway.limits.outbox);
    let number = gateway.next_connection.fetch_add(1, Ordering::Relaxed);
    let mut socket = Ending { gateway, socket: Socket::new(number, outbox.clone()) };
    let (sink, stream) = stream.split();
    let close_timeout = Duration::from_millis(socket.gateway.limits.close_timeout_ms);
    let ping_interval = Duration::from_millis(socket.gateway.limits.ping_interval_ms);
    let mut writing = std::pin::pin!(write(sink, &outbox, ping_interval, close_timeout));
    let closing = tokio::select! {
        closing = read(&mut socket, &line, stopping, stream) => closing,
        () = &mut writing => return,
    };
    outbox.close(closing);
    let _ = tokio::time::timeout(close_timeout, writing).await;
}

/// A socket that ends properly wherever its task ends, a panic included.
struct Ending {
    gateway: Arc<Gateway>,
    socket: Socket,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let socket = &mut self.socket;
        socket.outbox.close(Closing::NORMAL);
        self.gateway.market.unsubscribe_all(socket.id());
        if let Some(grant) =
            socket.grant.take_if(|grant| grant.bound == Bound::Socket(number(grant)))
        {
            self.gateway.auth.tokens.end(&grant);
        }
        let Some(session) = socket.session_to_drop() else { return };
        let dropping = drop_session(self.gateway.clone(), session, socket.in_flight.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(dropping);
        }
    }
}

fn number(grant: &Grant) -> u64 {
    match grant.bound {
        Bound::Socket(number) => number,
        Bound::Nowhere | Bound::Http => 0,
    }
}

/// Reads and begins requests until there is a reason to close.
async fn read(
    ending: &mut Ending,
    line: &Line,
    mut stopping: watch::Receiver<bool>,
    mut stream: SplitStream<WebSocket>,
) -> Closing {
    loop {
        let due = Duration::from_millis(due_ms(ending).saturating_sub(now_ms()));
        let message = tokio::select! {
            message = stream.next() => message,
            () = tokio::time::sleep(due) => {
                if let Some(closing) = beat(ending) {
                    return closing;
                }
                continue;
            }
            _ = stopping.wait_for(|stops| *stops) => return GOING_AWAY,
        };
        let message = match message {
            None => return Closing::NORMAL,
            Some(Err(error)) => return fail(ending, &error),
            Some(Ok(message)) => message,
        };
        if ending.socket.outbox.is_closed() {
            // Too slow: whatever else it asks is not begun.
            return Closing::TOO_SLOW;
        }
        line.whole(ending.gateway.limits.socket_idle_timeout_ms);
        if let Some(closing) = take(ending, line, message).await {
            return closing;
        }
    }
}

/// When the timers of the socket have something to do.
fn due_ms(ending: &Ending) -> u64 {
    let heartbeat = ending.socket.heartbeat.as_ref();
    heartbeat.map_or(u64::MAX / 2, Heartbeat::due_ms)
}

fn beat(ending: &mut Ending) -> Option<Closing> {
    let heartbeat = ending.socket.heartbeat.as_mut()?;
    let texts: &[&str] = match heartbeat.beat(now_ms()) {
        Beat::Nothing => &[],
        Beat::Heartbeat => &[HEARTBEAT],
        Beat::TestRequest => &[HEARTBEAT, TEST_REQUEST],
        Beat::Dead => return Some(NO_HEARTBEAT),
    };
    for text in texts {
        ending.socket.outbox.send(Arc::from(*text));
    }
    None
}

async fn take(ending: &mut Ending, line: &Line, message: Message) -> Option<Closing> {
    let in_us = now_us();
    if let Some(heartbeat) = &mut ending.socket.heartbeat {
        heartbeat.hear();
    }
    let bytes = match &message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
        Message::Ping(_) | Message::Pong(_) => return None,
        Message::Close(_) => return Some(Closing::NORMAL),
    };
    let gateway = ending.gateway.clone();
    let grant = Ok(ending.socket.grant.clone());
    let mut caller = Caller {
        gateway: &gateway,
        address: line.address,
        grant,
        socket: Some(&mut ending.socket),
        in_us,
    };
    let (id, begun) = begin(&mut caller, bytes).await;
    let socket = &mut ending.socket;
    if socket.is_logged_out {
        return Some(Closing::NORMAL);
    }
    match begun {
        Begun::Done(result) => return answer(&gateway, socket, id.as_ref(), result, in_us),
        Begun::Waiting(outcome) => {
            let (in_flight, outbox) = (socket.in_flight.clone(), socket.outbox.clone());
            in_flight.fetch_add(1, Ordering::AcqRel);
            tokio::spawn(async move {
                let result = outcome.await;
                outbox.send(gateway.reply(id.as_ref(), &result, in_us).into());
                in_flight.fetch_sub(1, Ordering::AcqRel);
            });
        }
    }
    None
}

async fn begin(caller: &mut Caller<'_>, bytes: &[u8]) -> (Option<Json>, Begun) {
    let request = match decode_request(bytes) {
        Ok(request) => request,
        Err(Undecoded { id, error }) => {
            let error = charge_unread(caller).err().unwrap_or(error);
            return (id, Begun::Done(Err(error)));
        }
    };
    let id = request.id.clone();
    let in_flight_max = caller.gateway.limits.in_flight_max;
    let in_flight =
        caller.socket.as_ref().map_or(0, |socket| socket.in_flight.load(Ordering::Acquire));
    if in_flight_max <= in_flight {
        let refusal = charge_unread(caller).err();
        let refusal = refusal.unwrap_or_else(|| refusals::too_many_in_flight(in_flight_max));
        return (id, Begun::Done(Err(refusal)));
    }
    (id, caller.begin(request).await)
}

/// Sends a reply that is known at once; a reason to close if the client overdraws without end.
fn answer(
    gateway: &Gateway,
    socket: &mut Socket,
    id: Option<&Json>,
    result: Result<Json, RpcError>,
    in_us: u64,
) -> Option<Closing> {
    let is_overdraft = result.as_ref().is_err_and(|error| error.code == 10028);
    socket.n_overdrafts = if is_overdraft { socket.n_overdrafts + 1 } else { 0 };
    socket.outbox.send(gateway.reply(id, &result, in_us).into());
    (gateway.limits.overdraft_refusals_max <= socket.n_overdrafts).then_some(OVERDRAWN)
}

/// What is wrong with what was read; the reason goes into the close frame.
fn fail(ending: &Ending, error: &axum::Error) -> Closing {
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
            let refusal = Err(refusals::too_large(&ending.gateway.limits));
            ending.socket.outbox.send(ending.gateway.reply(None, &refusal, now_us()).into());
            return TOO_LARGE;
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
