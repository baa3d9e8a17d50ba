//! A venue with its gateway: opened, kept, and stopped as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use engine::Engine;

use gateway::venue::{Class, Domain, DomainId, Venue};
use gateway::{Answer, Intent, KeyStore, Limits, Market, Reply};
use types::{
    AccountId, AccountView, AssetCode, Command, FeedView, IndexPrice, Instrument, PublicKey, Seq,
};

use super::Signals;
use super::gone;
use super::listing::Lister;
use super::notices;
use super::progress::ReplayProgress;
use super::upkeep::Upkeep;
use crate::config::ListingConfig;
use crate::genesis::{self, Genesis};
use crate::output;
use crate::venue::{Alarm, Found, Listener, LocalVenue, Place, Running, Seat, Sizes};
use crate::webhook::{Pace, Receiver, Webhooks};

/// What to open.
pub struct Plan {
    /// Data directory.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Said in every reply.
    pub testnet: bool,
    /// Of the gateway.
    pub limits: Limits,
    /// Of each domain.
    pub sizes: Sizes,
    /// The domains, in the order of their ids.
    pub domains: Vec<Domain>,
    /// Who else gets the batches of which domain.
    pub listeners: Vec<(DomainId, Listener)>,
    /// The node's place in a cluster; `None` on a venue of one machine.
    pub seat: Option<Seat>,
}

/// How a domain was started.
#[derive(Debug)]
pub struct DomainStart {
    /// Which.
    pub asset: AssetCode,
    /// What its replica found.
    pub started: Found,
}

/// A venue that runs.
pub struct Site {
    data: PathBuf,
    venue: Arc<LocalVenue>,
    market: Arc<Market>,
    keys: Arc<KeyStore>,
    starts: Vec<DomainStart>,
    domains: Vec<Running>,
    gateway: gateway::Running,
    alarm: Alarm,
}

/// How long a node of a cluster waits for the outcome of a command until it says that it does not
/// know it: longer than a fail-over takes.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(3);

/// Sessions of different nodes, and of different lives of one, are numbered apart: 6 bits of node,
/// 4 of the life's start in seconds, 22 of count.
fn first_session(seat: &Seat) -> u32 {
    let (first, _) = gone::sessions_of(seat.cluster.node());
    let life = u32::try_from(crate::clock::log_time().0 / 1_000 % 16).unwrap_or(0);
    first.0 | life << 22 | 1
}

/// How often it is looked whether a replica has halted.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

impl Site {
    /// Replays every domain, then listens.
    pub async fn open(plan: Plan) -> anyhow::Result<Site> {
        let Plan { data, listen, testnet, limits, sizes, domains, mut listeners, seat } = plan;
        std::fs::create_dir_all(&data).with_context(|| format!("making {}", data.display()))?;
        let keys = Arc::new(KeyStore::open(&data.join("keys.json"))?);
        let first_session = seat.as_ref().map_or(1, first_session);
        let is_one_of_several = seat.is_some();
        let venue = Arc::new(LocalVenue::new(domains, seat));
        let market = Arc::new(Market::new(venue.clone()));
        if is_one_of_several {
            market.give_up_after(OUTCOME_PATIENCE);
        }
        let alarm = Alarm::new(None);
        let mut starts = Vec::new();
        let mut running = Vec::new();
        for (id, domain) in (0..).map(DomainId).zip(venue.domains()) {
            let found = listeners.iter().position(|(listened, _)| *listened == id);
            let listener = found.map(|index| listeners.swap_remove(index).1);
            let (venue, market, data, alarm) = (&venue, &market, &data, &alarm);
            let place = Place { venue, id, market, data, listener, alarm };
            let mut progress = ReplayProgress::new(domain.asset);
            let (runs, started) = place.start(&sizes, &mut |now| progress.report(now))?;
            tell_torn(domain.asset, &started);
            starts.push(DomainStart { asset: domain.asset, started });
            running.push(runs);
        }
        let config = gateway::Config { listen, testnet, limits, first_session };
        venue.sign_with(Arc::new(notices::open_key(&data)?));
        let gateway = gateway::serve(config, venue.clone(), market.clone(), keys.clone()).await?;
        Ok(Site { data, venue, market, keys, starts, domains: running, gateway, alarm })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Who may call.
    pub fn keys(&self) -> &KeyStore {
        &self.keys
    }

    /// How each domain was started.
    pub fn starts(&self) -> &[DomainStart] {
        &self.starts
    }

    /// The domain of a settlement asset.
    pub fn domain(&self, asset: AssetCode) -> Option<DomainId> {
        let mut ids = (0..).map(DomainId).zip(self.venue.domains());
        ids.find(|(_, domain)| domain.asset == asset).map(|(id, _)| id)
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Whose signature counts for the notices of a domain.
    pub fn key_in_force(&self, domain: DomainId) -> anyhow::Result<Option<PublicKey>> {
        let replica = self.venue.replica(domain).context("every domain runs after the start")?;
        Ok(replica.inspect(Engine::notice_key)?)
    }

    /// The venue without its gateway.
    pub fn venue(&self) -> &Arc<LocalVenue> {
        &self.venue
    }

    /// Every domain with its id.
    pub fn domain_ids(&self) -> impl Iterator<Item = (DomainId, Domain)> + use<'_> {
        (0..).map(DomainId).zip(self.venue.domains().iter().copied())
    }

    /// Proposes commands of one domain and waits until all are applied; a refusal is an error.
    pub async fn carry_out(&self, domain: DomainId, commands: Vec<Command>) -> anyhow::Result<()> {
        carry_out(&self.market, domain, Class::Order, commands).await
    }

    /// The same, in the class.
    pub(super) async fn carry_out_as(
        &self,
        domain: DomainId,
        class: Class,
        commands: Vec<Command>,
    ) -> anyhow::Result<()> {
        carry_out(&self.market, domain, class, commands).await
    }

    /// Does what a venue begins with, each command in its domain.
    pub async fn begin(&self, genesis: &Genesis) -> anyhow::Result<()> {
        self.begin_some(genesis, |_| true).await
    }

    /// The same, in those domains that had no entry before this start.
    pub async fn begin_empty(&self, genesis: &Genesis) -> anyhow::Result<()> {
        self.begin_some(genesis, |start| start.started.seq.0 == 0).await
    }

    async fn begin_some(
        &self,
        genesis: &Genesis,
        is_due: impl Fn(&DomainStart) -> bool,
    ) -> anyhow::Result<()> {
        let is_foreign = |spec: &&Instrument| self.domain(spec.settlement()).is_none();
        if let Some(spec) = genesis.instruments.iter().find(is_foreign) {
            bail!("{} settles in {}, which is no domain here", spec.name(), spec.settlement());
        }
        for (id, start) in (0..).map(DomainId).zip(&self.starts).filter(|(_, one)| is_due(one)) {
            let is_new = start.started.seq == Seq(0);
            let rules = is_new.then(genesis::newest_rules).into_iter().flatten();
            let commands = rules.chain(genesis.commands(start.asset)).collect();
            let begun = self.carry_out(id, commands).await;
            begun.with_context(|| format!("beginning {}", start.asset))?;
        }
        Ok(())
    }

    /// Domains that had no entry before this start.
    pub(super) fn begun_empty(&self) -> Vec<DomainId> {
        let starts = (0..).map(DomainId).zip(&self.starts);
        starts.filter(|(_, start)| start.started.seq.0 == 0).map(|(id, _)| id).collect()
    }

    /// The pairs that the instruments of a domain are priced by.
    pub(super) fn pairs(
        &self,
        domain: DomainId,
    ) -> anyhow::Result<BTreeSet<(AssetCode, AssetCode)>> {
        let replica = self.venue.replica(domain).context("every domain runs after the start")?;
        Ok(replica.inspect(|engine| {
            let ids = (0..).map(types::InstrumentId);
            let specs = ids.map_while(|id| engine.instrument(id));
            specs.map(|(spec, _)| (spec.base, spec.quote)).collect()
        })?)
    }

    /// Names of the instruments that are listed in a domain.
    pub fn listed(&self, domain: DomainId) -> anyhow::Result<Vec<String>> {
        let replica = self.venue.replica(domain).context("every domain runs after the start")?;
        Ok(replica.inspect(|engine| {
            let ids = (0..).map(types::InstrumentId);
            ids.map_while(|id| engine.instrument(id)).map(|(spec, _)| spec.name()).collect()
        })?)
    }

    /// The numbers of an account.
    pub async fn account(&self, domain: DomainId, account: AccountId) -> Option<AccountView> {
        self.venue.account(domain, account).await
    }

    /// A feed as the engine sees it; `None` if nothing is priced by it.
    pub async fn feed(
        &self,
        domain: DomainId,
        base: AssetCode,
        quote: AssetCode,
    ) -> Option<FeedView> {
        self.venue.feed(domain, base, quote).await
    }

    /// The key of a reporter.
    pub fn reporter(
        &self,
        domain: DomainId,
        account: AccountId,
    ) -> anyhow::Result<Option<PublicKey>> {
        let replica = self.venue.replica(domain).context("every domain runs after the start")?;
        Ok(replica.inspect(move |engine| engine.reporter(account))?)
    }

    /// What a start owes, first of all to know how long the venue was away: no price is trusted
    /// until its feed has passed its barrier, sessions of the last life are gone, days may have
    /// ended.
    pub async fn tidy_up(&self) -> anyhow::Result<()> {
        for (id, _) in self.domain_ids() {
            let commands =
                vec![Command::StartTerm, Command::DropSession { session: None }, Command::EndDay];
            self.carry_out(id, commands).await.context("after the start")?;
        }
        self.announce_key().await
    }

    /// Tells receivers of every notice, until what it returns is dropped.
    pub fn tell(&self, receivers: &[Receiver]) -> anyhow::Result<Webhooks> {
        let domains = self.venue.domains();
        Webhooks::start(&self.market, domains, &self.data, receivers, Pace::default())
    }

    /// Whoever lists instruments by a rule; `reference` stands in for an index without a price.
    pub fn lister(
        &self,
        rule: ListingConfig,
        reference: BTreeMap<AssetCode, IndexPrice>,
    ) -> Lister {
        Lister { venue: self.venue.clone(), market: Market::clone(&self.market), rule, reference }
    }

    /// Does what a venue does by itself, until what it returns is dropped.
    pub fn keep_up(&self, lister: Option<Lister>) -> Upkeep {
        Upkeep::start(&self.venue, &self.market, lister)
    }

    /// Does something that waits for outcomes; a replica that halts meanwhile is an error, because
    /// they would never come.
    pub async fn unless_halted<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::select! {
            done = work => done,
            halted = self.halted() => Err(halted),
        }
    }

    /// Runs until a signal, or until a replica halts, which is an error.
    pub async fn run_until(&self, signals: &mut Signals) -> anyhow::Result<()> {
        tokio::select! {
            () = signals.stop() => Ok(()),
            halted = self.halted() => Err(halted),
        }
    }

    /// Returns when a domain has halted.
    async fn halted(&self) -> anyhow::Error {
        let mut alarm = self.alarm.subscribe();
        let error = tokio::select! {
            error = self.replica_halted() => error,
            raised = alarm.wait_for(Option::is_some) => {
                let why = raised.ok().and_then(|why| why.clone()).unwrap_or_default();
                anyhow!("{why}. The venue stops, and its log is evidence: `plimsoll log verify` \
                         finds the same. Restore the log of another replica, or one from before")
            }
        };
        self.market.stopped();
        error
    }

    /// Returns when a replica takes nothing more.
    async fn replica_halted(&self) -> anyhow::Error {
        let mut ticks = tokio::time::interval(WATCH_INTERVAL);
        loop {
            ticks.tick().await;
            let halted = self
                .domain_ids()
                .find(|(id, _)| !self.venue.replica(*id).is_some_and(replica::Handle::is_running));
            if let Some((id, domain)) = halted {
                let standing = self.venue.standing(id);
                let why = standing.and_then(|standing| standing.follow_end().borrow().clone());
                if let Some(words) = why {
                    return anyhow!("{}: {words}", domain.asset);
                }
                return anyhow!("the replica of {} has halted: the venue stops", domain.asset);
            }
        }
    }

    /// Hands the lead of its domains to other nodes, so that nobody waits for an election.
    pub async fn hand_over(&self) {
        let standings = self.domain_ids().filter_map(|(id, _)| self.venue.standing(id));
        for standing in standings.filter(|standing| standing.leads()) {
            let status = standing.status();
            let others = status.members.iter().filter(|member| {
                Some(member.node) != status.leader && status.voters.contains(&member.node)
            });
            let Some(next) = others.max_by_key(|member| member.matched_index) else { continue };
            // A node that cannot lead leaves it to an election.
            let _ = standing.transfer(next.node).await;
        }
        tokio::time::sleep(WATCH_INTERVAL).await;
    }

    /// Closes the gateway, gives every command its outcome, stores snapshots.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.gateway.shutdown().await;
        let mut failed = None;
        for domain in self.domains {
            if let Err(error) = domain.stop() {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Proposes commands and waits for all of them.
pub(super) async fn carry_out(
    market: &Market,
    domain: DomainId,
    class: Class,
    commands: Vec<Command>,
) -> anyhow::Result<()> {
    if commands.is_empty() {
        return Ok(());
    }
    let intents = commands.into_iter().map(|command| Intent { domain, class, command });
    let answer = Answer::After(intents.collect(), Reply::Ok);
    match market.finish(answer).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let data = error.data.clone().unwrap_or_default();
            bail!("{error} {data}")
        }
    }
}

/// A torn tail is what a crash leaves of writes that nobody was told of.
fn tell_torn(asset: AssetCode, started: &Found) {
    if let Some(torn) = &started.torn {
        let (bytes, offset, segment) = (torn.bytes, torn.offset, &torn.segment);
        output::note(&format!(
            "{asset}: dropped {bytes} bytes after byte {offset} of {segment}: a write that was not \
             finished and not acknowledged"
        ));
    }
}
