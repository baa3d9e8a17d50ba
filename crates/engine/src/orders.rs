//! What the engine knows about each open order beyond its place on the book, found by slot.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use types::{
    Amount, At, CancelScope, KindFilter, Label, Lots, MmpGroup, OrderFamily, OrderId, PostOnly,
    SessionId, Side, Ticks, TimeInForce,
};

use crate::holding::{Counted, Holding};
use crate::root::Digested;
use crate::table::Table;

/// No slot.
pub(crate) const NONE: u32 = u32::MAX;

/// An open order, or one that is about to match.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub id: OrderId,
    pub holding: u32,
    pub price: Ticks,
    /// Total, what was filled included.
    pub size: Lots,
    pub filled: Lots,
    /// Visible part of what is open; zero while it is off the book.
    pub displayed: Lots,
    /// Part of the holding's holds, for what is open.
    pub hold: Amount,
    /// Rises with each time an order takes its place in a queue.
    pub priority: u64,
    /// Neighbours in the list of the holding's orders, by slot.
    pub next: u32,
    pub previous: u32,
    pub extra: Option<Box<Extra>>,
    pub display: Option<Lots>,
    pub side: Side,
    pub time_in_force: TimeInForce,
    pub post_only: PostOnly,
    pub reduce_only: bool,
    pub mmp: bool,
    pub quote_group: Option<MmpGroup>,
    pub digested: Digested,
}

/// What few orders have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    pub label: Label,
    pub session: Option<SessionId>,
    /// When a good-til-day order ends.
    pub ends_at: Option<At>,
}

impl Order {
    pub fn open(&self) -> Lots {
        self.size.minus(self.filled)
    }

    /// What it counts for in its holding.
    pub fn counted(&self) -> Counted {
        let (side, reduce_only) = (self.side, self.reduce_only);
        Counted { side, reduce_only, lots: self.open(), hold: self.hold }
    }

    pub fn session(&self) -> Option<SessionId> {
        self.extra.as_ref().and_then(|extra| extra.session)
    }

    pub fn ends_at(&self) -> Option<At> {
        self.extra.as_ref().and_then(|extra| extra.ends_at)
    }

    pub fn has_label(&self, label: &Label) -> bool {
        !label.is_empty() && self.extra.as_ref().is_some_and(|extra| extra.label == *label)
    }

    /// The group whose protection covers it.
    pub fn mmp_group(&self) -> Option<MmpGroup> {
        self.quote_group.or(self.mmp.then_some(MmpGroup(0)))
    }

    /// True if `scope` takes it in, as far as the order itself tells.
    pub fn is_in(&self, scope: &CancelScope) -> bool {
        match scope {
            CancelScope::All | CancelScope::Instrument(_) | CancelScope::Kind(_) => true,
            CancelScope::Label(label) => self.has_label(label),
            CancelScope::Quotes(None) => self.quote_group.is_some(),
            CancelScope::Quotes(group) => self.quote_group == *group,
            CancelScope::Only { family, within } => {
                *family == OrderFamily::Resting && self.is_in(within)
            }
        }
    }
}

/// True if `filter` takes in an instrument that is, or is not, an option.
pub(crate) fn kind_is(filter: KindFilter, is_option: bool) -> bool {
    match filter {
        KindFilter::Option => is_option,
        KindFilter::Future => !is_option,
    }
}

/// Orders by slot, and the few that a connection or a day ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    slots: Table<Option<Order>>,
    n_open: u32,
    by_session: BTreeSet<(SessionId, OrderId)>,
    by_end: BTreeSet<(At, OrderId)>,
}

impl Orders {
    /// The order with this id, if it is open.
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.slots.get(id.slot())?.as_ref().filter(|order| order.id == id)
    }

    #[inline]
    pub fn at(&self, slot: u32) -> &Order {
        self.slots.at(slot).as_ref().expect("a slot that is held has an order")
    }

    #[inline]
    pub fn at_mut(&mut self, slot: u32) -> &mut Order {
        self.slots.at_mut(slot).as_mut().expect("a slot that is held has an order")
    }

    /// Whether a slot has an order; slots in lists of changed things may have lost theirs.
    pub fn find(&self, slot: u32) -> Option<&Order> {
        self.slots.get(slot)?.as_ref()
    }

    pub fn insert(&mut self, order: Order) {
        let slot = order.id.slot();
        self.slots.reach(slot, || None);
        let place = self.slots.at_mut(slot);
        assert!(place.is_none(), "the book gives a slot to one order at a time");
        self.by_session.extend(order.session().map(|session| (session, order.id)));
        self.by_end.extend(order.ends_at().map(|end| (end, order.id)));
        *place = Some(order);
        self.n_open += 1;
    }

    pub fn take(&mut self, slot: u32) -> Order {
        self.n_open -= 1;
        let order = self.slots.at_mut(slot).take().expect("a slot that is held has an order");
        if let Some(session) = order.session() {
            self.by_session.remove(&(session, order.id));
        }
        if let Some(end) = order.ends_at() {
            self.by_end.remove(&(end, order.id));
        }
        order
    }

    /// Orders of connections, by connection and then by age.
    pub fn of_sessions(&self, sessions: &RangeInclusive<SessionId>) -> Vec<OrderId> {
        if sessions.is_empty() {
            return Vec::new();
        }
        let range = (*sessions.start(), OrderId(0))..=(*sessions.end(), OrderId(u64::MAX));
        self.by_session.range(range).map(|(_, id)| *id).collect()
    }

    /// Orders whose day ends at `at` or before.
    pub fn ended(&self, at: At) -> Vec<OrderId> {
        self.by_end.range(..=(at, OrderId(u64::MAX))).map(|(_, id)| *id).collect()
    }

    pub fn len(&self) -> u32 {
        self.n_open
    }

    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        self.slots.iter().filter_map(|(_, order)| order.as_ref())
    }

    /// Appends an order to its holding's list, which therefore stands in the order of ids.
    pub fn link(&mut self, holding: &mut Holding, slot: u32) {
        let last = holding.last;
        let order = self.at_mut(slot);
        (order.previous, order.next) = (last, NONE);
        holding.n_orders += 1;
        if last == NONE {
            holding.first = slot;
        } else {
            self.at_mut(last).next = slot;
        }
        holding.last = slot;
    }

    /// Takes an order out of its holding's list.
    pub fn unlink(&mut self, holding: &mut Holding, slot: u32) {
        let order = self.at(slot);
        let (previous, next) = (order.previous, order.next);
        holding.n_orders -= 1;
        match previous {
            NONE => holding.first = next,
            _ => self.at_mut(previous).next = next,
        }
        match next {
            NONE => holding.last = previous,
            _ => self.at_mut(next).previous = previous,
        }
    }

    /// The orders of a holding, oldest first.
    pub fn of<'a>(&'a self, holding: &Holding) -> impl Iterator<Item = &'a Order> {
        let first = self.find(holding.first);
        core::iter::successors(first, |order| self.find(order.next))
    }

    /// The ids of the orders of a holding that `keep` keeps, oldest first.
    pub fn ids_of(&self, holding: &Holding, keep: impl Fn(&Order) -> bool) -> Vec<OrderId> {
        self.of(holding).filter(|order| keep(order)).map(|order| order.id).collect()
    }
}
