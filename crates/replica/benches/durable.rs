//! What durability costs: the device alone, one submitter, 64 submitters, replay.
//!
//! `cargo bench -p replica --bench durable`. The parts of a round run one after the other and the
//! rounds are repeated, so that a change of the machine's load meets all of them; medians of rounds
//! are printed. Results and machine: `docs/benchmarks/journal.md`.
#![expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]

mod load;

use std::cell::{Cell, RefCell};
use std::hint;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use replica::{Class, Config, Feed, Handle, Solo, Start};
use tokio::sync::{mpsc, oneshot};
use types::codec::Codec;
use types::{Applied, AssetCode, At, Event, Proposal};

use load::{Device, Stolen, file_system, order, p50_us, set_up, sorted};

const ROUNDS: usize = 9;
const SUBMITTERS: usize = load::SUBMITTERS;
const WINDOW_MAX: usize = 16;
const BURST: Duration = Duration::from_millis(700);
const REPLAY_ENTRIES_MIN: u64 = 1_000_000;

fn main() {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    println!("directory on {}", file_system(root.path()));
    let mut rounds = Rounds::default();
    let mut device = Device::new(&root.path().join("device"));
    let one = One::start(&root.path().join("one"));
    let many = Many::start(&root.path().join("many"));
    for _ in 0..ROUNDS {
        let stolen = Stolen::begin();
        rounds.push("device: append 128 B + fdatasync, p50 µs", device.p50(128));
        rounds.push("one submitter, looks for the answer, p50 µs", one.p50(false));
        rounds.push("device: append 4 KiB + fdatasync, p50 µs", device.p50(4096));
        rounds.push("one submitter, sleeps until the answer, p50 µs", one.p50(true));
        rounds.push("64 tasks, 1 command in flight each, commands/s", many.rate(1));
        rounds.push("64 tasks, 16 commands in flight each, commands/s", many.rate(WINDOW_MAX));
        rounds.push(Stolen::NAME, stolen.percent());
    }
    rounds.print();
    drop(one);
    many.report_batches();
    while many.last() < REPLAY_ENTRIES_MIN {
        many.rate(WINDOW_MAX);
    }
    many.stop();
    replay(&root.path().join("many"));
}

/// Named series of one figure a round.
#[derive(Default)]
struct Rounds(Vec<(&'static str, Vec<f64>)>);

impl Rounds {
    fn push(&mut self, name: &'static str, figure: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, figures)) => figures.push(figure),
            None => self.0.push((name, vec![figure])),
        }
    }

    fn median(&self, name: &str) -> f64 {
        let (_, figures) = self.0.iter().find(|(known, _)| known.starts_with(name)).expect("ran");
        sorted(figures)[figures.len() / 2]
    }

    fn print(&self) {
        for (name, figures) in &self.0 {
            let sorted = sorted(figures);
            let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
            println!("{name}: median {:.0}, from {least:.0} to {most:.0}", self.median(name));
        }
        let device = self.median("device: append 128");
        for name in ["one submitter, looks", "one submitter, sleeps"] {
            println!("{name}: {:.2} times the device", self.median(name) / device);
        }
    }
}

fn start(dir: &Path, sink: impl FnMut(Feed) + Send + 'static) -> (Solo, Handle) {
    let config = Config::new(dir.to_path_buf(), AssetCode::new("USDC").expect("a code"), 6);
    let clock = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        At(u64::try_from(since.as_millis()).expect("fits"))
    };
    let (solo, _) = Solo::start(config, clock, sink, &mut |_| {}).expect("starts");
    let handle = solo.handle();
    for (tag, command) in (u64::MAX - 1_000..).zip(set_up()) {
        handle.submit(Class::Order, Proposal { tag, command }).expect("is let in");
    }
    handle.root().expect("is set up");
    (solo, handle)
}

/// One thread that submits and waits, again and again.
struct One {
    _solo: Solo,
    handle: Handle,
    acknowledged: Arc<AtomicU64>,
    waiting: Arc<std::sync::Mutex<Option<thread::Thread>>>,
}

impl One {
    fn start(dir: &Path) -> One {
        let acknowledged = Arc::new(AtomicU64::new(0));
        let waiting = Arc::new(std::sync::Mutex::new(None::<thread::Thread>));
        let (told, sleeper) = (Arc::clone(&acknowledged), Arc::clone(&waiting));
        let (solo, handle) = start(dir, move |feed| {
            if let Feed::Applied(applied) = feed {
                told.fetch_add(applied.entries.len() as u64, Ordering::Release);
                if let Some(thread) = sleeper.lock().expect("no panic").as_ref() {
                    thread.unpark();
                }
            }
        });
        One { _solo: solo, handle, acknowledged, waiting }
    }

    fn p50(&self, sleeps: bool) -> f64 {
        *self.waiting.lock().expect("no panic") = sleeps.then(thread::current);
        p50_us((0..load::OPERATIONS as u64).map(|n| self.round_trip(n, sleeps)).collect())
    }

    fn round_trip(&self, n: u64, sleeps: bool) -> Duration {
        let command = order(0, n);
        let before = self.acknowledged.load(Ordering::Acquire);
        let begin = Instant::now();
        self.handle.submit(Class::Order, Proposal { tag: n, command }).expect("is let in");
        while self.acknowledged.load(Ordering::Acquire) == before {
            if sleeps {
                thread::park();
            } else {
                hint::spin_loop();
            }
        }
        begin.elapsed()
    }
}

/// Tasks on one current-thread runtime, as a gateway has them. The sink passes each batch to one
/// task, which answers the tasks that wait: one wake-up of the runtime for a batch.
struct Many {
    solo: Solo,
    handle: Handle,
    runtime: tokio::runtime::Runtime,
    answers: Rc<Answers>,
}

/// What the tasks share; they are on one thread.
struct Answers {
    batches: tokio::sync::Mutex<mpsc::UnboundedReceiver<Applied>>,
    /// Who waits, by tag.
    waiting: RefCell<Vec<Option<oneshot::Sender<()>>>>,
    done: Cell<u64>,
    batch_sizes: RefCell<Vec<usize>>,
}

impl Many {
    fn start(dir: &Path) -> Many {
        // Bounded by what is in flight: a batch holds at least one of its commands.
        let (publish, batches) = mpsc::unbounded_channel();
        let (solo, handle) = start(dir, move |feed| {
            if let Feed::Applied(applied) = feed {
                // Between two bursts nobody listens.
                let _ = publish.send(applied.into_inner());
            }
        });
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("builds");
        let waiting = (0..SUBMITTERS * WINDOW_MAX).map(|_| None).collect();
        let answers = Answers {
            batches: batches.into(),
            waiting: RefCell::new(waiting),
            done: Cell::new(0),
            batch_sizes: RefCell::default(),
        };
        Many { solo, handle, runtime, answers: Rc::new(answers) }
    }

    /// Commands a second that are acknowledged to the tasks that sent them.
    fn rate(&self, window: usize) -> f64 {
        let local = tokio::task::LocalSet::new();
        let (begin, before) = (Instant::now(), self.answers.done.get());
        local.spawn_local(publish(Rc::clone(&self.answers)));
        let tasks: Vec<_> = (0..SUBMITTERS * window)
            .map(|place| {
                let task = trade(self.handle.clone(), Rc::clone(&self.answers), place, begin);
                local.spawn_local(task)
            })
            .collect();
        local.block_on(&self.runtime, async {
            for task in tasks {
                task.await.expect("trades to the end");
            }
        });
        (self.answers.done.get() - before) as f64 / begin.elapsed().as_secs_f64()
    }

    fn last(&self) -> u64 {
        self.handle.root().expect("runs").0.0
    }

    fn report_batches(&self) {
        let mut sizes = self.answers.batch_sizes.borrow().clone();
        sizes.sort_unstable();
        let at = |part: usize| sizes[(sizes.len() - 1) * part / 100];
        println!("commands in a batch: p10 {}, p50 {}, p90 {}", at(10), at(50), at(90));
    }

    fn stop(self) {
        self.solo.stop().expect("stops");
    }
}

/// One command in flight, again and again.
async fn trade(handle: Handle, answers: Rc<Answers>, place: usize, begin: Instant) {
    for n in 0.. {
        if BURST <= begin.elapsed() {
            return;
        }
        let (answer, answered) = oneshot::channel();
        answers.waiting.borrow_mut()[place] = Some(answer);
        let proposal = Proposal { tag: place as u64, command: order(place % SUBMITTERS, n) };
        handle.submit(Class::Order, proposal).expect("is let in");
        answered.await.expect("is answered");
        answers.done.set(answers.done.get() + 1);
    }
}

/// Answers whoever waits.
async fn publish(answers: Rc<Answers>) {
    let mut batches = answers.batches.lock().await;
    while let Some(applied) = batches.recv().await {
        answers.batch_sizes.borrow_mut().push(applied.entries.len());
        for entry in &applied.entries {
            let place = usize::try_from(entry.tag).unwrap_or(usize::MAX);
            let answer = answers.waiting.borrow_mut().get_mut(place).and_then(Option::take);
            if let Some(answer) = answer {
                answer.send(()).expect("the task waits");
            }
        }
    }
}

fn replay(dir: &Path) {
    let mut rates = Vec::new();
    for _ in 0..5 {
        let begin = Instant::now();
        let domain = (AssetCode::new("USDC").expect("a code"), 6);
        let (mut refused, mut traded) = (0, 0);
        let mut sink = |feed| {
            let Feed::Replayed(applied) = feed else { return };
            refused += applied.events.iter().filter(|e| matches!(e, Event::Refused(_))).count();
            traded += applied.events.iter().filter(|e| matches!(e, Event::Traded(_))).count();
        };
        let restored =
            replica::restore::restore(dir, domain, Start::Genesis, &mut sink, &mut |_| {})
                .expect("restores");
        rates.push(restored.progress.entries as f64 / begin.elapsed().as_secs_f64());
        if rates.len() == 5 {
            let begin = Instant::now();
            let mut state = Vec::new();
            restored.engine.encode(&mut state);
            let (bytes, pause) = (state.len(), begin.elapsed());
            let entries = restored.progress.entries;
            println!("entries replayed: {entries}, of them {refused} refused, {traded} traded");
            println!("snapshot: {bytes} bytes encoded in {} µs", pause.as_micros());
        }
    }
    println!("replay: {:.0} entries/s, the median of 5", sorted(&rates)[2]);
    let begin = Instant::now();
    let checked = journal::recovery::check(dir).expect("is whole");
    let (bytes, time) = (checked.bytes, begin.elapsed());
    println!("check of every byte of the log: {bytes} bytes in {} ms", time.as_millis());
}
