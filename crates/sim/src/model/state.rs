//! What the model knows of a domain, rebuilt from events alone.
//!
//! It holds and finds; the checkers judge. Orders live in the slot that their id names, accounts
//! and markets at their number, so that nothing is searched for on the way of an order.

use std::collections::BTreeMap;

use types::{
    AccountId, AssetCode, At, IndexPrice, Instrument, InstrumentId, Label, Lots, MarginTerms,
    MarketState, MmpGroup, OrderId, OrderKind, PostOnly, SelfTradeMode, Seq, SessionId, Side,
    Ticks, TimeInForce,
};

use super::log::COHERENT;
use super::money::Money;
use super::scenarios::Scenarios;
use super::worth::Worth;
use crate::Violation;

/// A domain as the model knows it.
#[derive(Debug)]
pub(crate) struct State {
    pub decimals: u8,
    pub seq: Seq,
    pub at: At,
    /// By id; account 0 is nobody.
    pub accounts: Vec<Account>,
    pub indices: Vec<Index>,
    pub markets: Vec<Market>,
    pub orders: Orders,
    pub money: Money,
    pub scenarios: Scenarios,
    /// The order that is off the book because it was placed or amended, and neither rests nor is
    /// closed yet.
    pub taker: Option<OrderId>,
    /// Resting orders that show nothing: they are about to show more, or to close.
    pub n_empty: u32,
    pub n_priorities: u64,
    pub n_trades: u64,
    /// Instruments of which positions or clearing moved in this entry.
    pub touched: Vec<InstrumentId>,
    /// The expiry that is being settled in this entry, and its price.
    pub delivery: Option<(usize, At, IndexPrice)>,
    /// Who paid funding last, where, and how much.
    pub paid: Option<(AccountId, InstrumentId, i128)>,
    /// Positions that changed without a trade since the last step of a liquidation.
    pub closings: Vec<Closing>,
}

/// A position before it changed hands at the mark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closing {
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub before: Holding,
    /// What it paid of funding for that.
    pub funding: i128,
}

/// An account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub parent: Option<AccountId>,
    pub self_trade: SelfTradeMode,
    pub with_subaccounts: bool,
    pub is_killed: bool,
    pub is_liquidating: bool,
    pub is_portfolio: bool,
    /// Its open orders, in no order.
    pub orders: Vec<OrderId>,
    /// By instrument.
    pub holdings: Vec<(InstrumentId, Holding)>,
}

/// What an account has in an instrument.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holding {
    pub size: i64,
    pub cost: i64,
    pub n_orders: u32,
    /// Open lots of orders, by side and by whether they may only reduce.
    pub open_bid: u64,
    pub open_ask: u64,
    pub reduce_bid: u64,
    pub reduce_ask: u64,
    /// What one lot had cost in funding when this holding was settled last.
    pub funding_since: i128,
}

/// An index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub price: IndexPrice,
    pub pair: Option<(AssetCode, AssetCode)>,
    pub is_fed: bool,
}

/// A market and its book.
#[derive(Debug)]
pub(crate) struct Market {
    pub spec: Box<Instrument>,
    pub worth: Worth,
    pub index: usize,
    pub mark: Ticks,
    pub last: Ticks,
    pub state: MarketState,
    pub trade_seq: u64,
    pub is_delivered: bool,
    pub bids: Book,
    pub asks: Book,
    /// Of all positions.
    pub sum_size: i128,
    pub sum_cost: i128,
    /// Holders, who are not to be searched for when all are settled.
    pub holders: Vec<AccountId>,
    /// What the operator said of its margin and of its mark.
    pub margin: Option<MarginTerms>,
    pub clamp_ppm: Option<u32>,
    /// What one lot has cost a long in funding, in trillionths of an atom.
    pub funded: i128,
}

/// One side of a book: the first key is the first to trade.
pub(crate) type Book = BTreeMap<(u32, u64), OrderId>;

/// An open order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub id: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub price: Ticks,
    pub size: Lots,
    pub filled: Lots,
    pub displayed: Lots,
    pub display: Option<Lots>,
    pub time_in_force: TimeInForce,
    pub post_only: PostOnly,
    pub reduce_only: bool,
    pub is_market: bool,
    pub kind: OrderKind,
    pub mmp_group: Option<MmpGroup>,
    pub quote_group: Option<MmpGroup>,
    /// Zero: none.
    pub label: u64,
    pub session: Option<SessionId>,
    pub placed_at: At,
    /// Its place in the queue of its price; zero while it is off the book.
    pub priority: u64,
    /// Its place among the orders of its account.
    pub nth: u32,
}

/// Open orders by slot.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    slots: Vec<Option<Order>>,
    pub n_open: u32,
}

impl State {
    pub fn new(decimals: u8) -> State {
        State {
            decimals,
            seq: Seq(0),
            at: At(0),
            accounts: vec![Account::default()],
            indices: Vec::new(),
            markets: Vec::new(),
            orders: Orders::default(),
            money: Money::default(),
            scenarios: Scenarios::default(),
            taker: None,
            n_empty: 0,
            n_priorities: 0,
            n_trades: 0,
            touched: Vec::new(),
            delivery: None,
            closings: Vec::new(),
            paid: None,
        }
    }

    pub fn account(&self, id: AccountId) -> Result<&Account, Violation> {
        self.accounts.get(at(id.0)).filter(|_| id.0 != 0).ok_or_else(|| unknown("account", id.0))
    }

    pub fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, Violation> {
        let found = self.accounts.get_mut(at(id.0)).filter(|_| id.0 != 0);
        found.ok_or_else(|| unknown("account", id.0))
    }

    pub fn market(&self, id: InstrumentId) -> Result<&Market, Violation> {
        self.markets.get(at(id.0)).ok_or_else(|| unknown("instrument", id.0))
    }

    pub fn market_mut(&mut self, id: InstrumentId) -> Result<&mut Market, Violation> {
        self.markets.get_mut(at(id.0)).ok_or_else(|| unknown("instrument", id.0))
    }

    /// The index of this number, made if it is told for the first time.
    pub fn index_mut(&mut self, id: usize) -> &mut Index {
        if self.indices.len() <= id {
            self.indices.resize_with(id + 1, Index::default);
        }
        &mut self.indices[id]
    }

    pub fn index_price(&self, market: &Market) -> IndexPrice {
        self.indices.get(market.index).map_or(IndexPrice(0), |index| index.price)
    }

    pub fn index_of(&self, base: AssetCode, quote: AssetCode) -> Option<usize> {
        self.indices.iter().position(|index| index.pair == Some((base, quote)))
    }

    /// The open order with this id.
    pub fn order(&self, id: OrderId) -> Result<&Order, Violation> {
        self.orders.get(id).ok_or_else(|| not_open(id))
    }

    /// What an account has in an instrument; nothing if it was never told of.
    pub fn holding(&self, account: AccountId, instrument: InstrumentId) -> Holding {
        let Some(account) = self.accounts.get(at(account.0)) else {
            return Holding::default();
        };
        account.holding(instrument).map_or(Holding::default(), |nth| account.holdings[nth].1)
    }

    /// The same to change it, made if there is none.
    pub fn holding_mut(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<&mut Holding, Violation> {
        let id = account;
        let account = self.account_mut(account)?;
        let nth = match account.holdings.binary_search_by_key(&instrument, |(id, _)| *id) {
            Ok(nth) => nth,
            Err(nth) => {
                let market = self.market_mut(instrument)?;
                market.holders.push(id);
                let new = Holding { funding_since: market.funded, ..Holding::default() };
                self.account_mut(id)?.holdings.insert(nth, (instrument, new));
                nth
            }
        };
        Ok(&mut self.account_mut(id)?.holdings[nth].1)
    }

    /// The main account of a family.
    pub fn family(&self, account: AccountId) -> AccountId {
        let known = self.accounts.get(at(account.0));
        known.and_then(|known| known.parent).unwrap_or(account)
    }

    /// The self-trade group of an account: its family, if the main account chose so.
    pub fn group(&self, account: AccountId) -> AccountId {
        let family = self.family(account);
        let joined = self.accounts.get(at(family.0)).is_some_and(|main| main.with_subaccounts);
        if joined { family } else { account }
    }

    pub fn touch(&mut self, instrument: InstrumentId) {
        if !self.touched.contains(&instrument) {
            self.touched.push(instrument);
        }
    }
}

impl Account {
    pub fn holding(&self, instrument: InstrumentId) -> Option<usize> {
        self.holdings.binary_search_by_key(&instrument, |(id, _)| *id).ok()
    }
}

impl Holding {
    /// Lots that an order on `side` can take off the position.
    pub fn reducible(&self, side: Side) -> u64 {
        let reduces = match side {
            Side::Bid => self.size < 0,
            Side::Ask => 0 < self.size,
        };
        if reduces { self.size.unsigned_abs() } else { 0 }
    }

    /// Takes an order's open lots in, or out.
    pub fn count(&mut self, (side, reduces): (Side, bool), lots: Lots, is_in: bool) {
        let sum = match (side, reduces) {
            (Side::Bid, false) => &mut self.open_bid,
            (Side::Ask, false) => &mut self.open_ask,
            (Side::Bid, true) => &mut self.reduce_bid,
            (Side::Ask, true) => &mut self.reduce_ask,
        };
        let lots = u64::from(lots.0);
        *sum = if is_in { *sum + lots } else { sum.saturating_sub(lots) };
    }

    /// Lots that open orders of a side can trade: what may only reduce trades at most the position.
    pub fn tradable(&self, side: Side) -> i64 {
        let (open, reduce) = match side {
            Side::Bid => (self.open_bid, self.reduce_bid),
            Side::Ask => (self.open_ask, self.reduce_ask),
        };
        i64::try_from(open + reduce.min(self.reducible(side))).unwrap_or(i64::MAX / 2)
    }

    /// The largest position that the open orders could make of this one, either way.
    pub fn reach(&self) -> u64 {
        let up = self.size + self.tradable(Side::Bid);
        let down = self.size - self.tradable(Side::Ask);
        up.unsigned_abs().max(down.unsigned_abs())
    }
}

impl Market {
    pub fn side(&self, side: Side) -> &Book {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut Book {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    /// The first order of a side to trade, with its price.
    pub fn front(&self, side: Side) -> Option<(Ticks, OrderId)> {
        let (key, id) = self.side(side).first_key_value()?;
        Some((price_of(side, *key), *id))
    }

    pub fn is_option(&self) -> bool {
        self.spec.kind.is_option()
    }

    pub fn is_expired(&self, now: At) -> bool {
        self.spec.kind.expiry().is_some_and(|expiry| expiry <= now)
    }
}

/// Where a price and a priority stand on a side: the highest bid and the lowest ask first.
pub(crate) fn key_of(side: Side, price: Ticks, priority: u64) -> (u32, u64) {
    match side {
        Side::Bid => (u32::MAX - price.0, priority),
        Side::Ask => (price.0, priority),
    }
}

/// The price of a key.
pub(crate) fn price_of(side: Side, key: (u32, u64)) -> Ticks {
    match side {
        Side::Bid => Ticks(u32::MAX - key.0),
        Side::Ask => Ticks(key.0),
    }
}

impl Order {
    pub fn open(&self) -> Lots {
        Lots(self.size.0.saturating_sub(self.filled.0))
    }

    /// By what its holding counts it.
    pub fn way(&self) -> (Side, bool) {
        (self.side, self.reduce_only)
    }

    pub fn is_resting(&self) -> bool {
        self.priority != 0
    }

    /// What its owner allows it: to stay on the book with what does not trade at once.
    pub fn may_rest(&self) -> bool {
        super::orders::may_rest(self.time_in_force)
    }
}

impl Orders {
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.slots.get(at(id.slot()))?.as_ref().filter(|order| order.id == id)
    }

    /// One that is cancelled with this session.
    pub fn of_session(&self, session: SessionId) -> Option<OrderId> {
        let mut open = self.slots.iter().flatten();
        open.find(|order| order.session == Some(session)).map(|order| order.id)
    }

    pub fn get_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        self.slots.get_mut(at(id.slot()))?.as_mut().filter(|order| order.id == id)
    }

    /// False if another open order has this slot.
    pub fn insert(&mut self, order: Order) -> bool {
        let slot = at(order.id.slot());
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        self.n_open += 1;
        self.slots[slot].replace(order).is_none()
    }

    pub fn remove(&mut self, id: OrderId) -> Option<Order> {
        let slot = self.slots.get_mut(at(id.slot()))?;
        let found = slot.take_if(|order| order.id == id)?;
        self.n_open -= 1;
        Some(found)
    }
}

/// A label as a number, zero for none.
pub(crate) fn label_of(label: &Label) -> u64 {
    if label.is_empty() { 0 } else { super::ids::hash(label.as_str(), 1) | 1 }
}

/// A number of the domain as a place in a vector.
pub(crate) fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn unknown(what: &str, number: u32) -> Violation {
    Violation::new(COHERENT, format!("{what} {number} is told of, and was never opened"))
}

pub(crate) fn not_open(id: OrderId) -> Violation {
    Violation::new(COHERENT, format!("order {id} is told of, and is not open"))
}
