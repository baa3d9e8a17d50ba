//! The bytes of triggers.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, record};
use crate::{
    AmendTrigger, OrderFamily, PlaceTrigger, TriggerEnd, TriggerFault, TriggerKind, TriggerLevel,
    TriggerPlaced, TriggerSource, TriggerWay, TriggersMoved,
};

choice!(TriggerKind { 0 => Stop, 1 => Take, 2 => Trailing });
choice!(TriggerSource { 0 => Index, 1 => Mark, 2 => Last });
choice!(TriggerWay { 0 => Falling, 1 => Rising });
choice!(TriggerLevel { 0 => Index(price), 1 => Mark(price), 2 => Last(price) });
choice!(OrderFamily {
    0 => Resting, 1 => Triggers, 2 => Stops, 3 => Takes, 4 => TrailingStops,
});
choice!(TriggerEnd { 0 => Cancelled(reason), 1 => Refused(reject) });
choice!(TriggerFault { 0 => Unpriced, 1 => Settled });

record!(PlaceTrigger { kind, level, order });
record!(AmendTrigger { order, level });
record!(TriggerPlaced { trigger, terms, best, amended });
record!(TriggersMoved { instrument, side, best });
