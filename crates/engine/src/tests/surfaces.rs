//! Which volatilities stand, who can move them, and what may be done by old ones.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use types::codec::Codec;
use types::{
    AccountId, Amount, At, CancelScope, Command, Event, IndexId, IndexPrice, Instrument, Kind,
    MarketState, OptionRight, OrderKind, PlaceOrder, Scope, Seat, Side, SourceId, Svi, Ticks,
};

use super::priced::{ANN, BOB, CALL, CAT, Priced, REPORTERS, smile, terms, told};
use super::world::{EXPIRY, call, decimal};
use crate::prices::IndexPrices;

const CALM: [u64; 5] = [60_000; 5];

fn mark(priced: &Priced) -> u32 {
    priced.world.engine.instrument(CALL).expect("listed").1.0
}

/// Who said what stands.
fn standing(priced: &Priced) -> Option<(AccountId, Svi)> {
    let prices = priced.world.engine.indices.at(0).prices.as_ref().expect("a feed");
    let surface = prices.surface(EXPIRY)?;
    Some((surface.standing.reporter, surface.standing.svi))
}

fn with_a(more: i64) -> Svi {
    Svi { a: smile().a + more, ..smile() }
}

fn order(account: AccountId, side: Side, lots: u32, reduce_only: bool) -> Command {
    let kind = OrderKind::Limit { price: Ticks(if side == Side::Bid { 19 } else { 21 }) };
    Command::PlaceOrder(
        PlaceOrder { kind, reduce_only, ..Priced::order(account, CALL, side, lots) }.into(),
    )
}

#[test]
fn mrk_12_nothing_stands_before_a_quorum_has_spoken() {
    let mut priced = Priced::inverse();
    let mut story = String::new();
    let [first, second, third, ..] = REPORTERS;
    for reporter in [first, second, first, third] {
        story += &format!("{reporter}: {}\n", told(&priced.surface(reporter, smile())));
        story += &format!("{}\n", told(&priced.world.apply(order(ANN, Side::Bid, 1, false))));
    }
    expect![[r#"
        1: 
        refused 418: the volatilities of 1798185600000 are too old, or there are none: that does not allow to Increase
        2: 
        refused 418: the volatilities of 1798185600000 are too old, or there are none: that does not allow to Increase
        1: 
        refused 418: the volatilities of 1798185600000 are too old, or there are none: that does not allow to Increase
        3: surface of reporter 1

    "#]]
    .assert_eq(&story);
}

/// Reporters 2 to 4 fall silent about volatility; ten minutes later the first one lies.
#[test]
fn mrk_12_one_reporter_that_is_left_moves_no_mark() {
    let mut priced = Priced::inverse();
    for reporter in REPORTERS.into_iter().skip(1).take(3) {
        priced.surface(reporter, smile());
    }
    priced.until(At(priced.world.at.0 + 151 * 4_000), &CALM);
    let before = (mark(&priced), standing(&priced));
    let lie = Svi { a: 90_000_000, ..smile() };
    let said = told(&priced.surface(REPORTERS[0], lie));
    assert_eq!((said.as_str(), (mark(&priced), standing(&priced))), ("", before));
    // Nor while the others speak, nor with a second one against three.
    for reporter in REPORTERS.into_iter().skip(1).take(3) {
        priced.surface(reporter, smile());
    }
    priced.surface(REPORTERS[0], lie);
    priced.surface(REPORTERS[4], lie);
    priced.seconds(1, &CALM);
    assert_eq!(standing(&priced).map(|(_, svi)| svi), Some(smile()));
}

/// A liar that is right at the money, and where else it likes, is not the middle of anything.
#[test]
fn mrk_12_a_lie_in_the_wings_does_not_stand() {
    let liar = REPORTERS[0];
    let at_the_money = 27_798;
    let lies = [
        Svi { a: at_the_money - 25_000, b: 5_000_000, rho: 0, m: 0, sigma: 5_000_000 },
        Svi { a: at_the_money - 400, b: 400_000, rho: 0, m: 0, sigma: 1_000_000 },
        Svi { rho: 700_000_000, ..smile() },
        Svi { rho: -990_000_000, ..smile() },
        Svi { a: 1, b: 800_000, ..smile() },
    ];
    for lie in lies {
        assert_eq!(pricing::check(&lie), Ok(()), "{lie:?}");
        for place in 0..5 {
            let mut priced = Priced::inverse();
            let honest = REPORTERS.into_iter().skip(1).zip([0, 200, 0, 200]);
            let mut said: Vec<_> = honest.map(|(who, more)| (who, with_a(more))).collect();
            said.insert(place, (liar, lie));
            for (reporter, svi) in said.iter().chain(&said) {
                let events = priced.surface(*reporter, *svi);
                let changed = told(&events);
                assert!(!changed.contains("surface of reporter 1"), "{place} {lie:?}: {changed}");
            }
            let (_, stands) = standing(&priced).expect("four agree");
            assert!(stands == with_a(0) || stands == with_a(200), "{stands:?}");
        }
    }
}

#[test]
fn mrk_12_reports_without_a_majority_that_agrees_change_nothing() {
    let mut priced = Priced::inverse();
    let said = |priced: &mut Priced, times: [i64; 4]| {
        let mut story = String::new();
        for (reporter, times) in REPORTERS.into_iter().zip(times) {
            let svi = Svi { a: smile().a * times, b: smile().b * times, ..smile() };
            story += &told(&priced.surface(reporter, svi));
        }
        story
    };
    // Each twice as much as the one before; two camps of two; and three against one.
    assert_eq!(said(&mut priced, [1, 2, 4, 8]), "");
    assert_eq!(said(&mut priced, [1, 2, 1, 2]), "");
    assert_eq!(said(&mut priced, [1, 1, 1, 2]), "surface of reporter 1");
}

/// What an account with a position in the option may do by its volatilities.
fn allowed(priced: &mut Priced) -> String {
    let attempts = [
        ("increase", order(ANN, Side::Ask, 1, false)),
        ("place", order(ANN, Side::Bid, 1, false)),
        ("reduce", order(ANN, Side::Bid, 1, true)),
        ("withdraw", Command::Withdraw { account: ANN, amount: Amount(1) }),
        ("cancel", Command::CancelOrders { account: ANN, scope: CancelScope::All }),
    ];
    let mut words = Vec::new();
    for (word, attempt) in attempts {
        match told(&priced.world.apply(attempt)) {
            text if text.contains("refused 418") => {}
            text => {
                assert!(!text.contains("refused"), "{text}");
                words.push(word);
            }
        }
    }
    words.join(" ")
}

fn started(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::LiquidationStarted { account: ANN, .. }))
}

/// What rises to 66 000 costs ann, who has sold calls and has little else, more than she has.
#[test]
fn mrk_13_old_volatilities_open_nothing_pay_nothing_out_and_liquidate_nobody() {
    let mut priced = Priced::inverse();
    priced.surfaces(smile());
    priced.trade((BOB, ANN), CALL, (100, 20));
    let keep = Amount(165_000_000);
    let amount = Amount(priced.collateral(ANN) - keep.0);
    priced.world.must(Command::Withdraw { account: ANN, amount });
    priced.until(At(priced.world.at.0 + 593_000), &CALM);
    assert_eq!(allowed(&mut priced), "increase place reduce withdraw cancel");
    priced.seconds(4, &CALM);
    assert_eq!(allowed(&mut priced), "place reduce cancel");
    let mut events = priced.seconds(3, &[63_000; 5]);
    events.append(&mut priced.seconds(3, &[66_000; 5]));
    assert!(!started(&events), "by volatilities of ten minutes ago");
    let health = priced.world.engine.health(IndexId(0));
    assert_eq!(health, types::Health::Healthy, "it is not the index that stood in the way");
    priced.surfaces(smile());
    assert!(started(&priced.seconds(1, &[66_000; 5])), "by those of now");
}

/// What a reporter said goes with its seat, and what is left is looked at anew.
#[test]
fn mrk_12_who_is_caught_or_loses_its_seat_has_said_nothing() {
    let [first, second, third, fourth, _] = REPORTERS;
    let mut priced = Priced::inverse();
    for (reporter, more) in [(second, 0), (first, 100), (third, 100), (fourth, 200)] {
        priced.surface(reporter, with_a(more));
    }
    assert_eq!(standing(&priced), Some((first, with_a(100))));

    let mut caught = priced.clone();
    let report = caught.report_of(first, 60_000);
    caught.send(report);
    let price = IndexPrice(report.price.0 + 1);
    let events = caught.send(types::PriceReport { price, ..report });
    assert_eq!(standing(&caught), Some((third, with_a(100))));
    assert!(told(&events).ends_with("surface of reporter 3"), "{}", told(&events));

    let mut fewer = terms("BTC", "USD");
    fewer.seats.retain(|seat| seat.reporter != first);
    priced.world.must(Command::SetFeed(fewer.clone().into()));
    assert_eq!(standing(&priced), Some((third, with_a(100))));
    // A source without weight is no voice: two are left, which is no quorum, so what stood stays
    // and is not good enough, because its reporter does not count.
    fewer.sources.push(types::Source { name: types::Label::default(), weight: 0 });
    fewer.seats.retain(|seat| seat.reporter != third);
    (fewer.healthy, fewer.reporter_cap_ppm) = (fewer.degraded, 500_000);
    fewer.seats.push(Seat { reporter: third, source: SourceId(5) });
    priced.world.must(Command::SetFeed(fewer.into()));
    assert_eq!(standing(&priced), Some((third, with_a(100))));
    priced.seconds(12, &[0, 60_000, 0, 60_000, 60_000]);
    let refused = told(&priced.world.apply(order(CAT, Side::Bid, 1, false)));
    assert!(refused.contains("refused 418"), "{refused}");
}

#[test]
fn mrk_12_reports_that_nobody_kept_in_this_order_are_refused() {
    let mut priced = Priced::inverse();
    priced.surfaces(smile());
    let prices = priced.world.engine.indices.at(0).prices.as_deref().expect("a feed");
    let check = |change: fn(&mut IndexPrices)| {
        let mut prices = prices.clone();
        change(&mut prices);
        IndexPrices::from_bytes(&prices.to_bytes()).is_ok()
    };
    assert!(check(|_| ()));
    assert!(!check(|prices| prices.candidates.reverse()));
    assert!(!check(|prices| prices.candidates.iter_mut().for_each(|it| it.svi.b = -1)));
    assert!(!check(|prices| prices.surfaces.iter_mut().for_each(|it| it.standing.svi.b = -1)));
}

/// Tomorrow has 5 % less than today had five minutes ago, of which an eighth is over by now.
#[test]
fn mrk_14_a_calendar_is_looked_at_as_of_now_and_old_neighbours_stand_in_no_way() {
    let mut priced = Priced::inverse();
    let next_day = EXPIRY.plus_ms(At::DAY);
    let strike = decimal("60000");
    let kind = Kind::Option { expiry: next_day, strike, right: OptionRight::Call };
    priced.world.must(Command::ListInstrument(Instrument { kind, ..call() }.into()));
    priced.surfaces(smile());
    let lower = Svi { a: smile().a * 95 / 100, b: smile().b * 95 / 100, ..smile() };
    let tomorrow = |priced: &mut Priced, svi| {
        let [first, ..] = REPORTERS;
        told(&priced.surface_of(first, next_day, svi))
    };
    let early = tomorrow(&mut priced, lower);
    priced.until(At(priced.world.at.0 + 300_000), &CALM);
    let later = tomorrow(&mut priced, lower);
    let much_lower = Svi { a: lower.a / 2, b: lower.b / 2, ..lower };
    let too_low = tomorrow(&mut priced, much_lower);
    priced.until(At(priced.world.at.0 + 304_000), &CALM);
    let old = tomorrow(&mut priced, much_lower);
    expect![[r#"
        refused 318: the surface allows arbitrage: a calendar spread with 1798185600000 at log-moneyness -40061 ppm costs less than nothing

        refused 318: the surface allows arbitrage: a calendar spread with 1798185600000 at log-moneyness -26250 ppm costs less than nothing
    "#]].assert_eq(&format!("{early}\n{later}\n{too_low}\n{old}"));
}

/// AUC-16: while a market is held its options go on being marked by the index of now, so that what
/// reopens is margined by the price that is reached and not by the one that was left. The twin is
/// never held, and has the same marks and margins.
#[test]
fn auc_16_options_of_a_held_market_hang_on_the_index_of_now() {
    let mut twin = Priced::inverse();
    twin.surfaces(smile());
    twin.trade((ANN, BOB), CALL, (20, 20));
    let before = twin.world.engine.margin_of(BOB);
    let mut held = twin.clone();
    let halt = Command::Halt { scope: Scope::Domain, state: MarketState::Halted, until: None };
    held.world.must(halt);
    let mut story = String::new();
    for price in [60_000, 61_000, 62_500] {
        for priced in [&mut twin, &mut held] {
            priced.surfaces(smile());
            priced.seconds(2, &[price; 5]);
        }
        let margins = [&twin, &held].map(|priced| priced.world.engine.margin_of(BOB));
        assert_eq!((mark(&held), margins[1]), (mark(&twin), margins[0]), "at {price}");
        story += &format!("at {price} the call is at {}\n", mark(&held));
    }
    held.world.must(Command::Resume { scope: Scope::Domain });
    let state = |priced: &Priced| priced.world.engine.markets.at(CALL.0).state;
    assert_eq!(state(&held), MarketState::Auction);
    assert!(before.maintenance < held.world.engine.margin_of(BOB).maintenance);
    expect![[r#"
        at 60000 the call is at 21
        at 61000 the call is at 164
        at 62500 the call is at 174
    "#]]
    .assert_eq(&story);
    for priced in [&mut twin, &mut held] {
        for _ in 0..40 {
            priced.surfaces(smile());
            priced.seconds(1, &[62_500; 5]);
        }
    }
    assert_eq!(state(&held), MarketState::Open);
    assert_eq!(mark(&held), mark(&twin));
}
