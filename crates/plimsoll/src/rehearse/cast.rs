//! Who reports, and what they say at a moment.

use std::time::Duration;

use types::{AccountId, At, IndexPrice, PriceReport, SourceId};

use crate::report::recording::Recording;
use crate::report::said::nearest_price;
use crate::report::sim::{self, Pair};

/// Seconds between two reports of one reporter.
pub const STEP_S: u64 = 5;
/// Reporters, one for each source that counts.
pub const REPORTERS: u32 = 5;
/// The source that the index is compared with; the first honest reporter looks there too.
pub const BENCHMARK: SourceId = SourceId(5);
/// The last two accounts.
pub const LIAR: AccountId = AccountId(4);
/// Reports old prices.
pub const LATE: AccountId = AccountId(5);
/// Confidence that every report claims, in millionths.
const CONFIDENCE_PPM: u64 = 100;

/// What the late reporter says about its lateness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candour {
    /// The time of the price.
    SaysItsAge,
    /// The time of the report.
    ClaimsFresh,
}

/// What it costs to be caught far from the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// A part of the stake each time; with the last part goes the seat.
    Stake,
    /// A millionth of the stake: whoever lies has its seat through the whole week, as if it had
    /// begun just now.
    Little,
}

/// One way to play the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Play {
    /// Of the late one.
    pub candour: Candour,
    /// Of a lie.
    pub cost: Cost,
}

/// All of them. A liar that pays is gone within hours, long before the crash: only the last play
/// has both in it.
pub const PLAYS: [Play; 3] = [
    Play { candour: Candour::SaysItsAge, cost: Cost::Stake },
    Play { candour: Candour::ClaimsFresh, cost: Cost::Stake },
    Play { candour: Candour::ClaimsFresh, cost: Cost::Little },
];

/// The reporters.
#[derive(Debug)]
pub struct Cast {
    liar_ppm: i64,
    lag_ms: u64,
    candour: Candour,
    pair: Pair,
}

/// One report, and whether it is honest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is said.
    pub report: PriceReport,
    /// Said by one of the three, of a source that counts.
    pub is_honest: bool,
}

impl Play {
    /// For a person.
    pub fn title(self) -> &'static str {
        match (self.candour, self.cost) {
            (Candour::SaysItsAge, Cost::Stake) => "the late one says how old its prices are",
            (Candour::ClaimsFresh, Cost::Stake) => "the late one claims that its prices are fresh",
            (Candour::SaysItsAge, Cost::Little) => "it says its age, and lies cost too little",
            (Candour::ClaimsFresh, Cost::Little) => "it claims freshness, and lies cost too little",
        }
    }

    /// For a program.
    pub fn word(self) -> &'static str {
        match (self.candour, self.cost) {
            (Candour::SaysItsAge, Cost::Stake) => "says_its_age",
            (Candour::ClaimsFresh, Cost::Stake) => "claims_fresh",
            (Candour::SaysItsAge, Cost::Little) => "says_its_age_lies_cheap",
            (Candour::ClaimsFresh, Cost::Little) => "claims_fresh_lies_cheap",
        }
    }
}

impl Cast {
    /// Three honest, one that is off by so many millionths, one that is late.
    pub fn new(liar_ppm: i64, lag: Duration, candour: Candour) -> Cast {
        let lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
        let pair = Pair::named("btc_usd").expect("bitcoin is on the built-in list");
        Cast { liar_ppm, lag_ms, candour, pair }
    }

    /// The reports of this second: each reporter speaks every five seconds, in turn.
    pub fn lines(&self, recording: &Recording, at: At) -> Vec<Line> {
        let second = at.0 / 1_000;
        let turn = |account: &u32| (second + u64::from(*account)).is_multiple_of(STEP_S);
        let mut lines = Vec::new();
        for account in (1..=REPORTERS).filter(turn) {
            let source = SourceId(u8::try_from(account - 1).unwrap_or(u8::MAX));
            lines.extend(self.line(recording, AccountId(account), source, at));
            if account == 1 {
                lines.extend(self.line(recording, AccountId(account), BENCHMARK, at));
            }
        }
        lines
    }

    /// `None` where the recording says nothing.
    fn line(
        &self,
        recording: &Recording,
        reporter: AccountId,
        source: SourceId,
        at: At,
    ) -> Option<Line> {
        let lag_ms = if reporter == LATE { self.lag_ms } else { 0 };
        let seen_at = At(at.0.checked_sub(lag_ms)?);
        let seen = recording.said_at(seen_at)?.price.0 as f64;
        let lie = if reporter == LIAR { self.liar_ppm as f64 / 1e6 } else { 0.0 };
        let stray = sim::stray(reporter.0, 1, self.pair, at.0);
        let price = nearest_price(seen / IndexPrice::SCALE as f64 * (1.0 + lie) * (1.0 + stray))?;
        let is_open = reporter != LATE || self.candour == Candour::SaysItsAge;
        let pair = super::stage::pair();
        let report = PriceReport {
            base: pair.0,
            quote: pair.1,
            reporter,
            source,
            price,
            confidence: IndexPrice(price.0 / 1_000_000 * CONFIDENCE_PPM),
            source_at: if is_open { seen_at } else { at },
            nonce: at.0,
        };
        let is_honest = reporter != LIAR && reporter != LATE && source != BENCHMARK;
        Some(Line { report, is_honest })
    }
}
