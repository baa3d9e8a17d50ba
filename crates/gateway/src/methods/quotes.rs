//! Mass quotes.

use serde_json::{Map, Value};

use types::{Command, MassQuote, MmpGroup, Quote, Side};

use super::protection::group;
use super::trading::{grounded, label, one, valid_until};
use super::{me, params, place_of};
use crate::call::{Answered, Call, Reply};
use crate::errors::{error, wrong};
use crate::params::Params;
use crate::publish::{Market, Place};
use crate::rpc::RpcError;
use crate::venue::Class;

/// Replaces the quotes of a group: `quotes` is a list of `{instrument_name, bid: {price, amount},
/// ask: {price, amount}}`, of one margin domain. An amount of 0 takes a quote away.
pub(crate) fn mass_quote(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    if call.session.is_none() {
        let reason = "quotes need private/enable_cancel_on_disconnect on this socket";
        return Err(error(13042, "cod_not_enabled", reason));
    }
    let group: MmpGroup = group(params)?;
    let list = match params.get("quotes") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => return Err(wrong("quotes", "send a list of quotes")),
    };
    let mut quotes = Vec::with_capacity(list.len() * 2);
    let mut domain = None;
    for item in list {
        let Value::Object(item) = item else { return Err(wrong("quotes", "send objects")) };
        let place = read_quote(market, item, &mut quotes)?;
        if *domain.get_or_insert(place.domain) != place.domain {
            return Err(wrong("quotes", "quotes of one request settle in one currency"));
        }
    }
    let Some(domain) = domain else { return Err(wrong("quotes", "send a list of quotes")) };
    let set = MassQuote {
        account,
        group,
        quotes,
        label: label(params)?,
        valid_until: valid_until(params)?,
        session: call.session,
    };
    one(domain, Class::Order, Command::MassQuote(Box::new(set)), Reply::Quotes)
}

fn read_quote(
    market: &Market,
    item: &Map<String, Value>,
    quotes: &mut Vec<Quote>,
) -> Result<Place, RpcError> {
    let params = Params(item);
    let name = params.needed("instrument_name", params.text("instrument_name")?)?;
    let place = place_of(market, name)?;
    for (key, side) in [("bid", Side::Bid), ("ask", Side::Ask)] {
        let Some(Value::Object(of_side)) = params.get(key) else { continue };
        let of_side = Params(of_side);
        let (price, size) = grounded(market, place, |ground| {
            let price = of_side.needed("price", of_side.price("price", ground)?)?;
            Ok((price, of_side.needed("amount", of_side.size(ground)?)?))
        })?;
        quotes.push(Quote { instrument: place.instrument, side, price, size });
    }
    Ok(place)
}
