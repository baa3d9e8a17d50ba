//! A liquidation in words, for the one to whom it happened.

use types::{
    AdlPolicy, Amount, FeedView, LiquidationAction, LiquidationEnd, LiquidationStep, Lots,
    MarginSnapshot, RiskTerms, Side, SignedLots, Standing, Ticks,
};

use super::case::{Case, Held, Item, Moment, Told};
use crate::log::words::{Words, health, moment, named, priced};

/// The whole story.
pub fn case(told: &Told) -> String {
    let Told { case, words, upto } = told;
    let mut lines = vec![headline(case), String::new()];
    lines.push("Why".into());
    lines.extend(why(case, words).into_iter().map(indented));
    lines.extend([String::new(), "What it held".into()]);
    lines.extend(case.positions.iter().flat_map(|held| position(held, words)).map(indented));
    lines.extend([String::new(), "By which prices".into()]);
    lines.extend(case.feeds.iter().map(feed).map(indented));
    lines.extend([String::new(), "What was done".into()]);
    let before = std::iter::once(None).chain(case.items.iter().map(Some));
    let items = case.items.iter().zip(before).zip(1..);
    let items = items.flat_map(|((one, before), nth)| match is_repeated(one, before) {
        true => repeated(nth, one),
        false => item(nth, one, case, words),
    });
    lines.extend(items.map(indented));
    if case.items.is_empty() {
        lines.push(indented("nothing yet".into()));
    }
    lines.extend([String::new(), "How it ended".into()]);
    lines.extend(ending(told, words).into_iter().map(indented));
    lines.extend([String::new(), format!("Read up to entry {upto}; rules: docs/rules.")]);
    lines.join("\n")
}

fn indented(line: String) -> String {
    format!("  {line}")
}

fn at(moment_of: Moment) -> String {
    format!("entry {}, {}", moment_of.seq, moment(moment_of.at))
}

fn headline(case: &Case) -> String {
    let (account, begun) = (case.account, at(case.begun));
    match &case.end {
        Some((end, ..)) if end.seq == case.begun.seq => {
            format!("Account {account} was liquidated with {begun} UTC.")
        }
        Some((end, ..)) => {
            format!("Account {account} was liquidated from {begun} UTC to {} UTC.", at(*end))
        }
        None => format!("Account {account} is being liquidated since {begun} UTC."),
    }
}

/// LIQ-1 with its numbers.
fn why(case: &Case, words: &Words) -> Vec<String> {
    let MarginSnapshot { collateral, equity, maintenance, .. } = case.margin;
    let money = |amount| words.money(amount);
    let short = maintenance.minus(equity);
    let mut lines = vec![format!(
        "Its equity of {} was below its maintenance margin of {}, by {} (LIQ-1).",
        money(equity),
        money(maintenance),
        money(short)
    )];
    let unrealised = equity.minus(collateral);
    lines.push(format!(
        "Equity is {} of cash and {} that its futures {} at the mark{}.",
        money(collateral),
        money(Amount(unrealised.0.abs())),
        if unrealised < Amount::ZERO { "had lost" } else { "had won" },
        funding(case, unrealised, words)
    ));
    lines
}

/// What of the unrealised sum no position's price explains.
fn funding(case: &Case, unrealised: Amount, words: &Words) -> String {
    let futures = case.positions.iter().filter(|held| held.entry.is_some());
    let by_price = futures.fold(Amount::ZERO, |sum, held| sum.plus(held.profit));
    match unrealised.minus(by_price) {
        Amount::ZERO => String::new(),
        funding => format!(", {} of funding included", words.money(funding)),
    }
}

fn position(held: &Held, words: &Words) -> Vec<String> {
    let name = words.name(held.instrument);
    let way = if held.size.0 < 0 { "short" } else { "long" };
    let size = size_of(held.size, held, words);
    let bought = if held.size.0 < 0 { "sold" } else { "bought" };
    let entry = held.entry.map(|entry| format!(", {bought} for {} on average", priced(entry)));
    let entry = entry.unwrap_or_default();
    let mark = words.price(held.instrument, held.mark);
    let mut lines = vec![format!(
        "{name}: {way} {size}{entry}; the mark was {mark}, the index {}",
        priced(held.index_price)
    )];
    lines.push(format!(
        "  profit at the mark {}, maintenance margin by itself {}",
        words.money(held.profit),
        words.money(held.maintenance)
    ));
    if let Some((changed, then)) = held.changed {
        let then = words.price(held.instrument, then);
        lines.push(format!("  so since {} UTC, when the mark was {then}", at(changed)));
    }
    lines
}

fn size_of(size: SignedLots, held: &Held, words: &Words) -> String {
    words.signed(held.instrument, SignedLots(size.0.abs()))
}

fn feed(feed: &FeedView) -> String {
    let live = feed.seats.iter().filter(|seat| seat.standing == Standing::Live).count();
    let reason = feed.reason.map_or(String::new(), |reason| format!(": {reason}"));
    format!(
        "{} was {} at {}, {live} of {} seats live (LIQ-2); so since {} UTC{reason}",
        named(feed.pair),
        health(feed.health),
        priced(feed.price),
        feed.seats.len(),
        moment(feed.since)
    )
}

fn item(nth: u32, item: &Item, case: &Case, words: &Words) -> Vec<String> {
    match item {
        Item::Step { moment, step, fills } => {
            let mut lines = vec![format!("{nth}. {} UTC", at(*moment))];
            let mut told = action(step, fills, &case.terms, words);
            told.push(margins(step, words));
            lines.extend(told.into_iter().map(|line| format!("   {line}")));
            lines
        }
        Item::Feed { moment, index, turned: (from, to), reason } => vec![
            format!("{nth}. {} UTC", at(*moment)),
            format!("   {index} went from {} to {}: {reason}.", health(*from), health(*to)),
            "   Only a healthy price liquidates (LIQ-2).".into(),
        ],
    }
}

/// A round that found what the one before it had found: nothing.
fn is_repeated(item: &Item, before: Option<&Item>) -> bool {
    match (item, before) {
        (Item::Step { step, .. }, Some(Item::Step { step: before, .. })) => {
            let found_nothing = |action: &LiquidationAction| {
                matches!(action, LiquidationAction::Reduced { filled: Lots::ZERO, .. })
            };
            found_nothing(&step.action) && step == before
        }
        _ => false,
    }
}

fn repeated(nth: u32, item: &Item) -> Vec<String> {
    match item {
        Item::Step { moment, .. } | Item::Feed { moment, .. } => {
            vec![format!("{nth}. {} UTC: the same, and again nothing.", at(*moment))]
        }
    }
}

fn margins(step: &LiquidationStep, words: &Words) -> String {
    let money = |amount| words.money(amount);
    format!(
        "Equity {} -> {}, maintenance margin {} -> {}.",
        money(step.before.equity),
        money(step.after.equity),
        money(step.before.maintenance),
        money(step.after.maintenance)
    )
}

/// What a step did, and by which rules.
pub fn action(
    step: &LiquidationStep,
    fills: &[(Ticks, Lots)],
    terms: &RiskTerms,
    words: &Words,
) -> Vec<String> {
    match &step.action {
        LiquidationAction::OrdersCancelled { orders } => {
            vec![format!("Open orders go first: {orders} cancelled (LIQ-3).")]
        }
        LiquidationAction::Reduced { .. } => reduced(step, fills, terms, words),
        LiquidationAction::TakenOver { backstop, instrument, size, mark, margin } => vec![
            "The book did not help, or the account was too far below its margin (INS-2).".into(),
            format!(
                "Account {backstop}, a backstop, took {} of {} over at the mark of {}.",
                side_of(*size, |size| words.signed(*instrument, size)),
                words.name(*instrument),
                words.price(*instrument, *mark)
            ),
            format!("With it went {} of equity that belonged to it.", words.money(*margin)),
        ],
        LiquidationAction::Insured { amount } => vec![format!(
            "More was lost than the account had: the insurance fund paid {} (INS-3).",
            words.money(*amount)
        )],
        LiquidationAction::Deleveraged { .. } => deleveraged(step, terms, words),
        LiquidationAction::Socialised { account, amount } => vec![format!(
            "Neither fund nor profits covered the rest: account {account} gave {}, by its share of \
             all money (ADL-1).",
            words.money(*amount)
        )],
    }
}

fn reduced(
    step: &LiquidationStep,
    fills: &[(Ticks, Lots)],
    terms: &RiskTerms,
    words: &Words,
) -> Vec<String> {
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
    } = step.action
    else {
        return Vec::new();
    };
    let (sell, sold, reach) = match side {
        Side::Ask => ("sell", "sold", "down to"),
        Side::Bid => ("buy", "bought", "up to"),
    };
    let size = |lots| words.size(instrument, lots);
    let price = |ticks| words.price(instrument, ticks);
    let shown = Lots(u32::try_from(depth).unwrap_or(u32::MAX));
    let mut lines = vec![
        format!("{} needed most margin (LIQ-5).", words.name(instrument)),
        format!(
            "To have maintenance margin and {} % again it had to {sell} {} (LIQ-6). A round \
             closes at most {} % of the position and {} % of what the book shows {reach} {}, which \
             is {} % from the mark of {}; the index was {}.",
            percent(terms.buffer_ppm),
            size(wanted),
            percent(terms.round_ppm),
            percent(terms.depth_ppm),
            price(limit),
            percent(apart_ppm(limit, mark)),
            price(mark),
            priced(index_price)
        ),
    ];
    if filled == Lots::ZERO {
        let idle = terms.idle_rounds;
        lines.push(format!(
            "The book showed {}: nothing was {sold}. After {idle} such rounds in a row the book is \
             given up (INS-2).",
            size(shown)
        ));
        return lines;
    }
    let trades: Vec<String> =
        fills.iter().map(|(at, lots)| format!("{} at {}", size(*lots), price(*at))).collect();
    lines.push(format!(
        "The book showed {}; {sold} {}: {}.",
        size(shown),
        size(filled),
        trades.join(", ")
    ));
    lines.push(format!(
        "Fee of {} % to the insurance fund: {} (LIQ-7).",
        percent(terms.fee_ppm),
        words.money(fee)
    ));
    lines
}

/// How far two prices are apart, as a share of the second, in millionths.
fn apart_ppm(price: Ticks, from: Ticks) -> u32 {
    let apart = u64::from(price.0.abs_diff(from.0)) * 1_000_000;
    u32::try_from(apart / u64::from(from.0.max(1))).unwrap_or(u32::MAX)
}

fn deleveraged(step: &LiquidationStep, terms: &RiskTerms, words: &Words) -> Vec<String> {
    let LiquidationAction::Deleveraged {
        counterparty,
        instrument,
        size,
        mark,
        haircut,
        rank,
        score,
    } = step.action
    else {
        return Vec::new();
    };
    let by = match terms.adl {
        AdlPolicy::Queue => "profit times leverage",
        AdlPolicy::ProRata => "profit, all in proportion",
        AdlPolicy::WaterFilling => "profit, all down to a common level",
        AdlPolicy::LeastClosing => "profit of a lot",
    };
    let gave = match haircut {
        Amount::ZERO => "It gave nothing of its profit: nothing was lacking.".into(),
        haircut => format!(
            "It gave {} of its profit, which is what was lacking or its share of it (ADL-1).",
            words.money(haircut)
        ),
    };
    vec![
        format!(
            "The book was given up and no backstop took it (INS-2): {} of {} closed at the mark of \
             {} against account {counterparty}.",
            side_of(size, |size| words.signed(instrument, size)),
            words.name(instrument),
            words.price(instrument, mark)
        ),
        format!(
            "That account was number {rank} of its side by {by}, with a score of {} (ADL-2).",
            millionths(score)
        ),
        gave,
    ]
}

fn side_of(size: SignedLots, word: impl Fn(SignedLots) -> String) -> String {
    let way = if size.0 < 0 { "short" } else { "long" };
    format!("{way} {}", word(SignedLots(size.0.abs())))
}

fn ending(told: &Told, words: &Words) -> Vec<String> {
    let Some((end, how, margin)) = &told.case.end else {
        return vec![format!(
            "It was still under way after entry {}: until it is over the account may cancel, and \
             nothing else (LIQ-4).",
            told.upto
        )];
    };
    let money = |amount| words.money(amount);
    let buffer = percent(told.case.terms.buffer_ppm);
    let first = match how {
        LiquidationEnd::Recovered => format!(
            "With {} UTC equity of {} was above maintenance margin of {} by {buffer} % of it: it \
             may trade again (LIQ-8).",
            at(*end),
            money(margin.equity),
            money(margin.maintenance)
        ),
        LiquidationEnd::Flat => format!(
            "With {} UTC nothing was left to liquidate; the account keeps {} and owes nothing \
             (LIQ-8, INS-5).",
            at(*end),
            money(margin.collateral)
        ),
    };
    vec![first, cost(&told.case, words)]
}

/// What went where, over all steps.
fn cost(case: &Case, words: &Words) -> String {
    let (mut fees, mut insured, mut given) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
    for item in &case.items {
        let Item::Step { step, .. } = item else { continue };
        match step.action {
            LiquidationAction::Reduced { fee, .. } => fees = fees.plus(fee),
            LiquidationAction::Insured { amount } => insured = insured.plus(amount),
            LiquidationAction::Deleveraged { haircut, .. } => given = given.plus(haircut),
            LiquidationAction::Socialised { amount, .. } => given = given.plus(amount),
            LiquidationAction::OrdersCancelled { .. } | LiquidationAction::TakenOver { .. } => {}
        }
    }
    format!(
        "In all: {} of fees to the insurance fund, {} paid by the fund, {} given by others.",
        words.money(fees),
        words.money(insured),
        words.money(given)
    )
}

/// Millionths as a percentage.
fn percent(ppm: u32) -> String {
    types::Decimal::new(ppm.into(), 4).map_or_else(|| format!("{ppm} ppm"), |one| one.to_string())
}

fn millionths(score: i64) -> String {
    types::Decimal::new(score, 6).map_or_else(|| score.to_string(), |score| score.to_string())
}
