//! Price indexes.

use alloc::collections::VecDeque;
use alloc::string::String;

use types::{AssetCode, At, IndexId, IndexPrice};

use crate::limits::INDEX_HOURS_MAX;

const HOUR_MS: u64 = 3_600_000;

/// A price index: its price now and at the hours before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub(crate) id: IndexId,
    pub(crate) base: AssetCode,
    pub(crate) quote: AssetCode,
    pub(crate) name: String,
    pub(crate) price: IndexPrice,
    pub(crate) at: At,
    pub(crate) hours: VecDeque<(At, IndexPrice)>,
}

impl Index {
    pub(crate) fn new(id: IndexId, base: AssetCode, quote: AssetCode) -> Index {
        let name = alloc::format!("{base}_{quote}").to_lowercase();
        let (price, at) = (IndexPrice(0), At(0));
        Index { id, base, quote, name, price, at, hours: VecDeque::new() }
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
