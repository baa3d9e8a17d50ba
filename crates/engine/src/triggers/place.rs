//! Placing and amending a trigger: every refusal, in the order of `types::Reject`, then the act.
//! What its order needs of margin, position and book is asked when it is born.

use alloc::boxed::Box;
use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{
    AccountId, AmendTrigger, Ask, Event, InstrumentId, Lots, OrderId, OrderKind, PlaceOrder,
    PlaceTrigger, Reject, TimeInForce, TriggerFault, TriggerId, TriggerKind, TriggerLevel,
    TriggerPlaced, limits,
};

use super::waiting::{TrailKey, Trigger};
use crate::amend::check_amendment;
use crate::engine::Engine;
use crate::market::Market;
use crate::place::{check_display, check_size, check_terms};
use crate::triggers::Reach;

impl Engine {
    pub(crate) fn place_trigger(
        &mut self,
        asked: &PlaceTrigger,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let order = &asked.order;
        self.check_orderer(order)?;
        if let Some(first) = self.repeated(order) {
            events.push(Event::OrderRepeated { order: first });
            return Ok(());
        }
        let market = self.check_market(order.instrument)?;
        self.check_state(market, order.instrument, Ask::Trigger)?;
        let best = self.first_best(market, asked)?;
        self.check_trigger(market, asked, best)?;
        self.check_trigger_counts(order.account, order.instrument)?;
        if OrderId::COUNT_MAX <= self.triggers.n_placed {
            return Err(Reject::DomainFull);
        }
        self.check_client_order_id(order)?;

        let id = self.next_trigger();
        if !planted::is(Bug::TriggerForgetsClientId) {
            self.remember(order, OrderId::of_trigger(id));
        }
        let trigger = self.waiting(asked.clone());
        if let Some(best) = best {
            self.begin_trail(id, &trigger, best);
        }
        self.digests.replace_trigger(id, None, Some(&trigger));
        self.triggers.insert(id, trigger);
        self.tell_trigger(id, false, events);
        self.count_sent(order.account, 1, events);
        Ok(())
    }

    pub(crate) fn amend_trigger(
        &mut self,
        asked: &AmendTrigger,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let amendment = &asked.order;
        self.check_sender(amendment.account, amendment.valid_until)?;
        let id = self.check_owned_trigger(amendment.account, amendment.order)?;
        let old = self.triggers.get(id).ok_or(Reject::OrderNotOpen { order: amendment.order })?;
        let market = self.check_market(old.instrument())?;
        self.check_state(market, old.instrument(), Ask::Trigger)?;
        if asked.level.is_none() {
            check_amendment(amendment)?;
        }
        let terms = wish(&old.terms, asked);
        let new = self.waiting(terms);
        if new.queue() != old.queue() {
            let fault = TriggerFault::Settled;
            return Err(Reject::TriggerTermsContradict { fault });
        }
        let best = self.best_of(id);
        self.check_trigger(market, &new.terms, best)?;

        self.digests.replace_trigger(id, Some(old), Some(&new));
        self.triggers.replace(id, new);
        self.tell_trigger(id, true, events);
        self.count_sent(amendment.account, 1, events);
        Ok(())
    }

    /// The price that a trailing stop begins at.
    fn first_best(
        &self,
        market: &Market,
        asked: &PlaceTrigger,
    ) -> Result<Option<TriggerLevel>, Reject> {
        match (asked.kind, self.price_of(market, asked.level.source())) {
            (TriggerKind::Stop | TriggerKind::Take, _) => Ok(None),
            (TriggerKind::Trailing, Some(now)) => Ok(Some(now)),
            (TriggerKind::Trailing, None) => {
                let fault = TriggerFault::Unpriced;
                Err(Reject::TriggerTermsContradict { fault })
            }
        }
    }

    /// TRG-1 to TRG-3: what can be known of its order now, and that it does not fire at once.
    fn check_trigger(
        &self,
        market: &Market,
        terms: &PlaceTrigger,
        best: Option<TriggerLevel>,
    ) -> Result<(), Reject> {
        let order = &terms.order;
        check_terms(order)?;
        check_size(market, order.size)?;
        if let OrderKind::Limit { price } = order.kind {
            market.check_grid(price)?;
        }
        check_level(terms, best)?;
        check_display(market, order.size, order.display)?;
        let way = terms.kind.way(order.side);
        let level = best.map_or(terms.level, |best| terms.level.behind(best, way));
        match self.price_of(market, level.source()) {
            Some(now) if Reach::of(level, way) <= Reach::of(now, way) => {
                Err(Reject::TriggerReached { level, now })
            }
            _ => Ok(()),
        }
    }

    /// TRG-4: one more trigger fits beside those that wait.
    fn check_trigger_counts(
        &self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<(), Reject> {
        let (mut all, mut here) = (0, 0);
        for (_, trigger) in self.triggers.of_account(account) {
            all += 1;
            here += u32::from(trigger.instrument() == instrument);
        }
        for (waiting, max) in [
            (self.triggers.len(), limits::TRIGGERS_MAX),
            (all, limits::TRIGGERS_PER_ACCOUNT_MAX),
            (here, limits::TRIGGERS_PER_INSTRUMENT_MAX),
        ] {
            if max <= waiting {
                return Err(Reject::TriggersTooMany { waiting, max });
            }
        }
        Ok(())
    }

    /// With the first trigger of the domain last prices enter the root: a log without triggers
    /// keeps the roots that it has.
    fn next_trigger(&mut self) -> TriggerId {
        if self.triggers.n_placed == 0 {
            let traded = self.markets.iter().filter(|(_, market)| market.last.0 != 0);
            let traded: Vec<_> = traded.map(|(id, _)| InstrumentId(id)).collect();
            traded.into_iter().for_each(|instrument| self.touch_market(instrument));
        }
        let old = self.triggers.n_placed;
        self.triggers.n_placed += 1;
        self.digests.replace_trigger_count(old, self.triggers.n_placed);
        TriggerId(self.triggers.n_placed)
    }

    /// TRG-9: a good-til-day trigger waits no longer than its day.
    fn waiting(&self, terms: PlaceTrigger) -> Trigger {
        let is_day = terms.order.time_in_force == TimeInForce::GoodTilDay;
        let order = PlaceOrder { valid_until: None, ..terms.order };
        Trigger {
            terms: PlaceTrigger { order, ..terms },
            ends_at: is_day.then(|| self.at.next_eight_utc()),
        }
    }

    fn begin_trail(&mut self, id: TriggerId, trigger: &Trigger, best: TriggerLevel) {
        let (instrument, queue) = (trigger.instrument(), trigger.queue());
        let now = Reach::of(best, trigger.way());
        if self.triggers.queue_mut(instrument, queue).begin(id, now) {
            let key = TrailKey { instrument, queue, from: id };
            self.digests.replace_trail(key, None, Some(&now));
        }
    }

    /// The best price that a trailing stop has seen.
    fn best_of(&self, id: TriggerId) -> Option<TriggerLevel> {
        let trigger = self.triggers.get(id)?;
        let best = self.triggers.best_of(id, trigger)?;
        Some(best.level(trigger.terms.level))
    }

    fn tell_trigger(&self, id: TriggerId, amended: bool, events: &mut Vec<Event>) {
        if let Some(trigger) = self.triggers.get(id) {
            let (terms, best) = (trigger.terms.clone(), self.best_of(id));
            let placed = TriggerPlaced { trigger: id, terms, best, amended };
            events.push(Event::TriggerPlaced(Box::new(placed)));
        }
    }
}

/// TRG-3: a price that its source can show; a distance that leaves one.
fn check_level(terms: &PlaceTrigger, best: Option<TriggerLevel>) -> Result<(), Reject> {
    let level = terms.level;
    let highest = TriggerLevel::highest(level.source());
    let max = match (best, terms.kind.way(terms.order.side)) {
        (None, _) => highest,
        (Some(best), types::TriggerWay::Falling) => best.with_number(best.number() - 1),
        (Some(best), types::TriggerWay::Rising) => {
            best.with_number(highest.number().saturating_sub(best.number()))
        }
    };
    let fits = (1..=max.number()).contains(&level.number());
    if fits { Ok(()) } else { Err(Reject::TriggerPriceOutOfRange { level, max }) }
}

/// What a trigger asks to become. What is born of it at the market keeps having no price.
fn wish(old: &PlaceTrigger, asked: &AmendTrigger) -> PlaceTrigger {
    let (order, amendment) = (&old.order, &asked.order);
    let size = amendment.size.unwrap_or(order.size);
    let kind = match (order.kind, amendment.price) {
        (OrderKind::Limit { .. }, Some(price)) => OrderKind::Limit { price },
        (kind, _) => kind,
    };
    let display: Option<Lots> = order.display.map(|display| display.min(size));
    PlaceTrigger {
        kind: old.kind,
        level: asked.level.unwrap_or(old.level),
        order: PlaceOrder {
            kind,
            size,
            display: amendment.display.or(display),
            post_only: amendment.post_only.unwrap_or(order.post_only),
            reduce_only: amendment.reduce_only.unwrap_or(order.reduce_only),
            ..order.clone()
        },
    }
}
