//! Candles.

use types::At;

use super::{now, params, place};
use crate::call::{Answered, Call};
use crate::errors::wrong;
use crate::objects::{List, Object, Scale, volume_and_cost};
use crate::publish::{Market, RESOLUTIONS};

/// Candles in one answer (api.md §7.2).
const CANDLES_MAX: usize = 5_000;

pub(crate) fn get_tradingview_chart_data(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let place = place(market, params)?;
    let length_ms = params.choice("resolution", RESOLUTIONS)?;
    let length_ms = params.needed("resolution", length_ms)?;
    let (start, end) = params.span()?;
    if end < start {
        return Err(wrong("end_timestamp", format!("{end} is before {start}: swap them")));
    }
    now(|out| {
        market.look(place.domain, |look| {
            let Some(instrument) = look.view.instrument(place.instrument) else { return };
            let end = end.min(look.view.at().0);
            let candles = if end < start {
                Vec::new()
            } else {
                instrument.candles().over(length_ms, (At(start), At(end)), CANDLES_MAX)
            };
            let mut object = Object::new(out);
            object.word("status", if candles.is_empty() { "no_data" } else { "ok" });
            let mut column = |key: &str, value: &dyn Fn(&market_data::Candle) -> String| {
                let mut list = List::new(object.key(key));
                candles.iter().for_each(|candle| list.item().push_str(&value(candle)));
                list.end();
            };
            let price = |ticks| instrument.price(ticks).to_string();
            column("ticks", &|candle| candle.start.to_string());
            column("open", &|candle| price(candle.open));
            column("high", &|candle| price(candle.high));
            column("low", &|candle| price(candle.low));
            column("close", &|candle| price(candle.close));
            column("volume", &|candle| volume_and_cost(look, instrument, candle).0.to_string());
            column("cost", &|candle| volume_and_cost(look, instrument, candle).1.to_string());
            object.end();
        });
    })
}
