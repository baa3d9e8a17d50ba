//! The engine of one domain with one feed, and what it says about it.

use anyhow::bail;
use engine::Engine;
use types::{
    AccountId, Amount, AssetCode, At, Barrier, Command, CrossCheck, Entry, Event, FeedTerms,
    Incentives, IndexMethod, Label, PublicKey, Quorum, Seat, Seq, Signature, SignedReport, Source,
    SourceId,
};

use super::cast::{BENCHMARK, Cost, Line, REPORTERS};

/// A report is too old after this.
const STALE_MS: u32 = 15_000;
/// What each reporter stakes.
const STAKE: Amount = Amount(100_000_000);

/// An engine, and the events of its last entry.
pub struct Stage {
    engine: Engine,
    events: Vec<Event>,
}

/// What is priced, and in what.
pub fn pair() -> (AssetCode, AssetCode) {
    let code = |text| AssetCode::new(text).expect("three letters are a code");
    (code("BTC"), code("USD"))
}

impl Stage {
    /// A domain with five reporters that have stakes, and their feed.
    pub fn open(cap_ppm: u32, cost: Cost, at: At) -> anyhow::Result<Stage> {
        let mut stage = Stage { engine: Engine::new(pair().0, 8), events: Vec::new() };
        for account in (1..=REPORTERS).map(AccountId) {
            stage.set_up(at, Command::OpenAccount { account, parent: None })?;
            stage.set_up(at, Command::Deposit { account, amount: STAKE })?;
            // Nobody signs here, so any point of the curve will do.
            let key = PublicKey([1; 32]);
            stage.set_up(at, Command::RegisterReporter { account, key, stake: STAKE })?;
        }
        stage.set_up(at, Command::SetFeed(Box::new(terms(cap_ppm, cost))))?;
        Ok(stage)
    }

    fn set_up(&mut self, at: At, command: Command) -> anyhow::Result<()> {
        for event in self.apply(at, command) {
            if let Event::Refused(reject) = event {
                bail!("setting up the feed: {reject}");
            }
        }
        Ok(())
    }

    /// Somebody reports.
    pub fn report(&mut self, line: &Line, at: At) -> &[Event] {
        let signature = Signature([0; 64]);
        let signed = SignedReport { report: line.report, signature };
        self.apply(at, Command::ReportPrice(Box::new(signed)))
    }

    /// A second passes.
    pub fn tick(&mut self, at: At) -> &[Event] {
        self.apply(at, Command::Tick)
    }

    fn apply(&mut self, at: At, command: Command) -> &[Event] {
        self.events.clear();
        let seq = Seq(self.engine.seq().0 + 1);
        self.engine.apply(&Entry { seq, at, command }, &mut self.events);
        &self.events
    }
}

/// The feed of the rehearsal: five sources of equal weight, one more to compare with; the limits
/// are those of venues (venue.md §2.2.1, §2.2.3).
fn terms(cap_ppm: u32, cost: Cost) -> FeedTerms {
    let (base, quote) = pair();
    let names = ["alpha", "beta", "gamma", "delta", "epsilon", "benchmark"];
    let source = |(place, name): (usize, &str)| Source {
        name: Label::new(name).expect("a name is short"),
        weight: u32::from(place != usize::from(BENCHMARK.0)),
    };
    let seats = (1..=REPORTERS)
        .zip(0..)
        .map(|(account, place)| Seat { reporter: AccountId(account), source: SourceId(place) });
    let compares = Seat { reporter: AccountId(1), source: BENCHMARK };
    FeedTerms {
        base,
        quote,
        method: IndexMethod::CappedMedian,
        sources: names.into_iter().enumerate().map(source).collect(),
        seats: seats.chain([compares]).collect(),
        healthy: Quorum { reporters: 3, sources: 3 },
        degraded: Quorum { reporters: 2, sources: 2 },
        barrier: Barrier { reports: 6, sources: 3 },
        stale_ms: STALE_MS,
        ahead_ms: 1_000,
        cap_ppm,
        spread_ppm: 20_000,
        confidence_ppm: 5_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 250_000,
        cross_check: Some(CrossCheck { source: BENCHMARK, apart_ppm: 20_000 }),
        incentives: Incentives {
            reward_per_hour: Amount(10_000),
            far_ppm: 50_000,
            far_ms: 60_000,
            far_slash_ppm: match cost {
                Cost::Stake => 100_000,
                Cost::Little => 1,
            },
        },
    }
}
