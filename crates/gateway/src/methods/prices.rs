//! Indexes, marks, funding and delivery prices.

use market_data::{Funding, Index};
use types::At;

use super::{now, over_domains, params, with_instrument};
use crate::call::{Answered, Call};
use crate::errors::{error, wrong};
use crate::objects::{
    Fixed, List, Look, Object, Scale, last_8h, rate, share, write_funding_hours, write_text,
};
use crate::publish::Market;
use crate::rpc::RpcError;

/// Delivery prices where no count is given, and the most there are in one answer.
const DELIVERIES: usize = 10;
const DELIVERIES_MAX: usize = 1_000;

// Indexes.

/// Finds the index that `index_name` names, and its domain.
pub(super) fn with_index<T>(
    market: &Market,
    name: &str,
    mut see: impl FnMut(Look<'_>, &Index) -> T,
) -> Result<T, RpcError> {
    for domain in market.domain_ids() {
        let found = market.look(domain, |look| {
            let index = look.view.indexes().iter().find(|index| index.name() == name)?;
            Some(see(look, index))
        });
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(wrong(
        "index_name",
        format!("{name:.40} is not an index: see public/get_index_price_names"),
    ))
}

pub(crate) fn get_index_price(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let name = params.needed("index_name", params.text("index_name")?)?;
    let (price, expected) = with_index(market, name, |look, index| {
        let next = next_expiry(look, index);
        (index.price(), next.map_or(index.price(), |expiry| index.expected(expiry)))
    })?;
    let Some((price, expected)) = price.zip(expected) else {
        return Err(error(13020, "not_found", format!("{name} has no price yet")));
    };
    now(|out| {
        let mut object = Object::new(out);
        object
            .number("index_price", Fixed::index(price))
            .number("estimated_delivery_price", Fixed::index(expected));
        object.end();
    })
}

pub(crate) fn get_index_price_names(market: &Market, call: &Call) -> Answered {
    let extended = params(call).is("extended")?;
    over_domains(market, market.domain_ids().collect(), |list, look| {
        for index in look.view.indexes() {
            if !extended {
                write_text(list.item(), index.name());
                continue;
            }
            let mut object = Object::new(list.item());
            object.word("name", index.name());
            object.flag("future_combo_creation_enabled", false);
            object.flag("option_combo_creation_enabled", false);
            object.end();
        }
    })
}

pub(crate) fn get_supported_index_names(market: &Market, _: &Call) -> Answered {
    over_domains(market, market.domain_ids().collect(), |list, look| {
        for index in look.view.indexes() {
            write_text(list.item(), index.name());
        }
    })
}

/// Hourly prices of an index.
pub(crate) fn get_index_chart_data(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let name = params.needed("index_name", params.text("index_name")?)?;
    let text = with_index(market, name, |_, index| {
        crate::publish::text(|out| {
            let mut list = List::new(out);
            for (at, price) in index.hours() {
                list.item().push_str(&format!("[{at},{}]", Fixed::index(price)));
            }
            list.end();
        })
    })?;
    now(|out| out.push_str(&text))
}

/// The next expiry of an index.
fn next_expiry(look: Look<'_>, index: &Index) -> Option<At> {
    let instruments = look.view.instruments().iter().filter(|one| one.index() == index.id());
    let expiries = instruments.filter_map(|one| one.spec().kind.expiry());
    expiries.filter(|expiry| look.view.at() < *expiry).min()
}

/// Delivery prices of the days on which something expired, newest first.
pub(crate) fn get_delivery_prices(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let name = params.needed("index_name", params.text("index_name")?)?;
    let skip = params.whole("offset")?.unwrap_or(0);
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let count = params.count(DELIVERIES, DELIVERIES_MAX)?;
    let text = with_index(market, name, |_, index| {
        crate::publish::text(|out| {
            let mut object = Object::new(out);
            let mut list = List::new(object.key("data"));
            for delivery in index.deliveries().rev().skip(skip).take(count) {
                let (year, month, day) = delivery.expiry.date();
                let mut row = Object::new(list.item());
                row.word("date", format_args!("{year:04}-{month:02}-{day:02}"))
                    .number("delivery_price", Fixed::index(delivery.price));
                row.end();
            }
            list.end();
            object.number("records_total", index.deliveries().count());
            object.end();
        })
    })?;
    now(|out| out.push_str(&text))
}

// Funding.

/// What accrued over a span: of minutes and hours that ended in it.
pub(crate) fn get_funding_rate_value(market: &Market, call: &Call) -> Answered {
    let (start, end) = span(call)?;
    with_instrument(market, call, |out, _, instrument| {
        let funding = instrument.funding();
        let sum = funding.map_or(0, |funding| funding.over_ppb(At(start), At(end)));
        out.push_str(&share(sum).to_string());
    })
}

pub(crate) fn get_funding_rate_history(market: &Market, call: &Call) -> Answered {
    let span = span(call)?;
    with_instrument(market, call, |out, _, instrument| {
        let mut list = List::new(out);
        if let Some(funding) = instrument.funding() {
            write_funding_hours(&mut list, funding, span);
        }
        list.end();
    })
}

fn span(call: &Call) -> Result<(u64, u64), RpcError> {
    let (start, end) = params(call).span()?;
    if start <= end {
        return Ok((start, end));
    }
    Err(wrong("end_timestamp", format!("{end} is before {start}: swap them")))
}

/// The hours of the last 8 hours, day or month.
pub(crate) fn get_funding_chart_data(market: &Market, call: &Call) -> Answered {
    let lengths = [("8h", 8), ("24h", 24), ("1m", 30 * 24)];
    let params = params(call);
    let hours = params.needed("length", params.choice("length", &lengths)?)?;
    with_instrument(market, call, |out, look, instrument| {
        let (funding, now) = (instrument.funding(), look.view.at());
        let since = now.0.saturating_sub(hours * 3_600_000);
        let mut object = Object::new(out);
        object
            .number("current_interest", rate(funding))
            .number("interest_8h", last_8h(funding, now));
        let mut list = List::new(object.key("data"));
        for hour in funding.into_iter().flat_map(Funding::hours) {
            let Some(funding) = funding.filter(|_| since < hour.end.0) else { continue };
            let mut row = Object::new(list.item());
            row.number("timestamp", hour.end)
                .number("index_price", Fixed::index(hour.index_price))
                .number("interest_8h", share(funding.over_8h_ppb(hour.end)));
            row.end();
        }
        list.end();
        object.end();
    })
}

// Marks.

/// One row a minute; a mark stands until the next row.
pub(crate) fn get_mark_price_history(market: &Market, call: &Call) -> Answered {
    let (start, end) = span(call)?;
    with_instrument(market, call, |out, _, instrument| {
        let mut list = List::new(out);
        for (at, mark) in instrument.marks().over(At(start), At(end)) {
            list.item().push_str(&format!("[{at},{}]", instrument.price(mark)));
        }
        list.end();
    })
}
