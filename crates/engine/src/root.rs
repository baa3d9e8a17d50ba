//! The state as one hash, in O(changed).
//!
//! ```text
//!   root = H("root", money root, set digest, counters)
//!   set digest   over accounts, terms, marks, indices, positions, open orders with their
//!                place in the queue, client order ids
//!   money root   the Merkle tree over balances
//! ```
//!
//! An item is taken out of the digest before it first changes and put back, as it is then, when the
//! root is asked for. What an item derives (open lots, margins, lists) is not hashed: it follows.
//! The place in the log is not part of the state, so a refused command leaves the root as it was.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use ledger::{Hash, SetDigest, hash};
use types::codec::Codec;
use types::{
    AccountId, At, ClientOrderId, FillableTerms, IndexId, InstrumentId, MarginModel, MarketState,
    OrderId, PortfolioTerms, ReopeningTerms, RiskTerms, TriggerId, Version,
};

use crate::account::Account;
use crate::engine::Engine;
use crate::halts::usual_reopening;
use crate::holding::Holding;
use crate::liquidation::{Backstop, Liquidation, USUAL_TERMS};
use crate::market::{Index, Market};
use crate::notices::Notices;
use crate::orders::Order;
use crate::prices::Reporter;
use crate::triggers::{Reach, TrailKey, Trigger};

/// Where an item stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Digested {
    /// It was never in the digest.
    #[default]
    New,
    /// It is in the digest as it is.
    In,
    /// It was taken out, or is new, and stands in the list of what must be put back.
    Out,
}

impl Digested {
    /// The item is about to change: was it in, and does it now join the list?
    fn leave(&mut self) -> (bool, bool) {
        let was = core::mem::replace(self, Digested::Out);
        (was == Digested::In, was != Digested::Out)
    }

    /// The item is put back: was it out?
    fn enter(&mut self) -> bool {
        let was = core::mem::replace(self, Digested::In);
        was != Digested::In
    }
}

/// The digest, and what must be put back into it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digests {
    set: SetDigest,
    accounts: Vec<u32>,
    markets: Vec<u32>,
    indices: Vec<u32>,
    holdings: Vec<u32>,
    orders: Vec<u32>,
    bytes: Vec<u8>,
}

impl Digests {
    pub fn add_client_order_id(&mut self, key: &(AccountId, ClientOrderId), id: OrderId, at: At) {
        self.set.add(&client_order_id_item(key, id, at));
    }

    pub fn remove_client_order_id(
        &mut self,
        key: &(AccountId, ClientOrderId),
        id: OrderId,
        at: At,
    ) {
        self.set.remove(&client_order_id_item(key, id, at));
    }

    pub fn add_reporter(&mut self, account: AccountId, reporter: &Reporter) {
        self.set.add(&reporter_item(account, reporter));
    }

    pub fn remove_reporter(&mut self, account: AccountId, reporter: &Reporter) {
        self.set.remove(&reporter_item(account, reporter));
    }

    pub fn replace_risk(&mut self, old: &RiskTerms, new: &RiskTerms) {
        if *old != USUAL_TERMS {
            self.set.remove(&item(RISK, |out| old.encode(out)));
        }
        if *new != USUAL_TERMS {
            self.set.add(&item(RISK, |out| new.encode(out)));
        }
    }

    pub fn replace_fillable(&mut self, old: Option<&FillableTerms>, new: Option<&FillableTerms>) {
        self.replace(FILLABLE, 0_u8, old, new);
    }

    pub fn replace_backstop(
        &mut self,
        account: AccountId,
        old: Option<&Backstop>,
        new: Option<&Backstop>,
    ) {
        self.replace(BACKSTOP, account, old, new);
    }

    pub fn replace_liquidation(
        &mut self,
        account: AccountId,
        old: Option<&Liquidation>,
        new: Option<&Liquidation>,
    ) {
        self.replace(LIQUIDATION, account, old, new);
    }

    /// An account that never had a fence has no item.
    pub fn replace_fence(&mut self, account: AccountId, old: Option<&u64>, new: Option<&u64>) {
        self.replace(FENCE, account, old, new);
    }

    /// A domain that goes by the first version says nothing of it.
    pub fn replace_version(&mut self, old: Version, new: Version) {
        let said = |version: &Version| *version != Version::FIRST;
        let (old, new) = (Some(old).filter(said), Some(new).filter(said));
        self.replace(VERSION, 0_u8, old.as_ref(), new.as_ref());
    }

    pub fn replace_model(
        &mut self,
        account: AccountId,
        old: Option<&MarginModel>,
        new: Option<&MarginModel>,
    ) {
        self.replace(MODEL, account, old, new);
    }

    pub fn replace_portfolio(
        &mut self,
        index: IndexId,
        old: Option<&PortfolioTerms>,
        new: Option<&PortfolioTerms>,
    ) {
        self.replace(PORTFOLIO, index, old, new);
    }

    pub fn replace_trigger(&mut self, id: TriggerId, old: Option<&Trigger>, new: Option<&Trigger>) {
        self.replace(TRIGGER, id, old, new);
    }

    pub fn replace_trail(&mut self, trail: TrailKey, old: Option<&Reach>, new: Option<&Reach>) {
        self.replace(TRAIL, trail, old, new);
    }

    /// A domain that never had a trigger has no count of them.
    pub fn replace_trigger_count(&mut self, old: u64, new: u64) {
        if old != 0 {
            self.set.remove(&item(TRIGGER_COUNT, |out| old.encode(out)));
        }
        if new != 0 {
            self.set.add(&item(TRIGGER_COUNT, |out| new.encode(out)));
        }
    }

    /// Where triggers are still to be looked at.
    pub fn replace_left(&mut self, old: &BTreeSet<InstrumentId>, new: &BTreeSet<InstrumentId>) {
        for instrument in old.difference(new) {
            self.set.remove(&item(LEFT, |out| instrument.encode(out)));
        }
        for instrument in new.difference(old) {
            self.set.add(&item(LEFT, |out| instrument.encode(out)));
        }
    }

    pub fn replace_reopening(&mut self, old: &ReopeningTerms, new: &ReopeningTerms) {
        let changed = |terms: &ReopeningTerms| *terms != usual_reopening();
        let (old, new) =
            (Some(old).filter(|old| changed(old)), Some(new).filter(|new| changed(new)));
        self.replace(REOPENING, 0_u8, old, new);
    }

    /// Takes one item out and puts another in, under one key.
    pub fn replace<K: Codec, T: Codec>(
        &mut self,
        tag: u8,
        key: K,
        old: Option<&T>,
        new: Option<&T>,
    ) {
        let of = |thing: &T| {
            item(tag, |out| {
                key.encode(out);
                thing.encode(out);
            })
        };
        if let Some(old) = old {
            self.set.remove(&of(old));
        }
        if let Some(new) = new {
            self.set.add(&of(new));
        }
    }

    /// Adds what `write` writes; an item that writes nothing is none.
    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.clear();
        write(&mut self.bytes);
        if !self.bytes.is_empty() {
            self.set.add(&self.bytes);
        }
    }

    fn remove(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.clear();
        write(&mut self.bytes);
        if !self.bytes.is_empty() {
            self.set.remove(&self.bytes);
        }
    }

    /// True when the list of changed orders, in which slots repeat, should be emptied.
    pub fn is_full(&self) -> bool {
        const CHANGED_ORDERS_MAX: usize = 4_096;
        CHANGED_ORDERS_MAX <= self.orders.len()
    }
}

/// Items, by their first byte.
const ACCOUNT: u8 = 1;
const TERMS: u8 = 2;
const MARK: u8 = 7;
const INDEX: u8 = 3;
const HOLDING: u8 = 4;
const ORDER: u8 = 5;
const CLIENT_ORDER_ID: u8 = 6;
/// A market with prices of its own, an index with a feed.
const PRICED: u8 = 8;
const FED: u8 = 9;
const REPORTER: u8 = 10;
const RISK: u8 = 11;
const BACKSTOP: u8 = 12;
const LIQUIDATION: u8 = 13;
const MARGIN: u8 = 14;
const MODEL: u8 = 15;
const PORTFOLIO: u8 = 16;
const GRID: u8 = 17;
pub(crate) const HALT: u8 = 18;
const REOPENING: u8 = 19;
pub(crate) const BREAKERS: u8 = 20;
pub(crate) const ORDER_RATE: u8 = 21;
pub(crate) const KILLED: u8 = 22;
pub(crate) const SENT: u8 = 23;
pub(crate) const AUCTION: u8 = 24;
const STATE: u8 = 25;
const WATCH: u8 = 26;
pub(crate) const NOTICES: u8 = 27;
const CROWDING: u8 = 28;
const FILLABLE: u8 = 29;
const TRIGGER: u8 = 30;
const TRAIL: u8 = 31;
const TRIGGER_COUNT: u8 = 32;
const LEFT: u8 = 33;
/// The last price of a market, once the domain has had a trigger.
const LAST: u8 = 34;
const FENCE: u8 = 35;
const VERSION: u8 = 36;

impl Engine {
    /// The hash of the state. Costs what changed since it was last asked for.
    pub fn root(&mut self) -> Hash {
        self.put_back();
        let money = self.ledger.root();
        let mut counters = Vec::new();
        self.n_trades.encode(&mut counters);
        self.n_priorities.encode(&mut counters);
        self.n_placed.encode(&mut counters);
        self.orders.len().encode(&mut counters);
        let asset = self.asset.bytes();
        let set = self.digests.set.bytes();
        hash(&[b"plimsoll.state.1", &asset, &[self.decimals], &money, &set, &counters])
    }

    /// Puts what changed back into the digest.
    pub(crate) fn put_back(&mut self) {
        for id in core::mem::take(&mut self.digests.accounts) {
            let account = self.accounts.at_mut(id);
            if account.digested.enter() {
                self.digests.add(|out| account_item(id, account, out));
            }
        }
        let has_last = self.has_last();
        for id in core::mem::take(&mut self.digests.markets) {
            let market = self.markets.at_mut(id);
            let index = self.indices.at(u32::from(market.index.0));
            if market.digested.enter() {
                self.digests.add(|out| mark_item(id, (market, has_last), index, out));
            }
        }
        for id in core::mem::take(&mut self.digests.indices) {
            let index = self.indices.at_mut(id);
            if index.digested.enter() {
                self.digests.add(|out| index_item(id, index, out));
            }
        }
        for id in core::mem::take(&mut self.digests.holdings) {
            let holding = self.holdings.at_mut(id);
            if holding.digested.enter() {
                self.digests.add(|out| holding_item(holding, out));
            }
        }
        let mut slots = core::mem::take(&mut self.digests.orders);
        slots.drain(..).for_each(|slot| self.put_back_order(slot));
        self.digests.orders = slots;
    }

    fn put_back_order(&mut self, slot: u32) {
        if self.orders.find(slot).is_none() || !self.orders.at_mut(slot).digested.enter() {
            return;
        }
        let order = self.orders.at(slot);
        let held = self.holdings.at(order.holding);
        self.digests.add(|out| order_item(order, held, out));
    }

    /// Call when a market is listed.
    pub(crate) fn digest_terms(&mut self, id: InstrumentId) {
        let market = self.markets.at(id.0);
        self.digests.add(|out| terms_item(id.0, market, out));
    }

    /// Call before an account changes.
    pub(crate) fn touch_account(&mut self, id: AccountId) {
        let account = self.accounts.at_mut(id.0);
        let (was_in, joins) = account.digested.leave();
        if was_in {
            self.digests.remove(|out| account_item(id.0, account, out));
        }
        if joins {
            self.digests.accounts.push(id.0);
        }
    }

    /// Call before the mark or the trade count of a market changes.
    pub(crate) fn touch_market(&mut self, id: InstrumentId) {
        let has_last = self.has_last();
        let market = self.markets.at_mut(id.0);
        let index = self.indices.at(u32::from(market.index.0));
        let (was_in, joins) = market.digested.leave();
        if was_in {
            self.digests.remove(|out| mark_item(id.0, (market, has_last), index, out));
        }
        if joins {
            self.digests.markets.push(id.0);
        }
    }

    /// Last prices matter, and are hashed, from the first trigger on.
    fn has_last(&self) -> bool {
        self.triggers.n_placed != 0
    }

    /// Call before an index changes.
    pub(crate) fn touch_index(&mut self, id: IndexId) {
        let id = u32::from(id.0);
        let index = self.indices.at_mut(id);
        let (was_in, joins) = index.digested.leave();
        if was_in {
            self.digests.remove(|out| index_item(id, index, out));
        }
        if joins {
            self.digests.indices.push(id);
        }
    }

    /// Call before a position changes.
    pub(crate) fn touch_holding(&mut self, id: u32) {
        let holding = self.holdings.at_mut(id);
        let (was_in, joins) = holding.digested.leave();
        if was_in {
            self.digests.remove(|out| holding_item(holding, out));
        }
        if joins {
            self.digests.holdings.push(id);
        }
    }

    /// Call before an order changes or goes.
    pub(crate) fn touch_order(&mut self, slot: u32) {
        let (was_in, joins) = self.orders.at_mut(slot).digested.leave();
        let order = self.orders.at(slot);
        if was_in {
            let held = self.holdings.at(order.holding);
            self.digests.remove(|out| order_item(order, held, out));
        }
        if joins {
            self.digests.orders.push(slot);
        }
    }

    /// Puts everything into an empty digest: after a snapshot was read.
    pub(crate) fn digest_anew(&mut self) {
        let mut digests = Digests::default();
        for (key, (id, at)) in &self.client_order_ids {
            digests.add_client_order_id(key, *id, *at);
        }
        for (account, up_to) in &self.fences {
            digests.replace_fence(*account, None, Some(up_to));
        }
        for (account, reporter) in &self.reporters {
            digests.add_reporter(*account, reporter);
        }
        digests.replace_risk(&USUAL_TERMS, &self.risk_terms);
        digests.replace_fillable(None, self.fillable.as_ref());
        for (account, backstop) in &self.backstops {
            digests.replace_backstop(*account, None, Some(backstop));
        }
        for (account, liquidation) in &self.liquidations {
            digests.replace_liquidation(*account, None, Some(liquidation));
        }
        for (account, model) in &self.models {
            digests.replace_model(*account, None, Some(model));
        }
        for (index, terms) in &self.portfolios {
            digests.replace_portfolio(*index, None, Some(terms));
        }
        self.halts.digest(&mut digests);
        if self.notices != Notices::default() {
            digests.replace(NOTICES, 0_u8, None, Some(&self.notices));
        }
        digests.replace_version(Version::FIRST, self.version);
        digests.replace_trigger_count(0, self.triggers.n_placed);
        for (id, trigger) in self.triggers.iter() {
            digests.replace_trigger(id, None, Some(trigger));
        }
        for (trail, best) in self.triggers.trails() {
            digests.replace_trail(trail, None, Some(&best));
        }
        digests.replace_left(&BTreeSet::new(), &self.triggers.left);
        digests.accounts = (0..self.accounts.len()).skip(1).collect();
        digests.markets = (0..self.markets.len()).collect();
        digests.indices = (0..self.indices.len()).collect();
        digests.holdings = (0..self.holdings.len()).collect();
        digests.orders = self.orders.iter().map(|order| order.id.slot()).collect();
        self.digests = digests;
        (0..self.markets.len()).for_each(|id| self.digest_terms(InstrumentId(id)));
    }
}

fn account_item(id: u32, account: &Account, out: &mut Vec<u8>) {
    out.push(ACCOUNT);
    id.encode(out);
    account.encode(out);
}

fn terms_item(id: u32, market: &Market, out: &mut Vec<u8>) {
    out.push(TERMS);
    id.encode(out);
    market.index.encode(out);
    market.spec.encode(out);
    market.listed_at.encode(out);
}

/// The mark of an option that follows from a surface is not hashed.
fn mark_item(id: u32, (market, has_last): (&Market, bool), index: &Index, out: &mut Vec<u8>) {
    let follows = index.marks(market);
    let is_priced = follows || market.prices.is_some() || market.delivered.is_some();
    out.push(if is_priced { PRICED } else { MARK });
    id.encode(out);
    if !follows {
        market.mark.encode(out);
    }
    market.trade_seq.encode(out);
    if is_priced {
        market.prices.encode(out);
        market.delivered.encode(out);
    }
    if let Some(margin) = &market.margin {
        out.push(MARGIN);
        margin.encode(out);
    }
    if let Some(crowding) = &market.crowding {
        out.push(CROWDING);
        crowding.encode(out);
    }
    if let Some(grid) = &market.grid {
        out.push(GRID);
        grid.encode(out);
    }
    if market.state != MarketState::Open {
        out.push(STATE);
        market.state.encode(out);
    }
    if let Some(watch) = &market.watch {
        out.push(WATCH);
        watch.encode(out);
    }
    if has_last && market.last.0 != 0 {
        out.push(LAST);
        market.last.encode(out);
    }
}

fn item(tag: u8, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut item = alloc::vec![tag];
    write(&mut item);
    item
}

fn index_item(id: u32, index: &Index, out: &mut Vec<u8>) {
    out.push(if index.prices.is_some() { FED } else { INDEX });
    id.encode(out);
    index.base.encode(out);
    index.quote.encode(out);
    index.price.encode(out);
    if let Some(prices) = &index.prices {
        prices.encode(out);
    }
}

fn reporter_item(account: AccountId, reporter: &Reporter) -> Vec<u8> {
    let mut item = alloc::vec![REPORTER];
    account.encode(&mut item);
    reporter.encode(&mut item);
    item
}

fn holding_item(holding: &Holding, out: &mut Vec<u8>) {
    if holding.size.0 == 0 && holding.cost.0 == 0 {
        return;
    }
    out.push(HOLDING);
    holding.encode_position(out);
    if holding.funding_since != 0 {
        holding.funding_since.encode(out);
    }
}

fn order_item(order: &Order, holding: &Holding, out: &mut Vec<u8>) {
    out.push(ORDER);
    holding.account.encode(out);
    holding.instrument.encode(out);
    order.encode(out);
}

fn client_order_id_item(key: &(AccountId, ClientOrderId), id: OrderId, at: At) -> Vec<u8> {
    let mut item = alloc::vec![CLIENT_ORDER_ID];
    key.0.encode(&mut item);
    key.1.encode(&mut item);
    id.encode(&mut item);
    at.encode(&mut item);
    item
}
