//! One domain's replica on one of several machines.
//!
//! ```text
//!   start   ballot, journal ─▶ snapshot ─▶ openraft reads the log ─▶ applies what is committed
//!   runs    journal · engine: a thread each; proposer and openraft on the cluster's thread
//!   stop    refuse new ─▶ leave ─▶ engine drains ─▶ journal closes
//! ```
//! What it restores is what its log and snapshot say; what is committed beyond that it hears from
//! the leader. So a node that starts alone shows an old state, and says how old.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use engine::Engine;
use journal::Journal;
use journal::snapshot::{self, Fallback};
use openraft::Raft;
use tokio::runtime::Handle as Runtime;
use tokio::sync::{mpsc, watch};
use types::codec::Codec;
use types::{At, Command, Proposal, Seq};

use super::ballot::{BallotError, BallotFile};
use super::blank::Blank;
use super::cluster::Cluster;
use super::engine_thread::{EngineThread, WORK_MAX, Work};
use super::following::Following;
use super::forward::{Forwarded, RootReport};
use super::log::Log;
use super::machine::{Machine, meta_of};
use super::network::NetworkFactory;
use super::proposer::{Leadership, Proposer, State};
use super::reached::Reached;
use super::server::Group;
use super::status::Standing;
use super::types::{Member, SnapshotMeta, StoredMembership, Types};
use super::writer::{Job, Writer};
use crate::beside::Snapshots;
use crate::feed::Feed;
use crate::handle::{Handle, Looks};
use crate::queue::{Class, Inspection, Queue, Refused};
use crate::restore::{self, RestoreError, Start};
use crate::solo::{Config, panic_text};

/// Why a replica of several does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RaftFailure {
    /// The log does not open.
    #[error(transparent)]
    Open(#[from] journal::OpenError),
    /// Its vote is not known.
    #[error(transparent)]
    Ballot(#[from] BallotError),
    /// The state cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The journal was not put right after a crash.
    #[error(transparent)]
    Write(#[from] journal::WriteError),
    /// The log cannot be read, or a thread was not made.
    #[error("the replica of {0} does not start: {1}")]
    Disk(types::AssetCode, io::Error),
    /// The directory is that of a replica of one machine.
    #[error(
        "{dir} holds the log of a venue on one machine: a cluster begins empty, or from a snapshot \
         that was brought over", dir = dir.display()
    )]
    Solo {
        /// The directory.
        dir: PathBuf,
    },
    /// openraft refused, or ended.
    #[error("consensus of {0} failed: {1}")]
    Consensus(types::AssetCode, String),
    /// A check inside the engine or the sink failed: it halted.
    #[error("the replica halted on a failed check: {0}")]
    Halted(String),
}

/// What a start found.
#[derive(Debug)]
pub struct RaftStarted {
    /// The last entry of the snapshot that the start used; 0 for none.
    pub snapshot: Seq,
    /// The last entry of the log, committed or not.
    pub last: Seq,
    /// What a crash had left at the end of the log, and was cut off.
    pub torn: Option<journal::TornTail>,
}

/// A running replica of one domain.
#[derive(Debug)]
pub struct RaftReplica {
    handle: Handle,
    standing: Standing,
    runtime: Runtime,
    raft: Raft<Types, Machine>,
    writer: Writer,
    work: mpsc::Sender<Work>,
    groups: super::server::Groups,
    domain: types::AssetCode,
    proposing: Option<tokio::task::JoinHandle<()>>,
    writing: Option<JoinHandle<()>>,
    engine: Option<JoinHandle<Engine>>,
    #[cfg(test)]
    instead: Arc<std::sync::Mutex<Option<Command>>>,
}

/// The way to the thread that has a domain's engine.
#[derive(Clone, Debug)]
pub struct Engines {
    work: mpsc::Sender<Work>,
}

impl Engines {
    pub(crate) fn inspect(&self, look: Inspection) -> Result<(), Refused> {
        self.work.try_send(Work::Inspect(look)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Busy { waiting: WORK_MAX },
            mpsc::error::TrySendError::Closed(_) => Refused::Stopped,
        })
    }
}

/// The engine and where it is in the replicated log.
struct Restored {
    engine: Engine,
    meta: SnapshotMeta,
    /// Of the snapshot that it is from, if it is from one.
    snapshot: Option<Seq>,
}

impl RaftReplica {
    /// Starts the domain on this node. `members` are those that a cluster begins with: only where
    /// one begins, `None` everywhere else.
    ///
    /// `sink` gets the [`Feed`] on the engine's thread, and should only pass it on. During `start`
    /// it is called on the caller's thread.
    pub fn start(
        config: Config,
        root_entries: u64,
        cluster: &Cluster,
        members: Option<BTreeMap<u64, Member>>,
        clock: impl FnMut() -> At + Send + 'static,
        mut sink: impl FnMut(Feed) + Send + 'static,
    ) -> Result<(RaftReplica, RaftStarted), RaftFailure> {
        let (dir, asset) = (config.dir.clone(), config.asset);
        let disk = |error| RaftFailure::Disk(asset, error);
        let Opened { log, blank, writer, writing, restored, started } = open(&config, &mut sink)?;
        sink(Feed::Live);

        let (work, tasks) = mpsc::channel(WORK_MAX);
        let (roots, reports) = mpsc::unbounded_channel();
        let reached = Reached::of(&restored.engine);
        let place = (restored.meta, restored.snapshot);
        let machine = Machine::new(dir.clone(), log.clone(), work.clone(), place);
        let (snapshots, failed) = Snapshots::new(&config);
        let told = (roots, reached.clone(), snapshots);
        let engine_thread = engine_thread(cluster, root_entries, (restored.engine, sink), told);
        #[cfg(test)]
        let instead = engine_thread.instead.clone();
        let queue = Arc::new(Queue::new(config.limits));
        let engine = run_engine(engine_thread, tasks, queue.clone()).map_err(disk)?;
        let raft = join(cluster, asset, log.clone(), machine, members)?;

        let (leadership, _) = watch::channel(Leadership::default());
        let (heard, hearing) = mpsc::unbounded_channel();
        let standing =
            Standing::new(asset, cluster, raft.clone(), reached.clone(), leadership.clone(), heard);
        let group = group(&raft, &blank, &dir, &queue, &standing);
        cluster.groups.insert(asset, group);
        let following = Following::new(&standing, cluster, &config, (&queue, &work), (blank, &log));
        cluster.runtime.spawn(following.run(reports, hearing, failed));
        let proposer = Proposer {
            raft: raft.clone(),
            log,
            queue: queue.clone(),
            leadership: leadership.subscribe(),
            caller: cluster.caller.clone(),
            domain: asset,
            origin: cluster.origin,
            work: work.clone(),
            reached,
            clock,
            state: State::default(),
        };
        let proposing = cluster.runtime.spawn(proposer.run());
        let engines = Engines { work: work.clone() };
        let replica = RaftReplica {
            handle: Handle { queue, looks: Looks::Apart(engines) },
            standing,
            runtime: cluster.runtime.clone(),
            raft,
            writer,
            work,
            groups: cluster.groups.clone(),
            domain: asset,
            proposing: Some(proposing),
            writing: Some(writing),
            engine: Some(engine),
            #[cfg(test)]
            instead,
        };
        Ok((replica, started))
    }

    /// Something that can propose, on this node or through it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Who leads, who the members are, how far each is; and what changes it.
    pub fn standing(&self) -> Standing {
        self.standing.clone()
    }

    /// This node applies the command in the place of the next one.
    #[cfg(test)]
    pub(crate) fn disturb(&self, command: Command) {
        *self.instead.lock().expect("held for an instant") = Some(command);
    }

    /// Takes nothing more, leaves the cluster, and returns the last seq that was applied.
    pub fn stop(mut self) -> Result<Seq, RaftFailure> {
        self.end()
    }

    fn end(&mut self) -> Result<Seq, RaftFailure> {
        self.handle.queue.close();
        self.groups.remove(self.domain);
        let (raft, writer, work) = (self.raft.clone(), self.writer.clone(), self.work.clone());
        let (queue, proposing) = (self.handle.queue.clone(), self.proposing.take());
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            // Each of these may have ended already, by a failure that was said.
            let _ = raft.shutdown().await;
            let _ = work.send(Work::Stop).await;
            let _ = writer.run(|done| Job::Close { done }).await;
            queue.abandon();
            if let Some(proposing) = proposing {
                let _ = proposing.await;
            }
            answer.send(()).unwrap_or_default();
        });
        let _ = answered.recv();
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
        let Some(engine) = self.engine.take() else { return Ok(Seq(0)) };
        let engine = engine.join();
        let engine = engine.map_err(|panic| RaftFailure::Halted(panic_text(panic.as_ref())))?;
        Ok(engine.seq())
    }
}

impl Drop for RaftReplica {
    fn drop(&mut self) {
        if self.engine.is_some() {
            // What went wrong was for `stop` to return; whoever drops does not ask.
            let _ = self.end();
        }
    }
}

/// A replica whose engine's thread has ended, by a failed check too, takes nothing more.
struct Ends(Arc<Queue>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The engine's thread before it runs.
fn engine_thread<S>(
    cluster: &Cluster,
    root_entries: u64,
    (engine, sink): (Engine, S),
    (roots, reached, snapshots): (mpsc::UnboundedSender<RootReport>, Reached, Snapshots),
) -> EngineThread<S> {
    EngineThread {
        engine,
        sink,
        origin: cluster.origin,
        node: cluster.node(),
        snapshots,
        root_entries,
        roots,
        reached,
        #[cfg(test)]
        instead: Arc::default(),
    }
}

fn run_engine<S: FnMut(Feed) + Send + 'static>(
    engine_thread: EngineThread<S>,
    tasks: mpsc::Receiver<Work>,
    queue: Arc<Queue>,
) -> Result<JoinHandle<Engine>, io::Error> {
    spawn("engine", move || {
        let _ends = Ends(queue);
        engine_thread.run(tasks)
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, io::Error> {
    thread::Builder::new().name(name.into()).spawn(run)
}

/// The log of this node, and the state that it begins with.
struct Opened {
    log: Log,
    blank: Blank,
    writer: Writer,
    writing: JoinHandle<()>,
    restored: Restored,
    started: RaftStarted,
}

/// Reads what is on disk, puts right what a crash has left in the middle, and starts to write.
fn open(config: &Config, sink: &mut dyn FnMut(Feed)) -> Result<Opened, RaftFailure> {
    let dir = &config.dir;
    let disk = |error| RaftFailure::Disk(config.asset, error);
    let (mut journal, opened) = Journal::open(dir, config.journal)?;
    let (mut ballot_file, ballot) = BallotFile::open(dir)?;
    let restored = restore_snapshot(config, sink)?;
    let (writer, desk) = Writer::new();
    let (log, loaded) = Log::load(dir.clone(), ballot, writer.clone()).map_err(disk)?;
    if loaded.is_unstamped {
        return Err(RaftFailure::Solo { dir: dir.clone() });
    }
    ballot_file.renew(&ballot, loaded.has_entries)?;
    match (loaded.orphan, ballot.dropped) {
        (Some((place, next)), _) => journal.truncate(place, next)?,
        (None, Some((_, seq))) if loaded.is_behind => journal.restart_at(seq.next())?,
        (None, _) => {}
    }
    let blank = Blank::open(dir, 0 < log.end()).map_err(disk)?;
    let snapshot = restored.snapshot.unwrap_or(Seq(0));
    let (last, torn) = (log.last_seq(), opened.torn);
    let started = RaftStarted { snapshot, last, torn };
    let writing = desk.start(journal, ballot_file, log.clone()).map_err(disk)?;
    Ok(Opened { log, blank, writer, writing, restored, started })
}

/// The engine of the newest snapshot, or a new one.
fn restore_snapshot(config: &Config, sink: &mut dyn FnMut(Feed)) -> Result<Restored, RestoreError> {
    let dir = &config.dir;
    let loaded = match config.start {
        Start::Newest => snapshot::load_newest(dir, Fallback::Refuse)?,
        Start::NewestWhole => snapshot::load_newest(dir, Fallback::Older)?,
        Start::Genesis => snapshot::Loaded::default(),
    };
    let domain = (config.asset, config.decimals);
    let Some(found) = loaded.snapshot else {
        sink(Feed::Restored { seq: Seq(0), projections: Vec::new() });
        let engine = Engine::new(domain.0, domain.1);
        let last_membership = StoredMembership::default();
        let meta = SnapshotMeta { last_log_id: None, last_membership };
        return Ok(Restored { engine, meta, snapshot: None });
    };
    let engine = restore::revive(dir, domain, &found)?;
    let place = snapshot::file_name(found.seq);
    let decode = |source| RestoreError::Decode { place, seq: found.seq, source };
    let meta = meta_of(&found.position).map_err(decode)?;
    sink(Feed::Restored { seq: found.seq, projections: found.projections });
    Ok(Restored { engine, meta, snapshot: Some(found.seq) })
}

/// Begins to take part; a cluster that begins here gets its first members.
fn join(
    cluster: &Cluster,
    asset: types::AssetCode,
    log: Log,
    machine: Machine,
    members: Option<BTreeMap<u64, Member>>,
) -> Result<Raft<Types, Machine>, RaftFailure> {
    let (node, config) = (cluster.node(), cluster.raft_config());
    let factory = NetworkFactory::new(cluster.caller.clone(), asset);
    let joined = cluster.run(async move {
        let raft = Raft::new(node, config, factory, log, machine).await;
        let raft = raft.map_err(|error| error.to_string())?;
        if let Some(members) = members
            && !raft.is_initialized().await.map_err(|error| error.to_string())?
        {
            raft.initialize(members).await.map_err(|error| error.to_string())?;
        }
        Ok(raft)
    });
    let ended = || Err("the cluster's thread has ended".to_owned());
    joined.unwrap_or_else(ended).map_err(|why| RaftFailure::Consensus(asset, why))
}

/// What the other nodes may ask of this one.
fn group(
    raft: &Raft<Types, Machine>,
    blank: &Blank,
    dir: &std::path::Path,
    queue: &Arc<Queue>,
    standing: &Standing,
) -> Group<Machine> {
    let (queue, leading, heard) = (queue.clone(), standing.clone(), standing.clone());
    let take = move |forwarded: Forwarded| {
        if !leading.leads() {
            return Err("this node does not lead any more: send it again".to_owned());
        }
        let Forwarded { cancel_class, asked, command } = forwarded;
        let command = Command::from_bytes(&command).map_err(|error| error.to_string())?;
        let class = if cancel_class { Class::Cancel } else { Class::Order };
        let proposal = Proposal { tag: asked.tag, command };
        queue.submit_from(asked.origin, class, proposal).map_err(|refused| refused.to_string())
    };
    let roots = move |report| heard.hear(report);
    Group::new(raft.clone(), blank.clone(), dir.to_path_buf(), Arc::new(take), Arc::new(roots))
}
