//! Markets that stop by themselves, as stories.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::{Expect, expect};
use types::{
    Ask, At, BreakerTerms, Command, DepthTerms, Event, KindFilter, LimitStateTerms,
    LiquidationTerms, MarketState, RangeTerms, ReopeningTerms, Scope, Ticks,
};

use super::liquidation::{bid, levered};
use super::priced::{ANN, BOB, CAT, FUTURE, PERPETUAL, Priced};
use super::story::tell;
use super::world::{EXPIRY, World, asset};
use crate::states::{Answer, STATES, answer};

const OFF: BreakerTerms = BreakerTerms {
    limit_state: None,
    velocity: None,
    range: None,
    depth: None,
    liquidation: None,
    frozen: None,
};

fn set(terms: BreakerTerms) -> Command {
    let (base, quote) = (asset("BTC"), asset("USD"));
    Command::SetBreakers { base, quote, kind: KindFilter::Future, terms: terms.into() }
}

fn reopening(auction_ms: u32) -> Command {
    Command::SetReopening(
        ReopeningTerms {
            steps: Vec::new(),
            auction_ms,
            collar_ppm: 50_000,
            extension_ms: 1_000,
            extensions_max: 2,
        }
        .into(),
    )
}

fn check(terms: BreakerTerms, script: &str, expected: &Expect) {
    let mut world = World::btc();
    world.must(set(terms));
    world.must(reopening(2_000));
    expected.assert_eq(&tell(world, 1 << 40, script));
}

const ONE_PERCENT: RangeTerms = RangeTerms { window_ms: 10_000, move_ppm: 10_000, pause_ms: 2_000 };

#[test]
fn brk_2_a_market_that_stands_at_the_edge_of_its_band_stops() {
    let limit_state = Some(LimitStateTerms { hold_ms: 2_000, pause_ms: 1_000 });
    check(
        BreakerTerms { limit_state, ..OFF },
        "
        ann buys 1 perp at 132000
        tick 1
        mark perp 121000
        tick 1
        mark perp 120000
        tick 3
        ann buys 1 call at 700
        tick 1
        ",
        &expect![[r#"
            > ann buys 1 perp at 132000
            1: placed, 1 at 132000
            1: rests 1 at 132000, shows 1
            > tick 1
            > mark perp 121000
            mark 121000
            > tick 1
            > mark perp 120000
            mark 120000
            > tick 3
            Instrument(InstrumentId(0)) is Auction by LimitState until Some(1), 132000 against 132000
            0: auction of 1 s, the mark is 120000
            0: Open to Auction
            notice 1: incident 1 (Some(LimitState)) is Identified, Auction, orders Live
            0: would give no trade, in 1 s
            > ann buys 1 call at 700
            2: placed, 1 at 700
            2: rests 1 at 700, shows 1
            > tick 1
            0: auction ends with no trade
            Instrument(InstrumentId(0)): LimitState is over
            0: Auction to Open
            notice 2: incident 1 (Some(LimitState)) is Resolved, Open, orders Live
        "#]],
    );
}

#[test]
fn brk_3_a_book_that_vanished_takes_no_takers() {
    let depth = Some(DepthTerms {
        within_ppm: 10_000,
        share_ppm: 500_000,
        hold_ms: 1_000,
        pause_ms: 2_000,
    });
    check(
        BreakerTerms { depth, ..OFF },
        "
        ann buys 10 perp at 119900
        ann buys 90 perp at 110000
        bob sells 10 perp at 120100
        tick 1
        ann amends 1 to 4 at 119900
        tick 1
        bob amends 3 at 120101
        tick 1
        cat buys 1 perp at 120101
        cat buys 6 perp at 119950
        tick 2
        cat buys 1 perp at 120101
        tick 1
        ",
        &expect![[r#"
            > ann buys 10 perp at 119900
            1: placed, 10 at 119900
            1: rests 10 at 119900, shows 10
            > ann buys 90 perp at 110000
            2: placed, 90 at 110000
            2: rests 90 at 110000, shows 90
            > bob sells 10 perp at 120100
            3: placed, 10 at 120100
            3: rests 10 at 120100, shows 10
            > tick 1
            > ann amends 1 to 4 at 119900
            1: amended to 4 at 119900, keeps its place
            > tick 1
            > bob amends 3 at 120101
            3: amended to 10 at 120101, loses its place
            3: rests 10 at 120101, shows 10
            > tick 1
            Instrument(InstrumentId(0)) is PostOnly by BookVanished until Some(2), 4 against 5
            0: Open to PostOnly
            notice 1: incident 1 (Some(BookVanished)) is Identified, PostOnly, orders Live
            > cat buys 1 perp at 120101
            refused 413: post-only would trade at 120101: price at 120100 or leave post-only out
            > cat buys 6 perp at 119950
            4: placed, 6 at 119950
            4: rests 6 at 119950, shows 6
            > tick 2
            Instrument(InstrumentId(0)): BookVanished is over
            0: PostOnly to Open
            notice 2: incident 1 (Some(BookVanished)) is Resolved, Open, orders Live
            > cat buys 1 perp at 120101
            5: placed, 1 at 120101
            1 at 120101: 5 takes from 3 (fees 9, 0; realised 0, 0)
              9 cat to fees: Fee
              bob holds -1, cost 16652
              cat holds 1, cost -16652
            5: filled
            > tick 1
        "#]],
    );
}

#[test]
fn brk_4_an_order_that_moves_the_market_too_far_is_collected() {
    check(
        BreakerTerms { velocity: Some(ONE_PERCENT), ..OFF },
        "
        ann sells 1 perp at 120000
        ann sells 1 perp at 121200
        ann sells 1 perp at 121201
        ann sells 1 perp at 121300
        bob buys 9 perp at 121300
        tick 2
        ",
        &expect![[r#"
            > ann sells 1 perp at 120000
            1: placed, 1 at 120000
            1: rests 1 at 120000, shows 1
            > ann sells 1 perp at 121200
            2: placed, 1 at 121200
            2: rests 1 at 121200, shows 1
            > ann sells 1 perp at 121201
            3: placed, 1 at 121201
            3: rests 1 at 121201, shows 1
            > ann sells 1 perp at 121300
            4: placed, 1 at 121300
            4: rests 1 at 121300, shows 1
            > bob buys 9 perp at 121300
            5: placed, 9 at 121300
            1 at 120000: 5 takes from 1 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -1, cost 16666
              bob holds 1, cost -16666
            1: filled
            1 at 121200: 5 takes from 2 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -2, cost 33167
              bob holds 2, cost -33167
            2: filled
            Instrument(InstrumentId(0)) is Auction by Velocity until Some(2), 121201 against 121200
            0: auction of 2 s, the mark is 120000
            0: Open to Auction
            notice 1: incident 1 (Some(Velocity)) is Identified, Auction, orders Live
            5: rests 7 at 121300, shows 7
            > tick 2
            0: would give 2 at 121300, 5 over, in 1 s
            0: auction ends with 2 at 121300, 5 over
            1 at 121300: 5 takes from 3 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -3, cost 49655
              bob holds 3, cost -49655
            3: filled
            1 at 121300: 5 takes from 4 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -4, cost 66143
              bob holds 4, cost -66143
            4: filled
            Instrument(InstrumentId(0)): Velocity is over
            0: Auction to Open
            notice 2: incident 1 (Some(Velocity)) is Resolved, Open, orders Live
        "#]],
    );
}

/// The first price was the account's own: what is cancelled on the way bounds nobody.
#[test]
fn brk_4_an_own_order_that_goes_sets_no_bound() {
    check(
        BreakerTerms { velocity: Some(ONE_PERCENT), ..OFF },
        "
        bob prefers cancel-maker
        bob sells 1 perp at 120000
        ann sells 1 perp at 122000
        bob buys 2 perp at 122000
        ",
        &expect![[r#"
            > bob prefers cancel-maker
            SelfTradeSet { account: AccountId(2), mode: CancelMaker, with_subaccounts: false }
            > bob sells 1 perp at 120000
            1: placed, 1 at 120000
            1: rests 1 at 120000, shows 1
            > ann sells 1 perp at 122000
            2: placed, 1 at 122000
            2: rests 1 at 122000, shows 1
            > bob buys 2 perp at 122000
            3: placed, 2 at 122000
            1: cancelled: SelfTrade
            1 at 122000: 3 takes from 2 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -1, cost 16393
              bob holds 1, cost -16393
            2: filled
            3: rests 1 at 122000, shows 1
        "#]],
    );
}

#[test]
fn brk_4_an_order_that_may_not_rest_ends_at_the_bound() {
    check(
        BreakerTerms { velocity: Some(ONE_PERCENT), ..OFF },
        "
        ann buys 1 perp at 120000
        ann buys 1 perp at 118800
        ann buys 1 perp at 118799
        bob sells 3 perp at 118000 fok
        bob sells 3 perp at market
        bob sells 1 perp at 118799 ioc
        wait 11000
        bob sells 1 perp at 118799 ioc
        ",
        &expect![[r#"
            > ann buys 1 perp at 120000
            1: placed, 1 at 120000
            1: rests 1 at 120000, shows 1
            > ann buys 1 perp at 118800
            2: placed, 1 at 118800
            2: rests 1 at 118800, shows 1
            > ann buys 1 perp at 118799
            3: placed, 1 at 118799
            3: rests 1 at 118799, shows 1
            > bob sells 3 perp at 118000 fok
            4: placed, 3 at 118000
            4: cancelled: NotToRest
            > bob sells 3 perp at market
            5: placed, 3 at 118799
            1 at 120000: 5 takes from 1 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds 1, cost -16667
              bob holds -1, cost 16667
            1: filled
            1 at 118800: 5 takes from 2 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds 2, cost -33503
              bob holds -2, cost 33503
            2: filled
            5: cancelled: TooFar
            > bob sells 1 perp at 118799 ioc
            6: placed, 1 at 118799
            6: cancelled: TooFar
            > wait 11000
            > bob sells 1 perp at 118799 ioc
            7: placed, 1 at 118799
            1 at 118799: 7 takes from 3 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds 3, cost -50339
              bob holds -3, cost 50339
            3: filled
            7: filled
        "#]],
    );
}

/// AUC-7: after the auction the price may be anywhere again.
#[test]
fn brk_5_of_two_windows_the_tighter_bound_holds_and_both_begin_anew() {
    let range = RangeTerms { window_ms: 3_600_000, move_ppm: 20_000, pause_ms: 3_000 };
    check(
        BreakerTerms { velocity: Some(ONE_PERCENT), range: Some(range), ..OFF },
        "
        ann sells 1 perp at 120000
        bob buys 1 perp at 120000
        wait 60000
        ann sells 1 perp at 121200
        bob buys 1 perp at 121200
        wait 60000
        ann sells 2 perp at 122401
        bob buys 1 perp at 122401
        tick 3
        cat sells 1 perp at 120000
        dan buys 1 perp at 120000
        ",
        &expect![[r#"
            > ann sells 1 perp at 120000
            1: placed, 1 at 120000
            1: rests 1 at 120000, shows 1
            > bob buys 1 perp at 120000
            2: placed, 1 at 120000
            1 at 120000: 2 takes from 1 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -1, cost 16666
              bob holds 1, cost -16666
            1: filled
            2: filled
            > wait 60000
            > ann sells 1 perp at 121200
            3: placed, 1 at 121200
            3: rests 1 at 121200, shows 1
            > bob buys 1 perp at 121200
            4: placed, 1 at 121200
            1 at 121200: 4 takes from 3 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -2, cost 33167
              bob holds 2, cost -33167
            3: filled
            4: filled
            > wait 60000
            > ann sells 2 perp at 122401
            5: placed, 2 at 122401
            5: rests 2 at 122401, shows 2
            > bob buys 1 perp at 122401
            6: placed, 1 at 122401
            Instrument(InstrumentId(0)) is Auction by Range until Some(3), 122401 against 122400
            0: auction of 3 s, the mark is 120000
            0: Open to Auction
            notice 1: incident 1 (Some(Range)) is Identified, Auction, orders Live
            6: rests 1 at 122401, shows 1
            > tick 3
            0: would give 1 at 122401, -1 over, in 2 s
            0: would give 1 at 122401, -1 over, in 1 s
            0: auction ends with 1 at 122401, -1 over
            1 at 122401: 6 takes from 5 (fees 9, 0; realised 0, 0)
              9 bob to fees: Fee
              ann holds -3, cost 49506
              bob holds 3, cost -49506
            6: filled
            Instrument(InstrumentId(0)): Range is over
            0: Auction to Open
            notice 2: incident 1 (Some(Range)) is Resolved, Open, orders Live
            > cat sells 1 perp at 120000
            7: placed, 1 at 120000
            7: rests 1 at 120000, shows 1
            > dan buys 1 perp at 120000
            8: placed, 1 at 120000
            1 at 120000: 8 takes from 7 (fees 9, 0; realised 0, 0)
              9 dan to fees: Fee
              cat holds -1, cost 16666
              dan holds 1, cost -16666
            7: filled
            8: filled
        "#]],
    );
}

/// Seconds with these reports, and what stopped or opened.
fn seconds(priced: &mut Priced, n: u64, prices: &[u64; 5]) -> String {
    let events = priced.seconds(n, prices);
    stops(&events)
}

fn stops(events: &[Event]) -> String {
    let lines = events.iter().filter_map(|event| match event {
        Event::Halted(halt) => Some(format!(
            "{:?} is {:?} by {:?}, {} against {}",
            halt.scope, halt.state, halt.cause, halt.value, halt.limit
        )),
        Event::Resumed { cause, .. } => Some(format!("{cause:?} is over")),
        Event::StateChanged { instrument, from, to, .. } => {
            Some(format!("{instrument}: {from:?} to {to:?}"))
        }
        Event::AuctionExtended { instrument, reason, .. } => {
            Some(format!("{instrument}: goes on ({reason:?})"))
        }
        _ => None,
    });
    lines.map(|line| line + "\n").collect()
}

#[test]
fn brk_6_a_frozen_index_holds_its_markets_and_its_return_reopens_them() {
    let mut priced = Priced::inverse();
    priced.world.must(set(BreakerTerms { frozen: Some(MarketState::CancelOnly), ..OFF }));
    priced.world.must(reopening(2_000));
    let mut told = String::from("two of five report\n");
    told += &seconds(&mut priced, 12, &[60_000, 60_000, 0, 0, 0]);
    let scope = Scope::Index { base: asset("BTC"), quote: asset("USD") };
    told += "resumed by hand\n";
    told += &stops(&priced.world.apply(Command::Resume { scope }));
    told += "a second later\n";
    told += &seconds(&mut priced, 1, &[60_000, 60_000, 0, 0, 0]);
    told += "all report\n";
    told += &seconds(&mut priced, 30, &[60_000; 5]);
    expect![[r#"
        two of five report
        Index { base: BTC, quote: USD } is CancelOnly by FeedFrozen, 0 against 0
        0: Open to CancelOnly
        1: Open to CancelOnly
        2: Open to CancelOnly
        3: Open to CancelOnly
        resumed by hand
        FeedFrozen is over
        0: CancelOnly to Auction
        1: CancelOnly to Auction
        2: CancelOnly to Auction
        3: CancelOnly to Auction
        a second later
        Index { base: BTC, quote: USD } is CancelOnly by FeedFrozen, 0 against 0
        0: Auction to CancelOnly
        1: Auction to CancelOnly
        2: Auction to CancelOnly
        3: Auction to CancelOnly
        all report
        FeedFrozen is over
        0: CancelOnly to Auction
        1: CancelOnly to Auction
        2: CancelOnly to Auction
        3: CancelOnly to Auction
        0: Auction to Open
        1: Auction to Open
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
        2: goes on (Prices)
        3: goes on (Prices)
    "#]]
    .assert_eq(&told);
}

#[test]
fn brk_7_liquidations_are_paced_by_the_depth_and_then_stop_the_market() {
    let liquidation =
        Some(LiquidationTerms { share_ppm: 500_000, minutes_max: 2, pause_ms: 2_000 });
    let depth =
        Some(DepthTerms { within_ppm: 50_000, share_ppm: 1, hold_ms: 60_000, pause_ms: 1_000 });
    let mut priced = levered(1_400_000);
    priced.world.must(set(BreakerTerms { liquidation, depth, ..OFF }));
    priced.world.must(reopening(2_000));
    for level in 0..40 {
        bid(&mut priced, CAT, 100, 119_300 - level);
        bid(&mut priced, BOB, 100, 119_300 - level);
    }
    let ask = Priced::order(CAT, PERPETUAL, types::Side::Ask, 1_000);
    let kind = types::OrderKind::Limit { price: Ticks(120_600) };
    let ask = types::PlaceOrder { kind, ..ask };
    priced.world.must(Command::PlaceOrder(ask.into()));
    let mut told = seconds(&mut priced, 3, &[60_000; 5]);
    told += "the price falls\n";
    for minute in 1..=4 {
        let events = priced.seconds(60, &[59_500 - 200 * minute; 5]);
        let taken = events.iter().map(|event| match event {
            Event::LiquidationStepped(step) => match step.action {
                types::LiquidationAction::Reduced { filled, .. } => filled.0,
                _ => 0,
            },
            _ => 0,
        });
        told += &format!("minute {minute}: {} lots\n", taken.sum::<u32>());
        told += &stops(&events);
    }
    expect![[r#"
        the price falls
        minute 1: 1000 lots
        Instrument(InstrumentId(0)) is Open by LiquidationRate, 1000 against 500
        minute 2: 0 lots
        LiquidationRate is over
        minute 3: 750 lots
        Instrument(InstrumentId(0)) is Auction by LiquidationRate, 750 against 500
        0: Open to Auction
        LiquidationRate is over
        0: Auction to Open
        minute 4: 0 lots
    "#]]
    .assert_eq(&told);
}

/// STA-8: also what an auction would have lifted that never came to its end.
#[test]
fn sta_8_nothing_holds_a_market_that_is_delivered() {
    let mut priced = Priced::inverse();
    let scope = Scope::Instrument(FUTURE);
    priced.world.must(Command::Halt { scope, state: MarketState::CancelOnly, until: None });
    priced.world.must(reopening(3_600_000));
    priced.until(types::At(EXPIRY.0 - 60_000), &[60_000; 5]);
    priced.world.must(Command::Resume { scope });
    priced.world.must(Command::Halt { scope, state: MarketState::ReduceOnly, until: None });
    priced.until(types::At(EXPIRY.0 + 60_000), &[60_000; 5]);
    let engine = &priced.world.engine;
    assert_eq!(engine.market_state(FUTURE), Some(MarketState::Closed));
    assert_eq!((engine.halts().count(), engine.notices.open.len()), (0, 0));
}

/// STA-5: in a market that holds liquidations back, and in no other state, the account waits.
#[test]
fn sta_5_nobody_is_liquidated_where_nothing_may_be_taken() {
    let liquidated = |state: MarketState| {
        let mut priced = levered(1_400_000);
        bid(&mut priced, CAT, 4_000, 118_600);
        let scope = Scope::Instrument(PERPETUAL);
        let hold = |state| Command::Halt { scope, state, until: None };
        match state {
            MarketState::Open => {}
            MarketState::Auction => {
                priced.world.must(hold(MarketState::Halted));
                priced.world.must(Command::Resume { scope });
            }
            state => priced.world.must(hold(state)),
        }
        let events = priced.seconds(5, &[59_200; 5]);
        assert_eq!(priced.world.engine.markets.at(PERPETUAL.0).state, state);
        events.iter().any(|event| matches!(event, Event::LiquidationStarted { .. }))
    };
    let ends = [MarketState::Delivering, MarketState::Closed];
    for state in STATES.into_iter().filter(|state| !ends.contains(state)) {
        let answer = answer(state, Ask::Liquidate);
        assert_eq!(liquidated(state), answer == Answer::Yes, "{state:?}: {answer:?}");
    }
}

/// STA-1, LIQ-2: what has expired waits for its price with whoever is short in it, and is settled
/// without a liquidation.
#[test]
fn sta_5_an_expired_market_liquidates_nobody() {
    let mut priced = Priced::inverse();
    super::liquidation::keep(&mut priced, ANN, 1_400_000);
    priced.trade((ANN, BOB), FUTURE, (4_000, 120_000));
    // Half of its window is missing, so that it waits for its price.
    priced.until(At(EXPIRY.0 - 15 * 60_000), &[60_000; 5]);
    priced.until(EXPIRY, &[0; 5]);
    let state = |priced: &Priced| priced.world.engine.markets.at(FUTURE.0).state;
    let events = priced.seconds(20, &[58_000; 5]);
    assert!(events.iter().all(|event| !matches!(event, Event::LiquidationStarted { .. })));
    let margin = priced.world.engine.margin_of(ANN);
    let found = (state(&priced), margin.equity < margin.maintenance);
    assert_eq!(answer(MarketState::Delivering, Ask::Liquidate), Answer::No);
    expect!["(Delivering, true)"].assert_eq(&format!("{found:?}"));
}

/// BRK-9: the liquidation takes what is within the bound, and the market stays open. BRK-4: a
/// second later the best bid is beyond the bound of the trade, and that is an auction.
#[test]
fn brk_9_a_liquidation_stops_no_market() {
    let mut priced = levered(1_400_000);
    let velocity = Some(RangeTerms { window_ms: 60_000, move_ppm: 1_000, pause_ms: 2_000 });
    priced.world.must(set(BreakerTerms { velocity, ..OFF }));
    bid(&mut priced, CAT, 10, 118_400);
    bid(&mut priced, CAT, 4_000, 118_000);
    let prices = |events: &[Event]| -> Vec<Ticks> {
        let traded = events.iter().filter_map(|event| match event {
            Event::Traded(trade) => Some(trade.price),
            _ => None,
        });
        traded.collect()
    };
    let mut events = Vec::new();
    while prices(&events).is_empty() {
        events = priced.seconds(1, &[59_200; 5]);
    }
    assert_eq!(prices(&events), [Ticks(118_400)]);
    assert_eq!(stops(&events), "");
    let later = stops(&priced.seconds(1, &[59_200; 5]));
    expect![[r#"
        Instrument(InstrumentId(0)) is Auction by Velocity, 118000 against 118282
        0: Open to Auction
    "#]]
    .assert_eq(&later);
}

/// AUC-9: nor a reopening.
#[test]
fn brk_1_terms_that_make_no_breaker_are_refused() {
    let refused =
        |command: Command| matches!(World::btc().apply(command).as_slice(), [Event::Refused(_)]);
    let range = |window_ms, move_ppm, pause_ms| {
        let velocity = Some(RangeTerms { window_ms, move_ppm, pause_ms });
        set(BreakerTerms { velocity, ..OFF })
    };
    assert!(!refused(range(100, 1, 1_000)));
    for (window_ms, move_ppm, pause_ms) in
        [(99, 1, 1_000), (100, 0, 1_000), (100, 1_000_001, 1_000), (100, 1, 999)]
    {
        assert!(refused(range(window_ms, move_ppm, pause_ms)));
    }
    for (state, is_refused) in [
        (MarketState::PostOnly, true),
        (MarketState::Auction, true),
        (MarketState::ReduceOnly, false),
        (MarketState::Halted, false),
    ] {
        let frozen = Some(state);
        assert_eq!(refused(set(BreakerTerms { frozen, ..OFF })), is_refused, "{state:?}");
    }
    assert!(refused(reopening(999)));
    assert!(!refused(reopening(1_000)));
}
