//! The story of a feed, as `log inspect` tells it.

use engine::Engine;
use expect_test::expect;
use gateway::venue::Domain;
use types::{
    AccountId, Amount, AssetCode, At, Command, Entry, Event, IndexPrice, PriceReport, PublicKey,
    ReporterFault, Signature, SignedReport, SourceId,
};

use super::{Words, is_story, moment};
use crate::genesis::{Genesis, GenesisFeed, GenesisReporter, instrument};

/// Wednesday, 25 November 2026, 01:00 UTC.
const NOW: At = At(1_795_568_400_000);

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a code")
}

/// Four reporters, of which three are enough.
fn genesis() -> Genesis {
    use types::{Barrier, FeedTerms, Incentives, IndexMethod, Label, Quorum, Seat, Source};
    let names = ["alpha", "beta", "gamma", "delta"];
    let name = |name| Source { name: Label::new(name).expect("a name"), weight: 1 };
    let reporters = || (1..=4).map(AccountId);
    let seats = reporters().zip((0..).map(SourceId));
    let terms = FeedTerms {
        base: code("BTC"),
        quote: code("USD"),
        method: IndexMethod::CappedMedian,
        sources: names.into_iter().map(name).collect(),
        seats: seats.map(|(reporter, source)| Seat { reporter, source }).collect(),
        healthy: Quorum { reporters: 4, sources: 4 },
        degraded: Quorum { reporters: 3, sources: 3 },
        barrier: Barrier { reports: 4, sources: 3 },
        stale_ms: 5_000,
        ahead_ms: 2_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 20_000,
        jump_ppm: 50_000,
        reporter_cap_ppm: 400_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount::ZERO,
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    };
    let stakes = vec![(code("BTC"), Amount(50_000_000))];
    let key = PublicKey([9; 32]);
    let reporter = |account| GenesisReporter { account, key, stakes: stakes.clone() };
    Genesis {
        instruments: vec![instrument("BTC-PERPETUAL").expect("it names a contract")],
        reporters: reporters().map(reporter).collect(),
        feeds: vec![GenesisFeed { domain: code("BTC"), terms }],
        pricing: Vec::new(),
    }
}

struct Told {
    engine: Engine,
    words: Words,
    text: String,
}

impl Told {
    fn at(&mut self, after_ms: u64, command: Command) {
        let at = NOW.plus_ms(after_ms);
        let said = self.words.command(&command);
        let entry = Entry { seq: self.engine.seq().next(), at, command };
        let mut events = Vec::new();
        self.engine.apply(&entry, &mut events);
        events.iter().for_each(|event| self.words.learn(event));
        let is_refusal = |event: &&Event| matches!(event, Event::Refused(_));
        let shown: Vec<&Event> =
            events.iter().filter(|event| is_story(event) || is_refusal(event)).collect();
        if !shown.is_empty() {
            self.text.push_str(&format!("{}: {said}\n", &moment(at)[11..]));
            shown.iter().for_each(|event| {
                self.text.push_str(&format!("    {}\n", self.words.event(event)));
            });
        }
    }

    fn report(&mut self, after_ms: u64, reporter: u32, price: u64, nonce: u64) {
        let report = PriceReport {
            base: code("BTC"),
            quote: code("USD"),
            reporter: AccountId(reporter),
            source: SourceId(u8::try_from(reporter - 1).expect("few")),
            price: IndexPrice(price * IndexPrice::SCALE),
            confidence: IndexPrice(0),
            source_at: NOW.plus_ms(after_ms),
            nonce,
        };
        let signature = Signature([0; 64]);
        self.at(after_ms, Command::ReportPrice(Box::new(SignedReport { report, signature })));
    }
}

#[test]
fn a_feed_that_loses_its_reporters_tells_its_story() {
    let domain = Domain { asset: code("BTC"), decimals: 8 };
    let (engine, words) = (Engine::new(domain.asset, domain.decimals), Words::new(domain));
    let mut told = Told { engine, words, text: String::new() };
    genesis().commands(code("BTC")).into_iter().for_each(|command| told.at(0, command));
    told.at(0, Command::StartTerm);
    (1..=4).for_each(|reporter| told.report(1_000, reporter, 97_000, 1));
    (1..=3).for_each(|reporter| told.report(4_000, reporter, 97_010, 2));
    told.at(7_000, Command::Tick);
    (1..=2).for_each(|reporter| told.report(8_000, reporter, 97_020, 3));
    told.at(10_000, Command::Tick);
    told.report(10_000, 9, 97_020, 3);
    (1..=4).for_each(|reporter| told.report(11_000, reporter, 97_030, 4));
    (1..=4).for_each(|reporter| told.report(12_000, reporter, 97_030, 5));
    told.report(12_000, 2, 97_031, 5);
    expect![[r#"
        01:00:00.000: register reporter 1, stake 0.5 BTC
            account 1 reports, with 0.5 BTC at stake
        01:00:00.000: register reporter 2, stake 0.5 BTC
            account 2 reports, with 0.5 BTC at stake
        01:00:00.000: register reporter 3, stake 0.5 BTC
            account 3 reports, with 0.5 BTC at stake
        01:00:00.000: register reporter 4, stake 0.5 BTC
            account 4 reports, with 0.5 BTC at stake
        01:00:00.000: set the feed of btc_usd
            btc_usd has a feed: 4 seats at 4 sources, healthy with 4 reporters and 4 sources, frozen with fewer than 3 and 3, stale after 5000 ms
        01:00:00.000: start a term
            a term starts: feeds wait for fresh reports
        01:00:04.000: reporter 2 says btc_usd is 97010 at beta
            btc_usd went from frozen to healthy at 97005: 4 fresh reports from 4 sources passed the barrier
        01:00:07.000: tick
            btc_usd went from healthy to degraded at 97010: 3 reporters and 3 sources are live: 4 and 4 are needed
        01:00:10.000: tick
            btc_usd went from degraded to frozen at 97016.66666666: 2 reporters and 2 sources are live: 3 and 3 are needed
        01:00:10.000: reporter 9 says btc_usd is 97020 at source 8
            refused (309): account 9 is not a reporter: the operator registers it with its key
        01:00:12.000: reporter 2 says btc_usd is 97030 at beta
            btc_usd went from frozen to healthy at 97030: 4 fresh reports from 4 sources passed the barrier
        01:00:12.000: reporter 2 says btc_usd is 97031 at beta
            btc_usd went from healthy to degraded at 97030: 3 reporters and 3 sources are live: 4 and 4 are needed
            reporter 2 was caught in btc_usd: it signed two reports for nonce 5; it loses 0.5 BTC
    "#]].assert_eq(&told.text);
}

#[test]
fn faults_and_deliveries_have_words() {
    let words = Words::new(Domain { asset: code("BTC"), decimals: 8 });
    let (index, expiry) = (types::IndexId(0), NOW.next_eight_utc());
    let price = IndexPrice(97_000 * IndexPrice::SCALE + 50_000_000);
    let samples = types::DeliveryCount { good: 225, due: 450 };
    let (account, slashed) = (AccountId(6), Amount(2_500_000));
    let fault = ReporterFault::Far { apart_ppm: 30_000, for_ms: 60_000 };
    let instrument = types::InstrumentId(0);
    let events = [
        Event::ReporterFaulted { account, index, fault, slashed },
        Event::DeliveryPriced { index, expiry, price, samples, at: NOW },
        Event::DeliveryDisputed { index, expiry, samples, at: NOW },
        Event::InstrumentDelivered { instrument, price, at: NOW },
        Event::FundingAccrued {
            instrument,
            rate_ppb: -125_000,
            interest_ppb: 1,
            index_price: price,
            at: NOW,
        },
    ];
    let lines: String = events.iter().map(|event| format!("{}\n", words.event(event))).collect();
    expect![[r#"
        reporter 6 was caught in index 0: it was 30000 ppm away for 60000 ms; it loses 0.025 BTC
        25NOV26 of index 0 is delivered at 97000.5: 225 of 450 samples were good
        25NOV26 of index 0 waits for the operator to say its price: 225 of 450 samples were good
        instrument 0 is delivered at 97000.5
        funding of instrument 0 is -0.0125 % in 8 hours
    "#]]
    .assert_eq(&lines);
}
