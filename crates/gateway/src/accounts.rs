//! What the edge remembers of each account that logged in: credits, queue, cancel-on-disconnect.
//!
//! Bounded by the accounts that have keys. Nothing of it survives the process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use types::AccountId;

use crate::credits::{Bucket, N_POOLS, Overdraft, Pool, Rate};

/// All accounts that logged in.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    states: Mutex<HashMap<AccountId, Arc<AccountState>>>,
}

impl Accounts {
    /// The state of one account, made when it is first asked for.
    pub(crate) fn of(&self, account: AccountId) -> Arc<AccountState> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.entry(account).or_default().clone()
    }
}

/// One account.
#[derive(Debug, Default)]
pub(crate) struct AccountState {
    pools: Mutex<[Bucket; N_POOLS]>,
    queued_orders: AtomicU32,
    queued_cancels: AtomicU32,
    /// Sockets that authenticate from now on cancel on disconnect.
    pub(crate) cancels_on_disconnect: AtomicBool,
}

impl AccountState {
    /// Takes credits.
    pub(crate) fn take(
        &self,
        run_us: u64,
        pool: Pool,
        rate: Rate,
        cost: u64,
    ) -> Result<(), Overdraft> {
        let index = match pool {
            Pool::NonMatching => 0,
            Pool::Instruments => 1,
            Pool::Subscribe => 2,
            Pool::TransactionLog => 3,
            Pool::Trading => 4,
            Pool::Cancel => 5,
        };
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools[index].take(run_us, rate, cost)
    }

    /// A place among the requests that wait for the matching engine; an error says how many wait.
    /// Cancels wait in a queue of their own, so that a flood of orders never keeps them out.
    pub(crate) fn queue(self: &Arc<Self>, is_cancel: bool, queued_max: u32) -> Result<Queued, u32> {
        let count = self.count(is_cancel);
        let queued = count.fetch_add(1, Ordering::AcqRel);
        let place = Queued { account: self.clone(), is_cancel };
        if queued_max <= queued { Err(queued) } else { Ok(place) }
    }

    fn count(&self, is_cancel: bool) -> &AtomicU32 {
        if is_cancel { &self.queued_cancels } else { &self.queued_orders }
    }
}

/// A place in the queue of an account; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Queued {
    account: Arc<AccountState>,
    is_cancel: bool,
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.account.count(self.is_cancel).fetch_sub(1, Ordering::AcqRel);
    }
}
