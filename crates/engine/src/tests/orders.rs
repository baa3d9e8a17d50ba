//! Orders: kinds, times in force, flags, grids, amendments (docs/rules/orders.md).

use expect_test::{Expect, expect};

use super::story::tell;
use super::world::World;

/// Ten BTC each.
fn check(script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), 1_000_000_000, script));
}

#[test]
fn ord_3_a_taker_trades_by_price_then_time_at_the_price_of_the_maker() {
    check(
        "ann sells 3 perp at 120010
         bob sells 2 perp at 120010
         cat sells 5 perp at 120020
         dan buys  6 perp at 120020",
        expect![[r#"
            > ann sells 3 perp at 120010
            1: placed, 3 at 120010
            1: rests 3 at 120010, shows 3
            > bob sells 2 perp at 120010
            2: placed, 2 at 120010
            2: rests 2 at 120010, shows 2
            > cat sells 5 perp at 120020
            3: placed, 5 at 120020
            3: rests 5 at 120020, shows 5
            > dan buys  6 perp at 120020
            4: placed, 6 at 120020
            3 at 120010: 4 takes from 1 (fees 25, 0; realised 0, 0)
              25 dan to fees: Fee
              ann holds -3, cost 49995
              dan holds 3, cost -49995
            1: filled
            2 at 120010: 4 takes from 2 (fees 17, 0; realised 0, 0)
              17 dan to fees: Fee
              bob holds -2, cost 33330
              dan holds 5, cost -83325
            2: filled
            1 at 120020: 4 takes from 3 (fees 9, 0; realised 0, 0)
              9 dan to fees: Fee
              cat holds -1, cost 16663
              dan holds 6, cost -99988
            4: filled
        "#]],
    );
}

/// ORD-2: the last line.
#[test]
fn ord_4_what_does_not_rest_is_cancelled_and_all_or_none_means_it() {
    check(
        "ann sells 3 perp at 120010
         bob buys 5 perp at 120010 ioc
         ann sells 3 perp at 120010
         bob buys 5 perp at 120010 fok
         bob buys 3 perp at 120010 fok
         bob buys 3 perp at market
         ann sells 2 perp at 120010
         bob buys 3 perp at limitless
         bob buys 1 perp at 120010 fok post",
        expect![[r#"
            > ann sells 3 perp at 120010
            1: placed, 3 at 120010
            1: rests 3 at 120010, shows 3
            > bob buys 5 perp at 120010 ioc
            2: placed, 5 at 120010
            3 at 120010: 2 takes from 1 (fees 25, 0; realised 0, 0)
              25 bob to fees: Fee
              ann holds -3, cost 49995
              bob holds 3, cost -49995
            1: filled
            2: cancelled: NotToRest
            > ann sells 3 perp at 120010
            3: placed, 3 at 120010
            3: rests 3 at 120010, shows 3
            > bob buys 5 perp at 120010 fok
            4: placed, 5 at 120010
            4: cancelled: NotToRest
            > bob buys 3 perp at 120010 fok
            5: placed, 3 at 120010
            3 at 120010: 5 takes from 3 (fees 25, 0; realised 0, 0)
              25 bob to fees: Fee
              ann holds -6, cost 99990
              bob holds 6, cost -99990
            3: filled
            5: filled
            > bob buys 3 perp at market
            6: placed, 3 at 132000
            6: cancelled: NotToRest
            > ann sells 2 perp at 120010
            7: placed, 2 at 120010
            7: rests 2 at 120010, shows 2
            > bob buys 3 perp at limitless
            8: placed, 3 at 120010
            2 at 120010: 8 takes from 7 (fees 17, 0; realised 0, 0)
              17 bob to fees: Fee
              ann holds -8, cost 133320
              bob holds 8, cost -133320
            7: filled
            8: rests 1 at 120010, shows 1
            > bob buys 1 perp at 120010 fok post
            refused 403: the order contradicts itself: post-only needs good-til-cancelled or good-til-day
        "#]],
    );
}

#[test]
fn ord_5_a_good_til_day_order_ends_with_its_day_and_no_other_does() {
    check(
        "ann buys 1 perp at 119000 day
         ann buys 1 perp at 119000
         end day
         wait 86400000
         end day",
        expect![[r#"
            > ann buys 1 perp at 119000 day
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119000
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > end day
            > wait 86400000
            > end day
            1: cancelled: DayEnded
        "#]],
    );
}

#[test]
fn ord_6_a_smaller_size_keeps_the_place_and_anything_else_loses_it() {
    check(
        "ann sells 5 perp at 120010
         bob sells 5 perp at 120010
         ann amends 1 to 3
         cat buys 1 perp at 120010
         ann amends 1 to 4
         cat buys 1 perp at 120010
         bob amends 2 at 120020
         ann amends 1 to 1
         ann amends 1 to 2
         ann amends 1",
        expect![[r#"
            > ann sells 5 perp at 120010
            1: placed, 5 at 120010
            1: rests 5 at 120010, shows 5
            > bob sells 5 perp at 120010
            2: placed, 5 at 120010
            2: rests 5 at 120010, shows 5
            > ann amends 1 to 3
            1: amended to 3 at 120010, keeps its place
            > cat buys 1 perp at 120010
            3: placed, 1 at 120010
            1 at 120010: 3 takes from 1 (fees 9, 0; realised 0, 0)
              9 cat to fees: Fee
              ann holds -1, cost 16665
              cat holds 1, cost -16665
            3: filled
            > ann amends 1 to 4
            1: amended to 4 at 120010, loses its place
            1: rests 3 at 120010, shows 3
            > cat buys 1 perp at 120010
            4: placed, 1 at 120010
            1 at 120010: 4 takes from 2 (fees 9, 0; realised 0, 0)
              9 cat to fees: Fee
              bob holds -1, cost 16665
              cat holds 2, cost -33330
            4: filled
            > bob amends 2 at 120020
            2: amended to 5 at 120020, loses its place
            2: rests 4 at 120020, shows 4
            > ann amends 1 to 1
            1: amended to 1 at 120010, keeps its place
            1: filled
            > ann amends 1 to 2
            refused 401: order 1 is not open
            > ann amends 1
            refused 401: order 1 is not open
        "#]],
    );
}

#[test]
fn ord_7_a_reduce_only_order_never_opens_or_turns_a_position() {
    check(
        "ann sells 5 perp at 120000
         bob buys 5 perp at 120000
         bob sells 9 perp at 120100 reduce
         bob sells 9 perp at 120100 reduce
         bob sells 3 perp at 120090
         cat buys 9 perp at 120100
         bob sells 1 perp at 120100 reduce
         bob buys 1 perp at 119000 reduce",
        expect![[r#"
            > ann sells 5 perp at 120000
            1: placed, 5 at 120000
            1: rests 5 at 120000, shows 5
            > bob buys 5 perp at 120000
            2: placed, 5 at 120000
            5 at 120000: 2 takes from 1 (fees 42, 0; realised 0, 0)
              42 bob to fees: Fee
              ann holds -5, cost 83333
              bob holds 5, cost -83333
            1: filled
            2: filled
            > bob sells 9 perp at 120100 reduce
            3: placed, 5 at 120100
            3: rests 5 at 120100, shows 5
            > bob sells 9 perp at 120100 reduce
            4: placed, 5 at 120100
            4: rests 5 at 120100, shows 5
            > bob sells 3 perp at 120090
            5: placed, 3 at 120090
            5: rests 3 at 120090, shows 3
            > cat buys 9 perp at 120100
            6: placed, 9 at 120100
            3 at 120090: 6 takes from 5 (fees 25, 0; realised 0, 37)
              37 clearing to bob: Realised
              25 cat to fees: Fee
              bob holds 2, cost -33334
              cat holds 3, cost -49962
            5: filled
            3: amended to 2 at 120100, keeps its place (cut)
            4: amended to 2 at 120100, keeps its place (cut)
            2 at 120100: 6 takes from 3 (fees 17, 0; realised 0, 29)
              29 clearing to bob: Realised
              17 cat to fees: Fee
              bob holds 0, cost 0
              cat holds 5, cost -83267
            3: filled
            4: cancelled: ReduceOnly
            6: rests 4 at 120100, shows 4
            > bob sells 1 perp at 120100 reduce
            refused 412: the position is 0 lots: a reduce-only order on this side would not reduce it
            > bob buys 1 perp at 119000 reduce
            refused 412: the position is 0 lots: a reduce-only order on this side would not reduce it
        "#]],
    );
}

#[test]
fn ord_8_prices_and_sizes_off_the_grid_are_refused_with_the_nearest_good_ones() {
    check(
        "ann buys 1 call at 51
         ann buys 1 call at 47
         ann buys 0 perp at 120000
         ann buys 1000001 perp at 120000
         ann buys 1 perp at 0",
        expect![[r#"
            > ann buys 1 call at 51
            refused 406: price 51 is between ticks: send 50 or 55
            > ann buys 1 call at 47
            1: placed, 1 at 47
            1: rests 1 at 47, shows 1
            > ann buys 0 perp at 120000
            refused 404: size is 0 lots: send between 1 and 1000000
            > ann buys 1000001 perp at 120000
            refused 404: size is 1000001 lots: send between 1 and 1000000
            > ann buys 1 perp at 0
            refused 405: price is 0 ticks: send between 1 and 16777215
        "#]],
    );
}

#[test]
fn ord_9_nobody_buys_above_the_band_or_sells_below_it() {
    check(
        "ann buys 1 perp at 132001
         ann buys 1 perp at 132000
         bob sells 1 perp at 107999
         bob sells 1 perp at 140000",
        expect![[r#"
            > ann buys 1 perp at 132001
            refused 410: price 132001 is above the band: buy at 132000 or lower
            > ann buys 1 perp at 132000
            1: placed, 1 at 132000
            1: rests 1 at 132000, shows 1
            > bob sells 1 perp at 107999
            refused 409: price 107999 is below the band: sell at 108000 or higher
            > bob sells 1 perp at 140000
            2: placed, 1 at 140000
            2: rests 1 at 140000, shows 1
        "#]],
    );
}

#[test]
fn ord_10_an_iceberg_shows_a_slice_and_refills_at_the_back() {
    check(
        "ann sells 6 perp at 120010 shows 2
         bob sells 2 perp at 120010
         cat buys 3 perp at 120010
         cat buys 3 perp at 120010
         dan sells 500 perp at 120020 shows 4",
        expect![[r#"
            > ann sells 6 perp at 120010 shows 2
            1: placed, 6 at 120010
            1: rests 6 at 120010, shows 2
            > bob sells 2 perp at 120010
            2: placed, 2 at 120010
            2: rests 2 at 120010, shows 2
            > cat buys 3 perp at 120010
            3: placed, 3 at 120010
            2 at 120010: 3 takes from 1 (fees 17, 0; realised 0, 0)
              17 cat to fees: Fee
              ann holds -2, cost 33330
              cat holds 2, cost -33330
            1: shows 2 more, at the back
            1 at 120010: 3 takes from 2 (fees 9, 0; realised 0, 0)
              9 cat to fees: Fee
              bob holds -1, cost 16665
              cat holds 3, cost -49995
            3: filled
            > cat buys 3 perp at 120010
            4: placed, 3 at 120010
            1 at 120010: 4 takes from 2 (fees 9, 0; realised 0, 0)
              9 cat to fees: Fee
              bob holds -2, cost 33330
              cat holds 4, cost -66660
            2: filled
            2 at 120010: 4 takes from 1 (fees 17, 0; realised 0, 0)
              17 cat to fees: Fee
              ann holds -4, cost 66660
              cat holds 6, cost -99990
            1: shows 2 more, at the back
            4: filled
            > dan sells 500 perp at 120020 shows 4
            refused 407: display of 4 lots: send between 5 and 500
        "#]],
    );
}

#[test]
fn ord_11_post_only_slides_or_is_refused() {
    check(
        "ann sells 5 perp at 120010
         bob buys 1 perp at 120010 post
         bob buys 1 perp at 120020 slide
         bob amends 2 at 120010
         cat buys 1 perp at 119000
         cat amends 3 at 120010 post y",
        expect![[r#"
            > ann sells 5 perp at 120010
            1: placed, 5 at 120010
            1: rests 5 at 120010, shows 5
            > bob buys 1 perp at 120010 post
            refused 413: post-only would trade at 120010: price at 120009 or leave post-only out
            > bob buys 1 perp at 120020 slide
            2: placed, 1 at 120009
            2: rests 1 at 120009, shows 1
            > bob amends 2 at 120010
            2: amended to 1 at 120009, loses its place
            2: rests 1 at 120009, shows 1
            > cat buys 1 perp at 119000
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
            > cat amends 3 at 120010 post y
            3: cancelled: PostOnly
        "#]],
    );
}

#[test]
fn ord_12_position_and_open_orders_stay_within_the_largest_size() {
    check(
        "ann buys 600000 perp at 110000
         ann buys 400000 perp at 110000
         ann buys 1 perp at 110000",
        expect![[r#"
            > ann buys 600000 perp at 110000
            1: placed, 600000 at 110000
            1: rests 600000 at 110000, shows 600000
            > ann buys 400000 perp at 110000
            2: placed, 400000 at 110000
            2: rests 400000 at 110000, shows 400000
            > ann buys 1 perp at 110000
            refused 416: position and open orders would reach 1000001 lots: at most 1000000
        "#]],
    );
}

#[test]
fn ord_13_a_client_order_id_executes_once_a_day() {
    check(
        "ann buys 1 perp at 119000 id a
         ann buys 7 perp at 119000 id a
         bob buys 1 perp at 119000 id a
         wait 86400000
         ann buys 1 perp at 119000 id a",
        expect![[r#"
            > ann buys 1 perp at 119000 id a
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > ann buys 7 perp at 119000 id a
            1: is the answer again
            > bob buys 1 perp at 119000 id a
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > wait 86400000
            > ann buys 1 perp at 119000 id a
            3: placed, 1 at 119000
            3: rests 1 at 119000, shows 1
        "#]],
    );
}

#[test]
fn ord_14_a_command_is_refused_after_its_valid_until() {
    check(
        "ann buys 1 perp at 119000 until 1
         ann buys 1 perp at 119000 until 0",
        expect![[r#"
            > ann buys 1 perp at 119000 until 1
            refused 101: the command was valid until 1789999999999, the log is at 1790000000000: send it again
            > ann buys 1 perp at 119000 until 0
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
        "#]],
    );
}
