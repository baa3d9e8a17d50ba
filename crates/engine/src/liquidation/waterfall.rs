//! When nobody takes a position: the insurance fund pays what the account lost beyond its money,
//! positions are closed against the other side, and what no profit covers is shared out.

use alloc::vec::Vec;

use risk::adl::{Cut, Winner};
use types::planted::{self, Bug};
use types::{
    AccountId, Amount, Event, InstrumentId, LedgerAccount, LiquidationAction, Rounding, SignedLots,
    TransferReason,
};

use crate::engine::Engine;

impl Engine {
    /// Leaves the account without positions and without debt.
    pub(super) fn unwind(&mut self, account: AccountId, events: &mut Vec<Event>) {
        self.insure(account, events);
        for (instrument, holding) in self.accounts.at(account.0).holdings.clone() {
            let lots = self.holdings.at(holding).size.size();
            if lots != 0 {
                self.deleverage(account, instrument, lots, events);
            }
        }
        self.socialise(account, events);
    }

    /// LIQ-8: closes at the mark what is wanted and no more.
    pub(super) fn relieve(&mut self, account: AccountId, events: &mut Vec<Event>) {
        let margin = self.margin_of(account);
        for (holding, lots) in self.to_close(account, &margin, 0) {
            let instrument = self.holdings.at(holding).instrument;
            self.deleverage(account, instrument, lots, events);
            if self.is_restored(&self.margin_of(account)) {
                return;
            }
        }
    }

    /// INS-3: the fund pays the shortfall, as far as it goes, and is never below zero.
    fn insure(&mut self, account: AccountId, events: &mut Vec<Event>) {
        let before = self.margin_of(account);
        let fund = self.ledger.balance(LedgerAccount::Insurance);
        let is_bounded = !planted::is(Bug::InsuranceBelowZero);
        let owed = self.shortfall(account);
        let amount = if is_bounded { owed.min(fund) } else { owed };
        if amount <= Amount::ZERO {
            return;
        }
        let to = LedgerAccount::Collateral(account);
        self.transfer(LedgerAccount::Insurance, to, amount, TransferReason::Insurance, events);
        self.tell_step(account, LiquidationAction::Insured { amount }, before, events);
    }

    /// What the account would owe if all it holds were closed at the mark; options count.
    pub(super) fn shortfall(&self, account: AccountId) -> Amount {
        let sums = self.sums(account);
        let equity = i128::from(self.collateral(account).0) + sums.unrealised + sums.options_value;
        Amount::saturated((-equity).max(0))
    }

    /// ADL: the position is closed at the mark against the other side, which gives of its profit
    /// what the account still lacks.
    fn deleverage(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        lots: u64,
        events: &mut Vec<Event>,
    ) {
        let holding = self.holding_of(account, instrument);
        let size = self.holdings.at(holding).size;
        let winners = self.other_side(instrument, size);
        let deficit = self.shortfall(account);
        let cuts = risk::adl::deleverage(self.risk_terms.adl, &winners, lots, deficit);
        for cut in cuts {
            self.cut(account, instrument, size, &cut, events);
        }
    }

    /// Whoever holds the other side of an instrument, by account.
    pub(crate) fn other_side(&self, instrument: InstrumentId, size: SignedLots) -> Vec<Winner> {
        let market = self.markets.at(instrument.0);
        let opposite = if size.0 < 0 { &market.longs } else { &market.shorts };
        let opposite = opposite.iter().map(|holding| (*holding, self.holdings.at(*holding)));
        let mut winners: Vec<Winner> = opposite
            .map(|(holding, held)| {
                let worth = self.worth(holding);
                let equity = self.margin_of(held.account).equity;
                let gain = match market.spec.kind.is_option() {
                    true => worth.options_value.minus(held.cost),
                    false => worth.unrealised,
                };
                Winner {
                    account: held.account,
                    size: held.size,
                    cost: Amount(held.cost.0.abs()),
                    // What closing it may bring in, beside what is there.
                    gain: gain
                        .min(equity.plus(worth.options_value.max(Amount::ZERO)))
                        .max(Amount::ZERO),
                    value: market.contract.value(market.mark, held.size.size(), Rounding::Down),
                    equity,
                }
            })
            .collect();
        winners.sort_by_key(|winner| winner.account);
        winners
    }

    fn cut(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        size: SignedLots,
        cut: &Cut,
        events: &mut Vec<Event>,
    ) {
        let before = self.margin_of(account);
        if 0 < cut.lots {
            self.move_position((account, cut.account), instrument, cut.lots, events);
        }
        // Values of parts are rounded each by itself, so that less may be lacking than was asked.
        // Of an option that is closed in part no more has come in than for that part.
        let there_is = self.margin_of(cut.account).equity.max(Amount::ZERO);
        let haircut = cut.haircut.min(self.shortfall(account)).min(there_is);
        if Amount::ZERO < haircut {
            let from = LedgerAccount::Collateral(cut.account);
            let to = LedgerAccount::Collateral(account);
            self.transfer(from, to, haircut, TransferReason::Haircut, events);
        }
        let lots = i64::try_from(cut.lots).expect("a position is within the largest size");
        let action = LiquidationAction::Deleveraged {
            counterparty: cut.account,
            instrument,
            size: SignedLots(lots * size.0.signum()),
            mark: self.markets.at(instrument.0).mark,
            haircut,
            rank: cut.rank,
            score: cut.score,
        };
        self.tell_step(account, action, before, events);
    }

    /// What neither the fund nor the other side's profits cover is shared by all who have money, in
    /// proportion to it.
    fn socialise(&mut self, account: AccountId, events: &mut Vec<Event>) {
        let lacking = self.shortfall(account);
        if lacking == Amount::ZERO {
            return;
        }
        let others: Vec<AccountId> =
            (1..self.accounts.len()).map(AccountId).filter(|other| *other != account).collect();
        let weights: Vec<Amount> = others
            .iter()
            .map(|other| {
                let (left, _) = self.beyond_options(*other);
                left.min(self.collateral(*other)).max(Amount::ZERO)
            })
            .collect();
        let shares = risk::waterfall::pro_rata(lacking, &weights);
        for (other, amount) in others.into_iter().zip(shares) {
            if amount == Amount::ZERO {
                continue;
            }
            let before = self.margin_of(account);
            let from = LedgerAccount::Collateral(other);
            let to = LedgerAccount::Collateral(account);
            self.transfer(from, to, amount, TransferReason::Haircut, events);
            let action = LiquidationAction::Socialised { account: other, amount };
            self.tell_step(account, action, before, events);
        }
    }
}
