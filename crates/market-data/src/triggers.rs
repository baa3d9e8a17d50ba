//! Trigger orders: those that wait, and those that went not long ago.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use types::{
    AccountId, At, Event, InstrumentId, OrderId, PlaceTrigger, Seq, TriggerEnd, TriggerId,
    TriggerKind, TriggerLevel, TriggerPlaced, TriggerSource, TriggersMoved,
};

use crate::accounts::Account;
use crate::limits::{GONE_TRIGGERS_MAX, GONE_TRIGGERS_PER_ACCOUNT_MAX};
use crate::stream::Touched;
use crate::view::View;

/// Where a trigger is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerState {
    /// It waits for its price.
    Waiting,
    /// It has fired, and this order was born.
    Triggered(OrderId),
    /// It is gone without an order.
    Closed(TriggerEnd),
}

/// A trigger with everything that its owner may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its id.
    pub id: TriggerId,
    /// As it was asked or amended last.
    pub terms: PlaceTrigger,
    /// Of a trailing stop, the best price since it was placed.
    pub best: Option<TriggerLevel>,
    /// When it was placed.
    pub created: At,
    /// When it last changed. That a trailing stop follows is no change.
    pub updated: At,
    /// The entry that last changed it.
    pub change: Seq,
    /// Its owner has amended it.
    pub replaced: bool,
    /// Where it is in its life.
    pub state: TriggerState,
}

impl Trigger {
    /// Where it fires; of a trailing stop, as of now.
    pub fn level(&self) -> TriggerLevel {
        let PlaceTrigger { kind, level, order } = &self.terms;
        self.best.map_or(*level, |best| level.behind(best, kind.way(order.side)))
    }

    /// Whose.
    pub fn account(&self) -> AccountId {
        self.terms.order.account
    }

    /// Where.
    pub fn instrument(&self) -> InstrumentId {
        self.terms.order.instrument
    }
}

/// All triggers that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Triggers {
    pub(crate) waiting: BTreeMap<TriggerId, Box<Trigger>>,
    pub(crate) gone: BTreeMap<TriggerId, Box<Trigger>>,
    pub(crate) gone_in_order: VecDeque<TriggerId>,
    /// Trailing stops that wait, by the price that they follow.
    trailing: BTreeMap<(InstrumentId, TriggerSource), BTreeSet<TriggerId>>,
}

impl Triggers {
    pub(crate) fn get(&self, id: TriggerId) -> Option<&Trigger> {
        self.waiting.get(&id).or_else(|| self.gone.get(&id)).map(AsRef::as_ref)
    }

    /// Takes in one that waits.
    pub(crate) fn wait(&mut self, trigger: Trigger) {
        if trigger.terms.kind == TriggerKind::Trailing {
            self.trailing.entry(followed(&trigger)).or_default().insert(trigger.id);
        }
        self.waiting.insert(trigger.id, Box::new(trigger));
    }

    /// Trailing stops of a side follow a price that is better than their best.
    fn follow(&mut self, moved: &TriggersMoved) {
        let TriggersMoved { instrument, side, best } = *moved;
        let Some(followers) = self.trailing.get(&(instrument, best.source())) else { return };
        for id in followers {
            let Some(trigger) = self.waiting.get_mut(id) else { continue };
            let way = trigger.terms.kind.way(side);
            let is_better = |known: &TriggerLevel| match way {
                types::TriggerWay::Falling => known.number() < best.number(),
                types::TriggerWay::Rising => best.number() < known.number(),
            };
            if trigger.terms.order.side == side && trigger.best.as_ref().is_some_and(is_better) {
                trigger.best = Some(best);
            }
        }
    }

    fn take(&mut self, id: TriggerId) -> Option<Box<Trigger>> {
        let trigger = self.waiting.remove(&id)?;
        let key = followed(&trigger);
        if let Some(followers) = self.trailing.get_mut(&key) {
            followers.remove(&id);
            if followers.is_empty() {
                self.trailing.remove(&key);
            }
        }
        Some(trigger)
    }

    /// Takes in one that is gone. What is forgotten for it is returned by id and account; triggers
    /// that the same entry closed are kept, so that they can be shown.
    pub(crate) fn keep(&mut self, trigger: Box<Trigger>) -> Option<(TriggerId, AccountId)> {
        let (id, now) = (trigger.id, trigger.change);
        self.gone.insert(id, trigger);
        self.gone_in_order.push_back(id);
        if self.gone_in_order.len() <= GONE_TRIGGERS_MAX {
            return None;
        }
        let oldest = *self.gone_in_order.front()?;
        if self.gone.get(&oldest).is_some_and(|trigger| trigger.change == now) {
            return None;
        }
        self.gone_in_order.pop_front();
        let forgotten = self.gone.remove(&oldest)?;
        Some((oldest, forgotten.account()))
    }
}

fn followed(trigger: &Trigger) -> (InstrumentId, TriggerSource) {
    (trigger.instrument(), trigger.terms.level.source())
}

impl View {
    pub(crate) fn triggers_changed(&mut self, event: &Event) {
        match event {
            Event::TriggerPlaced(placed) => self.trigger_placed(placed),
            Event::TriggersMoved(moved) => self.triggers.follow(moved),
            Event::Triggered { trigger, order } => {
                self.born_of = Some(*trigger);
                self.trigger_gone(*trigger, TriggerState::Triggered(*order));
            }
            Event::TriggerClosed { trigger, end } => {
                self.trigger_gone(*trigger, TriggerState::Closed(end.clone()));
            }
            _ => {}
        }
    }

    fn trigger_placed(&mut self, placed: &TriggerPlaced) {
        let TriggerPlaced { trigger: id, terms, best, amended } = placed;
        let (seq, at, account) = (self.seq, self.at, terms.order.account);
        let known = self.triggers.take(*id);
        if let (None, Some(client)) = (&known, &terms.order.client_order_id) {
            let order = OrderId::of_trigger(*id);
            self.account_mut(account).client_orders.insert(client.clone(), order);
            self.client_ids.push_back((at, account, client.clone()));
        }
        self.account_mut(account).triggers.insert(*id);
        self.recorder.touch(account, Touched::Trigger(*id));
        self.triggers.wait(Trigger {
            id: *id,
            terms: terms.clone(),
            best: *best,
            created: known.map_or(at, |known| known.created),
            updated: at,
            change: seq,
            replaced: *amended,
            state: TriggerState::Waiting,
        });
    }

    fn trigger_gone(&mut self, id: TriggerId, state: TriggerState) {
        let (change, updated) = (self.seq, self.at);
        let gone = self.triggers.take(id).expect("events name triggers that wait");
        let owner = gone.account();
        self.recorder.touch(owner, Touched::Trigger(id));
        let gone = Trigger { change, updated, state, ..*gone };
        let forgotten = self.triggers.keep(Box::new(gone));
        let account = self.account_mut(owner);
        account.triggers.remove(&id);
        account.gone_triggers.push_back(id);
        if let Some((id, account)) = forgotten {
            let gone = &mut self.account_mut(account).gone_triggers;
            if gone.front() == Some(&id) {
                gone.pop_front();
            }
        }
        self.trim_triggers(owner);
    }

    /// Forgets the oldest gone triggers of an account, unless this entry closed them.
    fn trim_triggers(&mut self, account: AccountId) {
        let now = self.seq;
        while GONE_TRIGGERS_PER_ACCOUNT_MAX < self.account_mut(account).gone_triggers.len() {
            let Some(&oldest) = self.account_mut(account).gone_triggers.front() else { return };
            if self.triggers.gone.get(&oldest).is_some_and(|trigger| trigger.change == now) {
                return;
            }
            self.triggers.gone.remove(&oldest);
            self.account_mut(account).gone_triggers.pop_front();
        }
    }

    /// A trigger that waits or went not long ago.
    pub fn trigger(&self, id: TriggerId) -> Option<&Trigger> {
        self.triggers.get(id)
    }

    /// Triggers of an account that wait, oldest first.
    pub fn waiting_triggers(
        &self,
        account: AccountId,
    ) -> impl DoubleEndedIterator<Item = &Trigger> {
        let ids = self.account(account).map(|account| account.triggers.iter());
        ids.into_iter().flatten().filter_map(|id| self.triggers.get(*id))
    }

    /// Triggers of an account that went not long ago, the last one first.
    pub fn gone_triggers(&self, account: AccountId) -> impl Iterator<Item = &Trigger> {
        let ids = self.account(account).map(|account| account.gone_triggers.iter().rev());
        ids.into_iter().flatten().filter_map(|id| self.triggers.get(*id))
    }

    /// Puts a trigger of a snapshot back; `None` if it contradicts what is there.
    pub(crate) fn restore_trigger(&mut self, trigger: Trigger) -> Option<()> {
        let id = trigger.id;
        let is_trailing = trigger.terms.kind == TriggerKind::Trailing;
        if self.triggers.get(id).is_some() || is_trailing != trigger.best.is_some() {
            return None;
        }
        self.instrument(trigger.instrument())?;
        let owner = self.account_if_any(trigger.account())?;
        match trigger.state {
            TriggerState::Waiting => {
                owner.triggers.insert(id);
                self.triggers.wait(trigger);
            }
            TriggerState::Triggered(_) | TriggerState::Closed(_) => {
                owner.gone_triggers.push_back(id);
                self.triggers.gone_in_order.push_back(id);
                self.triggers.gone.insert(id, Box::new(trigger));
            }
        }
        Some(())
    }

    /// What a snapshot holds of triggers: those that wait, then those that are gone, oldest first.
    pub(crate) fn triggers_to_keep(&self) -> Vec<&Trigger> {
        let gone = self.triggers.gone_in_order.iter().filter_map(|id| self.triggers.gone.get(id));
        self.triggers.waiting.values().chain(gone).map(AsRef::as_ref).collect()
    }
}

impl Account {
    /// How many triggers of it wait.
    pub fn n_triggers(&self) -> usize {
        self.triggers.len()
    }
}
