//! How far a mirror is: a bar on a terminal, a line now and then elsewhere, both on stderr.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::follow::Summary;
use crate::output;

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Reports the progress of one mirror.
pub struct MirrorProgress {
    n_updates: u64,
    bar: Option<ProgressBar>,
    line_at: Duration,
}

impl MirrorProgress {
    /// Of so many updates.
    pub fn new(n_updates: u64) -> MirrorProgress {
        let style = "{wide_bar} {pos}/{len} updates, {msg}, {eta} left";
        let style = ProgressStyle::with_template(style);
        let style = style.expect("the template names fields that exist");
        let is_terminal = std::io::stderr().is_terminal();
        let bar = is_terminal.then(|| ProgressBar::new(n_updates).with_style(style));
        MirrorProgress { n_updates, bar, line_at: LINE_INTERVAL }
    }

    /// Says how far it is, if it is time to.
    pub fn report(&mut self, summary: &Summary, elapsed: Duration) {
        let rate = summary.commands() as f64 / elapsed.as_secs_f64().max(1e-3);
        let message = format!("{rate:.0} commands/s, {} mismatches", summary.mismatches);
        if let Some(bar) = &self.bar {
            bar.set_position(summary.updates);
            bar.set_message(message);
        } else if self.line_at <= elapsed {
            self.line_at = elapsed + LINE_INTERVAL;
            let (updates, all) = (summary.updates, self.n_updates);
            output::note(&format!("{updates} of {all} updates, {message}"));
        }
    }
}

impl Drop for MirrorProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
