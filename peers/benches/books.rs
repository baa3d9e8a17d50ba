//! Times the engines on the four workloads and prints a table. `--quick` draws a tenth of each;
//! further words choose workloads by the beginning of their names.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use peers::engines::{Lobster, Matchcore, OrderbookRs, Ours, RustOb};
use peers::reference::Reference;
use peers::workload::{RECIPES, Workload};
use peers::{Command, Engine, Event, Hash, hash, run};

const N_RUNS: usize = 5;
/// An engine that needs this many times our time is run once: its place is known.
const SLOW: f64 = 30.0;
const BATCH: usize = 64;

/// The system's allocator, counting bytes in use.
struct Counting;
static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        IN_USE.fetch_add(size, Ordering::Relaxed);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}
#[global_allocator]
static COUNTING: Counting = Counting;

/// A workload in one engine's ids, with what the engine must answer.
struct Resolved {
    prefill: Vec<Command>,
    commands: Vec<Command>,
    n_books: u32,
    due: Hash,
    bytes_per_order: f64,
}

/// What is timed: one engine, in batches or not.
struct Entry {
    name: String,
    resolved: Resolved,
    time: fn(&Resolved) -> f64,
    ns: Vec<f64>,
}

/// Runs an engine untimed: translates the commands to its ids, compares its events with the
/// reference's, keeps the hash of its own events for the timed runs.
fn resolve<E: Engine>(workload: &Workload) -> Resolved {
    let mut engine = E::new(workload.n_books);
    let mut ids = Vec::<u64>::with_capacity(workload.prefill.len() + workload.commands.len());
    let mut keys = HashMap::<(u32, u64), u64>::new();
    let mut due = workload.events.iter();
    let mut hash = Hash::default();
    let mut bytes_per_order = 0.0;
    let mut resolved = Vec::with_capacity(workload.prefill.len() + workload.commands.len());
    for (index, command) in workload.prefill.iter().chain(&workload.commands).enumerate() {
        if index == workload.prefill.len() {
            bytes_per_order = weigh::<E>(workload, &resolved);
        }
        let mut events = Vec::new();
        let (translated, book) = match *command {
            Command::Place(order) => {
                let id = engine.place(&order, &mut events);
                ids.push(id);
                keys.insert((order.book, id), order.key);
                (*command, order.book)
            }
            Command::Cancel { book, id } => (Command::Cancel { book, id: ids[id as usize] }, book),
            Command::Replace { id, order } => {
                (Command::Replace { id: ids[id as usize], order }, order.book)
            }
        };
        if !matches!(translated, Command::Place(_)) {
            run(&mut engine, &translated, &mut events);
        }
        resolved.push(translated);
        for event in events {
            fold(&mut hash, event);
            let by_key = match event {
                Event::Fill { maker, price, size } => {
                    let price = E::price(price, size);
                    Event::Fill { maker: keys[&(book, maker)], price, size }
                }
                Event::Left { id } => Event::Left { id: keys[&(book, id)] },
            };
            assert_eq!(Some(&by_key), due.next(), "{}: command {index}: {command:?}", E::NAME);
        }
    }
    assert_eq!(due.next(), None, "{} left events out", E::NAME);
    let commands = resolved.split_off(workload.prefill.len());
    Resolved { prefill: resolved, commands, n_books: workload.n_books, due: hash, bytes_per_order }
}

fn fold(hash: &mut Hash, event: Event) {
    use peers::Sink;
    match event {
        Event::Fill { maker, price, size } => hash.fill(maker, price, size),
        Event::Left { id } => hash.left(id),
    }
}

/// Bytes that an engine holds for each resting order after the prefill.
fn weigh<E: Engine>(workload: &Workload, prefill: &[Command]) -> f64 {
    let n_before = IN_USE.load(Ordering::Relaxed);
    let mut engine = E::new(workload.n_books);
    let mut hash = Hash::default();
    prefill.iter().for_each(|command| run(&mut engine, command, &mut hash));
    let n_bytes = IN_USE.load(Ordering::Relaxed) - n_before;
    n_bytes as f64 / prefill.len() as f64
}

/// Nanoseconds that this thread has run. Turns of other processes do not count, so a busy machine
/// disturbs less (it still takes its share of the caches). Wall time where a kernel does not tell.
fn thread_ns(wall: Instant) -> u64 {
    // Going through the scheduler brings its sum up to date.
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first = told.as_deref().and_then(|line| line.split(' ').next()?.parse().ok());
    first.unwrap_or_else(|| wall.elapsed().as_nanos() as u64)
}

/// Nanoseconds per command, of one run on a fresh engine.
fn time<E: Engine, const AHEAD: bool>(resolved: &Resolved) -> f64 {
    let mut engine = E::new(resolved.n_books);
    let mut hash = Hash::default();
    resolved.prefill.iter().for_each(|command| run(&mut engine, command, &mut hash));
    let wall = Instant::now();
    let start = thread_ns(wall);
    if AHEAD {
        for batch in resolved.commands.chunks(BATCH) {
            engine.touch(batch);
            batch.iter().for_each(|command| run(&mut engine, command, &mut hash));
        }
    } else {
        resolved.commands.iter().for_each(|command| run(&mut engine, command, &mut hash));
    }
    let ns = (thread_ns(wall) - start) as f64;
    assert_eq!(hash, resolved.due, "{}: the events of a timed run", E::NAME);
    ns / resolved.commands.len() as f64
}

fn entry<E: Engine>(workload: &Workload) -> Entry {
    let resolved = resolve::<E>(workload);
    Entry { name: E::NAME.into(), resolved, time: time::<E, false>, ns: Vec::new() }
}

fn bench(workload: &Workload) {
    let ahead = Entry {
        name: format!("{}, batches of {BATCH} touched ahead", Ours::NAME),
        resolved: resolve::<Ours>(workload),
        time: time::<Ours, true>,
        ns: Vec::new(),
    };
    let mut entries = vec![
        entry::<Ours>(workload),
        ahead,
        entry::<Reference>(workload),
        entry::<Matchcore>(workload),
        entry::<Lobster>(workload),
        entry::<RustOb>(workload),
        entry::<OrderbookRs>(workload),
    ];
    for _ in 0..N_RUNS {
        let ours = entries[0].ns.first().copied();
        for entry in &mut entries {
            let is_slow = |ours| entry.ns.first().is_some_and(|ns| SLOW * ours < *ns);
            if !ours.is_some_and(is_slow) {
                let ns = (entry.time)(&entry.resolved);
                entry.ns.push(ns);
            }
        }
    }
    print(workload, &mut entries);
}

fn print(workload: &Workload, entries: &mut [Entry]) {
    for entry in entries.iter_mut() {
        entry.ns.sort_by(f64::total_cmp);
    }
    let median = |entry: &Entry| entry.ns[entry.ns.len() / 2];
    let fastest = |entry: &Entry| entry.ns[0];
    // The first three are ours and the reference.
    let best_median = entries[3..].iter().map(median).fold(f64::INFINITY, f64::min);
    let best_fastest = entries[3..].iter().map(fastest).fold(f64::INFINITY, f64::min);
    let Hash { n_events, value } = hash(&workload.events);
    println!("\n### {}\n", workload.name);
    println!("{} commands, {n_events} events, hash {value:016x}\n", workload.commands.len());
    println!(
        "| engine | ns/command, median | fastest – slowest | runs | \
         best peer ÷ this, medians | same, fastest runs | bytes per resting order |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for entry in entries.iter() {
        let (name, n_runs, bytes) = (&entry.name, entry.ns.len(), entry.resolved.bytes_per_order);
        let (middle, low, high) = (median(entry), fastest(entry), entry.ns[n_runs - 1]);
        let (ratio, ratio_low) = (best_median / middle, best_fastest / low);
        println!(
            "| {name} | {middle:.1} | {low:.1} – {high:.1} | {n_runs} | \
             {ratio:.2} | {ratio_low:.2} | {bytes:.0} |"
        );
    }
}

fn main() {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    let is_quick = words.iter().any(|word| word == "--quick");
    let wanted = words.iter().filter(|word| !word.starts_with('-')).collect::<Vec<_>>();
    for mut recipe in RECIPES {
        let is_wanted =
            wanted.is_empty() || wanted.iter().any(|word| recipe.name.starts_with(*word));
        if !is_wanted {
            continue;
        }
        if is_quick {
            recipe.n_commands /= 10;
        }
        bench(&recipe.draw(42));
    }
}
