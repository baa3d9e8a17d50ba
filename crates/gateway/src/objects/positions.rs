//! Position.

use market_data::InstrumentView;
use types::{AccountId, AdlPlace, Amount, PositionView, Style};

use super::instruments::leverage;
use super::prices::billionths;
use super::{Fixed, Look, Object, Scale, kind};

/// A position as the engine gave it. `settlement_price` is the price against which the floating
/// profit counts: as there was no settlement since it was opened, that is its average price.
pub(crate) fn write_position(
    out: &mut String,
    look: Look<'_>,
    account: AccountId,
    position: &PositionView,
) {
    write_ranked_position(out, look, account, (position, &[]));
}

/// The same, with its place in the ranking of auto-deleveraging where that is among `places`.
pub(crate) fn write_ranked_position(
    out: &mut String,
    look: Look<'_>,
    account: AccountId,
    (position, places): (&PositionView, &[AdlPlace]),
) {
    let Some(instrument) = look.view.instrument(position.instrument) else { return };
    let spec = instrument.spec();
    let size = position.size.0;
    let average = average(look, account, (instrument, position));
    let mut object = Object::new(out);
    object
        .word("instrument_name", instrument.name())
        .word("kind", kind(&spec.kind))
        .word(
            "direction",
            if size < 0 {
                "sell"
            } else if size == 0 {
                "zero"
            } else {
                "buy"
            },
        )
        .number("size", instrument.amount(size.into()))
        .number("average_price", average)
        .number("settlement_price", average)
        .number("mark_price", instrument.price(position.mark))
        .number("index_price", look.index_price(instrument).map_or(Fixed::ZERO, Fixed::index))
        .number("initial_margin", look.money(position.initial_margin))
        .number("maintenance_margin", look.money(position.maintenance_margin))
        .number("open_orders_margin", look.money(position.open_orders_margin))
        .number("floating_profit_loss", look.money(position.unrealised))
        .number("realized_profit_loss", look.money(position.realised))
        .number("total_profit_loss", look.money(position.unrealised.plus(position.realised)))
        .number_or_null("estimated_liquidation_price", position.liquidation_price.map(Fixed::index))
        .number("user_id", account);
    if let Some(place) = places.iter().find(|place| place.instrument == position.instrument) {
        object
            .number("adl_rank", place.rank)
            .number("adl_of", place.of)
            .number("adl_lights", place.lights());
    }
    if spec.kind.is_option() {
        write_greeks(&mut object, instrument, size);
    } else {
        let base = size_in_base(look, instrument, position);
        object.number("delta", base).number("size_currency", base);
        object.number("leverage", leverage(instrument));
    }
    if spec.kind.expiry().is_none() {
        let seen = look.view.account(account).map(|one| one.position(instrument.id()).funding);
        let interest = instrument.funding().map_or(0, market_data::Funding::total_ppb);
        object
            .number("realized_funding", look.money(seen.unwrap_or_default()))
            .number("interest_value", billionths(interest));
    }
    object.end();
}

/// Greeks of a position in options: those of one unit of underlying times its size. An option that
/// was never priced has a delta of null.
fn write_greeks(object: &mut Object<'_>, instrument: &InstrumentView, size: i64) {
    let greeks = greeks(instrument, size);
    object.number_or_null("delta", greeks.map(|(delta, ..)| delta));
    if let Some((_, gamma, theta, vega)) = greeks {
        object.number("gamma", gamma).number("theta", theta).number("vega", vega);
    }
}

/// Delta, gamma, theta and vega of so many lots of an option; `None` if it was never priced.
pub(crate) fn greeks(
    instrument: &InstrumentView,
    lots: i64,
) -> Option<(Fixed, Fixed, Fixed, Fixed)> {
    let option = instrument.option()?;
    let amount = instrument.amount(lots.into());
    let of = |greek: i64| billionths(greek).times(amount);
    Some((of(option.delta), of(option.gamma), of(option.theta), of(option.vega)))
}

/// Its average price by the fills that the view saw; by its cost, if the view is at another moment.
fn average(
    look: Look<'_>,
    account: AccountId,
    (instrument, position): (&InstrumentView, &PositionView),
) -> Fixed {
    let seen = look.view.account(account).map(|one| one.position(instrument.id()));
    match seen.filter(|seen| seen.size == position.size) {
        Some(seen) => instrument.average_of_entries(&seen),
        None => instrument.average_of_cost(position.size.0, position.cost),
    }
}

/// A position of nothing.
pub(crate) fn write_flat_position(
    out: &mut String,
    look: Look<'_>,
    account: AccountId,
    instrument: &InstrumentView,
) {
    let flat = PositionView {
        instrument: instrument.id(),
        size: types::SignedLots::ZERO,
        cost: Amount::ZERO,
        mark: instrument.mark().unwrap_or_default(),
        unrealised: Amount::ZERO,
        realised: Amount::ZERO,
        initial_margin: Amount::ZERO,
        maintenance_margin: Amount::ZERO,
        open_orders_margin: Amount::ZERO,
        liquidation_price: None,
    };
    write_position(out, look, account, &flat);
}

/// A future's size in base coin, signed, at the mark.
pub(crate) fn size_in_base(
    look: Look<'_>,
    instrument: &InstrumentView,
    position: &PositionView,
) -> Fixed {
    match instrument.spec().style {
        Style::Linear => instrument.amount(position.size.0.into()),
        Style::Inverse if position.mark.0 == 0 => Fixed::ZERO,
        Style::Inverse => {
            let value = instrument.value(position.mark, position.size.size());
            look.money(if position.size.0 < 0 { value.negated() } else { value })
        }
    }
}
