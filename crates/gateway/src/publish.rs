//! What the venue has published: the views of all domains, and who listens to them.
//!
//! ```text
//!   Applied ─▶ publish ─▶ view ─▶ replies by tag          (one lock a domain, taken once a batch)
//!                            └──▶ channels ─▶ outboxes
//!   timer ───▶ tick ────▶ channels that wait for the end of their interval
//! ```
//!
//! # Invariants
//! 1. A reply is registered before its command is proposed, so no outcome is missed.
//! 2. A reply shows the state right after its entry, even when more of the batch follows.
//! 3. An outcome that will not come is answered as unknown (11031), never as refused.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::oneshot;

use market_data::View;
use types::codec::{Codec, DecodeError};
use types::planted::{self, Bug};
use types::{
    AccountId, AccountView, Applied, AssetCode, At, Command, FeedView, InstrumentId, Proposal,
    PublicKey,
};

use crate::Outbox;
use crate::call::{Answer, Intent, Reply};
use crate::clock::Moment;
use crate::errors::error;
use crate::objects::{Look, Worded, write_notice};
use crate::rpc::{Json, RpcError};
use crate::venue::{Domain, DomainId, Later, Venue};

mod channels;
mod flush;
mod replies;
mod state;
mod topics;

#[cfg(test)]
mod tests;

pub(crate) use replies::text;
pub(crate) use topics::{KINDS, KindFilter, RESOLUTIONS};

use replies::{Asked, Part};
pub(crate) use state::Outcome;
use state::{DomainState, FeedQuestion, Pending, Question, spans_domains};

/// One listener of one channel.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Its connection, by a number that is never used twice.
    pub connection: u64,
    /// Who it is; `None` without login, which closes `user.*` and raw channels to it.
    pub account: Option<AccountId>,
    /// Where its notifications go.
    pub outbox: Outbox,
    /// Echoed in its notifications.
    pub label: Option<Arc<str>>,
}

/// Why bytes are not those of a domain's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// They are no view.
    #[error("the stored view cannot be read: replay the log from its first entry")]
    Decode(#[from] DecodeError),
    /// They are the view of another domain.
    #[error("the stored view is of {found}, this domain settles in {own}")]
    Domain {
        /// Asset of the bytes.
        found: AssetCode,
        /// Asset of the domain.
        own: AssetCode,
    },
}

/// An instrument of the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) domain: DomainId,
    pub(crate) instrument: InstrumentId,
}

/// The views of all domains, the replies that are due, and the channels. Cheap to clone.
#[derive(Clone)]
pub struct Market {
    shared: Arc<Shared>,
}

struct Shared {
    venue: Arc<dyn Venue>,
    domains: Vec<Mutex<DomainState>>,
    names: RwLock<HashMap<Box<str>, Place>>,
    tags: AtomicU64,
    limits: OnceLock<Box<str>>,
    patience: OnceLock<Duration>,
    /// When it was ticked last: how long a reply is due is counted from tick to tick.
    run_us: AtomicU64,
}

impl Market {
    /// A market without history: the venue's batches fill it through [`Market::publish`].
    pub fn new(venue: Arc<dyn Venue>) -> Market {
        let domains = venue.domains().iter().zip(0..);
        let states = domains.map(|(domain, id)| Mutex::new(DomainState::new(DomainId(id), domain)));
        let shared = Shared {
            domains: states.collect(),
            venue,
            names: RwLock::default(),
            tags: AtomicU64::new(1),
            limits: OnceLock::new(),
            patience: OnceLock::new(),
            run_us: AtomicU64::new(0),
        };
        Market { shared: Arc::new(shared) }
    }

    /// Sets the JSON of `limits` in account summaries (api.md §4), once.
    pub fn show_limits(&self, json: &str) {
        // Whoever sets it second keeps what the first has set.
        let _ = self.shared.limits.set(json.into());
    }

    /// Takes in a batch of one domain. Called once for each batch, in order, from any thread.
    pub fn publish(&self, domain: DomainId, applied: &Applied) {
        let mut state = self.state(domain);
        let known = state.view.instruments().len();
        for entry in &applied.entries {
            state.apply(entry, applied.at, applied.events_of(entry));
        }
        if known < state.view.instruments().len() {
            self.name_instruments(&state, known);
        }
    }

    /// Looks at what is shown of a domain. It is locked meanwhile, so be short.
    pub fn see<T>(&self, domain: DomainId, see: impl FnOnce(&View) -> T) -> T {
        see(&self.state(domain).view)
    }

    /// The view of a domain as bytes, for the projections of a snapshot: as of the last batch.
    pub fn snapshot(&self, domain: DomainId) -> Vec<u8> {
        self.state(domain).view.to_bytes()
    }

    /// Takes a view back from the bytes of [`Market::snapshot`], before the first batch after it.
    pub fn restore(&self, domain: DomainId, bytes: &[u8]) -> Result<(), RestoreError> {
        let view = View::from_bytes(bytes)?;
        let mut state = self.state(domain);
        let (found, own) = (view.asset(), state.view.asset());
        if (found, view.decimals()) != (own, state.view.decimals()) {
            return Err(RestoreError::Domain { found, own });
        }
        state.view = view;
        self.name_instruments(&state, 0);
        Ok(())
    }

    /// The accounts that may sign reports in a domain, with their keys: as of the last batch.
    pub fn reporters(&self, domain: DomainId) -> Vec<(AccountId, PublicKey)> {
        let state = self.state(domain);
        state.view.reporters().map(|(account, reporter)| (account, reporter.key)).collect()
    }

    /// The number of the newest notice of a domain; zero before the first.
    pub fn newest_notice(&self, domain: DomainId) -> u64 {
        let newest =
            self.state(domain).view.notices().newest().next().map(|told| told.notice.number);
        newest.unwrap_or(0)
    }

    /// The first notice of a domain with this number or a later one, and its JSON as
    /// `public/get_notices` has it; `None`: there is none yet. Old ones are forgotten.
    pub fn notice_from(&self, domain: DomainId, number: u64) -> Option<(u64, String)> {
        let (number, worded) = self.look(domain, |look| {
            let told = look.view.notices().from(number)?;
            Some((told.notice.number, Worded::of(look, told)))
        })?;
        Some((number, text(|out| write_notice(out, self, &worded))))
    }

    fn name_instruments(&self, state: &DomainState, known: usize) {
        let mut names = self.shared.names.write().unwrap_or_else(PoisonError::into_inner);
        for instrument in state.view.instruments().iter().skip(known) {
            let place = Place { domain: state.id, instrument: instrument.id() };
            names.insert(instrument.name().into(), place);
        }
    }

    /// Ends the intervals that are over. Called every 100 ms from within the runtime.
    pub fn tick(&self, now: Moment) {
        self.shared.run_us.store(now.run_us, Ordering::Relaxed);
        let patience = self.shared.patience.get();
        for domain in self.domain_ids() {
            if let Some(patience) = patience {
                self.state(domain).give_up(now.run_us, *patience);
            }
            let questions = self.state(domain).tick(At(now.day_ms()));
            for question in questions.accounts {
                tokio::spawn(self.clone().ask(domain, question));
            }
            for question in questions.feeds {
                tokio::spawn(self.clone().ask_feed(domain, question));
            }
        }
    }

    async fn ask(self, domain: DomainId, question: Question) {
        let numbers = self.shared.venue.account(domain, question.account).await;
        self.state(domain).answered(&question, numbers.as_ref());
    }

    async fn ask_feed(self, domain: DomainId, question: FeedQuestion) {
        let (base, quote) = question.pair;
        let view = self.feed(domain, base, quote).await;
        self.state(domain).answered_feed(question, view.as_ref());
    }

    /// Listens to `channel`. `Ok(None)`: there is no such channel, or not for this subscriber;
    /// `Ok(Some(name))`: active under this name (which the caller needs to end it); an error
    /// refuses the whole call (13778, too many listeners).
    pub fn subscribe(&self, channel: &str, by: Subscriber) -> Result<Option<String>, RpcError> {
        if by.account.is_none() && topics::is_raw(channel) {
            let reason = format!("log in to have {channel}, or take its 100ms form");
            return Err(error(13778, "raw_subscriptions_not_available_for_unauthorized", reason));
        }
        let mut accepted = false;
        for domain in self.domain_ids() {
            accepted |= self.state(domain).subscribe(channel, by.clone())?;
            if accepted && !spans_domains(channel) {
                break;
            }
        }
        Ok(accepted.then(|| channel.to_owned()))
    }

    /// Stops listening; false if it did not listen.
    pub fn unsubscribe(&self, connection: u64, channel: &str) -> bool {
        let mut left = false;
        for domain in self.domain_ids() {
            left |= self.state(domain).unsubscribe(connection, channel);
        }
        left
    }

    /// Ends every subscription of a connection.
    pub fn unsubscribe_all(&self, connection: u64) {
        for domain in self.domain_ids() {
            self.state(domain).unsubscribe_all(connection);
        }
    }

    /// Commands of these tags were not proposed and never will be.
    pub fn refuse(&self, domain: DomainId, tags: &[u64], why: &str) {
        let mut state = self.state(domain);
        for pending in tags.iter().filter_map(|tag| state.take_reply(*tag)) {
            let refused = error(10047, "matching_engine_queue_full", why.to_owned());
            // Who does not wait any more does not need the reply.
            let _ = pending.sender.send(Err(refused));
        }
    }

    /// The outcomes of these tags may never be learned here: their replies say so (11031).
    pub fn forget(&self, domain: DomainId, tags: &[u64]) {
        let mut state = self.state(domain);
        tags.iter().for_each(|tag| state.forget_reply(*tag));
    }

    /// From here on, a reply that has not come after this long says that its outcome is not known
    /// (11031): on a node of a cluster the outcome may come to be known by another node only.
    pub fn give_up_after(&self, patience: Duration) {
        // Whoever sets it second keeps what the first has set.
        let _ = self.shared.patience.set(patience);
    }

    /// The venue has stopped: no outcome will come any more. Replies that are due say so (11031).
    pub fn stopped(&self) {
        for domain in self.domain_ids() {
            self.state(domain).forget_replies();
        }
    }

    /// The result of a call: proposes the commands of the answer and waits for their outcomes.
    pub async fn finish(&self, answer: Answer) -> Result<Json, RpcError> {
        match answer {
            Answer::Now(json) => Ok(json),
            Answer::Later(later) => later.await,
            Answer::After(intents, reply) => self.execute(intents, reply).await,
        }
    }

    async fn execute(&self, intents: Vec<Intent>, reply: Reply) -> Result<Json, RpcError> {
        let mut waits = Vec::with_capacity(intents.len());
        let mut fault = None;
        if planted::is(Bug::ReplyBeforeCommit) {
            intents.into_iter().try_for_each(|intent| self.propose(intent, reply).map(drop))?;
            return Ok(json("\"ok\"".to_owned()));
        }
        for intent in intents {
            let trace = Trace::of(&intent.command);
            match self.propose(intent, reply) {
                Ok(wait) => waits.push((wait, trace)),
                Err(busy) => fault = Some(busy),
            }
        }
        let mut parts = Vec::with_capacity(waits.len());
        for (wait, trace) in waits {
            match wait.await.unwrap_or_else(|_| Err(trace.unknown())) {
                Ok(part) => parts.push(part),
                Err(error) => fault = Some(error),
            }
        }
        match fault {
            Some(error) => Err(add_done(error, &parts)),
            None => Ok(join(parts, reply)),
        }
    }

    /// Proposes a command. Its outcome comes, unless it is not known, or its queue refuses it.
    pub(crate) fn propose(
        &self,
        intent: Intent,
        reply: Reply,
    ) -> Result<oneshot::Receiver<Outcome>, RpcError> {
        let Intent { domain, class, command } = intent;
        let tag = self.shared.tags.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        let asked = Asked::of(&command, reply);
        let since_us = self.shared.run_us.load(Ordering::Relaxed);
        self.state(domain).expect_reply(tag, Pending { asked, sender, since_us });
        let proposal = Proposal { tag, command };
        match self.shared.venue.propose(domain, class, proposal) {
            Ok(()) => Ok(receiver),
            Err(busy) => {
                self.state(domain).forget_reply(tag);
                let queue = error(10047, "matching_engine_queue_full", busy.to_string());
                Err(queue.with("queued", busy.queued))
            }
        }
    }
}

/// What handlers look up.
impl Market {
    fn state(&self, domain: DomainId) -> MutexGuard<'_, DomainState> {
        let state = self.shared.domains.get(usize::from(domain.0));
        let state = state.expect("domain ids come from the venue's list");
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn domain_ids(&self) -> impl Iterator<Item = DomainId> + use<> {
        (0..u8::try_from(self.shared.domains.len()).unwrap_or(u8::MAX)).map(DomainId)
    }

    pub(crate) fn domains(&self) -> &[Domain] {
        self.shared.venue.domains()
    }

    /// Looks at the view of a domain. It is locked meanwhile, so be short.
    pub(crate) fn look<T>(&self, domain: DomainId, see: impl FnOnce(Look<'_>) -> T) -> T {
        see(self.state(domain).look())
    }

    /// The instrument of a name.
    pub(crate) fn place(&self, name: &str) -> Option<Place> {
        let names = self.shared.names.read().unwrap_or_else(PoisonError::into_inner);
        names.get(name).copied()
    }

    /// The engine's numbers of an account.
    pub(crate) fn account(
        &self,
        domain: DomainId,
        account: AccountId,
    ) -> Later<Option<AccountView>> {
        self.shared.venue.account(domain, account)
    }

    /// The engine's view of a feed.
    pub(crate) fn feed(
        &self,
        domain: DomainId,
        base: AssetCode,
        quote: AssetCode,
    ) -> Later<Option<FeedView>> {
        self.shared.venue.feed(domain, base, quote)
    }

    /// The venue, to ask.
    pub(crate) fn venue(&self) -> &dyn Venue {
        &*self.shared.venue
    }

    /// The names of the indexes that are locked, and how many indexes there are.
    pub(crate) fn locked_indexes(&self) -> (Vec<String>, usize) {
        let (mut locked, mut count) = (Vec::new(), 0);
        for domain in self.domain_ids() {
            self.look(domain, |look| {
                let indexes = look.view.indexes();
                count += indexes.len();
                let found = indexes.iter().filter(|index| look.view.is_locked(index));
                locked.extend(found.map(|index| index.name().to_owned()));
            });
        }
        (locked, count)
    }

    pub(crate) fn limits(&self) -> Option<&str> {
        self.shared.limits.get().map(AsRef::as_ref)
    }
}

/// By what a client can find out later how its command came out.
#[derive(Debug, Default)]
struct Trace {
    label: Option<String>,
    client_order_id: Option<String>,
    order: Option<u64>,
}

impl Trace {
    fn of(command: &Command) -> Trace {
        match command {
            Command::PlaceOrder(place) => Trace {
                label: (!place.label.is_empty()).then(|| place.label.as_str().to_owned()),
                client_order_id: place.client_order_id.as_ref().map(|id| id.as_str().to_owned()),
                order: None,
            },
            Command::AmendOrder(amend) => Trace { order: Some(amend.order.0), ..Trace::default() },
            Command::CancelOrder { order, .. } => {
                Trace { order: Some(order.0), ..Trace::default() }
            }
            _ => Trace::default(),
        }
    }

    fn unknown(self) -> RpcError {
        if planted::is(Bug::UnknownToldAsRefused) {
            return error(10047, "matching_engine_queue_full", "no outcome: send it again");
        }
        let reason = "the venue stopped before the outcome was known: ask again with this id";
        let mut error = error(11031, "other_error outcome_unknown", reason);
        if let Some(label) = self.label {
            error = error.with("label", label);
        }
        if let Some(id) = self.client_order_id {
            error = error.with("client_order_id", id);
        }
        if let Some(order) = self.order {
            error = error.with("order_number", order);
        }
        error
    }
}

/// Says beside an error what other domains did meanwhile.
fn add_done(error: RpcError, parts: &[Part]) -> RpcError {
    if parts.is_empty() {
        return error;
    }
    error.with("domains_done", parts.len()).with("cancelled", cancelled(parts))
}

fn cancelled(parts: &[Part]) -> u64 {
    let counts = parts.iter().map(|part| match part {
        Part::Count(count) => *count,
        Part::Items(items) => items.len().try_into().unwrap_or(u64::MAX),
        Part::Json(_) => 0,
    });
    counts.sum()
}

/// One result of the parts of all domains.
fn join(parts: Vec<Part>, reply: Reply) -> Json {
    let text = match reply {
        Reply::CancelledCount => cancelled(&parts).to_string(),
        Reply::CancelledOrders => {
            let items = parts.into_iter().flat_map(|part| match part {
                Part::Items(items) => items,
                Part::Count(_) | Part::Json(_) => Vec::new(),
            });
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        Reply::OrderAndTrades
        | Reply::Order
        | Reply::Ok
        | Reply::Quotes
        | Reply::Transfer
        | Reply::Withdrawal
        | Reply::Mmp
        | Reply::Fence => match parts.into_iter().next() {
            Some(Part::Json(text)) => text,
            Some(Part::Count(_) | Part::Items(_)) | None => "\"ok\"".to_owned(),
        },
    };
    json(text)
}

/// Text that we wrote as JSON.
pub(crate) fn json(text: String) -> Json {
    Json::written(text)
}
