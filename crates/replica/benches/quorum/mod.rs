//! What nobody who makes a write durable on a quorum of three can be faster than on this machine:
//! no consensus, no engine, no TLS, only the writes, the syncs and the bytes between.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::load::{self, Device};

/// Bytes of a message, and of its answer.
const MESSAGE: usize = 200;
/// Bytes that each of the three makes durable.
const RECORD: usize = 128;

/// The one who orders, and two that follow; all three files are in one directory.
pub struct Quorum {
    own: Device,
    followers: Vec<(TcpStream, JoinHandle<()>)>,
}

impl Quorum {
    pub fn start(dir: &Path) -> Quorum {
        let followers = (1..=2).map(|number| {
            let mut device = Device::new(&dir.join(format!("follower-{number}")));
            connect(move |stream| while answer(stream, || device.append(&[7; RECORD])) {})
        });
        Quorum { own: Device::new(&dir.join("leader")), followers: followers.collect() }
    }

    /// A message to both, and the own write meanwhile; done when that and one answer are there. The
    /// other answer is waited for outside the measured time, as a writer who sends again at once
    /// would wait for that disk.
    pub fn p50_us(&mut self) -> f64 {
        let times = (0..load::OPERATIONS).map(|_| self.write());
        load::p50_us(times.collect())
    }

    fn write(&mut self) -> std::time::Duration {
        let begin = Instant::now();
        for (stream, _) in &mut self.followers {
            stream.write_all(&[7; MESSAGE]).expect("sends");
        }
        self.own.append(&[7; RECORD]);
        let mut answer = [0; MESSAGE];
        let (first, _) = &mut self.followers[0];
        first.read_exact(&mut answer).expect("receives");
        let taken = begin.elapsed();
        let (second, _) = &mut self.followers[1];
        second.read_exact(&mut answer).expect("receives");
        taken
    }
}

/// A message there and back, with nothing done.
pub fn round_trip_us() -> f64 {
    let (mut stream, echo) = connect(|stream| while answer(stream, || ()) {});
    let mut bytes = [7; MESSAGE];
    let times = (0..load::OPERATIONS).map(|_| {
        let begin = Instant::now();
        stream.write_all(&bytes).expect("sends");
        stream.read_exact(&mut bytes).expect("receives");
        begin.elapsed()
    });
    let p50 = load::p50_us(times.collect());
    drop(stream);
    echo.join().expect("ends");
    p50
}

/// Another thread with the other end of a connection.
fn connect(mut serve: impl FnMut(&mut TcpStream) + Send + 'static) -> (TcpStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        stream.set_nodelay(true).expect("sets");
        serve(&mut stream);
    });
    let stream = TcpStream::connect(address).expect("connects");
    stream.set_nodelay(true).expect("sets");
    (stream, served)
}

/// Answers one message; false if there are no more.
fn answer(stream: &mut TcpStream, mut work: impl FnMut()) -> bool {
    let mut bytes = [0; MESSAGE];
    if stream.read_exact(&mut bytes).is_err() {
        return false;
    }
    work();
    stream.write_all(&bytes).is_ok()
}
