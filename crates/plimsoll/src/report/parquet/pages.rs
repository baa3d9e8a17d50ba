//! The values of one column in one row group, page by page.
//!
//! ```text
//!   dictionary page?   n values, plain
//!   data page, v1      [levels: u32 length, runs]  values        all of it compressed
//!   data page, v2      [levels: runs]              values        the values compressed
//!   values             plain: 8 bytes each         by dictionary: u8 bit width, runs of indices
//! ```
//! Runs are `RLE/bit-packed hybrid`: a varint `h`; if it is even, `h/2` times one value; if it is
//! odd, `h/2` groups of 8 values of so many bits, the lowest bits first.

use std::io::Read;

use flate2::read::GzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::thrift::Thrift;
use super::{PAGE_BYTES_MAX, ParquetError, damaged};
use crate::report::recording::ROWS_MAX;

/// How a page is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// How a value lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Physical {
    /// Two's complement, little end first.
    Int64,
    /// IEEE 754, little end first.
    Double,
}

/// One column in one row group.
pub struct Chunk<'a> {
    codec: Codec,
    n_values: usize,
    is_optional: bool,
    /// From the first page on.
    pages: &'a [u8],
    name: &'static str,
}

/// What the header of a page says.
struct Page<'a> {
    header: Thrift<'a>,
    body: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Of its metadata (`ColumnMetaData`: 1 type, 4 codec, 5 number of values, 7 compressed size,
    /// 9 first data page, 11 dictionary page).
    pub fn new(
        file: &'a [u8],
        metadata: &Thrift<'_>,
        (name, physical): (&'static str, Physical),
        is_optional: bool,
    ) -> Result<Chunk<'a>, ParquetError> {
        let wanted = match physical {
            Physical::Int64 => (2, "64-bit integers (milliseconds)"),
            Physical::Double => (5, "64-bit floats"),
        };
        if metadata.int(1) != Some(wanted.0) {
            let what = format!("a column {name} of another type");
            return Err(ParquetError::Unread { what, instead: wanted.1 });
        }
        let codec = Codec::numbered(metadata.int(4).unwrap_or(-1))?;
        let n_values = metadata.size(5).ok_or_else(|| damaged("a column has no length"))?;
        if ROWS_MAX < n_values {
            return Err(ParquetError::TooMany);
        }
        let data = metadata.size(9).ok_or_else(|| damaged("a column has no place"))?;
        let begin =
            metadata.size(11).filter(|dictionary| 0 < *dictionary).unwrap_or(data).min(data);
        let length = metadata.size(7).ok_or_else(|| damaged("a column has no size"))?;
        let end = begin.checked_add(length);
        let pages = end.and_then(|end| file.get(begin..end));
        let pages = pages.ok_or_else(|| damaged("a column is outside of the file"))?;
        Ok(Chunk { codec, n_values, is_optional, pages, name })
    }

    /// Appends its values.
    pub fn read(&self, values: &mut Vec<[u8; 8]>) -> Result<(), ParquetError> {
        let end = values.len() + self.n_values;
        if ROWS_MAX < end {
            return Err(ParquetError::TooMany);
        }
        let mut rest = self.pages;
        let mut dictionary = Vec::new();
        while values.len() < end {
            let page = Page::next(&mut rest)?;
            let room = end - values.len();
            match page.header.int(1) {
                Some(0) => self.data(&page, 5, room, &dictionary, values)?,
                Some(2) => dictionary = self.dictionary(&page)?,
                Some(3) => self.data(&page, 8, room, &dictionary, values)?,
                // An index of the pages, which nothing here needs.
                Some(1) => (),
                _ => return Err(damaged("a page has no kind")),
            }
        }
        Ok(())
    }

    fn dictionary(&self, page: &Page<'_>) -> Result<Vec<[u8; 8]>, ParquetError> {
        let bytes = self.decompressed(page.body, page.size()?)?;
        let header = page.header.field(7).ok_or_else(|| damaged("a dictionary has no header"))?;
        let n_values = header.size(1).ok_or_else(|| damaged("a dictionary has no length"))?;
        plain(&bytes, n_values)
    }

    /// A data page, whose header is in field 5 (version 1) or 8 (version 2).
    fn data(
        &self,
        page: &Page<'_>,
        field: i64,
        room: usize,
        dictionary: &[[u8; 8]],
        values: &mut Vec<[u8; 8]>,
    ) -> Result<(), ParquetError> {
        let header = page.header.field(field).ok_or_else(|| damaged("a page has no header"))?;
        let n_values = header.size(1).filter(|n| (1..=room).contains(n));
        let n_values = n_values.ok_or_else(|| damaged("a page has more values than its column"))?;
        let (bytes, encoding) = match field {
            5 => {
                let bytes = self.decompressed(page.body, page.size()?)?;
                (self.after_levels(bytes, n_values)?, header.int(2))
            }
            _ => (self.version_2(page, header)?, header.int(4)),
        };
        match encoding {
            Some(0) => values.extend(plain(&bytes, n_values)?),
            Some(2 | 8) => by_dictionary(&bytes, n_values, dictionary, values)?,
            other => {
                return Err(ParquetError::Unread {
                    what: format!("encoding number {other:?} in column {}", self.name),
                    instead: "it plain or by dictionary",
                });
            }
        }
        Ok(())
    }

    /// Version 1: the levels come first, and say for each row whether there is a value.
    fn after_levels(&self, bytes: Vec<u8>, n_values: usize) -> Result<Vec<u8>, ParquetError> {
        if !self.is_optional {
            return Ok(bytes);
        }
        let short = || damaged("a page ends within its levels");
        let (length, rest) = bytes.split_first_chunk().ok_or_else(short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (levels, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        let mut n_present = 0;
        runs(levels, 1, n_values, |level| {
            n_present += usize::from(level == 1);
            Ok(())
        })?;
        if n_present < n_values { Err(self.nulls()) } else { Ok(rest.to_vec()) }
    }

    /// Version 2 (`DataPageHeaderV2`: 2 number of nulls, 5 and 6 bytes of levels, 7 compressed).
    fn version_2(&self, page: &Page<'_>, header: &Thrift<'_>) -> Result<Vec<u8>, ParquetError> {
        if header.int(2) != Some(0) {
            return Err(self.nulls());
        }
        let levels = header.size(5).zip(header.size(6)).and_then(|(a, b)| a.checked_add(b));
        let levels = levels.ok_or_else(|| damaged("a page has no levels"))?;
        let values = page.body.get(levels..);
        let values = values.ok_or_else(|| damaged("a page ends within its levels"))?;
        let size = page.size()?.checked_sub(levels);
        let size = size.ok_or_else(|| damaged("a page is smaller than its levels"))?;
        match header.field(7) {
            Some(Thrift::Bool(false)) => Ok(values.to_vec()),
            _ => self.decompressed(values, size),
        }
    }

    fn nulls(&self) -> ParquetError {
        let what = format!("rows without a value in column {}", self.name);
        ParquetError::Unread { what, instead: "a file without them" }
    }

    /// Exactly `size` bytes, or it is damaged.
    fn decompressed(&self, body: &[u8], size: usize) -> Result<Vec<u8>, ParquetError> {
        let most = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        let read = match self.codec {
            Codec::Plain => body.take(most).read_to_end(&mut bytes),
            Codec::Gzip => GzDecoder::new(body).take(most).read_to_end(&mut bytes),
            Codec::Zstd => {
                let window_max = u64::try_from(PAGE_BYTES_MAX).unwrap_or(u64::MAX);
                let decoder = StreamingDecoder::new_with_max_window_size(body, window_max);
                let decoder = decoder.map_err(|_| damaged("a page is not zstd"))?;
                decoder.take(most).read_to_end(&mut bytes)
            }
        };
        match read {
            Ok(_) if bytes.len() == size => Ok(bytes),
            _ => Err(damaged("a page does not decompress to what its header says")),
        }
    }
}

impl<'a> Page<'a> {
    /// Takes the next page (`PageHeader`: 1 kind, 2 size, 3 compressed size).
    fn next(rest: &mut &'a [u8]) -> Result<Page<'a>, ParquetError> {
        let (header, n_bytes) = Thrift::read(rest)?;
        let length = header.size(3).ok_or_else(|| damaged("a page has no length"))?;
        let body = rest.get(n_bytes..).and_then(|after| after.split_at_checked(length));
        let (body, after) = body.ok_or_else(|| damaged("a page is longer than its column"))?;
        *rest = after;
        Ok(Page { header, body })
    }

    /// Bytes when it is decompressed.
    fn size(&self) -> Result<usize, ParquetError> {
        let size = self.header.size(2).ok_or_else(|| damaged("a page has no size"))?;
        if PAGE_BYTES_MAX < size { Err(damaged("a page is larger than 64 MiB")) } else { Ok(size) }
    }
}

fn plain(bytes: &[u8], n_values: usize) -> Result<Vec<[u8; 8]>, ParquetError> {
    let (values, _) = bytes.as_chunks::<8>();
    let values = values.get(..n_values);
    Ok(values.ok_or_else(|| damaged("a page has fewer values than it says"))?.to_vec())
}

fn by_dictionary(
    bytes: &[u8],
    n_values: usize,
    dictionary: &[[u8; 8]],
    values: &mut Vec<[u8; 8]>,
) -> Result<(), ParquetError> {
    let (width, indices) = bytes.split_first().ok_or_else(|| damaged("a page has no indices"))?;
    runs(indices, u32::from(*width), n_values, |index| {
        let value = usize::try_from(index).ok().and_then(|index| dictionary.get(index));
        values.push(*value.ok_or_else(|| damaged("an index is outside of its dictionary"))?);
        Ok(())
    })
}

/// Hands `n_values` values of `width` bits to `see`.
fn runs(
    mut rest: &[u8],
    width: u32,
    n_values: usize,
    mut see: impl FnMut(u64) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let short = || damaged("a run of values ends too early");
    if 32 < width {
        return Err(damaged("a run has values of more than 32 bits"));
    }
    let mut left = n_values;
    while 0 < left {
        let (head, n_bytes) = varint(rest).ok_or_else(short)?;
        rest = &rest[n_bytes..];
        let count = usize::try_from(head >> 1).unwrap_or(usize::MAX);
        if head & 1 == 0 {
            let n_bytes = usize::try_from(width.div_ceil(8)).unwrap_or(usize::MAX);
            let (value, after) = rest.split_at_checked(n_bytes).ok_or_else(short)?;
            rest = after;
            let count = count.min(left);
            if count == 0 {
                return Err(damaged("a run has no values"));
            }
            let value = little(value);
            (0..count).try_for_each(|_| see(value))?;
            left -= count;
            continue;
        }
        let n_bytes = count.checked_mul(usize::try_from(width).unwrap_or(0)).ok_or_else(short)?;
        let (packed, after) = rest.split_at_checked(n_bytes.min(rest.len())).ok_or_else(short)?;
        rest = after;
        let count = count.saturating_mul(8).min(left);
        if count == 0 {
            return Err(damaged("a run has no values"));
        }
        for place in 0..count {
            see(bits(packed, place, width).ok_or_else(short)?)?;
        }
        left -= count;
    }
    Ok(())
}

/// The value at a place of packed ones.
fn bits(packed: &[u8], place: usize, width: u32) -> Option<u64> {
    let width_bits = usize::try_from(width).ok()?;
    let begin = place.checked_mul(width_bits)?;
    let (first, shift) = (begin / 8, begin % 8);
    // At most 32 bits after at most 7 lie within 5 bytes.
    let end = (begin + width_bits).div_ceil(8);
    let value = little(packed.get(first..end)?) >> shift;
    Some(value & ((1 << width) - 1))
}

fn little(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// A varint, and how many bytes it has.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, place + 1));
        }
    }
    None
}
