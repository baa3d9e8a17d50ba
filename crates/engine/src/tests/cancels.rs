//! Cancels: by id, by scope, by rule; always in, never someone else's.

use expect_test::{Expect, expect};

use super::story::tell;
use super::world::World;

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), 1_000_000_000, script));
}

/// ORD-15.
#[test]
fn a_cancel_takes_one_order_of_ones_own() {
    check(
        "ann buys 1 perp at 119000
         bob cancels 1
         ann cancels 1
         ann cancels 1
         ann cancels 9",
        expect![[r#"
            > ann buys 1 perp at 119000
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > bob cancels 1
            refused 402: order 1 belongs to another account
            > ann cancels 1
            1: cancelled
            > ann cancels 1
            refused 401: order 1 is not open
            > ann cancels 9
            refused 401: order 18446744073709551615 is not open
        "#]],
    );
}

/// ORD-16.
#[test]
fn a_scope_takes_all_that_is_in_it_oldest_first() {
    check(
        "ann buys 1 perp at 119000 label x
         ann buys 1 call at 45 label x
         ann buys 1 perp at 119001
         ann buys 1 call at 46
         ann cancels label x
         ann cancels options
         ann buys 1 call at 46
         ann cancels perp
         ann cancels all
         ann cancels all",
        expect![[r#"
            > ann buys 1 perp at 119000 label x
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann buys 1 call at 45 label x
            2: placed, 1 at 45
            2: rests 1 at 45, shows 1
            > ann buys 1 perp at 119001
            3: placed, 1 at 119001
            3: rests 1 at 119001, shows 1
            > ann buys 1 call at 46
            4: placed, 1 at 46
            4: rests 1 at 46, shows 1
            > ann cancels label x
            1: cancelled
            2: cancelled
            > ann cancels options
            4: cancelled
            > ann buys 1 call at 46
            5: placed, 1 at 46
            5: rests 1 at 46, shows 1
            > ann cancels perp
            3: cancelled
            > ann cancels all
            5: cancelled
            > ann cancels all
        "#]],
    );
}

/// ORD-17.
#[test]
fn a_dropped_connection_takes_what_came_through_it() {
    check(
        "ann buys 1 perp at 119000 via 7
         ann buys 1 perp at 119000 via 8
         ann buys 1 perp at 119000
         drop 7",
        expect![[r#"
            > ann buys 1 perp at 119000 via 7
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119000 via 8
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119000
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
            > drop 7
            1: cancelled: Disconnected
        "#]],
    );
}

/// ORD-15.
#[test]
fn a_cancel_needs_no_money() {
    check(
        "ann sells 100000 perp at 120000
         bob buys 100000 perp at 120000
         bob buys 1 perp at 119000
         mark perp 80000
         bob buys 1 perp at 79000
         bob cancels 3",
        expect![[r#"
            > ann sells 100000 perp at 120000
            1: placed, 100000 at 120000
            1: rests 100000 at 120000, shows 100000
            > bob buys 100000 perp at 120000
            2: placed, 100000 at 120000
            100000 at 120000: 2 takes from 1 (fees 833334, 0; realised 0, 0)
              833334 bob to fees: Fee
              ann holds -100000, cost 1666666666
              bob holds 100000, cost -1666666666
            1: filled
            2: filled
            > bob buys 1 perp at 119000
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
            > mark perp 80000
            mark 80000
            > bob buys 1 perp at 79000
            4: placed, 1 at 79000
            4: rests 1 at 79000, shows 1
            > bob cancels 3
            3: cancelled
        "#]],
    );
}
