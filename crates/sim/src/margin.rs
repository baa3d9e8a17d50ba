//! `MARGIN`: an order that is accepted leaves what is free at or above zero, or needs no more
//! and leaves no less free than there was, but for rounding (the engine's invariant 3). Looked at
//! for entries that are a batch by themselves.

use replica::batch::Entries;
use types::{AccountId, Amount, Applied, Command, Event, Seq};

use crate::Violation;
use crate::node::Life;
use crate::truth::refusal;

/// What the parts of a sum may be rounded by.
const ROUNDED: Amount = Amount(3);

/// What an account needed before an entry.
#[derive(Debug)]
pub(crate) struct Margin {
    account: AccountId,
    /// And what was free; `None`: the entry takes money out.
    before: Option<(Amount, Amount)>,
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
                return Some(Margin { account, before: None });
            }
            _ => return None,
        };
        let view = life.engine.account(account)?;
        Some(Margin { account, before: Some((view.initial_margin, view.free)) })
    }

    /// Judges what the entry came to. What happened to the account by a trigger, a mark or a
    /// liquidation is not its order's doing.
    pub(crate) fn after(&self, life: &Life, applied: &Applied) -> Result<(), Violation> {
        let Some(now) = life.engine.account(self.account) else { return Ok(()) };
        if refusal(&applied.events).is_some() || now.liquidating {
            return Ok(());
        }
        // What is not realised, the value of options where that is equity included, adds nothing to
        // what can be taken out (SUM-4).
        let equity = now.free.plus(now.initial_margin);
        let counted = if self.before.is_none() { equity.min(now.collateral) } else { equity };
        let free = counted.minus(now.initial_margin);
        // A trigger of somebody else may meet orders that hold what was right when they came.
        if applied.events.iter().any(|event| matches!(event, Event::Triggered { .. })) {
            return Ok(());
        }
        // Each trade is rounded by itself.
        let n_trades = applied.events.iter().filter(|event| matches!(event, Event::Traded(_)));
        let rounded = Amount(ROUNDED.0 * (1 + i64::try_from(n_trades.count()).unwrap_or(0)));
        let is_no_more = |(needed, was_free): (Amount, Amount)| {
            now.initial_margin <= needed.plus(ROUNDED) && was_free <= free.plus(rounded)
        };
        let least = if self.before.is_none() { Amount::ZERO } else { rounded.negated() };
        if least <= free || self.before.is_some_and(is_no_more) {
            return Ok(());
        }
        let words = format!(
            "entry {} leaves {free} of account {}, {:?}, free, which needs {} and needed and had \
             {:?} before: {:?}",
            life.engine.seq(),
            self.account,
            now.model,
            now.initial_margin,
            self.before,
            applied.events
        );
        Err(Violation::new("MARGIN", words))
    }
}
