//! Portfolio margin: the worst of many scenarios over all that an account holds and has ordered of
//! one index (venue.md §2.9, docs/rules/portfolio.md).
//!
//! ```text
//!   scenarios ──▶ changes of one lot of each instrument        one grid, shared by all accounts
//!                     × lots of each holding, summed  ──▶ worst    a dot product per scenario
//! ```
//!
//! Open orders count as they would hurt most: in each scenario an order is filled if that makes the
//! result worse. The worst scenario of the worst fills is the worst of both, whichever is chosen
//! first, so this is what a search of all ways to fill them would find.
//!
//! Changes are of one lot, weighted, in thousandths of an atom.
//!
//! # Invariants
//! 1. What is needed with orders is never less than without.
//! 2. Taking an exposure in and out again leaves a scan as it was, to the last thousandth.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::units::divide;
use types::{
    Amount, Contract, IndexPrice, PortfolioTerms, RiskFault, Rounding, Scenario, Tail, VolMove,
    limits,
};

const MILLION: u32 = 1_000_000;
/// Thousandths of an atom.
const MILLI: u64 = 1_000;

/// What is wrong with the terms, if anything.
pub fn check_terms(terms: &PortfolioTerms) -> Result<(), RiskFault> {
    let is_tail = |tail: &Tail| {
        (-990_000..=10_000_000).contains(&tail.move_ppm) && tail.weight_ppm <= MILLION
    };
    let has_grid = (10_000..=900_000).contains(&terms.range_ppm)
        && (1..=8).contains(&terms.steps)
        && terms.vol_up_ppm <= 10 * MILLION
        && terms.vol_down_ppm < MILLION
        && terms.near_power_ppm <= MILLION
        && terms.far_power_ppm <= MILLION;
    let has_tails = terms.tails.len() <= limits::TAILS_MAX && terms.tails.iter().all(is_tail);
    let has_rates = (1..=MILLION).contains(&terms.maintenance_ppm)
        && terms.future_maintenance_ppm <= terms.future_initial_ppm
        && terms.short_maintenance_ppm <= terms.short_initial_ppm
        && terms.future_initial_ppm <= MILLION
        && terms.short_initial_ppm <= MILLION;
    if has_grid && has_tails && has_rates { Ok(()) } else { Err(RiskFault::Portfolio) }
}

/// All scenarios of the terms: the core grid from the lowest price, with volatility up, same and
/// down at each, then the tails.
pub fn scenarios(terms: &PortfolioTerms) -> Vec<Scenario> {
    let steps = i64::from(terms.steps);
    let last = if planted::is(Bug::PortfolioGridEndsEarly) { steps - 1 } else { steps };
    let moves = (-steps..=last).map(|step| i64::from(terms.range_ppm) * step / steps);
    let core = moves.flat_map(|shift| {
        [VolMove::Up, VolMove::Same, VolMove::Down].map(|vol| Scenario {
            move_ppm: i32::try_from(shift).expect("within the range"),
            vol,
            weight_ppm: MILLION,
        })
    });
    let tails = terms.tails.iter().map(|tail| Scenario {
        move_ppm: tail.move_ppm,
        vol: VolMove::Up,
        weight_ppm: tail.weight_ppm,
    });
    core.chain(tails).collect()
}

/// What one long lot of a future at `price` gains or loses in each scenario, down.
pub fn future_changes(contract: &Contract, price: IndexPrice, scenarios: &[Scenario]) -> Vec<i64> {
    let value = |price| i128::from(contract.value_at(price, MILLI, Rounding::Down).0);
    let now = value(price);
    let sign = if contract.is_quotient() { -1 } else { 1 };
    let change = |scenario: &Scenario| {
        let gained = sign * (value(moved(price, scenario.move_ppm)) - now);
        weighted(gained, scenario.weight_ppm)
    };
    scenarios.iter().map(change).collect()
}

/// A share of a change, down, as far as an `i64` reaches.
fn weighted(change: i128, weight_ppm: u32) -> i64 {
    let counted = divide(change * i128::from(weight_ppm), MILLION.into(), Rounding::Down);
    i64::try_from(counted).unwrap_or(if counted < 0 { i64::MIN } else { i64::MAX })
}

/// A price after a move; one that counts at least.
fn moved(price: IndexPrice, move_ppm: i32) -> IndexPrice {
    let factor = i128::from(MILLION) + i128::from(move_ppm);
    let moved = i128::from(price.0) * factor / i128::from(MILLION);
    IndexPrice(u64::try_from(moved.max(1)).unwrap_or(u64::MAX).min(IndexPrice::MAX.0))
}

/// What of one instrument counts: the position, signed, and the lots that open orders could trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposed {
    /// The position.
    pub size: i64,
    /// Lots of open purchases.
    pub bid: i64,
    /// Lots of open sales.
    pub ask: i64,
}

impl Exposed {
    fn held(&self, change: i64) -> i128 {
        i128::from(self.size) * i128::from(change)
    }

    fn open(&self, change: i64) -> i128 {
        let bought = i128::from(self.bid) * i128::from(change);
        let sold = -i128::from(self.ask) * i128::from(change);
        self.held(change) + bought.min(sold).min(0)
    }
}

/// Results of all scenarios over what an account holds of one index, with and without its orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    held: Vec<i128>,
    open: Vec<i128>,
}

impl Scan {
    /// Replaces what one instrument counts for; `changes` are those of one lot of it, as many each
    /// time.
    pub fn replace(&mut self, old: &Exposed, new: &Exposed, changes: &[i64]) {
        self.held.resize(changes.len(), 0);
        self.open.resize(changes.len(), 0);
        let sums = self.held.iter_mut().zip(self.open.iter_mut());
        if [old, new].iter().all(|exposed| exposed.bid == 0 && exposed.ask == 0) {
            let more = i128::from(new.size - old.size);
            for ((held, open), change) in sums.zip(changes) {
                let gained = more * i128::from(*change);
                (*held, *open) = (*held + gained, *open + gained);
            }
            return;
        }
        for ((held, open), change) in sums.zip(changes) {
            *held += new.held(*change) - old.held(*change);
            *open += new.open(*change) - old.open(*change);
        }
    }

    /// The worst result without orders, not below zero: what could be lost, in atoms, up.
    pub fn worst_held(&self) -> i128 {
        loss(self.held.iter().copied())
    }

    /// The same with orders.
    pub fn worst_open(&self) -> i128 {
        if planted::is(Bug::PortfolioOrdersLeftOut) {
            return self.worst_held();
        }
        loss(self.open.iter().copied())
    }
}

/// The share of a loss that is needed to stay, up.
pub fn to_stay(terms: &PortfolioTerms, worst: i128) -> i128 {
    divide(worst * i128::from(terms.maintenance_ppm), MILLION.into(), Rounding::Up)
}

/// What is needed beside the scenarios: a share, up.
pub fn beside(of: Amount, rate_ppm: u32) -> Amount {
    of.times(rate_ppm.into(), MILLION.into(), Rounding::Up)
}

fn loss(results: impl Iterator<Item = i128>) -> i128 {
    let worst = results.min().unwrap_or(0).min(0);
    divide(-worst, MILLI.into(), Rounding::Up)
}
