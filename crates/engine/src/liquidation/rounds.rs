//! Who is liquidated, when a round is due, and how it ends.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AccountId, Action, Amount, At, CancelReason, Event, LedgerAccount, LiquidationAction,
    LiquidationEnd, LiquidationStep, MarginModel, MarginSnapshot, Reject, SelfTradeMode,
    SignedLots,
};

use super::Liquidation;
use crate::engine::Engine;

/// Rounds of one entry: what waits behind it waits for no more than these (LIQ-9).
const ROUNDS_MAX: usize = 64;
/// Accounts that wait for their liquidation which one entry looks at.
const LOOKED_MAX: u64 = 4_096;

impl Engine {
    /// Starts liquidations of accounts that are short, and carries out the rounds that are due.
    pub(crate) fn liquidate(&mut self, events: &mut Vec<Event>) -> Result<(), Reject> {
        for account in self.ready() {
            self.start_liquidation(account, events);
        }
        let is_due = |(due, _): &&(At, AccountId)| *due <= self.at;
        let due: Vec<_> = self.rounds_due.iter().take_while(is_due).take(ROUNDS_MAX).collect();
        let due: Vec<AccountId> = due.into_iter().map(|(_, account)| *account).collect();
        due.into_iter().for_each(|account| self.liquidate_one(account, events));
        Ok(())
    }

    /// Accounts whose liquidation can start, as many as one entry may. Of those that wait it looks
    /// at a number, and at others with every entry, so that whoever may not be liquidated yet
    /// holds nobody up for long.
    pub(crate) fn ready(&self) -> Vec<AccountId> {
        let looked = self.seq.0.wrapping_mul(LOOKED_MAX) % u64::from(self.accounts.len());
        let from = AccountId(u32::try_from(looked).expect("below the number of accounts"));
        let waiting = self.waiting.range(from..).chain(self.waiting.range(..from));
        let looked_at = usize::try_from(LOOKED_MAX).expect("small");
        let ready = waiting.take(looked_at).filter(|account| self.may_liquidate(**account));
        ready.take(ROUNDS_MAX).copied().collect()
    }

    /// LIQ-2: every index that the account depends on is good enough, now, and nothing that it
    /// holds waits for its delivery.
    pub(crate) fn may_liquidate(&self, account: AccountId) -> bool {
        let held = self.accounts.at(account.0).holdings.iter();
        let open = held.filter(|(_, holding)| self.holdings.at(*holding).size != SignedLots::ZERO);
        let mut markets = open.map(|(instrument, _)| self.markets.at(instrument.0));
        markets.all(|market| {
            let is_alive = market.spec.kind.expiry().is_none_or(|expiry| self.at < expiry);
            let is_fit = self.check_market_fit(market, Action::Liquidate).is_ok()
                || planted::is(Bug::LiquidationIgnoresGate);
            is_alive && is_fit && self.may_take(market)
        })
    }

    fn start_liquidation(&mut self, account: AccountId, events: &mut Vec<Event>) {
        let margin = self.margin_of(account);
        let at = self.at;
        self.set_liquidation(account, Some(Liquidation { due: at, idle: 0 }));
        events.push(Event::LiquidationStarted { account, margin, at });
    }

    /// One round of one account.
    fn liquidate_one(&mut self, account: AccountId, events: &mut Vec<Event>) {
        let next = self.at.plus_ms(self.risk_terms.round_ms.into());
        if !self.may_liquidate(account) {
            return self.wait(account, next);
        }
        if !planted::is(Bug::LiquidationKeepsOrders) {
            self.clear_orders(account, events);
        }
        let margin = self.margin_of(account);
        if self.is_restored(&margin) {
            return self.end_liquidation(account, events);
        }
        let idle = self.liquidations.get(&account).map_or(0, |liquidation| liquidation.idle);
        let (is_idle, is_lost) = (self.risk_terms.idle_rounds <= idle, self.is_lost(account));
        if is_idle || is_lost || planted::is(Bug::BackstopComesAtOnce) {
            self.take_over(account, events);
            if self.is_restored(&self.margin_of(account)) {
                return self.end_liquidation(account, events);
            }
        }
        let found = match is_idle || self.is_beyond_the_fund(account) {
            true => self.give_up(account, events),
            false => {
                self.reduce(account, is_lost, events) || (is_lost && self.give_up(account, events))
            }
        };
        let idle = if found { 0 } else { idle + 1 };
        self.set_liquidation(account, Some(Liquidation { due: next, idle }));
        if self.is_restored(&self.margin_of(account)) {
            self.end_liquidation(account, events);
        }
    }

    /// INS-7: it owes more than the insurance fund has, or owes and has nothing left to sell.
    fn is_beyond_the_fund(&self, account: AccountId) -> bool {
        let owed = self.shortfall(account);
        let fund = self.ledger.balance(LedgerAccount::Insurance);
        Amount::ZERO < owed && (fund < owed || self.is_flat(account))
    }

    fn is_flat(&self, account: AccountId) -> bool {
        let mut held = self.accounts.at(account.0).holdings.iter();
        held.all(|(_, holding)| self.holdings.at(*holding).size == SignedLots::ZERO)
    }

    /// The book does not help, or costs more than there is: a bankrupt account is unwound, and one
    /// that is not is brought back to its target at the mark.
    fn give_up(&mut self, account: AccountId, events: &mut Vec<Event>) -> bool {
        match self.shortfall(account) {
            Amount::ZERO => self.relieve(account, events),
            _ => self.unwind(account, events),
        }
        true
    }

    fn wait(&mut self, account: AccountId, due: At) {
        let idle = self.liquidations.get(&account).map_or(0, |liquidation| liquidation.idle);
        self.set_liquidation(account, Some(Liquidation { due, idle }));
    }

    /// LIQ-3: orders go first: they may be all that was too much, and nothing may add to it.
    fn clear_orders(&mut self, account: AccountId, events: &mut Vec<Event>) {
        let orders = self.accounts.at(account.0).n_orders;
        let before = self.margin_of(account);
        self.cancel_all_of(account, CancelReason::Liquidated, events);
        if orders != 0 {
            self.tell_step(account, LiquidationAction::OrdersCancelled { orders }, before, events);
        }
    }

    /// LIQ-8: equity covers maintenance margin and the buffer; an account that holds nothing needs
    /// nothing, and is restored if it owes nothing.
    pub(super) fn is_restored(&self, margin: &MarginSnapshot) -> bool {
        let (needed, buffer) = (i128::from(margin.maintenance.0), self.risk_terms.buffer_ppm);
        let target = needed + needed * i128::from(buffer) / 1_000_000;
        let may_stop = needed == 0 || !planted::is(Bug::LiquidationGoesOn);
        target <= i128::from(margin.equity.0) && may_stop
    }

    /// INS-2: below its share of maintenance margin; where nothing needs margin, bankrupt.
    fn is_lost(&self, account: AccountId) -> bool {
        let margin = self.margin_of(account);
        let (left, needed) = match self.model(account) {
            MarginModel::Standard => self.beyond_options(account),
            MarginModel::Portfolio => (margin.equity, margin.maintenance),
        };
        if needed <= Amount::ZERO {
            return self.shortfall(account) != Amount::ZERO;
        }
        let share = i64::from(self.risk_terms.takeover_ppm);
        left < needed.times(share, 1_000_000, types::Rounding::Down)
    }

    fn end_liquidation(&mut self, account: AccountId, events: &mut Vec<Event>) {
        self.set_liquidation(account, None);
        let end =
            if self.is_flat(account) { LiquidationEnd::Flat } else { LiquidationEnd::Recovered };
        let (margin, at) = (self.margin_of(account), self.at);
        events.push(Event::LiquidationEnded { account, end, margin, at });
    }

    fn set_liquidation(&mut self, account: AccountId, liquidation: Option<Liquidation>) {
        let old = match liquidation {
            Some(liquidation) => self.liquidations.insert(account, liquidation),
            None => self.liquidations.remove(&account),
        };
        if let Some(old) = old {
            self.rounds_due.remove(&(old.due, account));
        }
        if let Some(new) = liquidation {
            self.rounds_due.insert((new.due, account));
        }
        self.note_waiting(account);
        self.digests.replace_liquidation(account, old.as_ref(), liquidation.as_ref());
    }

    /// Takes in that an account is short or not, or is being liquidated or not.
    pub(crate) fn note_waiting(&mut self, account: AccountId) {
        let waits = self.short.contains(&account) && !self.liquidations.contains_key(&account);
        match waits {
            true => self.waiting.insert(account),
            false => self.waiting.remove(&account),
        };
    }

    pub(super) fn tell_step(
        &self,
        account: AccountId,
        action: LiquidationAction,
        before: MarginSnapshot,
        events: &mut Vec<Event>,
    ) {
        let after = self.margin_of(account);
        let step = LiquidationStep { account, action, before, after };
        events.push(Event::LiquidationStepped(step.into()));
    }

    /// What an account is worth and needs now.
    pub(crate) fn margin_of(&self, account: AccountId) -> MarginSnapshot {
        self.needs(account).told(self.collateral(account))
    }

    /// LIQ-15: what a liquidation meets of its own group is cancelled, whatever the account chose:
    /// it may not keep the rest of the book away.
    pub(crate) fn self_trade_of(&self, account: AccountId) -> SelfTradeMode {
        match self.liquidations.contains_key(&account) {
            true => SelfTradeMode::CancelMaker,
            false => self.accounts.at(account.0).self_trade,
        }
    }

    /// LIQ-4: whoever is being liquidated may cancel, and nothing else.
    pub(crate) fn check_not_liquidating(&self, account: AccountId) -> Result<(), Reject> {
        match self.liquidations.contains_key(&account) {
            true => Err(Reject::AccountLiquidating { account }),
            false => Ok(()),
        }
    }

    /// Whether anything waits for a `Liquidate`.
    pub fn is_liquidating(&self) -> bool {
        !self.short.is_empty() || !self.liquidations.is_empty()
    }
}
