//! How far a play is: a bar on a terminal, a line now and then elsewhere, both on stderr.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::grid::ONE;
use super::tally::Tally;
use crate::output;

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Seconds of the play between two looks.
const STEP_S: u64 = 60;

/// Of one play.
pub struct Progress {
    minutes: u64,
    bar: Option<ProgressBar>,
    begun: Instant,
    line_at: Duration,
}

impl Progress {
    /// Of so many seconds.
    pub fn new(seconds: u64) -> Progress {
        let minutes = seconds / STEP_S;
        let style =
            ProgressStyle::with_template("{wide_bar} {pos}/{len} minutes, {msg}, {eta} left");
        let style = style.expect("the template names fields that exist");
        let is_terminal = std::io::stderr().is_terminal();
        let bar = is_terminal.then(|| ProgressBar::new(minutes).with_style(style));
        Progress { minutes, bar, begun: Instant::now(), line_at: LINE_INTERVAL }
    }

    /// Says how far it is, if it is time to.
    pub fn report(&mut self, second: u64, tally: &Tally) {
        if !second.is_multiple_of(STEP_S) {
            return;
        }
        let minute = second / STEP_S;
        let (begun, forced) = (tally.begun, tally.forced() as f64 / ONE / 1e6);
        let message = format!("{begun} liquidations, {forced:.1} M closed by force");
        if let Some(bar) = &self.bar {
            bar.set_position(minute);
            bar.set_message(message);
        } else if self.line_at <= self.begun.elapsed() {
            self.line_at = self.begun.elapsed() + LINE_INTERVAL;
            output::note(&format!("{minute} of {} minutes, {message}", self.minutes));
        }
    }

    /// How long it has taken.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
