//! Days, percentages and times on the command line.

use std::time::Duration;

use clap::Parser;
use types::At;

use super::{day, duration, percent};

#[test]
fn days_percentages_and_times_are_read_or_said_to_be_none() {
    assert_eq!(day("2021-05-16"), Ok(At(1_621_123_200_000)));
    assert_eq!(day("1970-01-01"), Ok(At(0)));
    assert_eq!(day("2024-02-29"), Ok(At(1_709_164_800_000)));
    assert_eq!(day("2199-12-31"), Ok(At(7_258_032_000_000)));
    for wrong in ["2023-02-29", "2021-13-01", "2021-05", "yesterday", "2021-05-16-1", "-1-1-1"] {
        assert!(day(wrong).is_err(), "{wrong}");
    }
    assert_eq!((percent("+10%"), percent("-2.5%")), (Ok(100_000), Ok(-25_000)));
    for wrong in ["10", "ten%", "-91%", "0.00001%", "1001%"] {
        assert!(percent(wrong).is_err(), "{wrong}");
    }
    assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
    assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
    for wrong in ["2", "0s", "25h", "m", "99999999999999999999h"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn every_day_of_two_centuries_is_read_back() {
    for days in 0..84_000_u64 {
        let at = At(days * At::DAY);
        let (year, month, date) = at.date();
        assert_eq!(day(&format!("{year:04}-{month:02}-{date:02}")), Ok(at));
    }
}

/// Keys are of letters of base64, and one in thirty begins with a hyphen.
#[test]
fn keys_that_begin_with_a_hyphen_are_taken() {
    for command in [
        "report --feed btc_usd --source a --from SIM:1 --key k --account 3",
        "operator open-account",
        "mirror file --url ws://localhost",
    ] {
        let (first, rest) = command.split_once(' ').expect("they have arguments");
        let keys = ["--client-id", "-iAb", "--client-secret", "--x"];
        let words = ["plimsoll", first].into_iter().chain(keys).chain(rest.split(' '));
        let parsed = crate::cli::Cli::try_parse_from(words);
        assert!(parsed.is_ok(), "{command}: {:?}", parsed.err().map(|error| error.to_string()));
    }
}
