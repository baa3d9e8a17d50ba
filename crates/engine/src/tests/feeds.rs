//! Who may report what: faults without end, pairs that nothing is settled by, keys that sign
//! nothing, and a feed that nobody looks at.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use types::{
    Action, Amount, Command, CrossCheck, Event, Health, IndexPrice, Instrument, OrderKind,
    PlaceOrder, PriceReport, PublicKey, Reject, Seat, Side, Source, SourceId, Style, Ticks, limits,
};

use super::priced::{ANN, BOB, PERPETUAL, Priced, REPORTERS, terms, told};
use super::world::{asset, decimal, perpetual};

const CALM: [u64; 5] = [60_000; 5];

fn refused(events: &[Event]) -> Option<u16> {
    match events {
        [Event::Refused(reject)] => Some(reject.code()),
        _ => None,
    }
}

/// Five reporters, the last of whom looks at a sixth source that the others are checked against;
/// one far report after another costs half of the stake.
fn with_cross_check() -> Priced {
    let mut priced = Priced::inverse();
    let mut terms = terms("BTC", "USD");
    let name = types::Label::new("elsewhere").expect("short");
    let source = SourceId(5);
    terms.sources.push(Source { name, weight: 0 });
    terms.seats.push(Seat { reporter: REPORTERS[4], source });
    terms.cross_check = Some(CrossCheck { source, apart_ppm: 10_000 });
    (terms.incentives.far_ms, terms.incentives.far_slash_ppm) = (1_000, 500_000);
    priced.world.must(Command::SetFeed(terms.into()));
    priced
}

/// `n` seconds of which the first reporter says 66 000 in each.
fn lie(priced: &mut Priced, n: u64) -> Vec<Event> {
    let mut all = Vec::new();
    for _ in 0..n {
        let report = priced.report_of(REPORTERS[4], 60_000);
        all.append(&mut priced.send(PriceReport { source: SourceId(5), ..report }));
        all.append(&mut priced.seconds(1, &[66_000, 60_000, 60_000, 60_000, 60_000]));
    }
    all
}

#[test]
fn ora_29_who_is_far_until_nothing_of_its_stake_is_left_is_out() {
    let mut priced = with_cross_check();
    lie(&mut priced, 4);
    let stake = Amount(5);
    let (account, key) = (REPORTERS[0], PublicKey([9; 32]));
    let before = priced.balance(types::LedgerAccount::Stake(account));
    // Of what is left, half, rounded up: a hundred million is gone after 27 times.
    let events = lie(&mut priced, 60);
    let story = told(&events);
    let n_far = story.lines().filter(|line| line.starts_with("reporter 1 Far")).count();
    let lines: Vec<&str> = story.lines().filter(|line| !line.contains("refused")).collect();
    let end = lines.get(lines.len() - 3..).expect("faults").join("\n");
    let again = told(&priced.world.apply(Command::RegisterReporter { account, key, stake }));
    expect![[r#"
        50000000
        26 times
        1 from Stake(AccountId(1)) to Fees (Slash)
        reporter 1 Far { apart_ppm: 98902, for_ms: 1000 }, slashed 1
        reporter 1 Spent, slashed 0
        refused 310: account 1 was caught and reports no more: register another one"#]]
    .assert_eq(&format!("{before}\n{n_far} times\n{end}\n{again}"));
    assert_eq!(priced.balance(types::LedgerAccount::Stake(account)), 0);
    let feed = priced.world.engine.feed(asset("BTC"), asset("USD")).expect("a feed");
    assert_eq!(feed.health, Health::Healthy, "four of five are a quorum");
}

/// Ticks stop and orders go on: what nobody looked at is not good enough.
#[test]
fn ora_30_health_is_that_of_now_without_a_tick() {
    let mut priced = Priced::inverse();
    priced.trade((ANN, BOB), PERPETUAL, (10, 120_000));
    let attempt = |priced: &mut Priced, after_ms| {
        priced.world.at.0 += after_ms;
        let kind = OrderKind::Limit { price: Ticks(119_000) };
        let order = PlaceOrder { kind, ..Priced::order(ANN, PERPETUAL, Side::Bid, 1) };
        let reduce = PlaceOrder {
            reduce_only: true,
            kind: OrderKind::Limit { price: Ticks(121_000) },
            ..Priced::order(ANN, PERPETUAL, Side::Ask, 1)
        };
        let withdraw = Command::Withdraw { account: ANN, amount: Amount(1) };
        let attempts =
            [Command::PlaceOrder(order.into()), withdraw, Command::PlaceOrder(reduce.into())];
        attempts.map(|attempt| {
            let events = priced.world.apply(attempt);
            let [Event::Refused(reject)] = events.as_slice() else { return None };
            let Reject::IndexUnfit { action, health, .. } = **reject else { panic!("{reject}") };
            Some((action, health))
        })
    };
    assert_eq!(attempt(&mut priced, 9_999), [None; 3]);
    let frozen = |action| Some((action, Health::Frozen));
    let unfit = [frozen(Action::Increase), frozen(Action::Withdraw), None];
    assert_eq!(attempt(&mut priced, 1), unfit);
    priced.seconds(3, &CALM);
    assert_eq!(attempt(&mut priced, 0), [None; 3]);
}

#[test]
fn ora_31_a_feed_is_of_a_pair_that_the_domain_settles_and_of_no_more_than_fit() {
    let mut priced = Priced::inverse();
    let feed = |base: &str, quote: &str| Command::SetFeed(terms(base, quote).into());
    let elsewhere = told(&priced.world.apply(feed("ETH", "USDC")));
    for n in 1..limits::INDICES_MAX {
        priced.world.must(feed("BTC", &format!("Q{n}")));
    }
    let too_many = told(&priced.world.apply(feed("BTC", "ONE")));
    let spec = Instrument {
        base: asset("ONE"),
        quote: asset("BTC"),
        style: Style::Linear,
        tick: decimal("0.00001"),
        lot: decimal("0.01"),
        contract_size: decimal("0.01"),
        ..perpetual()
    };
    let listed = told(&priced.world.apply(Command::ListInstrument(spec.into())));
    priced.world.must(feed("BTC", "Q1"));
    expect![[r#"
        refused 206: the terms do not make a feed: the domain settles in BTC: base or quote of the index must be it
        refused 320: there are 1024 indices already
        refused 320: there are 1024 indices already"#]].assert_eq(&format!("{elsewhere}\n{too_many}\n{listed}"));
}

#[test]
fn ora_32_a_reporter_has_a_key_that_can_sign() {
    let mut priced = Priced::inverse();
    let mut story = String::new();
    // No point of the curve; one that anybody can sign for; and 0x09…, which is a key.
    for byte in [7, 0, 9] {
        let (account, key, stake) = (ANN, PublicKey([byte; 32]), Amount(0));
        let events = priced.world.apply(Command::RegisterReporter { account, key, stake });
        story += &format!("{byte}: {:?}\n", refused(&events));
    }
    expect![[r#"
        7: Some(321)
        0: Some(321)
        9: None
    "#]]
    .assert_eq(&story);
}

#[test]
fn ora_9_the_second_price_for_a_nonce_is_told_as_no_price() {
    let mut priced = Priced::inverse();
    let report = priced.report_of(REPORTERS[0], 60_000);
    let is_price = |event: &Event| matches!(event, Event::PriceReported { .. });
    assert!(priced.send(report).iter().any(is_price));
    let price = IndexPrice(report.price.0 * 2);
    let events = priced.send(PriceReport { price, ..report });
    assert!(!events.iter().any(is_price), "{events:?}");
    assert!(told(&events).contains("Equivocated"), "{events:?}");
}
