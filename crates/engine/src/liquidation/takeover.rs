//! Backstops take positions over at the mark, with the margin that belongs to them: together that
//! is the bankruptcy price (venue.md §2.12).

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AccountId, Amount, Event, InstrumentId, LedgerAccount, LiquidationAction, Lots, Rounding, Side,
    SignedLots, TransferReason,
};

use super::Backstop;
use crate::engine::Engine;
use crate::holding::signed_fill;
use crate::money::clamped;

impl Engine {
    /// INS-2: every position that a backstop can carry, the neediest account's equity with it.
    pub(super) fn take_over(&mut self, account: AccountId, events: &mut Vec<Event>) {
        for (instrument, holding) in self.accounts.at(account.0).holdings.clone() {
            let held = self.holdings.at(holding);
            if held.size == SignedLots::ZERO || Amount::ZERO == self.worth(holding).maintenance {
                continue;
            }
            let margin = self.margin_share(account, holding);
            if margin < Amount::ZERO {
                return;
            }
            if let Some(backstop) = self.willing(account, holding, margin) {
                self.hand_over((account, backstop), instrument, margin, events);
            }
        }
    }

    /// What belongs to a position: of what is left beyond options, by what it needs beyond them.
    fn margin_share(&self, account: AccountId, holding: u32) -> Amount {
        let (left, needed) = self.beyond_options(account);
        let worth = self.worth(holding);
        let needs = worth.maintenance.plus(worth.options_value.min(Amount::ZERO));
        if planted::is(Bug::BackstopTakesAll) {
            return left;
        }
        left.times(needs.0, needed.0.max(1), Rounding::Down)
    }

    /// INS-2: equity and maintenance margin less the value of options that were sold: whoever buys
    /// them back pays that.
    pub(super) fn beyond_options(&self, account: AccountId) -> (Amount, Amount) {
        let held = self.accounts.at(account.0).holdings.iter();
        let values = held.map(|(_, holding)| self.worth(*holding).options_value.min(Amount::ZERO));
        let value = values.fold(Amount::ZERO, Amount::plus);
        let sums = self.sums(account);
        let cash = i128::from(self.collateral(account).0) + sums.unrealised;
        (clamped(cash).plus(value), clamped(sums.maintenance).plus(value))
    }

    /// The first backstop with room for the position, and with free money to open it.
    fn willing(&self, account: AccountId, holding: u32, margin: Amount) -> Option<AccountId> {
        let needs = self.worth(holding).maintenance;
        let fits = |(candidate, backstop): &(&AccountId, &Backstop)| {
            let candidate = **candidate;
            let is_known = !planted::is(Bug::BackstopForgetsTaken);
            let taken = if is_known { backstop.taken } else { Amount::ZERO };
            let room = backstop.terms.capacity.minus(taken);
            let kept = kept_of(margin, backstop);
            self.family(candidate) != self.family(account)
                && !self.liquidations.contains_key(&candidate)
                && needs <= room
                && self.can_carry(candidate, holding, kept)
        };
        self.backstops.iter().find(fits).map(|(candidate, _)| *candidate)
    }

    /// True if the candidate's free money, and what comes with the position, covers the position:
    /// margin, and the value of an option that was sold.
    fn can_carry(&self, candidate: AccountId, holding: u32, kept: Amount) -> bool {
        let taken = self.holdings.at(holding);
        let own = self.accounts.at(candidate.0).holding(taken.instrument);
        let needed = self.needed_more(candidate, taken.instrument, own, |held| {
            held.size.0 += taken.size.0;
        });
        // Who counts the value of options as equity has nothing more by being paid it (PM-9).
        let is_netted = self.accounts.at(candidate.0).scans.is_some() && self.is_netted_exact();
        let sold = self.worth(holding).options_value.min(Amount::ZERO);
        let brought = if is_netted { kept } else { kept.minus(sold) };
        needed.is_ok_and(|n| n <= self.free(candidate) + i128::from(brought.0))
    }

    fn hand_over(
        &mut self,
        (account, backstop): (AccountId, AccountId),
        instrument: InstrumentId,
        margin: Amount,
        events: &mut Vec<Event>,
    ) {
        let before = self.margin_of(account);
        let holding = self.holding_of(account, instrument);
        let (size, needed) = (self.holdings.at(holding).size, self.worth(holding).maintenance);
        let lots = size.size();
        self.move_position((account, backstop), instrument, lots, events);
        let offer = self.backstops.get(&backstop).copied().expect("it was found there");
        let kept = kept_of(margin, &offer);
        let from = LedgerAccount::Collateral(account);
        for (to, amount) in [
            (LedgerAccount::Collateral(backstop), kept),
            (LedgerAccount::Insurance, margin.minus(kept)),
        ] {
            if Amount::ZERO < amount {
                self.transfer(from, to, amount, TransferReason::Takeover, events);
            }
        }
        let taken = offer.taken.plus(needed);
        self.set_backstop(backstop, Some(Backstop { taken, ..offer }));
        let mark = self.markets.at(instrument.0).mark;
        let action = LiquidationAction::TakenOver { backstop, instrument, size, mark, margin };
        self.tell_step(account, action, before, events);
    }

    /// Closes `lots` of `from`'s position against `to`, both at the mark. What it makes of profit
    /// and loss goes through the clearing account, an option's value between the two.
    pub(super) fn move_position(
        &mut self,
        (from, to): (AccountId, AccountId),
        instrument: InstrumentId,
        lots: u64,
        events: &mut Vec<Event>,
    ) {
        let giver = self.holding_of(from, instrument);
        let side = if self.holdings.at(giver).size.0 < 0 { Side::Bid } else { Side::Ask };
        let size = Lots(u32::try_from(lots).expect("a position is within the largest size"));
        let market = self.markets.at(instrument.0);
        let is_option = market.spec.kind.is_option();
        let value = market.contract.value(market.mark, lots, Rounding::Down);
        if is_option && value != Amount::ZERO {
            let (buyer, seller) = if side == Side::Bid { (from, to) } else { (to, from) };
            let (buyer, seller) =
                (LedgerAccount::Collateral(buyer), LedgerAccount::Collateral(seller));
            self.transfer(buyer, seller, value, TransferReason::Takeover, events);
        }
        for (account, side) in [(from, side), (to, side.opposite())] {
            let holding = self.holding_of(account, instrument);
            self.settle_funding(holding, events);
            self.touch_holding(holding);
            let signed = signed_fill(value, side, self.markets.at(instrument.0));
            let realised = self.holdings.at_mut(holding).fill(side, size, signed);
            self.revalue(holding);
            if !is_option {
                let (clearing, lost) = (LedgerAccount::Clearing(instrument), realised.negated());
                self.settle_amount(account, clearing, lost, TransferReason::Takeover, events);
            }
            let held = self.holdings.at(holding);
            let (size, cost) = (held.size, held.cost);
            events.push(Event::PositionChanged { account, instrument, size, cost });
            self.cut_reduce_only(holding, events);
        }
    }
}

/// What a backstop keeps of the margin that comes with a position.
fn kept_of(margin: Amount, backstop: &Backstop) -> Amount {
    if planted::is(Bug::BackstopKeepsShare) {
        return margin;
    }
    let shared = margin.times(backstop.terms.share_ppm.into(), 1_000_000, Rounding::Up);
    margin.minus(shared)
}
