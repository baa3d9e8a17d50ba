//! The table of states, cell by cell, and what halts do.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::{Expect, expect};
use types::{
    AccountId, AmendOrder, Ask, Command, Event, IndexPrice, InstrumentId, Label, Lots, MarketState,
    MassQuote, MmpConfig, MmpGroup, OrderId, OrderKind, PlaceOrder, PlaceTrigger, Quote, Scope,
    Side, Ticks, TimeInForce, TriggerKind, TriggerLevel, TriggerSource,
};

use super::story::tell;
use super::world::{CALL, EXPIRY, PERP, World, asset};
use crate::states::{ASKS, Answer, STATES, answer};

fn check(script: &str, expected: &Expect) {
    expected.assert_eq(&tell(World::btc(), 1 << 40, script));
}

/// A market in a state, with a resting bid of the account, a position of it, and an ask to take.
struct Cell {
    world: World,
    instrument: InstrumentId,
    price: u32,
    account: AccountId,
    own: OrderId,
}

impl Cell {
    fn of(state: MarketState) -> Cell {
        let is_over = MarketState::Delivering <= state;
        let (instrument, price) = if is_over { (CALL, 500) } else { (PERP, 120_000) };
        let mut world = World::btc();
        let (account, other) = (world.fund(1 << 40), world.fund(1 << 40));
        world.must(Command::SetMmp { account, config: protection() });
        let mut cell = Cell { world, instrument, price, account, own: OrderId(0) };
        cell.place(other, Side::Ask, 5, (price, TimeInForce::GoodTilCancelled, false));
        cell.place(account, Side::Bid, 5, (price, TimeInForce::GoodTilCancelled, false));
        cell.place(other, Side::Ask, 50, (price, TimeInForce::GoodTilCancelled, false));
        cell.place(other, Side::Bid, 50, (price - 5, TimeInForce::GoodTilCancelled, false));
        let own = (price - 10, TimeInForce::GoodTilCancelled, false);
        let events = cell.place(account, Side::Bid, 4, own);
        let placed = events.iter().find_map(|event| match event {
            Event::OrderPlaced(placed) => Some(placed.order),
            _ => None,
        });
        cell.own = placed.expect("it is accepted");
        cell.bring(state);
        cell
    }

    fn bring(&mut self, state: MarketState) {
        let scope = Scope::Instrument(self.instrument);
        let halt = |state| Command::Halt { scope, state, until: None };
        match state {
            MarketState::Open => {}
            MarketState::Auction => {
                self.world.must(halt(MarketState::CancelOnly));
                self.world.must(Command::Resume { scope });
            }
            MarketState::Delivering => self.world.at = EXPIRY,
            MarketState::Closed => {
                self.world.at = EXPIRY;
                let (base, quote) = (asset("BTC"), asset("USD"));
                let price = IndexPrice(61_000 * IndexPrice::SCALE);
                self.world.must(Command::SettleDelivery { base, quote, expiry: EXPIRY, price });
            }
            held => self.world.must(halt(held)),
        }
    }

    fn order(
        &self,
        account: AccountId,
        side: Side,
        size: u32,
        (price, time_in_force, reduce_only): (u32, TimeInForce, bool),
    ) -> PlaceOrder {
        PlaceOrder {
            time_in_force,
            reduce_only,
            ..PlaceOrder::new(
                account,
                self.instrument,
                side,
                OrderKind::Limit { price: Ticks(price) },
                Lots(size),
            )
        }
    }

    fn place(
        &mut self,
        account: AccountId,
        side: Side,
        size: u32,
        terms: (u32, TimeInForce, bool),
    ) -> Vec<Event> {
        let order = self.order(account, side, size, terms);
        self.world.apply(Command::PlaceOrder(order.into()))
    }

    /// Asks, so that it would trade at once or so that it would not; says whether it was refused.
    fn is_refused(&mut self, ask: Ask, crosses: bool) -> bool {
        let (account, price) = (self.account, self.price);
        let buys_at = if crosses { price } else { price - 20 };
        let (rests, takes) = (TimeInForce::GoodTilCancelled, TimeInForce::ImmediateOrCancel);
        let events = match ask {
            Ask::Cancel => self.world.apply(Command::CancelOrder { account, order: self.own }),
            Ask::Shrink => self.world.apply(Command::AmendOrder(AmendOrder {
                account,
                order: self.own,
                size: Some(Lots(2)),
                price: None,
                display: None,
                post_only: None,
                reduce_only: None,
                valid_until: None,
            })),
            Ask::Limit => self.place(account, Side::Bid, 1, (buys_at, rests, false)),
            Ask::Immediate => self.place(account, Side::Bid, 1, (buys_at, takes, false)),
            Ask::Reduce => {
                let sells_at = if crosses { price - 5 } else { price + 20 };
                self.place(account, Side::Ask, 1, (sells_at, rests, true))
            }
            Ask::Quote => {
                let quote = Quote {
                    instrument: self.instrument,
                    side: Side::Bid,
                    price: Ticks(buys_at),
                    size: Lots(1),
                };
                self.world.apply(Command::MassQuote(
                    MassQuote {
                        account,
                        group: MmpGroup(1),
                        quotes: std::vec![quote],
                        label: Label::default(),
                        valid_until: None,
                        session: None,
                    }
                    .into(),
                ))
            }
            Ask::Trigger => {
                let level = TriggerLevel::highest(TriggerSource::Index);
                let order = self.order(account, Side::Bid, 1, (buys_at, rests, false));
                let placed = PlaceTrigger { kind: TriggerKind::Stop, level, order };
                self.world.apply(Command::PlaceTrigger(placed.into()))
            }
            Ask::Liquidate => unreachable!("it has its cells in `breakers`: STA-5"),
        };
        matches!(events.as_slice(), [Event::Refused(_)])
    }
}

fn protection() -> MmpConfig {
    MmpConfig {
        base: asset("BTC"),
        quote: asset("USD"),
        group: MmpGroup(1),
        interval_ms: 1_000,
        frozen_ms: 0,
        quantity_limit_milli: Some(1_000_000),
        delta_limit_milli: None,
    }
}

#[test]
fn sta_1_each_cell_of_the_table_is_what_the_engine_does() {
    for state in STATES {
        for ask in ASKS.into_iter().filter(|ask| *ask != Ask::Liquidate) {
            let refused = |crosses| Cell::of(state).is_refused(ask, crosses);
            let found = match (refused(true), refused(false)) {
                (false, false) => Answer::Yes,
                (true, false) => Answer::Passive,
                (true, true) => Answer::No,
                (false, true) => panic!("{state:?}, {ask:?}: refused only if it does not trade"),
            };
            assert_eq!(found, answer(state, ask), "{state:?}, {ask:?}");
        }
    }
}

#[test]
fn sta_1_the_table_of_the_rules_is_the_table_of_the_code() {
    let rules = include_str!("../../../../docs/rules/states.md");
    let words = |answer| match answer {
        Answer::Yes => "yes",
        Answer::Passive => "passive",
        Answer::No => "no",
    };
    for state in STATES {
        let name = match state {
            MarketState::Open => "open",
            MarketState::PostOnly => "post-only",
            MarketState::ReduceOnly => "reduce-only",
            MarketState::Auction => "auction",
            MarketState::CancelOnly => "cancel-only",
            MarketState::Halted => "halted",
            MarketState::Delivering => "delivering",
            MarketState::Closed => "closed",
        };
        let cells: Vec<&str> = ASKS.iter().map(|ask| words(answer(state, *ask))).collect();
        let row: String = format!("| {name} | {} |", cells.join(" | "));
        assert!(rules.contains(&row), "docs/rules/states.md has no row {row}");
    }
}

#[test]
fn sta_2_the_strongest_of_all_that_holds_a_market_is_in_force() {
    check(
        "
        halt btc ReduceOnly
        halt perp CancelOnly for 5000
        halt all PostOnly
        ann buys 1 call at 400
        tick 4
        tick 1
        resume btc
        resume all
        ",
        &expect![[r#"
            > halt btc ReduceOnly
            Index { base: BTC, quote: USD } is ReduceOnly by Operator until None, 0 against 0
            0: Open to ReduceOnly
            1: Open to ReduceOnly
            notice 1: incident 1 (Some(Operator)) is Identified, ReduceOnly, orders Live
            > halt perp CancelOnly for 5000
            Instrument(InstrumentId(0)) is CancelOnly by Operator until Some(5), 0 against 0
            0: ReduceOnly to CancelOnly
            notice 2: incident 2 (Some(Operator)) is Identified, CancelOnly, orders Live
            > halt all PostOnly
            Domain is PostOnly by Operator until None, 0 against 0
            notice 3: incident 3 (Some(Operator)) is Identified, PostOnly, orders Live
            > ann buys 1 call at 400
            refused 430: instrument 1 is ReduceOnly, which does not allow this: send a reduce-only limit order, or wait until it opens
            > tick 4
            > tick 1
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            notice 4: incident 2 (Some(Operator)) is Monitoring, Auction, orders Live
            0: would give no trade, in 30 s
            > resume btc
            Index { base: BTC, quote: USD }: Operator is over
            1: ReduceOnly to PostOnly
            notice 5: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            > resume all
            Domain: Operator is over
            1: PostOnly to Open
            notice 6: incident 3 (Some(Operator)) is Monitoring, Auction, orders Live
        "#]],
    );
}

#[test]
fn sta_2_a_neighbour_trades_on() {
    check(
        "
        halt perp Halted
        ann sells 1 perp at 120000
        ann sells 1 call at 500
        bob buys 1 call at 500
        ",
        &expect![[r#"
            > halt perp Halted
            Instrument(InstrumentId(0)) is Halted by Operator until None, 0 against 0
            0: Open to Halted
            notice 1: incident 1 (Some(Operator)) is Identified, Halted, orders Live
            > ann sells 1 perp at 120000
            refused 430: instrument 0 is Halted, which does not allow this: cancel, or wait until it opens
            > ann sells 1 call at 500
            1: placed, 1 at 500
            1: rests 1 at 500, shows 1
            > bob buys 1 call at 500
            2: placed, 1 at 500
            1 at 500: 2 takes from 1 (fees 3000, 3000; realised 0, 0)
              500000 bob to ann: Premium
              3000 ann to fees: Fee
              3000 bob to fees: Fee
              ann holds -1, cost -500000
              bob holds 1, cost 500000
            1: filled
            2: filled
        "#]],
    );
}

#[test]
fn sta_3_in_post_only_nothing_takes() {
    check(
        "
        ann sells 1 perp at 120010
        bob buys 1 perp at 119990
        halt perp PostOnly
        bob buys 1 perp at 120010
        bob buys 1 perp at 120010 slide
        bob amends 2 at 120010
        bob buys 1 perp at market
        ",
        &expect![[r#"
            > ann sells 1 perp at 120010
            1: placed, 1 at 120010
            1: rests 1 at 120010, shows 1
            > bob buys 1 perp at 119990
            2: placed, 1 at 119990
            2: rests 1 at 119990, shows 1
            > halt perp PostOnly
            Instrument(InstrumentId(0)) is PostOnly by Operator until None, 0 against 0
            0: Open to PostOnly
            notice 1: incident 1 (Some(Operator)) is Identified, PostOnly, orders Live
            > bob buys 1 perp at 120010
            refused 413: post-only would trade at 120010: price at 120009 or leave post-only out
            > bob buys 1 perp at 120010 slide
            3: placed, 1 at 120009
            3: rests 1 at 120009, shows 1
            > bob amends 2 at 120010
            refused 413: post-only would trade at 120010: price at 120009 or leave post-only out
            > bob buys 1 perp at market
            refused 430: instrument 0 is PostOnly, which does not allow this: send a limit order that may rest, or wait until it opens
        "#]],
    );
}

#[test]
fn sta_4_a_kill_switch_cancels_all_and_lets_nothing_in() {
    check(
        "
        ann buys 1 perp at 119000
        ann buys 1 call at 400
        stop ann
        ann buys 1 perp at 119000
        ann cancels all
        ann takes 5
        release ann
        ann buys 1 perp at 119000
        ",
        &expect![[r#"
            > ann buys 1 perp at 119000
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann buys 1 call at 400
            2: placed, 1 at 400
            2: rests 1 at 400, shows 1
            > stop ann
            KillSwitchSet { account: AccountId(1), on: true, orders: 0 }
            1: cancelled: Killed
            2: cancelled: Killed
            > ann buys 1 perp at 119000
            refused 431: account 1 is stopped by its kill switch: it may cancel, and reset the switch
            > ann cancels all
            > ann takes 5
              5 ann to outside: Withdrawal
            > release ann
            KillSwitchSet { account: AccountId(1), on: false, orders: 0 }
            > ann buys 1 perp at 119000
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
        "#]],
    );
}

#[test]
fn brk_8_a_program_that_went_wrong_is_stopped() {
    check(
        "
        rate 2 in 1000
        ann buys 1 perp at 119000
        ann buys 1 perp at 130000000
        ann buys 1 perp at 119000
        wait 1000
        ann buys 1 perp at 119000
        ann amends 1 at 119001
        ann buys 2 perp at 119000
        bob buys 1 perp at 119000
        release ann
        ann buys 2 perp at 119000
        ",
        &expect![[r#"
            > rate 2 in 1000
            OrderRateSet(Some(OrderRate { orders_max: 2, window_ms: 1000 }))
            > ann buys 1 perp at 119000
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann buys 1 perp at 130000000
            refused 405: price is 130000000 ticks: send between 1 and 16777215
            > ann buys 1 perp at 119000
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > wait 1000
            > ann buys 1 perp at 119000
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
            > ann amends 1 at 119001
            1: amended to 1 at 119001, loses its place
            1: rests 1 at 119001, shows 1
            > ann buys 2 perp at 119000
            4: placed, 2 at 119000
            4: rests 2 at 119000, shows 2
            KillSwitchSet { account: AccountId(1), on: true, orders: 3 }
            1: cancelled: Killed
            2: cancelled: Killed
            3: cancelled: Killed
            4: cancelled: Killed
            > bob buys 1 perp at 119000
            5: placed, 1 at 119000
            5: rests 1 at 119000, shows 1
            > release ann
            KillSwitchSet { account: AccountId(1), on: false, orders: 0 }
            > ann buys 2 perp at 119000
            6: placed, 2 at 119000
            6: rests 2 at 119000, shows 2
        "#]],
    );
}

#[test]
fn sta_6_what_is_said_twice_is_refused() {
    check(
        "
        resume perp
        halt perp Halted
        halt perp Halted
        halt perp CancelOnly for 1000
        halt perp Open
        halt perp Auction
        halt call CancelOnly for 0
        resume btc
        resume perp
        ",
        &expect![[r#"
            > resume perp
            refused 433: nothing holds that scope: name the one that was halted
            > halt perp Halted
            Instrument(InstrumentId(0)) is Halted by Operator until None, 0 against 0
            0: Open to Halted
            notice 1: incident 1 (Some(Operator)) is Identified, Halted, orders Live
            > halt perp Halted
            refused 432: the operator holds it in Halted with this same end already: resume it first
            > halt perp CancelOnly for 1000
            Instrument(InstrumentId(0)) is CancelOnly by Operator until Some(1), 0 against 0
            0: Halted to CancelOnly
            notice 2: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
            > halt perp Open
            refused 434: the terms do not make a halt or a breaker: choose post-only, reduce-only, cancel-only or halted
            > halt perp Auction
            refused 434: the terms do not make a halt or a breaker: choose post-only, reduce-only, cancel-only or halted
            > halt call CancelOnly for 0
            refused 434: the terms do not make a halt or a breaker: the end of a halt is later than now
            > resume btc
            refused 433: nothing holds that scope: name the one that was halted
            > resume perp
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            notice 3: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
        "#]],
    );
}

#[test]
fn sta_7_what_was_closed_reopens_by_auction() {
    check(
        "
        halt all CancelOnly for 1000
        tick 1
        ann buys 1 perp at market
        ann buys 1 perp at 120000 ioc
        ann buys 1 perp at 120000 fok
        wait 28000
        tick 2
        ann buys 1 perp at 120000
        ",
        &expect![[r#"
            > halt all CancelOnly for 1000
            Domain is CancelOnly by Operator until Some(1), 0 against 0
            0: Open to CancelOnly
            1: Open to CancelOnly
            notice 1: incident 1 (Some(Operator)) is Identified, CancelOnly, orders Live
            > tick 1
            Domain: Operator is over
            0: auction of 30 s, the mark is 120000
            0: CancelOnly to Auction
            1: auction of 30 s, the mark is 500
            1: CancelOnly to Auction
            notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            0: would give no trade, in 30 s
            1: would give no trade, in 30 s
            > ann buys 1 perp at market
            refused 430: instrument 0 is Auction, which does not allow this: send a limit order that may rest, or wait until it opens
            > ann buys 1 perp at 120000 ioc
            refused 430: instrument 0 is Auction, which does not allow this: send a limit order that may rest, or wait until it opens
            > ann buys 1 perp at 120000 fok
            refused 430: instrument 0 is Auction, which does not allow this: send a limit order that may rest, or wait until it opens
            > wait 28000
            > tick 2
            0: would give no trade, in 1 s
            1: would give no trade, in 1 s
            0: auction ends with no trade
            0: Auction to Open
            1: auction ends with no trade
            1: Auction to Open
            notice 3: incident 1 (Some(Operator)) is Resolved, Open, orders Live
            > ann buys 1 perp at 120000
            1: placed, 1 at 120000
            1: rests 1 at 120000, shows 1
        "#]],
    );
}

/// TRG-12: nothing fires while a halt or an auction holds the market, though the mark and the last
/// price get there; when it has opened, what fires first is what TRG-6 says, after the auction's
/// own trades.
#[test]
fn trg_12_a_halt_holds_triggers_back_until_the_market_opens() {
    check(
        "
        ann stop sells 2 perp at 119000 when mark 119500
        ann stop sells 1 perp at 119000 when last 119500
        ann take buys 1 perp at 119000 when mark 119500
        bob buys 9 perp at 119000
        halt perp Halted
        mark perp 119400
        ann stop sells 1 perp at 119000 when mark 119000
        resume perp
        dan sells 1 perp at 119000
        ann stop sells 1 perp at 119000 when mark 118000
        wait 28000
        tick 2
        ",
        &expect![[r#"
            > ann stop sells 2 perp at 119000 when mark 119500
            t1: waits for mark price 119500, with 2
            > ann stop sells 1 perp at 119000 when last 119500
            t2: waits for last price 119500, with 1
            > ann take buys 1 perp at 119000 when mark 119500
            t3: waits for mark price 119500, with 1
            > bob buys 9 perp at 119000
            1: placed, 9 at 119000
            1: rests 9 at 119000, shows 9
            > halt perp Halted
            Instrument(InstrumentId(0)) is Halted by Operator until None, 0 against 0
            0: Open to Halted
            notice 1: incident 1 (Some(Operator)) is Identified, Halted, orders Live
            > mark perp 119400
            mark 119400
            > ann stop sells 1 perp at 119000 when mark 119000
            refused 430: instrument 0 is Halted, which does not allow this: cancel, or wait until it opens
            > resume perp
            Instrument(InstrumentId(0)): Operator is over
            0: auction of 30 s, the mark is 119400
            0: Halted to Auction
            notice 2: incident 1 (Some(Operator)) is Monitoring, Auction, orders Live
            > dan sells 1 perp at 119000
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > ann stop sells 1 perp at 119000 when mark 118000
            t4: waits for mark price 118000, with 1
            > wait 28000
            > tick 2
            0: would give 1 at 119000, 8 over, in 1 s
            0: auction ends with 1 at 119000, 8 over
            1 at 119000: 2 takes from 1 (fees 9, 0; realised 0, 0)
              9 dan to fees: Fee
              bob holds 1, cost -16807
              dan holds -1, cost 16807
            2: filled
            0: Auction to Open
            notice 3: incident 1 (Some(Operator)) is Resolved, Open, orders Live
            t1: fires
            3: placed, 2 at 119000
            2 at 119000: 3 takes from 1 (fees 17, 0; realised 0, 0)
              17 ann to fees: Fee
              bob holds 3, cost -50421
              ann holds -2, cost 33614
            3: filled
            t3: fires
            4: placed, 1 at 119000
            4: rests 1 at 119000, shows 1
            t2: fires
            5: placed, 1 at 119000
            1 at 119000: 5 takes from 1 (fees 9, 0; realised 0, 0)
              9 ann to fees: Fee
              bob holds 4, cost -67228
              ann holds -3, cost 50421
            5: filled
        "#]],
    );
}

/// TRG-12, STA-4, BRK-8: the kill switch takes triggers with it, and they count in the rate.
#[test]
fn trg_12_whoever_is_stopped_has_no_triggers_and_may_place_none() {
    check(
        "
        ann stop sells 2 perp at market when mark 119500
        stop ann
        ann stop sells 2 perp at market when mark 119500
        mark perp 119000
        release ann
        rate 2 in 1000
        ann stop sells 2 perp at market when mark 118000
        ann amends t2 when mark 118100
        ann amends t2 when mark 118200
        mark perp 117000
        ",
        &expect![[r#"
            > ann stop sells 2 perp at market when mark 119500
            t1: waits for mark price 119500, with 2
            > stop ann
            KillSwitchSet { account: AccountId(1), on: true, orders: 0 }
            t1: cancelled: Killed
            > ann stop sells 2 perp at market when mark 119500
            refused 431: account 1 is stopped by its kill switch: it may cancel, and reset the switch
            > mark perp 119000
            mark 119000
            > release ann
            KillSwitchSet { account: AccountId(1), on: false, orders: 0 }
            > rate 2 in 1000
            OrderRateSet(Some(OrderRate { orders_max: 2, window_ms: 1000 }))
            > ann stop sells 2 perp at market when mark 118000
            t2: waits for mark price 118000, with 2
            > ann amends t2 when mark 118100
            t2: waits now for mark price 118100, with 2
            > ann amends t2 when mark 118200
            t2: waits now for mark price 118200, with 2
            KillSwitchSet { account: AccountId(1), on: true, orders: 3 }
            t2: cancelled: Killed
            > mark perp 117000
            mark 117000
        "#]],
    );
}
