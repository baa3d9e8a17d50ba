//! Self-trade prevention (docs/rules/self-trade.md).

use expect_test::{Expect, expect};

use super::story::tell;
use types::{
    AccountId, Amount, Command, Event, Lots, OrderKind, PlaceOrder, Reject, SelfTradeMode, Side,
    Ticks,
};

use super::world::{PERP, World};

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), 1_000_000_000, script));
}

#[test]
fn stp_1_a_taker_that_would_meet_its_own_order_is_refused() {
    check(
        "ann sells 1 perp at 120010
         bob sells 1 perp at 120005
         ann buys 2 perp at 120010
         ann buys 1 perp at 120010
         ann buys 1 perp at 120000",
        expect![[r#"
            > ann sells 1 perp at 120010
            1: placed, 1 at 120010
            1: rests 1 at 120010, shows 1
            > bob sells 1 perp at 120005
            2: placed, 1 at 120005
            2: rests 1 at 120005, shows 1
            > ann buys 2 perp at 120010
            refused 414: would trade with order 1 of the same group: cancel it, or choose cancel_maker
            > ann buys 1 perp at 120010
            3: placed, 1 at 120010
            1 at 120005: 3 takes from 2 (fees 9, 0; realised 0, 0)
              9 ann to fees: Fee
              bob holds -1, cost 16665
              ann holds 1, cost -16665
            2: filled
            3: filled
            > ann buys 1 perp at 120000
            4: placed, 1 at 120000
            4: rests 1 at 120000, shows 1
        "#]],
    );
}

#[test]
fn stp_2_or_its_own_order_is_cancelled_before_it_goes_on() {
    check(
        "ann prefers cancel-maker
         ann sells 1 perp at 120005
         bob sells 1 perp at 120010
         ann buys 2 perp at 120010",
        expect![[r#"
            > ann prefers cancel-maker
            SelfTradeSet { account: AccountId(1), mode: CancelMaker, with_subaccounts: false }
            > ann sells 1 perp at 120005
            1: placed, 1 at 120005
            1: rests 1 at 120005, shows 1
            > bob sells 1 perp at 120010
            2: placed, 1 at 120010
            2: rests 1 at 120010, shows 1
            > ann buys 2 perp at 120010
            3: placed, 2 at 120010
            1: cancelled: SelfTrade
            1 at 120010: 3 takes from 2 (fees 9, 0; realised 0, 0)
              9 ann to fees: Fee
              bob holds -1, cost 16665
              ann holds 1, cost -16665
            2: filled
            3: rests 1 at 120010, shows 1
        "#]],
    );
}

fn order(account: AccountId, side: Side) -> Command {
    let order =
        PlaceOrder::new(account, PERP, side, OrderKind::Limit { price: Ticks(120_000) }, Lots(5));
    Command::PlaceOrder(order.into())
}

#[test]
fn stp_3_a_family_that_joins_takes_its_resting_orders_in() {
    let mut world = World::btc();
    let main = world.fund(1_000_000_000);
    let sub = AccountId(2);
    world.must(Command::OpenAccount { account: sub, parent: Some(main) });
    world.must(Command::Deposit { account: sub, amount: Amount(1_000_000_000) });
    world.must(order(sub, Side::Ask));
    let mode = SelfTradeMode::RejectTaker;
    world.must(Command::SetSelfTrade { account: main, mode, with_subaccounts: true });
    for taker in [sub, main] {
        let events = world.apply(order(taker, Side::Bid));
        let [Event::Refused(reject)] = events.as_slice() else {
            panic!("{taker} traded with its own family: {events:?}");
        };
        assert!(matches!(**reject, Reject::SelfTrade { .. }), "{reject}");
    }
    world.must(Command::SetSelfTrade { account: main, mode, with_subaccounts: false });
    let events = world.apply(order(main, Side::Bid));
    assert!(events.iter().any(|event| matches!(event, Event::Traded(_))), "{events:?}");
}
