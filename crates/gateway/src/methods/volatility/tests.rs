//! Volatilities of prices that are known.

use types::{At, IndexPrice};

use super::{DAY, DAYS, HOUR_MS, realised};

#[test]
fn fifteen_days_that_rise_and_fall_by_a_percent() {
    // ln(1.01) up and down in turn: 8 of one, 7 of the other; s = 0.0099503 * sqrt(224 / 210).
    let price = |hour: usize| if (hour / DAY).is_multiple_of(2) { 100_000 } else { 101_000 };
    let hours = (0..DAYS * DAY + 2).map(|hour| {
        let start = u64::try_from(hour).expect("small") * HOUR_MS;
        (At(start), IndexPrice(price(hour)))
    });
    let end = u64::try_from(DAYS * DAY + 1).expect("small") * HOUR_MS;
    let rows = realised(hours, At(end));
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].0, At(end - HOUR_MS));
    let want = 0.009_950_33 * (16.0_f64 / 15.0).sqrt() * 365_f64.sqrt() * 100.0;
    assert!((rows[0].1 - want).abs() < 1e-4, "{} is not {want}", rows[0].1);
}

#[test]
fn an_hour_without_a_price_has_the_one_before_it() {
    let day = 24 * HOUR_MS;
    let hours = [(0, 100), (3 * day, 200)].map(|(at, price)| (At(at), IndexPrice(price)));
    let rows = realised(hours.into_iter(), At(16 * day));
    assert_eq!(rows.len(), DAY, "from the end of day 15 on");
    assert!(0.0 < rows[0].1);
    let quiet = realised([(At(0), IndexPrice(5))].into_iter(), At(16 * day));
    assert!(quiet.iter().all(|(_, percent)| *percent == 0.0));
    assert!(realised(std::iter::empty(), At(16 * day)).is_empty());
}
