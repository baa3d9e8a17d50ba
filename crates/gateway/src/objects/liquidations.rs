//! Liquidations as those see them who have a part in them, and the waterfall as everybody does.
//! Ours; words and numbers are those of `docs/api.md`.
//!
//! Whoever stands on the other side learns its own part, and nothing of the account that is being
//! liquidated.

use types::{
    AccountId, AdlPolicy, At, InstrumentId, LiquidationAction, LiquidationEnd, LiquidationStep,
    Lots, MarginSnapshot, RiskTerms, Side, SignedLots, Ticks, WaterfallView,
};

use super::{Fixed, List, Look, Object, Scale, direction};

/// Words for the policies of auto-deleveraging.
pub(crate) const ADL_POLICIES: [(&str, AdlPolicy); 4] = [
    ("queue", AdlPolicy::Queue),
    ("pro_rata", AdlPolicy::ProRata),
    ("water_filling", AdlPolicy::WaterFilling),
    ("least_closing", AdlPolicy::LeastClosing),
];

/// Whose eyes a step is told for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The account that is being liquidated.
    Own,
    /// The account on the other side.
    Other(AccountId),
}

/// The insurance fund of a domain, the terms, and what backstops have offered. Nobody is named.
pub(crate) fn write_waterfall(out: &mut String, look: Look<'_>, view: &WaterfallView) {
    let mut object = Object::new(out);
    object
        .word("currency", look.asset())
        .number("insurance_fund", look.money(view.insurance))
        .number("liquidating", view.liquidating);
    write_terms(object.key("terms"), &view.terms);
    let mut backstops = List::new(object.key("backstops"));
    for (_, terms, taken) in &view.backstops {
        let mut row = Object::new(backstops.item());
        row.number("capacity", look.money(terms.capacity))
            .number("taken", look.money(*taken))
            .number("share_ppm", terms.share_ppm);
        row.end();
    }
    backstops.end();
    object.end();
}

fn write_terms(out: &mut String, terms: &RiskTerms) {
    let adl = ADL_POLICIES.iter().find(|(_, policy)| *policy == terms.adl);
    let mut object = Object::new(out);
    object
        .number("buffer_ppm", terms.buffer_ppm)
        .number("round_ppm", terms.round_ppm)
        .number("round_ms", terms.round_ms)
        .number("depth_ppm", terms.depth_ppm)
        .number("slippage_ppm", terms.slippage_ppm)
        .number("fee_ppm", terms.fee_ppm)
        .number("takeover_ppm", terms.takeover_ppm)
        .number("idle_rounds", terms.idle_rounds)
        .word("adl", adl.map_or("queue", |(word, _)| *word));
    object.end();
}

/// An account fell below its maintenance margin.
pub(crate) fn write_started(
    out: &mut String,
    look: Look<'_>,
    (account, margin): (AccountId, &MarginSnapshot),
    at: At,
) {
    let mut object = Object::new(out);
    write_head(&mut object, look, ("started", account), at);
    write_rules(&mut object, &["LIQ-1", "LIQ-4"]);
    let text = format!(
        "equity of {} is below maintenance margin of {}: until it is above it again by the buffer, \
         you may cancel, and nothing else",
        look.money(margin.equity),
        look.money(margin.maintenance)
    );
    object.word("text", text);
    write_margin(object.key("margin"), look, margin);
    object.end();
}

/// It is over.
pub(crate) fn write_ended(
    out: &mut String,
    look: Look<'_>,
    (account, end, margin): (AccountId, LiquidationEnd, &MarginSnapshot),
    at: At,
) {
    let (word, text) = match end {
        LiquidationEnd::Recovered => ("recovered", "equity is above maintenance margin again"),
        LiquidationEnd::Flat => ("flat", "nothing is left to liquidate"),
    };
    let mut object = Object::new(out);
    write_head(&mut object, look, ("ended", account), at);
    write_rules(&mut object, &["LIQ-8"]);
    object.word("end", word).word("text", text);
    write_margin(object.key("margin"), look, margin);
    object.end();
}

/// A step, as `part` sees it.
pub(crate) fn write_stepped(
    out: &mut String,
    look: Look<'_>,
    (step, part): (&LiquidationStep, Part),
    at: At,
) {
    let mut object = Object::new(out);
    let (word, account) = match part {
        Part::Own => ("step", step.account),
        Part::Other(account) => ("counterparty", account),
    };
    write_head(&mut object, look, (word, account), at);
    write_action(&mut object, look, (&step.action, part));
    if part == Part::Own {
        write_margin(object.key("before"), look, &step.before);
        write_margin(object.key("after"), look, &step.after);
    }
    object.end();
}

fn write_head(object: &mut Object<'_>, look: Look<'_>, (word, account): (&str, AccountId), at: At) {
    object
        .word("type", word)
        .number("timestamp", at)
        .word("currency", look.asset())
        .number("seq", look.view.seq())
        .number("user_id", account);
}

fn write_rules(object: &mut Object<'_>, rules: &[&str]) {
    let mut list = List::new(object.key("rules"));
    for rule in rules {
        super::write_text(list.item(), rule);
    }
    list.end();
}

fn write_margin(out: &mut String, look: Look<'_>, margin: &MarginSnapshot) {
    let mut object = Object::new(out);
    object
        .number("balance", look.money(margin.collateral))
        .number("equity", look.money(margin.equity))
        .number("initial_margin", look.money(margin.initial))
        .number("maintenance_margin", look.money(margin.maintenance));
    object.end();
}

/// An instrument, and numbers in its units.
#[derive(Clone, Copy)]
struct Market<'a> {
    look: Look<'a>,
    id: InstrumentId,
}

impl Market<'_> {
    fn name(self) -> String {
        let found = self.look.view.instrument(self.id);
        found.map_or_else(String::new, |one| one.name().to_owned())
    }

    fn price(self, ticks: Ticks) -> Fixed {
        let found = self.look.view.instrument(self.id);
        found.map_or(Fixed::ZERO, |one| one.price(ticks))
    }

    fn amount(self, lots: i128) -> Fixed {
        let found = self.look.view.instrument(self.id);
        found.map_or(Fixed::ZERO, |one| one.amount(lots))
    }
}

fn write_action(
    object: &mut Object<'_>,
    look: Look<'_>,
    (action, part): (&LiquidationAction, Part),
) {
    match action {
        LiquidationAction::OrdersCancelled { orders } => {
            object.word("action", "orders_cancelled");
            write_rules(object, &["LIQ-3"]);
            object.word("text", format_args!("{orders} open orders were cancelled"));
            object.number("orders", orders);
        }
        LiquidationAction::Reduced { .. } => write_reduced(object, look, action),
        LiquidationAction::TakenOver { instrument, size, mark, margin, .. } => {
            object.word("action", "taken_over");
            write_rules(object, &["INS-2"]);
            let text = match part {
                Part::Own => "a backstop took a position over, with the equity that belongs to it",
                Part::Other(_) => "you took a position over, with the equity that belongs to it",
            };
            object.word("text", text);
            write_moved(object, Market { look, id: *instrument }, (*size, *mark));
            object.number("margin_moved", look.money(*margin));
        }
        LiquidationAction::Insured { amount } => {
            object.word("action", "insured");
            write_rules(object, &["INS-3"]);
            object.word("text", "the insurance fund paid what was lost beyond your money");
            object.number("amount", look.money(*amount));
        }
        LiquidationAction::Deleveraged { instrument, size, mark, haircut, rank, score, .. } => {
            object.word("action", "deleveraged");
            write_rules(object, &["ADL-1", "ADL-2"]);
            let text = match part {
                Part::Own => "a position was closed at the mark against the other side".to_owned(),
                Part::Other(_) => format!(
                    "your position was closed at the mark: nobody else took the other side, and \
                     you were number {rank} of yours in the ranking"
                ),
            };
            object.word("text", text);
            let held = if part == Part::Own { *size } else { SignedLots(-size.0) };
            write_moved(object, Market { look, id: *instrument }, (held, *mark));
            object
                .number("haircut", look.money(*haircut))
                .number("rank", rank)
                .number("score", Fixed::new((*score).into(), 6));
        }
        LiquidationAction::Socialised { amount, .. } => {
            object.word("action", "socialised");
            write_rules(object, &["ADL-1"]);
            let text = match part {
                Part::Own => "others paid what neither the fund nor profits covered",
                Part::Other(_) => {
                    "you gave your share of what neither the fund nor profits covered"
                }
            };
            object.word("text", text).number("amount", look.money(*amount));
        }
    }
}

/// A position that went without a trade, with the sign that the reader held, or has taken.
fn write_moved(object: &mut Object<'_>, market: Market<'_>, (size, mark): (SignedLots, Ticks)) {
    object
        .word("instrument_name", market.name())
        .number("amount", market.amount(size.0.into()))
        .number("mark_price", market.price(mark));
}

fn write_reduced(object: &mut Object<'_>, look: Look<'_>, action: &LiquidationAction) {
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
        return;
    };
    let market = Market { look, id: instrument };
    let amount = |lots: Lots| market.amount(lots.0.into());
    object.word("action", "reduced");
    write_rules(object, &["LIQ-5", "LIQ-6", "LIQ-7"]);
    let sold = if side == Side::Ask { "sold" } else { "bought" };
    let text = match filled {
        Lots::ZERO => format!("the book gave nothing: no {} was {sold}", market.name()),
        filled => format!("{} of {} {sold} through the book", amount(filled), market.name()),
    };
    object
        .word("text", text)
        .word("instrument_name", market.name())
        .word("direction", direction(side))
        .number("wanted", amount(wanted))
        .number("filled", amount(filled))
        .number("limit_price", market.price(limit))
        .number("mark_price", market.price(mark))
        .number("index_price", Fixed::index(index_price))
        .number("depth", market.amount(depth.into()))
        .number("fee", look.money(fee));
}
