//! What a start says on stderr while it replays: nothing if it is quick, a bar on a terminal, a
//! line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use replica::Progress;
use types::AssetCode;

use crate::output;

/// A replay this short is not worth a word.
const QUIET: Duration = Duration::from_secs(2);
/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Reports the replay of one domain.
pub struct ReplayProgress {
    asset: AssetCode,
    begin: Instant,
    bar: Option<ProgressBar>,
    line_at: Duration,
}

impl ReplayProgress {
    /// Begins now.
    pub fn new(asset: AssetCode) -> ReplayProgress {
        ReplayProgress { asset, begin: Instant::now(), bar: None, line_at: QUIET }
    }

    /// Says how far the replay is, if it is time to.
    pub fn report(&mut self, progress: Progress) {
        let elapsed = self.begin.elapsed();
        if elapsed < QUIET {
            return;
        }
        if std::io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| bar(self.asset));
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes_done);
        } else if self.line_at <= elapsed {
            self.line_at = elapsed + LINE_INTERVAL;
            let Progress { entries, bytes_done, bytes_total } = progress;
            let percent = bytes_done * 100 / bytes_total.max(1);
            output::note(&format!("{}: {entries} entries replayed, {percent} %", self.asset));
        }
    }
}

impl Drop for ReplayProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(asset: AssetCode) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
        .expect("the template names fields that exist");
    ProgressBar::new(0).with_style(style).with_message(format!("replaying {asset}"))
}
