//! Prices that the engine makes: marks, surfaces of options, funding.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::Codec;
use crate::{AccountId, AssetCode, At, InstrumentId, Lots, Signature, Ticks};

/// How the mark prices and the funding of one future are made. Options have none of it: their marks
/// come from the surface of their expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricingTerms {
    /// How the mark is made.
    pub mark: MarkMethod,
    /// Size on each side whose average price is the fair price of that side.
    pub impact: Lots,
    /// Widest distance of the mark from the index, in millionths of the index.
    pub clamp_ppm: u32,
    /// Funding; `None` for dated futures.
    pub funding: Option<FundingTerms>,
}

/// How a mark price is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkMethod {
    /// Index and a 30-second average of the fair price's distance from it (venue.md §2.3.1).
    ImpactBasis,
    /// Median of three (venue.md §2.3.2).
    MedianOfThree,
}

/// How longs and shorts pay each other. Rates are of 8 hours, in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingTerms {
    /// When.
    pub schedule: FundingSchedule,
    /// Premiums within ± this cost nothing (continuous), or are damped by it (hourly).
    pub damper_ppb: u32,
    /// Largest rate, either way.
    pub cap_ppb: u32,
    /// What a premium of zero costs (hourly).
    pub interest_ppb: i32,
}

/// When funding is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FundingSchedule {
    /// All the time (venue.md §2.5.1).
    Continuous,
    /// At each full hour, an eighth of the 8-hour rate (venue.md §2.5.4).
    Hourly,
}

/// Raw SVI parameters of one expiry, in billionths: total variance of the log-moneyness `k` is
/// `a + b (ρ (k − m) + √((k − m)² + σ²))` (J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility
/// surfaces", 2014, eq. 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Svi {
    /// Level.
    pub a: i64,
    /// Slope of the wings.
    pub b: i64,
    /// Rotation, within ±1.
    pub rho: i64,
    /// Shift.
    pub m: i64,
    /// Smoothness of the vertex, above zero.
    pub sigma: i64,
}

/// What a reporter says of the volatilities of one expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurfaceReport {
    /// Base of the index.
    pub base: AssetCode,
    /// Quote of the index.
    pub quote: AssetCode,
    /// Who says so; a reporter with a seat in the feed.
    pub reporter: AccountId,
    /// Of which expiry.
    pub expiry: At,
    /// The parameters.
    pub svi: Svi,
    /// When they were fitted.
    pub source_at: At,
    /// Above that of the reporter's last report of this expiry.
    pub nonce: u64,
}

/// A surface and the proof that the reporter made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedSurface {
    /// What is said.
    pub report: SurfaceReport,
    /// Over [`SurfaceReport::signed_bytes`].
    pub signature: Signature,
}

/// A new mark of one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which.
    pub instrument: InstrumentId,
    /// The mark.
    pub mark: Ticks,
    /// For options: how it was made.
    pub option: Option<Box<OptionMark>>,
}

/// What stands behind the mark of an option, and how it moves. Greeks are of one unit of
/// underlying, in billionths of the index's quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionMark {
    /// Implied volatility of a year, in millionths: 600 000 is 60 %.
    pub iv_ppm: u32,
    /// By one unit of the forward.
    pub delta: i64,
    /// Of delta, by one unit of the forward.
    pub gamma: i64,
    /// By one percentage point of volatility.
    pub vega: i64,
    /// By one day.
    pub theta: i64,
    /// By one percentage point of interest.
    pub rho: i64,
}

impl SurfaceReport {
    /// What is signed: a prefix that no other message has, then the canonical bytes.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = b"plimsoll.surface.1".to_vec();
        self.encode(&mut bytes);
        bytes
    }
}

/// The price at which positions of one expiry are settled, and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// Samples of the window that were taken by a good index.
    pub good: u16,
    /// Samples of the window that are due by now.
    pub due: u16,
}
