//! All waiting triggers, and the orders in which they are looked for.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use types::{
    AccountId, At, InstrumentId, PlaceTrigger, SessionId, TriggerId, TriggerKind, TriggerSource,
    TriggerWay,
};

use super::queue::{Queue, Reach};

/// A trigger that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    pub terms: PlaceTrigger,
    /// When its day is over, if it waits for no longer.
    pub ends_at: Option<At>,
}

/// What a queue is of: a source, a way, and whether what is born may only reduce.
pub(crate) type QueueKey = (TriggerSource, TriggerWay, bool);

/// The triggers of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Triggers {
    waiting: BTreeMap<TriggerId, Box<Trigger>>,
    queues: BTreeMap<InstrumentId, BTreeMap<QueueKey, Queue>>,
    by_account: BTreeSet<(AccountId, TriggerId)>,
    by_session: BTreeSet<(SessionId, TriggerId)>,
    by_end: BTreeSet<(At, TriggerId)>,
    /// Triggers so far.
    pub n_placed: u64,
    /// Instruments whose prices have moved in this entry.
    pub stirred: BTreeSet<InstrumentId>,
    /// Instruments for which earlier entries had no time.
    pub left: BTreeSet<InstrumentId>,
}

/// Which trail, as the root and a snapshot have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrailKey {
    pub instrument: InstrumentId,
    pub queue: QueueKey,
    pub from: TriggerId,
}

impl Trigger {
    pub fn instrument(&self) -> InstrumentId {
        self.terms.order.instrument
    }

    pub fn way(&self) -> TriggerWay {
        self.terms.kind.way(self.terms.order.side)
    }

    pub fn queue(&self) -> QueueKey {
        (self.terms.level.source(), self.way(), self.terms.order.reduce_only)
    }

    /// How far the price must come, if it does not trail.
    pub fn reach(&self) -> Reach {
        Reach::of(self.terms.level, self.way())
    }

    pub fn is_trailing(&self) -> bool {
        self.terms.kind == TriggerKind::Trailing
    }
}

impl Triggers {
    /// No price that moves concerns anybody.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many wait.
    pub fn len(&self) -> u32 {
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)
    }

    pub fn get(&self, id: TriggerId) -> Option<&Trigger> {
        self.waiting.get(&id).map(AsRef::as_ref)
    }

    pub fn iter(&self) -> impl Iterator<Item = (TriggerId, &Trigger)> {
        self.waiting.iter().map(|(id, trigger)| (*id, trigger.as_ref()))
    }

    /// The triggers of an account, oldest first.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = (TriggerId, &Trigger)> {
        let range = (account, TriggerId(0))..=(account, TriggerId(u64::MAX));
        self.by_account.range(range).filter_map(|(_, id)| Some((*id, self.get(*id)?)))
    }

    /// The triggers of connections, by connection and then by age.
    pub fn of_sessions(&self, sessions: &RangeInclusive<SessionId>) -> Vec<TriggerId> {
        if sessions.is_empty() {
            return Vec::new();
        }
        let range = (*sessions.start(), TriggerId(0))..=(*sessions.end(), TriggerId(u64::MAX));
        self.by_session.range(range).map(|(_, id)| *id).collect()
    }

    /// The triggers whose day ends at `at` or before.
    pub fn ended(&self, at: At) -> Vec<TriggerId> {
        self.by_end.range(..=(at, TriggerId(u64::MAX))).map(|(_, id)| *id).collect()
    }

    /// The triggers of an instrument, oldest first.
    pub fn of_instrument(&self, instrument: InstrumentId) -> Vec<TriggerId> {
        let mut ids: Vec<_> = self.queues(instrument).flat_map(|(_, queue)| queue.ids()).collect();
        ids.sort_unstable();
        ids
    }

    /// The instruments that triggers wait in.
    pub fn instruments(&self) -> impl Iterator<Item = InstrumentId> {
        self.queues.keys().copied()
    }

    pub fn has(&self, instrument: InstrumentId) -> bool {
        self.queues.contains_key(&instrument)
    }

    /// The queues of an instrument, by source, way and whether they may only reduce.
    pub fn queues(&self, instrument: InstrumentId) -> impl Iterator<Item = (&QueueKey, &Queue)> {
        self.queues.get(&instrument).into_iter().flatten()
    }

    pub fn queue_mut(&mut self, instrument: InstrumentId, key: QueueKey) -> &mut Queue {
        self.queues.entry(instrument).or_default().entry(key).or_default()
    }

    /// Every trail and its best price.
    pub fn trails(&self) -> impl Iterator<Item = (TrailKey, Reach)> {
        self.all_queues().flat_map(|(instrument, queue, trails)| {
            let key = move |from| TrailKey { instrument, queue, from };
            trails.trails().map(move |(from, best)| (key(from), best))
        })
    }

    pub fn all_queues(&self) -> impl Iterator<Item = (InstrumentId, QueueKey, &Queue)> {
        self.queues.iter().flat_map(|(instrument, queues)| {
            queues.iter().map(|(key, queue)| (*instrument, *key, queue))
        })
    }

    /// The best price that a trailing stop has seen.
    pub fn best_of(&self, id: TriggerId, trigger: &Trigger) -> Option<Reach> {
        let queue = self.queues.get(&trigger.instrument())?.get(&trigger.queue())?;
        queue.best_of(id).filter(|_| trigger.is_trailing())
    }

    /// Enters a trigger; the trail of a trailing stop is there.
    pub fn insert(&mut self, id: TriggerId, trigger: Trigger) {
        let order = &trigger.terms.order;
        self.by_account.insert((order.account, id));
        self.by_session.extend(order.session.map(|session| (session, id)));
        self.by_end.extend(trigger.ends_at.map(|end| (end, id)));
        let (distance, reach) = (trigger.terms.level.number(), trigger.reach());
        let queue = self.queue_mut(trigger.instrument(), trigger.queue());
        match trigger.is_trailing() {
            true => queue.join(id, distance),
            false => queue.insert(reach, id),
        }
        self.waiting.insert(id, Box::new(trigger));
    }

    /// Takes a trigger out. Returns it, and the trail that is over with it.
    pub fn remove(&mut self, id: TriggerId) -> Option<(Trigger, Option<(TriggerId, Reach)>)> {
        let trigger = *self.waiting.remove(&id)?;
        let order = &trigger.terms.order;
        self.by_account.remove(&(order.account, id));
        if let Some(session) = order.session {
            self.by_session.remove(&(session, id));
        }
        if let Some(end) = trigger.ends_at {
            self.by_end.remove(&(end, id));
        }
        let (distance, reach) = (trigger.terms.level.number(), trigger.reach());
        let queue = self.queue_mut(trigger.instrument(), trigger.queue());
        let mut over = None;
        match trigger.is_trailing() {
            true => over = queue.leave(id, distance),
            false => queue.remove(reach, id),
        }
        self.forget_empty(&trigger);
        Some((trigger, over))
    }

    /// Gives a trigger other terms of the same queue.
    pub fn replace(&mut self, id: TriggerId, new: Trigger) {
        let Some(old) = self.waiting.insert(id, Box::new(new.clone())) else {
            return;
        };
        if let Some(end) = old.ends_at {
            self.by_end.remove(&(end, id));
        }
        self.by_end.extend(new.ends_at.map(|end| (end, id)));
        let queue = self.queue_mut(new.instrument(), new.queue());
        match new.is_trailing() {
            true => queue.change_distance(id, old.terms.level.number(), new.terms.level.number()),
            false => {
                queue.remove(old.reach(), id);
                queue.insert(new.reach(), id);
            }
        }
    }

    fn forget_empty(&mut self, gone: &Trigger) {
        let instrument = gone.instrument();
        let Some(queues) = self.queues.get_mut(&instrument) else {
            return;
        };
        queues.retain(|_, queue| !queue.is_empty());
        if queues.is_empty() {
            self.queues.remove(&instrument);
        }
    }
}
