//! Market data.

use std::collections::BTreeSet;

use market_data::InstrumentView;

use super::{domains, kind, now, over_domains, params, with_instrument};
use crate::call::{Answered, Call};
use crate::errors::wrong;
use crate::objects::{
    Fixed, List, Look, Object, is_open, write_book, write_book_summary, write_currency,
    write_instrument, write_ticker,
};
use crate::publish::{KindFilter, Market};

/// Levels a side where no depth is asked for, and the most there are.
const DEPTH: u64 = 20;
const DEPTH_MAX: u64 = 10_000;

pub(crate) fn get_instruments(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let (kind, expired) = (kind(params)?, params.is("expired")?);
    over_domains(market, domains(market, params)?, |list, look| {
        for instrument in of_kind(look, kind) {
            if is_open(instrument, look.view.at()) != expired {
                write_instrument(list.item(), look, instrument);
            }
        }
    })
}

fn of_kind<'a>(look: Look<'a>, kind: KindFilter) -> impl Iterator<Item = &'a InstrumentView> {
    look.view.instruments().iter().filter(move |one| kind.takes(&one.spec().kind))
}

pub(crate) fn get_instrument(market: &Market, call: &Call) -> Answered {
    with_instrument(market, call, write_instrument)
}

pub(crate) fn get_currencies(market: &Market, _: &Call) -> Answered {
    now(|out| {
        let mut list = List::new(out);
        for domain in market.domains() {
            write_currency(list.item(), domain.asset, domain.decimals);
        }
        list.end();
    })
}

pub(crate) fn ticker(market: &Market, call: &Call) -> Answered {
    with_instrument(market, call, write_ticker)
}

pub(crate) fn get_order_book(market: &Market, call: &Call) -> Answered {
    let depth = params(call).whole("depth")?.unwrap_or(DEPTH);
    if depth == 0 {
        return Err(wrong("depth", format!("send between 1 and {DEPTH_MAX}")));
    }
    let depth = usize::try_from(depth.min(DEPTH_MAX)).unwrap_or(usize::MAX);
    with_instrument(market, call, |out, look, instrument| write_book(out, look, instrument, depth))
}

pub(crate) fn get_book_summary_by_currency(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    params.needed("currency", params.text("currency")?)?;
    let kind = kind(params)?;
    over_domains(market, domains(market, params)?, |list, look| {
        for instrument in of_kind(look, kind).filter(|one| is_open(one, look.view.at())) {
            write_book_summary(list.item(), look, instrument);
        }
    })
}

pub(crate) fn get_book_summary_by_instrument(market: &Market, call: &Call) -> Answered {
    with_instrument(market, call, |out, look, instrument| {
        let mut list = List::new(out);
        write_book_summary(list.item(), look, instrument);
        list.end();
    })
}

pub(crate) fn get_contract_size(market: &Market, call: &Call) -> Answered {
    with_instrument(market, call, |out, _, instrument| {
        let mut object = Object::new(out);
        object.number("contract_size", Fixed::steps(1, instrument.spec().contract_size));
        object.end();
    })
}

/// Expiries by currency and kind, as they stand in the names: `25DEC26`, `PERPETUAL`.
pub(crate) fn get_expirations(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let kinds = [("future", KindFilter::Future), ("option", KindFilter::Option)];
    let wanted = params.choice("kind", &[kinds[0], kinds[1], ("any", KindFilter::Any)])?;
    let wanted = wanted.unwrap_or(KindFilter::Any);
    let domains = match params.text("currency")? {
        Some("grouped") => market.domain_ids().collect(),
        _ => domains(market, params)?,
    };
    now(|out| {
        let mut object = Object::new(out);
        for domain in domains {
            market.look(domain, |look| {
                let key = look.asset().to_string().to_lowercase();
                let mut inner = Object::new(object.key(&key));
                for (word, kind) in kinds {
                    if wanted == KindFilter::Any || wanted == kind {
                        write_expiries(inner.key(word), look, kind);
                    }
                }
                inner.end();
            });
        }
        object.end();
    })
}

fn write_expiries(out: &mut String, look: Look<'_>, kind: KindFilter) {
    let open = of_kind(look, kind).filter(|one| is_open(one, look.view.at()));
    let expiries: BTreeSet<(u64, &str)> = open
        .filter_map(|one| {
            let expiry = one.spec().kind.expiry().map_or(u64::MAX, |at| at.0);
            Some((expiry, one.name().split('-').nth(1)?))
        })
        .collect();
    let mut list = List::new(out);
    for (_, name) in expiries {
        crate::objects::write_text(list.item(), name);
    }
    list.end();
}

/// Volumes of 24 hours: base coin.
pub(crate) fn get_trade_volumes(market: &Market, _: &Call) -> Answered {
    over_domains(market, market.domain_ids().collect(), |list, look| {
        let mut object = Object::new(list.item());
        object.word("currency", look.asset());
        let volume = |fits: fn(&InstrumentView) -> bool| {
            let instruments = look.view.instruments().iter().filter(|one| fits(one));
            let days =
                instruments.filter_map(|one| Some((one, one.candles().last_day(look.view.at())?)));
            let volumes = days.map(|(one, day)| crate::objects::volume_and_cost(look, one, &day).0);
            volumes.fold(Fixed::ZERO, Fixed::plus)
        };
        object
            .number("calls_volume", volume(|one| is_right(one, types::OptionRight::Call)))
            .number("puts_volume", volume(|one| is_right(one, types::OptionRight::Put)))
            .number("futures_volume", volume(|one| !one.spec().kind.is_option()))
            .number("spot_volume", 0);
        object.end();
    })
}

fn is_right(instrument: &InstrumentView, wanted: types::OptionRight) -> bool {
    matches!(instrument.spec().kind, types::Kind::Option { right, .. } if right == wanted)
}

/// Announcements, combos: there are none.
pub(crate) fn nothing(_: &Market, _: &Call) -> Answered {
    now(|out| out.push_str("[]"))
}
