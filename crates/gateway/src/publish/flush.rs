//! What a channel says when its interval is over, and what it says to those who join.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use market_data::InstrumentView;
use types::{At, InstrumentId, Side, Ticks};

use super::channels::{Channel, Gathered};
use super::replies::text;
use super::topics::{Interval, Topic, UserTopic};
use crate::objects::{
    Labels, List, Look, Object, Scale, belongs_to, order_text, write_any_order, write_chart_candle,
    write_expiration, write_index, write_level, write_option_marks, write_perpetual,
    write_quote_fields, write_ticker, write_trade, write_user_trade,
};

/// Changes of a user that wait for the engine's numbers of positions.
pub(crate) struct Waiting {
    pub(crate) instrument: InstrumentId,
    /// `"orders":[…],"trades":[…]`
    pub(crate) changes: String,
}

/// Says what a channel has gathered. What needs numbers of the engine is returned.
pub(crate) fn flush(channel: &mut Channel, look: Look<'_>, now: At) -> Vec<Waiting> {
    if matches!(channel.topic, Topic::PriceFeed(_)) {
        // What it has gathered waits for the engine's answer.
        return Vec::new();
    }
    let mut gathered = std::mem::take(&mut channel.gathered);
    // Ids rise in time: each order is told once, the oldest first.
    gathered.orders.sort_unstable();
    gathered.orders.dedup();
    match channel.topic {
        Topic::Book(id) => flush_book(channel, look, id, &gathered),
        Topic::GroupedBook(id, step, depth) => {
            let data = with(look, id, |market| grouped(market, step, depth));
            tell_if_new(channel, data, |data| sides_of(data).to_owned());
        }
        Topic::Ticker(id) => {
            let data = with(look, id, |market| text(|out| write_ticker(out, look, market)));
            if let Some(data) = data {
                channel.tell(&data);
            }
        }
        Topic::IncrementalTicker(id) => flush_incremental(channel, look, id),
        Topic::Quote(id) => flush_quote(channel, look, id),
        Topic::Trades(_) => {
            let data = text(|out| {
                let mut list = List::new(out);
                for trade in &gathered.trades {
                    write_trade(list.item(), look, trade);
                }
                list.end();
            });
            channel.tell(&data);
        }
        Topic::Chart(id, length_ms) => flush_chart(channel, look, (id, length_ms), now),
        Topic::Perpetual(id) => {
            let data = with(look, id, |market| text(|out| write_perpetual(out, look, market)));
            channel.tell(&data.unwrap_or_default());
        }
        Topic::Index(id) => {
            if let Some(index) = look.view.index(id) {
                channel.tell(&text(|out| write_index(out, index)));
            }
        }
        Topic::OptionMarks(id) => {
            channel.tell(&text(|out| write_option_marks(out, look, id)));
        }
        Topic::Expiration(id) => {
            if let Some(index) = look.view.index(id) {
                channel.tell(&text(|out| write_expiration(out, look, index)));
            }
        }
        Topic::Auction(_)
        | Topic::InstrumentState(_)
        | Topic::MmpTrigger(_)
        | Topic::Liquidation
        | Topic::Stream
        | Topic::Announcements
        | Topic::Platform => {
            for data in &gathered.texts {
                channel.tell(data);
            }
        }
        Topic::User(UserTopic::Orders, _) => flush_orders(channel, look, &gathered),
        Topic::User(UserTopic::Trades, _) => {
            if let Some(data) = own_trades(channel, look, &gathered, None) {
                channel.tell(&data);
            }
        }
        Topic::User(UserTopic::Changes, _) => return flush_changes(channel, look, &gathered),
        Topic::Portfolio | Topic::PriceFeed(_) | Topic::Quiet => {}
    }
    Vec::new()
}

/// What a channel says to the one who joined last. Its own interval must have been flushed before.
pub(crate) fn greet(channel: &mut Channel, look: Look<'_>, now: At) {
    let data = match channel.topic {
        Topic::Book(id) => {
            let first = channel.subscribers.len() == 1;
            if first {
                channel.change =
                    with(look, id, |market| market.book().change()).unwrap_or_default();
            }
            let change = channel.change;
            with(look, id, |market| book_snapshot(market, change.0))
        }
        Topic::GroupedBook(id, step, depth) => {
            let data = with(look, id, |market| grouped(market, step, depth));
            channel.told = data.as_deref().map(sides_of).unwrap_or_default().to_owned();
            data
        }
        Topic::Ticker(id) => with(look, id, |market| text(|out| write_ticker(out, look, market))),
        Topic::IncrementalTicker(id) => {
            let data = with(look, id, |market| text(|out| write_ticker(out, look, market)));
            channel.told = data.clone().unwrap_or_default();
            data.map(|data| data.replacen('{', r#"{"type":"snapshot","#, 1))
        }
        Topic::Quote(id) => with(look, id, |market| quote(look, market)),
        Topic::Chart(id, length_ms) => {
            current_candle(look, (id, length_ms), now).map(|(start, data)| {
                channel.change = types::Seq(start.0);
                data
            })
        }
        Topic::Perpetual(id) => {
            with(look, id, |market| text(|out| write_perpetual(out, look, market)))
        }
        Topic::Index(id) => look.view.index(id).map(|index| text(|out| write_index(out, index))),
        Topic::OptionMarks(id) => Some(text(|out| write_option_marks(out, look, id))),
        Topic::Expiration(id) => {
            look.view.index(id).map(|index| text(|out| write_expiration(out, look, index)))
        }
        Topic::Trades(_)
        | Topic::Auction(_)
        | Topic::InstrumentState(_)
        | Topic::Announcements
        | Topic::Platform
        | Topic::PriceFeed(_)
        | Topic::User(..)
        | Topic::Portfolio
        | Topic::Stream
        | Topic::MmpTrigger(_)
        | Topic::Liquidation
        | Topic::Quiet => None,
    };
    if let Some(data) = data {
        channel.tell_last(&data);
    }
}

fn with<T>(look: Look<'_>, id: InstrumentId, say: impl FnOnce(&InstrumentView) -> T) -> Option<T> {
    look.view.instrument(id).map(say)
}

fn flush_quote(channel: &mut Channel, look: Look<'_>, id: InstrumentId) {
    let Some(market) = look.view.instrument(id) else { return };
    let fields = text(|out| {
        let mut object = Object::new(out);
        write_quote_fields(&mut object, market);
        object.end();
    });
    if fields != channel.told {
        channel.told = fields;
        channel.tell(&quote(look, market));
    }
}

fn tell_if_new(channel: &mut Channel, data: Option<String>, key: impl Fn(&str) -> String) {
    let Some(data) = data else { return };
    let key = key(&data);
    if key != channel.told {
        channel.told = key;
        channel.tell(&data);
    }
}

fn sides_of(data: &str) -> &str {
    data.find("\"bids\"").and_then(|at| data.get(at..)).unwrap_or(data)
}

fn book_snapshot(market: &InstrumentView, change: u64) -> String {
    text(|out| {
        let mut object = Object::new(out);
        object
            .word("type", "snapshot")
            .number("timestamp", market.book().changed_at())
            .word("instrument_name", market.name())
            .number("change_id", change);
        for (key, side) in [("bids", Side::Bid), ("asks", Side::Ask)] {
            let mut list = List::new(object.key(key));
            for (price, lots) in market.book().levels(side) {
                write_step(list.item(), market, "new", (price, lots));
            }
            list.end();
        }
        object.end();
    })
}

fn write_step(
    out: &mut String,
    market: &InstrumentView,
    action: &str,
    (price, lots): (Ticks, u64),
) {
    use std::fmt::Write;
    let (price, amount) = (market.price(price), market.amount(lots.into()));
    let _ = write!(out, "[\"{action}\",{price},{amount}]");
}

/// The net change of each level since the last message; nothing if there is none.
fn flush_book(channel: &mut Channel, look: Look<'_>, id: InstrumentId, gathered: &Gathered) {
    let Some(market) = look.view.instrument(id) else { return };
    let book = market.book();
    let net: Vec<(Side, Ticks, u64, u64)> = gathered
        .levels
        .iter()
        .map(|(&(side, price), &before)| (side, price, before, book.at(side, price)))
        .filter(|(_, _, before, after)| before != after)
        .collect();
    if net.is_empty() {
        return;
    }
    let prev = std::mem::replace(&mut channel.change, book.change());
    let data = text(|out| {
        let mut object = Object::new(out);
        object
            .word("type", "change")
            .number("timestamp", book.changed_at())
            .word("instrument_name", market.name())
            .number("prev_change_id", prev)
            .number("change_id", book.change());
        for (key, wanted) in [("bids", Side::Bid), ("asks", Side::Ask)] {
            let mut list = List::new(object.key(key));
            for &(side, price, before, after) in &net {
                if side == wanted {
                    let action = match (before, after) {
                        (0, _) => "new",
                        (_, 0) => "delete",
                        _ => "change",
                    };
                    write_step(list.item(), market, action, (price, after));
                }
            }
            list.end();
        }
        object.end();
    });
    channel.tell(&data);
}

/// The best `depth` levels a side, put together on multiples of `step`: bids down, asks up.
fn grouped(market: &InstrumentView, step: u32, depth: usize) -> String {
    text(|out| {
        let mut object = Object::new(out);
        object
            .number("timestamp", market.book().changed_at())
            .word("instrument_name", market.name())
            .number("change_id", market.book().change());
        for (key, side) in [("bids", Side::Bid), ("asks", Side::Ask)] {
            let mut list = List::new(object.key(key));
            for level in group_levels(market, side, step, depth) {
                write_level(list.item(), market, level);
            }
            list.end();
        }
        object.end();
    })
}

fn group_levels(market: &InstrumentView, side: Side, step: u32, depth: usize) -> Vec<(Ticks, u64)> {
    let mut groups: Vec<(Ticks, u64)> = Vec::new();
    for (price, lots) in market.book().levels(side) {
        let price = match side {
            Side::Bid => Ticks(price.0 - price.0 % step),
            Side::Ask => Ticks(price.0.div_ceil(step) * step),
        };
        let is_full = groups.len() == depth;
        match groups.last_mut().filter(|(last, _)| *last == price) {
            Some((_, sum)) => *sum += lots,
            None if is_full => break,
            None => groups.push((price, lots)),
        }
    }
    groups
}

fn quote(look: Look<'_>, market: &InstrumentView) -> String {
    text(|out| {
        let mut object = Object::new(out);
        object.word("instrument_name", market.name()).number("timestamp", look.view.at());
        write_quote_fields(&mut object, market);
        object.end();
    })
}

/// The fields of the ticker that differ from what was last told.
fn flush_incremental(channel: &mut Channel, look: Look<'_>, id: InstrumentId) {
    let Some(market) = look.view.instrument(id) else { return };
    let now = text(|out| write_ticker(out, look, market));
    let before = fields(&channel.told);
    let mut changed = Map::new();
    for (key, value) in fields(&now) {
        if before.get(&key) != Some(&value) && key != "timestamp" {
            changed.insert(key, value);
        }
    }
    channel.told = now;
    if changed.is_empty() {
        return;
    }
    changed.insert("type".to_owned(), Value::from("change"));
    changed.insert("instrument_name".to_owned(), Value::from(market.name()));
    changed.insert("timestamp".to_owned(), Value::from(look.view.at().0));
    channel.tell(&Value::Object(changed).to_string());
}

fn fields(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The candle in which `now` lies; `None` before the first trade.
fn current_candle(
    look: Look<'_>,
    (id, length_ms): (InstrumentId, u64),
    now: At,
) -> Option<(At, String)> {
    let market = look.view.instrument(id)?;
    let start = At(now.0 - now.0 % length_ms);
    let candles = market.candles().over(length_ms, (start, now), 1);
    let candle = candles.first()?;
    Some((candle.start, text(|out| write_chart_candle(out, look, market, candle))))
}

fn flush_chart(channel: &mut Channel, look: Look<'_>, which: (InstrumentId, u64), now: At) {
    if let Some((start, data)) = current_candle(look, which, now) {
        channel.change = types::Seq(start.0);
        channel.tell(&data);
    }
}

fn flush_orders(channel: &mut Channel, look: Look<'_>, gathered: &Gathered) {
    let mut texts = gathered.orders.iter().filter_map(|id| order_text(look, *id));
    if channel.interval == Interval::Raw {
        let texts: Vec<String> = texts.collect();
        texts.iter().for_each(|data| channel.tell(data));
        return;
    }
    let Some(first) = texts.next() else { return };
    let mut data = format!("[{first}");
    for one in texts {
        data.push(',');
        data.push_str(&one);
    }
    data.push(']');
    channel.tell(&data);
}

/// The trades that were gathered, of one instrument or of all; `None` if there are none.
fn own_trades(
    channel: &Channel,
    look: Look<'_>,
    gathered: &Gathered,
    only: Option<InstrumentId>,
) -> Option<String> {
    let id = channel.account?;
    let account = look.view.account(id)?;
    let trades = gathered.user_trades.iter().filter_map(|&trade| account.trade(trade));
    let mut trades =
        trades.filter(|own| only.is_none_or(|only| own.trade.instrument == only)).peekable();
    trades.peek()?;
    Some(text(|out| {
        let mut list = List::new(out);
        trades.for_each(|own| write_user_trade(list.item(), look, (id, own), Labels::IfAny));
        list.end();
    }))
}

/// One message for each instrument; those with positions wait for the engine's numbers.
fn flush_changes(channel: &mut Channel, look: Look<'_>, gathered: &Gathered) -> Vec<Waiting> {
    let mut orders: BTreeMap<InstrumentId, String> = BTreeMap::new();
    for id in &gathered.orders {
        let Some((_, instrument)) = belongs_to(look, *id) else { continue };
        let list = orders.entry(instrument).or_default();
        if !list.is_empty() {
            list.push(',');
        }
        write_any_order(list, look, *id);
    }
    for id in &gathered.positions {
        orders.entry(*id).or_default();
    }
    let mut waiting = Vec::new();
    for (instrument, orders) in orders {
        let trades = own_trades(channel, look, gathered, Some(instrument));
        let trades = trades.as_deref().unwrap_or("[]");
        let changes = format!(r#""orders":[{orders}],"trades":{trades}"#);
        if gathered.positions.contains(&instrument) {
            waiting.push(Waiting { instrument, changes });
        } else {
            channel.tell(&changes_message(look, instrument, &changes, ""));
        }
    }
    waiting
}

/// The notification of `user.changes.*`.
pub(crate) fn changes_message(
    look: Look<'_>,
    instrument: InstrumentId,
    changes: &str,
    position: &str,
) -> String {
    let name = with(look, instrument, |market| market.name().to_owned()).unwrap_or_default();
    format!(r#"{{"instrument_name":"{name}",{changes},"positions":[{position}]}}"#)
}
