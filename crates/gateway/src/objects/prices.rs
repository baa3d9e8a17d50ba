//! What the venue makes of prices: volatilities and Greeks of options, funding, estimates of
//! delivery prices.
//!
//! An option's underlying is the future of its expiry, by its mark, where one is listed; the index
//! where not. Rates of funding are shares of a position's value: 0.0001 is one basis point.

use market_data::{Funding, Index, InstrumentView, Life};
use types::{At, IndexPrice, Kind, OptionMark};

use super::{Fixed, List, Look, Object, Scale};

/// Decimals of a Greek, and of a rate of funding.
const BILLIONTHS: u32 = 9;

/// `underlying_price` and the fields after it of an option; funding of a perpetual; the delivery
/// price of what is over.
pub(super) fn write_price_fields(
    object: &mut Object<'_>,
    look: Look<'_>,
    instrument: &InstrumentView,
) {
    object.number("estimated_delivery_price", estimated(look, instrument));
    if let Some((price, _)) = instrument.delivered() {
        object.number("delivery_price", Fixed::index(price));
    }
    match instrument.spec().kind {
        Kind::Option { .. } => write_option_fields(object, look, instrument),
        Kind::Perpetual => write_funding_fields(object, look, instrument),
        Kind::Future { .. } => {}
    }
}

/// The delivery price as it would be now; of what is over, as it was.
fn estimated(look: Look<'_>, instrument: &InstrumentView) -> Fixed {
    if let Some((price, _)) = instrument.delivered() {
        return Fixed::index(price);
    }
    let index = look.view.index(instrument.index());
    let expiry = instrument.spec().kind.expiry();
    let price = match expiry {
        Some(expiry) => index.and_then(|index| index.expected(expiry)),
        None => index.and_then(Index::price),
    };
    price.map_or(Fixed::ZERO, Fixed::index)
}

fn write_option_fields(object: &mut Object<'_>, look: Look<'_>, instrument: &InstrumentView) {
    match forward(look, instrument) {
        Some(future) => {
            let price = future.mark().map_or(Fixed::ZERO, |mark| future.price(mark));
            object.number("underlying_price", price).word("underlying_index", future.name());
        }
        None => {
            let index = look.index_price(instrument).map_or(Fixed::ZERO, Fixed::index);
            object.number("underlying_price", index).word("underlying_index", "index_price");
        }
    }
    object.number("interest_rate", 0);
    if let Some(option) = instrument.option() {
        object.number("mark_iv", percent(option.iv_ppm));
    }
}

/// The greeks of an option that was priced.
pub(super) fn write_greeks(object: &mut Object<'_>, instrument: &InstrumentView) {
    let Some(option) = instrument.option() else { return };
    let OptionMark { delta, gamma, vega, theta, rho, .. } = *option;
    let mut greeks = Object::new(object.key("greeks"));
    for (key, greek) in
        [("delta", delta), ("gamma", gamma), ("vega", vega), ("theta", theta), ("rho", rho)]
    {
        greeks.number(key, billionths(greek));
    }
    greeks.end();
}

/// The future of an option's index and expiry, if it is listed and has a mark.
fn forward<'a>(look: Look<'a>, option: &InstrumentView) -> Option<&'a InstrumentView> {
    let expiry = option.spec().kind.expiry()?;
    let mut futures = look.view.instruments().iter();
    futures.find(|one| {
        let is_future = matches!(one.spec().kind, Kind::Future { expiry: its } if its == expiry);
        is_future && one.index() == option.index() && one.mark().is_some()
    })
}

fn write_funding_fields(object: &mut Object<'_>, look: Look<'_>, instrument: &InstrumentView) {
    let funding = instrument.funding();
    object
        .number("current_funding", rate(funding))
        .number("funding_8h", last_8h(funding, look.view.at()))
        .number("interest_value", share(funding.map_or(0, Funding::total_ppb)));
}

/// The 8-hour rate that was told last.
pub(crate) fn rate(funding: Option<&Funding>) -> Fixed {
    share(funding.map_or(0, Funding::rate_ppb))
}

/// What accrued in the last 8 hours.
pub(crate) fn last_8h(funding: Option<&Funding>, now: At) -> Fixed {
    share(funding.map_or(0, |funding| funding.over_8h_ppb(now)))
}

/// Billionths of a position's value, as a number.
pub(crate) fn share(ppb: i64) -> Fixed {
    billionths(ppb)
}

pub(super) fn billionths(number: i64) -> Fixed {
    Fixed::new(number.into(), BILLIONTHS)
}

/// Millionths as a percentage.
fn percent(ppm: u32) -> Fixed {
    Fixed::new(ppm.into(), 4)
}

/// Hours of funding that are over, as `get_funding_rate_history` lists them.
pub(crate) fn write_funding_hours(list: &mut List<'_>, funding: &Funding, (from, to): (u64, u64)) {
    let mut prev: Option<IndexPrice> = None;
    for hour in funding.hours() {
        let before = prev.replace(hour.index_price).unwrap_or(hour.index_price);
        if !(from..=to).contains(&hour.end.0) {
            continue;
        }
        let mut row = Object::new(list.item());
        row.number("timestamp", hour.end)
            .number("index_price", Fixed::index(hour.index_price))
            .number("prev_index_price", Fixed::index(before))
            .number("interest_1h", share(hour.interest_ppb))
            .number("interest_8h", share(funding.over_8h_ppb(hour.end)));
        row.end();
    }
}

/// The notification of `perpetual.*`.
pub(crate) fn write_perpetual(out: &mut String, look: Look<'_>, instrument: &InstrumentView) {
    let mut object = Object::new(out);
    object
        .number("interest", rate(instrument.funding()))
        .number("index_price", look.index_price(instrument).map_or(Fixed::ZERO, Fixed::index))
        .number("timestamp", look.view.at());
    object.end();
}

/// The notification of `markprice.options.*`: every option of an index that is open and priced.
/// The volatility is a share of one here, as upstream sends it, and a percentage in a ticker.
pub(crate) fn write_option_marks(out: &mut String, look: Look<'_>, index: types::IndexId) {
    let now = look.view.at();
    let mut list = List::new(out);
    for instrument in look.view.instruments() {
        let is_of_index = instrument.index() == index && instrument.life(now) == Life::Open;
        let Some((option, mark)) = instrument.option().zip(instrument.mark()) else { continue };
        if !is_of_index {
            continue;
        }
        let mut row = Object::new(list.item());
        row.word("instrument_name", instrument.name())
            .number("mark_price", instrument.price(mark))
            .number("iv", Fixed::ppm(option.iv_ppm.into()))
            .number("timestamp", now);
        row.end();
    }
    list.end();
}

/// The notification of `estimated_expiration_price.*`: of the next expiry of an index. Without one
/// it is the index, and there is nothing to count.
pub(crate) fn write_expiration(out: &mut String, look: Look<'_>, index: &Index) {
    let now = look.view.at();
    let instruments = look.view.instruments().iter().filter(|one| one.index() == index.id());
    let expiries = instruments.filter_map(|one| one.spec().kind.expiry());
    let next = expiries.filter(|expiry| now < *expiry).min();
    let window = next.and_then(|expiry| index.window(expiry));
    let price = next.map_or_else(|| index.price(), |expiry| index.expected(expiry));
    let seconds = next.map_or(0, |expiry| expiry.ms_since(now) / 1_000);
    let mut object = Object::new(out);
    object
        .number("price", price.map_or(Fixed::ZERO, Fixed::index))
        .number("seconds", seconds)
        .flag("is_estimated", window.is_some());
    if let Some((left, total)) = window.map(market_data::Window::slots) {
        object.number("left_ticks", left).number("total_ticks", total);
    }
    object.end();
}

/// The notification of `platform_state`: whether an index is locked.
pub(crate) fn write_platform(out: &mut String, (index, is_locked): (&str, bool)) {
    let mut object = Object::new(out);
    object.word("price_index", index).flag("locked", is_locked);
    object.end();
}
