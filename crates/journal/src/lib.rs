//! The append-only log and the snapshots of one margin domain, on disk.
//!
//! Bodies are opaque bytes: this crate knows where a record stands in the log ([`types::Seq`]) and
//! whether its bytes are the ones that were written. It never drops a record that was synced
//! without saying so, and it never repairs: a journal with damage inside does not open.
//!
//! ```text
//!   dir/
//!     LOCK                            held by the one process that may write
//!     log-00000000000000000001.plim   closed segment: exact length, ends with a seal
//!     log-00000000000000048213.plim   last segment: records, then zeros up to the file's length
//!     snap-00000000000000048000.plim  state after entry 48000
//! ```
//!
//! Reading order: [`record`] and [`segment`] are the format, [`journal`] writes it, [`recovery`]
//! decides between a torn tail and damage, [`reader`] replays, [`snapshot`] stores states.
//!
//! # What is promised
//! 1. When [`Journal::sync`] returns `Ok`, every record appended before it survives a crash.
//! 2. After a write or a sync fails, the journal refuses everything until it is opened again: the
//!    kernel may have dropped the pages that it could not write and still call them clean.
//! 3. A torn tail (what a crash leaves of writes that were never acknowledged) is cut off, and its
//!    size is reported. Damage anywhere else refuses to open, with segment and offset.
//!
//! # Limits, exactly
//! * A changed bit in the very last synced group is told from a torn write by the seal behind it.
//!   The seal is written after the sync, and is on disk itself with the next sync or when the
//!   kernel writes it back; until then a power cut *and* a changed bit in that one group look like
//!   a torn tail. A killed process loses no seal: it is in the page cache.
//! * A disk that loses a write although its sync returned is found out by what is synced later. A
//!   lost write of the very last group, and a power cut before the next one is synced, look like a
//!   torn tail, for the same reason.
//! * A file cut short at a record's end, or a last segment that is missing whole, cannot be seen
//!   from inside. The caller sees it when a snapshot is newer than the log.
//!
//! It does not know entries, apply anything, or talk to peers.

pub mod disk;
pub mod journal;
pub mod reader;
pub mod record;
pub mod recovery;
pub mod segment;
pub mod snapshot;

#[cfg(test)]
mod tests;

pub use disk::{Disk, OsDisk, Source};
pub use journal::{Journal, Options, WriteError};
pub use reader::{ReadError, Reader, read_span, read_span_on};
pub use record::{Kind, Place, RECORD_BYTES_MAX, Record};
pub use recovery::{OpenError, Opened};
pub use segment::{Corruption, Flaw, SEGMENT_BYTES, TornTail};
pub use snapshot::{Snapshot, SnapshotError};
