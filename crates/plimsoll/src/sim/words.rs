//! What is said of worlds.

use std::fmt::Write;

use serde_json::{Value, json};
use sim::faults::Kind;
use sim::run::Outcome;
use sim::scenario::{self, Incident, Played};
use sim::setup::Setup;

use super::fleet::Fleet;
use crate::output;

/// What is told of all worlds together, for a person.
pub fn all(fleet: &Fleet) -> String {
    let hours = fleet.seconds as f64 / 3_600.0;
    let (rate, per_core) = rates(fleet);
    let (least, most) = fleet.seeds.unwrap_or_default();
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} worlds (seeds {least} to {most}): {hours:.2} h of their time in {:.0} s, {rate:.0} \
         x ours, {per_core:.0} x a core",
        fleet.worlds, fleet.elapsed
    );
    let _ = writeln!(
        out,
        "  log        {} entries, {} leaders, {} snapshots",
        fleet.entries, fleet.elections, fleet.snapshots
    );
    let _ = writeln!(
        out,
        "  people     asked {}: {} done, {} refused by a rule, {} not taken, {} without an answer",
        fleet.asked, fleet.done, fleet.refused, fleet.not_taken, fleet.unknown
    );
    let _ = writeln!(
        out,
        "  gateways   in {} worlds: {} calls refused, {} pieces of garbage, {} connections dropped",
        fleet.with_gateways, fleet.barred, fleet.garbage, fleet.hung_up
    );
    let total: u64 = fleet.faults.values().sum();
    let faults = fleet.faults.iter().map(|(kind, count)| format!("{} {count}", kind.name()));
    let _ = writeln!(out, "  faults     {total}: {}", faults.collect::<Vec<_>>().join(", "));
    let never: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| !fleet.faults.contains_key(kind))
        .map(|kind| kind.name())
        .collect();
    if !never.is_empty() {
        let _ = writeln!(out, "             never: {}", never.join(", "));
    }
    let marks = fleet.marks.iter().map(|(mark, count)| format!("{mark} {count}"));
    let _ = writeln!(out, "  at times   {}", marks.collect::<Vec<_>>().join(", "));
    let never: Vec<&str> =
        MARKS.iter().copied().filter(|mark| !fleet.marks.contains_key(mark)).collect();
    if !never.is_empty() {
        let _ = writeln!(out, "             never: {}", never.join(", "));
    }
    let broken =
        if fleet.broken.is_some() { "a promise was broken" } else { "every promise was kept" };
    let _ = write!(out, "  {broken}");
    out
}

/// What should be seen at times.
const MARKS: &[&str] = &[
    "auction",
    "auto-deleveraging",
    "backstop",
    "delivery priced",
    "disk healed",
    "disk refused",
    "fence",
    "funding accrued",
    "halt",
    "insurance paid",
    "liquidation",
    "liquidation trades",
    "mmp triggered",
    "order repeated",
    "portfolio liquidation",
    "portfolio model",
    "portfolio refused",
    "reporter faulted",
    "socialised",
    "term",
    "trade",
    "trigger fired",
];

fn rates(fleet: &Fleet) -> (f64, f64) {
    let seconds = fleet.seconds as f64;
    (seconds / fleet.elapsed.max(0.001), seconds / fleet.core_seconds.max(0.001))
}

/// The same, for a program.
pub fn all_json(fleet: &Fleet) -> Value {
    let faults = fleet.faults.iter().map(|(kind, count)| (kind.name().to_owned(), json!(count)));
    let faults: serde_json::Map<String, Value> = faults.collect();
    let (rate, per_core) = rates(fleet);
    json!({
        "worlds": fleet.worlds, "seeds": fleet.seeds, "seconds": fleet.seconds,
        "elapsed_s": fleet.elapsed, "rate": rate, "rate_per_core": per_core,
        "entries": fleet.entries, "elections": fleet.elections, "snapshots": fleet.snapshots,
        "asked": fleet.asked, "done": fleet.done, "refused": fleet.refused,
        "not_taken": fleet.not_taken, "unknown": fleet.unknown,
        "with_gateways": fleet.with_gateways, "barred": fleet.barred, "garbage": fleet.garbage,
        "hung_up": fleet.hung_up,
        "faults": faults, "marks": fleet.marks, "broken": fleet.broken.is_some(),
    })
}

/// One world, for a program.
pub fn world_json(outcome: &Outcome) -> Value {
    let report = &outcome.report;
    let violation = outcome.violation.as_ref();
    json!({
        "seed": report.seed, "seconds": report.lasted, "nodes": report.nodes,
        "entries": report.entries, "faults": report.faults.values().sum::<u64>(),
        "fingerprint": format!("{:016x}", report.fingerprint), "root": output::hex(&report.root),
        "checker": violation.map(|found| found.checker),
        "violation": violation.map(|found| found.words.clone()),
    })
}

/// A broken promise, and the command that shows it again.
pub fn broken(setup: &Setup, outcome: &Outcome) -> String {
    let Some(found) = &outcome.violation else { return String::new() };
    let changes = setup.changes();
    let changes = if changes.is_empty() { String::new() } else { format!(" --setup {changes}") };
    format!(
        "sim: seed {}, after {} s: {found}\nsim: again: plimsoll sim --seed {}{changes}",
        setup.seed, outcome.report.lasted, setup.seed
    )
}

/// What `--setup` knows, with what a seed drew as an example.
pub fn keys() -> String {
    let words = Setup::swarm(1).words();
    let lines = words.iter().map(|(key, value)| format!("  {key}={value}"));
    format!("Parts of a world, as seed 1 draws them:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// The incidents, for a person.
pub fn scenarios() -> String {
    let lines = scenario::ALL
        .iter()
        .map(|one| format!("{}\n    there  {}\n    here   {}", one.name, one.there, one.here));
    lines.collect::<Vec<_>>().join("\n")
}

/// The incidents, for a program.
pub fn scenarios_json() -> Value {
    let row = |one: &Incident| json!({"name": one.name, "there": one.there, "here": one.here});
    scenario::ALL.iter().map(row).collect()
}

/// What came of one.
pub fn played(incident: &Incident, played: &Played) -> String {
    let saw = played.saw.iter().map(|(mark, count)| format!("{mark} {count}"));
    let outcome =
        played.broken.as_ref().map_or("every promise was kept".into(), ToString::to_string);
    format!(
        "{} ({} worlds): {outcome}\n    there  {}\n    here   {}\n    saw    {}",
        incident.name,
        played.worlds,
        incident.there,
        incident.here,
        saw.collect::<Vec<_>>().join(", ")
    )
}

/// The same, for a program.
pub fn played_json(incident: &Incident, played: &Played) -> Value {
    let broken = played.broken.as_ref().map(ToString::to_string);
    json!({
        "scenario": incident.name, "worlds": played.worlds, "broken": broken, "saw": played.saw,
    })
}
