//! Momentum traders, who sell what falls and buy what rises; and backstops, who get rid of what
//! they took over.

use types::{AccountId, At, Side};

use super::grid::ONE;
use super::stage::Stage;
use super::terms::Terms;
use crate::demo::pricing::Rng;

/// How many there are, and how much they borrow.
const N_MOMENTUM: u32 = 20;
const LEVERAGE: f64 = 3.0;
/// Half-lives of their averages are between these, in seconds; the slow one is so much slower.
const FAST_S: (f64, f64) = (20.0, 120.0);
const SLOWER: f64 = 8.0;
/// Distances between the averages at which they act.
const SIGNAL: (f64, f64) = (0.002, 0.01);
/// Part of the limit that they trade at once, how often, and how far from the mark they go.
const PART: f64 = 0.1;
const EVERY_S: u64 = 5;
const REACH: f64 = 0.003;
/// Backstops: how many, money in parts of what they may take, part of a position that they sell at
/// once, how often, and how far they go.
const N_BACKSTOPS: u32 = 2;
const BACKED: f64 = 0.6;
const UNLOAD_PART: f64 = 0.05;
const UNLOAD_S: u64 = 2;
const UNLOAD_REACH: f64 = 0.005;
/// Maintenance margin of a position.
const MAINTENANCE: f64 = 0.01;

/// Those who follow the price.
pub struct Momentum {
    all: Vec<Follower>,
}

struct Follower {
    account: AccountId,
    limit: i64,
    /// Average and what it keeps each second: the fast one, the slow one.
    averages: [(f64, f64); 2],
    signal: f64,
}

impl Momentum {
    /// Opens their accounts.
    pub fn enter(
        stage: &mut Stage,
        terms: &Terms,
        price: f64,
        rng: &mut Rng,
    ) -> anyhow::Result<Momentum> {
        let mut all = Vec::new();
        for _ in 0..N_MOMENTUM {
            let usd = terms.momentum / f64::from(N_MOMENTUM);
            let account = stage.fund((usd / LEVERAGE * ONE) as i64)?;
            let limit = i64::from(stage.grid.lots(usd, price));
            let fast_s = between(rng, FAST_S);
            let keeps = |half_life: f64| 0.5_f64.powf(1.0 / half_life);
            let averages = [(price, keeps(fast_s)), (price, keeps(fast_s * SLOWER))];
            all.push(Follower { account, limit, averages, signal: between(rng, SIGNAL) });
        }
        Ok(Momentum { all })
    }

    /// They look each second, and trade when it is their turn.
    pub fn act(&mut self, stage: &mut Stage, outside: f64, at: At) {
        for follower in &mut self.all {
            for (average, keeps) in &mut follower.averages {
                *average = *average * *keeps + outside * (1.0 - *keeps);
            }
            if (at.0 / 1_000 + u64::from(follower.account.0)).is_multiple_of(EVERY_S) {
                follower.trade(stage);
            }
        }
    }

    /// Their accounts.
    pub fn accounts(&self) -> impl Iterator<Item = u32> {
        self.all.iter().map(|follower| follower.account.0)
    }
}

impl Follower {
    fn trade(&self, stage: &mut Stage) {
        let [(fast, _), (slow, _)] = self.averages;
        let trend = fast / slow - 1.0;
        let wanted = match trend {
            _ if trend <= -self.signal => -self.limit,
            _ if self.signal <= trend => self.limit,
            _ => return,
        };
        let missing = wanted - stage.tally.position(self.account);
        let part = ((self.limit as f64 * PART) as u64).max(1);
        let lots = u32::try_from(missing.unsigned_abs().min(part)).unwrap_or(u32::MAX);
        let side = if missing < 0 { Side::Ask } else { Side::Bid };
        stage.take(self.account, side, lots, REACH, false);
    }
}

/// Those who have agreed to take positions over.
pub struct Backstops {
    all: Vec<AccountId>,
}

impl Backstops {
    /// Opens their accounts, and offers.
    pub fn enter(stage: &mut Stage, terms: &Terms) -> anyhow::Result<Backstops> {
        let mut all = Vec::new();
        for _ in 0..N_BACKSTOPS {
            let usd = terms.backstop / f64::from(N_BACKSTOPS);
            let account = stage.fund((usd * BACKED * ONE) as i64)?;
            stage.back(account, (usd * MAINTENANCE * ONE) as i64)?;
            all.push(account);
        }
        Ok(Backstops { all })
    }

    /// They sell a bit of what they have.
    pub fn act(&self, stage: &mut Stage, at: At) {
        if !(at.0 / 1_000).is_multiple_of(UNLOAD_S) {
            return;
        }
        for account in &self.all {
            let open = stage.tally.position(*account);
            if open != 0 {
                let part = ((open.unsigned_abs() as f64 * UNLOAD_PART) as u32).max(1);
                let side = if open < 0 { Side::Bid } else { Side::Ask };
                stage.take(*account, side, part, UNLOAD_REACH, true);
            }
        }
    }

    /// Their accounts.
    pub fn accounts(&self) -> impl Iterator<Item = u32> {
        self.all.iter().map(|account| account.0)
    }
}

fn between(rng: &mut Rng, (least, most): (f64, f64)) -> f64 {
    least + (most - least) * rng.unit()
}
