//! Notices: what anybody may read, and what the operator adds (docs/rules/notices.md).

use types::{
    At, Command, Component, ComponentState, NoticeText, NoticeWords, OrderFate, PublicKey,
    Signature, Stage,
};

use super::halts::scope;
use super::trading::one;
use super::{domain, domains, now, params};
use crate::call::{Answered, Call, Reply};
use crate::components::write_components;
use crate::errors::wrong;
use crate::objects::{
    List, Worded, component_state_word, component_word, write_announcement, write_notice,
};
use crate::params::Params;
use crate::publish::Market;
use crate::rpc::RpcError;
use crate::venue::{Class, DomainId};

const COUNT: usize = 20;
const COUNT_MAX: usize = 1_000;
const STAGES: &[(&str, Stage)] = &[
    ("investigating", Stage::Investigating),
    ("identified", Stage::Identified),
    ("monitoring", Stage::Monitoring),
    ("resolved", Stage::Resolved),
];
const FATES: &[(&str, OrderFate)] = &[
    ("live", OrderFate::Live),
    ("cancelled", OrderFate::Cancelled),
    ("unknown", OrderFate::Unknown),
];

const STATES: [ComponentState; 5] = [
    ComponentState::Operational,
    ComponentState::Maintenance,
    ComponentState::Degraded,
    ComponentState::PartialOutage,
    ComponentState::MajorOutage,
];

/// What is read of the parameters, by the kind of notice.
type Words = fn(&Market, Params<'_>) -> Result<NoticeWords, RpcError>;
const KINDS: &[(&str, Words)] = &[
    ("announcement", announcement),
    ("maintenance", maintenance),
    ("incident", incident),
    ("update", update),
    ("component", component),
    ("key", key),
];

/// Signed notices, the newest of each domain first.
pub(crate) fn get_notices(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let (domains, count) = (domains(market, params)?, params.count(COUNT, COUNT_MAX)?);
    now(|out| write_notices(out, market, &domains, count))
}

/// At most `count` of each of these domains.
pub(crate) fn write_notices(out: &mut String, market: &Market, domains: &[DomainId], count: usize) {
    let mut list = List::new(out);
    for domain in domains {
        let newest: Vec<Worded> = market.look(*domain, |look| {
            let told = look.view.notices().newest().take(count);
            told.map(|told| Worded::of(look, told)).collect()
        });
        newest.iter().for_each(|worded| write_notice(list.item(), market, worded));
    }
    list.end();
}

/// How well each part of the venue works.
pub(crate) fn get_components(market: &Market, _: &Call) -> Answered {
    now(|out| write_components(out, market))
}

/// The same as the dialect has them, over all domains, the newest first.
pub(crate) fn get_announcements(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let count = params.count(5, 50)?;
    let until = params.whole("start_timestamp")?.map_or(At(u64::MAX), At);
    let mut rows: Vec<(At, String)> = Vec::new();
    for domain in market.domain_ids() {
        market.look(domain, |look| {
            let told = look.view.notices().newest().filter(|told| told.notice.at <= until);
            for told in told.take(count) {
                let mut row = String::new();
                write_announcement(&mut row, look, told);
                rows.push((told.notice.at, row));
            }
        });
    }
    rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    now(|out| {
        let mut list = List::new(out);
        rows.iter().take(count).for_each(|(_, row)| list.item().push_str(row));
        list.end();
    })
}

/// Tells everybody something in the domain of `currency`.
pub(crate) fn publish_notice(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let read = params.needed("kind", params.choice("kind", KINDS)?)?;
    let words = read(market, params)?;
    one(domain, Class::Order, Command::PublishNotice(Box::new(words)), Reply::Ok)
}

fn announcement(_: &Market, params: Params<'_>) -> Result<NoticeWords, RpcError> {
    Ok(NoticeWords::Announce { title: text(params, "title")?, text: text(params, "text")? })
}

fn maintenance(_: &Market, params: Params<'_>) -> Result<NoticeWords, RpcError> {
    Ok(NoticeWords::Maintain {
        starts_at: At(params.needed("starts_at", params.whole("starts_at")?)?),
        ends_at: At(params.needed("ends_at", params.whole("ends_at")?)?),
        text: text(params, "text")?,
    })
}

fn incident(market: &Market, params: Params<'_>) -> Result<NoticeWords, RpcError> {
    Ok(NoticeWords::OpenIncident {
        scope: scope(market, params)?.1,
        orders: params.choice("orders", FATES)?.unwrap_or(OrderFate::Live),
        text: text(params, "text")?,
    })
}

fn update(_: &Market, params: Params<'_>) -> Result<NoticeWords, RpcError> {
    Ok(NoticeWords::UpdateIncident {
        incident: params.small("incident")?,
        stage: params.needed("stage", params.choice("stage", STAGES)?)?,
        orders: params.choice("orders", FATES)?.unwrap_or(OrderFate::Live),
        text: text(params, "text")?,
    })
}

fn component(_: &Market, params: Params<'_>) -> Result<NoticeWords, RpcError> {
    let components = Component::ALL.map(|component| (component_word(component), component));
    let states = STATES.map(|state| (component_state_word(state), state));
    Ok(NoticeWords::SetComponent {
        component: params.needed("component", params.choice("component", &components)?)?,
        state: params.needed("state", params.choice("state", &states)?)?,
        text: text(params, "text")?,
    })
}

fn key(_: &Market, params: Params<'_>) -> Result<NoticeWords, RpcError> {
    Ok(NoticeWords::RotateKey {
        key: PublicKey(params.hex("public_key")?),
        signature: Signature(params.hex("signature")?),
    })
}

fn text(params: Params<'_>, name: &'static str) -> Result<NoticeText, RpcError> {
    let text = params.needed(name, params.text(name)?)?;
    NoticeText::new(text).map_err(|error| wrong(name, error.to_string()))
}
