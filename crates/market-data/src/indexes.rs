//! Price indexes: their prices, their feeds, and the delivery prices that they made.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use types::{AssetCode, At, FeedTerms, Health, HealthReason, IndexId, IndexPrice};

use crate::deliveries::{DeliveryPrice, Window};
use crate::feeds::Feed;
use crate::limits::{DELIVERIES_PER_INDEX_MAX, INDEX_HOURS_MAX};

const HOUR_MS: u64 = 3_600_000;

/// A price index: its price now and at the hours before, and its feed if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub(crate) id: IndexId,
    pub(crate) base: AssetCode,
    pub(crate) quote: AssetCode,
    pub(crate) name: String,
    pub(crate) price: IndexPrice,
    pub(crate) at: At,
    pub(crate) hours: VecDeque<(At, IndexPrice)>,
    pub(crate) feed: Option<Feed>,
    pub(crate) deliveries: VecDeque<DeliveryPrice>,
    pub(crate) disputed: Vec<At>,
    /// Expiries whose last half hour has begun, by expiry.
    pub(crate) windows: Vec<Window>,
}

impl Index {
    pub(crate) fn new(id: IndexId, base: AssetCode, quote: AssetCode) -> Index {
        let name = alloc::format!("{base}_{quote}").to_lowercase();
        Index {
            id,
            base,
            quote,
            name,
            price: IndexPrice(0),
            at: At(0),
            hours: VecDeque::new(),
            feed: None,
            deliveries: VecDeque::new(),
            disputed: Vec::new(),
            windows: Vec::new(),
        }
    }

    /// Its id in the domain.
    pub fn id(&self) -> IndexId {
        self.id
    }

    /// What is priced.
    pub fn base(&self) -> AssetCode {
        self.base
    }

    /// In what.
    pub fn quote(&self) -> AssetCode {
        self.quote
    }

    /// `btc_usd`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its price; `None` before the first report.
    pub fn price(&self) -> Option<IndexPrice> {
        (0 < self.price.0).then_some(self.price)
    }

    /// When it was reported.
    pub fn at(&self) -> At {
        self.at
    }

    /// The first price of each hour, oldest first.
    pub fn hours(&self) -> impl DoubleEndedIterator<Item = (At, IndexPrice)> {
        self.hours.iter().copied()
    }

    /// Its feed; `None`: the operator types its prices.
    pub fn feed(&self) -> Option<&Feed> {
        self.feed.as_ref()
    }

    /// How good its price is.
    pub fn health(&self) -> Health {
        self.feed.as_ref().map_or(Health::Manual, |feed| feed.health)
    }

    /// Its delivery prices, oldest first.
    pub fn deliveries(&self) -> impl DoubleEndedIterator<Item = &DeliveryPrice> {
        self.deliveries.iter()
    }

    /// The delivery price of an expiry.
    pub fn delivery(&self, expiry: At) -> Option<&DeliveryPrice> {
        self.deliveries.iter().rev().find(|delivery| delivery.expiry == expiry)
    }

    /// Expiries for which the operator must say the price.
    pub fn disputed(&self) -> &[At] {
        &self.disputed
    }

    /// What was sampled for an expiry whose last half hour has begun.
    pub fn window(&self, expiry: At) -> Option<&Window> {
        self.windows.iter().find(|window| window.expiry == expiry)
    }

    /// The delivery price of an expiry as it would be now: the index, until its last half hour has
    /// begun. `None` before the first price.
    pub fn expected(&self, expiry: At) -> Option<IndexPrice> {
        let spot = self.price()?;
        Some(self.window(expiry).map_or(spot, |window| window.expected(spot)))
    }

    pub(crate) fn set_feed(&mut self, terms: &FeedTerms, at: At) {
        match &mut self.feed {
            Some(feed) => feed.terms = terms.clone(),
            None => self.feed = Some(Feed::begun(terms.clone(), at)),
        }
    }

    pub(crate) fn turn(&mut self, (health, reason): (Health, HealthReason), at: At) {
        if let Some(feed) = &mut self.feed {
            (feed.health, feed.reason, feed.since) = (health, reason, at);
        }
    }

    pub(crate) fn open_window(&mut self, expiry: At) {
        let place = self.windows.partition_point(|window| window.expiry < expiry);
        if self.windows.get(place).is_none_or(|window| window.expiry != expiry) {
            self.windows.insert(place, Window::new(expiry));
        }
    }

    /// Looks at the index for every window that is open.
    pub(crate) fn sample(&mut self, at: At) {
        let price = self.price().filter(|_| self.health() == Health::Healthy);
        for window in &mut self.windows {
            window.sample(price, at);
        }
    }

    pub(crate) fn deliver(&mut self, delivery: DeliveryPrice) {
        self.windows.retain(|window| window.expiry != delivery.expiry);
        self.disputed.retain(|expiry| *expiry != delivery.expiry);
        if self.deliveries.len() == DELIVERIES_PER_INDEX_MAX {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    pub(crate) fn dispute(&mut self, expiry: At) {
        if !self.disputed.contains(&expiry) {
            self.disputed.push(expiry);
        }
    }

    pub(crate) fn report(&mut self, at: At, price: IndexPrice) {
        self.price = price;
        self.at = at;
        let hour = At(at.0 - at.0 % HOUR_MS);
        if self.hours.back().is_none_or(|&(last, _)| last < hour) {
            if self.hours.len() == INDEX_HOURS_MAX {
                self.hours.pop_front();
            }
            self.hours.push_back((hour, price));
        }
    }
}
