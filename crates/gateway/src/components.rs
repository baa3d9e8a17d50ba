//! How well each part of the venue works: what people told of it, and what is found now, whichever
//! is worse (docs/rules/notices.md, NTC-9).

use market_data::InstrumentView;
use types::{Component, ComponentState, Health, MarketState};

use crate::objects::{List, Look, Object, component_state_word, component_word};
use crate::publish::Market;

/// Every part, over all domains.
pub(crate) fn components(market: &Market) -> [(Component, ComponentState); 7] {
    let mut all = Component::ALL.map(|component| (component, ComponentState::Operational));
    let mut found = Found::default();
    for domain in market.domain_ids() {
        market.look(domain, |look| {
            found.take(look);
            for (component, state) in &mut all {
                *state = (*state).max(look.view.notices().component(*component));
            }
        });
    }
    for (component, state) in &mut all {
        *state = (*state).max(found.of(*component));
    }
    all
}

/// `[{"component": …, "state": …}, …]`
pub(crate) fn write_components(out: &mut String, market: &Market) {
    let mut list = List::new(out);
    for (component, state) in components(market) {
        let mut object = Object::new(list.item());
        object
            .word("component", component_word(component))
            .word("state", component_state_word(state));
        object.end();
    }
    list.end();
}

/// What the views show.
#[derive(Default)]
struct Found {
    markets: usize,
    /// They take only cancels, or not even those.
    shut: usize,
    restricted: usize,
    feeds: usize,
    frozen: usize,
    degraded: usize,
}

impl Found {
    fn take(&mut self, look: Look<'_>) {
        let states = look.view.instruments().iter().map(InstrumentView::state);
        for state in states.filter(|state| *state < MarketState::Delivering) {
            self.markets += 1;
            self.shut += usize::from(MarketState::CancelOnly <= state);
            self.restricted += usize::from(state != MarketState::Open);
        }
        for health in look.view.indexes().iter().filter_map(|index| Some(index.feed()?.health)) {
            self.feeds += 1;
            self.frozen += usize::from(health == Health::Frozen);
            self.degraded += usize::from(health == Health::Degraded);
        }
    }

    fn of(&self, component: Component) -> ComponentState {
        match component {
            Component::Matching => outage(self.shut, self.restricted, self.markets),
            Component::OracleFeeds => outage(self.frozen, self.degraded, self.feeds),
            // LIQ-2: nobody is liquidated by a frozen index.
            Component::Liquidation => outage(self.frozen, 0, self.feeds),
            Component::Margin | Component::Funds | Component::MarketData | Component::Api => {
                ComponentState::Operational
            }
        }
    }
}

/// So many are out, so many work with restrictions, of so many.
fn outage(out: usize, weak: usize, all: usize) -> ComponentState {
    match (out, weak) {
        (0, 0) => ComponentState::Operational,
        (0, _) => ComponentState::Degraded,
        _ if out == all => ComponentState::MajorOutage,
        _ => ComponentState::PartialOutage,
    }
}
