//! Leveraged traders: who is long and who is short, how much, how levered, and when shorts take
//! their profit.
//!
//! Sizes are heavy-tailed (Pareto, exponent 1.3, cut at 300 times the smallest), leverage is
//! lognormal. Longs never close by themselves: whoever bought with borrowed money and is still
//! there in a crash waits. Three of ten shorts hedge something outside and wait too; the others
//! cover once the price has fallen by their own goal, a bit every ten seconds.

use std::ops::Range;

use types::{AccountId, At, Side};

use super::grid::ONE;
use super::stage::{Ask, Stage};
use super::terms::Terms;
use crate::demo::pricing::Rng;

/// Longs of all traders.
const LONGS: f64 = 0.6;
/// Exponent of sizes, and the largest in parts of the smallest.
const TAIL: f64 = 1.3;
const LARGEST: f64 = 300.0;
/// Spread of leverage, and its highest.
const SIGMA: f64 = 0.8;
const LEVERAGE_MAX: f64 = 40.0;
/// Shorts are less levered by this.
const SHORTS_LESS: f64 = 3.0;
/// Shorts that cover, and the least and the largest fall that they wait for.
const COVERING: f64 = 0.7;
const GOALS: Range<f64> = 0.05..0.6;
/// Between two purchases of a short that covers, and the part of its position that it buys.
const COVER_S: u64 = 10;
const COVER_PART: f64 = 0.1;
/// How far from the mark it pays.
const COVER_REACH: f64 = 0.003;
/// What opening costs, and a little more.
const COST: f64 = 0.001;

/// Longs and shorts.
pub struct Crowd {
    /// Accounts of longs.
    pub longs: Range<u32>,
    /// Accounts of shorts.
    pub shorts: Range<u32>,
    /// Those who cover, by falling price; those from `next` on have not begun.
    covering: Vec<Short>,
    next: usize,
}

/// A short that takes its profit.
struct Short {
    account: AccountId,
    below: f64,
    slice: u32,
}

impl Crowd {
    /// Opens their accounts, and their positions against each other at the mark.
    pub fn enter(stage: &mut Stage, terms: &Terms, rng: &mut Rng) -> anyhow::Result<Crowd> {
        let n_longs = (f64::from(terms.n_traders) * LONGS) as usize;
        let n_shorts = terms.n_traders as usize - n_longs;
        let price = stage.mark();
        let all = stage.grid.lots(terms.open_interest, price);
        let shorts = sizes(rng, n_shorts, all);
        let longs = sizes(rng, n_longs, shorts.iter().sum());
        let median = terms.leverage / SHORTS_LESS;
        let first = stage.n_accounts() + 1;
        let mut covering = Vec::new();
        for lots in &shorts {
            let account = enter_one(stage, rng, (Side::Ask, *lots, price), median)?;
            if rng.unit() < COVERING {
                let fall = GOALS.start + (GOALS.end - GOALS.start) * rng.unit();
                let slice = ((f64::from(*lots) * COVER_PART) as u32).max(1);
                covering.push(Short { account, below: price * (1.0 - fall), slice });
            }
        }
        covering.sort_by(|one, other| other.below.total_cmp(&one.below));
        let between = stage.n_accounts() + 1;
        for lots in &longs {
            enter_one(stage, rng, (Side::Bid, *lots, price), terms.leverage)?;
        }
        let end = stage.n_accounts() + 1;
        Ok(Crowd { longs: between..end, shorts: first..between, covering, next: 0 })
    }

    /// Shorts buy back what they have earned enough on.
    pub fn act(&mut self, stage: &mut Stage, outside: f64, at: At) {
        let reached = |short: &&Short| outside <= short.below;
        self.next += self.covering[self.next..].iter().take_while(reached).count();
        for short in &self.covering[..self.next] {
            let is_turn = (at.0 / 1_000 + u64::from(short.account.0)).is_multiple_of(COVER_S);
            let open = stage.tally.position(short.account);
            if is_turn && open < 0 {
                let lots = short.slice.min(u32::try_from(-open).unwrap_or(u32::MAX));
                stage.take(short.account, Side::Bid, lots, COVER_REACH, true);
            }
        }
    }
}

/// One trader with its margin, which takes its position from those before it.
fn enter_one(
    stage: &mut Stage,
    rng: &mut Rng,
    (side, lots, price): (Side, u32, f64),
    median: f64,
) -> anyhow::Result<AccountId> {
    let usd = stage.grid.usd(lots.into(), price);
    let leverage = (median * (SIGMA * normal(rng)).exp()).clamp(1.0, LEVERAGE_MAX);
    let account = stage.fund((usd * (1.0 / leverage + COST) * ONE) as i64)?;
    let price = stage.grid.passive(price, Side::Ask);
    let rests = side == Side::Ask;
    let is_in = stage.order(account, Ask { side, price, lots, rests, reduces: false });
    anyhow::ensure!(is_in, "account {account} could not open {lots} lots at {price} ticks");
    Ok(account)
}

/// So many heavy-tailed sizes, which sum to `all`, each at least one.
fn sizes(rng: &mut Rng, n: usize, all: u32) -> Vec<u32> {
    let cut = 1.0 - LARGEST.powf(-TAIL);
    let weights: Vec<f64> = (0..n).map(|_| (1.0 - rng.unit() * cut).powf(-1.0 / TAIL)).collect();
    let sum: f64 = weights.iter().sum();
    let part = |weight: &f64| ((f64::from(all) * weight / sum) as u32).max(1);
    let mut sizes: Vec<u32> = weights.iter().map(part).collect();
    let given: u32 = sizes.iter().sum();
    if let Some(largest) = sizes.iter_mut().max() {
        *largest = (*largest + all).saturating_sub(given).max(1);
    }
    sizes
}

/// Of the standard normal distribution (G. Box, M. Muller, 1958).
fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * rng.unit().ln()).sqrt() * (std::f64::consts::TAU * rng.unit()).cos()
}
