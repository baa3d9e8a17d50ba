//! Halts, breakers and the kill switch: what operators and traders say, and what anybody may see
//! (docs/rules/states.md, docs/rules/breakers.md).

use types::{
    BreakerTerms, Command, DepthTerms, KindFilter, LimitStateTerms, LiquidationTerms, MarketState,
    OrderRate, OutageStep, RangeTerms, ReopeningTerms, Scope,
};

use super::prices::with_index;
use super::trading::one;
use super::{domain, domains, me, now, params, place};
use crate::call::{Answered, Call, Reply};
use crate::objects::{List, write_auction, write_halt};
use crate::params::Params;
use crate::publish::Market;
use crate::rpc::RpcError;
use crate::venue::{Class, DomainId};

/// The states that may be chosen.
pub(crate) const STATES: &[(&str, MarketState)] = &[
    ("post_only", MarketState::PostOnly),
    ("reduce_only", MarketState::ReduceOnly),
    ("cancel_only", MarketState::CancelOnly),
    ("halted", MarketState::Halted),
];
const KINDS: &[(&str, KindFilter)] =
    &[("future", KindFilter::Future), ("option", KindFilter::Option)];

/// Of `instrument_name`, `index_name` or `currency`, the first that is given.
pub(super) fn scope(market: &Market, params: Params<'_>) -> Result<(DomainId, Scope), RpcError> {
    if params.get("instrument_name").is_some() {
        let place = place(market, params)?;
        return Ok((place.domain, Scope::Instrument(place.instrument)));
    }
    let Some(name) = params.text("index_name")? else {
        return Ok((domain(market, params)?, Scope::Domain));
    };
    with_index(market, name, |look, index| {
        (look.domain, Scope::Index { base: index.base(), quote: index.quote() })
    })
}

/// Holds a scope in a state, for `for_ms` or until it is resumed.
pub(crate) fn halt(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let (domain, scope) = scope(market, params)?;
    let state = params.needed("state", params.choice("state", STATES)?)?;
    let for_ms = params.whole("for_ms")?;
    let until = for_ms.map(|ms| market.look(domain, |look| look.view.at()).plus_ms(ms));
    one(domain, Class::Cancel, Command::Halt { scope, state, until }, Reply::Ok)
}

/// Lifts what holds a scope.
pub(crate) fn resume(market: &Market, call: &Call) -> Answered {
    let (domain, scope) = scope(market, params(call))?;
    one(domain, Class::Order, Command::Resume { scope }, Reply::Ok)
}

/// Says when the markets of an index and kind stop by themselves; what is left out is off.
pub(crate) fn set_breakers(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let name = params.needed("index_name", params.text("index_name")?)?;
    let (domain, base, quote) =
        with_index(market, name, |look, index| (look.domain, index.base(), index.quote()))?;
    let kind = params.needed("kind", params.choice("kind", KINDS)?)?;
    let terms = BreakerTerms {
        limit_state: part(params, "limit_state", |of| {
            Ok(LimitStateTerms { hold_ms: of.small("hold_ms")?, pause_ms: of.small("pause_ms")? })
        })?,
        velocity: part(params, "velocity", range)?,
        range: part(params, "range", range)?,
        depth: part(params, "depth", |of| {
            Ok(DepthTerms {
                within_ppm: of.small("within_ppm")?,
                share_ppm: of.small("share_ppm")?,
                hold_ms: of.small("hold_ms")?,
                pause_ms: of.small("pause_ms")?,
            })
        })?,
        liquidation: part(params, "liquidation", |of| {
            Ok(LiquidationTerms {
                share_ppm: of.small("share_ppm")?,
                minutes_max: of.small("minutes_max")?,
                pause_ms: of.small("pause_ms")?,
            })
        })?,
        frozen: params.choice("frozen", STATES)?,
    };
    let command = Command::SetBreakers { base, quote, kind, terms: Box::new(terms) };
    one(domain, Class::Order, command, Reply::Ok)
}

fn range(of: Params<'_>) -> Result<RangeTerms, RpcError> {
    Ok(RangeTerms {
        window_ms: of.small("window_ms")?,
        move_ppm: of.small("move_ppm")?,
        pause_ms: of.small("pause_ms")?,
    })
}

fn part<'a, T>(
    params: Params<'a>,
    name: &str,
    read: impl FnOnce(Params<'a>) -> Result<T, RpcError>,
) -> Result<Option<T>, RpcError> {
    match params.get(name) {
        Some(_) => Ok(Some(read(params.record(name)?)?)),
        None => Ok(None),
    }
}

/// Says how the markets of the domain of `currency` come back.
pub(crate) fn set_reopening(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let steps = params.records("steps")?.into_iter().map(|step| {
        Ok(OutageStep {
            over_ms: step.needed("over_ms", step.whole("over_ms")?)?,
            cancel_only_ms: step.small("cancel_only_ms")?,
            auction_ms: step.small("auction_ms")?,
        })
    });
    let terms = ReopeningTerms {
        steps: steps.collect::<Result<_, RpcError>>()?,
        auction_ms: params.small("auction_ms")?,
        collar_ppm: params.small("collar_ppm")?,
        extension_ms: params.small("extension_ms")?,
        extensions_max: params.small("extensions_max")?,
    };
    one(domain, Class::Order, Command::SetReopening(Box::new(terms)), Reply::Ok)
}

/// Says when an account of the domain of `currency` is taken for a program that has gone wrong;
/// without `orders_max`, never.
pub(crate) fn set_order_rate(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let rate = match params.get("orders_max") {
        Some(_) => Some(OrderRate {
            orders_max: params.small("orders_max")?,
            window_ms: params.small("window_ms")?,
        }),
        None => None,
    };
    one(domain, Class::Order, Command::SetOrderRate(rate), Reply::Ok)
}

/// Stops the caller in the domain of `currency`: cancels all and lets nothing new in, or ends that.
pub(crate) fn set_kill_switch(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let domain = domain(market, params)?;
    let on = params.needed("on", params.flag("on")?)?;
    one(domain, Class::Cancel, Command::SetKillSwitch { account, on }, Reply::Ok)
}

/// What holds markets now, and the auctions that run.
pub(crate) fn get_halts(market: &Market, call: &Call) -> Answered {
    let domains = domains(market, params(call))?;
    now(|out| write_halts(out, market, &domains))
}

/// The same of some domains.
pub(crate) fn write_halts(out: &mut String, market: &Market, domains: &[DomainId]) {
    out.push_str("{\"halts\":");
    let mut halts = List::new(out);
    for domain in domains {
        market.look(*domain, |look| {
            look.view.halts().for_each(|halt| write_halt(halts.item(), look, halt));
        });
    }
    halts.end();
    out.push_str(",\"auctions\":");
    let mut auctions = List::new(out);
    for domain in domains {
        market.look(*domain, |look| {
            for instrument in look.view.instruments() {
                if let Some(auction) = instrument.auction() {
                    write_auction(auctions.item(), instrument, auction);
                }
            }
        });
    }
    auctions.end();
    out.push('}');
}
