//! What is closed of what an account holds, and how much of it.
//!
//! ```text
//!   a position frees margin by itself       the one that frees most, as far as it must
//!   they hedge each other, and none does    of each the same share (PM-8)
//!   nothing needs margin, money is owed     the option that is worth most (LIQ-14)
//! ```

use alloc::vec::Vec;

use types::{AccountId, Amount, MarginModel, MarginSnapshot, Rounding, SignedLots};

use crate::engine::Engine;

impl Engine {
    /// Positions, and lots of each, that bring the account back to its target if closing costs
    /// this share of their value.
    pub(super) fn to_close(
        &self,
        account: AccountId,
        margin: &MarginSnapshot,
        cost_ppm: u32,
    ) -> Vec<(u32, u64)> {
        let neediest = self.neediest(account);
        if neediest.is_none() && Amount::ZERO < margin.maintenance && self.closes_hedges() {
            return self.share_of_all(account, margin, cost_ppm);
        }
        let chosen = neediest.or_else(|| self.dearest(account));
        chosen
            .map(|holding| (holding, self.wanted(holding, margin, cost_ppm)))
            .into_iter()
            .collect()
    }

    /// PM-8: what is needed is in proportion to what is held, so that a share of everything frees
    /// that share of it, whatever hedges what.
    fn share_of_all(
        &self,
        account: AccountId,
        margin: &MarginSnapshot,
        cost_ppm: u32,
    ) -> Vec<(u32, u64)> {
        let open: Vec<u32> = self.open_of(account).collect();
        let costs = open.iter().map(|holding| self.cost_of_closing(*holding, cost_ppm));
        let cost = costs.fold(Amount::ZERO, Amount::plus);
        let (buffer_ppm, deficit) = (self.risk_terms.buffer_ppm, self.deficit(margin));
        let lots = |size| {
            risk::liquidation::lots_to_close(deficit, margin.maintenance, size, cost, buffer_ppm)
        };
        let sized =
            open.into_iter().map(|holding| (holding, self.holdings.at(holding).size.size()));
        sized.map(|(holding, size)| (holding, lots(size))).collect()
    }

    /// LIQ-5: the position whose end frees most maintenance margin, the first of equals.
    fn neediest(&self, account: AccountId) -> Option<u32> {
        let freed = self.open_of(account).map(|holding| (self.freed_by(holding), holding));
        let most = freed.filter(|(freed, _)| Amount::ZERO < *freed);
        most.min_by_key(|(freed, _)| core::cmp::Reverse(*freed)).map(|(_, holding)| holding)
    }

    /// LIQ-14: the long option that is worth most, the first of equals: what is sold when nothing
    /// that is left needs margin, and money is owed.
    fn dearest(&self, account: AccountId) -> Option<u32> {
        let value = |holding: &u32| self.worth(*holding).options_value;
        let worth_some = self.open_of(account).filter(|holding| Amount::ZERO < value(holding));
        worth_some.min_by_key(|holding| core::cmp::Reverse(value(holding)))
    }

    /// Positions of an account.
    fn open_of(&self, account: AccountId) -> impl Iterator<Item = u32> {
        let held = self.accounts.at(account.0).holdings.iter().map(|(_, holding)| *holding);
        held.filter(|holding| self.holdings.at(*holding).size != SignedLots::ZERO)
    }

    /// LIQ-6: the lots that bring the account back to its target, if closing costs this share of
    /// their value beside what an option that was sold is bought back for.
    fn wanted(&self, holding: u32, margin: &MarginSnapshot, cost_ppm: u32) -> u64 {
        let held = self.holdings.at(holding);
        let (size, worth) = (held.size.size(), self.worth(holding));
        let cost = self.cost_of_closing(holding, cost_ppm);
        let freed = self.freed_by(holding);
        if freed <= Amount::ZERO {
            let owed = -i128::from(margin.equity.0);
            return risk::liquidation::lots_to_close(owed, worth.options_value, size, cost, 0);
        }
        let buffer_ppm = self.risk_terms.buffer_ppm;
        let deficit = self.deficit(margin);
        let is_equity = self.model(held.account) == MarginModel::Portfolio;
        let paid = if is_equity { Amount::ZERO } else { worth.options_value };
        risk::liquidation::lots_to_close(deficit, freed, size, cost.minus(paid), buffer_ppm)
    }

    /// What slippage and fee take of a whole position at its mark, up.
    fn cost_of_closing(&self, holding: u32, cost_ppm: u32) -> Amount {
        let held = self.holdings.at(holding);
        let market = self.markets.at(held.instrument.0);
        let value = market.contract.value(market.mark, held.size.size(), Rounding::Up);
        value.times(cost_ppm.into(), 1_000_000, Rounding::Up)
    }

    /// What equity is below its target.
    fn deficit(&self, margin: &MarginSnapshot) -> i128 {
        let target = risk::liquidation::target(margin.maintenance, self.risk_terms.buffer_ppm);
        i128::from(target.0) - i128::from(margin.equity.0)
    }
}
