//! `POSITIONS-AGREE`, `POSITIONS-ZERO-SUM`: positions are rebuilt from trades, takeovers and
//! deliveries, and what is told of them is that (SUM-2, SUM-3; docs/rules/money.md).
//!
//! ```text
//!   closing d of s lots with signed value w:  c = cost · d / s, up;  realised = -(c + w)
//! ```
//! Sizes, costs and what is realised agree to the atom, and after every entry the sizes of an
//! instrument sum to zero, and so do the costs of a future and its clearing balance.

use types::{
    AccountId, Amount, Command, Entry, InstrumentId, LedgerAccount, Side, SignedLots, Traded,
    TransferReason,
};

use super::state::{Closing, Holding, Market, State};
use super::worth::{Round, Worth, quotient, share_up};
use super::{Check, delivery, fees, funding, hold};

pub(crate) const AGREE: &str = "POSITIONS-AGREE";
pub(crate) const ZERO_SUM: &str = "POSITIONS-ZERO-SUM";

/// The positions that a trade changed, and that must be told.
#[derive(Debug, Default)]
pub(crate) struct Untold(Vec<(AccountId, InstrumentId)>);

impl Untold {
    pub fn check(&self) -> Check {
        let Untold(untold) = self;
        hold!(
            untold.is_empty(),
            AGREE,
            "the trade changed positions that are not told: {untold:?}"
        );
        Ok(())
    }
}

/// Takes a fill into a position; what it realises.
pub(crate) fn fill(held: &mut Holding, side: Side, lots: u64, w: i128) -> i128 {
    let d = if side == Side::Bid { 1 } else { -1 } * i64::try_from(lots).unwrap_or(i64::MAX);
    let cost = i128::from(held.cost);
    let (cost, realised) = if held.size == 0 || (held.size < 0) == (d < 0) {
        (cost + w, 0)
    } else {
        let size = held.size.unsigned_abs();
        if lots <= size {
            let leaves = share_up(cost, lots, size);
            (cost - leaves, -(leaves + w))
        } else {
            let closing = share_up(w, size, lots);
            (w - closing, -(cost + closing))
        }
    };
    held.size += d;
    held.cost = i64::try_from(cost).unwrap_or(i64::MAX);
    realised
}

/// The value of a trade, rounded against the taker: its purchase of an inverse contract is worth
/// less, its sale more.
pub(crate) fn value_of(market: &Market, trade: &Traded) -> i128 {
    let round = if trade.taker_side == Side::Bid { Round::Down } else { Round::Up };
    market.worth.value(trade.price, u64::from(trade.size.0), round)
}

/// Both sides of a trade: positions, what they realise, fees, and the money that must move.
pub(crate) fn traded(state: &mut State, untold: &mut Untold, trade: &Traded) -> Check {
    let market = state.market(trade.instrument)?;
    let (worth, is_option, index) = (market.worth, market.is_option(), state.index_price(market));
    let value = value_of(market, trade);
    let rates = market.spec.fees;
    let (instrument, size) = (trade.instrument, u64::from(trade.size.0));
    if is_option {
        let (buyer, seller) = match trade.taker_side {
            Side::Bid => (trade.taker.account, trade.maker.account),
            Side::Ask => (trade.maker.account, trade.taker.account),
        };
        let (buyer, seller) = (LedgerAccount::Collateral(buyer), LedgerAccount::Collateral(seller));
        state.money.owe(buyer, seller, value, TransferReason::Premium);
    }
    let maker_side = trade.taker_side.opposite();
    let sides = [
        (&trade.maker, maker_side, rates.maker_ppm),
        (&trade.taker, trade.taker_side, rates.taker_ppm),
    ];
    for (told, side, ppm) in sides {
        let w = worth.signed(value, side == Side::Bid);
        let realised = change(state, (told.account, instrument), |held| fill(held, side, size, w))?;
        let told_realised = i128::from(told.realised.0);
        hold!(
            realised == told_realised,
            AGREE,
            "order {} realised {told_realised} in trade {}: it is {realised}",
            told.order,
            trade.trade
        );
        let fee = fees::fee(&worth, is_option, (ppm, index), value, size);
        fees::check(trade, told, fee)?;
        let account = LedgerAccount::Collateral(told.account);
        if !is_option {
            let clearing = LedgerAccount::Clearing(instrument);
            state.money.owe(clearing, account, realised, TransferReason::Realised);
        }
        state.money.owe(account, LedgerAccount::Fees, fee, TransferReason::Fee);
        untold.0.push((told.account, instrument));
    }
    Ok(())
}

/// Changes a holding, and the sums of its instrument with it.
pub(crate) fn change(
    state: &mut State,
    (account, instrument): (AccountId, InstrumentId),
    act: impl FnOnce(&mut Holding) -> i128,
) -> Result<i128, crate::Violation> {
    funding::settle(state, account, instrument)?;
    let held = state.holding_mut(account, instrument)?;
    let before = *held;
    let realised = act(held);
    let (size, cost) = (held.size - before.size, held.cost - before.cost);
    let market = state.market_mut(instrument)?;
    market.sum_size += i128::from(size);
    market.sum_cost += i128::from(cost);
    state.touch(instrument);
    Ok(realised)
}

/// A position is told: as a trade left it, or as a takeover or a delivery makes it now.
pub(crate) fn changed(
    state: &mut State,
    untold: &mut Untold,
    entry: &Entry,
    (account, instrument): (AccountId, InstrumentId),
    (size, cost): (SignedLots, Amount),
) -> Check {
    let of_trade = untold.0.iter().position(|known| *known == (account, instrument));
    match of_trade {
        Some(nth) => drop(untold.0.swap_remove(nth)),
        None if delivery::is_settling(state, instrument)? => {
            delivery::settle(state, account, instrument)?;
        }
        None => closed_at_mark(state, entry, (account, instrument), size)?,
    }
    let held = state.holding(account, instrument);
    hold!(
        (held.size, held.cost) == (size.0, cost.0),
        AGREE,
        "{account} is told to have {size} lots of {instrument} for {cost}: it has {} for {}",
        held.size,
        held.cost
    );
    Ok(())
}

/// A takeover, or a deleveraging: what changes hands does so at the mark.
fn closed_at_mark(
    state: &mut State,
    entry: &Entry,
    (account, instrument): (AccountId, InstrumentId),
    size: SignedLots,
) -> Check {
    let liquidates = matches!(entry.command, Command::Tick | Command::Liquidate);
    hold!(liquidates, AGREE, "a position of {account} in {instrument} changed without a trade");
    let before = state.holding(account, instrument);
    let paid = state.paid.take().filter(|(payer, of, _)| (*payer, *of) == (account, instrument));
    let funding = paid.map_or(0, |(.., paid)| paid);
    state.closings.push(Closing { account, instrument, before, funding });
    let market = state.market(instrument)?;
    let (worth, mark, is_option) = (market.worth, market.mark, market.is_option());
    let d = size.0 - before.size;
    let side = if d < 0 { Side::Ask } else { Side::Bid };
    let value = worth.value(mark, d.unsigned_abs(), Round::Down);
    let w = worth.signed(value, side == Side::Bid);
    let lots = d.unsigned_abs();
    let realised = change(state, (account, instrument), |held| fill(held, side, lots, w))?;
    let moved = match state.money.realised.take() {
        Some((payer, of, amount)) if (payer, of) == (account, instrument) => i128::from(amount),
        _ => 0,
    };
    hold!(
        is_option || moved == realised,
        AGREE,
        "account {account} realised {realised} of {instrument} at the mark, and {moved} moved"
    );
    let paid = i128::from(state.money.taken_over);
    hold!(
        !is_option || value == paid || value == 0,
        AGREE,
        "options of {instrument} worth {value} went for {paid}"
    );
    Ok(())
}

/// SUM-2, SUM-3, of what this entry touched.
pub(crate) fn end(state: &mut State, untold: &Untold) -> Check {
    untold.check()?;
    while let Some(instrument) = state.touched.pop() {
        let market = state.market(instrument)?;
        let (size, cost) = (market.sum_size, market.sum_cost);
        hold!(size == 0, ZERO_SUM, "positions in {instrument} sum to {size} lots, not to zero");
        let clearing = state.money.balance(LedgerAccount::Clearing(instrument));
        let sum = cost + i128::from(clearing);
        hold!(
            market.is_option() || sum == 0,
            ZERO_SUM,
            "costs of {instrument} sum to {cost}, its clearing has {clearing}: not zero together"
        );
        hold!(
            !market.is_option() || market.is_delivered || clearing == 0,
            ZERO_SUM,
            "clearing of option {instrument} has {clearing} before its delivery"
        );
    }
    Ok(())
}

/// What a position of a future would win at the mark, without funding: its signed value less its
/// cost. Of an option, what it is worth.
pub(crate) fn at_mark(worth: &Worth, is_option: bool, held: &Holding, mark: types::Ticks) -> i128 {
    let value = worth.value(mark, held.size.unsigned_abs(), Round::Down);
    if is_option {
        return if held.size < 0 { -value } else { value };
    }
    worth.signed(value, 0 <= held.size) - i128::from(held.cost)
}

/// `share` millionths of an amount, up.
pub(crate) fn millionths_up(amount: i128, share: u32) -> i128 {
    quotient(amount * i128::from(share), 1_000_000, Round::Up)
}
