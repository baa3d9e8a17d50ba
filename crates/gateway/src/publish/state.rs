//! One domain as the gateway sees it: its view, the replies that are due, its channels.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::sync::oneshot;

use market_data::View;
use types::{AccountId, AccountView, AssetCode, At, EntryOutcome, Event, FeedView, IndexId};

use super::Subscriber;
use super::channels::{CHANNELS_MAX, Channel, Channels, LISTENERS_MAX, Slot};
use super::flush::{Waiting, changes_message, flush, greet};
use super::replies::{Asked, Part, text};
use super::topics::{Interval, Topic, parse};
use crate::errors::error;
use crate::objects::{Look, Summary, write_feed, write_portfolio, write_position};
use crate::rpc::RpcError;
use crate::venue::{Domain, DomainId};

/// How a command came out, for the one who waits for its reply.
pub(crate) type Outcome = Result<Part, RpcError>;

/// A reply that is due.
pub(crate) struct Pending {
    pub(crate) asked: Asked,
    pub(crate) sender: oneshot::Sender<Outcome>,
    pub(crate) since_us: u64,
}

/// A question to the engine about an account, for its private channels.
pub(crate) struct Question {
    pub(crate) account: AccountId,
    changes: Vec<(Box<str>, Waiting)>,
    portfolios: Vec<Box<str>>,
}

/// A question to the engine about a feed, for its channel.
pub(crate) struct FeedQuestion {
    pub(crate) pair: (AssetCode, AssetCode),
    index: IndexId,
    channel: Box<str>,
    /// What became of its health meanwhile.
    changes: Vec<String>,
}

/// What is to be asked of the engine.
pub(crate) struct Questions {
    pub(crate) accounts: Vec<Question>,
    pub(crate) feeds: Vec<FeedQuestion>,
}

/// One domain.
pub(crate) struct DomainState {
    pub(crate) id: DomainId,
    pub(crate) view: View,
    channels: Channels,
    pending: HashMap<u64, Pending>,
    /// Changes of users that wait for numbers of their positions.
    waiting: HashMap<AccountId, Vec<(Box<str>, Waiting)>>,
    /// Accounts about which the engine is being asked: one question at a time.
    asked: HashSet<AccountId>,
    /// Feeds about which the engine is being asked.
    asked_feeds: HashSet<IndexId>,
    agg2_at: At,
    second_at: At,
}

impl DomainState {
    pub(crate) fn new(id: DomainId, domain: &Domain) -> DomainState {
        DomainState {
            id,
            view: View::new(domain.asset, domain.decimals),
            channels: Channels::default(),
            pending: HashMap::new(),
            waiting: HashMap::new(),
            asked: HashSet::new(),
            asked_feeds: HashSet::new(),
            agg2_at: At(0),
            second_at: At(0),
        }
    }

    pub(crate) fn look(&self) -> Look<'_> {
        Look { domain: self.id, view: &self.view }
    }

    pub(crate) fn expect_reply(&mut self, tag: u64, pending: Pending) {
        self.pending.insert(tag, pending);
    }

    pub(crate) fn forget_reply(&mut self, tag: u64) {
        self.pending.remove(&tag);
    }

    pub(crate) fn take_reply(&mut self, tag: u64) -> Option<Pending> {
        self.pending.remove(&tag)
    }

    /// Forgets what has waited for longer than this.
    pub(crate) fn give_up(&mut self, run_us: u64, patience: Duration) {
        let waited = |pending: &Pending| run_us.saturating_sub(pending.since_us);
        self.pending.retain(|_, pending| Duration::from_micros(waited(pending)) < patience);
    }

    /// No outcome will come any more: whoever waits is told that it is not known.
    pub(crate) fn forget_replies(&mut self) {
        self.pending.clear();
    }

    /// Takes in one entry: view, then its reply, then the channels that speak after each entry.
    pub(crate) fn apply(&mut self, entry: &EntryOutcome, at: At, events: &[Event]) {
        self.view.apply(entry.seq, at, events);
        let look = Look { domain: self.id, view: &self.view };
        if entry.tag != 0
            && let Some(Pending { asked, sender, .. }) = self.pending.remove(&entry.tag)
        {
            // Who does not wait any more does not need the reply.
            let _ = sender.send(asked.answer(look, events));
        }
        if self.channels.is_empty() {
            return;
        }
        self.channels.gather(look, events);
        let slots = self.channels.take_raw();
        self.flush(&slots, at);
        self.channels.give_back_raw(slots);
    }

    fn flush(&mut self, slots: &[Slot], now: At) {
        let look = Look { domain: self.id, view: &self.view };
        for &slot in slots {
            let Some(channel) = self.channels.get_mut(slot) else { continue };
            let waiting = flush(channel, look, now);
            let Some(account) = channel.account.filter(|_| !waiting.is_empty()) else { continue };
            let name = &channel.name;
            let waiting = waiting.into_iter().map(|one| (name.clone(), one));
            self.waiting.entry(account).or_default().extend(waiting);
        }
    }

    /// Ends the intervals that are over at `now`; what is to be asked of the engine.
    pub(crate) fn tick(&mut self, now: At) -> Questions {
        if self.channels.is_empty() {
            return Questions { accounts: Vec::new(), feeds: Vec::new() };
        }
        self.channels.roll_charts(now);
        let rolled = self.channels.take_raw();
        self.flush(&rolled, now);
        let agg2_is_over = is_over(&mut self.agg2_at, 2_000, now);
        let second_is_over = is_over(&mut self.second_at, 1_000, now);
        let mut portfolios: HashMap<AccountId, Vec<Box<str>>> = HashMap::new();
        let (mut due, mut feeds) = (Vec::new(), Vec::new());
        for slot in std::mem::take(&mut self.channels.timed) {
            let Some(channel) = self.channels.get_mut(slot) else { continue };
            let is_asked = channel.account.is_some_and(|account| self.asked.contains(&account));
            let is_early = match channel.interval {
                Interval::Raw | Interval::Ms100 => false,
                Interval::Second => !second_is_over && !channel.gathered.urgent,
                Interval::Agg2 => !agg2_is_over,
            };
            let is_portfolio = channel.topic == Topic::Portfolio;
            if is_early || (is_portfolio && is_asked) {
                self.channels.timed.insert(slot);
                continue;
            }
            if let Topic::PriceFeed(index) = channel.topic {
                feeds.push((slot, index));
                continue;
            }
            due.push(slot);
            if let Some(account) = channel.account.filter(|_| is_portfolio) {
                portfolios.entry(account).or_default().push(channel.name.clone());
            }
        }
        self.flush(&due, now);
        let feeds = feeds.into_iter().filter_map(|(slot, index)| self.ask_feed(slot, index));
        let feeds = feeds.collect();
        Questions { accounts: self.questions(portfolios), feeds }
    }

    /// The question for a channel of a feed; while another is open, it waits.
    fn ask_feed(&mut self, slot: Slot, id: IndexId) -> Option<FeedQuestion> {
        let index = self.view.index(id)?;
        let channel = self.channels.get_mut(slot)?;
        if !self.asked_feeds.insert(id) {
            self.channels.timed.insert(slot);
            return None;
        }
        let gathered = std::mem::take(&mut channel.gathered);
        Some(FeedQuestion {
            pair: (index.base(), index.quote()),
            index: id,
            channel: channel.name.clone(),
            changes: gathered.texts,
        })
    }

    /// The engine has answered: the channel of a feed says so. Without an answer it asks again.
    pub(crate) fn answered_feed(&mut self, question: FeedQuestion, view: Option<&FeedView>) {
        self.asked_feeds.remove(&question.index);
        let Some(slot) = self.channels.find(None, &question.channel) else { return };
        let Some(channel) = self.channels.get_mut(slot) else { return };
        let FeedQuestion { mut changes, .. } = question;
        if let Some(view) = view {
            channel.tell(&text(|out| write_feed(out, view, Some(&changes))));
            return;
        }
        changes.append(&mut channel.gathered.texts);
        channel.gathered.texts = changes;
        channel.gathered.dirty = true;
        self.channels.timed.insert(slot);
    }

    fn questions(&mut self, mut portfolios: HashMap<AccountId, Vec<Box<str>>>) -> Vec<Question> {
        let ready: Vec<AccountId> =
            self.waiting.keys().filter(|account| !self.asked.contains(account)).copied().collect();
        let mut questions = Vec::new();
        for account in ready {
            let changes = self.waiting.remove(&account).unwrap_or_default();
            let portfolios = portfolios.remove(&account).unwrap_or_default();
            questions.push(Question { account, changes, portfolios });
        }
        for (account, portfolios) in portfolios {
            questions.push(Question { account, changes: Vec::new(), portfolios });
        }
        self.asked.extend(questions.iter().map(|question| question.account));
        questions
    }

    /// The engine has answered: the private channels say what they waited to say.
    pub(crate) fn answered(&mut self, question: &Question, numbers: Option<&AccountView>) {
        let id = question.account;
        self.asked.remove(&id);
        let look = Look { domain: self.id, view: &self.view };
        let (Some(numbers), Some(account)) = (numbers, self.view.account(id)) else { return };
        for (name, waiting) in &question.changes {
            let positions = numbers.positions.iter();
            let found = positions.clone().find(|one| one.instrument == waiting.instrument);
            let position = text(|out| match (found, look.view.instrument(waiting.instrument)) {
                (Some(position), _) => write_position(out, look, id, position),
                (None, Some(market)) => crate::objects::write_flat_position(out, look, id, market),
                (None, None) => {}
            });
            let data = changes_message(look, waiting.instrument, &waiting.changes, &position);
            tell(&mut self.channels, id, name, &data);
        }
        let summary = Summary { look, account, numbers };
        for name in &question.portfolios {
            let data = text(|out| write_portfolio(out, summary));
            tell(&mut self.channels, id, name, &data);
        }
    }

    /// Adds a listener; false if this domain has no such channel, or not for this listener.
    pub(crate) fn subscribe(&mut self, name: &str, by: Subscriber) -> Result<bool, RpcError> {
        let look = Look { domain: self.id, view: &self.view };
        let Some((topic, interval)) = parse(look, name) else { return Ok(false) };
        let account = match (topic.is_private(), by.account) {
            (true, None) => return Ok(false),
            (true, Some(account)) => Some(account),
            (false, _) => None,
        };
        let slot = match self.channels.find(account, name) {
            Some(slot) => slot,
            None if self.channels.len() < CHANNELS_MAX => {
                self.channels.open(Channel::new(name, account, topic, interval))
            }
            None => return Err(crowded(CHANNELS_MAX, "channels of this kind")),
        };
        if !matches!(topic, Topic::PriceFeed(_)) {
            self.channels.timed.remove(&slot);
            self.flush(&[slot], self.view.at());
        }
        self.join(slot, by)?;
        Ok(true)
    }

    fn join(&mut self, slot: Slot, by: Subscriber) -> Result<(), RpcError> {
        let look = Look { domain: self.id, view: &self.view };
        let Some(channel) = self.channels.get_mut(slot) else { return Ok(()) };
        if channel.subscribers.iter().any(|one| one.connection == by.connection) {
            return Ok(());
        }
        if channel.subscribers.len() == LISTENERS_MAX {
            return Err(crowded(LISTENERS_MAX, "listeners of this channel"));
        }
        self.channels.join(slot, by);
        let Some(channel) = self.channels.get_mut(slot) else { return Ok(()) };
        greet(channel, look, self.view.at());
        if matches!(channel.topic, Topic::Portfolio | Topic::PriceFeed(_)) {
            channel.gathered.dirty = true;
            channel.gathered.urgent = true;
            self.channels.timed.insert(slot);
        }
        Ok(())
    }

    pub(crate) fn unsubscribe(&mut self, connection: u64, name: &str) -> bool {
        self.channels.leave(connection, name)
    }

    pub(crate) fn unsubscribe_all(&mut self, connection: u64) {
        self.channels.leave_all(connection);
    }
}

/// Whether a channel may speak in more than one domain.
pub(crate) fn spans_domains(name: &str) -> bool {
    let everywhere = ["platform_state", "user.liquidation"];
    everywhere.contains(&name) || name.split('.').any(|part| part.eq_ignore_ascii_case("any"))
}

/// Whether an interval of so many milliseconds is over; then the next one begins.
fn is_over(began: &mut At, ms: u64, now: At) -> bool {
    let is_over = ms <= now.ms_since(*began);
    if is_over {
        *began = now;
    }
    is_over
}

fn tell(channels: &mut Channels, account: AccountId, name: &str, data: &str) {
    let slot = channels.find(Some(account), name);
    if let Some(channel) = slot.and_then(|slot| channels.get_mut(slot)) {
        channel.tell(data);
    }
}

fn crowded(max: usize, what: &str) -> RpcError {
    let reason = format!("there are {max} {what} already: end some first");
    error(11030, "other_reject too_many_subscriptions", reason).with("max", max)
}
