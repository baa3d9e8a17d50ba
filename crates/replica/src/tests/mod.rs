//! Shared by the tests: a domain, a sink that remembers, a clock that is told the time.

pub(crate) mod authority;
mod ballots;
mod beside;
mod cluster;
mod conformance;
mod queueing;
mod restarting;
mod running;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use types::{AccountId, Amount, Applied, AssetCode, At, Command, Proposal, Seq};

use crate::{Class, Config, Failure, Feed, Handle, Solo, Started};

/// What the sink of a test passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Restored(Seq, Vec<u8>),
    Replayed(Applied),
    Live,
    Applied(Applied),
    Snapshot(Seq),
}

/// A running replica and what it says.
pub(crate) struct Venue {
    pub solo: Solo,
    pub started: Started,
    pub heard: Receiver<Heard>,
    pub clock: Arc<AtomicU64>,
}

pub(crate) fn domain() -> (AssetCode, u8) {
    (AssetCode::new("USDC").expect("a code"), 6)
}

pub(crate) fn config(dir: &Path) -> Config {
    let (asset, decimals) = domain();
    let mut config = Config::new(dir.to_path_buf(), asset, decimals);
    config.mark_entries = 7;
    config.snapshot_entries = 1_000_000;
    config.journal = journal::Options { segment_bytes: 2_048, reserve_bytes: 512 };
    config
}

/// Starts; the projections that it stores are the text of the seq.
pub(crate) fn start(config: Config) -> Result<Venue, Failure> {
    let (tell, heard) = mpsc::channel();
    let clock = Arc::new(AtomicU64::new(1_000));
    let reading = Arc::clone(&clock);
    let sink = move |feed| {
        let said = match feed {
            Feed::Restored { seq, projections } => Heard::Restored(seq, projections),
            Feed::Replayed(applied) => Heard::Replayed(applied.into_inner()),
            Feed::Live => Heard::Live,
            Feed::Applied(applied) => Heard::Applied(applied.into_inner()),
            Feed::Snapshot(pending) => {
                let seq = pending.seq();
                pending.store(seq.to_string().into_bytes()).expect("stores");
                Heard::Snapshot(seq)
            }
            Feed::Refused { .. } | Feed::Unknown { .. } => panic!("one machine proposes at once"),
        };
        // A test that no longer listens is over.
        tell.send(said).unwrap_or_default();
    };
    let clock_of_replica = move || At(reading.load(Ordering::Relaxed));
    let (solo, started) = Solo::start(config, clock_of_replica, sink, &mut |_| {})?;
    Ok(Venue { solo, started, heard, clock })
}

impl Venue {
    pub(crate) fn handle(&self) -> Handle {
        self.solo.handle()
    }

    /// The next batch that is applied live.
    pub(crate) fn applied(&self) -> Applied {
        loop {
            match self.heard.recv_timeout(Duration::from_secs(60)) {
                Ok(Heard::Applied(applied)) => return applied,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("the replica says nothing more")
                }
            }
        }
    }

    /// Submits one after the other, each when the one before is acknowledged.
    pub(crate) fn run(&self, commands: impl IntoIterator<Item = Command>) -> Vec<Seq> {
        let acknowledged = |(tag, command): (u64, Command)| {
            submit(&self.handle(), tag, command);
            let applied = self.applied();
            let [outcome] = applied.entries.as_slice() else { panic!("one entry: {applied:?}") };
            assert_eq!(outcome.tag, tag);
            outcome.seq
        };
        (1..).zip(commands).map(acknowledged).collect()
    }
}

pub(crate) fn submit(handle: &Handle, tag: u64, command: Command) {
    handle.submit(Class::of(&command), Proposal { tag, command }).expect("is let in");
}

pub(crate) fn open_account(account: u32) -> Command {
    Command::OpenAccount { account: AccountId(account), parent: None }
}

pub(crate) fn deposit(amount: i64) -> Command {
    Command::Deposit { account: AccountId(1), amount: Amount(amount) }
}

/// An account and `n` deposits.
pub(crate) fn commands(n: i64) -> impl Iterator<Item = Command> {
    [open_account(1)].into_iter().chain((1..=n).map(deposit))
}

/// What a process that is killed now would leave.
pub(crate) fn killed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    for entry in fs::read_dir(dir).expect("a directory") {
        let entry = entry.expect("an entry");
        match fs::copy(entry.path(), copy.path().join(entry.file_name())) {
            Ok(_) => {}
            // A snapshot got its name, or was pruned, since the directory was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{error}"),
        }
    }
    copy
}
