//! Notices: what the venue tells everybody, one after the other, chained by their hashes
//! (docs/rules/notices.md).

use alloc::boxed::Box;

use crate::text::{TextError, check_length};
use crate::{At, Cause, MarketState, PublicKey, Scope, Seq, Signature};

/// One notice in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number in the domain, from 1.
    pub number: u64,
    /// The entry that led to it.
    pub seq: Seq,
    /// When, by the log's clock.
    pub at: At,
    /// What.
    pub body: NoticeBody,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeBody {
    /// How an incident stands.
    Incident(Incident),
    /// Work that is planned.
    Maintenance {
        /// From when.
        starts_at: At,
        /// Until when.
        ends_at: At,
        /// In words.
        text: NoticeText,
    },
    /// News.
    Announcement {
        /// In a line.
        title: NoticeText,
        /// In words.
        text: NoticeText,
    },
    /// A part of the venue works, or does not.
    ComponentChanged {
        /// Which.
        component: Component,
        /// How well.
        state: ComponentState,
        /// In words.
        text: NoticeText,
    },
    /// From here on notices are signed with another key.
    KeyRotated {
        /// Which.
        key: PublicKey,
        /// By the key before it; of the first key, by itself.
        signature: Signature,
    },
}

/// How an incident stands: always all of it, so that one notice is enough to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number in the domain, from 1.
    pub incident: u32,
    /// Where it is in its life.
    pub stage: Stage,
    /// What it is about.
    pub scope: Scope,
    /// Which halt it tells of; `None`: a person opened it.
    pub cause: Option<Cause>,
    /// What the scope is held in.
    pub state: MarketState,
    /// Until when that is planned to hold; `None`: it is not known.
    pub until: Option<At>,
    /// What was found, as the halt says it.
    pub value: u64,
    /// What the rule allows.
    pub limit: u64,
    /// What became of orders that were accepted before `since`.
    pub orders: OrderFate,
    /// When it began.
    pub since: At,
    /// What a person adds; of an automatic notice there are the facts alone.
    pub text: NoticeText,
}

/// Where an incident is in its life. A stage never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Something is wrong, and it is not known what.
    Investigating,
    /// It is known what.
    Identified,
    /// It is over as far as is known, and watched: markets collect orders.
    Monitoring,
    /// It is over.
    Resolved,
}

/// What became of orders that were accepted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderFate {
    /// They stand as they stood.
    Live,
    /// They are gone.
    Cancelled,
    /// It is not known.
    Unknown,
}

/// A part of the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Orders and trades.
    Matching,
    /// What accounts are worth and need.
    Margin,
    /// Liquidations.
    Liquidation,
    /// Indexes, and the marks that follow.
    OracleFeeds,
    /// Deposits and withdrawals.
    Funds,
    /// What is published of books and trades.
    MarketData,
    /// What clients call.
    Api,
}

/// How well a part of the venue works. A later one is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComponentState {
    /// It does.
    #[default]
    Operational,
    /// It is being worked on, as was planned.
    Maintenance,
    /// Slowly, or with restrictions.
    Degraded,
    /// Not everywhere.
    PartialOutage,
    /// Not at all.
    MajorOutage,
}

impl Component {
    /// All, in the order in which they are shown.
    pub const ALL: [Component; 7] = [
        Component::Matching,
        Component::Margin,
        Component::Liquidation,
        Component::OracleFeeds,
        Component::Funds,
        Component::MarketData,
        Component::Api,
    ];
}

/// What a person adds to the notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeWords {
    /// News.
    Announce {
        /// In a line.
        title: NoticeText,
        /// In words.
        text: NoticeText,
    },
    /// Work that is planned.
    Maintain {
        /// From when.
        starts_at: At,
        /// Until when.
        ends_at: At,
        /// In words.
        text: NoticeText,
    },
    /// An incident that no rule has found.
    OpenIncident {
        /// What it is about.
        scope: Scope,
        /// What became of orders.
        orders: OrderFate,
        /// In words.
        text: NoticeText,
    },
    /// What is known now of an open incident.
    UpdateIncident {
        /// Which.
        incident: u32,
        /// Where it is in its life.
        stage: Stage,
        /// What became of orders.
        orders: OrderFate,
        /// In words.
        text: NoticeText,
    },
    /// A part of the venue works, or does not.
    SetComponent {
        /// Which.
        component: Component,
        /// How well.
        state: ComponentState,
        /// In words.
        text: NoticeText,
    },
    /// Another key.
    RotateKey {
        /// Which.
        key: PublicKey,
        /// By the key in force (NTC-6); of the first key, by itself.
        signature: Signature,
    },
}

/// What a notice says in words. It may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeText(Box<str>);

impl NoticeText {
    /// Longest text in bytes.
    pub const BYTES_MAX: usize = 2_000;

    /// Keeps `text`.
    pub fn new(text: &str) -> Result<NoticeText, TextError> {
        check_length(text, Self::BYTES_MAX)?;
        Ok(NoticeText(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
