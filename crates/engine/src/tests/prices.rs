//! What follows from prices, and what does not happen when they are not good enough.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use types::{
    Amount, At, CancelScope, Command, Event, FundingSchedule, FundingTerms, IndexPrice,
    LedgerAccount, Lots, MarkMethod, OrderKind, PlaceOrder, PricingTerms, PublicKey, Side, Svi,
    Ticks, Version,
};

use super::priced::{ANN, BOB, CALL, CAT, FUTURE, PERPETUAL, PUT, Priced, REPORTERS, smile, told};
use super::world::{EXPIRY, asset};
use crate::VERSION_MAX;

const CALM: [u64; 5] = [60_000; 5];
/// Two reporters are gone.
const THREE: [u64; 5] = [60_000, 60_000, 60_000, 0, 0];
/// Three are gone.
const TWO: [u64; 5] = [60_000, 60_000, 0, 0, 0];

/// What an account may do now, one word an action.
fn allowed(priced: &mut Priced) -> String {
    let resting = |side, lots, price| PlaceOrder {
        kind: OrderKind::Limit { price: Ticks(price) },
        ..Priced::order(ANN, PERPETUAL, side, lots)
    };
    let reduce = PlaceOrder { reduce_only: true, ..resting(Side::Ask, 5, 121_000) };
    let withdraw = Command::Withdraw { account: ANN, amount: Amount(1) };
    let cancel = Command::CancelOrders { account: ANN, scope: CancelScope::All };
    let attempts = [
        ("increase", Command::PlaceOrder(resting(Side::Bid, 5, 119_000).into())),
        ("place", Command::PlaceOrder(resting(Side::Ask, 5, 121_000).into())),
        ("reduce", Command::PlaceOrder(reduce.into())),
        ("withdraw", withdraw),
        ("cancel", cancel),
    ];
    let mut words = Vec::new();
    for (word, attempt) in attempts {
        let events = priced.world.apply(attempt);
        if !events.iter().any(|event| matches!(event, Event::Refused(_))) {
            words.push(word);
        }
    }
    words.join(" ")
}

#[test]
fn ora_20_each_health_allows_what_the_table_says_and_cancels_always() {
    let mut priced = Priced::inverse();
    priced.trade((ANN, BOB), PERPETUAL, (10, 120_000));
    let healthy = allowed(&mut priced);
    let gone = told(&priced.seconds(12, &THREE));
    let degraded = allowed(&mut priced);
    let gone_more = told(&priced.seconds(12, &TWO));
    let frozen = allowed(&mut priced);
    let back = told(&priced.seconds(3, &CALM));
    let again = allowed(&mut priced);
    expect![[r#"
        healthy: increase place reduce withdraw cancel
        Healthy -> Degraded: 3 reporters and 3 sources are live: 4 and 4 are needed
        degraded: place reduce cancel
        Degraded -> Frozen: 2 reporters and 2 sources are live: 3 and 3 are needed
        frozen: reduce cancel
        Frozen -> Healthy: 10 fresh reports from 5 sources passed the barrier
        increase place reduce withdraw cancel"#]]
    .assert_eq(&format!(
        "healthy: {healthy}\n{gone}\ndegraded: {degraded}\n{gone_more}\nfrozen: {frozen}\n{back}\n\
         {again}"
    ));
}

#[test]
fn ora_17_after_a_start_every_feed_waits_for_its_barrier() {
    let mut priced = Priced::inverse();
    let started = told(&priced.world.apply(Command::StartTerm));
    let passed = told(&priced.seconds(3, &CALM));
    expect![[r#"
        Healthy -> Degraded: the venue was started: the feed waits for its barrier
        Degraded -> Healthy: 10 fresh reports from 5 sources passed the barrier"#]]
    .assert_eq(&format!("{started}\n{passed}"));
}

#[test]
fn ora_9_two_reports_for_one_nonce_cost_the_stake_and_the_seat() {
    let mut priced = Priced::inverse();
    let report = priced.report_of(REPORTERS[0], 60_010);
    priced.send(report);
    let mut other = report;
    other.price = IndexPrice(report.price.0 + 1);
    let replayed = told(&priced.send(report));
    let caught = told(&priced.send(other));
    let next = priced.report_of(REPORTERS[0], 60_000);
    let silenced = told(&priced.send(next));
    let key = PublicKey([10; 32]);
    let stake = Amount(0);
    let account = REPORTERS[0];
    let again = told(&priced.world.apply(Command::RegisterReporter { account, key, stake }));
    expect![[r#"
        refused 312: nonce 21 is not above 21, the last one: it is an old report
        100000000 from Stake(AccountId(1)) to Fees (Slash)
        reporter 1 Equivocated { nonce: 21 }, slashed 100000000
        refused 310: account 1 was caught and reports no more: register another one
        refused 310: account 1 was caught and reports no more: register another one"#]]
    .assert_eq(&format!("{replayed}\n{caught}\n{silenced}\n{again}"));
}

#[test]
fn mrk_7_the_operator_sets_no_price_of_an_index_that_has_a_feed() {
    let mut priced = Priced::inverse();
    let (base, quote) = (asset("BTC"), asset("USD"));
    let price = IndexPrice(1);
    let index = told(&priced.world.apply(Command::ReportIndex { base, quote, price }));
    let marks = std::vec![(PERPETUAL, Ticks(1))];
    let marks = told(&priced.world.apply(Command::ReportMarks(marks)));
    expect![[r#"
        refused 306: the index of BTC in USD has a feed: the operator cannot set its prices
        refused 306: the index of BTC in USD has a feed: the operator cannot set its prices"#]]
    .assert_eq(&format!("{index}\n{marks}"));
}

#[test]
fn mrk_8_the_middle_surface_stands_and_the_last_good_one_is_kept() {
    let mut priced = Priced::inverse();
    let (_, before) = priced.world.engine.instrument(CALL).expect("listed");
    let with_a = |a| Svi { a, ..smile() };
    let mut story = String::new();
    let [first, second, third, ..] = REPORTERS;
    for (reporter, a) in [(first, 20_000), (second, 30_000), (third, 9_000_000)] {
        let events = priced.surface(reporter, with_a(a));
        story += &format!("{a}: {}\n", told(&events));
    }
    let bad = Svi { b: 3_000_000_000, ..smile() };
    story += &told(&priced.surface(REPORTERS[1], bad));
    let negative = Svi { a: -1_000_000_000, ..smile() };
    story += &format!("\n{}\n", told(&priced.surface(REPORTERS[1], negative)));
    let trader = told(&priced.surface(ANN, smile()));
    priced.seconds(2, &CALM);
    let (_, after) = priced.world.engine.instrument(CALL).expect("listed");
    expect![[r#"
        20000: 
        30000: 
        9000000: surface of reporter 2
        refused 318: the surface allows arbitrage: b and sigma are above zero, rho within 1, all of them within what a market can show
        refused 318: the surface allows arbitrage: the smallest variance, a + b sigma sqrt(1 - rho^2), is below zero
        refused 309: account 6 is not a reporter: the operator registers it with its key
        call 0 -> 26"#]].assert_eq(&format!("{story}{trader}\ncall {before} -> {after}"));
}

/// What accounts are worth is kept beside them, and checked after every entry.
#[test]
fn mar_6_sums_move_with_the_funding_that_a_change_of_health_accrues() {
    let mut priced = Priced::inverse();
    for to in 2..=VERSION_MAX.0 {
        priced.world.must(Command::Upgrade { to: Version(to) });
    }
    priced.trade((ANN, BOB), PERPETUAL, (1_000, 120_000));
    for (side, price) in [(Side::Bid, 120_430), (Side::Ask, 120_450)] {
        let kind = OrderKind::Limit { price: Ticks(price) };
        let order = PlaceOrder { kind, ..Priced::order(REPORTERS[4], PERPETUAL, side, 1_000) };
        priced.world.must(Command::PlaceOrder(order.into()));
    }
    priced.seconds(120, &CALM);
    // With this report two of the others are too old.
    priced.seconds(9, &THREE);
    priced.world.at.0 += 1_500;
    let kind = OrderKind::Limit { price: Ticks(120_430) };
    let mut sold = PlaceOrder { kind, ..Priced::order(ANN, PERPETUAL, Side::Ask, 10) };
    sold.reduce_only = true;
    priced.world.must(Command::PlaceOrder(sold.into()));
    let report = priced.report_of(REPORTERS[0], 60_000);
    let events = priced.send(report);
    let is_price = |event: &Event| matches!(event, Event::IndexChanged { .. });
    let is_health = |event: &Event| matches!(event, Event::FeedHealthChanged { .. });
    assert!(events.iter().any(is_health) && !events.iter().any(is_price), "{events:?}");
}

#[test]
fn fnd_7_longs_pay_shorts_to_the_atom_and_the_rest_is_booked() {
    let mut priced = Priced::inverse();
    let funding = FundingTerms {
        schedule: FundingSchedule::Continuous,
        damper_ppb: 0,
        cap_ppb: 5_000_000,
        interest_ppb: 0,
    };
    let terms = PricingTerms {
        mark: MarkMethod::ImpactBasis,
        impact: Lots(10),
        clamp_ppm: 5_000,
        funding: Some(funding),
    };
    priced.world.must(Command::SetPricing { instrument: PERPETUAL, terms });
    priced.trade((ANN, BOB), PERPETUAL, (1_000, 120_000));
    priced.trade((CAT, BOB), PERPETUAL, (333, 120_000));
    // A book at 60 120 (premium 0.2 %) on both sides of nobody in the trade.
    for (side, price) in [(Side::Bid, 120_230), (Side::Ask, 120_250)] {
        let kind = OrderKind::Limit { price: Ticks(price) };
        let order = PlaceOrder { kind, ..Priced::order(REPORTERS[4], PERPETUAL, side, 100) };
        priced.world.must(Command::PlaceOrder(order.into()));
    }
    let before = [ANN, BOB, CAT].map(|account| priced.collateral(account));
    priced.until(At(EXPIRY.0 - 4_000), &CALM);
    let accrued = [ANN, BOB, CAT].map(|account| {
        let view = priced.world.engine.account(account).expect("open");
        view.unrealised.0
    });
    let events = priced.until(EXPIRY, &CALM);
    let after = [ANN, BOB, CAT].map(|account| priced.collateral(account));
    let paid: Vec<i64> = before.iter().zip(after).map(|(before, after)| before - after).collect();
    let moves = told(&events);
    let (_, mark) = priced.world.engine.instrument(PERPETUAL).expect("listed");
    expect![[r#"
        mark 120240
        unrealised [30521, -40685, 10163]
        paid [2751, -3665, 916]
        3665 from Funding(InstrumentId(0)) to Collateral(AccountId(7)) (Funding)
        2751 from Collateral(AccountId(6)) to Funding(InstrumentId(0)) (Funding)
        916 from Collateral(AccountId(8)) to Funding(InstrumentId(0)) (Funding)
        2 from Funding(InstrumentId(0)) to Fees (Residue)
        delivery price 6000000000000, 450 good
        instrument 1 delivered
        instrument 2 delivered
        instrument 3 delivered"#]]
    .assert_eq(&format!("mark {mark}\nunrealised {accrued:?}\npaid {paid:?}\n{moves}"));
    assert_eq!(priced.balance(LedgerAccount::Funding(PERPETUAL)), 0);
}

/// Three accounts hold a future, a call and a put; what is left of each at the delivery price is
/// computed here once more, in tenths of an atom, by the formulas of venue.md §2.6 and §2.7.
fn expire(mut priced: Priced, last: u64, sum: fn(u64) -> String) -> String {
    priced.surfaces(smile());
    priced.seconds(1, &CALM);
    priced.trade((ANN, BOB), FUTURE, (777, 120_000));
    priced.trade((ANN, CAT), CALL, (3, 20));
    priced.trade((CAT, BOB), PUT, (4, 20));
    let resting = PlaceOrder {
        kind: OrderKind::Limit { price: Ticks(119_000) },
        ..Priced::order(CAT, FUTURE, Side::Bid, 5)
    };
    priced.world.must(Command::PlaceOrder(resting.into()));
    let before = [ANN, BOB, CAT].map(|account| priced.collateral(account));
    let mut events = priced.until(At(EXPIRY.0 - 4_000), &[last; 5]);
    // The window is over: what the index says now is too late.
    events.append(&mut priced.until(At(EXPIRY.0 + 4_000), &[last + 1; 5]));
    let after = [ANN, BOB, CAT].map(|account| priced.collateral(account));
    let gained: Vec<i64> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    let story = told(&events);
    let from = story.find("an order closed").unwrap_or(0);
    let late = PlaceOrder {
        kind: OrderKind::Limit { price: Ticks(120_000) },
        ..Priced::order(CAT, FUTURE, Side::Bid, 5)
    };
    let late = told(&priced.world.apply(Command::PlaceOrder(late.into())));
    let sums = sum(last);
    format!("{}\nann, bob, cat gained {gained:?}\n{sums}{late}", &story[from..])
}

/// `numerator / denominator` with one decimal, cut.
fn tenths(numerator: i128, denominator: i128) -> String {
    let tenths = (numerator * 10 / denominator).unsigned_abs();
    let sign = if numerator < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// 10 USD a lot of future, 0.1 BTC a lot of option; 1 BTC is 10⁸ atoms.
fn inverse_sums(price: u64) -> String {
    let price = i128::from(price);
    let future = tenths(7_770 * 100_000_000 * (price - 60_000), 60_000 * price);
    let call = tenths(30_000_000 * (price - 60_000).max(0), price);
    let put = tenths(40_000_000 * (60_000 - price).max(0), price);
    format!(
        "future: 7770 (1/60000 - 1/{price}) BTC = {future} atoms\n\
         call: 0.3 max(0, 1 - 60000/{price}) BTC = {call} atoms\n\
         put: 0.4 max(0, 60000/{price} - 1) BTC = {put} atoms\n"
    )
}

/// 0.001 BTC a lot of future, 0.01 BTC a lot of option; 1 USDC is 10⁶ atoms.
fn linear_sums(price: u64) -> String {
    let price = i128::from(price);
    let future = tenths(777 * 1_000_000 * (price - 60_000), 1_000);
    let call = tenths(3 * 1_000_000 * (price - 60_000).max(0), 100);
    let put = tenths(4 * 1_000_000 * (60_000 - price).max(0), 100);
    format!(
        "future: 0.777 ({price} - 60000) USDC = {future} atoms\n\
         call: 0.03 max(0, {price} - 60000) USDC = {call} atoms\n\
         put: 0.04 max(0, 60000 - {price}) USDC = {put} atoms\n"
    )
}

#[test]
fn dlv_8_an_inverse_expiry_settles_futures_and_options_to_the_atom() {
    expect![[r#"
        an order closed: Cancelled(Expired)
        delivery price 6033300000000, 450 good
        71476 from Collateral(AccountId(7)) to Clearing(InstrumentId(1)) (Delivery)
        71475 from Clearing(InstrumentId(1)) to Collateral(AccountId(6)) (Delivery)
        1 from Clearing(InstrumentId(1)) to Fees (Residue)
        instrument 1 delivered
        165582 from Collateral(AccountId(8)) to Clearing(InstrumentId(2)) (Delivery)
        165581 from Clearing(InstrumentId(2)) to Collateral(AccountId(6)) (Delivery)
        1 from Clearing(InstrumentId(2)) to Fees (Residue)
        instrument 2 delivered
        instrument 3 delivered
        ann, bob, cat gained [237056, -71476, -165582]
        future: 7770 (1/60000 - 1/60333) BTC = 71475.8 atoms
        call: 0.3 max(0, 1 - 60000/60333) BTC = 165581.0 atoms
        put: 0.4 max(0, 60000/60333 - 1) BTC = 0.0 atoms
        refused 205: instrument 1 expired at 1798185600000"#]]
    .assert_eq(&expire(Priced::inverse(), 60_333, inverse_sums));
    expect![[r#"
        an order closed: Cancelled(Expired)
        delivery price 5977700000000, 450 good
        48310 from Clearing(InstrumentId(1)) to Collateral(AccountId(7)) (Delivery)
        48311 from Collateral(AccountId(6)) to Clearing(InstrumentId(1)) (Delivery)
        1 from Clearing(InstrumentId(1)) to Fees (Residue)
        instrument 1 delivered
        instrument 2 delivered
        149222 from Collateral(AccountId(7)) to Clearing(InstrumentId(3)) (Delivery)
        149221 from Clearing(InstrumentId(3)) to Collateral(AccountId(8)) (Delivery)
        1 from Clearing(InstrumentId(3)) to Fees (Residue)
        instrument 3 delivered
        ann, bob, cat gained [-48311, -100912, 149221]
        future: 7770 (1/60000 - 1/59777) BTC = -48310.3 atoms
        call: 0.3 max(0, 1 - 60000/59777) BTC = 0.0 atoms
        put: 0.4 max(0, 60000/59777 - 1) BTC = 149221.2 atoms
        refused 205: instrument 1 expired at 1798185600000"#]]
    .assert_eq(&expire(Priced::inverse(), 59_777, inverse_sums));
}

#[test]
fn dlv_9_a_linear_expiry_settles_futures_and_options_to_the_atom() {
    expect![[r#"
        an order closed: Cancelled(Expired)
        delivery price 6033300000000, 450 good
        258741000 from Collateral(AccountId(7)) to Clearing(InstrumentId(1)) (Delivery)
        258741000 from Clearing(InstrumentId(1)) to Collateral(AccountId(6)) (Delivery)
        instrument 1 delivered
        9990000 from Collateral(AccountId(8)) to Clearing(InstrumentId(2)) (Delivery)
        9990000 from Clearing(InstrumentId(2)) to Collateral(AccountId(6)) (Delivery)
        instrument 2 delivered
        instrument 3 delivered
        ann, bob, cat gained [268731000, -258741000, -9990000]
        future: 0.777 (60333 - 60000) USDC = 258741000.0 atoms
        call: 0.03 max(0, 60333 - 60000) USDC = 9990000.0 atoms
        put: 0.04 max(0, 60000 - 60333) USDC = 0.0 atoms
        refused 205: instrument 1 expired at 1798185600000"#]]
    .assert_eq(&expire(Priced::linear(), 60_333, linear_sums));
    expect![[r#"
        an order closed: Cancelled(Expired)
        delivery price 5977700000000, 450 good
        173271000 from Clearing(InstrumentId(1)) to Collateral(AccountId(7)) (Delivery)
        173271000 from Collateral(AccountId(6)) to Clearing(InstrumentId(1)) (Delivery)
        instrument 1 delivered
        instrument 2 delivered
        8920000 from Collateral(AccountId(7)) to Clearing(InstrumentId(3)) (Delivery)
        8920000 from Clearing(InstrumentId(3)) to Collateral(AccountId(8)) (Delivery)
        instrument 3 delivered
        ann, bob, cat gained [-173271000, 164351000, 8920000]
        future: 0.777 (59777 - 60000) USDC = -173271000.0 atoms
        call: 0.03 max(0, 59777 - 60000) USDC = 0.0 atoms
        put: 0.04 max(0, 60000 - 59777) USDC = 8920000.0 atoms
        refused 205: instrument 1 expired at 1798185600000"#]]
    .assert_eq(&expire(Priced::linear(), 59_777, linear_sums));
}

#[test]
fn dlv_10_a_frozen_index_delays_the_delivery_and_then_the_operator_says_the_price() {
    let mut priced = Priced::inverse();
    priced.trade((ANN, BOB), FUTURE, (777, 120_000));
    priced.until(At(EXPIRY.0 - 25 * 60_000), &CALM);
    let frozen = told(&priced.until(At(EXPIRY.0 - 20 * 60_000), &TWO));
    let (base, quote, expiry) = (asset("BTC"), asset("USD"), EXPIRY);
    let price = IndexPrice(60_100 * IndexPrice::SCALE);
    let settle = Command::SettleDelivery { base, quote, expiry, price };
    let early = told(&priced.world.apply(settle.clone()));
    let late = told(&priced.until(At(EXPIRY.0 + 120 * 60_000), &TWO));
    let settled = told(&priced.world.apply(settle.clone()));
    let again = told(&priced.world.apply(settle));
    expect![[r#"
        Healthy -> Frozen: 2 reporters and 2 sources are live: 3 and 3 are needed
        refused 319: the delivery of 1798185600000 is not disputed: the feed settles it
        delivery disputed, 78 good
        delivery price 6010000000000, 78 good
        21548 from Collateral(AccountId(7)) to Clearing(InstrumentId(1)) (Delivery)
        21547 from Clearing(InstrumentId(1)) to Collateral(AccountId(6)) (Delivery)
        1 from Clearing(InstrumentId(1)) to Fees (Residue)
        instrument 1 delivered
        instrument 2 delivered
        instrument 3 delivered
        refused 317: nothing that is priced by this index and not settled expires at 1798185600000"#]].assert_eq(&format!("{frozen}\n{early}\n{late}\n{settled}\n{again}"));
}

#[test]
fn dlv_11_a_gap_in_the_window_extends_it() {
    let mut priced = Priced::inverse();
    priced.trade((ANN, BOB), FUTURE, (777, 120_000));
    priced.until(At(EXPIRY.0 - 25 * 60_000), &CALM);
    priced.until(At(EXPIRY.0 - 15 * 60_000), &TWO);
    let story = told(&priced.until(At(EXPIRY.0 + 30 * 60_000), &CALM));
    expect![[r#"
        Frozen -> Healthy: 10 fresh reports from 5 sources passed the barrier
        delivery price 6000000000000, 405 good
        instrument 1 delivered
        instrument 2 delivered
        instrument 3 delivered"#]]
    .assert_eq(&story);
}
