//! Our own client of the public API: JSON-RPC over one WebSocket, many calls in flight.
//!
//! ```text
//!   call ─▶ (id, reply to) ─▶ task ─▶ socket          replies by id ─▶ whoever called
//!                              ◀──────────────        notifications  ─▶ one queue, if asked for
//! ```
//! When the connection drops, every call that waits learns it, and so does every later one: the
//! caller connects again. It does not retry: only the caller knows what may be sent twice.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use types::Decimal;

/// Calls that wait to be written.
const CALLS_MAX: usize = 4_096;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The venue refused it.
    #[error("{method}: {code} {message}{}", detail(.data))]
    Refused {
        /// What was called.
        method: String,
        /// Code of the dialect.
        code: i64,
        /// Its word.
        message: String,
        /// The reason with its numbers.
        data: Value,
    },
    /// There is no connection any more: the outcome is unknown.
    #[error("{method}: the connection dropped before the reply")]
    Dropped {
        /// What was called.
        method: String,
    },
    /// No connection was made.
    #[error("connecting to {url}")]
    Connect {
        /// Where to.
        url: String,
        /// Why not.
        source: Box<tungstenite::Error>,
    },
}

fn detail(data: &Value) -> String {
    if data.is_null() { String::new() } else { format!(" {data}") }
}

impl CallError {
    /// The dialect's code, if the venue refused.
    pub fn code(&self) -> Option<i64> {
        match self {
            CallError::Refused { code, .. } => Some(*code),
            CallError::Dropped { .. } | CallError::Connect { .. } => None,
        }
    }
}

/// One connection. Cheap to clone; the last clone closes it.
#[derive(Clone, Debug)]
pub struct Client {
    calls: mpsc::Sender<Pending>,
}

struct Pending {
    method: String,
    params: Value,
    reply: oneshot::Sender<Result<Value, CallError>>,
}

/// Messages that nobody asked for: `{channel, data}`.
pub type Notifications = mpsc::UnboundedReceiver<Value>;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Client {
    /// Connects to a `ws://` address.
    pub async fn connect(url: &str) -> Result<(Client, Notifications), CallError> {
        let connected = tokio_tungstenite::connect_async_with_config(url, None, true).await;
        let (socket, _) = connected
            .map_err(|source| CallError::Connect { url: url.into(), source: Box::new(source) })?;
        let (calls, pending) = mpsc::channel(CALLS_MAX);
        let (notify, notifications) = mpsc::unbounded_channel();
        let (sink, stream) = socket.split();
        let (replies, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write(sink, pending, replies));
        tokio::spawn(read(stream, waiting, notify));
        Ok((Client { calls }, notifications))
    }

    /// Connects, and logs in with a key.
    pub async fn login(
        url: &str,
        client_id: &str,
        client_secret: &str,
    ) -> Result<(Client, Notifications), CallError> {
        let (client, notifications) = Client::connect(url).await?;
        let grant = json!({
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        });
        client.call("public/auth", grant).await?;
        Ok((client, notifications))
    }

    /// Calls a method and waits for its result.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let dropped = || CallError::Dropped { method: method.into() };
        let (reply, replied) = oneshot::channel();
        let pending = Pending { method: method.into(), params, reply };
        self.calls.send(pending).await.map_err(|_| dropped())?;
        replied.await.map_err(|_| dropped())?
    }
}

/// Refusals that say that nothing was done and that it may be asked again: credits, full queue.
const LATER: [i64; 2] = [10028, 10047];
/// Before such a call is made again, if the venue does not say when.
const PAUSE_MS: u64 = 20;

impl Client {
    /// Calls, and calls again as long as the venue says that it was too often or too much.
    pub async fn call_patiently(&self, method: &str, params: Value) -> Result<Value, CallError> {
        loop {
            match self.call(method, params.clone()).await {
                Err(CallError::Refused { code, data, .. }) if LATER.contains(&code) => {
                    let pause_ms = data["retry_after_ms"].as_u64().unwrap_or(0).max(PAUSE_MS);
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                }
                other => return other,
            }
        }
    }
}

/// Who waits for the reply of an id.
type Waiting = (u64, Pending);

async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut pending: mpsc::Receiver<Pending>,
    replies: mpsc::UnboundedSender<Waiting>,
) {
    let mut id = 0_u64;
    while let Some(mut call) = pending.recv().await {
        id += 1;
        let params = call.params.take();
        let text = json!({"jsonrpc": "2.0", "id": id, "method": call.method, "params": params});
        if replies.send((id, call)).is_err() {
            return;
        }
        let message = Message::text(text.to_string());
        // Whatever is queued already goes out in one write.
        let sent = match pending.is_empty() {
            true => sink.send(message).await,
            false => sink.feed(message).await,
        };
        if sent.is_err() {
            return;
        }
    }
    // Nobody calls any more; a peer that is gone already does not need a goodbye.
    let _ = sink.close().await;
}

async fn read(
    mut stream: SplitStream<Socket>,
    mut waiting: mpsc::UnboundedReceiver<Waiting>,
    notify: mpsc::UnboundedSender<Value>,
) {
    let mut by_id = BTreeMap::new();
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        let Ok(mut reply) = serde_json::from_str::<Value>(&text) else { continue };
        // A call is queued here before it is written, so its reply cannot come first.
        while let Ok((id, call)) = waiting.try_recv() {
            by_id.insert(id, call);
        }
        match reply["id"].as_u64().and_then(|id| by_id.remove(&id)) {
            Some(call) => answer(call, reply),
            // Nobody may be listening.
            None => drop(notify.send(reply["params"].take())),
        }
    }
}

fn answer(call: Pending, mut reply: Value) {
    let Pending { method, reply: to, .. } = call;
    let result = match reply["error"].take() {
        Value::Null => Ok(reply["result"].take()),
        mut error => Err(CallError::Refused {
            method,
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().unwrap_or_default().into(),
            data: error["data"].take(),
        }),
    };
    // The caller may have given up.
    let _ = to.send(result);
}

/// An exact decimal as a JSON number.
pub fn number(decimal: Decimal) -> Value {
    serde_json::from_str(&decimal.to_string()).expect("a decimal is written as a JSON number")
}

/// A JSON number as an exact decimal.
pub fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Decimal::parse(&number.to_string()).ok(),
        _ => None,
    }
}
