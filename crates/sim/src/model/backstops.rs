//! `BACKSTOP-FAIR`: who takes a position over offered that, has room for it, and can carry it; it
//! is taken over at the mark, with the share of the equity that belongs to it, of which the
//! insurance fund gets its part; and only of an account that is lost, or that the book does not
//! help (INS-1, INS-2; docs/rules/liquidation.md).
//!
//! ```text
//!   left      cash + what futures would win - value of options that were sold
//!   margin    left · m / Σ m, down        m: standard maintenance - value of a sold option
//!   kept      margin - share of it, up    room: capacity - Σ standard maintenance taken over
//! ```
//! It does not see whether another backstop should have been asked first, nor rounds of which
//! nothing is told: how often the book did not help is not counted under portfolio margin.

use std::collections::BTreeMap;

use types::{
    AccountId, BackstopTerms, LedgerAccount, LiquidationAction as Action, LiquidationStep,
    RiskTerms, Version,
};

use super::liquidation::equity;
use super::positions::{at_mark, fill, millionths_up};
use super::state::{Closing, Holding, Market, State};
use super::worth::{Round, quotient};
use super::{Check, funding, hold, margin, portfolio};
use crate::Violation;

pub(crate) const FAIR: &str = "BACKSTOP-FAIR";

/// A round that trades less than one in so many of the lots that it may is idle (LIQ-16).
const CRUMBS: u64 = 20;
/// Since when a backstop under portfolio margin carries the options that it takes over.
const EXACT_SINCE: Version = Version(4);
/// Atoms that what a position is worth may be off by, when it has changed hands.
const ROUNDED: i128 = 4;

/// What is remembered between steps.
#[derive(Debug, Default)]
pub(crate) struct Backstops {
    offers: BTreeMap<AccountId, Offer>,
    /// Rounds in a row, at most, that the book did not help.
    idle: BTreeMap<AccountId, u64>,
    /// What moved with positions since the last step.
    moved: Vec<(LedgerAccount, LedgerAccount, i128)>,
    /// Whose positions are taken over one after the other.
    taking: Option<AccountId>,
    /// Version 4 of the rules: the value of an option is not counted twice (PM-9).
    is_exact: bool,
}

#[derive(Debug)]
struct Offer {
    terms: BackstopTerms,
    /// Standard maintenance margin of what was taken over, as it was then.
    taken: i128,
}

/// An account before one of its positions went.
struct Before {
    /// Beyond the value of options that were sold.
    left: i128,
    needed: i128,
    /// Of the position.
    needs: i128,
    /// To stay, by the standard model.
    maintenance: i128,
    /// What its owner pays for it if it is an option that was sold; below zero: gets.
    value: i128,
}

impl Backstops {
    pub fn offered(&mut self, account: AccountId, terms: &BackstopTerms) {
        if terms.capacity.0 == 0 {
            self.offers.remove(&account);
            return;
        }
        let taken = self.offers.get(&account).map_or(0, |known| known.taken);
        self.offers.insert(account, Offer { terms: *terms, taken });
    }

    pub fn upgraded(&mut self, to: Version) {
        self.is_exact = EXACT_SINCE <= to;
    }

    /// Whether it goes by version 4 of the rules, or a later one.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    pub fn started(&mut self, account: AccountId) {
        self.idle.insert(account, 0);
        self.rest();
    }

    /// Money that moved with a position.
    pub fn moved(&mut self, (from, to): (LedgerAccount, LedgerAccount), amount: i64) {
        self.moved.push((from, to, amount.into()));
    }

    /// Something else happens than a takeover.
    pub fn rest(&mut self) {
        self.moved.clear();
        self.taking = None;
    }

    /// Another step of a liquidation than a takeover.
    pub fn stepped(&mut self, step: &LiquidationStep) {
        self.rest();
        let idle = self.idle.entry(step.account).or_default();
        *idle = match &step.action {
            Action::OrdersCancelled { .. } | Action::TakenOver { .. } => *idle,
            Action::Reduced { wanted, filled, .. }
                if filled.0 == 0 || u64::from(filled.0) * CRUMBS < u64::from(wanted.0) =>
            {
                *idle + 1
            }
            _ => 0,
        };
    }

    pub fn taken_over(
        &mut self,
        state: &State,
        step: &LiquidationStep,
        risk: Option<&RiskTerms>,
    ) -> Check {
        let id = step.account;
        let Action::TakenOver { backstop, instrument, margin, size, .. } = step.action else {
            return Ok(());
        };
        let gone =
            state.closings.iter().find(|one| (one.account, one.instrument) == (id, instrument));
        let Some(gone) = gone else {
            hold!(false, FAIR, "{backstop} takes {size} of {instrument} over, {id} has it still");
            return Ok(());
        };
        let taken = gone.before.size;
        hold!(taken == size.0, FAIR, "{backstop} takes {size} of {instrument}, {id} had {taken}");
        let Some(before) = before(state, step, gone)? else {
            self.taking = Some(id);
            self.moved.clear();
            return Ok(());
        };
        if self.taking != Some(id) {
            self.check_due(state, step, &before, risk)?;
        }
        let exact = quotient(before.left * before.needs, before.needed.max(1), Round::Down);
        let margin = i128::from(margin.0);
        hold!(
            margin == exact,
            FAIR,
            "{margin} comes with {size} of {instrument} of {id}: {exact} belongs to it"
        );
        self.check_offer(state, (id, backstop), &before)?;
        self.check_paid((id, backstop), margin, &before)?;
        let is_netted = state.account(backstop)?.is_portfolio;
        if self.is_exact || !is_netted || !state.market(instrument)?.is_option() {
            check_carries(state, backstop)?;
        }
        self.taking = Some(id);
        self.moved.clear();
        Ok(())
    }

    /// INS-2: the account is lost, or the book has not helped.
    fn check_due(
        &self,
        state: &State,
        step: &LiquidationStep,
        before: &Before,
        risk: Option<&RiskTerms>,
    ) -> Check {
        let (share, rounds) =
            risk.map_or((500_000, 5), |terms| (terms.takeover_ppm, terms.idle_rounds));
        let is_portfolio = state.account(step.account)?.is_portfolio;
        let (left, needed) = match is_portfolio {
            true => (i128::from(step.before.equity.0), i128::from(step.before.maintenance.0)),
            false => (before.left, before.needed),
        };
        let least = quotient(needed * i128::from(share), 1_000_000, Round::Down);
        let idle = self.idle.get(&step.account).copied().unwrap_or(0);
        hold!(
            is_portfolio || left < least || u64::from(rounds) <= idle,
            FAIR,
            "{} is taken over with {left} of {needed}, after {idle} rounds",
            step.account
        );
        Ok(())
    }

    fn check_offer(
        &mut self,
        state: &State,
        (id, backstop): (AccountId, AccountId),
        before: &Before,
    ) -> Check {
        let is_liquidating = state.account(backstop)?.is_liquidating;
        hold!(!is_liquidating, FAIR, "{backstop} takes over of {id} while it is liquidated");
        let Some(offer) = self.offers.get_mut(&backstop) else {
            hold!(false, FAIR, "{backstop} takes over of {id}, and did not offer that");
            return Ok(());
        };
        offer.taken += before.maintenance;
        let (taken, capacity) = (offer.taken, offer.terms.capacity);
        hold!(
            taken <= i128::from(capacity.0),
            FAIR,
            "{backstop} has taken over {taken} with the position of {id}: {capacity} is the most"
        );
        Ok(())
    }

    /// The margin is shared between the backstop and the fund; an option is paid for.
    fn check_paid(
        &self,
        (id, backstop): (AccountId, AccountId),
        margin: i128,
        before: &Before,
    ) -> Check {
        use LedgerAccount::{Collateral, Insurance};
        let sum = |from: LedgerAccount, to: LedgerAccount| -> i128 {
            let moved =
                self.moved.iter().filter(|(payer, payee, _)| (*payer, *payee) == (from, to));
            moved.map(|(.., amount)| amount).sum()
        };
        let share = self.offers.get(&backstop).map_or(0, |offer| offer.terms.share_ppm);
        let insured = millionths_up(margin, share);
        let there = sum(Collateral(id), Collateral(backstop));
        let back = sum(Collateral(backstop), Collateral(id));
        let told = (there - back - before.value, sum(Collateral(id), Insurance));
        hold!(
            told == (margin - insured, insured),
            FAIR,
            "of {margin} of {id} the backstop {backstop} and the fund get {told:?}: {insured} is \
             the fund's"
        );
        Ok(())
    }
}

/// What the account had and needed before the position went; `None`: the model does not know.
fn before(
    state: &State,
    step: &LiquidationStep,
    gone: &Closing,
) -> Result<Option<Before>, Violation> {
    let id = step.account;
    let mut before = Before { left: 0, needed: 0, needs: 0, maintenance: 0, value: 0 };
    for (instrument, held) in &state.account(id)?.holdings {
        let market = state.market(*instrument)?;
        let is_gone = *instrument == gone.instrument;
        let held = if is_gone { &gone.before } else { held };
        let Some(maintenance) = margin::to_stay(state, market, held.size) else {
            return Ok(None);
        };
        let sold = sold_value(market, held);
        before.left += sold + won(market, held) - if is_gone { gone.funding } else { 0 };
        before.needed += maintenance + sold;
        if is_gone {
            (before.needs, before.maintenance) = (maintenance + sold, maintenance);
            before.value = if market.is_option() { -worth_of(market, held) } else { 0 };
        }
    }
    let cash = i128::from(step.before.collateral.0);
    before.left += cash;
    let market = state.market(gone.instrument)?;
    let margin = match step.action {
        Action::TakenOver { margin, .. } => i128::from(margin.0),
        _ => 0,
    };
    let left = cash + closed(market, gone) - gone.funding - margin - before.value;
    let has = i128::from(state.money.balance(LedgerAccount::Collateral(id)));
    hold!(left == has, FAIR, "{id} had {cash} before a takeover, and has {has} now, not {left}");
    Ok(Some(before))
}

/// What a future realised when it went at the mark.
fn closed(market: &Market, gone: &Closing) -> i128 {
    if market.is_option() {
        return 0;
    }
    let (mut held, lots) = (gone.before, gone.before.size.unsigned_abs());
    let side = if held.size < 0 { types::Side::Bid } else { types::Side::Ask };
    let value = market.worth.value(market.mark, lots, Round::Down);
    let w = market.worth.signed(value, side == types::Side::Bid);
    fill(&mut held, side, lots, w)
}

fn worth_of(market: &Market, held: &Holding) -> i128 {
    let is_there = held.size != 0 && market.mark.0 != 0;
    if is_there { at_mark(&market.worth, market.is_option(), held, market.mark) } else { 0 }
}

/// The value of an option that was sold, below zero.
fn sold_value(market: &Market, held: &Holding) -> i128 {
    if market.is_option() { worth_of(market, held).min(0) } else { 0 }
}

/// What a future would win now, funding with it.
fn won(market: &Market, held: &Holding) -> i128 {
    if market.is_option() || held.size == 0 || market.mark.0 == 0 {
        return 0;
    }
    worth_of(market, held) - funding::owed(held, market.funded)
}

/// With the position its new owner has what it needs to open.
fn check_carries(state: &State, id: AccountId) -> Check {
    let has = equity(state, id)?.counted;
    let needs = match state.account(id)?.is_portfolio {
        true => portfolio::needs(state, id)?.map_or(0, |needs| needs.initial - needs.off),
        false => margin::needed_by(state, id)?,
    };
    hold!(needs <= has + ROUNDED, FAIR, "{id} takes a position over: it needs {needs}, has {has}");
    Ok(())
}
