//! Expiries: the window opens, orders go, the delivery price is made, positions are settled.
//!
//! ```text
//!   T - 30 min   a sample of the index every 4 s, if the index is good enough
//!   T            open orders are cancelled, nothing trades any more
//!   priced       futures close at the price, options are exercised, what rounding left is booked
//!   disputed     too few good samples two hours later: the operator says the price
//! ```

use alloc::vec::Vec;

use risk::delivery::{Delivery, Outcome};
use types::planted::{self, Bug};
use types::{
    AccountId, Action, Amount, AssetCode, At, CancelReason, DeliveryCount, Event, IndexId,
    IndexPrice, InstrumentId, Kind, LedgerAccount, Lots, Reject, Rounding, Side, SignedLots,
    TransferReason,
};

use crate::engine::Engine;
use crate::holding::signed_fill;
use crate::market::Market;

impl Engine {
    /// Opens windows, takes samples, closes and settles what is due.
    pub(super) fn deliver(&mut self, index: IndexId, events: &mut Vec<Event>) {
        self.open_windows(index);
        let is_fit = oracle::gate::allows(Action::Deliver, self.health(index));
        let is_good = is_fit || planted::is(Bug::DeliverySamplesUnfitIndex);
        let price = self.indices.at(u32::from(index.0)).price;
        let sample = (is_good && price.0 != 0).then_some(price);
        let at = self.at;
        let mut due = Vec::new();
        for delivery in &mut self.prices_mut(index).deliveries {
            delivery.sample(sample, at);
            if delivery.expiry() <= at {
                due.push((delivery.expiry(), delivery.outcome(at)));
            }
        }
        for (expiry, outcome) in due {
            self.close_expired(index, expiry, events);
            match outcome {
                Outcome::Waiting => {}
                Outcome::Priced(price, samples) if self.can_settle(index, expiry, price) => {
                    self.settle_expiry(index, expiry, price, samples, events);
                }
                Outcome::Priced(_, samples) | Outcome::Disputed(samples) => {
                    self.tell_dispute(index, expiry, samples, events);
                }
            }
        }
    }

    fn tell_dispute(
        &mut self,
        index: IndexId,
        expiry: At,
        samples: DeliveryCount,
        events: &mut Vec<Event>,
    ) {
        let disputed = &mut self.prices_mut(index).disputed;
        if !disputed.contains(&expiry) {
            disputed.push(expiry);
            events.push(Event::DeliveryDisputed { index, expiry, samples, at: self.at });
        }
    }

    /// A window for every expiry whose last half hour has begun.
    fn open_windows(&mut self, index: IndexId) {
        let at = self.at;
        let live = &self.indices.at(u32::from(index.0)).live;
        let expiries = live.iter().filter_map(|id| self.markets.at(*id).spec.kind.expiry());
        let mut begun: Vec<At> =
            expiries.filter(|expiry| Delivery::opens_at(*expiry) <= at).collect();
        begun.dedup();
        let deliveries = &mut self.prices_mut(index).deliveries;
        for expiry in begun {
            let place = deliveries.partition_point(|delivery| delivery.expiry() < expiry);
            if deliveries.get(place).is_none_or(|delivery| delivery.expiry() != expiry) {
                deliveries.insert(place, Delivery::new(expiry));
            }
        }
    }

    /// Instruments of an index and an expiry that are not delivered.
    fn expiring(&self, index: IndexId, expiry: At) -> Vec<InstrumentId> {
        let live = self.indices.at(u32::from(index.0)).live.iter().copied();
        live.filter(|id| self.markets.at(*id).spec.kind.expiry() == Some(expiry))
            .map(InstrumentId)
            .collect()
    }

    /// Whether all that changes hands at this price is money that can be counted. Beyond it values
    /// are cut to what can, and longs and shorts are no more worth the same.
    fn can_settle(&self, index: IndexId, expiry: At, price: IndexPrice) -> bool {
        let worth = |instrument: InstrumentId| {
            let market = self.markets.at(instrument.0);
            let sizes = market.holdings.iter().map(|holding| self.holdings.at(*holding).size);
            sizes.map(|size| i128::from(worth_at(market, size, price).0)).sum::<i128>()
        };
        let all: i128 = self.expiring(index, expiry).into_iter().map(worth).sum();
        all < i128::from(Amount::MAX.0)
    }

    fn close_expired(&mut self, index: IndexId, expiry: At, events: &mut Vec<Event>) {
        let expiring = self.expiring(index, expiry);
        for instrument in &expiring {
            let triggers = self.triggers.of_instrument(*instrument);
            self.cancel_triggers(&triggers, CancelReason::Expired, events);
        }
        let is_empty = |instrument: &InstrumentId| {
            [Side::Bid, Side::Ask].iter().all(|side| self.books.best(*instrument, *side).is_none())
        };
        let busy: Vec<_> = expiring.iter().copied().filter(|id| !is_empty(id)).collect();
        for instrument in busy {
            for holding in self.markets.at(instrument.0).holdings.clone() {
                let orders = self.orders.ids_of(self.holdings.at(holding), |_| true);
                for order in orders {
                    self.cancel(order, CancelReason::Expired, events);
                }
            }
        }
        for instrument in expiring {
            self.restate(instrument, 0, events);
        }
    }

    pub(crate) fn settle_delivery(
        &mut self,
        (base, quote): (AssetCode, AssetCode),
        expiry: At,
        price: IndexPrice,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let index = self.find_index(base, quote).ok_or(Reject::IndexNotFound { base, quote })?;
        if price == IndexPrice(0) || IndexPrice::MAX < price {
            return Err(Reject::IndexPriceOutOfRange { price });
        }
        if self.expiring(index, expiry).is_empty() {
            return Err(Reject::ExpiryNotFound { expiry });
        }
        let prices = self.indices.at(u32::from(index.0)).prices.as_ref();
        let delivery = prices.and_then(|prices| {
            prices.deliveries.iter().find(|delivery| delivery.expiry() == expiry)
        });
        let is_open = match (prices, delivery) {
            (None, _) => expiry <= self.at,
            (Some(_), Some(delivery)) => match delivery.outcome(self.at) {
                Outcome::Waiting => false,
                Outcome::Priced(price, _) => !self.can_settle(index, expiry, price),
                Outcome::Disputed(_) => true,
            },
            (Some(_), None) => false,
        };
        if !is_open {
            return Err(Reject::DeliveryNotDisputed { expiry });
        }
        if !self.can_settle(index, expiry, price) {
            return Err(Reject::IndexPriceOutOfRange { price });
        }
        let samples = delivery.map_or(DeliveryCount { good: 0, due: 0 }, Delivery::count);

        self.touch_index(index);
        self.close_expired(index, expiry, events);
        self.settle_expiry(index, expiry, price, samples, events);
        self.make_marks(index, false, events);
        Ok(())
    }

    fn settle_expiry(
        &mut self,
        index: IndexId,
        expiry: At,
        price: IndexPrice,
        samples: DeliveryCount,
        events: &mut Vec<Event>,
    ) {
        let at = self.at;
        events.push(Event::DeliveryPriced { index, expiry, price, samples, at });
        for instrument in self.expiring(index, expiry) {
            self.settle_instrument(instrument, price, events);
        }
        let id = u32::from(index.0);
        let markets = &self.markets;
        self.indices.at_mut(id).live.retain(|id| markets.at(*id).delivered.is_none());
        if let Some(prices) = &mut self.indices.at_mut(id).prices {
            prices.deliveries.retain(|delivery| delivery.expiry() != expiry);
            prices.surfaces.retain(|surface| surface.expiry != expiry);
            prices.candidates.retain(|report| report.expiry != expiry);
            prices.disputed.retain(|disputed| *disputed != expiry);
        }
    }

    fn settle_instrument(
        &mut self,
        instrument: InstrumentId,
        price: IndexPrice,
        events: &mut Vec<Event>,
    ) {
        for holding in self.markets.at(instrument.0).holdings.clone() {
            if self.holdings.at(holding).size != SignedLots::ZERO {
                self.settle_position(holding, price, events);
            }
        }
        self.book_residue(LedgerAccount::Clearing(instrument), events);
        self.touch_market(instrument);
        self.markets.at_mut(instrument.0).delivered = Some(price);
        events.push(Event::InstrumentDelivered { instrument, price, at: self.at });
        self.restate(instrument, 0, events);
        self.end_halts_of(instrument, events);
    }

    /// DLV-8, DLV-9: the position is closed at the delivery price; rounding is against its holder.
    fn settle_position(&mut self, holding: u32, price: IndexPrice, events: &mut Vec<Event>) {
        self.touch_holding(holding);
        let held = self.holdings.at(holding);
        let (account, instrument) = (held.account, held.instrument);
        let market = self.markets.at(instrument.0);
        let size = held.size;
        let gained = match market.spec.kind.is_option() {
            true => exercised(market, size, price),
            false => {
                let (side, lots, w) = closing(market, size, price);
                self.holdings.at_mut(holding).fill(side, lots, w)
            }
        };
        let is_open = self.holdings.at(holding).size != SignedLots::ZERO;
        if is_open && gained == Amount::ZERO && planted::is(Bug::WorthlessOptionsStayOpen) {
            return;
        }
        let held = self.holdings.at_mut(holding);
        (held.size, held.cost, held.realised) = (SignedLots::ZERO, Amount::ZERO, Amount::ZERO);
        self.revalue(holding);
        let clearing = LedgerAccount::Clearing(instrument);
        self.settle_amount(account, clearing, gained.negated(), TransferReason::Delivery, events);
        self.tell_flat(account, instrument, events);
    }

    fn tell_flat(&self, account: AccountId, instrument: InstrumentId, events: &mut Vec<Event>) {
        let (size, cost) = (SignedLots::ZERO, Amount::ZERO);
        events.push(Event::PositionChanged { account, instrument, size, cost });
    }
}

/// What a position is worth at the delivery price, whichever way it is, rounded up.
fn worth_at(market: &Market, size: SignedLots, price: IndexPrice) -> Amount {
    match market.spec.kind {
        Kind::Option { strike, right, .. } => {
            market.contract.payoff(strike, right, price, size.size(), Rounding::Up)
        }
        Kind::Perpetual | Kind::Future { .. } => {
            market.contract.value_at(price, size.size(), Rounding::Up)
        }
    }
}

/// What an option pays its holder, below zero for the one who sold it.
fn exercised(market: &Market, size: SignedLots, price: IndexPrice) -> Amount {
    let Kind::Option { strike, right, .. } = market.spec.kind else {
        return Amount::ZERO;
    };
    let payoff = |rounding| market.contract.payoff(strike, right, price, size.size(), rounding);
    if size.0 < 0 { payoff(Rounding::Up).negated() } else { payoff(Rounding::Down) }
}

/// The fill that closes a future at the delivery price.
fn closing(market: &Market, size: SignedLots, price: IndexPrice) -> (Side, Lots, Amount) {
    let side = if size.0 < 0 { Side::Bid } else { Side::Ask };
    let is_quotient = market.contract.is_quotient();
    // Against the holder: a long inverse position wins by a small value, a short one by a large.
    let rounding = if (size.0 < 0) == is_quotient { Rounding::Down } else { Rounding::Up };
    let value = market.contract.value_at(price, size.size(), rounding);
    let lots = Lots(u32::try_from(size.size()).expect("a position is within the largest size"));
    (side, lots, signed_fill(value, side, market))
}
