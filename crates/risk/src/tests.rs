//! Sums that venue.md works out, and what always holds.

use std::vec::Vec;

use proptest::prelude::*;
use types::codec::Codec;
use types::{FundingSchedule, FundingTerms, IndexPrice};

mod calendar;
mod delivery;
mod funding;
mod mark;

/// A price in whole units.
fn units(price: u64) -> IndexPrice {
    IndexPrice(price * IndexPrice::SCALE)
}

/// Every order of magnitude, and the ends.
fn any_price() -> impl Strategy<Value = IndexPrice> {
    let magnitudes = (0..=17_u32, 1..=10_u64).prop_map(|(zeros, digit)| digit * 10_u64.pow(zeros));
    prop_oneof![magnitudes, 1..=IndexPrice::MAX.0, Just(1), Just(IndexPrice::MAX.0)]
        .prop_map(IndexPrice)
}

fn any_schedule() -> impl Strategy<Value = FundingSchedule> {
    prop_oneof![Just(FundingSchedule::Continuous), Just(FundingSchedule::Hourly)]
}

/// Terms that `check_terms` takes.
fn any_funding_terms() -> impl Strategy<Value = FundingTerms> {
    let rates = (any_schedule(), any::<u32>(), 1..=100_000_000_u32);
    rates.prop_flat_map(|(schedule, damper_ppb, cap_ppb)| {
        let most = i32::try_from(cap_ppb).expect("at most 10 %") - 1;
        (-most..=most).prop_map(move |interest_ppb| FundingTerms {
            schedule,
            damper_ppb,
            cap_ppb,
            interest_ppb,
        })
    })
}

/// What was written reads as itself; what a stranger wrote is refused or means its own bytes.
fn check_bytes<T: Codec + PartialEq + std::fmt::Debug>(value: &T, places: &[(usize, u8)]) {
    let bytes = value.to_bytes();
    assert_eq!(T::from_bytes(&bytes).as_ref(), Ok(value));
    for (place, byte) in places {
        let mut changed: Vec<u8> = bytes.clone();
        let place = place % changed.len();
        changed[place] = *byte;
        if let Ok(other) = T::from_bytes(&changed) {
            assert_eq!(other.to_bytes(), changed);
        }
    }
}
