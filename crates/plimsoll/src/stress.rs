//! `plimsoll stress`: a market of agents around the real engine, in a crash.
//!
//! ```text
//!   path ─▶ outside ─▶ five reporters ─▶ engine: index, marks, liquidations, fund, backstops, ADL
//!              ▲           makers, longs and shorts, momentum ─▶ orders ─▶  │
//!              └──────────────── echo of the book ◀─────────────────────────┘
//! ```
//! The price outside follows a path that was recorded or is generated, and what our book passes on
//! to it. Reporters say it to the engine each second; liquidation, insurance, backstops and
//! deleveraging are the engine's own, with nothing of it simulated. Everything is decided by path,
//! flags and seed, so a play can be repeated to the same state root.
//!
//! | file | what it knows |
//! |---|---|
//! | `path`, `outside` | where the price goes, and what our book adds to it |
//! | `terms`, `grid` | what the market is made up of; steps of price and size |
//! | `stage` | the engine, its clock, and what actors see |
//! | `crowd`, `makers`, `movers` | the actors |
//! | `tally`, `halts`, `series` | what the engine said; what is looked at each second |
//! | `play` | one play, and whether the books balance at its end |
//! | `report`, `compare`, `plot`, `progress` | what is said and drawn |
//!
//! Signatures are not part of it: the engine does not look at them. Latency is not either:
//! everybody acts once a second, after the engine. Floats are fine here: this plays the part of the
//! outside world, and what reaches the engine are whole ticks and lots.

mod compare;
mod crowd;
mod grid;
mod halts;
mod makers;
mod movers;
mod outside;
mod path;
mod play;
mod plot;
mod progress;
mod report;
mod series;
mod stage;
mod tally;
mod terms;

#[cfg(test)]
mod tests;

use std::fs;

use anyhow::Context;

use crate::cli::{Breakers, Stress};
use crate::output;
use path::Path;
use progress::Progress;
use terms::Terms;

/// Runs the command.
pub fn stress(args: &Stress) -> anyhow::Result<()> {
    if args.breakers == Breakers::Compare {
        return compare::compare(args);
    }
    let (path, terms) = (Path::find(args)?, Terms::of(args));
    let mut progress = Progress::new(path.to.ms_since(path.from) / 1_000);
    let outcome = play::play(&terms, &path, &mut progress)?;
    let seconds = progress.elapsed().as_secs_f64();
    drop(progress);
    if let Some(file) = &args.svg {
        let svg = plot::to_svg(&path.title, &outcome.series.rows);
        fs::write(file, svg).with_context(|| format!("writing {}", file.display()))?;
    }
    match args.json {
        true => output::say_json(&report::to_json(&path, &terms, &outcome))?,
        false => output::say(&report::to_text(&path, &terms, &outcome))?,
    };
    output::note(&format!("played in {seconds:.1} s"));
    Ok(())
}
