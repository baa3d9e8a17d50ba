//! Recorded prices, and what they say about any moment.
//!
//! ```text
//!   csv, csv.gz ─▶ rows ─┐  prices: the last one stands, with its own time
//!                        ├─▶ points
//!   parquet ─▶ columns ──┘  bars: open ╲ low ╱ high ─ close, straight lines between
//! ```
//! A bar says where the price was, not when. It is read as going from the open to the extreme on
//! the other side of where it closes, then to the other extreme, then to the close, a third of the
//! bar for each leg: the shortest path through all four. Where bars are missing there is no price.
//!
//! A recording is in memory as a whole: at most [`ROWS_MAX`] rows. It never reads what it does not
//! understand as something else: what does not read stops with its row.

mod csv;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use types::{At, IndexPrice};

use super::parquet::{self, ParquetError};
use super::said::Said;
pub use csv::CsvError;

/// Most rows: seven years of minutes.
pub const ROWS_MAX: usize = 4_000_000;
/// Most bytes of a Parquet file, which is read as a whole.
const PARQUET_BYTES_MAX: u64 = 256 << 20;
/// Legs of a bar.
const LEGS: u64 = 3;

/// Prices over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Rising in time; never empty.
    points: Vec<Said>,
    /// Points that are at most so far apart have a line between them; 0: the last one stands.
    line_ms: u64,
}

/// Rows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// A price and its moment.
    Prices(Vec<Said>),
    /// What happened from a moment on.
    Bars(Vec<Bar>),
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When it opens.
    pub at: At,
    /// First price, highest, lowest and last.
    pub open: IndexPrice,
    /// Highest.
    pub high: IndexPrice,
    /// Lowest.
    pub low: IndexPrice,
    /// Last.
    pub close: IndexPrice,
}

/// Why a file is no recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file.
    #[error("reading failed")]
    Io(#[from] io::Error),
    /// A row of text.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A column.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// Nothing in it.
    #[error("it has no rows")]
    Empty,
    /// Time goes back.
    #[error("row {row} goes back in time, from {before} to {at}: rows rise, or all fall")]
    Unsorted {
        /// Which, counted from 1 in rising time.
        row: usize,
        /// Its time, in milliseconds since 1970.
        at: u64,
        /// The time before it.
        before: u64,
    },
    /// Not a bar.
    #[error("the bar at {at} has its open or close outside of low and high")]
    Bar {
        /// When it opens.
        at: u64,
    },
    /// One bar is a price without an end.
    #[error("it has one bar: two are needed to know how long they are")]
    OneBar,
}

impl Recording {
    /// Reads a file, whose form is told by its first bytes.
    pub fn open(path: &Path) -> Result<Recording, RecordingError> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let begin = file.fill_buf()?;
        let (is_parquet, is_gzip) = (begin.starts_with(b"PAR1"), begin.starts_with(&[0x1f, 0x8b]));
        if is_parquet {
            let mut bytes = Vec::new();
            file.take(PARQUET_BYTES_MAX + 1).read_to_end(&mut bytes)?;
            return Recording::of(parquet::rows(&bytes)?);
        }
        match is_gzip {
            true => Recording::of(csv::rows(BufReader::new(MultiGzDecoder::new(file)))?),
            false => Recording::of(csv::rows(file)?),
        }
    }

    /// Of rows, in rising or falling time.
    pub fn of(rows: Rows) -> Result<Recording, RecordingError> {
        match rows {
            Rows::Prices(mut prices) => {
                rise(&mut prices, |said| said.at)?;
                // Of two prices for one moment the later one stands.
                prices.reverse();
                prices.dedup_by_key(|said| said.at);
                prices.reverse();
                Recording::check(Recording { points: prices, line_ms: 0 })
            }
            Rows::Bars(mut bars) => {
                rise(&mut bars, |bar| bar.at)?;
                bars.dedup_by_key(|bar| bar.at);
                Recording::of_bars(&bars)
            }
        }
    }

    fn of_bars(bars: &[Bar]) -> Result<Recording, RecordingError> {
        let steps = bars.windows(2).map(|pair| pair[1].at.ms_since(pair[0].at));
        // Bars may be missing, so the shortest distance is the length.
        let length_ms = match steps.min() {
            Some(shortest) => shortest.max(LEGS + 1),
            None if bars.is_empty() => return Err(RecordingError::Empty),
            None => return Err(RecordingError::OneBar),
        };
        let mut points = Vec::with_capacity(4 * bars.len());
        for bar in bars {
            points.extend(bar.path(length_ms)?);
        }
        Recording::check(Recording { points, line_ms: length_ms })
    }

    fn check(recording: Recording) -> Result<Recording, RecordingError> {
        if recording.points.is_empty() { Err(RecordingError::Empty) } else { Ok(recording) }
    }

    /// Its first moment.
    pub fn first(&self) -> At {
        self.points.first().map_or(At(0), |said| said.at)
    }

    /// Its last moment.
    pub fn last(&self) -> At {
        self.points.last().map_or(At(0), |said| said.at)
    }

    /// What it says at a moment; `None` before its beginning, after the end of bars, and where bars
    /// are missing.
    pub fn said_at(&self, at: At) -> Option<Said> {
        let after = self.points.partition_point(|said| said.at <= at);
        let before = *self.points.get(after.checked_sub(1)?)?;
        if self.line_ms == 0 || before.at == at {
            return Some(before);
        }
        let next =
            self.points.get(after).filter(|next| next.at.ms_since(before.at) <= self.line_ms)?;
        Some(Said { price: between(before, *next, at), at })
    }
}

impl Bar {
    /// The bar as four points.
    fn path(&self, length_ms: u64) -> Result<[Said; 4], RecordingError> {
        let Bar { at, open, high, low, close } = *self;
        let within = low..=high;
        if !within.contains(&open) || !within.contains(&close) {
            return Err(RecordingError::Bar { at: at.0 });
        }
        let (second, third) = if open <= close { (low, high) } else { (high, low) };
        let point = |ms: u64, price| Said { price, at: at.plus_ms(ms) };
        let leg_ms = length_ms / LEGS;
        Ok([
            point(0, open),
            point(leg_ms, second),
            point(2 * leg_ms, third),
            // The next bar opens a millisecond later.
            point(length_ms - 1, close),
        ])
    }
}

/// On the line between two points, rounded toward the first.
fn between(from: Said, to: Said, at: At) -> IndexPrice {
    let (low, high) = (i128::from(from.price.0), i128::from(to.price.0));
    let (passed, whole) = (at.ms_since(from.at), to.at.ms_since(from.at).max(1));
    let moved = (high - low) * i128::from(passed) / i128::from(whole);
    u64::try_from(low + moved).map_or(from.price, IndexPrice)
}

/// Brings rows into rising order, if they are in falling order, and checks it.
fn rise<T>(rows: &mut [T], at: impl Fn(&T) -> At) -> Result<(), RecordingError> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Err(RecordingError::Empty);
    };
    if at(last) < at(first) {
        rows.reverse();
    }
    let wrong = rows.windows(2).position(|pair| at(&pair[1]) < at(&pair[0]));
    match wrong {
        None => Ok(()),
        Some(place) => Err(RecordingError::Unsorted {
            row: place + 2,
            at: at(&rows[place + 1]).0,
            before: at(&rows[place]).0,
        }),
    }
}
