//! The recorded book: a snapshot and the messages that follow it.
//!
//! ```text
//!   depth, depth, …  snapshot  depth, depth, …
//!   └── kept ─────┘     │      └── each continues the one before, or the book stops with a gap
//!                       └ kept ones that it already holds are dropped
//! ```
//!
//! The rules of joining are those of the exchange: futures name the update before (`pu`), spot
//! counts on (`U` = previous `u` + 1). A crossed book is an error: a real one never is.
//!
//! It knows ticks and lots only; [`super::grid`] has put the decimals on them.

use std::collections::BTreeMap;

use types::{Lots, Ticks};

use super::grid::{GridError, Steps};
use super::message::{Depth, Level, Market, Snapshot};

/// Messages kept while the snapshot is awaited.
pub const KEPT_MAX: usize = 10_000;

/// Total size by price.
pub type Levels = BTreeMap<Ticks, Lots>;

/// The recorded book.
#[derive(Debug)]
pub struct Recorded {
    steps: Steps,
    kept: Vec<Depth>,
    following: Option<Following>,
    /// Totals of bids.
    pub bids: Levels,
    /// Totals of asks.
    pub asks: Levels,
    /// Levels that lie beyond the ladder of a book, and are left out.
    pub n_beyond: u64,
}

#[derive(Debug)]
struct Following {
    /// The last update that the book holds.
    last: u64,
    /// No message was joined to the snapshot yet.
    is_first: bool,
}

/// What a message did to the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Kept until the snapshot comes.
    Kept,
    /// The book held it already.
    Old,
    /// The book has changed.
    Applied,
}

/// Why the book cannot be followed on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Updates are missing.
    #[error("updates are missing: the book is at {held}, the next message follows {wanted}")]
    Gap {
        /// The book's last update.
        held: u64,
        /// The update that the message follows.
        wanted: u64,
    },
    /// Best bid at or above best ask.
    #[error("the recorded book is crossed: best bid {bid} ticks, best ask {ask} ticks")]
    Crossed {
        /// Best bid.
        bid: Ticks,
        /// Best ask.
        ask: Ticks,
    },
    /// No snapshot.
    #[error("no snapshot came in {max} messages: the capture cannot be joined", max = KEPT_MAX)]
    SnapshotMissing,
    /// Off the grid.
    #[error(transparent)]
    Grid(#[from] GridError),
}

impl Recorded {
    /// An empty book on a grid.
    pub fn new(steps: Steps) -> Recorded {
        let (bids, asks) = (Levels::new(), Levels::new());
        Recorded { steps, kept: Vec::new(), following: None, bids, asks, n_beyond: 0 }
    }

    /// Takes the snapshot, then what was kept before it. How many of those the book did not hold.
    pub fn snapshot(&mut self, snapshot: &Snapshot) -> Result<u64, BookError> {
        let steps = self.steps;
        self.bids.clear();
        self.asks.clear();
        self.n_beyond += set_levels(&mut self.bids, &snapshot.bids, steps)?;
        self.n_beyond += set_levels(&mut self.asks, &snapshot.asks, steps)?;
        self.following = Some(Following { last: snapshot.last, is_first: true });
        self.check_uncrossed()?;
        let mut n_applied = 0;
        for depth in std::mem::take(&mut self.kept) {
            n_applied += u64::from(self.depth(depth)? == Step::Applied);
        }
        Ok(n_applied)
    }

    /// Takes new totals.
    pub fn depth(&mut self, depth: Depth) -> Result<Step, BookError> {
        let Some(following) = self.following.as_mut() else {
            if KEPT_MAX <= self.kept.len() {
                return Err(BookError::SnapshotMissing);
            }
            self.kept.push(depth);
            return Ok(Step::Kept);
        };
        if following.is_old(&depth) {
            return Ok(Step::Old);
        }
        following.join(&depth)?;
        self.n_beyond += set_levels(&mut self.bids, &depth.bids, self.steps)?;
        self.n_beyond += set_levels(&mut self.asks, &depth.asks, self.steps)?;
        self.check_uncrossed()?;
        Ok(Step::Applied)
    }

    /// Best bid and best ask.
    pub fn best(&self) -> Option<(Ticks, Ticks)> {
        Some((*self.bids.last_key_value()?.0, *self.asks.first_key_value()?.0))
    }

    fn check_uncrossed(&self) -> Result<(), BookError> {
        match self.best() {
            Some((bid, ask)) if ask <= bid => Err(BookError::Crossed { bid, ask }),
            _ => Ok(()),
        }
    }
}

impl Following {
    fn is_old(&self, depth: &Depth) -> bool {
        match depth.market() {
            Market::Spot => depth.last <= self.last,
            Market::UsdMargined | Market::CoinMargined if self.is_first => depth.last < self.last,
            Market::UsdMargined | Market::CoinMargined => false,
        }
    }

    /// Continues the book with `depth`, or says which updates are missing.
    fn join(&mut self, depth: &Depth) -> Result<(), BookError> {
        let joins = match depth.previous {
            None if self.is_first => (depth.first..=depth.last).contains(&(self.last + 1)),
            None => depth.first == self.last + 1,
            Some(_) if self.is_first => (depth.first..=depth.last).contains(&self.last),
            Some(previous) => previous == self.last,
        };
        if !joins {
            let wanted = depth.previous.unwrap_or(depth.first.saturating_sub(1));
            return Err(BookError::Gap { held: self.last, wanted });
        }
        *self = Following { last: depth.last, is_first: false };
        Ok(())
    }
}

/// Sets totals; how many levels lie beyond the ladder.
fn set_levels(levels: &mut Levels, new: &[Level], steps: Steps) -> Result<u64, GridError> {
    let mut n_beyond = 0;
    for level in new {
        match steps.place(*level)? {
            None => n_beyond += 1,
            Some((price, Lots::ZERO)) => drop(levels.remove(&price)),
            Some((price, size)) => drop(levels.insert(price, size)),
        }
    }
    Ok(n_beyond)
}
