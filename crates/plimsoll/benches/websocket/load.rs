//! The open-loop generator: requests on a schedule, over several connections, on one thread.
//!
//! ```text
//!   schedule: start + n / rate ─▶ connection n mod 8 ─▶ its next task
//!   reply ─▶ by its id to the request ─▶ latency since the time in the schedule
//! ```
//! Every connection repeats [`CYCLE`]. Its cancels take the oldest order that it knows of, so each
//! begins with a stock of orders that rest, and the stock stays about the same. Connections with an
//! even number trade as one account, the others as the other; what one offers the other takes.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::figures::Latencies;
use crate::server::{INSTRUMENT, Server, own_cpu};
use crate::socket::{Socket, wait};

const CONNECTIONS: usize = 8;
/// Orders of each connection that rest while nothing is asked.
const STOCK: usize = 200;
const CYCLE: [Task; 8] = [
    Task::Rest,
    Task::Cancel,
    Task::Rest,
    Task::Cancel,
    Task::Rest,
    Task::Cancel,
    Task::Take,
    Task::Take,
];
/// Prices of resting bids are this many levels apart from one another and far from the trades.
const LEVELS: u64 = 100;
/// How long replies are waited for when a step is over.
const DRAIN: Duration = Duration::from_secs(5);

/// An order that rests, for the round trips.
pub const RESTING: &str =
    r#"{"instrument_name":"BTC-PERPETUAL","amount":10,"type":"limit","price":95000}"#;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A limit order that rests.
    Rest,
    /// A cancel of such an order.
    Cancel,
    /// An order that trades: the even connections offer, the odd ones take at once or not at all.
    Take,
}

impl Task {
    pub fn words(self) -> &'static str {
        match self {
            Task::Rest => "order that rests",
            Task::Cancel => "cancel",
            Task::Take => "order that trades",
        }
    }
}

struct Sent {
    task: Task,
    connection: usize,
    scheduled: Duration,
    /// Of a cancel.
    order: String,
    latency: Option<Duration>,
}

/// What one rate came to.
pub struct Step {
    pub rate: u64,
    pub server_cores: f64,
    pub client_cores: f64,
    /// From the schedule to the write: what the client itself adds.
    pub sent_late: Latencies,
    pub n_traded: usize,
    /// A cancel was due and no order was known: an order was placed instead.
    pub n_starved: usize,
    /// Refusals by code; 0 stands for replies that did not come.
    pub refusals: BTreeMap<i64, usize>,
    n_done: usize,
    took: Duration,
    by_task: [Latencies; 3],
}

impl Step {
    pub fn latencies(&self, task: Task) -> &Latencies {
        &self.by_task[task as usize]
    }

    /// Requests that were carried out, a second.
    pub fn achieved(&self) -> f64 {
        self.n_done as f64 / self.took.as_secs_f64()
    }

    pub fn keeps_up(&self, achieved_min: f64, p99_max: Duration) -> bool {
        let is_quick = self.by_task.iter().all(|latencies| latencies.at(0.99) <= p99_max);
        is_quick && achieved_min * self.rate as f64 <= self.achieved()
    }
}

/// The connections, and the orders that they know of.
pub struct Load {
    sockets: Vec<Socket>,
    stocks: Vec<VecDeque<String>>,
    n_sent: u64,
}

impl Load {
    pub fn start(server: &Server) -> Load {
        let mut sockets = Vec::new();
        for number in 0..CONNECTIONS {
            let mut socket = Socket::connect(server.address());
            server.log_in(&mut socket, number);
            sockets.push(socket);
        }
        let stocks = (0..CONNECTIONS).map(|_| VecDeque::new()).collect();
        Load { sockets, stocks, n_sent: 0 }
    }

    /// Every connection has its stock again, and nothing else rests.
    fn restock(&mut self) {
        for (number, socket) in self.sockets.iter_mut().enumerate() {
            // The first two are of different accounts; the call is for all orders of one.
            if number < 2 {
                socket.call("private/cancel_all", "{}");
            }
        }
        for (socket, stock) in self.sockets.iter_mut().zip(&mut self.stocks) {
            stock.clear();
            while stock.len() < STOCK {
                let reply = socket.call("private/buy", &resting(stock.len() as u64));
                stock.push_back(order_id(&reply).expect("an order that rests has an id").into());
            }
        }
    }

    /// Offers requests at a rate for a while.
    pub fn run(&mut self, server: &Server, rate: u64, duration: Duration) -> Step {
        self.restock();
        let (server_before, client_before) = (server.cpu(), own_cpu());
        let mut run = Run::new(self, rate, duration);
        run.send_and_read();
        let took = run.clock.elapsed().max(duration);
        run.drain();
        let (server_used, client_used) = (server.cpu() - server_before, own_cpu() - client_before);
        let cores = |used: Duration| used.as_secs_f64() / took.as_secs_f64();
        let (server_cores, client_cores) = (cores(server_used), cores(client_used));
        let (step, n_sent) = run.into_step((server_cores, client_cores));
        self.n_sent += n_sent;
        step
    }
}

/// One step while it runs.
struct Run<'a> {
    load: &'a mut Load,
    rate: u64,
    n_due: u64,
    first_id: u64,
    clock: Instant,
    sent: Vec<Sent>,
    n_answered: u64,
    last_reply: Duration,
    request: String,
    sent_late: Latencies,
    n_traded: usize,
    n_starved: usize,
    refusals: BTreeMap<i64, usize>,
    n_done: usize,
}

impl<'a> Run<'a> {
    fn new(load: &'a mut Load, rate: u64, duration: Duration) -> Run<'a> {
        let n_due = rate * duration.as_millis() as u64 / 1_000;
        let first_id = load.n_sent;
        Run {
            load,
            rate,
            n_due,
            first_id,
            clock: Instant::now(),
            sent: Vec::with_capacity(n_due as usize),
            n_answered: 0,
            last_reply: Duration::ZERO,
            request: String::new(),
            sent_late: Latencies::default(),
            n_traded: 0,
            n_starved: 0,
            refusals: BTreeMap::new(),
            n_done: 0,
        }
    }

    fn due(&self, n: u64) -> Duration {
        Duration::from_nanos(n * 1_000_000_000 / self.rate)
    }

    fn send_and_read(&mut self) {
        while (self.sent.len() as u64) < self.n_due {
            self.send_due();
            self.read();
            let next = self.due(self.sent.len() as u64);
            let pause = next.saturating_sub(self.clock.elapsed());
            wait(&self.load.sockets, pause);
        }
    }

    fn drain(&mut self) {
        let until = self.clock.elapsed() + DRAIN;
        while self.n_answered < self.n_due && self.clock.elapsed() < until {
            self.write();
            wait(&self.load.sockets, Duration::from_millis(100));
            self.read();
        }
    }

    /// Everything whose time has come, whatever was answered.
    fn send_due(&mut self) {
        let now = self.clock.elapsed();
        let first = self.sent.len();
        while (self.sent.len() as u64) < self.n_due && self.due(self.sent.len() as u64) <= now {
            self.queue_next();
        }
        self.write();
        let now = self.clock.elapsed();
        for sent in &self.sent[first..] {
            self.sent_late.push(now.saturating_sub(sent.scheduled));
        }
    }

    fn write(&mut self) {
        for socket in &mut self.load.sockets {
            socket.write();
        }
    }

    fn queue_next(&mut self) {
        use std::fmt::Write;
        let n = self.sent.len() as u64;
        let id = self.first_id + n;
        let connection = n as usize % CONNECTIONS;
        let mut task = CYCLE[n as usize / CONNECTIONS % CYCLE.len()];
        let mut order = String::new();
        if task == Task::Cancel {
            match self.load.stocks[connection].pop_front() {
                Some(oldest) => order = oldest,
                None => {
                    self.n_starved += 1;
                    task = Task::Rest;
                }
            }
        }
        let (method, params) = match (task, connection % 2) {
            (Task::Rest, _) => ("private/buy", resting(n / CONNECTIONS as u64)),
            (Task::Cancel, _) => ("private/cancel", format!(r#"{{"order_id":"{order}"}}"#)),
            (Task::Take, 0) => ("private/sell", trading("good_til_cancelled")),
            (Task::Take, _) => ("private/buy", trading("immediate_or_cancel")),
        };
        self.request.clear();
        write!(
            self.request,
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        )
        .expect("a String takes whatever is written to it");
        self.load.sockets[connection].queue(&self.request);
        let scheduled = self.due(n);
        self.sent.push(Sent { task, connection, scheduled, order, latency: None });
    }

    fn read(&mut self) {
        for number in 0..CONNECTIONS {
            if !self.load.sockets[number].read() {
                continue;
            }
            let now = self.clock.elapsed();
            while let Some(text) = self.load.sockets[number].next_text() {
                let reply = Reply::read(text);
                let stock = &mut self.load.stocks[number];
                let index = (reply.id - self.first_id) as usize;
                let sent = &mut self.sent[index];
                assert_eq!(sent.connection, number, "a reply comes to who asked");
                sent.latency = Some(now - sent.scheduled);
                match (reply.code, sent.task) {
                    (Some(code), task) => {
                        *self.refusals.entry(code).or_default() += 1;
                        if task == Task::Cancel {
                            stock.push_back(std::mem::take(&mut sent.order));
                        }
                    }
                    (None, Task::Rest) => stock.extend(reply.order),
                    (None, Task::Cancel) => (),
                    (None, Task::Take) => self.n_traded += usize::from(reply.has_traded),
                }
                self.n_done += usize::from(reply.code.is_none());
                self.n_answered += 1;
                self.last_reply = now;
            }
        }
    }

    /// Requests without a reply count with the time that was waited.
    fn into_step(mut self, (server_cores, client_cores): (f64, f64)) -> (Step, u64) {
        let end = self.clock.elapsed();
        let mut by_task = <[Latencies; 3]>::default();
        for sent in &self.sent {
            let latency = sent.latency.unwrap_or(end - sent.scheduled);
            by_task[sent.task as usize].push(latency);
        }
        by_task.iter_mut().for_each(Latencies::sort);
        self.sent_late.sort();
        if self.n_answered < self.n_due {
            self.refusals.insert(0, (self.n_due - self.n_answered) as usize);
        }
        let step = Step {
            rate: self.rate,
            server_cores,
            client_cores,
            sent_late: self.sent_late,
            n_traded: self.n_traded,
            n_starved: self.n_starved,
            refusals: self.refusals,
            n_done: self.n_done,
            took: self.last_reply.max(Duration::from_nanos(self.n_due * 1_000_000_000 / self.rate)),
            by_task,
        };
        (step, self.n_due)
    }
}

/// What the generator wants to know of a reply. Members come in the order in which the gateway
/// writes them: reading all of the JSON would cost as much as writing it.
struct Reply {
    id: u64,
    code: Option<i64>,
    order: Option<String>,
    has_traded: bool,
}

impl Reply {
    fn read(text: &str) -> Reply {
        let id = text.split_once(r#""id":"#).map(|(_, rest)| rest).unwrap_or_default();
        let digits = id.bytes().take_while(u8::is_ascii_digit).count();
        let (id, rest) = id.split_at(digits);
        let code = rest.strip_prefix(r#","error":{"code":"#).map(|rest| {
            let code = rest.split([',', '}']).next().unwrap_or_default();
            code.parse().expect("a code is a number")
        });
        Reply {
            id: id.parse().unwrap_or_else(|_| panic!("a reply without an id: {text}")),
            code,
            order: order_id(rest).map(str::to_owned),
            has_traded: rest.contains(r#""trades":[{"#),
        }
    }
}

/// The id of the first order in a reply.
pub fn order_id(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(r#""order_id":""#)?;
    rest.split('"').next()
}

fn resting(n: u64) -> String {
    let price = 95_000 + n % LEVELS;
    format!(r#"{{"instrument_name":"{INSTRUMENT}","amount":10,"type":"limit","price":{price}}}"#)
}

fn trading(time_in_force: &str) -> String {
    format!(
        r#"{{"instrument_name":"{INSTRUMENT}","amount":10,"type":"limit","price":97000,"time_in_force":"{time_in_force}"}}"#
    )
}
