//! Orders go: because their owner asks, or because of a rule. Cancels are never refused for money.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use types::planted::{self, Bug};
use types::{
    AccountId, CancelReason, CancelScope, CloseReason, Event, InstrumentId, Lots, OrderId, Reject,
    SessionId,
};

use crate::engine::Engine;
use crate::orders::{Order, kind_is};

impl Engine {
    pub(crate) fn cancel_order(
        &mut self,
        account: AccountId,
        order: OrderId,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        if order.trigger().is_some() {
            let trigger = self.check_owned_trigger(account, order)?;
            self.cancel_triggers(&[trigger], CancelReason::Asked, events);
            return Ok(());
        }
        self.check_owned(account, order)?;
        if planted::is(Bug::CancelLostInAuction) && self.is_collecting(order.slot()) {
            return Ok(());
        }
        self.cancel(order, CancelReason::Asked, events);
        Ok(())
    }

    /// The open order of this account with this id.
    pub(crate) fn check_owned(&self, account: AccountId, id: OrderId) -> Result<&Order, Reject> {
        let order = self.orders.get(id).ok_or(Reject::OrderNotOpen { order: id })?;
        if self.holdings.at(order.holding).account == account {
            return Ok(order);
        }
        Err(Reject::OrderNotOwned { order: id })
    }

    /// Cancels what the scope takes in, by instrument and then by age. Nothing to cancel is fine.
    pub(crate) fn cancel_orders(
        &mut self,
        account: AccountId,
        scope: &CancelScope,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        self.check_cancel_scope(scope)?;
        let holdings = self.accounts.at(account.0).holdings.clone();
        for (instrument, holding) in holdings {
            if !self.scope_takes_in(scope, instrument) {
                continue;
            }
            let holding = self.holdings.at(holding);
            let orders = self.orders.ids_of(holding, |order| {
                let is_left = planted::is(Bug::CancelAllSkipsPartlyFilled);
                order.is_in(scope) && !(is_left && Lots::ZERO < order.filled)
            });
            self.cancel_each(&orders, CancelReason::Asked, events);
        }
        self.cancel_triggers_in(account, scope, CancelReason::Asked, events);
        Ok(())
    }

    /// Cancels everything that the account has open.
    pub(crate) fn cancel_all_of(
        &mut self,
        account: AccountId,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) {
        for (_, holding) in self.accounts.at(account.0).holdings.clone() {
            let orders = self.orders.ids_of(self.holdings.at(holding), |_| true);
            self.cancel_each(&orders, reason, events);
        }
        if !planted::is(Bug::KillSwitchLeavesTriggers) {
            self.cancel_triggers_in(account, &CancelScope::All, reason, events);
        }
    }

    fn check_cancel_scope(&self, scope: &CancelScope) -> Result<(), Reject> {
        match scope {
            CancelScope::Instrument(instrument) => match self.markets.get(instrument.0) {
                Some(_) => Ok(()),
                None => Err(Reject::InstrumentNotFound { instrument: *instrument }),
            },
            CancelScope::Only { within, .. } => self.check_cancel_scope(within),
            CancelScope::All
            | CancelScope::Kind(_)
            | CancelScope::Label(_)
            | CancelScope::Quotes(_) => Ok(()),
        }
    }

    fn scope_takes_in(&self, scope: &CancelScope, instrument: InstrumentId) -> bool {
        match scope {
            CancelScope::All | CancelScope::Label(_) | CancelScope::Quotes(_) => true,
            CancelScope::Instrument(wanted) => *wanted == instrument,
            CancelScope::Kind(kind) => {
                kind_is(*kind, self.markets.at(instrument.0).spec.kind.is_option())
            }
            CancelScope::Only { within, .. } => self.scope_takes_in(within, instrument),
        }
    }

    pub(crate) fn drop_session(
        &mut self,
        session: Option<SessionId>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let every = SessionId(0)..=SessionId(u32::MAX);
        self.drop_sessions(session.map_or(every, |session| session..=session), events)
    }

    /// ORD-21: nothing to cancel is fine.
    pub(crate) fn drop_sessions(
        &mut self,
        sessions: RangeInclusive<SessionId>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let orders = self.orders.of_sessions(&sessions);
        self.cancel_each(&orders, CancelReason::Disconnected, events);
        let triggers = self.triggers.of_sessions(&sessions);
        self.cancel_triggers(&triggers, CancelReason::Disconnected, events);
        Ok(())
    }

    /// ORD-5: good-til-day orders end when their day is over by the log's clock.
    pub(crate) fn end_day(&mut self, events: &mut Vec<Event>) -> Result<(), Reject> {
        self.forget_old_ids();
        let orders = self.orders.ended(self.at);
        self.cancel_each(&orders, CancelReason::DayEnded, events);
        let triggers = self.triggers.ended(self.at);
        self.cancel_triggers(&triggers, CancelReason::DayEnded, events);
        Ok(())
    }

    fn cancel_each(&mut self, orders: &[OrderId], reason: CancelReason, events: &mut Vec<Event>) {
        for order in orders {
            self.cancel(*order, reason, events);
        }
    }

    /// Takes a resting order off its book and closes it.
    pub(crate) fn cancel(&mut self, id: OrderId, reason: CancelReason, events: &mut Vec<Event>) {
        self.books.remove(id).expect("an order that is open and not matching rests");
        self.close(id.slot(), CloseReason::Cancelled(reason), events);
    }

    /// Forgets an order that is linked and counted, and is off its book.
    pub(crate) fn close(&mut self, slot: u32, reason: CloseReason, events: &mut Vec<Event>) {
        self.touch_order(slot);
        let order = self.orders.at(slot);
        let (id, holding, counted) = (order.id, order.holding, order.counted());
        let held = self.holdings.at_mut(holding);
        held.uncount(&counted);
        self.orders.unlink(held, slot);
        self.orders.take(slot);
        let account = held.account;
        self.accounts.at_mut(account.0).n_orders -= 1;
        self.recount(holding);
        events.push(Event::OrderClosed { order: id, reason });
    }
}
