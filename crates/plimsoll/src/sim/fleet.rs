//! Many worlds at a time, one a thread, with a bar.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use sim::Violation;
use sim::faults::Kind;
use sim::run::{Outcome, run};
use sim::setup::Setup;

use crate::output;

/// The name of a thread in which a world runs.
pub const WORLD: &str = "world";
/// The checker of two runs of one seed.
pub const TWICE: &str = "TWICE";
/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Which worlds.
pub struct Chosen {
    /// The n-th.
    pub setup: Box<dyn Fn(u64) -> Setup + Send + Sync>,
    /// How many; `None`: as long as there is time.
    pub count: Option<u64>,
    /// How long; `None`: until all have run.
    pub time: Option<Duration>,
    /// Each twice.
    pub twice: bool,
}

/// What came of them together.
#[derive(Debug, Default)]
pub struct Fleet {
    /// Worlds that ran to their end.
    pub worlds: u64,
    /// Seconds of their time.
    pub seconds: u64,
    /// Seconds that cores worked on them, all together.
    pub core_seconds: f64,
    /// Seconds that it took.
    pub elapsed: f64,
    /// Sums over the worlds.
    pub entries: u64,
    /// Commands that people sent, and what became of them.
    pub asked: u64,
    pub done: u64,
    pub refused: u64,
    pub not_taken: u64,
    pub unknown: u64,
    /// Worlds with gateways, and what these refused, heard and lost.
    pub with_gateways: u64,
    pub barred: u64,
    pub garbage: u64,
    pub hung_up: u64,
    pub elections: u64,
    pub snapshots: u64,
    /// Faults, by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// What happened at times, by name.
    pub marks: BTreeMap<&'static str, u64>,
    /// First and last seed.
    pub seeds: Option<(u64, u64)>,
    /// The last world that ended.
    pub last: Option<Outcome>,
    /// The first world in which a promise was broken.
    pub broken: Option<(Setup, Outcome)>,
}

impl Fleet {
    /// Runs them; each that ends is told to `ended`. The first broken promise stops all.
    pub fn run(
        chosen: Chosen,
        jobs: Option<usize>,
        mut ended: impl FnMut(&Outcome),
    ) -> anyhow::Result<Fleet> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let begun = Instant::now();
        let (sender, worlds) = mpsc::channel();
        let mut fleet = Fleet::default();
        let mut bar = Bar::new(chosen.count, chosen.time);
        std::thread::scope(|scope| -> anyhow::Result<()> {
            for _ in 0..jobs.unwrap_or(cores).max(1) {
                let (sender, chosen, next, stop) = (sender.clone(), &chosen, &next, &stop);
                let worker = move || work(chosen, (next, stop, begun), &sender);
                std::thread::Builder::new().name(WORLD.into()).spawn_scoped(scope, worker)?;
            }
            drop(sender);
            for world in worlds {
                let (setup, outcome, took): (Setup, Outcome, Duration) = match world {
                    Ok(world) => world,
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                };
                if outcome.violation.is_some() {
                    stop.store(true, Ordering::Relaxed);
                }
                ended(&outcome);
                fleet.add(setup, outcome, took);
                bar.report(&fleet);
            }
            Ok(())
        })?;
        fleet.elapsed = begun.elapsed().as_secs_f64();
        Ok(fleet)
    }

    fn add(&mut self, setup: Setup, outcome: Outcome, took: Duration) {
        let report = &outcome.report;
        self.worlds += 1;
        self.seconds += report.lasted;
        self.core_seconds += took.as_secs_f64();
        self.entries += report.entries;
        self.asked += report.n_asked;
        self.done += report.n_done;
        self.refused += report.n_refused;
        self.not_taken += report.n_not_taken;
        self.unknown += report.n_unknown;
        self.with_gateways += u64::from(setup.gateway);
        self.barred += report.n_barred;
        self.garbage += report.n_garbage;
        self.hung_up += report.n_hung_up;
        self.elections += report.n_elections;
        self.snapshots += report.n_snapshots;
        for (kind, count) in &report.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
        for (mark, count) in &report.marks {
            *self.marks.entry(mark).or_default() += count;
        }
        let (least, most) = self.seeds.unwrap_or((report.seed, report.seed));
        self.seeds = Some((least.min(report.seed), most.max(report.seed)));
        if outcome.violation.is_some() && self.broken.is_none() {
            self.broken = Some((setup, outcome.clone()));
        }
        self.last = Some(outcome);
    }
}

type World = anyhow::Result<(Setup, Outcome, Duration)>;

/// One world after another, until there is none left.
fn work(
    chosen: &Chosen,
    (next, stop, begun): (&AtomicU64, &AtomicBool, Instant),
    sender: &mpsc::Sender<World>,
) {
    loop {
        let nth = next.fetch_add(1, Ordering::Relaxed);
        let is_over = chosen.count.is_some_and(|count| count <= nth)
            || chosen.time.is_some_and(|time| time <= begun.elapsed());
        if is_over || stop.load(Ordering::Relaxed) {
            return;
        }
        let setup = (chosen.setup)(nth);
        let begin = Instant::now();
        let outcome = once_or_twice(&setup, chosen.twice);
        let world = outcome.map(|outcome| (setup, outcome, begin.elapsed()));
        if sender.send(world.map_err(Into::into)).is_err() {
            return;
        }
    }
}

fn once_or_twice(setup: &Setup, twice: bool) -> std::io::Result<Outcome> {
    let mut outcome = run(setup)?;
    if twice && outcome.violation.is_none() {
        let again = run(setup)?.report;
        let (first, second) = (outcome.report.fingerprint, again.fingerprint);
        if first != second {
            let words = format!("two runs of one seed differ: {first:016x} and {second:016x}");
            outcome.violation = Some(Violation::new(TWICE, words));
        }
    }
    Ok(outcome)
}

/// How far it is: a bar on a terminal, a line now and then elsewhere.
struct Bar {
    bar: Option<ProgressBar>,
    count: Option<u64>,
    time: Option<Duration>,
    begun: Instant,
    line_at: Duration,
}

impl Bar {
    fn new(count: Option<u64>, time: Option<Duration>) -> Bar {
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}, {eta} left");
        let style = style.expect("the template names fields that exist");
        let length = count.or(time.map(|time| time.as_secs())).unwrap_or(1);
        let is_terminal = std::io::stderr().is_terminal();
        let bar = is_terminal.then(|| ProgressBar::new(length).with_style(style));
        Bar { bar, count, time, begun: Instant::now(), line_at: LINE_INTERVAL }
    }

    fn report(&mut self, fleet: &Fleet) {
        let faults: u64 = fleet.faults.values().sum();
        let elapsed = self.begun.elapsed();
        let rate = fleet.seconds as f64 / elapsed.as_secs_f64().max(0.001);
        let told = format!(
            "worlds, {:.1} h of their time, {rate:.0} x ours, {faults} faults",
            fleet.seconds as f64 / 3_600.0
        );
        if let Some(bar) = &self.bar {
            bar.set_position(if self.time.is_some() { elapsed.as_secs() } else { fleet.worlds });
            bar.set_message(told);
        } else if self.line_at <= elapsed {
            self.line_at = elapsed + LINE_INTERVAL;
            let of = self.count.map_or(String::new(), |count| format!(" of {count}"));
            output::note(&format!("sim: {}{of} {told}", fleet.worlds));
        }
    }
}
