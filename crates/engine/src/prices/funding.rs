//! Funding: a cumulative index for each perpetual, so that accruing costs nothing for each
//! position. Money moves when a position changes, and at 08:00 UTC for those that did not.

use alloc::vec::Vec;

use risk::funding::{Accrual, FundingState};
use types::planted::{self, Bug};
use types::{Action, Event, IndexId, InstrumentId, LedgerAccount, TransferReason};

use super::state::as_index_price;
use crate::engine::Engine;

impl Engine {
    /// Whether the index is good enough for funding.
    pub(super) fn may_fund(&self, index: IndexId) -> bool {
        let is_fit = oracle::gate::allows(Action::Fund, self.health(index));
        is_fit || planted::is(Bug::FundingOnUnfitIndex)
    }

    /// FND-5, FND-8: accrues for the time since the last look, unless the index was not fit for it.
    /// Values of accounts move with it: call [`Engine::note_moves`] before anybody asks for them.
    pub(super) fn accrue_funding(&mut self, index: IndexId, may: bool, events: &mut Vec<Event>) {
        for instrument in self.indices.at(u32::from(index.0)).live.clone() {
            self.accrue_one(InstrumentId(instrument), may, events);
        }
    }

    /// FND-8: nobody looked at the index since the last tick, so nothing accrues for that time.
    pub(super) fn skip_funding(&mut self, index: IndexId, events: &mut Vec<Event>) {
        for instrument in self.indices.at(u32::from(index.0)).live.clone() {
            self.accrue_one(InstrumentId(instrument), planted::is(Bug::AbsenceFunded), events);
        }
    }

    fn accrue_one(&mut self, instrument: InstrumentId, allowed: bool, events: &mut Vec<Event>) {
        let market = self.markets.at(instrument.0);
        let index_price = self.indices.at(u32::from(market.index.0)).price;
        let Some(terms) = market.prices.as_ref().and_then(|prices| prices.terms.funding) else {
            return;
        };
        let has_prices = market.mark.0 != 0 && market.is_on_ladder(index_price);
        let accrual = Accrual {
            mark: as_index_price(market.mark, market.tick_price),
            index: index_price,
            lot_value: match has_prices {
                true => market.contract.lot_value(index_price, FundingState::SCALE),
                false => 0,
            },
            allowed: allowed && has_prices,
        };
        let at = self.at;
        self.touch_market(instrument);
        let market = self.markets.at_mut(instrument.0);
        let prices = market.prices.as_mut().expect("it was just there");
        let is_due = prices.funds_at <= at;
        if is_due {
            prices.funds_at = at.next_eight_utc();
        }
        let funding = prices.funding.as_mut().expect("a perpetual has funding");
        if let Some(accrued) = funding.accrue(&terms, &accrual, at) {
            let (rate_ppb, interest_ppb) = (accrued.rate_ppb, accrued.interest_ppb);
            events.push(Event::FundingAccrued {
                instrument,
                rate_ppb,
                interest_ppb,
                index_price,
                at,
            });
        }
        if is_due {
            self.settle_all_funding(instrument, events);
        }
    }

    /// FND-7: at 08:00 UTC every position is settled, and what rounding left is the venue's.
    fn settle_all_funding(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        for holding in self.markets.at(instrument.0).holdings.clone() {
            self.settle_funding(holding, events);
        }
        let pool = LedgerAccount::Funding(instrument);
        self.book_residue(pool, events);
    }

    /// What rounding left in a pool that everybody has settled with.
    pub(super) fn book_residue(&mut self, pool: LedgerAccount, events: &mut Vec<Event>) {
        let residue = self.ledger.balance(pool);
        assert!(types::Amount::ZERO <= residue, "rounding went against the venue: {residue}");
        if types::Amount::ZERO < residue && !planted::is(Bug::ResidueNotBooked) {
            self.transfer(pool, LedgerAccount::Fees, residue, TransferReason::Residue, events);
        }
    }

    /// Moves what a holding owes, or is owed, since it was last settled. Before its size changes.
    pub(crate) fn settle_funding(&mut self, holding: u32, events: &mut Vec<Event>) {
        let held = self.holdings.at(holding);
        let (account, instrument) = (held.account, held.instrument);
        let prices = self.markets.at(instrument.0).prices.as_ref();
        let Some(now) =
            prices.and_then(|prices| prices.funding.as_ref()).map(FundingState::cumulative)
        else {
            return;
        };
        if held.funding_since == now {
            return;
        }
        let owed = held.funding_owed(now);
        self.touch_holding(holding);
        if !planted::is(Bug::FundingPaidAgain) {
            self.holdings.at_mut(holding).funding_since = now;
        }
        self.revalue(holding);
        let pool = LedgerAccount::Funding(instrument);
        self.settle_amount(account, pool, owed, TransferReason::Funding, events);
    }
}
