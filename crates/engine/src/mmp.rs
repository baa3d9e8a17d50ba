//! Market-maker protection (venue.md §2.21): a bound on what may be filled within a window.
//!
//! Deltas of options are not known before the prices are: until then an option counts with a delta
//! of one, which triggers earlier, never later.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AccountId, Amount, AssetCode, At, CancelReason, Event, IndexId, MmpConfig, MmpGroup, Reject,
    limits,
};

use crate::engine::Engine;

/// A protection with its window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Protection {
    pub config: MmpConfig,
    pub frozen: Option<Freeze>,
    /// Fills within the window: when, and how much in millionths of the base asset.
    pub fills: VecDeque<(At, u64)>,
    pub sum: u64,
}

/// A freeze: until a moment, or until it is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freeze {
    pub until: Option<At>,
}

impl Protection {
    /// The freeze in force at `at`.
    pub fn freeze_at(&self, at: At) -> Option<Freeze> {
        self.frozen.filter(|freeze| freeze.until.is_none_or(|until| at < until))
    }

    /// Counts a fill; true if that reaches a limit.
    fn count(&mut self, at: At, micro: u64) -> bool {
        while let Some((oldest, filled)) = self.fills.front().copied() {
            let is_young = at.ms_since(oldest) < self.config.interval_ms;
            if is_young || planted::is(Bug::MmpKeepsOldFills) {
                break;
            }
            self.fills.pop_front();
            self.sum -= filled;
        }
        self.fills.push_back((at, micro));
        self.sum += micro;
        let reaches = |limit: Option<u64>| limit.is_some_and(|milli| milli * 1_000 <= self.sum);
        reaches(self.config.quantity_limit_milli)
            || reaches(self.config.delta_limit_milli)
            || limits::MMP_FILLS_MAX <= self.fills.len()
    }
}

impl Engine {
    fn protection(&self, account: AccountId, index: IndexId, group: MmpGroup) -> Option<usize> {
        let index = self.indices.at(u32::from(index.0));
        let pair = (index.base, index.quote, group);
        let protections = &self.accounts.at(account.0).protections;
        protections.iter().position(|p| (p.config.base, p.config.quote, p.config.group) == pair)
    }

    /// MMP-3: the refusal for an order under protection of `group`, if there is one.
    pub(crate) fn check_mmp(
        &self,
        account: AccountId,
        index: IndexId,
        group: MmpGroup,
        needs_protection: bool,
    ) -> Result<(), Reject> {
        let Some(place) = self.protection(account, index, group) else {
            let missing = Err(Reject::MmpMissing { group: group.0 });
            return if needs_protection { missing } else { Ok(()) };
        };
        let protections = &self.accounts.at(account.0).protections;
        match protections.get(place).and_then(|protection| protection.freeze_at(self.at)) {
            None => Ok(()),
            Some(_) if needs_protection && planted::is(Bug::MmpFreezeLetsQuotesIn) => Ok(()),
            Some(freeze) => Err(Reject::MmpFrozen { until: freeze.until }),
        }
    }

    /// Counts a fill of `amount` base (in millionths) under the protection of `group`, and freezes
    /// the group if that reaches a limit. Returns whether it froze.
    pub(crate) fn count_mmp_fill(
        &mut self,
        account: AccountId,
        index: IndexId,
        group: MmpGroup,
        micro: u64,
        events: &mut Vec<Event>,
    ) -> bool {
        let Some(place) = self.protection(account, index, group) else {
            return false;
        };
        self.touch_account(account);
        let at = self.at;
        let protections = &mut self.accounts.at_mut(account.0).protections;
        let protection = protections.get_mut(place).expect("it was just found");
        if protection.freeze_at(at).is_some() || !protection.count(at, micro) {
            return false;
        }
        let frozen_ms = protection.config.frozen_ms;
        let until = (0 < frozen_ms).then(|| at.plus_ms(frozen_ms));
        protection.frozen = Some(Freeze { until });
        protection.fills.clear();
        protection.sum = 0;
        events.push(Event::MmpTriggered { account, index, group, frozen_until: until });
        true
    }

    /// MMP-1: cancels every order and quote of a frozen group on its index.
    pub(crate) fn cancel_mmp_group(
        &mut self,
        account: AccountId,
        index: IndexId,
        group: MmpGroup,
        events: &mut Vec<Event>,
    ) {
        let holdings = self.accounts.at(account.0).holdings.clone();
        for (instrument, holding) in holdings {
            if self.markets.at(instrument.0).index != index {
                continue;
            }
            let holding = self.holdings.at(holding);
            let orders = self.orders.ids_of(holding, |order| {
                order.mmp_group() == Some(group) && types::Lots::ZERO < order.displayed
            });
            for order in orders {
                self.cancel(order, CancelReason::MmpTriggered, events);
            }
        }
    }

    pub(crate) fn set_mmp(
        &mut self,
        account: AccountId,
        config: MmpConfig,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        if limits::MMP_GROUPS_MAX <= config.group.0 {
            return Err(Reject::MmpGroupTooHigh { group: config.group.0 });
        }
        let index = self.find_index(config.base, config.quote);
        let mut limits =
            [config.quantity_limit_milli, config.delta_limit_milli].into_iter().flatten();
        let most = limits.clone().max();
        let has_limits = limits.any(|milli| 0 < milli) && most <= Some(MILLI_MAX);
        let removes = config.interval_ms == 0;
        if index.is_none() || (!removes && (!has_limits || At::DAY < config.interval_ms)) {
            return Err(Reject::MmpLimitsMissing);
        }
        self.touch_account(account);
        let key = (config.base, config.quote, config.group);
        let protections = &mut self.accounts.at_mut(account.0).protections;
        protections.retain(|p| (p.config.base, p.config.quote, p.config.group) != key);
        if !removes {
            let (fills, sum) = (VecDeque::new(), 0);
            protections.push(Protection { config, frozen: None, fills, sum });
        }
        events.push(Event::MmpSet { account, config });
        Ok(())
    }

    pub(crate) fn reset_mmp(
        &mut self,
        account: AccountId,
        pair: (AssetCode, AssetCode),
        group: MmpGroup,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        let missing = Reject::MmpMissing { group: group.0 };
        let index = self.find_index(pair.0, pair.1).ok_or(missing.clone())?;
        let place = self.protection(account, index, group).ok_or(missing)?;
        self.touch_account(account);
        let protections = &mut self.accounts.at_mut(account.0).protections;
        let protection = protections.get_mut(place).expect("it was just found");
        protection.frozen = None;
        protection.fills.clear();
        protection.sum = 0;
        events.push(Event::MmpReset { account, index, group });
        Ok(())
    }

    /// Base asset in `lots` of a market at a value, in millionths.
    pub(crate) fn base_micro(&self, instrument: u32, lots: u64, value: Amount) -> u64 {
        let market = self.markets.at(instrument);
        if market.contract.is_quotient() {
            let one = 10_i128.pow(u32::from(self.decimals));
            let micro = i128::from(value.0) * 1_000_000 / one;
            return u64::try_from(micro).unwrap_or(MICRO_MAX).min(MICRO_MAX);
        }
        let lot = market.spec.lot;
        let micro = i128::from(lots) * i128::from(lot.mantissa()) * 1_000_000;
        let micro = micro / 10_i128.pow(u32::from(lot.scale()));
        u64::try_from(micro).unwrap_or(MICRO_MAX).min(MICRO_MAX)
    }
}

/// Most that one fill counts for: a window full of them still fits.
const MICRO_MAX: u64 = u64::MAX / 8_192;

/// Largest limit: a billion of the base asset.
const MILLI_MAX: u64 = 1_000_000_000_000;
