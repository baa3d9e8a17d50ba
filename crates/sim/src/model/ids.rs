//! `CLIENT-ID-ONCE`, `FENCE-HOLDS`: within a day an account and a client order id place one order
//! or trigger, and a repetition names it (ORD-13, TRG-11); nothing that is a number up to the fence
//! of its account is placed after it (ORD-19, ORD-20).
//!
//! Ids are kept as 128 bits of hash, and forgotten after their day.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use types::{AccountId, At, ClientOrderId, Command, Entry, OrderId, PlaceOrder};

use super::state::State;
use super::{Check, hold};

pub(crate) const ONCE: &str = "CLIENT-ID-ONCE";
pub(crate) const FENCE: &str = "FENCE-HOLDS";

/// How long an id is remembered (ORD-13).
const DAY_MS: u64 = 86_400_000;

type Key = (AccountId, u64, u64);

/// The ids of the last day, and the fences.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    first: HashMap<Key, (OrderId, At)>,
    by_age: VecDeque<(At, Key)>,
    fences: HashMap<AccountId, u64>,
}

impl Ids {
    /// An order or a trigger is there under a client's id.
    pub fn placed(
        &mut self,
        state: &State,
        account: AccountId,
        client_order_id: Option<&ClientOrderId>,
        order: OrderId,
    ) -> Check {
        let Some(id) = client_order_id else {
            return Ok(());
        };
        self.forget(state.at);
        let key = key_of(account, id);
        let known = self.first.get(&key).copied();
        hold!(known.is_none(), ONCE, "{account} placed {id} as {order}, and as {known:?} before");
        let fence = self.fences.get(&account).copied();
        let is_fenced = id.number().zip(fence).is_some_and(|(number, fence)| number <= fence);
        hold!(!is_fenced, FENCE, "{account} placed {id} as {order} behind its fence {fence:?}");
        self.first.insert(key, (order, state.at));
        self.by_age.push_back((state.at, key));
        Ok(())
    }

    /// A command's id was used before.
    pub fn repeated(&mut self, state: &State, entry: &Entry, order: OrderId) -> Check {
        self.forget(state.at);
        let asked: Option<&PlaceOrder> = match &entry.command {
            Command::PlaceOrder(order) => Some(order),
            Command::PlaceTrigger(trigger) => Some(&trigger.order),
            _ => None,
        };
        let id = asked.and_then(|asked| Some((asked.account, asked.client_order_id.as_ref()?)));
        let known = id.and_then(|(account, id)| self.first.get(&key_of(account, id)).copied());
        hold!(
            known.is_some_and(|(first, _)| first == order),
            ONCE,
            "{id:?} is told to have been {order} before, it was {known:?}"
        );
        Ok(())
    }

    /// A fence only rises.
    pub fn fenced(&mut self, entry: &Entry, account: AccountId, up_to: u64) -> Check {
        let old = self.fences.get(&account).copied();
        let asked = match entry.command {
            Command::FenceOrders { account: asker, up_to } if asker == account => Some(up_to),
            _ => None,
        };
        let new = asked.map(|asked| old.map_or(asked, |old| old.max(asked)));
        hold!(new == Some(up_to), FENCE, "{account} is fenced up to {up_to}, it is {new:?}");
        self.fences.insert(account, up_to);
        Ok(())
    }

    fn forget(&mut self, now: At) {
        while let Some((then, key)) = self.by_age.front().copied()
            && DAY_MS <= now.ms_since(then)
        {
            self.by_age.pop_front();
            self.first.remove(&key);
        }
    }
}

fn key_of(account: AccountId, id: &ClientOrderId) -> Key {
    (account, hash(id.as_str(), 1), hash(id.as_str(), 2))
}

/// A text as a number; the same on every machine of a build.
pub(crate) fn hash(text: &str, salt: u8) -> u64 {
    let mut hasher = DefaultHasher::new();
    salt.hash(&mut hasher);
    text.hash(&mut hasher);
    hasher.finish()
}
