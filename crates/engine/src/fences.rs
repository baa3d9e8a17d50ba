//! Fences: what an account sent and what has not arrived never will.
//!
//! ```text
//!   client order ids   … 7   8   9 │ 10  11 …
//!                      refused     │ placed        fence: up to 9
//! ```
//! After a fail-over a client does not know which of its orders are still on their way. It fences
//! them off; once the fence is in the log, what it does not find under these ids was not placed and
//! will not be. A fence only rises, and an account without one is none in the root.

use alloc::vec::Vec;

use types::planted::{self, Bug};
use types::{AccountId, ClientOrderId, Event, PlaceOrder, Reject};

use crate::engine::Engine;

impl Engine {
    /// ORD-19, ORD-20: a lower fence than the one in force changes nothing.
    pub(crate) fn fence_orders(
        &mut self,
        account: AccountId,
        up_to: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;

        let old = self.fences.get(&account).copied();
        let standing = old.filter(|_| !planted::is(Bug::FenceFalls));
        let new = standing.map_or(up_to, |old| old.max(up_to));
        if old != Some(new) {
            self.digests.replace_fence(account, old.as_ref(), Some(&new));
            self.fences.insert(account, new);
        }
        events.push(Event::OrdersFenced { account, up_to: new });
        Ok(())
    }

    /// ORD-19: what is there already is there still, and its repetition has its answer.
    pub(crate) fn check_fence(&self, order: &PlaceOrder) -> Result<(), Reject> {
        let number = order.client_order_id.as_ref().and_then(ClientOrderId::number);
        let (Some(up_to), Some(client_order_id)) = (self.fences.get(&order.account), number) else {
            return Ok(());
        };
        let is_at_fence = *up_to == client_order_id;
        let is_beyond =
            *up_to < client_order_id || (is_at_fence && planted::is(Bug::FenceOffByOne));
        if is_beyond || self.repeated(order).is_some() {
            return Ok(());
        }
        Err(Reject::ClientOrderFenced { client_order_id, up_to: *up_to })
    }
}
