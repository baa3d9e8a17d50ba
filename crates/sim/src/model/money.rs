//! `MONEY-CONSERVED`: money is moved and not made, each movement has its cause, and the accounts
//! that may not be below zero are not (SUM-1, SUM-4, INS-5; docs/rules/money.md).
//!
//! A trade makes exactly the transfers that follow from it: premium, profits and fees. Deposits and
//! withdrawals are those of their command. Pools are left empty by what rounding left. The
//! insurance fund and stakes are never below zero, fees not after an entry.
//!
//! It does not see whether an amount of a takeover's margin or of a reward is the right one.

use types::{
    AccountId, Amount, Command, Entry, InstrumentId, LedgerAccount, TransferReason,
    TransferReason as R,
};

use super::state::{State, at};
use super::{Check, hold};

pub(crate) const CONSERVED: &str = "MONEY-CONSERVED";

/// Every balance of the domain.
#[derive(Debug, Default)]
pub(crate) struct Money {
    collateral: Vec<i64>,
    stakes: Vec<i64>,
    clearing: Vec<i64>,
    funding: Vec<i64>,
    outside: i64,
    fees: i64,
    insurance: i64,
    /// What came in, less what went out.
    arrived: i128,
    /// What a trade must still move.
    pub due: Vec<Due>,
    /// What was moved last between an account and the clearing of an instrument: what a position
    /// realised that changes next.
    pub realised: Option<(AccountId, InstrumentId, i64)>,
    /// What was moved last between two accounts with a position.
    pub taken_over: i64,
}

/// A transfer that must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub from: LedgerAccount,
    pub to: LedgerAccount,
    pub amount: i64,
    pub reason: TransferReason,
}

impl Money {
    pub fn balance(&self, account: LedgerAccount) -> i64 {
        let of = |balances: &[i64], nth| balances.get(at(nth)).copied().unwrap_or(0);
        match account {
            LedgerAccount::Outside => self.outside,
            LedgerAccount::Fees => self.fees,
            LedgerAccount::Insurance => self.insurance,
            LedgerAccount::Clearing(instrument) => of(&self.clearing, instrument.0),
            LedgerAccount::Funding(instrument) => of(&self.funding, instrument.0),
            LedgerAccount::Collateral(account) => of(&self.collateral, account.0),
            LedgerAccount::Stake(account) => of(&self.stakes, account.0),
        }
    }

    fn balance_mut(&mut self, account: LedgerAccount) -> &mut i64 {
        let (balances, nth) = match account {
            LedgerAccount::Outside => return &mut self.outside,
            LedgerAccount::Fees => return &mut self.fees,
            LedgerAccount::Insurance => return &mut self.insurance,
            LedgerAccount::Clearing(instrument) => (&mut self.clearing, instrument.0),
            LedgerAccount::Funding(instrument) => (&mut self.funding, instrument.0),
            LedgerAccount::Collateral(account) => (&mut self.collateral, account.0),
            LedgerAccount::Stake(account) => (&mut self.stakes, account.0),
        };
        let nth = at(nth);
        if balances.len() <= nth {
            balances.resize(nth + 1, 0);
        }
        &mut balances[nth]
    }

    /// Notes what must move from `from` to `to`, or the other way if the amount is below zero.
    pub fn owe(&mut self, from: LedgerAccount, to: LedgerAccount, amount: i128, reason: R) {
        let (from, to) = if amount < 0 { (to, from) } else { (from, to) };
        let amount = i64::try_from(amount.abs()).unwrap_or(i64::MAX);
        if amount != 0 && from != to {
            self.due.push(Due { from, to, amount, reason });
        }
    }
}

/// One movement.
pub(crate) fn transferred(
    state: &mut State,
    entry: &Entry,
    (from, to): (LedgerAccount, LedgerAccount),
    amount: Amount,
    reason: TransferReason,
) -> Check {
    let is_movement = Amount::ZERO < amount && from != to;
    hold!(is_movement, CONSERVED, "{amount} atoms from {from:?} to {to:?} ({reason:?})");
    check_cause(state, entry, (from, to), amount, reason)?;
    for (account, change) in [(from, -amount.0), (to, amount.0)] {
        if let LedgerAccount::Collateral(account) | LedgerAccount::Stake(account) = account {
            state.account(account)?;
        }
        let balance = state.money.balance_mut(account);
        let sum = balance.checked_add(change);
        hold!(sum.is_some(), CONSERVED, "{account:?} has {balance}, and {change} more");
        *balance = sum.unwrap_or(0);
    }
    note(state, (from, to), amount, reason);
    check_floor(state, from, amount, reason)
}

/// What later events are compared with.
fn note(
    state: &mut State,
    sides: (LedgerAccount, LedgerAccount),
    amount: Amount,
    reason: TransferReason,
) {
    let money = &mut state.money;
    // What a trade realises is due by itself.
    let is_apart = reason != R::Realised;
    match sides {
        (LedgerAccount::Outside, _) => money.arrived += i128::from(amount.0),
        (_, LedgerAccount::Outside) => money.arrived -= i128::from(amount.0),
        (LedgerAccount::Clearing(instrument), LedgerAccount::Collateral(account)) => {
            money.realised = is_apart.then_some((account, instrument, amount.0));
            state.touch(instrument);
        }
        (LedgerAccount::Collateral(account), LedgerAccount::Clearing(instrument)) => {
            money.realised = is_apart.then_some((account, instrument, -amount.0));
            state.touch(instrument);
        }
        (LedgerAccount::Collateral(_), LedgerAccount::Collateral(_)) if reason == R::Takeover => {
            money.taken_over = amount.0;
        }
        (LedgerAccount::Clearing(instrument), _) => state.touch(instrument),
        _ => {}
    }
}

/// Who pays may not be left with less than nothing, where that holds.
fn check_floor(state: &State, from: LedgerAccount, amount: Amount, reason: R) -> Check {
    let has_floor = match from {
        LedgerAccount::Insurance | LedgerAccount::Stake(_) => true,
        LedgerAccount::Collateral(_) => {
            matches!(reason, R::Withdrawal | R::Transfer | R::Stake)
        }
        LedgerAccount::Outside
        | LedgerAccount::Fees
        | LedgerAccount::Clearing(_)
        | LedgerAccount::Funding(_) => false,
    };
    let left = state.money.balance(from);
    hold!(
        !has_floor || 0 <= left,
        CONSERVED,
        "{from:?} paid {amount} ({reason:?}) and is left with {left}: it had less"
    );
    Ok(())
}

/// The transfer is of a kind that its reason has, and of what its command asked for.
fn check_cause(
    state: &mut State,
    entry: &Entry,
    (from, to): (LedgerAccount, LedgerAccount),
    amount: Amount,
    reason: TransferReason,
) -> Check {
    use LedgerAccount as L;
    let fits = match (reason, from, to) {
        (R::Deposit, L::Outside, L::Collateral(account)) => {
            entry.command == Command::Deposit { account, amount }
        }
        (R::Withdrawal, L::Collateral(account), L::Outside) => {
            entry.command == Command::Withdraw { account, amount }
        }
        (R::Transfer, L::Collateral(payer), L::Collateral(payee)) => {
            entry.command == Command::Transfer { from: payer, to: payee, amount }
                && state.family(payer) == state.family(payee)
        }
        (R::Fee | R::Realised | R::Premium, _, _) => {
            return take_due(state, &Due { from, to, amount: amount.0, reason });
        }
        (R::Funding, L::Collateral(_), L::Funding(_))
        | (R::Funding, L::Funding(_), L::Collateral(_))
        | (R::Delivery, L::Collateral(_), L::Clearing(_))
        | (R::Delivery, L::Clearing(_), L::Collateral(_)) => true,
        (R::Residue, L::Funding(_) | L::Clearing(_), L::Fees) => {
            state.money.balance(from) == amount.0
        }
        (R::Stake, L::Collateral(payer), L::Stake(staker)) => {
            payer == staker && matches!(entry.command, Command::RegisterReporter { .. })
        }
        (R::Slash, L::Stake(_), L::Fees) | (R::Reward, L::Fees, L::Collateral(_)) => true,
        (R::Liquidation, L::Collateral(account), L::Insurance) => liquidates(state, account),
        (R::Takeover, L::Collateral(_), L::Collateral(_) | L::Insurance | L::Clearing(_))
        | (R::Takeover, L::Clearing(_), L::Collateral(_)) => may_liquidate(&entry.command),
        (R::Insurance, L::Outside, L::Insurance) => {
            entry.command == Command::FundInsurance { amount }
        }
        (R::Insurance, L::Insurance, L::Collateral(account))
        | (R::Haircut, L::Collateral(_), L::Collateral(account)) => liquidates(state, account),
        _ => false,
    };
    hold!(
        fits,
        CONSERVED,
        "{amount} atoms went from {from:?} to {to:?} as {reason:?} without a cause"
    );
    Ok(())
}

fn liquidates(state: &State, account: AccountId) -> bool {
    state.account(account).is_ok_and(|account| account.is_liquidating)
}

fn may_liquidate(command: &Command) -> bool {
    matches!(command, Command::Tick | Command::Liquidate)
}

fn take_due(state: &mut State, told: &Due) -> Check {
    let due = &mut state.money.due;
    let nth = due.iter().position(|due| due == told);
    hold!(nth.is_some(), CONSERVED, "the trade makes {due:?}, and {told:?} came");
    due.swap_remove(nth.unwrap_or(0));
    Ok(())
}

/// Nothing that a trade moves is missing.
pub(crate) fn check_paid(state: &State) -> Check {
    let due = &state.money.due;
    hold!(due.is_empty(), CONSERVED, "the trade was to make {due:?}, which did not come");
    Ok(())
}

/// What holds after every entry.
pub(crate) fn end(state: &State) -> Check {
    check_paid(state)?;
    let (fees, outside) = (state.money.fees, state.money.outside);
    hold!(0 <= fees, CONSERVED, "fees are {fees}: no trade costs the venue money");
    let arrived = state.money.arrived;
    hold!(
        i128::from(outside) == -arrived,
        CONSERVED,
        "{arrived} atoms arrived, the world outside is owed {outside}"
    );
    Ok(())
}
