//! Lists in, what is missing out.

use expect_test::expect;
use types::{At, IndexPrice, Instrument, SettlementPeriod};

use super::{Missing, missing};
use crate::config::ListingConfig;
use crate::genesis::instrument;

/// Wednesday, 25 November 2026, 09:00 UTC.
const NOW: At = At(1_795_597_200_000);
const RULE: ListingConfig = ListingConfig { option_expiries_max: 1, strikes_max: 3 };

fn listed(names: &[&str]) -> Vec<Instrument> {
    names.iter().map(|name| instrument(name).expect("it names a contract")).collect()
}

/// The index of BTC in USD is 97 000; nobody knows another one.
fn wanted(listed: &[Instrument], rule: ListingConfig, at: At) -> Missing {
    let price = |base: types::AssetCode, quote: types::AssetCode| {
        let is_known = (base.as_str(), quote.as_str()) == ("BTC", "USD");
        is_known.then_some(IndexPrice(97_000 * IndexPrice::SCALE))
    };
    missing(listed, price, at, rule)
}

fn names(missing: &Missing) -> String {
    let mut letters = String::new();
    for spec in &missing.instruments {
        letters.push_str(&format!("{} {:?}\n", spec.name(), spec.settlement_period));
    }
    letters
}

#[test]
fn what_is_written_on_gets_every_future_and_the_strikes_next_to_the_index() {
    let found = wanted(&listed(&["BTC-PERPETUAL"]), RULE, NOW);
    assert!(found.is_complete);
    expect![[r#"
        BTC-26NOV26 Day
        BTC-26NOV26-97000-C Day
        BTC-26NOV26-97000-P Day
        BTC-26NOV26-96800-C Day
        BTC-26NOV26-96800-P Day
        BTC-26NOV26-97200-C Day
        BTC-26NOV26-97200-P Day
        BTC-27NOV26 Month
        BTC-4DEC26 Week
        BTC-11DEC26 Week
        BTC-25DEC26 Month
        BTC-29JAN27 Month
        BTC-26MAR27 Month
        BTC-25JUN27 Month
        BTC-24SEP27 Month
    "#]]
    .assert_eq(&names(&found));
}

#[test]
fn what_is_there_already_is_not_listed_again() {
    let mut all = listed(&["BTC-PERPETUAL"]);
    all.append(&mut wanted(&all, RULE, NOW).instruments);
    assert_eq!(names(&wanted(&all, RULE, NOW)), "");
    let tomorrow = NOW.plus_ms(At::DAY);
    expect![[r#"
        BTC-27NOV26-97000-C Month
        BTC-27NOV26-97000-P Month
        BTC-27NOV26-96800-C Month
        BTC-27NOV26-96800-P Month
        BTC-27NOV26-97200-C Month
        BTC-27NOV26-97200-P Month
        BTC-28NOV26 Day
    "#]]
    .assert_eq(&names(&wanted(&all, RULE, tomorrow)));
}

#[test]
fn an_index_without_a_price_gets_futures_and_is_asked_again() {
    let found = wanted(&listed(&["ETH-PERPETUAL"]), RULE, NOW);
    assert!(!found.is_complete);
    assert!(!found.instruments.is_empty());
    assert!(found.instruments.iter().all(|spec| !spec.kind.is_option()), "{found:?}");
}

#[test]
fn an_index_has_options_at_no_more_expiries_than_it_can_have_surfaces() {
    // 62 expiries that the calendar does not want.
    let day = |n: u64| At(NOW.next_eight_utc().0 + 400 * At::DAY + n * At::DAY);
    let mut all = listed(&["BTC-PERPETUAL", "BTC-27NOV26-97000-C"]);
    for n in 0..62 {
        let mut spec = all[1].clone();
        let types::Kind::Option { expiry, .. } = &mut spec.kind else { panic!("an option") };
        *expiry = day(n);
        all.push(spec);
    }
    let rule = ListingConfig { option_expiries_max: 64, strikes_max: 1 };
    let found = wanted(&all, rule, NOW);
    let options = found.instruments.iter().filter(|spec| spec.kind.is_option());
    let mut expiries: Vec<At> = options.filter_map(|spec| spec.kind.expiry()).collect();
    expiries.dedup();
    assert_eq!(expiries.len(), 2, "one more than the 63 that there are, and one that is there");
}

#[test]
fn the_period_is_that_of_the_calendar_not_that_of_the_name() {
    let found = wanted(&listed(&["BTC-PERPETUAL"]), RULE, NOW);
    let days =
        found.instruments.iter().filter(|spec| spec.settlement_period == SettlementPeriod::Day);
    assert_eq!(days.count(), 7, "tomorrow has a future and six options");
}
