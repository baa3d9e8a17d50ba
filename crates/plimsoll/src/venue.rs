//! The venue behind the gateway: a replica a domain, alone or one of several.
//!
//! ```text
//!   gateway ─▶ LocalVenue::propose ─▶ replica (log, engine) ─▶ bounded queue ─▶ follower ─▶ Market
//!                                                                                 └▶ witness
//! ```
//! The gateway's market needs a venue to exist, and a replica needs the market to replay into. So a
//! [`LocalVenue`] is made first, without replicas, and gets each one when its replay is done; until
//! then it answers that it is busy, and nobody is connected yet anyway.

mod follower;
mod members;
mod witness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, RwLock};

use anyhow::{Context, anyhow, bail};
use gateway::Market;
use gateway::venue::{Busy, Class, ClusterView, Domain, DomainId, Later, MemberChange, Venue};
use journal::TornTail;
use replica::raft::{Cluster, Member, RaftReplica, RaftStarted, Standing};
use replica::{Handle, Progress, Refused, Solo, Start, Started};
use types::{
    AccountId, AccountView, AdlPlace, AssetCode, FeedView, InstrumentId, Lots, OrderNeeds,
    Proposal, PublicKey, Seq, Signature, Ticks, Version, WaterfallView,
};

use crate::config::{LogConfig, QueueConfig};
use crate::key_file::KeyFile;
use crate::{clock, domains, output};

use follower::Follower;
pub use follower::Listener;
use witness::Witness;
pub use witness::{Alarm, Checker, Testimony};

/// The domains of this process, each with its replica once that runs.
#[derive(Debug)]
pub struct LocalVenue {
    domains: Vec<Domain>,
    replicas: Vec<OnceLock<Handle>>,
    /// How each replica stands among others; empty slots on a venue of one machine.
    standings: Vec<OnceLock<Standing>>,
    /// This node of a cluster.
    seat: Option<Seat>,
    /// What notices are signed with.
    notice_key: RwLock<Option<Arc<KeyFile>>>,
}

impl LocalVenue {
    /// Domains without replicas; `seat` on a node of a cluster.
    pub fn new(domains: Vec<Domain>, seat: Option<Seat>) -> LocalVenue {
        let replicas = domains.iter().map(|_| OnceLock::new()).collect();
        let standings = domains.iter().map(|_| OnceLock::new()).collect();
        LocalVenue { domains, replicas, standings, seat, notice_key: RwLock::new(None) }
    }

    /// How a domain's replica stands among others, once it runs.
    pub fn standing(&self, domain: DomainId) -> Option<&Standing> {
        self.standings.get(usize::from(domain.0))?.get()
    }

    /// Whether what a venue does by itself in this domain is for this process to do.
    pub fn leads(&self, domain: DomainId) -> bool {
        self.seat.is_none() || self.standing(domain).is_some_and(Standing::leads)
    }

    /// From here on notices are signed with this key.
    pub fn sign_with(&self, key: Arc<KeyFile>) {
        *self.notice_key.write().expect("nobody panics with it") = Some(key);
    }

    /// What notices are signed with.
    pub fn notice_key(&self) -> Option<Arc<KeyFile>> {
        self.notice_key.read().expect("nobody panics with it").clone()
    }

    /// The replica of a domain, once it runs.
    pub fn replica(&self, domain: DomainId) -> Option<&Handle> {
        self.replicas.get(usize::from(domain.0))?.get()
    }

    /// Whether rounds of liquidations are due in a domain; false if the engine does not answer.
    pub async fn is_liquidation_due(&self, domain: DomainId) -> bool {
        self.ask(domain, |engine| Some(engine.is_liquidation_due())).await.unwrap_or(false)
    }

    /// Asks the engine of a domain.
    fn ask<T: Send + 'static>(
        &self,
        domain: DomainId,
        question: impl FnOnce(&engine::Engine) -> Option<T> + Send + 'static,
    ) -> Later<Option<T>> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        // Nobody may be waiting any more.
        let tell = |view| drop(answer.send(view));
        if let Some(replica) = self.replica(domain) {
            // A replica that has stopped, or is flooded with questions, drops both: no answer.
            let _ = replica.inspect_then(question, tell);
        }
        Box::pin(async { answered.await.ok().flatten() })
    }
}

impl Venue for LocalVenue {
    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn propose(&self, domain: DomainId, class: Class, proposal: Proposal) -> Result<(), Busy> {
        let class = match class {
            Class::Cancel => replica::Class::Cancel,
            Class::Order => replica::Class::Order,
        };
        let replica = self.replica(domain).ok_or(Busy { queued: 0 })?;
        replica.submit(class, proposal).map_err(|refused| match refused {
            Refused::Busy { waiting } => Busy { queued: waiting },
            Refused::Stopped => Busy { queued: 0 },
        })
    }

    fn account(&self, domain: DomainId, account: AccountId) -> Later<Option<AccountView>> {
        self.ask(domain, move |engine| engine.account(account))
    }

    fn feed(&self, domain: DomainId, base: AssetCode, quote: AssetCode) -> Later<Option<FeedView>> {
        self.ask(domain, move |engine| engine.feed(base, quote))
    }

    fn adl_places(&self, domain: DomainId, account: AccountId) -> Later<Option<Vec<AdlPlace>>> {
        self.ask(domain, move |engine| Some(engine.adl_places(account)))
    }

    fn order_needs(
        &self,
        domain: DomainId,
        account: AccountId,
        (instrument, lots, price): (InstrumentId, Lots, Ticks),
    ) -> Later<Option<[OrderNeeds; 2]>> {
        self.ask(domain, move |engine| engine.order_needs(account, instrument, (lots, price)))
    }

    fn cluster(&self) -> Later<ClusterView> {
        let Some(seat) = &self.seat else {
            let ids = (0..).map(DomainId).zip(&self.domains);
            let place = |engine: &engine::Engine| Some((engine.seq(), engine.version()));
            let places = ids.map(|(id, domain)| (*domain, self.ask(id, place)));
            return Box::pin(members::alone(places.collect()));
        };
        let view = members::among_others(self, seat);
        Box::pin(async { view })
    }

    fn change_members(&self, domain: DomainId, change: MemberChange) -> Later<Result<(), String>> {
        Box::pin(members::change(self.standing(domain).cloned(), change))
    }

    fn check_upgrade(&self, domain: DomainId, to: Version) -> Later<Result<(), String>> {
        Box::pin(members::check_upgrade(self.standing(domain).cloned(), to))
    }

    fn lag_ms(&self) -> Option<u64> {
        members::lag_ms(self)
    }

    fn sign_notice(&self, message: &[u8]) -> Option<(PublicKey, Signature)> {
        self.notice_key().map(|key| (key.public(), key.sign(message)))
    }

    fn waterfall(&self, domain: DomainId) -> Later<Option<WaterfallView>> {
        self.ask(domain, |engine| Some(engine.waterfall()))
    }
}

/// One domain that runs.
#[derive(Debug)]
pub struct Running {
    /// Which.
    pub domain: Domain,
    replica: Replica,
    follower: Follower,
}

#[derive(Debug)]
enum Replica {
    Solo(Solo),
    OneOfSeveral(Box<RaftReplica>),
}

/// What a start found, of whatever replica.
#[derive(Debug)]
pub struct Found {
    /// The last entry that the state had.
    pub seq: Seq,
    /// Root of the state after it, where it was replayed before the start ended.
    pub root: Option<[u8; 32]>,
    /// What a crash had left at the end of the log, and was cut off.
    pub torn: Option<TornTail>,
}

/// A node's place in a cluster.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Its connections and its thread.
    pub cluster: Arc<Cluster>,
    /// The cluster's name.
    pub name: String,
    /// What fails together with it.
    pub zone: String,
    /// Those that the cluster begins with, where it begins.
    pub founders: Option<BTreeMap<u64, Member>>,
    /// Entries between two exchanges of roots.
    pub root_entries: u64,
    /// The data directory, to see how much room is left.
    pub data: PathBuf,
}

/// Sizes of a domain's parts.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// Of each log.
    pub log: LogConfig,
    /// Of each queue.
    pub queue: QueueConfig,
}

/// Where a domain is started, and who watches.
pub struct Place<'a> {
    /// The venue that it becomes a part of.
    pub venue: &'a LocalVenue,
    /// Which domain.
    pub id: DomainId,
    /// The market that its batches go to.
    pub market: &'a Market,
    /// The data directory.
    pub data: &'a Path,
    /// Somebody in this process who gets each batch after the market.
    pub listener: Option<Listener>,
    /// Raised when the log has a report that nobody signed.
    pub alarm: &'a Alarm,
}

impl Place<'_> {
    /// Starts the domain: replays its log into the market, and follows it from there.
    pub fn start(
        self,
        sizes: &Sizes,
        progress: &mut dyn FnMut(Progress),
    ) -> anyhow::Result<(Running, Found)> {
        let index = usize::from(self.id.0);
        let domain = self.venue.domains[index];
        let dir = domains::directory(self.data, &domain);
        let start = beginning(&self, &dir, domain.asset);
        let witness = Witness::start(domain.asset, self.alarm.clone())?;
        let follower = Follower::start(self.id, self.market.clone(), self.listener, witness)?;
        let config = replica_config(dir.clone(), &domain, start, sizes);
        let (replica, found) = match &self.venue.seat {
            None => alone(config, &follower, progress),
            Some(seat) => among_others(config, &follower, seat),
        }
        .with_context(|| format!("the log of {} does not start", domain.asset))?;
        follower.wait_until_live();
        let runs_already = || anyhow!("{} runs already", domain.asset);
        if let Replica::OneOfSeveral(replica) = &replica {
            let slot = &self.venue.standings[index];
            slot.set(replica.standing()).map_err(|_| runs_already())?;
        }
        let slot = &self.venue.replicas[index];
        slot.set(replica.handle()).map_err(|_| runs_already())?;
        Ok((Running { domain, replica, follower }, found))
    }
}

fn alone(
    config: replica::Config,
    follower: &Follower,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<(Replica, Found)> {
    let dir = config.dir.clone();
    let (solo, started) = Solo::start(config, clock::log_time, follower.sink(), progress)?;
    let Started { seq, root, torn, .. } = started;
    check_not_short(&dir, seq)?;
    Ok((Replica::Solo(solo), Found { seq, root: Some(root), torn }))
}

fn among_others(
    config: replica::Config,
    follower: &Follower,
    seat: &Seat,
) -> anyhow::Result<(Replica, Found)> {
    let Seat { cluster, founders, root_entries, .. } = seat;
    let sink = follower.sink();
    let (replica, started) = RaftReplica::start(
        config,
        *root_entries,
        cluster,
        founders.clone(),
        clock::log_time,
        sink,
    )?;
    let RaftStarted { last, torn, .. } = started;
    Ok((Replica::OneOfSeveral(Box::new(replica)), Found { seq: last, root: None, torn }))
}

impl Replica {
    fn handle(&self) -> Handle {
        match self {
            Replica::Solo(solo) => solo.handle(),
            Replica::OneOfSeveral(replica) => replica.handle(),
        }
    }

    fn stop(self) -> anyhow::Result<Seq> {
        match self {
            Replica::Solo(solo) => Ok(solo.stop()?),
            Replica::OneOfSeveral(replica) => Ok(replica.stop()?),
        }
    }
}

impl Running {
    /// Gives every command that was taken its outcome, stores a snapshot, and returns the last seq.
    pub fn stop(self) -> anyhow::Result<Seq> {
        let asset = self.domain.asset;
        let stopped = self.replica.stop();
        self.follower.join();
        stopped.with_context(|| format!("the replica of {asset} did not stop cleanly"))
    }
}

/// Where a start begins. The market keeps what is not state (trades, candles, orders that are gone)
/// and stores it with each snapshot. A snapshot that is damaged, or whose market another version
/// wrote, is passed over with a word: the log holds everything, and is replayed from its first
/// entry.
fn beginning(place: &Place<'_>, dir: &Path, asset: AssetCode) -> Start {
    match stored_market(place, dir) {
        Ok(()) => Start::Newest,
        Err(fault) => {
            output::note(&format!("{asset}: the whole log is replayed, because {fault}"));
            Start::Genesis
        }
    }
}

/// Takes the market of the newest snapshot in, if there is one.
fn stored_market(place: &Place<'_>, dir: &Path) -> anyhow::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let loaded = journal::snapshot::load_newest(dir, journal::snapshot::Fallback::Refuse)?;
    let Some(snapshot) = loaded.snapshot else {
        return Ok(());
    };
    place.market.restore(place.id, &snapshot.projections)?;
    Ok(())
}

fn replica_config(dir: PathBuf, domain: &Domain, start: Start, sizes: &Sizes) -> replica::Config {
    let Sizes { log, queue } = sizes;
    let mut config = replica::Config::new(dir, domain.asset, domain.decimals);
    config.start = start;
    config.journal.segment_bytes = log.segment_bytes;
    config.mark_entries = log.mark_entries;
    config.snapshot_entries = log.snapshot_entries;
    config.snapshots_keep = log.snapshots_keep;
    config.limits =
        replica::Limits { orders_max: queue.orders_max, cancels_max: queue.cancels_max };
    config.spin = queue.spin;
    config
}

/// A snapshot that is newer than the log means that the end of the log is missing.
fn check_not_short(dir: &Path, last: Seq) -> anyhow::Result<()> {
    let newest = journal::snapshot::list(dir)?.last().map_or(Seq(0), |(seq, _)| *seq);
    if last < newest {
        bail!(
            "the log in {} ends with entry {last}, and there is a snapshot after entry {newest}: \
             the end of the log is missing. Restore it from a backup",
            dir.display()
        );
    }
    Ok(())
}
