//! Which expiries and strikes there should be: listing by rule, so that nobody chooses.
//!
//! It lists nothing and remembers nothing: the engine lists what is wanted and not there.

use alloc::vec::Vec;

use types::{At, Decimal, IndexPrice, SettlementPeriod};

use crate::delivery::Delivery;

const WEEK: u64 = 7 * At::DAY;

const N_DAYS: usize = 2;
const N_WEEKS: usize = 3;
const N_MONTHS: usize = 3;
const N_QUARTERS: usize = 4;
/// Fridays that are looked through: four quarters and a month.
const N_FRIDAYS: usize = 60;

/// The expiries that there should be at `at`, soonest first: the next 2 days, 3 Fridays, 3 last
/// Fridays of a month and 4 last Fridays of a quarter, all at 08:00 UTC; where two fall together,
/// the longer period names it. An expiry whose delivery window is open is not wanted any more.
pub fn wanted_expiries(at: At) -> Vec<(At, SettlementPeriod)> {
    let first = first_expiry(at);
    let days = (0..).map(|day| first.plus_ms(day * At::DAY)).take(N_DAYS);
    let fridays: Vec<At> = {
        let first = friday_from(first);
        (0..).map(|week| first.plus_ms(week * WEEK)).take(N_FRIDAYS).collect()
    };
    let all = || fridays.iter().copied();
    let mut wanted: Vec<(At, SettlementPeriod)> = Vec::new();
    let quarters = all().filter(|friday| ends_quarter(*friday)).take(N_QUARTERS);
    let months = all().filter(|friday| ends_month(*friday)).take(N_MONTHS);
    add(&mut wanted, quarters.chain(months), SettlementPeriod::Month);
    add(&mut wanted, all().take(N_WEEKS), SettlementPeriod::Week);
    add(&mut wanted, days, SettlementPeriod::Day);
    wanted.sort_unstable_by_key(|(expiry, _)| *expiry);
    wanted
}

fn add(
    wanted: &mut Vec<(At, SettlementPeriod)>,
    expiries: impl Iterator<Item = At>,
    period: SettlementPeriod,
) {
    for expiry in expiries {
        if wanted.iter().all(|(other, _)| *other != expiry) {
            wanted.push((expiry, period));
        }
    }
}

/// The first 08:00 UTC whose delivery window is not open.
fn first_expiry(at: At) -> At {
    let next = at.next_eight_utc();
    if at < Delivery::opens_at(next) { next } else { next.plus_ms(At::DAY) }
}

/// The first Friday from `eight` on, which is some 08:00 UTC. 1970 began on a Thursday.
fn friday_from(eight: At) -> At {
    let day = eight.0 / At::DAY;
    let until = (8 - day % 7) % 7;
    eight.plus_ms(until * At::DAY)
}

fn ends_month(friday: At) -> bool {
    friday.date().1 != friday.plus_ms(WEEK).date().1
}

fn ends_quarter(friday: At) -> bool {
    ends_month(friday) && friday.date().1.is_multiple_of(3)
}

/// Strikes of expiries up to `within_ms` away.
struct StrikeGrid {
    within_ms: u64,
    /// The step is the largest of 1, 2 and 5 times a power of ten that is at most this share of the
    /// index.
    step_ppm: u64,
    /// How far below and above the index they go.
    below_ppm: u64,
    above_ppm: u64,
}

const GRIDS: [StrikeGrid; 4] = [
    StrikeGrid { within_ms: 3 * At::DAY, step_ppm: 5_000, below_ppm: 50_000, above_ppm: 50_000 },
    StrikeGrid {
        within_ms: 22 * At::DAY,
        step_ppm: 10_000,
        below_ppm: 150_000,
        above_ppm: 150_000,
    },
    StrikeGrid {
        within_ms: 100 * At::DAY,
        step_ppm: 25_000,
        below_ppm: 400_000,
        above_ppm: 400_000,
    },
    StrikeGrid { within_ms: u64::MAX, step_ppm: 50_000, below_ppm: 500_000, above_ppm: 1_000_000 },
];

/// The strikes that there should be for an expiry `distance_ms` away with the index at `index`,
/// ascending: multiples of a step, from below the index to above it (`GRIDS`).
pub fn wanted_strikes(index: IndexPrice, distance_ms: u64) -> Vec<Decimal> {
    let Some(grid) = GRIDS.iter().find(|grid| distance_ms <= grid.within_ms) else {
        return Vec::new();
    };
    let price = u128::from(index.0);
    let share = |ppm: u64| price * u128::from(ppm) / 1_000_000;
    let step = round_step(share(grid.step_ppm));
    let lowest = (price - share(grid.below_ppm)).div_ceil(step).max(1);
    let highest = (price + share(grid.above_ppm)) / step;
    (lowest..=highest).filter_map(|count| strike(count * step)).collect()
}

/// The largest of 1, 2 and 5 times a power of ten that is at most `most`, and at least one.
fn round_step(most: u128) -> u128 {
    let power = most.checked_ilog10().map_or(1, |digits| 10_u128.pow(digits));
    let fitting = [5, 2].into_iter().find(|digit| digit * power <= most);
    fitting.unwrap_or(1) * power
}

fn strike(hundred_millionths: u128) -> Option<Decimal> {
    Decimal::new(i64::try_from(hundred_millionths).ok()?, 8)
}
