//! Words about prices: who said what, how good an index is and why, what was delivered.

use std::collections::BTreeMap;

use types::{
    AssetCode, At, Command, Decimal, DeliveryCount, Event, FeedTerms, Health, IndexId, IndexPrice,
    PriceReport, ReporterFault, Seat, SourceId, SurfaceReport,
};

use super::{Words, decimal};
use crate::genesis::date;

/// Names of indexes and of their sources.
#[derive(Debug, Default)]
pub struct Known {
    indexes: BTreeMap<IndexId, String>,
    sources: BTreeMap<String, Vec<String>>,
}

impl Known {
    /// An index has this pair.
    pub fn name(&mut self, index: IndexId, pair: (AssetCode, AssetCode)) {
        self.indexes.insert(index, named(pair));
    }

    /// An index has a feed.
    pub fn learn(&mut self, index: IndexId, terms: &FeedTerms) {
        let pair = (terms.base, terms.quote);
        self.name(index, pair);
        let sources = terms.sources.iter().map(|source| source.name.as_str().to_owned());
        self.sources.insert(named(pair), sources.collect());
    }

    fn index(&self, index: IndexId) -> String {
        self.indexes.get(&index).cloned().unwrap_or_else(|| format!("index {index}"))
    }

    fn source(&self, index: &str, source: SourceId) -> String {
        let sources = self.sources.get(index);
        let name = sources.and_then(|sources| sources.get(usize::from(source.0)));
        name.cloned().unwrap_or_else(|| format!("source {}", source.0))
    }
}

/// `btc_usd`.
pub fn named((base, quote): (AssetCode, AssetCode)) -> String {
    format!("{base}_{quote}").to_lowercase()
}

/// Whether an event belongs to the story of prices: the health of feeds, faults, deliveries, and
/// what they follow from. Single reports and marks do not: there are thousands of them.
pub fn is_story(event: &Event) -> bool {
    matches!(
        event,
        Event::FeedSet { .. }
            | Event::ReporterRegistered { .. }
            | Event::PricingSet { .. }
            | Event::FeedHealthChanged { .. }
            | Event::ReporterFaulted { .. }
            | Event::DeliveryPriced { .. }
            | Event::DeliveryDisputed { .. }
            | Event::InstrumentDelivered { .. }
            | Event::TermStarted { .. }
    )
}

impl Words {
    pub(super) fn price_command(&self, command: &Command) -> String {
        match command {
            Command::SetFeed(terms) => {
                format!("set the feed of {}", named((terms.base, terms.quote)))
            }
            Command::RegisterReporter { account, stake, .. } => {
                format!("register reporter {account}, stake {}", self.money(*stake))
            }
            Command::ReportPrice(signed) => {
                let PriceReport { base, quote, reporter, source, price, .. } = signed.report;
                let index = named((base, quote));
                let source = self.prices.source(&index, source);
                format!("reporter {reporter} says {index} is {} at {source}", priced(price))
            }
            Command::ReportSurface(signed) => {
                let SurfaceReport { base, quote, reporter, expiry, .. } = signed.report;
                let (index, date) = (named((base, quote)), date(expiry));
                format!("reporter {reporter} says the volatilities of {index} for {date}")
            }
            Command::SetPricing { instrument, .. } => {
                format!("set the pricing of {}", self.name(*instrument))
            }
            Command::Tick => "tick".into(),
            Command::StartTerm => "start a term".into(),
            Command::SettleDelivery { base, quote, expiry, price } => {
                let (index, date) = (named((*base, *quote)), date(*expiry));
                format!("settle {date} of {index} at {}", priced(*price))
            }
            other => format!("{other:?}"),
        }
    }

    pub(super) fn price_event(&self, event: &Event) -> String {
        match event {
            Event::FeedSet { index, terms } => {
                format!("{} has a feed: {}", self.prices.index(*index), terms_of(terms))
            }
            Event::ReporterRegistered { account, stake, .. } => {
                format!("account {account} reports, with {} at stake", self.money(*stake))
            }
            Event::PriceReported { index, seat: Seat { reporter, source }, price, .. } => {
                let index = self.prices.index(*index);
                let source = self.prices.source(&index, *source);
                format!("{index} is {} at {source}, says reporter {reporter}", priced(*price))
            }
            Event::FeedHealthChanged { index, from, to, reason, price, .. } => {
                let index = self.prices.index(*index);
                let (from, to) = (health(*from), health(*to));
                format!("{index} went from {from} to {to} at {}: {reason}", priced(*price))
            }
            Event::ReporterFaulted { account, index, fault, slashed } => {
                let (index, slashed) = (self.prices.index(*index), self.money(*slashed));
                let fault = fault_of(*fault);
                format!("reporter {account} was caught in {index}: {fault}; it loses {slashed}")
            }
            Event::SurfaceChanged { index, expiry, reporter, .. } => {
                let (index, date) = (self.prices.index(*index), date(*expiry));
                format!("volatilities of {index} for {date} are those of reporter {reporter}")
            }
            Event::PricingSet { instrument, .. } => {
                format!("pricing of {} is set", self.name(*instrument))
            }
            Event::MarksMade { index, marks } => {
                format!("{} marks of {} made", marks.len(), self.prices.index(*index))
            }
            Event::FundingAccrued { instrument, rate_ppb, .. } => {
                let name = self.name(*instrument);
                format!("funding of {name} is {} % in 8 hours", percent(*rate_ppb))
            }
            Event::TermStarted { .. } => "a term starts: feeds wait for fresh reports".into(),
            _ => self.delivery_event(event),
        }
    }

    fn delivery_event(&self, event: &Event) -> String {
        match event {
            Event::DeliveryPriced { index, expiry, price, samples, .. } => {
                let (index, date) = (self.prices.index(*index), date(*expiry));
                let (price, samples) = (priced(*price), samples_of(*samples));
                format!("{date} of {index} is delivered at {price}: {samples}")
            }
            Event::DeliveryDisputed { index, expiry, samples, .. } => {
                let (index, date) = (self.prices.index(*index), date(*expiry));
                let samples = samples_of(*samples);
                format!("{date} of {index} waits for the operator to say its price: {samples}")
            }
            Event::InstrumentDelivered { instrument, price, .. } => {
                format!("{} is delivered at {}", self.name(*instrument), priced(*price))
            }
            other => format!("{other:?}"),
        }
    }
}

fn terms_of(terms: &FeedTerms) -> String {
    let FeedTerms { sources, seats, healthy, degraded, stale_ms, .. } = terms;
    format!(
        "{} seats at {} sources, healthy with {} reporters and {} sources, frozen with fewer than \
         {} and {}, stale after {stale_ms} ms",
        seats.len(),
        sources.len(),
        healthy.reporters,
        healthy.sources,
        degraded.reporters,
        degraded.sources
    )
}

/// How good a feed is, in a word.
pub fn health(health: Health) -> &'static str {
    match health {
        Health::Manual => "manual",
        Health::Healthy => "healthy",
        Health::Degraded => "degraded",
        Health::Frozen => "frozen",
    }
}

fn fault_of(fault: ReporterFault) -> String {
    match fault {
        ReporterFault::Equivocated { nonce } => {
            format!("it signed two reports for nonce {nonce}")
        }
        ReporterFault::Far { apart_ppm, for_ms } => {
            format!("it was {apart_ppm} ppm away for {for_ms} ms")
        }
        ReporterFault::Spent => "nothing of its stake is left".into(),
    }
}

fn samples_of(DeliveryCount { good, due }: DeliveryCount) -> String {
    format!("{good} of {due} samples were good")
}

/// A price of an index.
pub fn priced(price: IndexPrice) -> String {
    if price == IndexPrice(0) { "no price".into() } else { decimal(price.0, 8) }
}

/// Billionths as a percentage.
fn percent(ppb: i64) -> String {
    Decimal::new(ppb, 7).map_or_else(|| format!("{ppb} ppb"), |percent| percent.to_string())
}

/// A moment: `2026-11-25 08:00:00.250`.
pub fn moment(at: At) -> String {
    format!("{}.{:03}", crate::report::in_words(at), at.0 % 1_000)
}
