//! Canonical bytes: one value, one byte string, for ever.
//!
//! ```text
//!   integers    little endian, of their width          bool, option    0 or 1, then the value
//!   sequences   u32 count, then the elements           text            u32 bytes, then UTF-8
//!   records     their fields in the order listed       choices         u8 tag, then the fields
//! ```
//!
//! There is no float and no padding. A tag is never used twice, a field is only ever added by a new
//! tag, so old logs keep their meaning. Decoding is strict: whatever it accepts encodes to the same
//! bytes, and hostile bytes end in a [`DecodeError`], never in a panic or a large allocation.

use alloc::boxed::Box;
use alloc::vec::Vec;

mod events;
mod halts;
mod notices;
mod prices;
mod risk;
mod shapes;
mod triggers;
mod words;

pub(crate) use shapes::{choice, newtype, record};

/// Types with canonical bytes.
pub trait Codec: Sized {
    /// Appends the bytes of `self`.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads a value.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The bytes of `self` alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// Reads a value that is all of `bytes`.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Why bytes are not those of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("the bytes end at {offset}, where {wanted} more were due")]
    Short {
        /// Where they end.
        offset: usize,
        /// How many are missing at least.
        wanted: usize,
    },
    /// No such tag, or a value outside its bounds.
    #[error("{what} at byte {offset} has a value that it cannot have")]
    Value {
        /// The type.
        what: &'static str,
        /// Where.
        offset: usize,
    },
    /// More bytes than the value has.
    #[error("{left} bytes follow the value that ends at {offset}")]
    Long {
        /// Where the value ends.
        offset: usize,
        /// How many follow.
        left: usize,
    },
}

/// A position in bytes that are being decoded.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    depth: u8,
}

impl<'a> Reader<'a> {
    /// Values may stand in boxes in boxes this deep.
    const DEPTH_MAX: u8 = 4;

    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, offset: 0, depth: 0 }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let Some(taken) = rest.get(..count) else {
            let wanted = count - rest.len();
            return Err(DecodeError::Short { offset: self.bytes.len(), wanted });
        };
        self.offset += count;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Fails unless every byte was read.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            left => Err(DecodeError::Long { offset: self.offset, left }),
        }
    }

    /// The error for a value of `what` that ended here and cannot be.
    pub fn refuse(&self, what: &'static str) -> DecodeError {
        DecodeError::Value { what, offset: self.offset }
    }

    /// A count of elements that follow; each takes a byte at least, so it is bounded by what is
    /// left.
    pub fn count(&mut self) -> Result<usize, DecodeError> {
        let count = u32::decode(self)?;
        let count = usize::try_from(count).map_err(|_| self.refuse("count"))?;
        if count <= self.left() { Ok(count) } else { Err(self.refuse("count")) }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Codec for $integer {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(<$integer>::from_le_bytes(reader.array()?))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, u128, i32, i64, i128);

impl Codec for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(reader.refuse("bool")),
        }
    }
}

impl<const N: usize> Codec for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array()
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        bool::decode(reader)?.then(|| T::decode(reader)).transpose()
    }
}

impl<T: Codec> Codec for Box<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_ref().encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.depth == Reader::DEPTH_MAX {
            return Err(reader.refuse("nesting"));
        }
        reader.depth += 1;
        let value = T::decode(reader)?;
        reader.depth -= 1;
        Ok(Box::new(value))
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_count(self.len(), out);
        for element in self {
            element.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count()?;
        (0..count).map(|_| T::decode(reader)).collect()
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok((A::decode(reader)?, B::decode(reader)?))
    }
}

/// The count before a sequence.
pub fn encode_count(count: usize, out: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("sequences are shorter than 2^32");
    count.encode(out);
}

/// Text, as a count and its UTF-8.
pub fn encode_text(text: &str, out: &mut Vec<u8>) {
    encode_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Text of at most `bytes_max` bytes.
pub fn decode_text<'a>(reader: &mut Reader<'a>, bytes_max: usize) -> Result<&'a str, DecodeError> {
    let count = reader.count()?;
    if bytes_max < count {
        return Err(reader.refuse("text"));
    }
    let bytes = reader.take(count)?;
    core::str::from_utf8(bytes).map_err(|_| reader.refuse("text"))
}
