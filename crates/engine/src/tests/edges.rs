//! Edges that a hostile client looks for: limits, families, small positions, large numbers.

use std::vec::Vec;

use types::{
    AccountId, Amount, Command, Event, IndexPrice, InstrumentId, Label, Lots, MassQuote, MmpConfig,
    MmpGroup, OrderKind, PlaceOrder, Quote, SelfTradeMode, Side, Ticks, TimeInForce,
};

use super::world::{CALL, PERP, START, World, asset, call, decimal};
use crate::Engine;

fn order(account: AccountId, side: Side, size: u32, price: u32) -> PlaceOrder {
    PlaceOrder::new(account, PERP, side, OrderKind::Limit { price: Ticks(price) }, Lots(size))
}

fn place(world: &mut World, order: PlaceOrder) -> Vec<Event> {
    world.apply(Command::PlaceOrder(order.into()))
}

fn filled(events: &[Event]) -> u32 {
    events
        .iter()
        .map(|event| match event {
            Event::Traded(trade) => trade.size.0,
            _ => 0,
        })
        .sum()
}

fn refused(events: &[Event]) -> bool {
    matches!(events, [Event::Refused(_)])
}

#[test]
fn an_mmp_limit_beyond_the_largest_is_refused() {
    let mut world = World::btc();
    let (ann, bob) = (world.fund(1 << 40), world.fund(1 << 40));
    let config = MmpConfig {
        base: asset("BTC"),
        quote: asset("USD"),
        group: MmpGroup(0),
        interval_ms: 1_000,
        frozen_ms: 0,
        quantity_limit_milli: Some(1_000_000_000_000),
        delta_limit_milli: Some(1_000_000_000_000_000_000),
    };
    let set = world.apply(Command::SetMmp { account: ann, config });
    place(&mut world, PlaceOrder { mmp: true, ..order(ann, Side::Bid, 1, 120_000) });
    place(&mut world, order(bob, Side::Ask, 1, 120_000));
    assert!(refused(&set), "{set:?}");
}

#[test]
fn fill_or_kill_does_not_stop_half_way_at_its_own_order() {
    let mut world = World::btc();
    let (ann, bob, cat) = (world.fund(1 << 40), world.fund(1 << 40), world.fund(1 << 40));
    // cat is long 20, offers 10 + 10 reduce-only, then sells 10 of it elsewhere.
    place(&mut world, order(bob, Side::Ask, 20, 120_000));
    place(&mut world, order(cat, Side::Bid, 20, 120_000));
    for _ in 0..2 {
        place(&mut world, PlaceOrder { reduce_only: true, ..order(cat, Side::Ask, 10, 120_010) });
    }
    place(&mut world, order(bob, Side::Bid, 10, 120_000));
    place(&mut world, order(cat, Side::Ask, 10, 120_000));
    place(&mut world, order(ann, Side::Ask, 1, 120_011));
    place(&mut world, order(bob, Side::Ask, 50, 120_012));
    let events = place(
        &mut world,
        PlaceOrder { time_in_force: TimeInForce::FillOrKill, ..order(ann, Side::Bid, 20, 120_012) },
    );
    assert!([0, 20].contains(&filled(&events)), "filled {}: {events:?}", filled(&events));
}

fn family(world: &mut World) -> (AccountId, AccountId) {
    let main = world.fund(1 << 40);
    let sub = AccountId(main.0 + 1);
    world.must(Command::OpenAccount { account: sub, parent: Some(main) });
    world.must(Command::Deposit { account: sub, amount: Amount(1 << 40) });
    (main, sub)
}

fn together(account: AccountId, mode: SelfTradeMode, with_subaccounts: bool) -> Command {
    Command::SetSelfTrade { account, mode, with_subaccounts }
}

#[test]
fn fill_or_kill_is_whole_after_a_family_parted() {
    let mut world = World::btc();
    let (main, sub) = family(&mut world);
    let bob = world.fund(1 << 40);
    world.must(together(main, SelfTradeMode::CancelMaker, true));
    place(&mut world, order(bob, Side::Ask, 3, 120_000));
    place(&mut world, order(sub, Side::Ask, 5, 120_000));
    world.must(together(main, SelfTradeMode::CancelMaker, false));
    let fok =
        PlaceOrder { time_in_force: TimeInForce::FillOrKill, ..order(main, Side::Bid, 8, 120_000) };
    let events = place(&mut world, fok);
    assert!([0, 8].contains(&filled(&events)), "filled {}: {events:?}", filled(&events));
}

fn quotes(account: AccountId, quotes: Vec<Quote>) -> Command {
    let (label, group) = (Label::default(), MmpGroup(0));
    let set = MassQuote { account, group, quotes, label, valid_until: None, session: None };
    Command::MassQuote(set.into())
}

#[test]
fn quotes_can_be_withdrawn_with_as_many_orders_open_as_may_be() {
    let mut world = World::btc();
    let ann = world.fund(1 << 50);
    let config = MmpConfig {
        base: asset("BTC"),
        quote: asset("USD"),
        group: MmpGroup(0),
        interval_ms: 1_000,
        frozen_ms: 0,
        quantity_limit_milli: Some(1_000_000),
        delta_limit_milli: None,
    };
    world.must(Command::SetMmp { account: ann, config });
    let quote =
        |size| Quote { instrument: PERP, side: Side::Bid, price: Ticks(119_000), size: Lots(size) };
    world.must(quotes(ann, std::vec![quote(1)]));
    let mut events = Vec::new();
    for _ in 1..2_000 {
        let seq = types::Seq(world.engine.seq().0 + 1);
        let command = Command::PlaceOrder(order(ann, Side::Bid, 1, 119_000).into());
        world.engine.apply(&types::Entry { seq, at: START, command }, &mut events);
    }
    let moved = world.apply(quotes(ann, std::vec![Quote { price: Ticks(119_001), ..quote(1) }]));
    let gone = world.apply(quotes(ann, std::vec![quote(0)]));
    assert!(!refused(&gone), "{gone:?}");
    assert!(!refused(&moved), "{moved:?}");
}

#[test]
fn a_position_below_the_smallest_order_can_be_closed() {
    let mut world = World { engine: Engine::new(asset("BTC"), 8), at: START };
    let spec = types::Instrument { size_min: Lots(10), ..super::world::perpetual() };
    world.must(Command::ListInstrument(spec.into()));
    world.price("BTC", "USD", 60_000, &[(PERP, 120_000)]);
    let (ann, bob) = (world.fund(1 << 40), world.fund(1 << 40));
    // ann buys 22 and sells 15 of them: 7 are left.
    place(&mut world, order(bob, Side::Ask, 22, 120_000));
    place(&mut world, order(ann, Side::Bid, 22, 120_000));
    place(&mut world, order(bob, Side::Bid, 22, 119_000));
    place(&mut world, order(ann, Side::Ask, 15, 119_000));
    let closed =
        world.apply(Command::ClosePosition { account: ann, instrument: PERP, price: None });
    assert_eq!(filled(&closed), 7, "{closed:?}");
}

#[test]
fn the_highest_index_price_values_any_instrument() {
    let mut world = World { engine: Engine::new(asset("USDC"), 12), at: START };
    let spec = types::Instrument {
        style: types::Style::Linear,
        quote: asset("USDC"),
        tick: decimal("0.000000000001"),
        tick_steps: Vec::new(),
        lot: decimal("1"),
        size_max: Lots(1 << 30),
        ..call()
    };
    world.must(Command::ListInstrument(spec.into()));
    let instrument = InstrumentId(0);
    world.must(Command::ReportMarks(std::vec![(instrument, Ticks(1))]));
    world.must(Command::ReportIndex {
        base: asset("BTC"),
        quote: asset("USDC"),
        price: IndexPrice::MAX,
    });
    let ann = world.fund(1 << 50);
    let big = PlaceOrder { instrument, ..order(ann, Side::Ask, 1 << 30, 1) };
    place(&mut world, big);
}

#[test]
fn an_order_beyond_the_band_does_not_grow() {
    let mut world = World::btc();
    let ann = world.fund(1 << 40);
    let events = place(&mut world, order(ann, Side::Bid, 1, 120_000));
    let Some(Event::OrderPlaced(placed)) = events.first() else { panic!("{events:?}") };
    world.must(Command::ReportMarks(std::vec![(PERP, Ticks(60_000)), (CALL, Ticks(500))]));
    let amended = world.apply(Command::AmendOrder(types::AmendOrder {
        account: ann,
        order: placed.order,
        size: Some(Lots(100)),
        price: None,
        display: None,
        post_only: None,
        reduce_only: None,
        valid_until: None,
    }));
    assert!(refused(&amended), "{amended:?}");
}

#[test]
fn the_empty_label_means_the_same_for_every_order() {
    let mut world = World::btc();
    let ann = world.fund(1 << 40);
    place(&mut world, order(ann, Side::Bid, 1, 119_000));
    place(
        &mut world,
        PlaceOrder { session: Some(types::SessionId(1)), ..order(ann, Side::Bid, 1, 119_000) },
    );
    let scope = types::CancelScope::Label(Label::default());
    let events = world.apply(Command::CancelOrders { account: ann, scope });
    assert!([0, 2].contains(&events.len()), "{events:?}");
}
