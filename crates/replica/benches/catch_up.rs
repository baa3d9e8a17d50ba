//! What a snapshot of a large state costs those who trade, and how a new node catches up.
//!
//! `cargo bench -p replica --bench catch_up`. Three processes (as in `replicated`) come to a state
//! of 1 000 000 open orders and 100 000 accounts. While 64 traders go on at a moderate pace, each
//! of the three stores a snapshot in its turn; then a fourth that has nothing joins, and gets a
//! snapshot and the log since. What the traders see is compared with what they saw before. It does
//! not kill anybody: `replicated` does. Results: `docs/benchmarks/cluster.md`.
#![expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]
#![expect(clippy::print_stderr, reason = "and says there how far it is")]

mod catch_up_node;
mod cluster;
mod load;
mod resting;
mod traders;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cluster::{FOUNDERS, Nodes, node_arguments};
use load::{Device, Stolen, file_system};
use traders::now;

/// Entries after which a node stores a snapshot; those of the others are due after one and two
/// thirds of them. What is stored while the state is come to is not measured, and is what those
/// that are measured begin with, as all later ones do.
const SNAPSHOT_ENTRIES: u64 = 3 * TURN_ENTRIES;
const TURN_ENTRIES: u64 = 407_000;
/// What 64 traders send in a second: about a tenth of what they could.
const PER_S: u64 = 5_000;
/// How long they trade before the snapshot, at least, and between two measurements.
const BEFORE_S: u64 = 12;
const REST_S: u64 = 3;
/// Entries of the replicated log that make a node forget its beginning when it stores a snapshot:
/// what it keeps behind one, and some. A node that joins later needs the snapshot.
const INDEX_MIN: f64 = 105_000.0;
/// A node that lags no more may be given a vote.
const NEAR: f64 = 1_000.0;
const NEW: u64 = 4;

fn main() {
    match node_arguments() {
        Some(arguments) => catch_up_node::run(&arguments, SNAPSHOT_ENTRIES),
        None => drive(),
    }
}

fn drive() {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    println!("directory on {}", file_system(root.path()));
    let device = Device::new(&root.path().join("device")).p50(128);
    println!("device: 128 B + fdatasync, p50 µs: {device:.0}");
    let mut nodes = Nodes::start(root.path(), NEW);
    let leader = nodes.leader();
    let mut progress = Progress(Instant::now());
    build(&mut nodes, leader, &mut progress);
    lengthen_log(&mut nodes, leader, &mut progress);
    let mut seen = Seen { nodes: &mut nodes, leader, before: None };
    let stolen = Stolen::begin();
    for _ in FOUNDERS {
        let trading = trade_until_a_turn_is_near(&mut seen, &mut progress);
        let stored = snapshot(seen.nodes, trading, &mut progress);
        if seen.before.is_none() {
            // What is due at the last moment is answered late.
            seen.print("before", trading + REST_S as f64, stored.began - 0.1);
        }
        print_snapshot(&mut seen, &stored);
    }
    print_stolen("before the snapshots, and while they were made", &stolen);
    print_memory(seen.nodes, "after the snapshots");
    thread::sleep(Duration::from_secs(REST_S));
    catch_up(&mut seen, root.path(), &mut progress);
    check(&mut nodes, leader);
}

/// Says how far it is when two seconds have passed.
struct Progress(Instant);

impl Progress {
    fn say(&mut self, words: impl FnOnce() -> String) {
        if Duration::from_secs(2) <= self.0.elapsed() {
            eprintln!("… {}", words());
            self.0 = Instant::now();
        }
    }
}

/// Comes to the state.
fn build(nodes: &mut Nodes, leader: u64, progress: &mut Progress) {
    const SLICE: u32 = 20_000;
    nodes.ask(leader, "market");
    for (what, n) in [("accounts", resting::n_accounts()), ("orders", resting::ORDERS)] {
        for from in (0..n).step_by(SLICE as usize) {
            nodes.ask(leader, &format!("{what} {from} {}", n.min(from + SLICE)));
            progress.say(|| format!("{from} of {n} {what} are asked for"));
        }
    }
    // Told by the engine's thread: all that was asked before has been applied, or is refused.
    let asked = Instant::now();
    while nodes.ask(leader, "state")[1] < f64::from(resting::ORDERS) {
        assert!(asked.elapsed() < Duration::from_secs(120), "some orders were refused");
        progress.say(|| "waiting until they rest".into());
        thread::sleep(Duration::from_millis(50));
    }
    let state = nodes.ask(leader, "state");
    let level = nodes.wait_level();
    println!("state: {} accounts, {} open orders, after entry {level}", state[0], state[1]);
    print_memory(nodes, "with the state at rest");
}

/// So long that its beginning is forgotten.
fn lengthen_log(nodes: &mut Nodes, leader: u64, progress: &mut Progress) {
    nodes.ask(leader, "trade 4 inf");
    loop {
        let index = nodes.ask(leader, "index")[0];
        if INDEX_MIN <= index {
            break;
        }
        progress.say(|| format!("the log has {index} entries of consensus, of {INDEX_MIN}"));
        thread::sleep(Duration::from_millis(50));
    }
}

/// Fills the log until somebody's turn to store a snapshot is near, and lets the traders go on at
/// their pace: since when.
fn trade_until_a_turn_is_near(seen: &mut Seen<'_>, progress: &mut Progress) -> f64 {
    let Seen { nodes, leader, .. } = seen;
    let applied = nodes.ask(*leader, "applied")[0] as u64;
    let enough = (applied + PER_S * BEFORE_S).next_multiple_of(TURN_ENTRIES) - PER_S * BEFORE_S;
    nodes.ask(*leader, "trade 1024 inf");
    while nodes.ask(*leader, "applied")[0] + 20_000.0 < enough as f64 {
        progress.say(|| "the log is filled until a snapshot is near".into());
        thread::sleep(Duration::from_millis(5));
    }
    settle(nodes, *leader);
    nodes.wait_level();
    // The disk has its own work to finish, which is not what the traders usually see.
    thread::sleep(Duration::from_secs(3 * REST_S));
    nodes.ask(*leader, &format!("trade 64 {PER_S}"));
    now()
}

/// The traders rest, and everything that they sent has been answered.
fn settle(nodes: &mut Nodes, leader: u64) {
    nodes.ask(leader, "trade 0 0");
    let now = now();
    nodes.ask(leader, &format!("between {now:.6} {now:.6}"));
}

/// A snapshot that a node has stored.
struct Stored {
    node: u64,
    began: f64,
    /// When its engine's thread was free again.
    freed: f64,
    stored: f64,
    bytes: f64,
}

/// The first that is begun after a moment, once it is stored.
fn snapshot(nodes: &mut Nodes, after: f64, progress: &mut Progress) -> Stored {
    loop {
        for node in FOUNDERS {
            if let [began, freed, stored, bytes] = nodes.ask(node, "snapshot")[..]
                && after <= began
            {
                return Stored { node, began, freed, stored, bytes };
            }
        }
        progress.say(|| "trading until a snapshot is due and stored".into());
        thread::sleep(Duration::from_millis(50));
    }
}

fn print_snapshot(seen: &mut Seen<'_>, stored: &Stored) {
    let Stored { node, began, freed, stored, bytes } = *stored;
    let role = if node == seen.leader { "leads" } else { "follows" };
    println!(
        "snapshot of node {node}, which {role}: {:.2} s, of which it held the engine {:.3} s; \
         {bytes:.0} bytes",
        stored - began,
        freed - began,
    );
    seen.print("… while it is made and stored", began, stored);
}

fn catch_up(seen: &mut Seen<'_>, root: &Path, progress: &mut Progress) {
    let (leader, stolen, begin) = (seen.leader, Stolen::begin(), now());
    seen.nodes.spawn(NEW);
    seen.nodes.ask(leader, "learn");
    let added = now();
    let near = loop {
        let ours = seen.nodes.ask(leader, "applied")[0];
        let theirs = seen.nodes.ask(NEW, "applied")[0];
        if 0.0 < theirs && ours - theirs <= NEAR {
            break theirs;
        }
        progress.say(|| format!("the new node has applied {theirs} of {ours} entries"));
        thread::sleep(Duration::from_millis(5));
    };
    let end = now();
    print_stolen("while the new node caught up", &stolen);
    let restored = seen.nodes.ask(NEW, "restored");
    let [snapshot_seq, restored_at] = restored[..] else { panic!("it got no snapshot") };
    println!(
        "catch-up: {:.2} s, of which {:.2} s until the process is a learner, {:.2} s until the \
         snapshot is installed",
        end - begin,
        added - begin,
        restored_at - added,
    );
    let snapshot =
        root.join("node-4").join(journal::snapshot::file_name(types::Seq(snapshot_seq as u64)));
    let bytes = std::fs::metadata(snapshot).expect("it is there").len();
    let log = log_bytes(&root.join("node-4"), snapshot_seq as u64, near as u64);
    println!("sent, without what TLS adds: {bytes} bytes of the snapshot, {log} bytes of the log");
    seen.print("while the new node catches up", begin, end);
    seen.print("… until it has the snapshot", begin, restored_at);
    thread::sleep(Duration::from_secs(REST_S));
    seen.print("after it, with four nodes", end, now());
    print_memory(seen.nodes, "after the catch-up");
}

/// The bodies of the entries after one and up to another.
fn log_bytes(dir: &Path, after: u64, last: u64) -> u64 {
    let from = types::Seq(after + 1);
    let mut reader = journal::Reader::open(dir, from).expect("the log opens");
    let mut bytes = 0;
    while let Ok(Some(record)) = reader.next_record() {
        if last < record.seq.0 {
            break;
        }
        bytes += record.body.len() as u64;
    }
    bytes
}

/// What the traders see, against what they saw at first.
struct Seen<'a> {
    nodes: &'a mut Nodes,
    leader: u64,
    before: Option<(f64, f64)>,
}

impl Seen<'_> {
    fn print(&mut self, what: &str, begin: f64, end: f64) {
        let told = self.nodes.ask(self.leader, &format!("between {begin:.6} {end:.6}"));
        let [n, p50, p99, most] = told[..] else { panic!("four figures") };
        let before = *self.before.get_or_insert((p50, p99));
        println!(
            "{what} ({:.2} s, {n} commands): p50 {p50:.0} µs, {:.2} times; p99 {p99:.0} µs, {:.2} \
             times; most {most:.0} µs",
            end - begin,
            p50 / before.0,
            p99 / before.1,
        );
    }
}

fn print_stolen(when: &str, stolen: &Stolen) {
    println!("{when}, {}: {:.0}", Stolen::NAME, stolen.percent());
}

/// Resident, and the most that it was.
fn print_memory(nodes: &mut Nodes, when: &str) {
    let all = nodes.ask_all("memory");
    let each = all.iter().map(|told| format!("{:.0} ({:.0})", told[0], told[1]));
    let each: Vec<String> = each.collect();
    println!("memory of each node {when}, MB (and the most so far): {}", each.join(", "));
}

/// All have come to the same state, and the leader is who it was.
fn check(nodes: &mut Nodes, leader: u64) {
    settle(nodes, leader);
    let level = nodes.wait_level();
    let roots = nodes.ask_all("root");
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "{roots:?}");
    assert_eq!(nodes.leader(), leader, "the lead has changed hands");
    println!("all four nodes applied entry {level}, and have the same root");
    let alone: Vec<f64> = (0..5).map(|_| nodes.ask(leader, "encode")[0]).collect();
    println!("to encode the state with nobody about: {:.3} s", load::sorted(&alone)[2]);
}
