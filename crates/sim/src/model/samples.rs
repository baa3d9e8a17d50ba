//! `DELIVERY-MEAN`: the price of an expiry is the mean of the good samples, one in every 4 seconds
//! from half an hour before on, and is there when there are enough of them (DLV-1 to DLV-5, DLV-11;
//! docs/rules/delivery.md).
//!
//! It does not see prices that an operator says.

use std::collections::BTreeMap;

use types::{At, IndexPrice};

use super::gate::Gate;
use super::state::State;
use super::{Check, hold};

pub(crate) const MEAN: &str = "DELIVERY-MEAN";

const WINDOW_MS: u64 = 30 * 60_000;
const SLOT_MS: u64 = 4_000;
const LATEST_MS: u64 = 2 * 3_600_000;
/// So many good samples make a price at expiry, and so many two hours later.
const ENOUGH: usize = 405;
const LEAST: usize = 225;

/// Samples by index and expiry.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    windows: BTreeMap<(usize, At), Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// The last slot that somebody looked in.
    slot: Option<u64>,
    good: Vec<u64>,
}

impl Samples {
    /// A second has passed, and the feeds have been looked at.
    pub fn look(&mut self, state: &State, gate: &Gate) {
        for market in &state.markets {
            let (index, now) = (market.index, state.at);
            let Some(expiry) = market.spec.kind.expiry() else { continue };
            let opens = At(expiry.0 - WINDOW_MS);
            if market.is_delivered || !gate.is_fed(index) || now < opens {
                continue;
            }
            let window = self.windows.entry((index, expiry)).or_default();
            let slot = Some(now.ms_since(opens) / SLOT_MS);
            let is_over = expiry <= now && ENOUGH <= window.good.len();
            if window.slot == slot || is_over || expiry.plus_ms(LATEST_MS) <= now {
                continue;
            }
            window.slot = slot;
            let price = state.index_price(market);
            if gate.is_good(index, now, false) && price != IndexPrice(0) {
                window.good.push(price.0);
            }
        }
    }

    /// An expiry has its price, made of samples.
    pub fn priced(&self, index: usize, expiry: At, price: IndexPrice, now: At) -> Check {
        let good = self.windows.get(&(index, expiry)).map_or(&[][..], |window| &window.good);
        let needed = if now < expiry.plus_ms(LATEST_MS) { ENOUGH } else { LEAST };
        hold!(
            needed <= good.len(),
            MEAN,
            "{expiry} has its price with {} good samples, and {needed} are needed",
            good.len()
        );
        let (sum, count) = (good.iter().map(|one| u128::from(*one)).sum::<u128>(), good.len());
        let count = u128::try_from(count).unwrap_or(1);
        let (mean, rest) = (sum / count, sum % count);
        let nearest = mean + u128::from(count < 2 * rest);
        hold!(
            u128::from(price.0) == nearest,
            MEAN,
            "{expiry} is settled at {}, the mean of {count} good samples is {nearest}",
            price.0
        );
        Ok(())
    }
}
