//! Trigger orders: orders that are born when a price gets somewhere (docs/rules/triggers.md).

use alloc::boxed::Box;
use core::fmt;

use crate::{
    AmendOrder, CancelReason, IndexPrice, InstrumentId, PlaceOrder, Reject, Side, Ticks, TriggerId,
};

/// Which way a trigger waits for its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// A sale fires at its price or below, a purchase at it or above.
    Stop,
    /// A sale fires at its price or above, a purchase at it or below.
    Take,
    /// A stop whose price stays a distance behind the best price since it was placed.
    Trailing,
}

/// Which price a trigger watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerSource {
    /// The index of the instrument.
    Index,
    /// The mark of the instrument.
    Mark,
    /// The last trade of the instrument.
    Last,
}

/// A price of a source, or a distance between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerLevel {
    /// Of the index, in hundred-millionths of its quote.
    Index(IndexPrice),
    /// Of the mark, in ticks of the instrument.
    Mark(Ticks),
    /// Of the last trade, in ticks of the instrument.
    Last(Ticks),
}

/// An order that is to be born when a price gets somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceTrigger {
    /// Which way it waits.
    pub kind: TriggerKind,
    /// Where it fires; of a trailing stop, how far it stays behind the best price.
    pub level: TriggerLevel,
    /// The order that is born. Its client order id names the trigger, and its `valid_until` ends
    /// the command, not the waiting.
    pub order: PlaceOrder,
}

/// A change of a waiting trigger. What is `None` stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmendTrigger {
    /// Which, by the id that [`OrderId::of_trigger`](crate::OrderId::of_trigger) makes of it, and
    /// what changes of the order that is born.
    pub order: AmendOrder,
    /// Its new price or distance, of the same source.
    pub level: Option<TriggerLevel>,
}

/// Which of an account's orders a cancel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderFamily {
    /// Those on a book.
    Resting,
    /// Triggers that wait.
    Triggers,
    /// Of these, stops.
    Stops,
    /// Of these, takes.
    Takes,
    /// Of these, trailing stops.
    TrailingStops,
}

/// A trigger that waits, as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerPlaced {
    /// Its id.
    pub trigger: TriggerId,
    /// What was asked; of the order, without its `valid_until`.
    pub terms: PlaceTrigger,
    /// Of a trailing stop, the best price since it was placed.
    pub best: Option<TriggerLevel>,
    /// It waited before, on other terms.
    pub amended: bool,
}

/// Trailing stops of one instrument, source and side follow a price that is better than any since
/// they were placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggersMoved {
    /// Where.
    pub instrument: InstrumentId,
    /// The side of the orders that are born.
    pub side: Side,
    /// The price, which is the best price of each of them whose best price was worse.
    pub best: TriggerLevel,
}

/// Why a trigger is gone without an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerEnd {
    /// It was cancelled.
    Cancelled(CancelReason),
    /// It fired, and its order was refused.
    Refused(Box<Reject>),
}

/// Which way a price must go for a trigger to fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerWay {
    /// Down: it fires at its price or below.
    Falling,
    /// Up: it fires at its price or above.
    Rising,
}

impl TriggerKind {
    /// Which way the price must go for an order of `side`.
    pub fn way(self, side: Side) -> TriggerWay {
        match (self, side) {
            (TriggerKind::Stop | TriggerKind::Trailing, Side::Ask)
            | (TriggerKind::Take, Side::Bid) => TriggerWay::Falling,
            (TriggerKind::Stop | TriggerKind::Trailing, Side::Bid)
            | (TriggerKind::Take, Side::Ask) => TriggerWay::Rising,
        }
    }

    /// Whether a cancel of `family` is for triggers of this kind.
    pub fn is_of(self, family: OrderFamily) -> bool {
        match family {
            OrderFamily::Resting => false,
            OrderFamily::Triggers => true,
            OrderFamily::Stops => self == TriggerKind::Stop,
            OrderFamily::Takes => self == TriggerKind::Take,
            OrderFamily::TrailingStops => self == TriggerKind::Trailing,
        }
    }
}

impl TriggerLevel {
    /// Of what it is a price.
    pub fn source(self) -> TriggerSource {
        match self {
            TriggerLevel::Index(_) => TriggerSource::Index,
            TriggerLevel::Mark(_) => TriggerSource::Mark,
            TriggerLevel::Last(_) => TriggerSource::Last,
        }
    }

    /// Its number, in the unit of its source.
    pub fn number(self) -> u64 {
        match self {
            TriggerLevel::Index(price) => price.0,
            TriggerLevel::Mark(price) | TriggerLevel::Last(price) => u64::from(price.0),
        }
    }

    /// The highest level of a source.
    pub fn highest(source: TriggerSource) -> TriggerLevel {
        match source {
            TriggerSource::Index => TriggerLevel::Index(IndexPrice::MAX),
            TriggerSource::Mark => TriggerLevel::Mark(Ticks::MAX),
            TriggerSource::Last => TriggerLevel::Last(Ticks::MAX),
        }
    }

    /// The level of this source with another number; what is beyond the highest becomes that.
    pub fn with_number(self, number: u64) -> TriggerLevel {
        let ticks = || Ticks(u32::try_from(number).unwrap_or(u32::MAX)).min(Ticks::MAX);
        match self {
            TriggerLevel::Index(_) => TriggerLevel::Index(IndexPrice(number).min(IndexPrice::MAX)),
            TriggerLevel::Mark(_) => TriggerLevel::Mark(ticks()),
            TriggerLevel::Last(_) => TriggerLevel::Last(ticks()),
        }
    }

    /// Where a trailing stop of this distance fires when `best` is the best price: below it if the
    /// price must fall, at zero at least.
    pub fn behind(self, best: TriggerLevel, way: TriggerWay) -> TriggerLevel {
        let (best, distance) = (best.number(), self.number());
        self.with_number(match way {
            TriggerWay::Falling => best.saturating_sub(distance),
            TriggerWay::Rising => best.saturating_add(distance),
        })
    }
}

impl fmt::Display for TriggerLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TriggerLevel::Index(price) => write!(f, "index price {price}"),
            TriggerLevel::Mark(price) => write!(f, "mark price {price}"),
            TriggerLevel::Last(price) => write!(f, "last price {price}"),
        }
    }
}
