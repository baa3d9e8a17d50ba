//! Trigger orders: while they wait, and as they went.

use market_data::{InstrumentView, Trigger, TriggerState};
use types::{
    AccountId, IndexPrice, InstrumentId, OrderId, OrderKind, PostOnly, TriggerEnd, TriggerKind,
    TriggerLevel, TriggerSource,
};

use super::orders::{Wishes, write_wishes};
use super::{
    Fixed, Look, Object, Scale, cancel_reason, direction, order_type, time_in_force, write_order,
};
use crate::errors::Ground;

/// What an id of an order names, if it is known: an order, or a trigger.
pub(crate) fn write_any_order(out: &mut String, look: Look<'_>, id: OrderId) -> Option<()> {
    match id.trigger() {
        Some(trigger) => write_trigger(out, look, look.view.trigger(trigger)?),
        None => write_order(out, look, look.view.order(id)?),
    }
    Some(())
}

/// The same as a text of its own.
pub(crate) fn order_text(look: Look<'_>, id: OrderId) -> Option<String> {
    let mut out = String::new();
    write_any_order(&mut out, look, id)?;
    Some(out)
}

/// Whose it is, and where.
pub(crate) fn belongs_to(look: Look<'_>, id: OrderId) -> Option<(AccountId, InstrumentId)> {
    match id.trigger() {
        Some(trigger) => {
            let trigger = look.view.trigger(trigger)?;
            Some((trigger.account(), trigger.instrument()))
        }
        None => look.view.order(id).map(|order| (order.account, order.instrument)),
    }
}

/// A trigger, waiting or gone.
pub(crate) fn write_trigger(out: &mut String, look: Look<'_>, trigger: &Trigger) {
    let Some(instrument) = look.view.instrument(trigger.instrument()) else { return };
    let order = &trigger.terms.order;
    let size = i128::from(order.size.0);
    let mut object = Object::new(out);
    object
        .word("order_id", look.order_id(OrderId::of_trigger(trigger.id)))
        .word("order_state", state(&trigger.state))
        .word("order_type", trigger_type(trigger))
        .word("time_in_force", time_in_force(order.time_in_force))
        .word("instrument_name", instrument.name())
        .word("direction", direction(order.side));
    write_price(&mut object, instrument, order.kind);
    object
        .number("amount", instrument.amount(size))
        .number("contracts", instrument.contracts(size))
        .number("filled_amount", 0)
        .number("average_price", 0)
        .number("commission", 0)
        .number("profit_loss", 0)
        .number("max_show", instrument.amount(order.display.unwrap_or(order.size).0.into()))
        .text("label", order.label.as_str());
    write_wishes(
        &mut object,
        &Wishes {
            account: order.account,
            post_only: order.post_only,
            reduce_only: order.reduce_only,
            mmp: order.mmp,
            replaced: trigger.replaced,
            liquidation: false,
            created: trigger.created,
            updated: trigger.updated,
        },
    );
    object.flag("triggered", matches!(trigger.state, TriggerState::Triggered(_)));
    write_levels(&mut object, instrument, trigger);
    if let Some(display) = order.display {
        object.number("display_amount", instrument.amount(display.0.into()));
    }
    if let Some(id) = &order.client_order_id {
        object.text("client_order_id", id.as_str());
    }
    write_end(&mut object, look, instrument, trigger);
    object.end();
}

/// A row of the history of triggers: what was asked of one last, and what became of it.
pub(crate) fn write_trigger_row(out: &mut String, look: Look<'_>, trigger: &Trigger) {
    let Some(instrument) = look.view.instrument(trigger.instrument()) else { return };
    let order = &trigger.terms.order;
    let request = match &trigger.state {
        TriggerState::Closed(TriggerEnd::Cancelled(_)) => "trigger:cancel",
        _ => "trigger:order",
    };
    let mut object = Object::new(out);
    object.number("timestamp", trigger.updated);
    object.word("trigger_order_id", look.order_id(OrderId::of_trigger(trigger.id)));
    match trigger.state {
        TriggerState::Triggered(order) => object.word("order_id", look.order_id(order)),
        _ => object.null("order_id"),
    };
    object
        .word("order_state", state(&trigger.state))
        .word("request", request)
        .word("instrument_name", instrument.name())
        .word("direction", direction(order.side))
        .word("order_type", order_type(order.kind));
    write_price(&mut object, instrument, order.kind);
    object
        .number("amount", instrument.amount(order.size.0.into()))
        .text("label", order.label.as_str())
        .flag("reduce_only", order.reduce_only)
        .flag("post_only", order.post_only != PostOnly::No)
        .number("last_update_timestamp", trigger.updated);
    write_levels(&mut object, instrument, trigger);
    write_end(&mut object, look, instrument, trigger);
    object.end();
}

/// What an order that was born of a trigger says of it.
pub(crate) fn write_birth(object: &mut Object<'_>, look: Look<'_>, trigger: types::TriggerId) {
    let id = OrderId::of_trigger(trigger);
    object.flag("triggered", true).word("trigger_order_id", look.order_id(id));
}

/// A market order has no price before it is born.
fn write_price(object: &mut Object<'_>, instrument: &InstrumentView, kind: OrderKind) {
    match kind {
        OrderKind::Limit { price } => object.number("price", instrument.price(price)),
        OrderKind::Market | OrderKind::MarketLimit => object.word("price", "market_price"),
    };
}

fn write_levels(object: &mut Object<'_>, instrument: &InstrumentView, trigger: &Trigger) {
    let level = |level| level_number(instrument, level);
    object
        .word("trigger", source(trigger.terms.level.source()))
        .number("trigger_price", level(trigger.level()));
    if let Some(best) = trigger.best {
        object
            .number("trigger_offset", level(trigger.terms.level))
            .number("trigger_reference_price", level(best));
    }
}

fn write_end(
    object: &mut Object<'_>,
    look: Look<'_>,
    instrument: &InstrumentView,
    trigger: &Trigger,
) {
    let TriggerState::Closed(end) = &trigger.state else { return };
    match end {
        TriggerEnd::Cancelled(reason) => {
            object.word("cancel_reason", cancel_reason(*reason));
        }
        TriggerEnd::Refused(reject) => {
            let reason = Ground { look, instrument: Some(instrument) }.reason(reject);
            object.text("reject_reason", &reason).number("rule", reject.code());
        }
    }
}

/// A level in the units of its source: the quote of the index, or the price of the instrument.
pub(crate) fn level_number(instrument: &InstrumentView, level: TriggerLevel) -> Fixed {
    match level {
        TriggerLevel::Index(IndexPrice(price)) => Fixed::new(price.into(), 8),
        TriggerLevel::Mark(ticks) | TriggerLevel::Last(ticks) => instrument.price(ticks),
    }
}

pub(crate) fn source(source: TriggerSource) -> &'static str {
    match source {
        TriggerSource::Index => "index_price",
        TriggerSource::Mark => "mark_price",
        TriggerSource::Last => "last_price",
    }
}

fn state(state: &TriggerState) -> &'static str {
    match state {
        TriggerState::Waiting => "untriggered",
        TriggerState::Triggered(_) => "triggered",
        TriggerState::Closed(TriggerEnd::Cancelled(_)) => "cancelled",
        TriggerState::Closed(TriggerEnd::Refused(_)) => "rejected",
    }
}

/// As it was asked for.
pub(crate) fn trigger_type(trigger: &Trigger) -> &'static str {
    let is_limit = matches!(trigger.terms.order.kind, OrderKind::Limit { .. });
    match (trigger.terms.kind, is_limit) {
        (TriggerKind::Stop, true) => "stop_limit",
        (TriggerKind::Stop, false) => "stop_market",
        (TriggerKind::Take, true) => "take_limit",
        (TriggerKind::Take, false) => "take_market",
        (TriggerKind::Trailing, _) => "trailing_stop",
    }
}
