//! What a seed draws before anything happens: how large the world is, who is in it, what may break.
//!
//! Swarm testing (Groce et al., ISSTA 2012): each seed leaves out some kinds of people and of
//! faults, because what is always there hides what only happens without it.

use crate::faults::Kind;
use crate::people::Trade;
use crate::raft::Us;
use crate::rng::Rng;
use crate::scenario::Act;

/// One second.
pub const SECOND: Us = 1_000_000;

/// The world of a seed, before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Everything else is drawn from it.
    pub seed: u64,
    /// How long people trade and things break.
    pub seconds: u64,
    /// 1, 3 or 5.
    pub nodes: u32,
    /// Orders of all people together, in a second.
    pub orders_per_s: u64,
    /// Who trades; one or more of each.
    pub trades: Vec<Trade>,
    /// Settled in USDC, not in BTC.
    pub linear: bool,
    /// What may break.
    pub faults: Vec<Kind>,
    /// Mean time between two faults.
    pub fault_every: Us,
    /// Faults at most.
    pub faults_max: u32,
    /// Entries between two snapshots.
    pub snapshot_entries: u64,
    /// Bytes of a segment of the log.
    pub segment_bytes: u64,
    /// One way between two nodes, at least.
    pub delay: Us,
    /// Mean of what is added to it.
    pub jitter: Us,
    /// Messages lost and doubled, in a million.
    pub loss_ppm: u64,
    /// Messages that come twice, in a million.
    pub double_ppm: u64,
    /// A sync takes as long at least.
    pub sync: Us,
    /// How far the price moves in a second, mostly; millionths.
    pub move_ppm: u64,
    /// When the price falls, and by how much a second for how many seconds.
    pub crash: Option<Crash>,
    /// People speak to gateways, in bytes.
    pub gateway: bool,
    /// By the usual terms, not by those that its seed draws.
    pub usual: bool,
    /// Some accounts are under portfolio margin, and hedgers are there.
    pub portfolio: bool,
    /// Some accounts take positions over.
    pub backstops: bool,
    /// What happens by a script, beside what is drawn: at which second what.
    pub script: Vec<(u64, Act)>,
}

/// A fall of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Second in which it begins.
    pub begin: u64,
    /// How many seconds it takes.
    pub seconds: u64,
    /// Of the price, each second.
    pub fall_ppm: u64,
}

impl Setup {
    /// What a seed draws.
    pub fn swarm(seed: u64) -> Setup {
        let mut rng = Rng::new(seed, "setup");
        // Some live to see a delivery price, which takes half an hour; they are quiet.
        let is_long = rng.chance(200_000);
        let seconds = if is_long { rng.between(2_300, 2_700) } else { rng.between(60, 300) };
        let nodes = *rng.pick(&[1, 3, 3, 3, 5]);
        let trades = some_of(&mut rng, &Trade::ALL, 2);
        let faults = match rng.chance(100_000) {
            true => Vec::new(),
            false => some_of(&mut rng, &Kind::ALL, 1),
        };
        let crash = rng.chance(800_000).then(|| Crash {
            begin: rng.below(seconds),
            seconds: rng.between(5, 90),
            fall_ppm: rng.between(500, 12_000),
        });
        // From a stream of its own: worlds without it are as they were before it came.
        let mut later = Rng::new(seed, "portfolio");
        let portfolio = later.chance(500_000);
        let orders_per_s = if is_long { 3 } else { *rng.pick(&[5, 10, 20, 20, 50, 100, 200]) };
        // What takes long and is the same again: some twenty snapshots of a node and sixty faults
        // are enough for one world.
        let entries = seconds * (5 + orders_per_s * 3 / 2);
        let faults_rarely = seconds * SECOND / 60;
        Setup {
            seed,
            seconds,
            nodes,
            orders_per_s,
            trades,
            linear: rng.chance(300_000),
            faults,
            fault_every: ((1 + rng.heavy(60)) * SECOND).max(faults_rarely),
            faults_max: u32::MAX,
            snapshot_entries: (entries / *rng.pick(&[1, 4, 10, 20])).max(200),
            delay: rng.between(20, 2_000),
            jitter: rng.between(20, 3_000),
            loss_ppm: *rng.pick(&[0, 0, 100, 10_000]),
            double_ppm: *rng.pick(&[0, 0, 100, 10_000]),
            sync: rng.between(50, 4_000),
            move_ppm: rng.between(10, 400),
            crash,
            usual: rng.chance(400_000),
            portfolio,
            // Mostly together: positions that hedge each other are what is hard to take over.
            backstops: later.chance(if portfolio { 800_000 } else { 200_000 }),
            segment_bytes: *rng.pick(&[1 << 14, 1 << 16, 1 << 18]),
            gateway: Rng::new(seed, "gateway").chance(500_000),
            script: Vec::new(),
        }
    }

    /// The same with everybody and every kind of fault there.
    pub fn whole(seed: u64) -> Setup {
        let (trades, faults) = (Trade::ALL.to_vec(), Kind::ALL.to_vec());
        Setup { trades, faults, ..Setup::swarm(seed) }
    }
}

/// Why a text is no setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSetup(pub String);

impl std::fmt::Display for NoSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoSetup {}

impl Setup {
    /// What of it is not what its seed draws, as words that [`Setup::with`] reads; empty if
    /// nothing is.
    pub fn changes(&self) -> String {
        let (drawn, here) = (Setup::swarm(self.seed).words(), self.words());
        let changed = here.into_iter().zip(drawn).filter(|(here, drawn)| here != drawn);
        changed.map(|((key, value), _)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
    }

    /// Each part of it as a word.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        let trades = self.trades.iter().map(|trade| trade.name()).collect::<Vec<_>>().join("+");
        let faults = self.faults.iter().map(|kind| kind.name()).collect::<Vec<_>>().join("+");
        let crash = self.crash.map_or("none".into(), |crash| {
            format!("{}+{}x{}", crash.begin, crash.seconds, crash.fall_ppm)
        });
        vec![
            ("seconds", self.seconds.to_string()),
            ("nodes", self.nodes.to_string()),
            ("orders_per_s", self.orders_per_s.to_string()),
            ("trades", trades),
            ("linear", self.linear.to_string()),
            ("faults", if faults.is_empty() { "none".into() } else { faults }),
            ("fault_every_ms", (self.fault_every / 1_000).to_string()),
            ("faults_max", self.faults_max.to_string()),
            ("snapshot_entries", self.snapshot_entries.to_string()),
            ("segment_bytes", self.segment_bytes.to_string()),
            ("delay_us", self.delay.to_string()),
            ("jitter_us", self.jitter.to_string()),
            ("loss_ppm", self.loss_ppm.to_string()),
            ("double_ppm", self.double_ppm.to_string()),
            ("sync_us", self.sync.to_string()),
            ("move_ppm", self.move_ppm.to_string()),
            ("crash", crash),
            ("usual", self.usual.to_string()),
            ("portfolio", self.portfolio.to_string()),
            ("backstops", self.backstops.to_string()),
            ("gateway", self.gateway.to_string()),
        ]
    }

    /// The same with some parts changed: `seconds=60,trades=maker+taker,faults=kill`.
    pub fn with(mut self, changes: &str) -> Result<Setup, NoSetup> {
        for change in changes.split(',').filter(|change| !change.is_empty()) {
            let (key, value) = change
                .split_once('=')
                .ok_or_else(|| NoSetup(format!("{change} is not key=value, such as seconds=60")))?;
            self.change(key, value)?;
        }
        Ok(self)
    }

    fn change(&mut self, key: &str, value: &str) -> Result<(), NoSetup> {
        let number = || {
            let parsed = value.parse::<u64>();
            parsed.map_err(|_| NoSetup(format!("{key}={value}: send a whole number")))
        };
        let small = || number().map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        match key {
            "seconds" => self.seconds = number()?.max(1),
            "nodes" => self.nodes = small()?,
            "orders_per_s" => self.orders_per_s = number()?.max(1),
            "trades" => self.trades = chosen(value, &Trade::ALL, Trade::name)?,
            "linear" => self.linear = value == "true",
            "faults" => self.faults = chosen(value, &Kind::ALL, Kind::name)?,
            "fault_every_ms" => self.fault_every = number()?.max(1) * 1_000,
            "faults_max" => self.faults_max = small()?,
            "snapshot_entries" => self.snapshot_entries = number()?.max(1),
            "segment_bytes" => self.segment_bytes = number()?.max(1 << 13),
            "delay_us" => self.delay = number()?,
            "jitter_us" => self.jitter = number()?,
            "loss_ppm" => self.loss_ppm = number()?,
            "double_ppm" => self.double_ppm = number()?,
            "sync_us" => self.sync = number()?,
            "move_ppm" => self.move_ppm = number()?,
            "crash" => self.crash = crash(value)?,
            "usual" => self.usual = value == "true",
            "portfolio" => self.portfolio = value == "true",
            "backstops" => self.backstops = value == "true",
            "gateway" => self.gateway = value == "true",
            _ => {
                let keys = self.words().into_iter().map(|(key, _)| key).collect::<Vec<_>>();
                return Err(NoSetup(format!("there is no {key}: {}", keys.join(", "))));
            }
        }
        match self.nodes {
            1 | 3 | 5 => Ok(()),
            other => Err(NoSetup(format!("nodes={other}: 1, 3 or 5"))),
        }
    }
}

fn chosen<T: Copy>(value: &str, all: &[T], name: fn(T) -> &'static str) -> Result<Vec<T>, NoSetup> {
    let words = value.split('+').filter(|word| *word != "none");
    words.map(|word| one_of(word, all, name)).collect()
}

fn one_of<T: Copy>(word: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, NoSetup> {
    let found = all.iter().copied().find(|one| name(*one) == word);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        NoSetup(format!("there is no {word}: none, or with + between {}", names.join(", ")))
    })
}

/// `begin+seconds` and what it falls a second: `30+10x5000`.
fn crash(value: &str) -> Result<Option<Crash>, NoSetup> {
    if value == "none" {
        return Ok(None);
    }
    let parse = || {
        let (begin, rest) = value.split_once('+')?;
        let (seconds, fall) = rest.split_once('x')?;
        let begin = begin.parse().ok()?;
        let (seconds, fall_ppm) = (seconds.parse().ok()?, fall.parse().ok()?);
        Some(Crash { begin, seconds, fall_ppm })
    };
    let crash = parse();
    crash.map(Some).ok_or_else(|| {
        NoSetup(format!(
            "crash={value}: none, or 30+10x5000 for 0.5 % a second from 30 s on, 10 s long"
        ))
    })
}

/// A choice in the order of the list, of so many at least.
fn some_of<T: Copy>(rng: &mut Rng, all: &[T], least: usize) -> Vec<T> {
    loop {
        let share = rng.between(300_000, 1_000_000);
        let chosen: Vec<T> = all.iter().copied().filter(|_| rng.chance(share)).collect();
        if least <= chosen.len() {
            return chosen;
        }
    }
}
