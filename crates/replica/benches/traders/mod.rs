//! Traders that go on while something else happens, and what they see.
//!
//! ```text
//!   due, due, due …  ─▶ whoever is free, of so many ─▶ the replica ─▶ applied: how long since due
//! ```
//! A command's time begins when it is due, also if nobody was free to send it: a stall is seen by
//! all that would have traded in it. Moments are seconds since 1970, so that processes of one
//! machine can speak of them.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use replica::{Class, Handle};
use types::Proposal;

use crate::load;

/// How many trade at once, and how many commands are due in a second: infinitely many, as fast as
/// it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    pub in_flight_max: usize,
    pub per_s: f64,
}

/// The traders' side.
struct Desk {
    handle: Handle,
    tags: Receiver<Vec<u64>>,
    pace: Arc<Mutex<Pace>>,
    seen: Arc<Mutex<Seen>>,
    tag: u64,
    /// When each that is in flight was due, by tag: in the order in which they were.
    waiting: BTreeMap<u64, f64>,
}

/// What has been answered.
#[derive(Default)]
struct Seen {
    /// When it was due, and how long it took, in seconds.
    answered: Vec<(f64, f64)>,
    /// All that were due before have been answered.
    settled: f64,
}

/// The way to them.
pub struct Traders {
    pace: Arc<Mutex<Pace>>,
    seen: Arc<Mutex<Seen>>,
}

/// Seconds since 1970.
pub fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("after 1970").as_secs_f64()
}

impl Traders {
    /// They rest at first. `tags` are those of what was applied.
    pub fn start(handle: Handle, tags: Receiver<Vec<u64>>) -> Traders {
        let (pace, seen) = (Arc::<Mutex<Pace>>::default(), Arc::<Mutex<Seen>>::default());
        let desk = Desk {
            handle,
            tags,
            pace: pace.clone(),
            seen: seen.clone(),
            tag: 0,
            waiting: BTreeMap::new(),
        };
        thread::spawn(move || desk.run());
        Traders { pace, seen }
    }

    pub fn set(&self, pace: Pace) {
        *self.pace.lock().expect("held for an instant") = pace;
    }

    /// Of the commands that were due between two moments: how many, p50, p99 and most in µs.
    pub fn between(&self, begin: f64, end: f64) -> Vec<f64> {
        let mut took: Vec<f64> = loop {
            let seen = self.seen.lock().expect("held for an instant");
            if end <= seen.settled {
                let within = seen.answered.iter().filter(|(due, _)| begin <= *due && *due < end);
                break within.map(|(_, took)| took * 1e6).collect();
            }
            drop(seen);
            thread::sleep(Duration::from_millis(20));
        };
        took = load::sorted(&took);
        let at = |part: usize| took.get((took.len().max(1) - 1) * part / 100).copied();
        let at = |part| at(part).unwrap_or(f64::NAN);
        vec![took.len() as f64, at(50), at(99), at(100)]
    }
}

impl Desk {
    fn run(mut self) {
        let (mut pace, mut begin, mut n) = (Pace::default(), now(), 0_u64);
        loop {
            let wished = *self.pace.lock().expect("held for an instant");
            if wished != pace {
                (pace, begin, n) = (wished, now(), 0);
            }
            let mut due = begin + n as f64 / pace.per_s;
            while self.waiting.len() < pace.in_flight_max && due <= now() {
                self.submit(if pace.per_s.is_finite() { due } else { now() });
                n += 1;
                due = begin + n as f64 / pace.per_s;
            }
            if let Ok(tags) = self.tags.recv_timeout(Duration::from_micros(200)) {
                self.take(&tags);
            }
            while let Ok(tags) = self.tags.try_recv() {
                self.take(&tags);
            }
            let oldest = self.waiting.first_key_value().map(|(_, due)| *due);
            let settled = if pace.in_flight_max == 0 { now() } else { due };
            self.seen.lock().expect("held").settled = oldest.unwrap_or(settled).min(now());
        }
    }

    fn submit(&mut self, due: f64) {
        self.tag += 1;
        let n = self.tag;
        let submitter = usize::try_from(n).expect("small") % load::SUBMITTERS;
        let command = load::order(submitter, n / load::SUBMITTERS as u64);
        let submitted = self.handle.submit(Class::Order, Proposal { tag: n, command });
        submitted.expect("so few are always let in");
        self.waiting.insert(n, due);
    }

    fn take(&mut self, tags: &[u64]) {
        let now = now();
        let waiting = &mut self.waiting;
        let done = tags.iter().filter_map(|tag| waiting.remove(tag));
        let done = done.map(|due| (due, now - due));
        self.seen.lock().expect("held for an instant").answered.extend(done);
    }
}
