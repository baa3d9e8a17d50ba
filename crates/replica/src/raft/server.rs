//! Where the other nodes call: one address, one task for each connection.
//!
//! ```text
//!   accept ─▶ TLS ─▶ hello ─▶ checks ─▶ serve by purpose, for the group of the domain
//!     │        └──── 5 s ────────┘ cluster · version · to us · certificate is that of `from`
//!     └─ at most CONNECTIONS_MAX, of which HANDSHAKES_MAX that are not yet known
//! ```
//! Until a caller is known by its certificate it may send one frame of 512 bytes. Afterwards it is
//! one of our own nodes: its bytes are still checked, and its frames still bounded.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::types::AssetCode;
use ::types::codec::Codec;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::pipe::{Pipe, not_ours};
use super::tls::{Tls, check_certificate, node_name};
use super::wire::hello::{Hello, PROTOCOL_VERSION, Purpose, Welcome};
use super::wire::{FRAME_BYTES_MAX, HELLO_BYTES_MAX};
use group::Serves;

pub(crate) mod group;
mod receive;
mod serve;

/// Connections of all nodes and domains together; more are closed at once.
pub const CONNECTIONS_MAX: usize = 1_024;
/// Connections whose caller is not yet known; more are closed at once.
pub const HANDSHAKES_MAX: usize = 64;
/// How long a caller may take until it is known.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// A connection on which nothing comes for so long is closed; the caller makes another when it
/// needs one.
pub const IDLE_MAX: Duration = Duration::from_secs(300);
/// What is waited after the system refused to accept, for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The groups that a server serves, by domain. All copies are the same set.
#[derive(Clone, Default)]
pub struct Groups(Arc<Mutex<HashMap<AssetCode, Arc<dyn Serves>>>>);

/// A running server. It ends, and its connections with it, when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// What each connection needs.
struct House {
    tls: TlsAcceptor,
    cluster: u64,
    node: u64,
    groups: Groups,
}

impl Groups {
    /// No groups.
    pub fn new() -> Groups {
        Groups::default()
    }

    /// From now on, callers of `domain` are served; one that was there before is replaced.
    pub(crate) fn insert(&self, domain: AssetCode, group: impl Serves + 'static) {
        let group: Arc<dyn Serves> = Arc::new(group);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(domain, group);
    }

    /// New callers of `domain` are refused; connections that are there stay.
    pub fn remove(&self, domain: AssetCode) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&domain);
    }

    fn get(&self, domain: AssetCode) -> Option<Arc<dyn Serves>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&domain).cloned()
    }
}

impl Server {
    /// Serves on `listener` as node `node` of `cluster`. It must be called within the runtime that
    /// the groups' Rafts run on. An error if the listener has no address.
    pub fn start(
        listener: TcpListener,
        tls: &Tls,
        cluster: u64,
        node: u64,
        groups: Groups,
    ) -> io::Result<Server> {
        let address = listener.local_addr()?;
        let tls = TlsAcceptor::from(tls.server.clone());
        let house = Arc::new(House { tls, cluster, node, groups });
        Ok(Server { address, accepting: tokio::spawn(accept(listener, house)) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and all connections, and returns when they are closed.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // The task was cancelled, which is what was asked for.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The connections are tasks of this one's set, and end with it.
async fn accept(listener: TcpListener, house: Arc<House>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next() => continue,
        };
        let Ok((tcp, _)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let permits =
            (connections.clone().try_acquire_owned(), handshakes.clone().try_acquire_owned());
        if let (Ok(connection), Ok(handshake)) = permits {
            let house = house.clone();
            tasks.spawn(async move {
                let known = timeout(HANDSHAKE_MAX, house.receive(tcp)).await;
                drop(handshake);
                if let Ok(Ok((pipe, hello, group))) = known {
                    // A connection that broke is its caller's business: it calls again.
                    let _ = serve(pipe, &hello, group.as_ref()).await;
                }
                drop(connection);
            });
        }
    }
}

async fn serve(pipe: Pipe, hello: &Hello, group: &dyn Serves) -> io::Result<()> {
    match hello.purpose {
        Purpose::Unary => serve::unary(pipe, group).await,
        Purpose::Append => serve::append(pipe, group).await,
        Purpose::Snapshot => receive::snapshot(pipe, group).await,
        Purpose::Forward => serve::forward(pipe, hello.from, group).await,
    }
}

impl House {
    /// Gets to know who calls.
    async fn receive(&self, tcp: TcpStream) -> io::Result<(Pipe, Hello, Arc<dyn Serves>)> {
        tcp.set_nodelay(true)?;
        let tls = self.tls.accept(tcp).await?;
        let mut pipe = Pipe::new(tls, HELLO_BYTES_MAX);
        let hello = pipe.frame().await?;
        let hello = Hello::from_bytes(&hello).map_err(not_ours)?;
        match self.check(&hello, &pipe) {
            Ok(group) => {
                pipe.push_message(&Welcome(Ok(())))?;
                pipe.send().await?;
                pipe.allow(FRAME_BYTES_MAX);
                Ok((pipe, hello, group))
            }
            Err(reason) => {
                pipe.push_message(&Welcome(Err(reason.clone())))?;
                pipe.send().await?;
                Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
            }
        }
    }

    /// The group that is called, or why the caller is not served.
    fn check(&self, hello: &Hello, pipe: &Pipe) -> Result<Arc<dyn Serves>, String> {
        let Hello { version, cluster, domain, from, to, .. } = hello;
        let (our_cluster, node) = (self.cluster, self.node);
        if *version != PROTOCOL_VERSION {
            return Err(format!(
                "the caller speaks protocol {version}, node {node} speaks {PROTOCOL_VERSION}: \
                 run the same build on all nodes"
            ));
        }
        if *cluster != our_cluster {
            return Err(format!(
                "the caller is of cluster {cluster:#x}, node {node} of {our_cluster:#x}"
            ));
        }
        if *to != node {
            return Err(format!("this is node {node}, the caller wants {to}: check the addresses"));
        }
        let named = pipe.certificate().is_some_and(|shown| check_certificate(shown, *from).is_ok());
        if *from == node || !named {
            return Err(format!(
                "the caller says that it is node {from}, its certificate must be for {}",
                node_name(*from)
            ));
        }
        let group = self.groups.get(*domain);
        group.ok_or_else(|| format!("node {node} does not run domain {domain}, or not yet"))
    }
}
