//! A notice to everybody who listens: how long until the last of them has it, and what an order
//! waits meanwhile.

use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use crate::figures::{Latencies, micros};
use crate::load;
use crate::server::Server;
use crate::socket::Socket;

const ROUNDS: usize = 20;
/// Orders before and after each notice.
const ORDERS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// Notices to `size` subscribers of `announcements`, each on its own connection.
pub fn tell(server: &Server, size: usize) {
    let mut crowd = Crowd::gather(server, size);
    let mut operator = Socket::connect(server.address());
    server.log_in_operator(&mut operator);
    let mut trader = Socket::connect(server.address());
    server.log_in(&mut trader, 0);
    let (mut quiet, mut meanwhile) = (Latencies::default(), Latencies::default());
    let (mut first, mut half, mut last) =
        (Latencies::default(), Latencies::default(), Latencies::default());
    for _ in 0..ROUNDS {
        (0..ORDERS).for_each(|_| quiet.push(order(&mut trader)));
        operator.queue(NOTICE);
        let told = Instant::now();
        while !operator.write() {}
        meanwhile.push(order(&mut trader));
        let arrivals = crowd.arrivals(told);
        first.push(arrivals.at(0.0));
        half.push(arrivals.at(0.5));
        last.push(arrivals.at(1.0));
    }
    println!();
    println!("| {size} subscribers, {ROUNDS} notices | p50 | most |");
    println!("|---|---|---|");
    for (name, mut latencies) in [
        ("the first one has it", first),
        ("half of them have it", half),
        ("all of them have it", last),
        ("an order that was sent right after the notice", meanwhile),
        ("an order when nothing is told", quiet),
    ] {
        latencies.sort();
        println!("| {name} | {} | {} |", micros(latencies.at(0.5)), micros(latencies.at(1.0)));
    }
}

const NOTICE: &str = r#"{"jsonrpc":"2.0","id":7,"method":"operator/publish_notice","params":{"currency":"BTC","kind":"announcement","title":"A title","text":"A few words that everybody reads."}}"#;

fn order(trader: &mut Socket) -> Duration {
    let begun = Instant::now();
    let reply = trader.call("private/buy", load::RESTING);
    let took = begun.elapsed();
    let order = load::order_id(&reply).expect("an order that rests has an id");
    trader.call("private/cancel", &format!(r#"{{"order_id":"{order}"}}"#));
    took
}

/// Connections that listen.
struct Crowd {
    sockets: Vec<Socket>,
    epoll: std::os::fd::OwnedFd,
}

impl Crowd {
    fn gather(server: &Server, size: usize) -> Crowd {
        let epoll = epoll::create(CreateFlags::CLOEXEC).expect("the kernel has epoll");
        let subscribe = r#"{"channels":["announcements"]}"#;
        let mut sockets = Vec::with_capacity(size);
        for nth in 0..size {
            let mut socket = Socket::connect(server.address());
            let reply = socket.call("public/subscribe", subscribe);
            assert!(reply.contains("announcements"), "{reply}");
            let data = EventData::new_u64(u64::try_from(nth).expect("few"));
            epoll::add(&epoll, &socket, data, EventFlags::IN).expect("it is watched");
            sockets.push(socket);
        }
        Crowd { sockets, epoll }
    }

    /// When each of them had the notice, after it was sent.
    fn arrivals(&mut self, told: Instant) -> Latencies {
        let mut arrivals = Latencies::default();
        let mut ready = Vec::with_capacity(1_024);
        while arrivals.len() < self.sockets.len() {
            let timeout = rustix::event::Timespec::try_from(PATIENCE).expect("seconds");
            epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&timeout)).expect("it waits");
            assert!(!ready.is_empty(), "{} of {}", arrivals.len(), self.sockets.len());
            for event in ready.drain(..) {
                let nth = usize::try_from(event.data.u64()).expect("few");
                let socket = &mut self.sockets[nth];
                while socket.read() {}
                while let Some(text) = socket.next_text() {
                    if text.contains(r#""channel":"announcements""#) {
                        arrivals.push(told.elapsed());
                    }
                }
            }
        }
        arrivals.sort();
        arrivals
    }
}
