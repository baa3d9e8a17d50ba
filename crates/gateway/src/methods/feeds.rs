//! Price feeds: what everybody may see of them, and how the operator sets them. Ours, not of the
//! dialect.

use types::{
    AccountId, Amount, AssetCode, At, Barrier, Command, CrossCheck, FeedTerms, FundingSchedule,
    FundingTerms, Incentives, Label, MarkMethod, PricingTerms, PublicKey, Quorum, Seat, Source,
    SourceId,
};

use super::prices::with_index;
use super::reports::price;
use super::trading::{grounded, one};
use super::{domain, params, place};
use crate::call::{Answer, Answered, Call, Reply};
use crate::errors::{error, wrong};
use crate::objects::{Fixed, INDEX_METHODS, write_feed};
use crate::params::Params;
use crate::publish::{Market, json};
use crate::rpc::RpcError;
use crate::venue::{Class, DomainId};

/// Every feed, or that of `index_name`, as the engine sees it now.
pub(crate) fn get_price_feeds(market: &Market, call: &Call) -> Answered {
    let pairs = match params(call).text("index_name")? {
        Some(name) => vec![with_index(market, name, |look, index| {
            (look.domain, index.base(), index.quote())
        })?],
        None => pairs(market),
    };
    let market = market.clone();
    let later = async move {
        let mut rows = Vec::with_capacity(pairs.len());
        for (domain, base, quote) in pairs {
            let view = market.feed(domain, base, quote).await.ok_or_else(no_answer)?;
            rows.push(crate::publish::text(|out| write_feed(out, &view, None)));
        }
        Ok(json(format!("[{}]", rows.join(","))))
    };
    Ok(Answer::Later(Box::pin(later)))
}

fn pairs(market: &Market) -> Vec<(DomainId, AssetCode, AssetCode)> {
    let of_domain = |domain| {
        market.look(domain, |look| {
            let indexes = look.view.indexes().iter();
            indexes.map(|index| (domain, index.base(), index.quote())).collect::<Vec<_>>()
        })
    };
    market.domain_ids().flat_map(of_domain).collect()
}

/// The engine has stopped, or is asked too much.
pub(super) fn no_answer() -> RpcError {
    error(10040, "retry", "the engine has not answered: ask again in a moment")
}

/// Gives an index a feed, or changes its terms.
pub(crate) fn set_feed(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let (base, quote) = (params.asset("base")?, params.asset("quote")?);
    let domain = domain_of_feed(market, params, (base, quote))?;
    let decimals = market.look(domain, |look| look.view.decimals());
    let sources = read_sources(params)?;
    let terms = FeedTerms {
        base,
        quote,
        method: params.needed("method", params.choice("method", INDEX_METHODS)?)?,
        seats: read_seats(params, &sources)?,
        healthy: read_quorum(params.record("healthy")?)?,
        degraded: read_quorum(params.record("degraded")?)?,
        barrier: read_barrier(params.record("barrier")?)?,
        stale_ms: params.small("stale_ms")?,
        ahead_ms: params.small("ahead_ms")?,
        cap_ppm: params.small("cap_ppm")?,
        spread_ppm: params.small("spread_ppm")?,
        confidence_ppm: params.small("confidence_ppm")?,
        jump_ppm: params.small("jump_ppm")?,
        reporter_cap_ppm: params.small("reporter_cap_ppm")?,
        cross_check: read_cross_check(params, &sources)?,
        incentives: read_incentives(params.record("incentives")?, decimals)?,
        sources,
    };
    one(domain, Class::Order, Command::SetFeed(Box::new(terms)), Reply::Ok)
}

/// The domain that `currency` names; without it the one that has the index, else that of the
/// quote, else that of the base.
fn domain_of_feed(
    market: &Market,
    params: Params<'_>,
    (base, quote): (AssetCode, AssetCode),
) -> Result<DomainId, RpcError> {
    if params.get("currency").is_some() {
        return domain(market, params);
    }
    let has_index = |domain: &DomainId| {
        market.look(*domain, |look| {
            look.view.indexes().iter().any(|index| (index.base(), index.quote()) == (base, quote))
        })
    };
    let of_asset = |asset: AssetCode| super::domain_of(market, asset.as_str());
    let found = market.domain_ids().find(has_index).or_else(|| of_asset(quote));
    found.or_else(|| of_asset(base)).ok_or_else(|| super::unknown_currency(market))
}

fn read_sources(params: Params<'_>) -> Result<Vec<Source>, RpcError> {
    let sources = params.records("sources")?.into_iter().map(|source| {
        let name = source.needed("name", source.text("name")?)?;
        let name = Label::new(name).map_err(|fault| wrong("sources", fault.to_string()))?;
        Ok(Source { name, weight: source.small("weight")? })
    });
    sources.collect()
}

/// A source by its name.
fn source_named(params: Params<'_>, sources: &[Source]) -> Result<SourceId, RpcError> {
    let name = params.needed("source", params.text("source")?)?;
    let place = sources.iter().position(|source| source.name.as_str() == name);
    let id = place.and_then(|place| u8::try_from(place).ok());
    let reason = format!("{name:.40} is not among the sources: name one of them");
    id.map(SourceId).ok_or_else(|| wrong("source", reason))
}

fn read_seats(params: Params<'_>, sources: &[Source]) -> Result<Vec<Seat>, RpcError> {
    let seats = params.records("seats")?.into_iter().map(|seat| {
        let reporter = AccountId(seat.small("reporter")?);
        Ok(Seat { reporter, source: source_named(seat, sources)? })
    });
    seats.collect()
}

fn read_quorum(params: Params<'_>) -> Result<Quorum, RpcError> {
    Ok(Quorum { reporters: params.small("reporters")?, sources: params.small("sources")? })
}

fn read_barrier(params: Params<'_>) -> Result<Barrier, RpcError> {
    Ok(Barrier { reports: params.small("reports")?, sources: params.small("sources")? })
}

fn read_cross_check(
    params: Params<'_>,
    sources: &[Source],
) -> Result<Option<CrossCheck>, RpcError> {
    if params.get("cross_check").is_none() {
        return Ok(None);
    }
    let check = params.record("cross_check")?;
    let source = source_named(check, sources)?;
    Ok(Some(CrossCheck { source, apart_ppm: check.small("apart_ppm")? }))
}

fn read_incentives(params: Params<'_>, decimals: u8) -> Result<Incentives, RpcError> {
    Ok(Incentives {
        reward_per_hour: not_negative(params, "reward_per_hour", decimals)?,
        far_ppm: params.small("far_ppm")?,
        far_ms: params.small("far_ms")?,
        far_slash_ppm: params.small("far_slash_ppm")?,
    })
}

/// Money of an asset with so many decimals, from zero on.
pub(super) fn not_negative(
    params: Params<'_>,
    name: &str,
    decimals: u8,
) -> Result<Amount, RpcError> {
    let number = params.needed(name, params.decimal(name)?)?;
    let atoms = number.times_ten_to(decimals).filter(|atoms| 0 <= *atoms);
    atoms.map(Amount).ok_or_else(|| {
        let least = Fixed::new(1, decimals.into());
        wrong(name, format!("{number} is not a multiple of {least} from 0 on"))
    })
}

/// Lets an account sign reports in the domain of `currency`, in whose asset it stakes.
pub(crate) fn register_reporter(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let decimals = market.look(domain, |look| look.view.decimals());
    let account = AccountId(params.small("account")?);
    let key = PublicKey(params.hex("public_key")?);
    let stake = not_negative(params, "stake", decimals)?;
    let command = Command::RegisterReporter { account, key, stake };
    one(domain, Class::Order, command, Reply::Ok)
}

/// Says how marks and funding of a future are made.
pub(crate) fn set_pricing(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let place = place(market, params)?;
    let marks =
        [("impact_basis", MarkMethod::ImpactBasis), ("median_of_three", MarkMethod::MedianOfThree)];
    let impact = grounded(market, place, |ground| params.lots_here("impact", ground))?;
    let terms = PricingTerms {
        mark: params.needed("mark", params.choice("mark", &marks)?)?,
        impact: params.needed("impact", impact)?,
        clamp_ppm: params.small("clamp_ppm")?,
        funding: read_funding(params)?,
    };
    let command = Command::SetPricing { instrument: place.instrument, terms };
    one(place.domain, Class::Order, command, Reply::Ok)
}

fn read_funding(params: Params<'_>) -> Result<Option<FundingTerms>, RpcError> {
    if params.get("funding").is_none() {
        return Ok(None);
    }
    let funding = params.record("funding")?;
    let schedules =
        [("continuous", FundingSchedule::Continuous), ("hourly", FundingSchedule::Hourly)];
    Ok(Some(FundingTerms {
        schedule: funding.needed("schedule", funding.choice("schedule", &schedules)?)?,
        damper_ppb: funding.small("damper_ppb")?,
        cap_ppb: funding.small("cap_ppb")?,
        interest_ppb: funding.signed("interest_ppb")?,
    }))
}

/// Settles an expiry whose delivery price the feed could not make.
pub(crate) fn settle_delivery(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let name = params.needed("index_name", params.text("index_name")?)?;
    let see = |look: crate::objects::Look<'_>, index: &market_data::Index| {
        (look.domain, index.base(), index.quote())
    };
    let (domain, base, quote) = with_index(market, name, see)?;
    let expiry = params.whole("expiration_timestamp")?;
    let expiry = At(params.needed("expiration_timestamp", expiry)?);
    let price = price(params, "price")?;
    let command = Command::SettleDelivery { base, quote, expiry, price };
    one(domain, Class::Order, command, Reply::Ok)
}
