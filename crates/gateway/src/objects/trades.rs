//! Public trades and user trades.

use market_data::{InstrumentView, Trade, UserTrade};
use types::{AccountId, Lots, Side};

use super::{Fixed, Look, Object, Scale, direction, order_type, tick_direction};

/// Whether a user trade without a label says so. Order replies always have the key (deribit-http
/// needs it there); elsewhere it is left out (api.md §7.1 User trade).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Labels {
    Always,
    IfAny,
}

/// A trade as everybody sees it.
pub(crate) fn write_trade(out: &mut String, look: Look<'_>, trade: &Trade) {
    let Some(instrument) = look.view.instrument(trade.instrument) else { return };
    let mut object = Object::new(out);
    write_match(&mut object, look, (instrument, trade), trade.taker_side);
    object.end();
}

/// A trade as one of its sides sees it.
pub(crate) fn write_user_trade(
    out: &mut String,
    look: Look<'_>,
    (account, own): (AccountId, &UserTrade),
    labels: Labels,
) {
    let Some(instrument) = look.view.instrument(own.trade.instrument) else { return };
    let mut object = Object::new(out);
    write_match(&mut object, look, (instrument, &own.trade), own.side());
    object
        .word("order_id", look.order_id(own.order))
        .word("order_type", order_type(own.kind))
        .word("state", if own.open == Lots::ZERO { "filled" } else { "open" })
        .word("liquidity", if own.is_maker { "M" } else { "T" })
        .number("fee", look.money(own.fee))
        .word("fee_currency", look.asset())
        .number("profit_loss", look.money(own.realised))
        .null("matching_id")
        .flag("post_only", own.post_only)
        .flag("reduce_only", own.reduce_only)
        .flag("mmp", own.mmp)
        .flag("risk_reducing", false)
        .flag("api", true)
        .flag("self_trade", false)
        .number("user_id", account);
    if labels == Labels::Always || !own.label.is_empty() {
        object.text("label", own.label.as_str());
    }
    if instrument.spec().kind.is_option() {
        object.number("underlying_price", Fixed::index(own.trade.index_price));
    }
    object.end();
}

fn write_match(
    object: &mut Object<'_>,
    look: Look<'_>,
    (instrument, trade): (&InstrumentView, &Trade),
    side: Side,
) {
    object
        .word("trade_id", look.trade_id(trade.id))
        .number("trade_seq", trade.seq)
        .word("instrument_name", instrument.name())
        .number("timestamp", trade.at)
        .word("direction", direction(side))
        .number("price", instrument.price(trade.price))
        .number("amount", instrument.amount(trade.size.0.into()))
        .number("contracts", instrument.contracts(trade.size.0.into()))
        .number("tick_direction", tick_direction(trade.tick_direction))
        .number("index_price", Fixed::index(trade.index_price))
        .number("mark_price", instrument.price(trade.mark));
    if trade.liquidation {
        object.word("liquidation", "T");
    }
}
