//! Texts that a client chooses: bounded, kept as they came.

use alloc::boxed::Box;
use core::fmt;

/// A client's label of an order. Many orders may carry one label; empty means none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(Option<Box<str>>);

/// A client's own id of an order: within a day of log time, one account uses it once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientOrderId(Box<str>);

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Longer than allowed.
    #[error("has {bytes} bytes: send at most {max}")]
    TooLong {
        /// Bytes that came.
        bytes: usize,
        /// Bytes that are allowed.
        max: usize,
    },
    /// An id of no letters.
    #[error("is empty: send at least one character, or leave it out")]
    Empty,
}

impl Label {
    /// Longest label in bytes: 64 characters of up to four bytes.
    pub const BYTES_MAX: usize = 256;

    /// Keeps `text`.
    pub fn new(text: &str) -> Result<Label, TextError> {
        check_length(text, Self::BYTES_MAX)?;
        Ok(Label((!text.is_empty()).then(|| text.into())))
    }

    /// The text; "" for none.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("")
    }

    /// True when the client gave none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl ClientOrderId {
    /// Longest id in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Keeps `text`.
    pub fn new(text: &str) -> Result<ClientOrderId, TextError> {
        check_length(text, Self::BYTES_MAX)?;
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        Ok(ClientOrderId(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number that it is, if it is one as numbers are printed: digits, at most `u64::MAX`, no
    /// zero before them.
    pub fn number(&self) -> Option<u64> {
        let is_printed = self.0.bytes().all(|byte| byte.is_ascii_digit())
            && (self.0.len() == 1 || !self.0.starts_with('0'));
        if is_printed { self.0.parse().ok() } else { None }
    }
}

pub(crate) fn check_length(text: &str, max: usize) -> Result<(), TextError> {
    if text.len() <= max { Ok(()) } else { Err(TextError::TooLong { bytes: text.len(), max }) }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
