//! The registry of orders: every open one by slot, and the recently closed by id.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use types::{
    AccountId, Amount, At, CancelReason, ClientOrderId, InstrumentId, Label, Lots, MmpGroup,
    OrderId, OrderKind, OrderPlaced, PostOnly, Seq, Side, Ticks, TimeInForce, TriggerId,
};

use crate::limits::CLOSED_MAX;

/// Where an order is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// It may trade.
    Open,
    /// All of it has traded.
    Filled,
    /// What was left of it was cancelled.
    Cancelled(CancelReason),
}

/// An order with everything that its owner may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// As asked.
    pub kind: OrderKind,
    /// The limit in force.
    pub price: Ticks,
    /// Its total size, what was filled included.
    pub size: Lots,
    /// What was filled.
    pub filled: Lots,
    /// Sum over its fills of ticks times lots.
    pub filled_ticks: u64,
    /// What is visible on the book now.
    pub displayed: Lots,
    /// How much shows at a time; `None`: all.
    pub display: Option<Lots>,
    /// What happens to the part that does not trade at once.
    pub time_in_force: TimeInForce,
    /// May it take?
    pub post_only: PostOnly,
    /// It never opens or turns a position.
    pub reduce_only: bool,
    /// It is under market-maker protection.
    pub mmp: bool,
    /// The group, if it is a quote.
    pub quote_group: Option<MmpGroup>,
    /// The client's label.
    pub label: Label,
    /// The client's id.
    pub client_order_id: Option<ClientOrderId>,
    /// When it was placed.
    pub created: At,
    /// When it last changed.
    pub updated: At,
    /// The entry that last changed it.
    pub change: Seq,
    /// Fees of its fills; below zero is a rebate.
    pub fee: Amount,
    /// What its fills realised.
    pub realised: Amount,
    /// Where it is in its life.
    pub state: OrderState,
    /// Its owner has amended it.
    pub replaced: bool,
    /// The venue placed it, to liquidate its account.
    pub liquidation: bool,
    /// The trigger that it was born of.
    pub trigger: Option<TriggerId>,
}

/// All orders that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) open: Vec<Option<Box<Order>>>,
    pub(crate) closed: BTreeMap<OrderId, Box<Order>>,
    pub(crate) closed_in_order: VecDeque<OrderId>,
}

impl Order {
    pub(crate) fn placed(placed: &OrderPlaced, seq: Seq, at: At) -> Order {
        Order {
            id: placed.order,
            account: placed.account,
            instrument: placed.instrument,
            side: placed.side,
            kind: placed.kind,
            price: placed.price,
            size: placed.size,
            filled: Lots::ZERO,
            filled_ticks: 0,
            displayed: Lots::ZERO,
            display: placed.display,
            time_in_force: placed.time_in_force,
            post_only: placed.post_only,
            reduce_only: placed.reduce_only,
            mmp: placed.mmp,
            quote_group: placed.quote_group,
            label: placed.label.clone(),
            client_order_id: placed.client_order_id.clone(),
            created: at,
            updated: at,
            change: seq,
            fee: Amount::ZERO,
            realised: Amount::ZERO,
            state: OrderState::Open,
            replaced: false,
            liquidation: false,
            trigger: None,
        }
    }

    /// What has not traded. For an open order it may still trade.
    pub fn open(&self) -> Lots {
        self.size.minus(self.filled)
    }

    /// True while it may trade.
    pub fn is_open(&self) -> bool {
        self.state == OrderState::Open
    }
}

impl Orders {
    pub(crate) fn get(&self, id: OrderId) -> Option<&Order> {
        self.open_one(id).or_else(|| self.closed.get(&id).map(AsRef::as_ref))
    }

    fn open_one(&self, id: OrderId) -> Option<&Order> {
        let order = self.open.get(slot(id))?.as_deref()?;
        (order.id == id).then_some(order)
    }

    pub(crate) fn open_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        let order = self.open.get_mut(slot(id))?.as_deref_mut()?;
        (order.id == id).then_some(order)
    }

    /// True if an order is open in the slot of `id`.
    pub(crate) fn is_taken(&self, id: OrderId) -> bool {
        self.open.get(slot(id)).is_some_and(Option::is_some)
    }

    pub(crate) fn insert(&mut self, order: Order) {
        let slot = slot(order.id);
        if self.open.len() <= slot {
            self.open.resize_with(slot + 1, || None);
        }
        if let Some(place) = self.open.get_mut(slot) {
            *place = Some(Box::new(order));
        }
    }

    /// Moves an order to the closed ones. What is forgotten for it is returned by id and account;
    /// orders that the entry `now` closed are kept, so that they can be shown.
    pub(crate) fn close(&mut self, id: OrderId, now: Seq) -> Option<(OrderId, AccountId)> {
        let order = self.open.get_mut(slot(id))?.take()?;
        self.closed.insert(id, order);
        self.closed_in_order.push_back(id);
        if self.closed_in_order.len() <= CLOSED_MAX {
            return None;
        }
        let oldest = *self.closed_in_order.front()?;
        let change = self.closed.get(&oldest).map(|order| order.change);
        if change == Some(now) {
            return None;
        }
        self.closed_in_order.pop_front();
        let order = self.closed.remove(&oldest)?;
        Some((oldest, order.account))
    }
}

fn slot(id: OrderId) -> usize {
    usize::try_from(id.slot()).expect("a slot is below 2^22")
}
