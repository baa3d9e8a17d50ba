//! `BREAKER-HOLDS`: a trade is not further from those of its window than the terms allow, the way
//! its taker goes (BRK-4, BRK-5, AUC-7; docs/rules/breakers.md).
//!
//! It does not see bids at the edge of the band, books that vanish and liquidations that are too
//! large; nor a market that should have stopped because its quotes have moved.

use std::collections::{BTreeMap, VecDeque};

use types::{At, BreakerTerms, InstrumentId, KindFilter, MarketState, RangeTerms, Side, Traded};

use super::state::{Market, State};
use super::{Check, hold};

pub(crate) const HOLDS: &str = "BREAKER-HOLDS";

/// A window is forgotten in so many parts: what is older than all but one of them may be gone.
const PARTS: u64 = 32;

/// Terms of each index and kind, and what each market remembers.
#[derive(Debug, Default)]
pub(crate) struct Breakers {
    terms: BTreeMap<(usize, KindFilter), BreakerTerms>,
    trades: BTreeMap<InstrumentId, VecDeque<(At, u32)>>,
}

impl Breakers {
    pub fn set(&mut self, key: (usize, KindFilter), terms: &BreakerTerms) {
        self.terms.insert(key, *terms);
        self.trades.clear();
    }

    /// An auction is over: the windows begin anew, without its own trades.
    pub fn forget(&mut self, instrument: InstrumentId) {
        self.trades.remove(&instrument);
    }

    fn terms_of(&self, market: &Market) -> Option<&BreakerTerms> {
        let kind =
            if market.spec.kind.is_option() { KindFilter::Option } else { KindFilter::Future };
        self.terms.get(&(market.index, kind))
    }

    /// BRK-7: whether rounds may have to wait in this market, which is not followed here.
    pub fn paces_liquidations(&self, state: &State, instrument: InstrumentId) -> bool {
        let Ok(market) = state.market(instrument) else { return false };
        self.terms_of(market).is_some_and(|terms| terms.liquidation.is_some())
    }

    pub fn traded(&mut self, state: &State, trade: &Traded) -> Check {
        let market = state.market(trade.instrument)?;
        if market.state == MarketState::Auction {
            return Ok(());
        }
        let Some(terms) = self.terms_of(market).copied() else { return Ok(()) };
        let (now, price) = (state.at, trade.price.0);
        let windows = [terms.velocity, terms.range];
        let trades = self.trades.entry(trade.instrument).or_default();
        let longest = windows.iter().flatten().map(|range| range.window_ms).max();
        let oldest = At(now.0.saturating_sub(longest.unwrap_or(0).into()));
        while trades.front().is_some_and(|(at, _)| *at < oldest) {
            trades.pop_front();
        }
        let side = trade.taker_side;
        windows.iter().flatten().try_for_each(|range| check(range, trades, (now, price), side))?;
        trades.push_back((now, price));
        Ok(())
    }
}

fn check(
    range: &RangeTerms,
    trades: &VecDeque<(At, u32)>,
    (now, price): (At, u32),
    side: Side,
) -> Check {
    let kept_ms = u64::from(range.window_ms) / PARTS * (PARTS - 1);
    let young = trades.iter().rev().take_while(|(at, _)| now.ms_since(*at) < kept_ms);
    let young = young.map(|(_, price)| u64::from(*price));
    let ppm = u64::from(range.move_ppm);
    let bound = match side {
        Side::Bid => young.min().map(|low| low * (1_000_000 + ppm) / 1_000_000),
        Side::Ask => young.max().map(|high| (high * (1_000_000 - ppm)).div_ceil(1_000_000)),
    };
    let fits = bound.is_none_or(|bound| match side {
        Side::Bid => u64::from(price) <= bound,
        Side::Ask => bound <= u64::from(price),
    });
    hold!(
        fits,
        HOLDS,
        "a {side:?} trades at {price}, and {bound:?} is as far as it may within {} ms",
        range.window_ms
    );
    Ok(())
}
