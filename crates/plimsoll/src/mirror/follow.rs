//! The mirror's loop: a line of the capture, the book, a plan, its outcome, a comparison.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use types::{Side, Ticks};

use super::book::{Recorded, Step};
use super::capture::{Capture, Line};
use super::desk::{Desk, TOP, TopSide};
use super::message::Message;
use super::own::OwnBook;
use super::plan::{Action, Depth, plan};
use super::progress::MirrorProgress;
use super::survey::Survey;
use crate::cli::Speed;
use crate::output;

/// Mismatches that are printed; all are counted.
const PRINTED_MAX: u64 = 5;

/// How to follow.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How fast.
    pub speed: Speed,
    /// How much of the recorded book.
    pub depth: Depth,
    /// Updates after which to stop.
    pub updates_max: u64,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Lines read.
    pub lines: u64,
    /// Updates of the recorded book.
    pub updates: u64,
    /// Orders placed.
    pub placed: u64,
    /// Orders amended.
    pub amended: u64,
    /// Orders cancelled.
    pub cancelled: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Comparisons of the best levels.
    pub compared: u64,
    /// Comparisons that differed.
    pub mismatches: u64,
    /// Recorded levels beyond the ladder of a book.
    pub beyond: u64,
    /// How long it took.
    pub took: Duration,
}

impl Summary {
    /// Placed, amended and cancelled.
    pub fn commands(&self) -> u64 {
        self.placed + self.amended + self.cancelled
    }
}

/// Follows a capture to its end, or as far as asked.
pub struct Follow<'a, D> {
    desk: &'a mut D,
    manner: Manner,
    recorded: Recorded,
    own: OwnBook,
    mid: Option<Ticks>,
    summary: Summary,
    begin: Instant,
}

impl<'a, D: Desk> Follow<'a, D> {
    /// Before the first line.
    pub fn new(desk: &'a mut D, survey: &Survey, manner: Manner) -> Follow<'a, D> {
        Follow {
            desk,
            manner,
            recorded: Recorded::new(survey.steps),
            own: OwnBook::default(),
            mid: None,
            summary: Summary::default(),
            begin: Instant::now(),
        }
    }

    /// Follows, and says what was done.
    pub async fn run(mut self, path: &Path, survey: &Survey) -> anyhow::Result<Summary> {
        let mut capture = Capture::open(path)?;
        let mut progress = MirrorProgress::new(survey.n_updates.min(self.manner.updates_max));
        let mut first_ns = None;
        while self.summary.updates < self.manner.updates_max {
            let Some(line) = capture.next_line()? else { break };
            let since_ns = line.received_ns - *first_ns.get_or_insert(line.received_ns);
            self.wait_for(since_ns).await;
            self.line(line).await.with_context(|| format!("at line {}", capture.line()))?;
            progress.report(&self.summary, self.begin.elapsed());
        }
        self.summary.beyond = self.recorded.n_beyond;
        self.summary.took = self.begin.elapsed();
        Ok(self.summary)
    }

    /// Waits until recorded time has come.
    async fn wait_for(&self, since_ns: u64) {
        let Speed::Times(times) = self.manner.speed else { return };
        let due = Duration::from_nanos(since_ns).div_f64(times);
        let left = due.saturating_sub(self.begin.elapsed());
        if !left.is_zero() {
            tokio::time::sleep(left).await;
        }
    }

    async fn line(&mut self, line: Line) -> anyhow::Result<()> {
        self.summary.lines += 1;
        let has_changed = match line.message {
            Message::Depth(depth) => self.recorded.depth(depth)? == Step::Applied,
            Message::Snapshot(snapshot) => {
                self.recorded.snapshot(&snapshot)?;
                true
            }
            Message::Trade | Message::Quote | Message::Other => false,
        };
        if has_changed {
            self.summary.updates += 1;
            self.update().await?;
        }
        Ok(())
    }

    /// Makes our orders what is recorded, then compares.
    async fn update(&mut self) -> anyhow::Result<()> {
        let mid = self.recorded.best().map(|(bid, ask)| Ticks((bid.0 + ask.0) / 2));
        if let Some(mid) = mid.filter(|mid| self.mid != Some(*mid)) {
            self.desk.report_price(mid).await?;
            self.mid = Some(mid);
        }
        let actions = plan(&self.recorded, &self.own, self.manner.depth);
        self.count(&actions);
        if !actions.is_empty() {
            self.summary.refused += self.desk.carry_out(&actions, &mut self.own).await?;
        }
        self.compare().await
    }

    fn count(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Cancel { .. } => self.summary.cancelled += 1,
                Action::Amend { .. } => self.summary.amended += 1,
                Action::Place { .. } => self.summary.placed += 1,
            }
        }
    }

    async fn compare(&mut self) -> anyhow::Result<()> {
        let (bids, asks) = self.desk.top().await?;
        let levels = |(price, size): (&Ticks, &types::Lots)| (*price, *size);
        let recorded_bids: TopSide =
            self.recorded.bids.iter().rev().take(TOP).map(levels).collect();
        let recorded_asks: TopSide = self.recorded.asks.iter().take(TOP).map(levels).collect();
        self.summary.compared += 1;
        if bids == recorded_bids && asks == recorded_asks {
            return Ok(());
        }
        self.summary.mismatches += 1;
        if self.summary.mismatches <= PRINTED_MAX {
            let (side, rank) = match first_difference(&bids, &recorded_bids) {
                Some(rank) => (Side::Bid, rank),
                None => (Side::Ask, first_difference(&asks, &recorded_asks).unwrap_or(0)),
            };
            let (venue, recorded) = match side {
                Side::Bid => (bids.get(rank), recorded_bids.get(rank)),
                Side::Ask => (asks.get(rank), recorded_asks.get(rank)),
            };
            output::note(&format!(
                "update {}: {side:?} level {rank} is {venue:?} here and {recorded:?} as recorded",
                self.summary.updates
            ));
        }
        Ok(())
    }
}

fn first_difference(here: &TopSide, there: &TopSide) -> Option<usize> {
    (0..here.len().max(there.len())).find(|rank| here.get(*rank) != there.get(*rank))
}
