//! What a feed does with what it should not have been sent, and how its health moves.

use expect_test::expect;

use super::stage::{adjust, check, play, terms};

fn adjusted(sources: &str, lines: &str) -> types::FeedTerms {
    let mut terms = terms(sources);
    adjust(&mut terms, lines);
    terms
}

const FIVE: &str = "a b c d e";
const FIVE_TERMS: &str = "healthy 4 4; degraded 3 3; barrier 6 3";

fn five() -> types::FeedTerms {
    adjusted(FIVE, FIVE_TERMS)
}

/// ORA-7, ORA-8; that a check changes nothing is seen in the properties.
#[test]
fn ora_7_ora_8_each_refusal_says_its_numbers() {
    check(
        five(),
        "12:00:00 a 100 ±1
         12:00:01 9@a 100
         12:00:02 1@b 100
         12:00:03 a 0
         12:00:03 a 10000000000.00000001
         12:00:05 a 100 ±1 of 12:00:00 nonce 1
         12:00:06 a 100 of 12:00:07.001 nonce 50
         12:00:06 a 100 of 11:59:06 nonce 51
         12:00:06 a 100 ±2.01 nonce 52
         12:00:06 seats
         12:00:06 a 100 ±2 of 12:00:07 nonce 53
         12:00:06 seats
         12:00:07 a 100 of 11:59:07.001 nonce 54
         12:00:07 a 100 nonce 54
         12:00:07 seats",
        expect![[r#"
            12:00:01 9@a: refused: account 9 has no seat for source 0 in this feed
            12:00:02 1@b: refused: account 1 has no seat for source 1 in this feed
            12:00:03 a: refused: index price 0 is out of range: report 1 to 1000000000000000000
            12:00:03 a: refused: index price 1000000000000000001 is out of range: report 1 to 1000000000000000000
            12:00:05 a: refused: nonce 1 is not above 1, the last one: it is an old report
            12:00:06 a: refused: the source's time 1632139207001 is ahead of the log's 1632139206000 by more than 1000 ms
            12:00:06 a: refused: the source's time 1632139146000 is 60000 ms or more before the log's 1632139206000
            12:00:06 a: refused: a confidence of 20100 ppm is too wide: 20000 is the most
                1@a: Live, weight 1000000 ppm, 100.00 (+0 ppm) 0/1 good
                2@b: Silent, weight 0 ppm, 0/0 good
                3@c: Silent, weight 0 ppm, 0/0 good
                4@d: Silent, weight 0 ppm, 0/0 good
                5@e: Silent, weight 0 ppm, 0/0 good
                1@a: Live, weight 1000000 ppm, 100.00 (+0 ppm) 0/2 good
                2@b: Silent, weight 0 ppm, 0/0 good
                3@c: Silent, weight 0 ppm, 0/0 good
                4@d: Silent, weight 0 ppm, 0/0 good
                5@e: Silent, weight 0 ppm, 0/0 good
            12:00:07 reporter 1 is at fault: Equivocated { nonce: 54 }
                1@a: Suspended, weight 0 ppm, 100.00 (+0 ppm) 0/3 good
                2@b: Silent, weight 0 ppm, 0/0 good
                3@c: Silent, weight 0 ppm, 0/0 good
                4@d: Silent, weight 0 ppm, 0/0 good
                5@e: Silent, weight 0 ppm, 0/0 good
        "#]],
    );
}

#[test]
fn ora_9_two_reports_for_one_nonce_put_a_reporter_out() {
    check(
        adjusted(
            "a b c d e",
            "healthy 4 4; degraded 3 3; barrier 6 3; seats 1@a 1@b 2@b 3@c 4@d 5@e",
        ),
        "12:00:00 all 100
         12:00:01 all 100
         12:00:02 show
         12:00:03 1@b 101 of 12:00:01 nonce 2
         12:00:03 seats
         12:00:04 1@a 100 nonce 3
         12:00:04 1@b 102 of 12:00:01 nonce 2
         12:00:05 2@b 100 of 12:00:01 nonce 2
         12:00:05 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:02 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:00:03 reporter 1 is at fault: Equivocated { nonce: 2 }
                1@a: Suspended, weight 0 ppm, 100.00 (+0 ppm) 0/2 good
                1@b: Suspended, weight 0 ppm, 100.00 (+0 ppm) 0/2 good
                2@b: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
                3@c: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
                4@d: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
                5@e: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
            12:00:04 1@a: refused: account 1 was caught and reports no more: register another one
            12:00:04 1@b: refused: account 1 was caught and reports no more: register another one
            12:00:05 2@b: refused: nonce 2 is not above 2, the last one: it is an old report
            12:00:05 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_9_a_remembered_nonce_is_evidence_however_old_it_is() {
    // Seventeen reports: the first is forgotten, the second is not; the evidence may be absurd.
    check(
        five(),
        "12:00:00..12:00:16 by 1s a 100
         12:10:00 a 101 of 12:00:00 nonce 1
         12:10:00 a 100 of 12:00:01 nonce 2
         12:10:00 a 0 of 12:00:01 nonce 2",
        expect![[r#"
            12:10:00 a: refused: nonce 1 is not above 17, the last one: it is an old report
            12:10:00 a: refused: nonce 2 is not above 17, the last one: it is an old report
            12:10:00 reporter 1 is at fault: Equivocated { nonce: 2 }
        "#]],
    );
}

#[test]
fn ora_10_a_feed_begins_behind_its_barrier() {
    check(
        five(),
        "12:00:00 show
         12:00:00 a,b 100
         12:00:01 show
         12:00:02 c,d,e 100
         12:00:03 show
         12:00:04 a,b 100
         12:00:04 show
         12:00:05 c 100
         12:00:05 show",
        expect![[r#"
            12:00:00 Frozen at 0.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
            12:00:01 Frozen at 0.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
            12:00:03 Frozen at 0.00 ± 0.00, 3/6 reports 3/3 sources
                may cancel, reduce
            12:00:04 Frozen at 0.00 ± 0.00, 5/6 reports 5/3 sources
                may cancel, reduce
            12:00:05 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:05 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_11_one_reporter_with_many_sources_does_not_pass_a_barrier() {
    check(
        adjusted(FIVE, "healthy 3 4; degraded 2 3; barrier 6 3; seats 1@a 1@b 1@c 1@d 2@e 3@e"),
        "12:00:00 1@a,1@b,1@c,1@d,2@e,3@e 100
         12:00:01 1@a,1@b,1@c,1@d,2@e,3@e 100
         12:00:02 show
         12:00:03 1@a,1@b 150
         12:00:04 1@a,1@b,1@c,1@d 100
         12:00:05 1@a,1@b,1@c,1@d,1@a,1@b,1@c,1@d 100
         12:00:05 show
         12:00:06 2@e 100
         12:00:06 show
         12:00:07 3@e 100
         12:00:07 show
         12:00:08 term
         12:00:09 1@a,1@b,1@c,1@d,1@a,1@b,1@c,1@d 100
         12:00:09 show
         12:00:10 2@e 100
         12:00:10 show
         12:00:11 3@e 100
         12:00:11 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:02 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:00:03 Healthy -> Frozen: the reports are 497006 ppm wide: 20000 is the most (100.10)
            12:00:05 Frozen at 100.10 ± 0.10, 12/6 reports 4/3 sources
                may cancel, reduce
            12:00:06 Frozen -> Degraded: 13 fresh reports from 5 sources passed the barrier (100.00)
            12:00:06 Degraded at 100.00 ± 0.00, 13/6 reports 5/3 sources
                may cancel, reduce, place, fund
            12:00:07 Degraded -> Healthy: 14 fresh reports from 5 sources passed the barrier (100.00)
            12:00:07 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:00:08 Healthy -> Degraded: the venue was started: the feed waits for its barrier (100.00)
            12:00:09 Degraded at 100.00 ± 0.00, 8/6 reports 4/3 sources
                may cancel, reduce, place, fund
            12:00:10 Degraded at 100.00 ± 0.00, 9/6 reports 5/3 sources
                may cancel, reduce, place, fund
            12:00:11 Degraded -> Healthy: 10 fresh reports from 5 sources passed the barrier (100.00)
            12:00:11 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_12_all_silent_is_degraded_then_frozen_and_the_price_stands() {
    check(
        five(),
        "12:00:00 all 100
         12:00:10 all 100
         12:00:50 a,b,c 100.1
         12:00:50 show
         12:01:10 tick
         12:01:10 show
         12:01:50 tick
         12:01:50 show
         13:00:00 tick
         13:00:01 a,b 200
         13:00:01 show
         13:00:02 c,d,e 200
         13:00:03 all 200
         13:00:03 show",
        expect![[r#"
            12:00:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:50 Healthy at 100.06 ± 0.06
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:01:10 Healthy -> Degraded: 3 reporters and 3 sources are live: 4 and 4 are needed (100.10)
            12:01:10 Degraded at 100.10 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce, place, fund
            12:01:50 Degraded -> Frozen: 0 reporters and 0 sources are live: 3 and 3 are needed (100.10)
            12:01:50 Frozen at 100.10 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
            13:00:01 Frozen at 100.10 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
            13:00:03 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (200.00)
            13:00:03 Healthy at 200.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_13_a_jump_freezes_and_the_barrier_believes_it_when_it_stays() {
    let mut wide = five();
    adjust(&mut wide, "method weighted_median; spread_ppm 200000");
    check(
        wide,
        "12:00:00 all 100
         12:00:01 all 100
         12:00:05 a,b 88
         12:00:05 show
         12:00:05 c 88
         12:00:05 show
         12:00:06 d,e 88
         12:00:06 show
         12:00:07 a,b,c 88
         12:00:07 show
         12:00:08 a,b,c 70
         12:00:08 show
         12:00:09 d,e,a,b,c 70
         12:00:09 show
         12:00:10 d 70
         12:00:10 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:05 Healthy at 100.00 ± 12.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:00:05 Healthy -> Frozen: the price moved 120000 ppm within a second: 100000 is the most (100.00)
            12:00:05 Frozen at 100.00 ± 12.00, 0/6 reports 0/3 sources
                may cancel, reduce
            12:00:06 Frozen at 100.00 ± 12.00, 2/6 reports 2/3 sources
                may cancel, reduce
            12:00:07 Frozen at 100.00 ± 12.00, 5/6 reports 5/3 sources
                may cancel, reduce
            12:00:08 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (88.00)
            12:00:08 Healthy -> Frozen: the reports are 204546 ppm wide: 200000 is the most (88.00)
            12:00:08 Frozen at 88.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
            12:00:09 Frozen at 88.00 ± 0.00, 5/6 reports 5/3 sources
                may cancel, reduce
            12:00:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (70.00)
            12:00:10 Healthy at 70.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_13_a_burst_of_small_steps_is_a_jump_and_the_same_steps_slowly_are_none() {
    let mut median = five();
    adjust(&mut median, "method weighted_median; spread_ppm 300000");
    let burst = "12:00:00 all 100
                 12:00:01 all 100
                 12:00:05 all 104
                 12:00:05.300 all 108
                 12:00:05.600 all 112
                 12:00:05.600 show";
    check(
        median.clone(),
        burst,
        expect![[r#"
        12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
        12:00:05.600 Healthy -> Frozen: the price moved 120000 ppm within a second: 100000 is the most (108.00)
        12:00:05.600 Frozen at 108.00 ± 4.00, 2/6 reports 2/3 sources
            may cancel, reduce
    "#]],
    );
    let slow = "12:00:00 all 100
                12:00:01 all 100
                12:00:05 all 104
                12:00:06 all 108
                12:00:07 all 112
                12:00:08 all 104
                12:00:09 all 101
                12:00:09 show";
    check(
        median.clone(),
        slow,
        expect![[r#"
        12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
        12:00:09 Healthy at 101.00 ± 0.00
            may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
    "#]],
    );
    // A second has passed, to the quarter: 100 stood until 12:00:05.
    let edge = "12:00:00 all 100
                12:00:01 all 100
                12:00:05 all 106
                12:00:06 all 110.5";
    check(
        median.clone(),
        edge,
        expect![[r#"
        12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
        12:00:06 Healthy -> Frozen: the price moved 105000 ppm within a second: 100000 is the most (106.00)
    "#]],
    );
    let edge = "12:00:00 all 100
                12:00:01 all 100
                12:00:05 all 106
                12:00:06.250 all 110.5
                12:00:06.250 show";
    check(
        median,
        edge,
        expect![[r#"
        12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
        12:00:06.250 Healthy at 110.50 ± 0.00
            may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
    "#]],
    );
}

#[test]
fn ora_14_two_equal_camps_freeze_the_feed() {
    check(
        adjusted("a b c d", "healthy 4 4; degraded 3 3; barrier 6 3"),
        "12:00:00 all 100
         12:00:01 all 100
         12:00:05 a 103
         12:00:05 show
         12:00:06 b 103
         12:00:06 show
         12:00:07..12:00:20 by 1s a,b 103
         12:00:07..12:00:20 by 1s c,d 100
         12:00:20 show
         12:00:21..12:00:22 by 1s all 103
         12:00:22 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 6 fresh reports from 4 sources passed the barrier (100.00)
            12:00:05 Healthy at 100.125 ± 0.125
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:00:06 Healthy -> Frozen: the reports are 27432 ppm wide: 20000 is the most (100.125)
            12:00:06 Frozen at 100.125 ± 0.125, 0/6 reports 0/3 sources
                may cancel, reduce
            12:00:20 Frozen at 100.125 ± 0.125, 0/6 reports 0/3 sources
                may cancel, reduce
            12:00:22 Frozen -> Healthy: 6 fresh reports from 4 sources passed the barrier (103.00)
            12:00:22 Healthy at 103.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_15_the_cross_check_freezes_and_its_silence_degrades() {
    check(
        adjusted("a b c d e bench:0", "healthy 4 4; degraded 3 3; barrier 6 3; cross bench 10000"),
        "12:00:00 a,b,c,d,e 100
         12:00:01 a,b,c,d,e 100
         12:00:01 show
         12:00:02 bench 100
         12:00:02 show
         12:00:03 a,b,c,d,e,a 100
         12:00:03 show
         12:00:10 bench 98.9
         12:00:10 show
         12:00:11 bench 99.5
         12:00:12 a,b,c,d,e,a 100
         12:00:12 show
         12:00:30 a,b,c,d,e 100
         12:01:11 tick
         12:01:11 show",
        expect![[r#"
            12:00:01 Frozen -> Degraded: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:01 Degraded at 100.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce, place, fund
            12:00:02 Degraded at 100.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce, place, fund
            12:00:03 Degraded -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:03 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:00:10 Healthy -> Frozen: the cross-check is 11123 ppm away: 10000 is the most (100.00)
            12:00:10 Frozen at 100.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
            12:00:12 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:12 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:01:11 Healthy -> Degraded: the source of the cross-check is silent (100.00)
            12:01:11 Degraded at 100.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce, place, fund
        "#]],
    );
}

#[test]
fn ora_16_a_feed_that_flaps_does_not_toggle_each_second() {
    // Source d answers every second time; the others are enough for degraded.
    let mut short = adjusted("a b c d", "healthy 4 4; degraded 3 3; barrier 30 3");
    adjust(&mut short, "stale_ms 1000");
    check(
        short,
        "12:00:00..12:00:20 by 500ms all 100
         12:00:20.500..12:00:30 by 500ms a,b,c 100
         12:00:30 d 100
         12:00:30.500..12:00:31 by 500ms a,b,c 100
         12:00:31.500 d 100
         12:00:31.500..12:00:33 by 500ms a,b,c 100
         12:00:33 d 100
         12:00:33 show
         12:00:33.500..12:00:40 by 500ms all 100
         12:00:40 show",
        expect![[r#"
            12:00:03.500 Frozen -> Healthy: 30 fresh reports from 4 sources passed the barrier (100.00)
            12:00:21 Healthy -> Degraded: 3 reporters and 3 sources are live: 4 and 4 are needed (100.00)
            12:00:33 Degraded at 100.00 ± 0.00, 1/30 reports 1/3 sources
                may cancel, reduce, place, fund
            12:00:37 Degraded -> Healthy: 30 fresh reports from 4 sources passed the barrier (100.00)
            12:00:40 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_17_a_start_puts_a_healthy_feed_behind_its_barrier() {
    check(
        five(),
        "12:00:00 all 100
         12:00:01 all 100
         12:00:02 term
         12:00:02 show
         12:00:03 all 101
         12:00:03 show
         12:00:04 term
         12:00:04 a 101
         12:00:04 show
         12:00:05 b,c,d,e,a 101
         12:00:05 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:02 Healthy -> Degraded: the venue was started: the feed waits for its barrier (100.00)
            12:00:02 Degraded at 100.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce, place, fund
            12:00:03 Degraded at 101.00 ± 0.00, 5/6 reports 5/3 sources
                may cancel, reduce, place, fund
            12:00:04 Degraded at 101.00 ± 0.00, 1/6 reports 1/3 sources
                may cancel, reduce, place, fund
            12:00:05 Degraded -> Healthy: 6 fresh reports from 5 sources passed the barrier (101.00)
            12:00:05 Healthy at 101.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
    // A frozen feed stays frozen, and what had come does not count any more.
    check(
        five(),
        "12:00:00 all 100
         12:00:00 show
         12:00:01 term
         12:00:01 show",
        expect![[r#"
            12:00:00 Frozen at 0.00 ± 0.00, 3/6 reports 3/3 sources
                may cancel, reduce
            12:00:01 Frozen at 0.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
        "#]],
    );
}

#[test]
fn ora_18_other_terms_keep_what_was_said_of_the_same_source() {
    check(
        five(),
        "12:00:00 all 100
         12:00:01 all 100
         12:00:02 terms rename e f; cap_ppm 4000
         12:00:02 seats
         12:00:03 f 100 of 12:00:01 nonce 2
         12:00:03 f 100 nonce 3
         12:00:03 seats
         12:00:04 terms seats 1@a 2@b 3@c 4@d 6@f
         12:00:04 seats
         12:00:04 show
         12:00:05 terms healthy 5 5
         12:00:05 show
         12:00:06 suspend 1
         12:00:06 terms seats 1@b 2@b 3@c 4@d 6@f 1@a; healthy 4 4
         12:00:06 seats
         12:00:06 terms seats 2@b 3@c 4@d 6@f; degraded 4 4
         12:00:06 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
                1@a: Live, weight 250000 ppm, 100.00 (+0 ppm) 0/2 good
                2@b: Live, weight 250000 ppm, 100.00 (+0 ppm) 0/2 good
                3@c: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
                4@d: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
                5@f: Silent, weight 0 ppm, 1/2 good
            12:00:03 f: refused: nonce 2 is not above 2, the last one: it is an old report
                1@a: Live, weight 200000 ppm, 100.00 (+0 ppm) 0/2 good
                2@b: Live, weight 200000 ppm, 100.00 (+0 ppm) 0/2 good
                3@c: Live, weight 200000 ppm, 100.00 (+0 ppm) 1/2 good
                4@d: Live, weight 200000 ppm, 100.00 (+0 ppm) 1/2 good
                5@f: Live, weight 200000 ppm, 100.00 (+0 ppm) 2/3 good
                1@a: Live, weight 250000 ppm, 100.00 (+0 ppm) 0/2 good
                2@b: Live, weight 250000 ppm, 100.00 (+0 ppm) 0/2 good
                3@c: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
                4@d: Live, weight 250000 ppm, 100.00 (+0 ppm) 1/2 good
                6@f: Silent, weight 0 ppm, 0/0 good
            12:00:04 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:00:05 Healthy -> Degraded: 4 reporters and 4 sources are live: 5 and 5 are needed (100.00)
            12:00:05 Degraded at 100.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce, place, fund
                1@b: Suspended, weight 0 ppm, 0/0 good
                2@b: Live, weight 333333 ppm, 100.00 (+0 ppm) 0/2 good
                3@c: Live, weight 333333 ppm, 100.00 (+0 ppm) 1/2 good
                4@d: Live, weight 333333 ppm, 100.00 (+0 ppm) 1/2 good
                6@f: Silent, weight 0 ppm, 0/0 good
                1@a: Suspended, weight 0 ppm, 100.00 (+0 ppm) 0/2 good
            12:00:06 Degraded -> Frozen: 3 reporters and 3 sources are live: 4 and 4 are needed (100.00)
            12:00:06 Frozen at 100.00 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
        "#]],
    );
}

#[test]
fn ora_19_an_index_that_had_a_price_keeps_it_until_the_barrier() {
    let at = types::At(1_632_096_000_000);
    let price = super::stage::price("61000");
    let feed = crate::Feed::begin_from(five(), price, at);
    assert_eq!((feed.price(), feed.health()), (Some(price), types::Health::Frozen));
    let feed = crate::Feed::begin_from(five(), types::IndexPrice(0), at);
    assert_eq!(feed.price(), None, "zero is no price");
    assert_eq!(feed, crate::Feed::new(five(), at));
}

#[test]
fn ora_24_an_hour_is_paid_by_the_stretches_with_a_good_report() {
    let mut paid = five();
    adjust(&mut paid, "reward 1000; stale_ms 600000");
    // Six stretches of ten minutes for five seats: 30 points. 1 and 2 earn six each, 3 half of
    // that, 4 is good once, 5 sends thirty times as much as 1 and earns no more.
    check(
        paid,
        "00:00:00 all 100
         00:00:01 all 100
         00:00:02..00:59:59 by 300s a,b 100
         00:00:03..00:59:59 by 1200s c 100
         00:00:04..00:59:59 by 300s d 101
         00:00:05..00:59:59 by 10s e 100
         00:59:59 seats
         01:00:00 tick
         02:00:00 tick
         05:00:00 tick",
        expect![[r#"
            00:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
                1@a: Live, weight 250000 ppm, 100.00 (-1248 ppm) 12/14 good
                2@b: Live, weight 250000 ppm, 100.00 (-1248 ppm) 12/14 good
                3@c: Stale, weight 0 ppm, 100.00 (-1248 ppm) 4/5 good
                4@d: Live, weight 250000 ppm, 101.00 (+8739 ppm) 1/14 good
                5@e: Live, weight 250000 ppm, 100.00 (-1248 ppm) 361/362 good
            01:00:00 reporter 1 earns 200
            01:00:00 reporter 2 earns 200
            01:00:00 reporter 3 earns 100
            01:00:00 reporter 4 earns 33
            01:00:00 reporter 5 earns 200
            02:00:00 Healthy -> Frozen: 0 reporters and 0 sources are live: 3 and 3 are needed (100.125)
        "#]],
    );
}

#[test]
fn ora_24_a_change_of_terms_pays_the_part_of_the_hour() {
    let mut paid = five();
    adjust(&mut paid, "reward 3000; stale_ms 600000");
    check(
        paid,
        "00:00:00 all 100
         00:00:01 all 100
         00:10:00 all 100
         00:15:00 terms reward 0
         01:20:00 tick",
        expect![[r#"
            00:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            00:15:00 reporter 1 earns 100
            00:15:00 reporter 2 earns 100
            00:15:00 reporter 3 earns 200
            00:15:00 reporter 4 earns 200
            00:15:00 reporter 5 earns 200
            01:20:00 Healthy -> Frozen: 0 reporters and 0 sources are live: 3 and 3 are needed (100.00)
        "#]],
    );
}

#[test]
fn ora_25_far_from_index_and_cross_check_for_too_long_is_a_fault() {
    let check_terms = "healthy 4 4; degraded 3 3; barrier 6 3; far_ms 30000; cross bench 10000";
    let far = adjusted("a b c d e bench:0", check_terms);
    let script = "12:00:00 all 100
                  12:00:01 all 100
                  12:00:10..12:01:30 by 10s a,b,c,d,bench 100
                  12:00:10..12:01:30 by 10s e 103";
    let lines = [
        "12:00:01 all 100",
        "12:00:02 all 100",
        "12:00:10 e 103",
        "12:00:20 e 103",
        "12:00:39 e 103",
        "12:00:40 e 103",
        "12:00:45 all 100",
        "12:00:50 e 103",
        "12:01:10 e 102.4",
        "12:01:20 a,b,c,d,bench 100",
        "12:01:20 e 103",
        "12:01:45 e 103",
        "12:01:50 e 103",
        "12:01:50 seats",
    ];
    check(
        far.clone(),
        &lines.join("\n"),
        expect![[r#"
        12:00:02 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
        12:00:40 reporter 5 is at fault: Far { apart_ppm: 28972, for_ms: 30000 }
        12:01:50 reporter 5 is at fault: Far { apart_ppm: 28972, for_ms: 30000 }
            1@a: Live, weight 200000 ppm, 100.00 (-999 ppm) 2/4 good
            2@b: Live, weight 200000 ppm, 100.00 (-999 ppm) 2/4 good
            3@c: Live, weight 200000 ppm, 100.00 (-999 ppm) 3/4 good
            4@d: Live, weight 200000 ppm, 100.00 (-999 ppm) 3/4 good
            5@e: Live, weight 200000 ppm, 103.00 (+28971 ppm) 2/12 good
            6@bench: Live, weight 0 ppm, 100.00 (-999 ppm) 3/4 good
    "#]],
    );
    assert!(play(far.clone(), script).contains("fault"), "the reporter of e is caught");
    // Without a cross-check nobody is at fault.
    let mut alone = far;
    alone.cross_check = None;
    assert!(!play(alone, script).contains("fault"), "no cross-check, no fault");
}

#[test]
fn ora_26_a_reporter_that_the_cross_check_confirms_is_safe_from_a_majority() {
    // Four of five say 100.9, the truth and the cross-check are at 100; e says the truth.
    let terms = adjusted(
        "a b c d e bench:0",
        "healthy 4 4; degraded 3 3; barrier 6 3; far_ms 1000; far_ppm 6000; cross bench 10000",
    );
    check(
        terms,
        "12:00:00 all 100
         12:00:01 all 100
         12:00:10 a,b,c,d 100.9
         12:00:10 bench 100
         12:00:10..12:00:40 by 1s e 100
         12:00:40 show
         12:00:40 seats
         12:00:41 a,b,c,d 101.1
         12:00:41 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            12:00:40 Healthy at 100.7991 ± 0.1009
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
                1@a: Live, weight 200000 ppm, 100.90 (+1001 ppm) 0/3 good
                2@b: Live, weight 200000 ppm, 100.90 (+1001 ppm) 0/3 good
                3@c: Live, weight 200000 ppm, 100.90 (+1001 ppm) 2/3 good
                4@d: Live, weight 200000 ppm, 100.90 (+1001 ppm) 2/3 good
                5@e: Live, weight 200000 ppm, 100.00 (-7927 ppm) 1/33 good
                6@bench: Live, weight 0 ppm, 100.00 (-7927 ppm) 1/3 good
            12:00:41 Healthy at 100.9989 ± 0.1011
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_25_only_time_that_is_live_healthy_and_far_counts() {
    let lines = "healthy 4 4; degraded 3 3; barrier 5 3; far_ms 90000; cross bench 10000";
    let far = adjusted("a b c d e bench:0 own:0", lines);
    // A report lives for a minute; then its seat is silent, not far. Here e is far, and live, for
    // 60, 20 and 10 seconds. Who has no weight is not at fault.
    check(
        far.clone(),
        "12:00:00 pace 10s
         12:00:00 all 100
         12:00:30 own 150
         12:00:30 e 103
         12:00:31 silent e
         12:05:00 e 103
         12:05:01 silent e
         12:05:20 e 103
         12:05:21 silent e
         12:05:29 e 103
         12:05:30 e 103",
        expect![[r#"
            12:00:10 Frozen -> Healthy: 5 fresh reports from 5 sources passed the barrier (100.00)
            12:05:30 reporter 5 is at fault: Far { apart_ppm: 28972, for_ms: 90000 }
        "#]],
    );
    // Frozen in between, without a word of e: its time begins again.
    check(
        far.clone(),
        "12:00:00 pace 10s
         12:00:00 all 100
         12:00:25 e 103
         12:01:11 silent e
         12:01:15 bench 98
         12:01:25 bench 100
         12:02:04 show
         12:02:05 e 103",
        expect![[r#"
            12:00:10 Frozen -> Healthy: 5 fresh reports from 5 sources passed the barrier (100.00)
            12:01:15 Healthy -> Frozen: the cross-check is 21429 ppm away: 10000 is the most (100.10)
            12:01:40 Frozen -> Healthy: 5 fresh reports from 4 sources passed the barrier (100.10)
            12:02:04 Healthy at 100.10 ± 0.10
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
    // Far while degraded: that time does not count either.
    check(
        far,
        "12:00:00 all 100
         12:00:01 all 100
         12:00:20 term
         12:00:21 a,b,c 100
         12:00:22 e 103
         12:00:23 d 100
         12:00:50 a,b,c,d,bench 100
         12:01:22 e 103
         12:01:40 a,b,c,d,bench 100
         12:01:52 e 103",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 5 fresh reports from 5 sources passed the barrier (100.00)
            12:00:20 Healthy -> Degraded: the venue was started: the feed waits for its barrier (100.00)
            12:00:23 Degraded -> Healthy: 5 fresh reports from 5 sources passed the barrier (100.10)
        "#]],
    );
}

#[test]
fn ora_24_hours_follow_each_other_whenever_they_are_paid() {
    let mut paid = five();
    adjust(&mut paid, "reward 1000; stale_ms 1500000");
    // Two stretches of 25 minutes and a rest of 10 that belongs to the second: two points at most.
    // The first hour is paid ten minutes late by a report, the second in time, by its own points.
    check(
        paid,
        "00:00:00 all 100
         00:00:01 all 100
         00:10:00..00:58:00 by 480s a,b,c,d,e 100
         01:10:00 a,b,c,d 100
         01:40:00 a,b,c 100
         02:00:00 a 100",
        expect![[r#"
            00:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            01:10:00 reporter 1 earns 200
            01:10:00 reporter 2 earns 200
            01:10:00 reporter 3 earns 200
            01:10:00 reporter 4 earns 200
            01:10:00 reporter 5 earns 200
            01:40:00 Healthy -> Frozen: 1 reporters and 1 sources are live: 3 and 3 are needed (100.00)
            02:00:00 reporter 1 earns 100
            02:00:00 reporter 2 earns 100
            02:00:00 reporter 3 earns 100
            02:00:00 reporter 4 earns 100
        "#]],
    );
}

#[test]
fn ora_24_new_terms_begin_an_hour_and_a_caught_reporter_is_not_paid() {
    let mut paid = five();
    adjust(&mut paid, "reward 3000; stale_ms 600000");
    check(
        paid,
        "00:00:00 pace 300s
         00:00:00 all 100
         00:00:01 all 100
         00:15:00 terms reward 6000
         01:00:00 tick
         01:12:00 a 101 of 00:00:01 nonce 2
         01:12:01 a 101 of 01:10:00 nonce 15
         01:15:00 tick",
        expect![[r#"
            00:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
            00:15:00 reporter 1 earns 200
            00:15:00 reporter 2 earns 200
            00:15:00 reporter 3 earns 200
            00:15:00 reporter 4 earns 200
            00:15:00 reporter 5 earns 200
            01:12:00 reporter 1 is at fault: Equivocated { nonce: 2 }
            01:12:01 a: refused: account 1 was caught and reports no more: register another one
            01:15:00 reporter 2 earns 1200
            01:15:00 reporter 3 earns 1200
            01:15:00 reporter 4 earns 1200
            01:15:00 reporter 5 earns 1200
        "#]],
    );
}

#[test]
fn ora_10_whatever_is_wrong_starts_the_count_again() {
    check(
        adjusted(FIVE, "healthy 4 4; degraded 3 3; barrier 9 3"),
        "12:00:00 c,d,e,a,b,c,d 100
         12:00:01 show
         12:00:02 a,b 104
         12:00:02 show
         12:00:03 a,b 100
         12:00:03 show
         12:00:04 terms cap_ppm 4000
         12:00:04 show",
        expect![[r#"
            12:00:01 Frozen at 0.00 ± 0.00, 5/9 reports 5/3 sources
                may cancel, reduce
            12:00:02 Frozen at 0.00 ± 0.00, 0/9 reports 0/3 sources
                may cancel, reduce
            12:00:03 Frozen at 0.00 ± 0.00, 2/9 reports 2/3 sources
                may cancel, reduce
            12:00:04 Frozen at 0.00 ± 0.00, 0/9 reports 0/3 sources
                may cancel, reduce
        "#]],
    );
}

#[test]
fn ora_10_ora_11_a_barrier_needs_its_own_sources_and_those_of_the_quorum() {
    // Five sources by the barrier, though four are healthy.
    let script = "12:00:00 all 100
                  12:00:01 all 100
                  12:00:02 term
                  12:00:03 a,b,c,d,a,b,c,d 100
                  12:00:03 show
                  12:00:04 e 100
                  12:00:04 show";
    check(
        adjusted(FIVE, "healthy 4 4; degraded 3 3; barrier 6 5"),
        script,
        expect![[r#"
        12:00:01 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (100.00)
        12:00:02 Healthy -> Degraded: the venue was started: the feed waits for its barrier (100.00)
        12:00:03 Degraded at 100.00 ± 0.00, 8/6 reports 4/5 sources
            may cancel, reduce, place, fund
        12:00:04 Degraded -> Healthy: 9 fresh reports from 5 sources passed the barrier (100.00)
        12:00:04 Healthy at 100.00 ± 0.00
            may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
    "#]],
    );
    // Four sources by the healthy quorum, though the barrier asks for two; ORA-11.
    let script = "12:00:00 all 100
                  12:00:01 all 100
                  12:00:02 term
                  12:00:03 1@a,2@a,3@b,4@b,1@a,2@a 100
                  12:00:03 show
                  12:00:04 3@c,4@d 100
                  12:00:04 show";
    let lines = "healthy 4 4; degraded 3 3; barrier 6 2; seats 1@a 2@a 3@b 4@b 3@c 4@d";
    check(
        adjusted("a b c d", lines),
        script,
        expect![[r#"
        12:00:01 Frozen -> Healthy: 6 fresh reports from 4 sources passed the barrier (100.00)
        12:00:02 Healthy -> Degraded: the venue was started: the feed waits for its barrier (100.00)
        12:00:03 Degraded at 100.00 ± 0.00, 6/6 reports 2/2 sources
            may cancel, reduce, place, fund
        12:00:04 Degraded -> Healthy: 8 fresh reports from 4 sources passed the barrier (100.00)
        12:00:04 Healthy at 100.00 ± 0.00
            may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
    "#]],
    );
}

#[test]
fn ora_11_a_report_that_is_stale_by_then_is_not_of_the_quorum() {
    // What d says after the start is 59 seconds old and gone when the others have spoken; what it
    // said ahead of its time before is forgotten. Five are live without it, and that is enough.
    check(
        adjusted("a b c d e f", "healthy 4 4; degraded 3 3; barrier 6 3"),
        "12:00:50 all 100
         12:01:00 all 100
         12:01:10 term
         12:01:10 d 100 of 12:00:11
         12:01:12 a,b,c,a,b,c 100
         12:01:12 show
         12:01:13 e 100
         12:01:13 show",
        expect![[r#"
            12:01:00 Frozen -> Healthy: 6 fresh reports from 6 sources passed the barrier (100.00)
            12:01:10 Healthy -> Degraded: the venue was started: the feed waits for its barrier (100.00)
            12:01:12 Degraded at 100.00 ± 0.00, 7/6 reports 4/3 sources
                may cancel, reduce, place, fund
            12:01:13 Degraded -> Healthy: 8 fresh reports from 5 sources passed the barrier (100.00)
            12:01:13 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_12_reporters_and_sources_are_counted_each() {
    // Three reporters of two sources, then two reporters of three.
    let lines = "healthy 3 3; degraded 1 1; barrier 4 3; seats 1@a 2@a 3@b 1@c 2@b";
    check(
        adjusted("a b c", lines),
        "12:00:00 all 100
         12:00:01 all 100
         12:00:01 show
         12:00:40 1@a,2@a,3@b 100
         12:01:01 tick
         12:01:02 all 100
         12:01:03 all 100
         12:01:03 show
         12:01:40 1@a,1@c,2@b 100
         12:02:03 tick",
        expect![[r#"
            12:00:00 Frozen -> Healthy: 4 fresh reports from 3 sources passed the barrier (100.00)
            12:00:01 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:01:01 Healthy -> Degraded: 3 reporters and 2 sources are live: 3 and 3 are needed (100.00)
            12:01:03 Degraded -> Healthy: 5 fresh reports from 3 sources passed the barrier (100.00)
            12:01:03 Healthy at 100.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:02:03 Healthy -> Degraded: 2 reporters and 3 sources are live: 3 and 3 are needed (100.00)
        "#]],
    );
}

#[test]
fn ora_12_after_a_silence_nothing_is_left_to_jump_from() {
    let lines = "healthy 1 1; degraded 1 1; barrier 2 1";
    check(
        adjusted("a", lines),
        "12:00:00 a,a 100
         12:01:00 tick
         12:02:00 a 200
         12:02:00 show
         12:02:01 a 200
         12:02:01 show",
        expect![[r#"
            12:00:00 Frozen -> Healthy: 2 fresh reports from 1 sources passed the barrier (100.00)
            12:01:00 Healthy -> Frozen: 0 reporters and 0 sources are live: 1 and 1 are needed (100.00)
            12:02:00 Frozen at 100.00 ± 0.00, 1/2 reports 1/1 sources
                may cancel, reduce
            12:02:01 Frozen -> Healthy: 2 fresh reports from 1 sources passed the barrier (200.00)
            12:02:01 Healthy at 200.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

#[test]
fn ora_15_the_cross_check_is_the_lower_median_of_its_seats() {
    check(
        adjusted(
            "a b c d bench:0",
            "healthy 4 4; degraded 3 3; barrier 5 3; cross bench 10000; \
             seats 1@a 2@b 3@c 4@d 5@bench 6@bench",
        ),
        "12:00:00 all 100
         12:00:01 all 100
         12:00:02 6@bench 98
         12:00:02 show",
        expect![[r#"
            12:00:01 Frozen -> Healthy: 5 fresh reports from 4 sources passed the barrier (100.00)
            12:00:02 Healthy -> Frozen: the cross-check is 20409 ppm away: 10000 is the most (100.00)
            12:00:02 Frozen at 100.00 ± 0.00, 0/5 reports 0/3 sources
                may cancel, reduce
        "#]],
    );
}

#[test]
fn a_view_says_since_when_the_health_is_what_it_is() {
    let terms = five();
    let mut feed = crate::Feed::new(terms.clone(), types::At(7_000));
    assert_eq!(feed.view(types::At(9_000)).since, types::At(7_000));
    for number in 0..12_u64 {
        let at = types::At(10_000 + number);
        let seat = terms.seats[number as usize % 5];
        let report = super::dice::report(&terms, seat, super::stage::price("100"), at, number + 1);
        feed.take(&report, crate::Taken::Price, at);
    }
    let view = feed.view(types::At(20_000));
    // The eighth report: two were too few, and six passed the barrier.
    assert_eq!((view.health, view.since), (types::Health::Healthy, types::At(10_007)));
}
