//! The first reading of a capture: what is in it, how much, and how fine its grid is.

use std::path::Path;

use anyhow::{Context, bail};

use super::capture::{Capture, Line};
use super::grid::Steps;
use super::message::{Level, Market, Message};

/// What a capture holds.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The finest steps that occur.
    pub steps: Steps,
    /// Symbol, such as `BTCUSDT`.
    pub symbol: String,
    /// Which rules it follows.
    pub market: Market,
    /// Depth messages.
    pub n_updates: u64,
    /// Nanoseconds from the first line to the last.
    pub length_ns: u64,
}

impl Survey {
    /// Reads the whole capture.
    pub fn of(path: &Path) -> anyhow::Result<Survey> {
        let mut capture =
            Capture::open(path).with_context(|| format!("opening {}", path.display()))?;
        let mut sums = Sums::default();
        while let Some(line) = capture.next_line().context("reading the capture")? {
            sums.add(&line);
        }
        sums.finish(path)
    }
}

#[derive(Default)]
struct Sums {
    steps: Option<Steps>,
    has_snapshot: bool,
    instrument: Option<(String, Market)>,
    n_updates: u64,
    first_ns: Option<u64>,
    last_ns: u64,
}

impl Sums {
    fn add(&mut self, line: &Line) {
        self.last_ns = line.received_ns;
        self.first_ns.get_or_insert(line.received_ns);
        match &line.message {
            Message::Depth(depth) => {
                self.n_updates += 1;
                self.instrument.get_or_insert_with(|| (depth.symbol.clone(), depth.market()));
                self.refine(&depth.bids, &depth.asks);
            }
            Message::Snapshot(snapshot) => {
                self.has_snapshot = true;
                self.refine(&snapshot.bids, &snapshot.asks);
            }
            Message::Trade | Message::Quote | Message::Other => (),
        }
    }

    fn refine(&mut self, bids: &[Level], asks: &[Level]) {
        let steps = self.steps.unwrap_or_else(Steps::whole);
        self.steps = Some(steps.refined_by(bids).refined_by(asks));
    }

    fn finish(self, path: &Path) -> anyhow::Result<Survey> {
        let (Some(steps), Some((symbol, market))) = (self.steps, self.instrument) else {
            bail!("{} holds no depth message: give a Binance-format capture", path.display());
        };
        if !self.has_snapshot {
            bail!("{} holds no snapshot: a book cannot be built without one", path.display());
        }
        let length_ns = self.last_ns.saturating_sub(self.first_ns.unwrap_or(self.last_ns));
        Ok(Survey { steps, symbol, market, n_updates: self.n_updates, length_ns })
    }
}
