//! Incidents that happened elsewhere, as worlds: what happened there, and what must be so here
//! (spec of reliability, §1.2: I1 to I15).
//!
//! Each is a setup with a script. All checkers look on; beside them stands what must be seen, so
//! that a scenario that does not come about does not pass, and what must not.

use std::collections::BTreeMap;

use crate::Violation;
use crate::faults::Kind;
use crate::people::{Habit, Trade};
use crate::run::run;
use crate::setup::{SECOND, Setup};

/// One line of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A fault at a node, for so many seconds; node 0 is whoever leads.
    Break(Kind, u32, u64),
    /// The price moves by so many millionths each second, for so many seconds.
    Price(i64, u64),
    /// A reporter, from 0, changes its habit.
    Habit(usize, Habit),
    /// People send so many times as much.
    Rush(u64),
}

/// An incident.
#[derive(Debug)]
pub struct Incident {
    /// By which it is asked for.
    pub name: &'static str,
    /// What happened there.
    pub there: &'static str,
    /// What is so here.
    pub here: &'static str,
    setup: fn(&mut Setup),
    script: &'static [(u64, Act)],
    /// Marks of the report that must be above zero, and those that must be zero.
    sees: &'static [&'static str],
    sees_not: &'static [&'static str],
}

/// What came of a scenario.
#[derive(Debug)]
pub struct Played {
    /// Worlds.
    pub worlds: u64,
    /// What was seen, together.
    pub saw: BTreeMap<&'static str, u64>,
    /// The first promise that was broken, or what was not seen and should have been.
    pub broken: Option<Violation>,
}

/// All of them, in the order of the corpus.
pub const ALL: &[Incident] = &[
    Incident {
        name: "hyperliquid-2025-07-29",
        there: "I1: overloaded API servers returned errors for orders that were accepted and \
            executed: $1.99 M refunded",
        here: "twenty times the load: whoever is refused is refused for good, every other \
            outcome is told or can be asked for",
        setup: |setup| {
            setup.trades = vec![Trade::Maker, Trade::Taker, Trade::Runaway, Trade::Tinkerer];
        },
        script: &[(30, Act::Rush(20)), (50, Act::Rush(1))],
        sees: &["trade"],
        sees_not: &[],
    },
    Incident {
        name: "dydx-2025-10-10",
        there: "I2: the chain halted in a crash, came back on stale prices and liquidated by \
            them: 27 claims, $462 k",
        here: "all power is lost in the middle of a crash: nobody is liquidated before fresh \
            prices have passed the barrier",
        setup: |setup| setup.trades = vec![Trade::Maker, Trade::Leveraged, Trade::Taker],
        script: &[(60, Act::Price(-6_000, 25)), (70, Act::Break(Kind::PowerCutAll, 1, 12))],
        sees: &["liquidation", "term"],
        sees_not: &[],
    },
    Incident {
        name: "coinbase-2026-05-07",
        there: "I3: a zone lost its cooling, and with it three of five voters of one Raft \
            group: about 8 hours",
        here: "three of five nodes lose their power at once: nothing is acknowledged meanwhile, \
            nothing is lost after",
        setup: |setup| setup.nodes = 5,
        script: &[
            (40, Act::Break(Kind::Kill, 1, 20)),
            (40, Act::Break(Kind::Kill, 2, 25)),
            (40, Act::Break(Kind::Kill, 3, 30)),
        ],
        sees: &["trade", "term"],
        sees_not: &[],
    },
    Incident {
        name: "binance-2025-10-10",
        there: "I6: collateral was priced from the venue's own thin book (USDe at 0.65): $283 M \
            paid",
        here: "one source of five is a third too low for a minute: the index follows the \
            others, and nobody is liquidated",
        setup: |setup| setup.trades = vec![Trade::Maker, Trade::Taker, Trade::Leveraged],
        script: &[(50, Act::Habit(2, Habit::Depegged)), (110, Act::Habit(2, Habit::Honest))],
        sees: &["trade"],
        sees_not: &["socialised", "auto-deleveraging"],
    },
    Incident {
        name: "paradex-2026-01-19",
        there: "I8: a restart reset the funding indices to zero: mass liquidations, and a rollback",
        here: "all nodes lose power and start from snapshots: the funding of everybody is what \
            it was, to the atom",
        setup: |setup| setup.snapshot_entries = 1_000,
        script: &[
            (45, Act::Break(Kind::PowerCutAll, 1, 3)),
            (90, Act::Break(Kind::PowerCutAll, 1, 3)),
        ],
        sees: &["trade", "term", "funding accrued"],
        sees_not: &["auto-deleveraging", "socialised"],
    },
    Incident {
        name: "deribit-2019-10-31",
        there: "I11: an outlier in the index was not excluded: 15 % flash crash, $1.3 M",
        here: "one reporter says a third less: it is capped, and what it says moves nothing",
        setup: |setup| setup.trades = vec![Trade::Maker, Trade::Taker, Trade::Leveraged],
        script: &[(40, Act::Habit(0, Habit::Depegged))],
        sees: &["trade"],
        sees_not: &["socialised", "auto-deleveraging"],
    },
    Incident {
        name: "deribit-2020-08-27",
        there: "I11: the hardware of the master node failed, without a hot standby: 4 h 12 min",
        here: "the leader's machine is gone for good and comes back empty: another leads within \
            a second, nothing is lost",
        setup: |_| {},
        script: &[(45, Act::Break(Kind::Replace, 0, 5))],
        sees: &["trade", "term"],
        sees_not: &[],
    },
    Incident {
        name: "hyperliquid-2025-10-10",
        there: "I13: 34 983 positions were closed by auto-deleveraging within 12 minutes, more \
            than was needed",
        here: "the price falls by a quarter in a minute: whoever gives, gives in the order of \
            the rule and no more than lacks",
        setup: |setup| {
            setup.trades = vec![Trade::Maker, Trade::Leveraged, Trade::Taker];
            setup.orders_per_s = 50;
        },
        script: &[(60, Act::Price(-8_000, 40))],
        sees: &["liquidation"],
        sees_not: &[],
    },
];

impl Incident {
    /// Its world, by a seed.
    pub fn setup(&self, seed: u64) -> Setup {
        let mut setup = Setup { faults: Vec::new(), crash: None, ..Setup::whole(seed) };
        (setup.seconds, setup.nodes, setup.orders_per_s, setup.move_ppm) = (150, 3, 40, 40);
        setup.fault_every = 1_000_000 * SECOND;
        (setup.usual, setup.trades) = (true, traders());
        (self.setup)(&mut setup);
        setup.script = self.script.to_vec();
        setup
    }
}

/// Everybody but the operator, who would halt what is to be seen.
fn traders() -> Vec<Trade> {
    Trade::ALL.into_iter().filter(|trade| *trade != Trade::Operator).collect()
}

/// Plays a scenario in several worlds.
pub fn play(incident: &Incident, first_seed: u64, worlds: u64) -> std::io::Result<Played> {
    let mut played = Played { worlds: 0, saw: BTreeMap::new(), broken: None };
    for seed in first_seed..first_seed + worlds {
        let outcome = run(&incident.setup(seed))?;
        played.worlds += 1;
        for (mark, count) in &outcome.report.marks {
            *played.saw.entry(mark).or_default() += count;
        }
        if outcome.violation.is_some() {
            played.broken = outcome.violation;
            return Ok(played);
        }
    }
    let count = |mark: &&str| played.saw.get(*mark).copied().unwrap_or(0);
    let lacks = incident.sees.iter().find(|mark| count(mark) == 0);
    let has = incident.sees_not.iter().find(|mark| count(mark) != 0);
    let lacks = lacks.map(|mark| format!("no {mark}: the scenario did not come about"));
    let has = has.map(|mark| format!("{} times {mark}, and there should be none", count(mark)));
    played.broken = lacks.or(has).map(|words| Violation::new("SCENARIO", words));
    Ok(played)
}
