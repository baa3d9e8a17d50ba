//! What accounts are worth: exact whenever somebody looks, and computed only then.
//!
//! ```text
//!   new marks ──▶ how far their index has travelled, at most ──▶ accounts that are due
//!                                                                  │ valued, and watched again
//!   an order, a transfer, a liquidation ───────────────────────────┘
//! ```
//!
//! Each index has an odometer: the sum, over all price updates, of the largest relative move that
//! any of its instruments made in it. An account that was valued exactly is some way from where it
//! becomes short, or is not short any more; its exposure says how far the odometer must run at
//! least until it can get there. Until then it is left alone, whatever the number of accounts.
//!
//! # Why nobody is missed
//! An exposure `E` is the sum of what may move. In an update that runs the odometer by `δ`
//!
//! ```text
//!   the value of a future moves by δ of itself at most, with what funding takes;
//!   its maintenance, a rate times value that may grow with the value, by 2 δ;
//!   a short option and its maintenance, at a rate r, by (1 + 2 r) δ of its underlying;
//!   what the scenarios of portfolio margin make of a lot by δ of its value or underlying
//! ```
//!
//! as `E = Σ value + 2 Σ maintenance`, `1 + 2 r` times the underlying, or four times either where
//! scenarios count, is defined to cover. Each of these grows by the factor `1 + δ` at most, so that
//! after a way `D`, whatever the steps, equity minus maintenance has moved by no more than
//! `E (e^D − 1)`, and by the rounding of each holding; so `D` is `ln (1 + distance / E)`. Property
//! tests compare with a full sweep after every entry (MAR-6, LIQ-10).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::units::divide;
use types::{AccountId, Amount, IndexId, IndexPrice, InstrumentId, Rounding, SignedLots, Ticks};

use crate::account::{Scans, Sums};
use crate::engine::Engine;
use crate::holding::{Holding, Worth};
use crate::market::{Crowding, Market};
use crate::money::clamped;

const BILLION: i128 = 1_000_000_000;
/// The longest way an account is left alone for, in billionths.
const WAY_MAX: u64 = 250_000_000;
/// A step that passes every watch.
pub(crate) const STEP_MAX: u64 = 1_000_000_000;

/// How far an index has travelled, and who is due when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Odometer {
    /// Billionths.
    pub travelled: u64,
    /// The index when it was read last.
    pub price: IndexPrice,
    pub due: BTreeSet<(u64, AccountId)>,
}

/// What an account keeps of an index that it holds instruments of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub index: IndexId,
    /// The odometer when the account was valued last.
    pub valued_at: u64,
    /// Where on the odometer it is due.
    pub due: Option<u64>,
}

/// What an account is worth and needs. Wide, because sums over holdings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub equity: i128,
    pub initial: i128,
    pub maintenance: i128,
}

/// What of a market was in the odometer when it was read last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub mark: Ticks,
    pub funded: i128,
}

impl Engine {
    /// Sums over what an account holds, exact.
    pub(crate) fn sums(&self, account: AccountId) -> Sums {
        let valued = self.accounts.at(account.0);
        if self.is_fresh(account) { valued.sums } else { self.sum_up(account, |_, _| {}).0 }
    }

    /// What an account is worth and needs, exact.
    pub(crate) fn needs(&self, account: AccountId) -> Needs {
        let valued = self.accounts.at(account.0);
        if self.is_fresh(account) {
            return self.needs_of(account, &valued.sums, valued.scans.as_ref());
        }
        let (sums, scans) = self.sum_up(account, |_, _| {});
        self.needs_of(account, &sums, scans.as_ref())
    }

    /// How much more initial margin an account needs if these holdings are changed so; below zero
    /// if less.
    pub(crate) fn needed_by(&self, account: AccountId, changed: &[Holding]) -> i128 {
        let old_of = |held: &Holding| {
            let known = self.accounts.at(account.0).holding(held.instrument);
            known.map_or_else(Worth::default, |known| self.worth(known))
        };
        if self.accounts.at(account.0).scans.is_none() {
            let more = |held: &Holding| {
                let (market, index) = self.market_of(held);
                held.initial(market, index).minus(old_of(held).initial)
            };
            return changed.iter().map(|held| i128::from(more(held).0)).sum();
        }
        let (mut sums, mut scans) = self.summed(account);
        let before = self.needs_of(account, &sums, scans.as_ref()).initial;
        for held in changed {
            let (old, new) = (old_of(held), self.worth_of(held));
            sums.replace(&old, &new);
            self.rescan(&mut scans, held.instrument, &old, &new);
        }
        self.needs_of(account, &sums, scans.as_ref()).initial - before
    }

    /// What a holding is worth and needs, exact.
    pub(crate) fn worth(&self, holding: u32) -> Worth {
        let held = self.holdings.at(holding);
        if self.is_fresh(held.account) { held.worth } else { self.worth_now(holding) }
    }

    /// Maintenance margin that an account needs less without a position; below zero if more.
    pub(crate) fn freed_by(&self, holding: u32) -> Amount {
        let (held, old) = (self.holdings.at(holding), self.worth(holding));
        let is_standard = self.accounts.at(held.account.0).scans.is_none();
        if is_standard || planted::is(Bug::PortfolioClosesHedgeFirst) {
            return old.maintenance;
        }
        let (mut sums, mut scans) = self.summed(held.account);
        let before = self.needs_of(held.account, &sums, scans.as_ref()).maintenance;
        let (size, cost) = (SignedLots::ZERO, Amount::ZERO);
        let new = self.worth_of(&Holding { size, cost, ..held.clone() });
        sums.replace(&old, &new);
        self.rescan(&mut scans, held.instrument, &old, &new);
        let after = self.needs_of(held.account, &sums, scans.as_ref()).maintenance;
        clamped(before - after)
    }

    /// MAR-1: equity - initial margin. Wide, because sums over holdings are.
    pub(crate) fn free(&self, account: AccountId) -> i128 {
        let needs = self.needs(account);
        needs.equity - needs.initial
    }

    /// Values an account if prices have moved since it was valued, so that checks are quick.
    pub(crate) fn refresh(&mut self, account: AccountId) {
        if !self.is_fresh(account) {
            return self.value(account);
        }
        self.accounts.at_mut(account.0).valued_at = self.n_moves;
    }

    /// Takes in that a holding changed.
    pub(crate) fn revalue(&mut self, holding: u32) {
        let held = self.holdings.at(holding);
        let (account, old) = (held.account, held.worth);
        let instrument = held.instrument;
        self.note_size(holding);
        if !self.is_fresh(account) {
            return self.value(account);
        }
        let worth = self.worth_now(holding);
        if worth == old {
            return;
        }
        self.holdings.at_mut(holding).worth = worth;
        let mut scans = self.accounts.at_mut(account.0).scans.take();
        self.rescan(&mut scans, instrument, &old, &worth);
        let valued = self.accounts.at_mut(account.0);
        valued.sums.replace(&old, &worth);
        valued.scans = scans;
        if (Worth { initial: worth.initial, ..old }) != worth {
            self.note(account);
        }
    }

    /// Takes in that open orders of a holding changed, and its position did not: it only needs more
    /// or less to be opened.
    pub(crate) fn recount(&mut self, holding: u32) {
        let held = self.holdings.at(holding);
        let account = held.account;
        if self.accounts.at(account.0).scans.is_some() || !self.is_fresh(account) {
            return self.revalue(holding);
        }
        let (market, index) = self.market_of(held);
        let initial = held.initial(market, index);
        let more = initial.minus(held.worth.initial);
        self.holdings.at_mut(holding).worth.initial = initial;
        self.accounts.at_mut(account.0).sums.initial += i128::from(more.0);
    }

    /// Tells the market of a holding how large its position is.
    pub(crate) fn note_size(&mut self, holding: u32) {
        let held = self.holdings.at_mut(holding);
        let (was, size) = (held.noted, held.size);
        if was != size {
            held.noted = size;
            let market = self.markets.at_mut(held.instrument.0);
            market.note_size(holding, was, size);
        }
    }

    /// MAR-11: takes in how much of its band the open interest of an instrument uses up now.
    fn note_crowding(&mut self, instrument: u32) {
        let market = self.markets.at(instrument);
        let Some(old) = market.crowding else {
            return;
        };
        let new = Crowding { way_ppb: market.crowding_ppb(&old.band), ..old };
        if new != old {
            self.touch_market(InstrumentId(instrument));
            let market = self.markets.at_mut(instrument);
            market.crowding = Some(new);
            market.grid_step = market.grid_step.max(1);
        }
    }

    /// Takes in that the money of an account changed.
    pub(crate) fn note_money(&mut self, account: AccountId) {
        if self.is_fresh(account) {
            return self.note(account);
        }
        self.value(account);
    }

    /// Takes in that the terms of an instrument changed.
    pub(crate) fn revalue_holders(&mut self, instrument: u32) {
        let market = self.markets.at(instrument);
        let holders = market.holdings.iter().map(|holding| self.holdings.at(*holding).account);
        holders.collect::<Vec<_>>().into_iter().for_each(|account| self.value(account));
    }

    /// Takes in that an index, or marks or funding of instruments of it, moved.
    pub(crate) fn note_moves(&mut self, index: IndexId, moved: &[u32]) {
        self.stir_index(index);
        let id = u32::from(index.0);
        let indexed = self.indices.at(id);
        let (old_price, price) = (indexed.odometer.price, indexed.price);
        let mut step = relative(old_price.0, price.0);
        for instrument in moved.iter().copied() {
            self.note_crowding(instrument);
            let market = self.markets.at(instrument);
            let seen = Seen { mark: market.mark, funded: market.funded() };
            if market.holdings.is_empty() || (seen == market.seen && market.grid_step == 0) {
                continue;
            }
            step = step.max(step_of(market, &seen, old_price.min(price))).max(market.grid_step);
            let market = self.markets.at_mut(instrument);
            (market.seen, market.grid_step) = (seen, 0);
        }
        if step == 0 {
            return;
        }
        let odometer = &mut self.indices.at_mut(id).odometer;
        odometer.price = price;
        odometer.travelled += step;
        self.n_moves += 1;
        let mut due = Vec::new();
        while odometer.due.first().is_some_and(|(at, _)| *at <= odometer.travelled) {
            due.extend(odometer.due.pop_first().map(|(_, account)| account));
        }
        for account in due {
            let due = self.accounts.at_mut(account.0);
            due.watched_way = None;
            let of_index = due.watches.iter_mut().find(|watch| watch.index == index);
            of_index.expect("who is due is watched").due = None;
            self.value(account);
        }
    }

    /// The first holding of an instrument: from here on its moves count.
    pub(crate) fn see(&mut self, instrument: InstrumentId) {
        let market = self.markets.at(instrument.0);
        if market.holdings.is_empty() {
            let seen = Seen { mark: market.mark, funded: market.funded() };
            self.markets.at_mut(instrument.0).seen = seen;
        }
    }

    /// Makes the watch of an index that an account holds its first instrument of.
    pub(crate) fn watch(&mut self, account: AccountId, index: IndexId) {
        let watching = self.accounts.at_mut(account.0);
        if watching.watches.iter().all(|watch| watch.index != index) {
            let valued_at = self.indices.at(u32::from(index.0)).odometer.travelled;
            watching.watched_way = None;
            watching.watches.push(Watch { index, valued_at, due: None });
        }
    }

    /// Values an account exactly.
    pub(crate) fn value(&mut self, account: AccountId) {
        let mut worths = Vec::with_capacity(self.accounts.at(account.0).holdings.len());
        let (sums, scans) = self.sum_up(account, |holding, worth| worths.push((holding, worth)));
        for (holding, worth) in worths {
            self.holdings.at_mut(holding).worth = worth;
        }
        let valued = self.accounts.at_mut(account.0);
        (valued.sums, valued.scans) = (sums, scans);
        valued.valued_at = self.n_moves;
        for watch in &mut valued.watches {
            watch.valued_at = self.indices.at(u32::from(watch.index.0)).odometer.travelled;
        }
        self.note(account);
    }

    /// Mostly nothing has moved since; if something has, it may be nothing that the account holds.
    pub(crate) fn is_fresh(&self, account: AccountId) -> bool {
        let valued = self.accounts.at(account.0);
        valued.valued_at == self.n_moves
            || self.is_unmoved(&valued.watches)
            || planted::is(Bug::StaleMarginSums)
    }

    fn is_unmoved(&self, watches: &[Watch]) -> bool {
        watches.iter().all(|watch| {
            watch.valued_at == self.indices.at(u32::from(watch.index.0)).odometer.travelled
        })
    }

    fn summed(&self, account: AccountId) -> (Sums, Option<Scans>) {
        let valued = self.accounts.at(account.0);
        match self.is_fresh(account) {
            true => (valued.sums, valued.scans.clone()),
            false => self.sum_up(account, |_, _| {}),
        }
    }

    fn worth_now(&self, holding: u32) -> Worth {
        self.worth_of(self.holdings.at(holding))
    }

    fn worth_of(&self, held: &Holding) -> Worth {
        let (market, index) = self.market_of(held);
        let worth = held.valued(market, index);
        match self.accounts.at(held.account.0).scans {
            Some(_) => self.with_scenarios(held, market, worth),
            None => worth,
        }
    }

    fn market_of(&self, held: &Holding) -> (&Market, IndexPrice) {
        let market = self.markets.at(held.instrument.0);
        (market, self.indices.at(u32::from(market.index.0)).price)
    }

    /// Sums over all that an account holds; `each` is told what each holding is worth.
    pub(crate) fn sum_up(
        &self,
        account: AccountId,
        mut each: impl FnMut(u32, Worth),
    ) -> (Sums, Option<Scans>) {
        let summed = self.accounts.at(account.0);
        let (mut sums, mut scans) = (Sums::default(), summed.scans.as_ref().map(|_| Vec::new()));
        for (instrument, holding) in &summed.holdings {
            let worth = self.worth_now(*holding);
            sums.replace(&Worth::default(), &worth);
            self.rescan(&mut scans, *instrument, &Worth::default(), &worth);
            each(*holding, worth);
        }
        (sums, scans)
    }

    /// Notes whether an account is short, its sums being exact, and until when that stays.
    fn note(&mut self, account: AccountId) {
        let needs = self.needs(account);
        let above = needs.equity - needs.maintenance;
        let is_below_initial = needs.equity < needs.initial;
        let is_short = above < 0 || (is_below_initial && planted::is(Bug::LiquidatesBelowInitial));
        self.set_short(account, is_short);
        let Sums { exposure, .. } = self.accounts.at(account.0).sums;
        if exposure == 0 {
            return;
        }
        let of_account = self.accounts.at_mut(account.0);
        let way = way_of(above.abs() - of_account.sums.rounded, exposure);
        if of_account.watched_way.is_some_and(|watched| watched <= way) {
            return;
        }
        let (sooner, mut watched) = (way - early(way, account), 0);
        for watch in &mut of_account.watches {
            let odometer = &mut self.indices.at_mut(u32::from(watch.index.0)).odometer;
            let left = watch.due.map(|due| due.saturating_sub(odometer.travelled));
            if let Some(left) = left.filter(|left| *left <= way) {
                watched = watched.max(left);
                continue;
            }
            if let Some(later) = watch.due {
                odometer.due.remove(&(later, account));
            }
            let due = odometer.travelled + sooner;
            odometer.due.insert((due, account));
            watch.due = Some(due);
            watched = watched.max(sooner);
        }
        of_account.watched_way = Some(watched);
    }

    fn set_short(&mut self, account: AccountId, is_short: bool) {
        if is_short == self.accounts.at(account.0).is_short {
            return;
        }
        self.accounts.at_mut(account.0).is_short = is_short;
        match is_short {
            true => self.short.insert(account),
            false => self.short.remove(&account),
        };
        self.note_waiting(account);
    }
}

/// The way on the odometer within which an exposure cannot move by `distance`, billionths.
fn way_of(distance: i128, exposure: i128) -> u64 {
    let share = distance.max(0).saturating_mul(BILLION) / exposure;
    let share = u64::try_from(share).unwrap_or(WAY_MAX).min(WAY_MAX);
    // The logarithm of 1 + share is no less.
    share - (share * share).div_ceil(2 * STEP_MAX)
}

/// A quarter to half of a way, by account: it is looked at so much before it has to be. Whoever was
/// valued in one update is not due in one update again, and a way that gets a little shorter with
/// each trade is still watched early enough.
fn early(way: u64, account: AccountId) -> u64 {
    way / 4 + way / 1_024 * u64::from(account.0.wrapping_mul(0x9e37_79b1) >> 24)
}

/// How far a market moved, as its exposures count: billionths, up.
fn step_of(market: &Market, now: &Seen, index: IndexPrice) -> u64 {
    let (old, new) = (market.seen.mark, now.mark);
    if old == Ticks(0) || new == Ticks(0) {
        return STEP_MAX;
    }
    if !market.spec.kind.is_option() {
        return relative(old.0.into(), new.0.into()) + funding_step(market, now);
    }
    let lots = u64::from(market.spec.size_max.0);
    let value = |mark: Ticks| market.contract.value(mark, lots, Rounding::Down);
    let moved = i128::from(value(new).minus(value(old)).0.abs()) + 1;
    share(moved, market.contract.underlying(index, lots).0.into())
}

/// What funding took of a lot, in proportion to the smaller of its values.
fn funding_step(market: &Market, now: &Seen) -> u64 {
    let lots = u64::from(market.spec.size_max.0);
    let value = |mark: Ticks| i128::from(market.contract.value(mark, lots, Rounding::Down).0);
    let taken = now.funded.saturating_sub(market.seen.funded).abs();
    if taken == 0 {
        return 0;
    }
    let taken = taken.saturating_mul(lots.into()) / risk::funding::FundingState::SCALE + 1;
    share(taken, value(market.seen.mark).min(value(now.mark)))
}

/// The move from one price to the other in proportion to the smaller.
fn relative(old: u64, new: u64) -> u64 {
    share(old.abs_diff(new).into(), old.min(new).into())
}

/// `moved` in proportion to `whole`, billionths, up, at most [`STEP_MAX`].
pub(crate) fn share(moved: i128, whole: i128) -> u64 {
    if moved == 0 {
        return 0;
    }
    let ppb = divide(moved.saturating_mul(BILLION), whole.max(1), Rounding::Up);
    u64::try_from(ppb).unwrap_or(STEP_MAX).min(STEP_MAX)
}
