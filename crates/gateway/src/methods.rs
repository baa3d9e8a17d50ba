//! The methods that concern the market and somebody's orders and money (api.md §7.2).
//!
//! Each reads its parameters, looks into the views, and answers at once, after the engine's numbers
//! have come, or after its commands were applied. A function is named as its method.
//!
pub(crate) mod account;
pub(crate) mod candles;
pub(crate) mod feeds;
pub(crate) mod halts;
pub(crate) mod market;
pub(crate) mod notices;
pub(crate) mod operator;
pub(crate) mod orders;
pub(crate) mod portfolio;
pub(crate) mod prices;
pub(crate) mod protection;
pub(crate) mod quotes;
pub(crate) mod recovery;
pub(crate) mod reports;
pub(crate) mod risk;
pub(crate) mod settlements;
pub(crate) mod trades;
pub(crate) mod trading;
pub(crate) mod triggers;
pub(crate) mod volatility;
pub(crate) mod wallet;

#[cfg(test)]
pub(crate) mod tests;

use types::{AccountId, OrderId, TriggerId};

use crate::call::{Answer, Answered, Call};
use crate::errors::{error, wrong};
use crate::objects::{List, Look, TRIGGER_MARK, UNPREFIXED_ASSET};
use crate::params::Params;
use crate::publish::{KINDS, KindFilter, Market, Place, json, text};
use crate::rpc::RpcError;
use crate::venue::DomainId;

/// Rows of a history in one answer (api.md §15.2).
pub(crate) const ROWS_MAX: usize = 1_000;

fn params(call: &Call) -> Params<'_> {
    Params(&call.params)
}

/// An answer that is there.
fn now(write: impl FnOnce(&mut String)) -> Answered {
    Ok(Answer::Now(json(text(write))))
}

/// Who calls.
fn me(call: &Call) -> Result<AccountId, RpcError> {
    let identity = call.identity.ok_or_else(|| error(13009, "unauthorized", "log in first"))?;
    Ok(identity.account)
}

/// The account that a call is about: the caller's, or with `subaccount_id` one of its subaccounts.
fn whose(market: &Market, call: &Call) -> Result<AccountId, RpcError> {
    let me = me(call)?;
    let Some(asked) = params(call).whole("subaccount_id")? else { return Ok(me) };
    let asked = u32::try_from(asked).map(AccountId).unwrap_or_default();
    let is_mine = asked == me
        || market.look(DomainId(0), |look| {
            look.view.account(asked).is_some_and(|account| account.parent() == Some(me))
        });
    let reason = "is not one of your subaccounts";
    if is_mine { Ok(asked) } else { Err(wrong("subaccount_id", reason)) }
}

/// The instrument that `instrument_name` names.
fn place(market: &Market, params: Params<'_>) -> Result<Place, RpcError> {
    let name = params.needed("instrument_name", params.text("instrument_name")?)?;
    place_of(market, name)
}

fn place_of(market: &Market, name: &str) -> Result<Place, RpcError> {
    let known = market.place(name);
    known.ok_or_else(|| wrong("instrument_name", format!("{name:.40} is not listed")))
}

/// Looks at the instrument that `instrument_name` names.
fn with_instrument(
    market: &Market,
    call: &Call,
    write: impl FnOnce(&mut String, Look<'_>, &market_data::InstrumentView),
) -> Answered {
    let place = place(market, params(call))?;
    now(|out| {
        market.look(place.domain, |look| {
            if let Some(instrument) = look.view.instrument(place.instrument) {
                write(out, look, instrument);
            }
        });
    })
}

/// The domain of a currency; `None` if there is none.
fn domain_of(market: &Market, currency: &str) -> Option<DomainId> {
    let found = market.domains().iter().position(|domain| domain.asset.as_str() == currency)?;
    u8::try_from(found).ok().map(DomainId)
}

/// The domain that `currency` names.
fn domain(market: &Market, params: Params<'_>) -> Result<DomainId, RpcError> {
    let name = params.needed("currency", params.text("currency")?)?;
    domain_of(market, name).ok_or_else(|| unknown_currency(market))
}

fn unknown_currency(market: &Market) -> RpcError {
    let known: Vec<&str> = market.domains().iter().map(|domain| domain.asset.as_str()).collect();
    wrong("currency", format!("send one of {}", known.join(", ")))
}

/// The domains that `currency` names: one, all for `any` or nothing, none for what is not traded
/// here (clients ask for currencies of the upstream list: api.md §16).
fn domains(market: &Market, params: Params<'_>) -> Result<Vec<DomainId>, RpcError> {
    match params.text("currency")? {
        None | Some("any") => Ok(market.domain_ids().collect()),
        Some(name) => Ok(domain_of(market, name).into_iter().collect()),
    }
}

/// The filter that `kind` names; any by default.
fn kind(params: Params<'_>) -> Result<KindFilter, RpcError> {
    Ok(params.choice("kind", KINDS)?.unwrap_or(KindFilter::Any))
}

/// The order that `order_id` names.
fn order_id(market: &Market, params: Params<'_>) -> Result<(DomainId, OrderId), RpcError> {
    let text = params.needed("order_id", params.id("order_id")?)?;
    let found = match text.split_once(TRIGGER_MARK) {
        Some((prefix, number)) => trigger_id(market, prefix, number),
        None => numbered(market, &text).map(|(domain, number)| (domain, OrderId(number))),
    };
    found.ok_or_else(|| {
        let reason = format!("{text:.40} is no order id: send digits, outside BTC as ETH-123");
        error(10025, "invalid_order_id", reason).with("param", "order_id")
    })
}

/// The id of a trigger: `TRG-12` in BTC, `ETH-TRG-12` elsewhere.
fn trigger_id(market: &Market, prefix: &str, number: &str) -> Option<(DomainId, OrderId)> {
    let asset = if prefix.is_empty() { UNPREFIXED_ASSET } else { prefix.strip_suffix('-')? };
    let number = number.parse().ok().filter(|number| *number <= OrderId::COUNT_MAX)?;
    Some((domain_of(market, asset)?, OrderId::of_trigger(TriggerId(number))))
}

/// The domain and number of an id of the dialect: digits in BTC, `ETH-123` elsewhere.
fn numbered(market: &Market, text: &str) -> Option<(DomainId, u64)> {
    let (asset, digits) = text.split_once('-').unwrap_or((UNPREFIXED_ASSET, text));
    let number = digits.parse().ok()?;
    Some((domain_of(market, asset)?, number))
}

/// A list over the views of some domains.
fn over_domains(
    market: &Market,
    domains: Vec<DomainId>,
    mut write: impl FnMut(&mut List<'_>, Look<'_>),
) -> Answered {
    now(|out| {
        let mut list = List::new(out);
        for domain in domains {
            market.look(domain, |look| write(&mut list, look));
        }
        list.end();
    })
}

/// The first `count` of `rows`, and whether there are more.
fn page<T>(mut rows: impl Iterator<Item = T>, count: usize) -> (Vec<T>, bool) {
    let page: Vec<T> = rows.by_ref().take(count).collect();
    let has_more = rows.next().is_some();
    (page, has_more)
}
