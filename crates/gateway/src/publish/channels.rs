//! The channels of one domain: who listens to what, and what has gathered for them.
//!
//! A channel that speaks after every entry is one whose interval is the entry: both kinds gather
//! first and are flushed at the end of their interval. Nothing is gathered, and no JSON is written,
//! for channels that nobody has.
//!
//! # Invariants
//! 1. `prev_change_id` of a message is the `change_id` of the message before it on that channel.
//!    A listener that joins gets the snapshot of the book as of the last message of the channel.
//! 2. A message is written once and shared by all listeners of its channel.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use market_data::{LevelChange, Trade};
use types::{
    AccountId, Event, Health, InstrumentId, LiquidationAction, LiquidationStep, Mark, OrderId, Seq,
    Side, Ticks, TradeId,
};

use super::Subscriber;
use super::replies::text;
use super::topics::{Interval, Topic, UserTopic};
use crate::objects::{
    Look, Part, belongs_to, change_of_health, write_announcement, write_auction_news, write_ended,
    write_platform, write_record, write_started, write_stepped,
};

/// Channels of one domain.
pub(crate) const CHANNELS_MAX: usize = 1 << 17;
/// Listeners of one channel: more than connections, so that nobody is refused what is told to all.
pub(crate) const LISTENERS_MAX: usize = 1 << 16;

/// What a channel has gathered since it last spoke.
#[derive(Default)]
pub(crate) struct Gathered {
    /// Something of it has changed.
    pub(crate) dirty: bool,
    /// Levels that changed, with the size that was last told.
    pub(crate) levels: BTreeMap<(Side, Ticks), u64>,
    pub(crate) trades: Vec<Trade>,
    pub(crate) orders: Vec<OrderId>,
    pub(crate) user_trades: Vec<TradeId>,
    pub(crate) positions: Vec<InstrumentId>,
    /// Texts that are ready.
    pub(crate) texts: Vec<String>,
    /// It is not to wait for the end of its interval.
    pub(crate) urgent: bool,
}

/// One channel.
pub(crate) struct Channel {
    pub(crate) name: Box<str>,
    pub(crate) account: Option<AccountId>,
    pub(crate) topic: Topic,
    pub(crate) interval: Interval,
    pub(crate) subscribers: Vec<Subscriber>,
    pub(crate) gathered: Gathered,
    /// `change_id` of the last message.
    pub(crate) change: Seq,
    /// What was last told, where only differences are.
    pub(crate) told: String,
}

/// A channel by its place.
pub(crate) type Slot = usize;

/// The channels of one domain.
#[derive(Default)]
pub(crate) struct Channels {
    slots: Vec<Option<Channel>>,
    free: Vec<Slot>,
    names: HashMap<(Option<AccountId>, Box<str>), Slot>,
    by_connection: HashMap<u64, HashSet<Slot>>,
    by_instrument: HashMap<InstrumentId, Vec<Slot>>,
    by_account: HashMap<AccountId, Vec<Slot>>,
    others: Vec<Slot>,
    /// Channels that have gathered something, by interval.
    raw: Vec<Slot>,
    pub(crate) timed: HashSet<Slot>,
}

impl Channel {
    pub(crate) fn new(
        name: &str,
        account: Option<AccountId>,
        topic: Topic,
        interval: Interval,
    ) -> Channel {
        Channel {
            name: name.into(),
            account,
            topic,
            interval,
            subscribers: Vec::new(),
            gathered: Gathered::default(),
            change: Seq(0),
            told: String::new(),
        }
    }

    /// Sends `data` to everyone who listens; whoever is gone is forgotten.
    pub(crate) fn tell(&mut self, data: &str) {
        let plain: Arc<str> = notification(&self.name, data, None).into();
        self.subscribers.retain(|one| match &one.label {
            None => one.outbox.send(plain.clone()),
            Some(label) => one.outbox.send(notification(&self.name, data, Some(label)).into()),
        });
    }

    /// Sends `data` to the one who joined last.
    pub(crate) fn tell_last(&self, data: &str) {
        if let Some(one) = self.subscribers.last() {
            one.outbox.send(notification(&self.name, data, one.label.as_deref()).into());
        }
    }
}

fn notification(channel: &str, data: &str, label: Option<&str>) -> String {
    let mut out = String::with_capacity(data.len() + channel.len() + 96);
    out.push_str(r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":""#);
    out.push_str(channel);
    out.push_str(r#"","data":"#);
    out.push_str(data);
    if let Some(label) = label {
        out.push_str(r#","label":"#);
        crate::objects::write_text(&mut out, label);
    }
    out.push_str("}}");
    out
}

impl Channels {
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn find(&self, account: Option<AccountId>, name: &str) -> Option<Slot> {
        self.names.get(&(account, name.into())).copied()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Channel> {
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(crate) fn open(&mut self, channel: Channel) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.names.insert((channel.account, channel.name.clone()), slot);
        self.listed(channel.topic, channel.account).push(slot);
        self.slots[slot] = Some(channel);
        slot
    }

    /// The list through which events find a channel.
    fn listed(&mut self, topic: Topic, account: Option<AccountId>) -> &mut Vec<Slot> {
        match (account, topic.instrument()) {
            (Some(account), _) => self.by_account.entry(account).or_default(),
            (None, Some(instrument)) => self.by_instrument.entry(instrument).or_default(),
            (None, None) => &mut self.others,
        }
    }

    /// Notes that a connection listens.
    pub(crate) fn join(&mut self, slot: Slot, subscriber: Subscriber) {
        self.by_connection.entry(subscriber.connection).or_default().insert(slot);
        if let Some(channel) = self.get_mut(slot) {
            channel.subscribers.push(subscriber);
        }
    }

    pub(crate) fn leave(&mut self, connection: u64, name: &str) -> bool {
        let slots = self.by_connection.get(&connection);
        let found = slots.and_then(|slots| {
            let mut slots = slots.iter();
            slots.find(|slot| self.slots[**slot].as_ref().is_some_and(|one| &*one.name == name))
        });
        let Some(&slot) = found else { return false };
        if let Some(slots) = self.by_connection.get_mut(&connection) {
            slots.remove(&slot);
        }
        self.remove(slot, connection);
        true
    }

    pub(crate) fn leave_all(&mut self, connection: u64) {
        for slot in self.by_connection.remove(&connection).unwrap_or_default() {
            self.remove(slot, connection);
        }
    }

    fn remove(&mut self, slot: Slot, connection: u64) {
        let Some(channel) = self.get_mut(slot) else { return };
        channel.subscribers.retain(|one| one.connection != connection);
        if !channel.subscribers.is_empty() {
            return;
        }
        let (topic, account) = (channel.topic, channel.account);
        let key = (account, channel.name.clone());
        self.names.remove(&key);
        self.listed(topic, account).retain(|other| *other != slot);
        self.timed.remove(&slot);
        self.raw.retain(|other| *other != slot);
        self.slots[slot] = None;
        self.free.push(slot);
    }

    /// Slots that were marked in this entry and speak after it.
    pub(crate) fn take_raw(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.raw)
    }

    pub(crate) fn give_back_raw(&mut self, mut slots: Vec<Slot>) {
        slots.clear();
        if self.raw.is_empty() {
            self.raw = slots;
        }
    }

    /// Lets `gather` add to a channel, which then is due at the end of its interval.
    fn mark(&mut self, slot: Slot, gather: impl FnOnce(&mut Gathered)) {
        let Some(channel) = self.slots.get_mut(slot).and_then(Option::as_mut) else { return };
        let was_dirty = std::mem::replace(&mut channel.gathered.dirty, true);
        gather(&mut channel.gathered);
        if was_dirty {
            return;
        }
        match channel.interval {
            Interval::Raw => self.raw.push(slot),
            Interval::Ms100 | Interval::Second | Interval::Agg2 => {
                self.timed.insert(slot);
            }
        }
    }

    fn mark_if(
        &mut self,
        slots: &[Slot],
        fits: impl Fn(&Topic) -> bool,
        gather: impl Fn(&mut Gathered),
    ) {
        for &slot in slots {
            let topic = self.slots.get(slot).and_then(|one| one.as_ref().map(|one| one.topic));
            if topic.is_some_and(|topic| fits(&topic)) {
                self.mark(slot, &gather);
            }
        }
    }

    /// Gathers what an entry did. The view is as of that entry.
    pub(crate) fn gather(&mut self, look: Look<'_>, events: &[Event]) {
        if self.is_empty() {
            return;
        }
        for change in look.view.level_changes() {
            self.level_changed(change);
        }
        for event in events {
            self.gather_event(look, event);
        }
        for account in look.view.recorded() {
            self.recorded(look, *account);
        }
        for instrument in look.view.expired() {
            self.life_changed(look, *instrument, &["closed"]);
        }
    }

    fn level_changed(&mut self, change: &LevelChange) {
        let Some(slots) = self.by_instrument.remove(&change.instrument) else { return };
        let key = (change.side, change.price);
        let fits = |topic: &Topic| {
            !matches!(topic, Topic::Trades(_) | Topic::Chart(..) | Topic::Perpetual(_))
        };
        for &slot in &slots {
            let topic = self.slots.get(slot).and_then(|one| one.as_ref().map(|one| one.topic));
            let Some(topic) = topic.filter(fits) else { continue };
            let keeps_levels = matches!(topic, Topic::Book(_));
            self.mark(slot, |gathered| {
                if keeps_levels {
                    gathered.levels.entry(key).or_insert(change.before);
                }
            });
        }
        self.by_instrument.insert(change.instrument, slots);
    }

    fn money_moved(&mut self, side: &types::LedgerAccount) {
        if let types::LedgerAccount::Collateral(account) = side {
            self.own(*account, |topic| matches!(topic, Topic::Portfolio), |_| {});
        }
    }

    fn gather_event(&mut self, look: Look<'_>, event: &Event) {
        match event {
            Event::Traded(traded) => {
                self.public_trade(look, traded.instrument, traded.trade_seq);
                for side in [&traded.maker, &traded.taker] {
                    self.own_order(look, side.order);
                    self.own_trade(look, (side.account, traded.instrument), traded.trade);
                }
            }
            Event::OrderPlaced(placed) => self.own_order(look, placed.order),
            Event::OrderRested { order, .. }
            | Event::OrderReplenished { order, .. }
            | Event::OrderAmended { order, .. }
            | Event::OrderClosed { order, .. } => self.own_order(look, *order),
            Event::TriggerPlaced(_) | Event::Triggered { .. } => self.gather_trigger(look, event),
            Event::TriggerClosed { .. } => self.gather_trigger(look, event),
            Event::PositionChanged { account, instrument, .. } => {
                self.own_position(look, *account, *instrument);
            }
            Event::Transferred { from, to, .. } => {
                [from, to].into_iter().for_each(|side| self.money_moved(side));
            }
            Event::IndexChanged { index, .. } => self.index_changed(look, *index),
            Event::MarkChanged { instrument, .. } => self.mark_changed(look, *instrument),
            Event::MarksMade { index, marks } => self.marks_made(look, *index, marks),
            Event::FundingAccrued { instrument, .. } => self.funding_accrued(*instrument),
            Event::FeedHealthChanged { index, from, to, reason, at, .. } => {
                let change = change_of_health((*from, *to), reason, *at);
                self.feed_turned(look, *index, change, (*from, *to));
            }
            Event::FeedSet { index, .. }
            | Event::PriceReported { index, .. }
            | Event::ReporterFaulted { index, .. } => self.feed_changed(*index),
            Event::DeliveryPriced { index, .. } | Event::DeliveryDisputed { index, .. } => {
                self.other(|topic| *topic == Topic::Expiration(*index), |_| {});
            }
            Event::InstrumentListed { instrument, .. } => {
                self.life_changed(look, *instrument, &["created", "started"]);
            }
            Event::InstrumentDelivered { instrument, .. } => {
                self.life_changed(look, *instrument, &["settled"]);
            }
            Event::MmpTriggered { account, index, group, frozen_until } => {
                self.mmp_triggered(look, (*account, *index), (*group, *frozen_until));
            }
            Event::AccountOpened { .. }
            | Event::OrderRepeated { .. }
            | Event::TriggersMoved(_)
            | Event::MmpSet { .. }
            | Event::MmpReset { .. }
            | Event::SelfTradeSet { .. }
            | Event::ReporterRegistered { .. }
            | Event::SurfaceChanged { .. }
            | Event::PricingSet { .. }
            | Event::TermStarted { .. }
            | Event::MarginSet { .. }
            | Event::PortfolioSet { .. }
            | Event::MarginModelSet { .. }
            | Event::RiskSet(_)
            | Event::OpenInterestBandSet { .. }
            | Event::FillableSet(_)
            | Event::BackstopOffered { .. }
            | Event::BreakersSet { .. }
            | Event::ReopeningSet(_)
            | Event::OrderRateSet(_)
            | Event::KillSwitchSet { .. }
            | Event::OrdersFenced { .. }
            | Event::Upgraded { .. }
            | Event::Refused(_) => {}
            Event::NoticePublished { notice, .. } => self.notice_published(look, notice.number),
            Event::Halted(_)
            | Event::Resumed { .. }
            | Event::StateChanged { .. }
            | Event::AuctionStarted { .. }
            | Event::AuctionIndicated { .. }
            | Event::AuctionExtended { .. }
            | Event::AuctionEnded { .. } => self.gather_halt(look, event),
            Event::LiquidationStarted { .. } => self.gather_liquidation(look, event),
            Event::LiquidationStepped(_) => self.gather_liquidation(look, event),
            Event::LiquidationEnded { .. } => self.gather_liquidation(look, event),
        }
    }

    /// The record that the entry made for an account.
    fn recorded(&mut self, look: Look<'_>, id: AccountId) {
        let Some(slots) = self.by_account.get(&id) else { return };
        let is_stream =
            |slot: &Slot| self.slots[*slot].as_ref().is_some_and(|one| one.topic == Topic::Stream);
        if !slots.iter().any(is_stream) {
            return;
        }
        let Some(stream) = look.view.account(id).map(market_data::Account::stream) else { return };
        let Some(record) = stream.newest() else { return };
        let data = text(|out| write_record(out, look, (id, &record)));
        self.own(id, |topic| *topic == Topic::Stream, |gathered| gathered.texts.push(data.clone()));
    }

    fn gather_trigger(&mut self, look: Look<'_>, event: &Event) {
        let trigger = match event {
            Event::TriggerPlaced(placed) => placed.trigger,
            Event::Triggered { trigger, .. } | Event::TriggerClosed { trigger, .. } => *trigger,
            _ => return,
        };
        self.own_order(look, OrderId::of_trigger(trigger));
    }

    fn gather_liquidation(&mut self, look: Look<'_>, event: &Event) {
        match event {
            Event::LiquidationStarted { account, margin, at } => {
                let text = text(|out| write_started(out, look, (*account, margin), *at));
                self.liquidation(*account, &text);
            }
            Event::LiquidationStepped(step) => self.liquidation_stepped(look, step),
            Event::LiquidationEnded { account, end, margin, at } => {
                let text = text(|out| write_ended(out, look, (*account, *end, margin), *at));
                self.liquidation(*account, &text);
            }
            _ => {}
        }
    }

    fn of_instrument(
        &mut self,
        instrument: InstrumentId,
        fits: impl Fn(&Topic) -> bool,
        gather: impl Fn(&mut Gathered),
    ) {
        let Some(slots) = self.by_instrument.remove(&instrument) else { return };
        self.mark_if(&slots, fits, gather);
        self.by_instrument.insert(instrument, slots);
    }

    fn other(&mut self, fits: impl Fn(&Topic) -> bool, gather: impl Fn(&mut Gathered)) {
        let slots = std::mem::take(&mut self.others);
        self.mark_if(&slots, fits, gather);
        self.others = slots;
    }

    fn own(
        &mut self,
        account: AccountId,
        fits: impl Fn(&Topic) -> bool,
        gather: impl Fn(&mut Gathered),
    ) {
        let Some(slots) = self.by_account.remove(&account) else { return };
        self.mark_if(&slots, fits, gather);
        self.by_account.insert(account, slots);
    }

    fn public_trade(&mut self, look: Look<'_>, instrument: InstrumentId, trade_seq: u64) {
        if self.by_instrument.is_empty() && self.others.is_empty() {
            return;
        }
        let Some(market) = look.view.instrument(instrument) else { return };
        let at = market.trades().partition_point(|trade| trade.seq < trade_seq);
        let Some(&trade) = market.trades().get(at) else { return };
        self.of_instrument(
            instrument,
            |topic| matches!(topic, Topic::Trades(_)),
            |gathered| {
                gathered.trades.push(trade);
            },
        );
        let shows_last = |topic: &Topic| {
            matches!(topic, Topic::Chart(..) | Topic::Ticker(_) | Topic::IncrementalTicker(_))
        };
        self.of_instrument(instrument, shows_last, |_| {});
        let fits = |topic: &Topic| matches!(topic, Topic::Trades(filter) if filter.takes(market));
        self.other(fits, |gathered| gathered.trades.push(trade));
    }

    fn own_order(&mut self, look: Look<'_>, id: OrderId) {
        if self.by_account.is_empty() {
            return;
        }
        let Some((account, instrument)) = belongs_to(look, id) else { return };
        let Some(market) = look.view.instrument(instrument) else { return };
        let fits = |topic: &Topic| match topic {
            Topic::User(UserTopic::Orders | UserTopic::Changes, filter) => filter.takes(market),
            _ => false,
        };
        let gather = |gathered: &mut Gathered| {
            if gathered.orders.last() != Some(&id) {
                gathered.orders.push(id);
            }
        };
        self.own(account, fits, gather);
        if id.trigger().is_none() {
            self.own(account, |topic| matches!(topic, Topic::Portfolio), |_| {});
        }
    }

    fn own_trade(
        &mut self,
        look: Look<'_>,
        (account, instrument): (AccountId, InstrumentId),
        trade: TradeId,
    ) {
        let Some(market) = look.view.instrument(instrument) else { return };
        let fits = |topic: &Topic| match topic {
            Topic::User(UserTopic::Trades | UserTopic::Changes, filter) => filter.takes(market),
            _ => false,
        };
        self.own(account, fits, |gathered| gathered.user_trades.push(trade));
    }

    fn own_position(&mut self, look: Look<'_>, account: AccountId, instrument: InstrumentId) {
        let Some(market) = look.view.instrument(instrument) else { return };
        let fits = |topic: &Topic| match topic {
            Topic::User(UserTopic::Changes, filter) => filter.takes(market),
            _ => false,
        };
        let gather = |gathered: &mut Gathered| {
            if !gathered.positions.contains(&instrument) {
                gathered.positions.push(instrument);
            }
        };
        self.own(account, fits, gather);
        self.own(account, |topic| matches!(topic, Topic::Portfolio), |_| {});
        let shows_interest =
            |topic: &Topic| matches!(topic, Topic::Ticker(_) | Topic::IncrementalTicker(_));
        self.of_instrument(instrument, shows_interest, |_| {});
    }

    fn mark_changed(&mut self, look: Look<'_>, instrument: InstrumentId) {
        self.of_instrument(instrument, shows_prices, |_| {});
        self.revalued(look, |_, held| held == instrument);
    }

    fn marks_made(&mut self, look: Look<'_>, index: types::IndexId, marks: &[Mark]) {
        for mark in marks {
            self.of_instrument(mark.instrument, shows_prices, |_| {});
        }
        self.other(|topic| *topic == Topic::OptionMarks(index), |_| {});
        self.revalued(look, |look, held| {
            look.view.instrument(held).is_some_and(|market| market.index() == index)
        });
    }

    /// Portfolios with a position in one of these instruments are worth something else now.
    fn revalued(&mut self, look: Look<'_>, fits: impl Fn(Look<'_>, InstrumentId) -> bool) {
        let holds = |account: &AccountId| {
            let account = look.view.account(*account);
            account.is_some_and(|one| one.positions().any(|(held, _)| fits(look, held)))
        };
        let accounts: Vec<AccountId> = self.by_account.keys().copied().filter(holds).collect();
        for account in accounts {
            self.own(account, |topic| matches!(topic, Topic::Portfolio), |_| {});
        }
    }

    fn funding_accrued(&mut self, instrument: InstrumentId) {
        let fits = |topic: &Topic| shows_prices(topic) || matches!(topic, Topic::Perpetual(_));
        self.of_instrument(instrument, fits, |_| {});
    }

    fn feed_changed(&mut self, index: types::IndexId) {
        self.other(|topic| *topic == Topic::PriceFeed(index), |_| {});
    }

    fn feed_turned(
        &mut self,
        look: Look<'_>,
        index: types::IndexId,
        change: String,
        (from, to): (Health, Health),
    ) {
        self.other(
            |topic| *topic == Topic::PriceFeed(index),
            |gathered| {
                gathered.texts.push(change.clone());
                gathered.urgent = true;
            },
        );
        if (from == Health::Frozen) == (to == Health::Frozen) {
            return;
        }
        if let Some(index) = look.view.index(index) {
            self.tell_platform(look, index);
        }
    }

    fn index_changed(&mut self, look: Look<'_>, index: types::IndexId) {
        let follows = [Topic::Index(index), Topic::Expiration(index), Topic::PriceFeed(index)];
        self.other(|topic| follows.contains(topic), |_| {});
        let shows_index =
            |topic: &Topic| shows_prices(topic) || matches!(topic, Topic::Perpetual(_));
        let instruments: Vec<InstrumentId> = self.by_instrument.keys().copied().collect();
        for id in instruments {
            if look.view.instrument(id).is_some_and(|market| market.index() == index) {
                self.of_instrument(id, shows_index, |_| {});
            }
        }
    }

    /// The newest notice, as the dialect has it.
    fn notice_published(&mut self, look: Look<'_>, number: u64) {
        let mut newest = look.view.notices().newest();
        let Some(told) = newest.find(|told| told.notice.number == number) else { return };
        let news = text(|out| write_announcement(out, look, told));
        self.other(
            |topic| *topic == Topic::Announcements,
            |gathered| gathered.texts.push(news.clone()),
        );
    }

    fn gather_halt(&mut self, look: Look<'_>, event: &Event) {
        match event {
            Event::Halted(halt) => self.platform_changed(look, halt.scope),
            Event::Resumed { scope, .. } => self.platform_changed(look, *scope),
            Event::StateChanged { instrument, .. }
            | Event::AuctionStarted { instrument, .. }
            | Event::AuctionIndicated { instrument, .. }
            | Event::AuctionExtended { instrument, .. }
            | Event::AuctionEnded { instrument, .. } => self.auction_changed(look, *instrument),
            _ => {}
        }
    }

    /// Of every index that the scope reaches: is it locked now?
    fn platform_changed(&mut self, look: Look<'_>, scope: types::Scope) {
        let reaches = |index: &market_data::Index| match scope {
            types::Scope::Instrument(_) => false,
            types::Scope::Index { base, quote } => (base, quote) == (index.base(), index.quote()),
            types::Scope::Domain => true,
        };
        let reached = look.view.indexes().iter().filter(|index| reaches(index));
        reached.for_each(|index| self.tell_platform(look, index));
    }

    /// Whether an index is locked now.
    fn tell_platform(&mut self, look: Look<'_>, index: &market_data::Index) {
        let is_locked = look.view.is_locked(index);
        self.other(
            |topic| *topic == Topic::Platform,
            |gathered| {
                gathered.texts.push(text(|out| write_platform(out, (index.name(), is_locked))));
            },
        );
    }

    /// What an auction would give now; without one, that the market has another state.
    fn auction_changed(&mut self, look: Look<'_>, instrument: InstrumentId) {
        self.of_instrument(instrument, shows_prices, |_| {});
        let Some(market) = look.view.instrument(instrument) else { return };
        let news = text(|out| write_auction_news(out, market));
        let is_auction = |topic: &Topic| matches!(topic, Topic::Auction(_));
        self.of_instrument(instrument, is_auction, |gathered| gathered.texts.push(news.clone()));
    }

    /// An instrument has come to another part of its life, under these words.
    fn life_changed(&mut self, look: Look<'_>, instrument: InstrumentId, words: &[&str]) {
        let Some(market) = look.view.instrument(instrument) else { return };
        self.of_instrument(instrument, shows_prices, |_| {});
        let fits = |topic: &Topic| match topic {
            Topic::InstrumentState(filter) => filter.takes(&market.spec().kind),
            _ => false,
        };
        self.other(fits, |gathered| {
            for word in words {
                let mut out = String::new();
                crate::objects::write_state(&mut out, market, word, look.view.at());
                gathered.texts.push(out);
            }
        });
    }

    fn mmp_triggered(
        &mut self,
        look: Look<'_>,
        (account, index): (AccountId, types::IndexId),
        (group, until): (types::MmpGroup, Option<types::At>),
    ) {
        let Some(name) = look.view.index(index).map(market_data::Index::name) else { return };
        self.own(
            account,
            |topic| *topic == Topic::MmpTrigger(index),
            |gathered| {
                let mut out = String::new();
                let mut object = crate::objects::Object::new(&mut out);
                object
                    .word("index_name", name)
                    .number("frozen_until", until.map_or(0, |at| at.0))
                    .word("mmp_group", group);
                object.end();
                gathered.texts.push(out);
            },
        );
    }

    /// Both sides of a step learn of it, each its own part.
    fn liquidation_stepped(&mut self, look: Look<'_>, step: &LiquidationStep) {
        if self.by_account.is_empty() {
            return;
        }
        let at = look.view.at();
        let own = text(|out| write_stepped(out, look, (step, Part::Own), at));
        self.liquidation(step.account, &own);
        let other = match step.action {
            LiquidationAction::TakenOver { backstop: other, .. }
            | LiquidationAction::Deleveraged { counterparty: other, .. }
            | LiquidationAction::Socialised { account: other, .. } => other,
            LiquidationAction::OrdersCancelled { .. }
            | LiquidationAction::Reduced { .. }
            | LiquidationAction::Insured { .. } => return,
        };
        let text = text(|out| write_stepped(out, look, (step, Part::Other(other)), at));
        self.liquidation(other, &text);
    }

    fn liquidation(&mut self, account: AccountId, text: &str) {
        let fits = |topic: &Topic| *topic == Topic::Liquidation;
        self.own(account, fits, |gathered| gathered.texts.push(text.to_owned()));
        self.own(account, |topic| matches!(topic, Topic::Portfolio), |_| {});
    }

    /// Chart channels whose candle is over by `now`.
    pub(crate) fn roll_charts(&mut self, now: types::At) {
        let slots: Vec<Slot> = (0..self.slots.len()).collect();
        for slot in slots {
            let Some(Some(channel)) = self.slots.get(slot) else { continue };
            let Topic::Chart(_, length_ms) = channel.topic else { continue };
            // The start of the candle that was last told is kept in `change`.
            if channel.change.0 != 0 && channel.change.0 + length_ms <= now.0 {
                self.mark(slot, |_| {});
            }
        }
    }
}

/// Whether a channel shows marks, funding and the state of an instrument.
fn shows_prices(topic: &Topic) -> bool {
    matches!(topic, Topic::Ticker(_) | Topic::IncrementalTicker(_))
}
