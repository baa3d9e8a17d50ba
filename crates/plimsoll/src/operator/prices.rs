//! Calls about prices: feeds, reporters, how marks are made, disputed deliveries.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use types::{Decimal, FeedTerms, IndexMethod, Kind, Quorum, SourceId};

use super::read_number;
use crate::cli::{Funding, MarkWord, PriceCall, SetPricing};
use crate::client::number;
use crate::{domains, genesis, report};

/// The method and its parameters.
pub fn request(call: &PriceCall) -> anyhow::Result<(&'static str, Value)> {
    Ok(match call {
        PriceCall::SetFeed { file, index, currency } => {
            let feed = genesis::read_feed(file, index.as_deref())?;
            ("operator/set_feed", feed_json(&feed, currency.as_deref())?)
        }
        PriceCall::RegisterReporter { account, currency, public_key, stake } => {
            let stake = read_number("--stake", stake)?;
            let params = json!({
                "account": account, "currency": currency, "public_key": public_key, "stake": stake,
            });
            ("operator/register_reporter", params)
        }
        PriceCall::SetPricing(args) => ("operator/set_pricing", pricing_json(args)?),
        PriceCall::SettleDelivery { index, expiry, price } => {
            let price = read_number("--price", price)?;
            let params = json!({
                "index_name": index, "expiration_timestamp": read_expiry(index, expiry)?,
                "price": price,
            });
            ("operator/settle_delivery", params)
        }
        PriceCall::ReportMarks { marks } => {
            let marks: anyhow::Result<Vec<Value>> =
                marks.iter().map(|mark| read_mark(mark)).collect();
            ("operator/report_marks", json!({ "marks": marks? }))
        }
    })
}

/// `NAME=PRICE`.
fn read_mark(text: &str) -> anyhow::Result<Value> {
    let Some((name, price)) = text.split_once('=') else {
        bail!("--mark {text} has no price: write one such as BTC-PERPETUAL=97001.5");
    };
    Ok(json!([name, read_number(&format!("--mark {name}"), price)?]))
}

/// Milliseconds of an expiry: 08:00 UTC of a day as names have it.
fn read_expiry(index: &str, day: &str) -> anyhow::Result<u64> {
    let Some((base, _)) = report::pair(index) else {
        bail!("--index {index} is no index: write one such as btc_usd");
    };
    let named = genesis::parse_name(&format!("{base}-{day}"));
    match named.ok().map(|named| named.kind) {
        Some(Kind::Future { expiry }) => Ok(expiry.0),
        Some(_) | None => bail!("--expiry {day} is no expiry: write a day such as 25DEC26"),
    }
}

fn pricing_json(args: &SetPricing) -> anyhow::Result<Value> {
    let mut params = json!({
        "instrument_name": args.instrument,
        "mark": match args.mark {
            MarkWord::ImpactBasis => "impact_basis",
            MarkWord::MedianOfThree => "median_of_three",
        },
        "impact": read_number("--impact", &args.impact)?,
        "clamp_ppm": args.clamp_ppm,
    });
    let is_perpetual = genesis::parse_name(&args.instrument)?.kind == Kind::Perpetual;
    let usual = is_perpetual.then_some(Funding::Continuous);
    if let Some(schedule) = args.funding.or(usual) {
        params["funding"] = json!({
            "schedule": match schedule {
                Funding::Continuous => "continuous",
                Funding::Hourly => "hourly",
            },
            "damper_ppb": args.damper_ppb,
            "cap_ppb": args.cap_ppb,
            "interest_ppb": args.interest_ppb,
        });
    }
    Ok(params)
}

/// The terms of a feed as `operator/set_feed` takes them.
pub fn feed_json(feed: &genesis::GenesisFeed, currency: Option<&str>) -> anyhow::Result<Value> {
    let terms = &feed.terms;
    let sources = terms.sources.iter();
    let sources = sources.map(|one| json!({"name": one.name.as_str(), "weight": one.weight}));
    let seats = terms.seats.iter().map(|seat| {
        Ok(json!({"reporter": seat.reporter.0, "source": source_name(terms, seat.source)?}))
    });
    let quorum =
        |Quorum { reporters, sources }: Quorum| json!({"reporters": reporters, "sources": sources});
    let incentives = &terms.incentives;
    let domain = domains::domain(feed.domain.as_str()).context("a feed belongs to a domain")?;
    let reward = Decimal::new(incentives.reward_per_hour.0, domain.decimals);
    let mut params = json!({
        "base": terms.base.as_str(),
        "quote": terms.quote.as_str(),
        "method": match terms.method {
            IndexMethod::CappedMedian => "capped_median",
            IndexMethod::DropExtremes => "drop_extremes",
            IndexMethod::WeightedMedian => "weighted_median",
        },
        "sources": sources.collect::<Vec<_>>(),
        "seats": seats.collect::<anyhow::Result<Vec<_>>>()?,
        "healthy": quorum(terms.healthy),
        "degraded": quorum(terms.degraded),
        "barrier": {"reports": terms.barrier.reports, "sources": terms.barrier.sources},
        "stale_ms": terms.stale_ms,
        "ahead_ms": terms.ahead_ms,
        "cap_ppm": terms.cap_ppm,
        "spread_ppm": terms.spread_ppm,
        "confidence_ppm": terms.confidence_ppm,
        "jump_ppm": terms.jump_ppm,
        "reporter_cap_ppm": terms.reporter_cap_ppm,
        "incentives": {
            "reward_per_hour": number(reward.context("a reward has few decimals")?),
            "far_ppm": incentives.far_ppm,
            "far_ms": incentives.far_ms,
            "far_slash_ppm": incentives.far_slash_ppm,
        },
    });
    if let Some(check) = terms.cross_check {
        let source = source_name(terms, check.source)?;
        params["cross_check"] = json!({"source": source, "apart_ppm": check.apart_ppm});
    }
    if let Some(currency) = currency {
        params["currency"] = json!(currency);
    }
    Ok(params)
}

fn source_name(terms: &FeedTerms, source: SourceId) -> anyhow::Result<&str> {
    let named = terms.sources.get(usize::from(source.0));
    Ok(named.context("a seat has a source of its feed")?.name.as_str())
}
