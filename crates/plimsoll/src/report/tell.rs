//! What a reporter says of itself: lines of JSON for a program; for a person a bar or a line now
//! and then, and every fault in words.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::desk::Outcome;
use crate::output;

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// The same refusal is not told again for so long.
const AGAIN_INTERVAL: Duration = Duration::from_secs(30);

/// What became of the reports so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Taken.
    pub accepted: u64,
    /// Not taken, with a reason.
    pub refused: u64,
    /// The connection dropped before the answer.
    pub unknown: u64,
    /// Printed, in a dry run.
    pub untold: u64,
    /// Faults of sources.
    pub faults: u64,
}

impl Tally {
    /// Counts an outcome; its word and the reason for it.
    fn count<'a>(&mut self, outcome: &'a Outcome) -> (&'static str, Option<&'a str>) {
        let (count, word, reason) = match outcome {
            Outcome::Accepted => (&mut self.accepted, "accepted", None),
            Outcome::Refused { text, .. } => (&mut self.refused, "refused", Some(text.as_str())),
            Outcome::Unknown { text } => (&mut self.unknown, "unknown", Some(text.as_str())),
            Outcome::Untold => (&mut self.untold, "untold", None),
        };
        *count += 1;
        (word, reason)
    }
}

/// Says it.
#[derive(Debug)]
pub struct Teller {
    json: bool,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    begun: Instant,
    line_at: Duration,
    tally: Tally,
    /// When each kind of refusal was told last.
    told: BTreeMap<String, Instant>,
}

impl Teller {
    /// `is_replay`: how far it is can be said.
    pub fn new(json: bool, is_replay: bool) -> Teller {
        let style = match is_replay {
            true => "{wide_bar} {percent} % {msg}",
            false => "{spinner} {msg}",
        };
        let style = ProgressStyle::with_template(style);
        let style = style.expect("the template names fields that exist");
        let has_bar = !json && std::io::stderr().is_terminal();
        let state = State {
            begun: Instant::now(),
            line_at: LINE_INTERVAL,
            tally: Tally::default(),
            told: BTreeMap::new(),
        };
        Teller {
            json,
            bar: has_bar.then(|| ProgressBar::new(1).with_style(style)),
            state: Mutex::new(state),
        }
    }

    /// So far.
    pub fn tally(&self) -> Tally {
        self.state().tally
    }

    /// Something is wrong with a source, and it is asked again after `wait`.
    pub fn source_fault(&self, index_name: &str, fault: &impl Display, wait: Duration) {
        self.state().tally.faults += 1;
        let again_in_ms = milliseconds(wait);
        let line = json!({
            "event": "source", "index_name": index_name, "fault": fault.to_string(),
            "again_in_ms": again_in_ms,
        });
        self.say(&line, || format!("{index_name}: the source: {fault}; again in {again_in_ms} ms"));
    }

    /// The venue cannot be reached, and is tried again after `wait`.
    pub fn venue_fault(&self, fault: &str, wait: Duration) {
        let again_in_ms = milliseconds(wait);
        let line = json!({"event": "venue", "fault": fault, "again_in_ms": again_in_ms});
        self.say(&line, || format!("the venue: {fault}; again in {again_in_ms} ms"));
    }

    /// A source has begun to be silent, or speaks again.
    pub fn silence(&self, index_name: &str, is_silent: bool) {
        let word = if is_silent { "silent" } else { "speaking" };
        let line = json!({"event": word, "index_name": index_name});
        self.say(&line, || match is_silent {
            true => format!("{index_name}: the source says nothing new: nothing is reported"),
            false => format!("{index_name}: the source speaks again"),
        });
    }

    /// A report and what became of it. `what` is its line without the outcome.
    pub fn report(&self, index_name: &str, mut what: Value, outcome: &Outcome) {
        let (word, reason) = self.state().tally.count(outcome);
        what["outcome"] = json!(word);
        if let Some(reason) = reason {
            what["reason"] = json!(reason);
        }
        if self.json {
            // Nobody there to read it is not worth failing for.
            let _ = output::say_json(&what);
        } else if matches!(outcome, Outcome::Untold) {
            let _ = output::say(&format!("{index_name} {}", what["price"]));
        } else if let Outcome::Refused { text, rule, .. } = outcome {
            self.refusal(index_name, *rule, text);
        }
    }

    fn refusal(&self, index_name: &str, rule: Option<u64>, text: &str) {
        let kind = format!("{index_name} {rule:?}");
        let told = &mut self.state().told;
        let is_news = told.get(&kind).is_none_or(|told| AGAIN_INTERVAL <= told.elapsed());
        if is_news {
            told.insert(kind, Instant::now());
            self.note(&format!("{index_name}: refused: {text}"));
        }
    }

    /// How it is going, if it is time to say.
    pub fn progress(&self, newest: &str, replay: Option<(u64, u64)>) {
        if self.json {
            return;
        }
        let state = &mut self.state();
        let Tally { accepted, refused, unknown, .. } = state.tally;
        let message =
            format!("{newest}; {accepted} accepted, {refused} refused, {unknown} unknown");
        if let Some(bar) = &self.bar {
            if let Some((position, length)) = replay {
                bar.set_length(length);
                bar.set_position(position);
            }
            bar.set_message(message);
            bar.tick();
        } else if state.line_at <= state.begun.elapsed() {
            state.line_at = state.begun.elapsed() + LINE_INTERVAL;
            output::note(&message);
        }
    }

    /// The last line.
    pub fn end(&self, why: &str) {
        let state = self.state();
        let Tally { accepted, refused, unknown, untold, faults } = state.tally;
        let seconds = state.begun.elapsed().as_secs_f64();
        let line = json!({
            "event": "end", "why": why, "accepted": accepted, "refused": refused,
            "unknown": unknown, "untold": untold, "source_faults": faults, "seconds": seconds,
        });
        drop(state);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let _ = match self.json {
            true => output::say_json(&line),
            false => output::say(&format!(
                "{why} after {seconds:.1} s: {accepted} accepted, {refused} refused, {unknown} \
                 unknown, {untold} untold, {faults} faults of sources"
            )),
        };
    }

    fn say(&self, line: &Value, words: impl Fn() -> String) {
        match self.json {
            true => drop(output::say_json(line)),
            false => self.note(&words()),
        }
    }

    /// A line for a person, above the bar.
    fn note(&self, words: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::note(words)),
            None => output::note(words),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
