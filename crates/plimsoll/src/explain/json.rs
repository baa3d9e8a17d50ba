//! A liquidation as JSON: the same as the words, for programs.

use serde_json::{Value, json};
use types::{
    FeedView, LiquidationAction, LiquidationEnd, LiquidationStep, Lots, MarginSnapshot, Standing,
    Ticks,
};

use super::case::{Held, Item, Moment, Told};
use super::words::action;
use crate::log::words::{Words, health, named, priced};

/// The whole story on one line. Money, prices and sizes are texts of decimal numbers.
pub fn case(told: &Told) -> Value {
    let Told { case, words, upto } = told;
    let end = case.end.as_ref().map(|(at, how, margin)| {
        let how = match how {
            LiquidationEnd::Recovered => "recovered",
            LiquidationEnd::Flat => "flat",
        };
        json!({ "seq": at.seq.0, "at": at.at.0, "how": how, "margin": margins(margin, words) })
    });
    json!({
        "account": case.account.0,
        "domain": words.asset(),
        "begun": moment(case.begun),
        "margin": margins(&case.margin, words),
        "positions": case.positions.iter().map(|held| position(held, words)).collect::<Vec<_>>(),
        "feeds": case.feeds.iter().map(feed).collect::<Vec<_>>(),
        "steps": case.items.iter().map(|one| item(one, told)).collect::<Vec<_>>(),
        "end": end,
        "read_up_to": upto.0,
    })
}

fn moment(moment: Moment) -> Value {
    json!({ "seq": moment.seq.0, "at": moment.at.0 })
}

fn margins(margin: &MarginSnapshot, words: &Words) -> Value {
    json!({
        "collateral": words.coins(margin.collateral),
        "equity": words.coins(margin.equity),
        "initial": words.coins(margin.initial),
        "maintenance": words.coins(margin.maintenance),
    })
}

fn position(held: &Held, words: &Words) -> Value {
    let id = held.instrument;
    json!({
        "instrument": words.name(id),
        "size": words.signed(id, held.size),
        "average_price": held.entry.map(priced),
        "mark": words.price(id, held.mark),
        "index": priced(held.index_price),
        "profit": words.coins(held.profit),
        "maintenance": words.coins(held.maintenance),
        "changed": held.changed.map(|(at, mark)| {
            json!({ "seq": at.seq.0, "at": at.at.0, "mark": words.price(id, mark) })
        }),
    })
}

fn feed(feed: &FeedView) -> Value {
    let live = feed.seats.iter().filter(|seat| seat.standing == Standing::Live).count();
    json!({
        "index": named(feed.pair),
        "health": health(feed.health),
        "price": priced(feed.price),
        "seats": feed.seats.len(),
        "live": live,
        "since": feed.since.0,
        "reason": feed.reason.map(|reason| reason.to_string()),
    })
}

fn item(item: &Item, told: &Told) -> Value {
    match item {
        Item::Step { moment: at, step, fills } => {
            let mut told_step = numbers(step, fills, &told.words);
            let said = action(step, fills, &told.case.terms, &told.words);
            told_step["seq"] = json!(at.seq.0);
            told_step["at"] = json!(at.at.0);
            told_step["before"] = margins(&step.before, &told.words);
            told_step["after"] = margins(&step.after, &told.words);
            told_step["text"] = json!(said.join(" "));
            told_step
        }
        Item::Feed { moment: at, index, turned: (from, to), reason } => json!({
            "what": "feed_changed",
            "seq": at.seq.0,
            "at": at.at.0,
            "index": index,
            "from": health(*from),
            "to": health(*to),
            "rules": ["LIQ-2"],
            "text": reason.to_string(),
        }),
    }
}

fn numbers(step: &LiquidationStep, fills: &[(Ticks, Lots)], words: &Words) -> Value {
    match &step.action {
        LiquidationAction::OrdersCancelled { orders } => {
            json!({ "what": "orders_cancelled", "rules": ["LIQ-3"], "orders": orders })
        }
        LiquidationAction::Reduced { .. } => reduced(&step.action, fills, words),
        LiquidationAction::TakenOver { backstop, instrument, size, mark, margin } => json!({
            "what": "taken_over",
            "rules": ["INS-2"],
            "backstop": backstop.0,
            "instrument": words.name(*instrument),
            "size": words.signed(*instrument, *size),
            "mark": words.price(*instrument, *mark),
            "margin": words.coins(*margin),
        }),
        LiquidationAction::Insured { amount } => {
            json!({ "what": "insured", "rules": ["INS-3"], "amount": words.coins(*amount) })
        }
        LiquidationAction::Deleveraged {
            counterparty,
            instrument,
            size,
            mark,
            haircut,
            rank,
            score,
        } => json!({
            "what": "deleveraged",
            "rules": ["ADL-1", "ADL-2"],
            "counterparty": counterparty.0,
            "instrument": words.name(*instrument),
            "size": words.signed(*instrument, *size),
            "mark": words.price(*instrument, *mark),
            "haircut": words.coins(*haircut),
            "rank": rank,
            "score_ppm": score,
        }),
        LiquidationAction::Socialised { account, amount } => json!({
            "what": "socialised",
            "rules": ["ADL-1"],
            "by": account.0,
            "amount": words.coins(*amount),
        }),
    }
}

fn reduced(action: &LiquidationAction, fills: &[(Ticks, Lots)], words: &Words) -> Value {
    let LiquidationAction::Reduced {
        instrument,
        side,
        wanted,
        filled,
        limit,
        mark,
        index_price,
        depth,
        fee,
    } = *action
    else {
        return Value::Null;
    };
    let (size, price) =
        (|lots| words.size(instrument, lots), |ticks| words.price(instrument, ticks));
    let shown = Lots(u32::try_from(depth).unwrap_or(u32::MAX));
    let trade = |(at, lots): &(Ticks, Lots)| json!({ "price": price(*at), "size": size(*lots) });
    json!({
        "what": "reduced",
        "rules": ["LIQ-5", "LIQ-6", "LIQ-7"],
        "instrument": words.name(instrument),
        "direction": if side == types::Side::Bid { "buy" } else { "sell" },
        "wanted": size(wanted),
        "filled": size(filled),
        "limit": price(limit),
        "mark": price(mark),
        "index": priced(index_price),
        "depth": size(shown),
        "fee": words.coins(fee),
        "trades": fills.iter().map(trade).collect::<Vec<_>>(),
    })
}
