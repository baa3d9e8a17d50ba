//! A ticker over HTTP/1.1: one GET an interval, over one connection as long as it holds.
//!
//! Redirects are told, not followed: a price comes from where the operator said, or not at all.

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::{ANSWER_BYTES_MAX, Address, Asking, Dialer, Listener, SourceFault, arrival};

/// Most bytes of the headers of an answer.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// A connection. It closes when this is dropped.
struct Line {
    requests: SendRequest<Empty<Bytes>>,
    _connection: JoinSet<()>,
}

/// Asks until something is wrong, and returns what.
pub async fn poll(asking: &Asking, dialer: &Dialer, listener: &mut Listener<'_>) -> SourceFault {
    match polling(asking, dialer, listener).await {
        Err(fault) => fault,
        Ok(never) => match never {},
    }
}

async fn polling(
    asking: &Asking,
    dialer: &Dialer,
    listener: &mut Listener<'_>,
) -> Result<std::convert::Infallible, SourceFault> {
    let mut line = Line::open(asking, dialer).await?;
    let mut ticks = tokio::time::interval(asking.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        ticks.tick().await;
        let within_ms = asking.patience().as_millis();
        let asked = arrival();
        let answered = timeout(asking.patience(), line.get(&asking.address)).await;
        let answer = answered.map_err(|_| SourceFault::TooSlow { within_ms })??;
        // What is in an answer was true when it was asked for, or later.
        let said = asking.ticker.read(&answer, asked)?.ok_or_else(|| asking.ticker.missing())?;
        if listener.hear(said) {
            heard = Instant::now();
        }
        listener.patience(heard)?;
        if !line.requests.is_ready() {
            line = Line::open(asking, dialer).await?;
        }
    }
}

impl Line {
    async fn open(asking: &Asking, dialer: &Dialer) -> Result<Line, SourceFault> {
        let stream = dialer.dial(&asking.address, asking.patience()).await?;
        let mut http = http1::Builder::new();
        http.max_buf_size(HEADER_BYTES_MAX);
        let (requests, connection) = http.handshake(TokioIo::new(stream)).await?;
        let mut tasks = JoinSet::new();
        // What breaks the connection breaks the request too, and is told there.
        tasks.spawn(async move { drop(connection.await) });
        Ok(Line { requests, _connection: tasks })
    }

    async fn get(&mut self, address: &Address) -> Result<Bytes, SourceFault> {
        self.requests.ready().await?;
        let response = self.requests.send_request(request(address)).await?;
        if response.status() != 200 {
            let status = response.status().as_u16();
            return Err(SourceFault::Status { status, location: location(&response) });
        }
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        match body {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) => Err(match error.downcast::<hyper::Error>() {
                Ok(error) => SourceFault::Http(*error),
                // The limit is the only other thing that can happen to it.
                Err(_) => SourceFault::TooLarge,
            }),
        }
    }
}

fn request(address: &Address) -> Request<Empty<Bytes>> {
    let uri = address.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path)
        .header(HOST, host)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("plimsoll/", env!("CARGO_PKG_VERSION")));
    request.body(Empty::new()).expect("the parts come from an address that was read")
}

fn location<B>(response: &Response<B>) -> Option<String> {
    let location = response.headers().get(LOCATION)?;
    Some(String::from_utf8_lossy(location.as_bytes()).chars().take(200).collect())
}
