//! A node of the benchmark of catching up: what it is asked, and when its snapshots were.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use replica::raft::RaftReplica;
use replica::{Class, Feed, Handle, PendingSnapshot};
use types::codec::Codec;
use types::{Command, Proposal};

use crate::cluster::node::{Node, member};
use crate::traders::{Pace, Traders, now};
use crate::{NEW, load, resting};

/// What the feed has said, in seconds since 1970.
#[derive(Default)]
struct Moments {
    /// Began, engine free again, stored; and bytes.
    snapshot: Vec<f64>,
    /// After which entry, and when.
    restored: Vec<f64>,
}

pub fn run(arguments: &[String], snapshot_entries: u64) {
    let moments = Arc::<Mutex<Moments>>::default();
    let (publish, tags) = mpsc::channel();
    let dir = Path::new(&arguments[1]).join(format!("node-{}", arguments[0]));
    let sink = sink(dir, moments.clone(), publish);
    let node = Node::start(arguments, |config| config.snapshot_entries = snapshot_entries, sink);
    let address = arguments[1 + NEW as usize].clone();
    let handle = node.replica.handle();
    let traders = Traders::start(handle.clone(), tags);
    let moments = || moments.lock().expect("held for an instant");
    node.answer(|word, figures| match (word, figures) {
        ("market", []) => submit(&handle, load::set_up()),
        ("accounts", [from, to]) => {
            submit(&handle, (*from as u32..*to as u32).flat_map(resting::account))
        }
        ("orders", [from, to]) => submit(&handle, (*from as u32..*to as u32).map(resting::order)),
        ("state", []) => {
            let counts = handle.inspect(|engine| (engine.n_accounts(), engine.n_open_orders()));
            // One that has too much to do is asked again.
            let (n_accounts, n_orders) = counts.unwrap_or_default();
            vec![f64::from(n_accounts), f64::from(n_orders)]
        }
        ("trade", [in_flight_max, per_s]) => {
            traders.set(Pace { in_flight_max: *in_flight_max as usize, per_s: *per_s });
            vec![0.0]
        }
        ("between", [begin, end]) => traders.between(*begin, *end),
        ("index", []) => {
            vec![node.replica.standing().status().last_index.unwrap_or(0) as f64]
        }
        ("snapshot", []) => moments().snapshot.clone(),
        ("restored", []) => moments().restored.clone(),
        ("learn", []) => learn(&node.replica, &address),
        ("memory", []) => memory(),
        ("encode", []) => vec![encode_s(&handle)],
        ("root", []) => {
            let (seq, root, _) = handle.root().expect("it runs");
            let words =
                root.chunks(4).map(|four| four.iter().fold(0, |sum, b| sum << 8 | u32::from(*b)));
            words.map(f64::from).chain([seq.0 as f64]).collect()
        }
        other => panic!("no such question: {other:?}"),
    });
}

/// Passes the tags on, and notes when a snapshot is asked for: its engine does nothing else between
/// the last batch and that.
fn sink(
    dir: PathBuf,
    moments: Arc<Mutex<Moments>>,
    publish: mpsc::Sender<Vec<u64>>,
) -> impl FnMut(Feed) + Send {
    let mut last = now();
    move |feed| match feed {
        Feed::Applied(applied) => {
            last = now();
            let tags = applied.entries.iter().map(|entry| entry.tag).filter(|tag| *tag != 0);
            // Nobody listens once the traders have ended.
            let _ = publish.send(tags.collect());
        }
        Feed::Snapshot(pending) => {
            let (dir, began, moments) = (dir.clone(), last, moments.clone());
            let freed = now();
            thread::spawn(move || store(&dir, pending, &moments, (began, freed)));
        }
        Feed::Restored { seq, .. } if 0 < seq.0 => {
            moments.lock().expect("held for an instant").restored = vec![seq.0 as f64, now()];
        }
        Feed::Refused { why, .. } => panic!("the traders were refused: {why}"),
        Feed::Unknown { .. } => panic!("the lead has changed hands"),
        Feed::Restored { .. } | Feed::Replayed(_) | Feed::Live => {}
    }
}

fn store(
    dir: &Path,
    pending: PendingSnapshot,
    moments: &Mutex<Moments>,
    (began, freed): (f64, f64),
) {
    let path = dir.join(journal::snapshot::file_name(pending.seq()));
    pending.store(Vec::new()).expect("stores");
    let (stored, bytes) = (now(), std::fs::metadata(path).expect("it is there").len());
    moments.lock().expect("held for an instant").snapshot =
        vec![began, freed, stored, bytes as f64];
}

fn submit(handle: &Handle, commands: impl IntoIterator<Item = Command>) -> Vec<f64> {
    for command in commands {
        while handle.submit(Class::Order, Proposal { tag: 0, command: command.clone() }).is_err() {
            thread::sleep(Duration::from_millis(1));
        }
    }
    vec![0.0]
}

fn learn(replica: &RaftReplica, port: &String) -> Vec<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
    let added = runtime.block_on(replica.standing().add_learner(NEW, member(port)));
    added.expect("it is added");
    vec![0.0]
}

/// How long the engine's thread would take to encode the state.
fn encode_s(handle: &Handle) -> f64 {
    let took = handle.inspect(|engine| {
        let begin = Instant::now();
        engine.encode(&mut Vec::new());
        begin.elapsed()
    });
    took.expect("it runs").as_secs_f64()
}

/// Resident, and the most that it was, in MB.
fn memory() -> Vec<f64> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    ["VmRSS:", "VmHWM:"].map(|name| field(name).unwrap_or(f64::NAN) / 1e3).to_vec()
}
