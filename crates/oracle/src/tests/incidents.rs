//! The price incidents of venue.md §3.2, replayed on a feed. Sources have names of the time;
//! figures are those of the table, the paths between them are drawn. Every ten seconds each
//! source says again what it said last.
//!
//! Where the control that would have stopped a loss is not the oracle's, the story shows what the
//! oracle does (it tells an honest price, or says that it has none) and names the other control.

use expect_test::expect;
use std::format;

use super::stage::{adjust, check, terms};

fn adjusted(sources: &str, lines: &str) -> types::FeedTerms {
    let mut terms = terms(sources);
    adjust(&mut terms, lines);
    terms
}

const FOUR_OF_FIVE: &str = "healthy 4 4; degraded 3 3; barrier 6 3";

/// venue.md §3.2, BitMEX, 17 May 2019: Bitstamp had half of the weight and lost a fifth of its
/// price in eleven minutes; $209–250M of longs were liquidated.
#[test]
fn bitmex_2019_a_source_with_half_of_the_weight_is_not_believed() {
    // As it was: half of the weight makes the median, but the reports are too far apart.
    check(
        adjusted("bitstamp:2 coinbase:1 kraken:1", "reporter_cap_ppm 500000"),
        "02:57:00 pace 10s
         02:57:00 all 7700
         02:58:00 show
         02:59:00 bitstamp 7600
         02:59:00 show
         03:01:00 bitstamp 7400
         03:01:00 show
         03:03:00 coinbase,kraken 7690
         03:03:00 bitstamp 6900
         03:09:00 coinbase,kraken 7650
         03:09:00 bitstamp 6200
         03:09:00 show
         03:30:00 coinbase,kraken,bitstamp 7650
         03:31:00 show",
        expect![[r#"
            02:57:10 Frozen -> Healthy: 3 fresh reports from 3 sources passed the barrier (7700.00)
            02:58:00 Healthy at 7700.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            02:59:00 Healthy at 7619.00 ± 81.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            03:01:00 Healthy -> Frozen: the reports are 37946 ppm wide: 20000 is the most (7619.00)
            03:01:00 Frozen at 7619.00 ± 81.00, 0/3 reports 0/2 sources
                may cancel, reduce
            03:09:00 Frozen at 7619.00 ± 81.00, 0/3 reports 0/2 sources
                may cancel, reduce
            03:30:10 Frozen -> Healthy: 3 fresh reports from 3 sources passed the barrier (7650.00)
            03:31:00 Healthy at 7650.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
    // One source of five: the index goes on, at most a fifth of the cap lower.
    check(
        adjusted("bitstamp coinbase kraken gemini itbit", FOUR_OF_FIVE),
        "02:57:00 pace 10s
         02:57:00 all 7700
         02:58:00 show
         03:03:00 coinbase,kraken,gemini,itbit 7690
         03:03:00 bitstamp 6900
         03:03:00 show
         03:09:00 coinbase,kraken,gemini,itbit 7650
         03:09:00 bitstamp 6200
         03:09:00 show
         03:09:00 seats",
        expect![[r#"
            02:57:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (7700.00)
            02:58:00 Healthy at 7700.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            03:03:00 Healthy at 7682.31 ± 7.69
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            03:09:00 Healthy at 7642.35 ± 7.65
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
                1@bitstamp: Live, weight 200000 ppm, 6200.00 (-188731 ppm) 35/75 good
                2@coinbase: Live, weight 200000 ppm, 7650.00 (+1001 ppm) 73/75 good
                3@kraken: Live, weight 200000 ppm, 7650.00 (+1001 ppm) 74/75 good
                4@gemini: Live, weight 200000 ppm, 7650.00 (+1001 ppm) 74/75 good
                5@itbit: Live, weight 200000 ppm, 7650.00 (+1001 ppm) 74/75 good
        "#]],
    );
}

/// venue.md §3.2, Synthetix sKRW, 25 June 2019: one source said 1000 times the price; an outage
/// that nobody noticed had left two, so the two were averaged.
#[test]
fn synthetix_2019_too_few_sources_are_noticed_before_one_of_them_lies() {
    check(
        adjusted("fx1 fx2 fx3 fx4", FOUR_OF_FIVE),
        "10:00:00 pace 10s
         10:00:00 all 0.00087
         10:01:00 show
         10:01:00 silent fx4
         10:05:00 show
         10:05:00 silent fx3
         10:10:00 show
         10:10:00 fx2 0.87
         10:11:00 show",
        expect![[r#"
            10:00:10 Frozen -> Healthy: 6 fresh reports from 4 sources passed the barrier (0.00087)
            10:01:00 Healthy at 0.00087 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            10:02:00 Healthy -> Degraded: 3 reporters and 3 sources are live: 4 and 4 are needed (0.00087)
            10:05:00 Degraded at 0.00087 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce, place, fund
            10:06:00 Degraded -> Frozen: 2 reporters and 2 sources are live: 3 and 3 are needed (0.00087)
            10:10:00 Frozen at 0.00087 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
            10:11:00 Frozen at 0.00087 ± 0.00, 0/6 reports 0/3 sources
                may cancel, reduce
        "#]],
    );
    // Four sources of which one lies: the index stands.
    check(
        adjusted("fx1 fx2 fx3 fx4", FOUR_OF_FIVE),
        "10:00:00 pace 10s
         10:00:00 all 0.00087
         10:10:00 fx2 0.87
         10:11:00 show",
        expect![[r#"
            10:00:10 Frozen -> Healthy: 6 fresh reports from 4 sources passed the barrier (0.00087)
            10:11:00 Healthy at 0.00087108 ± 0.00000108
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, bZx, 15–18 February 2020: the price was that of a pool on the chain, which a
/// flash loan moves for the length of one transaction.
#[test]
fn bzx_2020_a_pool_that_is_pushed_for_a_moment_is_one_vote() {
    check(
        adjusted("coinbase kraken bitstamp gemini pool", FOUR_OF_FIVE),
        "01:38:00 pace 10s
         01:38:00 all 284.50
         01:38:58 show
         01:39:00 pool 710
         01:39:00 show
         01:39:01 pool 284.50
         01:39:01 show",
        expect![[r#"
            01:38:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (284.50)
            01:38:58 Healthy at 284.50 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            01:39:00 Healthy at 284.7845 ± 0.2845
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            01:39:01 Healthy at 284.50 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, Compound, 26 November 2020: DAI was at 1.30 on Coinbase Pro for an hour, and the
/// anchor that should have caught it was allowed to be 20 % away; $89–103M were liquidated.
///
/// Here it moves the index by a fifth of the cap. Who reports a source that is broken does better
/// to be silent: to be far from the index and from the cross-check for a while is a fault, each
/// time anew.
#[test]
fn compound_2020_one_venue_that_is_thirty_percent_off_moves_the_index_by_the_cap() {
    let cross = "cross anchor 5000; far_ms 1800000";
    let sources = "coinbase kraken binance bitfinex curve anchor:0";
    check(
        adjusted(sources, &format!("{FOUR_OF_FIVE}; {cross}")),
        "08:00:00 pace 10s
         08:00:00 all 1.00
         08:01:00 show
         08:01:00 coinbase 1.30
         08:01:00 show
         08:59:59 show
         09:01:00 coinbase 1.00
         09:01:00 show
         09:01:00 seats",
        expect![[r#"
            08:00:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (1.00)
            08:01:00 Healthy at 1.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            08:01:00 Healthy at 1.001 ± 0.001
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            08:31:00 reporter 1 is at fault: Far { apart_ppm: 298702, for_ms: 1800000 }
            08:59:59 Healthy at 1.001 ± 0.001
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            09:01:00 reporter 1 is at fault: Far { apart_ppm: 298702, for_ms: 1800000 }
            09:01:00 Healthy at 1.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
                1@coinbase: Live, weight 200000 ppm, 1.00 (+0 ppm) 6/369 good
                2@kraken: Live, weight 200000 ppm, 1.00 (+0 ppm) 365/367 good
                3@binance: Live, weight 200000 ppm, 1.00 (+0 ppm) 366/367 good
                4@bitfinex: Live, weight 200000 ppm, 1.00 (+0 ppm) 366/367 good
                5@curve: Live, weight 200000 ppm, 1.00 (+0 ppm) 366/367 good
                6@anchor: Live, weight 0 ppm, 1.00 (+0 ppm) 366/367 good
        "#]],
    );
    // An anchor within 20 % that follows the broken source, as it did.
    check(
        adjusted("coinbase kraken uniswap:0", "healthy 2 2; cross uniswap 200000"),
        "08:00:00 pace 10s
         08:00:00 all 1.00
         08:01:00 show
         08:01:00 coinbase 1.30
         08:01:00 uniswap 1.10
         08:01:00 show",
        expect![[r#"
            08:00:10 Frozen -> Healthy: 3 fresh reports from 2 sources passed the barrier (1.00)
            08:01:00 Healthy at 1.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            08:01:00 Healthy -> Frozen: the reports are 296759 ppm wide: 20000 is the most (1.00)
            08:01:00 Frozen at 1.00 ± 0.00, 0/3 reports 0/2 sources
                may cancel, reduce
        "#]],
    );
}

/// venue.md §3.2, Pyth, 20 September 2021, 12:21–12:23: two of eleven publishers were near zero,
/// and weight came from what a publisher said of its own confidence, so that a low price got more.
#[test]
fn pyth_2021_a_price_near_zero_and_a_narrow_confidence_have_no_more_weight() {
    let eleven =
        adjusted("p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11", "healthy 8 8; degraded 6 6; barrier 11 6");
    check(
        eleven.clone(),
        "12:20:00 pace 10s
         12:20:00 all 42000 ±20
         12:21:00 show
         12:21:05 p10 0
         12:21:05 p10 0.00042
         12:21:05 p11 0.00041
         12:21:06 p1,p2,p3,p4,p5,p6,p7,p8,p9 41900 ±20
         12:22:00 show
         12:22:00 seats",
        expect![[r#"
            12:20:10 Frozen -> Healthy: 11 fresh reports from 11 sources passed the barrier (42000.00)
            12:21:00 Healthy at 42000.00 ± 20.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:21:05 p10: refused: index price 0 is out of range: report 1 to 1000000000000000000
            12:22:00 Healthy at 41861.9090909 ± 58.0909091
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
                1@p1: Live, weight 90909 ppm, 41900.00 (+909 ppm) 12/14 good
                2@p2: Live, weight 90909 ppm, 41900.00 (+909 ppm) 12/14 good
                3@p3: Live, weight 90909 ppm, 41900.00 (+909 ppm) 12/14 good
                4@p4: Live, weight 90909 ppm, 41900.00 (+909 ppm) 12/14 good
                5@p5: Live, weight 90909 ppm, 41900.00 (+909 ppm) 13/14 good
                6@p6: Live, weight 90909 ppm, 41900.00 (+909 ppm) 13/14 good
                7@p7: Live, weight 90909 ppm, 41900.00 (+909 ppm) 13/14 good
                8@p8: Live, weight 90909 ppm, 41900.00 (+909 ppm) 13/14 good
                9@p9: Live, weight 90909 ppm, 41900.00 (+909 ppm) 13/14 good
                10@p10: Live, weight 90909 ppm, 0.00042 (-999999 ppm) 6/14 good
                11@p11: Live, weight 90909 ppm, 0.00041 (-999999 ppm) 6/14 good
        "#]],
    );
    // Three of them are more than a quarter: by no price is anybody liquidated.
    check(
        eleven,
        "12:20:00 pace 10s
         12:20:00 all 42000 ±20
         12:21:05 p9,p10,p11 0.00041
         12:21:06 p1,p2,p3,p4,p5,p6,p7,p8 41900 ±20
         12:22:00 show
         12:23:00 p9,p10,p11 41800
         12:23:10 show",
        expect![[r#"
            12:20:10 Frozen -> Healthy: 11 fresh reports from 11 sources passed the barrier (42000.00)
            12:21:05 Healthy -> Frozen: the reports are 1000000 ppm wide: 20000 is the most (41961.81818181)
            12:22:00 Frozen at 41961.81818181 ± 58.18181819, 0/11 reports 0/6 sources
                may cancel, reduce
            12:23:10 Frozen -> Healthy: 11 fresh reports from 11 sources passed the barrier (41872.72727272)
            12:23:10 Healthy at 41872.72727272 ± 72.72727272
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, LUNA, May 2022: the feed stopped at its floor of $0.107 while the market went to
/// $0.01; who used it did not look at its time. Our feeds have no floor, and what is old is
/// refused.
#[test]
fn luna_2022_a_price_that_stopped_is_no_price() {
    let venues = adjusted(
        "binance kucoin ftx huobi bench:0",
        "healthy 4 4; degraded 3 3; barrier 8 3; spread_ppm 100000; cross bench 50000",
    );
    // Relays stop at the floor and go on to send their last round.
    check(
        venues.clone(),
        "15:58:00 pace 10s
         15:58:00 all 0.120
         15:58:50 bench,binance,kucoin,ftx,huobi 0.116
         15:59:10 bench,binance,kucoin,ftx,huobi 0.112
         15:59:30 bench,binance,kucoin,ftx,huobi 0.107 of 15:59:30
         15:59:31 show
         16:00:35 show
         20:00:00 show",
        expect![[r#"
            15:58:20 Frozen -> Healthy: 8 fresh reports from 4 sources passed the barrier (0.12)
            15:59:31 Healthy at 0.107 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            16:00:30 Healthy -> Frozen: 0 reporters and 0 sources are live: 3 and 3 are needed (0.107)
            16:00:30 bench: refused: the source's time 1632153570000 is 60000 ms or more before the log's 1632153630000
            16:00:30 binance: refused: the source's time 1632153570000 is 60000 ms or more before the log's 1632153630000
            16:00:30 kucoin: refused: the source's time 1632153570000 is 60000 ms or more before the log's 1632153630000
            16:00:30 ftx: refused: the source's time 1632153570000 is 60000 ms or more before the log's 1632153630000
            16:00:30 huobi: refused: the source's time 1632153570000 is 60000 ms or more before the log's 1632153630000
            16:00:35 Frozen at 0.107 ± 0.00, 0/8 reports 0/3 sources
                may cancel, reduce
            20:00:00 Frozen at 0.107 ± 0.00, 0/8 reports 0/3 sources
                may cancel, reduce
        "#]],
    );
    // Relays put a new time on the old floor: the cross-check is at the market.
    check(
        venues,
        "15:58:00 pace 10s
         15:58:00 all 0.120
         15:58:50 bench,binance,kucoin,ftx,huobi 0.116
         15:59:10 bench,binance,kucoin,ftx,huobi 0.112
         15:59:30 bench,binance,kucoin,ftx,huobi 0.107
         15:59:31 show
         15:59:45 bench 0.103
         15:59:45 show
         15:59:55 bench 0.090
         15:59:55 show
         17:00:05 bench 0.010
         17:00:05 show
         20:00:00 binance,kucoin,ftx,huobi 0.010
         20:00:15 show
         20:00:25 show",
        expect![[r#"
            15:58:20 Frozen -> Healthy: 8 fresh reports from 4 sources passed the barrier (0.12)
            15:59:31 Healthy at 0.107 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            15:59:45 Healthy at 0.107 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            15:59:55 Healthy -> Frozen: the cross-check is 188889 ppm away: 50000 is the most (0.107)
            15:59:55 Frozen at 0.107 ± 0.00, 0/8 reports 0/3 sources
                may cancel, reduce
            17:00:05 Frozen at 0.107 ± 0.00, 0/8 reports 0/3 sources
                may cancel, reduce
            20:00:15 Frozen at 0.107 ± 0.00, 6/8 reports 4/3 sources
                may cancel, reduce
            20:00:20 Frozen -> Healthy: 8 fresh reports from 4 sources passed the barrier (0.01)
            20:00:25 Healthy at 0.01 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, Mango, 11 October 2022: the spot market itself was bought thirteen times up
/// within half an hour. The index is honest: it is what the sources show, and steps that are too
/// large for a moment wait for the barrier. What stops the loss is no business of the oracle:
/// limits of open interest by liquidity, and a haircut on unrealised profits that serve as
/// collateral. Those are rules of `risk` to come.
#[test]
fn mango_2022_the_index_follows_a_squeeze_that_is_real() {
    check(
        adjusted("ftx ascendex serum kraken gate", &format!("{FOUR_OF_FIVE}; spread_ppm 50000")),
        "22:00:00 pace 10s
         22:00:00 all 0.0382
         22:05:00 all 0.0400
         22:06:00 all 0.0420
         22:06:00 show
         22:10:00 ftx,ascendex,serum 0.0900
         22:10:00 show
         22:10:01 kraken,gate 0.0880
         22:10:20 show
         22:25:00 all 0.4900
         22:25:00 show
         22:25:10 show",
        expect![[r#"
            22:00:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (0.0382)
            22:06:00 Healthy at 0.042 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            22:10:00 Healthy -> Frozen: the reports are 1138580 ppm wide: 50000 is the most (0.042042)
            22:10:00 Frozen at 0.042042 ± 0.000042, 0/6 reports 0/3 sources
                may cancel, reduce
            22:10:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (0.08982)
            22:10:20 Healthy at 0.08982 ± 0.00182
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            22:25:00 Healthy -> Frozen: the reports are 4444445 ppm wide: 50000 is the most (0.08991)
            22:25:00 Frozen at 0.08991 ± 0.00191, 2/6 reports 2/3 sources
                may cancel, reduce
            22:25:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (0.49)
            22:25:10 Healthy at 0.49 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, Hyperliquid JELLY, 26 March 2025: spot was pumped to more than four times its
/// price, and the validators then settled at 0.0095, below the market. A feed has no such lever:
/// the operator cannot say its price (`IndexHasFeed`), and thin sources that part freeze it. What
/// stops the loss is a limit of open interest by market value and depth (a rule of `risk` to come).
#[test]
fn jelly_2025_thin_sources_that_part_freeze_the_feed() {
    check(
        adjusted("bybit gate mexc raydium", "healthy 4 4; degraded 3 3; barrier 8 4"),
        "12:00:00 pace 10s
         12:00:00 all 0.0095
         12:10:00 all 0.0096
         12:10:00 show
         12:10:05 raydium 0.0120
         12:10:05 show
         12:10:06 gate 0.0118
         12:10:06 show
         12:40:00 all 0.0430
         12:40:05 show
         12:40:25 show",
        expect![[r#"
            12:00:20 Frozen -> Healthy: 8 fresh reports from 4 sources passed the barrier (0.0095)
            12:10:00 Healthy at 0.0096 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:10:05 Healthy at 0.009612 ± 0.000012
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            12:10:06 Healthy -> Frozen: the reports are 226102 ppm wide: 20000 is the most (0.009612)
            12:10:06 Frozen at 0.009612 ± 0.000012, 0/8 reports 0/4 sources
                may cancel, reduce
            12:40:05 Frozen at 0.009612 ± 0.000012, 1/8 reports 1/4 sources
                may cancel, reduce
            12:40:20 Frozen -> Healthy: 8 fresh reports from 4 sources passed the barrier (0.043)
            12:40:25 Healthy at 0.043 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, Binance, 10 October 2025, 21:36–22:16: collateral was valued by the venue's own
/// books, where USDe fell to 0.65. The own book is one source of five, and no quorum by itself.
#[test]
fn binance_2025_the_own_book_is_one_source_of_many() {
    let own = adjusted("own", "healthy 3 3");
    expect![[r#"
        Err(
            Quorum {
                reporters: 1,
                sources: 1,
            },
        )
    "#]]
    .assert_debug_eq(&crate::check_terms(&own));
    check(
        adjusted("own bybit curve uniswap redemption", FOUR_OF_FIVE),
        "21:35:00 pace 10s
         21:35:00 all 1.00
         21:36:00 all 0.999
         21:45:00 bybit,curve,uniswap,redemption 0.995
         21:45:00 own 0.65
         21:45:00 show
         22:16:00 own 0.98
         22:16:00 show",
        expect![[r#"
            21:35:10 Frozen -> Healthy: 6 fresh reports from 5 sources passed the barrier (1.00)
            21:45:00 Healthy at 0.994005 ± 0.000995
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            22:16:00 Healthy at 0.994005 ± 0.000995
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, dYdX, 10 October 2025: after eight hours of halt the sidecars came back slowly,
/// and trades and liquidations ran at stale prices. (That the whole open interest of a market
/// closes in one fill without halting anything is for tests of the liquidations to come.)
#[test]
fn dydx_2025_nobody_is_liquidated_after_a_halt_by_what_was_before_it() {
    check(
        adjusted("s1 s2 s3 s4 s5", "healthy 4 4; degraded 3 3; barrier 10 4"),
        "14:00:00 pace 10s
         14:00:00 all 121000
         14:01:00 show
         14:01:05 silent s1,s2,s3,s4,s5
         22:00:00 term
         22:00:00 show
         22:00:05 s1 112000
         22:00:15 s2 112000
         22:00:16 show
         22:00:21 s3 112000
         22:00:22 show
         22:00:45 s4,s5 112000
         22:00:45 show
         22:00:50 show",
        expect![[r#"
            14:00:20 Frozen -> Healthy: 10 fresh reports from 5 sources passed the barrier (121000.00)
            14:01:00 Healthy at 121000.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            14:02:00 Healthy -> Frozen: 0 reporters and 0 sources are live: 3 and 3 are needed (121000.00)
            22:00:00 Frozen at 121000.00 ± 0.00, 0/10 reports 0/4 sources
                may cancel, reduce
            22:00:16 Frozen at 121000.00 ± 0.00, 0/10 reports 0/4 sources
                may cancel, reduce
            22:00:22 Frozen at 121000.00 ± 0.00, 1/10 reports 1/4 sources
                may cancel, reduce
            22:00:45 Frozen at 121000.00 ± 0.00, 9/10 reports 5/4 sources
                may cancel, reduce
            22:00:50 Frozen -> Healthy: 10 fresh reports from 5 sources passed the barrier (112000.00)
            22:00:50 Healthy at 112000.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}

/// venue.md §3.2, Hyperliquid POPCAT, 12 November 2025: a wall of $20M in the venue's own book was
/// pulled, and the price fell by 20 to 40 %. A source without weight is looked at and does not
/// count. What stops the loss of the backstop is margin by concentration and depth (a rule of
/// `risk` to come), and a mark that takes no fleeting depth of the own book (`risk`).
#[test]
fn popcat_2025_a_wall_in_the_own_book_is_not_in_the_index() {
    check(
        adjusted("binance bybit okx gate own:0", "healthy 4 4; degraded 3 3"),
        "13:00:00 pace 10s
         13:00:00 all 0.2100
         13:10:00 all 0.2090
         13:10:05 own 0.2150
         13:10:06 show
         13:10:10 own 0.1300
         13:10:11 show
         13:10:12 seats",
        expect![[r#"
            13:00:10 Frozen -> Degraded: 3 fresh reports from 3 sources passed the barrier (0.21)
            13:00:10 Degraded -> Healthy: 4 fresh reports from 4 sources passed the barrier (0.21)
            13:10:06 Healthy at 0.209 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
            13:10:11 Healthy at 0.209 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
                1@binance: Live, weight 250000 ppm, 0.209 (+0 ppm) 62/63 good
                2@bybit: Live, weight 250000 ppm, 0.209 (+0 ppm) 62/63 good
                3@okx: Live, weight 250000 ppm, 0.209 (+0 ppm) 62/63 good
                4@gate: Live, weight 250000 ppm, 0.209 (+0 ppm) 62/63 good
                5@own: Live, weight 0 ppm, 0.13 (-377990 ppm) 61/65 good
        "#]],
    );
}

/// venue.md §3.2, Paradex, 19 January 2026: a start raced with its own state, and prices were zero.
/// A feed goes on from its bytes with the price that it had, zero is refused, and nothing is taken
/// from anybody until the barrier is passed. (Funding indices are state of `risk`.)
#[test]
fn paradex_2026_a_start_goes_on_from_the_price_that_was() {
    check(
        adjusted("s1 s2 s3 s4 s5", "healthy 4 4; degraded 3 3; barrier 10 4"),
        "03:00:00 pace 10s
         03:00:00 all 93000
         03:00:25 silent s1,s2,s3,s4,s5
         03:00:25 reload
         03:00:25 term
         03:00:26 show
         03:00:27 s1,s2,s3 0
         03:00:27 show
         03:00:27 silent s1,s2,s3
         03:00:28 all 92900
         03:00:29 show
         03:00:30 show",
        expect![[r#"
            03:00:20 Frozen -> Healthy: 10 fresh reports from 5 sources passed the barrier (93000.00)
            03:00:25 Healthy -> Degraded: the venue was started: the feed waits for its barrier (93000.00)
            03:00:26 Degraded at 93000.00 ± 0.00, 0/10 reports 0/4 sources
                may cancel, reduce, place, fund
            03:00:27 s1: refused: index price 0 is out of range: report 1 to 1000000000000000000
            03:00:27 s2: refused: index price 0 is out of range: report 1 to 1000000000000000000
            03:00:27 s3: refused: index price 0 is out of range: report 1 to 1000000000000000000
            03:00:27 Degraded at 93000.00 ± 0.00, 0/10 reports 0/4 sources
                may cancel, reduce, place, fund
            03:00:29 Degraded at 92900.00 ± 0.00, 5/10 reports 5/4 sources
                may cancel, reduce, place, fund
            03:00:30 Degraded -> Healthy: 10 fresh reports from 5 sources passed the barrier (92900.00)
            03:00:30 Healthy at 92900.00 ± 0.00
                may cancel, reduce, place, increase, withdraw, fund, deliver, liquidate
        "#]],
    );
}
