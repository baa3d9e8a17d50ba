//! Mirroring into a venue inside this process: log, engine, market and gateway are the real ones,
//! commands go straight to the replica's queue, and the book is read through the API.
//!
//! ```text
//!   actions ─▶ replica (log on disk, engine) ─▶ market ─▶ gateway ◀── public/get_order_book
//!                                                └▶ events ─▶ own orders
//! ```

use std::path::PathBuf;

use anyhow::{Context, bail};
use gateway::venue::DomainId;
use gateway::{NewKey, TRADER_SCOPE};
use replica::{Class, Handle, Refused};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use types::{
    AccountId, AmendOrder, Amount, Applied, CancelScope, Command, Event, IndexPrice, InstrumentId,
    OrderKind, PlaceOrder, Proposal, Reject, Ticks, limits,
};

use super::desk::{Desk, TopSide};
use super::own::OwnBook;
use super::plan::Action;
use super::published;
use super::spec::Spec;
use crate::client::Client;
use crate::genesis::Genesis;
use crate::serve::{Ready, Site, key_json, local_plan};
use crate::venue::Listener;
use crate::{clock, domains, output};

/// The mirror's account, and the one that a person may use beside it.
const MIRROR: AccountId = AccountId(1);
const YOURS: AccountId = AccountId(2);
/// The domain is alone.
const DOMAIN: DomainId = DomainId(0);
/// Tags of ours, away from those that the market numbers from 1.
const TAGS: u64 = 1 << 63;
/// The mirror's money: half of what a domain can count.
const FUNDS: Amount = Amount(limits::DEPOSITS_MAX.0 / 2);
/// Refusals that are said one by one.
const REFUSALS_TOLD_MAX: u64 = 5;
/// Money of a person's account, in whole coins.
const YOUR_COINS: i64 = 1_000_000;

/// A venue of one domain with one instrument.
pub struct Inside {
    site: Site,
    replica: Handle,
    client: Client,
    spec: Spec,
    instrument: InstrumentId,
    outcomes: UnboundedReceiver<Outcome>,
    next_tag: u64,
    /// Refusals that were said.
    n_told: u64,
}

/// Events of one entry that may concern us.
struct Outcome {
    tag: u64,
    events: Vec<Event>,
}

impl Inside {
    /// Opens the venue, lists the instrument, funds both accounts.
    pub async fn open(data: PathBuf, port: u16, spec: Spec) -> anyhow::Result<Inside> {
        let (listener, outcomes) = listener();
        let mut plan = local_plan(data, port)?;
        plan.domains = vec![domains::domain(spec.domain.asset.as_str()).context("a known asset")?];
        plan.listeners = vec![(DOMAIN, listener)];
        let site = Site::open(plan).await?;
        site.tidy_up().await?;
        let instrument = list(&site, &spec).await?;
        fund(&site, &spec).await?;
        let (client, _) = Client::connect(&Ready::of(&site).ws).await?;
        let replica = site.venue().replica(DOMAIN).context("the domain runs")?.clone();
        let next_tag = TAGS;
        Ok(Inside { site, replica, client, spec, instrument, outcomes, next_tag, n_told: 0 })
    }

    /// Where the venue is, and a funded account of it.
    pub fn invitation(&self) -> anyhow::Result<(Ready, Value)> {
        let keys = self.site.keys();
        let key = match keys.of_account(YOURS).into_iter().next() {
            Some(key) => key,
            None => {
                let (name, max_scope) = ("yours".into(), TRADER_SCOPE.into());
                let new = NewKey { account: YOURS, name, max_scope, limits: None };
                keys.create(new, clock::log_time().0)?
            }
        };
        Ok((Ready::of(&self.site), key_json(&key)))
    }

    /// Stops the venue.
    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.client);
        self.site.stop().await
    }

    fn command(&self, action: &Action) -> (Class, Command) {
        match *action {
            Action::Cancel { order, .. } => {
                (Class::Cancel, Command::CancelOrder { account: MIRROR, order })
            }
            Action::Amend { order, size, .. } => {
                let amend = AmendOrder {
                    account: MIRROR,
                    order,
                    size: Some(size),
                    price: None,
                    display: None,
                    post_only: None,
                    reduce_only: None,
                    valid_until: None,
                };
                (Class::Order, Command::AmendOrder(amend))
            }
            Action::Place { side, price, size } => {
                let place = PlaceOrder::new(
                    MIRROR,
                    self.instrument,
                    side,
                    OrderKind::Limit { price },
                    size,
                );
                (Class::Order, Command::PlaceOrder(Box::new(place)))
            }
        }
    }

    /// Hands a command over; a full queue is waited for by taking outcomes.
    async fn submit(&mut self, class: Class, command: Command) -> anyhow::Result<()> {
        self.next_tag += 1;
        let tag = self.next_tag;
        loop {
            match self.replica.submit(class, Proposal { tag, command: command.clone() }) {
                Ok(()) => return Ok(()),
                Err(Refused::Busy { .. }) => tokio::task::yield_now().await,
                Err(Refused::Stopped) => bail!("the venue has stopped"),
            }
        }
    }

    /// Takes outcomes until the last tag's. How many of ours were refused.
    async fn learn(&mut self, own: &mut OwnBook) -> anyhow::Result<u64> {
        let mut n_refused = 0;
        loop {
            let Outcome { tag, events } =
                self.outcomes.recv().await.context("the venue has stopped")?;
            events.iter().for_each(|event| own.learn(MIRROR, event));
            let refusals = events.iter().filter_map(refusal).filter(|_| TAGS < tag);
            for reject in refusals {
                n_refused += 1;
                tell_refused(&mut self.n_told, reject);
            }
            if tag == self.next_tag {
                return Ok(n_refused);
            }
        }
    }
}

impl Desk for Inside {
    async fn report_price(&mut self, mid: Ticks) -> anyhow::Result<()> {
        let price = self.spec.price(mid.0).times_ten_to(8);
        let price = price.and_then(|price| u64::try_from(price).ok()).map(IndexPrice);
        let (base, quote) = (self.spec.instrument.base, self.spec.instrument.quote);
        if let Some(price) = price {
            self.submit(Class::Order, Command::ReportIndex { base, quote, price }).await?;
        }
        let marks = vec![(self.instrument, mid)];
        self.submit(Class::Order, Command::ReportMarks(marks)).await
    }

    async fn carry_out(&mut self, actions: &[Action], own: &mut OwnBook) -> anyhow::Result<u64> {
        for action in actions {
            let (class, command) = self.command(action);
            self.submit(class, command).await?;
        }
        self.learn(own).await
    }

    async fn top(&mut self) -> anyhow::Result<(TopSide, TopSide)> {
        published::top(&self.client, &self.spec).await
    }
}

fn refusal(event: &Event) -> Option<&Reject> {
    match event {
        Event::Refused(reject) => Some(reject),
        _ => None,
    }
}

/// The first refusals are said, all are counted.
fn tell_refused(n_told: &mut u64, reject: &Reject) {
    if *n_told < REFUSALS_TOLD_MAX {
        *n_told += 1;
        output::note(&format!("the venue refused ({}): {reject}", reject.code()));
    }
}

/// Copies what may concern the mirror out of each batch.
fn listener() -> (Listener, UnboundedReceiver<Outcome>) {
    let (send, receive) = unbounded_channel();
    let listener = move |applied: &Applied| {
        for entry in &applied.entries {
            let concerns = |event: &&Event| {
                matches!(
                    event,
                    Event::OrderPlaced(_)
                        | Event::OrderRested { .. }
                        | Event::OrderAmended { .. }
                        | Event::OrderClosed { .. }
                        | Event::Traded(_)
                        | Event::Refused(_)
                )
            };
            let events: Vec<Event> =
                applied.events_of(entry).iter().filter(concerns).cloned().collect();
            if TAGS < entry.tag || !events.is_empty() {
                // The mirror may have ended before its venue.
                let _ = send.send(Outcome { tag: entry.tag, events });
            }
        }
    };
    (Box::new(listener), receive)
}

/// Lists the instrument, unless an earlier mirror did; its id.
async fn list(site: &Site, spec: &Spec) -> anyhow::Result<InstrumentId> {
    if !site.listed(DOMAIN)?.contains(&spec.name()) {
        site.begin(&Genesis::of_instruments(vec![spec.instrument.clone()])).await?;
    }
    let index = site.listed(DOMAIN)?.iter().position(|name| *name == spec.name());
    let index = index.context("what was listed is listed")?;
    Ok(InstrumentId(u32::try_from(index)?))
}

/// Opens and funds both accounts; orders of an earlier mirror are cancelled.
async fn fund(site: &Site, spec: &Spec) -> anyhow::Result<()> {
    let yours = Amount(YOUR_COINS * 10_i64.pow(spec.domain.decimals.into()));
    let mut commands = Vec::new();
    for (account, amount) in [(MIRROR, FUNDS), (YOURS, yours)] {
        if site.account(DOMAIN, account).await.is_none() {
            commands.push(Command::OpenAccount { account, parent: None });
            commands.push(Command::Deposit { account, amount });
        }
    }
    commands.push(Command::CancelOrders { account: MIRROR, scope: CancelScope::All });
    site.carry_out(DOMAIN, commands).await
}
