//! Triggers wait, follow, fire and go, as their events say.

use alloc::boxed::Box;
use alloc::vec::Vec;

use types::codec::Codec;
use types::{
    AccountId, CancelReason, ClientOrderId, Event, Lots, OrderId, OrderKind, PlaceOrder,
    PlaceTrigger, Reject, Side, Ticks, TriggerEnd, TriggerId, TriggerKind, TriggerLevel,
    TriggerPlaced, TriggersMoved,
};

use super::{BUYER, PERPETUAL, SELLER, Script};
use crate::limits::GONE_TRIGGERS_PER_ACCOUNT_MAX;
use crate::{TriggerState, View};

fn order(account: AccountId, side: Side) -> PlaceOrder {
    PlaceOrder::new(account, PERPETUAL, side, OrderKind::Market, Lots(3))
}

fn mark(price: u32) -> TriggerLevel {
    TriggerLevel::Mark(Ticks(price))
}

fn placed(nth: u64, kind: TriggerKind, level: u32, side: Side, best: Option<u32>) -> TriggerPlaced {
    let account = if side == Side::Bid { BUYER } else { SELLER };
    TriggerPlaced {
        trigger: TriggerId(nth),
        terms: PlaceTrigger { kind, level: mark(level), order: order(account, side) },
        best: best.map(mark),
        amended: false,
    }
}

fn wait(script: &mut Script, placed: TriggerPlaced) {
    script.push(Event::TriggerPlaced(Box::new(placed)));
}

fn close(script: &mut Script, nth: u64, end: TriggerEnd) {
    script.push(Event::TriggerClosed { trigger: TriggerId(nth), end });
}

#[test]
fn a_trigger_waits_is_amended_and_gives_birth() {
    let mut script = Script::new();
    let mut stop = placed(1, TriggerKind::Stop, 90, Side::Ask, None);
    stop.terms.order.client_order_id = ClientOrderId::new("a").ok();
    wait(&mut script, stop.clone());
    script.end_entry();
    let created = script.view.at();
    (stop.terms.level, stop.amended) = (mark(91), true);
    wait(&mut script, stop);
    script.end_entry();

    let waits: Vec<_> = script.view.waiting_triggers(SELLER).collect();
    let [waiting] = waits.as_slice() else { panic!("{waits:?}") };
    assert_eq!((waiting.level(), waiting.created, waiting.replaced), (mark(91), created, true));
    assert!(created < waiting.updated);
    let client = ClientOrderId::new("a").expect("short");
    let known = script.view.account(SELLER).and_then(|account| account.client_order(&client));
    assert_eq!(known, Some(OrderId::of_trigger(TriggerId(1))));

    script.push(Event::Triggered { trigger: TriggerId(1), order: OrderId::new(1, 1) });
    let nth = script.place(Side::Ask, 101, 3, None);
    let other = script.place(Side::Ask, 102, 3, None);
    let ids = [nth, other].map(|nth| script.open[nth].id);
    script.end_entry();
    let born = ids.map(|id| script.view.order(id).expect("placed").trigger);
    assert_eq!(born, [Some(TriggerId(1)), None]);
    let gone: Vec<_> = script.view.gone_triggers(SELLER).map(|gone| gone.state.clone()).collect();
    assert_eq!(gone, [TriggerState::Triggered(OrderId::new(1, 1))]);
    assert_eq!(script.view.waiting_triggers(SELLER).count(), 0);
}

#[test]
fn trailing_stops_follow_what_is_better_than_their_best_on_their_side() {
    let mut script = Script::new();
    for (nth, side, best) in
        [(1, Side::Ask, 100), (2, Side::Ask, 105), (3, Side::Bid, 100), (4, Side::Bid, 95)]
    {
        wait(&mut script, placed(nth, TriggerKind::Trailing, 10, side, Some(best)));
    }
    let levels = |script: &Script| -> Vec<u64> {
        let ids = (1..=4).map(TriggerId);
        let triggers = ids.filter_map(|id| script.view.trigger(id));
        triggers.map(|trigger| trigger.level().number()).collect()
    };
    script.end_entry();
    assert_eq!(levels(&script), [90, 95, 110, 105]);
    let moved = |side, best| {
        Event::TriggersMoved(TriggersMoved { instrument: PERPETUAL, side, best: mark(best) })
    };
    script.push(moved(Side::Ask, 103));
    script.push(moved(Side::Bid, 97));
    script.end_entry();
    assert_eq!(levels(&script), [93, 95, 107, 105]);
    close(&mut script, 1, TriggerEnd::Cancelled(CancelReason::Asked));
    script.push(moved(Side::Ask, 110));
    script.end_entry();
    assert_eq!(levels(&script), [93, 100, 107, 105], "who is gone follows no more");
}

#[test]
fn the_gone_of_an_account_have_a_bound_but_those_of_one_entry_are_all_shown() {
    let mut script = Script::new();
    let n = u64::try_from(GONE_TRIGGERS_PER_ACCOUNT_MAX).expect("few") + 5;
    for nth in 1..=n {
        wait(&mut script, placed(nth, TriggerKind::Stop, 90, Side::Ask, None));
        close(&mut script, nth, TriggerEnd::Cancelled(CancelReason::Asked));
    }
    script.end_entry();
    assert_eq!(script.view.gone_triggers(SELLER).count(), GONE_TRIGGERS_PER_ACCOUNT_MAX + 5);
    wait(&mut script, placed(n + 1, TriggerKind::Stop, 90, Side::Ask, None));
    close(&mut script, n + 1, TriggerEnd::Cancelled(CancelReason::Asked));
    script.end_entry();
    let first = script.view.gone_triggers(SELLER).last().map(|gone| gone.id);
    assert_eq!(first, Some(TriggerId(7)));
}

#[test]
fn a_snapshot_has_what_waits_and_what_is_gone() {
    let mut script = Script::new();
    wait(&mut script, placed(1, TriggerKind::Trailing, 10, Side::Ask, Some(100)));
    wait(&mut script, placed(2, TriggerKind::Take, 110, Side::Ask, None));
    wait(&mut script, placed(3, TriggerKind::Stop, 110, Side::Bid, None));
    let reject = Box::new(Reject::HaltMissing);
    close(&mut script, 2, TriggerEnd::Refused(reject));
    script.end_entry();
    let bytes = script.view.to_bytes();
    let mut view = View::from_bytes(&bytes).expect("its own bytes");
    assert_eq!(view.to_bytes(), bytes);
    for account in [BUYER, SELLER] {
        let of = |view: &View| {
            let all = view.waiting_triggers(account).chain(view.gone_triggers(account));
            all.cloned().collect::<Vec<_>>()
        };
        assert_eq!(of(&view), of(&script.view));
    }
    let best = mark(101);
    let moved = TriggersMoved { instrument: PERPETUAL, side: Side::Ask, best };
    let seq = types::Seq(script.view.seq().0 + 1);
    view.apply(seq, script.view.at(), &[Event::TriggersMoved(moved)]);
    assert_eq!(view.trigger(TriggerId(1)).and_then(|one| one.best), Some(best));

    let mut broken = bytes;
    let place = broken.len() - 1;
    broken[place] ^= 0xff;
    assert!(View::from_bytes(&broken).is_err());
}
