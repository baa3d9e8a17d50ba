//! Listing by rule: the expiries and strikes that there should be, and are not (docs/rules,
//! DLV-7 and DLV-12).
//!
//! What is listed already says what is written on: whatever index and style has an instrument gets
//! futures and options of every expiry that is wanted. Nothing is ever taken away; what is over
//! goes by itself. Listing is an operator's choice, not the engine's: each new instrument is a
//! command in the log, with terms that the log then keeps.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use gateway::Market;
use gateway::venue::{Class, DomainId, Venue};
use risk::calendar::{wanted_expiries, wanted_strikes};
use types::{
    AssetCode, At, Command, Decimal, IndexPrice, Instrument, Kind, OptionRight, SettlementPeriod,
    Style, limits,
};

use super::site::carry_out;
use crate::clock;
use crate::config::ListingConfig;
use crate::genesis::{Named, usual_terms};
use crate::venue::LocalVenue;

/// Something that futures and options are written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Underlying {
    style: Style,
    base: AssetCode,
    quote: AssetCode,
}

/// Lists what is missing, in every domain of a venue.
#[derive(Clone)]
pub struct Lister {
    pub(super) venue: Arc<LocalVenue>,
    pub(super) market: Market,
    pub(super) rule: ListingConfig,
    /// Prices by base asset, for an index that has none yet.
    pub(super) reference: BTreeMap<AssetCode, IndexPrice>,
}

impl Lister {
    /// Lists it. False: an index has no price yet, so its options are not among it.
    pub async fn list_missing(&self) -> anyhow::Result<bool> {
        let mut is_complete = true;
        for (id, domain) in (0..).map(DomainId).zip(self.venue.domains()) {
            let missing = self.missing(id)?;
            is_complete &= missing.is_complete;
            let commands = missing.instruments.into_iter();
            let commands = commands.map(|spec| Command::ListInstrument(Box::new(spec))).collect();
            let listed = carry_out(&self.market, id, Class::Order, commands).await;
            listed.with_context(|| format!("listing instruments of {}", domain.asset))?;
        }
        Ok(is_complete)
    }

    fn missing(&self, domain: DomainId) -> anyhow::Result<Missing> {
        let (rule, reference) = (self.rule, self.reference.clone());
        let replica = self.venue.replica(domain).context("every domain runs after the start")?;
        let found = replica.inspect(move |engine| {
            let ids = (0..).map(types::InstrumentId);
            let listed: Vec<Instrument> =
                ids.map_while(|id| engine.instrument(id)).map(|(spec, _)| spec.clone()).collect();
            let price = |base, quote| {
                let feed = engine.feed(base, quote)?;
                if 0 < feed.price.0 { Some(feed.price) } else { reference.get(&base).copied() }
            };
            missing(&listed, price, clock::log_time(), rule)
        });
        Ok(found?)
    }
}

/// What there should be and is not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// In their order.
    pub instruments: Vec<Instrument>,
    /// False: an index has no price, and nobody knows its strikes.
    pub is_complete: bool,
}

/// By the calendar, `rule`, and the prices of indexes.
pub fn missing(
    listed: &[Instrument],
    price: impl Fn(AssetCode, AssetCode) -> Option<IndexPrice>,
    at: At,
    rule: ListingConfig,
) -> Missing {
    let names: BTreeSet<String> = listed.iter().map(Instrument::name).collect();
    let expiries = wanted_expiries(at);
    let mut found = Missing { instruments: Vec::new(), is_complete: true };
    for underlying in underlyings(listed) {
        let price = price(underlying.base, underlying.quote);
        found.is_complete &= price.is_some();
        let with_options = underlying.option_expiries(listed, &expiries, at, rule);
        for &(expiry, period) in &expiries {
            let price = price.filter(|_| with_options.contains(&expiry));
            let options = price.map(|price| options(price, expiry, at, rule.strikes_max));
            let kinds = [Kind::Future { expiry }].into_iter().chain(options.unwrap_or_default());
            let wanted = kinds.map(|kind| underlying.instrument(kind, period));
            found.instruments.extend(wanted.filter(|spec| !names.contains(&spec.name())));
        }
    }
    let most = usize::try_from(limits::INSTRUMENTS_MAX).unwrap_or(usize::MAX);
    found.instruments.truncate(most.saturating_sub(listed.len()));
    found
}

/// In the order in which they were listed first.
fn underlyings(listed: &[Instrument]) -> Vec<Underlying> {
    let mut found = Vec::new();
    for Instrument { style, base, quote, .. } in listed {
        let underlying = Underlying { style: *style, base: *base, quote: *quote };
        if !found.contains(&underlying) {
            found.push(underlying);
        }
    }
    found
}

impl Underlying {
    /// The wanted expiries that get options: the soonest, and no more than an index can have
    /// surfaces.
    fn option_expiries(
        &self,
        listed: &[Instrument],
        wanted: &[(At, SettlementPeriod)],
        at: At,
        rule: ListingConfig,
    ) -> BTreeSet<At> {
        let is_here = |spec: &&Instrument| (spec.base, spec.quote) == (self.base, self.quote);
        let options = listed.iter().filter(is_here).filter(|spec| spec.kind.is_option());
        let live: BTreeSet<At> =
            options.filter_map(|spec| spec.kind.expiry()).filter(|expiry| at < *expiry).collect();
        let mut room = limits::SURFACES_MAX.saturating_sub(live.len());
        let soonest = wanted.iter().take(rule.option_expiries_max).map(|(expiry, _)| *expiry);
        let fits = |expiry: &At| {
            let is_new = !live.contains(expiry);
            let fits = !is_new || 0 < room;
            room = room.saturating_sub(usize::from(is_new));
            fits
        };
        soonest.filter(fits).collect()
    }

    fn instrument(&self, kind: Kind, period: SettlementPeriod) -> Instrument {
        let Underlying { style, base, quote } = *self;
        let usual = usual_terms(Named { kind, style, base, quote });
        Instrument { settlement_period: period, ..usual }
    }
}

/// Calls and puts of the wanted strikes next to the index.
fn options(price: IndexPrice, expiry: At, at: At, strikes_max: usize) -> Vec<Kind> {
    let mut strikes = wanted_strikes(price, expiry.ms_since(at));
    strikes.sort_by_key(|strike| distance(*strike, price));
    strikes.truncate(strikes_max);
    let rights = [OptionRight::Call, OptionRight::Put];
    let kinds = strikes
        .into_iter()
        .flat_map(|strike| rights.map(|right| Kind::Option { expiry, strike, right }));
    kinds.collect()
}

/// In hundred-millionths; a strike of the rule has no smaller part.
fn distance(strike: Decimal, price: IndexPrice) -> u64 {
    let scaled = strike.times_ten_to(8).and_then(|scaled| u64::try_from(scaled).ok());
    scaled.map_or(u64::MAX, |scaled| scaled.abs_diff(price.0))
}
