//! Settlements: deliveries as everybody sees them, funding and deliveries as an account had them.

use market_data::{Settled, Settlement};
use types::{Amount, TransferReason};

use super::{Fixed, Look, Object, Scale};

/// The delivery of an instrument. `position` is what was held long, and as much was held short, so
/// the profits of all sum to zero.
pub(crate) fn write_settled(out: &mut String, look: Look<'_>, settled: &Settled) {
    let Some(instrument) = look.view.instrument(settled.instrument) else { return };
    let mut object = Object::new(out);
    object
        .word("type", "delivery")
        .number("timestamp", settled.at)
        .word("instrument_name", instrument.name())
        .number("position", instrument.amount(settled.open_interest.into()))
        .number("index_price", Fixed::index(settled.price))
        .number("mark_price", instrument.price(settled.mark))
        .number("session_profit_loss", 0)
        .number("funding", 0);
    object.end();
}

/// The dialect's word for what an account was settled for; `None` for stakes and rewards.
pub(crate) fn settlement_type(reason: TransferReason) -> Option<&'static str> {
    match reason {
        TransferReason::Funding => Some("settlement"),
        TransferReason::Delivery => Some("delivery"),
        TransferReason::Deposit
        | TransferReason::Withdrawal
        | TransferReason::Transfer
        | TransferReason::Fee
        | TransferReason::Realised
        | TransferReason::Premium
        | TransferReason::Residue
        | TransferReason::Stake
        | TransferReason::Slash
        | TransferReason::Reward
        | TransferReason::Liquidation
        | TransferReason::Takeover
        | TransferReason::Insurance
        | TransferReason::Haircut => None,
    }
}

/// What an account was settled for in an instrument: funding (of type `settlement`) or a delivery.
pub(crate) fn write_own_settlement(out: &mut String, look: Look<'_>, row: &Settlement) {
    let found = row.instrument.and_then(|id| look.view.instrument(id));
    let Some((instrument, word)) = found.zip(settlement_type(row.reason)) else { return };
    let is_funding = row.reason == TransferReason::Funding;
    let mut object = Object::new(out);
    object
        .word("type", word)
        .number("timestamp", row.at)
        .word("instrument_name", instrument.name())
        .number("position", instrument.amount(row.position.0.into()))
        .number("index_price", Fixed::index(row.index_price))
        .number("mark_price", instrument.price(row.mark))
        .number("profit_loss", look.money(row.amount))
        .number("session_profit_loss", look.money(row.amount))
        .number("funding", look.money(if is_funding { row.amount } else { Amount::ZERO }));
    object.end();
}
