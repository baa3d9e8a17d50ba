//! `DELIVERY-FLAT`: an expiry is settled once, not before its time, at the one price that is told;
//! each holder gets what DLV-8 and DLV-9 say to the atom; and when an instrument is delivered
//! nobody holds it any more, nothing rests, and its pools are empty.
//!
//! How the price came about is seen by `samples`.

use types::{AccountId, At, IndexId, IndexPrice, InstrumentId, Kind, LedgerAccount, Side};

use super::positions::{change, fill};
use super::state::{State, at};
use super::worth::Round;
use super::{Check, hold, log};

pub(crate) const FLAT: &str = "DELIVERY-FLAT";

/// An expiry has its price.
pub(crate) fn priced(
    state: &mut State,
    index: IndexId,
    expiry: At,
    price: IndexPrice,
    now: At,
) -> Check {
    log::check_time(state, now)?;
    hold!(expiry <= now, FLAT, "expiry {expiry} is priced at {now}, before it is there");
    hold!(price != IndexPrice(0), FLAT, "expiry {expiry} is settled at a price of zero");
    state.delivery = Some((at(u32::from(index.0)), expiry, price));
    Ok(())
}

/// Whether positions of an instrument are settled by what this entry told.
pub(crate) fn is_settling(
    state: &State,
    instrument: InstrumentId,
) -> Result<bool, crate::Violation> {
    let market = state.market(instrument)?;
    let is_it = state.delivery.is_some_and(|(index, expiry, _)| {
        index == market.index && market.spec.kind.expiry() == Some(expiry)
    });
    Ok(is_it && !market.is_delivered)
}

/// A position ends at the delivery price.
pub(crate) fn settle(state: &mut State, account: AccountId, instrument: InstrumentId) -> Check {
    let price = state.delivery.map_or(IndexPrice(0), |(.., price)| price);
    let market = state.market(instrument)?;
    let (worth, kind) = (market.worth, market.spec.kind);
    let held = state.holding(account, instrument);
    let lots = held.size.unsigned_abs();
    let is_short = held.size < 0;
    let mut gained = 0;
    if let Kind::Option { .. } = kind {
        let round = if is_short { Round::Up } else { Round::Down };
        let paid = worth.payoff(&kind, price, lots, round).unwrap_or(0);
        gained = if is_short { -paid } else { paid };
        change(state, (account, instrument), |held| {
            (held.size, held.cost) = (0, 0);
            0
        })?;
    } else {
        let side = if is_short { Side::Bid } else { Side::Ask };
        let round = if is_short == worth.is_inverse { Round::Down } else { Round::Up };
        let w = worth.signed(worth.value_at(price, lots, round), side == Side::Bid);
        change(state, (account, instrument), |held| {
            gained = fill(held, side, lots, w);
            gained
        })?;
    }
    let moved = match state.money.realised.take() {
        Some((payee, of, amount)) if (payee, of) == (account, instrument) => i128::from(amount),
        _ => 0,
    };
    hold!(
        moved == gained,
        FLAT,
        "{account} had {} of {instrument} at {price}: it gets {gained}, and {moved} moved",
        held.size
    );
    Ok(())
}

/// An instrument's life is over.
pub(crate) fn delivered(
    state: &mut State,
    instrument: InstrumentId,
    price: IndexPrice,
    now: At,
) -> Check {
    log::check_time(state, now)?;
    let is_settling = is_settling(state, instrument)?;
    let told = state.delivery.map(|(.., price)| price);
    hold!(
        is_settling && told == Some(price),
        FLAT,
        "instrument {instrument} is delivered at {price}, its expiry is settled at {told:?}"
    );
    let market = state.market(instrument)?;
    for account in &market.holders {
        let held = state.holding(*account, instrument);
        let (size, n_orders) = (held.size, held.n_orders);
        hold!(
            size == 0 && n_orders == 0,
            FLAT,
            "{account} has {size} lots and {n_orders} orders of {instrument}, which is delivered"
        );
    }
    let clearing = state.money.balance(LedgerAccount::Clearing(instrument));
    hold!(clearing == 0, FLAT, "clearing of {instrument} has {clearing} after its delivery");
    state.touch(instrument);
    state.market_mut(instrument)?.is_delivered = true;
    Ok(())
}
