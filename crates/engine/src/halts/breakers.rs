//! Markets that stop by themselves (docs/rules/breakers.md).
//!
//! Before a trade: the bounds of the two windows. Once a second: the edge of the band, the depth of
//! the book. With each round of a liquidation: how much of the usual depth a minute took.

use alloc::vec::Vec;

use types::{
    At, BreakerTerms, Cause, DepthTerms, Event, Halt, InstrumentId, KindFilter, LimitStateTerms,
    LiquidationTerms, Lots, MarketState, Scope, Side, Ticks,
};

use super::Watch;
use crate::engine::Engine;
use crate::market::Market;
use crate::place::Terms;

const MILLION: u128 = 1_000_000;
const MINUTE_MS: u64 = 60_000;
/// What is usual is an average over about so many seconds.
const USUAL_SECONDS: u64 = 600;

/// How far an order may trade now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub limit: Ticks,
    cause: Cause,
    /// The price that would come first.
    best: Ticks,
    pause_ms: u32,
}

impl Engine {
    /// Lets a market remember what its breakers need, from when there are some.
    pub(crate) fn watch_market(&mut self, instrument: InstrumentId) {
        let is_watched = self.breakers_of(self.markets.at(instrument.0)).is_some();
        self.touch_market(instrument);
        let market = self.markets.at_mut(instrument.0);
        if is_watched && market.watch.is_none() {
            market.watch = Some(Watch::default().into());
        }
    }

    fn breakers_of(&self, market: &Market) -> Option<&BreakerTerms> {
        let kind =
            if market.spec.kind.is_option() { KindFilter::Option } else { KindFilter::Future };
        self.halts.breakers.get(&(market.index, kind))
    }

    /// BRK-4, BRK-5: the tighter bound of the two windows, if it is before the order's own limit.
    pub(crate) fn bound_of(&self, terms: &Terms) -> Option<Bound> {
        let market = self.markets.at(terms.instrument.0);
        let watch = market.watch.as_deref()?;
        let breakers = self.breakers_of(market)?;
        let best = self.books.best(terms.instrument, terms.side.opposite())?;
        let windows = [
            (breakers.velocity, &watch.velocity, Cause::Velocity),
            (breakers.range, &watch.range, Cause::Range),
        ];
        let bounds = windows.into_iter().filter_map(|(range, window, cause)| {
            let range = range?;
            let (lowest, highest) = window.bounds(&range, best, self.at);
            let limit = if terms.side == Side::Bid { highest } else { lowest };
            Some(Bound { limit, cause, best, pause_ms: range.pause_ms })
        });
        let cuts = bounds.filter(|bound| {
            bound.limit != terms.price && terms.side.reaches(terms.price, bound.limit)
        });
        cuts.reduce(
            |one, other| {
                if terms.side.reaches(one.limit, other.limit) { other } else { one }
            },
        )
    }

    /// Whether the bound keeps an order from what it would reach first.
    pub(crate) fn is_bounded(&self, terms: &Terms) -> bool {
        let bound = self.bound_of(terms);
        bound.is_some_and(|bound| !terms.side.reaches(bound.limit, bound.best))
    }

    /// An order that may rest would go beyond the bound: what it would trade with is collected.
    pub(crate) fn trip_by(&mut self, terms: &Terms, events: &mut Vec<Event>) {
        let Some(bound) = self.bound_of(terms) else {
            return;
        };
        let found = (u64::from(bound.best.0), u64::from(bound.limit.0));
        self.trip((terms.instrument, bound.cause), found, bound.pause_ms, events);
    }

    /// Stops a market with an auction.
    fn trip(
        &mut self,
        (instrument, cause): (InstrumentId, Cause),
        (value, limit): (u64, u64),
        pause_ms: u32,
        events: &mut Vec<Event>,
    ) {
        let (since, until) = (self.at, Some(self.at.plus_ms(pause_ms.into())));
        let (scope, state) = (Scope::Instrument(instrument), MarketState::Auction);
        let halt = Halt { scope, cause, state, since, until, value, limit };
        self.set_halt((scope, cause), Some(halt));
        events.push(Event::Halted(halt.into()));
        self.start_auction(instrument, pause_ms, events);
        self.restate(instrument, pause_ms, events);
        self.note_held(&halt, events);
    }

    /// Takes a trade into the windows.
    pub(crate) fn watch_trade(&mut self, instrument: InstrumentId, price: Ticks) {
        let at = self.at;
        let market = self.markets.at(instrument.0);
        if market.watch.is_none() {
            return;
        }
        let Some(BreakerTerms { velocity, range, .. }) = self.breakers_of(market).copied() else {
            return;
        };
        let watch = self.watch_mut(instrument);
        if let Some(terms) = velocity {
            watch.velocity.note(&terms, price, at);
        }
        if let Some(terms) = range {
            watch.range.note(&terms, price, at);
        }
    }

    /// The market is touched.
    fn watch_mut(&mut self, instrument: InstrumentId) -> &mut Watch {
        self.markets.at_mut(instrument.0).watch.get_or_insert_default()
    }

    /// AUC-7: the windows begin anew with an auction's end, so it does not set off the next one.
    pub(super) fn forget_trades(&mut self, instrument: InstrumentId) {
        self.touch_market(instrument);
        if let Some(watch) = &mut self.markets.at_mut(instrument.0).watch {
            (watch.velocity, watch.range) = Default::default();
            (watch.at_edge_since, watch.thin_since) = (None, None);
        }
    }

    /// Looks at every market that trades.
    pub(super) fn look_at_markets(&mut self, events: &mut Vec<Event>) {
        let watched = self.markets.iter().filter(|(_, market)| {
            market.watch.is_some() && market.state == MarketState::Open && market.mark.0 != 0
        });
        let watched: Vec<_> = watched.map(|(id, _)| InstrumentId(id)).collect();
        for instrument in watched {
            let Some(terms) = self.breakers_of(self.markets.at(instrument.0)).copied() else {
                continue;
            };
            self.touch_market(instrument);
            let is_open =
                |engine: &Engine| engine.markets.at(instrument.0).state == MarketState::Open;
            self.look_at_windows(instrument, &terms, events);
            if let Some(edge) = terms.limit_state.as_ref().filter(|_| is_open(self)) {
                self.look_at_edge(instrument, edge, events);
            }
            if let Some(depth) = terms.depth.as_ref().filter(|_| is_open(self)) {
                self.look_at_depth(instrument, depth, events);
            }
        }
    }

    /// BRK-4: where the best price of a side is beyond the bound, whoever may not rest would find
    /// nothing, and nothing would tell what the market is worth now.
    fn look_at_windows(
        &mut self,
        instrument: InstrumentId,
        terms: &BreakerTerms,
        events: &mut Vec<Event>,
    ) {
        let Some(watch) = self.markets.at(instrument.0).watch.as_deref() else {
            return;
        };
        let windows = [
            (terms.velocity, &watch.velocity, Cause::Velocity),
            (terms.range, &watch.range, Cause::Range),
        ];
        let best = |side| self.books.best(instrument, side);
        let beyond = windows.into_iter().find_map(|(range, window, cause)| {
            let range = range?;
            let (lowest, highest) = window.held(&range, self.at)?;
            let fallen = best(Side::Bid).filter(|bid| *bid < lowest).map(|bid| (bid, lowest));
            let risen = best(Side::Ask).filter(|ask| highest < *ask).map(|ask| (ask, highest));
            fallen.or(risen).map(|found| (found, cause, range.pause_ms))
        });
        if let Some(((price, bound), cause, pause_ms)) = beyond {
            let found = (u64::from(price.0), u64::from(bound.0));
            self.trip((instrument, cause), found, pause_ms, events);
        }
    }

    /// BRK-2: a bid at the upper edge, or an ask at the lower one, is a market that would go on.
    fn look_at_edge(
        &mut self,
        instrument: InstrumentId,
        terms: &LimitStateTerms,
        events: &mut Vec<Event>,
    ) {
        let market = self.markets.at(instrument.0);
        let is_at_edge = |side: Side| {
            let edge = market.market_limit(side);
            let best = self.books.best(instrument, side).filter(|best| side.reaches(*best, edge));
            best.map(|best| (u64::from(best.0), u64::from(edge.0)))
        };
        let found = is_at_edge(Side::Bid).or_else(|| is_at_edge(Side::Ask));
        let (at, watch) = (self.at, self.watch_mut(instrument));
        let Some(found) = found else {
            watch.at_edge_since = None;
            return;
        };
        let since = *watch.at_edge_since.get_or_insert(at);
        if at.ms_since(since) < u64::from(terms.hold_ms) {
            return;
        }
        watch.at_edge_since = None;
        self.trip((instrument, Cause::LimitState), found, terms.pause_ms, events);
    }

    /// BRK-3: a book that has lost its depth takes no takers for a while.
    fn look_at_depth(
        &mut self,
        instrument: InstrumentId,
        terms: &DepthTerms,
        events: &mut Vec<Event>,
    ) {
        let shown = self.thinner_side(instrument, terms.within_ppm);
        let (at, watch) = (self.at, self.watch_mut(instrument));
        let needed = share(watch.usual_milli, terms.share_ppm);
        if needed <= shown.saturating_mul(1_000) {
            watch.thin_since = None;
            watch.usual_milli = averaged(watch.usual_milli, shown.saturating_mul(1_000));
            return;
        }
        let since = *watch.thin_since.get_or_insert(at);
        if at.ms_since(since) < u64::from(terms.hold_ms) {
            return;
        }
        watch.thin_since = None;
        let until = Some(at.plus_ms(terms.pause_ms.into()));
        let (scope, cause) = (Scope::Instrument(instrument), Cause::BookVanished);
        let (state, value, limit) = (MarketState::PostOnly, shown, needed / 1_000);
        self.halt(Halt { scope, cause, state, since: at, until, value, limit }, events);
    }

    /// Lots within a distance of the mark, on the side that shows fewer.
    fn thinner_side(&self, instrument: InstrumentId, within_ppm: u32) -> u64 {
        let mark = u64::from(self.markets.at(instrument.0).mark.0);
        let distance = mark * u64::from(within_ppm) / 1_000_000;
        let shown = |side: Side| -> u64 {
            let levels = self.books.levels(instrument, side);
            let near =
                levels.take_while(|(price, _)| u64::from(price.0).abs_diff(mark) <= distance);
            near.map(|(_, lots)| lots).sum()
        };
        shown(Side::Bid).min(shown(Side::Ask))
    }

    /// BRK-7: liquidations of a minute that take more than a share of what the book usually shows
    /// wait for the next one; too many such minutes in a row are an auction.
    pub(crate) fn watch_liquidated(
        &mut self,
        instrument: InstrumentId,
        lots: Lots,
        events: &mut Vec<Event>,
    ) {
        let market = self.markets.at(instrument.0);
        let liquidation = self.breakers_of(market).and_then(|terms| terms.liquidation);
        let Some(terms) = liquidation.filter(|_| market.watch.is_some()) else {
            return;
        };
        self.touch_market(instrument);
        let at = self.at;
        let watch = self.watch_mut(instrument);
        watch.begin_minute(at);
        watch.liquidated = watch.liquidated.saturating_add(lots.0.into());
        let (taken, allowed) =
            (watch.liquidated, share(watch.usual_milli, terms.share_ppm) / 1_000);
        if watch.usual_milli == 0 || taken <= allowed || at < watch.paced_until {
            return;
        }
        watch.paced_until = watch.minute_at.plus_ms(MINUTE_MS);
        watch.minutes = watch.minutes.saturating_add(1);
        self.pace_liquidations(instrument, &terms, (taken, allowed), events);
    }

    fn pace_liquidations(
        &mut self,
        instrument: InstrumentId,
        terms: &LiquidationTerms,
        found: (u64, u64),
        events: &mut Vec<Event>,
    ) {
        let (at, watch) = (self.at, self.watch_mut(instrument));
        let (cause, scope) = (Cause::LiquidationRate, Scope::Instrument(instrument));
        if terms.minutes_max <= watch.minutes {
            watch.minutes = 0;
            return self.trip((instrument, cause), found, terms.pause_ms, events);
        }
        let (state, until) = (MarketState::Open, Some(watch.paced_until));
        let (value, limit) = found;
        self.halt(Halt { scope, cause, state, since: at, until, value, limit }, events);
    }

    /// Whether liquidations may take from a market now.
    pub(crate) fn may_take(&self, market: &Market) -> bool {
        let is_allowed = crate::states::answer(market.state, types::Ask::Liquidate)
            == crate::states::Answer::Yes;
        let is_paced = market.watch.as_ref().is_some_and(|watch| self.at < watch.paced_until);
        is_allowed && !is_paced
    }
}

impl Watch {
    fn begin_minute(&mut self, at: At) {
        if at.ms_since(self.minute_at) < MINUTE_MS {
            return;
        }
        if self.paced_until <= self.minute_at {
            self.minutes = 0;
        }
        (self.minute_at, self.liquidated) = (at, 0);
    }
}

fn share(of: u64, ppm: u32) -> u64 {
    u64::try_from(u128::from(of) * u128::from(ppm) / MILLION).unwrap_or(u64::MAX)
}

/// The first look is what is usual; then each second counts for a six-hundredth.
fn averaged(usual: u64, now: u64) -> u64 {
    if usual == 0 {
        return now;
    }
    let (usual, now, seconds) = (u128::from(usual), u128::from(now), u128::from(USUAL_SECONDS));
    u64::try_from((usual * (seconds - 1) + now) / seconds).unwrap_or(u64::MAX)
}
