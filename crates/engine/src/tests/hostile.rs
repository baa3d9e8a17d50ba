//! Hostile streams: extreme instruments, prices and sizes at their limits, families of accounts,
//! and after every command the state read back from its bytes has the same root.

use std::vec::Vec;

use proptest::prelude::*;
use types::codec::Codec;
use types::{
    AccountId, AmendOrder, AmendTrigger, Amount, AssetCode, At, BreakerTerms, CancelScope,
    ClientOrderId, Command, DepthTerms, Event, Fees, FillableTerms, IndexPrice, Instrument,
    InstrumentId, Kind, KindFilter, Label, LimitStateTerms, Lots, MarginRates, MassQuote,
    MmpConfig, MmpGroup, OpenInterestBand, OptionRight, OrderFamily, OrderId, OrderKind, OrderRate,
    OutageStep, PlaceOrder, PlaceTrigger, PostOnly, Quote, RangeTerms, ReopeningTerms, Scope,
    SelfTradeMode, SessionId, Side, Style, TickStep, Ticks, TimeInForce, TriggerKind, TriggerLevel,
    Version,
};

use super::trigger_twin::Twin;
use super::world::{EXPIRY, START, World, asset, call, decimal, perpetual};
use crate::Engine;
use crate::states::STATES;

type Raw = [u32; 6];

fn hostile_world(linear: bool) -> World {
    let (code, decimals, style, quote) =
        if linear { ("USDC", 6, Style::Linear, "USDC") } else { ("BTC", 8, Style::Inverse, "USD") };
    let mut world = World { engine: Engine::new(asset(code), decimals), at: START };
    let fees = Fees { maker_ppm: -400_000, taker_ppm: 1_000_000 };
    let margin = MarginRates { initial_ppm: 1_000, maintenance_ppm: 1 };
    let wide = Instrument {
        style,
        quote: asset(quote),
        fees,
        margin,
        band_ppm: 1_000_000,
        tick_steps: std::vec![
            TickStep { above: Ticks(1_000), multiple: 10 },
            TickStep { above: Ticks(1_000_000), multiple: 1_000_000 },
        ],
        size_max: Lots(1_000),
        lot: decimal(if linear { "0.001" } else { "10" }),
        contract_size: decimal(if linear { "0.001" } else { "10" }),
        ..perpetual()
    };
    let big = Instrument {
        kind: Kind::Future { expiry: EXPIRY },
        size_min: Lots(5),
        size_max: Lots(if linear { 137_000_000 } else { 500_000_000 }),
        tick_steps: Vec::new(),
        ..wide.clone()
    };
    let option = |right, strike| Instrument {
        style,
        quote: asset(quote),
        kind: Kind::Option { expiry: EXPIRY, strike: decimal(strike), right },
        tick: decimal(if linear { "0.5" } else { "0.0001" }),
        band_ppm: 1_000_000,
        fees: Fees { maker_ppm: -300, taker_ppm: 400 },
        ..call()
    };
    let cheap = Instrument {
        margin,
        size_max: Lots(600_000),
        size_min: Lots(3),
        ..option(OptionRight::Put, "0.5")
    };
    for spec in [wide, big, option(OptionRight::Call, "60000"), cheap] {
        world.must(Command::ListInstrument(spec.into()));
    }
    world.price(
        "BTC",
        quote,
        60_000,
        &[
            (InstrumentId(0), 120_000),
            (InstrumentId(1), 120_000),
            (InstrumentId(2), 500),
            (InstrumentId(3), 1),
        ],
    );
    for funds in [1 << 51, 5_000_000, 1 << 40] {
        world.fund(funds);
    }
    for parent in [1, 1, 2] {
        let account = AccountId(world.engine.n_accounts() + 1);
        world.must(Command::OpenAccount { account, parent: Some(AccountId(parent)) });
        world.must(Command::Deposit { account, amount: Amount(1 << 45) });
    }
    world
}

fn pick<T: Copy>(from: &[T], by: u32) -> T {
    let place = usize::try_from(by).unwrap_or(0) % from.len();
    *from.get(place).expect("a place within the list")
}

fn price(by: u32) -> Ticks {
    let near = 119_950 + by % 10 * 10;
    if by >> 30 != 0 {
        return Ticks(near);
    }
    pick(
        &[
            Ticks(120_000),
            Ticks(near),
            Ticks(near),
            Ticks(near * 10),
            Ticks(1),
            Ticks(2),
            Ticks::MAX,
            Ticks(0),
            Ticks(u32::MAX),
            Ticks(990 + by % 25),
            Ticks(16_000_000),
            Ticks(500 + 5 * (by % 5)),
            Ticks(500),
            Ticks(1_000_000),
            Ticks(60_000),
        ],
        by >> 8,
    )
}

fn size(by: u32) -> Lots {
    if by >> 30 != 0 {
        return Lots(1 + by % 40);
    }
    pick(
        &[
            Lots(1),
            Lots(1 + by % 40),
            Lots(1 + by % 40),
            Lots(5 + by % 7),
            Lots(1_000),
            Lots(999),
            Lots(0),
            Lots::MAX,
            Lots(u32::MAX),
            Lots(137_000_000),
            Lots(600_000),
            Lots(68_500_000),
            Lots(100_000),
            Lots(500_000_000),
        ],
        by >> 8,
    )
}

fn side(by: u32) -> Side {
    if by.is_multiple_of(2) { Side::Bid } else { Side::Ask }
}

fn instrument(by: u32) -> InstrumentId {
    InstrumentId(pick(&[0, 0, 0, 0, 1, 1, 2, 3, 0, 1, 0, 0, 1, 2, 4, 0], by))
}

fn hostile(linear: bool, raw: Raw, orders: &[(OrderId, AccountId)]) -> Command {
    let [choice, who, a, b, c, d] = raw;
    let account = AccountId(1 + who % 6);
    let order = orders.len().checked_sub(1 + usize::try_from(a % 24).unwrap_or(0));
    let order = order.and_then(|place| orders.get(place)).copied();
    let (order, owner) = order.unwrap_or((OrderId(u64::from(b)), account));
    let asks = if who % 16 == 0 { account } else { owner };
    let quote = asset(if linear { "USDC" } else { "USD" });
    match choice % 302 {
        0..=95 => Command::PlaceOrder(place(account, a, b, c, d).into()),
        96..=119 => Command::PlaceTrigger(trigger(place(account, a, b, c, d), a ^ d).into()),
        120..=159 => amend_either(
            AmendOrder {
                account: asks,
                order,
                size: (b & 1 == 0).then(|| size(c)),
                price: (b & 6 == 0).then(|| price(d)),
                display: (b & 56 == 0).then_some(Lots(c % 9)),
                post_only: (b & 192 == 0)
                    .then_some(pick(&[PostOnly::Reject, PostOnly::Slide, PostOnly::No], d)),
                reduce_only: (b & 768 == 0).then_some(c.is_multiple_of(2)),
                valid_until: None,
            },
            a ^ d,
        ),
        160..=174 => Command::CancelOrder { account: asks, order },
        175..=178 => Command::CancelOrders {
            account,
            scope: match b % 7 {
                0 => CancelScope::All,
                1 => CancelScope::Instrument(instrument(c)),
                2 => CancelScope::Label(Label::new("").expect("short")),
                3 => CancelScope::Label(Label::new("x").expect("short")),
                4 => only(d, CancelScope::All),
                5 => only(d, CancelScope::Instrument(instrument(c))),
                _ => CancelScope::Quotes(Some(MmpGroup(1))),
            },
        },
        179..=188 => {
            Command::ReportMarks(std::vec![(instrument(b), price(c)), (instrument(d), price(a))])
        }
        189..=190 => Command::ReportIndex {
            base: asset("BTC"),
            quote,
            price: pick(
                &[IndexPrice(1), IndexPrice::MAX, IndexPrice(60_000 * IndexPrice::SCALE)],
                b,
            ),
        },
        191..=212 => {
            let quotes = (0..a % 5).map(|place| Quote {
                instrument: instrument(c >> place),
                side: side((a >> 3) + place),
                price: if place % 2 == 0 { price(d >> place) } else { Ticks(120_000 - b % 5 * 10) },
                size: size(b >> place),
            });
            let quotes = quotes.collect();
            let group = MmpGroup(u8::try_from(a >> 20 & 1).unwrap_or(0));
            let session = (d & 1 == 0).then_some(SessionId(2));
            let label = Label::default();
            Command::MassQuote(
                MassQuote { account, group, quotes, label, valid_until: None, session }.into(),
            )
        }
        213..=222 => Command::SetMmp {
            account,
            config: MmpConfig {
                base: asset("BTC"),
                quote,
                group: MmpGroup(u8::try_from(a % 2).unwrap_or(0)),
                interval_ms: pick(&[0, 1, 1_000, 86_400_000, u64::MAX], b),
                frozen_ms: pick(&[0, 1, 500, u64::MAX], c),
                quantity_limit_milli: pick(
                    &[None, Some(0), Some(1), Some(5_000), Some(1_000_000_000_000), Some(u64::MAX)],
                    d,
                ),
                delta_limit_milli: pick(&[None, Some(0), Some(1), Some(u64::MAX)], d >> 8),
            },
        },
        223..=224 => Command::ResetMmp { account, base: asset("BTC"), quote, group: MmpGroup(1) },
        225..=231 => Command::ClosePosition {
            account,
            instrument: instrument(a),
            price: (b % 2 == 0).then(|| price(c)),
        },
        232..=235 => Command::Withdraw {
            account,
            amount: Amount(pick(&[1, 1 << 30, 1 << 50, i64::MAX, -1, 0], b)),
        },
        236 => Command::Deposit {
            account,
            amount: Amount(pick(&[1, 1 << 30, 1 << 52, i64::MAX, i64::MIN], b)),
        },
        237..=244 => Command::SetSelfTrade {
            account,
            mode: if b % 2 == 0 { SelfTradeMode::CancelMaker } else { SelfTradeMode::RejectTaker },
            with_subaccounts: c % 2 == 0,
        },
        245..=247 => Command::DropSession {
            session: pick(&[None, Some(SessionId(1)), Some(SessionId(2))], b),
        },
        248 => Command::EndDay,
        249 => match b % 4 {
            // What this build does not know is not for it to apply (VER-6).
            0 => Command::Upgrade { to: Version(pick(&[0, 1, 2], c)) },
            _ => {
                let sessions = [0, 1, 2, u32::MAX].map(SessionId);
                Command::DropSessions { first: pick(&sessions, c), last: pick(&sessions, d) }
            }
        },
        256..=279 => restrict(account, quote, raw),
        280..=285 => Command::SetOpenInterestBand {
            instrument: instrument(a),
            band: (c % 4 != 0).then_some(OpenInterestBand {
                lower: Amount(pick(&[0, 1 << 20, 1 << 36, -1], c >> 8)),
                upper: Amount(pick(&[1, 1 << 24, 1 << 40, i64::MAX], d)),
            }),
        },
        286..=287 => Command::SetFillable((c % 4 != 0).then_some(FillableTerms {
            adjustment_ppm: pick(&[0, 1, 1_000_000, 10_000_000], c >> 8),
            spread_ppm: pick(&[1, 1_500_000, 10_000_000, u32::MAX], d),
        })),
        294..=301 => Command::FenceOrders { account, up_to: pick(&[0, 1, u64::from(c % 20)], d) },
        _ => Command::Transfer {
            from: account,
            to: AccountId(b % 8),
            amount: Amount(pick(&[1, 1 << 40, i64::MAX], c)),
        },
    }
}

/// Halts, breakers and reopenings, with terms at their limits, and the time that ends them.
fn restrict(account: AccountId, quote: AssetCode, [_, _, a, b, c, d]: Raw) -> Command {
    let base = asset("BTC");
    let scopes = [Scope::Instrument(instrument(b)), Scope::Index { base, quote }, Scope::Domain];
    let scope = pick(&scopes, b >> 8);
    match a % 16 {
        0..=1 => Command::Halt { scope, state: pick(&STATES, c), until: None },
        2 => Command::Halt {
            scope,
            state: pick(&STATES, c),
            until: Some(At(START.0 + u64::from(d))),
        },
        3..=5 => Command::Resume { scope },
        6..=10 => Command::Tick,
        11 => Command::StartTerm,
        12 => Command::SetKillSwitch { account, on: c.is_multiple_of(3) },
        13 => {
            let rate = OrderRate { orders_max: c % 40, window_ms: 100 + d % 5_000 };
            Command::SetOrderRate((d % 3 == 0).then_some(rate))
        }
        14 => {
            let range =
                |ppm| RangeTerms { window_ms: 100 + d % 5_000, move_ppm: ppm, pause_ms: 1_000 };
            let terms = BreakerTerms {
                limit_state: (c & 1 == 0)
                    .then_some(LimitStateTerms { hold_ms: 100, pause_ms: 1_000 + d % 3_000 }),
                velocity: (c & 2 == 0).then(|| range(pick(&[1, 100, 50_000, 1_000_000], c >> 8))),
                range: (c & 4 == 0).then(|| range(pick(&[1, 1_000, 200_000, 0], c >> 10))),
                depth: (c & 8 == 0).then_some(DepthTerms {
                    within_ppm: 1_000_000,
                    share_ppm: 900_000,
                    hold_ms: 100,
                    pause_ms: 1_000,
                }),
                liquidation: None,
                frozen: None,
            };
            let kind = pick(&[KindFilter::Future, KindFilter::Option], d);
            Command::SetBreakers { base, quote, kind, terms: terms.into() }
        }
        _ => Command::SetReopening(
            ReopeningTerms {
                steps: std::vec![OutageStep {
                    over_ms: u64::from(c % 3_000),
                    cancel_only_ms: d % 2_000,
                    auction_ms: 1_000,
                }],
                auction_ms: 1_000 + c % 2_000,
                collar_ppm: pick(&[1, 1_000, 1_000_000, 0], d),
                extension_ms: 1_000,
                extensions_max: u8::try_from(c % 25).unwrap_or(0),
            }
            .into(),
        ),
    }
}

fn place(account: AccountId, a: u32, b: u32, c: u32, d: u32) -> PlaceOrder {
    let kind = match a >> 3 & 15 {
        0 => OrderKind::Market,
        1 => OrderKind::MarketLimit,
        _ => OrderKind::Limit { price: price(d) },
    };
    let size = size(c);
    PlaceOrder {
        account,
        instrument: instrument(a),
        side: side(b),
        kind,
        size,
        display: (a >> 7 & 7 == 0).then_some(Lots(size.0 / 3 + 1)),
        time_in_force: match a >> 10 & 7 {
            0 => TimeInForce::ImmediateOrCancel,
            1 | 2 => TimeInForce::FillOrKill,
            3 => TimeInForce::GoodTilDay,
            _ => TimeInForce::GoodTilCancelled,
        },
        post_only: pick(
            &[PostOnly::No, PostOnly::No, PostOnly::No, PostOnly::Slide, PostOnly::Reject],
            a >> 13,
        ),
        reduce_only: a >> 16 & 3 == 0,
        mmp: a >> 18 & 3 == 0,
        label: Label::new(if a >> 21 & 3 == 0 { "x" } else { "" }).expect("short"),
        client_order_id: (a >> 23 & 3 == 0)
            .then(|| ClientOrderId::new(&std::format!("{}", c % 20)).expect("short")),
        valid_until: None,
        session: (a >> 26 & 3 == 0).then_some(SessionId(1)),
    }
}

fn level(by: u32) -> TriggerLevel {
    let index = [1, IndexPrice::MAX.0, 60_000 * IndexPrice::SCALE, 0, u64::MAX];
    match by >> 3 & 3 {
        0 => TriggerLevel::Index(IndexPrice(pick(&index, by >> 8))),
        1 => TriggerLevel::Mark(price(by)),
        _ => TriggerLevel::Last(price(by)),
    }
}

/// A distance for one of four that trail, a price for the others.
fn trigger(order: PlaceOrder, by: u32) -> PlaceTrigger {
    let kinds = [TriggerKind::Stop, TriggerKind::Take, TriggerKind::Trailing];
    let kind = pick(&kinds, by >> 5);
    let level = match (kind, level(by)) {
        (TriggerKind::Trailing, TriggerLevel::Mark(_)) => TriggerLevel::Mark(Ticks(by >> 9 & 63)),
        (TriggerKind::Trailing, TriggerLevel::Last(_)) => TriggerLevel::Last(Ticks(by >> 9 & 63)),
        (_, level) => level,
    };
    PlaceTrigger { kind, level, order }
}

fn amend_either(order: AmendOrder, by: u32) -> Command {
    match order.order.trigger() {
        None => Command::AmendOrder(order),
        Some(_) => {
            let level = (by & 1 == 0).then(|| level(by));
            Command::AmendTrigger(AmendTrigger { order, level }.into())
        }
    }
}

fn only(by: u32, within: CancelScope) -> CancelScope {
    let families = [
        OrderFamily::Resting,
        OrderFamily::Triggers,
        OrderFamily::Stops,
        OrderFamily::Takes,
        OrderFamily::TrailingStops,
    ];
    CancelScope::Only { family: pick(&families, by), within: within.into() }
}

fn check_fill_or_kill(command: &Command, events: &[Event]) {
    let Command::PlaceOrder(order) = command else {
        return;
    };
    if order.time_in_force != TimeInForce::FillOrKill {
        return;
    }
    let mut placed = None;
    let mut filled = 0;
    for event in events {
        match event {
            Event::OrderPlaced(order) if placed.is_none() => {
                placed = Some((order.order, order.size.0));
            }
            Event::Traded(trade) if Some(trade.taker.order) == placed.map(|(order, _)| order) => {
                filled += trade.size.0;
            }
            _ => {}
        }
    }
    assert!(
        filled == 0 || placed.map(|(_, size)| size) == Some(filled),
        "ORD-3: FOK of {placed:?} filled {filled}: {events:?}"
    );
}

fn run(linear: bool, raws: &[Raw]) {
    let mut world = hostile_world(linear);
    let mut orders = Vec::new();
    let mut twin = Twin::default();
    for &raw in raws {
        world.at.0 += u64::from(pick(&[0_u32, 0, 1, 150, 700, 40_000_000], raw[5] >> 10));
        let command = hostile(linear, raw, &orders);
        let events = world.apply(command.clone());
        check_fill_or_kill(&command, &events);
        twin.follow(&world.engine, &events);
        for event in &events {
            if let Event::OrderPlaced(placed) = event {
                orders.push((placed.order, placed.account));
            }
            if let Event::TriggerPlaced(placed) = event {
                let order = OrderId::of_trigger(placed.trigger);
                orders.push((order, placed.terms.order.account));
            }
        }
        let mut copy = Engine::from_bytes(&world.engine.to_bytes()).expect("its own bytes");
        assert_eq!(copy.root(), world.engine.root(), "after {command:?}");
        if raw[4] % 16 == 0 {
            world.engine = copy;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn hostile_streams_keep_every_invariant(
        linear in any::<bool>(),
        raws in proptest::collection::vec(any::<Raw>(), 1..150),
    ) {
        run(linear, &raws);
    }
}
