//! Credits: how often somebody may ask (api.md §4, venue.md §2.15).
//!
//! A leaky bucket: `credits(t) = min(burst, credits(t0) + per_s · (t − t0))`; a request is refused
//! if fewer than its cost are there, otherwise they are taken. Time is an argument, in
//! microseconds; all arithmetic is on millionths of a credit, so nothing is lost to rounding.
//!
//! Cancels never share a bucket with places: a throttled client can always get out.

use types::planted::{self, Bug};

/// How a pool fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Credits of a full pool.
    pub burst: u64,
    /// Credits that come back each second.
    pub per_s: u64,
}

/// The pools. An account has each once, an address has the one of unauthenticated calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Everything that is not named below.
    NonMatching,
    /// `public/get_instruments`.
    Instruments,
    /// `public/subscribe` and `private/subscribe`.
    Subscribe,
    /// `private/get_transaction_log`.
    TransactionLog,
    /// Requests to the matching engine that can place or change an order.
    Trading,
    /// Requests to the matching engine that only take orders away.
    Cancel,
}

/// Pools of one account.
pub const N_POOLS: usize = 6;

/// The numbers of all pools. In `trading` and `cancel` a credit is one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// See [`Pool::NonMatching`].
    pub non_matching: Rate,
    /// See [`Pool::Instruments`].
    pub instruments: Rate,
    /// See [`Pool::Subscribe`].
    pub subscribe: Rate,
    /// See [`Pool::TransactionLog`].
    pub transaction_log: Rate,
    /// See [`Pool::Trading`]: the lowest tier, 5/s and 20 at once.
    pub trading: Rate,
    /// See [`Pool::Cancel`]: ours, the numbers of the highest tier.
    pub cancel: Rate,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            non_matching: Rate { burst: 50_000, per_s: 10_000 },
            instruments: Rate { burst: 500_000, per_s: 10_000 },
            subscribe: Rate { burst: 30_000, per_s: 10_000 },
            transaction_log: Rate { burst: 80_000, per_s: 10_000 },
            trading: Rate { burst: 20, per_s: 5 },
            cancel: Rate { burst: 100, per_s: 30 },
        }
    }
}

impl Rates {
    /// The numbers of one pool.
    pub fn of(&self, pool: Pool) -> Rate {
        match pool {
            Pool::NonMatching => self.non_matching,
            Pool::Instruments => self.instruments,
            Pool::Subscribe => self.subscribe,
            Pool::TransactionLog => self.transaction_log,
            Pool::Trading => self.trading,
            Pool::Cancel => self.cancel,
        }
    }
}

/// Too few credits: the numbers of the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{credits} credits are left, this call costs {cost}: {refill_per_s} come back a second, \
     ask again in {retry_after_ms} ms"
)]
pub struct Overdraft {
    /// Whole credits that are left.
    pub credits: u64,
    /// What the call costs.
    pub cost: u64,
    /// Credits that come back each second.
    pub refill_per_s: u64,
    /// When there will be enough, rounded up.
    pub retry_after_ms: u64,
}

const MICROS: u64 = 1_000_000;

/// One pool of somebody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// Millionths of a credit that are missing from a full pool at `at_us`.
    missing_micro: u64,
    at_us: u64,
}

impl Bucket {
    /// Takes `cost` credits, or says how many are missing.
    pub fn take(&mut self, run_us: u64, rate: Rate, cost: u64) -> Result<(), Overdraft> {
        let elapsed_us = run_us.saturating_sub(self.at_us);
        let before_us = self.at_us;
        self.at_us = before_us.max(run_us);
        let refill = elapsed_us.saturating_mul(rate.per_s);
        let full = rate.burst.saturating_mul(MICROS);
        self.missing_micro = self.missing_micro.saturating_sub(refill).min(full);
        let missing_after = self.missing_micro.saturating_add(cost.saturating_mul(MICROS));
        if missing_after <= full {
            self.missing_micro = missing_after;
            return Ok(());
        }
        if planted::is(Bug::CreditsRefilledTwice) {
            self.at_us = before_us;
        }
        let short_micro = missing_after - full;
        Err(Overdraft {
            credits: (full - self.missing_micro) / MICROS,
            cost,
            refill_per_s: rate.per_s,
            retry_after_ms: short_micro.div_ceil(rate.per_s.max(1)).div_ceil(1_000),
        })
    }

    /// True if nothing is missing: forgetting the bucket changes nothing.
    pub fn is_full(&self, run_us: u64, rate: Rate) -> bool {
        self.missing_micro <= run_us.saturating_sub(self.at_us).saturating_mul(rate.per_s)
    }
}

#[cfg(test)]
mod tests;
