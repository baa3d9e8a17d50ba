//! Feeds and those who report to them: what everybody may know without asking the engine.

use types::{Amount, At, FeedTerms, Health, HealthReason, PublicKey};

/// The feed of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// How it is made.
    pub terms: FeedTerms,
    /// How good its price is.
    pub health: Health,
    /// Why, since it changed last.
    pub reason: HealthReason,
    /// When it changed last.
    pub since: At,
}

/// An account that may sign reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reporter {
    /// With this key.
    pub key: PublicKey,
    /// What it has staked, after what it lost.
    pub stake: Amount,
    /// It signed two reports for one nonce, or lost all of its stake, and reports no more.
    pub is_caught: bool,
}

impl Feed {
    /// A feed that has just begun: frozen behind its barrier.
    pub(crate) fn begun(terms: FeedTerms, at: At) -> Feed {
        Feed { terms, health: Health::Frozen, reason: HealthReason::Begun, since: at }
    }
}
