//! What three machines cost: three processes on this one, over loopback, each with its own log.
//!
//! `cargo bench -p replica --bench replicated`. This process starts three others (itself, as
//! nodes), and asks the one that leads for one load after the other. Between them it measures what
//! nobody can be faster than: a sync of the device, and a round trip over loopback. Medians of
//! rounds are printed. Results and machine: `docs/benchmarks/cluster.md`.
#![expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]
#![expect(clippy::print_stderr, reason = "and says there why it ended")]

mod load;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use replica::raft::{Cluster, ClusterConfig, Member, RaftReplica, Role, TlsFiles};
use replica::{Class, Config, Feed, Handle};
use tokio::sync::mpsc;
use types::{AssetCode, At, Proposal};

use load::{Device, file_system, order, set_up, sorted};

const ROUNDS: usize = 5;
const BURST: Duration = Duration::from_millis(1_500);
const IDS: [u64; 3] = [1, 2, 3];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--node") {
        Some(at) => node(&arguments[at + 1..]),
        None => drive(),
    }
}

// ── The driver ──────────────────────────────────────────────────────────────────────────────────

fn drive() {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    println!("directory on {}", file_system(root.path()));
    let mut device = Device::new(&root.path().join("device"));
    let mut nodes = Nodes::start(root.path());
    let mut leader = nodes.leader();
    nodes.ask(leader, "setup");
    let mut series: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut push = |name, figure| series.entry(name).or_default().push(figure);
        push("a device: 128 B + fdatasync, p50 µs", device.p50(128));
        push("a loopback round trip of 200 B, p50 µs", round_trip_us());
        let one = nodes.ask(leader, "one");
        push("b one writer, p50 µs", one[0]);
        let many = nodes.ask(leader, "many 64 1");
        push("c 64 writers, 1 in flight each, commands/s", many[0]);
        push("c 64 writers, 1 in flight each, p50 µs", many[1]);
        push("c 64 writers, 1 in flight each, p99 µs", many[2]);
        let flood = nodes.ask(leader, "many 64 64");
        push("d 64 writers, 64 in flight each, commands/s", flood[0]);
        let paced = nodes.ask(leader, &format!("paced {:.0}", flood[0] / 2.0));
        push("e at half of that, reached commands/s", paced[0]);
        push("e at half of that, p50 µs", paced[1]);
        push("e at half of that, p99 µs", paced[2]);
    }
    print(&series);
    nodes.wait_level();
    println!("all three nodes applied entry {}", nodes.ask(leader, "applied")[0]);

    let follower = *IDS.iter().find(|id| **id != leader).expect("three");
    nodes.kill(follower);
    let mut dead = Vec::new();
    for _ in 0..ROUNDS {
        dead.push(nodes.ask(leader, "many 64 1")[2]);
    }
    let p99 = sorted(&series["c 64 writers, 1 in flight each, p99 µs"])[ROUNDS / 2];
    let with_dead = sorted(&dead)[ROUNDS / 2];
    println!("f with a dead follower, p99 µs: {with_dead:.0}, {:.2} times", with_dead / p99);
    nodes.spawn(follower);

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
        "g kill -9 of the leader, until a write is applied, ms: p50 {:.0}, p90 {:.0}, most {:.0}",
        at(50),
        at(90),
        at(100)
    );
}

fn print(series: &BTreeMap<&str, Vec<f64>>) {
    for (name, figures) in series {
        let sorted = sorted(figures);
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        println!("{name}: median {:.0}, from {least:.0} to {most:.0}", sorted[sorted.len() / 2]);
    }
    let median = |name: &str| sorted(&series[name])[ROUNDS / 2];
    let floor = median("a device: 128 B + fdatasync, p50 µs")
        + median("a loopback round trip of 200 B, p50 µs");
    println!("b one writer: {:.2} times device + loopback", median("b one writer, p50 µs") / floor);
}

fn round_trip_us() -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let echo = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        stream.set_nodelay(true).expect("sets");
        let mut bytes = [0; 200];
        while stream.read_exact(&mut bytes).is_ok() {
            stream.write_all(&bytes).expect("echoes");
        }
    });
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.set_nodelay(true).expect("sets");
    let mut bytes = [7; 200];
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

/// The three processes.
struct Nodes {
    root: PathBuf,
    ports: Vec<u16>,
    running: BTreeMap<u64, (Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Nodes {
    fn start(root: &Path) -> Nodes {
        certificates(root);
        let free: Vec<_> =
            IDS.iter().map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let ports = free.iter().map(|one| one.local_addr().expect("bound").port()).collect();
        drop(free);
        let mut nodes = Nodes { root: root.to_path_buf(), ports, running: BTreeMap::new() };
        IDS.iter().for_each(|id| nodes.spawn(*id));
        nodes
    }

    fn spawn(&mut self, id: u64) {
        let mut process = Process::new(std::env::current_exe().expect("this program"));
        process.arg("--node").arg(id.to_string()).arg(&self.root);
        process.args(self.ports.iter().map(u16::to_string));
        let child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        self.running.insert(id, (child, stdin, stdout));
    }

    fn kill(&mut self, id: u64) {
        // What it reads from is kept until it is dead: a node whose questions end stops by itself.
        let (mut child, _stdin, _stdout) = self.running.remove(&id).expect("it runs");
        child.kill().expect("kills");
        child.wait().expect("is gone");
    }

    fn ask(&mut self, id: u64, what: &str) -> Vec<f64> {
        let (_, stdin, stdout) = self.running.get_mut(&id).expect("it runs");
        writeln!(stdin, "{what}").expect("asks");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("answers");
        line.split_whitespace().map(|word| word.parse().expect("a number")).collect()
    }

    fn leader(&mut self) -> u64 {
        loop {
            let ids: Vec<u64> = self.running.keys().copied().collect();
            for id in ids {
                if self.ask(id, "leads")[0] == 1.0 {
                    return id;
                }
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn wait_level(&mut self) {
        loop {
            let ids: Vec<u64> = self.running.keys().copied().collect();
            let at: Vec<f64> = ids.into_iter().map(|id| self.ask(id, "applied")[0]).collect();
            if at.windows(2).all(|pair| pair[0] == pair[1]) && 0.0 < at[0] {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let ids: Vec<u64> = self.running.keys().copied().collect();
        ids.into_iter().for_each(|id| self.kill(id));
    }
}

fn certificates(root: &Path) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
    let issuer = issuer.expect("a certificate");
    std::fs::write(root.join("ca.pem"), issuer.pem()).expect("writes");
    for id in IDS {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![format!("node-{id}.plimsoll")]).expect("a name");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        std::fs::write(root.join(format!("{id}.pem")), certificate.pem()).expect("writes");
        std::fs::write(root.join(format!("{id}.key")), key.serialize_pem()).expect("writes");
    }
}

// ── A node ──────────────────────────────────────────────────────────────────────────────────────

fn node(arguments: &[String]) {
    let id: u64 = arguments[0].parse().expect("an id");
    let root = PathBuf::from(&arguments[1]);
    let member = |port: &String| Member {
        address: format!("127.0.0.1:{port}"),
        zone: port.clone(),
        api: String::new(),
    };
    let members: BTreeMap<u64, Member> =
        IDS.into_iter().zip(arguments[2..].iter().map(member)).collect();
    let cluster = Cluster::start(ClusterConfig {
        cluster: 1,
        node: id,
        listen: members[&id].address.clone(),
        files: TlsFiles {
            authority: root.join("ca.pem"),
            chain: root.join(format!("{id}.pem")),
            key: root.join(format!("{id}.key")),
        },
        election_timeout: Duration::from_millis(200),
        heartbeat: Duration::from_millis(40),
    });
    let cluster = cluster.expect("the cluster starts");
    let asset = AssetCode::new("USDC").expect("a code");
    let mut config = Config::new(root.join(format!("node-{id}")), asset, 6);
    config.limits.orders_max = 1 << 20;
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
        let _ = publish.send(done);
    };
    let clock = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        At(u64::try_from(since.as_millis()).expect("fits"))
    };
    let founders = (id == 1).then_some(members);
    let started = RaftReplica::start(config, 1 << 20, &cluster, founders, clock, sink);
    let (replica, _) = started.expect("the replica starts");
    let mut end = replica.standing().follow_end();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
        let words = runtime.block_on(async { end.wait_for(Option::is_some).await.ok()?.clone() });
        eprintln!("node {id}: {}", words.unwrap_or_default());
        std::process::exit(1);
    });
    let desk = Desk { handle: replica.handle(), batches: batches.into(), tag: Cell::new(1) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let (runtime, desk) = (runtime.expect("builds"), Rc::new(desk));
    for line in std::io::stdin().lines() {
        let line = line.expect("reads");
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<f64>().expect("a number");
        let status = || replica.standing().status();
        let told = match words[0] {
            "leads" => vec![f64::from(u8::from(status().role == Role::Leader))],
            "applied" => vec![status().applied.0 as f64],
            "setup" => desk.set_up(),
            "write" => desk.one(&runtime, 1),
            "one" => desk.one(&runtime, load::OPERATIONS),
            "many" => desk.many(&runtime, (number(1) * number(2)) as usize, None),
            "paced" => desk.many(&runtime, 4_096, Some(number(1))),
            other => panic!("no such question: {other}"),
        };
        let told: Vec<String> = told.iter().map(|figure| format!("{figure:.1}")).collect();
        println!("{}", told.join(" "));
    }
}

/// Submits, and hears of what was applied.
struct Desk {
    handle: Handle,
    batches: tokio::sync::Mutex<mpsc::UnboundedReceiver<Vec<u64>>>,
    tag: Cell<u64>,
}

impl Desk {
    fn submit(&self, n: u64) -> u64 {
        let tag = self.tag.get();
        self.tag.set(tag + 1);
        let command = order(usize::try_from(n).expect("small") % load::SUBMITTERS, n / 64);
        let mut proposal = Proposal { tag, command };
        while self.handle.submit(Class::Order, proposal.clone()).is_err() {
            thread::sleep(Duration::from_millis(1));
            proposal.tag = tag;
        }
        tag
    }

    fn set_up(&self) -> Vec<f64> {
        for command in set_up() {
            self.handle.submit(Class::Order, Proposal { tag: 0, command }).expect("is let in");
        }
        vec![0.0]
    }

    /// One command in flight.
    fn one(&self, runtime: &tokio::runtime::Runtime, n: usize) -> Vec<f64> {
        let times = (0..n as u64).map(|n| {
            let begin = Instant::now();
            let mut tag = self.submit(n);
            runtime.block_on(async {
                let mut batches = self.batches.lock().await;
                loop {
                    let waited = tokio::time::timeout(Duration::from_millis(1_000), batches.recv());
                    match waited.await {
                        Ok(applied) => {
                            let applied = applied.expect("the replica runs");
                            if applied.contains(&tag) {
                                return;
                            }
                        }
                        // A new leader may have refused it: it is asked again.
                        Err(_) => tag = self.submit(n),
                    }
                }
            });
            begin.elapsed()
        });
        vec![load::p50_us(times.collect())]
    }

    /// So many in flight, or so many a second: commands a second, p50 and p99 in µs.
    fn many(
        &self,
        runtime: &tokio::runtime::Runtime,
        in_flight_max: usize,
        pace: Option<f64>,
    ) -> Vec<f64> {
        let begin = Instant::now();
        let mut times: Vec<Duration> = Vec::new();
        let mut waiting: BTreeMap<u64, Instant> = BTreeMap::new();
        let mut n = 0;
        runtime.block_on(async {
            let mut batches = self.batches.lock().await;
            while begin.elapsed() < BURST || !waiting.is_empty() {
                let due = pace.map(|pace| (begin.elapsed().as_secs_f64() * pace) as u64);
                let is_over = BURST <= begin.elapsed();
                let may = |n: u64| due.is_none_or(|due| n < due);
                while !is_over && waiting.len() < in_flight_max && may(n) {
                    // A paced command begins when it is due, also if it is late.
                    let at = pace.map_or(begin.elapsed().as_secs_f64(), |pace| n as f64 / pace);
                    waiting.insert(self.submit(n), begin + Duration::from_secs_f64(at));
                    n += 1;
                }
                let applied = match pace {
                    None => batches.recv().await,
                    Some(_) => {
                        let pause = Duration::from_micros(200);
                        tokio::time::timeout(pause, batches.recv()).await.ok().flatten()
                    }
                };
                let mut take = |done: Vec<u64>| {
                    for tag in done {
                        times.extend(waiting.remove(&tag).map(|at| at.elapsed()));
                    }
                };
                applied.into_iter().for_each(&mut take);
                while let Ok(applied) = batches.try_recv() {
                    take(applied);
                }
            }
        });
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
        vec![times.len() as f64 / begin.elapsed().as_secs_f64(), at(50), at(99)]
    }
}
