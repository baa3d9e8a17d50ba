//! The stream of an account: unbroken, as of each entry, bounded, the same on every replica.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use proptest::prelude::*;
use types::codec::Codec;
use types::{
    AccountId, Amount, At, CancelReason, ClientOrderId, CloseReason, Event, Label, LedgerAccount,
    Lots, OrderId, OrderKind, OrderPlaced, PlaceOrder, PlaceTrigger, Seq, Side, SignedLots, Ticks,
    TransferReason, TriggerId, TriggerKind, TriggerLevel, TriggerPlaced,
};

use super::properties::{run, step};
use super::{BUYER, PERPETUAL, SELLER, Script};
use crate::limits::{
    STREAM_BYTES_MAX, STREAM_BYTES_PER_ACCOUNT_MAX, STREAM_RECORDS_PER_ACCOUNT_MAX,
};
use crate::{Order, Stream, StreamRecord, View};

fn stream(view: &View, account: AccountId) -> &Stream {
    view.account(account).expect("opened").stream()
}

/// A line for each record of an account.
fn told(view: &View, account: AccountId) -> String {
    let mut lines = String::new();
    for record in stream(view, account).after(Seq(0)) {
        let StreamRecord { seq, previous, balance, .. } = &record;
        let _ = write!(lines, "{seq} after {previous}, cash {balance}:");
        for order in &record.orders {
            let (id, open, state) = (order.id.slot(), order.open(), order.state);
            let _ = write!(lines, " order {id} {open} {state:?};");
        }
        for trigger in &record.triggers {
            let _ = write!(lines, " trigger {} {:?};", trigger.id, trigger.state);
        }
        for own in &record.trades {
            let _ = write!(lines, " trade {} to {};", own.trade.id, own.position);
        }
        for (instrument, position) in &record.positions {
            let _ = write!(lines, " holds {} of {instrument};", position.size);
        }
        let liquidating = if record.liquidating { " liquidating" } else { "" };
        let _ = writeln!(lines, "{liquidating}");
    }
    lines
}

fn deposit(account: AccountId, amount: i64) -> Event {
    let (from, to) = (LedgerAccount::Outside, LedgerAccount::Collateral(account));
    Event::Transferred { from, to, amount: Amount(amount), reason: TransferReason::Deposit }
}

fn holds(account: AccountId, lots: i64) -> Event {
    let (size, cost) = (SignedLots(lots), Amount(-lots));
    Event::PositionChanged { account, instrument: PERPETUAL, size, cost }
}

#[test]
fn a_record_is_of_one_entry_and_shows_things_as_they_were_then() {
    let mut script = Script::new();
    script.push(deposit(SELLER, 100));
    script.end_entry();
    script.place(Side::Ask, 101, 10, None);
    script.rest(0);
    script.end_entry();
    script.take(0, 4);
    script.push(holds(BUYER, 3));
    script.push(holds(SELLER, -4));
    script.push(holds(BUYER, 4));
    script.end_entry();
    script.end_entry();
    script.cancel(0);
    script.end_entry();
    script.push(Event::LiquidationStarted {
        account: SELLER,
        margin: types::MarginSnapshot {
            collateral: Amount(0),
            equity: Amount(0),
            initial: Amount(0),
            maintenance: Amount(0),
        },
        at: At(1),
    });
    script.end_entry();
    assert_eq!(
        told(&script.view, SELLER),
        "2 after 0, cash 100:\n\
         3 after 2, cash 100: order 1 10 Open;\n\
         4 after 3, cash 100: order 1 6 Open; trade 1 to -4; holds -4 of 0;\n\
         6 after 4, cash 100: order 1 6 Cancelled(Asked);\n\
         7 after 6, cash 100: liquidating\n"
    );
    assert_eq!(
        told(&script.view, BUYER),
        "4 after 0, cash 0: order 2 0 Filled; trade 1 to 4; holds 4 of 0;\n"
    );
    assert_eq!(script.view.recorded(), [SELLER], "of the last entry");
    let newest = stream(&script.view, SELLER).newest().map(|record| record.seq);
    assert_eq!((newest, stream(&script.view, SELLER).last()), (Some(Seq(7)), Seq(7)));
}

#[test]
fn triggers_are_in_it_and_what_follows_a_price_is_not() {
    let mut script = Script::new();
    let order = PlaceOrder::new(SELLER, PERPETUAL, Side::Ask, OrderKind::Market, Lots(3));
    let (kind, level) = (TriggerKind::Stop, TriggerLevel::Mark(Ticks(90)));
    let terms = PlaceTrigger { kind, level, order };
    let placed = TriggerPlaced { trigger: TriggerId(1), terms, best: None, amended: false };
    script.push(Event::TriggerPlaced(Box::new(placed)));
    script.end_entry();
    script.push(Event::Triggered { trigger: TriggerId(1), order: OrderId::new(1, 1) });
    script.place(Side::Ask, 90, 3, None);
    script.end_entry();
    assert_eq!(
        told(&script.view, SELLER),
        "2 after 0, cash 0: trigger 1 Waiting;\n\
         3 after 2, cash 0: order 1 3 Open; trigger 1 Triggered(OrderId(4194305));\n"
    );
}

#[test]
fn the_window_of_an_account_says_from_where_on_it_is_whole() {
    let mut script = Script::new();
    let n = u64::try_from(STREAM_RECORDS_PER_ACCOUNT_MAX).expect("few");
    for _ in 0..n {
        script.push(deposit(SELLER, 1));
        script.end_entry();
    }
    let first = |view: &View| stream(view, SELLER).after(Seq(0)).next().map(|record| record.seq);
    assert_eq!(first(&script.view), Some(Seq(2)));
    assert!(stream(&script.view, SELLER).is_complete_after(Seq(0)));
    for _ in 0..2 {
        script.push(deposit(SELLER, 1));
        script.end_entry();
    }
    assert_eq!(first(&script.view), Some(Seq(4)));
    let kept = stream(&script.view, SELLER);
    assert_eq!(kept.after(Seq(0)).count(), STREAM_RECORDS_PER_ACCOUNT_MAX);
    let is_whole = [0, 1, 2, 3, 4, n + 9].map(|seq| kept.is_complete_after(Seq(seq)));
    assert_eq!(is_whole, [false, false, false, true, true, true]);
    assert_eq!(
        kept.after(Seq(n + 1)).map(|record| record.seq.0).collect::<Vec<_>>(),
        [n + 2, n + 3]
    );
    assert!(stream(&script.view, BUYER).is_complete_after(Seq(0)), "nothing ever happened to it");
}

/// Events that place and cancel orders with labels as long as can be: 360 bytes of a record each.
fn crowd(account: AccountId, orders: u64) -> Vec<Event> {
    let place = |nth: u64| {
        let slot = u32::try_from(nth).expect("few");
        let order = OrderId::new(1_000_000 * u64::from(account.0) + nth + 1, slot);
        let price = Ticks(100);
        let text = "x".repeat(Label::BYTES_MAX);
        let placed = OrderPlaced {
            order,
            account,
            instrument: PERPETUAL,
            side: Side::Bid,
            kind: OrderKind::Limit { price },
            price,
            size: Lots(1),
            display: None,
            time_in_force: types::TimeInForce::GoodTilCancelled,
            post_only: types::PostOnly::No,
            reduce_only: false,
            mmp: false,
            quote_group: None,
            label: Label::new(&text).expect("as long as can be"),
            client_order_id: ClientOrderId::new("7").ok(),
            session: None,
        };
        let reason = CloseReason::Cancelled(CancelReason::Asked);
        [Event::OrderPlaced(Box::new(placed)), Event::OrderClosed { order, reason }]
    };
    (0..orders).flat_map(place).collect()
}

/// A view of so many accounts and one instrument.
fn view_of(accounts: u32) -> View {
    let mut view = View::new(super::asset("BTC"), 8);
    let opened = |id| Event::AccountOpened { account: AccountId(id), parent: None, at: At(1) };
    let mut setup: Vec<Event> = (1..=accounts).map(opened).collect();
    setup.push(Event::InstrumentListed {
        instrument: PERPETUAL,
        index: types::IndexId(0),
        at: At(1),
        spec: Box::new(super::perpetual()),
    });
    view.apply(Seq(1), At(1), &setup);
    view
}

#[test]
fn a_record_is_kept_whole_however_large_and_streams_are_bounded_in_bytes() {
    let mut view = view_of(18);
    let n_bytes = |view: &View, id| stream(view, AccountId(id)).kept().2.len();
    view.apply(Seq(2), At(2), &crowd(AccountId(1), 12_000));
    assert!(STREAM_BYTES_PER_ACCOUNT_MAX < n_bytes(&view, 1), "all of one entry is there");
    view.apply(Seq(3), At(3), &[deposit(AccountId(1), 1)]);
    assert!(n_bytes(&view, 1) < 200, "it went for the next record");
    assert!(!stream(&view, AccountId(1)).is_complete_after(Seq(1)));
    // Of all accounts the oldest records go first, whatever account they are of.
    for id in 2..=16 {
        view.apply(view.seq().next(), At(4), &crowd(AccountId(id), 11_400));
    }
    let mut copy = View::from_bytes(&view.to_bytes()).expect("its own bytes");
    for view in [&mut view, &mut copy] {
        for id in 17..=18 {
            view.apply(view.seq().next(), At(5), &crowd(AccountId(id), 11_400));
        }
        let sum: usize = (1..=18).map(|id| n_bytes(view, id)).sum();
        assert!((STREAM_BYTES_MAX - (1 << 22)..=STREAM_BYTES_MAX).contains(&sum), "{sum}");
        let is_whole = |id| stream(view, AccountId(id)).is_complete_after(Seq(3));
        assert!(!is_whole(2) && is_whole(3));
    }
    assert!(copy.to_bytes() == view.to_bytes(), "a restored view forgets the same");
}

#[test]
fn the_records_of_one_entry_are_all_there_though_they_are_too_many() {
    let mut view = view_of(17);
    let events: Vec<Event> = (1..=17).flat_map(|id| crowd(AccountId(id), 11_400)).collect();
    view.apply(Seq(2), At(2), &events);
    assert!((1..=17).all(|id| stream(&view, AccountId(id)).newest().is_some()));
    view.apply(Seq(3), At(3), &[deposit(AccountId(9), 1)]);
    let is_whole = |id| stream(&view, AccountId(id)).is_complete_after(Seq(0));
    assert!(!is_whole(1) && is_whole(17), "with the next entry the first of them goes");
}

/// What the registry says that the last entry changed of an account.
fn changed(view: &View, account: AccountId) -> Vec<Order> {
    let orders = view.open_orders(account).chain(view.closed_orders(account));
    let mut changed: Vec<Order> =
        orders.filter(|order| order.change == view.seq()).cloned().collect();
    changed.sort_by_key(|order| order.id);
    changed
}

proptest! {
    #[test]
    fn a_stream_has_each_change_once_and_no_gap(
        steps in proptest::collection::vec(step(), 1..120),
        restored_at in 0..120_usize,
    ) {
        let mut script = Script::new();
        let mut heard: [Vec<StreamRecord>; 2] = [Vec::new(), Vec::new()];
        for (nth, step) in steps.into_iter().enumerate() {
            run(&mut script, step);
            script.end_entry();
            for (account, heard) in [BUYER, SELLER].into_iter().zip(&mut heard) {
                let record = stream(&script.view, account).newest();
                let record = record.filter(|record| record.seq == script.view.seq());
                let orders = record.as_ref().map(|record| record.orders.clone());
                prop_assert_eq!(orders.unwrap_or_default(), changed(&script.view, account));
                prop_assert_eq!(script.view.recorded().contains(&account), record.is_some());
                if let Some(record) = record {
                    let last = heard.last().map_or(Seq(0), |last| last.seq);
                    prop_assert_eq!(record.previous, last);
                    heard.push(record);
                }
            }
            if nth == restored_at {
                script.view = View::from_bytes(&script.view.to_bytes()).expect("its own bytes");
            }
        }
        for (account, heard) in [BUYER, SELLER].into_iter().zip(heard) {
            let kept: Vec<_> = stream(&script.view, account).after(Seq(0)).collect();
            prop_assert_eq!(kept, heard);
        }
    }
}
