//! Delivery prices.

use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use proptest::prelude::*;
use types::codec::Codec;
use types::{At, DeliveryCount, IndexPrice};

use super::{any_price, check_bytes, units};
use crate::delivery::{Delivery, Outcome};

const EXPIRY: At = At(1_798_185_600_000);
const TWO_HOURS: u64 = 7_200_000;

/// When the slot of this number begins.
fn slot_at(slot: u64) -> At {
    Delivery::opens_at(EXPIRY).plus_ms(slot * 4_000)
}

/// One look at the beginning of each slot; `good` says at which price.
fn sampled(
    delivery: &mut Delivery,
    slots: core::ops::Range<u64>,
    good: impl Fn(u64) -> Option<u64>,
) {
    for slot in slots {
        delivery.sample(good(slot).map(units), slot_at(slot));
    }
}

fn count(good: u16, due: u16) -> DeliveryCount {
    DeliveryCount { good, due }
}

/// DLV-1; venue.md §2.6: 5 % for 60 s moves delivery by 0.167 %.
#[test]
fn a_minute_of_distortion_moves_the_price_by_its_share() {
    let mut delivery = Delivery::new(EXPIRY);
    sampled(&mut delivery, 0..450, |slot| Some(if slot < 15 { 105_000 } else { 100_000 }));
    assert_eq!(delivery.outcome(At(EXPIRY.0 - 1)), Outcome::Waiting);
    let price = IndexPrice(10_016_666_666_667);
    assert_eq!(delivery.outcome(EXPIRY), Outcome::Priced(price, count(450, 450)));
}

/// DLV-1: halves go down.
#[test]
fn the_mean_is_the_nearest() {
    for (ones, price) in [(0, 1_000), (224, 1_000), (225, 1_000), (226, 1_001), (450, 1_001)] {
        let mut delivery = Delivery::new(EXPIRY);
        for slot in 0..450 {
            let price = if slot < ones { 1_001 } else { 1_000 };
            delivery.sample(Some(IndexPrice(price)), slot_at(slot));
        }
        let outcome = Outcome::Priced(IndexPrice(price), count(450, 450));
        assert_eq!(delivery.outcome(EXPIRY), outcome, "{ones}");
    }
}

/// DLV-2.
#[test]
fn the_first_look_in_a_slot_decides_it() {
    let mut delivery = Delivery::new(EXPIRY);
    let mut lines = String::new();
    for (at, price) in [
        (At(slot_at(0).0 - 1), Some(9)),
        (slot_at(0), Some(1)),
        (slot_at(0), Some(9)),
        (At(slot_at(1).0 - 1), Some(9)),
        (slot_at(1), None),
        (At(slot_at(2).0 - 1), Some(9)),
        (At(slot_at(3).0 - 1), Some(2)),
        (slot_at(7), Some(3)),
        (slot_at(5), Some(9)),
        (At(0), Some(9)),
    ] {
        delivery.sample(price.map(units), at);
        let DeliveryCount { good, due } = delivery.count();
        lines.push_str(&std::format!("{good}/{due} {}\n", delivery.blended(units(0)).0));
    }
    expect![[r#"
        0/0 0
        1/1 222222
        1/1 222222
        1/1 222222
        1/2 222717
        1/2 222717
        2/3 668151
        3/8 1348315
        3/8 1348315
        3/8 1348315
    "#]]
    .assert_eq(&lines);
}

/// DLV-3, DLV-4: with 405 good ones there is a price at expiry; with 404 the next one makes it.
#[test]
fn nine_of_ten_are_enough_and_fewer_are_waited_for() {
    let good = |n: u64| move |slot: u64| (slot < n).then_some(100);
    let mut enough = Delivery::new(EXPIRY);
    sampled(&mut enough, 0..450, good(405));
    assert_eq!(enough.outcome(EXPIRY), Outcome::Priced(units(100), count(405, 450)));

    let mut fewer = Delivery::new(EXPIRY);
    sampled(&mut fewer, 0..450, good(404));
    assert_eq!(fewer.outcome(EXPIRY), Outcome::Waiting);
    sampled(&mut fewer, 450..500, |_| None);
    assert_eq!(fewer.outcome(slot_at(499)), Outcome::Waiting);
    fewer.sample(Some(units(505)), slot_at(500));
    assert_eq!(fewer.outcome(slot_at(500)), Outcome::Priced(units(101), count(405, 501)));
}

/// DLV-3, DLV-4: what is seen after the price was made does not change it.
#[test]
fn a_price_that_was_made_stays() {
    for good in [450, 404] {
        let mut delivery = Delivery::new(EXPIRY);
        sampled(&mut delivery, 0..450, |slot| (slot < good).then_some(100));
        delivery.sample(Some(units(100)), EXPIRY);
        let price = delivery.outcome(EXPIRY);
        sampled(&mut delivery, 451..3_000, |_| Some(900));
        assert_eq!(delivery.outcome(EXPIRY.plus_ms(TWO_HOURS)), price, "{good}");
    }
}

/// DLV-5.
#[test]
fn after_two_hours_fifteen_minutes_are_enough() {
    let end = EXPIRY.plus_ms(TWO_HOURS);
    for (good, outcome) in [
        (225, Outcome::Priced(units(100), count(225, 2_250))),
        (224, Outcome::Disputed(count(224, 2_250))),
        (0, Outcome::Disputed(count(0, 2_250))),
    ] {
        let mut delivery = Delivery::new(EXPIRY);
        sampled(&mut delivery, 0..3_000, |slot| (2_250 - good <= slot).then_some(100));
        assert_eq!(delivery.outcome(At(end.0 - 1)), Outcome::Waiting, "{good}");
        assert_eq!(delivery.outcome(end), outcome, "{good}");
    }
    let unseen = Delivery::new(EXPIRY);
    assert_eq!(unseen.expiry(), EXPIRY);
    assert_eq!(unseen.outcome(end), Outcome::Disputed(count(0, 0)));
}

/// DLV-6; venue.md §2.6: 20 minutes in, average 60 100, spot 60 500: 60 233.33.
#[test]
fn in_the_window_what_is_outstanding_is_at_the_index() {
    let mut delivery = Delivery::new(EXPIRY);
    assert_eq!(delivery.blended(units(60_500)), units(60_500));
    sampled(&mut delivery, 0..300, |_| Some(60_100));
    assert_eq!(delivery.blended(units(60_500)), IndexPrice(6_023_333_333_333));
    sampled(&mut delivery, 300..450, |_| Some(60_400));
    assert_eq!(delivery.blended(units(1)), units(60_200));
}

/// DLV-6: after expiry, those that are missing are outstanding.
#[test]
fn in_the_extension_what_is_missing_is_at_the_index() {
    let mut delivery = Delivery::new(EXPIRY);
    sampled(&mut delivery, 0..450, |slot| (slot < 324).then_some(100));
    assert_eq!(delivery.blended(units(200)), units(120));
}

/// These bytes are in snapshots: a change of one of them is a change of format.
#[test]
fn what_a_delivery_remembers_has_these_bytes() {
    let mut delivery = Delivery::new(EXPIRY);
    sampled(&mut delivery, 0..3, |slot| (slot < 2).then_some(60_000));
    let hex: String = delivery.to_bytes().iter().map(|byte| std::format!("{byte:02x}")).collect();
    expect!["00c436aca20100000300020000c0bcf7e90a00000000000000000000"].assert_eq(&hex);
}

/// What no log can lead to is not read from a snapshot.
#[test]
fn impossible_memories_of_deliveries_are_refused() {
    let mut delivery = Delivery::new(EXPIRY);
    sampled(&mut delivery, 0..3, |slot| (slot < 2).then_some(60_000));
    let bytes = delivery.to_bytes();
    // More slots than there are, more good ones than slots, a sum that no prices have.
    for (place, byte) in [(9, 9), (10, 4), (27, 1)] {
        let mut changed = bytes.clone();
        changed[place] = byte;
        assert!(Delivery::from_bytes(&changed).is_err(), "{place}");
    }
}

/// The bounds of what is read, to the last number: slots, good ones, and the sum of their prices.
#[test]
fn memories_of_deliveries_are_read_up_to_their_bounds() {
    let read = |next_slot: u16, good: u16, sum: u128| {
        let mut bytes = Delivery::new(EXPIRY).to_bytes();
        bytes[8..10].copy_from_slice(&next_slot.to_le_bytes());
        bytes[10..12].copy_from_slice(&good.to_le_bytes());
        bytes[12..28].copy_from_slice(&sum.to_le_bytes());
        Delivery::from_bytes(&bytes).is_ok()
    };
    let most = 2_250 * u128::from(IndexPrice::MAX.0);
    assert!(read(2_250, 2_250, most));
    assert!(!read(2_251, 2_250, most));
    assert!(!read(2_249, 2_250, most));
    assert!(!read(2_250, 2_250, most + 1));
}

/// The rules on half a page: a map from slots to what was seen first in them.
fn naive(looks: &[(u64, Option<IndexPrice>)], end: u64) -> Outcome {
    let opens = Delivery::opens_at(EXPIRY).0;
    let mut slots: BTreeMap<u64, Option<IndexPrice>> = BTreeMap::new();
    let good = |slots: &BTreeMap<u64, Option<IndexPrice>>| -> Vec<u128> {
        slots.values().flatten().map(|price| u128::from(price.0)).collect()
    };
    for (at, price) in looks {
        let is_window = (opens..EXPIRY.0).contains(at);
        let is_extension =
            (EXPIRY.0..EXPIRY.0 + TWO_HOURS).contains(at) && good(&slots).len() < 405;
        if is_window || is_extension {
            slots.entry((at - opens) / 4_000).or_insert(*price);
        }
    }
    let prices = good(&slots);
    let due = slots.keys().max().map_or(0, |slot| slot + 1);
    let count = count(prices.len().try_into().expect("few"), due.try_into().expect("few"));
    let is_enough = match end {
        end if end < EXPIRY.0 => return Outcome::Waiting,
        end if end < EXPIRY.0 + TWO_HOURS && prices.len() < 405 => return Outcome::Waiting,
        _ => 225 <= prices.len(),
    };
    if !is_enough {
        return Outcome::Disputed(count);
    }
    let n = u128::try_from(prices.len()).expect("few");
    let sum: u128 = prices.iter().sum();
    let down = sum / n;
    let mean = if n < 2 * (sum - down * n) { down + 1 } else { down };
    Outcome::Priced(IndexPrice(mean.try_into().expect("a mean of prices")), count)
}

proptest! {
    /// DLV-1 to DLV-5.
    #[test]
    fn outcomes_are_those_of_the_naive_twin(
        looks in proptest::collection::vec(
            (1..12_000_u64, proptest::option::weighted(0.8, any_price())), 0..2_500,
        ),
        every_ms in 1..=12_000_u64,
        places in proptest::collection::vec((any::<usize>(), any::<u8>()), 20),
    ) {
        let mut delivery = Delivery::new(EXPIRY);
        let mut at = Delivery::opens_at(EXPIRY).0 - 20_000;
        let mut seen = Vec::new();
        for (later_ms, price) in looks {
            at += later_ms.min(every_ms);
            seen.push((at, price));
            delivery.sample(price, At(at));
        }
        for end in [at, at.max(EXPIRY.0), at.max(EXPIRY.0 + TWO_HOURS)] {
            prop_assert_eq!(delivery.outcome(At(end)), naive(&seen, end));
        }
        check_bytes(&delivery, &places);
    }
}
