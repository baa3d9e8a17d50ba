//! `PORTFOLIO-EXACT`, `PORTFOLIO-COVERED`: what accounts under portfolio margin need, computed
//! anew, scenario by scenario and position by position (PM-2 to PM-7; docs/rules/portfolio.md).
//!
//! ```text
//!   each index, each scenario:  Σ lots · change of a lot   with each order filled if that hurts
//!   to open     the worst of each index, and what is beside it
//!   to stay     a share of the worst of the positions alone, and what is beside that
//! ```
//! What is told of such an account is that; an order that is taken, and money that leaves, leave
//! what is needed to open; a model is taken only by who has that; who is refused for money has told
//! of it what it has. All but for what `scenarios` may be off by.
//!
//! What open orders hold for fees, premiums and prices away from the mark is left out: of an
//! account with orders, what is needed to open is a lower bound. It does not see mass quotes, nor
//! orders that are amended to another price.

use std::rc::Rc;

use types::{
    AccountId, Command, Entry, Event, InstrumentId, LedgerAccount, MarginModel, MarginSnapshot,
    PortfolioTerms, Reject, Side, Ticks,
};

use super::liquidation::equity;
use super::positions::{at_mark, millionths_up};
use super::scenarios::Grid;
use super::state::{Holding, Market, State};
use super::worth::{Round, quotient};
use super::{Check, hold, margin};
use crate::Violation;

pub(crate) const EXACT: &str = "PORTFOLIO-EXACT";
pub(crate) const COVERED: &str = "PORTFOLIO-COVERED";

/// Atoms that sums of what is rounded by itself may be off by.
const ROUNDED: i128 = 4;

/// What an account needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    pub initial: i128,
    pub maintenance: i128,
    /// How far off both may be.
    pub off: i128,
    /// To open it needs that, and not that at least.
    pub is_whole: bool,
}

/// The scenarios of one index.
struct Scan {
    index: usize,
    terms: Rc<PortfolioTerms>,
    /// Results with orders and without, in thousandths of an atom.
    open: Vec<i128>,
    held: Vec<i128>,
    off: i128,
}

/// What an account needs by portfolio margin; `None` where the model does not know.
pub(crate) fn needs(state: &State, account: AccountId) -> Result<Option<Needs>, Violation> {
    needs_of(state, &state.account(account)?.holdings)
}

/// What these holdings need together.
pub(crate) fn needs_of(
    state: &State,
    holdings: &[(InstrumentId, Holding)],
) -> Result<Option<Needs>, Violation> {
    let mut sum = Needs { off: ROUNDED, is_whole: true, ..Needs::default() };
    let mut scans: Vec<Scan> = Vec::new();
    for (instrument, held) in holdings {
        let market = state.market(*instrument)?;
        if (held.size == 0 && held.n_orders == 0) || market.mark == Ticks(0) {
            continue;
        }
        sum.is_whole &= held.n_orders == 0;
        let Some(grid) = state.scenarios.grid(*instrument) else {
            let Some(alone) = by_itself(state, market, held) else { return Ok(None) };
            sum.initial += alone.initial;
            sum.maintenance += alone.maintenance;
            sum.is_whole = false;
            continue;
        };
        let Some(changes) = grid.changes(market) else { return Ok(None) };
        let scan = scan_of(&mut scans, market.index, grid, changes.len());
        scan.add(held, changes, grid.lot_off);
        let (initial, maintenance) = beside(state, market, held, &grid.terms);
        sum.initial += initial;
        sum.maintenance += maintenance;
        sum.off += 2;
    }
    for scan in scans {
        sum.initial += worst(&scan.open);
        sum.maintenance += millionths_up(worst(&scan.held), scan.terms.maintenance_ppm);
        sum.off += quotient(scan.off, 1_000, Round::Up);
    }
    Ok(Some(sum))
}

fn scan_of<'a>(scans: &'a mut Vec<Scan>, index: usize, grid: &Grid, n: usize) -> &'a mut Scan {
    let known = scans.iter().position(|scan| scan.index == index);
    let nth = known.unwrap_or_else(|| {
        let (terms, open, held) = (grid.terms.clone(), vec![0; n], vec![0; n]);
        scans.push(Scan { index, terms, open, held, off: 0 });
        scans.len() - 1
    });
    &mut scans[nth]
}

impl Scan {
    fn add(&mut self, held: &Holding, changes: &[i128], lot_off: i128) {
        let (bid, ask) = (held.tradable(Side::Bid), held.tradable(Side::Ask));
        let lots = [held.size, held.size + bid, held.size - ask].map(i128::from);
        let sums = self.held.iter_mut().zip(self.open.iter_mut());
        for ((of_held, of_open), change) in sums.zip(changes) {
            *of_held += lots[0] * change;
            *of_open += lots.map(|lots| lots * change).into_iter().min().unwrap_or(0);
        }
        self.off += lots.map(i128::abs).into_iter().max().unwrap_or(0) * lot_off;
    }
}

/// The worst of the results, as what is lost in it, atoms, up.
fn worst(results: &[i128]) -> i128 {
    let worst = results.iter().copied().min().unwrap_or(0).min(0);
    quotient(-worst, 1_000, Round::Up)
}

/// PM-5: of each future a share of its value, of each short option of what it is written on.
fn beside(state: &State, market: &Market, held: &Holding, terms: &PortfolioTerms) -> (i128, i128) {
    if !market.is_option() {
        let value = |lots| market.worth.value(market.mark, lots, Round::Up);
        return (
            millionths_up(value(held.reach()), terms.future_initial_ppm),
            millionths_up(value(held.size.unsigned_abs()), terms.future_maintenance_ppm),
        );
    }
    let short = |lots: i64| {
        let lots = u64::try_from(lots).unwrap_or(0);
        market.worth.underlying(state.index_price(market), lots)
    };
    (
        millionths_up(short(held.tradable(Side::Ask) - held.size), terms.short_initial_ppm),
        millionths_up(short(-held.size), terms.short_maintenance_ppm),
    )
}

/// PM-6: what standard margin asks for, and as the value of options counts as equity, that.
fn by_itself(state: &State, market: &Market, held: &Holding) -> Option<Needs> {
    let value = match market.is_option() {
        true => at_mark(&market.worth, true, held, market.mark),
        false => 0,
    };
    let initial = margin::needed(state, market, held) + value;
    let maintenance = margin::to_stay(state, market, held.size)? + value;
    Some(Needs { initial, maintenance, off: 0, is_whole: false })
}

/// What is told of an account is what it needs.
pub(crate) fn check_told(state: &State, id: AccountId, told: &MarginSnapshot) -> Check {
    let Some(needs) = needs(state, id)? else { return Ok(()) };
    let (initial, maintenance) = (i128::from(told.initial.0), i128::from(told.maintenance.0));
    let is_maintenance = (maintenance - needs.maintenance).abs() <= needs.off;
    let is_initial = needs.initial - needs.off <= initial
        && (!needs.is_whole || initial <= needs.initial + needs.off);
    hold!(
        is_maintenance && is_initial,
        EXACT,
        "{id} is told to need {initial} to open and {maintenance} to stay: it needs {needs:?}"
    );
    Ok(())
}

/// An order that is known and has not traded: with it the account is covered, or needs no more than
/// without it.
pub(crate) fn check_order(
    state: &State,
    id: AccountId,
    instrument: InstrumentId,
    before: &Holding,
) -> Check {
    let Some(with) = needs(state, id)? else { return Ok(()) };
    let has = equity(state, id)?.counted;
    if with.initial - with.off <= has {
        return Ok(());
    }
    let mut holdings = state.account(id)?.holdings.clone();
    let here = holdings.iter_mut().filter(|(other, _)| *other == instrument);
    here.for_each(|(_, held)| *held = *before);
    let Some(without) = needs_of(state, &holdings)? else { return Ok(()) };
    hold!(
        with.initial - with.off <= without.initial + without.off,
        COVERED,
        "an order of {id} in {instrument} is taken: it needs {with:?} and has {has}"
    );
    Ok(())
}

/// Money has left an account: it has what it needs without profits that are not realised.
pub(crate) fn check_left(state: &State, id: AccountId) -> Check {
    let Some(needs) = needs(state, id)? else { return Ok(()) };
    let cash = i128::from(state.money.balance(LedgerAccount::Collateral(id)));
    let has = equity(state, id)?.counted.min(cash);
    hold!(
        needs.initial - needs.off <= has,
        COVERED,
        "money left {id}, which needs {needs:?} and has {has} left"
    );
    Ok(())
}

/// PM-7: another model is taken only by who has what it needs to open by it.
pub(crate) fn model_set(
    state: &mut State,
    id: AccountId,
    model: MarginModel,
    told: &MarginSnapshot,
) -> Check {
    let account = state.account_mut(id)?;
    let is_portfolio = model == MarginModel::Portfolio;
    let was = std::mem::replace(&mut account.is_portfolio, is_portfolio);
    let is_liquidating = account.is_liquidating;
    hold!(!is_liquidating, COVERED, "{id} becomes {model:?} while it is liquidated");
    hold!(
        was == is_portfolio || told.initial <= told.equity,
        COVERED,
        "{id} becomes {model:?}, and has not what it needs by that: {told:?}"
    );
    Ok(())
}

/// Who is refused for money has no more than is told to be free.
pub(crate) fn refused(state: &State, entry: &Entry, reject: &Reject) -> Check {
    let (Some(id), Reject::MarginInsufficient { needed, free, missing }) =
        (portfolio_of(state, entry), reject)
    else {
        return Ok(());
    };
    let Some(needs) = needs(state, id)? else { return Ok(()) };
    let most = equity(state, id)?.counted - needs.initial;
    let told = i128::from(free.0);
    let is_free = told <= most + needs.off && (!needs.is_whole || most - needs.off <= told);
    hold!(is_free, EXACT, "{id} is told that {free} is free: it needs {needs:?}, that is {most}");
    hold!(
        needed.minus(*free) == *missing && 0 < missing.0,
        EXACT,
        "{id} is refused for {missing}, with {free} free of {needed}"
    );
    Ok(())
}

/// The account under portfolio margin whose order an entry is.
fn portfolio_of(state: &State, entry: &Entry) -> Option<AccountId> {
    let account = match &entry.command {
        Command::PlaceOrder(order) => order.account,
        Command::AmendOrder(amendment) => amendment.account,
        _ => return None,
    };
    state.account(account).ok()?.is_portfolio.then_some(account)
}

/// What of an entry a summary counts.
pub(crate) fn mark(state: &State, entry: &Entry, events: &[Event]) -> Option<&'static str> {
    let is_portfolio = |id: AccountId| state.account(id).is_ok_and(|known| known.is_portfolio);
    for event in events {
        match event {
            Event::Refused(reject) if matches!(**reject, Reject::MarginInsufficient { .. }) => {
                return portfolio_of(state, entry).map(|_| "portfolio refused");
            }
            Event::LiquidationStarted { account, .. } if is_portfolio(*account) => {
                return Some("portfolio liquidation");
            }
            Event::MarginModelSet { model: MarginModel::Portfolio, .. } => {
                return Some("portfolio model");
            }
            _ => {}
        }
    }
    None
}
