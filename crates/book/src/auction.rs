//! A book that crosses, and the one price at which most of it trades (venue.md §2.19).
//!
//! While an auction collects orders, they rest whether or not they cross ([`Books::collect`]). At
//! its end [`Books::uncrossing`] finds the price, and [`Books::match_pair`] trades, pair by pair,
//! what crosses there. Owners are not looked at: who would trade with itself is not collected in
//! the first place.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{Indication, InstrumentId, Lots, OrderId, Side, Ticks};

use crate::books::{Books, Rest};

/// A bid and an ask that traded with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The front bid.
    pub bid: OrderId,
    /// The front ask.
    pub ask: OrderId,
    /// How much.
    pub size: Lots,
    /// A new slice of the bid is shown, at the back of its queue.
    pub bid_replenished: Option<Lots>,
    /// The same of the ask.
    pub ask_replenished: Option<Lots>,
}

/// A price with the lots of one side that stand there, shown or not.
type Level = (Ticks, u64);

impl Books {
    /// Rests an order of a book that collects orders: it may cross. Otherwise as [`Books::rest`].
    pub fn collect(&mut self, order: OrderId, rest: &Rest) {
        let level = self.ladder.enter(rest.book, rest.side, rest.price.0);
        self.put(order, rest, level);
    }

    /// Whether the best bid reaches the best ask.
    pub fn is_crossed(&self, book: InstrumentId) -> bool {
        let best = |side| self.best(book, side);
        best(Side::Bid).zip(best(Side::Ask)).is_some_and(|(bid, ask)| ask <= bid)
    }

    /// AUC-2: what trades if the book uncrosses now; `None` if it does not cross. Costs the orders
    /// that cross.
    pub fn uncrossing(&self, book: InstrumentId, reference: Ticks) -> Option<Indication> {
        let (highest, lowest) = (self.best(book, Side::Bid)?, self.best(book, Side::Ask)?);
        let mut bids = self.crossing(book, Side::Bid, lowest);
        bids.reverse();
        let asks = self.crossing(book, Side::Ask, highest);
        chosen(&steps(&bids, &asks), reference)
    }

    /// The levels of a side from its best price to `edge`, best first, hidden parts included.
    fn crossing(&self, book: InstrumentId, side: Side, edge: Ticks) -> Vec<Level> {
        let rungs = self.ladder.rungs(book, side).map(|(price, level)| (Ticks(price), level));
        let reached = rungs.take_while(|(price, _)| side.reaches(*price, edge));
        reached.map(|(price, level)| (price, self.open_at(level))).collect()
    }

    /// AUC-4: the front bid at or above `price` and the front ask at or below it trade what both
    /// show. What an order shows next stands at the back of its queue, as in continuous trading.
    pub fn match_pair(&mut self, book: InstrumentId, price: Ticks) -> Option<Pair> {
        let front = |side| self.ladder.front(book, side);
        let (bid, ask) = (front(Side::Bid)?, front(Side::Ask)?);
        if bid.0 < price.0 || price.0 < ask.0 {
            return None;
        }
        let size = self.shown_in_front(bid.1).min(self.shown_in_front(ask.1));
        let (bid, _, bid_replenished) = self.take_front(bid.1, size);
        let (ask, _, ask_replenished) = self.take_front(ask.1, size);
        Some(Pair { bid, ask, size: Lots(size), bid_replenished, ask_replenished })
    }
}

/// Every limit between the best ask and the best bid, rising, with D = all bids at or above it and
/// S = all asks at or below it: X = min(D, S), I = D - S.
fn steps(bids: &[Level], asks: &[Level]) -> Vec<Indication> {
    let mut prices: Vec<Ticks> = bids.iter().chain(asks).map(|(price, _)| *price).collect();
    prices.sort_unstable();
    prices.dedup();
    let mut demand: u64 = bids.iter().map(|(_, lots)| lots).sum();
    let mut supply = 0;
    let (mut bids, mut asks) = (bids.iter().peekable(), asks.iter().peekable());
    let mut steps = Vec::with_capacity(prices.len());
    for price in prices {
        while let Some((_, lots)) = bids.next_if(|(bid, _)| *bid < price) {
            demand -= lots;
        }
        while let Some((_, lots)) = asks.next_if(|(ask, _)| *ask <= price) {
            supply += lots;
        }
        let surplus = signed(demand) - signed(supply);
        steps.push(Indication { price, volume: demand.min(supply), surplus });
    }
    steps
}

fn signed(lots: u64) -> i64 {
    i64::try_from(lots).expect("the lots of a book fit 63 bits")
}

/// AUC-2, AUC-3: most volume, least surplus, the side that presses, the nearest to the reference,
/// the higher.
fn chosen(steps: &[Indication], reference: Ticks) -> Option<Indication> {
    let most = steps.iter().map(|step| step.volume).max()?;
    let fullest = || steps.iter().filter(move |step| step.volume == most);
    if planted::is(Bug::AuctionTakesLowestPrice) {
        return fullest().next().copied();
    }
    let least = fullest().map(|step| step.surplus.abs()).min()?;
    let equal = || fullest().filter(move |step| step.surplus.abs() == least);
    if equal().all(|step| 0 < step.surplus) {
        return equal().next_back().copied();
    }
    if equal().all(|step| step.surplus < 0) {
        return equal().next().copied();
    }
    let distance = |step: &&Indication| step.price.0.abs_diff(reference.0);
    equal().rev().min_by_key(distance).copied()
}
