//! Money: fees, realised profit, premiums, margin, withdrawals (docs/rules/{fees,margin,money}.md).

use expect_test::{Expect, expect};

use super::story::tell;
use super::world::World;

fn check(funds: i64, script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), funds, script));
}

/// venue.md §2.7: 100 000 USD from 60 000; to 66 000 +0.15152 BTC, to 54 000 -0.18519 BTC.
#[test]
fn sum_3_an_inverse_position_realises_what_the_formula_says() {
    check(
        1_000_000_000,
        "ann sells 10000 perp at 120000
         bob buys 10000 perp at 120000
         cat buys 10000 perp at 132000
         bob sells 10000 perp at 132000
         mark perp 108000
         ann buys 10000 perp at 108000
         dan sells 10000 perp at 108000",
        expect![[r#"
            > ann sells 10000 perp at 120000
            1: placed, 10000 at 120000
            1: rests 10000 at 120000, shows 10000
            > bob buys 10000 perp at 120000
            2: placed, 10000 at 120000
            10000 at 120000: 2 takes from 1 (fees 83334, 0; realised 0, 0)
              83334 bob to fees: Fee
              ann holds -10000, cost 166666666
              bob holds 10000, cost -166666666
            1: filled
            2: filled
            > cat buys 10000 perp at 132000
            3: placed, 10000 at 132000
            3: rests 10000 at 132000, shows 10000
            > bob sells 10000 perp at 132000
            4: placed, 10000 at 132000
            10000 at 132000: 4 takes from 3 (fees 75758, 0; realised 15151514, 0)
              15151514 clearing to bob: Realised
              75758 bob to fees: Fee
              cat holds 10000, cost -151515152
              bob holds 0, cost 0
            3: filled
            4: filled
            > mark perp 108000
            mark 108000
            > ann buys 10000 perp at 108000
            5: placed, 10000 at 108000
            5: rests 10000 at 108000, shows 10000
            > dan sells 10000 perp at 108000
            6: placed, 10000 at 108000
            10000 at 108000: 6 takes from 5 (fees 92593, 0; realised 0, 18518520)
              18518520 clearing to ann: Realised
              92593 dan to fees: Fee
              ann holds 0, cost 0
              dan holds -10000, cost 185185186
            5: filled
            6: filled
        "#]],
    );
}

#[test]
fn sum_3_a_position_that_is_closed_in_parts_and_turned_realises_to_the_atom() {
    check(
        1_000_000_000,
        "ann sells 7 perp at 120000
         bob buys 3 perp at 120000
         bob buys 4 perp at 120000
         bob sells 10 perp at 120001
         cat buys 2 perp at 120001
         cat buys 8 perp at 120001",
        expect![[r#"
            > ann sells 7 perp at 120000
            1: placed, 7 at 120000
            1: rests 7 at 120000, shows 7
            > bob buys 3 perp at 120000
            2: placed, 3 at 120000
            3 at 120000: 2 takes from 1 (fees 25, 0; realised 0, 0)
              25 bob to fees: Fee
              ann holds -3, cost 50000
              bob holds 3, cost -50000
            2: filled
            > bob buys 4 perp at 120000
            3: placed, 4 at 120000
            4 at 120000: 3 takes from 1 (fees 34, 0; realised 0, 0)
              34 bob to fees: Fee
              ann holds -7, cost 116666
              bob holds 7, cost -116666
            1: filled
            3: filled
            > bob sells 10 perp at 120001
            4: placed, 10 at 120001
            4: rests 10 at 120001, shows 10
            > cat buys 2 perp at 120001
            5: placed, 2 at 120001
            2 at 120001: 5 takes from 4 (fees 17, 0; realised 0, 0)
              17 cat to fees: Fee
              bob holds 5, cost -83333
              cat holds 2, cost -33333
            5: filled
            > cat buys 8 perp at 120001
            6: placed, 8 at 120001
            8 at 120001: 6 takes from 4 (fees 67, 0; realised 0, 0)
              67 cat to fees: Fee
              bob holds -3, cost 49999
              cat holds 10, cost -166665
            4: filled
            6: filled
        "#]],
    );
}

/// FEE-1: half a thousandth of 60 000 and of 63 000 dollars.
#[test]
fn a_linear_position_realises_the_difference() {
    let told = tell(
        World::usdc(),
        1_000_000_000_000,
        "ann sells 1000 perp at 120000
         bob buys 1000 perp at 120000
         cat buys 1000 perp at 126000
         bob sells 1000 perp at 126000",
    );
    expect![[r#"
        > ann sells 1000 perp at 120000
        1: placed, 1000 at 120000
        1: rests 1000 at 120000, shows 1000
        > bob buys 1000 perp at 120000
        2: placed, 1000 at 120000
        1000 at 120000: 2 takes from 1 (fees 30000000, 0; realised 0, 0)
          30000000 bob to fees: Fee
          ann holds -1000, cost -60000000000
          bob holds 1000, cost 60000000000
        1: filled
        2: filled
        > cat buys 1000 perp at 126000
        3: placed, 1000 at 126000
        3: rests 1000 at 126000, shows 1000
        > bob sells 1000 perp at 126000
        4: placed, 1000 at 126000
        1000 at 126000: 4 takes from 3 (fees 31500000, 0; realised 3000000000, 0)
          3000000000 clearing to bob: Realised
          31500000 bob to fees: Fee
          cat holds 1000, cost 63000000000
          bob holds 0, cost 0
        3: filled
        4: filled
    "#]]
    .assert_eq(&told);
}

#[test]
fn fee_2_an_option_costs_its_premium_and_a_capped_fee() {
    check(
        1_000_000_000,
        "ann sells 10 call at 500
         bob buys 10 call at 500
         cat sells 10 call at 5
         dan buys 10 call at 5",
        expect![[r#"
            > ann sells 10 call at 500
            1: placed, 10 at 500
            1: rests 10 at 500, shows 10
            > bob buys 10 call at 500
            2: placed, 10 at 500
            10 at 500: 2 takes from 1 (fees 30000, 30000; realised 0, 0)
              5000000 bob to ann: Premium
              30000 ann to fees: Fee
              30000 bob to fees: Fee
              ann holds -10, cost -5000000
              bob holds 10, cost 5000000
            1: filled
            2: filled
            > cat sells 10 call at 5
            3: placed, 10 at 5
            3: rests 10 at 5, shows 10
            > dan buys 10 call at 5
            4: placed, 10 at 5
            10 at 5: 4 takes from 3 (fees 6250, 6250; realised 0, 0)
              50000 dan to cat: Premium
              6250 cat to fees: Fee
              6250 dan to fees: Fee
              cat holds -10, cost -50000
              dan holds 10, cost 50000
            3: filled
            4: filled
        "#]],
    );
}

/// MAR-1, MAR-3: what is free after the first line. MAR-4: the two options. SUM-4: what is taken.
#[test]
fn mar_2_an_order_needs_its_margin_and_says_what_is_missing() {
    check(
        1_000_000,
        "ann buys 2000 perp at 120000
         ann buys 1000 perp at 120000
         ann buys 2000 perp at 119000
         bob sells 1 call at 500
         bob buys 1 call at 500
         ann takes 800000
         ann takes 1
         ann pays bob 1",
        expect![[r#"
            > ann buys 2000 perp at 120000
            1: placed, 2000 at 120000
            1: rests 2000 at 120000, shows 2000
            > ann buys 1000 perp at 120000
            refused 601: needs 341669 of margin, 316664 is free: deposit 25005 or send less
            > ann buys 2000 perp at 119000
            refused 601: needs 683476 of margin, 316664 is free: deposit 366812 or send less
            > bob sells 1 call at 500
            refused 601: needs 2000000 of margin, 1000000 is free: deposit 1000000 or send less
            > bob buys 1 call at 500
            2: placed, 1 at 500
            2: rests 1 at 500, shows 1
            > ann takes 800000
            refused 602: 800000 is asked for, 316664 is free
            > ann takes 1
              1 ann to outside: Withdrawal
            > ann pays bob 1
            refused 105: accounts 1 and 2 are not of one main account
        "#]],
    );
}

#[test]
fn mar_5_a_reduce_only_order_near_the_mark_needs_nothing() {
    check(
        2_000_000,
        "ann sells 5000 perp at 120000
         bob buys 5000 perp at 120000
         mark perp 117000
         bob sells 6000 perp at 117500
         bob sells 5000 perp at 117500 reduce",
        expect![[r#"
            > ann sells 5000 perp at 120000
            1: placed, 5000 at 120000
            1: rests 5000 at 120000, shows 5000
            > bob buys 5000 perp at 120000
            2: placed, 5000 at 120000
            5000 at 120000: 2 takes from 1 (fees 41667, 0; realised 0, 0)
              41667 bob to fees: Fee
              ann holds -5000, cost 83333333
              bob holds 5000, cost -83333333
            1: filled
            2: filled
            > mark perp 117000
            mark 117000
            > bob sells 6000 perp at 117500
            refused 601: needs 51285 of margin, -1887821 is free: deposit 1939106 or send less
            > bob sells 5000 perp at 117500 reduce
            3: placed, 5000 at 117500
            3: rests 5000 at 117500, shows 5000
        "#]],
    );
}

/// What a position releases when it is closed is not there to pay for it where other orders still
/// need it.
#[test]
fn mar_5_what_closes_is_paid_although_other_orders_need_what_it_releases() {
    check(
        2_000_000,
        "upgrade 2
         upgrade 3
         bob sells 4500 perp at 120000
         ann buys 4500 perp at 120000
         ann sells 4500 perp at 121000
         dan buys 4500 perp at 118000
         ann sells 4500 perp at 118000 reduce
         ann cancels 3
         ann sells 4500 perp at 118000 reduce",
        expect![[r#"
            > upgrade 2
            goes by version 2
            > upgrade 3
            goes by version 3
            > bob sells 4500 perp at 120000
            1: placed, 4500 at 120000
            1: rests 4500 at 120000, shows 4500
            > ann buys 4500 perp at 120000
            2: placed, 4500 at 120000
            4500 at 120000: 2 takes from 1 (fees 37500, 0; realised 0, 0)
              37500 ann to fees: Fee
              bob holds -4500, cost 75000000
              ann holds 4500, cost -75000000
            1: filled
            2: filled
            > ann sells 4500 perp at 121000
            3: placed, 4500 at 121000
            3: rests 4500 at 121000, shows 4500
            > dan buys 4500 perp at 118000
            4: placed, 4500 at 118000
            4: rests 4500 at 118000, shows 4500
            > ann sells 4500 perp at 118000 reduce
            refused 601: needs 1500000 of margin, 424998 is free: deposit 1075002 or send less
            > ann cancels 3
            3: cancelled
            > ann sells 4500 perp at 118000 reduce
            5: placed, 4500 at 118000
            4500 at 118000: 5 takes from 4 (fees 38136, 0; realised -1271187, 0)
              1271187 ann to clearing: Realised
              38136 ann to fees: Fee
              dan holds 4500, cost -76271187
              ann holds 0, cost 0
            4: filled
            5: filled
        "#]],
    );
}

/// So it was until version 2 of the rules: the last order but one leaves too little for the first.
#[test]
fn mar_5_by_version_2_what_closes_is_paid_by_what_it_releases() {
    check(
        2_000_000,
        "upgrade 2
         bob sells 4500 perp at 120000
         ann buys 4500 perp at 120000
         ann sells 4500 perp at 121000
         dan buys 4500 perp at 118000
         ann sells 4500 perp at 118000 reduce
         ann cancels 3
         ann sells 4500 perp at 118000 reduce",
        expect![[r#"
            > upgrade 2
            goes by version 2
            > bob sells 4500 perp at 120000
            1: placed, 4500 at 120000
            1: rests 4500 at 120000, shows 4500
            > ann buys 4500 perp at 120000
            2: placed, 4500 at 120000
            4500 at 120000: 2 takes from 1 (fees 37500, 0; realised 0, 0)
              37500 ann to fees: Fee
              bob holds -4500, cost 75000000
              ann holds 4500, cost -75000000
            1: filled
            2: filled
            > ann sells 4500 perp at 121000
            3: placed, 4500 at 121000
            3: rests 4500 at 121000, shows 4500
            > dan buys 4500 perp at 118000
            4: placed, 4500 at 118000
            4: rests 4500 at 118000, shows 4500
            > ann sells 4500 perp at 118000 reduce
            5: placed, 4500 at 118000
            4500 at 118000: 5 takes from 4 (fees 38136, 0; realised -1271187, 0)
              1271187 ann to clearing: Realised
              38136 ann to fees: Fee
              dan holds 4500, cost -76271187
              ann holds 0, cost 0
            4: filled
            5: filled
            > ann cancels 3
            3: cancelled
            > ann sells 4500 perp at 118000 reduce
            refused 412: the position is 0 lots: a reduce-only order on this side would not reduce it
        "#]],
    );
}

/// What accounts need is counted anew with the entry that changes the rule.
#[test]
fn mar_5_what_stands_counts_by_the_new_rule_from_its_upgrade_on() {
    check(
        4_000_000,
        "upgrade 2
         bob sells 4500 perp at 120000
         ann buys 4500 perp at 120000
         ann sells 4500 perp at 121000
         ann sells 4500 perp at 122000 reduce
         upgrade 3
         ann buys 4000 perp at 119000
         ann cancels 3
         ann buys 4000 perp at 119000",
        expect![[r#"
            > upgrade 2
            goes by version 2
            > bob sells 4500 perp at 120000
            1: placed, 4500 at 120000
            1: rests 4500 at 120000, shows 4500
            > ann buys 4500 perp at 120000
            2: placed, 4500 at 120000
            4500 at 120000: 2 takes from 1 (fees 37500, 0; realised 0, 0)
              37500 ann to fees: Fee
              bob holds -4500, cost 75000000
              ann holds 4500, cost -75000000
            1: filled
            2: filled
            > ann sells 4500 perp at 121000
            3: placed, 4500 at 121000
            3: rests 4500 at 121000, shows 4500
            > ann sells 4500 perp at 122000 reduce
            4: placed, 4500 at 122000
            4: rests 4500 at 122000, shows 4500
            > upgrade 3
            goes by version 3
            > ann buys 4000 perp at 119000
            5: placed, 4000 at 119000
            5: rests 4000 at 119000, shows 4000
            > ann cancels 3
            3: cancelled
            > ann buys 4000 perp at 119000
            refused 601: needs 1366949 of margin, 1095550 is free: deposit 271399 or send less
        "#]],
    );
}

#[test]
fn mar_5_a_reduce_only_order_far_from_the_mark_needs_what_it_may_lose() {
    check(
        2_000_000,
        "bob sells 4500 perp at 120000
         ann buys 4500 perp at 120000
         cat buys 4500 perp at 108000
         ann sells 4500 perp at 108000 reduce
         ann closes perp
         dan buys 4500 perp at 119990
         mark perp 119000
         ann buys 1 perp at 119000
         ann closes perp",
        expect![[r#"
            > bob sells 4500 perp at 120000
            1: placed, 4500 at 120000
            1: rests 4500 at 120000, shows 4500
            > ann buys 4500 perp at 120000
            2: placed, 4500 at 120000
            4500 at 120000: 2 takes from 1 (fees 37500, 0; realised 0, 0)
              37500 ann to fees: Fee
              bob holds -4500, cost 75000000
              ann holds 4500, cost -75000000
            1: filled
            2: filled
            > cat buys 4500 perp at 108000
            3: placed, 4500 at 108000
            3: rests 4500 at 108000, shows 4500
            > ann sells 4500 perp at 108000 reduce
            refused 601: needs 6875003 of margin, 462500 is free: deposit 6412503 or send less
            > ann closes perp
            refused 601: needs 6875003 of margin, 462500 is free: deposit 6412503 or send less
            > dan buys 4500 perp at 119990
            4: placed, 4500 at 119990
            4: rests 4500 at 119990, shows 4500
            > mark perp 119000
            mark 119000
            > ann buys 1 perp at 119000
            refused 601: needs 347 of margin, -180358 is free: deposit 180705 or send less
            > ann closes perp
            5: placed, 4500 at 119990
            4500 at 119990: 5 takes from 4 (fees 37504, 0; realised -6251, 0)
              6251 ann to clearing: Realised
              37504 ann to fees: Fee
              dan holds 4500, cost -75006251
              ann holds 0, cost 0
            4: filled
            5: filled
        "#]],
    );
}

#[test]
fn ord_18_a_market_order_needs_the_margin_of_the_prices_that_it_reaches() {
    check(
        1_000_000,
        "bob sells 100 perp at 120010
         cat sells 100 perp at 131000
         ann buys 2500 perp at market
         ann buys 100 perp at market
         ann buys 2000 perp at market",
        expect![[r#"
            > bob sells 100 perp at 120010
            1: placed, 100 at 120010
            1: rests 100 at 120010, shows 100
            > cat sells 100 perp at 131000
            2: placed, 100 at 131000
            2: rests 100 at 131000, shows 100
            > ann buys 2500 perp at market
            refused 601: needs 4352898 of margin, 1000000 is free: deposit 3352898 or send less
            > ann buys 100 perp at market
            3: placed, 100 at 120010
            100 at 120010: 3 takes from 1 (fees 834, 0; realised 0, 0)
              834 ann to fees: Fee
              bob holds -100, cost 1666527
              ann holds 100, cost -1666527
            1: filled
            3: filled
            > ann buys 2000 perp at market
            refused 601: needs 3482317 of margin, 965693 is free: deposit 2516624 or send less
        "#]],
    );
}
