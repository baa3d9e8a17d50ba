//! The grid of a capture: which decimal is one tick, which is one lot.
//!
//! A capture does not say it, and its snapshot is not enough to guess from: old orders may stand at
//! finer sizes than new ones may have. So [`super::survey`] reads the file once and takes the
//! finest decimal that occurs. A number between two steps stops the mirror with both numbers.

use types::{Decimal, Grid, Lots, Ticks};

use super::message::Level;

/// Steps of price and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// One tick.
    pub tick: Decimal,
    /// One lot.
    pub lot: Decimal,
}

/// Why a level does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// Between two ticks.
    #[error("price {price} is not a multiple of the tick {tick} of the capture")]
    Price {
        /// Recorded.
        price: Decimal,
        /// In force.
        tick: Decimal,
    },
    /// Between two lots, or too many of them.
    #[error("size {size} is not a multiple of the lot {lot} up to {max} lots", max = Lots::MAX)]
    Size {
        /// Recorded.
        size: Decimal,
        /// In force.
        lot: Decimal,
    },
}

impl Steps {
    /// Whole numbers.
    pub fn whole() -> Steps {
        Steps { tick: Decimal::whole(1), lot: Decimal::whole(1) }
    }

    /// The steps that `levels` need, or these, whichever are finer. Steps are powers of ten.
    pub fn refined_by(self, levels: &[Level]) -> Steps {
        let finest = |step: Decimal, number: fn(&Level) -> Decimal| {
            let scales = levels.iter().map(|level| number(level).scale());
            let scale = scales.max().unwrap_or(0).max(step.scale());
            Decimal::new(1, scale).unwrap_or(step)
        };
        let tick = finest(self.tick, |level| level.price);
        Steps { tick, lot: finest(self.lot, |level| level.size) }
    }

    /// A level in ticks and lots; `None` if its price is beyond the ladder of a book.
    pub fn place(&self, level: Level) -> Result<Option<(Ticks, Lots)>, GridError> {
        let Level { price, size } = level;
        let ticks = match price.on_grid(self.tick) {
            Grid::On(ticks) => ticks,
            Grid::Between(_) => return Err(GridError::Price { price, tick: self.tick }),
            Grid::Outside => return Ok(None),
        };
        let ticks = u32::try_from(ticks).map(Ticks).ok();
        let Some(ticks) = ticks.filter(|ticks| (Ticks(1)..=Ticks::MAX).contains(ticks)) else {
            return Ok(None);
        };
        let lots = size.whole_ratio(self.lot).and_then(|lots| u32::try_from(lots).ok()).map(Lots);
        match lots.filter(|lots| *lots <= Lots::MAX) {
            Some(lots) => Ok(Some((ticks, lots))),
            None => Err(GridError::Size { size, lot: self.lot }),
        }
    }
}
