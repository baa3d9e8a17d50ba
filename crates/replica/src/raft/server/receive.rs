//! Receiving a snapshot's file, from where an earlier attempt ended.
//!
//! ```text
//!   offer ─▶ part file, cut to whole chunks ─▶ "from here" ─▶ chunks ─▶ sync, check, rename
//!                                                                          └─▶ install
//! ```
//! While the disk or the state machine works, the sender is told so every 50 ms. The work goes on
//! when the sender has gone: the part file must not have two writers.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use openraft::Snapshot;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use ::types::Seq;
use ::types::codec::Codec;

use super::group::{Receiving, Serves};
use crate::raft::network::checksum_before;
use crate::raft::pipe::{Pipe, not_ours};
use crate::raft::types::SnapshotFile;
use crate::raft::wire::CHUNK_BYTES;
use crate::raft::wire::snapshot::{Chunk, Offer, Progress};

/// Bytes of a snapshot's file.
pub const SNAPSHOT_BYTES_MAX: u64 = 64 << 30;
/// What is synced at once, and what an attempt that was cut off leaves in multiples of.
const CHUNK: u64 = CHUNK_BYTES as u64;
/// How often the sender is told that work goes on.
const WORKING_EVERY: Duration = Duration::from_millis(50);
/// A transfer in which nothing comes for so long is given up; its part file stays.
const STALL_MAX: Duration = Duration::from_secs(30);
/// How long a transfer waits until one that it replaces has let go.
const TURN_MAX: Duration = Duration::from_secs(5);

/// A file that is arriving.
#[derive(Clone)]
struct Part {
    seq: Seq,
    path: PathBuf,
    file: Arc<File>,
    /// Bytes that are there.
    at: u64,
    /// Bytes that it will have.
    bytes: u64,
}

/// One transfer; what goes wrong is told to the sender.
pub(super) async fn snapshot(mut pipe: Pipe, group: &dyn Serves) -> io::Result<()> {
    let offer: Offer = timeout(STALL_MAX, pipe.message()).await??;
    let said = match receive(&mut pipe, group, offer).await {
        Ok(installed) => installed,
        Err(error) => Progress::Failed(error.to_string()),
    };
    pipe.push_message(&said)?;
    pipe.send().await
}

async fn receive(pipe: &mut Pipe, group: &dyn Serves, offer: Offer) -> io::Result<Progress> {
    let receiving = group.receiving();
    if offer.bytes == 0 || SNAPSHOT_BYTES_MAX < offer.bytes {
        let words = format!("{} bytes are no snapshot of 1 to {SNAPSHOT_BYTES_MAX}", offer.bytes);
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    let mine = next_turn(receiving);
    let Ok(_writing) = timeout(TURN_MAX, working(pipe, receiving.writing.lock())).await else {
        return Err(io::Error::other("an earlier snapshot is still being installed"));
    };
    let (dir, seq, bytes) = (receiving.dir.clone(), offer.seq, offer.bytes);
    let (mut part, crc) = on_disk(pipe, move || Part::open(&dir, seq, bytes)).await?;
    pipe.push_message(&Progress::From { offset: part.at, crc })?;
    let mut is_first = true;
    while part.at < part.bytes {
        let chunk = next_chunk(pipe, receiving, mine).await?;
        if is_first && chunk.offset == 0 {
            part.at = 0;
        }
        is_first = false;
        part.check(&chunk)?;
        part = on_disk(pipe, move || part.write(&chunk)).await?;
    }
    let dir = receiving.dir.clone();
    let file = on_disk(pipe, move || part.finish(&dir)).await?;
    let snapshot = Snapshot { meta: offer.meta, snapshot: file };
    let installed = working(pipe, group.install(offer.vote, snapshot)).await;
    installed.map(Progress::Installed).map_err(io::Error::other)
}

/// Becomes the newest transfer, which ends the others.
fn next_turn(receiving: &Receiving) -> u64 {
    let mut mine = 0;
    receiving.newest.send_modify(|newest| {
        *newest += 1;
        mine = *newest;
    });
    mine
}

async fn next_chunk(pipe: &mut Pipe, receiving: &Receiving, mine: u64) -> io::Result<Chunk> {
    let mut newest = receiving.newest.subscribe();
    tokio::select! {
        biased;
        _ = newest.wait_for(|newest| *newest != mine) => {
            Err(io::Error::other("another transfer has begun"))
        }
        body = timeout(STALL_MAX, pipe.frame()) => {
            Chunk::from_bytes(&body??).map_err(not_ours)
        }
    }
}

/// Awaits work, and tells the sender meanwhile that it goes on.
async fn working<T>(pipe: &mut Pipe, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut is_heard = true;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = sleep(WORKING_EVERY), if is_heard => {}
        }
        let told = pipe.push_message(&Progress::Working);
        let sent = timeout(WORKING_EVERY, pipe.send()).await;
        is_heard = told.is_ok() && !matches!(sent, Ok(Err(_)));
    }
}

async fn on_disk<T: Send + 'static>(
    pipe: &mut Pipe,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    working(pipe, spawn_blocking(work)).await.map_err(io::Error::other)?
}

impl Part {
    /// What an earlier attempt left of this snapshot, in whole chunks and one chunk short of all at
    /// least, and the checksum of that. What was left of other snapshots goes.
    fn open(dir: &Path, seq: Seq, bytes: u64) -> io::Result<(Part, u32)> {
        fs::create_dir_all(dir.join("incoming"))?;
        let name = format!("incoming-{}.part", seq.0);
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let found = entry.file_name();
            let is_part = found.to_str().is_some_and(is_part_name);
            if is_part && found != *name {
                fs::remove_file(entry.path())?;
            }
        }
        let path = dir.join(name);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
        let at = file.metadata()?.len().min(bytes - 1) / CHUNK * CHUNK;
        file.set_len(at)?;
        let crc = checksum_before(&file, at)?;
        Ok((Part { seq, path, file: Arc::new(file), at, bytes }, crc))
    }

    /// Whether a chunk is the next one, and whole.
    fn check(&self, chunk: &Chunk) -> io::Result<()> {
        let Chunk { offset, crc, bytes } = chunk;
        let computed = crc32c::crc32c(bytes);
        let fits = !bytes.is_empty() && bytes.len() as u64 <= self.bytes - self.at;
        if *offset == self.at && *crc == computed && fits {
            return Ok(());
        }
        let words = format!(
            "a chunk of {} bytes at {offset} with checksum {crc:#010x}, where one at {} with \
             {computed:#010x} and up to byte {} was due",
            bytes.len(),
            self.at,
            self.bytes
        );
        Err(io::Error::new(io::ErrorKind::InvalidData, words))
    }

    fn write(mut self, chunk: &Chunk) -> io::Result<Part> {
        if chunk.offset == 0 {
            // What was there of an earlier attempt is not what the sender has.
            self.file.set_len(0)?;
        }
        self.file.write_all_at(&chunk.bytes, chunk.offset)?;
        self.at += chunk.bytes.len() as u64;
        // One sync of the whole file would hold up those of the log for as long as that takes.
        if self.at / CHUNK != chunk.offset / CHUNK {
            self.file.sync_data()?;
        }
        Ok(self)
    }

    /// Makes the whole file durable, checks it and gives it its name. One that is damaged goes.
    fn finish(self, dir: &Path) -> io::Result<SnapshotFile> {
        self.file.sync_all()?;
        if let Err(error) = journal::snapshot::load(self.seq, &self.path) {
            fs::remove_file(&self.path)?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        let incoming = dir.join("incoming");
        fs::rename(&self.path, incoming.join(journal::snapshot::file_name(self.seq)))?;
        File::open(&incoming)?.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(SnapshotFile { dir: incoming, seq: self.seq })
    }
}

fn is_part_name(name: &str) -> bool {
    name.starts_with("incoming-") && name.ends_with(".part")
}
