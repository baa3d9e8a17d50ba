//! A smaller world in which the same promise is broken: shorter, with fewer faults and fewer
//! people.
//!
//! Each part of the world draws from a stream of its own, so that what is left out changes
//! little for what stays. A try that breaks no promise, or another one, is thrown away.

use crate::faults::Kind;
use crate::people::Trade;
use crate::run::{Outcome, run};
use crate::setup::Setup;

/// Runs at most.
const TRIES_MAX: u32 = 60;

/// What shrinking has come to.
#[derive(Debug)]
pub struct Shrunk {
    /// The smallest world that was found.
    pub setup: Setup,
    /// What happens in it.
    pub outcome: Outcome,
    /// How many worlds were tried.
    pub tries: u32,
}

/// Makes a failing world smaller, as long as the same checker says so.
pub fn shrink(setup: &Setup, outcome: Outcome) -> std::io::Result<Shrunk> {
    let mut best = Shrunk { setup: setup.clone(), outcome, tries: 0 };
    loop {
        let before = best.setup.clone();
        for candidate in candidates(&best) {
            if TRIES_MAX <= best.tries {
                return Ok(best);
            }
            if candidate == best.setup {
                continue;
            }
            best.tries += 1;
            let outcome = run(&candidate)?;
            if is_same(&best.outcome, &outcome) {
                (best.setup, best.outcome) = (candidate, outcome);
                break;
            }
        }
        if best.setup == before {
            return Ok(best);
        }
    }
}

fn is_same(one: &Outcome, other: &Outcome) -> bool {
    let checker = |outcome: &Outcome| outcome.violation.as_ref().map(|found| found.checker);
    checker(one) == checker(other)
}

/// Worlds that are smaller, the most promising first.
fn candidates(best: &Shrunk) -> Vec<Setup> {
    let setup = &best.setup;
    let mut smaller = Vec::new();
    let mut with = |change: &dyn Fn(&mut Setup)| {
        let mut candidate = setup.clone();
        change(&mut candidate);
        smaller.push(candidate);
    };
    let failed_after = best.outcome.report.lasted + 1;
    with(&|setup| setup.seconds = setup.seconds.min(failed_after));
    with(&|setup| setup.seconds = (setup.seconds / 2).max(1));
    with(&|setup| setup.faults.clear());
    with(&|setup| {
        let seen = best.outcome.report.faults.values().sum::<u64>();
        setup.faults_max = setup.faults_max.min(u32::try_from(seen / 2).unwrap_or(0));
    });
    for kind in setup.faults.iter().copied() {
        with(&|setup| setup.faults.retain(|other: &Kind| *other != kind));
    }
    for trade in setup.trades.iter().copied().filter(|_| 1 < setup.trades.len()) {
        with(&|setup| setup.trades.retain(|other: &Trade| *other != trade));
    }
    with(&|setup| setup.nodes = if setup.nodes == 5 { 3 } else { 1 });
    with(&|setup| (setup.loss_ppm, setup.double_ppm) = (0, 0));
    with(&|setup| setup.crash = None);
    with(&|setup| setup.backstops = false);
    with(&|setup| setup.portfolio = false);
    with(&|setup| setup.gateway = false);
    with(&|setup| setup.orders_per_s = (setup.orders_per_s / 2).max(1));
    smaller
}
