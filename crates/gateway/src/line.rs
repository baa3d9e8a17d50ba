//! One TCP connection, timed: who is silent for too long, or stops in the middle, is read no more.
//!
//! ```text
//!   accept ─▶ first byte ─▶ … whole request ─▶ idle ─▶ first byte ─▶ …
//!      handshake     partial                     idle       partial     (the time-outs that run)
//! ```
//!
//! Reads through [`TimedStream`] note when bytes come; whoever has read a whole request or frame
//! says so to the [`Line`]. It does not look at the bytes.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::addresses::Connected;
use crate::server::Open;

/// A connection as its handlers know it.
pub(crate) struct Line {
    pub(crate) address: IpAddr,
    /// Count the connection while it lasts, among all and of its address.
    counted: (Open, Connected),
    born: Instant,
    /// From here on the client is idle, in milliseconds since `born`.
    idle_since_ms: AtomicU64,
    idle_timeout_ms: AtomicU64,
    partial_timeout_ms: u64,
    /// When the request that is being read began, plus one; zero between requests.
    began_ms: AtomicU64,
}

impl Line {
    pub(crate) fn new(
        address: IpAddr,
        counted: (Open, Connected),
        handshake_timeout_ms: u64,
        partial_timeout_ms: u64,
    ) -> Line {
        Line {
            address,
            counted,
            born: Instant::now(),
            idle_since_ms: AtomicU64::new(0),
            idle_timeout_ms: AtomicU64::new(handshake_timeout_ms),
            partial_timeout_ms,
            began_ms: AtomicU64::new(0),
        }
    }

    /// A whole request or frame was read; the next one may take `idle_timeout_ms` to begin.
    pub(crate) fn whole(&self, idle_timeout_ms: u64) {
        self.began_ms.store(0, Ordering::Relaxed);
        self.idle_timeout_ms.store(idle_timeout_ms, Ordering::Relaxed);
        self.idle_since_ms.store(self.age_ms(), Ordering::Relaxed);
    }

    /// Connections of the address when this one was opened, with it.
    pub(crate) fn n_connections(&self) -> usize {
        self.counted.1.n_connections
    }

    fn bytes_came(&self) {
        let began = self.age_ms() + 1;
        let _ = self.began_ms.compare_exchange(0, began, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn deadline_ms(&self) -> u64 {
        match self.began_ms.load(Ordering::Relaxed) {
            0 => {
                let idle_since_ms = self.idle_since_ms.load(Ordering::Relaxed);
                idle_since_ms.saturating_add(self.idle_timeout_ms.load(Ordering::Relaxed))
            }
            began => began.saturating_add(self.partial_timeout_ms),
        }
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A stream whose reads fail with `TimedOut` when the client's time is over.
pub(crate) struct TimedStream {
    stream: TcpStream,
    line: Arc<Line>,
    /// Looks at the deadline again when it fires; the deadline moves without it.
    alarm: Pin<Box<Sleep>>,
}

impl TimedStream {
    pub(crate) fn new(stream: TcpStream, line: Arc<Line>) -> TimedStream {
        let alarm = Box::pin(tokio::time::sleep_until(instant(&line)));
        TimedStream { stream, line, alarm }
    }
}

fn instant(line: &Line) -> Instant {
    line.born + Duration::from_millis(line.deadline_ms())
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            if before < buffer.filled().len() {
                self.line.bytes_came();
            }
            return Poll::Ready(read);
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            let deadline = instant(&self.line);
            if deadline <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(deadline);
        }
        // A deadline that came nearer than the alarm.
        let deadline = instant(&self.line);
        if deadline < self.alarm.deadline() {
            self.alarm.as_mut().reset(deadline);
            let _ = self.alarm.as_mut().poll(context);
        }
        Poll::Pending
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
