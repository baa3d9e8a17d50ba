//! Funding.

use std::vec::Vec;

use expect_test::expect;
use proptest::prelude::*;
use proptest::sample::Index;
use types::codec::Codec;
use types::{Amount, At, FundingSchedule, FundingTerms, IndexPrice, SignedLots};

use super::{any_funding_terms, any_price, check_bytes, units};
use crate::funding::{Accrual, Accrued, FundingState, owed, rate_ppb};

const HOUR: u64 = 3_600_000;
const YEAR: u64 = 365 * At::DAY;

fn continuous() -> FundingTerms {
    FundingTerms {
        schedule: FundingSchedule::Continuous,
        damper_ppb: 250_000,
        cap_ppb: 5_000_000,
        interest_ppb: 0,
    }
}

fn hourly() -> FundingTerms {
    FundingTerms {
        schedule: FundingSchedule::Hourly,
        damper_ppb: 500_000,
        cap_ppb: 5_000_000,
        interest_ppb: 100_000,
    }
}

/// With the index at 50 000 and a lot of 1 BTC, settled in 6 decimals.
fn one_bitcoin(mark: u64) -> Accrual {
    let lot_value = 50_000_000_000 * FundingState::SCALE;
    Accrual { mark: units(mark), index: units(50_000), lot_value, allowed: true }
}

fn frozen() -> Accrual {
    Accrual { allowed: false, ..one_bitcoin(60_000) }
}

/// FND-2; venue.md §2.5.1.
#[test]
fn a_premium_makes_the_continuous_rate_that_the_spec_works_out() {
    for (premium, rate) in [
        (200_000, 0),
        (2_000_000, 1_750_000),
        (-1_000_000, -750_000),
        (10_000_000, 5_000_000),
        (250_000, 0),
        (250_001, 1),
        (-250_000, 0),
        (-250_001, -1),
        (5_250_000, 5_000_000),
        (5_250_001, 5_000_000),
        (i64::MAX, 5_000_000),
        (i64::MIN, -5_000_000),
    ] {
        assert_eq!(rate_ppb(premium, &continuous()), rate, "{premium}");
    }
}

/// FND-3; venue.md §2.5.2, §2.5.4.
#[test]
fn an_average_premium_makes_the_hourly_rate_that_the_spec_works_out() {
    for (premium, rate) in [
        (200_000, 100_000),
        (2_000_000, 1_500_000),
        (-400_000, 100_000),
        (0, 100_000),
        (600_000, 100_000),
        (600_001, 100_001),
        (-400_001, 99_999),
        (-2_000_000, -1_500_000),
        (i64::MAX, 5_000_000),
        (i64::MIN, -5_000_000),
    ] {
        assert_eq!(rate_ppb(premium, &hourly()), rate, "{premium}");
    }
}

/// FND-1: 1 above 3 is a third, in whole billionths; a third below is rounded toward zero as well.
#[test]
fn the_premium_is_a_share_of_the_index() {
    let exact = FundingTerms { damper_ppb: 0, cap_ppb: u32::MAX, ..continuous() };
    for (mark, index, premium) in [
        (4, 3, 333_333_333),
        (2, 3, -333_333_333),
        (3, 3, 0),
        (1, IndexPrice::MAX.0, -999_999_999),
        (IndexPrice::MAX.0, 1, i64::from(u32::MAX)),
    ] {
        let accrual = Accrual { mark: IndexPrice(mark), index: IndexPrice(index), ..frozen() };
        let mut state = FundingState::new(At(0));
        state.accrue(&exact, &Accrual { allowed: true, ..accrual }, At(1));
        assert_eq!(state.rate_ppb(), premium, "{mark} {index}");
    }
}

/// FND-4; venue.md §2.5.1: mark 50 100, index 50 000, long 1 BTC for 3 h pays 32.81 USD.
#[test]
fn three_hours_cost_what_the_spec_works_out() {
    for (mark, of_long) in [(50_100, 32_812_500), (49_900, -32_812_500), (50_010, 0)] {
        let mut state = FundingState::new(At(7));
        state.accrue(&continuous(), &one_bitcoin(mark), At(7 + 3 * HOUR));
        let now = state.cumulative();
        assert_eq!(owed(SignedLots(1), 0, now), Amount(of_long), "{mark}");
        assert_eq!(owed(SignedLots(-1), 0, now), Amount(-of_long), "{mark}");
        assert_eq!(owed(SignedLots(1), now, now), Amount::ZERO);
    }
}

/// FND-4, FND-6: 1 000 inverse lots of 10 USD at 60 000 are 16 666 666.67 satoshi; 8 hours at
/// 0.175 %.
#[test]
fn an_inverse_lot_is_worth_a_fraction_of_an_atom() {
    let lot_value = 10 * 100_000_000 * FundingState::SCALE / 60_000;
    let (mark, index) = (units(60_120), units(60_000));
    let accrual = Accrual { mark, index, lot_value, allowed: true };
    let mut state = FundingState::new(At(0));
    state.accrue(&continuous(), &accrual, At(8 * HOUR));
    assert_eq!(state.cumulative(), 29_166_666_666_666);
    assert_eq!(owed(SignedLots(1_000), 0, state.cumulative()), Amount(29_167));
    assert_eq!(owed(SignedLots(-1_000), 0, state.cumulative()), Amount(-29_166));
    assert_eq!(owed(SignedLots(-1), 0, state.cumulative()), Amount(-29));
}

/// FND-3: an eighth of the rate, at the full hour, by the average premium and the value then.
#[test]
fn hourly_funding_is_paid_at_the_full_hour() {
    let terms = hourly();
    let mut state = FundingState::new(At(10 * HOUR));
    // 40 minutes at 0.3 % and 20 at nothing: 0.2 % on average, 0.15 % to pay.
    assert_eq!(state.accrue(&terms, &one_bitcoin(50_150), At(10 * HOUR + 40 * 60_000)), None);
    assert_eq!((state.cumulative(), state.rate_ppb()), (0, 2_500_000));
    assert_eq!(state.accrue(&terms, &one_bitcoin(50_000), At(11 * HOUR - 1)), None);
    assert_eq!(state.cumulative(), 0);
    let accrued = state.accrue(&terms, &one_bitcoin(50_000), At(11 * HOUR));
    assert_eq!(accrued, Some(Accrued { rate_ppb: 1_500_000, interest_ppb: 187_500 }));
    assert_eq!(owed(SignedLots(1), 0, state.cumulative()), Amount(9_375_000));
    assert_eq!(state.rate_ppb(), 1_500_000);
}

/// FND-3, FND-9: what is told is the hour that is over, what is asked the hour that runs.
#[test]
fn a_look_after_the_full_hour_tells_the_hour_that_is_over() {
    let mut state = FundingState::new(At(0));
    state.accrue(&hourly(), &one_bitcoin(50_150), At(HOUR / 2));
    let accrued = state.accrue(&hourly(), &one_bitcoin(50_000), At(HOUR + HOUR / 6));
    assert_eq!(accrued, Some(Accrued { rate_ppb: 1_000_000, interest_ppb: 125_000 }));
    assert_eq!(state.rate_ppb(), 100_000);
}

/// FND-3, FND-5: three hours at once are three payments.
#[test]
fn hours_that_nobody_watched_are_paid_one_by_one() {
    let terms = hourly();
    let (mut at_once, mut by_hours) = (FundingState::new(At(0)), FundingState::new(At(0)));
    at_once.accrue(&terms, &one_bitcoin(50_150), At(HOUR / 2 + 3 * HOUR));
    for at in [HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR + HOUR / 2] {
        by_hours.accrue(&terms, &one_bitcoin(50_150), At(at));
    }
    assert_eq!(at_once.cumulative(), by_hours.cumulative());
    let eighths = 3 * 50_000_000_000 * FundingState::SCALE * 25 / 10_000 / 8;
    assert_eq!(at_once.cumulative(), eighths);
}

/// FND-8.
#[test]
fn nothing_accrues_while_the_index_is_frozen() {
    let mut state = FundingState::new(At(0));
    state.accrue(&continuous(), &one_bitcoin(50_100), At(HOUR));
    let before = state.cumulative();
    state.accrue(&continuous(), &frozen(), At(3 * HOUR));
    assert_eq!((state.cumulative(), state.rate_ppb()), (before, 0));
    state.accrue(&continuous(), &one_bitcoin(50_100), At(4 * HOUR));
    assert_eq!(state.cumulative(), 2 * before);
}

/// FND-3: what an hour had seen before the schedule was continuous for a while, a later hour of
/// hourly funding does not pay for.
#[test]
fn a_change_of_schedule_forgets_the_hour_that_ran() {
    let mut state = FundingState::new(At(0));
    state.accrue(&hourly(), &one_bitcoin(50_150), At(HOUR / 2));
    state.accrue(&continuous(), &one_bitcoin(50_000), At(HOUR + HOUR / 2));
    assert_eq!(state.cumulative(), 0);
    let accrued = state.accrue(&hourly(), &one_bitcoin(50_000), At(2 * HOUR));
    assert_eq!(accrued, Some(Accrued { rate_ppb: 100_000, interest_ppb: 6_250 }));
}

/// FND-8: before there is an index there is no premium.
#[test]
fn without_an_index_nothing_accrues() {
    for terms in [continuous(), hourly()] {
        let nothing = Accrual { index: IndexPrice(0), lot_value: 0, ..frozen() };
        let mut state = FundingState::new(At(0));
        state.accrue(&terms, &nothing, At(2 * HOUR + 1));
        assert_eq!((state.cumulative(), state.rate_ppb()), (0, 0));
    }
}

/// FND-8: of an hour that was frozen for three quarters a quarter is paid, by its own premium.
#[test]
fn a_frozen_part_of_an_hour_is_left_out() {
    let mut state = FundingState::new(At(0));
    state.accrue(&hourly(), &one_bitcoin(50_100), At(HOUR / 4));
    let accrued = state.accrue(&hourly(), &frozen(), At(HOUR));
    assert_eq!(accrued, Some(Accrued { rate_ppb: 1_500_000, interest_ppb: 46_875 }));
    assert_eq!(owed(SignedLots(1), 0, state.cumulative()), Amount(2_343_750));
    let accrued = state.accrue(&hourly(), &frozen(), At(3 * HOUR));
    assert_eq!(accrued, Some(Accrued { rate_ppb: 0, interest_ppb: 0 }));
    assert_eq!(owed(SignedLots(1), 0, state.cumulative()), Amount(2_343_750));
}

/// FND-9: 1.75 millionths of 8 hours are 3 645.83 billionths a minute.
#[test]
fn what_accrued_is_told_once_a_minute_and_nothing_is_lost() {
    let mut state = FundingState::new(At(30_000));
    let mut told = Vec::new();
    for second in 31..=8 * 3_600 + 30 {
        told.extend(state.accrue(&continuous(), &one_bitcoin(50_100), At(second * 1_000)));
    }
    assert_eq!(told.len(), 480);
    let interests: Vec<i64> = told.iter().map(|told| told.interest_ppb).collect();
    assert_eq!(interests[..6], [1_822, 3_646, 3_646, 3_646, 3_646, 3_646]);
    assert_eq!(interests.iter().sum::<i64>(), 1_750_000 - 1_823);
    assert!(told.iter().all(|told| told.rate_ppb == 1_750_000));
}

/// FND-6: rounded up for whoever pays and whoever gets.
#[test]
fn what_is_owed_is_rounded_against_the_holder() {
    const HALF: i128 = FundingState::SCALE / 2;
    for (size, since, now, atoms) in [
        (1, 0, HALF, 1),
        (-1, 0, HALF, 0),
        (1, HALF, 0, 0),
        (-1, HALF, 0, 1),
        (3, 0, HALF, 2),
        (-3, 0, HALF, -1),
        (2, 0, HALF, 1),
        (0, 0, HALF, 0),
        (1, -HALF, HALF, 1),
        (7, 1, 2, 1),
        (-7, 1, 2, 0),
    ] {
        assert_eq!(owed(SignedLots(size), since, now), Amount(atoms), "{size} {since} {now}");
    }
    for (size, since, now) in [(i64::MAX, 0, i128::MAX), (i64::MIN, i128::MAX, i128::MIN)] {
        assert_eq!(owed(SignedLots(size), since, now), Amount::MAX);
        assert_eq!(owed(SignedLots(size), now, since), Amount::MAX.negated());
    }
}

/// FND-5: time does not go back.
#[test]
fn an_earlier_time_accrues_nothing() {
    for terms in [continuous(), hourly()] {
        let mut state = FundingState::new(At(5 * HOUR));
        state.accrue(&terms, &one_bitcoin(50_100), At(HOUR));
        state.accrue(&terms, &one_bitcoin(50_100), At(5 * HOUR));
        assert_eq!(state.cumulative(), 0);
    }
}

/// The bounds that docs/rules/funding.md names: a hundred years at the worst of everything.
#[test]
fn the_worst_of_everything_fits() {
    let cap_ppb = 100_000_000;
    for schedule in [FundingSchedule::Continuous, FundingSchedule::Hourly] {
        let terms = FundingTerms { schedule, damper_ppb: 0, cap_ppb, interest_ppb: 0 };
        for (mark, index) in [(IndexPrice::MAX, IndexPrice(1)), (IndexPrice(1), IndexPrice::MAX)] {
            let accrual = Accrual { mark, index, lot_value: i128::MAX, allowed: true };
            let mut state = FundingState::new(At(0));
            state.accrue(&terms, &accrual, At(100 * YEAR));
            // 10 % three times a day of a lot of 2^60 atoms.
            let most = (1_i128 << 60) * FundingState::SCALE / 10 * 3 * 36_500;
            assert_eq!(state.cumulative().abs(), most);
            state.accrue(&terms, &accrual, At(u64::MAX));
            assert_eq!(owed(SignedLots(1), 0, most), Amount::MAX);
        }
    }
}

/// These bytes are in snapshots: a change of one of them is a change of format.
#[test]
fn what_funding_remembers_has_these_bytes() {
    let mut state = FundingState::new(At(0));
    state.accrue(&hourly(), &one_bitcoin(50_150), At(HOUR + 1));
    let hex: std::string::String =
        state.to_bytes().iter().map(|byte| std::format!("{byte:02x}")).collect();
    expect!["81ee36000000000000807a17b726d7d800000000000000000000000000000000a02526000000000000000000000000000000000000000000c0c62d000000000000000000000000000100000000000000"].assert_eq(&hex);
}

/// What no log can lead to is not read from a snapshot.
#[test]
fn impossible_memories_of_funding_are_refused() {
    let bytes = FundingState::new(At(0)).to_bytes();
    // The highest bytes of the carry, of the premiums and of their time.
    for place in [31, 71, 79] {
        let mut changed = bytes.clone();
        changed[place] = 1;
        assert!(FundingState::from_bytes(&changed).is_err(), "{place}");
    }
}

/// The bounds of what is read, to the last number: the carry, the premiums and their time.
#[test]
fn memories_of_funding_are_read_up_to_their_bounds() {
    let sound = FundingState::new(At(0)).to_bytes();
    let read = |carry: u64, premiums: i128, premiums_ms: u64| {
        let mut bytes = sound.clone();
        bytes[24..32].copy_from_slice(&carry.to_le_bytes());
        bytes[56..72].copy_from_slice(&premiums.to_le_bytes());
        bytes[72..80].copy_from_slice(&premiums_ms.to_le_bytes());
        FundingState::from_bytes(&bytes).is_ok()
    };
    // A premium is a thousand times the index at most.
    let most = 1_000_000_000_000 * i128::from(HOUR - 1);
    for (carry, premiums, premiums_ms, is_read) in [
        (8 * HOUR - 1, most, HOUR - 1, true),
        (0, -most, HOUR - 1, true),
        (8 * HOUR, 0, 0, false),
        (0, 0, HOUR, false),
        (0, most + 1, HOUR - 1, false),
        (0, -most - 1, HOUR - 1, false),
        (0, 1, 0, false),
    ] {
        assert_eq!(read(carry, premiums, premiums_ms), is_read, "{carry} {premiums} {premiums_ms}");
    }
}

/// What may stand for a while.
fn any_accrual() -> impl Strategy<Value = Accrual> {
    let near =
        (1..200_000_u64, 1..200_000_u64).prop_map(|(mark, index)| (units(mark), units(index)));
    let prices = prop_oneof![near, (any_price(), any_price())];
    let most = (1_i128 << 60) * FundingState::SCALE;
    (prices, 0..=most, proptest::bool::weighted(0.8))
        .prop_map(|((mark, index), lot_value, allowed)| Accrual { mark, index, lot_value, allowed })
}

/// New terms perhaps, what stands under them, and the times between looks.
fn any_stretch() -> impl Strategy<Value = (Option<FundingTerms>, Accrual, Vec<u64>)> {
    let changed = proptest::option::of(any_funding_terms());
    (changed, any_accrual(), proptest::collection::vec(0..5 * HOUR, 1..6))
}

proptest! {
    /// FND-5: to the last digit, for what stood while nobody looked, and whatever the terms become.
    #[test]
    fn it_makes_no_difference_how_often_one_looks(
        first in any_funding_terms(),
        stood in proptest::collection::vec(any_stretch(), 1..8),
        places in proptest::collection::vec((any::<usize>(), any::<u8>()), 20),
    ) {
        let (mut once, mut often) = (FundingState::new(At(1)), FundingState::new(At(1)));
        let (mut told_once, mut told_often, mut at) = (0_i128, 0_i128, At(1));
        let sum = |told: Option<Accrued>| told.map_or(0, |told| i128::from(told.interest_ppb));
        let mut terms = first;
        for (changed, accrual, looks) in &stood {
            terms = changed.unwrap_or(terms);
            for later_ms in looks {
                at = at.plus_ms(*later_ms);
                told_often += sum(often.accrue(&terms, accrual, at));
            }
            told_once += sum(once.accrue(&terms, accrual, at));
            prop_assert_eq!(once.cumulative(), often.cumulative());
            prop_assert_eq!(once.rate_ppb(), often.rate_ppb());
            check_bytes(&often, &[]);
        }
        // At the next full hour everything is told.
        let hour = At((at.0 / HOUR + 1) * HOUR);
        told_often += sum(often.accrue(&terms, &frozen(), hour));
        told_once += sum(once.accrue(&terms, &frozen(), hour));
        prop_assert_eq!(told_once, told_often);
        prop_assert_eq!(&once, &often);
        check_bytes(&once, &places);
    }

    /// FND-6: whoever holds whatever, and whenever they settle.
    #[test]
    fn the_holders_owe_together_less_than_an_atom_each(
        terms in any_funding_terms(),
        stood in proptest::collection::vec((any_accrual(), 1..5 * HOUR), 1..10),
        sizes in proptest::collection::vec(-1_000..1_000_i64, 1..50),
        settles in proptest::collection::vec((any::<Index>(), 0..10_usize), 0..20),
    ) {
        let mut sizes = sizes;
        sizes.push(-sizes.iter().sum::<i64>());
        let mut since: Vec<i128> = std::vec![0; sizes.len()];
        let (mut pool, mut n_settled) = (0_i128, 0);
        let (mut state, mut at) = (FundingState::new(At(0)), At(0));
        let small = |accrual: &Accrual| Accrual { lot_value: accrual.lot_value >> 20, ..*accrual };
        for (step, (accrual, later_ms)) in stood.iter().enumerate() {
            at = at.plus_ms(*later_ms);
            state.accrue(&terms, &small(accrual), at);
            for (holder, _) in settles.iter().filter(|(_, when)| *when == step) {
                let holder = holder.index(sizes.len());
                let amount = owed(SignedLots(sizes[holder]), since[holder], state.cumulative());
                pool += i128::from(amount.0);
                since[holder] = state.cumulative();
                n_settled += 1;
            }
        }
        for (size, since) in sizes.iter().zip(&since) {
            pool += i128::from(owed(SignedLots(*size), *since, state.cumulative()).0);
            n_settled += 1;
        }
        prop_assert!((0..n_settled).contains(&pool), "{pool}");
    }

    /// FND-1, FND-2, FND-3: within the cap, and never against the side that the premium is on, but
    /// for the interest of the hourly form.
    #[test]
    fn a_rate_has_the_sign_of_its_premium_and_is_within_the_cap(
        terms in any_funding_terms(),
        premium in -1_000_000_000..1_000_000_000_i64,
    ) {
        let rate = rate_ppb(premium, &terms);
        prop_assert!(rate.unsigned_abs() <= u64::from(terms.cap_ppb));
        prop_assert!(rate_ppb(premium - 1, &terms) <= rate);
        let at_rest = match terms.schedule {
            FundingSchedule::Continuous => 0,
            FundingSchedule::Hourly => i64::from(terms.interest_ppb),
        };
        let damper = i64::from(terms.damper_ppb);
        if (premium - at_rest).abs() <= damper {
            prop_assert_eq!(rate, at_rest);
        }
        if at_rest + damper < premium {
            prop_assert!(at_rest <= rate);
        }
        if premium < at_rest - damper {
            prop_assert!(rate <= at_rest);
        }
    }
}
