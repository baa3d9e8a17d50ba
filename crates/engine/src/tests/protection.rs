//! Market-maker protection and mass quotes (docs/rules/market-maker-protection.md).

use expect_test::{Expect, expect};

use super::story::tell;
use super::world::World;

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), 1_000_000_000, script));
}

#[test]
fn mmp_1_fills_within_the_window_freeze_the_group_and_the_last_one_counts() {
    check(
        "ann protects 2 window 1000 for 500 base 5
         ann quotes 2 perp 119990 x 12 120010 x 12
         ann buys 1 perp at 119000
         bob sells 12 perp at 119990
         wait 400
         ann quotes 2 perp 119990 x 12 120010 x 12
         bob sells 12 perp at 119990
         wait 500
         ann quotes 2 perp 119990 x 18 120010 x 12
         bob sells 18 perp at 119990
         ann quotes 2 perp 119990 x 12 120010 x 12
         wait 500
         ann quotes 2 perp 119990 x 12 120010 x 12",
        expect![[r#"
            > ann protects 2 window 1000 for 500 base 5
            MmpSet { account: AccountId(1), config: MmpConfig { base: BTC, quote: USD, group: MmpGroup(2), interval_ms: 1000, frozen_ms: 500, quantity_limit_milli: Some(5), delta_limit_milli: None } }
            > ann quotes 2 perp 119990 x 12 120010 x 12
            1: placed, 12 at 119990
            1: rests 12 at 119990, shows 12
            2: placed, 12 at 120010
            2: rests 12 at 120010, shows 12
            > ann buys 1 perp at 119000
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
            > bob sells 12 perp at 119990
            4: placed, 12 at 119990
            12 at 119990: 4 takes from 1 (fees 101, 0; realised 0, 0)
              101 bob to fees: Fee
              ann holds 12, cost -200017
              bob holds -12, cost 200017
            1: filled
            4: filled
            > wait 400
            > ann quotes 2 perp 119990 x 12 120010 x 12
            2: cancelled: Requoted
            5: placed, 12 at 119990
            5: rests 12 at 119990, shows 12
            6: placed, 12 at 120010
            6: rests 12 at 120010, shows 12
            > bob sells 12 perp at 119990
            7: placed, 12 at 119990
            12 at 119990: 7 takes from 5 (fees 101, 0; realised 0, 0)
              101 bob to fees: Fee
              ann holds 24, cost -400034
              bob holds -24, cost 400034
            5: filled
            7: filled
            > wait 500
            > ann quotes 2 perp 119990 x 18 120010 x 12
            6: cancelled: Requoted
            8: placed, 18 at 119990
            8: rests 18 at 119990, shows 18
            9: placed, 12 at 120010
            9: rests 12 at 120010, shows 12
            > bob sells 18 perp at 119990
            10: placed, 18 at 119990
            18 at 119990: 10 takes from 8 (fees 151, 0; realised 0, 0)
              151 bob to fees: Fee
              ann holds 42, cost -700060
              bob holds -42, cost 700060
            ann: group 2 freezes
            8: filled
            9: cancelled: MmpTriggered
            10: filled
            > ann quotes 2 perp 119990 x 12 120010 x 12
            refused 507: quote 0: quotes are frozen by market-maker protection until Some(At(1790000001400)): reset it, or wait
            > wait 500
            > ann quotes 2 perp 119990 x 12 120010 x 12
            11: placed, 12 at 119990
            11: rests 12 at 119990, shows 12
            12: placed, 12 at 120010
            12: rests 12 at 120010, shows 12
        "#]],
    );
}

#[test]
fn mmp_2_fills_that_left_the_window_do_not_count() {
    check(
        "ann protects 2 window 1000 for 0 base 3
         ann quotes 2 perp 119990 x 12 120010 x 12
         bob sells 12 perp at 119990
         wait 1000
         ann quotes 2 perp 119990 x 12 120010 x 12
         bob sells 12 perp at 119990
         ann quotes 2 perp 119990 x 12 120010 x 12
         bob sells 12 perp at 119990
         ann quotes 2 perp 119990 x 12 120010 x 12
         ann resets 2
         ann quotes 2 perp 119990 x 12 120010 x 12",
        expect![[r#"
            > ann protects 2 window 1000 for 0 base 3
            MmpSet { account: AccountId(1), config: MmpConfig { base: BTC, quote: USD, group: MmpGroup(2), interval_ms: 1000, frozen_ms: 0, quantity_limit_milli: Some(3), delta_limit_milli: None } }
            > ann quotes 2 perp 119990 x 12 120010 x 12
            1: placed, 12 at 119990
            1: rests 12 at 119990, shows 12
            2: placed, 12 at 120010
            2: rests 12 at 120010, shows 12
            > bob sells 12 perp at 119990
            3: placed, 12 at 119990
            12 at 119990: 3 takes from 1 (fees 101, 0; realised 0, 0)
              101 bob to fees: Fee
              ann holds 12, cost -200017
              bob holds -12, cost 200017
            1: filled
            3: filled
            > wait 1000
            > ann quotes 2 perp 119990 x 12 120010 x 12
            2: cancelled: Requoted
            4: placed, 12 at 119990
            4: rests 12 at 119990, shows 12
            5: placed, 12 at 120010
            5: rests 12 at 120010, shows 12
            > bob sells 12 perp at 119990
            6: placed, 12 at 119990
            12 at 119990: 6 takes from 4 (fees 101, 0; realised 0, 0)
              101 bob to fees: Fee
              ann holds 24, cost -400034
              bob holds -24, cost 400034
            4: filled
            6: filled
            > ann quotes 2 perp 119990 x 12 120010 x 12
            5: cancelled: Requoted
            7: placed, 12 at 119990
            7: rests 12 at 119990, shows 12
            8: placed, 12 at 120010
            8: rests 12 at 120010, shows 12
            > bob sells 12 perp at 119990
            9: placed, 12 at 119990
            12 at 119990: 9 takes from 7 (fees 101, 0; realised 0, 0)
              101 bob to fees: Fee
              ann holds 36, cost -600051
              bob holds -36, cost 600051
            ann: group 2 freezes
            7: filled
            8: cancelled: MmpTriggered
            9: filled
            > ann quotes 2 perp 119990 x 12 120010 x 12
            refused 507: quote 0: quotes are frozen by market-maker protection until None: reset it, or wait
            > ann resets 2
            MmpReset { account: AccountId(1), index: IndexId(0), group: MmpGroup(2) }
            > ann quotes 2 perp 119990 x 12 120010 x 12
            10: placed, 12 at 119990
            10: rests 12 at 119990, shows 12
            11: placed, 12 at 120010
            11: rests 12 at 120010, shows 12
        "#]],
    );
}

/// MMP-3: the first line; a frozen group is in the tests above.
#[test]
fn mmp_5_a_set_of_quotes_is_taken_whole_or_not_at_all() {
    check(
        "ann quotes 2 perp 119990 x 12 120010 x 12
         ann protects 2 window 1000 for 500 base 5
         ann quotes 2 perp 120010 x 12 120010 x 12
         ann quotes 2 perp 119990 x 12 107000 x 12
         ann quotes 2 perp 119990 x 12 120010 x 12
         ann quotes 2 perp 119991 x 12 120010 x 0",
        expect![[r#"
            > ann quotes 2 perp 119990 x 12 120010 x 12
            refused 507: quote 0: group 2 has no market-maker protection: set it first
            > ann protects 2 window 1000 for 500 base 5
            MmpSet { account: AccountId(1), config: MmpConfig { base: BTC, quote: USD, group: MmpGroup(2), interval_ms: 1000, frozen_ms: 500, quantity_limit_milli: Some(5), delta_limit_milli: None } }
            > ann quotes 2 perp 120010 x 12 120010 x 12
            refused 506: quotes 0 and 1 cross or repeat each other
            > ann quotes 2 perp 119990 x 12 107000 x 12
            refused 506: quotes 0 and 1 cross or repeat each other
            > ann quotes 2 perp 119990 x 12 120010 x 12
            1: placed, 12 at 119990
            1: rests 12 at 119990, shows 12
            2: placed, 12 at 120010
            2: rests 12 at 120010, shows 12
            > ann quotes 2 perp 119991 x 12 120010 x 0
            1: cancelled: Requoted
            2: cancelled: Requoted
            3: placed, 12 at 119991
            3: rests 12 at 119991, shows 12
        "#]],
    );
}

#[test]
fn mmp_4_a_freeze_takes_the_group_away_unless_the_taker_trades_all_or_nothing() {
    check(
        "ann protects 0 window 1000 for 100 base 2
         ann quotes 0 perp 119990 x 18 120010 x 1
         ann buys 5 perp at 119980 mmp
         bob sells 20 perp at 119980
         wait 100
         ann quotes 0 perp 119990 x 18 120010 x 1
         ann buys 5 perp at 119980 mmp
         bob cancels all
         bob sells 20 perp at 119980 fok",
        expect![[r#"
            > ann protects 0 window 1000 for 100 base 2
            MmpSet { account: AccountId(1), config: MmpConfig { base: BTC, quote: USD, group: MmpGroup(0), interval_ms: 1000, frozen_ms: 100, quantity_limit_milli: Some(2), delta_limit_milli: None } }
            > ann quotes 0 perp 119990 x 18 120010 x 1
            1: placed, 18 at 119990
            1: rests 18 at 119990, shows 18
            2: placed, 1 at 120010
            2: rests 1 at 120010, shows 1
            > ann buys 5 perp at 119980 mmp
            3: placed, 5 at 119980
            3: rests 5 at 119980, shows 5
            > bob sells 20 perp at 119980
            4: placed, 20 at 119980
            18 at 119990: 4 takes from 1 (fees 151, 0; realised 0, 0)
              151 bob to fees: Fee
              ann holds 18, cost -300026
              bob holds -18, cost 300026
            ann: group 0 freezes
            1: filled
            2: cancelled: MmpTriggered
            3: cancelled: MmpTriggered
            4: rests 2 at 119980, shows 2
            > wait 100
            > ann quotes 0 perp 119990 x 18 120010 x 1
            5: placed, 18 at 119990
            2 at 119980: 5 takes from 4 (fees 17, 0; realised 0, 0)
              17 ann to fees: Fee
              bob holds -20, cost 333364
              ann holds 20, cost -333364
            4: filled
            5: rests 16 at 119990, shows 16
            6: placed, 1 at 120010
            6: rests 1 at 120010, shows 1
            > ann buys 5 perp at 119980 mmp
            7: placed, 5 at 119980
            7: rests 5 at 119980, shows 5
            > bob cancels all
            > bob sells 20 perp at 119980 fok
            8: placed, 20 at 119980
            16 at 119990: 8 takes from 5 (fees 134, 0; realised 0, 0)
              134 bob to fees: Fee
              ann holds 36, cost -600053
              bob holds -36, cost 600053
            ann: group 0 freezes
            5: filled
            4 at 119980: 8 takes from 7 (fees 34, 0; realised 0, 0)
              34 bob to fees: Fee
              ann holds 40, cost -666731
              bob holds -40, cost 666731
            6: cancelled: MmpTriggered
            7: cancelled: MmpTriggered
            8: filled
        "#]],
    );
}
