//! Marks: of futures from the index and their books, of options from the surface of their expiry.

use alloc::boxed::Box;
use alloc::vec::Vec;

use pricing::{Expiry, ExpiryTerms, Future};
use risk::mark::Sample;
use types::{
    At, Event, IndexId, IndexPrice, InstrumentId, Mark, MarketState, OptionMark, PricingTerms,
    Reject, Side, Ticks,
};

use super::state::as_index_price;
use crate::engine::Engine;

/// Levels of a book that a fair price looks at.
const LEVELS_MAX: usize = 256;

impl Engine {
    pub(crate) fn set_pricing(
        &mut self,
        instrument: InstrumentId,
        terms: &PricingTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.check_market(instrument)?;
        let refuse = |fault| Reject::PricingTermsContradict { fault };
        risk::funding::check_terms(&market.spec.kind, terms).map_err(refuse)?;
        let index = self.indices.at(u32::from(market.index.0));
        let (base, quote) = (index.base, index.quote);
        if market.prices.is_none() {
            return Err(Reject::FeedMissing { base, quote });
        }

        let index = market.index;
        if self.accrues_before_changes() {
            self.accrue_funding(index, self.may_fund(index), events);
        }
        self.touch_market(instrument);
        let market = self.markets.at_mut(instrument.0);
        let prices = market.prices.as_mut().expect("it was just there");
        prices.terms = *terms;
        events.push(Event::PricingSet { instrument, terms: *terms });
        self.touch_index(index);
        self.make_marks(index, false, events);
        Ok(())
    }

    /// One look at each book of an index a second: what averages are made of.
    pub(super) fn sample_marks(&mut self, index: IndexId) {
        let (at, price) = (self.at, self.indices.at(u32::from(index.0)).price);
        if price.0 == 0 {
            return;
        }
        for instrument in self.indices.at(u32::from(index.0)).live.clone() {
            let Some(terms) =
                self.markets.at(instrument).prices.as_ref().map(|prices| prices.terms)
            else {
                continue;
            };
            let sample = self.sample_of(instrument, &terms, price);
            self.touch_market(InstrumentId(instrument));
            let market = self.markets.at_mut(instrument);
            let prices = market.prices.as_mut().expect("it was just there");
            prices.marks.sample(&terms, &sample, at);
        }
    }

    fn sample_of(&self, instrument: u32, terms: &PricingTerms, index: IndexPrice) -> Sample {
        let market = self.markets.at(instrument);
        let price = |ticks: Ticks| as_index_price(ticks, market.tick_price);
        let best = |side| self.books.best(InstrumentId(instrument), side).map(price);
        let fair = |side| self.impact_price(instrument, side, terms);
        let last = market.prices.as_ref().map_or(Ticks(0), |prices| prices.last);
        let last = (0 < last.0).then(|| price(last));
        // AUC-13: a book that collects orders crosses, and has no middle.
        if MarketState::Auction <= market.state {
            return Sample { index, best_bid: None, best_ask: None, fair: None, last };
        }
        Sample {
            index,
            best_bid: best(Side::Bid),
            best_ask: best(Side::Ask),
            fair: fair(Side::Bid)
                .zip(fair(Side::Ask))
                .map(|(bid, ask)| IndexPrice(u64::midpoint(bid.0, ask.0))),
            last,
        }
    }

    /// Average price of the impact size on one side; `None` if that much does not show.
    fn impact_price(
        &self,
        instrument: u32,
        side: Side,
        terms: &PricingTerms,
    ) -> Option<IndexPrice> {
        let wanted = u64::from(terms.impact.0);
        let (mut missing, mut cost) = (wanted, 0_u128);
        for (price, shown) in self.books.levels(InstrumentId(instrument), side).take(LEVELS_MAX) {
            let lots = shown.min(missing);
            cost += u128::from(lots) * u128::from(price.0);
            missing -= lots;
            if missing == 0 {
                break;
            }
        }
        if 0 < missing || wanted == 0 {
            return None;
        }
        let tick_price = u128::from(self.markets.at(instrument).tick_price);
        let average = cost * tick_price / u128::from(wanted);
        Some(IndexPrice(u64::try_from(average).unwrap_or(IndexPrice::MAX.0)))
    }

    /// Makes the marks of all instruments of an index and tells those that changed; `all`: tells
    /// those of options too whose volatility or Greeks alone moved. Call it after whatever marks of
    /// options follow from has changed: a snapshot has what they follow from, and not them. The
    /// index is touched.
    pub(crate) fn make_marks(&mut self, index: IndexId, all: bool, events: &mut Vec<Event>) {
        let id = u32::from(index.0);
        if self.indices.at(id).price.0 == 0 || self.indices.at(id).prices.is_none() {
            return;
        }
        let live = core::mem::take(&mut self.indices.at_mut(id).live);
        let mut marks = Vec::new();
        let futures = self.mark_futures(index, &live, &mut marks);
        self.mark_options(index, &live, &futures, all, &mut marks);
        self.prices_mut(index).made_at = self.at;
        self.note_moves(index, &live);
        self.indices.at_mut(id).live = live;
        if !marks.is_empty() {
            events.push(Event::MarksMade { index, marks });
        }
    }

    fn mark_futures(&mut self, index: IndexId, live: &[u32], marks: &mut Vec<Mark>) -> Vec<Future> {
        let mut futures = Vec::new();
        for instrument in live.iter().copied() {
            let market = self.markets.at(instrument);
            let Some(prices) = &market.prices else {
                continue;
            };
            let expected = self.expected(index, market.spec.kind.expiry());
            let exact = prices.marks.mark(&prices.terms, expected);
            let mark = risk::mark::to_ticks(exact, market.tick_price);
            if let Some(expiry) = market.spec.kind.expiry() {
                futures.push(Future { expiry, mark: exact });
            }
            if mark == market.mark {
                continue;
            }
            self.touch_market(InstrumentId(instrument));
            self.markets.at_mut(instrument).mark = mark;
            marks.push(Mark { instrument: InstrumentId(instrument), mark, option: None });
        }
        futures
    }

    /// Live instruments stand by expiry, so each expiry is prepared once.
    fn mark_options(
        &mut self,
        index: IndexId,
        live: &[u32],
        futures: &[Future],
        all: bool,
        marks: &mut Vec<Mark>,
    ) {
        let mut prepared: Option<(At, Option<Expiry>)> = None;
        for instrument in live.iter().copied() {
            let market = self.markets.at(instrument);
            let (Some(strike), Some(expiry)) = (&market.strike, market.spec.kind.expiry()) else {
                continue;
            };
            let of_expiry = match prepared {
                Some((known, of_expiry)) if known == expiry => of_expiry,
                _ => {
                    let of_expiry = self.expiry(index, expiry, futures);
                    prepared = Some((expiry, of_expiry));
                    of_expiry
                }
            };
            let Some((mark, option)) = of_expiry.map(|of_expiry| of_expiry.mark(strike)) else {
                continue;
            };
            if all || mark != market.mark {
                marks.push(told(instrument, mark, option));
                self.markets.at_mut(instrument).mark = mark;
            }
        }
    }

    /// One expiry, ready to price options; `None` without a surface or when it is over.
    fn expiry(&self, index: IndexId, expiry: At, futures: &[Future]) -> Option<Expiry> {
        let indexed = self.indices.at(u32::from(index.0));
        let surface = indexed.prices.as_ref()?.surface(expiry)?;
        if expiry <= self.at {
            return None;
        }
        let expected = self.expected(index, Some(expiry));
        Some(Expiry::new(&ExpiryTerms {
            forward: pricing::forward(expected, self.at, expiry, futures),
            expiry,
            svi: surface.standing.svi,
            fitted_at: surface.standing.source_at,
            now: self.at,
        }))
    }

    /// The index as it counts for an expiry: in its delivery window what was sampled is certain.
    fn expected(&self, index: IndexId, expiry: Option<At>) -> IndexPrice {
        let price = self.indices.at(u32::from(index.0)).price;
        let deliveries = &self.prices(index).deliveries;
        let delivery = deliveries.iter().find(|delivery| Some(delivery.expiry()) == expiry);
        delivery.map_or(price, |delivery| delivery.blended(price))
    }

    /// Makes what follows from the bytes of a snapshot: marks of options, at the time of the last
    /// making.
    pub(crate) fn remake_option_marks(&mut self) {
        let now = self.at;
        for index in self.fed_indices() {
            let id = u32::from(index.0);
            if self.indices.at(id).price.0 == 0 {
                continue;
            }
            self.at = self.prices(index).made_at;
            let live = self.indices.at(id).live.clone();
            let futures = self.known_futures(index, &live);
            self.mark_options(index, &live, &futures, true, &mut Vec::new());
        }
        self.at = now;
    }

    /// Expiries of an index that have options and a surface, ready to price.
    pub(crate) fn expiries(&self, index: IndexId, live: &[u32]) -> Vec<(At, Expiry)> {
        let futures = self.known_futures(index, live);
        let options = live.iter().map(|instrument| self.markets.at(*instrument));
        let options = options.filter(|market| market.strike.is_some());
        let mut times: Vec<At> = options.filter_map(|market| market.spec.kind.expiry()).collect();
        times.dedup();
        let ready = times.into_iter().map(|at| Some((at, self.expiry(index, at, &futures)?)));
        ready.flatten().collect()
    }

    fn known_futures(&self, index: IndexId, live: &[u32]) -> Vec<Future> {
        let markets = live.iter().map(|instrument| self.markets.at(*instrument));
        markets
            .filter_map(|market| {
                let prices = market.prices.as_ref()?;
                let expiry = market.spec.kind.expiry()?;
                let expected = self.expected(index, Some(expiry));
                Some(Future { expiry, mark: prices.marks.mark(&prices.terms, expected) })
            })
            .collect()
    }
}

fn told(instrument: u32, mark: Ticks, option: OptionMark) -> Mark {
    Mark { instrument: InstrumentId(instrument), mark, option: Some(Box::new(option)) }
}
