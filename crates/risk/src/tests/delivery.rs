//! Delivery prices.

use types::{At, DeliveryCount};

use super::units;
use crate::delivery::{Delivery, Outcome};

const EXPIRY: At = At(1_798_185_600_000);

/// DLV-1; venue.md §2.6: 5 % for 60 s moves delivery by 0.167 %.
#[test]
fn a_minute_of_distortion_moves_the_price_by_its_share() {
    let mut delivery = Delivery::new(EXPIRY);
    let opens = Delivery::opens_at(EXPIRY);
    for slot in 0..450 {
        let price = if slot < 15 { units(105_000) } else { units(100_000) };
        delivery.sample(Some(price), opens.plus_ms(slot * 4_000));
    }
    let count = DeliveryCount { good: 450, due: 450 };
    assert_eq!(delivery.outcome(At(EXPIRY.0 - 1)), Outcome::Waiting);
    let price = types::IndexPrice(10_016_666_666_667);
    assert_eq!(delivery.outcome(EXPIRY), Outcome::Priced(price, count));
}
