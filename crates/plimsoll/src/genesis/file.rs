//! A file of what a venue begins with: instruments, and who says their prices.
//!
//! ```toml
//! [[instrument]]
//! name = "BTC-PERPETUAL"
//!
//! [[instrument]]
//! name = "BTC_USDC-PERPETUAL"
//! tick = "0.5"                 # price step, in the unit of the price
//! lot = "0.0001"               # size step
//! contract_size = "0.0001"
//! size_min_lots = 1
//! size_max_lots = 1000000
//! maker_fee_ppm = -100         # millionths; below zero is a rebate
//! taker_fee_ppm = 500
//! initial_margin_ppm = 20000
//! maintenance_margin_ppm = 10000
//! band_ppm = 50000
//!
//! [[reporter]]
//! account = 3                  # accounts up to the highest one are opened
//! public_key = "3b6a…29"       # Ed25519, as `plimsoll report keygen` prints it
//! stake = { BTC = "0.5" }      # may be left out; it is credited before it is staked
//!
//! [[feed]]
//! index = "btc_usd"
//! sources = ["alpha", "beta", { name = "gamma", weight = 2 }]
//! seats = [
//!     { reporter = 3, source = "alpha" },
//!     { reporter = 4, source = "beta" },
//!     { reporter = 5, source = "gamma" },
//! ]
//! # What follows may be left out; these are the values without it.
//! method = "capped_median"     # or "drop_extremes", "weighted_median"
//! healthy = { reporters = 3, sources = 3 }     # more than two thirds of those that count
//! degraded = { reporters = 2, sources = 2 }    # more than half
//! barrier = { reports = 6, sources = 2 }       # two reports of each; as many sources as above
//! stale_ms = 10000             # older reports do not count
//! ahead_ms = 2000              # a source's clock may be ahead by this
//! cap_ppm = 5000               # prices are brought within this around their median
//! spread_ppm = 20000           # reports that are wider than this freeze the feed
//! confidence_ppm = 20000       # the widest band that a report may claim
//! jump_ppm = 50000             # a larger change within a second freezes the feed
//! reporter_cap_ppm = 400000    # the largest share of one reporter; at least an even one
//! incentives = { reward_per_hour = "0", far_ppm = 25000, far_ms = 60000, far_slash_ppm = 50000 }
//! # Only if it is there:
//! cross_check = { source = "delta", apart_ppm = 5000 }    # "delta" has weight 0 and a seat
//!
//! [[pricing]]                  # without it: docs/rules/marks.md, MRK-6
//! instrument = "BTC-PERPETUAL"
//! mark = "impact_basis"        # or "median_of_three"
//! impact_lots = 1000
//! clamp_ppm = 5000
//! funding = { schedule = "continuous", damper_ppb = 250000, cap_ppb = 5000000, interest_ppb = 0 }
//! ```
//! A feed belongs to the domain in which the first instrument on its index settles; without one, to
//! that of the quote or of the base. A reporter is registered in the domain of each of its stakes
//! and seats, and `serve` makes it a key of the API and says it once.

use std::path::Path;

use anyhow::{Context, bail};
use toml::{Table, Value};
use types::{Instrument, Lots};

use super::row::Row;
use super::{Genesis, GenesisFeed, feeds, instrument, pricing};

/// The tables that a file may have.
const TABLES: [&str; 4] = ["instrument", "reporter", "feed", "pricing"];

/// Reads a file; everything that is wrong is named.
pub fn read(path: &Path) -> anyhow::Result<Genesis> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("the instruments of {}", path.display()))
}

/// One feed of a file, by its index; without that, the only one. Of what else the file has only
/// instruments count, for where they settle.
pub fn read_feed(path: &Path, index: Option<&str>) -> anyhow::Result<GenesisFeed> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse_feed(&text, index).with_context(|| format!("the feeds of {}", path.display()))
}

fn parse_feed(text: &str, index: Option<&str>) -> anyhow::Result<GenesisFeed> {
    let mut table: Table = text.parse()?;
    let mut problems = Vec::new();
    let instruments = sorted(rows(&mut table, "instrument"), &mut problems, read_instrument);
    let read = |row| feeds::read_feed(row, &instruments);
    let mut feeds = sorted(rows(&mut table, "feed"), &mut problems, read);
    if !problems.is_empty() {
        bail!("{}", problems.join("\n  "));
    }
    let name =
        |feed: &GenesisFeed| format!("{}_{}", feed.terms.base, feed.terms.quote).to_lowercase();
    let names = feeds.iter().map(name).collect::<Vec<_>>().join(", ");
    feeds.retain(|feed| index.is_none_or(|index| name(feed) == index));
    match (<[GenesisFeed; 1]>::try_from(feeds), index) {
        (Ok([feed]), _) => Ok(feed),
        (Err(_), _) if names.is_empty() => bail!("there is no [[feed]]: write one"),
        (Err(_), None) => bail!("there are several: say which with --index, one of {names}"),
        (Err(none), Some(index)) if none.is_empty() => {
            bail!("there is no feed {index}: write one of {names}")
        }
        (Err(_), Some(index)) => bail!("feed {index} is there twice"),
    }
}

pub(super) fn parse(text: &str) -> anyhow::Result<Genesis> {
    let mut table: Table = text.parse()?;
    let [instruments, reporters, feeds, pricing] = TABLES.map(|name| rows(&mut table, name));
    let mut problems = Vec::new();
    if let Some(key) = table.keys().next() {
        let known = TABLES.map(|name| format!("[[{name}]]")).join(", ");
        problems.push(format!("{key} is a key that does not exist: write {known}"));
    }
    if instruments.is_empty() {
        problems.push("there is no [[instrument]]: write one for each contract".into());
    }
    let mut genesis = Genesis {
        instruments: sorted(instruments, &mut problems, read_instrument),
        ..Genesis::default()
    };
    genesis.reporters = sorted(reporters, &mut problems, feeds::read_reporter);
    genesis.feeds = sorted(feeds, &mut problems, |row| feeds::read_feed(row, &genesis.instruments));
    genesis.pricing = sorted(pricing, &mut problems, |row| pricing::read(row, &genesis));
    feeds::check(&genesis, &mut problems);
    if !problems.is_empty() {
        bail!("{}", problems.join("\n  "));
    }
    Ok(genesis)
}

/// The tables of a name; what is no list is a list of one, and found wrong by whoever reads it.
fn rows(table: &mut Table, name: &str) -> Vec<Value> {
    match table.remove(name) {
        None => Vec::new(),
        Some(Value::Array(rows)) => rows,
        Some(other) => vec![other],
    }
}

/// What was read, and what is wrong with the rest.
fn sorted<T>(
    rows: Vec<Value>,
    problems: &mut Vec<String>,
    read: impl Fn(Row) -> anyhow::Result<T>,
) -> Vec<T> {
    let mut good = Vec::new();
    for row in rows {
        match Row::of(row).and_then(&read) {
            Ok(read) => good.push(read),
            Err(error) => problems.push(format!("{error:#}")),
        }
    }
    good
}

fn read_instrument(mut row: Row) -> anyhow::Result<Instrument> {
    let Ok(name) = row.text("name") else {
        bail!("an instrument has no name: write name = \"BTC-PERPETUAL\"");
    };
    let mut found = instrument(&name)?;
    set(&mut found, &mut row).context(name)?;
    Ok(found)
}

fn set(instrument: &mut Instrument, row: &mut Row) -> anyhow::Result<()> {
    row.step("tick", &mut instrument.tick)?;
    row.step("lot", &mut instrument.lot)?;
    row.step("contract_size", &mut instrument.contract_size)?;
    instrument.size_min = Lots(row.number_or("size_min_lots", instrument.size_min.0)?);
    instrument.size_max = Lots(row.number_or("size_max_lots", instrument.size_max.0)?);
    row.number("maker_fee_ppm", &mut instrument.fees.maker_ppm)?;
    row.number("taker_fee_ppm", &mut instrument.fees.taker_ppm)?;
    row.number("initial_margin_ppm", &mut instrument.margin.initial_ppm)?;
    row.number("maintenance_margin_ppm", &mut instrument.margin.maintenance_ppm)?;
    row.number("band_ppm", &mut instrument.band_ppm)?;
    row.finish()
}
