//! A feed under any reports, ticks, starts and terms: nothing panics, a check changes nothing, a
//! frozen price stands, and what is written is read as the same feed.
//!
//! The first byte says where the feed comes from: its own terms, or the bytes of a snapshot that
//! a stranger wrote. A seed is such a snapshot; most changes of it are refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oracle::{Changes, Feed, check_terms, gate};
use types::codec::{Codec, Reader};
use types::{
    AccountId, Action, Amount, AssetCode, At, Barrier, CrossCheck, FeedTerms, Health, Incentives,
    IndexMethod, IndexPrice, Label, PriceReport, Quorum, Seat, Source, SourceId,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let (feed, script) = if kind % 2 == 0 { drawn(bytes) } else { read(bytes) };
    let Some(feed) = feed else { return };
    let mut world = World { feed, at: At(1 << 40), nonce: 1 << 20 };
    let mut script = Script { bytes: script };
    while let Some(step) = script.next() {
        world.step(step, &mut script);
    }
});

/// A snapshot, and the script behind it.
fn read(bytes: &[u8]) -> (Option<Feed>, &[u8]) {
    let mut reader = Reader::new(bytes);
    let Ok(feed) = Feed::decode(&mut reader) else { return (None, &[]) };
    let (own, rest) = bytes.split_at(reader.offset());
    assert_eq!(feed.to_bytes(), own, "decoding is strict");
    (Some(feed), rest)
}

/// A new feed of terms that the first bytes draw, if they make one.
fn drawn(bytes: &[u8]) -> (Option<Feed>, &[u8]) {
    let mut script = Script { bytes };
    let terms = script.terms();
    let feed = check_terms(&terms).is_ok().then(|| Feed::new(terms, At(1 << 40)));
    (feed, script.bytes)
}

struct World {
    feed: Feed,
    at: At,
    nonce: u64,
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let before = self.feed.clone();
        self.at = self.at.plus_ms(script.pick(&[0, 1, 250, 1_000, 5_000, 100_000, 4_000_000]));
        let changes = match step % 16 {
            0 => self.feed.tick(self.at),
            1 => self.feed.start_term(self.at),
            2 => self.feed.suspend(AccountId(u32::from(script.byte() % 8)), self.at),
            3 => {
                let terms = script.terms();
                if check_terms(&terms).is_err() {
                    return;
                }
                self.feed.set_terms(terms, self.at)
            }
            _ => self.report(script),
        };
        self.check(&before, &changes);
    }

    fn report(&mut self, script: &mut Script<'_>) -> Changes {
        let terms = self.feed.terms();
        let seat = terms.seats[usize::from(script.byte()) % terms.seats.len()];
        let price = IndexPrice(script.price());
        let ago = script.pick(&[0, 0, 0, 500, 70_000]);
        self.nonce += script.pick(&[0, 1, 1, 1]);
        let report = PriceReport {
            base: terms.base,
            quote: terms.quote,
            reporter: seat.reporter,
            source: seat.source,
            price,
            confidence: IndexPrice(price.0 / script.pick(&[1, 100, 1_000, u64::MAX])),
            source_at: At(self.at.0 - ago),
            nonce: self.nonce,
        };
        let before = self.feed.clone();
        let checked = self.feed.check(&report, self.at);
        assert_eq!(self.feed, before, "a check changes nothing");
        checked.map_or_else(|_| Changes::default(), |taken| self.feed.take(&report, taken, self.at))
    }

    fn check(&self, before: &Feed, changes: &Changes) {
        let feed = &self.feed;
        assert_ne!(feed.health(), Health::Manual);
        let (from, to) = (before.health(), feed.health());
        let ends = changes.health.first().zip(changes.health.last());
        assert_eq!(ends.map_or((from, to), |(first, last)| (first.from, last.to)), (from, to));
        if to == Health::Frozen {
            assert_eq!(feed.price(), before.price(), "the price of a frozen feed stands");
            assert!(!gate::allows(Action::Liquidate, to));
        } else {
            assert!(feed.price().is_some(), "what is not frozen has a price");
        }
        assert!(changes.rewards.iter().all(|(_, amount)| Amount::ZERO < *amount));
        feed.view(self.at);
        let bytes = feed.to_bytes();
        assert_eq!(Feed::from_bytes(&bytes).as_ref(), Ok(feed), "a snapshot is the feed");
    }
}

/// The rest of the input.
struct Script<'a> {
    bytes: &'a [u8],
}

impl Script<'_> {
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    /// The next byte, or zero behind the end.
    fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    /// Near 100, mostly.
    fn price(&mut self) -> u64 {
        let near = 100 * IndexPrice::SCALE + u64::from(self.byte()) * (IndexPrice::SCALE / 50);
        let absurd = self.pick(&[0, 1, IndexPrice::MAX.0, u64::MAX]);
        if self.byte().is_multiple_of(8) { absurd } else { near }
    }

    fn terms(&mut self) -> FeedTerms {
        let name = |index: u8| Label::new(["a", "b"][usize::from(index % 2)]).expect("a name");
        let sources: Vec<Source> = (0..1 + self.byte() % 6)
            .map(|index| Source {
                name: name(self.byte()),
                weight: if index == 0 { 0 } else { self.pick(&[1, 1, 1, 3, u32::MAX]) },
            })
            .collect();
        let seats = (0..1 + self.byte() % 12).map(|_| Seat {
            reporter: AccountId(u32::from(self.byte() % 6)),
            source: SourceId(self.byte() % 6),
        });
        let mut seats: Vec<Seat> = seats.collect();
        seats.sort_unstable();
        seats.dedup();
        let mut small = || 1 + self.byte() % 3;
        let degraded = Quorum { reporters: small(), sources: small() };
        let healthy = Quorum { reporters: small(), sources: small() };
        let barrier = Barrier { reports: u16::from(small()) * 2, sources: small() };
        let mut rate = || self.pick(&[5_000, 20_000, 100_000, 1_000_000, 1]);
        let (cap_ppm, spread_ppm, confidence_ppm) = (rate(), rate(), rate());
        let (jump_ppm, far_ppm, far_slash_ppm, apart_ppm) = (rate(), rate(), rate(), rate());
        let cross_check = self.byte().is_multiple_of(2);
        FeedTerms {
            base: AssetCode::new("BTC").expect("a code"),
            quote: AssetCode::new("USD").expect("a code"),
            method: self.pick(&[
                IndexMethod::CappedMedian,
                IndexMethod::DropExtremes,
                IndexMethod::WeightedMedian,
            ]),
            sources,
            seats,
            healthy,
            degraded,
            barrier,
            stale_ms: self.pick(&[60_000, 1_000, 1, 86_400_000]),
            ahead_ms: 1_000,
            cap_ppm,
            spread_ppm,
            confidence_ppm,
            jump_ppm,
            reporter_cap_ppm: self.pick(&[1_000_000, 500_000, 340_000]),
            cross_check: cross_check.then_some(CrossCheck { source: SourceId(0), apart_ppm }),
            incentives: Incentives {
                reward_per_hour: self.pick(&[Amount(0), Amount(1_000), Amount::MAX]),
                far_ppm,
                far_ms: self.pick(&[1, 1_000, 60_000]),
                far_slash_ppm,
            },
        }
    }
}
