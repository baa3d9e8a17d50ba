//! `CANCEL-GETS-IN`: a cancel of what is open and its own is never refused, whatever state the
//! market is in, and it cancels that (ORD-15); a mass cancel leaves nothing open that its scope
//! takes in (ORD-16, TRG-10); and nobody's orders are cancelled as asked for who did not ask;
//! whoever is stopped has nothing open (STA-4).
//!
//! It does not see the order in which a mass cancel goes.

use types::{
    AccountId, CancelReason, CancelScope, CloseReason, Command, Entry, Event, KindFilter,
    OrderFamily, OrderId, Reject, TriggerEnd,
};

use super::state::{Order, State, label_of};
use super::triggers::{Trigger, Triggers};
use super::{Check, hold};

pub(crate) const GETS_IN: &str = "CANCEL-GETS-IN";

/// A command was refused.
pub(crate) fn refused(state: &State, triggers: &Triggers, entry: &Entry, reject: &Reject) -> Check {
    match &entry.command {
        Command::CancelOrder { account, order } => {
            let owner = owner_of(state, triggers, *order);
            hold!(
                owner != Some(*account),
                GETS_IN,
                "the cancel of order {order} by {account}, which has it open, is refused: {reject}"
            );
        }
        Command::CancelOrders { account, scope } => {
            let names_nothing = matches!(reject, Reject::InstrumentNotFound { .. });
            hold!(
                state.account(*account).is_err() || names_nothing,
                GETS_IN,
                "the cancel of {scope:?} by {account} is refused: {reject}"
            );
        }
        Command::DropSession { .. } | Command::EndDay => {
            hold!(false, GETS_IN, "{:?} is refused: {reject}", entry.command);
        }
        _ => {}
    }
    Ok(())
}

fn owner_of(state: &State, triggers: &Triggers, order: OrderId) -> Option<AccountId> {
    match order.trigger() {
        Some(trigger) => triggers.get(trigger).map(|trigger| trigger.account),
        None => state.orders.get(order).map(|order| order.account),
    }
}

/// A cancel that was not refused, before its events are taken in.
pub(crate) fn begin(state: &State, triggers: &Triggers, entry: &Entry, events: &[Event]) -> Check {
    let Command::CancelOrder { account, order } = &entry.command else {
        return Ok(());
    };
    let owner = owner_of(state, triggers, *order);
    hold!(
        owner == Some(*account),
        GETS_IN,
        "{account} cancels order {order}, of which the owner is {owner:?}, and is not refused"
    );
    let asked = CancelReason::Asked;
    let is_gone = match (events.first(), order.trigger()) {
        (Some(Event::OrderClosed { order: closed, reason }), None) => {
            closed == order && *reason == CloseReason::Cancelled(asked)
        }
        (Some(Event::TriggerClosed { trigger, end }), Some(named)) => {
            *trigger == named && *end == TriggerEnd::Cancelled(asked)
        }
        _ => false,
    };
    hold!(is_gone, GETS_IN, "{account} cancels order {order}, and it goes on: {events:?}");
    Ok(())
}

/// An order closes because its owner asked.
pub(crate) fn closes(state: &State, entry: &Entry, order: &Order, reason: CloseReason) -> Check {
    if reason != CloseReason::Cancelled(CancelReason::Asked) {
        return Ok(());
    }
    let is_asked = match &entry.command {
        Command::CancelOrder { account, order: asked } => {
            *account == order.account && *asked == order.id
        }
        Command::CancelOrders { account, scope } => {
            *account == order.account && takes_in(state, scope, order)
        }
        _ => false,
    };
    hold!(is_asked, GETS_IN, "order {} closes as asked by {:?}", order.id, entry.command);
    Ok(())
}

/// After a mass cancel.
pub(crate) fn end(state: &State, triggers: &Triggers, entry: &Entry) -> Check {
    let Command::CancelOrders { account, scope } = &entry.command else {
        return Ok(());
    };
    for id in &state.account(*account)?.orders {
        let order = state.order(*id)?;
        // What is born of a trigger with this very entry came after the cancel.
        let is_left = takes_in(state, scope, order) && !triggers.is_born_now(*id);
        hold!(!is_left, GETS_IN, "order {id} is open after its cancel by {scope:?}");
    }
    let left = triggers.of(*account).find(|(_, trigger)| takes_trigger(state, scope, trigger));
    hold!(left.is_none(), GETS_IN, "trigger {left:?} waits after its cancel by {scope:?}");
    Ok(())
}

/// STA-4: an account that was stopped has nothing open and nothing that waits.
pub(crate) fn check_stopped(state: &State, triggers: &Triggers, account: AccountId) -> Check {
    let orders = &state.account(account)?.orders;
    hold!(orders.is_empty(), GETS_IN, "{account} is stopped, and has {orders:?} open");
    let left = triggers.of(account).next();
    hold!(left.is_none(), GETS_IN, "{account} is stopped, and {left:?} waits");
    Ok(())
}

fn is_kind(state: &State, filter: KindFilter, instrument: types::InstrumentId) -> bool {
    let is_option = state.market(instrument).is_ok_and(super::state::Market::is_option);
    is_option == (filter == KindFilter::Option)
}

fn takes_in(state: &State, scope: &CancelScope, order: &Order) -> bool {
    match scope {
        CancelScope::All => true,
        CancelScope::Instrument(instrument) => order.instrument == *instrument,
        CancelScope::Kind(kind) => is_kind(state, *kind, order.instrument),
        CancelScope::Label(label) => !label.is_empty() && order.label == label_of(label),
        CancelScope::Quotes(None) => order.quote_group.is_some(),
        CancelScope::Quotes(group) => order.quote_group == *group,
        CancelScope::Only { family, within } => {
            *family == OrderFamily::Resting && takes_in(state, within, order)
        }
    }
}

fn takes_trigger(state: &State, scope: &CancelScope, trigger: &Trigger) -> bool {
    match scope {
        CancelScope::All => true,
        CancelScope::Instrument(instrument) => trigger.instrument == *instrument,
        CancelScope::Kind(kind) => is_kind(state, *kind, trigger.instrument),
        CancelScope::Label(label) => !label.is_empty() && trigger.label == label_of(label),
        CancelScope::Quotes(_) => false,
        CancelScope::Only { family, within } => {
            trigger.kind.is_of(*family) && takes_trigger(state, within, trigger)
        }
    }
}
