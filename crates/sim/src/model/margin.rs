//! `MARGIN-COVERED`: who opens more, or takes money out, has at least what its futures and sold
//! options need to open, by the standard model and the mark (MAR-1 to MAR-4, SUM-4;
//! docs/rules/margin.md).
//!
//! ```text
//!   needed at least   of each future: initial rate · value at the mark of position and open orders
//!                     of each option: value and initial rate · underlying of what could be short
//! ```
//! It is a lower bound: what open orders hold beside that, rates that grow with size or with open
//! interest, and options under margin terms are left out. It does not see mass quotes, nor orders
//! that make no position larger. Accounts with portfolio margin are seen by `portfolio`.

use types::{AccountId, InstrumentId, LedgerAccount, MarginTerms, OrderId, Side, Ticks};

use super::liquidation::equity;
use super::positions::millionths_up;
use super::state::{Holding, Market, State};
use super::worth::{Round, quotient};
use super::{Check, hold, portfolio};

pub(crate) const COVERED: &str = "MARGIN-COVERED";

/// An order that is known and has not traded: with it the account is covered.
pub(crate) fn check_order(state: &State, id: OrderId, before: &Holding) -> Check {
    let order = state.order(id)?;
    if state.account(order.account)?.is_portfolio {
        return portfolio::check_order(state, order.account, order.instrument, before);
    }
    let after = state.holding(order.account, order.instrument);
    let market = state.market(order.instrument)?;
    if order.reduce_only || needed(state, market, &after) <= needed(state, market, before) {
        return Ok(());
    }
    let (account, instrument) = (order.account, order.instrument);
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
        return portfolio::check_left(state, account);
    }
    let cash = i128::from(state.money.balance(LedgerAccount::Collateral(account)));
    let has = equity(state, account)?.counted.min(cash);
    let needs = needed_by(state, account)?;
    hold!(needs <= has, COVERED, "money left {account}, which needs {needs} and has {has} left");
    Ok(())
}

/// What an account needs at least.
pub(crate) fn needed_by(state: &State, account: AccountId) -> Result<i128, crate::Violation> {
    let mut sum = 0;
    for (instrument, held) in &state.account(account)?.holdings {
        sum += needed(state, state.market(*instrument)?, held);
    }
    Ok(sum)
}

/// What a holding needs at least.
pub(crate) fn needed(state: &State, market: &Market, held: &Holding) -> i128 {
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

/// What a position needs to stay, by the standard model (MAR-3, MAR-4); `None` under margin terms,
/// which the model does not follow.
pub(crate) fn to_stay(state: &State, market: &Market, size: i64) -> Option<i128> {
    let worth = &market.worth;
    if market.mark == Ticks(0) || market.is_delivered {
        return Some(0);
    }
    if market.margin.is_some() {
        return None;
    }
    let ppm = market.spec.margin.maintenance_ppm;
    if !market.is_option() {
        let value = worth.value(market.mark, size.unsigned_abs(), Round::Up);
        return Some(millionths_up(value, ppm));
    }
    let short = u64::try_from(-size).unwrap_or(0);
    let underlying = worth.underlying(state.index_price(market), short);
    Some(worth.value(market.mark, short, Round::Up) + millionths_up(underlying, ppm))
}

/// What an account needs to stay by the standard model.
pub(crate) fn to_stay_by(state: &State, id: AccountId) -> Result<Option<i128>, crate::Violation> {
    let mut sum = 0;
    for (instrument, held) in &state.account(id)?.holdings {
        let Some(needed) = to_stay(state, state.market(*instrument)?, held.size) else {
            return Ok(None);
        };
        sum += needed;
    }
    Ok(Some(sum))
}

/// Margin terms are told.
pub(crate) fn set_terms(state: &mut State, id: InstrumentId, terms: &MarginTerms) -> Check {
    state.market_mut(id)?.margin = Some(*terms);
    Ok(())
}
