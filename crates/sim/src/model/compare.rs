//! `ENGINE-AGREES`: what the model has of balances, positions, open orders, books, marks and states
//! is what a live engine answers.
//!
//! It does not see what the engine answers to nobody: clearing, funding and fee accounts.

use engine::Engine;
use types::{
    AccountId, AssetCode, InstrumentId, LedgerAccount, MarginModel, MarginSnapshot, Side,
    SignedLots,
};

use super::state::{State, price_of};
use super::{Check, hold, liquidation};

pub(crate) const AGREES: &str = "ENGINE-AGREES";

/// All of it.
pub(crate) fn compare(state: &State, asset: AssetCode, engine: &Engine) -> Check {
    let (here, there) = ((asset, state.decimals), engine.asset());
    hold!(here == there, AGREES, "the model settles in {here:?}, the engine in {there:?}");
    let (here, there) = ((state.seq, state.at), (engine.seq(), engine.at()));
    hold!(here == there, AGREES, "the model is at {here:?}, the engine at {there:?}");
    let (here, there) = (state.accounts.len() - 1, engine.n_accounts());
    hold!(u32::try_from(here) == Ok(there), AGREES, "the model has {here} accounts, not {there}");
    let (here, there) = (state.orders.n_open, engine.n_open_orders());
    hold!(here == there, AGREES, "the model has {here} open orders, the engine {there}");
    for nth in 1..=engine.n_accounts() {
        compare_account(state, engine, AccountId(nth))?;
    }
    for nth in 0..u32::try_from(state.markets.len()).unwrap_or(u32::MAX) {
        compare_market(state, engine, InstrumentId(nth))?;
    }
    let here = state.money.balance(LedgerAccount::Insurance);
    let there = engine.waterfall().insurance.0;
    hold!(here == there, AGREES, "the model's insurance fund has {here}, the engine's {there}");
    Ok(())
}

fn compare_account(state: &State, engine: &Engine, id: AccountId) -> Check {
    let Some(view) = engine.account(id) else {
        hold!(false, AGREES, "the engine has no account {id}");
        return Ok(());
    };
    let account = state.account(id)?;
    let here = state.money.balance(LedgerAccount::Collateral(id));
    let there = view.collateral.0;
    hold!(here == there, AGREES, "account {id} has {here}, in the engine {there}");
    let model = if account.is_portfolio { MarginModel::Portfolio } else { MarginModel::Standard };
    let here = (account.parent, account.self_trade, account.is_liquidating, model);
    let there = (view.parent, view.self_trade, view.liquidating, view.model);
    hold!(here == there, AGREES, "account {id} is {here:?}, in the engine {there:?}");
    let equity = view.collateral.plus(view.unrealised);
    let told = MarginSnapshot {
        collateral: view.collateral,
        equity: if account.is_portfolio { equity.plus(view.options_value) } else { equity },
        initial: view.initial_margin,
        maintenance: view.maintenance_margin,
    };
    liquidation::check_snapshot(state, id, &told)?;
    let open = account.holdings.iter().filter(|(_, held)| held.size != 0 || held.n_orders != 0);
    let open: Vec<_> = open.collect();
    let told: Vec<InstrumentId> = view.positions.iter().map(|view| view.instrument).collect();
    let known: Vec<InstrumentId> = open.iter().map(|(instrument, _)| *instrument).collect();
    hold!(known == told, AGREES, "account {id} holds {known:?}, in the engine {told:?}");
    for ((instrument, held), view) in open.into_iter().zip(&view.positions) {
        let here = (SignedLots(held.size), held.cost, state.market(*instrument)?.mark);
        let there = (view.size, view.cost.0, view.mark);
        hold!(here == there, AGREES, "{id} has {here:?} of {instrument}, in the engine {there:?}");
    }
    Ok(())
}

fn compare_market(state: &State, engine: &Engine, id: InstrumentId) -> Check {
    let market = state.market(id)?;
    let there = engine.instrument(id).map(|(spec, mark)| (spec == &*market.spec, mark));
    let here = Some((true, market.mark));
    hold!(here == there, AGREES, "instrument {id} is {here:?}, in the engine {there:?}");
    let (here, there) = (Some(market.state), engine.market_state(id));
    hold!(here == there, AGREES, "instrument {id} is {here:?}, in the engine {there:?}");
    for side in [Side::Bid, Side::Ask] {
        compare_side(state, engine, id, side)?;
    }
    Ok(())
}

fn compare_side(state: &State, engine: &Engine, id: InstrumentId, side: Side) -> Check {
    let books = engine.books();
    let levels = books.levels(id, side);
    let mut theirs =
        levels.flat_map(|(price, _)| books.queue(id, side, price).map(move |order| (price, order)));
    for (key, order) in state.market(id)?.side(side) {
        let here = Some((price_of(side, *key), *order));
        let there = theirs.next();
        hold!(here == there, AGREES, "{side:?} of {id} has {here:?}, in the engine {there:?}");
        let known = state.order(*order)?;
        let here = Some((known.open(), known.displayed));
        let there = books.get(*order).map(|resting| (resting.open, resting.displayed));
        hold!(here == there, AGREES, "order {order} is {here:?}, in the engine {there:?}");
    }
    let left = theirs.next();
    hold!(left.is_none(), AGREES, "{side:?} of {id} ends, in the engine {left:?} follows");
    Ok(())
}
