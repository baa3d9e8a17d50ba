//! What came of a play: how far the index was from the honest, how good the feed called it, who was
//! caught.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use types::{AccountId, Amount, At, Event, Health, HealthReason, IndexPrice};

use super::cast::{LATE, LIAR, Line};
use crate::report::in_words;

/// Changes of health that are kept; all are counted.
const CHANGES_MAX: usize = 200;
/// Changes of health that are printed.
const PRINTED_MAX: usize = 12;

/// Why the distance of a frozen index is no failure (`oracle::gate`).
const UNCOUNTED: &str = "
                      it does not count: a frozen index is the last good price, and nothing
                      is liquidated, funded, delivered or opened by it";

/// What came of it.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The worst while the feed was healthy or degraded.
    pub good: Option<Worst>,
    /// The worst while it was frozen and the last good price stood.
    pub frozen: Option<Worst>,
    /// Changes of health, the first ones.
    pub changes: Vec<Change>,
    n_changes: u64,
    /// Seconds in each health.
    seconds: BTreeMap<Health, u64>,
    /// Taken and all, by account.
    reports: BTreeMap<AccountId, (u64, u64)>,
    /// Why reports were refused, by account and the core's rule.
    refusals: BTreeMap<(AccountId, u16), u64>,
    /// Times caught, and what it cost.
    pub faults: BTreeMap<AccountId, (u64, Amount)>,
    /// What each honest reporter said last.
    honest: BTreeMap<AccountId, IndexPrice>,
    price: IndexPrice,
    health: Option<Health>,
}

/// An index, and what the honest said when it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worst {
    /// Distance from the nearer end, in millionths of it, rounded up; zero within.
    pub apart_ppm: u64,
    /// When.
    pub at: At,
    /// The index.
    pub index: IndexPrice,
    /// Lowest and highest of the honest.
    pub range: (IndexPrice, IndexPrice),
}

/// A change of health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: At,
    /// What it was.
    pub from: Health,
    /// What it is.
    pub to: Health,
    /// Why.
    pub reason: HealthReason,
}

impl Verdict {
    /// Looks at what a report led to.
    pub fn look(&mut self, events: &[Event], line: &Line, at: At) {
        let account = line.report.reporter;
        let refused = events.iter().find_map(|event| match event {
            Event::Refused(reject) => Some(reject.code()),
            _ => None,
        });
        let (taken, all) = self.reports.entry(account).or_default();
        *all += 1;
        match refused {
            None => *taken += 1,
            Some(rule) => *self.refusals.entry((account, rule)).or_default() += 1,
        }
        if line.is_honest && refused.is_none() {
            self.honest.insert(account, line.report.price);
        }
        self.take_in(events, at);
        self.measure(at);
    }

    /// Looks at what a second led to.
    pub fn look_on(&mut self, events: &[Event], at: At) {
        self.take_in(events, at);
        self.measure(at);
        *self.seconds.entry(self.health.unwrap_or(Health::Frozen)).or_default() += 1;
    }

    fn take_in(&mut self, events: &[Event], at: At) {
        for event in events {
            match event {
                Event::IndexChanged { price, .. } => self.price = *price,
                Event::FeedHealthChanged { from, to, reason, .. } => {
                    self.health = Some(*to);
                    self.n_changes += 1;
                    if self.changes.len() < CHANGES_MAX {
                        self.changes.push(Change { at, from: *from, to: *to, reason: *reason });
                    }
                }
                Event::ReporterFaulted { account, slashed, .. } => {
                    let (times, cost) = self.faults.entry(*account).or_default();
                    *times += 1;
                    *cost = cost.plus(*slashed);
                }
                _ => (),
            }
        }
    }

    fn measure(&mut self, at: At) {
        let low = self.honest.values().min().copied();
        let range = low.zip(self.honest.values().max().copied());
        let (Some(health), Some((low, high))) = (self.health, range) else { return };
        let index = self.price;
        let worst = match health {
            Health::Frozen | Health::Manual => &mut self.frozen,
            Health::Healthy | Health::Degraded => &mut self.good,
        };
        let (apart, edge) = match () {
            () if index < low => (low.0 - index.0, low),
            () if high < index => (index.0 - high.0, high),
            () => (0, low),
        };
        let apart_ppm = u128::from(apart) * 1_000_000;
        let apart_ppm = apart_ppm.div_ceil(u128::from(edge.0.max(1)));
        let apart_ppm = u64::try_from(apart_ppm).unwrap_or(u64::MAX);
        if worst.as_ref().is_none_or(|worst| worst.apart_ppm < apart_ppm) {
            *worst = Some(Worst { apart_ppm, at, index, range: (low, high) });
        }
    }
}

impl Verdict {
    /// For a person.
    pub fn to_text(&self) -> String {
        let worst = |worst: &Option<Worst>| match worst {
            None => "never".into(),
            Some(Worst { apart_ppm, at, index, range: (low, high) }) => format!(
                "{apart_ppm} ppm from the honest at {}: {} beside {} to {}",
                in_words(*at),
                dollars(*index),
                dollars(*low),
                dollars(*high)
            ),
        };
        let is_behind = self.frozen.as_ref().is_some_and(|worst| 0 < worst.apart_ppm);
        let mut text = format!(
            "  index while good    {}\n  index while frozen  {}{}\n  {}\n  changes of health   {}",
            worst(&self.good),
            worst(&self.frozen),
            if is_behind { UNCOUNTED } else { "" },
            self.health_text(),
            self.n_changes
        );
        for change in self.changes.iter().take(PRINTED_MAX) {
            let Change { at, from, to, reason } = change;
            text.push_str(&format!("\n    {}  {from:?} to {to:?}: {reason}", in_words(*at)));
        }
        if PRINTED_MAX < self.changes.len() {
            text.push_str("\n    and more: --json has them");
        }
        for (account, (taken, all)) in &self.reports {
            let (times, cost) = self.faults.get(account).copied().unwrap_or_default();
            let cost = cost.0 as f64 / 1e8;
            text.push_str(&format!(
                "\n  {}  {taken} of {all} reports taken{}; caught {times} times, for {cost} BTC",
                role(*account),
                self.refusals_text(*account)
            ));
        }
        text
    }

    fn health_text(&self) -> String {
        let all: u64 = self.seconds.values().sum();
        let parts = self.seconds.iter().map(|(health, seconds)| {
            let share = *seconds as f64 * 100.0 / all.max(1) as f64;
            format!("{health:?} {seconds} s ({share:.2} %)")
        });
        let parts: Vec<String> = parts.collect();
        format!("health              {}", parts.join(", "))
    }

    fn refusals_text(&self, account: AccountId) -> String {
        let mine = self.refusals.iter().filter(|((whose, _), _)| *whose == account);
        mine.map(|((_, rule), count)| format!(", {count} refused by rule {rule}")).collect()
    }

    /// For a program.
    pub fn to_json(&self, play: &str) -> Value {
        let worst = |worst: &Option<Worst>| match worst {
            None => Value::Null,
            Some(Worst { apart_ppm, at, index, range: (low, high) }) => json!({
                "apart_ppm": apart_ppm, "at": at.0, "index": dollars(*index),
                "honest": [dollars(*low), dollars(*high)],
            }),
        };
        let changes = self.changes.iter().map(|Change { at, from, to, reason }| {
            let (from, to) = (format!("{from:?}").to_lowercase(), format!("{to:?}").to_lowercase());
            json!({"at": at.0, "from": from, "to": to, "reason": reason.to_string()})
        });
        let seconds = self.seconds.iter();
        let seconds = seconds.map(|(health, n)| (format!("{health:?}").to_lowercase(), json!(n)));
        let reporters = self.reports.iter().map(|(account, (taken, all))| {
            let (times, cost) = self.faults.get(account).copied().unwrap_or_default();
            json!({
                "account": account.0, "role": role(*account).trim(), "taken": taken,
                "reports": all, "faults": times, "slashed_atoms": cost.0,
            })
        });
        json!({
            "play": play, "good": worst(&self.good), "frozen": worst(&self.frozen),
            "n_changes": self.n_changes, "changes": changes.collect::<Vec<_>>(),
            "seconds": seconds.collect::<serde_json::Map<_, _>>(),
            "reporters": reporters.collect::<Vec<_>>(),
        })
    }
}

fn role(account: AccountId) -> &'static str {
    match account {
        LIAR => "the liar      ",
        LATE => "the late one  ",
        _ => "an honest one ",
    }
}

/// With cents, rounded.
fn dollars(price: IndexPrice) -> Value {
    let cents = i64::try_from((price.0 + 500_000) / 1_000_000).unwrap_or(i64::MAX);
    crate::client::number(types::Decimal::new(cents, 2).unwrap_or_default())
}
