//! Fences of client order ids, as stories (docs/rules/orders.md).

use expect_test::{Expect, expect};
use types::codec::Codec;
use types::{AccountId, Command, Event, MarketState, Reject, Scope};

use super::story::tell;
use super::world::{PERP, World};
use crate::Engine;

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), 100_000_000, script));
}

fn fence(account: u32, up_to: u64) -> Command {
    Command::FenceOrders { account: AccountId(account), up_to }
}

#[test]
fn ord_19_what_arrives_behind_the_fence_is_refused_and_what_is_there_is_the_answer() {
    check(
        "
        ann buys 1 perp at 119000 id 8
        ann fences 9
        ann buys 1 perp at 119000 id 9
        ann buys 7 perp at 119000 id 8
        ann buys 1 perp at 119000 id 10
        ann cancels 1
        ann buys 1 perp at 119000 id 8
        bob buys 1 perp at 119000 id 9
        ann buys 1 perp at 119000
        ",
        expect![[r#"
            > ann buys 1 perp at 119000 id 8
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann fences 9
            ann: fenced up to 9
            > ann buys 1 perp at 119000 id 9
            refused 424: client order ids up to 9 are fenced, 9 is one: send a new one
            > ann buys 7 perp at 119000 id 8
            1: is the answer again
            > ann buys 1 perp at 119000 id 10
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > ann cancels 1
            1: cancelled
            > ann buys 1 perp at 119000 id 8
            1: is the answer again
            > bob buys 1 perp at 119000 id 9
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119000
            4: placed, 1 at 119000
            4: rests 1 at 119000, shows 1
        "#]],
    );
}

#[test]
fn ord_19_triggers_are_fenced_too_and_those_that_wait_fire() {
    check(
        "
        bob buys 5 perp at 119000
        ann stop sells 2 perp at market when mark 119500 id 3
        ann fences 4
        ann stop sells 2 perp at market when mark 119500 id 4
        ann stop sells 2 perp at market when mark 119500 id 3
        mark perp 119500
        ",
        expect![[r#"
            > bob buys 5 perp at 119000
            1: placed, 5 at 119000
            1: rests 5 at 119000, shows 5
            > ann stop sells 2 perp at market when mark 119500 id 3
            t1: waits for mark price 119500, with 2
            > ann fences 4
            ann: fenced up to 4
            > ann stop sells 2 perp at market when mark 119500 id 4
            refused 424: client order ids up to 4 are fenced, 4 is one: send a new one
            > ann stop sells 2 perp at market when mark 119500 id 3
            0: is the answer again
            > mark perp 119500
            mark 119500
            t1: fires
            2: placed, 2 at 119000
            2 at 119000: 2 takes from 1 (fees 17, 0; realised 0, 0)
              17 ann to fees: Fee
              bob holds 2, cost -33614
              ann holds -2, cost 33614
            2: filled
        "#]],
    );
}

/// ORD-19: a number is what a number is printed as; every other id is no number.
#[test]
fn ord_19_ids_that_are_no_numbers_are_behind_no_fence() {
    check(
        "
        ann fences 18446744073709551615
        ann buys 1 perp at 119000 id 0
        ann buys 1 perp at 119000 id 18446744073709551615
        ann buys 1 perp at 119000 id 18446744073709551616
        ann buys 1 perp at 119000 id 007
        ann buys 1 perp at 119000 id +7
        ann buys 1 perp at 119000 id 7a
        ",
        expect![[r#"
            > ann fences 18446744073709551615
            ann: fenced up to 18446744073709551615
            > ann buys 1 perp at 119000 id 0
            refused 424: client order ids up to 18446744073709551615 are fenced, 0 is one: send a new one
            > ann buys 1 perp at 119000 id 18446744073709551615
            refused 424: client order ids up to 18446744073709551615 are fenced, 18446744073709551615 is one: send a new one
            > ann buys 1 perp at 119000 id 18446744073709551616
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119000 id 007
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119000 id +7
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119000 id 7a
            4: placed, 1 at 119000
            4: rests 1 at 119000, shows 1
        "#]],
    );
}

#[test]
fn ord_20_a_fence_only_rises_and_a_lower_one_is_no_error() {
    check(
        "
        ann fences 9
        ann fences 5
        ann buys 1 perp at 119000 id 9
        ann fences 9
        ann fences 0
        bob fences 0
        bob buys 1 perp at 119000 id 0
        bob buys 1 perp at 119000 id 1
        ",
        expect![[r#"
            > ann fences 9
            ann: fenced up to 9
            > ann fences 5
            ann: fenced up to 9
            > ann buys 1 perp at 119000 id 9
            refused 424: client order ids up to 9 are fenced, 9 is one: send a new one
            > ann fences 9
            ann: fenced up to 9
            > ann fences 0
            ann: fenced up to 9
            > bob fences 0
            bob: fenced up to 0
            > bob buys 1 perp at 119000 id 0
            refused 424: client order ids up to 0 are fenced, 0 is one: send a new one
            > bob buys 1 perp at 119000 id 1
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
        "#]],
    );
    let mut world = World::btc();
    world.fund(1_000_000);
    world.must(fence(1, 9));
    let root = world.engine.root();
    world.must(fence(1, 5));
    assert_eq!(world.engine.root(), root, "a lower fence changes nothing");
    world.must(fence(1, 10));
    assert_ne!(world.engine.root(), root);
    assert_eq!(
        world.apply(fence(2, 1)),
        [refused(Reject::AccountNotFound { account: AccountId(2) })]
    );
}

fn refused(reject: Reject) -> Event {
    Event::Refused(reject.into())
}

/// ORD-20: also for who is stopped, and where nothing can be traded.
#[test]
fn ord_20_a_fence_goes_up_in_every_state() {
    for state in [MarketState::CancelOnly, MarketState::Halted, MarketState::Open] {
        let mut world = World::btc();
        let account = world.fund(1_000_000);
        if state != MarketState::Open {
            world.must(Command::Halt { scope: Scope::Instrument(PERP), state, until: None });
        }
        world.must(Command::SetKillSwitch { account, on: true });
        let events = world.apply(fence(1, 3));
        assert_eq!(events, [Event::OrdersFenced { account, up_to: 3 }], "{state:?}");
    }
}

/// The fence stands before what could be said of the order, and after who sends it and how late.
#[test]
fn ord_19_a_fenced_order_is_refused_for_its_fence_first() {
    check(
        "
        ann fences 9
        ann buys 1 perp at 119000 id 9 until 1
        ann buys 0 perp at 0 id 9
        stop ann
        ann buys 1 perp at 119000 id 9
        ann buys 1 perp at 119000 id 10
        ",
        expect![[r#"
            > ann fences 9
            ann: fenced up to 9
            > ann buys 1 perp at 119000 id 9 until 1
            refused 101: the command was valid until 1789999999999, the log is at 1790000000000: send it again
            > ann buys 0 perp at 0 id 9
            refused 424: client order ids up to 9 are fenced, 9 is one: send a new one
            > stop ann
            KillSwitchSet { account: AccountId(1), on: true, orders: 0 }
            > ann buys 1 perp at 119000 id 9
            refused 424: client order ids up to 9 are fenced, 9 is one: send a new one
            > ann buys 1 perp at 119000 id 10
            refused 431: account 1 is stopped by its kill switch: it may cancel, and reset the switch
        "#]],
    );
}

#[test]
fn ord_20_a_fence_outlives_the_memory_of_ids_and_a_restart() {
    let mut world = World::btc();
    world.fund(100_000_000);
    world.must(fence(1, 9));
    let mut copy = Engine::from_bytes(&world.engine.to_bytes()).expect("its own bytes");
    assert_eq!(copy.root(), world.engine.root());
    world.engine = copy;
    world.at.0 += 2 * types::limits::CLIENT_ORDER_ID_MS;
    world.must(Command::EndDay);
    world.must(fence(1, 1));
    assert_eq!(world.apply(fence(1, 2)), [Event::OrdersFenced { account: AccountId(1), up_to: 9 }]);
}
