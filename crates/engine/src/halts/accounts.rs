//! Accounts that are stopped: by themselves, by the operator, or because a program went wrong.

use alloc::vec::Vec;

use types::{AccountId, At, CancelReason, Event, OrderRate, Reject};

use crate::engine::Engine;
use crate::root;

/// What an account has sent since a window began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub since: At,
    pub orders: u32,
}

impl Engine {
    /// STA-4: all that the account has open goes, and nothing new comes.
    pub(crate) fn set_kill_switch(
        &mut self,
        account: AccountId,
        on: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        if on {
            self.kill(account, 0, events);
            return Ok(());
        }
        if self.halts.killed.remove(&account) {
            self.digests.replace(root::KILLED, account, Some(&true), None);
        }
        self.set_sent(account, None);
        events.push(Event::KillSwitchSet { account, on, orders: 0 });
        Ok(())
    }

    fn kill(&mut self, account: AccountId, orders: u32, events: &mut Vec<Event>) {
        if self.halts.killed.insert(account) {
            self.digests.replace(root::KILLED, account, None, Some(&true));
        }
        events.push(Event::KillSwitchSet { account, on: true, orders });
        self.cancel_all_of(account, CancelReason::Killed, events);
    }

    /// BRK-8: an account that sends more than the rate allows is stopped. Called when a command of
    /// it has been carried out: a refused one changes nothing, and the edge limits those.
    pub(crate) fn count_sent(&mut self, account: AccountId, more: u32, events: &mut Vec<Event>) {
        let Some(rate) = self.halts.order_rate else {
            return;
        };
        let known = self.halts.sent.get(&account).copied();
        let is_running = |sent: &Sent| self.at.ms_since(sent.since) < u64::from(rate.window_ms);
        let sent = known.filter(is_running).unwrap_or(Sent { since: self.at, orders: 0 });
        let orders = sent.orders.saturating_add(more);
        self.set_sent(account, Some(Sent { orders, ..sent }));
        if rate.orders_max < orders {
            self.kill(account, orders, events);
        }
    }

    fn set_sent(&mut self, account: AccountId, sent: Option<Sent>) {
        let old = match sent {
            Some(sent) => self.halts.sent.insert(account, sent),
            None => self.halts.sent.remove(&account),
        };
        self.digests.replace(root::SENT, account, old.as_ref(), sent.as_ref());
    }

    pub(super) fn replace_order_rate(&mut self, rate: Option<OrderRate>) {
        for account in self.halts.sent.keys().copied().collect::<Vec<_>>() {
            self.set_sent(account, None);
        }
        let old = core::mem::replace(&mut self.halts.order_rate, rate);
        self.digests.replace(root::ORDER_RATE, 0_u8, old.as_ref(), rate.as_ref());
    }
}
