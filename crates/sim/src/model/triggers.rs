//! `TRIGGER-REACHED`: a trigger fires once, only when the price that it watches has got there, only
//! in an open market, and gives birth to the order that it promised (TRG-1, TRG-5, TRG-6, TRG-12;
//! docs/rules/triggers.md). What was cancelled never fires. A trailing stop follows the best price.
//! One that would fire at once is not placed.
//!
//! `TRIGGER-DUE`: after a tick no trigger of a future waits whose price is there and good enough.
//!
//! It does not see triggers of options, nor under an index without a feed, that wait too long.

use std::collections::HashMap;

use types::{
    AccountId, CancelReason, Command, Entry, InstrumentId, MarketState, OrderId, OrderPlaced, Side,
    TriggerEnd, TriggerId, TriggerKind, TriggerLevel, TriggerPlaced, TriggerSource, TriggerWay,
    TriggersMoved,
};

use super::gate::Gate;
use super::state::{State, label_of};
use super::{Check, hold};

pub(crate) const DUE: &str = "TRIGGER-DUE";
pub(crate) const REACHED: &str = "TRIGGER-REACHED";
/// Triggers that are looked at after a tick.
const LOOKED_MAX: usize = 4_096;
/// TRG-6.
const FIRED_MAX: u32 = 64;

/// A trigger that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trigger {
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub kind: TriggerKind,
    pub side: Side,
    pub label: u64,
    level: TriggerLevel,
    /// Of a trailing stop, the best price since it was placed.
    best: Option<TriggerLevel>,
    reduce_only: bool,
}

/// All that wait.
#[derive(Debug, Default)]
pub(crate) struct Triggers {
    waiting: HashMap<TriggerId, Trigger>,
    by_account: HashMap<AccountId, Vec<TriggerId>>,
    trailing: HashMap<InstrumentId, Vec<TriggerId>>,
    n_placed: u64,
    /// What has fired last, and the order that must be placed next.
    born: Option<(Trigger, OrderId)>,
    born_now: Vec<OrderId>,
    n_fired: u32,
}

impl Trigger {
    /// The price that it watches.
    pub fn source(&self) -> TriggerSource {
        self.level.source()
    }

    /// Where it fires now.
    fn stands_at(&self) -> TriggerLevel {
        let way = self.kind.way(self.side);
        self.best.map_or(self.level, |best| self.level.behind(best, way))
    }

    fn is_reached(&self, now: TriggerLevel) -> bool {
        let (level, now) = (self.stands_at().number(), now.number());
        match self.kind.way(self.side) {
            TriggerWay::Falling => now <= level,
            TriggerWay::Rising => level <= now,
        }
    }
}

/// The price of a source; `None` before the first one.
fn price_of(state: &State, trigger: &Trigger) -> Result<Option<TriggerLevel>, crate::Violation> {
    let market = state.market(trigger.instrument)?;
    let level = match trigger.level.source() {
        TriggerSource::Index => TriggerLevel::Index(state.index_price(market)),
        TriggerSource::Mark => TriggerLevel::Mark(market.mark),
        TriggerSource::Last => TriggerLevel::Last(market.last),
    };
    Ok((level.number() != 0).then_some(level))
}

impl Triggers {
    pub fn get(&self, id: TriggerId) -> Option<&Trigger> {
        self.waiting.get(&id)
    }

    /// Those of an account.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = (TriggerId, &Trigger)> {
        let ids = self.by_account.get(&account).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.waiting.get(id)?)))
    }

    /// Whether an order was born in this entry.
    pub fn is_born_now(&self, order: OrderId) -> bool {
        self.born_now.contains(&order)
    }

    /// A trigger waits, or waits on other terms.
    pub fn placed(&mut self, state: &State, placed: &TriggerPlaced) -> Check {
        let (id, order) = (placed.trigger, &placed.terms.order);
        let trigger = Trigger {
            account: order.account,
            instrument: order.instrument,
            kind: placed.terms.kind,
            side: order.side,
            label: label_of(&order.label),
            level: placed.terms.level,
            best: placed.best,
            reduce_only: order.reduce_only,
        };
        let now = price_of(state, &trigger)?;
        let is_due = now.is_some_and(|now| trigger.is_reached(now));
        hold!(!is_due, REACHED, "trigger {id} is placed at {:?}, which {now:?} is", placed.terms);
        if placed.amended {
            return self.amended(id, trigger);
        }
        self.n_placed += 1;
        let next = self.n_placed;
        hold!(id.0 == next, REACHED, "trigger {id} is placed where {next} is next");
        if trigger.kind == TriggerKind::Trailing {
            hold!(placed.best == now, REACHED, "{id} begins at {:?}, not {now:?}", placed.best);
            self.trailing.entry(trigger.instrument).or_default().push(id);
        }
        self.by_account.entry(trigger.account).or_default().push(id);
        self.waiting.insert(id, trigger);
        Ok(())
    }

    fn amended(&mut self, id: TriggerId, new: Trigger) -> Check {
        let Some(old) = self.waiting.get_mut(&id) else {
            hold!(false, REACHED, "trigger {id} is amended, and does not wait");
            return Ok(());
        };
        let stays = |one: &Trigger| {
            (one.account, one.instrument, one.kind, one.side, one.level.source(), one.best)
        };
        hold!(
            stays(old) == stays(&new),
            REACHED,
            "trigger {id} was {old:?}, and is amended to {new:?}"
        );
        *old = new;
        Ok(())
    }

    /// TRG-5: trailing stops follow.
    pub fn moved(&mut self, state: &State, moved: &TriggersMoved) -> Check {
        let TriggersMoved { instrument, side, best } = *moved;
        let mut is_any = false;
        for id in self.trailing.get(&instrument).into_iter().flatten() {
            let Some(trigger) = self.waiting.get_mut(id) else {
                continue;
            };
            if trigger.side != side || trigger.level.source() != best.source() {
                continue;
            }
            let now = price_of(state, trigger)?;
            hold!(now == Some(best), REACHED, "trailing stops follow {best}, it is {now:?}");
            let known = trigger.best.map_or(0, TriggerLevel::number);
            let is_better = match trigger.kind.way(side) {
                TriggerWay::Falling => known < best.number(),
                TriggerWay::Rising => best.number() < known,
            };
            if is_better {
                trigger.best = Some(best);
                is_any = true;
            }
        }
        hold!(is_any, REACHED, "trailing stops of {instrument} follow {best}, and none is behind");
        Ok(())
    }

    /// A trigger has fired. What it may fire by is for the gate to say.
    pub fn fired(
        &mut self,
        state: &State,
        id: TriggerId,
        order: OrderId,
    ) -> Result<Trigger, crate::Violation> {
        let trigger = self.check_fires(state, id)?;
        self.born = Some((trigger, order));
        self.born_now.push(order);
        Ok(trigger)
    }

    fn check_fires(&mut self, state: &State, id: TriggerId) -> Result<Trigger, crate::Violation> {
        let born = self.born;
        hold!(born.is_none(), REACHED, "{id} fires before the order of {born:?} is placed");
        let trigger = self.take(id)?;
        let now = price_of(state, &trigger)?;
        hold!(
            now.is_some_and(|now| trigger.is_reached(now)),
            REACHED,
            "trigger {id} fires at {now:?}: it waits for {:?}, {trigger:?}",
            trigger.stands_at()
        );
        let market = state.market(trigger.instrument)?;
        let is_open = market.state == MarketState::Open && !market.is_expired(state.at);
        hold!(is_open, REACHED, "trigger {id} fires in a market that is {:?}", market.state);
        self.n_fired += 1;
        let n_fired = self.n_fired;
        hold!(n_fired <= FIRED_MAX, REACHED, "{n_fired} triggers fire in one entry");
        Ok(trigger)
    }

    /// A trigger is gone, and no order was born.
    pub fn closed(
        &mut self,
        state: &State,
        entry: &Entry,
        id: TriggerId,
        end: &TriggerEnd,
    ) -> Check {
        if matches!(end, TriggerEnd::Refused(_)) {
            return self.check_fires(state, id).map(drop);
        }
        let trigger = self.take(id)?;
        if *end == TriggerEnd::Cancelled(CancelReason::Asked) {
            let asker = match &entry.command {
                Command::CancelOrder { account, .. } | Command::CancelOrders { account, .. } => {
                    Some(*account)
                }
                _ => None,
            };
            hold!(
                asker == Some(trigger.account),
                REACHED,
                "trigger {id} of {} is cancelled as asked by {asker:?}",
                trigger.account
            );
        }
        Ok(())
    }

    fn take(&mut self, id: TriggerId) -> Result<Trigger, crate::Violation> {
        let Some(trigger) = self.waiting.remove(&id) else {
            let words = format!("trigger {id} fires or closes, and does not wait");
            return Err(crate::Violation::new(REACHED, words));
        };
        if let Some(own) = self.by_account.get_mut(&trigger.account) {
            own.retain(|other| *other != id);
        }
        if trigger.kind == TriggerKind::Trailing
            && let Some(here) = self.trailing.get_mut(&trigger.instrument)
        {
            here.retain(|other| *other != id);
        }
        Ok(trigger)
    }

    /// An order is placed; says whether it is what a trigger has just given birth to.
    pub fn is_birth(&mut self, placed: &OrderPlaced) -> Result<bool, crate::Violation> {
        let Some((trigger, order)) = self.born.take() else {
            return Ok(false);
        };
        let told = (placed.order, placed.account, placed.instrument, placed.side);
        let due = (order, trigger.account, trigger.instrument, trigger.side);
        hold!(
            told == due && placed.reduce_only == trigger.reduce_only,
            REACHED,
            "{told:?} is placed where a trigger gave birth to {due:?}"
        );
        Ok(true)
    }

    /// TRG-5, TRG-6, after a tick, which looks at everything under a feed: nothing waits whose
    /// price is there and may be acted by, and trailing stops have seen the price of now.
    pub fn check_due(&self, state: &State, gate: &Gate) -> Check {
        if FIRED_MAX <= self.n_fired {
            return Ok(());
        }
        for (id, trigger) in self.waiting.iter().take(LOOKED_MAX) {
            let market = state.market(trigger.instrument)?;
            if !gate.is_fed(market.index) {
                continue;
            }
            let Some(now) = price_of(state, trigger)? else {
                continue;
            };
            let way = trigger.kind.way(trigger.side);
            let is_behind = trigger.best.is_some_and(|best| match way {
                TriggerWay::Falling => best.number() < now.number(),
                TriggerWay::Rising => now.number() < best.number(),
            });
            hold!(!is_behind, DUE, "trailing stop {id} has not followed to {now:?}: {trigger:?}");
            // Of an option its volatilities would have to be good too.
            let is_open = market.state == MarketState::Open && !market.is_expired(state.at);
            if !is_open || market.is_option() {
                continue;
            }
            let is_fit = match (trigger.reduce_only, trigger.source()) {
                (false, _) => gate.is_good(market.index, state.at, false),
                (true, TriggerSource::Last) => true,
                (true, _) => gate.may_fund(market.index, state.at),
            };
            let is_due = is_fit && trigger.is_reached(now);
            hold!(!is_due, DUE, "trigger {id} waits, its price is there: {now:?}, {trigger:?}");
        }
        Ok(())
    }

    /// What holds after every entry.
    pub fn end(&mut self) -> Check {
        let born = self.born;
        hold!(born.is_none(), REACHED, "the order of {born:?} is not placed");
        self.born_now.clear();
        self.n_fired = 0;
        Ok(())
    }
}
