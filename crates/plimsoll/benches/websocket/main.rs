//! Orders through the real gateway: the binary serves, and this process trades over loopback.
//!
//! ```text
//!   one connection, one request at a time ─▶ round trips, beside the device's own sync
//!   8 connections, requests on a schedule ─▶ rate after rate, until the venue does not keep up
//! ```
//! `cargo bench -p plimsoll --bench websocket`. For a profile: `-- --rate 5000 --seconds 30` holds
//! one rate and prints the server's process id. `-- --subscribers 10000` tells notices to so many
//! connections instead (two descriptors each: see `ulimit -n`). `--binary PATH` measures another
//! build of the server, `--home DIR` another disk.
//!
//! The generator is open-loop: a request leaves when the schedule says so, whatever the replies do,
//! and its latency counts from that time, so a stall is paid by every request that it delays.
//! Results and machine: `docs/benchmarks/websocket.md`.
#![expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]

mod crowd;
mod device;
mod figures;
mod load;
mod server;
mod socket;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use device::Device;
use figures::{Latencies, micros};
use load::{Load, Step, Task};
use server::Server;
use socket::Socket;

/// Offered requests a second, one after the other.
const RATES: &[u64] =
    &[1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000, 150_000];
const STEP: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(2);
/// A rate is kept if so much of it is answered, and 99 % of the answers come within the limit.
const ACHIEVED_MIN: f64 = 0.98;
const P99_MAX: Duration = Duration::from_millis(100);
/// Rounds of device and round trips, in turn.
const ROUNDS: usize = 10;
const OPERATIONS: usize = 60;

fn main() {
    let options = Options::read();
    let home = tempfile::tempdir_in(&options.home).expect("a directory");
    let server = Server::start(&options.binary, home.path());
    println!("server: process {}; load before: {}", server.id(), server::load_average());
    if let Some(size) = options.subscribers {
        return crowd::tell(&server, size);
    }
    let mut load = Load::start(&server);
    match options.rate {
        Some(rate) => hold(&mut load, &server, (rate, options.duration)),
        None => {
            round_trips(&server, home.path());
            climb(&mut load, &server);
        }
    }
    println!("load after: {}", server::load_average());
}

struct Options {
    binary: PathBuf,
    home: PathBuf,
    rate: Option<u64>,
    subscribers: Option<usize>,
    duration: Duration,
}

impl Options {
    fn read() -> Options {
        let mut options = Options {
            binary: env!("CARGO_BIN_EXE_plimsoll").into(),
            home: env!("CARGO_TARGET_TMPDIR").into(),
            rate: None,
            subscribers: None,
            duration: Duration::from_secs(20),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("a value after the flag");
            match word.as_str() {
                "--binary" => options.binary = value().into(),
                "--home" => options.home = value().into(),
                "--rate" => options.rate = Some(value().parse().expect("requests a second")),
                "--subscribers" => options.subscribers = Some(value().parse().expect("a number")),
                "--seconds" => {
                    options.duration = Duration::from_secs(value().parse().expect("seconds"));
                }
                // What cargo passes to every benchmark.
                "--bench" => (),
                other => panic!("{other}: use --binary, --home, --rate, --seconds, --subscribers"),
            }
        }
        options
    }
}

/// Holds one rate.
fn hold(load: &mut Load, server: &Server, (rate, duration): (u64, Duration)) {
    let step = load.run(server, rate, duration);
    print_head();
    print_step(&step);
    print_faults(&[step]);
}

/// Raises the rate until the venue does not keep up.
fn climb(load: &mut Load, server: &Server) {
    load.run(server, RATES[0], WARM_UP);
    print_head();
    let mut steps = Vec::new();
    for &rate in RATES {
        let step = load.run(server, rate, STEP);
        print_step(&step);
        let keeps_up = step.keeps_up(ACHIEVED_MIN, P99_MAX);
        steps.push(step);
        if !keeps_up {
            break;
        }
    }
    print_faults(&steps);
}

fn print_head() {
    println!();
    println!(
        "| offered/s | answered/s | request | n | p50 | p90 | p99 | p99.9 | most | sent late, p99 | \
         cores: server, client |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
}

fn print_step(step: &Step) {
    for task in [Task::Rest, Task::Cancel, Task::Take] {
        let latencies = step.latencies(task);
        let [p50, p90, p99, p999, most] =
            [0.5, 0.9, 0.99, 0.999, 1.0].map(|share| micros(latencies.at(share)));
        println!(
            "| {} | {:.0} | {} | {} | {p50} | {p90} | {p99} | {p999} | {most} | {} | {:.2}, {:.2} |",
            step.rate,
            step.achieved(),
            task.words(),
            latencies.len(),
            micros(step.sent_late.at(0.99)),
            step.server_cores,
            step.client_cores,
        );
    }
}

fn print_faults(steps: &[Step]) {
    println!();
    println!("| offered/s | takes that traded | cancels replaced by orders | refusals by code |");
    println!("|---|---|---|---|");
    for step in steps {
        let refusals = step.refusals.iter().map(|(code, count)| format!("{code}: {count}"));
        let refusals = refusals.collect::<Vec<_>>().join(", ");
        println!(
            "| {} | {} of {} | {} | {} |",
            step.rate,
            step.n_traded,
            step.latencies(Task::Take).len(),
            step.n_starved,
            if refusals.is_empty() { "none" } else { &refusals },
        );
    }
}

/// One request at a time, in turn with the device: a change of the machine's load meets both.
fn round_trips(server: &Server, home: &std::path::Path) {
    let mut device = Device::new(&home.join("device"));
    let mut socket = Socket::connect(server.address());
    server.log_in(&mut socket, 0);
    let mut rows = [
        ("device: 128 B into a file of zeros, then fdatasync", Latencies::default()),
        ("`public/get_time`", Latencies::default()),
        ("`private/buy`, rests", Latencies::default()),
        ("`private/cancel`", Latencies::default()),
    ];
    for _ in 0..ROUNDS {
        for _ in 0..OPERATIONS {
            rows[0].1.push(device.sync());
            rows[1].1.push(timed(|| drop(socket.call("public/get_time", "{}"))));
            let mut reply = String::new();
            rows[2].1.push(timed(|| reply = socket.call("private/buy", load::RESTING)));
            let order = load::order_id(&reply).expect("an order that rests has an id");
            let params = format!(r#"{{"order_id":"{order}"}}"#);
            rows[3].1.push(timed(|| reply = socket.call("private/cancel", &params)));
            assert!(reply.contains(r#""cancelled""#), "{reply}");
        }
    }
    println!();
    println!("| one at a time | p50 | p90 | p99 |");
    println!("|---|---|---|---|");
    for (name, mut latencies) in rows {
        latencies.sort();
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| micros(latencies.at(share)));
        println!("| {name} | {p50} | {p90} | {p99} |");
    }
}

fn timed(operation: impl FnOnce()) -> Duration {
    let start = Instant::now();
    operation();
    start.elapsed()
}
