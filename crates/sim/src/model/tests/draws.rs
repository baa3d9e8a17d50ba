//! Random commands that have a fair chance to be accepted.

use types::{
    AccountId, AmendOrder, AmendTrigger, Amount, CancelScope, ClientOrderId, Command, InstrumentId,
    KindFilter, Label, Lots, MarginModel, MarketState, MassQuote, MmpGroup, OrderFamily, OrderId,
    OrderKind, PlaceOrder, PlaceTrigger, PostOnly, Quote, RiskTerms, Scope, SelfTradeMode,
    SessionId, Side, Ticks, TimeInForce, TriggerKind, TriggerLevel,
};

use super::listings::{EXPIRY, N_REPORTERS, asset, pricing};
use super::world::World;

/// One step: a command, or a second.
pub fn step(world: &mut World) {
    world.at.0 += world.below(120);
    match world.below(1_000) {
        0..100 => {
            world.walk();
            world.second(false);
        }
        100..103 => world.surfaces(),
        103..490 => {
            let order = place(world);
            world.apply(Command::PlaceOrder(order.into()));
        }
        490..560 => {
            let (account, order) = known(world);
            let amendment = amend(world, account, order);
            world.apply(match order.trigger() {
                None => Command::AmendOrder(amendment),
                Some(_) => {
                    Command::AmendTrigger(AmendTrigger { order: amendment, level: None }.into())
                }
            });
        }
        560..700 => {
            let (account, order) = known(world);
            world.apply(Command::CancelOrder { account, order });
        }
        700..720 => {
            let (account, scope) = (world.trader(), scope(world));
            world.apply(Command::CancelOrders { account, scope });
        }
        720..800 => {
            let quotes = quotes(world);
            world.apply(Command::MassQuote(quotes.into()));
        }
        800..860 => {
            let trigger = trigger(world);
            world.apply(Command::PlaceTrigger(trigger.into()));
        }
        choice => rare(world, choice),
    }
}

fn rare(world: &mut World, choice: u64) {
    let account = world.trader();
    let (base, quote) = world.pair();
    let instrument = instrument(world);
    match choice {
        860..870 => {
            world.apply(Command::ClosePosition { account, instrument, price: None });
        }
        870..885 => {
            let amount = Amount(i64::try_from(world.below(4_000_000)).expect("small"));
            world.apply(Command::Withdraw { account, amount });
        }
        885..890 => {
            let amount = world.money(1);
            world.apply(Command::Deposit { account, amount });
        }
        890..898 => {
            let (to, amount) = (world.trader(), Amount(100_000));
            world.apply(Command::Transfer { from: account, to, amount });
        }
        898..906 => {
            let group = MmpGroup(0);
            world.apply(Command::ResetMmp { account, base, quote, group });
        }
        906..912 => {
            let (mode, with_subaccounts) = (
                if world.one_in(2) {
                    SelfTradeMode::CancelMaker
                } else {
                    SelfTradeMode::RejectTaker
                },
                world.one_in(2),
            );
            world.apply(Command::SetSelfTrade { account, mode, with_subaccounts });
        }
        912..916 => {
            let session = world.one_in(2).then_some(SessionId(1));
            world.apply(Command::DropSession { session });
        }
        916 => {
            let (first, last) = (SessionId(0), SessionId(3));
            world.apply(Command::DropSessions { first, last });
        }
        917..920 => drop(world.apply(Command::EndDay)),
        920..924 => halt(world, instrument),
        924..940 => {
            let scope = if world.one_in(2) { Scope::Domain } else { Scope::Instrument(instrument) };
            world.apply(Command::Resume { scope });
        }
        940..946 => {
            let on = world.one_in(12);
            world.apply(Command::SetKillSwitch { account, on });
        }
        946..956 => drop(world.apply(Command::Liquidate)),
        956..959 => {
            let up_to = world.below(40);
            world.apply(Command::FenceOrders { account, up_to });
        }
        959..961 => start(world),
        961..965 => {
            let reporter = 1 + u32::try_from(world.below(N_REPORTERS.into())).expect("small");
            let cents = [world.cents * 9 / 10, world.cents * 2, 1]
                [usize::try_from(world.below(3)).expect("three")];
            let mut report = world.report(reporter, cents);
            if world.one_in(2) {
                (report.nonce, report.price.0) = (report.nonce - 9, world.cents * 1_000_000);
            }
            world.send(report);
        }
        965..967 => {
            let reports = 5 + u16::try_from(world.below(10)).expect("small");
            let mut terms = world.feed(reports);
            terms.stale_ms = 2_500 + u32::try_from(world.below(4_000)).expect("small");
            world.apply(Command::SetFeed(terms.into()));
        }
        967..970 => {
            let terms = pricing(world.one_in(3));
            world.apply(Command::SetPricing { instrument: InstrumentId(0), terms });
        }
        970..973 => {
            let model =
                if world.one_in(2) { MarginModel::Portfolio } else { MarginModel::Standard };
            world.apply(Command::SetMarginModel { account, model });
        }
        973..975 => risk(world),
        975..977 => {
            let price = types::IndexPrice(world.cents * 1_000_000);
            world.apply(Command::SettleDelivery { base, quote, expiry: EXPIRY, price });
        }
        977..987 if world.is_linear => {
            let mark = Ticks(5_900 + u32::try_from(world.below(200)).expect("small"));
            world.apply(Command::ReportMarks(vec![(InstrumentId(4), mark)]));
            let price = types::IndexPrice(u64::from(mark.0) * 50_000_000);
            let (base, quote) = (asset("ETH"), asset("USDC"));
            world.apply(Command::ReportIndex { base, quote, price });
        }
        _ => {
            let (account, order) = known(world);
            world.apply(Command::CancelOrder { account, order });
        }
    }
}

fn start(world: &mut World) {
    if world.one_in(3) {
        world.at.0 += 9_000;
    }
    world.apply(Command::StartTerm);
}

fn risk(world: &mut World) {
    use types::AdlPolicy::{LeastClosing, ProRata, Queue, WaterFilling};
    let adl = [Queue, ProRata, WaterFilling, LeastClosing]
        [usize::try_from(world.below(4)).expect("four")];
    let terms = RiskTerms {
        buffer_ppm: 200_000,
        round_ppm: 300_000,
        round_ms: 500,
        depth_ppm: 600_000,
        slippage_ppm: 20_000,
        fee_ppm: 4_000,
        takeover_ppm: 500_000,
        idle_rounds: 3,
        adl,
    };
    world.apply(Command::SetRisk(terms));
}

fn halt(world: &mut World, instrument: InstrumentId) {
    use MarketState::{CancelOnly, Halted, PostOnly, ReduceOnly};
    let state =
        [PostOnly, ReduceOnly, CancelOnly, Halted][usize::try_from(world.below(4)).expect("four")];
    let scope = if world.one_in(8) { Scope::Domain } else { Scope::Instrument(instrument) };
    let until = Some(world.at.plus_ms(1_000 + world.below(5_000)));
    world.apply(Command::Halt { scope, state, until });
}

/// An order that may still be open, and an account that may be its own.
fn known(world: &mut World) -> (AccountId, OrderId) {
    let nth = usize::try_from(world.below(400)).expect("small");
    let order = world.orders.iter().rev().nth(nth % world.orders.len().max(1)).copied();
    let order = order.unwrap_or(OrderId(7));
    let owner = world.owner(order);
    (owner.unwrap_or_else(|| world.trader()), order)
}

fn instrument(world: &mut World) -> InstrumentId {
    let nth = if world.one_in(2) { 0 } else { world.below(world.n_instruments()) };
    InstrumentId(u32::try_from(nth).expect("small"))
}

fn price(world: &mut World, instrument: InstrumentId) -> Ticks {
    let near = world.near(instrument).0;
    let is_option = (2..4).contains(&instrument.0);
    let width = if is_option {
        12
    } else if world.one_in(10) {
        1_500
    } else {
        25
    };
    let off = u32::try_from(world.below(2 * width + 1)).expect("small");
    let price = (near + off).saturating_sub(u32::try_from(width).expect("small")).max(1);
    let step = if is_option && !world.is_linear && 50 < price { 5 } else { 1 };
    Ticks(price - price % step)
}

fn place(world: &mut World) -> PlaceOrder {
    let (account, instrument) = (world.trader(), instrument(world));
    let (size, price) = (world.lots(instrument), price(world, instrument));
    let side = if world.one_in(2) { Side::Bid } else { Side::Ask };
    let kind = match world.below(16) {
        0 => OrderKind::Market,
        1 => OrderKind::MarketLimit,
        _ => OrderKind::Limit { price },
    };
    PlaceOrder {
        display: world.one_in(9).then_some(Lots(size.0.div_ceil(3))),
        time_in_force: match world.below(12) {
            0 => TimeInForce::ImmediateOrCancel,
            1 => TimeInForce::FillOrKill,
            2 => TimeInForce::GoodTilDay,
            _ => TimeInForce::GoodTilCancelled,
        },
        post_only: match world.below(12) {
            0 => PostOnly::Slide,
            1 => PostOnly::Reject,
            _ => PostOnly::No,
        },
        reduce_only: world.one_in(6),
        mmp: world.one_in(12),
        label: Label::new(if world.one_in(4) { "x" } else { "" }).expect("short"),
        client_order_id: world
            .one_in(4)
            .then(|| ClientOrderId::new(&format!("{}", world.below(900))).expect("short")),
        session: world.one_in(12).then_some(SessionId(1)),
        ..PlaceOrder::new(account, instrument, side, kind, size)
    }
}

fn amend(world: &mut World, account: AccountId, order: OrderId) -> AmendOrder {
    let instrument = world.instrument_of(order).unwrap_or(InstrumentId(0));
    AmendOrder {
        account,
        order,
        size: world.one_in(2).then(|| world.lots(instrument)),
        price: world.one_in(2).then(|| price(world, instrument)),
        display: world.one_in(9).then(|| world.lots(instrument)),
        post_only: world.one_in(12).then_some(PostOnly::Reject),
        reduce_only: world.one_in(12).then_some(true),
        valid_until: None,
    }
}

fn quotes(world: &mut World) -> MassQuote {
    let account = AccountId(N_REPORTERS + 4 + u32::try_from(world.below(2)).expect("small"));
    let mut quotes = Vec::new();
    for nth in 0..4 {
        if world.one_in(2) {
            continue;
        }
        let instrument = InstrumentId(nth);
        let near = world.near(instrument).0;
        let away = 1 + u32::try_from(world.below(if nth < 2 { 20 } else { 2 })).expect("small") * 5;
        let on_grid = |price: u32| Ticks(if nth < 2 { price } else { price - price % 5 });
        for (side, price) in [
            (Side::Bid, on_grid(near.saturating_sub(away).max(5))),
            (Side::Ask, on_grid(near + away + 5)),
        ] {
            let size = if world.one_in(9) { Lots(0) } else { world.lots(instrument) };
            quotes.push(Quote { instrument, side, price, size });
        }
    }
    let (label, valid_until, session) = (Label::default(), None, None);
    MassQuote { account, group: MmpGroup(0), quotes, label, valid_until, session }
}

fn trigger(world: &mut World) -> PlaceTrigger {
    let order = place(world);
    let near = world.near(order.instrument).0;
    let away = |world: &mut World| {
        1 + u32::try_from(world.below(u64::from(near) / 60 + 3)).expect("small")
    };
    let kind = [TriggerKind::Stop, TriggerKind::Take, TriggerKind::Trailing]
        [usize::try_from(world.below(3)).expect("three")];
    let off = away(world);
    let is_up = (order.side == Side::Bid) == (kind == TriggerKind::Stop);
    let ticks = match kind {
        TriggerKind::Trailing => off,
        TriggerKind::Stop | TriggerKind::Take if is_up => near + off,
        TriggerKind::Stop | TriggerKind::Take => near.saturating_sub(off).max(1),
    };
    let level = match world.below(3) {
        0 => TriggerLevel::Mark(Ticks(ticks)),
        1 => TriggerLevel::Last(Ticks(ticks)),
        _ => TriggerLevel::Index(types::IndexPrice(u64::from(ticks) * 50_000_000)),
    };
    PlaceTrigger { kind, level, order }
}

fn scope(world: &mut World) -> CancelScope {
    match world.below(7) {
        0 => CancelScope::All,
        1 => CancelScope::Instrument(InstrumentId(0)),
        2 => CancelScope::Kind(KindFilter::Option),
        3 => CancelScope::Label(Label::new("x").expect("short")),
        4 => CancelScope::Only {
            family: OrderFamily::Stops,
            within: CancelScope::Kind(KindFilter::Future).into(),
        },
        5 => CancelScope::Only { family: OrderFamily::Resting, within: CancelScope::All.into() },
        _ => CancelScope::Quotes(None),
    }
}
