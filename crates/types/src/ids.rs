//! Ids: which one, never how many.

use core::fmt;

/// An account or a subaccount. Dense from 1; the operator's `OpenAccount` names the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

/// An instrument of one margin domain. Dense from 0, in the order of listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId(pub u32);

/// A price index of one margin domain. Dense from 0, in the order of first use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexId(pub u16);

/// An order: `(count << SLOT_BITS) | slot`. The count rises with every order of the domain, so ids
/// rise in time and are never used twice; the slot finds the order without a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub u64);

/// A trigger of one margin domain, counted from 1 in the order in which they were placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TriggerId(pub u64);

/// A trade of one margin domain, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradeId(pub u64);

/// A place in the log, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// The log's time, in milliseconds since 1970 UTC. It never decreases along a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(pub u64);

/// Which rules a margin domain goes by. It rises by one with each `Upgrade` of its log, so that
/// behaviour changes everywhere at one entry, whatever build applies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

/// A client connection whose orders are cancelled when it drops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// A group of quotes under one market-maker protection; group 0 is the unnamed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MmpGroup(pub u8);

impl Version {
    /// What every log begins with.
    pub const FIRST: Version = Version(1);

    /// The one that an upgrade leads to.
    pub fn next(self) -> Version {
        Version(self.0.saturating_add(1))
    }
}

impl Default for Version {
    fn default() -> Version {
        Version::FIRST
    }
}

impl OrderId {
    /// Bits of the id that are the slot: four million orders may be open in one domain.
    pub const SLOT_BITS: u32 = 22;
    /// Slots that orders may have. The one after them is where triggers have their ids.
    pub const SLOTS_MAX: u32 = (1 << Self::SLOT_BITS) - 1;
    /// Orders that one domain can ever number: 4.4 × 10¹².
    pub const COUNT_MAX: u64 = (1 << (64 - Self::SLOT_BITS)) - 1;

    /// The id of the `count`-th order, which lives in `slot`.
    pub fn new(count: u64, slot: u32) -> OrderId {
        debug_assert!(count <= Self::COUNT_MAX && slot < Self::SLOTS_MAX);
        OrderId((count << Self::SLOT_BITS) | u64::from(slot))
    }

    /// Where the order lives while it is open.
    #[expect(clippy::as_conversions, reason = "the mask leaves 22 bits")]
    pub fn slot(self) -> u32 {
        (self.0 & u64::from(Self::SLOTS_MAX)) as u32
    }

    /// The id by which a waiting trigger is cancelled and amended: it is no order's.
    pub fn of_trigger(trigger: TriggerId) -> OrderId {
        debug_assert!(trigger.0 <= Self::COUNT_MAX);
        OrderId((trigger.0 << Self::SLOT_BITS) | u64::from(Self::SLOTS_MAX))
    }

    /// The trigger that it is the id of, if it is that of a trigger.
    pub fn trigger(self) -> Option<TriggerId> {
        (self.slot() == Self::SLOTS_MAX).then_some(TriggerId(self.count()))
    }

    /// How many orders the domain had numbered when this one came.
    pub fn count(self) -> u64 {
        self.0 >> Self::SLOT_BITS
    }
}

impl At {
    /// One day of log time.
    pub const DAY: u64 = 86_400_000;

    /// `ms` later.
    pub fn plus_ms(self, ms: u64) -> At {
        At(self.0.saturating_add(ms))
    }

    /// Milliseconds since `earlier`, zero if it is not earlier.
    pub fn ms_since(self, earlier: At) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Seq {
    /// The next place.
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

macro_rules! display_as_number {
    ($($id:ty),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_as_number!(
    AccountId,
    InstrumentId,
    IndexId,
    OrderId,
    TriggerId,
    TradeId,
    Seq,
    At,
    Version,
    SessionId,
    MmpGroup
);

impl At {
    /// Year, month (1–12) and day (1–31) in UTC. Civil calendar by days since 1970 (H. Hinnant,
    /// "chrono-compatible low-level date algorithms", `civil_from_days`).
    pub fn date(self) -> (u64, u64, u64) {
        let days = self.0 / Self::DAY + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        (year, month, day)
    }

    /// The first 08:00 UTC after this moment: where good-til-day orders end.
    pub fn next_eight_utc(self) -> At {
        const EIGHT: u64 = 8 * 3_600_000;
        let today = self.0 - self.0 % Self::DAY + EIGHT;
        if self.0 < today { At(today) } else { At(today + Self::DAY) }
    }
}
