//! `MMP-FREEZES`: a group of quotes is frozen with the fill that reaches a bound of its window and
//! with no other; then all of it goes, and nothing of it is placed, rests or trades until its
//! freeze ends or is reset (MMP-1 to MMP-4; docs/rules/market-maker-protection.md).
//!
//! A delta counts as the size does.

use std::collections::{HashMap, VecDeque};

use types::{
    AccountId, At, CancelReason, CloseReason, MmpConfig, MmpGroup, OrderId, TimeInForce, Traded,
};

use super::state::{Order, State, at};
use super::{Check, hold, positions};

pub(crate) const FREEZES: &str = "MMP-FREEZES";

/// Fills that a window remembers at most.
const FILLS_MAX: usize = 4_096;

/// An account's group on an index.
type Key = (AccountId, usize, MmpGroup);

/// All protections.
#[derive(Debug, Default)]
pub(crate) struct Protections {
    known: HashMap<Key, Protection>,
    /// What must freeze now, because of the last trade.
    due: Vec<Key>,
    /// What froze in this entry.
    frozen_now: Vec<Key>,
}

#[derive(Debug)]
struct Protection {
    config: MmpConfig,
    /// Frozen, until a moment or until it is reset.
    frozen: Option<Option<At>>,
    fills: VecDeque<(At, u64)>,
    sum: u64,
}

impl Protection {
    fn is_frozen(&self, now: At) -> bool {
        self.frozen.is_some_and(|until| until.is_none_or(|until| now < until))
    }

    /// Takes a fill in; whether that reaches a bound.
    fn count(&mut self, now: At, micro: u64) -> bool {
        while let Some((then, filled)) = self.fills.front().copied()
            && self.config.interval_ms <= now.ms_since(then)
        {
            self.fills.pop_front();
            self.sum -= filled;
        }
        self.fills.push_back((now, micro));
        self.sum += micro;
        let limits = [self.config.quantity_limit_milli, self.config.delta_limit_milli];
        let is_reached = limits.into_iter().flatten().any(|milli| milli * 1_000 <= self.sum);
        is_reached || FILLS_MAX <= self.fills.len()
    }

    fn begin_anew(&mut self, frozen: Option<Option<At>>) {
        self.frozen = frozen;
        self.fills.clear();
        self.sum = 0;
    }
}

impl Protections {
    pub fn set(&mut self, state: &State, account: AccountId, config: MmpConfig) -> Check {
        let index = state.index_of(config.base, config.quote);
        hold!(index.is_some(), FREEZES, "a protection is set on an index that is not there");
        let key = (account, index.unwrap_or(0), config.group);
        if config.interval_ms == 0 {
            self.known.remove(&key);
            return Ok(());
        }
        let (fills, sum) = (VecDeque::new(), 0);
        self.known.insert(key, Protection { config, frozen: None, fills, sum });
        Ok(())
    }

    pub fn reset(&mut self, key: Key) -> Check {
        let known = self.known.get_mut(&key);
        hold!(known.is_some(), FREEZES, "{key:?} is reset, and has no protection");
        if let Some(protection) = known {
            protection.begin_anew(None);
        }
        Ok(())
    }

    pub fn triggered(&mut self, state: &State, key: Key, until: Option<At>) -> Check {
        let nth = self.due.iter().position(|due| *due == key);
        hold!(nth.is_some(), FREEZES, "{key:?} freezes, and its window is not full");
        self.due.swap_remove(nth.unwrap_or(0));
        if let Some(protection) = self.known.get_mut(&key) {
            let frozen_ms = protection.config.frozen_ms;
            let ends = (frozen_ms != 0).then(|| state.at.plus_ms(frozen_ms));
            hold!(until == ends, FREEZES, "{key:?} freezes until {until:?}, not {ends:?}");
            protection.begin_anew(Some(until));
        }
        self.frozen_now.push(key);
        Ok(())
    }

    fn key_of(state: &State, order: &Order) -> Option<Key> {
        let index = state.markets.get(at(order.instrument.0))?.index;
        Some((order.account, index, order.mmp_group?))
    }

    fn is_frozen(&self, state: &State, key: &Key) -> bool {
        self.known.get(key).is_some_and(|protection| protection.is_frozen(state.at))
    }

    /// MMP-3: an order of a group is placed, or rests.
    pub fn check_free(&self, state: &State, id: OrderId) -> Check {
        let order = state.order(id)?;
        let Some(key) = Self::key_of(state, order) else {
            return Ok(());
        };
        let is_frozen = self.is_frozen(state, &key);
        hold!(!is_frozen, FREEZES, "order {id} comes while its group {key:?} is frozen");
        Ok(())
    }

    /// MMP-3: quotes of a group without protection are refused.
    pub fn check_known(&self, state: &State, id: OrderId) -> Check {
        let order = state.order(id)?;
        let Some(key) = Self::key_of(state, order) else {
            return Ok(());
        };
        let is_missing = order.quote_group.is_some() && !self.known.contains_key(&key);
        hold!(!is_missing, FREEZES, "quote {id} comes, and its group {key:?} has no protection");
        Ok(())
    }

    /// A trade, after it was taken in: MMP-4 before it, MMP-1 by it.
    pub fn traded(&mut self, state: &State, trade: &Traded) -> Check {
        let due = &self.due;
        hold!(due.is_empty(), FREEZES, "{due:?} was to freeze before the next fill");
        let maker = state.order(trade.maker.order)?;
        let taker = state.order(trade.taker.order)?;
        if maker.mmp_group.is_none() && taker.mmp_group.is_none() {
            return Ok(());
        }
        let micro = micro_of(state, trade)?;
        let is_whole = taker.time_in_force == TimeInForce::FillOrKill;
        for order in [maker, taker] {
            let Some(key) = Self::key_of(state, order) else {
                continue;
            };
            let Some(protection) = self.known.get_mut(&key) else {
                continue;
            };
            if protection.is_frozen(state.at) {
                hold!(is_whole, FREEZES, "order {} trades while {key:?} is frozen", order.id);
                continue;
            }
            if protection.count(state.at, micro) {
                self.due.push(key);
            }
        }
        Ok(())
    }

    /// An order is about to close.
    pub fn closes(&self, state: &State, order: &Order, reason: CloseReason) -> Check {
        if reason != CloseReason::Cancelled(CancelReason::MmpTriggered) {
            return Ok(());
        }
        let key = Self::key_of(state, order);
        let is_frozen = key.is_some_and(|key| self.is_frozen(state, &key));
        hold!(is_frozen, FREEZES, "order {} goes with {key:?}, which is not frozen", order.id);
        Ok(())
    }

    /// What holds after every entry.
    pub fn end(&mut self, state: &State) -> Check {
        let due = &self.due;
        hold!(due.is_empty(), FREEZES, "{due:?} was to freeze");
        while let Some(key) = self.frozen_now.pop() {
            for id in &state.account(key.0)?.orders {
                let order = state.order(*id)?;
                let is_left = Self::key_of(state, order) == Some(key);
                hold!(!is_left, FREEZES, "order {id} stands while its group {key:?} is frozen");
            }
        }
        Ok(())
    }
}

/// The base asset of a trade, in millionths.
fn micro_of(state: &State, trade: &Traded) -> Result<u64, crate::Violation> {
    /// Most that one fill counts for.
    const MICRO_MAX: i128 = (u64::MAX / 8_192) as i128;
    let market = state.market(trade.instrument)?;
    let micro = match market.worth.is_inverse {
        true => {
            let one = 10_i128.pow(u32::from(state.decimals));
            positions::value_of(market, trade) * 1_000_000 / one
        }
        false => {
            let lot = market.spec.lot;
            let lots = i128::from(trade.size.0) * i128::from(lot.mantissa());
            lots * 1_000_000 / 10_i128.pow(u32::from(lot.scale()))
        }
    };
    Ok(u64::try_from(micro.clamp(0, MICRO_MAX)).unwrap_or(0))
}
