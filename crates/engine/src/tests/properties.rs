//! Whatever is sent: money is conserved, books balance, refused means unchanged, and an accepted
//! order leaves nobody short. `World::apply` runs `Engine::check` and the root check after each
//! command.

use std::vec::Vec;

use proptest::prelude::*;
use types::{
    AccountId, AmendOrder, AmendTrigger, Amount, CancelScope, ClientOrderId, Command, Event,
    InstrumentId, KindFilter, Label, Lots, MassQuote, MmpConfig, MmpGroup, OrderId, OrderKind,
    PlaceOrder, PlaceTrigger, PostOnly, Quote, SelfTradeMode, SessionId, Side, Ticks, TimeInForce,
    TriggerKind, TriggerLevel,
};

use super::trigger_twin::Twin;
use super::world::{CALL, PERP, World, asset};

/// Raw material of a command: numbers that a generator can shrink.
type Raw = (u8, u32, u32, u32, u32);

pub fn raws(most: usize) -> impl Strategy<Value = Vec<Raw>> {
    let raw = (any::<u8>(), 0..4_u32, any::<u32>(), any::<u32>(), any::<u32>());
    proptest::collection::vec(raw, 1..most)
}

pub fn small_world() -> World {
    let mut world = World::btc();
    for funds in [100_000_000, 5_000_000, 20_000_000, 300_000] {
        world.fund(funds);
    }
    world
}

/// Turns raw material into a command that has a fair chance to be accepted.
pub fn command(raw: Raw, orders: &[OrderId]) -> Command {
    let (choice, who, a, b, c) = raw;
    let account = AccountId(who + 1);
    let order = orders.get(usize::try_from(a).unwrap_or(0) % orders.len().max(1));
    let order = order.copied().unwrap_or(OrderId(u64::from(b)));
    match choice {
        0..=119 => Command::PlaceOrder(place(account, a, b, c).into()),
        120..=139 => Command::PlaceTrigger(trigger(place(account, a, b, c), c).into()),
        140..=169 => match order.trigger() {
            None => Command::AmendOrder(amend(account, order, b, c)),
            Some(_) => {
                let level = Some(trigger(place(account, a, b, c), c).level);
                let order = amend(account, order, b, c);
                Command::AmendTrigger(AmendTrigger { order, level }.into())
            }
        },
        170..=194 => Command::CancelOrder { account, order },
        195..=199 => Command::CancelOrders { account, scope: scope(b) },
        200..=209 => Command::ReportMarks(std::vec![
            (PERP, Ticks(115_000 + b % 10_000)),
            (CALL, Ticks(1 + c % 600)),
        ]),
        210..=224 => Command::MassQuote(quotes(account, a, b, c).into()),
        225..=231 => Command::SetMmp { account, config: protection(a, b) },
        232..=234 => Command::ResetMmp {
            account,
            base: asset("BTC"),
            quote: asset("USD"),
            group: MmpGroup(u8::try_from(b % 2).unwrap_or(0)),
        },
        235..=239 => Command::ClosePosition { account, instrument: instrument(a), price: None },
        240..=242 => Command::Withdraw { account, amount: Amount(i64::from(b % 10_000_000)) },
        243..=245 => Command::Deposit { account, amount: Amount(i64::from(b % 10_000_000)) },
        246..=248 => Command::SetSelfTrade {
            account,
            mode: if b % 2 == 0 { SelfTradeMode::CancelMaker } else { SelfTradeMode::RejectTaker },
            with_subaccounts: c % 2 == 0,
        },
        249..=250 => Command::DropSession { session: (b % 2 == 0).then_some(SessionId(1)) },
        251..=252 => Command::EndDay,
        _ => Command::Transfer {
            from: account,
            to: AccountId(b % 5),
            amount: Amount(i64::from(c % 1_000)),
        },
    }
}

fn instrument(a: u32) -> InstrumentId {
    if a.is_multiple_of(3) { CALL } else { PERP }
}

fn price(instrument: InstrumentId, b: u32) -> Ticks {
    if instrument == CALL { Ticks((b % 12 + 1) * 5) } else { Ticks(119_990 + b % 20) }
}

fn place(account: AccountId, a: u32, b: u32, c: u32) -> PlaceOrder {
    let instrument = instrument(a);
    let size = Lots(if c.is_multiple_of(50) { c % 300_000 } else { c % 60 + 1 });
    PlaceOrder {
        account,
        instrument,
        side: if b.is_multiple_of(2) { Side::Bid } else { Side::Ask },
        kind: match a >> 3 & 15 {
            0 => OrderKind::Market,
            1 => OrderKind::MarketLimit,
            _ => OrderKind::Limit { price: price(instrument, b >> 1) },
        },
        size,
        display: (a >> 7 & 7 == 0).then_some(Lots(size.0 / 3)),
        time_in_force: match a >> 10 & 7 {
            0 => TimeInForce::ImmediateOrCancel,
            1 => TimeInForce::FillOrKill,
            2 => TimeInForce::GoodTilDay,
            _ => TimeInForce::GoodTilCancelled,
        },
        post_only: match a >> 13 & 7 {
            0 => PostOnly::Slide,
            1 => PostOnly::Reject,
            _ => PostOnly::No,
        },
        reduce_only: a >> 16 & 3 == 0,
        mmp: a >> 18 & 7 == 0,
        label: Label::new(if a >> 21 & 3 == 0 { "x" } else { "" }).expect("short"),
        client_order_id: (a >> 23 & 7 == 0)
            .then(|| ClientOrderId::new(&std::format!("{}", c % 20)).expect("short")),
        valid_until: None,
        session: (a >> 26 & 7 == 0).then_some(SessionId(1)),
    }
}

fn trigger(order: PlaceOrder, c: u32) -> PlaceTrigger {
    let instrument = order.instrument;
    let near = price(instrument, c >> 4);
    let mark = if instrument == CALL { near } else { Ticks(115_000 + (c >> 4) % 10_000) };
    let (kind, distance) = match c & 3 {
        0 => (TriggerKind::Stop, None),
        1 => (TriggerKind::Take, None),
        _ => (TriggerKind::Trailing, Some(Ticks(1 + (c >> 4) % 10))),
    };
    let level = match c >> 2 & 3 {
        0 => TriggerLevel::Mark(distance.unwrap_or(mark)),
        _ => TriggerLevel::Last(distance.unwrap_or(near)),
    };
    PlaceTrigger { kind, level, order }
}

fn amend(account: AccountId, order: OrderId, b: u32, c: u32) -> AmendOrder {
    AmendOrder {
        account,
        order,
        size: (b & 1 == 0).then_some(Lots(c % 80)),
        price: (b & 2 == 0).then_some(Ticks(119_990 + (c >> 8) % 20)),
        display: (b & 28 == 0).then_some(Lots(c % 9)),
        post_only: (b & 224 == 0).then_some(PostOnly::Reject),
        reduce_only: (b & 1792 == 0).then_some(c.is_multiple_of(2)),
        valid_until: None,
    }
}

fn scope(b: u32) -> CancelScope {
    match b % 5 {
        0 => CancelScope::All,
        1 => CancelScope::Instrument(PERP),
        2 => CancelScope::Kind(KindFilter::Option),
        3 => CancelScope::Label(Label::new("x").expect("short")),
        _ => CancelScope::Quotes(None),
    }
}

fn quotes(account: AccountId, a: u32, b: u32, c: u32) -> MassQuote {
    let quote = |instrument, side, price, size| Quote { instrument, side, price, size };
    let bid = quote(PERP, Side::Bid, Ticks(119_990 + b % 12), Lots(c % 40));
    let ask = quote(PERP, Side::Ask, Ticks(120_000 + (b >> 8) % 12), Lots((c >> 8) % 40));
    let call = quote(CALL, Side::Bid, Ticks(5 + b % 40), Lots((c >> 16) % 4));
    let mut quotes = std::vec![bid, ask, call];
    quotes.truncate(usize::try_from(a % 4).unwrap_or(3));
    let group = MmpGroup(u8::try_from(a >> 4 & 1).unwrap_or(0));
    MassQuote { account, group, quotes, label: Label::default(), valid_until: None, session: None }
}

fn protection(a: u32, b: u32) -> MmpConfig {
    MmpConfig {
        base: asset("BTC"),
        quote: asset("USD"),
        group: MmpGroup(u8::try_from(a % 2).unwrap_or(0)),
        interval_ms: if b.is_multiple_of(8) { 0 } else { 1_000 },
        frozen_ms: u64::from(b % 3) * 500,
        quantity_limit_milli: Some(u64::from(b % 20)),
        delta_limit_milli: None,
    }
}

/// Runs a stream and gives the ids of the orders that were accepted.
pub fn run(world: &mut World, raws: &[Raw], orders: &mut Vec<OrderId>) {
    let mut twin = Twin::of(&world.engine);
    for &raw in raws {
        world.at.0 += u64::from(raw.4 % 200);
        let command = command(raw, orders);
        let account = AccountId(raw.1 + 1);
        let places = matches!(&command, Command::PlaceOrder(order) if !order.reduce_only);
        let closes = matches!(&command, Command::PlaceOrder(_) | Command::ClosePosition { .. });
        let (free, equity) = (world.engine.free(account), equity(world, account));
        let events = world.apply(command);
        twin.follow(&world.engine, &events);
        for event in &events {
            if let Event::TriggerPlaced(placed) = event
                && !placed.amended
            {
                orders.push(OrderId::of_trigger(placed.trigger));
            }
            if let Event::OrderPlaced(placed) = event {
                orders.push(placed.order);
            }
        }
        let free_then = world.engine.free(account);
        assert!(!places || 0 <= free_then || free <= free_then, "MAR-2: {free_then}: {events:?}");
        let equity_then = self::equity(world, account);
        let keeps = free < 0 || 0 <= equity_then || equity <= equity_then;
        assert!(!closes || keeps, "MAR-5: {equity_then} is left after {events:?}");
    }
}

fn equity(world: &World, account: AccountId) -> i64 {
    let view = world.engine.account(account).expect("it is open");
    view.collateral.0 + view.unrealised.0
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1024,
        failure_persistence: None,
        ..Default::default()
    })]

    // SUM-1 to SUM-3 in `Engine::check`, SUM-5 in `World::apply`.
    #[test]
    fn money_is_conserved_and_refused_means_unchanged(raws in raws(120)) {
        run(&mut small_world(), &raws, &mut Vec::new());
    }
}
