//! What holds of every feed, whatever is sent to it.

use proptest::prelude::*;
use std::vec::Vec;

use types::codec::Codec;
use types::{
    AccountId, Amount, At, Barrier, CrossCheck, FeedTerms, Health, HealthReason, IndexMethod,
    IndexPrice, Quorum, ReporterFault, Seat, SourceId,
};

use super::dice::{Dice, report};
use super::stage::terms;
use crate::index::Index;
use crate::seat::{Cell, Said};
use crate::votes::Votes;
use crate::{Changes, Feed, Taken, check_terms};

const NOW: At = At(1_632_096_000_000);

/// Terms of all kinds that pass the check.
fn draw_terms(dice: &mut Dice) -> FeedTerms {
    loop {
        let n_sources = dice.within(1, 8);
        let words: std::string::String = (0..n_sources)
            .map(|index| {
                std::format!("s{index}:{} ", [0, 1, 1, 2, 1_000, u32::MAX][index as usize % 6])
            })
            .collect();
        let mut terms = terms(&words);
        let n_seats = dice.within(1, 20);
        terms.seats.clear();
        for _ in 0..n_seats {
            let reporter = AccountId(dice.within(1, 6) as u32);
            let seat = Seat { reporter, source: SourceId(dice.roll(n_sources) as u8) };
            if !terms.seats.contains(&seat) {
                terms.seats.push(seat);
            }
        }
        terms.method = *dice.pick(&[
            IndexMethod::CappedMedian,
            IndexMethod::DropExtremes,
            IndexMethod::WeightedMedian,
        ]);
        let small = |dice: &mut Dice| dice.within(1, 3) as u8;
        terms.degraded = Quorum { reporters: small(dice), sources: small(dice) };
        terms.healthy = Quorum { reporters: small(dice), sources: small(dice) };
        terms.barrier = Barrier { reports: dice.within(1, 6) as u16, sources: small(dice) };
        terms.stale_ms = *dice.pick(&[1, 500, 10_000, 86_400_000]);
        terms.ahead_ms = *dice.pick(&[0, 1_000, 60_000]);
        let rate = |dice: &mut Dice| *dice.pick(&[1, 5_000, 20_000, 100_000, 1_000_000]);
        terms.cap_ppm = rate(dice);
        terms.spread_ppm = rate(dice);
        terms.confidence_ppm = rate(dice);
        terms.jump_ppm = rate(dice);
        terms.reporter_cap_ppm = *dice.pick(&[1_000_000, 500_000, 300_000]);
        terms.incentives.far_ppm = rate(dice);
        terms.incentives.far_ms = *dice.pick(&[1, 1_000, 86_400_000]);
        terms.incentives.reward_per_hour = *dice.pick(&[Amount(0), Amount(1_000), Amount::MAX]);
        let zero = terms.sources.iter().position(|source| source.weight == 0);
        terms.cross_check = zero.filter(|_| dice.roll(2) == 0).map(|index| CrossCheck {
            source: SourceId(index as u8),
            apart_ppm: *dice.pick(&[1, 10_000, 1_000_000]),
        });
        if check_terms(&terms).is_ok() {
            return terms;
        }
    }
}

/// A feed, the log's time and what it has taken.
struct Driven {
    feed: Feed,
    at: At,
}

impl Driven {
    /// One thing of all that can happen, and what it changed; `None`: it was refused.
    fn step(&mut self, dice: &mut Dice) -> Option<Changes> {
        self.at = self.at.plus_ms(*dice.pick(&[0, 0, 1, 100, 250, 999, 1_000, 5_000, 4_000_000]));
        Some(match dice.roll(24) {
            0..3 => self.feed.tick(self.at),
            3 => self.feed.start_term(self.at),
            4 if dice.roll(8) == 0 => {
                self.feed.suspend(AccountId(dice.within(1, 6) as u32), self.at)
            }
            5 if dice.roll(4) == 0 => self.feed.set_terms(draw_terms(dice), self.at),
            _ => return self.report(dice),
        })
    }

    fn report(&mut self, dice: &mut Dice) -> Option<Changes> {
        let terms = self.feed.terms().clone();
        let seat = *dice.pick(&terms.seats);
        let level = *dice.pick(&[100, 100, 100, 101, 102, 115]) * 1_000_000;
        let value = *dice.pick(&[level, level, level, level, level, level, 1, IndexPrice::MAX.0]);
        let source_at = At((self.at.0 + dice.roll(1_000)).saturating_sub(dice.roll(2_000)));
        let cell = self.feed.cells.iter().find(|cell| cell.seat == seat).expect("a seat");
        let last = cell.said.last().map_or(0, |said| said.nonce);
        let nonce = (last + 1).saturating_sub(u64::from(dice.roll(40) == 0));
        let mut report = report(&terms, seat, IndexPrice(value), source_at, nonce);
        report.confidence = IndexPrice(*dice.pick(&[0, 0, 1, value / 1_000, value]));
        let before = self.feed.to_bytes();
        let checked = self.feed.check(&report, self.at);
        assert_eq!(self.feed.to_bytes(), before, "a check changes nothing");
        checked.ok().map(|taken| self.feed.take(&report, taken, self.at))
    }
}

/// The lowest and the highest price that counts now.
fn live_range(feed: &Feed, at: At) -> Option<(IndexPrice, IndexPrice)> {
    let votes = Votes::of(&feed.cells, feed.terms(), at);
    let prices = votes.sorted.iter().filter(|vote| 0 < vote.weight).map(|vote| vote.price);
    Some((IndexPrice(prices.clone().min()?), IndexPrice(prices.max()?)))
}

/// ORA-30: what a look at the feed at a later time finds of its quorums is known without one.
fn check_foresight(feed: &Feed, at: At) -> Result<(), TestCaseError> {
    for later in [0, 1, 499, 500, 900, 9_000, 10_000, 86_400_000].map(|ms| at.plus_ms(ms)) {
        let mut looked = feed.clone();
        let found = looked.tick(later).health.first().map(|change| (change.to, change.reason));
        let expected = match found {
            None => feed.health(),
            Some((to, HealthReason::TooFew { .. } | HealthReason::CrossCheckSilent)) => to,
            Some(_) => continue,
        };
        prop_assert_eq!(feed.health_at(later), expected, "{:?} at {}", feed, later);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// ORA-1, ORA-12: nothing panics, a frozen price stands, an index is within the live prices;
    /// a feed that was written and read goes on as the first does.
    #[test]
    fn a_feed_keeps_its_promises_whatever_happens(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let feed = Feed::new(draw_terms(&mut dice), NOW);
        let mut driven = Driven { feed, at: NOW };
        for number in 0..120 {
            let (before, before_at) = (driven.feed.clone(), driven.at);
            let mut twin_dice = Dice(dice.0);
            let changes = driven.step(&mut dice);
            if number % 10 == 0 {
                let restored = Feed::from_bytes(&before.to_bytes()).expect("our own bytes");
                prop_assert_eq!(&restored, &before);
                let mut twin = Driven { feed: restored, at: before_at };
                prop_assert_eq!(twin.step(&mut twin_dice), changes.clone());
                prop_assert_eq!(&twin.feed, &driven.feed);
            }
            let feed = &driven.feed;
            let Some(changes) = changes else {
                prop_assert_eq!(feed, &before);
                continue;
            };
            let mut health = before.health();
            for change in &changes.health {
                prop_assert_eq!(change.from, health, "changes follow each other");
                prop_assert!(change.from != change.to);
                health = change.to;
            }
            prop_assert_eq!(feed.health(), health);
            prop_assert!(feed.health() != Health::Manual);
            check_foresight(feed, driven.at)?;
            prop_assert_eq!(changes.price, feed.price().filter(|new| Some(*new) != before.price()));
            prop_assert!(changes.price.is_none() || health != Health::Frozen);
            if let (Some(index), true) = (feed.price(), health != Health::Frozen) {
                let (low, high) = live_range(feed, driven.at).expect("something is live");
                prop_assert!(low <= index && index <= high, "{low} <= {index} <= {high}");
            }
            for (_, amount) in &changes.rewards {
                prop_assert!(Amount::ZERO < *amount && *amount <= Amount::MAX);
            }
        }
    }

    /// ORA-1: the lower median of weights is the lower median of as many equal votes.
    #[test]
    fn a_weighted_median_is_the_median_of_as_many_votes(
        said in proptest::collection::vec((1_u64..50, 1_u32..9), 1..20),
    ) {
        let words: std::string::String =
            said.iter().map(|(_, weight)| std::format!("s:{weight} ")).collect();
        let mut flat = terms(&words);
        flat.method = IndexMethod::WeightedMedian;
        let mut many: Vec<u64> = said
            .iter()
            .flat_map(|(price, weight)| (0..*weight).map(move |_| *price))
            .collect();
        many.sort_unstable();
        let median = many[(many.len() - 1) / 2];
        let prices: Vec<u64> = said.iter().map(|(price, _)| *price).collect();
        prop_assert_eq!(index(&flat, &prices).price, IndexPrice(median));
    }

    /// ORA-27: reporters with less than half of the weight move the index, by any method, no
    /// further than the cap beyond what the others say.
    #[test]
    fn a_minority_moves_the_index_by_the_cap_at_most(
        honest in proptest::collection::vec((990_000_u64..1_010_000, 1_u32..9), 1..16),
        liars in proptest::collection::vec((prop_oneof![
            1_u64..10, 990_000_u64..1_010_000, Just(u64::from(u32::MAX)), Just(IndexPrice::MAX.0),
        ], 1_u32..9), 0..16),
        method in prop_oneof![
            Just(IndexMethod::CappedMedian),
            Just(IndexMethod::DropExtremes),
            Just(IndexMethod::WeightedMedian),
        ],
    ) {
        let sum = |all: &[(u64, u32)]| all.iter().map(|(_, weight)| *weight).sum::<u32>();
        prop_assume!(sum(&liars) < sum(&honest));
        let all: Vec<(u64, u32)> = honest.iter().chain(&liars).copied().collect();
        let words: std::string::String =
            all.iter().map(|(_, weight)| std::format!("s:{weight} ")).collect();
        let mut feed_terms = terms(&words);
        feed_terms.method = method;
        let prices: Vec<u64> = all.iter().map(|(price, _)| *price).collect();
        let index = index(&feed_terms, &prices).price.0;
        let low = honest.iter().map(|(price, _)| *price).min().expect("some are honest");
        let high = honest.iter().map(|(price, _)| *price).max().expect("some are honest");
        // The cap is 5 000 ppm of the median, which is within the honest prices.
        prop_assert!(low * 995 / 1_000 <= index, "{index} is below {low} and the cap");
        prop_assert!(index <= high * 1_005 / 1_000, "{index} is above {high} and the cap");
    }

    /// ORA-13: prices that stand within a second of each other are within the jump limit, unless
    /// a barrier was passed between them.
    #[test]
    fn no_price_jumps_but_through_a_barrier(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let mut walking = terms("a b c d e");
        (walking.spread_ppm, walking.cap_ppm) = (1_000_000, 25_000);
        walking.method = *dice.pick(&[IndexMethod::CappedMedian, IndexMethod::WeightedMedian]);
        let mut feed = Feed::new(walking.clone(), NOW);
        let mut at = NOW;
        let mut level = 1_000_000_u64;
        // Each price and until when it stood; emptied when a barrier is passed.
        let mut stood: Vec<(At, u64)> = Vec::new();
        for nonce in 1..300 {
            at = at.plus_ms(dice.roll(2) * dice.roll(400));
            level = level * dice.within(960, 1_040) / 1_000;
            let seat = *dice.pick(&walking.seats);
            let report = report(&walking, seat, IndexPrice(level.max(1_000)), at, nonce);
            let before = feed.price();
            let changes = feed.take(&report, Taken::Price, at);
            if changes.health.iter().any(|change| change.from == Health::Frozen) {
                stood.clear();
            } else if let (Some(old), Some(new)) = (before, changes.price) {
                stood.push((at, old.0));
                stood.retain(|(until, _)| at.ms_since(*until) <= 1_000);
                for (_, old) in &stood {
                    let moved = old.abs_diff(new.0) * 1_000_000;
                    prop_assert!(moved <= 100_000 * old, "{old} to {new}");
                }
            }
        }
    }

    /// ORA-25, ORA-26: who reports within half of what far allows beyond the cap, one report for
    /// each nonce, loses no stake: not to a minority that says anything at any time and sends the
    /// honest reports again, and not to a majority either while the cross-check is honest.
    #[test]
    fn an_honest_reporter_never_loses_stake(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let n_liars = dice.within(0, 9);
        let is_honest_check = 4 < n_liars || dice.roll(2) == 0;
        let mut watched = terms("a b c d e f g h i check:0");
        watched.cross_check = Some(CrossCheck { source: SourceId(9), apart_ppm: 1_000_000 });
        watched.incentives.far_ms = 2_000;
        (watched.spread_ppm, watched.jump_ppm) = (1_000_000, 1_000_000);
        watched.method = *dice.pick(&[IndexMethod::CappedMedian, IndexMethod::DropExtremes]);
        let is_liar = |seat: Seat| match seat.reporter.0 {
            10 => !is_honest_check,
            reporter => u64::from(reporter) <= n_liars,
        };
        let mut feed = Feed::new(watched.clone(), NOW);
        let (mut at, mut truth) = (NOW, 100_000_000_u64);
        let mut sent = Vec::new();
        for nonce in 1..400 {
            // Within a round of two seconds the truth moves 0.4 % at most, and honest reports are
            // within 0.2 % of it: 2 (0.4 + 0.2) + the cap of 0.5 is below the 2.5 % of far.
            at = at.plus_ms(dice.within(1, 2_000));
            truth = truth * dice.within(9_960, 10_040) / 10_000;
            for seat in watched.seats.clone() {
                let lie = *dice.pick(&[truth / 2, truth * 11 / 10, truth * 2, 1, u64::MAX >> 8]);
                let honest = truth * dice.within(9_980, 10_020) / 10_000;
                let value = if is_liar(seat) { lie } else { honest };
                let mut said = report(&watched, seat, IndexPrice(value), at, nonce);
                if is_liar(seat) && dice.roll(20) == 0 {
                    said.nonce = nonce.saturating_sub(1);
                }
                sent.push(said);
                let again = *dice.pick(&sent);
                for report in [said, again] {
                    let Ok(taken) = feed.check(&report, at) else { continue };
                    for (account, fault) in feed.take(&report, taken, at).faults {
                        let seats = watched.seats.iter();
                        let mut seats = seats.filter(|seat| seat.reporter == account);
                        prop_assert!(seats.all(|seat| is_liar(*seat)), "{account}: {fault:?}");
                    }
                }
            }
        }
    }
}

fn index(terms: &FeedTerms, prices: &[u64]) -> Index {
    let mut cells = Cell::all(terms);
    for (cell, price) in cells.iter_mut().zip(prices) {
        let price = IndexPrice(*price);
        let said = Said { nonce: 1, price, confidence: IndexPrice(0), source_at: NOW };
        cell.remember(said, NOW);
    }
    Index::of(&Votes::of(&cells, terms, NOW), terms).expect("something is live")
}

#[test]
fn the_draws_reach_every_health_and_every_fault() {
    let mut seen = [false; 4];
    let (mut n_far, mut n_twice, mut n_paid) = (0, 0, 0);
    for seed in 0..300 {
        let mut dice = Dice(seed * 7_919);
        let mut driven = Driven { feed: Feed::new(draw_terms(&mut dice), NOW), at: NOW };
        for _ in 0..120 {
            let Some(changes) = driven.step(&mut dice) else { continue };
            for (_, fault) in &changes.faults {
                match fault {
                    ReporterFault::Far { .. } => n_far += 1,
                    ReporterFault::Equivocated { .. } => n_twice += 1,
                    ReporterFault::Spent => panic!("a feed knows no stake"),
                }
            }
            n_paid += changes.rewards.len();
            seen[driven.feed.health() as usize] = true;
        }
    }
    assert_eq!(seen, [false, true, true, true], "manual is the only one that a feed never is");
    assert!(0 < n_far && 0 < n_twice && 0 < n_paid, "{n_far} {n_twice} {n_paid}");
}
