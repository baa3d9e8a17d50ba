//! Sending a snapshot's file, from where an earlier attempt ended.
//!
//! ```text
//!   offer ─▶ from where? ─▶ chunk, chunk, … ─▶ wait while it is checked and installed
//! ```
//! What goes wrong with our own file is told as trouble of the network: the file may have been
//! replaced by a newer snapshot meanwhile, the next attempt asks for the newest, and openraft stops
//! a node that reports trouble with its storage.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use openraft::RPCTypes;
use openraft::alias::{SnapshotOf, VoteOf};
use openraft::errors::{NetworkError, StreamingError, Timeout, Unreachable};
use openraft::raft::SnapshotResponse;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use ::types::codec::Codec;

use super::super::dial::{Callee, Caller};
use super::super::pipe::{Pipe, not_ours};
use super::super::types::{SnapshotFile, Types};
use super::super::wire::CHUNK_BYTES;
use super::super::wire::snapshot::{Chunk, Offer, Progress};
use super::broken;

/// Bytes of a chunk that is sent, of the [`CHUNK_BYTES`] that it may have: the cluster's thread
/// does nothing else while it is encrypted.
const SENT_BYTES: usize = 256 << 10;

type Refused = StreamingError<Types>;

/// One attempt.
struct Transfer<'a> {
    caller: &'a Caller,
    callee: &'a Callee,
    pipe: Pipe,
    file: Arc<File>,
    bytes: u64,
    /// How long nothing may move.
    patience: Duration,
}

pub(super) async fn send(
    caller: &Caller,
    callee: &Callee,
    vote: VoteOf<Types>,
    snapshot: SnapshotOf<Types, SnapshotFile>,
    patience: Duration,
) -> Result<SnapshotResponse<Types>, Refused> {
    let SnapshotFile { dir, seq } = snapshot.snapshot;
    let path = dir.join(journal::snapshot::file_name(seq));
    let opened = on_disk(move || {
        let file = File::open(path)?;
        Ok((file.metadata()?.len(), Arc::new(file)))
    });
    let (bytes, file) = opened.await?;
    let pipe = caller.dial(callee).await.map_err(|error| {
        let unreachable = Unreachable::new(&error);
        StreamingError::Unreachable(unreachable)
    })?;
    let mut transfer = Transfer { caller, callee, pipe, file, bytes, patience };
    let offer = Offer { vote, meta: snapshot.meta, seq, bytes };
    let offset = transfer.offer(&offer).await?;
    match transfer.send_from(offset).await? {
        Some(last) => transfer.installed(last).await,
        None => transfer.installed(Progress::Working).await,
    }
}

impl Transfer<'_> {
    /// Where to begin: at what the receiver has, if that is what we have.
    async fn offer(&mut self, offer: &Offer) -> Result<u64, Refused> {
        self.pipe.push_message(offer).map_err(|error| lost(&error))?;
        loop {
            match self.progress().await? {
                Progress::From { offset, crc } => {
                    let (file, bytes) = (self.file.clone(), self.bytes);
                    let same = on_disk(move || {
                        Ok(offset <= bytes && checksum_before(&file, offset)? == crc)
                    });
                    return Ok(if same.await? { offset } else { 0 });
                }
                Progress::Working => {}
                other => return Err(refusal(other)),
            }
        }
    }

    /// Sends the chunks; what the receiver says meanwhile, but that it is working, ends it.
    async fn send_from(&mut self, mut offset: u64) -> Result<Option<Progress>, Refused> {
        while offset < self.bytes {
            let file = self.file.clone();
            let left = usize::try_from(self.bytes - offset).unwrap_or(usize::MAX);
            let bytes = on_disk(move || {
                let mut bytes = vec![0; left.min(SENT_BYTES)];
                file.read_exact_at(&mut bytes, offset)?;
                Ok(bytes)
            });
            let bytes = bytes.await?;
            let (crc, n_bytes) = (crc32c::crc32c(&bytes), bytes.len() as u64);
            let pushed = self.pipe.push_message(&Chunk { offset, crc, bytes });
            pushed.map_err(|error| lost(&error))?;
            while let Some(said) = self.push_out().await? {
                if said != Progress::Working {
                    return Ok(Some(said));
                }
            }
            offset += n_bytes;
        }
        Ok(None)
    }

    async fn installed(&mut self, mut said: Progress) -> Result<SnapshotResponse<Types>, Refused> {
        loop {
            match said {
                Progress::Installed(vote) => return Ok(SnapshotResponse::new(vote)),
                Progress::Working => said = self.progress().await?,
                other => return Err(refusal(other)),
            }
        }
    }

    /// The next thing that the receiver says.
    async fn progress(&mut self) -> Result<Progress, Refused> {
        let said = timeout(self.patience, self.pipe.message()).await;
        said.map_err(|_| self.late())?.map_err(|error| lost(&error))
    }

    /// Writes what waits until all is out, or until the receiver says something.
    async fn push_out(&mut self) -> Result<Option<Progress>, Refused> {
        loop {
            let (unsent, pipe) = (self.pipe.unsent(), &mut self.pipe);
            let out = std::future::poll_fn(|cx| match pipe.poll_frame(cx) {
                Poll::Ready(said) => Poll::Ready(said.map(Some)),
                Poll::Pending if pipe.unsent() == 0 => Poll::Ready(Ok(None)),
                Poll::Pending => Poll::Pending,
            });
            match timeout(self.patience, out).await {
                Ok(Ok(Some(body))) => {
                    let said = Progress::from_bytes(&body).map_err(not_ours);
                    return said.map(Some).map_err(|error| lost(&error));
                }
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => return Err(lost(&error)),
                Err(_) if self.pipe.unsent() < unsent => {}
                Err(_) => return Err(self.late()),
            }
        }
    }

    fn late(&self) -> Refused {
        StreamingError::Timeout(Timeout {
            action: RPCTypes::InstallSnapshot,
            id: self.caller.node(),
            target: self.callee.node,
            timeout: self.patience,
        })
    }
}

/// CRC-32C of the first `offset` bytes.
pub(in crate::raft) fn checksum_before(file: &File, offset: u64) -> io::Result<u32> {
    let (mut crc, mut at) = (0, 0);
    let mut bytes = vec![0; CHUNK_BYTES];
    while at < offset {
        let left = usize::try_from(offset - at).unwrap_or(usize::MAX);
        let chunk = &mut bytes[..left.min(CHUNK_BYTES)];
        file.read_exact_at(chunk, at)?;
        crc = crc32c::crc32c_append(crc, chunk);
        at += chunk.len() as u64;
    }
    Ok(crc)
}

/// Does work on the disk where it does not hold up the other tasks.
fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> impl Future<Output = Result<T, Refused>> {
    let done = spawn_blocking(work);
    async move { done.await.map_err(io::Error::other).flatten().map_err(|error| lost(&error)) }
}

fn lost(error: &io::Error) -> Refused {
    StreamingError::Network(broken(error))
}

fn refusal(said: Progress) -> Refused {
    match said {
        Progress::Failed(reason) => StreamingError::Unreachable(Unreachable::from_string(reason)),
        other => {
            let words = format!("the receiver of a snapshot says out of turn: {other:?}");
            StreamingError::Network(NetworkError::from_string(words))
        }
    }
}
