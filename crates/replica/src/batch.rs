//! The body of a batch in the log, and of a root mark.
//!
//! ```text
//!   batch   8 bytes   at, of every entry of the batch
//!           …         the commands, in canonical bytes, one after the other
//!   mark   32 bytes   root of the state after the last entry before it
//!          32 bytes   chain over entries and events up to there
//! ```
//! The seq of the first entry and the count stand in the record's head; the entries have seqs in a
//! row. Decoding is strict and takes any bytes.

use engine::Engine;
use types::codec::{Codec, DecodeError, Reader};
use types::planted::{self, Bug};
use types::{Applied, At, Command, Entry, EntryOutcome, Seq};

/// Bytes of a body after which a further record is begun, in the same group.
pub const BODY_BYTES: usize = 1 << 20;

/// The log's time of a batch, by its body; zero of a body that has none.
pub fn at(body: &[u8]) -> At {
    At(body.first_chunk().map_or(0, |at| u64::from_le_bytes(*at)))
}

/// The time of a batch that is made when the clock says `clock`: not before what stands in the log
/// and in the state, the later of which is `before`.
pub fn time(clock: At, before: At) -> At {
    if planted::is(Bug::BatchTimeGoesBack) { clock } else { clock.max(before) }
}

/// Applies entries whose time is `at`; `tag` knows who waits for the n-th of them, zero for nobody.
/// An error leaves those before it applied.
pub fn apply(
    engine: &mut Engine,
    at: At,
    entries: impl Iterator<Item = Result<Entry, DecodeError>>,
    tag: impl Fn(usize) -> u64,
) -> Result<Applied, DecodeError> {
    let mut applied = Applied { at, ..Applied::default() };
    applied.entries.reserve_exact(entries.size_hint().0);
    for (index, entry) in entries.enumerate() {
        let entry = entry?;
        let begin = applied.events.len();
        engine.apply(&entry, &mut applied.events);
        let (events, tag) = (begin..applied.events.len(), tag(index));
        applied.entries.push(EntryOutcome { seq: entry.seq, tag, events });
        applied.keep_signed(entry.seq, entry.command);
    }
    Ok(applied)
}

/// A root mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Root of the state.
    pub root: [u8; 32],
    /// Chain over entries and events.
    pub chain: [u8; 32],
}

/// The entries of a batch.
#[derive(Debug)]
pub struct Entries<'a> {
    reader: Reader<'a>,
    at: At,
    next: Seq,
    left: u32,
}

impl<'a> Entries<'a> {
    /// Reads the body of a batch of `count` entries from `first` on.
    pub fn new(first: Seq, count: u32, body: &'a [u8]) -> Result<Entries<'a>, DecodeError> {
        let mut reader = Reader::new(body);
        let at = At::decode(&mut reader)?;
        Ok(Entries { reader, at, next: first, left: count })
    }

    /// The log's time of every entry.
    pub fn at(&self) -> At {
        self.at
    }

    fn read(&mut self) -> Result<Entry, DecodeError> {
        let command = Command::decode(&mut self.reader)?;
        let entry = Entry { seq: self.next, at: self.at, command };
        self.next = self.next.next();
        self.left -= 1;
        if self.left == 0 {
            self.reader.finish()?;
        }
        Ok(entry)
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, DecodeError>;

    fn next(&mut self) -> Option<Result<Entry, DecodeError>> {
        if self.left == 0 {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            self.left = 0;
        }
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // Each entry takes a byte at least, so a count that lies reserves no more than there is.
        let left = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.reader.left());
        (left, Some(left))
    }
}

impl Mark {
    /// Of the state that an engine has.
    pub(crate) fn of(engine: &mut Engine) -> Mark {
        Mark { root: engine.root(), chain: engine.chain() }
    }

    /// The 64 bytes.
    pub fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.root);
        bytes[32..].copy_from_slice(&self.chain);
        bytes
    }

    /// Reads a mark.
    pub fn decode(bytes: &[u8]) -> Result<Mark, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mark = Mark { root: reader.array()?, chain: reader.array()? };
        reader.finish()?;
        Ok(mark)
    }
}
