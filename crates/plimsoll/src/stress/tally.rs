//! What the engine said, counted: positions, money, and each step of the waterfall.
//!
//! Everything here comes from events, so that what is reported is what a client of the venue could
//! have seen.

use std::collections::{BTreeMap, BTreeSet};

use types::{
    AccountId, Amount, At, Event, Health, LedgerAccount, LiquidationAction, LiquidationEnd,
    LiquidationStep, TransferReason,
};

use super::grid::Grid;
use super::halts::Halts;

/// How often, and for how much, in atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub times: u64,
    /// Worth at the mark, in atoms.
    pub value: i64,
}

/// Most of something, and when it was first so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Most {
    /// How much.
    pub most: f64,
    /// When.
    pub at: At,
}

/// What has happened so far. Money is in atoms.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Lots, by account.
    positions: Vec<i64>,
    /// Balances of the accounts that are nobody's collateral.
    venue: BTreeMap<LedgerAccount, i64>,
    /// Accounts in liquidation, and since when.
    queue: BTreeMap<AccountId, At>,
    /// Trades of all kinds, one side.
    pub traded: Count,
    /// Liquidations that began.
    pub begun: u64,
    /// Whose.
    pub liquidated: BTreeSet<AccountId>,
    /// Ended with equity above what is needed, and with nothing left.
    pub recovered: u64,
    /// Ended with nothing left.
    pub flat: u64,
    /// Rounds that the book filled.
    pub rounds: Count,
    /// Rounds that found no book.
    pub idle: u64,
    /// Fees of liquidations to the fund.
    pub fees: i64,
    /// Payments of funding, each of which is rounded by less than an atom.
    pub fundings: u64,
    /// Taken over by backstops.
    pub takeovers: Count,
    /// Paid by the fund.
    pub insured: Count,
    /// Closed against winners.
    pub deleveraged: Count,
    /// Given by winners of their profits.
    pub haircut: i64,
    /// The most that one winner gave at once.
    pub haircut_max: i64,
    /// Winners who were closed.
    pub winners: BTreeSet<AccountId>,
    /// Shared by all.
    pub socialised: Count,
    /// Accounts that owed more than they had.
    pub bankrupt: BTreeSet<AccountId>,
    /// Accounts in liquidation at one time.
    pub queue_most: Most,
    /// Seconds that one liquidation took.
    pub wait_most: Most,
    /// When the fund was first empty after it had paid.
    pub fund_empty_at: Option<At>,
    /// First of: a liquidation, a payment of the fund, a position closed against a winner.
    pub first: [Option<At>; 3],
    /// Commands that were refused, by code.
    pub refused: BTreeMap<u16, u64>,
    /// How good the index is.
    pub health: Option<Health>,
    /// What stopped the market.
    pub halts: Halts,
}

impl Tally {
    /// Takes in what one entry led to.
    pub fn take(&mut self, events: &[Event], grid: &Grid, at: At) {
        for event in events {
            match event {
                Event::PositionChanged { account, size, .. } => self.move_to(*account, size.0),
                Event::Transferred { from, to, amount, reason } => {
                    self.pay((*from, *to), amount.0, *reason);
                }
                Event::Traded(traded) => {
                    let value = grid.value(traded.price, traded.size.0.into());
                    self.traded.add(value);
                    self.halts.trade(traded);
                }
                Event::LiquidationStarted { account, .. } => self.begin(*account, at),
                Event::LiquidationStepped(step) => self.step(step, grid, at),
                Event::LiquidationEnded { account, end, .. } => self.end(*account, *end, at),
                Event::FeedHealthChanged { to, .. } => self.health = Some(*to),
                Event::Halted(_) | Event::StateChanged { .. } | Event::AuctionEnded { .. } => {
                    self.halts.take(event, at);
                }
                Event::Refused(reject) => *self.refused.entry(reject.code()).or_default() += 1,
                _ => (),
            }
        }
    }

    fn move_to(&mut self, account: AccountId, lots: i64) {
        let place = usize::try_from(account.0).unwrap_or(usize::MAX);
        if self.positions.len() <= place {
            self.positions.resize(place + 1, 0);
        }
        self.positions[place] = lots;
    }

    fn pay(&mut self, (from, to): (LedgerAccount, LedgerAccount), atoms: i64, why: TransferReason) {
        for (account, atoms) in [(from, -atoms), (to, atoms)] {
            if !matches!(account, LedgerAccount::Collateral(_)) {
                *self.venue.entry(account).or_default() += atoms;
            }
        }
        self.fundings += u64::from(why == TransferReason::Funding);
        if to == LedgerAccount::Insurance && why == TransferReason::Liquidation {
            self.fees += atoms;
        }
    }

    fn begin(&mut self, account: AccountId, at: At) {
        self.begun += 1;
        self.liquidated.insert(account);
        self.queue.insert(account, at);
        self.queue_most.raise(self.queue.len() as f64, at);
        self.first[0].get_or_insert(at);
    }

    fn end(&mut self, account: AccountId, end: LiquidationEnd, at: At) {
        match end {
            LiquidationEnd::Recovered => self.recovered += 1,
            LiquidationEnd::Flat => self.flat += 1,
        }
        if let Some(since) = self.queue.remove(&account) {
            self.wait_most.raise(at.ms_since(since) as f64 / 1e3, at);
        }
    }

    fn step(&mut self, step: &LiquidationStep, grid: &Grid, at: At) {
        if step.before.equity < Amount::ZERO {
            self.bankrupt.insert(step.account);
        }
        match &step.action {
            LiquidationAction::OrdersCancelled { .. } => (),
            LiquidationAction::Reduced { filled, .. } if filled.0 == 0 => self.idle += 1,
            LiquidationAction::Reduced { filled, mark, .. } => {
                self.rounds.add(grid.value(*mark, filled.0.into()));
            }
            LiquidationAction::TakenOver { size, mark, .. } => {
                self.takeovers.add(grid.value(*mark, size.size()));
            }
            LiquidationAction::Insured { amount } => {
                self.insured.add(amount.0);
                self.first[1].get_or_insert(at);
                if self.fund() == 0 {
                    self.fund_empty_at.get_or_insert(at);
                }
            }
            LiquidationAction::Deleveraged { counterparty, size, mark, haircut, .. } => {
                self.deleveraged.add(grid.value(*mark, size.size()));
                self.haircut += haircut.0;
                self.haircut_max = self.haircut_max.max(haircut.0);
                self.winners.insert(*counterparty);
                self.first[2].get_or_insert(at);
            }
            LiquidationAction::Socialised { amount, .. } => self.socialised.add(amount.0),
        }
    }

    /// Lots of an account, above zero long.
    pub fn position(&self, account: AccountId) -> i64 {
        let place = usize::try_from(account.0).unwrap_or(usize::MAX);
        self.positions.get(place).copied().unwrap_or(0)
    }

    /// Lots that are long, and so are short too.
    pub fn open_interest(&self) -> i64 {
        self.positions.iter().filter(|lots| 0 < **lots).sum()
    }

    /// The insurance fund, in atoms.
    pub fn fund(&self) -> i64 {
        self.balance(LedgerAccount::Insurance)
    }

    /// What the venue holds that is nobody's collateral: fees, fund and stakes. What is on its way
    /// between accounts, in clearing or as funding, is in their equity already.
    pub fn held(&self) -> i64 {
        let held = self.venue.iter().filter(|(account, _)| match account {
            LedgerAccount::Fees | LedgerAccount::Insurance | LedgerAccount::Stake(_) => true,
            LedgerAccount::Outside
            | LedgerAccount::Clearing(_)
            | LedgerAccount::Funding(_)
            | LedgerAccount::Collateral(_) => false,
        });
        held.map(|(_, balance)| balance).sum()
    }

    /// What came in from outside, in atoms.
    pub fn deposited(&self) -> i64 {
        -self.balance(LedgerAccount::Outside)
    }

    /// What an account that is nobody's collateral has, in atoms.
    pub fn balance(&self, account: LedgerAccount) -> i64 {
        self.venue.get(&account).copied().unwrap_or(0)
    }

    /// Accounts in liquidation now.
    pub fn n_queued(&self) -> usize {
        self.queue.len()
    }

    /// Closed by force in all ways, one side, in atoms.
    pub fn forced(&self) -> i64 {
        self.rounds.value + self.takeovers.value + self.deleveraged.value
    }

    /// Lost beyond the money of those who lost it, in atoms: what somebody else had to pay.
    pub fn shortfall(&self) -> i64 {
        self.insured.value + self.haircut + self.socialised.value
    }
}

impl Count {
    fn add(&mut self, atoms: i64) {
        self.times += 1;
        self.value += atoms;
    }
}

impl Most {
    /// Keeps the larger one.
    pub fn raise(&mut self, value: f64, at: At) {
        if self.most < value {
            *self = Most { most: value, at };
        }
    }
}
