//! Rows of text: a header that names the columns, then one row a line, fields between commas.
//!
//! | column | what it may be called | what it holds |
//! |---|---|---|
//! | time | `ts_ms`, `time`, `timestamp`, `at`, `update` | seconds to nanoseconds since 1970 |
//! | price | `price` | a decimal number |
//! | | `answer` | an on-chain answer, in hundred-millionths |
//! | | `open`, `high`, `low` and `close` | decimal numbers |
//!
//! Other columns are passed over. Fields have no quotes: none of ours could need them. A round of
//! which both answer and time are 0 is the empty one before a phase, and is left out.

use std::io::{self, BufRead, Read};

use types::{At, IndexPrice};

use super::{Bar, ROWS_MAX, Rows};
use crate::report::said::{PriceFault, Said, read_price, read_time};

/// Longest line: rows of exchanges have about 150 bytes.
pub const LINE_BYTES_MAX: usize = 4_096;
/// Most columns.
const COLUMNS_MAX: usize = 64;
const TIMES: [&str; 5] = ["ts_ms", "time", "timestamp", "at", "update"];

/// Why a line is no row.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The file.
    #[error("line {line}: reading failed")]
    Io {
        /// Line that was being read.
        line: usize,
        /// Why.
        source: io::Error,
    },
    /// More than one line may have.
    #[error("line {line} has more than {max} bytes", max = LINE_BYTES_MAX)]
    TooLong {
        /// Which.
        line: usize,
    },
    /// Not text.
    #[error("line {line} is not UTF-8")]
    Text {
        /// Which.
        line: usize,
    },
    /// A header without what is needed.
    #[error("the first line names no column of times (ts_ms) or none of prices (price)")]
    Header,
    /// A row that is too short.
    #[error("line {line} has no column {column}: the header names it")]
    Missing {
        /// Which.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// A field that is no number.
    #[error("line {line}, column {column}: {fault}")]
    Field {
        /// Which.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong.
        fault: PriceFault,
    },
    /// Too much.
    #[error("it has more than {max} rows: cut it", max = ROWS_MAX)]
    TooMany,
}

/// Where the columns are, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    time: usize,
    prices: Prices,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prices {
    Price(usize),
    Answer(usize),
    Bar([usize; 4]),
}

/// Reads every row.
pub fn rows(reader: impl BufRead) -> Result<Rows, CsvError> {
    let mut lines = Lines { reader, buffer: Vec::new(), line: 0 };
    let (_, header) = lines.next_line()?.ok_or(CsvError::Header)?;
    let columns = Columns::named(header).ok_or(CsvError::Header)?;
    let (mut prices, mut bars) = (Vec::new(), Vec::new());
    while let Some((line, text)) = lines.next_line()? {
        if text.is_empty() {
            continue;
        }
        if ROWS_MAX <= prices.len().max(bars.len()) {
            return Err(CsvError::TooMany);
        }
        let row = Row::split(text, line);
        match columns.prices {
            Prices::Price(column) => prices
                .push(Said { at: row.time(columns.time)?, price: row.read(column, read_price)? }),
            Prices::Answer(column) => prices.extend(row.answer(columns.time, column)?),
            Prices::Bar([open, high, low, close]) => bars.push(Bar {
                at: row.time(columns.time)?,
                open: row.read(open, read_price)?,
                high: row.read(high, read_price)?,
                low: row.read(low, read_price)?,
                close: row.read(close, read_price)?,
            }),
        }
    }
    Ok(if matches!(columns.prices, Prices::Bar(_)) {
        Rows::Bars(bars)
    } else {
        Rows::Prices(prices)
    })
}

impl Columns {
    /// `None` if the header does not name what is needed.
    fn named(header: &str) -> Option<Columns> {
        let names: Vec<&str> = header.split(',').map(str::trim).take(COLUMNS_MAX).collect();
        let place = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let time = TIMES.iter().find_map(|name| place(name))?;
        let bar = || Some([place("open")?, place("high")?, place("low")?, place("close")?]);
        let prices = place("price").map(Prices::Price);
        let prices = prices.or_else(|| place("answer").map(Prices::Answer));
        Some(Columns { time, prices: prices.or_else(|| bar().map(Prices::Bar))? })
    }
}

/// The fields of one line.
struct Row<'a> {
    fields: Vec<&'a str>,
    line: usize,
}

impl<'a> Row<'a> {
    fn split(text: &'a str, line: usize) -> Row<'a> {
        Row { fields: text.split(',').map(str::trim).take(COLUMNS_MAX).collect(), line }
    }

    fn field(&self, column: usize) -> Result<&'a str, CsvError> {
        let missing = CsvError::Missing { line: self.line, column: column + 1 };
        self.fields.get(column).copied().ok_or(missing)
    }

    fn read<T>(
        &self,
        column: usize,
        read: impl Fn(&str) -> Result<T, PriceFault>,
    ) -> Result<T, CsvError> {
        let wrong = |fault| CsvError::Field { line: self.line, column: column + 1, fault };
        read(self.field(column)?).map_err(wrong)
    }

    fn time(&self, column: usize) -> Result<At, CsvError> {
        self.read(column, read_time)
    }

    /// `None` for the empty round.
    fn answer(&self, time: usize, answer: usize) -> Result<Option<Said>, CsvError> {
        if (self.field(time)?, self.field(answer)?) == ("0", "0") {
            return Ok(None);
        }
        let price = self.read(answer, |text| {
            let out_of_range = || PriceFault::OutOfRange { text: text.chars().take(48).collect() };
            let price = text.parse().map(IndexPrice).map_err(|_| out_of_range())?;
            let fits = 0 < price.0 && price <= IndexPrice::MAX;
            fits.then_some(price).ok_or_else(out_of_range)
        })?;
        Ok(Some(Said { price, at: self.time(time)? }))
    }
}

/// Lines with a limit.
struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    line: usize,
}

impl<R: BufRead> Lines<R> {
    /// The next line with its number, without its end; `None` at the end of the file.
    fn next_line(&mut self) -> Result<Option<(usize, &str)>, CsvError> {
        self.line += 1;
        let line = self.line;
        self.buffer.clear();
        let most = u64::try_from(LINE_BYTES_MAX + 1).unwrap_or(u64::MAX);
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer);
        if read.map_err(|source| CsvError::Io { line, source })? == 0 {
            return Ok(None);
        }
        if LINE_BYTES_MAX < self.buffer.len() {
            return Err(CsvError::TooLong { line });
        }
        let text = std::str::from_utf8(&self.buffer).map_err(|_| CsvError::Text { line })?;
        Ok(Some((line, text.trim_end_matches(['\n', '\r']))))
    }
}
