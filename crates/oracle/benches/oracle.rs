//! What one report costs in a feed: the check, the index of all live seats, health, grades.
//!
//! Every seat has its own source and reporter, the cross-check is one more, and no reporter may
//! have more than half. Reports go round the seats, as they do in a market that moves.
//!
//! `cargo bench -p oracle -- [reports]`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_types, reason = "a benchmark divides")]

use oracle::Feed;
use types::codec::Codec;
use types::{
    AccountId, Amount, AssetCode, At, Barrier, CrossCheck, FeedTerms, Health, Incentives,
    IndexMethod, IndexPrice, Label, PriceReport, Quorum, Seat, Source, SourceId,
};

const RUNS: usize = 5;

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(200_000);
    for seats in [5, 31] {
        let mut times: Vec<f64> = (0..RUNS).map(|_| measure(seats, count)).collect();
        times.sort_by(f64::total_cmp);
        let bytes = fed(seats, 20 * u64::from(seats)).to_bytes().len();
        let median = times[RUNS / 2];
        println!("{} seats: {median:.0} ns each (median of {RUNS}), {bytes} bytes", seats + 1);
    }
}

fn measure(seats: u8, count: u64) -> f64 {
    let mut feed = fed(seats, 100);
    let reports: Vec<(PriceReport, At)> = (100..100 + count).map(|n| report(&feed, n)).collect();
    let started = core_seconds();
    for (report, at) in &reports {
        let taken = feed.check(report, *at).expect("it is a good report");
        feed.take(report, taken, *at);
    }
    let seconds = core_seconds() - started;
    assert_eq!(feed.health(), Health::Healthy, "the feed was healthy all the time");
    seconds * 1e9 / count as f64
}

/// A feed that took this many reports.
fn fed(seats: u8, count: u64) -> Feed {
    let mut feed = Feed::new(terms(seats), At(0));
    for number in 0..count {
        let (report, at) = report(&feed, number);
        let taken = feed.check(&report, at).expect("it is a good report");
        feed.take(&report, taken, at);
    }
    feed
}

/// The report of this number: seats take turns, prices are up to 0.1 % apart and drift.
fn report(feed: &Feed, number: u64) -> (PriceReport, At) {
    let terms = feed.terms();
    let turn = usize::try_from(number).expect("few") % terms.seats.len();
    let at = At(number * 10);
    let wave = (number / 1_000 % 200).abs_diff(100) + number * 7_919 % 61;
    let report = PriceReport {
        base: terms.base,
        quote: terms.quote,
        reporter: terms.seats[turn].reporter,
        source: terms.seats[turn].source,
        price: IndexPrice((60_000 + wave) * IndexPrice::SCALE),
        confidence: IndexPrice(5 * IndexPrice::SCALE),
        source_at: at,
        nonce: number + 1,
    };
    (report, at)
}

fn terms(seats: u8) -> FeedTerms {
    let source = |index: u8| Source {
        name: Label::new("source").expect("a name"),
        weight: if index < seats { 1 + u32::from(index) % 3 } else { 0 },
    };
    let seat = |index: u8| Seat { reporter: AccountId(u32::from(index)), source: SourceId(index) };
    FeedTerms {
        base: AssetCode::new("BTC").expect("a code"),
        quote: AssetCode::new("USDC").expect("a code"),
        method: IndexMethod::CappedMedian,
        sources: (0..=seats).map(source).collect(),
        seats: (0..=seats).map(seat).collect(),
        healthy: Quorum { reporters: 4, sources: 4 },
        degraded: Quorum { reporters: 3, sources: 3 },
        barrier: Barrier { reports: 10, sources: 4 },
        stale_ms: 60_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 20_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 500_000,
        cross_check: Some(CrossCheck { source: SourceId(seats), apart_ppm: 10_000 }),
        incentives: Incentives {
            reward_per_hour: Amount(1_000_000),
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

/// Time that this thread has had a core for: other work on a shared machine does not count.
fn core_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 =
        stat.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    nanoseconds / 1e9
}
