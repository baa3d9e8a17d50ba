//! What a venue is guarded by from its first start: breakers for every index, and how it reopens.
//!
//! It goes through the log, so it is state and no configuration: an operator changes it with
//! `operator/set_breakers` and `operator/set_reopening`, and a start leaves it as it is.

use std::collections::BTreeSet;

use anyhow::Context;
use types::{
    AssetCode, BreakerTerms, Command, DepthTerms, KindFilter, LimitStateTerms, OutageStep,
    RangeTerms, ReopeningTerms,
};

use super::site::Site;

/// How long an outage is answered: over so many seconds, only cancels for so many, an auction of so
/// many. After venue.md §2.23, shorter where that would keep people out for hours.
pub type Steps = &'static [(u64, u32, u32)];

/// Of a venue that people trade on.
pub const SERVED: Steps =
    &[(10, 5, 60), (60, 10, 300), (600, 60, 900), (21_600, 600, 3_600), (86_400, 1_800, 7_200)];
/// Of one that is looked at.
pub const SHOWN: Steps = &[(10, 2, 15)];

impl Site {
    /// Guards those domains that had no entry before this start.
    pub async fn guard_empty(&self, steps: Steps) -> anyhow::Result<()> {
        for id in self.begun_empty() {
            let pairs = self.pairs(id)?;
            self.carry_out(id, commands(&pairs, steps)).await.context("setting breakers")?;
        }
        Ok(())
    }
}

/// What guards the indexes of these pairs.
pub fn commands(pairs: &BTreeSet<(AssetCode, AssetCode)>, steps: Steps) -> Vec<Command> {
    let mut commands = vec![Command::SetReopening(Box::new(reopening(steps)))];
    for (base, quote) in pairs.iter().copied() {
        for (kind, terms) in [(KindFilter::Future, futures()), (KindFilter::Option, options())] {
            commands.push(Command::SetBreakers { base, quote, kind, terms: Box::new(terms) });
        }
    }
    commands
}

fn reopening(steps: Steps) -> ReopeningTerms {
    let step = |(over, cancel_only, auction): &(u64, u32, u32)| OutageStep {
        over_ms: over * 1_000,
        cancel_only_ms: cancel_only * 1_000,
        auction_ms: auction * 1_000,
    };
    ReopeningTerms { steps: steps.iter().map(step).collect(), ..engine::usual_reopening() }
}

/// A move of 3 % within ten seconds, or of a tenth within an hour, needs an auction to be believed.
/// Liquidations are not paced beyond LIQ-5 and LIQ-9: in every crash of the record that moved
/// losses from the book to winners (docs/benchmarks/breakers.md).
fn futures() -> BreakerTerms {
    BreakerTerms {
        limit_state: Some(LimitStateTerms { hold_ms: 15_000, pause_ms: 60_000 }),
        velocity: Some(RangeTerms { window_ms: 10_000, move_ppm: 30_000, pause_ms: 10_000 }),
        range: Some(RangeTerms { window_ms: 3_600_000, move_ppm: 100_000, pause_ms: 120_000 }),
        depth: Some(DepthTerms {
            within_ppm: 10_000,
            share_ppm: 50_000,
            hold_ms: 10_000,
            pause_ms: 10_000,
        }),
        liquidation: None,
        frozen: None,
    }
}

/// Prices of options move by multiples, and their books are thin: the bands and the index guard
/// them.
fn options() -> BreakerTerms {
    BreakerTerms { limit_state: None, velocity: None, range: None, depth: None, ..futures() }
}
