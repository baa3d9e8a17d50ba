//! From one signed report to the new index and the new marks of everything that hangs on it: one
//! perpetual, eight futures, eight hundred options. One core; signatures are verified elsewhere.
//!
//! `cargo bench -p engine --bench prices -- [reports]`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod world;

use std::time::Instant;

use types::{AccountId, Command, Entry, Event, IndexPrice, InstrumentId, Seq, Side};
use world::{EXPIRIES, REPORTERS, World, order, world};

const TRADERS: u32 = 200;
const RUNS: usize = 5;
const ROOT_EVERY: usize = 100;

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(2_000);
    for (what, positions) in [("no positions", 0), ("200 accounts with 10 options each", 10)] {
        let mut medians = Vec::new();
        let mut worst = Vec::new();
        let mut n_marks = 0;
        for _ in 0..RUNS {
            let (mut nanoseconds, marks) = measure(count, positions);
            nanoseconds.sort_unstable();
            medians.push(nanoseconds[nanoseconds.len() / 2]);
            worst.push(nanoseconds[nanoseconds.len() * 9 / 10]);
            n_marks = marks;
        }
        medians.sort_unstable();
        worst.sort_unstable();
        let (median, p90) = (medians[RUNS / 2] / 1_000, worst[RUNS / 2] / 1_000);
        println!(
            "report to marks, {what}: {median} us, p90 {p90} us ({} marks told a report, medians \
             of {RUNS} runs of {count})",
            n_marks / count
        );
    }
}

/// Nanoseconds of each report, and marks told in all.
fn measure(count: usize, positions: u32) -> (Vec<u64>, usize) {
    let mut world = world(TRADERS);
    trade(&mut world, positions);
    let mut nanoseconds = Vec::with_capacity(count);
    let mut n_marks = 0;
    let mut price = 60_000 * IndexPrice::SCALE;
    for n in 0..count {
        world.at = world.at.plus_ms(200);
        // A new price each time: each source steps, one after the other.
        let step = (u64::try_from(n).expect("few") * 7_919 % 401) * 10_000_000;
        price = price + step - 200 * 10_000_000;
        let command = world.report(u32::try_from(n).expect("few") % REPORTERS, price);
        let entry = Entry { seq: Seq(world.engine.seq().0 + 1), at: world.at, command };
        world.events.clear();
        let started = Instant::now();
        world.engine.apply(&entry, &mut world.events);
        let taken = started.elapsed().as_nanos();
        nanoseconds.push(u64::try_from(taken).expect("short"));
        n_marks += world.events.iter().map(marks_in).sum::<usize>();
        if n % ROOT_EVERY == 0 {
            world.engine.root();
        }
    }
    (nanoseconds, n_marks)
}

fn marks_in(event: &Event) -> usize {
    if let Event::MarksMade { marks, .. } = event { marks.len() } else { 0 }
}

/// Traders buy options from one another at the mark.
fn trade(world: &mut World, positions: u32) {
    let first = u32::try_from(1 + EXPIRIES).expect("few");
    for trader in 0..TRADERS {
        for n in 0..positions {
            let instrument = InstrumentId(first + (trader * positions + n) * 7 % 800);
            let (_, price) = world.engine.instrument(instrument).expect("listed");
            let buyer = AccountId(REPORTERS + 1 + trader);
            let seller = AccountId(REPORTERS + 1 + (trader + 1) % TRADERS);
            for (account, side) in [(seller, Side::Ask), (buyer, Side::Bid)] {
                world.apply(Command::PlaceOrder(order(account, instrument, side, price).into()));
            }
        }
    }
}
