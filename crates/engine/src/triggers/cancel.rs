//! Triggers go: because their owner asks, or because of a rule. Cancels are never refused for more
//! than not being the owner's.

use alloc::vec::Vec;

use types::{AccountId, CancelReason, CancelScope, Event, OrderId, Reject, TriggerEnd, TriggerId};

use super::waiting::{TrailKey, Trigger};
use crate::engine::Engine;
use crate::orders::kind_is;

impl Engine {
    /// The waiting trigger of this account with this id.
    pub(crate) fn check_owned_trigger(
        &self,
        account: AccountId,
        order: OrderId,
    ) -> Result<TriggerId, Reject> {
        let waiting = order.trigger().and_then(|id| Some((id, self.triggers.get(id)?)));
        let (id, trigger) = waiting.ok_or(Reject::OrderNotOpen { order })?;
        let is_owned = trigger.terms.order.account == account;
        if is_owned { Ok(id) } else { Err(Reject::OrderNotOwned { order }) }
    }

    /// TRG-10: cancels the triggers of an account that a scope takes in, oldest first.
    pub(crate) fn cancel_triggers_in(
        &mut self,
        account: AccountId,
        scope: &CancelScope,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) {
        let own = self.triggers.of_account(account);
        let taken = own.filter(|(_, trigger)| self.takes_trigger(scope, trigger));
        let taken: Vec<TriggerId> = taken.map(|(id, _)| id).collect();
        self.cancel_triggers(&taken, reason, events);
    }

    fn takes_trigger(&self, scope: &CancelScope, trigger: &Trigger) -> bool {
        match scope {
            CancelScope::All => true,
            CancelScope::Instrument(instrument) => trigger.instrument() == *instrument,
            CancelScope::Kind(kind) => {
                let market = self.markets.at(trigger.instrument().0);
                kind_is(*kind, market.spec.kind.is_option())
            }
            CancelScope::Label(label) => !label.is_empty() && trigger.terms.order.label == *label,
            CancelScope::Quotes(_) => false,
            CancelScope::Only { family, within } => {
                trigger.terms.kind.is_of(*family) && self.takes_trigger(within, trigger)
            }
        }
    }

    pub(crate) fn cancel_triggers(
        &mut self,
        triggers: &[TriggerId],
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) {
        for trigger in triggers {
            self.take_trigger(*trigger);
            let (trigger, end) = (*trigger, TriggerEnd::Cancelled(reason));
            events.push(Event::TriggerClosed { trigger, end });
        }
    }

    /// Forgets a trigger that waits.
    pub(super) fn take_trigger(&mut self, id: TriggerId) -> Trigger {
        let (trigger, over) = self.triggers.remove(id).expect("the caller has seen it wait");
        self.digests.replace_trigger(id, Some(&trigger), None);
        if let Some((from, best)) = over {
            let key = TrailKey { instrument: trigger.instrument(), queue: trigger.queue(), from };
            self.digests.replace_trail(key, Some(&best), None);
        }
        trigger
    }
}
