//! The same crash without and with circuit breakers, side by side, and what they made worse.

use serde_json::{Value, json};

use super::grid::ONE;
use super::path::Path;
use super::play::{self, Outcome};
use super::progress::Progress;
use super::terms::Terms;
use crate::cli::{Scenario, Stress};
use crate::output;

/// What the breakers are judged by.
pub struct Row {
    name: &'static str,
    /// Unit, after the numbers.
    unit: &'static str,
    off: f64,
    on: f64,
    /// Less is better; `None`: it is neither.
    is_cost: bool,
}

/// Plays the scenario of the flags, or three recorded crashes, twice.
pub fn compare(args: &Stress) -> anyhow::Result<()> {
    let recorded = [Scenario::May2021, Scenario::Luna2022, Scenario::Ftx2022];
    let scenarios: Vec<Option<Scenario>> = match (args.scenario, &args.path) {
        (None, None) => recorded.into_iter().map(Some).collect(),
        (scenario, _) => vec![scenario],
    };
    let mut all = Vec::new();
    for scenario in scenarios {
        let args = Stress { scenario, ..args.clone() };
        let path = Path::find(&args)?;
        let [off, on] = [play_one(&args, &path, false)?, play_one(&args, &path, true)?];
        let rows = rows(&off, &on);
        match args.json {
            true => all.push(to_json(&path, &rows, &on)),
            false => drop(output::say(&to_text(&path, &rows, &on))?),
        }
    }
    if args.json {
        output::say_json(&Value::Array(all))?;
    }
    Ok(())
}

fn play_one(args: &Stress, path: &Path, has_breakers: bool) -> anyhow::Result<Outcome> {
    let terms = Terms { has_breakers, ..Terms::of(args) };
    let mut progress = Progress::new(path.to.ms_since(path.from) / 1_000);
    play::play(&terms, path, &mut progress)
}

/// What is compared, row by row.
pub fn rows(off: &Outcome, on: &Outcome) -> Vec<Row> {
    let row = |name, unit, is_cost, of: &dyn Fn(&Outcome) -> f64| Row {
        name,
        unit,
        off: of(off),
        on: of(on),
        is_cost,
    };
    let lost = |outcome: &Outcome, name: &str| {
        let group = outcome.groups.iter().find(|group| group.name == name);
        group.map_or(0.0, |group| (group.begin - group.end) as f64 / ONE / 1e6)
    };
    let million = |atoms: i64| atoms as f64 / ONE / 1e6;
    vec![
        row("worst slippage from the mark", "%", true, &|one| one.tally.halts.slippage * 100.0),
        row("closed by force", "M", true, &|one| million(one.tally.forced())),
        row("  of it against winners", "M", true, &|one| million(one.tally.deleveraged.value)),
        row("accounts liquidated", "", true, &|one| one.tally.liquidated.len() as f64),
        row("accounts bankrupt", "", true, &|one| one.tally.bankrupt.len() as f64),
        row("lost beyond their money", "M", true, &|one| million(one.tally.shortfall())),
        row("  of it given by winners", "M", true, &|one| million(one.tally.haircut)),
        row("longs lost", "M", true, &|one| lost(one, "longs")),
        row("makers lost", "M", true, &|one| lost(one, "makers")),
        row("stopped", "min", true, &|one| one.tally.halts.stopped_ms as f64 / 60_000.0),
        row("worst gap at a reopening", "%", true, &|one| one.tally.halts.gap * 100.0),
        row("traded", "M", false, &|one| million(one.tally.traded.value)),
    ]
}

impl Row {
    /// By a hundredth at least.
    pub fn verdict(&self) -> &'static str {
        let (less, more) = (self.on < self.off * 0.99, self.off * 1.01 < self.on);
        match (self.is_cost, less, more) {
            (true, true, _) => "better",
            (true, _, true) => "worse",
            _ => "",
        }
    }
}

fn to_text(path: &Path, rows: &[Row], on: &Outcome) -> String {
    let mut text = format!("{}\n  {:<30}{:>12}{:>12}\n", path.title, "breakers", "off", "on");
    for row in rows {
        let number = |of: f64| format!("{of:.3} {}", row.unit);
        text += &format!(
            "  {:<30}{:>12}{:>12}  {}\n",
            row.name,
            number(row.off),
            number(row.on),
            row.verdict()
        );
    }
    let halts = &on.tally.halts;
    let stops = halts.stops.iter().map(|(cause, times)| format!("{cause:?} {times}"));
    let stops: Vec<String> = stops.collect();
    let stops = if stops.is_empty() { "nothing".to_owned() } else { stops.join(", ") };
    text += &format!("  stopped by {stops}; {} auctions traded\n", halts.auctions);
    let worse = rows.iter().filter(|row| row.verdict() == "worse").map(|row| row.name.trim());
    let worse: Vec<&str> = worse.collect();
    text + &match worse.is_empty() {
        true => "  Nothing was worse with breakers.\n".to_owned(),
        false => format!("  Worse with breakers: {}.\n", worse.join(", ")),
    }
}

fn to_json(path: &Path, rows: &[Row], on: &Outcome) -> Value {
    let rows = rows.iter().map(|row| {
        json!({
            "name": row.name.trim(), "unit": row.unit, "off": row.off, "on": row.on,
            "verdict": row.verdict(),
        })
    });
    let halts = &on.tally.halts;
    let stops = halts.stops.iter().map(|(cause, times)| (format!("{cause:?}"), json!(times)));
    json!({
        "path": path.title,
        "rows": rows.collect::<Vec<_>>(),
        "stops": stops.collect::<serde_json::Map<_, _>>(),
        "auctions": halts.auctions,
    })
}
