//! This process's part of a cluster: its identity, its address, and the thread that all of its
//! domains' consensus runs on.
//!
//! One current-thread runtime serves openraft's tasks and the connections of every domain. Nothing
//! that waits for a disk or computes for long runs on it: a heartbeat must not be late. Journals
//! and engines have threads of their own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::dial::Caller;
use super::server::{Groups, Server};
use super::tls::{Tls, TlsError, TlsFiles};

/// Who this node is, and how patient.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// The cluster's number; nodes of another are refused.
    pub cluster: u64,
    /// This node's id; never used again once it is gone.
    pub node: u64,
    /// Where the other nodes call, `host:port`.
    pub listen: String,
    /// How it shows who it is.
    pub files: TlsFiles,
    /// Without a leader for between this and twice this, a node asks for votes.
    pub election_timeout: Duration,
    /// Between two signs of life of a leader.
    pub heartbeat: Duration,
}

/// Why this process takes no part in a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Its identity.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Its address.
    #[error("listening for the other nodes at {address}: {source}")]
    Listen {
        /// Which address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// Its thread.
    #[error("the thread of the cluster was not made: {0}")]
    Thread(io::Error),
}

/// A running part of a cluster. Its connections end when it is dropped, after its replicas.
#[derive(Debug)]
pub struct Cluster {
    pub(super) config: ClusterConfig,
    pub(super) caller: Caller,
    pub(super) groups: Groups,
    pub(super) runtime: Handle,
    /// This life of this node, as in `Asked::origin`.
    pub(super) origin: u64,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Cluster {
    /// Listens for the other nodes. Replicas join afterwards.
    pub fn start(config: ClusterConfig) -> Result<Cluster, ClusterError> {
        let tls = Tls::load(&config.files, config.node)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ClusterError::Thread)?;
        let listen = |source| ClusterError::Listen { address: config.listen.clone(), source };
        let groups = Groups::new();
        // Not awaited: whoever starts a node may be inside another runtime.
        let server = (|| {
            let listener = std::net::TcpListener::bind(&config.listen)?;
            listener.set_nonblocking(true)?;
            let _inside = runtime.enter();
            let listener = TcpListener::from_std(listener)?;
            Server::start(listener, &tls, config.cluster, config.node, groups.clone())
        })();
        let server = match server {
            Ok(server) => server,
            Err(source) => {
                // Not dropped here: that waits, and whoever starts a node may not.
                runtime.shutdown_background();
                return Err(listen(source));
            }
        };
        let (address, handle) = (server.address(), runtime.handle().clone());
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("cluster".into()).spawn(move || {
            runtime.block_on(async {
                // A sender that was dropped says the same.
                let _ = stopped.await;
                server.stop().await;
            });
        });
        let caller = Caller::new(&tls, config.cluster, config.node);
        let origin = random()?;
        let thread = Some(thread.map_err(ClusterError::Thread)?);
        let stop = Some(stop);
        Ok(Cluster { config, caller, groups, runtime: handle, origin, address, stop, thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// This node.
    pub fn node(&self) -> u64 {
        self.config.node
    }

    /// Runs a task of openraft's on the cluster's thread, and waits for it here.
    pub(super) fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move { answer.send(task.await).unwrap_or_default() });
        answered.recv().ok()
    }

    pub(super) fn raft_config(&self) -> Arc<openraft::Config> {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let election = ms(self.config.election_timeout);
        let config = openraft::Config {
            cluster_name: format!("{:#x}", self.config.cluster),
            heartbeat_interval: ms(self.config.heartbeat),
            election_timeout_min: election,
            election_timeout_max: election * 2,
            install_snapshot_timeout: 10_000,
            max_payload_entries: 1_024,
            replication_lag_threshold: u64::MAX,
            snapshot_policy: openraft::SnapshotPolicy::Never,
            max_in_snapshot_log_to_keep: LOG_KEPT,
            purge_batch_size: 1_024,
            broadcast_submitted_on_append: Some(true),
            enable_pre_vote: Some(true),
            // Its state may be older than what it led before: an election tells.
            enable_leader_restore: Some(false),
            ..openraft::Config::default()
        };
        Arc::new(config.validate().expect("the figures were checked with the configuration"))
    }
}

/// Entries of the replicated log that are kept behind a snapshot, for followers that lag: about a
/// quarter of an hour at a hundred batches a second.
const LOG_KEPT: u64 = 100_000;

fn random() -> Result<u64, ClusterError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| ClusterError::Thread(io::Error::other(error)))?;
    // Zero stands for this node in a queue.
    Ok(u64::from_le_bytes(bytes).max(1))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was printed by it.
            let _ = thread.join();
        }
    }
}
