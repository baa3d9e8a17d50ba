//! A ticker over WebSocket: connect, say what is wanted, listen.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_with_config};

use super::{ANSWER_BYTES_MAX, Asking, Dialer, Listener, SourceFault, arrival};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Listens until something is wrong, and returns what.
pub async fn listen(asking: &Asking, dialer: &Dialer, listener: &mut Listener<'_>) -> SourceFault {
    match listening(asking, dialer, listener).await {
        Err(fault) => fault,
        Ok(never) => match never {},
    }
}

async fn listening(
    asking: &Asking,
    dialer: &Dialer,
    listener: &mut Listener<'_>,
) -> Result<std::convert::Infallible, SourceFault> {
    let within_ms = asking.patience().as_millis();
    let opened = timeout(asking.patience(), open(asking, dialer)).await;
    let mut socket = opened.map_err(|_| SourceFault::TooSlow { within_ms })??;
    let mut heard = Instant::now();
    loop {
        // Messages without a price in them do not count as speaking.
        let left = listener.patience(heard)?;
        let for_ms = asking.silent_ms;
        let next = timeout(left, socket.next()).await;
        let message = next.map_err(|_| SourceFault::Silent { for_ms })?;
        let message = message.ok_or(SourceFault::Closed)?.map_err(fault)?;
        let text = match message {
            Message::Text(text) => text.into(),
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return Err(SourceFault::Closed),
            // A ping is answered by the library.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        let said = asking.ticker.read(&text, arrival())?;
        if said.is_some_and(|said| listener.hear(said)) {
            heard = Instant::now();
        }
    }
}

async fn open(asking: &Asking, dialer: &Dialer) -> Result<Socket, SourceFault> {
    let stream = dialer.dial(&asking.address, asking.patience()).await?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(ANSWER_BYTES_MAX))
        .max_frame_size(Some(ANSWER_BYTES_MAX));
    let request = asking.address.uri().clone();
    let opened = client_async_with_config(request, stream, Some(limits)).await;
    let (mut socket, _) = opened.map_err(fault)?;
    if let Some(subscribe) = &asking.subscribe {
        socket.send(Message::text(subscribe.clone())).await.map_err(fault)?;
    }
    Ok(socket)
}

fn fault(error: tungstenite::Error) -> SourceFault {
    match error {
        tungstenite::Error::Capacity(_) => SourceFault::TooLarge,
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            SourceFault::Closed
        }
        other => SourceFault::Socket(Box::new(other)),
    }
}
