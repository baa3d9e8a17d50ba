//! Triggers, in words.

use types::{
    Command, Event, InstrumentId, OrderFamily, OrderId, PlaceTrigger, TriggerEnd, TriggerKind,
    TriggerLevel,
};

use super::Words;
use super::prices::priced;

impl Words {
    /// A command about triggers; `None`: it is about something else.
    pub(super) fn trigger_command(&self, command: &Command) -> Option<String> {
        Some(match command {
            Command::PlaceTrigger(placed) => {
                format!("{}, {}", self.place(&placed.order), self.waits(placed, placed.level))
            }
            Command::AmendTrigger(amended) => {
                let level = amended.level.map_or(String::new(), |level| {
                    format!(
                        ", to wait for {}",
                        self.level(self.instrument_of(amended.order.order), level)
                    )
                });
                format!("{}{level}", self.amend(&amended.order))
            }
            _ => return None,
        })
    }

    /// An event about triggers; `None`: it is about something else.
    pub(super) fn trigger_event(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::TriggerPlaced(placed) => {
                let (id, terms) = (placed.trigger, &placed.terms);
                let way = terms.kind.way(terms.order.side);
                let level = placed.best.map_or(terms.level, |best| terms.level.behind(best, way));
                let again = if placed.amended { " now" } else { "" };
                format!("trigger {id}{again} {}", self.waits(terms, level))
            }
            Event::TriggersMoved(moved) => {
                let best = self.level(moved.instrument, moved.best);
                format!("trailing stops of {} follow the {best}", self.name(moved.instrument))
            }
            Event::Triggered { trigger, order } => {
                format!("trigger {trigger} fires: order {order} is born")
            }
            Event::TriggerClosed { trigger, end: TriggerEnd::Cancelled(reason) } => {
                format!("trigger {trigger} is cancelled ({reason:?})")
            }
            Event::TriggerClosed { trigger, end: TriggerEnd::Refused(reject) } => {
                format!("trigger {trigger} fires, and is refused ({}): {reject}", reject.code())
            }
            _ => return None,
        })
    }

    fn waits(&self, terms: &PlaceTrigger, level: TriggerLevel) -> String {
        let kind = match terms.kind {
            TriggerKind::Stop => "a stop",
            TriggerKind::Take => "a take",
            TriggerKind::Trailing => "a trailing stop",
        };
        format!("waits as {kind} for the {}", self.level(terms.order.instrument, level))
    }

    fn level(&self, instrument: InstrumentId, level: TriggerLevel) -> String {
        match level {
            TriggerLevel::Index(price) => format!("index price {}", priced(price)),
            TriggerLevel::Mark(ticks) => format!("mark price {}", self.price(instrument, ticks)),
            TriggerLevel::Last(ticks) => format!("last price {}", self.price(instrument, ticks)),
        }
    }
}

/// `order 12`, or of a trigger `trigger 12`.
pub(super) fn called(order: OrderId) -> String {
    match order.trigger() {
        Some(trigger) => format!("trigger {trigger}"),
        None => format!("order {order}"),
    }
}

pub(super) fn family(family: OrderFamily) -> &'static str {
    match family {
        OrderFamily::Resting => "on the book",
        OrderFamily::Triggers => "that wait",
        OrderFamily::Stops => "that wait as stops",
        OrderFamily::Takes => "that wait as takes",
        OrderFamily::TrailingStops => "that wait as trailing stops",
    }
}
