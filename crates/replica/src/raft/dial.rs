//! Calling another node: TCP, TLS, hello; and keeping the connection for the next call.
//!
//! ```text
//!   Link::ready ─▶ kept? still open? ─▶ use it
//!                  no ─▶ a task dials, by itself ─▶ kept, also when who asked has gone
//! ```
//! The dialling is a task because openraft drops a call after a heartbeat's interval: across
//! zones three round trips may take longer, and the next call must not begin again from nothing.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::types::AssetCode;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;

use super::pipe::Pipe;
use super::tls::{Tls, server_name};
use super::wire::hello::{Hello, PROTOCOL_VERSION, Purpose, Welcome};
use super::wire::{FRAME_BYTES_MAX, HELLO_BYTES_MAX};

/// How long a call may take until the other side has answered the hello.
const DIAL_MAX: Duration = Duration::from_secs(5);

/// This node, as one that calls others.
#[derive(Clone, Debug)]
pub struct Caller {
    tls: Arc<ClientConfig>,
    cluster: u64,
    node: u64,
}

/// Whom a link calls, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Callee {
    pub node: u64,
    /// Host and port.
    pub address: String,
    pub domain: AssetCode,
    pub purpose: Purpose,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No answer in time.
    #[error("node {node} at {address} has not answered within {waited:?}")]
    Late {
        /// Who was called.
        node: u64,
        /// Where.
        address: String,
        /// How long.
        waited: Duration,
    },
    /// The connection was not made, or broke at once; also when a certificate was not accepted.
    #[error("node {node} at {address}: no connection")]
    Connection {
        /// Who was called.
        node: u64,
        /// Where.
        address: String,
        /// What the system or TLS said.
        source: io::Error,
    },
    /// The node answered, and does not want the connection.
    #[error("node {node} at {address} refuses: {reason}")]
    Refused {
        /// Who was called.
        node: u64,
        /// Where.
        address: String,
        /// What it says.
        reason: String,
    },
}

impl Caller {
    /// Node `node` of cluster `cluster`.
    pub fn new(tls: &Tls, cluster: u64, node: u64) -> Caller {
        Caller { tls: tls.client.clone(), cluster, node }
    }

    /// This node.
    pub(super) fn node(&self) -> u64 {
        self.node
    }

    /// A new connection on which the hello was accepted.
    pub(super) async fn dial(&self, callee: &Callee) -> Result<Pipe, DialError> {
        let Callee { node, address, .. } = callee;
        match timeout(DIAL_MAX, self.greet(callee)).await {
            Ok(Ok((pipe, Welcome(Ok(()))))) => Ok(pipe),
            Ok(Ok((_, Welcome(Err(reason))))) => {
                Err(DialError::Refused { node: *node, address: address.clone(), reason })
            }
            Ok(Err(source)) => {
                Err(DialError::Connection { node: *node, address: address.clone(), source })
            }
            Err(_) => Err(late(callee, DIAL_MAX)),
        }
    }

    async fn greet(&self, callee: &Callee) -> io::Result<(Pipe, Welcome)> {
        let tcp = TcpStream::connect(&callee.address).await?;
        tcp.set_nodelay(true)?;
        let tls = TlsConnector::from(self.tls.clone());
        let tls = tls.connect(server_name(callee.node), tcp).await?;
        let mut pipe = Pipe::new(tls, HELLO_BYTES_MAX);
        pipe.push_message(&Hello {
            version: PROTOCOL_VERSION,
            cluster: self.cluster,
            domain: callee.domain,
            from: self.node,
            to: callee.node,
            purpose: callee.purpose,
        })?;
        let welcome = pipe.message().await?;
        pipe.allow(FRAME_BYTES_MAX);
        Ok((pipe, welcome))
    }
}

/// A connection to one node for one purpose, made when it is needed and made again when it broke.
#[derive(Debug)]
pub(super) struct Link {
    caller: Caller,
    callee: Callee,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle,
    Dialling(Dialling),
    Open(Box<Open>),
}

/// A call that goes on when nobody waits for it, and ends with its link.
#[derive(Debug)]
struct Dialling(JoinHandle<Result<Pipe, DialError>>);

/// A connection, and how many answers are still to come on it.
#[derive(Debug)]
pub(super) struct Open {
    pub pipe: Pipe,
    /// Answers to questions whose askers have gone: they come first, and nobody reads them.
    stale: usize,
    /// Answers that are due, stale ones among them.
    due: usize,
    /// When something last went forward, while answers are due.
    moved: Instant,
}

impl Link {
    pub(super) fn new(caller: Caller, callee: Callee) -> Link {
        Link { caller, callee, state: State::Idle }
    }

    pub(super) fn callee(&self) -> &Callee {
        &self.callee
    }

    /// The connection, made within `patience` if there is none. One on which the other side has not
    /// answered earlier questions for `stall_max` is given up.
    pub(super) async fn ready(
        &mut self,
        patience: Duration,
        stall_max: Duration,
    ) -> Result<&mut Open, DialError> {
        if let State::Open(open) = &mut self.state
            && !open.is_usable(stall_max)
        {
            self.state = State::Idle;
        }
        if let State::Idle = self.state {
            let (caller, callee) = (self.caller.clone(), self.callee.clone());
            let dial = tokio::spawn(async move { caller.dial(&callee).await });
            self.state = State::Dialling(Dialling(dial));
        }
        if let State::Dialling(Dialling(dial)) = &mut self.state {
            let Ok(dialled) = timeout(patience, dial).await else {
                return Err(late(&self.callee, patience));
            };
            self.state = State::Idle;
            let pipe =
                dialled.expect("dialling does not panic, and is stopped only by its link")?;
            self.state = State::Open(Box::new(Open::new(pipe)));
        }
        match &mut self.state {
            State::Open(open) => Ok(open),
            State::Idle | State::Dialling(_) => unreachable!("the link was opened above"),
        }
    }

    /// The connection, if [`Link::ready`] was the last call.
    pub(super) fn open(&mut self) -> Option<&mut Open> {
        match &mut self.state {
            State::Open(open) => Some(open),
            State::Idle | State::Dialling(_) => None,
        }
    }

    /// Forgets the connection.
    pub(super) fn close(&mut self) {
        self.state = State::Idle;
    }
}

impl Open {
    fn new(pipe: Pipe) -> Open {
        Open { pipe, stale: 0, due: 0, moved: Instant::now() }
    }

    /// Puts a question into the buffer.
    pub(super) fn ask(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.pipe.push(encode)?;
        if self.due == 0 {
            self.moved = Instant::now();
        }
        self.due += 1;
        Ok(())
    }

    /// The next answer to a question of this asker, writing what waits meanwhile.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        loop {
            let unsent = self.pipe.unsent();
            let polled = self.pipe.poll_frame(cx);
            if self.pipe.unsent() < unsent || polled.is_ready() {
                self.moved = Instant::now();
            }
            let body = std::task::ready!(polled)?;
            if self.due == 0 {
                return Poll::Ready(Err(io::Error::other("an answer that nobody asked for")));
            }
            self.due -= 1;
            if self.stale == 0 {
                return Poll::Ready(Ok(body));
            }
            self.stale -= 1;
        }
    }

    /// When the connection counts as stalled; nothing if no answer is due.
    pub(super) fn stalls_at(&self, stall_max: Duration) -> Option<Instant> {
        (0 < self.due).then(|| self.moved + stall_max)
    }

    /// Whether a new asker may begin: the answers that are due are nobody's from now on.
    fn is_usable(&mut self, stall_max: Duration) -> bool {
        self.stale = self.due;
        if self.stalls_at(stall_max).is_some_and(|at| at <= Instant::now()) {
            return false;
        }
        // A connection that the other side has closed, or on which it speaks without being asked,
        // is seen here, and not at the price of a failed call.
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while 0 < self.stale {
            match self.pipe.poll_frame(&mut cx) {
                Poll::Pending => return true,
                Poll::Ready(Ok(_)) => (self.stale, self.due) = (self.stale - 1, self.due - 1),
                Poll::Ready(Err(_)) => return false,
            }
            self.moved = Instant::now();
        }
        self.pipe.poll_frame(&mut cx).is_pending()
    }
}

impl Drop for Dialling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn late(callee: &Callee, waited: Duration) -> DialError {
    DialError::Late { node: callee.node, address: callee.address.clone(), waited }
}
