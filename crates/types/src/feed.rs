//! Price feeds: who may say what an index is, what they sign, and how good the answer is.
//!
//! ```text
//!   reporter ──seat── source        an account that signs; where it looked (an exchange, say)
//!        └──▶ PriceReport ──▶ feed ──▶ index price + health ──▶ what may be done with it
//! ```
//! A feed and an index are one thing seen from two sides: the feed is how the index is made.

use alloc::vec::Vec;

use crate::codec::Codec;
use crate::{AccountId, Amount, AssetCode, At, IndexPrice, Label};

/// A source of one feed, numbered by its place in [`FeedTerms::sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u8);

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(pub [u8; 32]);

/// An Ed25519 signature (RFC 8032).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// How the live reports of a feed make an index (venue.md §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexMethod {
    /// Weighted mean of the prices, each brought within the cap around their weighted median.
    CappedMedian,
    /// Weighted mean without the lowest and the highest price.
    DropExtremes,
    /// Weighted lower median.
    WeightedMedian,
}

/// Where reporters look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for people.
    pub name: Label,
    /// Its weight beside the others; zero: it is looked at, but does not count.
    pub weight: u32,
}

/// The right of one reporter to report one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    /// Who.
    pub reporter: AccountId,
    /// Of where.
    pub source: SourceId,
}

/// How many must agree to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Distinct reporters.
    pub reporters: u8,
    /// Distinct sources.
    pub sources: u8,
}

/// What a feed that was frozen, or a venue that was started, waits for (DESIGN invariant 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// Reports that came since.
    pub reports: u16,
    /// Distinct sources among them.
    pub sources: u8,
}

/// A source that does not count, and that the index is compared with (venue.md §2.2.1, step 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossCheck {
    /// Which; its weight is zero.
    pub source: SourceId,
    /// Widest distance of the index from it, in millionths of it.
    pub apart_ppm: u32,
}

/// What reporting earns and what a fault costs (docs/rules/oracle.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incentives {
    /// What an hour in which every seat always reported well earns them together, in atoms.
    pub reward_per_hour: Amount,
    /// A report this far from the index, in millionths of it, and from the cross-check, is far.
    pub far_ppm: u32,
    /// Far for this long while the feed was healthy and the cross-check agreed is a fault.
    pub far_ms: u32,
    /// Share of the stake that this fault costs, in millionths. Two reports for one nonce cost all.
    pub far_slash_ppm: u32,
}

/// How a feed makes its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedTerms {
    /// What is priced.
    pub base: AssetCode,
    /// In what.
    pub quote: AssetCode,
    /// How reports make an index.
    pub method: IndexMethod,
    /// Where reporters look, at most [`crate::limits::SOURCES_MAX`].
    pub sources: Vec<Source>,
    /// Who may report what, at most [`crate::limits::SEATS_MAX`].
    pub seats: Vec<Seat>,
    /// Fewer live than this: degraded.
    pub healthy: Quorum,
    /// Fewer live than this: frozen.
    pub degraded: Quorum,
    /// What ends a freeze.
    pub barrier: Barrier,
    /// A report older than this, by its source's time and the log's, does not count.
    pub stale_ms: u32,
    /// A source's time may be ahead of the log's by this.
    pub ahead_ms: u32,
    /// Cap around the median, in millionths of it.
    pub cap_ppm: u32,
    /// Widest confidence of the index (its distance to the quartiles), in millionths: beyond it,
    /// frozen.
    pub spread_ppm: u32,
    /// Widest confidence that a report may claim, in millionths of its price.
    pub confidence_ppm: u32,
    /// Largest change of the index within a second, in millionths: beyond it, frozen.
    pub jump_ppm: u32,
    /// Largest share of the live weight that one reporter has, in millionths.
    pub reporter_cap_ppm: u32,
    /// What the index is compared with.
    pub cross_check: Option<CrossCheck>,
    /// What reporting earns and what a fault costs.
    pub incentives: Incentives,
}

/// What a reporter says of one source at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceReport {
    /// What is priced.
    pub base: AssetCode,
    /// In what.
    pub quote: AssetCode,
    /// Who says so.
    pub reporter: AccountId,
    /// Where it looked.
    pub source: SourceId,
    /// The price.
    pub price: IndexPrice,
    /// Half the width of the band in which the reporter is confident. It never adds weight.
    pub confidence: IndexPrice,
    /// When the source said so.
    pub source_at: At,
    /// Above that of the reporter's last report of this source and feed.
    pub nonce: u64,
}

/// A report and the proof that the reporter made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedReport {
    /// What is said.
    pub report: PriceReport,
    /// Over [`PriceReport::signed_bytes`].
    pub signature: Signature,
}

/// How good the price of a feed is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// The operator types it: nobody else vouches.
    #[default]
    Manual,
    /// Enough agree.
    Healthy,
    /// Fewer than there should be, or not yet trusted again.
    Degraded,
    /// The last good price stands; nothing may be taken by it.
    Frozen,
}

/// Why the health of a feed is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each reason names its numbers")]
pub enum HealthReason {
    /// The feed is new.
    #[error("the feed is new: it waits for its barrier")]
    Begun,
    /// The venue was started or failed over.
    #[error("the venue was started: the feed waits for its barrier")]
    TermStarted,
    /// Too few live reports.
    #[error(
        "{reporters} reporters and {sources} sources are live: {need_reporters} and \
         {need_sources} are needed"
    )]
    TooFew { reporters: u8, sources: u8, need_reporters: u8, need_sources: u8 },
    /// The index would have moved too far in a second.
    #[error("the price moved {moved_ppm} ppm within a second: {max_ppm} is the most")]
    Jump { moved_ppm: u32, max_ppm: u32 },
    /// Reports disagree.
    #[error("the reports are {spread_ppm} ppm wide: {max_ppm} is the most")]
    Spread { spread_ppm: u32, max_ppm: u32 },
    /// The index is far from the source that it is compared with.
    #[error("the cross-check is {apart_ppm} ppm away: {max_ppm} is the most")]
    CrossCheck { apart_ppm: u32, max_ppm: u32 },
    /// Nothing can be compared with the index.
    #[error("the source of the cross-check is silent")]
    CrossCheckSilent,
    /// A barrier was passed.
    #[error("{reports} fresh reports from {sources} sources passed the barrier")]
    BarrierPassed { reports: u16, sources: u8 },
}

/// What somebody wants to do by a price (venue.md §2.24). `oracle::gate` says which health each of
/// them needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Place an order that opens nothing beyond what the account's orders could reach before.
    Place,
    /// Place an order that could open more.
    Increase,
    /// Trade a position away.
    Reduce,
    /// Cancel.
    Cancel,
    /// Liquidate an account.
    Liquidate,
    /// Move funding.
    Fund,
    /// Take a sample of the delivery price.
    Deliver,
    /// Take money out of an account that has positions or orders.
    Withdraw,
}

/// What a reporter is caught at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReporterFault {
    /// It signed two reports for one nonce.
    Equivocated {
        /// Which.
        nonce: u64,
    },
    /// It was far from the index too long.
    Far {
        /// How far, in millionths.
        apart_ppm: u32,
        /// For how long.
        for_ms: u64,
    },
    /// It was far, and nothing of its stake is left to lose.
    Spent,
}

/// A feed at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedView {
    /// How it is made; `None` for a manual feed.
    pub terms: Option<FeedTerms>,
    /// What is priced, and in what.
    pub pair: (AssetCode, AssetCode),
    /// The index; zero: it has none yet.
    pub price: IndexPrice,
    /// Distance to the farther quartile.
    pub confidence: IndexPrice,
    /// How good it is.
    pub health: Health,
    /// Why, since it changed last.
    pub reason: Option<HealthReason>,
    /// When it changed last.
    pub since: At,
    /// What came since the barrier went up; `None`: there is no barrier.
    pub barrier: Option<Barrier>,
    /// What each seat said.
    pub seats: Vec<SeatView>,
    /// The log's time of this view.
    pub at: At,
}

/// One seat of a feed at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatView {
    /// Which.
    pub seat: Seat,
    /// Its standing.
    pub standing: Standing,
    /// Its share of the live weight, in millionths, after the caps.
    pub weight_ppm: u32,
    /// Its last report.
    pub last: Option<SeatReport>,
    /// Reports that came in time and were near the index, and all of its reports.
    pub score: (u64, u64),
}

/// The last report of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatReport {
    /// Its price.
    pub price: IndexPrice,
    /// Its confidence.
    pub confidence: IndexPrice,
    /// Its source's time.
    pub source_at: At,
    /// The log's time when it came.
    pub at: At,
    /// Distance from the index, in millionths of the index, signed.
    pub deviation_ppm: i64,
}

/// Whether a seat counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It never reported.
    Silent,
    /// It counts.
    Live,
    /// Its report is too old.
    Stale,
    /// Its reporter was caught and is out.
    Suspended,
}

impl PriceReport {
    /// What is signed: a prefix that no other message has, then the canonical bytes.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = b"plimsoll.price.1".to_vec();
        self.encode(&mut bytes);
        bytes
    }
}
