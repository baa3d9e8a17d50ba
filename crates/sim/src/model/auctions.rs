//! `AUCTION-ONE-PRICE`: an auction ends at the price that AUC-2 and AUC-3 find on the model's own
//! book, trades front with front at it, and leaves nothing that crosses (docs/rules/auctions.md).
//!
//! ```text
//!   D(p) bids at p or above, S(p) asks at p or below:  most min(D, S), least |D - S|,
//!   then the highest if bids press at all that tie, the lowest if asks do, else nearest the mark
//! ```
//! What is indicated once a second is that too. The older of a pair is the maker. What is cancelled
//! on the way does not change the price, and what even then crosses trades at a price found anew.
//!
//! It does not see how long an auction lasts, nor whether it should have been extended.

use types::{Indication, InstrumentId, MarketState, Side, Ticks, Traded};

use super::state::{Book, Market, Order, State, price_of};
use super::{Check, hold, self_trade};

pub(crate) const ONE_PRICE: &str = "AUCTION-ONE-PRICE";
/// Orders of the other side that are looked at for one of the own group.
const LOOKED_MAX: usize = 256;

/// The auction that ends in this entry.
#[derive(Debug, Default)]
pub(crate) struct Auctions {
    ending: Option<(InstrumentId, Ticks)>,
}

impl Auctions {
    /// What an auction would give, as it is told once a second.
    pub fn indicated(
        &self,
        state: &State,
        instrument: InstrumentId,
        told: Option<&Indication>,
    ) -> Check {
        let found = indication(state, state.market(instrument)?);
        hold!(
            told == found.as_ref(),
            ONE_PRICE,
            "instrument {instrument} is told to be at {told:?}, its book gives {found:?}"
        );
        Ok(())
    }

    /// An auction ends: what is told of it is what the book gives, and its trades follow.
    pub fn ended(
        &mut self,
        state: &State,
        instrument: InstrumentId,
        told: Option<&Indication>,
    ) -> Check {
        self.indicated(state, instrument, told)?;
        self.ending = told.map(|told| (instrument, told.price));
        Ok(())
    }

    /// A trade while orders are collected: only at the end, front with front.
    pub fn check_pair(
        &mut self,
        state: &State,
        trade: &Traded,
        maker: &Order,
        taker: &Order,
    ) -> Check {
        let market = state.market(trade.instrument)?;
        let price = self.price_at(state, market, trade)?;
        let paid = trade.price;
        hold!(paid == price, ONE_PRICE, "the auction is at {price}, it trades at {paid}");
        let front = |side| market.front(side).map(|(_, id)| id);
        let (bid, ask) = match trade.taker_side {
            Side::Bid => (taker.id, maker.id),
            Side::Ask => (maker.id, taker.id),
        };
        let fronts = (front(Side::Bid), front(Side::Ask));
        let pair = (Some(bid), Some(ask));
        hold!(fronts == pair, ONE_PRICE, "{pair:?} trade, in front are {fronts:?}");
        let size = maker.displayed.min(taker.displayed);
        hold!(trade.size == size, ONE_PRICE, "{} lots trade, both show {size}", trade.size);
        hold!(
            maker.priority < taker.priority,
            ONE_PRICE,
            "order {} is told as the maker, {} is older",
            maker.id,
            taker.id
        );
        Ok(())
    }

    /// The price that the auction trades at now: the one that was found, while anything crosses it.
    fn price_at(
        &mut self,
        state: &State,
        market: &Market,
        trade: &Traded,
    ) -> Result<Ticks, crate::Violation> {
        let instrument = trade.instrument;
        let known = self.ending.filter(|(of, _)| *of == instrument);
        hold!(
            known.is_some(),
            ONE_PRICE,
            "instrument {instrument} trades while it collects orders"
        );
        let price = known.map_or(Ticks(0), |(_, price)| price);
        let reached =
            |side: Side| market.front(side).is_some_and(|(front, _)| side.reaches(front, price));
        if reached(Side::Bid) && reached(Side::Ask) {
            return Ok(price);
        }
        let anew = indication(state, market).map(|found| found.price);
        hold!(anew.is_some(), ONE_PRICE, "instrument {instrument} trades and does not cross");
        let price = anew.unwrap_or(price);
        self.ending = Some((instrument, price));
        Ok(price)
    }

    /// The end of an entry, and of what it ended.
    pub fn end(&mut self, state: &State) -> Check {
        let Some((instrument, _)) = self.ending.take() else {
            return Ok(());
        };
        // What came after it may have begun another one.
        match state.market(instrument)?.state < MarketState::Auction {
            true => check_uncrossed(state, instrument),
            false => Ok(()),
        }
    }
}

/// Nothing crosses.
pub(crate) fn check_uncrossed(state: &State, instrument: InstrumentId) -> Check {
    let market = state.market(instrument)?;
    let best = |side| market.front(side).map(|(price, _)| price);
    let (bid, ask) = (best(Side::Bid), best(Side::Ask));
    let crosses = bid.zip(ask).is_some_and(|(bid, ask)| ask <= bid);
    hold!(!crosses, ONE_PRICE, "instrument {instrument} is open with {bid:?} over {ask:?}");
    Ok(())
}

/// AUC-12: an order that is collected crosses none of its own group.
pub(crate) fn check_strangers(state: &State, order: &Order) -> Check {
    let market = state.market(order.instrument)?;
    let group = state.group(order.account);
    for (key, id) in market.side(order.side.opposite()).iter().take(LOOKED_MAX) {
        if !order.side.reaches(order.price, price_of(order.side.opposite(), *key)) {
            break;
        }
        let other = state.order(*id)?;
        let is_own = state.group(other.account) == group;
        hold!(!is_own, self_trade::APART, "{} is collected across {id} of its group", order.id);
    }
    Ok(())
}

/// What the book gives if it uncrosses now.
fn indication(state: &State, market: &Market) -> Option<Indication> {
    let (highest, _) = market.front(Side::Bid)?;
    let (lowest, _) = market.front(Side::Ask)?;
    if highest < lowest {
        return None;
    }
    let bids = levels(state, &market.bids, Side::Bid, lowest);
    let asks = levels(state, &market.asks, Side::Ask, highest);
    let mut prices: Vec<Ticks> = bids.iter().chain(&asks).map(|(price, _)| *price).collect();
    prices.sort_unstable();
    prices.dedup();
    let mut found: Vec<Indication> = Vec::with_capacity(prices.len());
    for price in prices {
        let demand: u64 = bids.iter().filter(|(bid, _)| price <= *bid).map(|(_, lots)| lots).sum();
        let supply: u64 = asks.iter().filter(|(ask, _)| *ask <= price).map(|(_, lots)| lots).sum();
        let surplus = demand.cast_signed() - supply.cast_signed();
        found.push(Indication { price, volume: demand.min(supply), surplus });
    }
    let most = found.iter().map(|step| step.volume).max().filter(|most| *most != 0)?;
    found.retain(|step| step.volume == most);
    let least = found.iter().map(|step| step.surplus.abs()).min()?;
    found.retain(|step| step.surplus.abs() == least);
    if found.iter().all(|step| 0 < step.surplus) {
        return found.last().copied();
    }
    if found.iter().all(|step| step.surplus < 0) {
        return found.first().copied();
    }
    let nearest = |step: &&Indication| step.price.0.abs_diff(market.mark.0);
    found.iter().rev().min_by_key(nearest).copied()
}

/// Lots that are open at each price of a side, shown or not, as far as `edge`.
fn levels(state: &State, book: &Book, side: Side, edge: Ticks) -> Vec<(Ticks, u64)> {
    let mut levels: Vec<(Ticks, u64)> = Vec::new();
    for (key, id) in book {
        let price = price_of(side, *key);
        if !side.reaches(price, edge) {
            break;
        }
        let open = state.orders.get(*id).map_or(0, |order| u64::from(order.open().0));
        match levels.last_mut().filter(|(last, _)| *last == price) {
            Some((_, lots)) => *lots += open,
            None => levels.push((price, open)),
        }
    }
    levels
}
