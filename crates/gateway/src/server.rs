//! The listener: accepts connections, counts and times them, and hands them to `http` and `ws`.
//!
//! ```text
//!   accept ─▶ too many of all: dropped │ too many of the address: 429 │ TimedStream ─▶ hyper
//! ```
//!
//! Each connection is a task of its own; a slow one keeps nobody waiting.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::keys::{KeyStore, system_random};
use crate::clock::now;
use crate::gateway::{Gateway, Terms};
use crate::limits::Limits;
use crate::line::{Line, TimedStream};
use crate::publish::Market;
use crate::venue::Venue;
use crate::{http, ws};

/// How often intervals of channels are ended.
const TICK: Duration = Duration::from_millis(100);
/// A pause after the operating system refuses to accept, such as when it has no more descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Bytes of one request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What a gateway is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// `testnet` of every reply: true on a venue of play money.
    pub testnet: bool,
    /// Every limit.
    pub limits: Limits,
    /// The first session of this process; nodes of one venue are far apart. 1 for a single one.
    pub first_session: u32,
}

/// A gateway that runs. Dropping it does not stop it: [`Running::shutdown`] does.
pub struct Running {
    address: SocketAddr,
    market: Arc<Market>,
    stop: watch::Sender<bool>,
    gateway: Arc<Gateway>,
    tasks: Vec<JoinHandle<()>>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("{listen} cannot be listened on: choose another port, or 0 for a free one")]
    Listen {
        /// Which.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where each batch of a domain is handed to: [`Market::publish`].
    pub fn market(&self) -> Arc<Market> {
        self.market.clone()
    }

    /// How many connections are open.
    pub fn n_connections(&self) -> usize {
        self.gateway.n_connections.load(Ordering::Acquire)
    }

    /// Accepts nothing more, tells the sockets to go away, and waits for them a while.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
        let patience = Duration::from_millis(self.gateway.limits.close_timeout_ms);
        let all_gone = async {
            while 0 < self.gateway.n_connections.load(Ordering::Acquire) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = tokio::time::timeout(patience, all_gone).await;
    }
}

/// Starts a gateway on the runtime of the caller.
pub async fn serve(
    config: Config,
    venue: Arc<dyn Venue>,
    market: Arc<Market>,
    keys: Arc<KeyStore>,
) -> Result<Running, ServeError> {
    let Config { listen, testnet, limits, first_session } = config;
    let refused = |source| ServeError::Listen { listen, source };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let terms = Terms { testnet, limits, first_session, random: Box::new(system_random) };
    let gateway = Arc::new(Gateway::new(terms, venue, market.clone(), keys));
    let (stop, stopping) = watch::channel(false);
    let tasks = vec![
        tokio::spawn(accept(gateway.clone(), listener, stopping.clone())),
        tokio::spawn(tick(market.clone(), stopping)),
    ];
    Ok(Running { address, market, stop, gateway, tasks })
}

async fn tick(market: Arc<Market>, mut stopping: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => market.tick(now()),
            _ = stopping.wait_for(|stops| *stops) => return,
        }
    }
}

async fn accept(gateway: Arc<Gateway>, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stops| *stops) => return,
        };
        match accepted {
            Ok((stream, address)) => open(&gateway, stream, address, stopping.clone()),
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Counted among all connections until it is dropped.
pub(crate) struct Open {
    gateway: Arc<Gateway>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gateway.n_connections.fetch_sub(1, Ordering::AcqRel);
    }
}

fn open(
    gateway: &Arc<Gateway>,
    stream: TcpStream,
    address: SocketAddr,
    stopping: watch::Receiver<bool>,
) {
    let n_before = gateway.n_connections.fetch_add(1, Ordering::AcqRel);
    let open = Open { gateway: gateway.clone() };
    if gateway.limits.connections_max <= n_before {
        return;
    }
    // Replies are small and awaited.
    let _ = stream.set_nodelay(true);
    let limits = &gateway.limits;
    let rate = limits.rates.non_matching;
    let connected = gateway.addresses.connect(address.ip(), now().run_us, rate);
    let (handshake, partial) = (limits.handshake_timeout_ms, limits.partial_timeout_ms);
    let line = Arc::new(Line::new(address.ip(), (open, connected), handshake, partial));
    tokio::spawn(serve_connection(gateway.clone(), stream, line, stopping));
}

async fn serve_connection(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    line: Arc<Line>,
    mut stopping: watch::Receiver<bool>,
) {
    let stream = TokioIo::new(TimedStream::new(stream, line.clone()));
    let told = stopping.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (gateway, line, told) = (gateway.clone(), line.clone(), told.clone());
        async move { Ok::<_, Infallible>(route(gateway, line, told, request).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let connection = builder.max_buf_size(HEAD_BYTES_MAX).serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection.with_upgrades());
    tokio::select! {
        // What a client did to its connection is no news to anybody here.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stops| *stops) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn route(
    gateway: Arc<Gateway>,
    line: Arc<Line>,
    stopping: watch::Receiver<bool>,
    request: Request<Incoming>,
) -> Response {
    if gateway.limits.connections_per_address_max < line.n_connections() {
        return http::refuse_connection(&gateway);
    }
    let request = request.map(Body::new);
    if !matches!(request.uri().path(), "/ws/api/v2" | "/ws/api/v2/") {
        return http::respond(&gateway, &line, request).await;
    }
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => ws::upgrade(gateway, line, stopping, upgrade),
        Err(_) => {
            let what = "open a WebSocket here, version 13: GET with Connection: upgrade";
            http::refuse(&gateway, StatusCode::BAD_REQUEST, what)
        }
    }
}
