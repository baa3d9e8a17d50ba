//! Names, the built-in list, and files.

use expect_test::expect;
use types::{At, Contract, Kind};

use super::file::parse;
use super::{built_in, instrument, parse_name};

/// Wednesday, 25 November 2026, 01:00 UTC.
const NOW: At = At(1_795_568_400_000);

fn decimals(asset: &str) -> u8 {
    if asset == "USDC" { 6 } else { 8 }
}

#[test]
fn a_name_read_and_written_is_the_same_name() {
    for name in [
        "BTC-PERPETUAL",
        "SOL_USDC-PERPETUAL",
        "ETH-5AUG26",
        "BTC_USDC-25DEC26",
        "BTC-29FEB28-100000-C",
        "XRP_USDC-30JUN23-0d625-P",
    ] {
        assert_eq!(instrument(name).map(|instrument| instrument.name()).as_deref(), Ok(name));
    }
}

#[test]
fn what_is_not_a_name_is_refused() {
    for name in [
        "",
        "BTC",
        "BTC-",
        "btc-PERPETUAL",
        "BTC-PERPETUAL-1",
        "BTC-31FEB26",
        "BTC-05AUG26",
        "BTC-25DEC26-C",
        "BTC-25DEC26-1e400-C",
        "BTC-25DEC26-100-X",
        "BTC-25DEC26-100-C-1",
        "BTC-0DEC26",
        "BTC-é5DEC26",
        "BTC-25DÉC26",
        "BTC-99999999999999999999DEC26",
    ] {
        assert!(parse_name(name).is_err(), "{name} was taken for a name");
    }
}

#[test]
fn the_built_in_list_makes_contracts_that_the_engine_can_value() {
    let list = built_in(NOW);
    for instrument in &list {
        let decimals = decimals(instrument.settlement().as_str());
        assert!(Contract::of(instrument, decimals).is_some(), "{}", instrument.name());
        assert!(instrument.kind.expiry().is_none_or(|expiry| NOW < expiry));
    }
    let mut names: Vec<String> = list.iter().map(types::Instrument::name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), list.len(), "no contract is listed twice");
    let is_short = |name: &&String| name.matches('-').count() < 2;
    let short: Vec<&str> = names.iter().filter(is_short).map(String::as_str).collect();
    let n_options = list.iter().filter(|instrument| instrument.kind.is_option()).count();
    expect![[r#"
        BTC-25DEC26
        BTC-26MAR27
        BTC-27NOV26
        BTC-4DEC26
        BTC-PERPETUAL
        BTC_USDC-4DEC26
        BTC_USDC-PERPETUAL
        ETH-25DEC26
        ETH-26MAR27
        ETH-27NOV26
        ETH-4DEC26
        ETH-PERPETUAL
        ETH_USDC-4DEC26
        ETH_USDC-PERPETUAL
        92 options
    "#]]
    .assert_eq(&format!("{}\n{n_options} options\n", short.join("\n")));
}

#[test]
fn a_file_changes_the_usual_terms_one_by_one() {
    let list = parse(
        "[[instrument]]
         name = 'BTC-PERPETUAL'
         tick = '1'
         maker_fee_ppm = -100
         [[instrument]]
         name = 'ETH-25DEC26-4000-P'",
    )
    .expect("the file is well formed");
    assert_eq!(list.len(), 2);
    assert_eq!((list[0].tick.to_string().as_str(), list[0].fees.maker_ppm), ("1", -100));
    assert!(matches!(list[1].kind, Kind::Option { .. }));
}

#[test]
fn every_instrument_that_is_wrong_is_named() {
    let error = parse(
        "[[instrument]]
         name = 'BTC-NEVER'
         [[instrument]]
         name = 'BTC-PERPETUAL'
         tick = 0.5
         [[instrument]]
         name = 'ETH-PERPETUAL'
         colour = 'blue'
         [[instrument]]
         name = 'SOL-PERPETUAL'
         lot = '-1'",
    );
    expect![[r#"
        "BTC-NEVER" does not name a contract: write it as BTC-PERPETUAL, ETH_USDC-25DEC26 or BTC-25DEC26-100000-C
          BTC-PERPETUAL: tick is 0.5: write it in quotes
          ETH-PERPETUAL: colour is a key that does not exist
          SOL-PERPETUAL: lot is -1: a step is above zero"#]].assert_eq(&format!("{:#}", error.expect_err("all four are wrong")));
}
