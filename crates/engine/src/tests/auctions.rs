//! Auctions as stories, and against an engine that was restarted in the middle of one.

use std::vec::Vec;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use types::codec::Codec;
use types::{
    AccountId, Command, Entry, Event, Lots, MarketState, OrderKind, OutageStep, PlaceOrder,
    ReopeningTerms, Scope, SelfTradeMode, Seq, Side, Ticks,
};

use super::priced::{ANN, BOB, PERPETUAL, Priced};
use super::story::tell;
use super::world::{PERP, World};
use crate::Engine;

fn check(script: &str, expected: &Expect) {
    expected.assert_eq(&tell(World::btc(), 1 << 40, script));
}

/// An auction of the perpetual, at its beginning.
const OPENED: &str = "
    halt perp CancelOnly
    resume perp
";

/// AUC-5: the older of two is the maker. AUC-8: each second it is told what would trade.
#[test]
fn auc_1_orders_cross_until_they_trade_at_one_price() {
    check(
        &std::format!(
            "{OPENED}
            ann sells 5 perp at 119990
            bob buys 3 perp at 120010
            tick 1
            cat buys 4 perp at 120005
            dan sells 1 perp at 120003
            wait 27000
            tick 2
            dan buys 1 perp at 119990
            "
        ),
        &expect![[r#"
            > halt perp CancelOnly
            Instrument(InstrumentId(0)) is CancelOnly by Operator until None, 0 against 0
            0: Open to CancelOnly
            notice 1: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
            > resume perp
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            > ann sells 5 perp at 119990
            1: placed, 5 at 119990
            1: rests 5 at 119990, shows 5
            > bob buys 3 perp at 120010
            2: placed, 3 at 120010
            2: rests 3 at 120010, shows 3
            > tick 1
            0: would give 3 at 119990, -2 over, in 29 s
            > cat buys 4 perp at 120005
            3: placed, 4 at 120005
            3: rests 4 at 120005, shows 4
            > dan sells 1 perp at 120003
            4: placed, 1 at 120003
            4: rests 1 at 120003, shows 1
            > wait 27000
            > tick 2
            0: would give 6 at 120005, 1 over, in 1 s
            0: auction ends with 6 at 120005, 1 over
            3 at 120005: 2 takes from 1 (fees 25, 0; realised 0, 0)
              25 bob to fees: Fee
              ann holds -3, cost 49997
              bob holds 3, cost -49997
            2: filled
            2 at 120005: 3 takes from 1 (fees 17, 0; realised 0, 0)
              17 cat to fees: Fee
              ann holds -5, cost 83328
              cat holds 2, cost -33331
            1: filled
            1 at 120005: 4 takes from 3 (fees 9, 0; realised 0, 0)
              9 dan to fees: Fee
              cat holds 3, cost -49997
              dan holds -1, cost 16666
            4: filled
            0: Auction to Open
            notice 3: incident 1 (Some(Operator)) is Resolved, Open, orders Live
            > dan buys 1 perp at 119990
            5: placed, 1 at 119990
            5: rests 1 at 119990, shows 1
        "#]],
    );
}

#[test]
fn auc_1_what_would_take_at_once_is_refused_and_post_only_does_not_cross() {
    check(
        &std::format!(
            "{OPENED}
            ann sells 5 perp at 120000
            bob buys 3 perp at market
            bob buys 3 perp at 120000 ioc
            bob buys 3 perp at 120000 fok
            bob buys 3 perp at 120000 post
            bob buys 3 perp at 120000 slide
            "
        ),
        &expect![[r#"
            > halt perp CancelOnly
            Instrument(InstrumentId(0)) is CancelOnly by Operator until None, 0 against 0
            0: Open to CancelOnly
            notice 1: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
            > resume perp
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            > ann sells 5 perp at 120000
            1: placed, 5 at 120000
            1: rests 5 at 120000, shows 5
            > bob buys 3 perp at market
            refused 430: instrument 0 is Auction, which does not allow this: send a limit order that may rest, or wait until it opens
            > bob buys 3 perp at 120000 ioc
            refused 430: instrument 0 is Auction, which does not allow this: send a limit order that may rest, or wait until it opens
            > bob buys 3 perp at 120000 fok
            refused 430: instrument 0 is Auction, which does not allow this: send a limit order that may rest, or wait until it opens
            > bob buys 3 perp at 120000 post
            refused 413: post-only would trade at 120000: price at 119999 or leave post-only out
            > bob buys 3 perp at 120000 slide
            2: placed, 3 at 119999
            2: rests 3 at 119999, shows 3
        "#]],
    );
}

#[test]
fn auc_6_reduce_only_and_protection_hold_between_the_trades() {
    check(
        "
        ann buys 4 perp at 120000
        bob sells 4 perp at 120000
        cat protects 1 window 1000 for 500 base 1
        halt perp CancelOnly
        resume perp
        ann sells 4 perp at 119990 reduce
        ann sells 3 perp at 119980 reduce
        cat quotes 1 perp 120010 x 6 120030 x 2
        dan buys 2 perp at 120000
        wait 28000
        tick 2
        ",
        &expect![[r#"
            > ann buys 4 perp at 120000
            1: placed, 4 at 120000
            1: rests 4 at 120000, shows 4
            > bob sells 4 perp at 120000
            2: placed, 4 at 120000
            4 at 120000: 2 takes from 1 (fees 34, 0; realised 0, 0)
              34 bob to fees: Fee
              ann holds 4, cost -66667
              bob holds -4, cost 66667
            1: filled
            2: filled
            > cat protects 1 window 1000 for 500 base 1
            MmpSet { account: AccountId(3), config: MmpConfig { base: BTC, quote: USD, group: MmpGroup(1), interval_ms: 1000, frozen_ms: 500, quantity_limit_milli: Some(1), delta_limit_milli: None } }
            > halt perp CancelOnly
            Instrument(InstrumentId(0)) is CancelOnly by Operator until None, 0 against 0
            0: Open to CancelOnly
            notice 1: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
            > resume perp
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            > ann sells 4 perp at 119990 reduce
            3: placed, 4 at 119990
            3: rests 4 at 119990, shows 4
            > ann sells 3 perp at 119980 reduce
            4: placed, 3 at 119980
            4: rests 3 at 119980, shows 3
            > cat quotes 1 perp 120010 x 6 120030 x 2
            5: placed, 6 at 120010
            5: rests 6 at 120010, shows 6
            6: placed, 2 at 120030
            6: rests 2 at 120030, shows 2
            > dan buys 2 perp at 120000
            7: placed, 2 at 120000
            7: rests 2 at 120000, shows 2
            > wait 28000
            > tick 2
            0: would give 7 at 120000, 1 over, in 1 s
            0: auction ends with 7 at 120000, 1 over
            3 at 120000: 5 takes from 4 (fees 25, 0; realised 0, 0)
              25 cat to fees: Fee
              ann holds 1, cost -16667
              cat holds 3, cost -50000
            4: filled
            3: amended to 1 at 119990, keeps its place (cut)
            1 at 120000: 5 takes from 3 (fees 9, 0; realised 0, 1)
              1 clearing to ann: Realised
              9 cat to fees: Fee
              ann holds 0, cost 0
              cat holds 4, cost -66666
            3: filled
            0: Auction to Open
            notice 3: incident 1 (Some(Operator)) is Resolved, Open, orders Live
        "#]],
    );
}

#[test]
fn auc_11_beyond_the_collar_it_waits_and_not_for_ever() {
    let mut world = World::btc();
    let terms = ReopeningTerms {
        steps: Vec::new(),
        auction_ms: 2_000,
        collar_ppm: 10_000,
        extension_ms: 1_000,
        extensions_max: 2,
    };
    world.must(Command::SetReopening(terms.into()));
    let script = std::format!(
        "{OPENED}
        ann sells 1 perp at 124200
        bob buys 1 perp at 124200
        tick 4
        "
    );
    expect![[r#"
        > halt perp CancelOnly
        Instrument(InstrumentId(0)) is CancelOnly by Operator until None, 0 against 0
        0: Open to CancelOnly
        notice 1: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
        > resume perp
        Instrument(InstrumentId(0)): Operator is over
        0: auction of 2 s, the mark is 120000
        0: CancelOnly to Auction
        notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
        > ann sells 1 perp at 124200
        1: placed, 1 at 124200
        1: rests 1 at 124200, shows 1
        > bob buys 1 perp at 124200
        2: placed, 1 at 124200
        2: rests 1 at 124200, shows 1
        > tick 4
        0: would give 1 at 124200, 0 over, in 1 s
        0: goes on for 1 s (Collar)
        0: goes on for 1 s (Collar)
        0: auction ends with 1 at 124200, 0 over
        1 at 124200: 2 takes from 1 (fees 9, 0; realised 0, 0)
          9 bob to fees: Fee
          ann holds -1, cost 16103
          bob holds 1, cost -16103
        2: filled
        1: filled
        0: Auction to Open
        notice 3: incident 1 (Some(Operator)) is Resolved, Open, orders Live
    "#]]
    .assert_eq(&tell(world, 1 << 40, &script));
}

#[test]
fn auc_12_a_group_does_not_cross_itself() {
    check(
        &std::format!(
            "{OPENED}
            ann sells 1 perp at 120000
            ann buys 1 perp at 120000
            ann buys 1 perp at 119999
            ann amends 2 at 120001
            ann prefers cancel-maker
            ann cancels all
            ann prefers cancel-maker
            ann sells 1 perp at 120000
            ann buys 1 perp at 120000
            "
        ),
        &expect![[r#"
            > halt perp CancelOnly
            Instrument(InstrumentId(0)) is CancelOnly by Operator until None, 0 against 0
            0: Open to CancelOnly
            notice 1: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
            > resume perp
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            > ann sells 1 perp at 120000
            1: placed, 1 at 120000
            1: rests 1 at 120000, shows 1
            > ann buys 1 perp at 120000
            refused 414: would trade with order 1 of the same group: cancel it, or choose cancel_maker
            > ann buys 1 perp at 119999
            2: placed, 1 at 119999
            2: rests 1 at 119999, shows 1
            > ann amends 2 at 120001
            refused 414: would trade with order 1 of the same group: cancel it, or choose cancel_maker
            > ann prefers cancel-maker
            refused 430: instrument 0 is Auction, which does not allow this: send a limit order that may rest, or wait until it opens
            > ann cancels all
            1: cancelled
            2: cancelled
            > ann prefers cancel-maker
            SelfTradeSet { account: AccountId(1), mode: CancelMaker, with_subaccounts: false }
            > ann sells 1 perp at 120000
            3: placed, 1 at 120000
            3: rests 1 at 120000, shows 1
            > ann buys 1 perp at 120000
            4: placed, 1 at 120000
            3: cancelled: SelfTrade
            4: rests 1 at 120000, shows 1
        "#]],
    );
}

/// Orders that cross have no middle: the mark is what it is with an empty book.
#[test]
fn auc_13_a_book_that_collects_moves_no_mark() {
    let mark = |orders: &[(Side, u32)]| {
        let mut priced = Priced::inverse();
        let scope = Scope::Instrument(PERPETUAL);
        priced.world.must(Command::Halt { scope, state: MarketState::CancelOnly, until: None });
        priced.world.must(Command::Resume { scope });
        for (account, (side, price)) in [ANN, BOB].into_iter().zip(orders) {
            let kind = OrderKind::Limit { price: Ticks(*price) };
            let order = PlaceOrder { kind, ..Priced::order(account, PERPETUAL, *side, 2_000) };
            priced.world.must(Command::PlaceOrder(order.into()));
        }
        priced.seconds(20, &[60_000; 5]);
        let state = priced.world.engine.market_state(PERPETUAL);
        assert_eq!(state, Some(MarketState::Auction));
        let while_collecting = priced.world.engine.markets.at(0).mark;
        priced.seconds(20, &[60_000; 5]);
        (while_collecting, priced.world.engine.markets.at(0).mark)
    };
    let (empty, _) = mark(&[]);
    assert_eq!(mark(&[(Side::Bid, 121_000), (Side::Ask, 120_500)]).0, empty);
    let (collecting, open) = mark(&[(Side::Bid, 121_000), (Side::Ask, 121_010)]);
    assert_eq!(collecting, empty);
    assert!(empty < open, "an open book moves it to {open}");
}

#[test]
fn auc_14_an_interrupted_auction_begins_anew() {
    check(
        &std::format!(
            "{OPENED}
            ann sells 1 perp at 120000
            bob buys 1 perp at 120000
            wait 27000
            tick 2
            halt perp Halted for 2000
            tick 1
            bob cancels 2
            tick 1
            wait 28000
            tick 2
            "
        ),
        &expect![[r#"
            > halt perp CancelOnly
            Instrument(InstrumentId(0)) is CancelOnly by Operator until None, 0 against 0
            0: Open to CancelOnly
            notice 1: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
            > resume perp
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            > ann sells 1 perp at 120000
            1: placed, 1 at 120000
            1: rests 1 at 120000, shows 1
            > bob buys 1 perp at 120000
            2: placed, 1 at 120000
            2: rests 1 at 120000, shows 1
            > wait 27000
            > tick 2
            0: would give 1 at 120000, 0 over, in 2 s
            0: would give 1 at 120000, 0 over, in 1 s
            > halt perp Halted for 2000
            Instrument(InstrumentId(0)) is Halted by Operator until Some(2), 0 against 0
            0: Auction to Halted
            notice 3: incident 1 (Some(Operator)) is Identified, Halted, orders Live
            > tick 1
            > bob cancels 2
            2: cancelled
            > tick 1
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: Halted to Auction
            notice 4: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            0: would give no trade, in 30 s
            > wait 28000
            > tick 2
            0: would give no trade, in 1 s
            0: auction ends with no trade
            0: Auction to Open
            notice 5: incident 1 (Some(Operator)) is Resolved, Open, orders Live
        "#]],
    );
}

#[test]
fn auc_10_an_outage_is_followed_by_cancels_and_then_an_auction_by_its_length() {
    let mut world = World::btc();
    let step =
        |over_ms, cancel_only_ms, auction_ms| OutageStep { over_ms, cancel_only_ms, auction_ms };
    let terms = ReopeningTerms {
        steps: std::vec![step(10_000, 2_000, 3_000), step(60_000, 5_000, 300_000)],
        auction_ms: 30_000,
        collar_ppm: 50_000,
        extension_ms: 30_000,
        extensions_max: 5,
    };
    world.must(Command::SetReopening(terms.into()));
    let script = "
        ann sells 1 perp at 120010
        wait 10000
        start term
        wait 10001
        start term
        bob buys 1 perp at 120010
        tick 2
        bob buys 1 perp at 120010
        tick 3
        wait 90000
        start term
    ";
    expect![[r#"
        > ann sells 1 perp at 120010
        1: placed, 1 at 120010
        1: rests 1 at 120010, shows 1
        > wait 10000
        > start term
        TermStarted { at: At(1790000010000) }
        > wait 10001
        > start term
        TermStarted { at: At(1790000020001) }
        Domain is CancelOnly by Outage until Some(2), 10001 against 10000
        0: Open to CancelOnly
        1: Open to CancelOnly
        notice 1: incident 1 (Some(Outage)) is Identified, CancelOnly, orders Live
        > bob buys 1 perp at 120010
        refused 430: instrument 0 is CancelOnly, which does not allow this: cancel, or wait until it opens
        > tick 2
        Domain: Outage is over
        0: auction of 3 s, the mark is 120000
        0: CancelOnly to Auction
        1: auction of 3 s, the mark is 500
        1: CancelOnly to Auction
        notice 2: incident 1 (Some(Outage)) is Monitoring, Auction, orders Live
        0: would give no trade, in 3 s
        1: would give no trade, in 3 s
        > bob buys 1 perp at 120010
        2: placed, 1 at 120010
        2: rests 1 at 120010, shows 1
        > tick 3
        0: would give 1 at 120010, 0 over, in 2 s
        1: would give no trade, in 2 s
        0: would give 1 at 120010, 0 over, in 1 s
        1: would give no trade, in 1 s
        0: auction ends with 1 at 120010, 0 over
        1 at 120010: 2 takes from 1 (fees 9, 0; realised 0, 0)
          9 bob to fees: Fee
          ann holds -1, cost 16665
          bob holds 1, cost -16665
        2: filled
        1: filled
        0: Auction to Open
        1: auction ends with no trade
        1: Auction to Open
        notice 3: incident 1 (Some(Outage)) is Resolved, Open, orders Live
        > wait 90000
        > start term
        TermStarted { at: At(1790000115001) }
        Domain is CancelOnly by Outage until Some(5), 90000 against 60000
        0: Open to CancelOnly
        1: Open to CancelOnly
        notice 4: incident 2 (Some(Outage)) is Identified, CancelOnly, orders Live
    "#]].assert_eq(&tell(world, 1 << 40, script));
}

fn order((who, is_bid, size, price): (u32, bool, u32, u32)) -> PlaceOrder {
    PlaceOrder {
        display: size.is_multiple_of(4).then_some(Lots(1 + size % 5)),
        reduce_only: size.is_multiple_of(7),
        ..PlaceOrder::new(
            AccountId(1 + who % 5),
            PERP,
            if is_bid { Side::Bid } else { Side::Ask },
            OrderKind::Limit { price: Ticks(119_990 + price % 20) },
            Lots(1 + size % 30),
        )
    }
}

/// A world of five accounts that trades, collects, and may be interrupted.
fn collecting(orders: &[(u32, bool, u32, u32)]) -> World {
    let mut world = World::btc();
    for who in 0..5 {
        let account = world.fund(1 << 40);
        let mode = match who % 2 {
            0 => SelfTradeMode::CancelMaker,
            _ => SelfTradeMode::RejectTaker,
        };
        world.must(Command::SetSelfTrade { account, mode, with_subaccounts: false });
    }
    let (before, after) = orders.split_at(orders.len() / 3);
    let send = |world: &mut World, orders: &[(u32, bool, u32, u32)]| {
        for raw in orders {
            world.apply(Command::PlaceOrder(order(*raw).into()));
        }
    };
    send(&mut world, before);
    let (scope, state) = (Scope::Instrument(PERP), MarketState::CancelOnly);
    world.must(Command::Halt { scope, state, until: None });
    world.must(Command::Resume { scope });
    send(&mut world, after);
    world
}

fn tick(engine: &mut Engine, at: types::At) -> Vec<Event> {
    let mut events = Vec::new();
    let seq = Seq(engine.seq().0 + 1);
    engine.apply(&Entry { seq, at, command: Command::Tick }, &mut events);
    engine.check();
    events
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: None,
        ..Default::default()
    })]

    // `World::apply` checks money, positions and margins after each entry.
    #[test]
    fn auc_15_an_auction_ends_after_a_restart_as_without_one(
        orders in proptest::collection::vec(
            (any::<u32>(), any::<bool>(), any::<u32>(), any::<u32>()), 0..60),
    ) {
        let mut world = collecting(&orders);
        let indication = world.engine.indication(PERP);
        let mut restored = Engine::from_bytes(&world.engine.to_bytes()).expect("its own bytes");
        prop_assert_eq!(restored.root(), world.engine.root());
        let at = types::At(world.at.0 + 30_000);
        let (first, second) = (tick(&mut world.engine, at), tick(&mut restored, at));
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(restored.root(), world.engine.root());
        prop_assert!(!world.engine.books().is_crossed(PERP));
        prop_assert_eq!(world.engine.market_state(PERP), Some(MarketState::Open));
        let is_plain = orders.iter().all(|(_, _, size, _)| !size.is_multiple_of(7));
        let traded = first.iter().map(|event| match event {
            Event::Traded(trade) => {
                let is_found = Some(trade.price) == indication.map(|found| found.price);
                assert!(is_found || !is_plain, "one price");
                assert_ne!(trade.maker.account, trade.taker.account, "AUC-12");
                u64::from(trade.size.0)
            }
            _ => 0,
        });
        let (traded, volume) = (traded.sum::<u64>(), indication.map_or(0, |found| found.volume));
        prop_assert!(traded <= volume, "{} of {} lots", traded, volume);
        prop_assert!(!is_plain || traded == volume, "{} of {} lots", traded, volume);
    }
}
