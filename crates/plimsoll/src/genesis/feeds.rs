//! `[[feed]]` and `[[reporter]]` of a file.

use std::collections::BTreeSet;

use anyhow::{Context, anyhow};
use gateway::venue::Domain;
use toml::Value;
use types::{
    AccountId, Amount, AssetCode, Barrier, CrossCheck, Decimal, FeedTerms, Incentives, IndexMethod,
    Instrument, Label, PublicKey, Quorum, Seat, Source, SourceId,
};

use super::row::Row;
use super::{Genesis, GenesisFeed, GenesisReporter};
use crate::domains;

const METHODS: [(&str, IndexMethod); 3] = [
    ("capped_median", IndexMethod::CappedMedian),
    ("drop_extremes", IndexMethod::DropExtremes),
    ("weighted_median", IndexMethod::WeightedMedian),
];
/// The usual largest share of one reporter.
const REPORTER_CAP_PPM: u32 = 400_000;

/// Reads a reporter.
pub fn read_reporter(mut row: Row) -> anyhow::Result<GenesisReporter> {
    let account = row.account("account").context("a reporter")?;
    read_key_and_stakes(account, &mut row).with_context(|| format!("reporter {account}"))
}

fn read_key_and_stakes(account: AccountId, row: &mut Row) -> anyhow::Result<GenesisReporter> {
    let text = row.text("public_key")?;
    let key = read_key(&text).with_context(|| {
        format!("public_key is {text}: write the 64 hexadecimal digits of an Ed25519 key")
    })?;
    let mut stakes = Vec::new();
    for (asset, coins) in row.row("stake")?.map_or(Ok(Vec::new()), Row::decimals)? {
        let domain = served(&asset)?;
        let stake = money(coins, &domain).with_context(|| format!("stake of {asset}"))?;
        stakes.push((domain.asset, stake));
    }
    row.finish()?;
    Ok(GenesisReporter { account, key, stakes })
}

fn read_key(text: &str) -> Option<PublicKey> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(PublicKey(bytes))
}

fn served(asset: &str) -> anyhow::Result<Domain> {
    let domain = domains::domain(asset).filter(|_| domains::SERVED.contains(&asset));
    domain.ok_or_else(|| anyhow!("{asset} is no domain: {}", domains::SERVED.join(", ")))
}

/// Coins from zero on, in atoms.
fn money(coins: Decimal, domain: &Domain) -> anyhow::Result<Amount> {
    let atoms = coins.times_ten_to(domain.decimals).filter(|atoms| 0 <= *atoms).map(Amount);
    let fits = atoms.filter(|amount| *amount <= Amount::MAX);
    fits.ok_or_else(|| {
        anyhow!("{coins} is no amount: write one from 0 on with {} decimals", domain.decimals)
    })
}

/// Reads a feed.
pub fn read_feed(mut row: Row, instruments: &[Instrument]) -> anyhow::Result<GenesisFeed> {
    let index = row.text("index").context("a feed")?;
    let read = read_terms(&index, &mut row, instruments);
    read.with_context(|| format!("feed {index}"))
}

fn read_terms(
    index: &str,
    row: &mut Row,
    instruments: &[Instrument],
) -> anyhow::Result<GenesisFeed> {
    let (base, quote) = read_pair(index).context("write an index such as btc_usd")?;
    let domain = domain_of((base, quote), instruments)?;
    let sources = read_sources(row)?;
    let seats = read_seats(row, &sources)?;
    let usual = Usual::of(&seats, &sources);
    let degraded = quorum(row, "degraded", usual.degraded)?;
    let terms = FeedTerms {
        base,
        quote,
        method: row.word_or_first("method", &METHODS)?,
        healthy: quorum(row, "healthy", usual.healthy)?,
        degraded,
        barrier: barrier(row, usual.barrier(degraded))?,
        stale_ms: row.number_or("stale_ms", 10_000)?,
        ahead_ms: row.number_or("ahead_ms", 2_000)?,
        cap_ppm: row.number_or("cap_ppm", 5_000)?,
        spread_ppm: row.number_or("spread_ppm", 20_000)?,
        confidence_ppm: row.number_or("confidence_ppm", 20_000)?,
        jump_ppm: row.number_or("jump_ppm", 50_000)?,
        reporter_cap_ppm: row.number_or("reporter_cap_ppm", usual.reporter_cap_ppm)?,
        cross_check: cross_check(row, &sources)?,
        incentives: incentives(row, &domain)?,
        sources,
        seats,
    };
    row.finish()?;
    oracle::check_terms(&terms)?;
    Ok(GenesisFeed { domain: domain.asset, terms })
}

fn read_pair(index: &str) -> Option<(AssetCode, AssetCode)> {
    let (base, quote) = index.split_once('_')?;
    let code = |text: &str| AssetCode::new(&text.to_ascii_uppercase());
    code(base).zip(code(quote))
}

/// Where the first instrument on the index settles; else the domain of its quote or its base.
fn domain_of(pair: (AssetCode, AssetCode), listed: &[Instrument]) -> anyhow::Result<Domain> {
    let (base, quote) = pair;
    let instrument = listed.iter().find(|spec| (spec.base, spec.quote) == pair);
    let settled = instrument.map(Instrument::settlement);
    let mut assets = settled.into_iter().chain([quote, base]);
    let found = assets.find_map(|asset| served(asset.as_str()).ok());
    found.ok_or_else(|| anyhow!("neither {quote} nor {base} is a domain"))
}

fn read_sources(row: &mut Row) -> anyhow::Result<Vec<Source>> {
    let sources = row.list("sources")?.into_iter().map(|source| {
        let (name, weight) = match source {
            Value::String(name) => (name, 1),
            other => {
                let mut source = Row::of(other)?;
                let read = (source.text("name")?, source.number_or("weight", 1)?);
                source.finish()?;
                read
            }
        };
        let name = Label::new(&name).map_err(|error| anyhow!("a source's name {error}"))?;
        Ok(Source { name, weight })
    });
    sources.collect::<anyhow::Result<_>>().context("sources")
}

fn read_seats(row: &mut Row, sources: &[Source]) -> anyhow::Result<Vec<Seat>> {
    let seats = row.list("seats")?.into_iter().map(|seat| {
        let mut seat = Row::of(seat)?;
        let reporter = seat.account("reporter")?;
        let source = named(&seat.text("source")?, sources)?;
        seat.finish()?;
        Ok(Seat { reporter, source })
    });
    seats.collect::<anyhow::Result<_>>().context("seats")
}

fn named(name: &str, sources: &[Source]) -> anyhow::Result<SourceId> {
    let place = sources.iter().position(|source| source.name.as_str() == name);
    let id = place.and_then(|place| u8::try_from(place).ok()).map(SourceId);
    id.ok_or_else(|| anyhow!("{name} is not among the sources"))
}

/// What follows from how many reporters and sources count.
struct Usual {
    healthy: Quorum,
    degraded: Quorum,
    reports: u16,
    reporter_cap_ppm: u32,
}

impl Usual {
    fn of(seats: &[Seat], sources: &[Source]) -> Usual {
        let weight = |seat: &Seat| sources.get(usize::from(seat.source.0)).map(|one| one.weight);
        let counting = seats.iter().filter(|seat| weight(seat).is_some_and(|weight| 0 < weight));
        let reporters: BTreeSet<_> = counting.clone().map(|seat| seat.reporter).collect();
        let sources: BTreeSet<_> = counting.map(|seat| seat.source).collect();
        let more_than = |parts: usize, of: usize| {
            let count = |n: usize| u8::try_from(n * parts / of + 1).unwrap_or(u8::MAX);
            Quorum { reporters: count(reporters.len()), sources: count(sources.len()) }
        };
        let count = u32::try_from(reporters.len()).unwrap_or(u32::MAX).max(1);
        Usual {
            healthy: more_than(2, 3),
            degraded: more_than(1, 2),
            reports: u16::try_from(reporters.len() * 2).unwrap_or(u16::MAX),
            reporter_cap_ppm: REPORTER_CAP_PPM.max(1_000_000_u32.div_ceil(count)),
        }
    }

    fn barrier(&self, degraded: Quorum) -> Barrier {
        Barrier { reports: self.reports, sources: degraded.sources }
    }
}

fn quorum(row: &mut Row, key: &str, usual: Quorum) -> anyhow::Result<Quorum> {
    let Some(mut quorum) = row.row(key)? else { return Ok(usual) };
    let (reporters, sources) = (quorum.needed("reporters")?, quorum.needed("sources")?);
    quorum.finish()?;
    Ok(Quorum { reporters, sources })
}

fn barrier(row: &mut Row, usual: Barrier) -> anyhow::Result<Barrier> {
    let Some(mut barrier) = row.row("barrier")? else { return Ok(usual) };
    let (reports, sources) = (barrier.needed("reports")?, barrier.needed("sources")?);
    barrier.finish()?;
    Ok(Barrier { reports, sources })
}

fn cross_check(row: &mut Row, sources: &[Source]) -> anyhow::Result<Option<CrossCheck>> {
    let Some(mut check) = row.row("cross_check")? else { return Ok(None) };
    let source = named(&check.text("source")?, sources)?;
    let apart_ppm = check.needed("apart_ppm")?;
    check.finish()?;
    Ok(Some(CrossCheck { source, apart_ppm }))
}

fn incentives(row: &mut Row, domain: &Domain) -> anyhow::Result<Incentives> {
    let mut row = match row.row("incentives")? {
        Some(row) => row,
        None => Row::of(Value::Table(toml::Table::new()))?,
    };
    let reward = row.decimal_or("reward_per_hour", Decimal::ZERO)?;
    let incentives = Incentives {
        reward_per_hour: money(reward, domain).context("reward_per_hour")?,
        far_ppm: row.number_or("far_ppm", 25_000)?,
        far_ms: row.number_or("far_ms", 60_000)?,
        far_slash_ppm: row.number_or("far_slash_ppm", 50_000)?,
    };
    row.finish().context("incentives")?;
    Ok(incentives)
}

/// What is wrong across tables.
pub fn check(genesis: &Genesis, problems: &mut Vec<String>) {
    let mut accounts = BTreeSet::new();
    for GenesisReporter { account, .. } in &genesis.reporters {
        if !accounts.insert(*account) {
            problems.push(format!("reporter {account} is there twice"));
        }
    }
    let mut pairs = BTreeSet::new();
    for GenesisFeed { terms, .. } in &genesis.feeds {
        let index = format!("{}_{}", terms.base, terms.quote).to_lowercase();
        if !pairs.insert(index.clone()) {
            problems.push(format!("feed {index} is there twice"));
        }
        let seats: BTreeSet<_> = terms.seats.iter().map(|seat| seat.reporter).collect();
        for reporter in seats.difference(&accounts) {
            problems
                .push(format!("feed {index}: account {reporter} has a seat and no [[reporter]]"));
        }
    }
}
