//! What is said about a play: a table and the waterfall in words, or one JSON object.

use serde_json::{Map, Value, json};
use types::At;

use super::grid::ONE;
use super::path::Path;
use super::play::{Group, Outcome};
use super::tally::{Most, Tally};
use super::terms::Terms;
use crate::report::in_words;

/// For a person.
pub fn to_text(path: &Path, terms: &Terms, outcome: &Outcome) -> String {
    let mut text = format!(
        "{}\n  {} to {}, {} accounts, {} entries\n  {}\n\n",
        path.title,
        in_words(path.from),
        in_words(path.to),
        outcome.n_accounts,
        outcome.n_entries,
        terms.to_text()
    );
    for (name, value) in table(outcome) {
        text += &format!("  {name:<15}{value}\n");
    }
    text += "\n  whose money                      before         after        change\n";
    for group in &outcome.groups {
        text += &group_text(group);
    }
    text += "\nThe waterfall\n";
    for sentence in waterfall(outcome) {
        text += &format!("  {sentence}\n");
    }
    let balanced = match outcome.imbalance {
        0 => "The books balance to the atom.".into(),
        atoms => format!(
            "The books balance; {} millionths of a USDC of rounding are left in the pool of \
             funding.",
            -atoms
        ),
    };
    text + &format!("  {balanced}\n\nstate root {}", outcome.root)
}

fn table(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let Outcome { tally, series, range: (first, high, low), .. } = outcome;
    let change = |price: f64| (price / first - 1.0) * 100.0;
    let rows = &series.rows;
    let (calm, thin) = (rows.first().map_or(0.0, |row| row.bids), series.thinnest);
    let last = rows.last().map_or(0.0, |row| row.open_interest);
    vec![
        (
            "price",
            format!(
                "from {} up to {} ({:+.1} %), down to {} ({:+.1} %)",
                price(*first),
                price(*high),
                change(*high),
                price(*low),
                change(*low)
            ),
        ),
        (
            "feed back",
            format!(
                "this market moved the price outside by {} at most; mark and index were {} \
                 apart at most",
                percent(series.shift),
                percent(series.basis)
            ),
        ),
        ("index", format!("not healthy in {} of {} seconds", series.unhealthy_s, series.seconds)),
        (
            "depth 1 %",
            format!(
                "bids of {} at the beginning, {} at the least{}; no bid in {} s, no ask in {} s",
                million(calm),
                million(thin.map_or(0.0, |thin| thin.most)),
                thin.map_or(String::new(), |thin| format!(", at {}", in_words(thin.at))),
                series.empty_s[0],
                series.empty_s[1]
            ),
        ),
        (
            "spread",
            format!(
                "{} at the beginning, {} at the most",
                rows.first().and_then(|row| row.spread).map_or("none".into(), basis_points),
                basis_points(series.widest.most)
            ),
        ),
        (
            "open interest",
            format!(
                "{} at the beginning, {} at the end",
                million(outcome.open_interest),
                million(last)
            ),
        ),
        (
            "queue",
            format!(
                "{:.0} accounts at one time at {}; the longest liquidation took {:.0} s",
                tally.queue_most.most,
                moment(tally.queue_most),
                tally.wait_most.most
            ),
        ),
    ]
}

fn group_text(group: &Group) -> String {
    let Group { name, accounts, begin, end } = group;
    let name = if *accounts == 0 { (*name).into() } else { format!("{accounts} {name}") };
    let [begin, end, change] = [*begin, *end, end - begin].map(|atoms| atoms as f64 / ONE / 1e6);
    format!("  {name:<24}{begin:>13.3} M {end:>11.3} M {change:>+11.3} M\n")
}

/// What each step did, in the order in which they stand behind each other.
pub fn waterfall(outcome: &Outcome) -> Vec<String> {
    let Outcome { tally, open_interest, .. } = outcome;
    if tally.begun == 0 {
        return vec!["Nobody fell below maintenance margin: no step was taken.".into()];
    }
    let share = tally.forced() as f64 / ONE / open_interest * 100.0;
    let mut said = vec![
        format!(
            "{} accounts fell below maintenance margin, in {} liquidations, the first at {}; {} \
             were closed by force, {share:.1} % of the open interest.",
            tally.liquidated.len(),
            tally.begun,
            tally.first[0].map_or(String::new(), in_words),
            atoms(tally.forced())
        ),
        format!(
            "The book took {} of it in {} rounds, which paid {} to the fund; {} rounds found no \
             book. {} liquidations gave the account back, {} left nothing.",
            atoms(tally.rounds.value),
            tally.rounds.times,
            atoms(tally.fees),
            tally.idle,
            tally.recovered,
            tally.flat
        ),
        backstops(tally),
    ];
    said.push(losses(tally));
    said.push(deleveraging(tally));
    said
}

fn backstops(tally: &Tally) -> String {
    match tally.takeovers.times {
        0 => "Backstops took over nothing.".into(),
        times => {
            let value = atoms(tally.takeovers.value);
            format!("Backstops took over {value} in {times} positions, at the mark.")
        }
    }
}

fn losses(tally: &Tally) -> String {
    let lost = tally.shortfall();
    if lost == 0 {
        return "Nobody lost more than its money: the fund paid nothing.".into();
    }
    let empty = match tally.fund_empty_at {
        Some(at) => format!(" and was empty at {}", in_words(at)),
        None => format!(" and has {} left", atoms(tally.fund())),
    };
    format!(
        "{} accounts lost {} more than their money. The fund paid {} of it{empty}; profits of \
         winners gave {}; all who had money shared {}.",
        tally.bankrupt.len(),
        atoms(lost),
        atoms(tally.insured.value),
        atoms(tally.haircut),
        atoms(tally.socialised.value)
    )
}

fn deleveraging(tally: &Tally) -> String {
    match tally.deleveraged.times {
        0 => "Auto-deleveraging closed nothing.".into(),
        times => format!(
            "Auto-deleveraging closed {} against {} winners in {times} cuts at the mark, the first \
             at {}; the most that one of them gave at once was {}.",
            atoms(tally.deleveraged.value),
            tally.winners.len(),
            tally.first[2].map_or(String::new(), in_words),
            atoms(tally.haircut_max)
        ),
    }
}

/// For a program. Money is in dollars, rates in parts of one.
pub fn to_json(path: &Path, terms: &Terms, outcome: &Outcome) -> Value {
    let Outcome { tally, series, range: (first, high, low), .. } = outcome;
    let usd = |atoms: i64| json!(atoms as f64 / ONE);
    let groups = outcome.groups.iter().map(|group| {
        json!({
            "name": group.name, "accounts": group.accounts,
            "before": usd(group.begin), "after": usd(group.end),
        })
    });
    json!({
        "path": path.title, "from": path.from.0, "to": path.to.0, "terms": terms.to_json(),
        "price": {"first": first, "high": high, "low": low},
        "accounts": outcome.n_accounts, "entries": outcome.n_entries,
        "liquidations": liquidations_json(tally),
        "waterfall": waterfall_json(tally),
        "market": {
            "open_interest": outcome.open_interest,
            "shift_max": most(series.shift), "basis_max": most(series.basis),
            "spread_max": most(series.widest), "bids_1pct_min": series.thinnest.map(most),
            "no_bid_s": series.empty_s[0], "no_ask_s": series.empty_s[1],
            "unhealthy_s": series.unhealthy_s, "seconds": series.seconds,
            "traded": usd(tally.traded.value), "trades": tally.traded.times,
        },
        "refused": tally.refused.iter().map(|(code, n)| (code.to_string(), json!(n)))
            .collect::<Map<_, _>>(),
        "money": groups.collect::<Vec<_>>(),
        "said": waterfall(outcome), "imbalance_atoms": outcome.imbalance, "root": outcome.root,
        "series": series.to_json(),
    })
}

fn liquidations_json(tally: &Tally) -> Value {
    json!({
        "begun": tally.begun, "accounts": tally.liquidated.len(), "recovered": tally.recovered,
        "flat": tally.flat, "bankrupt": tally.bankrupt.len(), "unfinished": tally.n_queued(),
        "forced": tally.forced() as f64 / ONE,
        "queue_max": most(tally.queue_most), "longest_s": most(tally.wait_most),
    })
}

fn waterfall_json(tally: &Tally) -> Value {
    let usd = |atoms: i64| json!(atoms as f64 / ONE);
    let [liquidated, paid, cut] = tally.first.map(|at| at.map(|at| at.0));
    json!({
        "first_at": liquidated, "fund_paid_at": paid,
        "fund_empty_at": tally.fund_empty_at.map(|at| at.0),
        "deleveraged_at": cut,
        "reduced": usd(tally.rounds.value), "rounds": tally.rounds.times, "idle_rounds": tally.idle,
        "fees": usd(tally.fees),
        "taken_over": usd(tally.takeovers.value), "takeovers": tally.takeovers.times,
        "shortfall": usd(tally.shortfall()), "insured": usd(tally.insured.value),
        "haircut": usd(tally.haircut), "haircut_max": usd(tally.haircut_max),
        "deleveraged": usd(tally.deleveraged.value), "cuts": tally.deleveraged.times,
        "winners": tally.winners.len(), "socialised": usd(tally.socialised.value),
        "fund": usd(tally.fund()),
    })
}

fn most(most: Most) -> Value {
    json!({"value": most.most, "at": (most.at != At(0)).then_some(most.at.0)})
}

fn moment(most: Most) -> String {
    if most.at == At(0) { "no time".into() } else { in_words(most.at) }
}

fn percent(most: Most) -> String {
    format!("{:.2} %", most.most * 100.0)
}

fn basis_points(part: f64) -> String {
    format!("{:.1} bp", part * 1e4)
}

/// Dollars, with the digits that matter.
fn million(usd: f64) -> String {
    match usd {
        _ if usd < 100_000.0 => format!("{usd:.0} USDC"),
        _ => format!("{:.3} M", usd / 1e6),
    }
}

fn atoms(atoms: i64) -> String {
    million(atoms as f64 / ONE)
}

fn price(price: f64) -> String {
    if 100.0 <= price { format!("{price:.2}") } else { format!("{price:.6}") }
}
