//! Volatility that was: of an index, over the days before.
//!
//! As upstream defines it: once a day, at a fixed hour, one looks at the index; the volatility of
//! 15 such days is that of a year. So each row is `100 √365 s`, where `s` is the standard deviation
//! (of a sample: over 14) of the 15 logarithms of the index over the index a day before. There is
//! a row for every hour that has 15 days before it, and none before that. These are statistics for
//! people: nothing of the venue depends on them.
//!
//! There is no volatility index: what upstream makes out of a strip of options is not made here, so
//! its history is empty, and its channel is not there.

use types::{At, IndexPrice};

use super::{domain, now, params};
use crate::call::{Answered, Call};
use crate::objects::List;
use crate::publish::Market;

const HOUR_MS: u64 = 3_600_000;
/// Hours between two looks.
const DAY: usize = 24;
/// Days in one volatility.
const DAYS: usize = 15;

/// Rows `[ms, percent]`, one an hour, oldest first: of the index of the currency itself.
pub(crate) fn get_historical_volatility(market: &Market, call: &Call) -> Answered {
    let domain = domain(market, params(call))?;
    let rows = market.look(domain, |look| {
        let mut indexes = look.view.indexes().iter();
        let index = indexes.find(|index| index.base() == look.view.asset())?;
        Some(realised(index.hours(), look.view.at()))
    });
    now(|out| {
        let mut list = List::new(out);
        for (at, percent) in rows.unwrap_or_default() {
            list.item().push_str(&format!("[{at},{percent:.4}]"));
        }
        list.end();
    })
}

pub(crate) fn get_volatility_index_data(market: &Market, call: &Call) -> Answered {
    domain(market, params(call))?;
    now(|out| out.push_str(r#"{"data":[],"continuation":null}"#))
}

/// The volatility at each hour until `until`, in percent. An hour without a price has the one
/// before it.
fn realised(hours: impl Iterator<Item = (At, IndexPrice)>, until: At) -> Vec<(At, f64)> {
    let prices = every_hour(hours, until);
    let at = |nth: usize| prices.get(nth).map_or(1.0, |(_, price)| *price);
    (DAYS * DAY..prices.len())
        .filter_map(|nth| {
            let returns =
                (0..DAYS).map(|day| (at(nth - day * DAY) / at(nth - (day + 1) * DAY)).ln());
            let (start, _) = prices.get(nth)?;
            Some((*start, deviation(&returns.collect::<Vec<f64>>()) * 365_f64.sqrt() * 100.0))
        })
        .collect()
}

fn every_hour(hours: impl Iterator<Item = (At, IndexPrice)>, until: At) -> Vec<(At, f64)> {
    let mut prices: Vec<(At, f64)> = Vec::new();
    let fill = |until: At, prices: &mut Vec<(At, f64)>| {
        while let Some(&(last, price)) = prices.last()
            && last.plus_ms(HOUR_MS) < until
        {
            prices.push((last.plus_ms(HOUR_MS), price));
        }
    };
    for (start, price) in hours {
        fill(start, &mut prices);
        prices.push((start, number(price)));
    }
    fill(until, &mut prices);
    prices
}

/// Only ratios count, and 15 digits of them are more than enough.
#[expect(clippy::cast_precision_loss, reason = "a statistic, not a price")]
fn number(price: IndexPrice) -> f64 {
    price.0.max(1) as f64
}

/// Of a sample.
fn deviation(numbers: &[f64]) -> f64 {
    let count = f64::from(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
    let mean = numbers.iter().sum::<f64>() / count;
    let squares = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>();
    (squares / (count - 1.0)).sqrt()
}

#[cfg(test)]
mod tests;
