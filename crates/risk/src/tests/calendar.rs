//! Expiries and strikes.

use std::format;
use std::string::String;

use expect_test::expect;
use types::At;

use super::units;
use crate::calendar::{wanted_expiries, wanted_strikes};

/// DLV-7.
#[test]
fn the_wanted_expiries_of_a_day() {
    let lines: String = wanted_expiries(At(1_795_600_000_000))
        .iter()
        .map(|(at, period)| format!("{:?} {:?}\n", at.date(), period))
        .collect();
    expect![[r#"
        (2026, 11, 26) Day
        (2026, 11, 27) Month
        (2026, 12, 4) Week
        (2026, 12, 11) Week
        (2026, 12, 25) Month
        (2027, 1, 29) Month
        (2027, 3, 26) Month
        (2027, 6, 25) Month
        (2027, 9, 24) Month
    "#]]
    .assert_eq(&lines);
}

/// DLV-8.
#[test]
fn the_wanted_strikes_of_an_index() {
    let strikes = wanted_strikes(units(100_000), At::DAY);
    assert_eq!(strikes.len(), 21);
}
