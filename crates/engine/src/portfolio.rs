//! Portfolio margin: who has it, the grid of scenarios, and what an account needs by it
//! (docs/rules/portfolio.md).
//!
//! ```text
//!   a tick ──▶ one grid of instruments × scenarios ──▶ each account: sums of lots × changes
//! ```
//!
//! What an instrument without a grid needs, it needs by itself, as in standard margin.

use alloc::boxed::Box;
use alloc::vec::Vec;

use pricing::{Expiry, Moved};
use risk::portfolio::{self as scenarios, Exposed, Scan};
use risk::standard::Rates;
use types::planted::{self, Bug};
use types::{
    AccountId, Amount, AssetCode, At, Event, IndexId, IndexPrice, InstrumentId, Lots, MarginModel,
    MarginSnapshot, PortfolioTerms, Reject, Rounding, Side,
};

use crate::account::{Scans, Sums};
use crate::engine::Engine;
use crate::holding::{Holding, Worth, released};
use crate::market::Market;
use crate::money::clamped;
use crate::valuation::{Needs, STEP_MAX, share};

impl Engine {
    pub(crate) fn set_portfolio(
        &mut self,
        (base, quote): (AssetCode, AssetCode),
        terms: &PortfolioTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let index = self.check_feed(base, quote)?;
        let refuse = |fault| Reject::RiskTermsContradict { fault };
        scenarios::check_terms(terms).map_err(refuse)?;

        let old = self.portfolios.insert(index, terms.clone());
        self.digests.replace_portfolio(index, old.as_ref(), Some(terms));
        events.push(Event::PortfolioSet { index, terms: Box::new(terms.clone()) });
        self.make_grid(index);
        let holders: Vec<AccountId> = self.models.keys().copied().collect();
        holders.into_iter().for_each(|account| self.value(account));
        Ok(())
    }

    /// PM-7: nobody changes its model to one by which it would not have what it needs to open.
    pub(crate) fn set_margin_model(
        &mut self,
        account: AccountId,
        model: MarginModel,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        self.check_not_liquidating(account)?;
        self.check_outflow_fit(account)?;
        self.check_model(account, model)?;

        let new = (model != MarginModel::default()).then_some(model);
        let old = match new {
            Some(model) => self.models.insert(account, model),
            None => self.models.remove(&account),
        };
        self.digests.replace_model(account, old.as_ref(), new.as_ref());
        self.take_model(account);
        if self.is_netted_exact() {
            self.hold_anew(account);
            self.value(account);
        }
        let margin = self.margin_of(account);
        events.push(Event::MarginModelSet { account, model, margin });
        Ok(())
    }

    fn check_model(&mut self, account: AccountId, model: MarginModel) -> Result<(), Reject> {
        if model == self.model(account) || planted::is(Bug::PortfolioTakenUnchecked) {
            return Ok(());
        }
        let was = core::mem::replace(&mut self.accounts.at_mut(account.0).scans, empty(model));
        let (sums, scans) = self.sum_up(account, |_, _| {});
        let needs = self.needs_of(account, &sums, scans.as_ref());
        let held: i128 = match self.is_netted_exact() {
            true => self.holds_anew(account).map(|(_, old, new)| i128::from(new.0 - old.0)).sum(),
            false => 0,
        };
        self.accounts.at_mut(account.0).scans = was;
        let initial = needs.initial + held;
        let missing = initial - needs.equity;
        if missing <= 0 {
            return Ok(());
        }
        let (needed, free) = (clamped(initial), clamped(needs.equity));
        Err(Reject::MarginInsufficient { needed, free, missing: clamped(missing) })
    }

    /// How an account is margined.
    pub fn model(&self, account: AccountId) -> MarginModel {
        self.models.get(&account).copied().unwrap_or_default()
    }

    /// Values an account by its model.
    pub(crate) fn take_model(&mut self, account: AccountId) {
        self.accounts.at_mut(account.0).scans = empty(self.model(account));
        self.value(account);
    }

    /// PM-9: open orders of an account hold what they would if they came now.
    pub(crate) fn hold_anew(&mut self, account: AccountId) {
        let holds: Vec<(u32, Amount, Amount)> = self.holds_anew(account).collect();
        for (slot, old, new) in holds.into_iter().filter(|(_, old, new)| old != new) {
            self.touch_order(slot);
            let order = self.orders.at_mut(slot);
            order.hold = new;
            let held = self.holdings.at_mut(order.holding);
            held.holds = held.holds.minus(old).plus(new);
        }
    }

    /// Open orders of an account by slot, with what each holds and would hold if it came now.
    fn holds_anew(&self, account: AccountId) -> impl Iterator<Item = (u32, Amount, Amount)> {
        let held = self.accounts.at(account.0).holdings.iter();
        let orders = held.flat_map(|(_, holding)| self.orders.of(self.holdings.at(*holding)));
        orders.map(|order| {
            let terms = self.terms_of(order.id.slot());
            (order.id.slot(), order.hold, self.hold_of(&terms, order.price, order.open()))
        })
    }

    /// PM-9: the terms by which orders of an account hold what they may lose, if they do.
    pub(crate) fn netted_terms(
        &self,
        account: AccountId,
        market: &Market,
    ) -> Option<&PortfolioTerms> {
        let is_netted = self.is_netted_exact() && self.accounts.at(account.0).scans.is_some();
        self.portfolios.get(&market.index).filter(|_| is_netted)
    }

    /// PM-9: what is needed beside the scenarios for lots that are closed; never more than what
    /// standard margin needs for them, by which goes what has no scenarios yet.
    pub(crate) fn freed_beside(
        &self,
        terms: &PortfolioTerms,
        market: &Market,
        side: Side,
        lots: Lots,
    ) -> Amount {
        let ppm = match (market.spec.kind.is_option(), side) {
            (false, _) => terms.future_initial_ppm,
            (true, Side::Bid) => terms.short_initial_ppm,
            (true, Side::Ask) => 0,
        };
        let lots = u64::from(lots.0);
        let value = self.notional(market, lots, Rounding::Down);
        let index = self.indices.at(u32::from(market.index.0)).price;
        value.times(ppm.into(), 1_000_000, Rounding::Down).min(released(market, index, lots))
    }

    /// PM-2: what each live instrument of an index gains or loses in each scenario, from its mark
    /// and its surface as they are. The index has a price.
    pub(crate) fn make_grid(&mut self, index: IndexId) {
        let id = u32::from(index.0);
        let Some(terms) = self.portfolios.get(&index).filter(|_| self.indices.at(id).price.0 != 0)
        else {
            return;
        };
        let (terms, live) = (terms.clone(), self.indices.at(id).live.clone());
        let all = scenarios::scenarios(&terms);
        let ready = |(at, expiry): (At, Expiry)| (at, expiry, Moved::all(&expiry, &terms, &all));
        let expiries: Vec<_> = self.expiries(index, &live).into_iter().map(ready).collect();
        for instrument in live.iter().copied() {
            let market = self.markets.at(instrument);
            let of = expiries.iter().find(|(at, _, _)| Some(*at) == market.spec.kind.expiry());
            let changes = match (&market.strike, of) {
                (None, _) if market.mark.0 == 0 => None,
                (None, _) => {
                    let price = u64::from(market.mark.0).saturating_mul(market.tick_price);
                    Some(scenarios::future_changes(&market.contract, IndexPrice(price), &all))
                }
                (Some(_), None) => None,
                (Some(strike), Some((_, expiry, moved))) => {
                    let change = |ticks| market.contract.of_ticks(ticks);
                    Some(expiry.changes(strike, moved).map(change).collect())
                }
            };
            self.set_grid(instrument, changes, all.len());
        }
        self.note_moves(index, &live);
    }

    /// Without changes an instrument keeps those that it had, if they are of these scenarios.
    fn set_grid(&mut self, instrument: u32, changes: Option<Vec<i64>>, n_scenarios: usize) {
        let market = self.markets.at(instrument);
        let kept = || market.grid.clone().filter(|grid| grid.len() == n_scenarios);
        let is_stale = planted::is(Bug::PortfolioGridStandsStill) && market.grid.is_some();
        let changes = changes.filter(|_| !is_stale).or_else(kept);
        if changes == market.grid {
            return;
        }
        let step = self.grid_step(market, changes.as_deref());
        self.touch_market(InstrumentId(instrument));
        let market = self.markets.at_mut(instrument);
        market.grid = changes;
        market.grid_step = market.grid_step.saturating_add(step);
    }

    /// How far a grid moves, in proportion to what a lot is worth or written on.
    fn grid_step(&self, market: &Market, changes: Option<&[i64]>) -> u64 {
        let (Some(old), Some(new)) = (market.grid.as_deref(), changes) else {
            return STEP_MAX;
        };
        if old.len() != new.len() {
            return STEP_MAX;
        }
        let lots = u64::from(market.spec.size_max.0);
        let whole = i128::from(self.notional(market, lots, Rounding::Down).0);
        let moves = old.iter().zip(new).map(|(old, new)| i128::from(*new) - i128::from(*old));
        let most = moves.map(i128::abs).max().unwrap_or(0);
        share(most.saturating_mul(lots.into()), whole.saturating_mul(1_000))
    }

    /// What lots of a future are worth, or of an option are written on.
    fn notional(&self, market: &Market, lots: u64, rounding: Rounding) -> Amount {
        if market.spec.kind.is_option() {
            let index = self.indices.at(u32::from(market.index.0)).price;
            return market.contract.underlying(index, lots);
        }
        market.contract.value(market.mark, lots, rounding)
    }

    /// What an account is worth and needs, from the sums over what it holds.
    pub(crate) fn needs_of(&self, account: AccountId, sums: &Sums, scans: Option<&Scans>) -> Needs {
        let equity = i128::from(self.collateral(account).0) + sums.unrealised;
        let Some(scans) = scans else {
            return Needs { equity, initial: sums.initial, maintenance: sums.maintenance };
        };
        let (mut initial, mut maintenance) = (sums.beside_initial, sums.beside_maintenance);
        for (index, scan) in scans {
            let terms = self.portfolios.get(index).expect("a grid has terms");
            initial += scan.worst_open();
            maintenance += scenarios::to_stay(terms, scan.worst_held());
        }
        Needs { equity: equity + sums.options_value, initial, maintenance }
    }

    /// Replaces what one instrument counts for in the scenarios.
    pub(crate) fn rescan(
        &self,
        scans: &mut Option<Scans>,
        instrument: InstrumentId,
        old: &Worth,
        new: &Worth,
    ) {
        let market = self.markets.at(instrument.0);
        let (Some(scans), Some(grid)) = (scans, &market.grid) else {
            return;
        };
        if old.scanned == new.scanned {
            return;
        }
        let scan = match scans.iter().position(|(index, _)| *index == market.index) {
            Some(place) => scans.get_mut(place),
            None => {
                scans.push((market.index, Scan::default()));
                scans.last_mut()
            }
        };
        let (_, scan) = scan.expect("it is there");
        scan.replace(&old.scanned, &new.scanned, grid);
    }

    /// What a holding counts for in portfolio margin, beside what it is worth by itself.
    pub(crate) fn with_scenarios(&self, held: &Holding, market: &Market, worth: Worth) -> Worth {
        if market.mark.0 == 0 {
            return worth;
        }
        let terms = self.portfolios.get(&market.index).filter(|_| market.grid.is_some());
        let Some(terms) = terms else {
            return by_itself(worth);
        };
        let (bid, ask) = (held.tradable(Side::Bid), held.tradable(Side::Ask));
        let rates = self.beside(terms, held, market);
        Worth {
            exposure: self.notional(market, held.size.size(), Rounding::Up).times(
                4,
                1,
                Rounding::Up,
            ),
            scanned: Exposed { size: held.size.0, bid, ask },
            beside: Rates { initial: rates.initial.plus(held.holds), ..rates },
            ..worth
        }
    }

    /// PM-5, PM-9: what is needed beside the scenarios, that which may pay for a closing included.
    fn beside(&self, terms: &PortfolioTerms, held: &Holding, market: &Market) -> Rates {
        let reached = self.beside_reached(terms, held, market);
        if !self.is_netted_exact() || held.closing() == 0 {
            return reached;
        }
        let ppm = match market.spec.kind.is_option() {
            true => terms.short_initial_ppm,
            false => terms.future_initial_ppm,
        };
        let if_closed = |held: &Holding| {
            let is_long_option = market.spec.kind.is_option() && 0 < held.size.0;
            let closing = if is_long_option { 0 } else { held.closing() };
            let paid = scenarios::beside(self.notional(market, closing, Rounding::Up), ppm);
            self.beside_reached(terms, &held.closed(), market).initial.plus(paid)
        };
        let initial = reached.initial.max(if_closed(held)).max(if_closed(&held.grown()));
        Rates { initial, ..reached }
    }

    /// PM-5: shares of futures, and of what short options are written on.
    fn beside_reached(&self, terms: &PortfolioTerms, held: &Holding, market: &Market) -> Rates {
        let share = |lots, ppm| scenarios::beside(self.notional(market, lots, Rounding::Up), ppm);
        if !market.spec.kind.is_option() {
            let reached = held.reach(Side::Bid).max(held.reach(Side::Ask));
            return Rates {
                initial: share(reached, terms.future_initial_ppm),
                maintenance: share(held.size.size(), terms.future_maintenance_ppm),
            };
        }
        let short = |lots: i64| match planted::is(Bug::PortfolioShortsNeedNothing) {
            true => 0,
            false => u64::try_from(lots).unwrap_or(0),
        };
        let if_filled = held.tradable(Side::Ask) - held.size.0;
        Rates {
            initial: share(short(if_filled), terms.short_initial_ppm),
            maintenance: share(short(-held.size.0), terms.short_maintenance_ppm),
        }
    }
}

/// PM-6: what standard margin asks for, where the value of options counts as equity.
fn by_itself(worth: Worth) -> Worth {
    let beside = Rates {
        initial: worth.initial.plus(worth.options_value),
        maintenance: worth.maintenance.plus(worth.options_value),
    };
    Worth { beside, ..worth }
}

/// The scenarios of an account before anything is in them; none for standard margin.
fn empty(model: MarginModel) -> Option<Scans> {
    (model == MarginModel::Portfolio).then(Vec::new)
}

impl Needs {
    /// As what can be told.
    pub(crate) fn told(&self, collateral: Amount) -> MarginSnapshot {
        MarginSnapshot {
            collateral,
            equity: clamped(self.equity),
            initial: clamped(self.initial),
            maintenance: clamped(self.maintenance),
        }
    }
}
