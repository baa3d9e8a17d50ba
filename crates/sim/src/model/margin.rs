//! `MARGIN-COVERED`: who opens more, or takes money out, has at least what its futures and sold
//! options need to open, by the standard model and the mark (MAR-1 to MAR-4, SUM-4;
//! docs/rules/margin.md).
//!
//! ```text
//!   needed at least   of each future: initial rate · value at the mark of position and open orders
//!                     of each option: value and initial rate · underlying of what could be short
//! ```
//! It is a lower bound: what open orders hold beside that, rates that grow with size or with open
//! interest, and options under margin terms are left out. It does not see accounts with portfolio
//! margin, mass quotes, nor orders that make no position larger.

use types::{AccountId, InstrumentId, LedgerAccount, MarginTerms, OrderId, Side, Ticks};

use super::liquidation::equity;
use super::state::{Holding, Market, State};
use super::worth::{Round, quotient};
use super::{Check, hold};

pub(crate) const COVERED: &str = "MARGIN-COVERED";

/// An order that is known and has not traded: with it the account is covered.
pub(crate) fn check_order(state: &State, id: OrderId, before: &Holding) -> Check {
    let order = state.order(id)?;
    let after = state.holding(order.account, order.instrument);
    let market = state.market(order.instrument)?;
    if order.reduce_only || needed(state, market, &after) <= needed(state, market, before) {
        return Ok(());
    }
    let (account, instrument) = (order.account, order.instrument);
    if state.account(account)?.is_portfolio {
        return Ok(());
    }
    let (has, needs) = (equity(state, account)?.counted, needed_by(state, account)?);
    hold!(
        needs <= has,
        COVERED,
        "order {id} of {account} in {instrument} is taken: it needs {needs} at least, and has {has}"
    );
    Ok(())
}

/// Money has left an account.
pub(crate) fn check_left(state: &State, account: AccountId) -> Check {
    if state.account(account)?.is_portfolio {
        return Ok(());
    }
    let cash = i128::from(state.money.balance(LedgerAccount::Collateral(account)));
    let has = equity(state, account)?.counted.min(cash);
    let needs = needed_by(state, account)?;
    hold!(needs <= has, COVERED, "money left {account}, which needs {needs} and has {has} left");
    Ok(())
}

/// What an account needs at least.
fn needed_by(state: &State, account: AccountId) -> Result<i128, crate::Violation> {
    let mut sum = 0;
    for (instrument, held) in &state.account(account)?.holdings {
        sum += needed(state, state.market(*instrument)?, held);
    }
    Ok(sum)
}

/// What a holding needs at least.
fn needed(state: &State, market: &Market, held: &Holding) -> i128 {
    if market.mark == Ticks(0) || market.is_delivered {
        return 0;
    }
    let usual = market.spec.margin.initial_ppm;
    if !market.is_option() {
        let lots = held.reach();
        let value = market.worth.value(market.mark, lots, Round::Down);
        let ppm = market.margin.map_or(usual, |terms| terms.initial_ppm);
        return quotient(value * i128::from(ppm), 1_000_000, Round::Down);
    }
    if market.margin.is_some() {
        return 0;
    }
    let sold = held.tradable(Side::Ask) - held.size;
    let lots = u64::try_from(sold).unwrap_or(0);
    let underlying = market.worth.underlying(state.index_price(market), lots);
    let share = quotient(underlying * i128::from(usual), 1_000_000, Round::Down);
    market.worth.value(market.mark, lots, Round::Down) + share
}

/// Margin terms are told.
pub(crate) fn set_terms(state: &mut State, id: InstrumentId, terms: &MarginTerms) -> Check {
    state.market_mut(id)?.margin = Some(*terms);
    Ok(())
}
