//! `plimsoll sim`: worlds that are drawn from seeds, and what came of them.
//!
//! The worlds are of the crate `sim`. Here they are chosen, run on several cores, and told of. No
//! other part of this program uses that crate: what serves a venue cannot inject a fault.

mod fleet;
mod hunt;
mod words;

use std::process::ExitCode;

use anyhow::{Context, bail};
use sim::run::Outcome;
use sim::scenario;
use sim::setup::Setup;
use sim::shrink::shrink;
use sim::timeline;

use crate::cli::Sim;
use crate::output;
use fleet::{Chosen, Fleet};

/// Worlds, if nothing is said.
const SEEDS: u64 = 100;

/// Runs the command.
pub fn sim(args: &Sim) -> anyhow::Result<ExitCode> {
    if args.setup == "help" {
        output::say(&words::keys())?;
        return Ok(ExitCode::SUCCESS);
    }
    quiet_panics();
    match (&args.bugs, &args.scenario) {
        (Some(names), _) => hunt::hunt(args, names),
        (_, Some(name)) => scenarios(args, name),
        _ => worlds(args),
    }
}

/// A world that panics says so in its outcome; the panic's own lines would only be in the way.
fn quiet_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let in_world = std::thread::current().name().is_some_and(|name| name == fleet::WORLD);
        if !in_world {
            usual(panic);
        }
    }));
}

fn worlds(args: &Sim) -> anyhow::Result<ExitCode> {
    let first = match (args.seed, args.first_seed) {
        (Some(seed), _) | (None, Some(seed)) => seed,
        (None, None) => fresh()?,
    };
    let count = match (args.seed, args.hours) {
        (Some(_), _) => Some(1),
        (None, Some(_)) => None,
        (None, None) => Some(args.seeds.unwrap_or(SEEDS)),
    };
    let drawn = if args.swarm { Setup::swarm } else { Setup::whole };
    // A setup that cannot be read is refused before anything runs.
    drawn(first).with(&args.setup).context("--setup")?;
    if !args.json {
        let many = count.map_or("as many as there is time for".into(), |count| count.to_string());
        output::note(&format!("sim: worlds from seed {first} on: {many}"));
    }
    let setup = args.setup.clone();
    let chosen = Chosen {
        setup: Box::new(move |nth| drawn(first + nth).with(&setup).expect("it was read before")),
        count,
        time: args.hours,
        twice: args.twice,
    };
    let fleet = Fleet::run(chosen, args.jobs, |outcome| {
        if args.json {
            // Nobody who reads it is not worth failing for.
            let _ = output::say_json(&words::world_json(outcome));
        }
    })?;
    if let Some(file) = &args.svg
        && let Some(outcome) = &fleet.last
    {
        std::fs::write(file, timeline::svg(outcome)).with_context(|| file.display().to_string())?;
    }
    match args.json {
        true => output::say_json(&words::all_json(&fleet))?,
        false => output::say(&words::all(&fleet))?,
    };
    let Some((setup, outcome)) = fleet.broken else { return Ok(ExitCode::SUCCESS) };
    tell(args, &setup, outcome)?;
    Ok(ExitCode::FAILURE)
}

/// Says what was broken, how it is shown again, and how it is shown again in a smaller world.
fn tell(args: &Sim, setup: &Setup, outcome: Outcome) -> anyhow::Result<()> {
    output::note(&words::broken(setup, &outcome));
    if args.no_shrink || outcome.violation.as_ref().is_some_and(|one| one.checker == fleet::TWICE) {
        return Ok(());
    }
    output::note("sim: looking for a smaller world in which it happens…");
    let setup = setup.clone();
    let shrinking = std::thread::Builder::new().name(fleet::WORLD.into());
    let shrunk = shrinking.spawn(move || shrink(&setup, outcome))?.join();
    let Ok(shrunk) = shrunk else { bail!("shrinking ended by a panic of its own") };
    let shrunk = shrunk?;
    output::note(&format!("sim: after {} tries:", shrunk.tries));
    output::note(&words::broken(&shrunk.setup, &shrunk.outcome));
    output::note(&shrunk.outcome.story.last_words());
    Ok(())
}

fn scenarios(args: &Sim, name: &str) -> anyhow::Result<ExitCode> {
    if name == "list" {
        match args.json {
            true => output::say_json(&words::scenarios_json())?,
            false => output::say(&words::scenarios())?,
        };
        return Ok(ExitCode::SUCCESS);
    }
    let wanted: Vec<_> =
        scenario::ALL.iter().filter(|one| [one.name, "all"].contains(&name)).collect();
    if wanted.is_empty() {
        bail!("no scenario is called {name}: `plimsoll sim --scenario list` names them");
    }
    let mut failed = false;
    for one in wanted {
        let played = scenario::play(one, args.first_seed.unwrap_or(1), args.seeds.unwrap_or(1))?;
        failed |= played.broken.is_some();
        match args.json {
            true => output::say_json(&words::played_json(one, &played))?,
            false => output::say(&words::played(one, &played))?,
        };
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A seed that nobody has had.
fn fresh() -> anyhow::Result<u64> {
    let number = getrandom::u64().context("drawing a seed")?;
    Ok(number >> 24)
}
