//! Placing, editing, cancelling, closing.

use types::{
    AccountId, AmendOrder, At, CancelScope, ClientOrderId, Command, InstrumentId, KindFilter,
    Label, OrderId, OrderKind, PlaceOrder, PostOnly, Side, TimeInForce, TriggerKind, TriggerLevel,
};

use super::{domain_of, me, order_id, params, place, triggers, unknown_currency};
use crate::call::{Answer, Answered, Call, Intent, Reply};
use crate::errors::{Ground, error, wrong};
use crate::objects::belongs_to;
use crate::params::Params;
use crate::publish::{KINDS, KindFilter as Kinds, Market, Place};
use crate::rpc::RpcError;
use crate::venue::{Class, DomainId};

/// Longest label, in characters (api.md §9.2).
const LABEL_CHARS_MAX: usize = 64;

pub(crate) fn buy(market: &Market, call: &Call) -> Answered {
    place_order(market, call, Side::Bid)
}

pub(crate) fn sell(market: &Market, call: &Call) -> Answered {
    place_order(market, call, Side::Ask)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OrderType {
    Limit,
    Market,
    MarketLimit,
    /// A trigger, and whether a limit order is born of it.
    Trigger(TriggerKind, bool),
}

const ORDER_TYPES: &[(&str, OrderType)] = &[
    ("limit", OrderType::Limit),
    ("market", OrderType::Market),
    ("market_limit", OrderType::MarketLimit),
    ("stop_limit", OrderType::Trigger(TriggerKind::Stop, true)),
    ("stop_market", OrderType::Trigger(TriggerKind::Stop, false)),
    ("take_limit", OrderType::Trigger(TriggerKind::Take, true)),
    ("take_market", OrderType::Trigger(TriggerKind::Take, false)),
    ("trailing_stop", OrderType::Trigger(TriggerKind::Trailing, false)),
];

const TIMES: &[(&str, TimeInForce)] = &[
    ("good_til_cancelled", TimeInForce::GoodTilCancelled),
    ("good_til_day", TimeInForce::GoodTilDay),
    ("fill_or_kill", TimeInForce::FillOrKill),
    ("immediate_or_cancel", TimeInForce::ImmediateOrCancel),
];

fn place_order(market: &Market, call: &Call, side: Side) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let place = place(market, params)?;
    let order_type = params.choice("type", ORDER_TYPES)?.unwrap_or(OrderType::Limit);
    refuse_later_features(params)?;
    let (mut order, trigger) = grounded(market, place, |ground| {
        let size = params.needed("amount", params.size(ground)?)?;
        let kind = order_kind(params, ground, order_type)?;
        let display = display(params, ground)?;
        let order = order(account, place.instrument, (side, kind, size), display);
        Ok((order, trigger_of(params, ground, order_type)?))
    })?;
    order.time_in_force =
        params.choice("time_in_force", TIMES)?.unwrap_or(TimeInForce::GoodTilCancelled);
    order.post_only = post_only(params)?.unwrap_or(PostOnly::No);
    order.reduce_only = params.is("reduce_only")?;
    order.mmp = params.is("mmp")?;
    order.label = label(params)?;
    order.client_order_id = client_order_id(params)?;
    order.valid_until = valid_until(params)?;
    order.session = call.session;
    if let Some(trigger) = trigger {
        return triggers::place_trigger(place, trigger, order);
    }
    let class = if order.reduce_only { Class::Cancel } else { Class::Order };
    let command = Command::PlaceOrder(Box::new(order));
    one(place.domain, class, command, Reply::OrderAndTrades)
}

fn order(
    account: AccountId,
    instrument: InstrumentId,
    (side, kind, size): (Side, OrderKind, types::Lots),
    display: Option<types::Lots>,
) -> PlaceOrder {
    PlaceOrder { display, ..PlaceOrder::new(account, instrument, side, kind, size) }
}

/// Reads what needs the instrument.
pub(super) fn grounded<T>(
    market: &Market,
    place: Place,
    read: impl FnOnce(Ground<'_>) -> Result<T, RpcError>,
) -> Result<T, RpcError> {
    market.look(place.domain, |look| {
        read(Ground { look, instrument: look.view.instrument(place.instrument) })
    })
}

pub(super) fn one(domain: DomainId, class: Class, command: Command, reply: Reply) -> Answered {
    Ok(Answer::After(vec![Intent { domain, class, command }], reply))
}

fn refuse_later_features(params: Params<'_>) -> Result<(), RpcError> {
    for (param, what) in [
        ("advanced", "prices in USD or volatility"),
        ("linked_order_type", "linked orders"),
        ("otoco_config", "linked orders"),
    ] {
        if params.get(param).is_some() {
            let reason = format!("{what} are not served yet: leave {param} out");
            return Err(error(10033, "not_implemented", reason).with("param", param));
        }
    }
    Ok(())
}

/// What fires it, of a trigger; what would fire it does not go with another type.
fn trigger_of(
    params: Params<'_>,
    ground: Ground<'_>,
    order_type: OrderType,
) -> Result<Option<(TriggerKind, TriggerLevel)>, RpcError> {
    if let OrderType::Trigger(kind, _) = order_type {
        return Ok(Some((kind, triggers::level(params, ground, kind)?)));
    }
    refuse_levels(params)?;
    Ok(None)
}

/// What would fire a trigger is asked of an order that does not wait.
fn refuse_levels(params: Params<'_>) -> Result<(), RpcError> {
    for param in ["trigger", "trigger_price", "trigger_offset"] {
        if params.get(param).is_some() {
            let reason = "goes with a type that waits: stop_limit, stop_market, take_limit, \
                          take_market or trailing_stop";
            return Err(error(11047, "unsupported_arg_combination", reason).with("param", param));
        }
    }
    Ok(())
}

fn order_kind(
    params: Params<'_>,
    ground: Ground<'_>,
    order_type: OrderType,
) -> Result<OrderKind, RpcError> {
    Ok(match order_type {
        OrderType::Market | OrderType::Trigger(_, false) => OrderKind::Market,
        OrderType::MarketLimit => OrderKind::MarketLimit,
        OrderType::Limit | OrderType::Trigger(_, true) => {
            let price = params.needed("price", params.price("price", ground)?)?;
            OrderKind::Limit { price }
        }
    })
}

/// `display_amount`, or `max_show` as it was called before.
fn display(params: Params<'_>, ground: Ground<'_>) -> Result<Option<types::Lots>, RpcError> {
    match params.lots_here("display_amount", ground)? {
        Some(lots) => Ok(Some(lots)),
        None => params.lots_here("max_show", ground),
    }
}

fn post_only(params: Params<'_>) -> Result<Option<PostOnly>, RpcError> {
    let rejects = params.is("reject_post_only")?;
    Ok(params.flag("post_only")?.map(|post_only| match (post_only, rejects) {
        (false, _) => PostOnly::No,
        (true, false) => PostOnly::Slide,
        (true, true) => PostOnly::Reject,
    }))
}

pub(super) fn label(params: Params<'_>) -> Result<Label, RpcError> {
    let text = params.text("label")?.unwrap_or_default();
    let length = text.chars().count();
    if LABEL_CHARS_MAX < length {
        let reason = format!("has {length} characters: send at most {LABEL_CHARS_MAX}");
        return Err(wrong("label", reason));
    }
    Label::new(text).map_err(|fault| wrong("label", fault.to_string()))
}

fn client_order_id(params: Params<'_>) -> Result<Option<ClientOrderId>, RpcError> {
    let Some(text) = params.text("client_order_id")? else { return Ok(None) };
    let id = ClientOrderId::new(text);
    id.map(Some).map_err(|fault| wrong("client_order_id", fault.to_string()))
}

pub(super) fn valid_until(params: Params<'_>) -> Result<Option<At>, RpcError> {
    Ok(params.whole("valid_until")?.map(At))
}

pub(crate) fn edit(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let (domain, order) = order_id(market, params)?;
    let known = market.look(domain, |look| belongs_to(look, order).map(|(_, place)| place));
    // An order that the view does not know is the engine's to refuse; its numbers have no grid.
    let Some(instrument) = known else {
        return amend(domain, AmendOrder { account, order, ..unchanged(order) });
    };
    amend_order(market, call, Place { domain, instrument }, order)
}

/// Edits the one open order of an instrument that carries a label.
pub(crate) fn edit_by_label(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let place = place(market, params)?;
    let label = params.text("label")?.unwrap_or_default();
    let found: Vec<OrderId> = market.look(place.domain, |look| {
        let is_it =
            |instrument, found: &Label| instrument == place.instrument && found.as_str() == label;
        let open = look.view.open_orders(me);
        let open = open.filter(|order| is_it(order.instrument, &order.label));
        let waiting = look.view.waiting_triggers(me);
        let waiting = waiting.filter(|one| is_it(one.instrument(), &one.terms.order.label));
        let waiting = waiting.map(|trigger| OrderId::of_trigger(trigger.id));
        open.map(|order| order.id).chain(waiting).take(2).collect()
    });
    match *found.as_slice() {
        [] => {
            let reason = format!("no open order carries the label {label:.64}");
            Err(error(crate::errors::ORDER_NOT_FOUND, "order_not_found", reason))
        }
        [order] => amend_order(market, call, place, order),
        _ => {
            let reason = format!("more than one open order carries the label {label:.64}");
            Err(error(13032, "non_unique_order_label", reason).with("param", "label"))
        }
    }
}

fn amend_order(market: &Market, call: &Call, place: Place, order: OrderId) -> Answered {
    let account = me(call)?;
    let params = params(call);
    refuse_later_features(params)?;
    let (size, price, display) = grounded(market, place, |ground| {
        Ok((params.size(ground)?, params.price("price", ground)?, display(params, ground)?))
    })?;
    let amended = AmendOrder {
        account,
        order,
        size,
        price,
        display,
        post_only: post_only(params)?,
        reduce_only: params.flag("reduce_only")?,
        valid_until: valid_until(params)?,
    };
    if order.trigger().is_some() {
        return triggers::amend_trigger(market, call, place, amended);
    }
    refuse_levels(params)?;
    amend(place.domain, amended)
}

fn unchanged(order: OrderId) -> AmendOrder {
    AmendOrder {
        account: AccountId::default(),
        order,
        size: None,
        price: None,
        display: None,
        post_only: None,
        reduce_only: None,
        valid_until: None,
    }
}

fn amend(domain: DomainId, amended: AmendOrder) -> Answered {
    one(domain, Class::Order, Command::AmendOrder(amended), Reply::OrderAndTrades)
}

pub(crate) fn cancel(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let (domain, order) = order_id(market, params(call))?;
    one(domain, Class::Cancel, Command::CancelOrder { account, order }, Reply::Order)
}

/// Cancels a scope in some domains; the reply counts, or with `detailed` lists the orders.
fn cancel_in(call: &Call, scopes: Vec<(DomainId, CancelScope)>) -> Answered {
    let account = me(call)?;
    let detailed = params(call).is("detailed")?;
    let reply = if detailed { Reply::CancelledOrders } else { Reply::CancelledCount };
    let intents = scopes.into_iter().map(|(domain, scope)| Intent {
        domain,
        class: Class::Cancel,
        command: Command::CancelOrders { account, scope },
    });
    Ok(Answer::After(intents.collect(), reply))
}

/// A scope, cut down to the orders that `type` means.
fn of_type(params: Params<'_>, scope: CancelScope) -> Result<CancelScope, RpcError> {
    Ok(match triggers::family(params)? {
        Some(family) => CancelScope::Only { family, within: Box::new(scope) },
        None => scope,
    })
}

/// The scope of a kind of instruments; `None` if there are no such orders.
fn scope_of(kind: Kinds) -> Option<CancelScope> {
    match kind {
        Kinds::Any => Some(CancelScope::All),
        Kinds::Future => Some(CancelScope::Kind(KindFilter::Future)),
        Kinds::Option => Some(CancelScope::Kind(KindFilter::Option)),
        Kinds::None => None,
    }
}

pub(crate) fn cancel_all(market: &Market, call: &Call) -> Answered {
    let all = market.domain_ids().map(|domain| (domain, CancelScope::All));
    cancel_in(call, all.collect())
}

pub(crate) fn cancel_all_by_instrument(market: &Market, call: &Call) -> Answered {
    let place = place(market, params(call))?;
    let scope = of_type(params(call), CancelScope::Instrument(place.instrument))?;
    cancel_in(call, vec![(place.domain, scope)])
}

pub(crate) fn cancel_all_by_currency(market: &Market, call: &Call) -> Answered {
    let domain = super::domain(market, params(call))?;
    cancel_kind(call, vec![domain])
}

/// `currency` may be one or a list here.
pub(crate) fn cancel_all_by_kind_or_type(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let names = params.needed("currency", params.texts("currency")?)?;
    let mut found = Vec::new();
    for name in names {
        if name == "any" {
            found = market.domain_ids().collect();
            break;
        }
        let domain = domain_of(market, name).ok_or_else(|| unknown_currency(market))?;
        if !found.contains(&domain) {
            found.push(domain);
        }
    }
    cancel_kind(call, found)
}

fn cancel_kind(call: &Call, domains: Vec<DomainId>) -> Answered {
    let params = params(call);
    let kind = params.choice("kind", KINDS)?.unwrap_or(Kinds::Any);
    let Some(scope) = scope_of(kind) else { return cancel_in(call, vec![]) };
    let scope = of_type(params, scope)?;
    cancel_in(call, domains.into_iter().map(|domain| (domain, scope.clone())).collect())
}

pub(crate) fn cancel_by_label(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    params.needed("label", params.text("label")?)?;
    let label = label(params)?;
    let domains: Vec<DomainId> = match params.text("currency")? {
        Some(_) => vec![super::domain(market, params)?],
        None => market.domain_ids().collect(),
    };
    let scopes = domains.into_iter().map(|domain| (domain, CancelScope::Label(label.clone())));
    cancel_in(call, scopes.collect())
}

pub(crate) fn cancel_quotes(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let by = params.needed("cancel_type", params.text("cancel_type")?)?;
    let domains = match (by, params.text("currency")?) {
        ("all", _) => market.domain_ids().collect(),
        ("currency", Some(_)) => vec![super::domain(market, params)?],
        _ => {
            let reason = "quotes are cancelled by all or by currency: send one of these";
            return Err(wrong("cancel_type", reason));
        }
    };
    let scopes = domains.into_iter().map(|domain| (domain, CancelScope::Quotes(None)));
    cancel_in(call, scopes.collect())
}

pub(crate) fn close_position(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let place = place(market, params)?;
    let types = [("limit", OrderType::Limit), ("market", OrderType::Market)];
    let order_type = params.needed("type", params.choice("type", &types)?)?;
    let price = grounded(market, place, |ground| match order_type {
        OrderType::Market | OrderType::MarketLimit | OrderType::Trigger(..) => Ok(None),
        OrderType::Limit => params.needed("price", params.price("price", ground)?).map(Some),
    })?;
    let command = Command::ClosePosition { account, instrument: place.instrument, price };
    one(place.domain, Class::Cancel, command, Reply::OrderAndTrades)
}
