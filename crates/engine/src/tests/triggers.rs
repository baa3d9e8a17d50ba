//! Trigger orders, as stories (docs/rules/triggers.md).

use std::string::String;
use std::vec::Vec;

use expect_test::{Expect, expect};
use types::codec::Codec;
use types::{
    Command, Event, IndexPrice, Lots, OrderId, OrderKind, PlaceOrder, PlaceTrigger, Reject, Side,
    Ticks, TriggerId, TriggerKind, TriggerLevel,
};

use super::priced::{ANN, BOB, PERPETUAL, Priced};
use super::story::tell;
use super::trigger_twin::Twin;
use super::world::{CALL, PERP, World};
use crate::Engine;

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), 100_000_000, script));
}

#[test]
fn trg_1_a_stop_fires_where_the_price_turns_against_it_and_a_take_the_other_way() {
    check(
        "
        bob buys 50 perp at 119000
        bob sells 50 perp at 121000
        ann stop sells 2 perp at market when mark 119500
        ann stop buys 3 perp at market when mark 120500
        ann take sells 4 perp at 121500 when mark 120500
        ann take buys 5 perp at 118500 when mark 119500
        mark perp 119501
        mark perp 120499
        mark perp 119500
        mark perp 120500
        ",
        expect![[r#"
            > bob buys 50 perp at 119000
            1: placed, 50 at 119000
            1: rests 50 at 119000, shows 50
            > bob sells 50 perp at 121000
            2: placed, 50 at 121000
            2: rests 50 at 121000, shows 50
            > ann stop sells 2 perp at market when mark 119500
            t1: waits for mark price 119500, with 2
            > ann stop buys 3 perp at market when mark 120500
            t2: waits for mark price 120500, with 3
            > ann take sells 4 perp at 121500 when mark 120500
            t3: waits for mark price 120500, with 4
            > ann take buys 5 perp at 118500 when mark 119500
            t4: waits for mark price 119500, with 5
            > mark perp 119501
            mark 119501
            > mark perp 120499
            mark 120499
            > mark perp 119500
            mark 119500
            t1: fires
            3: placed, 2 at 119000
            2 at 119000: 3 takes from 1 (fees 17, 0; realised 0, 0)
              17 ann to fees: Fee
              bob holds 2, cost -33614
              ann holds -2, cost 33614
            3: filled
            t4: fires
            4: placed, 5 at 118500
            4: rests 5 at 118500, shows 5
            > mark perp 120500
            mark 120500
            t2: fires
            5: placed, 3 at 121000
            3 at 121000: 5 takes from 2 (fees 25, 0; realised -557, 556)
              556 clearing to bob: Realised
              557 ann to clearing: Realised
              25 ann to fees: Fee
              bob holds -1, cost 16528
              ann holds 1, cost -16529
            5: filled
            t3: fires
            6: placed, 4 at 121500
            6: rests 4 at 121500, shows 4
        "#]],
    );
}

#[test]
fn trg_1_each_source_has_its_own_price() {
    check(
        "
        bob sells 5 perp at 120100
        cat buys 5 perp at 119900
        ann stop sells 1 perp at market when last 119900
        ann stop sells 2 perp at market when index 59900
        dan sells 1 perp at 119900
        index 59950
        index 59899
        ",
        expect![[r#"
            > bob sells 5 perp at 120100
            1: placed, 5 at 120100
            1: rests 5 at 120100, shows 5
            > cat buys 5 perp at 119900
            2: placed, 5 at 119900
            2: rests 5 at 119900, shows 5
            > ann stop sells 1 perp at market when last 119900
            t1: waits for last price 119900, with 1
            > ann stop sells 2 perp at market when index 59900
            t2: waits for index price 59900, with 2
            > dan sells 1 perp at 119900
            3: placed, 1 at 119900
            1 at 119900: 3 takes from 2 (fees 9, 0; realised 0, 0)
              9 dan to fees: Fee
              cat holds 1, cost -16681
              dan holds -1, cost 16681
            3: filled
            t1: fires
            4: placed, 1 at 119900
            1 at 119900: 4 takes from 2 (fees 9, 0; realised 0, 0)
              9 ann to fees: Fee
              cat holds 2, cost -33362
              ann holds -1, cost 16681
            4: filled
            > index 59950
            index 59950
            > index 59899
            index 59899
            t2: fires
            5: placed, 2 at 119900
            2 at 119900: 5 takes from 2 (fees 17, 0; realised 0, 0)
              17 ann to fees: Fee
              cat holds 4, cost -66724
              ann holds -3, cost 50043
            5: filled
        "#]],
    );
}

#[test]
fn trg_1_a_price_that_jumps_over_a_trigger_fires_it() {
    check(
        "
        bob buys 50 perp at 112000
        ann stop sells 2 perp at market when mark 119500
        ann stop sells 2 perp at 119400 when mark 119400
        mark perp 115000
        ",
        expect![[r#"
            > bob buys 50 perp at 112000
            1: placed, 50 at 112000
            1: rests 50 at 112000, shows 50
            > ann stop sells 2 perp at market when mark 119500
            t1: waits for mark price 119500, with 2
            > ann stop sells 2 perp at 119400 when mark 119400
            t2: waits for mark price 119400, with 2
            > mark perp 115000
            mark 115000
            t1: fires
            2: placed, 2 at 112000
            2 at 112000: 2 takes from 1 (fees 18, 0; realised 0, 0)
              18 ann to fees: Fee
              bob holds 2, cost -35715
              ann holds -2, cost 35715
            2: filled
            t2: fires
            3: placed, 2 at 119400
            3: rests 2 at 119400, shows 2
        "#]],
    );
}

#[test]
fn trg_2_what_is_there_already_or_contradicts_itself_is_refused() {
    check(
        "
        ann stop sells 2 perp at market when mark 120000
        ann stop sells 2 perp at market when mark 120001
        ann stop buys 2 perp at market when index 60000
        ann take sells 2 perp at market when index 59999
        ann stop sells 2 perp at market when last 150000
        ann stop sells 0 perp at market when mark 119000
        ann stop sells 2 perp at 20000000 when mark 119000
        ann stop sells 2 perp at market post when mark 119000
        ann stop sells 2 perp at market until 1 when mark 119000
        ann stop sells 2 call at 51 when mark 119000
        ",
        expect![[r#"
            > ann stop sells 2 perp at market when mark 120000
            refused 421: the mark price 120000 has reached mark price 120000 already: choose a price beyond it, or place an order
            > ann stop sells 2 perp at market when mark 120001
            refused 421: the mark price 120000 has reached mark price 120001 already: choose a price beyond it, or place an order
            > ann stop buys 2 perp at market when index 60000
            refused 421: the index price 6000000000000 has reached index price 6000000000000 already: choose a price beyond it, or place an order
            > ann take sells 2 perp at market when index 59999
            refused 421: the index price 6000000000000 has reached index price 5999900000000 already: choose a price beyond it, or place an order
            > ann stop sells 2 perp at market when last 150000
            t1: waits for last price 150000, with 2
            > ann stop sells 0 perp at market when mark 119000
            refused 404: size is 0 lots: send between 1 and 1000000
            > ann stop sells 2 perp at 20000000 when mark 119000
            refused 405: price is 20000000 ticks: send between 1 and 16777215
            > ann stop sells 2 perp at market post when mark 119000
            refused 403: the order contradicts itself: post-only needs a limit order
            > ann stop sells 2 perp at market until 1 when mark 119000
            refused 101: the command was valid until 1789999999999, the log is at 1790000000000: send it again
            > ann stop sells 2 call at 51 when mark 119000
            refused 406: price 51 is between ticks: send 50 or 55
        "#]],
    );
}

#[test]
fn trg_3_a_trigger_stands_where_its_source_can_get() {
    check(
        "
        ann stop sells 2 perp at market when mark 0
        ann stop buys 2 perp at market when mark 16777216
        ann trail sells 2 perp at market when mark 120000
        ann trail sells 2 perp at market when mark 119999
        ann trail buys 2 perp at market when mark 16657216
        ann trail buys 2 perp at market when mark 0
        ann trail sells 2 perp at market when last 100
        ",
        expect![[r#"
            > ann stop sells 2 perp at market when mark 0
            refused 422: the trigger stands at mark price 0: send between 1 and 16777215
            > ann stop buys 2 perp at market when mark 16777216
            refused 422: the trigger stands at mark price 16777216: send between 1 and 16777215
            > ann trail sells 2 perp at market when mark 120000
            refused 422: the trigger stands at mark price 120000: send between 1 and 119999
            > ann trail sells 2 perp at market when mark 119999
            t1: waits for mark price 1, 119999 behind mark price 120000, with 2
            > ann trail buys 2 perp at market when mark 16657216
            refused 422: the trigger stands at mark price 16657216: send between 1 and 16657215
            > ann trail buys 2 perp at market when mark 0
            refused 422: the trigger stands at mark price 0: send between 1 and 16657215
            > ann trail sells 2 perp at market when last 100
            refused 423: the trigger contradicts itself: there is no price to stay behind yet: wait for the first one, or place a stop
        "#]],
    );
}

#[test]
fn trg_5_a_trailing_stop_follows_the_price_up_and_never_down() {
    check(
        "
        bob buys 50 perp at 119000
        ann trail sells 2 perp at market when mark 500
        mark perp 120200
        ann trail sells 3 perp at market when mark 500
        mark perp 119900
        ann trail sells 4 perp at market when mark 100
        mark perp 120100
        mark perp 120200
        mark perp 120100
        mark perp 119700
        ",
        expect![[r#"
            > bob buys 50 perp at 119000
            1: placed, 50 at 119000
            1: rests 50 at 119000, shows 50
            > ann trail sells 2 perp at market when mark 500
            t1: waits for mark price 119500, 500 behind mark price 120000, with 2
            > mark perp 120200
            mark 120200
            trails of Asks follow to mark price 120200
            > ann trail sells 3 perp at market when mark 500
            t2: waits for mark price 119700, 500 behind mark price 120200, with 3
            > mark perp 119900
            mark 119900
            > ann trail sells 4 perp at market when mark 100
            t3: waits for mark price 119800, 100 behind mark price 119900, with 4
            > mark perp 120100
            mark 120100
            trails of Asks follow to mark price 120100
            > mark perp 120200
            mark 120200
            trails of Asks follow to mark price 120200
            > mark perp 120100
            mark 120100
            t3: fires
            2: placed, 4 at 119000
            4 at 119000: 2 takes from 1 (fees 34, 0; realised 0, 0)
              34 ann to fees: Fee
              bob holds 4, cost -67227
              ann holds -4, cost 67227
            2: filled
            > mark perp 119700
            mark 119700
            t1: fires
            3: placed, 2 at 119000
            2 at 119000: 3 takes from 1 (fees 17, 0; realised 0, 0)
              17 ann to fees: Fee
              bob holds 6, cost -100841
              ann holds -6, cost 100841
            3: filled
            t2: fires
            4: placed, 3 at 119000
            3 at 119000: 4 takes from 1 (fees 26, 0; realised 0, 0)
              26 ann to fees: Fee
              bob holds 9, cost -151262
              ann holds -9, cost 151262
            4: filled
        "#]],
    );
}

#[test]
fn trg_5_a_trailing_stop_to_buy_follows_the_price_down() {
    check(
        "
        bob sells 50 perp at 120500
        ann trail buys 2 perp at market when index 500
        index 59800
        index 60200
        index 60301
        ",
        expect![[r#"
            > bob sells 50 perp at 120500
            1: placed, 50 at 120500
            1: rests 50 at 120500, shows 50
            > ann trail buys 2 perp at market when index 500
            t1: waits for index price 60500, 50000000000 behind index price 6000000000000, with 2
            > index 59800
            index 59800
            trails of Bids follow to index price 59800
            > index 60200
            index 60200
            > index 60301
            index 60301
            t1: fires
            2: placed, 2 at 120500
            2 at 120500: 2 takes from 1 (fees 17, 0; realised 0, 0)
              17 ann to fees: Fee
              bob holds -2, cost 33195
              ann holds 2, cost -33195
            2: filled
        "#]],
    );
}

#[test]
fn trg_5_a_new_distance_keeps_the_best_price() {
    check(
        "
        bob buys 50 perp at 119000
        ann trail sells 2 perp at market when mark 500
        mark perp 120300
        mark perp 120000
        ann amends t1 when mark 300
        ann amends t1 when mark 301
        mark perp 119999
        ",
        expect![[r#"
            > bob buys 50 perp at 119000
            1: placed, 50 at 119000
            1: rests 50 at 119000, shows 50
            > ann trail sells 2 perp at market when mark 500
            t1: waits for mark price 119500, 500 behind mark price 120000, with 2
            > mark perp 120300
            mark 120300
            trails of Asks follow to mark price 120300
            > mark perp 120000
            mark 120000
            > ann amends t1 when mark 300
            refused 421: the mark price 120000 has reached mark price 120000 already: choose a price beyond it, or place an order
            > ann amends t1 when mark 301
            t1: waits now for mark price 119999, 301 behind mark price 120300, with 2
            > mark perp 119999
            mark 119999
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

#[test]
fn trg_6_what_the_price_reached_first_fires_first_and_makes_others_fire() {
    check(
        "
        bob buys 1 perp at 119990
        bob buys 1 perp at 119980
        bob buys 9 perp at 119970
        ann stop sells 1 perp at market when last 119980
        ann stop sells 1 perp at market when last 119985
        cat stop sells 1 perp at market when last 119985
        cat stop buys 1 perp at 119960 when mark 120010
        dan sells 1 perp at 119990
        mark perp 120010
        dan sells 1 perp at 119980
        ",
        expect![[r#"
            > bob buys 1 perp at 119990
            1: placed, 1 at 119990
            1: rests 1 at 119990, shows 1
            > bob buys 1 perp at 119980
            2: placed, 1 at 119980
            2: rests 1 at 119980, shows 1
            > bob buys 9 perp at 119970
            3: placed, 9 at 119970
            3: rests 9 at 119970, shows 9
            > ann stop sells 1 perp at market when last 119980
            t1: waits for last price 119980, with 1
            > ann stop sells 1 perp at market when last 119985
            t2: waits for last price 119985, with 1
            > cat stop sells 1 perp at market when last 119985
            t3: waits for last price 119985, with 1
            > cat stop buys 1 perp at 119960 when mark 120010
            t4: waits for mark price 120010, with 1
            > dan sells 1 perp at 119990
            4: placed, 1 at 119990
            1 at 119990: 4 takes from 1 (fees 9, 0; realised 0, 0)
              9 dan to fees: Fee
              bob holds 1, cost -16669
              dan holds -1, cost 16669
            1: filled
            4: filled
            > mark perp 120010
            mark 120010
            t4: fires
            5: placed, 1 at 119960
            5: rests 1 at 119960, shows 1
            > dan sells 1 perp at 119980
            6: placed, 1 at 119980
            1 at 119980: 6 takes from 2 (fees 9, 0; realised 0, 0)
              9 dan to fees: Fee
              bob holds 2, cost -33339
              dan holds -2, cost 33339
            2: filled
            6: filled
            t2: fires
            7: placed, 1 at 119970
            1 at 119970: 7 takes from 3 (fees 9, 0; realised 0, 0)
              9 ann to fees: Fee
              bob holds 3, cost -50010
              ann holds -1, cost 16671
            7: filled
            t3: fires
            8: placed, 1 at 119970
            1 at 119970: 8 takes from 3 (fees 9, 0; realised 0, 0)
              9 cat to fees: Fee
              bob holds 4, cost -66681
              cat holds -1, cost 16671
            8: filled
            t1: fires
            9: placed, 1 at 119970
            1 at 119970: 9 takes from 3 (fees 9, 0; realised 0, 0)
              9 ann to fees: Fee
              bob holds 5, cost -83352
              ann holds -2, cost 33342
            9: filled
        "#]],
    );
}

#[test]
fn trg_7_nothing_fires_in_an_instrument_that_is_over() {
    check(
        "
        ann stop sells 2 call at 400 when mark 450
        ann stop sells 2 perp at 119000 when mark 119500
        wait 8185600000
        mark call 400
        ann stop sells 2 call at 400 when mark 350
        mark perp 119400
        ",
        expect![[r#"
            > ann stop sells 2 call at 400 when mark 450
            t1: waits for mark price 450, with 2
            > ann stop sells 2 perp at 119000 when mark 119500
            t2: waits for mark price 119500, with 2
            > wait 8185600000
            > mark call 400
            mark 400
            > ann stop sells 2 call at 400 when mark 350
            refused 205: instrument 1 expired at 1798185600000
            > mark perp 119400
            mark 119400
            t2: fires
            1: placed, 2 at 119000
            1: rests 2 at 119000, shows 2
        "#]],
    );
}

#[test]
fn trg_8_an_order_that_is_refused_says_so_with_its_code() {
    check(
        "
        ann stop sells 9 perp at market reduce when mark 119500
        ann stop sells 900000 perp at 119500 when mark 119500
        ann stop sells 1 perp at 119500 post when mark 119500
        bob buys 1 perp at 119500
        mark perp 119400
        ",
        expect![[r#"
            > ann stop sells 9 perp at market reduce when mark 119500
            t1: waits for mark price 119500, with 9
            > ann stop sells 900000 perp at 119500 when mark 119500
            t2: waits for mark price 119500, with 900000
            > ann stop sells 1 perp at 119500 post when mark 119500
            t3: waits for mark price 119500, with 1
            > bob buys 1 perp at 119500
            1: placed, 1 at 119500
            1: rests 1 at 119500, shows 1
            > mark perp 119400
            mark 119400
            t1: fires, refused 412: the position is 0 lots: a reduce-only order on this side would not reduce it
            t2: fires, refused 601: needs 309045229 of margin, 100000000 is free: deposit 209045229 or send less
            t3: fires, refused 413: post-only would trade at 119500: price at 119501 or leave post-only out
        "#]],
    );
}

#[test]
fn trg_9_triggers_end_with_their_day_and_their_connection() {
    check(
        "
        ann stop sells 1 perp at 119500 day when mark 119500
        ann stop sells 2 perp at 119500 via 7 when mark 119500
        ann trail sells 3 perp at 119500 day when mark 100
        drop 8
        drop 7
        wait 86400000
        end day
        ",
        expect![[r#"
            > ann stop sells 1 perp at 119500 day when mark 119500
            t1: waits for mark price 119500, with 1
            > ann stop sells 2 perp at 119500 via 7 when mark 119500
            t2: waits for mark price 119500, with 2
            > ann trail sells 3 perp at 119500 day when mark 100
            t3: waits for mark price 119900, 100 behind mark price 120000, with 3
            > drop 8
            > drop 7
            t2: cancelled: Disconnected
            > wait 86400000
            > end day
            t1: cancelled: DayEnded
            t3: cancelled: DayEnded
        "#]],
    );
}

#[test]
fn trg_10_cancels_take_in_triggers_by_family_and_amendments_change_them() {
    check(
        "
        ann buys 1 perp at 119000 label x
        ann stop sells 1 perp at market label x when mark 119500
        ann take sells 2 perp at market when mark 120500
        ann trail sells 3 perp at market when mark 500
        ann stop buys 4 perp at market when mark 121000
        bob cancels t1
        bob amends t1 to 9
        ann amends t1
        ann amends t1 when last 119500
        ann amends t1 reduce on
        ann amends t1 when mark 120000
        ann amends t1 to 7 when mark 119400
        ann amends t1 to 8
        mark perp 119450
        ann cancels t1
        ann cancels t1
        ann amends t1 to 2
        ann cancels orders
        ann cancels stops
        ann cancels takes
        ann cancels trails
        ann cancels triggers
        ann stop sells 1 perp at market label y when mark 119000
        ann stop sells 1 perp at market label x when mark 119000
        ann cancels label x
        ann cancels options
        ann cancels perp
        ",
        expect![[r#"
            > ann buys 1 perp at 119000 label x
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann stop sells 1 perp at market label x when mark 119500
            t1: waits for mark price 119500, with 1
            > ann take sells 2 perp at market when mark 120500
            t2: waits for mark price 120500, with 2
            > ann trail sells 3 perp at market when mark 500
            t3: waits for mark price 119500, 500 behind mark price 120000, with 3
            > ann stop buys 4 perp at market when mark 121000
            t4: waits for mark price 121000, with 4
            > bob cancels t1
            refused 402: order 8388607 belongs to another account
            > bob amends t1 to 9
            refused 402: order 8388607 belongs to another account
            > ann amends t1
            refused 403: the order contradicts itself: nothing is to change: give a size, a price, a display size or a flag
            > ann amends t1 when last 119500
            refused 423: the trigger contradicts itself: its source and its reduce-only flag stay: cancel it, and place another
            > ann amends t1 reduce on
            refused 423: the trigger contradicts itself: its source and its reduce-only flag stay: cancel it, and place another
            > ann amends t1 when mark 120000
            refused 421: the mark price 120000 has reached mark price 120000 already: choose a price beyond it, or place an order
            > ann amends t1 to 7 when mark 119400
            t1: waits now for mark price 119400, with 7
            > ann amends t1 to 8
            t1: waits now for mark price 119400, with 8
            > mark perp 119450
            mark 119450
            t3: fires, refused 414: would trade with order 1 of the same group: cancel it, or choose cancel_maker
            > ann cancels t1
            t1: cancelled: Asked
            > ann cancels t1
            refused 401: order 8388607 is not open
            > ann amends t1 to 2
            refused 401: order 8388607 is not open
            > ann cancels orders
            1: cancelled
            > ann cancels stops
            t4: cancelled: Asked
            > ann cancels takes
            t2: cancelled: Asked
            > ann cancels trails
            > ann cancels triggers
            > ann stop sells 1 perp at market label y when mark 119000
            t5: waits for mark price 119000, with 1
            > ann stop sells 1 perp at market label x when mark 119000
            t6: waits for mark price 119000, with 1
            > ann cancels label x
            t6: cancelled: Asked
            > ann cancels options
            > ann cancels perp
            t5: cancelled: Asked
        "#]],
    );
}

#[test]
fn trg_11_a_client_order_id_names_the_trigger() {
    check(
        "
        ann stop sells 1 perp at 119000 id a when mark 119500
        ann stop sells 9 perp at 119000 id a when mark 119500
        ann buys 1 perp at 119000 id a
        mark perp 119500
        ann stop sells 1 perp at 119000 id a when mark 119000
        ",
        expect![[r#"
            > ann stop sells 1 perp at 119000 id a when mark 119500
            t1: waits for mark price 119500, with 1
            > ann stop sells 9 perp at 119000 id a when mark 119500
            0: is the answer again
            > ann buys 1 perp at 119000 id a
            0: is the answer again
            > mark perp 119500
            mark 119500
            t1: fires
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann stop sells 1 perp at 119000 id a when mark 119000
            0: is the answer again
        "#]],
    );
}

fn stop(account: types::AccountId, side: Side, level: TriggerLevel) -> PlaceTrigger {
    let order = PlaceOrder::new(account, PERP, side, OrderKind::Market, Lots(1));
    PlaceTrigger { kind: TriggerKind::Stop, level, order }
}

fn refusal(events: &[Event]) -> Option<&Reject> {
    match events {
        [Event::Refused(reject)] => Some(reject),
        _ => None,
    }
}

#[test]
fn trg_4_an_account_has_only_so_many_triggers() {
    let mut world = World::btc();
    let ann = world.fund(100_000_000);
    let mark = |by: u32| TriggerLevel::Mark(Ticks(100_000 + by));
    for by in 0..50 {
        world.must(Command::PlaceTrigger(stop(ann, Side::Ask, mark(by)).into()));
    }
    let one_more = Command::PlaceTrigger(stop(ann, Side::Ask, mark(51)).into());
    let events = world.apply(one_more.clone());
    assert_eq!(refusal(&events), Some(&Reject::TriggersTooMany { waiting: 50, max: 50 }));
    let order = OrderId::of_trigger(TriggerId(7));
    world.must(Command::CancelOrder { account: ann, order });
    world.must(one_more);
}

/// TRG-4: so many of an account, wherever they are, and so many of a domain, whosever they are.
#[test]
fn trg_4_an_account_and_a_domain_have_only_so_many_triggers() {
    let mut world = World::btc();
    let (ann, bob) = (world.fund(100_000_000), world.fund(100_000_000));
    let level = TriggerLevel::Mark(Ticks(100_000));
    let elsewhere = |account| {
        let mut terms = stop(account, Side::Ask, level);
        terms.order.instrument = CALL;
        crate::triggers::Trigger { terms, ends_at: None }
    };
    let mut n_placed = 0;
    let mut refused = |owner, n: u32| {
        for _ in 0..n {
            n_placed += 1;
            world.engine.triggers.insert(TriggerId(n_placed), elsewhere(owner));
        }
        let events = world.apply(Command::PlaceTrigger(stop(ann, Side::Ask, level).into()));
        refusal(&events).cloned()
    };
    assert_eq!(refused(ann, 200), Some(Reject::TriggersTooMany { waiting: 200, max: 200 }));
    let max = types::limits::TRIGGERS_MAX;
    assert_eq!(refused(bob, max - 200), Some(Reject::TriggersTooMany { waiting: max, max }));
}

/// A thousand stops at a thousand prices, and one trade through all of them.
#[test]
fn trg_6_a_cascade_of_stops_is_paced() {
    let mut world = World::btc();
    let bob = world.fund(1 << 45);
    for nth in 0..20 {
        let account = world.fund(1 << 40);
        for by in 0..50 {
            let level = TriggerLevel::Mark(Ticks(119_000 - by * 20 - nth));
            world.must(Command::PlaceTrigger(stop(account, Side::Ask, level).into()));
        }
    }
    let bid = PlaceOrder {
        kind: OrderKind::Limit { price: Ticks(115_000) },
        size: Lots(10_000),
        ..stop(bob, Side::Bid, TriggerLevel::Mark(Ticks(1))).order
    };
    world.must(Command::PlaceOrder(bid.into()));
    let mut twin = Twin::of(&world.engine);
    let mut told = String::new();
    let mut command = Command::ReportMarks(std::vec![(PERP, Ticks(118_000))]);
    for _ in 0..18 {
        let before = twin.n_fired;
        let events = world.apply(command);
        twin.follow(&world.engine, &events);
        told += &std::format!("{} ", twin.n_fired - before);
        command = Command::Deposit { account: bob, amount: types::Amount(1) };
    }
    expect!["64 64 64 64 64 64 64 64 64 64 64 64 64 64 64 40 0 0 "].assert_eq(&told);
    assert_eq!(twin.n_fired, 1_000);
}

#[test]
fn trg_6_what_a_paced_cascade_has_left_goes_on_after_a_snapshot() {
    let mut world = World::btc();
    let ann = world.fund(1 << 45);
    let bob = world.fund(1 << 45);
    for (account, side) in [(ann, Side::Ask), (bob, Side::Ask)] {
        for by in 0..50 {
            let level = TriggerLevel::Mark(Ticks(119_000 - by));
            world.must(Command::PlaceTrigger(stop(account, side, level).into()));
        }
    }
    world.must(Command::ReportMarks(std::vec![(PERP, Ticks(118_000))]));
    assert_eq!(world.engine.triggers.iter().count(), 36);
    let mut copy = Engine::from_bytes(&world.engine.to_bytes()).expect("its own bytes");
    assert_eq!(copy.root(), world.engine.root());
    let mut other = World { engine: copy, at: world.at };
    let again = world.apply(Command::EndDay);
    assert_eq!(again, other.apply(Command::EndDay));
    assert_eq!(world.engine.triggers.iter().count(), 0);
    assert_eq!(other.engine.root(), world.engine.root());
}

#[test]
fn trg_7_a_frozen_index_fires_nothing_until_it_is_good_again() {
    let mut priced = Priced::inverse();
    priced.seconds(5, &[60_000; 5]);
    let level = TriggerLevel::Mark(Ticks(119_000));
    for reduce_only in [false, true] {
        let mut stop = stop(ANN, Side::Ask, level);
        (stop.order.instrument, stop.order.reduce_only) = (PERPETUAL, reduce_only);
        priced.world.must(Command::PlaceTrigger(stop.into()));
    }
    priced.trade((ANN, BOB), PERPETUAL, (10, 120_000));
    let mut twin = Twin::of(&priced.world.engine);
    priced.world.at.0 += 600_000;
    for price in [60_000, 58_000] {
        let report = priced.report_of(super::priced::REPORTERS[0], price);
        let events = priced.send(report);
        twin.follow(&priced.world.engine, &events);
    }
    assert_eq!(twin.n_fired, 0);
    let events = priced.seconds(20, &[58_000; 5]);
    let fired = events.iter().filter(|event| matches!(event, Event::TriggerClosed { .. }));
    let born = events.iter().filter(|event| matches!(event, Event::Triggered { .. }));
    assert_eq!(fired.count() + born.count(), 2, "{events:?}");
    assert_eq!(priced.world.engine.triggers.iter().count(), 0);
}

#[test]
fn trg_9_an_expiry_closes_what_waits_there() {
    let mut priced = Priced::inverse();
    priced.seconds(5, &[60_000; 5]);
    let mut stop = stop(ANN, Side::Ask, TriggerLevel::Index(IndexPrice(IndexPrice::SCALE)));
    stop.order.instrument = super::priced::FUTURE;
    priced.world.must(Command::PlaceTrigger(stop.clone().into()));
    stop.kind = TriggerKind::Trailing;
    priced.world.must(Command::PlaceTrigger(stop.into()));
    let at = types::At(super::world::EXPIRY.0 + 8_000);
    priced.until(at, &[60_000; 5]);
    assert_eq!(priced.world.engine.triggers.iter().count(), 0);
}

#[test]
fn trg_9_a_liquidation_cancels_what_waits() {
    let mut priced = super::liquidation::levered(2_000_000);
    for reduce_only in [false, true] {
        let mut stop = stop(ANN, Side::Ask, TriggerLevel::Index(IndexPrice(IndexPrice::SCALE)));
        (stop.order.instrument, stop.order.reduce_only) = (PERPETUAL, reduce_only);
        priced.world.must(Command::PlaceTrigger(stop.into()));
    }
    let events = priced.seconds(8, &[58_500; 5]);
    let closed = events.iter().filter_map(|event| match event {
        Event::TriggerClosed { trigger, end } => Some((trigger.0, end.clone())),
        _ => None,
    });
    let cancelled = types::TriggerEnd::Cancelled(types::CancelReason::Liquidated);
    let expected = [(1, cancelled.clone()), (2, cancelled)];
    assert_eq!(closed.collect::<Vec<_>>(), expected);
}
