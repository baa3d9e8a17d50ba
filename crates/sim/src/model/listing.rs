//! What is opened, listed and marked: numbers follow each other, and a mark is never zero
//! (`LOG-COHERENT`).

use types::{AccountId, IndexId, Instrument, InstrumentId, MarketState, Ticks};

use super::state::{Account, Book, Market, State, at};
use super::worth::Worth;
use super::{Check, hold, log};

pub(crate) fn mark(state: &mut State, instrument: InstrumentId, mark: Ticks) -> Check {
    hold!(mark != Ticks(0), log::COHERENT, "instrument {instrument} has a mark of zero");
    state.market_mut(instrument)?.mark = mark;
    Ok(())
}

pub(crate) fn opened(state: &mut State, account: AccountId, parent: Option<AccountId>) -> Check {
    let next = state.accounts.len();
    hold!(at(account.0) == next, log::COHERENT, "account {account} is opened, {next} is next");
    let mut opened = Account { parent, ..Account::default() };
    if let Some(parent) = parent {
        let main = state.account(parent)?;
        (opened.self_trade, opened.with_subaccounts) = (main.self_trade, main.with_subaccounts);
    }
    state.accounts.push(opened);
    Ok(())
}

pub(crate) fn listed(
    state: &mut State,
    instrument: InstrumentId,
    index: IndexId,
    spec: &Instrument,
) -> Check {
    let next = state.markets.len();
    let is_next = at(instrument.0) == next;
    hold!(is_next, log::COHERENT, "instrument {instrument} is listed, {next} is next");
    let Some(worth) = Worth::of(spec, state.decimals) else {
        hold!(false, log::COHERENT, "instrument {instrument} is worth nothing that fits");
        return Ok(());
    };
    let index = at(u32::from(index.0));
    state.index_mut(index).pair = Some((spec.base, spec.quote));
    state.markets.push(Market {
        spec: Box::new(spec.clone()),
        worth,
        index,
        mark: Ticks(0),
        last: Ticks(0),
        state: MarketState::Open,
        trade_seq: 0,
        is_delivered: false,
        bids: Book::new(),
        asks: Book::new(),
        sum_size: 0,
        sum_cost: 0,
        holders: Vec::new(),
        margin: None,
        clamp_ppm: None,
        funded: 0,
    });
    Ok(())
}
