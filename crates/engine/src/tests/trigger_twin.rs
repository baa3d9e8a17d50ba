//! Triggers the slow way: everything that waits is looked at, after every entry.

use std::collections::BTreeMap;
use std::vec::Vec;

use types::{
    Event, PlaceTrigger, TriggerId, TriggerKind, TriggerLevel, TriggerSource, TriggerWay, limits,
};

use crate::Engine;

/// What waits, as the events say it, with best prices that are found by looking at every price.
#[derive(Clone, Debug, Default)]
pub struct Twin {
    waiting: BTreeMap<TriggerId, (PlaceTrigger, Option<TriggerLevel>)>,
    /// Fired or closed with a refusal.
    pub n_fired: usize,
}

fn now(engine: &Engine, terms: &PlaceTrigger) -> Option<TriggerLevel> {
    let market = engine.markets.at(terms.order.instrument.0);
    engine.price_of(market, terms.level.source())
}

fn level(terms: &PlaceTrigger, best: Option<TriggerLevel>) -> TriggerLevel {
    let way = terms.kind.way(terms.order.side);
    best.map_or(terms.level, |best| terms.level.behind(best, way))
}

fn is_there(terms: &PlaceTrigger, level: TriggerLevel, now: TriggerLevel) -> bool {
    match terms.kind.way(terms.order.side) {
        TriggerWay::Falling => now.number() <= level.number(),
        TriggerWay::Rising => level.number() <= now.number(),
    }
}

fn better(way: TriggerWay, one: TriggerLevel, other: TriggerLevel) -> TriggerLevel {
    let number = match way {
        TriggerWay::Falling => one.number().max(other.number()),
        TriggerWay::Rising => one.number().min(other.number()),
    };
    one.with_number(number)
}

impl Twin {
    /// Of what waits now.
    pub fn of(engine: &Engine) -> Twin {
        let mut twin = Twin::default();
        for (id, trigger) in engine.triggers.iter() {
            let best = engine.triggers.best_of(id, trigger);
            let best = best.map(|best| best.level(trigger.terms.level));
            twin.waiting.insert(id, (trigger.terms.clone(), best));
        }
        twin
    }

    /// Takes in the events of an entry that was applied, and compares.
    pub fn follow(&mut self, engine: &Engine, events: &[Event]) {
        let mut fired = 0;
        for event in events {
            match event {
                Event::TriggerPlaced(placed) => {
                    self.waiting.insert(placed.trigger, (placed.terms.clone(), placed.best));
                }
                Event::TriggersMoved(moved) => self.moved(moved),
                Event::Triggered { trigger, .. } => {
                    fired += 1;
                    self.fired(engine, *trigger, events);
                }
                Event::TriggerClosed { trigger, end } => {
                    if let types::TriggerEnd::Refused(_) = end {
                        fired += 1;
                        self.fired(engine, *trigger, events);
                    } else {
                        assert!(self.waiting.remove(trigger).is_some(), "{trigger} waits not");
                    }
                }
                _ => {}
            }
        }
        self.n_fired += fired;
        let most = usize::try_from(limits::TRIGGERS_FIRED_MAX).expect("small");
        assert!(fired <= most, "TRG-6: {fired} fired with one entry");
        self.compare(engine);
        let is_refused = matches!(events, [Event::Refused(_)]);
        if !is_refused && fired < most {
            let due = self.due(engine);
            assert!(due.is_empty(), "TRG-6: {due:?} should have fired after {events:?}");
        }
    }

    fn moved(&mut self, moved: &types::TriggersMoved) {
        for (terms, best) in self.waiting.values_mut() {
            let order = &terms.order;
            let follows = (order.instrument, order.side) == (moved.instrument, moved.side)
                && terms.level.source() == moved.best.source();
            if let Some(best) = best.as_mut().filter(|_| follows) {
                *best = better(terms.kind.way(terms.order.side), *best, moved.best);
            }
        }
    }

    /// TRG-1: what has fired was due. The last price may have gone on since, by what was born.
    fn fired(&mut self, engine: &Engine, trigger: TriggerId, events: &[Event]) {
        let (terms, best) = self.waiting.remove(&trigger).expect("what fires has waited");
        let level = level(&terms, best);
        let by_last = events.iter().any(|event| match event {
            Event::Traded(traded) => {
                traded.instrument == terms.order.instrument
                    && is_there(&terms, level, TriggerLevel::Last(traded.price))
            }
            _ => false,
        });
        let is_due = match level.source() {
            TriggerSource::Last => {
                by_last || now(engine, &terms).is_some_and(|now| is_there(&terms, level, now))
            }
            TriggerSource::Index | TriggerSource::Mark => {
                now(engine, &terms).is_some_and(|now| is_there(&terms, level, now))
            }
        };
        assert!(is_due, "TRG-1: {trigger} has fired at {level}: {terms:?} {best:?}");
    }

    /// TRG-5: what waits is what waits, and has seen the best price.
    fn compare(&mut self, engine: &Engine) {
        let known: Vec<TriggerId> = engine.triggers.iter().map(|(id, _)| id).collect();
        let own: Vec<TriggerId> = self.waiting.keys().copied().collect();
        assert_eq!(known, own, "the triggers that wait");
        for (id, trigger) in engine.triggers.iter() {
            let (terms, best) = self.waiting.get(&id).expect("it was just there");
            assert_eq!(&trigger.terms, terms, "the terms of {id}");
            let seen = engine.triggers.best_of(id, trigger);
            let seen = seen.map(|seen| seen.level(terms.level));
            assert_eq!(seen, *best, "TRG-5: the best price of {id}");
            let way = terms.kind.way(terms.order.side);
            if terms.kind == TriggerKind::Trailing {
                let (now, best) = (now(engine, terms).expect("priced"), best.expect("trails"));
                assert_eq!(better(way, best, now), best, "TRG-5: {id} does not follow {now}");
            }
        }
    }

    /// What should fire.
    fn due(&self, engine: &Engine) -> Vec<TriggerId> {
        let due = self.waiting.iter().filter(|(_, (terms, best))| {
            let market = engine.markets.at(terms.order.instrument.0);
            let reduces = terms.order.reduce_only;
            let is_fit = engine.is_fit_to_fire(market, terms.level.source(), reduces);
            let level = level(terms, *best);
            let there = now(engine, terms).is_some_and(|now| is_there(terms, level, now));
            there && is_fit && engine.may_fire(market)
        });
        due.map(|(id, _)| *id).collect()
    }
}
