//! What the engine answers about margin and liquidation is what then happens.

use types::{
    AccountId, AdlPlace, Amount, BackstopTerms, Command, Event, Lots, PlaceOrder, Side, Ticks,
};

use super::priced::{ANN, BOB, CAT, PERPETUAL, Priced, REPORTERS};
use crate::liquidation::USUAL_TERMS;
use crate::view::RANKED_MAX;

/// Opens an account with `atoms` that buys (or, below zero, sells) so many lots at 60 000.
fn holder(priced: &mut Priced, atoms: i64, lots: i32) -> AccountId {
    let account = priced.world.fund(atoms);
    let pair = if lots < 0 { (REPORTERS[4], account) } else { (account, REPORTERS[4]) };
    priced.trade(pair, PERPETUAL, (lots.unsigned_abs(), 120_000));
    account
}

fn is_started(events: &[Event], of: AccountId) -> bool {
    events
        .iter()
        .any(|event| matches!(event, Event::LiquidationStarted { account, .. } if *account == of))
}

/// Whether a second at this price starts the liquidation of an account.
fn starts_at(priced: &Priced, account: AccountId, price: u64) -> bool {
    let mut there = priced.clone();
    is_started(&there.seconds(3, &[price; 5]), account)
}

#[test]
fn liq_1_an_account_is_liquidated_at_the_price_that_its_position_tells_and_not_before() {
    for (mut priced, lots, atoms) in [
        (Priced::inverse(), 400, 400_000),
        (Priced::inverse(), -400, 400_000),
        (Priced::linear(), 400, 1_200_000_000),
        (Priced::linear(), -400, 1_200_000_000),
    ] {
        let account = holder(&mut priced, atoms, lots);
        priced.seconds(2, &[60_000; 5]);
        let view = priced.world.engine.account(account).expect("it is open");
        let position = view.positions.first().expect("it holds something");
        let price = position.liquidation_price.expect("a future").0;
        let at = price / types::IndexPrice::SCALE;
        let (before, after) = if lots < 0 { (at - 2, at + 2) } else { (at + 2, at - 2) };
        assert!(!starts_at(&priced, account, before), "{lots} lots at {before}, told {at}");
        assert!(starts_at(&priced, account, after), "{lots} lots at {after}, told {at}");
    }
}

#[test]
fn mar_1_an_order_needs_what_the_engine_says_beforehand() {
    let mut priced = Priced::inverse();
    for (side, lots, price) in
        [(Side::Bid, 700, 119_000), (Side::Ask, 900, 121_000), (Side::Bid, 2_000, 119_500)]
    {
        let order = (Lots(lots), Ticks(price));
        let needs = priced.world.engine.order_needs(ANN, PERPETUAL, order);
        let [buy, sell] = needs.expect("a mark");
        let needs = if side == Side::Bid { buy } else { sell };
        let margin =
            |priced: &Priced| priced.world.engine.account(ANN).expect("it is open").initial_margin;
        let before = margin(&priced);
        let kind = types::OrderKind::Limit { price: Ticks(price) };
        let order = PlaceOrder { kind, ..Priced::order(ANN, PERPETUAL, side, lots) };
        priced.world.must(Command::PlaceOrder(order.into()));
        assert_eq!(needs.more, Some(margin(&priced).minus(before)), "{side:?} {lots}");
        if before == Amount::ZERO {
            assert_eq!(needs.more, Some(needs.alone), "nothing stands beside the first order");
        }
    }
    let most = (Lots::MAX, Ticks(120_000));
    let needs = priced.world.engine.order_needs(ANN, PERPETUAL, most).expect("a mark");
    assert_eq!(needs.map(|side| side.more), [None, None], "more than the largest size");
    assert_eq!(priced.world.engine.order_needs(AccountId(99), PERPETUAL, most), None);
}

#[test]
fn adl_2_each_position_knows_its_place_in_the_ranking() {
    let mut priced = Priced::inverse();
    priced.trade((BOB, ANN), PERPETUAL, (1_000, 120_000));
    priced.trade((CAT, ANN), PERPETUAL, (3_000, 119_000));
    priced.seconds(2, &[60_000; 5]);
    let places = |account| priced.world.engine.adl_places(account);
    let rank = |account| places(account).first().map(|place| (place.rank, place.of));
    assert_eq!((rank(CAT), rank(BOB), rank(ANN)), (Some((1, 2)), Some((2, 2)), Some((1, 1))));
    assert_eq!(places(REPORTERS[0]), []);
    let lights = |rank, of| AdlPlace { instrument: PERPETUAL, rank, of, score: 0 }.lights();
    let ten = (1..=10).map(|rank| lights(rank, 10)).collect::<std::vec::Vec<_>>();
    assert_eq!(ten, [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]);
    assert_eq!((lights(1, 1), lights(2, 2)), (5, 3));
}

// A question costs no more than so many holders, however many there are.
#[test]
fn adl_2_a_side_with_too_many_holders_is_not_ranked_for_a_question() {
    let mut priced = Priced::inverse();
    for nth in 0..=RANKED_MAX {
        if nth == RANKED_MAX {
            assert_eq!(priced.world.engine.adl_places(ANN).len(), 1);
            assert_eq!(priced.world.engine.adl_places(BOB).len(), 1);
        }
        let account = if nth == 0 { ANN } else { priced.world.fund(1_000_000) };
        priced.trade((account, BOB), PERPETUAL, (1, 120_000));
    }
    assert_eq!(priced.world.engine.adl_places(ANN), []);
    assert_eq!(priced.world.engine.adl_places(BOB).len(), 1, "the other side has one holder");
}

#[test]
fn ins_5_the_waterfall_is_public_at_every_moment() {
    let mut priced = Priced::inverse();
    let terms = BackstopTerms { capacity: Amount(5_000), share_ppm: 100_000 };
    priced.world.must(Command::OfferBackstop { account: CAT, terms });
    priced.world.must(Command::FundInsurance { amount: Amount(1_000_000) });
    let loser = holder(&mut priced, 225_000, 400);
    let before = priced.world.engine.waterfall();
    assert_eq!((before.insurance, before.terms), (Amount(1_000_000), USUAL_TERMS));
    assert_eq!(before.backstops, [(CAT, terms, Amount::ZERO)]);
    assert_eq!(before.liquidating, 0);
    priced.seconds(3, &[58_500; 5]);
    assert_eq!(priced.world.engine.waterfall().liquidating, 1);
    assert!(priced.world.engine.account(loser).expect("it is open").liquidating);
}

/// Accounts that lose at 58 500 and find no book.
fn crowd(priced: &mut Priced, count: usize) {
    for _ in 0..count {
        holder(priced, 225_000, 400);
    }
}

#[test]
fn liq_9_who_is_being_liquidated_does_not_keep_others_from_their_turn() {
    let mut priced = Priced::inverse();
    crowd(&mut priced, 150);
    priced.seconds(1, &[58_500; 5]);
    assert!(!priced.world.engine.is_liquidation_due(), "the index is not there yet");
    priced.seconds(2, &[58_500; 5]);
    let liquidating = |priced: &Priced| priced.world.engine.waterfall().liquidating;
    let mut story = std::vec::Vec::new();
    while priced.world.engine.is_liquidation_due() && story.len() < 10 {
        story.push(liquidating(&priced));
        priced.world.apply(Command::Liquidate);
    }
    assert_eq!(story, [64, 128], "LIQ-9: 64 an entry, until nothing is due");
    assert_eq!(liquidating(&priced), 150);
    priced.world.at.0 += 1_000;
    priced.world.must(Command::EndDay);
    assert!(priced.world.engine.is_liquidation_due(), "the next round of each of them");
}

#[test]
fn liq_2_what_waits_for_a_price_is_not_due() {
    let mut priced = Priced::inverse();
    crowd(&mut priced, 3);
    priced.seconds(12, &[60_000, 60_000, 60_000, 0, 0]);
    priced.seconds(8, &[58_500, 58_500, 58_500, 0, 0]);
    assert_eq!(priced.world.engine.short.len(), 3, "they are below their margin");
    assert!(!priced.world.engine.is_liquidation_due(), "the feed is degraded");
    priced.seconds(4, &[58_500; 5]);
    assert_eq!(priced.world.engine.waterfall().liquidating, 3, "it is healthy again");
}
