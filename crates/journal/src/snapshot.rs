//! States on disk, so that a start need not replay the whole log.
//!
//! ```text
//!   offset bytes   snap-<seq>.plim
//!    0      8      "PLIMSNP\n"
//!    8      4      format version: 1 without a position, 2 with one
//!   12      4      CRC-32C of the other 108 bytes of the header
//!   16      8      seq: of the last entry that the state includes
//!   24     32      root of the state
//!   56     32      chain over entries and events up to it
//!   88      8      length of the state
//!   96      8      length of the projections (what the caller stores beside the state)
//!  104      4      chunk bytes, 1 MiB
//!  108      4      length of the position (what the sequencer knows of the place in its log)
//!  112      …      the state, the projections, the position, as one run of bytes cut into chunks;
//!                  each is followed by 4 bytes: CRC-32C of seq (8), its number (8), its bytes
//! ```
//! Numbers are little-endian. The same state gives the same bytes on every replica, so a chunk can
//! be fetched from a peer and checked alone.
//!
//! A snapshot is written under a temporary name, synced chunk by chunk, then renamed, then the
//! directory is synced: a name `snap-….plim` is always a whole one. A later flaw is damage, and an
//! error; an older snapshot is used in its place only if the caller asks for that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use types::Seq;
use types::planted::{self, Bug};

use crate::disk::{Disk, OsDisk, Source};
use crate::segment::list_named;

/// The format of a snapshot without a position.
pub const FORMAT_VERSION_MIN: u32 = 1;
/// The format of a snapshot with a position.
pub const FORMAT_VERSION: u32 = 2;
/// Bytes of a chunk but the last.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 112;
const MAGIC: [u8; 8] = *b"PLIMSNP\n";
const CRC_BYTES: usize = 4;

/// A state and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last entry that the state includes.
    pub seq: Seq,
    /// Root of the state.
    pub root: [u8; 32],
    /// Chain over entries and events.
    pub chain: [u8; 32],
    /// The encoded state.
    pub state: Vec<u8>,
    /// What the caller stores beside it; may be empty.
    pub projections: Vec<u8>,
    /// Where a sequencer of several machines was in its log; empty for that of one.
    pub position: Vec<u8>,
}

/// What is wrong with the bytes of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFlaw {
    /// The file does not begin as a snapshot does.
    #[error("the file does not begin with a whole snapshot header")]
    Header,
    /// A format of another build.
    #[error("format version is {found}, this build reads {FORMAT_VERSION_MIN} to {FORMAT_VERSION}")]
    Version {
        /// What the file says.
        found: u32,
    },
    /// The name and the header disagree.
    #[error("the header says seq {found}, the file's name says {named}")]
    Name {
        /// In the header.
        found: Seq,
        /// In the name.
        named: Seq,
    },
    /// The file is shorter or longer than the header says.
    #[error("the file has {found} bytes, its header asks for {expected}")]
    Length {
        /// Bytes that are there.
        found: u64,
        /// Bytes that should be.
        expected: u64,
    },
    /// A chunk is not the one that was written.
    #[error("the checksum of chunk {chunk} is {computed:#010x}, the file says {stored:#010x}")]
    Chunk {
        /// Counted from 0.
        chunk: u64,
        /// Of what was read.
        computed: u32,
        /// What the file says.
        stored: u32,
    },
}

/// Why a snapshot cannot be stored or loaded.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The system refused.
    #[error("{path}: {source}", path = path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Damage.
    #[error(
        "{file} is damaged at byte {offset}: {flaw}. Restore it from a backup or a peer, or start \
         from the snapshot before it"
    )]
    Corrupt {
        /// Name of the file.
        file: String,
        /// Where the flawed header or chunk begins.
        offset: u64,
        /// What is wrong.
        flaw: SnapshotFlaw,
    },
}

/// What to do when the newest snapshot is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// It is an error.
    Refuse,
    /// Use the newest one that is whole, or none, and report the others.
    Older,
}

/// What was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The newest snapshot that is whole.
    pub snapshot: Option<Snapshot>,
    /// Newer ones that are not; empty unless [`Fallback::Older`] was asked for.
    pub skipped: Vec<SnapshotError>,
}

/// Makes a snapshot durable in `dir`.
pub fn store(dir: &Path, snapshot: &Snapshot) -> Result<(), SnapshotError> {
    store_on(&mut OsDisk, dir, snapshot)
}

/// Makes a snapshot durable in `dir`, through `disk`.
pub fn store_on<D: Disk>(
    disk: &mut D,
    dir: &Path,
    snapshot: &Snapshot,
) -> Result<(), SnapshotError> {
    let path = dir.join(file_name(snapshot.seq));
    let temporary = dir.join(format!("{}.part", file_name(snapshot.seq)));
    let stored = (|| {
        let mut file = disk.create(&temporary)?;
        let mut offset = 0;
        for piece in pieces(snapshot) {
            disk.write_at(&mut file, &piece, offset)?;
            // One sync of the whole file would hold up those of the log for as long as that takes.
            if !planted::is(Bug::SnapshotNotSynced) {
                disk.sync(&mut file)?;
            }
            offset += long(piece.len());
        }
        disk.rename(&temporary, &path)?;
        disk.sync_dir(dir)
    })();
    if stored.is_err() {
        // It is in the way of nothing but room; a disk that fails keeps it until the next start.
        let _ = disk.remove(&temporary);
    }
    stored.map_err(|source| SnapshotError::Disk { path, source })
}

/// Removes what crashes left half written. For whoever opens the directory for writing: nobody
/// stores anything yet.
pub(crate) fn sweep<D: Disk>(disk: &mut D, dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("snap-") && name.ends_with(".plim.part") {
            disk.remove(&path)?;
        }
    }
    Ok(())
}

/// Loads the newest snapshot of `dir`.
pub fn load_newest(dir: &Path, fallback: Fallback) -> Result<Loaded, SnapshotError> {
    load_newest_on(&OsDisk, dir, fallback)
}

/// Loads the newest snapshot of `dir` from `source`.
pub fn load_newest_on<S: Source>(
    source: &S,
    dir: &Path,
    fallback: Fallback,
) -> Result<Loaded, SnapshotError> {
    let mut loaded = Loaded::default();
    for (seq, path) in list(dir)?.into_iter().rev() {
        match load_on(source, seq, &path) {
            Ok(snapshot) => {
                loaded.snapshot = Some(snapshot);
                break;
            }
            Err(error) if fallback == Fallback::Refuse => return Err(error),
            Err(error) => loaded.skipped.push(error),
        }
    }
    Ok(loaded)
}

/// Loads one snapshot.
pub fn load(seq: Seq, path: &Path) -> Result<Snapshot, SnapshotError> {
    load_on(&OsDisk, seq, path)
}

/// Loads one snapshot from `source`.
pub fn load_on<S: Source>(source: &S, seq: Seq, path: &Path) -> Result<Snapshot, SnapshotError> {
    let bytes = source.read(path).map_err(|source| disk_error(path, source))?;
    decode(&bytes, seq).map_err(|(offset, flaw)| SnapshotError::Corrupt {
        file: file_name(seq),
        offset,
        flaw,
    })
}

/// Removes all but the newest `keep` snapshots; at least one is kept.
///
/// What is half written stays: somebody may be writing it.
pub fn prune(dir: &Path, keep: usize) -> Result<(), SnapshotError> {
    let mut snapshots = list(dir)?;
    snapshots.truncate(snapshots.len().saturating_sub(keep.max(1)));
    for (_, path) in snapshots {
        fs::remove_file(&path).map_err(|source| disk_error(&path, source))?;
    }
    Ok(())
}

/// The snapshots of a directory, oldest first.
pub fn list(dir: &Path) -> Result<Vec<(Seq, PathBuf)>, SnapshotError> {
    list_named(dir, "snap-").map_err(|source| disk_error(dir, source))
}

/// The name of the snapshot after entry `seq`.
pub fn file_name(seq: Seq) -> String {
    format!("snap-{:020}.plim", seq.0)
}

fn disk_error(path: &Path, source: io::Error) -> SnapshotError {
    SnapshotError::Disk { path: path.to_path_buf(), source }
}

/// The bytes of a snapshot's file.
pub fn encode(snapshot: &Snapshot) -> Vec<u8> {
    let pieces: Vec<Vec<u8>> = pieces(snapshot).collect();
    pieces.concat()
}

/// The header, then each chunk with its checksum: a state is large, and is not copied whole.
fn pieces(snapshot: &Snapshot) -> impl Iterator<Item = Vec<u8>> {
    let Snapshot { seq, state, projections, position, .. } = snapshot;
    let payload = [state, projections, position].map(Vec::as_slice);
    let bytes: usize = payload.iter().map(|part| part.len()).sum();
    let chunks = (0..bytes.div_ceil(CHUNK_BYTES)).map(move |number| {
        let begin = number * CHUNK_BYTES;
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + CRC_BYTES);
        take_span(payload, (begin, begin + CHUNK_BYTES), &mut chunk);
        let crc = chunk_checksum(*seq, long(number), &chunk);
        chunk.extend_from_slice(&crc.to_le_bytes());
        chunk
    });
    std::iter::once(header(snapshot)).chain(chunks)
}

/// What lies within a span of the parts, as if they were one run of bytes.
fn take_span(parts: [&[u8]; 3], (begin, end): (usize, usize), out: &mut Vec<u8>) {
    let mut before = 0;
    for part in parts {
        let within = |at: usize| at.saturating_sub(before).min(part.len());
        out.extend_from_slice(&part[within(begin)..within(end)]);
        before += part.len();
    }
}

fn header(snapshot: &Snapshot) -> Vec<u8> {
    let Snapshot { seq, root, chain, state, projections, position } = snapshot;
    let version = if position.is_empty() { FORMAT_VERSION_MIN } else { FORMAT_VERSION };
    let position = u32::try_from(position.len()).expect("a position is a few hundred bytes");
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&seq.0.to_le_bytes());
    bytes.extend_from_slice(root);
    bytes.extend_from_slice(chain);
    bytes.extend_from_slice(&long(state.len()).to_le_bytes());
    bytes.extend_from_slice(&long(projections.len()).to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(CHUNK_BYTES).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&position.to_le_bytes());
    let crc = header_checksum(&bytes);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads the bytes of the snapshot that is named for `named`; the error says where the flaw is.
pub fn decode(bytes: &[u8], named: Seq) -> Result<Snapshot, (u64, SnapshotFlaw)> {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Err((0, SnapshotFlaw::Header));
    };
    let Lengths { state, projections, position } = check_header(header, bytes.len(), named)?;
    let mut payload = Vec::with_capacity(state + projections + position);
    let mut offset = HEADER_BYTES;
    for (number, chunk) in (0..).zip(bytes[HEADER_BYTES..].chunks(CHUNK_BYTES + CRC_BYTES)) {
        let (chunk, crc) = chunk.split_at(chunk.len().saturating_sub(CRC_BYTES));
        let computed = chunk_checksum(named, number, chunk);
        let stored = crc.first_chunk().map_or(0, |crc| u32::from_le_bytes(*crc));
        if computed != stored {
            let flaw = SnapshotFlaw::Chunk { chunk: number, computed, stored };
            return Err((long(offset), flaw));
        }
        payload.extend_from_slice(chunk);
        offset += chunk.len() + CRC_BYTES;
    }
    let position = payload.split_off(state + projections);
    let projections = payload.split_off(state);
    let (mut root, mut chain) = ([0; 32], [0; 32]);
    root.copy_from_slice(&header[24..56]);
    chain.copy_from_slice(&header[56..88]);
    Ok(Snapshot { seq: named, root, chain, state: payload, projections, position })
}

/// Bytes of the parts.
struct Lengths {
    state: usize,
    projections: usize,
    position: usize,
}

/// Lengths of the parts, once the header agrees with the file.
fn check_header(
    header: &[u8; HEADER_BYTES],
    found: usize,
    named: Seq,
) -> Result<Lengths, (u64, SnapshotFlaw)> {
    let number = |at: usize| {
        let mut long = [0; 8];
        long.copy_from_slice(&header[at..at + 8]);
        u64::from_le_bytes(long)
    };
    let word = |at: usize| u32::try_from(number(at) & 0xffff_ffff).unwrap_or(u32::MAX);
    if header[..8] != MAGIC || word(12) != header_checksum(header) {
        return Err((0, SnapshotFlaw::Header));
    }
    if !(FORMAT_VERSION_MIN..=FORMAT_VERSION).contains(&word(8)) {
        return Err((0, SnapshotFlaw::Version { found: word(8) }));
    }
    if number(16) != named.0 {
        return Err((0, SnapshotFlaw::Name { found: Seq(number(16)), named }));
    }
    let state = usize::try_from(number(88)).unwrap_or(usize::MAX);
    let projections = usize::try_from(number(96)).unwrap_or(usize::MAX);
    let position = usize::try_from(number(104) >> 32).unwrap_or(usize::MAX);
    let payload = state.saturating_add(projections).saturating_add(position);
    // A length that no file has is a length that this one does not have.
    let expected = if payload <= found { file_bytes(payload) } else { payload };
    if expected != found {
        let flaw = SnapshotFlaw::Length { found: long(found), expected: long(expected) };
        return Err((0, flaw));
    }
    Ok(Lengths { state, projections, position })
}

fn file_bytes(payload: usize) -> usize {
    HEADER_BYTES + payload + payload.div_ceil(CHUNK_BYTES) * CRC_BYTES
}

fn header_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..HEADER_BYTES])
}

fn chunk_checksum(seq: Seq, number: u64, chunk: &[u8]) -> u32 {
    let place = crc32c::crc32c_append(crc32c::crc32c(&seq.0.to_le_bytes()), &number.to_le_bytes());
    crc32c::crc32c_append(place, chunk)
}

fn long(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
