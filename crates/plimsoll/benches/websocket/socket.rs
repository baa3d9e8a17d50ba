//! One WebSocket, as little of it as a load generator needs: no copies, no waiting, no library.
//!
//! ```text
//!   queue ─▶ [ frames to write ] ─▶ write        read ─▶ [ bytes ] ─▶ next_text ─▶ one reply
//! ```
//! Frames of a client are masked; the mask is zero, which leaves the text as it is and costs the
//! server the same. Pings are passed over: a run is shorter than the server's patience.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const MASKED: u8 = 0x80;
const READ_BYTES: usize = 64 * 1024;
/// A reply that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Socket {
    stream: TcpStream,
    to_write: Vec<u8>,
    written: usize,
    bytes: Vec<u8>,
    taken: usize,
    filled: usize,
}

impl Socket {
    pub fn connect(address: SocketAddr) -> Socket {
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP connection");
        let request = format!(
            "GET /ws/api/v2 HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("the request is written");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the server answers");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        stream.set_nonblocking(true).expect("a TCP connection");
        let bytes = vec![0; READ_BYTES];
        Socket { stream, to_write: Vec::new(), written: 0, bytes, taken: 0, filled: 0 }
    }

    /// Queues a request.
    pub fn queue(&mut self, text: &str) {
        let length = text.len();
        self.to_write.push(TEXT);
        match u8::try_from(length) {
            Ok(short) if short < 126 => self.to_write.push(MASKED | short),
            _ => {
                let length = u16::try_from(length).expect("requests are short");
                self.to_write.push(MASKED | 126);
                self.to_write.extend(length.to_be_bytes());
            }
        }
        self.to_write.extend([0; 4]);
        self.to_write.extend(text.as_bytes());
    }

    /// Writes what the kernel takes; true if nothing is left.
    pub fn write(&mut self) -> bool {
        while self.written < self.to_write.len() {
            match self.stream.write(&self.to_write[self.written..]) {
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => panic!("the server does not read: {error}"),
            }
        }
        self.to_write.clear();
        self.written = 0;
        true
    }

    /// Reads what is there; false if there is nothing.
    pub fn read(&mut self) -> bool {
        if 0 < self.taken {
            self.bytes.copy_within(self.taken..self.filled, 0);
            (self.filled, self.taken) = (self.filled - self.taken, 0);
        }
        if self.filled == self.bytes.len() {
            self.bytes.resize(2 * self.filled, 0);
        }
        match self.stream.read(&mut self.bytes[self.filled..]) {
            Ok(0) => panic!("the server has closed the connection"),
            Ok(n) => self.filled += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("the server does not write: {error}"),
        }
        true
    }

    /// The next whole text that was read.
    pub fn next_text(&mut self) -> Option<&str> {
        loop {
            let bytes = &self.bytes[self.taken..self.filled];
            let (&first, rest) = bytes.split_first()?;
            let (start, length) = match *rest.first()? {
                126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
                127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
                short => (2, usize::from(short)),
            };
            if bytes.len() < start + length {
                return None;
            }
            let from = self.taken + start;
            self.taken = from + length;
            let text = std::str::from_utf8(&self.bytes[from..from + length]);
            match first {
                TEXT => return Some(text.expect("a text frame has text")),
                CLOSE => panic!("the server closes: {text:?}"),
                _ => (),
            }
        }
    }

    /// One request, and its reply.
    pub fn call(&mut self, method: &str, params: &str) -> String {
        self.queue(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#));
        while !self.write() {}
        loop {
            if let Some(text) = self.next_text() {
                return text.to_owned();
            }
            assert!(wait(std::slice::from_ref(self), PATIENCE), "{method} was not answered");
            self.read();
        }
    }

    fn interest(&self) -> PollFlags {
        match self.to_write.is_empty() {
            true => PollFlags::IN,
            false => PollFlags::IN | PollFlags::OUT,
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Sleeps until a socket has something to do, or the time is over; false if it is over.
pub fn wait(sockets: &[Socket], at_most: Duration) -> bool {
    let fds = sockets.iter().map(|socket| PollFd::new(socket, socket.interest()));
    let mut fds: Vec<_> = fds.collect();
    let timeout = Timespec::try_from(at_most).expect("a few seconds");
    match poll(&mut fds, Some(&timeout)) {
        Ok(n_ready) => 0 < n_ready,
        Err(rustix::io::Errno::INTR) => true,
        Err(error) => panic!("the sockets cannot be polled: {error}"),
    }
}
