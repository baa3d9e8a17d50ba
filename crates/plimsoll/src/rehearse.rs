//! `plimsoll rehearse-prices`: a recorded week with a crash in it, told by five reporters of which
//! one lies and one is late, to the real engine.
//!
//! ```text
//!   recording ─▶ cast: what each reporter says each 5 s ─▶ stage: the engine with a feed
//!                                   └────────▶ verdict ◀───────────┘ index, health, faults
//! ```
//! It is played three times: in the first play the late reporter says how old its prices are, in
//! the second it says that they are fresh; in the third lies cost too little to lose a seat, so
//! that the liar, which else is gone within hours, is there in the crash.
//!
//! What is looked for is the largest distance of the index from what the honest reporters said
//! last, while the feed called the index good; beyond the cap of the feed it is a failure. While
//! the feed is frozen the last good price stands, and nothing is taken by it (`oracle::gate`); that
//! distance is printed beside, and does not count.
//!
//! Signatures are not part of it: the engine does not look at them. Prices between the moments that
//! bars tell are those of [`crate::report::recording`].

mod cast;
mod stage;
mod verdict;

#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use types::At;

use crate::cli::Rehearse;
use crate::output;
use crate::report::{in_words, recording::Recording};
use cast::{Cast, PLAYS, Play};
use stage::Stage;
use verdict::{Verdict, Worst};

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Runs the command.
pub fn rehearse(args: &Rehearse) -> anyhow::Result<()> {
    let end = args.week.plus_ms(args.hours * 3_600_000);
    let (file, recording) = find(&args.data, args.week, end)?;
    let mut verdicts = Vec::new();
    for way in PLAYS {
        verdicts.push((way, play(args, way, &recording, end)?));
    }
    tell(args, &file, &verdicts)?;
    let worst = verdicts.iter().filter_map(|(_, verdict)| verdict.good.as_ref());
    judge(worst.max_by_key(|worst| worst.apart_ppm), args.cap_ppm)
}

/// Whether the worst of all plays is a failure.
fn judge(worst: Option<&Worst>, cap_ppm: u32) -> anyhow::Result<()> {
    let Some(Worst { apart_ppm, at, .. }) = worst else {
        bail!("the feed was never good: there is nothing to look at");
    };
    if u64::from(cap_ppm) < *apart_ppm {
        let at = in_words(*at);
        bail!(
            "a good index was {apart_ppm} ppm from what the honest said at {at}: {cap_ppm} ppm is \
             the most"
        );
    }
    Ok(())
}

/// One play of the whole week.
fn play(args: &Rehearse, way: Play, recording: &Recording, end: At) -> anyhow::Result<Verdict> {
    let cast = Cast::new(args.liar, args.lag, way.candour);
    let mut stage = Stage::open(args.cap_ppm, way.cost, args.week)?;
    let mut verdict = Verdict::default();
    let mut progress = Progress::new(way.title(), args.hours);
    let mut at = args.week;
    while at < end {
        for line in cast.lines(recording, at) {
            verdict.look(stage.report(&line, at), &line, at);
        }
        verdict.look_on(stage.tick(at), at);
        at = at.plus_ms(1_000);
        progress.report(at.ms_since(args.week) / 3_600_000, &verdict);
    }
    Ok(verdict)
}

/// The recording that covers the days: the file, or the first fitting one of the directory.
fn find(data: &Path, from: At, to: At) -> anyhow::Result<(PathBuf, Recording)> {
    let mut tried = Vec::new();
    for file in candidates(data)? {
        let recording = Recording::open(&file);
        let recording = recording.with_context(|| format!("reading {}", file.display()))?;
        if recording.first() <= from && to <= recording.last() {
            return Ok((file, recording));
        }
        let (first, last) = (in_words(recording.first()), in_words(recording.last()));
        tried.push(format!("\n  {}: {first} to {last}", file.display()));
    }
    let (from, to) = (in_words(from), in_words(to));
    bail!("no recording of BTC covers {from} to {to}; looked at{}", tried.concat())
}

fn candidates(data: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if data.is_file() {
        return Ok(vec![data.to_owned()]);
    }
    let directory = data.join("market").join("klines");
    let entries = std::fs::read_dir(&directory);
    let entries = entries.with_context(|| format!("looking into {}", directory.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains("BTCUSDT")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn tell(args: &Rehearse, file: &Path, verdicts: &[(Play, Verdict)]) -> anyhow::Result<()> {
    let lag_s = args.lag.as_secs();
    if args.json {
        let plays = verdicts.iter().map(|(way, verdict)| verdict.to_json(way.word()));
        output::say_json(&json!({
            "file": file.display().to_string(), "from": args.week.0, "hours": args.hours,
            "liar_ppm": args.liar, "lag_s": lag_s, "cap_ppm": args.cap_ppm,
            "plays": plays.collect::<Vec<_>>(),
        }))?;
        return Ok(());
    }
    let mut text = format!(
        "{hours} hours from {from} of {file}\n\
         reports each {step} s: three honest, one {liar:+} ppm off, one {lag_s} s late; cap \
         {cap} ppm",
        hours = args.hours,
        from = in_words(args.week),
        file = file.display(),
        step = cast::STEP_S,
        liar = args.liar,
        cap = args.cap_ppm,
    );
    for (way, verdict) in verdicts {
        text.push_str(&format!("\n\n{}\n{}", way.title(), verdict.to_text()));
    }
    output::say(&text)?;
    Ok(())
}

/// How far a play is.
struct Progress {
    title: &'static str,
    hours: u64,
    told: u64,
    bar: Option<ProgressBar>,
    begun: std::time::Instant,
    line_at: Duration,
}

impl Progress {
    fn new(title: &'static str, hours: u64) -> Progress {
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} hours, {msg}, {eta} left");
        let style = style.expect("the template names fields that exist");
        let is_terminal = std::io::stderr().is_terminal();
        let bar = is_terminal.then(|| ProgressBar::new(hours).with_style(style));
        let (begun, line_at) = (std::time::Instant::now(), LINE_INTERVAL);
        Progress { title, hours, told: 0, bar, begun, line_at }
    }

    fn report(&mut self, hour: u64, verdict: &Verdict) {
        if hour == self.told {
            return;
        }
        self.told = hour;
        let worst = verdict.good.as_ref().map_or(0, |worst| worst.apart_ppm);
        let message = format!("{}, at most {worst} ppm off", self.title);
        if let Some(bar) = &self.bar {
            bar.set_position(hour);
            bar.set_message(message);
        } else if self.line_at <= self.begun.elapsed() {
            self.line_at = self.begun.elapsed() + LINE_INTERVAL;
            output::note(&format!("{hour} of {} hours, {message}", self.hours));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
