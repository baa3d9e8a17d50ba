//! Expiries and strikes.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use types::{At, Decimal, IndexPrice, SettlementPeriod};

use super::{any_price, units};
use crate::calendar::{wanted_expiries, wanted_strikes};

const HOUR: u64 = 3_600_000;

/// Days since 1970 of the date.
fn at(year: u64, month: u64, day: u64, hour: u64, minute: u64) -> At {
    let days = (0..).find(|days| At(days * At::DAY).date() == (year, month, day));
    At(days.expect("a date") * At::DAY + hour * HOUR + minute * 60_000)
}

fn check(at: At, expected: &Expect) {
    let line = |(expiry, period): &(At, SettlementPeriod)| {
        let (year, month, day) = expiry.date();
        format!("{year}-{month:02}-{day:02} {period:?}\n")
    };
    expected.assert_eq(&wanted_expiries(at).iter().map(line).collect::<String>());
}

/// DLV-7: a Wednesday; Friday is the last one of November, Christmas that of the quarter.
#[test]
fn the_expiries_of_an_ordinary_day() {
    check(
        at(2026, 11, 25, 12, 0),
        &expect![[r#"
        2026-11-26 Day
        2026-11-27 Month
        2026-12-04 Week
        2026-12-11 Week
        2026-12-25 Month
        2027-01-29 Month
        2027-03-26 Month
        2027-06-25 Month
        2027-09-24 Month
    "#]],
    );
}

/// DLV-7: on the last Friday of a quarter, before the window and in it.
#[test]
fn an_expiry_is_wanted_until_its_window_opens() {
    check(
        at(2026, 12, 25, 7, 29),
        &expect![[r#"
        2026-12-25 Month
        2026-12-26 Day
        2027-01-01 Week
        2027-01-08 Week
        2027-01-29 Month
        2027-02-26 Month
        2027-03-26 Month
        2027-06-25 Month
        2027-09-24 Month
    "#]],
    );
    check(
        at(2026, 12, 25, 7, 30),
        &expect![[r#"
        2026-12-26 Day
        2026-12-27 Day
        2027-01-01 Week
        2027-01-08 Week
        2027-01-15 Week
        2027-01-29 Month
        2027-02-26 Month
        2027-03-26 Month
        2027-06-25 Month
        2027-09-24 Month
        2027-12-31 Month
    "#]],
    );
    assert_eq!(wanted_expiries(at(2026, 12, 25, 7, 30)), wanted_expiries(at(2026, 12, 25, 8, 0)));
}

/// DLV-7: a quarter that ends with a leap day.
#[test]
fn the_expiries_of_a_leap_year() {
    check(
        at(2028, 2, 24, 0, 0),
        &expect![[r#"
        2028-02-24 Day
        2028-02-25 Month
        2028-03-03 Week
        2028-03-10 Week
        2028-03-31 Month
        2028-04-28 Month
        2028-06-30 Month
        2028-09-29 Month
        2028-12-29 Month
    "#]],
    );
}

/// How many, from where to where, by which step.
fn summary(index: IndexPrice, days: u64) -> String {
    let strikes = wanted_strikes(index, days * At::DAY);
    let whole = |strike: &Decimal| strike.times_ten_to(8).expect("at most 8 decimals");
    let step = Decimal::new(whole(&strikes[1]) - whole(&strikes[0]), 8).expect("8 decimals");
    let (first, last) = (strikes[0], strikes[strikes.len() - 1]);
    format!("{} from {first} to {last} by {step}\n", strikes.len())
}

/// DLV-12.
#[test]
fn strikes_are_near_the_index_and_wider_for_later_expiries() {
    let mut lines = String::new();
    for index in [units(100_000), units(60_123), units(3_456), IndexPrice(12_345)] {
        lines.extend([1, 14, 60, 365].map(|days| summary(index, days)));
    }
    expect![[r#"
        21 from 95000 to 105000 by 500
        31 from 85000 to 115000 by 1000
        41 from 60000 to 140000 by 2000
        31 from 50000 to 200000 by 5000
        30 from 57200 to 63000 by 200
        36 from 51500 to 69000 by 500
        48 from 37000 to 84000 by 1000
        45 from 32000 to 120000 by 2000
        34 from 3290 to 3620 by 10
        52 from 2940 to 3960 by 20
        55 from 2100 to 4800 by 50
        52 from 1800 to 6900 by 100
        25 from 0.0001175 to 0.0001295 by 0.0000005
        37 from 0.000105 to 0.000141 by 0.000001
        49 from 0.000076 to 0.000172 by 0.000002
        37 from 0.000065 to 0.000245 by 0.000005
    "#]]
    .assert_eq(&lines);
}

/// DLV-12: the steps of the table change where it says.
#[test]
fn the_step_depends_on_the_time_to_expiry() {
    for (distance, first) in [
        (0, "95000"),
        (3 * At::DAY, "95000"),
        (3 * At::DAY + 1, "85000"),
        (22 * At::DAY, "85000"),
        (22 * At::DAY + 1, "60000"),
        (100 * At::DAY, "60000"),
        (100 * At::DAY + 1, "50000"),
        (u64::MAX, "50000"),
    ] {
        let strikes = wanted_strikes(units(100_000), distance);
        assert_eq!(strikes.first().map(ToString::to_string).as_deref(), Some(first), "{distance}");
    }
}

proptest! {
    /// DLV-7: all of them, once, in order, and every one a day, a Friday or a last Friday.
    #[test]
    fn expiries_are_what_they_are_named(ms in 0..4_000_000_000_000_u64) {
        let wanted = wanted_expiries(At(ms));
        prop_assert!(wanted.is_sorted_by(|one, next| one.0 < next.0));
        let of = |period| wanted.iter().filter(move |(_, it)| *it == period).count();
        let (days, weeks, months) = (
            of(SettlementPeriod::Day),
            of(SettlementPeriod::Week),
            of(SettlementPeriod::Month),
        );
        prop_assert!(days <= 2 && weeks <= 3 && (6..=7).contains(&months), "{wanted:?}");
        for (expiry, period) in &wanted {
            prop_assert!(ms + 30 * 60_000 < expiry.0);
            prop_assert_eq!(expiry.0 % At::DAY, 8 * HOUR);
            let is_friday = expiry.0 / At::DAY % 7 == 1;
            let is_last = expiry.date().1 != At(expiry.0 + 7 * At::DAY).date().1;
            let named = match (is_friday, is_last) {
                (false, _) => SettlementPeriod::Day,
                (true, false) => SettlementPeriod::Week,
                (true, true) => SettlementPeriod::Month,
            };
            prop_assert_eq!(*period, named);
        }
        // No Friday and no day is left out among the first ones.
        for day in (ms / At::DAY..).map(|day| day * At::DAY + 8 * HOUR).take(10) {
            let is_near = day < ms + 2 * At::DAY || day / At::DAY % 7 == 1;
            let is_due = ms + 30 * 60_000 < day && is_near;
            prop_assert!(!is_due || wanted.iter().any(|(expiry, _)| expiry.0 == day), "{day}");
        }
    }

    /// DLV-12: few, in order, on both sides, and all multiples of the same step.
    #[test]
    fn strikes_are_few_and_on_both_sides(index in any_price(), distance in any::<u64>()) {
        let strikes = wanted_strikes(index, distance);
        let whole = |strike: &Decimal| strike.times_ten_to(8).expect("at most 8 decimals");
        let numbers: Vec<i64> = strikes.iter().map(whole).collect();
        prop_assert!((1..=81).contains(&numbers.len()), "{}", numbers.len());
        prop_assert!(numbers.is_sorted_by(|one, next| one < next));
        let step = numbers.get(1).map_or(1, |second| second - numbers[0]);
        prop_assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] == step));
        prop_assert!(numbers.iter().all(|number| 0 < *number && number % step == 0));
        let index = i64::try_from(index.0).expect("a price");
        prop_assert!(numbers[0] <= index && index <= numbers[numbers.len() - 1] + step);
    }
}
