//! Marks.

use std::vec::Vec;

use expect_test::expect;
use proptest::prelude::*;
use types::codec::Codec;
use types::{
    At, Decimal, FundingTerms, IndexPrice, Kind, Lots, MarkMethod, OptionRight, PricingFault,
    PricingTerms, Ticks,
};

use super::{any_funding_terms, any_price, check_bytes, units};
use crate::funding::check_terms;
use crate::mark::{MarkState, Sample, to_ticks};

fn terms(mark: MarkMethod, clamp_ppm: u32) -> PricingTerms {
    PricingTerms { mark, impact: Lots(1), clamp_ppm, funding: None }
}

fn impact(clamp_ppm: u32) -> PricingTerms {
    terms(MarkMethod::ImpactBasis, clamp_ppm)
}

fn median(clamp_ppm: u32) -> PricingTerms {
    terms(MarkMethod::MedianOfThree, clamp_ppm)
}

/// A book in which everything is at one price.
fn book(index: u64, price: u64) -> Sample {
    let at = Some(units(price));
    Sample { index: units(index), best_bid: at, best_ask: at, fair: at, last: at }
}

fn empty(index: u64) -> Sample {
    let (best_bid, best_ask, fair, last) = (None, None, None, None);
    Sample { index: units(index), best_bid, best_ask, fair, last }
}

/// One look a second, from the second `from` on, at what stays the same.
fn look(
    state: &mut MarkState,
    terms: &PricingTerms,
    sample: &Sample,
    seconds: core::ops::Range<u64>,
) {
    for second in seconds {
        state.sample(terms, sample, At(second * 1_000));
    }
}

/// How far the mark is from an index of 100 000 units, in millionths of 1 000 units, down.
fn moved_ppm(state: &MarkState, terms: &PricingTerms) -> u64 {
    (state.mark(terms, units(100_000)).0 - units(100_000).0) / 100_000
}

/// MRK-3; venue.md §2.3.1. The digits beyond those of the spec are `1 − (29/31)ⁿ`, by fractions.
#[test]
fn of_a_step_of_the_basis_the_mark_shows_what_the_spec_works_out() {
    let terms = impact(50_000);
    for (seconds, share_ppm) in [
        (0, 0),
        (1, 64_516),
        (5, 283_557),
        (10, 486_709),
        (15, 632_256),
        (30, 864_764),
        (60, 981_711),
        (600, 1_000_000),
    ] {
        let mut state = MarkState::new();
        look(&mut state, &terms, &book(100_000, 101_000), 0..seconds);
        assert_eq!(moved_ppm(&state, &terms), share_ppm, "{seconds} s");
    }
}

/// MRK-3: a price that is 1 % off for 5 s moves the mark by 0.28 %, and is forgotten again.
#[test]
fn a_spoof_of_five_seconds_moves_the_mark_a_little() {
    let terms = impact(50_000);
    let mut state = MarkState::new();
    look(&mut state, &terms, &book(100_000, 100_000), 0..60);
    look(&mut state, &terms, &book(100_000, 101_000), 60..65);
    assert_eq!(state.mark(&terms, units(100_000)), IndexPrice(10_028_355_720_363));
    look(&mut state, &terms, &book(100_000, 100_000), 65..125);
    assert_eq!(moved_ppm(&state, &terms), 5_185);
}

/// MRK-1.
#[test]
fn the_mark_follows_the_index_at_once() {
    let terms = impact(50_000);
    let mut state = MarkState::new();
    assert_eq!(state.mark(&terms, units(42)), units(42));
    look(&mut state, &terms, &book(100_000, 101_000), 0..600);
    for index in [90_000, 100_000, 100_001, 130_000] {
        assert_eq!(state.mark(&terms, units(index)), units(index + 1_000), "{index}");
    }
}

/// MRK-2.
#[test]
fn the_fair_price_is_within_the_book_and_needs_depth() {
    let terms = impact(1_000_000);
    for (bid, ask, fair, stands_at) in [
        (Some(99), Some(101), Some(100), 100),
        (Some(99), Some(101), Some(50), 99),
        (Some(99), Some(101), Some(120), 101),
        (Some(99), None, Some(120), 120),
        (None, Some(101), Some(120), 101),
        (Some(120), Some(121), None, 90),
        (None, None, None, 90),
    ] {
        let sample = Sample {
            index: units(90),
            best_bid: bid.map(units),
            best_ask: ask.map(units),
            fair: fair.map(units),
            last: Some(units(500)),
        };
        let mut state = MarkState::new();
        look(&mut state, &terms, &sample, 0..1_000);
        let mark = state.mark(&terms, units(90));
        assert_eq!(mark, units(stands_at), "{bid:?} {ask:?} {fair:?}");
    }
}

/// MRK-4: ten times the clamp for a minute is forgotten as one clamp is.
#[test]
fn nothing_beyond_the_clamp_enters_the_average() {
    let terms = impact(10_000);
    let marks = |price| {
        let mut state = MarkState::new();
        look(&mut state, &terms, &book(100_000, price), 0..60);
        let during = state.mark(&terms, units(100_000));
        look(&mut state, &terms, &book(100_000, 100_000), 60..90);
        (during, state.mark(&terms, units(100_000)))
    };
    assert_eq!(marks(110_000), marks(101_000));
    assert_eq!(marks(110_000), (IndexPrice(10_098_171_149_338), IndexPrice(10_013_276_175_888)));
    assert_eq!(marks(1), (IndexPrice(9_901_828_850_662), IndexPrice(9_986_723_824_112)));
}

/// MRK-4: 0.5 % of 999 is 4.995, so 4 at most.
#[test]
fn the_clamp_is_rounded_inward_and_leaves_a_price() {
    for (index, clamp_ppm, low, high) in
        [(999, 5_000, 995, 1_003), (1, 1_000_000, 1, 2), (7, 1_000_000, 1, 14), (100, 1, 100, 100)]
    {
        let terms = impact(clamp_ppm);
        for (far, mark) in [(1, low), (IndexPrice::MAX.0, high)] {
            let at = Some(IndexPrice(far));
            let sample =
                Sample { index: IndexPrice(index), best_bid: at, best_ask: at, fair: at, last: at };
            let mut state = MarkState::new();
            look(&mut state, &terms, &sample, 0..600);
            assert_eq!(state.mark(&terms, IndexPrice(index)), IndexPrice(mark), "{index} {far}");
        }
    }
}

/// MRK-4: the index falls by more than is left of it.
#[test]
fn a_mark_is_above_zero() {
    let terms = impact(1_000_000);
    let at = Some(IndexPrice(1));
    let index = IndexPrice(7);
    let sample = Sample { index, best_bid: at, best_ask: at, fair: at, last: at };
    let mut state = MarkState::new();
    look(&mut state, &terms, &sample, 0..600);
    for (index, mark) in [(7, 1), (8, 2), (6, 1), (1, 1)] {
        assert_eq!(state.mark(&terms, IndexPrice(index)), IndexPrice(mark), "{index}");
    }
}

/// MRK-5: the seconds are time constants. By fractions: `1 − (299/301)¹⁵⁰`, `1 − (59/61)³⁰`.
#[test]
fn the_averages_of_the_second_method_reach_63_percent_after_their_seconds() {
    let terms = median(50_000);
    // Bid and ask far apart, so that the last price alone moves the middle price.
    let wide = |last| Sample {
        best_bid: Some(units(98_000)),
        best_ask: Some(units(102_000)),
        last: Some(units(last)),
        ..empty(100_000)
    };
    // The last price is at the top: the median is the average of it, above the index.
    let mut state = MarkState::new();
    look(&mut state, &terms, &wide(101_000), 0..30);
    assert_eq!(moved_ppm(&state, &terms), 632_154);

    // The book empties: the index is below, the average of the median above, and between them the
    // average distance, a look later.
    // One side of a book is no book.
    let one_side = Some(units(105_000));
    for emptied in [
        empty(100_000),
        Sample { best_bid: one_side, last: one_side, ..empty(100_000) },
        Sample { best_ask: one_side, last: one_side, ..empty(100_000) },
    ] {
        let mut state = MarkState::new();
        look(&mut state, &terms, &book(100_000, 101_000), 0..150);
        state.sample(&terms, &emptied, At(150_000));
        assert_eq!(moved_ppm(&state, &terms), 627_921);
    }
}

/// MRK-5.
#[test]
fn the_second_method_takes_the_middle_of_three() {
    let terms = median(100_000);
    let index = units(100_000);
    let seen = |bid, ask, last: Option<u64>| Sample {
        best_bid: Some(units(bid)),
        best_ask: Some(units(ask)),
        last: last.map(units),
        ..empty(100_000)
    };
    for (sample, settled_at) in [
        // All three agree in the end.
        (seen(100_900, 101_100, Some(101_000)), 101_000),
        // A last price outside of the book counts as the near side of it.
        (seen(100_900, 101_100, Some(150_000)), 101_100),
        (seen(100_900, 101_100, Some(1)), 100_900),
        // Without a trade.
        (seen(100_900, 101_100, None), 101_000),
        // One side alone says nothing.
        (Sample { best_ask: None, ..seen(105_000, 105_000, Some(105_000)) }, 100_000),
        (Sample { best_bid: None, ..seen(105_000, 105_000, Some(105_000)) }, 100_000),
    ] {
        let mut state = MarkState::new();
        look(&mut state, &terms, &sample, 0..6_000);
        assert_eq!(state.mark(&terms, index), units(settled_at), "{sample:?}");
    }
    // Seen for a second, a price of the book alone is out-voted by the averages.
    let mut state = MarkState::new();
    look(&mut state, &terms, &book(100_000, 100_000), 0..60);
    look(&mut state, &terms, &book(100_000, 105_000), 60..61);
    assert_eq!(state.mark(&terms, index), IndexPrice(10_016_393_442_623));
    // The index rises by 2 000 and the book by more: the average of prices is behind, the book is
    // ahead, and the average distance is between them, at 1 000 + 1 000 · 2/301.
    let mut state = MarkState::new();
    look(&mut state, &terms, &book(100_000, 101_000), 0..6_000);
    look(&mut state, &terms, &book(102_000, 104_000), 6_000..6_001);
    assert_eq!(state.mark(&terms, units(102_000)), IndexPrice(10_300_664_451_827));
}

/// MRK-9: the silent seconds count as the book before, the last one as the book now.
#[test]
fn an_order_after_a_silence_moves_the_mark_no_faster() {
    for terms in [impact(50_000), median(50_000)] {
        let mut silent = MarkState::new();
        look(&mut silent, &terms, &book(100_000, 100_500), 0..30);
        let mut watched = silent.clone();

        silent.sample(&terms, &book(100_000, 104_000), At(90_000));
        look(&mut watched, &terms, &book(100_000, 100_500), 30..90);
        watched.sample(&terms, &book(100_000, 104_000), At(90_000));
        assert_eq!(silent, watched);
    }
}

/// MRK-9: later looks of a second change nothing, and time does not go back.
#[test]
fn the_first_look_in_a_second_counts() {
    for terms in [impact(50_000), median(50_000)] {
        let mut state = MarkState::new();
        state.sample(&terms, &book(100_000, 101_000), At(5_000));
        let first = state.clone();
        for at in [5_000, 5_001, 5_999, 4_999, 0] {
            state.sample(&terms, &book(100_000, 90_000), At(at));
            assert_eq!(state, first, "{at}");
        }
        state.sample(&terms, &book(100_000, 101_000), At(6_000));
        assert_ne!(state, first);
    }
}

/// MRK-9: longer silences count as ten minutes.
#[test]
fn a_silence_is_ten_minutes_at_most() {
    let terms = median(50_000);
    let mut state = MarkState::new();
    look(&mut state, &terms, &book(100_000, 101_000), 0..1);
    let mut longer = state.clone();
    state.sample(&terms, &empty(100_000), At(600_000));
    longer.sample(&terms, &empty(100_000), At(86_400_000));
    assert_eq!(state.mark(&terms, units(100_000)), longer.mark(&terms, units(100_000)));
}

/// What one method remembers means nothing to the other.
#[test]
fn a_change_of_method_forgets_the_middle_price() {
    let mut state = MarkState::new();
    look(&mut state, &median(50_000), &book(100_000, 103_000), 0..600);
    look(&mut state, &impact(50_000), &book(100_000, 100_000), 600..1_200);
    assert_eq!(state.mark(&median(50_000), units(100_000)), units(100_000));
}

/// MRK-10.
#[test]
fn a_mark_is_the_nearest_tick() {
    for (price, tick, ticks) in [
        (0, 10, 1),
        (1, 10, 1),
        (14, 10, 1),
        (15, 10, 1),
        (16, 10, 2),
        (25, 10, 2),
        (26, 10, 3),
        (7, 1, 7),
        (6_000_024_999_999, 50_000_000, 120_000),
        (6_000_025_000_000, 50_000_000, 120_000),
        (6_000_025_000_001, 50_000_000, 120_001),
        (u64::MAX, u64::MAX, 1),
        (u64::MAX, 1, Ticks::MAX.0),
    ] {
        assert_eq!(to_ticks(IndexPrice(price), tick), Ticks(ticks), "{price}");
    }
}

/// MRK-11.
#[test]
fn terms_that_contradict_each_other_are_refused() {
    let expiry = At(1_798_185_600_000);
    let option = Kind::Option { expiry, strike: Decimal::whole(1), right: OptionRight::Call };
    let future = Kind::Future { expiry };
    let rates = FundingTerms {
        schedule: types::FundingSchedule::Hourly,
        damper_ppb: 500_000,
        cap_ppb: 100_000_000,
        interest_ppb: 100_000,
    };
    let dated = impact(1_000_000);
    let perpetual = PricingTerms { funding: Some(rates), ..impact(1) };
    let with = |rates| PricingTerms { funding: Some(rates), ..perpetual };
    let no_impact = |terms| PricingTerms { impact: Lots(0), ..terms };
    let clamped = |clamp_ppm| PricingTerms { clamp_ppm, ..dated };
    for (kind, terms, answer) in [
        (Kind::Perpetual, perpetual, Ok(())),
        (future, dated, Ok(())),
        (option, dated, Err(PricingFault::Option)),
        (option, perpetual, Err(PricingFault::Option)),
        (future, perpetual, Err(PricingFault::Funding)),
        (Kind::Perpetual, dated, Err(PricingFault::Funding)),
        (Kind::Perpetual, no_impact(perpetual), Err(PricingFault::Rates)),
        (future, no_impact(dated), Err(PricingFault::Rates)),
        (future, clamped(0), Err(PricingFault::Rates)),
        (future, clamped(1_000_001), Err(PricingFault::Rates)),
        (
            Kind::Perpetual,
            with(FundingTerms { cap_ppb: 100_000_001, ..rates }),
            Err(PricingFault::Rates),
        ),
        (
            Kind::Perpetual,
            with(FundingTerms { interest_ppb: 100_000_000, ..rates }),
            Err(PricingFault::Rates),
        ),
        (
            Kind::Perpetual,
            with(FundingTerms { interest_ppb: i32::MIN, ..rates }),
            Err(PricingFault::Rates),
        ),
        (Kind::Perpetual, with(FundingTerms { interest_ppb: -99_999_999, ..rates }), Ok(())),
        (
            Kind::Perpetual,
            with(FundingTerms { cap_ppb: 0, interest_ppb: 0, ..rates }),
            Err(PricingFault::Rates),
        ),
    ] {
        assert_eq!(check_terms(&kind, &terms), answer, "{kind:?} {terms:?}");
    }
}

/// These bytes are in snapshots: a change of one of them is a change of format.
#[test]
fn what_a_mark_remembers_has_these_bytes() {
    let mut state = MarkState::new();
    look(&mut state, &median(50_000), &book(1, 2), 1..3);
    let hex: std::string::String =
        state.to_bytes().iter().map(|byte| std::format!("{byte:02x}")).collect();
    expect!["0102000000000000000000f444829163450000000000000000b55e50bcc546eb00000000000000000001402c420600000000014b210c18b81841700500000000000000"].assert_eq(&hex);
}

/// What no log can lead to is not read from a snapshot.
#[test]
fn impossible_memories_of_marks_are_refused() {
    let mut state = MarkState::new();
    look(&mut state, &median(50_000), &book(1, 2), 1..3);
    let bytes = state.to_bytes();
    // The highest bytes of seen, basis, middle and its average.
    for (place, byte) in [(24, 0x7f), (40, 0x80), (49, 0x7f), (66, 0xff), (66, 0x7f)] {
        let mut changed = bytes.clone();
        changed[place] = byte;
        assert!(MarkState::from_bytes(&changed).is_err(), "{place}");
    }
}

fn any_method() -> impl Strategy<Value = MarkMethod> {
    prop_oneof![Just(MarkMethod::ImpactBasis), Just(MarkMethod::MedianOfThree)]
}

fn any_terms() -> impl Strategy<Value = PricingTerms> {
    let terms = (any_method(), 1..=1_000_000_u32, proptest::option::of(any_funding_terms()));
    terms.prop_map(|(mark, clamp_ppm, funding)| PricingTerms {
        mark,
        impact: Lots(1),
        clamp_ppm,
        funding,
    })
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let maybe = || proptest::option::of(any_price());
    (any_price(), maybe(), maybe(), maybe(), maybe()).prop_map(|(index, one, other, fair, last)| {
        let (best_bid, best_ask) = match (one, other) {
            (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other))),
            (one, other) => (one, other),
        };
        Sample { index, best_bid, best_ask, fair, last }
    })
}

proptest! {
    /// MRK-4, MRK-9: whatever was seen and whenever, a mark is within the clamp, and a second more
    /// of what was seen last is the same as silence.
    #[test]
    fn a_mark_stays_within_the_clamp(
        terms in any_terms(),
        looks in proptest::collection::vec((any_sample(), 0..700_000_u64), 1..20),
        index in any_price(),
        places in proptest::collection::vec((any::<usize>(), any::<u8>()), 20),
    ) {
        let mut state = MarkState::new();
        let mut at = At(0);
        for (sample, later_ms) in &looks {
            at = at.plus_ms(*later_ms);
            state.sample(&terms, sample, at);
        }
        let mark = i128::from(state.mark(&terms, index).0);
        let index = i128::from(index.0);
        let reach = index * i128::from(terms.clamp_ppm) / 1_000_000;
        prop_assert!((index - mark).abs() <= reach, "{mark} {index}");
        prop_assert!((1..=i128::from(IndexPrice::MAX.0)).contains(&mark));
        check_bytes(&state, &places);
    }

    /// Up and down are alike.
    #[test]
    fn the_first_method_is_the_same_upside_down(
        prices in proptest::collection::vec(1..200_000_u64, 1..50),
    ) {
        let terms = impact(1_000_000);
        let (mut up, mut down) = (MarkState::new(), MarkState::new());
        for (second, price) in (0..).zip(&prices) {
            up.sample(&terms, &book(100_000, *price), At(second * 1_000));
            down.sample(&terms, &book(100_000, 200_000 - price), At(second * 1_000));
        }
        let marks: Vec<u64> =
            [up, down].iter().map(|state| state.mark(&terms, units(100_000)).0).collect();
        prop_assert_eq!(marks.iter().sum::<u64>(), 2 * units(100_000).0);
    }

    /// MRK-10.
    #[test]
    fn no_tick_is_nearer(price in 1..=1_000_000_u64, tick in 1..=10_000_u64) {
        let ticks = u64::from(to_ticks(IndexPrice(price), tick).0);
        let off = |ticks: u64| price.abs_diff(ticks * tick);
        prop_assert!(off(ticks) <= off(ticks + 1));
        prop_assert!(ticks == 1 || off(ticks) < off(ticks - 1));
    }
}
