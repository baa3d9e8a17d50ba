//! Money in, money out, and between the accounts of one family.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{AccountId, Amount, Event, LedgerAccount, Reject, TransferReason, limits};

use crate::engine::Engine;

impl Engine {
    pub(crate) fn deposit(
        &mut self,
        account: AccountId,
        amount: Amount,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        check_amount(amount)?;
        self.check_deposits(amount)?;
        let to = LedgerAccount::Collateral(account);
        self.transfer(LedgerAccount::Outside, to, amount, TransferReason::Deposit, events);
        Ok(())
    }

    /// All that came in stays within what the domain can count.
    pub(crate) fn check_deposits(&self, amount: Amount) -> Result<(), Reject> {
        let owed_outside = self.ledger.balance(LedgerAccount::Outside).negated();
        let fits = owed_outside.plus(amount) <= limits::DEPOSITS_MAX;
        if fits { Ok(()) } else { Err(Reject::DepositsTooLarge) }
    }

    pub(crate) fn withdraw(
        &mut self,
        account: AccountId,
        amount: Amount,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        check_amount(amount)?;
        self.check_not_liquidating(account)?;
        self.check_outflow_fit(account)?;
        self.check_free(account, amount)?;
        let from = LedgerAccount::Collateral(account);
        self.transfer(from, LedgerAccount::Outside, amount, TransferReason::Withdrawal, events);
        Ok(())
    }

    pub(crate) fn transfer_between(
        &mut self,
        from: AccountId,
        to: AccountId,
        amount: Amount,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(from)?;
        self.check_account(to)?;
        if from == to || self.family(from) != self.family(to) {
            return Err(Reject::AccountsNotRelated { from, to });
        }
        check_amount(amount)?;
        self.check_not_liquidating(from)?;
        self.check_outflow_fit(from)?;
        self.check_free(from, amount)?;
        let (from, to) = (LedgerAccount::Collateral(from), LedgerAccount::Collateral(to));
        self.transfer(from, to, amount, TransferReason::Transfer, events);
        Ok(())
    }

    /// SUM-4: what leaves an account is in it, and is free without counting profits that are not
    /// realised.
    pub(crate) fn check_free(&self, account: AccountId, amount: Amount) -> Result<(), Reject> {
        let needs = self.needs(account);
        let mut free = needs.equity.min(self.collateral(account).0.into()) - needs.initial;
        if planted::is(Bug::UnrealisedProfitWithdrawn) {
            free = needs.equity - needs.initial;
        } else if planted::is(Bug::WithdrawalIgnoresOrders) {
            free += needs.initial - needs.maintenance;
        }
        if i128::from(amount.0) <= free {
            return Ok(());
        }
        Err(Reject::FreeInsufficient { amount, free: clamped(free) })
    }

    /// The main account of a family.
    pub(crate) fn family(&self, account: AccountId) -> AccountId {
        self.accounts.at(account.0).parent.unwrap_or(account)
    }

    /// Books a transfer and tells of it.
    pub(crate) fn transfer(
        &mut self,
        from: LedgerAccount,
        to: LedgerAccount,
        amount: Amount,
        reason: TransferReason,
        events: &mut Vec<Event>,
    ) {
        self.ledger.transfer(from, to, amount);
        for side in [from, to] {
            if let LedgerAccount::Collateral(account) = side {
                self.note_money(account);
            }
        }
        events.push(Event::Transferred { from, to, amount, reason });
    }

    /// Books `amount` from `account` to `other`, or the other way if it is below zero.
    pub(crate) fn settle_amount(
        &mut self,
        account: AccountId,
        other: LedgerAccount,
        amount: Amount,
        reason: TransferReason,
        events: &mut Vec<Event>,
    ) {
        let account = LedgerAccount::Collateral(account);
        match amount.cmp(&Amount::ZERO) {
            core::cmp::Ordering::Equal => {}
            core::cmp::Ordering::Greater => self.transfer(account, other, amount, reason, events),
            core::cmp::Ordering::Less => {
                self.transfer(other, account, amount.negated(), reason, events);
            }
        }
    }
}

pub(crate) fn check_amount(amount: Amount) -> Result<(), Reject> {
    let fits = Amount::ZERO < amount && amount <= Amount::MAX;
    if fits { Ok(()) } else { Err(Reject::AmountOutOfRange { amount }) }
}

/// A wide amount as one that can be told.
pub(crate) fn clamped(wide: i128) -> Amount {
    Amount(i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX }))
}
