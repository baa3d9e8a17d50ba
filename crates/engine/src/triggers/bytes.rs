//! Triggers in a snapshot and in the root. The queues follow from what is written.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader, encode_count};
use types::{IndexPrice, InstrumentId, OrderId, TriggerId, TriggerLevel};

use super::queue::Reach;
use super::waiting::{TrailKey, Trigger, Triggers};
use crate::engine::Engine;

impl Engine {
    /// What triggers have of a snapshot: their count, the trails, those that wait by rising id,
    /// and the instruments that are still to be looked at.
    pub(crate) fn encode_triggers(&self, out: &mut Vec<u8>) {
        self.triggers.n_placed.encode(out);
        let trails: Vec<(TrailKey, Reach)> = self.triggers.trails().collect();
        trails.encode(out);
        encode_count(self.triggers.iter().count(), out);
        for (id, trigger) in self.triggers.iter() {
            id.encode(out);
            trigger.encode(out);
        }
        let left: Vec<InstrumentId> = self.triggers.left.iter().copied().collect();
        left.encode(out);
    }

    pub(crate) fn decode_triggers(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let n_placed = u64::decode(reader)?;
        let trails: Vec<(TrailKey, Reach)> = Vec::decode(reader)?;
        let mut last = TriggerId(0);
        let mut waiting = Vec::new();
        for _ in 0..reader.count()? {
            let (id, trigger) = (TriggerId::decode(reader)?, Trigger::decode(reader)?);
            let is_next = last < id && id.0 <= n_placed;
            if !is_next || !self.could_wait(&trigger) {
                return Err(reader.refuse("Trigger"));
            }
            last = id;
            waiting.push((id, trigger));
        }
        let left: BTreeSet<InstrumentId> = Vec::decode(reader)?.into_iter().collect();
        let is_known = |instrument: &InstrumentId| self.markets.get(instrument.0).is_some();
        let is_counted = n_placed <= OrderId::COUNT_MAX;
        if !is_counted || !left.iter().all(is_known) {
            return Err(reader.refuse("triggers"));
        }
        let triggers = Triggers::of((n_placed, left), &trails, waiting);
        self.triggers = triggers.ok_or_else(|| reader.refuse("trails"))?;
        Ok(())
    }

    fn could_wait(&self, trigger: &Trigger) -> bool {
        let order = &trigger.terms.order;
        let level = trigger.terms.level;
        let max = TriggerLevel::highest(level.source()).number();
        self.check_account(order.account) == Ok(())
            && self.markets.get(order.instrument.0).is_some()
            && (1..=max).contains(&level.number())
            && order.valid_until.is_none()
    }
}

impl Triggers {
    /// Of trails and what waits; `None` if they do not fit each other: each trail is worse than the
    /// one before it, somebody is in it, and every trailing stop is in one.
    pub fn of(
        (n_placed, left): (u64, BTreeSet<InstrumentId>),
        trails: &[(TrailKey, Reach)],
        waiting: Vec<(TriggerId, Trigger)>,
    ) -> Option<Triggers> {
        let mut triggers = Triggers::default();
        (triggers.n_placed, triggers.left) = (n_placed, left);
        for (key, best) in trails {
            let queue = triggers.queue_mut(key.instrument, key.queue);
            let last = queue.trails().last();
            if last.is_some_and(|(from, before)| key.from <= from || *best <= before) {
                return None;
            }
            queue.open_trail(key.from, *best);
        }
        let n_waiting = waiting.len();
        waiting.into_iter().for_each(|(id, trigger)| triggers.insert(id, trigger));
        let all = triggers.all_queues();
        let n_entered: usize = all.map(|(_, _, queue)| queue.ids().count()).sum();
        let is_used = triggers.all_queues().all(|(_, _, queue)| queue.is_used());
        (n_entered == n_waiting && is_used).then_some(triggers)
    }
}

impl Codec for Trigger {
    fn encode(&self, out: &mut Vec<u8>) {
        self.terms.encode(out);
        self.ends_at.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Trigger { terms: Codec::decode(reader)?, ends_at: Codec::decode(reader)? })
    }
}

impl Codec for TrailKey {
    fn encode(&self, out: &mut Vec<u8>) {
        let (source, way, reduces) = self.queue;
        self.instrument.encode(out);
        source.encode(out);
        way.encode(out);
        reduces.encode(out);
        self.from.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let instrument = Codec::decode(reader)?;
        let queue = (Codec::decode(reader)?, Codec::decode(reader)?, Codec::decode(reader)?);
        Ok(TrailKey { instrument, queue, from: Codec::decode(reader)? })
    }
}

impl Codec for Reach {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let reach = Reach(i64::decode(reader)?);
        let fits = reach.0.unsigned_abs() <= IndexPrice::MAX.0;
        if fits { Ok(reach) } else { Err(reader.refuse("Reach")) }
    }
}
