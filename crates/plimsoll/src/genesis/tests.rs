//! Names, the built-in list, and files.

use engine::Engine;
use expect_test::expect;
use types::{AccountId, AssetCode, At, Command, Contract, Entry, Event, Health, Kind};

use super::file::parse;
use super::{Genesis, built_in, instrument, parse_name};

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
    .expect("the file is well formed")
    .instruments;
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
    )
    .map(|_| ());
    expect![[r#"
        "BTC-NEVER" does not name a contract: write it as BTC-PERPETUAL, ETH_USDC-25DEC26 or BTC-25DEC26-100000-C
          BTC-PERPETUAL: tick is 0.5: write it in quotes
          ETH-PERPETUAL: colour is a key that does not exist
          SOL-PERPETUAL: lot is -1: a step is above zero"#]].assert_eq(&format!("{:#}", error.expect_err("all four are wrong")));
}

const KEY: &str = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";

/// Five reporters of a feed, and an instrument on its index.
fn with_feed(more: &str) -> String {
    let reporters: String = (3..8)
        .map(|account| {
            let stake = if account == 3 { "stake = { BTC = '0.5', USDC = '0' }" } else { "" };
            format!("[[reporter]]\naccount = {account}\npublic_key = '{KEY}'\n{stake}\n")
        })
        .collect();
    format!(
        "[[instrument]]
         name = 'BTC-PERPETUAL'
         [[instrument]]
         name = 'BTC_USDC-PERPETUAL'
         {reporters}
         [[feed]]
         index = 'btc_usd'
         sources = ['a', 'b', 'c', 'd', {{ name = 'e', weight = 2 }}]
         seats = [
             {{ reporter = 3, source = 'a' }}, {{ reporter = 4, source = 'b' }},
             {{ reporter = 5, source = 'c' }}, {{ reporter = 6, source = 'd' }},
             {{ reporter = 7, source = 'e' }},
         ]
         {more}"
    )
}

fn genesis(more: &str) -> Genesis {
    parse(&with_feed(more)).unwrap_or_else(|error| panic!("{error:#}"))
}

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a code")
}

#[test]
fn a_feed_says_sources_and_seats_and_the_rest_follows() {
    let genesis = genesis("");
    let [feed] = genesis.feeds.as_slice() else { panic!("one feed: {:?}", genesis.feeds) };
    let types::FeedTerms { sources, seats, .. } = &feed.terms;
    assert_eq!((feed.domain, sources.len(), seats.len()), (code("BTC"), 5, 5));
    let terms = types::FeedTerms { sources: vec![], seats: vec![], ..feed.terms.clone() };
    expect![[r#"
        FeedTerms {
            base: BTC,
            quote: USD,
            method: CappedMedian,
            sources: [],
            seats: [],
            healthy: Quorum {
                reporters: 4,
                sources: 4,
            },
            degraded: Quorum {
                reporters: 3,
                sources: 3,
            },
            barrier: Barrier {
                reports: 10,
                sources: 3,
            },
            stale_ms: 10000,
            ahead_ms: 2000,
            cap_ppm: 5000,
            spread_ppm: 20000,
            confidence_ppm: 20000,
            jump_ppm: 50000,
            reporter_cap_ppm: 400000,
            cross_check: None,
            incentives: Incentives {
                reward_per_hour: Amount(
                    0,
                ),
                far_ppm: 25000,
                far_ms: 60000,
                far_slash_ppm: 50000,
            },
        }"#]]
    .assert_eq(&format!("{terms:#?}"));
}

#[test]
fn a_domain_takes_what_it_begins_with() {
    let pricing = "
        [[pricing]]
        instrument = 'BTC-PERPETUAL'
        mark = 'median_of_three'
        clamp_ppm = 10000
        funding = { schedule = 'hourly', damper_ppb = 500000, interest_ppb = 100000 }
    ";
    let genesis = genesis(pricing);
    for (asset, health) in [("BTC", Some(Health::Frozen)), ("USDC", None), ("ETH", None)] {
        let mut engine = Engine::new(code(asset), if asset == "USDC" { 6 } else { 8 });
        let mut events = Vec::new();
        for command in genesis.commands(code(asset)) {
            let entry = Entry { seq: engine.seq().next(), at: NOW, command };
            engine.apply(&entry, &mut events);
        }
        let refused: Vec<_> =
            events.iter().filter(|event| matches!(event, Event::Refused(_))).collect();
        assert!(refused.is_empty(), "{asset}: {refused:?}");
        assert_eq!(engine.n_accounts(), 7, "{asset}: accounts have the same numbers everywhere");
        let feed = engine.feed(code("BTC"), code("USD"));
        assert_eq!(feed.map(|feed| feed.health), health, "{asset}");
        assert_eq!(engine.reporter(AccountId(7)).is_some(), asset == "BTC", "{asset}");
        assert_eq!(engine.reporter(AccountId(3)).is_some(), asset != "ETH", "{asset}: a stake");
    }
    let commands = genesis.commands(code("BTC"));
    let Some(Command::SetPricing { terms, .. }) = commands.last() else { panic!("{commands:?}") };
    assert_eq!(terms.funding.map(|funding| funding.cap_ppb), Some(5_000_000));
}

#[test]
fn everything_that_is_wrong_with_feeds_is_named() {
    let error = parse(&with_feed(&format!(
        "
        stale_ms = -1
        [[feed]]
        index = 'btcusd'
        [[feed]]
        index = 'eur_gbp'
        sources = ['a']
        seats = []
        [[feed]]
        index = 'btc_usdc'
        sources = ['a', 7]
        [[feed]]
        index = 'eth_usd'
        sources = ['a', 'b']
        seats = [{{ reporter = 3, source = 'c' }}]
        [[feed]]
        index = 'eth_usd'
        sources = ['a']
        seats = [{{ reporter = 3, source = 'a' }}]
        healthy = {{ reporters = 2, sources = 1 }}
        [[feed]]
        index = 'eth_usdc'
        sources = ['a']
        seats = [{{ reporter = 9, source = 'a' }}]
        method = 'mean'
        [[feed]]
        index = 'sol_usdc'
        sources = ['a']
        seats = [{{ reporter = 9, source = 'a' }}]
        [[feed]]
        index = 'sol_usdc'
        sources = ['a']
        seats = [{{ reporter = 3, source = 'a' }}]
        incentives = {{ reward_per_hour = '-1' }}
        [[reporter]]
        account = 0
        [[reporter]]
        account = 3
        public_key = '{KEY}'
        [[reporter]]
        account = 8
        public_key = 'éé'
        [[reporter]]
        account = 8
        public_key = '{KEY}'
        stake = {{ DOGE = '1' }}
        [[pricing]]
        instrument = 'ETH-PERPETUAL'
        [[pricing]]
        instrument = 'BTC_USDC-PERPETUAL'
        [pricings]
        "
    )))
    .map(|_| ());
    expect![[r#"
        pricings is a key that does not exist: write [[instrument]], [[reporter]], [[feed]], [[pricing]]
          a reporter: account is 0: accounts are numbered from 1
          reporter 8: public_key is éé: write the 64 hexadecimal digits of an Ed25519 key
          reporter 8: DOGE is no domain: BTC, ETH, USDC
          feed btc_usd: stale_ms is -1: write a whole number that fits
          feed btcusd: write an index such as btc_usd
          feed eur_gbp: neither GBP nor EUR is a domain
          feed btc_usdc: sources: 7 is no table: write { key = value }
          feed eth_usd: seats: c is not among the sources
          feed eth_usd: quorums must be above zero, the healthy one at least the degraded one, and within the 1 reporters and 1 sources that count
          feed eth_usdc: method is mean: write capped_median, drop_extremes, weighted_median
          feed sol_usdc: reward_per_hour: -1 is no amount: write one from 0 on with 6 decimals
          pricing of ETH-PERPETUAL: there is no such [[instrument]]
          pricing of BTC_USDC-PERPETUAL: its index BTC/USDC has no [[feed]], so nothing is priced
          reporter 3 is there twice
          feed sol_usdc: account 9 has a seat and no [[reporter]]"#]].assert_eq(&format!("{:#}", error.expect_err("much is wrong")));
}
