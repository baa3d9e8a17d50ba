//! Lines of a capture file, plain or gzip: `<receive time in ns> <blank> <JSON object>`.
//!
//! It streams: memory is bounded by one line, and a line by [`LINE_BYTES_MAX`]. Whatever does not
//! read stops the reading with the number of the line; nothing is skipped silently.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::message::Message;

/// Longest line: a snapshot of 5 000 levels a side is about 250 kB.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was received, in nanoseconds since 1970.
    pub received_ns: u64,
    /// What it says.
    pub message: Message,
}

/// Why a capture cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file.
    #[error("line {line}: reading failed")]
    Io {
        /// Line that was being read.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// More than one line may have.
    #[error("line {line} has more than {max} bytes", max = LINE_BYTES_MAX)]
    TooLong {
        /// Which.
        line: u64,
    },
    /// Not a time and a blank.
    #[error("line {line} does not begin with nanoseconds since 1970 and a blank")]
    Time {
        /// Which.
        line: u64,
    },
    /// Not UTF-8.
    #[error("line {line} is not UTF-8")]
    Text {
        /// Which.
        line: u64,
    },
    /// Not the JSON that it should be.
    #[error("line {line} does not hold a message of a capture")]
    Json {
        /// Which.
        line: u64,
        /// Why.
        source: serde_json::Error,
    },
}

/// Reads a capture line by line.
pub struct Capture<R> {
    reader: R,
    buffer: Vec<u8>,
    line: u64,
}

impl Capture<Box<dyn BufRead + Send>> {
    /// Opens a file; gzip is recognised by its first two bytes.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead + Send> = match is_gzip {
            true => Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))),
            false => Box::new(file),
        };
        Ok(Capture::new(reader))
    }
}

impl<R: BufRead> Capture<R> {
    /// Reads lines of `reader`.
    pub fn new(reader: R) -> Capture<R> {
        Capture { reader, buffer: Vec::new(), line: 0 }
    }

    /// Lines read so far.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next line; `None` at the end.
    pub fn next_line(&mut self) -> Result<Option<Line>, CaptureError> {
        self.line += 1;
        let line = self.line;
        self.buffer.clear();
        let most = u64::try_from(LINE_BYTES_MAX + 1).unwrap_or(u64::MAX);
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer);
        if read.map_err(|source| CaptureError::Io { line, source })? == 0 {
            return Ok(None);
        }
        if LINE_BYTES_MAX < self.buffer.len() {
            return Err(CaptureError::TooLong { line });
        }
        let text = std::str::from_utf8(&self.buffer).map_err(|_| CaptureError::Text { line })?;
        let (time, json) = text.split_once(' ').ok_or(CaptureError::Time { line })?;
        let received_ns = time.parse().map_err(|_| CaptureError::Time { line })?;
        let message = Message::parse(json).map_err(|source| CaptureError::Json { line, source })?;
        Ok(Some(Line { received_ns, message }))
    }
}
