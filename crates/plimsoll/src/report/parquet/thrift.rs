//! The compact protocol of Thrift, as far as Parquet's headers use it: a tree of values by field.
//!
//! ```text
//!   struct = field* 00         field = (delta << 4 | type) value    delta 0: a zigzag id follows
//!   list   = (n << 4 | type) value*                                 n 15: a varint count follows
//!   integers are zigzag varints; bytes are a varint length and the bytes
//! ```
//! Depth is limited by [`DEPTH_MAX`], and every value costs at least one byte of input, so the tree
//! is bounded by what was read.

use super::{ParquetError, damaged};

/// Deepest nesting; Parquet has about eight.
const DEPTH_MAX: usize = 16;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Thrift<'a> {
    /// True or false.
    Bool(bool),
    /// A whole number of any width.
    Int(i64),
    /// Eight bytes, which nothing here looks into.
    Double,
    /// Text or bytes.
    Bytes(&'a [u8]),
    /// A list or a set.
    List(Vec<Thrift<'a>>),
    /// Fields by their number.
    Struct(Vec<(i64, Thrift<'a>)>),
}

impl<'a> Thrift<'a> {
    /// Reads a struct at the beginning of `bytes`, and says how many bytes it has.
    pub fn read(bytes: &'a [u8]) -> Result<(Thrift<'a>, usize), ParquetError> {
        let mut input = Input { rest: bytes };
        let read = input.record(0).ok_or_else(|| damaged("a header does not read"))?;
        Ok((read, bytes.len() - input.rest.len()))
    }

    /// A field of a struct.
    pub fn field(&self, id: i64) -> Option<&Thrift<'a>> {
        let Thrift::Struct(fields) = self else { return None };
        fields.iter().find(|(known, _)| *known == id).map(|(_, value)| value)
    }

    /// A whole number in a field.
    pub fn int(&self, id: i64) -> Option<i64> {
        match self.field(id)? {
            Thrift::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// A length or a place in a field; below zero is none.
    pub fn size(&self, id: i64) -> Option<usize> {
        self.int(id).and_then(|number| usize::try_from(number).ok())
    }

    /// Bytes in a field.
    pub fn bytes(&self, id: i64) -> Option<&'a [u8]> {
        match self.field(id)? {
            Thrift::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn list(&self) -> &[Thrift<'a>] {
        match self {
            Thrift::List(elements) => elements,
            _ => &[],
        }
    }
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn int(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        let half = i64::try_from(zigzag >> 1).ok()?;
        Some(if zigzag & 1 == 0 { half } else { !half })
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    fn record(&mut self, depth: usize) -> Option<Thrift<'a>> {
        let mut fields = Vec::new();
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(Thrift::Struct(fields));
            }
            id = match head >> 4 {
                0 => self.int()?,
                delta => id.checked_add(i64::from(delta))?,
            };
            let value = match head & 0x0f {
                // The value of a flag is in its type.
                1 => Thrift::Bool(true),
                2 => Thrift::Bool(false),
                kind => self.value(kind, depth)?,
            };
            fields.push((id, value));
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<Thrift<'a>> {
        if DEPTH_MAX <= depth {
            return None;
        }
        match kind {
            // An element of a list; a field has its value in its type.
            1 | 2 => self.byte().map(|byte| Thrift::Bool(byte == 1)),
            3 => self.byte().map(|byte| Thrift::Int(i64::from(byte))),
            4..=6 => self.int().map(Thrift::Int),
            7 => self.take(8).map(|_| Thrift::Double),
            8 => {
                let length = self.varint()?;
                self.take(length).map(Thrift::Bytes)
            }
            9 | 10 => self.list(depth),
            12 => self.record(depth + 1),
            _ => None,
        }
    }

    fn list(&mut self, depth: usize) -> Option<Thrift<'a>> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        let elements = (0..count).map(|_| self.value(head & 0x0f, depth + 1));
        elements.collect::<Option<Vec<_>>>().map(Thrift::List)
    }
}
