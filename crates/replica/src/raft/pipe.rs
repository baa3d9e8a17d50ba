//! Frames over one TLS connection.
//!
//! ```text
//!   push ─▶ [ out ......|written ]──▶ TLS ──▶ the other node
//!   frame ◀─ [ input: begin..end ] ◀── TLS ◀── at most `frame_max` of a body at a time
//! ```
//! Both halves live in here and not in a future, so a caller may stop waiting at any moment and the
//! connection stays in step. The buffer for what is read grows with what has arrived, not with what
//! a length promises.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::types::codec::Codec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::wire::FRAME_BYTES_MAX;

/// Bytes of the length before a body.
const HEAD_BYTES: usize = 4;
/// What is read at once.
const READ_BYTES: usize = 64 << 10;
/// A buffer that grew larger than this is given back once it is empty.
const KEEP_BYTES: usize = 1 << 20;

/// A connection that carries frames.
#[derive(Debug)]
pub(super) struct Pipe {
    io: TlsStream<TcpStream>,
    out: Vec<u8>,
    written: usize,
    flushed: bool,
    input: Vec<u8>,
    begin: usize,
    end: usize,
    frame_max: usize,
}

impl Pipe {
    /// A connection whose frames have bodies of at most `frame_max` bytes, until
    /// [`Pipe::allow`] says otherwise.
    pub(super) fn new(io: impl Into<TlsStream<TcpStream>>, frame_max: usize) -> Pipe {
        Pipe {
            io: io.into(),
            out: Vec::new(),
            written: 0,
            flushed: true,
            input: Vec::new(),
            begin: 0,
            end: 0,
            frame_max,
        }
    }

    /// From now on bodies may have this many bytes.
    pub(super) fn allow(&mut self, frame_max: usize) {
        self.frame_max = frame_max;
    }

    /// The certificate that the other side showed.
    pub(super) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.io.get_ref().1.peer_certificates()?.first()
    }

    /// Puts a frame into the buffer; [`Pipe::poll_send`] and [`Pipe::poll_frame`] write it.
    ///
    /// An error if the body is longer than a frame may be: then nothing was put there.
    pub(super) fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let head = self.out.len();
        self.out.extend_from_slice(&[0; HEAD_BYTES]);
        encode(&mut self.out);
        let body = self.out.len() - head - HEAD_BYTES;
        let Some(length) = u32::try_from(body).ok().filter(|_| body <= FRAME_BYTES_MAX) else {
            self.out.truncate(head);
            return Err(too_long(body, FRAME_BYTES_MAX));
        };
        self.out[head..head + HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        self.flushed = false;
        Ok(())
    }

    /// [`Pipe::push`] of a message of ours.
    pub(super) fn push_message(&mut self, message: &impl Codec) -> io::Result<()> {
        self.push(|out| message.encode(out))
    }

    /// Bytes that wait to be written.
    pub(super) fn unsent(&self) -> usize {
        self.out.len() - self.written
    }

    /// Bytes that are kept for what is read.
    #[cfg(test)]
    pub(super) fn reserved(&self) -> usize {
        self.input.capacity()
    }

    /// Writes what waits.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.out.len() {
            let io = Pin::new(&mut self.io);
            let n = ready!(io.poll_write(cx, &self.out[self.written..]))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += n;
        }
        self.written = 0;
        self.out.clear();
        if KEEP_BYTES < self.out.capacity() {
            self.out = Vec::new();
        }
        if !self.flushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what waits, until all is with the kernel.
    pub(super) async fn send(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_send(cx)).await
    }

    /// The next body, writing what waits meanwhile; an error when the other side has closed.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        loop {
            if let Some(body) = self.take_frame()? {
                return Poll::Ready(Ok(body));
            }
            self.make_room();
            let mut space = ReadBuf::new(&mut self.input[self.end..]);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut space))?;
            match space.filled().len() {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                n => self.end += n,
            }
        }
    }

    /// [`Pipe::poll_frame`], to be awaited; it may be dropped while it waits.
    pub(super) async fn frame(&mut self) -> io::Result<Vec<u8>> {
        std::future::poll_fn(|cx| self.poll_frame(cx)).await
    }

    /// The next body as a message of ours.
    pub(super) async fn message<M: Codec>(&mut self) -> io::Result<M> {
        M::from_bytes(&self.frame().await?).map_err(not_ours)
    }

    /// A body that has arrived whole.
    fn take_frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        let arrived = &self.input[self.begin..self.end];
        let Some((head, rest)) = arrived.split_first_chunk::<HEAD_BYTES>() else {
            return Ok(None);
        };
        let body = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
        if self.frame_max < body {
            return Err(too_long(body, self.frame_max));
        }
        let Some(body) = rest.get(..body).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.begin += HEAD_BYTES + body.len();
        Ok(Some(body))
    }

    /// Moves what has arrived to the front and makes place behind it.
    fn make_room(&mut self) {
        if 0 < self.begin {
            self.input.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        if self.end == 0 && KEEP_BYTES < self.input.len() {
            self.input = Vec::new();
        }
        if self.input.len() < self.end + READ_BYTES {
            self.input.resize((self.end + READ_BYTES).max(2 * self.end), 0);
        }
    }
}

/// Bytes that came in frames and are no message.
pub(super) fn not_ours(source: ::types::codec::DecodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, source)
}

fn too_long(body: usize, max: usize) -> io::Error {
    let words = format!("a frame of {body} bytes, where at most {max} may be");
    io::Error::new(io::ErrorKind::InvalidData, words)
}
