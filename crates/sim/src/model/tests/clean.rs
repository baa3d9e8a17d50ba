//! The model follows what the engine does without a word.

use super::draws::step;
use super::listings::EXPIRY;
use super::world::World;

const N_SEEDS: u64 = 12;
const N_STEPS: u64 = 6_000;

/// What must have come in some of the logs: a checker of what never comes checks nothing.
const RARE: &[&str] = &[
    "AuctionTraded",
    "Deleveraged",
    "DeliveryPriced",
    "FundingAccrued",
    "Insured",
    "LiquidationEnded",
    "MmpTriggered",
    "OrderReplenished",
    "Reduced",
    "Socialised",
    "TakenOver",
    "Triggered",
];

/// Seeds and steps of a longer run, by hand: `MODEL_SEEDS=500 MODEL_STEPS=20000`.
fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn run(seed: u64, n_steps: u64) -> World {
    let mut world = World::new(seed, false);
    for nth in 0..n_steps {
        step(&mut world);
        if nth % 500 == 0 {
            world.compare();
        }
    }
    // What is left of its day, so that every log has a delivery.
    while world.at.0 < EXPIRY.0 + 20_000 {
        world.at.0 += 2_000;
        world.second(true);
    }
    for _ in 0..200 {
        step(&mut world);
    }
    world.compare();
    world
}

#[test]
fn long_random_logs_break_no_promise() {
    let from = asked("MODEL_FROM", 0);
    let (seeds, steps) = (asked("MODEL_SEEDS", N_SEEDS), asked("MODEL_STEPS", N_STEPS));
    let (mut n_entries, mut n_refused, mut time) = (0, 0, std::time::Duration::ZERO);
    let mut kinds = std::collections::BTreeMap::<String, u64>::new();
    for seed in from..from + seeds {
        let began = std::panic::catch_unwind(|| run(seed, steps));
        let world = began.unwrap_or_else(|_| panic!("seed {seed}"));
        n_entries += world.engine.seq().0;
        n_refused += world.n_refused;
        time += world.model_time;
        for (kind, n) in world.kinds {
            *kinds.entry(kind).or_default() += n;
        }
    }
    let per_entry = time.as_nanos() / u128::from(n_entries.max(1));
    eprintln!("{n_entries} entries, {n_refused} refused, {per_entry} ns an entry, {kinds:?}");
    assert!(n_refused * 4 < n_entries * 3, "{n_refused} of {n_entries} entries were refused");
    for kind in RARE {
        assert!(kinds.contains_key(*kind), "{kind} never came: {kinds:?}");
    }
}
