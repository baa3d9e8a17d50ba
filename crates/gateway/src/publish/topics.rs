//! Names of channels (api.md §8): what each is about, how often it speaks, who may listen.

use market_data::InstrumentView;
use types::{At, IndexId, InstrumentId, Kind};

use crate::objects::Look;

/// How often a channel speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    /// After each entry that concerns it.
    Raw,
    /// At most every 100 ms.
    Ms100,
    /// At most every second.
    Second,
    /// At most every two seconds.
    Agg2,
}

/// A kind of instruments, as channels and methods filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindFilter {
    Any,
    Future,
    Option,
    /// Spot and combos, of which there are none here.
    None,
}

/// Which instruments of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    One(InstrumentId),
    Kind(KindFilter),
}

/// What a channel of a user is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserTopic {
    Orders,
    Trades,
    Changes,
}

/// What a channel is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Book(InstrumentId),
    /// Levels put together on a step of so many ticks; so many levels a side.
    GroupedBook(InstrumentId, u32, usize),
    Ticker(InstrumentId),
    IncrementalTicker(InstrumentId),
    Quote(InstrumentId),
    Trades(Filter),
    Chart(InstrumentId, u64),
    Perpetual(InstrumentId),
    /// What the auction of an instrument would give.
    Auction(InstrumentId),
    Index(IndexId),
    /// Marks and volatilities of all options of an index.
    OptionMarks(IndexId),
    /// The delivery price of the next expiry as it would be now.
    Expiration(IndexId),
    /// How good an index is, and what each of its reporters said.
    PriceFeed(IndexId),
    /// Which indexes are locked.
    Platform,
    /// What the venue tells everybody.
    Announcements,
    InstrumentState(KindFilter),
    User(UserTopic, Filter),
    Portfolio,
    /// What each entry did to the account.
    Stream,
    MmpTrigger(IndexId),
    /// Liquidations of the account, and those in which it stands on the other side.
    Liquidation,
    /// Accepted; nothing is said until there is something to say.
    Quiet,
}

pub(crate) const KINDS: &[(&str, KindFilter)] = &[
    ("future", KindFilter::Future),
    ("option", KindFilter::Option),
    ("any", KindFilter::Any),
    ("spot", KindFilter::None),
    ("future_combo", KindFilter::None),
    ("option_combo", KindFilter::None),
    ("combo", KindFilter::None),
];

/// Candle lengths in milliseconds.
pub(crate) const RESOLUTIONS: &[(&str, u64)] = &[
    ("1", 60_000),
    ("3", 180_000),
    ("5", 300_000),
    ("10", 600_000),
    ("15", 900_000),
    ("30", 1_800_000),
    ("60", 3_600_000),
    ("120", 7_200_000),
    ("180", 10_800_000),
    ("360", 21_600_000),
    ("720", 43_200_000),
    ("1D", At::DAY),
];

const GROUPS: [u32; 7] = [1, 2, 5, 10, 25, 100, 250];
const DEPTHS: [usize; 3] = [1, 10, 20];

impl KindFilter {
    pub(crate) fn takes(self, kind: &Kind) -> bool {
        match self {
            KindFilter::Any => true,
            KindFilter::Future => !kind.is_option(),
            KindFilter::Option => kind.is_option(),
            KindFilter::None => false,
        }
    }
}

impl Filter {
    pub(crate) fn takes(self, instrument: &InstrumentView) -> bool {
        match self {
            Filter::One(id) => instrument.id() == id,
            Filter::Kind(kind) => kind.takes(&instrument.spec().kind),
        }
    }
}

impl Topic {
    /// Whether only the account itself may listen.
    pub(crate) fn is_private(&self) -> bool {
        matches!(
            self,
            Topic::User(..)
                | Topic::Portfolio
                | Topic::Stream
                | Topic::MmpTrigger(_)
                | Topic::Liquidation
        )
    }

    /// The one instrument that it is about.
    pub(crate) fn instrument(&self) -> Option<InstrumentId> {
        match *self {
            Topic::Book(id)
            | Topic::GroupedBook(id, ..)
            | Topic::Ticker(id)
            | Topic::IncrementalTicker(id)
            | Topic::Quote(id)
            | Topic::Trades(Filter::One(id))
            | Topic::Chart(id, _)
            | Topic::Perpetual(id)
            | Topic::Auction(id) => Some(id),
            Topic::Trades(Filter::Kind(_))
            | Topic::Index(_)
            | Topic::OptionMarks(_)
            | Topic::Expiration(_)
            | Topic::PriceFeed(_)
            | Topic::Platform
            | Topic::Announcements
            | Topic::InstrumentState(_)
            | Topic::User(..)
            | Topic::Portfolio
            | Topic::Stream
            | Topic::MmpTrigger(_)
            | Topic::Liquidation
            | Topic::Quiet => None,
        }
    }
}

/// Reads the name of a channel; `None` if this domain has no such channel.
pub(crate) fn parse(look: Look<'_>, name: &str) -> Option<(Topic, Interval)> {
    let parts: Vec<&str> = name.split('.').collect();
    let one = |name: &str| find(look, name).map(InstrumentView::id);
    match *parts.as_slice() {
        ["book", name, pace] => Some((Topic::Book(one(name)?), interval(pace)?)),
        ["book", name, group, depth, pace] => {
            let instrument = find(look, name)?;
            let depth = depth.parse().ok().filter(|depth| DEPTHS.contains(depth))?;
            let topic = Topic::GroupedBook(instrument.id(), step(instrument, group)?, depth);
            Some((topic, interval(pace)?))
        }
        ["ticker", name] => Some((Topic::Ticker(one(name)?), Interval::Ms100)),
        ["ticker", name, pace] => Some((Topic::Ticker(one(name)?), interval(pace)?)),
        ["incremental_ticker", name] => {
            Some((Topic::IncrementalTicker(one(name)?), Interval::Ms100))
        }
        ["quote", name] => Some((Topic::Quote(one(name)?), Interval::Raw)),
        ["trades", name, pace] => Some((Topic::Trades(Filter::One(one(name)?)), interval(pace)?)),
        ["trades", kind, currency, pace] => {
            let kind = kind_in(look, kind, currency)?;
            Some((Topic::Trades(Filter::Kind(kind)), interval(pace)?))
        }
        ["chart", "trades", name, length] => {
            let (_, length_ms) = RESOLUTIONS.iter().find(|(word, _)| *word == length)?;
            Some((Topic::Chart(one(name)?, *length_ms), Interval::Raw))
        }
        ["perpetual", name, pace] => {
            let instrument = find(look, name)?;
            let is_perpetual = instrument.spec().kind.expiry().is_none();
            is_perpetual.then_some(())?;
            Some((Topic::Perpetual(instrument.id()), interval(pace)?))
        }
        ["auction", name] => Some((Topic::Auction(one(name)?), Interval::Raw)),
        ["deribit_price_index", index] => {
            Some((Topic::Index(index_in(look, index)?), Interval::Raw))
        }
        ["markprice", "options", index] => {
            Some((Topic::OptionMarks(index_in(look, index)?), Interval::Second))
        }
        ["estimated_expiration_price", index] => {
            Some((Topic::Expiration(index_in(look, index)?), Interval::Second))
        }
        ["price_feed", index] => Some((Topic::PriceFeed(index_in(look, index)?), Interval::Second)),
        ["instrument", "state", kind, currency] => {
            Some((Topic::InstrumentState(kind_in(look, kind, currency)?), Interval::Raw))
        }
        ["user", "portfolio", currency] => {
            in_domain(look, &currency.to_ascii_uppercase()).then_some(())?;
            Some((Topic::Portfolio, Interval::Ms100))
        }
        ["user", "stream", currency] => {
            // Each domain has a log of its own: one name, one chain of numbers.
            let is_here = currency.eq_ignore_ascii_case(look.view.asset().as_str());
            is_here.then_some((Topic::Stream, Interval::Raw))
        }
        ["user", "liquidation"] => Some((Topic::Liquidation, Interval::Raw)),
        ["user", "mmp_trigger", index] => {
            Some((Topic::MmpTrigger(index_in(look, index)?), Interval::Raw))
        }
        ["user", what, name, pace] => {
            Some((Topic::User(user(what)?, Filter::One(one(name)?)), interval(pace)?))
        }
        ["user", what, kind, currency, pace] => {
            let kind = kind_in(look, kind, currency)?;
            Some((Topic::User(user(what)?, Filter::Kind(kind)), interval(pace)?))
        }
        ["platform_state"] => Some((Topic::Platform, Interval::Raw)),
        ["announcements"] => Some((Topic::Announcements, Interval::Raw)),
        ["platform_state", "public_methods_state"] => {
            (look.domain.0 == 0).then_some((Topic::Quiet, Interval::Raw))
        }
        _ => None,
    }
}

/// Whether a channel of this name is one that an unauthenticated socket may not have at its pace.
pub(crate) fn is_raw(name: &str) -> bool {
    let public = ["book.", "ticker.", "trades.", "perpetual."];
    name.ends_with(".raw") && public.iter().any(|start| name.starts_with(start))
}

fn user(what: &str) -> Option<UserTopic> {
    match what {
        "orders" => Some(UserTopic::Orders),
        "trades" => Some(UserTopic::Trades),
        "changes" => Some(UserTopic::Changes),
        _ => None,
    }
}

fn interval(word: &str) -> Option<Interval> {
    match word {
        "raw" => Some(Interval::Raw),
        "100ms" => Some(Interval::Ms100),
        "agg2" => Some(Interval::Agg2),
        _ => None,
    }
}

fn find<'a>(look: Look<'a>, name: &str) -> Option<&'a InstrumentView> {
    look.view.instruments().iter().find(|instrument| instrument.name() == name)
}

fn index_in(look: Look<'_>, name: &str) -> Option<IndexId> {
    let found = look.view.indexes().iter().find(|index| index.name() == name);
    found.map(market_data::Index::id)
}

fn in_domain(look: Look<'_>, currency: &str) -> bool {
    currency == look.view.asset().as_str() || currency.eq_ignore_ascii_case("any")
}

fn kind_in(look: Look<'_>, kind: &str, currency: &str) -> Option<KindFilter> {
    in_domain(look, currency).then_some(())?;
    KINDS.iter().find(|(word, _)| *word == kind).map(|(_, filter)| *filter)
}

/// A group's step in ticks: groups count units of price for futures (hundredths for ETH), ticks for
/// options, and are never finer than a tick.
fn step(instrument: &InstrumentView, group: &str) -> Option<u32> {
    if group == "none" {
        return Some(1);
    }
    let group: u32 = group.parse().ok().filter(|group| GROUPS.contains(group))?;
    let spec = instrument.spec();
    if spec.kind.is_option() {
        return Some(group);
    }
    let hundredths = if spec.base.as_str() == "ETH" { group } else { group * 100 };
    let price = types::Decimal::new(i64::from(hundredths), 2)?;
    match price.on_grid(spec.tick) {
        types::Grid::On(ticks) | types::Grid::Between(ticks) => u32::try_from(ticks.max(1)).ok(),
        types::Grid::Outside => None,
    }
}
