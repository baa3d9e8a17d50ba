//! What three machines cost: three processes on this one, over loopback, each with its own log.
//!
//! `cargo bench -p replica --bench replicated`. This process starts three others (itself, as
//! nodes), and asks the one that leads for one load after the other. Between them it measures what
//! nobody can be faster than: a sync of the device, a round trip over loopback, and both on three.
//! Where etcd is installed, three nodes of it take turns with ours in each round: one cluster has
//! no load while the other is measured. Medians of rounds are printed. Results and machine:
//! `docs/benchmarks/cluster.md`.
#![expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]
#![expect(clippy::print_stderr, reason = "and says there why it ended")]

mod cluster;
mod etcd;
mod load;
mod quorum;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use replica::{Class, Feed, Handle};
use tokio::sync::mpsc;
use types::Proposal;

use cluster::node::Node;
use cluster::{FOUNDERS, Nodes, node_arguments};
use etcd::Etcd;
use load::{Device, Stolen, file_system, order, set_up, sorted};
use quorum::Quorum;

const ROUNDS: usize = 5;
const BURST: Duration = Duration::from_millis(1_500);
type Series = BTreeMap<&'static str, Vec<f64>>;

fn main() {
    match node_arguments() {
        Some(arguments) => node(&arguments),
        None => drive(),
    }
}

// ── The driver ──────────────────────────────────────────────────────────────────────────────────

fn drive() {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    println!("directory on {}", file_system(root.path()));
    let mut etcd = Etcd::start(root.path());
    match &etcd {
        Ok(_) => println!("etcd: three nodes beside ours, data in the same directory"),
        Err(why) => println!("etcd: SKIPPED: {why}"),
    }
    let mut floor = (Device::new(&root.path().join("device")), Quorum::start(root.path()));
    let mut nodes = Nodes::start(root.path(), 3);
    let leader = nodes.leader();
    nodes.ask(leader, "setup");
    let mut series = Series::new();
    for round in 1..=ROUNDS {
        let stolen = Stolen::begin();
        take_turns(&mut series, &mut nodes, leader, etcd.as_mut().ok());
        measure(&mut series, &mut floor, &mut nodes, leader);
        series.entry(Stolen::NAME).or_default().push(stolen.percent());
        println!("round {round} of {ROUNDS} is done");
    }
    print(&series);
    if etcd.is_ok() {
        compare(&series);
    }
    // The faults that follow are ours alone.
    drop(etcd);
    println!("all three nodes applied entry {}", nodes.wait_level());
    lose_a_follower(&series, &mut nodes, leader);
    lose_leaders(&mut nodes, leader);
}

/// Our writers, and the same number of etcd's clients, each with so many in flight.
struct Turn {
    n_writers: usize,
    in_flight: usize,
    ours: [&'static str; 3],
    etcd: [&'static str; 3],
}

const MANY_P99: &str = "c 64 writers, 1 in flight each, p99 µs";
const BARE_P50: &str = "a bare quorum of three, no consensus and no engine, p50 µs";
const ONE_P50: &str = "b one writer, p50 µs";
const FLOOD: &str = "d 64 writers, 64 in flight each, commands/s";
/// What a venue is to carry, in commands a second.
const GOAL: f64 = 300_000.0;
const TURNS: [Turn; 3] = [
    Turn {
        n_writers: 64,
        in_flight: 1,
        ours: [
            "c 64 writers, 1 in flight each, commands/s",
            "c 64 writers, 1 in flight each, p50 µs",
            MANY_P99,
        ],
        etcd: ["etcd, 64 clients, puts/s", "etcd, 64 clients, p50 µs", "etcd, 64 clients, p99 µs"],
    },
    Turn {
        n_writers: 1,
        in_flight: 1,
        ours: ["b one writer, commands/s", ONE_P50, "b one writer, p99 µs"],
        etcd: ["etcd, one client, puts/s", "etcd, one client, p50 µs", "etcd, one client, p99 µs"],
    },
    Turn {
        n_writers: 64,
        in_flight: 64,
        ours: [
            FLOOD,
            "d 64 writers, 64 in flight each, p50 µs",
            "d 64 writers, 64 in flight each, p99 µs",
        ],
        etcd: [
            "etcd, 64 clients, 64 in flight each, puts/s",
            "etcd, 64 clients, 64 in flight each, p50 µs",
            "etcd, 64 clients, 64 in flight each, p99 µs",
        ],
    },
];

/// One cluster has no load while the other is measured.
fn take_turns(series: &mut Series, nodes: &mut Nodes, leader: u64, mut etcd: Option<&mut Etcd>) {
    let mut push = |names: [&'static str; 3], figures: &[f64]| {
        for (name, figure) in names.into_iter().zip(figures) {
            series.entry(name).or_default().push(*figure);
        }
    };
    for turn in TURNS {
        let in_flight = turn.n_writers * turn.in_flight;
        push(turn.ours, &nodes.ask(leader, &format!("many {in_flight}")));
        // What the followers still have to apply is load, too.
        nodes.wait_level();
        if let Some(etcd) = &mut etcd {
            push(turn.etcd, &etcd.measure(turn.n_writers, turn.in_flight));
        }
    }
}

fn measure(
    series: &mut Series,
    (device, quorum): &mut (Device, Quorum),
    nodes: &mut Nodes,
    leader: u64,
) {
    let mut push = |name, figure| series.entry(name).or_default().push(figure);
    push("a device: 128 B + fdatasync, p50 µs", device.p50(128));
    push("a loopback round trip of 200 B, p50 µs", quorum::round_trip_us());
    push(BARE_P50, quorum.p50_us());
    let flood = *series[FLOOD].last().expect("it took its turn");
    let loads = [
        (
            GOAL / 2.0,
            ["e at 150 000/s, reached", "e at 150 000/s, p50 µs", "e at 150 000/s, p99 µs"],
        ),
        (
            flood / 2.0,
            ["f at half of d, reached", "f at half of d, p50 µs", "f at half of d, p99 µs"],
        ),
    ];
    for (per_s, names) in loads {
        let paced = nodes.ask(leader, &format!("paced {per_s:.0}"));
        for (name, figure) in names.into_iter().zip(paced) {
            series.entry(name).or_default().push(figure);
        }
        nodes.wait_level();
    }
}

/// Round by round, so that a change of the machine's load meets both sides of a ratio.
fn compare(series: &Series) {
    for Turn { n_writers, in_flight, ours, etcd } in TURNS {
        let ratio = |at: usize| {
            let pairs = series[ours[at]].iter().zip(&series[etcd[at]]);
            let ratios = sorted(&pairs.map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>());
            let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
            format!("{:.2} times, from {least:.2} to {most:.2}", ratios[ratios.len() / 2])
        };
        let what = format!("{n_writers} with {in_flight} in flight each, ours to etcd's");
        println!("{what}: commands/s {}", ratio(0));
        println!("{what}: p50 {}; p99 {}", ratio(1), ratio(2));
    }
}

fn lose_a_follower(series: &Series, nodes: &mut Nodes, leader: u64) {
    let follower = *FOUNDERS.iter().find(|id| **id != leader).expect("three");
    nodes.kill(follower);
    let dead: Vec<f64> = (0..ROUNDS).map(|_| nodes.ask(leader, "many 64")[2]).collect();
    let (p99, with_dead) = (sorted(&series[MANY_P99])[ROUNDS / 2], sorted(&dead)[ROUNDS / 2]);
    println!("g with a dead follower, p99 µs: {with_dead:.0}, {:.2} times", with_dead / p99);
    nodes.spawn(follower);
}

fn lose_leaders(nodes: &mut Nodes, mut leader: u64) {
    let mut gaps = Vec::new();
    for _ in 0..20 {
        nodes.wait_level();
        nodes.kill(leader);
        let begin = Instant::now();
        let old = leader;
        leader = nodes.leader();
        nodes.ask(leader, "write");
        gaps.push(begin.elapsed().as_secs_f64() * 1e3);
        nodes.spawn(old);
    }
    let gaps = sorted(&gaps);
    let at = |part: usize| gaps[(gaps.len() - 1) * part / 100];
    println!(
        "h kill -9 of the leader, until a write is applied, ms: p50 {:.0}, p90 {:.0}, most {:.0}",
        at(50),
        at(90),
        at(100)
    );
}

fn print(series: &Series) {
    for (name, figures) in series {
        let sorted = sorted(figures);
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        println!("{name}: median {:.0}, from {least:.0} to {most:.0}", sorted[sorted.len() / 2]);
    }
    let median = |name: &str| sorted(&series[name])[ROUNDS / 2];
    let floor = median("a device: 128 B + fdatasync, p50 µs")
        + median("a loopback round trip of 200 B, p50 µs");
    println!("b one writer: {:.2} times device + loopback", median(ONE_P50) / floor);
    println!("b one writer: {:.2} times a bare quorum", median(ONE_P50) / median(BARE_P50));
}

// ── A node ──────────────────────────────────────────────────────────────────────────────────────

fn node(arguments: &[String]) {
    let (publish, batches) = mpsc::unbounded_channel();
    let sink = move |feed| {
        let done: Vec<u64> = match feed {
            Feed::Applied(applied) => applied.entries.iter().map(|entry| entry.tag).collect(),
            // A leader that lost its quorum for a moment: the load goes on without them.
            Feed::Refused { tags, .. } | Feed::Unknown { tags } => tags,
            Feed::Snapshot(pending) => {
                thread::spawn(move || pending.store(Vec::new()).expect("stores"));
                return;
            }
            _ => return,
        };
        // Between two loads nobody listens.
        let _ = publish.send((Instant::now(), done));
    };
    let node = Node::start(arguments, |_| (), sink);
    let handle = node.replica.handle();
    let desk = Desk { handle, batches: batches.into(), tag: Cell::new(1) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("builds");
    node.answer(|word, figures| match (word, figures) {
        ("setup", []) => desk.set_up(),
        ("write", []) => desk.one(&runtime),
        ("many", [in_flight]) => desk.many(&runtime, *in_flight as usize),
        ("paced", [pace]) => desk.paced(&runtime, *pace),
        other => panic!("no such question: {other:?}"),
    });
}

/// Submits, and hears of what was applied.
struct Desk {
    handle: Handle,
    batches: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Instant, Vec<u64>)>>,
    tag: Cell<u64>,
}

impl Desk {
    fn submit(&self, n: u64) -> u64 {
        let tag = self.tag.get();
        self.tag.set(tag + 1);
        submit(&self.handle, tag, n);
        tag
    }

    fn set_up(&self) -> Vec<f64> {
        for command in set_up() {
            self.handle.submit(Class::Order, Proposal { tag: 0, command }).expect("is let in");
        }
        vec![0.0]
    }

    /// One command, until it is applied.
    fn one(&self, runtime: &tokio::runtime::Runtime) -> Vec<f64> {
        let mut tag = self.submit(1);
        runtime.block_on(async {
            let mut batches = self.batches.lock().await;
            loop {
                let waited = tokio::time::timeout(Duration::from_millis(1_000), batches.recv());
                match waited.await {
                    Ok(applied) => {
                        let (_, tags) = applied.expect("the replica runs");
                        if tags.contains(&tag) {
                            return vec![0.0];
                        }
                    }
                    // A new leader may have refused it: it is asked again.
                    Err(_) => tag = self.submit(1),
                }
            }
        })
    }

    /// So many in flight: commands a second, p50 and p99 in µs.
    fn many(&self, runtime: &tokio::runtime::Runtime, in_flight_max: usize) -> Vec<f64> {
        let begin = Instant::now();
        let mut times: Vec<Duration> = Vec::new();
        let mut waiting: BTreeMap<u64, Instant> = BTreeMap::new();
        let mut n = 0;
        runtime.block_on(async {
            let mut batches = self.batches.lock().await;
            while begin.elapsed() < BURST || !waiting.is_empty() {
                while begin.elapsed() < BURST && waiting.len() < in_flight_max {
                    waiting.insert(self.submit(n), Instant::now());
                    n += 1;
                }
                let (at, tags) = batches.recv().await.expect("the replica runs");
                times.extend(tags.iter().filter_map(|tag| Some(at - waiting.remove(tag)?)));
            }
        });
        figures(times, begin.elapsed())
    }

    /// So many a second, each of which begins when it is due, also if it is late.
    fn paced(&self, runtime: &tokio::runtime::Runtime, per_s: f64) -> Vec<f64> {
        let (begin, first) = (Instant::now(), self.tag.get());
        let due = |n: u64| begin + Duration::from_secs_f64(n as f64 / per_s);
        let n_all = (BURST.as_secs_f64() * per_s) as u64;
        self.tag.set(first + n_all);
        let mut times: Vec<Duration> = Vec::new();
        thread::scope(|scope| {
            // Of its own, as those who send do not wait for those who are answered.
            let handle = &self.handle;
            scope.spawn(move || {
                for n in 0..n_all {
                    while Instant::now() < due(n) {
                        thread::sleep(Duration::from_micros(50));
                    }
                    submit(handle, first + n, n);
                }
            });
            runtime.block_on(async {
                let mut batches = self.batches.lock().await;
                while times.len() < n_all as usize {
                    let (at, tags) = batches.recv().await.expect("the replica runs");
                    let ours = tags.iter().filter_map(|tag| tag.checked_sub(first));
                    times.extend(ours.map(|n| at.saturating_duration_since(due(n))));
                }
            });
        });
        figures(times, begin.elapsed())
    }
}

fn submit(handle: &Handle, tag: u64, n: u64) {
    let command = order(usize::try_from(n).expect("small") % load::SUBMITTERS, n / 64);
    let proposal = Proposal { tag, command };
    while handle.submit(Class::Order, proposal.clone()).is_err() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Commands a second, p50 and p99 in µs.
fn figures(mut times: Vec<Duration>, took: Duration) -> Vec<f64> {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
    vec![times.len() as f64 / took.as_secs_f64(), at(50), at(99)]
}
