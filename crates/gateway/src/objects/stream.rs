//! Records of the stream of an account.

use market_data::{Position, StreamRecord};
use types::{AccountId, InstrumentId};

use super::{
    Labels, List, Look, Object, Scale, kind, write_order, write_trigger, write_user_trade,
};

/// What one entry did to an account. Orders, triggers among them, and trades are those of
/// `user.changes`, as they were right after the entry; a position is what the view knows of it.
pub(crate) fn write_record(
    out: &mut String,
    look: Look<'_>,
    (account, record): (AccountId, &StreamRecord),
) {
    let mut object = Object::new(out);
    object
        .number("seq", record.seq)
        .number("prev_seq", record.previous)
        .number("timestamp", record.at);
    let mut orders = List::new(object.key("orders"));
    record.orders.iter().for_each(|order| write_order(orders.item(), look, order));
    record.triggers.iter().for_each(|trigger| write_trigger(orders.item(), look, trigger));
    orders.end();
    let mut trades = List::new(object.key("trades"));
    for own in &record.trades {
        write_user_trade(trades.item(), look, (account, own), Labels::IfAny);
    }
    trades.end();
    let mut positions = List::new(object.key("positions"));
    for held in &record.positions {
        write_held(positions.item(), look, account, held);
    }
    positions.end();
    object.number("balance", look.money(record.balance)).flag("liquidating", record.liquidating);
    object.end();
}

/// What of a position does not need the engine: no margins, and nothing at the mark.
fn write_held(
    out: &mut String,
    look: Look<'_>,
    account: AccountId,
    (instrument, position): &(InstrumentId, Position),
) {
    let Some(instrument) = look.view.instrument(*instrument) else { return };
    let size = position.size.0;
    let direction = match size.signum() {
        -1 => "sell",
        0 => "zero",
        _ => "buy",
    };
    let mut object = Object::new(out);
    object
        .word("instrument_name", instrument.name())
        .word("kind", kind(&instrument.spec().kind))
        .word("direction", direction)
        .number("size", instrument.amount(size.into()))
        .number("average_price", instrument.average_of_entries(position))
        .number("realized_profit_loss", look.money(position.realised));
    if instrument.spec().kind.expiry().is_none() {
        object.number("realized_funding", look.money(position.funding));
    }
    object.number("user_id", account);
    object.end();
}
