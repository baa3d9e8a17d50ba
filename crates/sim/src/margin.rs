//! `MARGIN`: an order that is accepted leaves what is free at or above zero, or needs no more
//! than was needed before, but for rounding (the engine's invariant 3). Looked at for entries that
//! are a batch by themselves.

use replica::batch::Entries;
use types::{AccountId, Amount, Applied, Command, Seq};

use crate::Violation;
use crate::node::Life;
use crate::truth::refusal;

/// What the parts of a sum may be rounded by.
const ROUNDED: Amount = Amount(3);

/// What an account needed before an entry.
#[derive(Debug)]
pub(crate) struct Margin {
    account: AccountId,
    /// `None`: the entry takes money out.
    needed: Option<Amount>,
}

impl Margin {
    /// Of the account of the next order, if the next entry is one.
    pub(crate) fn before(life: &Life) -> Option<Margin> {
        let next = life.applied.index + 1;
        let entry = life.raft.log.entry(next).filter(|entry| entry.count == 1)?;
        if life.raft.commit < next {
            return None;
        }
        let mut entries = Entries::new(Seq(1), 1, &entry.body).ok()?;
        let account = match entries.next()?.ok()?.command {
            Command::PlaceOrder(order) => order.account,
            Command::AmendOrder(amendment) => amendment.account,
            Command::Withdraw { account, .. } | Command::Transfer { from: account, .. } => {
                return Some(Margin { account, needed: None });
            }
            _ => return None,
        };
        let needed = Some(life.engine.account(account)?.initial_margin);
        Some(Margin { account, needed })
    }

    /// Judges what the entry came to. What happened to the account by a trigger, a mark or a
    /// liquidation is not its order's doing.
    pub(crate) fn after(&self, life: &Life, applied: &Applied) -> Result<(), Violation> {
        let Some(now) = life.engine.account(self.account) else { return Ok(()) };
        if refusal(&applied.events).is_some() || now.liquidating {
            return Ok(());
        }
        // Profits that are not realised cannot be taken out (SUM-4).
        let profit =
            if self.needed.is_none() { now.unrealised.max(Amount::ZERO) } else { Amount::ZERO };
        let free = now.free.minus(profit);
        let is_no_more = |needed: Amount| now.initial_margin <= needed.plus(ROUNDED);
        if Amount::ZERO <= free || self.needed.is_some_and(is_no_more) {
            return Ok(());
        }
        let words = format!(
            "entry {} leaves {free} of account {} free, which needs {} and needed {:?} before",
            life.engine.seq(),
            self.account,
            now.initial_margin,
            self.needed
        );
        Err(Violation::new("MARGIN", words))
    }
}
