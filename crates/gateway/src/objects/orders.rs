//! Order.

use market_data::{Order, OrderState};
use types::{AccountId, At, CancelReason, OrderKind, PostOnly};

use super::{
    Look, Object, Scale, cancel_reason, direction, order_state, order_type, time_in_force,
    write_birth,
};

/// What an order and a trigger say of themselves alike.
pub(super) struct Wishes {
    pub account: AccountId,
    pub post_only: PostOnly,
    pub reduce_only: bool,
    pub mmp: bool,
    pub replaced: bool,
    pub liquidation: bool,
    pub created: At,
    pub updated: At,
}

pub(super) fn write_wishes(object: &mut Object<'_>, wishes: &Wishes) {
    object
        .flag("post_only", wishes.post_only != PostOnly::No)
        .flag("reject_post_only", wishes.post_only == PostOnly::Reject)
        .flag("reduce_only", wishes.reduce_only)
        .flag("mmp", wishes.mmp)
        .flag("replaced", wishes.replaced)
        .flag("api", true)
        .flag("web", false)
        .flag("is_liquidation", wishes.liquidation)
        .flag("is_rebalance", false)
        .flag("risk_reducing", false)
        .number("creation_timestamp", wishes.created)
        .number("last_update_timestamp", wishes.updated)
        .number("user_id", wishes.account);
}

/// An order, open or closed.
pub(crate) fn write_order(out: &mut String, look: Look<'_>, order: &Order) {
    let Some(instrument) = look.view.instrument(order.instrument) else { return };
    let size = i128::from(order.size.0);
    let mut object = Object::new(out);
    object
        .word("order_id", look.order_id(order.id))
        .word("order_state", order_state(order.state))
        .word("order_type", order_type(order.kind))
        .word("time_in_force", time_in_force(order.time_in_force))
        .word("instrument_name", instrument.name())
        .word("direction", direction(order.side))
        .number("price", instrument.price(order.price))
        .number("amount", instrument.amount(size))
        .number("contracts", instrument.contracts(size))
        .number("filled_amount", instrument.amount(order.filled.0.into()))
        .number("average_price", instrument.average(order.filled_ticks, order.filled.0.into()))
        .number("commission", look.money(order.fee))
        .number("profit_loss", look.money(order.realised))
        .number("max_show", instrument.amount(order.display.unwrap_or(order.size).0.into()))
        .text("label", order.label.as_str());
    write_wishes(
        &mut object,
        &Wishes {
            account: order.account,
            post_only: order.post_only,
            reduce_only: order.reduce_only,
            mmp: order.mmp,
            replaced: order.replaced,
            liquidation: order.liquidation,
            created: order.created,
            updated: order.updated,
        },
    );
    if order.kind == OrderKind::MarketLimit {
        object.word("original_order_type", "market_limit");
    }
    if let Some(display) = order.display {
        object.number("display_amount", instrument.amount(display.0.into()));
        object.number("refresh_amount", instrument.amount(display.0.into()));
    }
    if let Some(trigger) = order.trigger {
        write_birth(&mut object, look, trigger);
    }
    if let Some(group) = order.quote_group {
        object.flag("quote", true).word("mmp_group", group);
    }
    if let Some(id) = &order.client_order_id {
        object.text("client_order_id", id.as_str());
    }
    if let OrderState::Cancelled(reason) = order.state {
        object.word("cancel_reason", cancel_reason(reason));
        if reason == CancelReason::MmpTriggered {
            object.flag("mmp_cancelled", true);
        }
    }
    object.end();
}
