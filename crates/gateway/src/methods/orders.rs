//! Orders of an account, triggers with them: one, the open ones, the closed ones.

use market_data::Order;
use types::{AccountId, ClientOrderId, InstrumentId, Label, Lots};

use super::triggers::OpenType;
use super::{ROWS_MAX, domains, kind, me, now, order_id, over_domains, params, place};
use crate::call::{Answered, Call};
use crate::errors::{NOT_OWNER, ORDER_NOT_FOUND, error, wrong};
use crate::objects::{List, Look, Object, belongs_to, order_text, write_order, write_trigger};
use crate::publish::{Market, text};
use crate::rpc::RpcError;
use crate::venue::DomainId;

/// Orders of a history where no count is given.
const ORDERS: usize = 20;

pub(crate) fn get_order_state(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let (domain, id) = order_id(market, params(call))?;
    let text = market.look(domain, |look| match belongs_to(look, id) {
        Some((account, _)) if account != me => Err(not_owner(&look.order_id(id).to_string())),
        _ => order_text(look, id).ok_or_else(|| not_found(&look.order_id(id).to_string())),
    })?;
    now(|out| out.push_str(&text))
}

fn not_owner(id: &str) -> RpcError {
    error(NOT_OWNER, "not_owner_of_order", format!("order {id} belongs to another account"))
}

fn not_found(id: &str) -> RpcError {
    let reason = format!("there is no order {id}, or it was closed long ago");
    error(ORDER_NOT_FOUND, "order_not_found", reason)
}

/// Ours: whether a client order id has placed an order, and which. In every domain, or in one.
pub(crate) fn get_order_state_by_client_order_id(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let name = params.needed("client_order_id", params.text("client_order_id")?)?;
    let id =
        ClientOrderId::new(name).map_err(|fault| wrong("client_order_id", fault.to_string()))?;
    let domains = domains(market, params)?;
    let mut is_fenced = !domains.is_empty();
    for domain in domains {
        let found = market.look(domain, |look| {
            let account = look.view.account(me);
            is_fenced &= account.is_some_and(|account| account.is_fenced(&id));
            let order = account?.client_order(&id)?;
            let text = order_text(look, order);
            Some(text.ok_or_else(|| forgotten(&look.order_id(order).to_string())))
        });
        if let Some(found) = found {
            let found = found.map_err(|error| error.with("client_order_id", name))?;
            return now(|out| out.push_str(&found));
        }
    }
    let reason = match is_fenced {
        true => "no order was placed with it in the last day, and none will be: it is fenced",
        false => "no order was placed with it so far: while a request is under way, ask again",
    };
    Err(error(ORDER_NOT_FOUND, "order_not_found", reason)
        .with("client_order_id", name)
        .with("final", is_fenced))
}

/// An order that was placed, and of which nothing else is known any more.
fn forgotten(id: &str) -> RpcError {
    let reason =
        format!("order {id} was placed with it and was closed so long ago that no more is known");
    error(ORDER_NOT_FOUND, "order_not_found", reason).with("order_id", id).with("final", true)
}

/// What a list of open orders asks of one: where it is, and its label.
type Fits<'a> = &'a dyn Fn(Look<'_>, InstrumentId, &Label) -> bool;

/// Open orders, then triggers that wait; each oldest first.
fn list_open(market: &Market, call: &Call, domains: Vec<DomainId>, fits: Fits<'_>) -> Answered {
    let me = me(call)?;
    let wanted = OpenType::of(params(call))?;
    over_domains(market, domains, |list, look| {
        let open = look.view.open_orders(me).filter(|_| wanted.resting);
        for order in open.filter(|order| fits(look, order.instrument, &order.label)) {
            write_order(list.item(), look, order);
        }
        let waiting = look.view.waiting_triggers(me).filter(|trigger| wanted.takes(trigger));
        for trigger in waiting {
            if fits(look, trigger.instrument(), &trigger.terms.order.label) {
                write_trigger(list.item(), look, trigger);
            }
        }
    })
}

pub(crate) fn get_open_orders(market: &Market, call: &Call) -> Answered {
    let kind = kind(params(call))?;
    let domains = market.domain_ids().collect();
    list_open(market, call, domains, &|look, id, _| is_of_kind(look, id, kind))
}

pub(crate) fn get_open_orders_by_currency(market: &Market, call: &Call) -> Answered {
    let kind = kind(params(call))?;
    let domains = domains(market, params(call))?;
    list_open(market, call, domains, &|look, id, _| is_of_kind(look, id, kind))
}

pub(crate) fn get_open_orders_by_instrument(market: &Market, call: &Call) -> Answered {
    let place = place(market, params(call))?;
    list_open(market, call, vec![place.domain], &|_, id, _| id == place.instrument)
}

pub(crate) fn get_open_orders_by_label(market: &Market, call: &Call) -> Answered {
    let wanted = params(call).text("label")?.unwrap_or_default();
    let domains = domains(market, params(call))?;
    list_open(market, call, domains, &|_, _, label| label.as_str() == wanted)
}

/// Open and recently closed orders with a label.
pub(crate) fn get_order_state_by_label(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let label = params(call).text("label")?.unwrap_or_default();
    over_domains(market, domains(market, params(call))?, |list, look| {
        let waiting = look.view.waiting_triggers(me).rev().chain(look.view.gone_triggers(me));
        let waiting = waiting.filter(|one| one.terms.order.label.as_str() == label);
        for trigger in waiting.take(ROWS_MAX) {
            write_trigger(list.item(), look, trigger);
        }
        let orders = look.view.open_orders(me).rev().chain(look.view.closed_orders(me));
        let labelled = orders.filter(|order| order.label.as_str() == label);
        for order in labelled.take(ROWS_MAX) {
            write_order(list.item(), look, order);
        }
    })
}

fn is_of_kind(look: Look<'_>, id: InstrumentId, kind: crate::publish::KindFilter) -> bool {
    let instrument = look.view.instrument(id);
    instrument.is_some_and(|instrument| kind.takes(&instrument.spec().kind))
}

pub(crate) fn get_order_history_by_instrument(market: &Market, call: &Call) -> Answered {
    let place = place(market, params(call))?;
    history(market, call, vec![place.domain], |_, order| order.instrument == place.instrument)
}

pub(crate) fn get_order_history_by_currency(market: &Market, call: &Call) -> Answered {
    let kind = kind(params(call))?;
    let domains = domains(market, params(call))?;
    history(market, call, domains, |look, order| is_of_kind(look, order.instrument, kind))
}

/// Closed orders, last closed first. A bare list, or with `with_continuation` one and where the
/// next page begins.
fn history(
    market: &Market,
    call: &Call,
    domains: Vec<DomainId>,
    fits: impl Fn(Look<'_>, &Order) -> bool,
) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let count = params.count(ORDERS, ROWS_MAX)?;
    let continued = params.is("with_continuation")?;
    let offset = match params.whole("continuation")? {
        Some(offset) => offset,
        None => params.whole("offset")?.unwrap_or(0),
    };
    let unfilled = params.is("include_unfilled")?;
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    for domain in domains {
        let wanted = skip.saturating_add(count).saturating_add(1).saturating_sub(rows.len());
        let takes = |look: Look<'_>, order: &Order| {
            (unfilled || order.filled != Lots::ZERO) && fits(look, order)
        };
        let more = market.look(domain, |look| closed(look, me, |order| takes(look, order), wanted));
        rows.extend(more);
    }
    let has_more = skip.saturating_add(count) < rows.len();
    now(|out| {
        if !continued {
            return write_rows(out, rows.iter().skip(skip).take(count));
        }
        let mut object = Object::new(out);
        write_rows(object.key("orders"), rows.iter().skip(skip).take(count));
        if has_more {
            object.word("continuation", offset.saturating_add(u64::try_from(count).unwrap_or(0)));
        } else {
            object.null("continuation");
        }
        object.end();
    })
}

fn closed(
    look: Look<'_>,
    me: AccountId,
    fits: impl Fn(&Order) -> bool,
    count: usize,
) -> Vec<String> {
    let orders = look.view.closed_orders(me).filter(|order| fits(order)).take(count);
    orders.map(|order| text(|out| write_order(out, look, order))).collect()
}

fn write_rows<'a>(out: &mut String, rows: impl Iterator<Item = &'a String>) {
    let mut list = List::new(out);
    rows.for_each(|row| list.item().push_str(row));
    list.end();
}
