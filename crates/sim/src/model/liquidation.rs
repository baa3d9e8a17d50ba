//! `LIQUIDATION-JUST`: who is liquidated was below maintenance margin, by an equity that the model
//! computes itself; a liquidation ends when it is above that by the buffer, or holds nothing and
//! owes nothing; each step tells what moved; who is closed against it is on the other side, in the
//! order of the ranking, and gives no more than its profit; and nobody gives what is not lacking.
//! What an account needs to stay is computed, too, and the position is reduced first that needs
//! most of that (LIQ-1, LIQ-3, LIQ-5, LIQ-8, INS-3, INS-5, ADL-1, ADL-7;
//! docs/rules/liquidation.md).
//!
//! ```text
//!   equity = collateral + futures at the mark - cost - funding owed   (portfolio: + options)
//! ```
//! What a round closes is judged by `reduction`, what accounts under portfolio margin need by
//! `portfolio`, takeovers by `backstops`. It does not see whom a policy should have ranked first,
//! nor an account that should be liquidated and is not.

use types::{
    AccountId, AdlPolicy, Command, InstrumentId, LedgerAccount, LiquidationAction as Action,
    LiquidationEnd, LiquidationStep, MarginSnapshot, RiskTerms, Side, SignedLots, Ticks,
};

use super::backstops::Backstops;
use super::breakers::Breakers;
use super::reduction::Reductions;
use super::state::{Holding, State};
use super::worth::Round;
use super::{Check, funding, hold, margin, portfolio, positions};
use crate::Violation;

pub(crate) const JUST: &str = "LIQUIDATION-JUST";

/// What holds until `SetRisk` says something else.
const USUAL_BUFFER_PPM: u32 = 250_000;

const BILLION: i128 = 1_000_000_000;

/// What is remembered between steps.
#[derive(Debug, Default)]
pub(crate) struct Liquidations {
    terms: Option<RiskTerms>,
    pub backstops: Backstops,
    /// The last one that was closed against an account: of whom, where, and its place.
    last_rank: Option<(AccountId, InstrumentId, u32)>,
    reductions: Reductions,
}

/// What accounts are worth now.
pub(crate) struct Equity {
    /// As margin counts it.
    pub counted: i128,
    /// With every option at its mark.
    pub whole: i128,
}

/// The equity of an account, from what the model has.
pub(crate) fn equity(state: &State, id: AccountId) -> Result<Equity, crate::Violation> {
    let account = state.account(id)?;
    let cash = i128::from(state.money.balance(LedgerAccount::Collateral(id)));
    let (mut futures, mut options) = (0, 0);
    for (instrument, held) in &account.holdings {
        let market = state.market(*instrument)?;
        if held.size == 0 || market.mark == Ticks(0) {
            continue;
        }
        let worth = positions::at_mark(&market.worth, market.is_option(), held, market.mark);
        match market.is_option() {
            true => options += worth,
            false => futures += worth - funding::owed(held, market.funded),
        }
    }
    let counted = cash + futures + if account.is_portfolio { options } else { 0 };
    Ok(Equity { counted, whole: cash + futures + options })
}

/// What is told of an account is what the model has.
pub(crate) fn check_snapshot(state: &State, id: AccountId, told: &MarginSnapshot) -> Check {
    let cash = state.money.balance(LedgerAccount::Collateral(id));
    let equity = equity(state, id)?.counted;
    hold!(
        told.collateral.0 == cash && i128::from(told.equity.0) == equity,
        JUST,
        "{id} is told to have {told:?}: it has a collateral of {cash} and an equity of {equity}"
    );
    if state.account(id)?.is_portfolio {
        return portfolio::check_told(state, id, told);
    }
    let maintenance = margin::to_stay_by(state, id)?;
    hold!(
        maintenance.is_none_or(|needed| needed == i128::from(told.maintenance.0)),
        JUST,
        "{id} is told to need {} to stay: it needs {maintenance:?}",
        told.maintenance
    );
    Ok(())
}

/// Whether an order of an account is by its liquidation, not by a command. It closes what makes the
/// account need less to stay, and may leave it needing more to open.
pub(crate) fn places(
    state: &State,
    command: &Command,
    account: AccountId,
) -> Result<bool, Violation> {
    let is_asked = matches!(command, Command::PlaceOrder(order) if order.account == account);
    Ok(!is_asked && state.account(account)?.is_liquidating)
}

impl Liquidations {
    pub fn set_terms(&mut self, terms: &RiskTerms) {
        self.terms = Some(*terms);
    }

    pub fn started(&mut self, state: &mut State, id: AccountId, told: &MarginSnapshot) -> Check {
        check_snapshot(state, id, told)?;
        let account = state.account_mut(id)?;
        hold!(!account.is_liquidating, JUST, "the liquidation of {id} starts twice");
        let is_short = told.equity < told.maintenance;
        hold!(is_short, JUST, "{id} is liquidated, and has what it needs: {told:?}");
        account.is_liquidating = true;
        self.backstops.started(id);
        Ok(())
    }

    pub fn ended(
        &mut self,
        state: &mut State,
        id: AccountId,
        end: LiquidationEnd,
        told: &MarginSnapshot,
    ) -> Check {
        check_snapshot(state, id, told)?;
        let target = self.target(told);
        let equity = i128::from(told.equity.0);
        hold!(target <= equity, JUST, "{id} is let go with {equity}: it needs {target}");
        let account = state.account_mut(id)?;
        hold!(account.is_liquidating, JUST, "the liquidation of {id} ends, and had not started");
        let is_flat = account.holdings.iter().all(|(_, held)| held.size == 0);
        hold!(is_flat == (end == LiquidationEnd::Flat), JUST, "{id} ends {end:?}, flat: {is_flat}");
        let n_orders = account.orders.len();
        hold!(n_orders == 0, JUST, "{id} has {n_orders} orders when its liquidation ends");
        account.is_liquidating = false;
        self.backstops.rest();
        Ok(())
    }

    /// LIQ-8: what an account must be worth to be let go.
    fn target(&self, told: &MarginSnapshot) -> i128 {
        let buffer = self.terms.map_or(USUAL_BUFFER_PPM, |terms| terms.buffer_ppm);
        let needed = i128::from(told.maintenance.0);
        needed + needed * i128::from(buffer) / 1_000_000
    }

    pub fn stepped(&mut self, state: &mut State, step: &LiquidationStep) -> Check {
        let id = step.account;
        let account = state.account(id)?;
        hold!(account.is_liquidating, JUST, "{id} is liquidated one step, and is not liquidated");
        let n_orders = account.orders.len();
        hold!(n_orders == 0, JUST, "{id} is liquidated with {n_orders} open orders");
        check_snapshot(state, id, &step.after)?;
        let rank = self.last_rank.take();
        match &step.action {
            Action::OrdersCancelled { .. } => {}
            Action::Reduced { .. } => self.check_round(state, step)?,
            Action::TakenOver { backstop, instrument, mark, margin, size } => {
                let known = state.market(*instrument)?.mark;
                hold!(*mark == known, JUST, "taken over at {mark}, the mark is {known}");
                let is_other = state.family(*backstop) != state.family(id);
                hold!(is_other && 0 <= margin.0, JUST, "{backstop} takes {size} with {margin}");
                self.backstops.taken_over(state, step, self.terms.as_ref())?;
            }
            Action::Insured { amount } => self.check_given(state, id, amount.0)?,
            Action::Socialised { account, amount } => {
                hold!(*account != id, JUST, "{id} gives to itself");
                self.check_given(state, id, amount.0)?;
            }
            Action::Deleveraged {
                counterparty,
                instrument,
                haircut,
                rank: place,
                size,
                mark,
                score,
                ..
            } => {
                let of = (id, *instrument);
                let before = rank.filter(|(account, here, _)| (*account, *here) == of);
                let is_next = before.is_none_or(|(.., before)| before < *place) || *place == 1;
                hold!(is_next, JUST, "the place {place} is asked after {before:?}");
                self.last_rank = Some((id, *instrument, *place));
                let known = state.market(*instrument)?.mark;
                hold!(*mark == known, JUST, "deleveraged at {mark}, the mark is {known}");
                check_winner(state, (id, *counterparty), *instrument, *size, haircut.0)?;
                let is_queue = self.terms.is_none_or(|terms| terms.adl == AdlPolicy::Queue);
                if is_queue && size.0 != 0 {
                    check_first(state, *counterparty, *instrument, (*size, *score))?;
                }
                if haircut.0 != 0 {
                    self.check_given(state, id, haircut.0)?;
                }
            }
        }
        if !matches!(step.action, Action::TakenOver { .. }) {
            self.backstops.stepped(step);
        }
        state.closings.clear();
        Ok(())
    }

    /// A round through the book.
    fn check_round(&mut self, state: &State, step: &LiquidationStep) -> Check {
        let id = step.account;
        let Action::Reduced { instrument, side, wanted, filled, mark, index_price, fee, .. } =
            &step.action
        else {
            return Ok(());
        };
        let bought = i64::from(filled.0) * if *side == Side::Bid { 1 } else { -1 };
        let together = self.backstops.is_exact();
        self.reductions.reduced(state, step, (*instrument, bought), together)?;
        let market = state.market(*instrument)?;
        let (told, known) = ((*mark, *index_price), (market.mark, state.index_price(market)));
        hold!(told == known, JUST, "a round tells {told:?}, the prices are {known:?}");
        hold!(filled <= wanted, JUST, "a round closes {filled}, {wanted} are wanted");
        let value = market.worth.value(*mark, u64::from(filled.0), Round::Up);
        let most = self.terms.map(|terms| positions::millionths_up(value, terms.fee_ppm));
        let fee = i128::from(fee.0);
        let fits = 0 <= fee && most.is_none_or(|most| fee <= most);
        hold!(fits, JUST, "a round costs {fee}: it is {most:?} at most");
        let (has, left) = (i128::from(step.before.equity.0), step.after.equity.0);
        let target = self.target(&step.before);
        hold!(has < target, JUST, "{id} has {has}, {target} lets it go, and a round follows");
        hold!(fee == 0 || 0 <= left, JUST, "{id} pays a fee of {fee}, and has {left} then");
        Ok(())
    }

    /// What holds after every entry: of what hedges each other nothing is left out, unless the
    /// account is let go, or a market asks for a pause (BRK-7).
    pub fn end(&mut self, state: &State, breakers: &Breakers) -> Check {
        for round in self.reductions.end() {
            let (account, after, left) = (round.account, &round.after, &round.left);
            let is_over = self.target(after) <= i128::from(after.equity.0);
            let is_paced = round.instruments().any(|one| breakers.paces_liquidations(state, one));
            hold!(
                is_over || is_paced,
                JUST,
                "{account} holds what hedges each other, and is reduced without {left:?}: {after:?}"
            );
        }
        Ok(())
    }

    /// ADL-7: what is given is lacking: with it the account owes still, or has nothing.
    fn check_given(&self, state: &State, id: AccountId, amount: i64) -> Check {
        let left = equity(state, id)?.whole;
        hold!(
            0 < amount && left <= 0,
            JUST,
            "{id} is given {amount}, and has {left} then: more than was lacking"
        );
        Ok(())
    }
}

/// ADL-1: who is closed holds the other side, and gives at most what it won.
fn check_winner(
    state: &State,
    (account, winner): (AccountId, AccountId),
    instrument: InstrumentId,
    size: SignedLots,
    haircut: i64,
) -> Check {
    let closing = state
        .closings
        .iter()
        .find(|closing| (closing.account, closing.instrument) == (winner, instrument));
    let (before, settled) = match closing {
        Some(closing) => (closing.before, closing.funding),
        None => (state.holding(winner, instrument), 0),
    };
    hold!(winner != account, JUST, "{account} is closed against itself");
    let sides = (before.size.signum(), size.0.signum());
    let is_other = sides.0 != 0 && sides.0 != sides.1;
    hold!(is_other, JUST, "{winner} has {} of {instrument}, {size} is closed", before.size);
    let gain = gain(state, instrument, &before)? - settled.min(0);
    hold!(
        i128::from(haircut) <= gain.max(0),
        JUST,
        "{winner} gives {haircut} of a profit of {gain} in {instrument}"
    );
    Ok(())
}

/// What a position would win at the mark.
fn gain(state: &State, instrument: InstrumentId, held: &Holding) -> Result<i128, crate::Violation> {
    let market = state.market(instrument)?;
    let worth = positions::at_mark(&market.worth, market.is_option(), held, market.mark);
    let owed = funding::owed(held, market.funded);
    Ok(if market.is_option() { worth - i128::from(held.cost) } else { worth - owed })
}

/// ADL-3: of those who still hold the side that is closed, nobody has a higher score by the queue.
fn check_first(
    state: &State,
    asked: AccountId,
    instrument: InstrumentId,
    (size, score): (SignedLots, i64),
) -> Check {
    let market = state.market(instrument)?;
    if market.is_option() {
        return Ok(());
    }
    for holder in &market.holders {
        let held = state.holding(*holder, instrument);
        if *holder == asked || held.size == 0 || held.size.signum() == size.0.signum() {
            continue;
        }
        let equity = equity(state, *holder)?.counted;
        let gain = gain(state, instrument, &held)?.min(equity).max(0);
        let value = market.worth.value(market.mark, held.size.unsigned_abs(), Round::Down);
        let cost = i128::from(held.cost).abs().max(1);
        let other = (gain * BILLION / cost).checked_mul(value.max(1));
        let other = other.map_or(i128::MAX, |product| product / equity.max(1) / 1_000);
        hold!(
            other.min(i64::MAX.into()) <= i128::from(score),
            JUST,
            "{asked} is closed in {instrument} with a score of {score}, {holder} has {other}"
        );
    }
    Ok(())
}
