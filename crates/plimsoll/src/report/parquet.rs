//! Price files in Parquet: the part of the format that columns of times and prices use.
//!
//! ```text
//!   "PAR1" │ pages of column 0 │ pages of column 1 │ … │ metadata │ its length, u32 │ "PAR1"
//!            └─ header, then compressed values
//! ```
//! Read are: columns without nesting and without nulls of `INT64` and `DOUBLE`, data pages of both
//! versions, plain or by dictionary, uncompressed, gzip or zstd. That is what pandas, polars and
//! DuckDB write for a table of klines. Everything else is refused by name.
//!
//! Invariant: a length that the file claims is compared with what is there before it is used, so a
//! file costs at most what its own bytes, [`PAGE_BYTES_MAX`] and [`ROWS_MAX`] allow.
//!
//! Source: the Apache Parquet format 2.11 (`parquet.thrift`, `Encodings.md`), and the compact
//! protocol of Thrift for headers and metadata.

mod pages;
mod thrift;

use types::At;

use super::recording::{Bar, ROWS_MAX, Rows};
use super::said::{Said, nearest_price};
use pages::{Chunk, Codec, Physical};
use thrift::Thrift;

/// Most bytes of one page when it is decompressed.
pub const PAGE_BYTES_MAX: usize = 64 << 20;
/// Most bytes of the metadata.
const METADATA_BYTES_MAX: usize = 1 << 20;
/// The letters at both ends.
const MAGIC: &[u8] = b"PAR1";

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// The file ends too early, or something in it does not add up.
    #[error("the Parquet file is damaged: {what}")]
    Damaged {
        /// What does not add up.
        what: &'static str,
    },
    /// Allowed in Parquet, and not read here.
    #[error("{what} is not read here: write {instead}")]
    Unread {
        /// What.
        what: String,
        /// What would be read.
        instead: &'static str,
    },
    /// A column that is needed.
    #[error("there is no column {name}: name ts_ms, and price or open, high, low and close")]
    Missing {
        /// Which.
        name: &'static str,
    },
    /// A row that is no price, or of no time.
    #[error("row {row} has no price or no time that an index can have")]
    Row {
        /// Counted from 1.
        row: usize,
    },
    /// Too much.
    #[error("it has more than {max} rows: cut it", max = ROWS_MAX)]
    TooMany,
}

fn damaged(what: &'static str) -> ParquetError {
    ParquetError::Damaged { what }
}

/// The rows of a file of prices or bars.
pub fn rows(file: &[u8]) -> Result<Rows, ParquetError> {
    let metadata = metadata(file)?;
    let times = Table { file, metadata: &metadata }.whole("ts_ms")?;
    let table = Table { file, metadata: &metadata };
    if table.has("price") {
        let prices = table.prices("price", times.len())?;
        let said = times.into_iter().zip(prices).map(|(at, price)| Said { at, price });
        return Ok(Rows::Prices(said.collect()));
    }
    let open = table.prices("open", times.len())?;
    let high = table.prices("high", times.len())?;
    let low = table.prices("low", times.len())?;
    let close = table.prices("close", times.len())?;
    let bars = times.iter().enumerate().map(|(row, at)| Bar {
        at: *at,
        open: open[row],
        high: high[row],
        low: low[row],
        close: close[row],
    });
    Ok(Rows::Bars(bars.collect()))
}

fn metadata(file: &[u8]) -> Result<Thrift<'_>, ParquetError> {
    let body = file.strip_suffix(MAGIC).ok_or_else(|| damaged("it does not end with PAR1"))?;
    let (body, length) = body.split_last_chunk().ok_or_else(|| damaged("it has no metadata"))?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if METADATA_BYTES_MAX < length {
        return Err(damaged("its metadata claims more than a mebibyte"));
    }
    let begin = body.len().checked_sub(length);
    let begin = begin.ok_or_else(|| damaged("its metadata claims more bytes than there are"))?;
    Ok(Thrift::read(&body[begin..])?.0)
}

/// A file with its metadata (`FileMetaData`: 2 schema, 4 row groups).
#[derive(Clone, Copy)]
struct Table<'a> {
    file: &'a [u8],
    metadata: &'a Thrift<'a>,
}

impl<'a> Table<'a> {
    /// Elements of the schema: the first is the root, the others are its columns as long as nothing
    /// is nested, which is checked for every column that is read.
    fn schema(&self) -> &'a [Thrift<'a>] {
        self.metadata.field(2).map_or(&[], Thrift::list)
    }

    /// Place of a column, and its schema element.
    fn column(&self, name: &str) -> Option<(usize, &'a Thrift<'a>)> {
        let mut columns = self.schema().iter().skip(1).enumerate();
        columns.find(|(_, column)| column.bytes(4) == Some(name.as_bytes()))
    }

    fn has(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// A column of moments.
    fn whole(&self, name: &'static str) -> Result<Vec<At>, ParquetError> {
        let moments = self.read(name, Physical::Int64)?.into_iter().enumerate();
        let read = moments.map(|(row, bits)| match i64::from_le_bytes(bits) {
            // Before 1970 nothing was traded that is priced here.
            moment @ 0.. => Ok(At(moment.unsigned_abs())),
            _ => Err(ParquetError::Row { row: row + 1 }),
        });
        read.collect()
    }

    /// A column of as many prices.
    fn prices(
        &self,
        name: &'static str,
        n_rows: usize,
    ) -> Result<Vec<types::IndexPrice>, ParquetError> {
        let values = self.read(name, Physical::Double)?;
        if values.len() != n_rows {
            return Err(damaged("its columns have different numbers of rows"));
        }
        let prices = values.into_iter().enumerate().map(|(row, bits)| {
            nearest_price(f64::from_le_bytes(bits)).ok_or(ParquetError::Row { row: row + 1 })
        });
        prices.collect()
    }

    /// All values of a column, as the eight bytes that both types have.
    fn read(&self, name: &'static str, physical: Physical) -> Result<Vec<[u8; 8]>, ParquetError> {
        let (place, element) = self.column(name).ok_or(ParquetError::Missing { name })?;
        if self.schema().iter().skip(1).any(|column| column.int(5).is_some_and(|n| 0 < n)) {
            let what = "nested columns".into();
            return Err(ParquetError::Unread { what, instead: "a flat table" });
        }
        let is_optional = match element.int(3) {
            Some(0) => false,
            Some(1) => true,
            _ => {
                let what = format!("a repeated column {name}");
                return Err(ParquetError::Unread { what, instead: "one value a row" });
            }
        };
        let mut values = Vec::new();
        for group in self.metadata.field(4).map_or(&[][..], Thrift::list) {
            let chunks = group.field(1).map_or(&[][..], Thrift::list);
            let chunk = chunks.get(place).and_then(|chunk| chunk.field(3));
            let chunk = chunk.ok_or_else(|| damaged("a row group lacks a column"))?;
            let chunk = Chunk::new(self.file, chunk, (name, physical), is_optional)?;
            chunk.read(&mut values)?;
        }
        Ok(values)
    }
}

impl Codec {
    /// Of its number in the metadata.
    fn numbered(number: i64) -> Result<Codec, ParquetError> {
        match number {
            0 => Ok(Codec::Plain),
            2 => Ok(Codec::Gzip),
            6 => Ok(Codec::Zstd),
            _ => Err(ParquetError::Unread {
                what: format!("compression number {number}"),
                instead: "zstd, gzip or nothing",
            }),
        }
    }
}
