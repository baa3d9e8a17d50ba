//! Auctions as lines: orders in, the price and the pairs out.
//!
//! ```text
//!   10@103 20@102/5 | 15@98 | 100       bids | asks | reference; 20@102/5 shows 5 at a time
//! ```
//!
//! Orders are numbered as they stand in the line, which is the order in which they came.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::format;
use std::string::String;
use std::vec::Vec;

use types::{Indication, InstrumentId, Lots, OrderId, Side, Ticks};

use crate::{Books, Rest};

const BOOK: InstrumentId = InstrumentId(0);

/// An order of an auction: side, size, price, and how much of it shows.
type Asked = (Side, u32, u32, Option<u32>);

fn collected(orders: &[Asked]) -> (Books, Vec<OrderId>) {
    let mut books = Books::new();
    books.open_book();
    let ids = orders.iter().map(|(side, size, price, display)| {
        let order = books.admit().expect("there are slots");
        let (price, open) = (Ticks(*price), Lots(*size));
        let display = display.map(Lots);
        books.collect(order, &Rest { book: BOOK, side: *side, price, open, display, owner: 1 });
        books.check();
        order
    });
    let ids = ids.collect();
    (books, ids)
}

/// Trades all that crosses: which orders, and how much.
fn uncross(books: &mut Books, price: Ticks) -> Vec<(OrderId, OrderId, u64)> {
    let mut fills = Vec::new();
    while let Some(pair) = books.match_pair(BOOK, price) {
        books.check();
        fills.push((pair.bid, pair.ask, u64::from(pair.size.0)));
    }
    fills
}

fn parsed(line: &str) -> (Vec<Asked>, Ticks) {
    let parts: Vec<&str> = line.split('|').collect();
    let [bids, asks, reference] = parts.as_slice() else { panic!("say: bids | asks | reference") };
    let number = |word: &str| word.trim().parse::<u32>().expect("a number stands here");
    let order = |side: Side, word: &str| -> Asked {
        let (size, rest) = word.split_once('@').expect("size@price");
        let (price, display) = match rest.split_once('/') {
            Some((price, display)) => (price, Some(number(display))),
            None => (rest, None),
        };
        (side, number(size), number(price), display)
    };
    let bids = bids.split_whitespace().map(|word| order(Side::Bid, word));
    let asks = asks.split_whitespace().map(|word| order(Side::Ask, word));
    (bids.chain(asks).collect(), Ticks(number(reference)))
}

fn said(line: &str) -> String {
    let (orders, reference) = parsed(line);
    let (mut books, ids) = collected(&orders);
    let Some(Indication { price, volume, surplus }) = books.uncrossing(BOOK, reference) else {
        return format!("{line}\n    no trade\n");
    };
    let nth = |id: OrderId| ids.iter().position(|known| *known == id).expect("one of them") + 1;
    let mut told = format!("{line}\n    {volume} at {price}, {surplus} over:");
    for (bid, ask, size) in uncross(&mut books, price) {
        let _ = write!(told, " {}<{}x{size}", nth(bid), nth(ask));
    }
    books.check_uncrossed(BOOK);
    told.push('\n');
    told
}

fn check(lines: &[&str], due: &Expect) {
    due.assert_eq(&lines.iter().map(|line| said(line)).collect::<String>());
}

/// AUC-2; venue.md §2.19, worked: price 100, volume 65, a buy surplus of 20.
#[test]
fn auc_2_the_worked_table() {
    let line = "10@103 20@102 30@101 25@100 40@99 | 15@98 20@99 30@100 20@101 35@102 | 100";
    let (orders, reference) = parsed(line);
    let mut table = String::new();
    for price in 98..=103 {
        let (demand, supply) = sums(&orders, price);
        let (volume, surplus) = (demand.min(supply), demand - supply);
        let _ = writeln!(table, "{price} {demand:>4} {supply:>4} {volume:>3} {surplus:>+5}");
    }
    let (books, _) = collected(&orders);
    let _ = writeln!(table, "{:?}", books.uncrossing(BOOK, reference));
    expect![[r#"
        98  125   15  15  +110
        99  125   35  35   +90
        100   85   65  65   +20
        101   60   85  60   -25
        102   30  120  30   -90
        103   10  120  10  -110
        Some(Indication { price: Ticks(100), volume: 65, surplus: 20 })
    "#]]
    .assert_eq(&table);
}

#[test]
fn auc_2_most_volume_then_least_surplus() {
    check(
        &[
            "10@103 20@102 30@101 25@100 40@99 | 15@98 20@99 30@100 20@101 35@102 | 100",
            // One candidate more on either side.
            "10@100 | 10@100 | 1",
            "10@101 | 10@100 | 1",
            "5@102 5@101 | 10@100 | 102",
            "10@102 | 5@100 5@101 | 100",
            // All volume is equal from 100 to 103; at 102 and 103 less is left over.
            "10@103 5@101 | 10@100 | 50",
            "20@103 | 10@100 5@102 | 50",
        ],
        &expect![[r#"
            10@103 20@102 30@101 25@100 40@99 | 15@98 20@99 30@100 20@101 35@102 | 100
                65 at 100, 20 over: 1<6x10 2<6x5 2<7x15 3<7x5 3<8x25 4<8x5
            10@100 | 10@100 | 1
                10 at 100, 0 over: 1<2x10
            10@101 | 10@100 | 1
                10 at 100, 0 over: 1<2x10
            5@102 5@101 | 10@100 | 102
                10 at 101, 0 over: 1<3x5 2<3x5
            10@102 | 5@100 5@101 | 100
                10 at 101, 0 over: 1<2x5 1<3x5
            10@103 5@101 | 10@100 | 50
                10 at 103, 0 over: 1<3x10
            20@103 | 10@100 5@102 | 50
                15 at 103, 5 over: 1<2x10 1<3x5
        "#]],
    );
}

#[test]
fn auc_3_ties_go_to_the_side_that_presses_then_to_the_reference() {
    check(
        &[
            // Bids are left over at each: the highest.
            "20@103 | 10@100 | 1",
            "20@103 | 10@100 | 1000",
            // Asks are left over at each: the lowest.
            "10@103 | 20@100 | 1",
            "10@103 | 20@100 | 1000",
            // Nothing is left over: the nearest to the reference, the higher of two.
            "10@104 | 10@100 | 101",
            "10@104 | 10@100 | 103",
            "10@104 | 10@100 | 102",
            "10@104 | 10@100 | 1",
            "10@105 5@102 | 5@100 10@104 | 1",
            // As many bids too many as asks: the reference again.
            "10@105 10@102 | 10@100 10@104 | 104",
        ],
        &expect![[r#"
            20@103 | 10@100 | 1
                10 at 103, 10 over: 1<2x10
            20@103 | 10@100 | 1000
                10 at 103, 10 over: 1<2x10
            10@103 | 20@100 | 1
                10 at 100, -10 over: 1<2x10
            10@103 | 20@100 | 1000
                10 at 100, -10 over: 1<2x10
            10@104 | 10@100 | 101
                10 at 100, 0 over: 1<2x10
            10@104 | 10@100 | 103
                10 at 104, 0 over: 1<2x10
            10@104 | 10@100 | 102
                10 at 104, 0 over: 1<2x10
            10@104 | 10@100 | 1
                10 at 100, 0 over: 1<2x10
            10@105 5@102 | 5@100 10@104 | 1
                10 at 104, -5 over: 1<3x5 1<4x5
            10@105 10@102 | 10@100 10@104 | 104
                10 at 104, -10 over: 1<3x10
        "#]],
    );
}

#[test]
fn auc_4_price_then_time_and_the_rest_stays() {
    check(
        &[
            // Better prices first, equal ones as they came.
            "5@101 5@102 5@101 | 12@100 | 101",
            "3@100 3@100 3@100 | 4@100 | 100",
            "7@100 | 2@99 2@98 2@100 | 100",
            // One order against many, and one lot.
            "1000@105 | 1@100 1@101 1@102 1@103 1@104 1@105 | 100",
            "1@100 | 1000@100 | 100",
            // Nothing crosses, or one side is not there.
            "10@99 | 10@100 | 100",
            "10@99 | | 100",
            "| 10@100 | 100",
            "| | 100",
        ],
        &expect![[r#"
            5@101 5@102 5@101 | 12@100 | 101
                12 at 101, 3 over: 2<4x5 1<4x5 3<4x2
            3@100 3@100 3@100 | 4@100 | 100
                4 at 100, 5 over: 1<4x3 2<4x1
            7@100 | 2@99 2@98 2@100 | 100
                6 at 100, 1 over: 1<3x2 1<2x2 1<4x2
            1000@105 | 1@100 1@101 1@102 1@103 1@104 1@105 | 100
                6 at 105, 994 over: 1<2x1 1<3x1 1<4x1 1<5x1 1<6x1 1<7x1
            1@100 | 1000@100 | 100
                1 at 100, -999 over: 1<2x1
            10@99 | 10@100 | 100
                no trade
            10@99 | | 100
                no trade
            | 10@100 | 100
                no trade
            | | 100
                no trade
        "#]],
    );
}

#[test]
fn auc_4_what_an_iceberg_hides_counts_and_stands_behind_what_shows() {
    check(
        &[
            // All of it counts for the price.
            "100@101/10 | 50@100 | 100",
            "40@101 | 100@100/10 | 101",
            // What it shows anew stands behind the others at its price.
            "20@100/5 10@100 | 20@100 | 100",
            "25@100 | 20@100/5 10@100 | 100",
            "12@100/4 12@100/4 | 20@100/3 | 100",
        ],
        &expect![[r#"
            100@101/10 | 50@100 | 100
                50 at 101, 50 over: 1<2x10 1<2x10 1<2x10 1<2x10 1<2x10
            40@101 | 100@100/10 | 101
                40 at 100, -60 over: 1<2x10 1<2x10 1<2x10 1<2x10
            20@100/5 10@100 | 20@100 | 100
                20 at 100, 10 over: 1<3x5 2<3x10 1<3x5
            25@100 | 20@100/5 10@100 | 100
                25 at 100, -5 over: 1<2x5 1<3x10 1<2x5 1<2x5
            12@100/4 12@100/4 | 20@100/3 | 100
                20 at 100, 4 over: 1<3x3 1<3x1 2<3x2 2<3x2 1<3x1 1<3x3 2<3x3 2<3x1 1<3x2 1<3x2
        "#]],
    );
}

fn sums(orders: &[Asked], price: u32) -> (i64, i64) {
    let sum = |side: Side, counts: &dyn Fn(u32) -> bool| -> i64 {
        let of_side = orders.iter().filter(|order| order.0 == side && counts(order.2));
        of_side.map(|order| i64::from(order.1)).sum()
    };
    (sum(Side::Bid, &|limit| price <= limit), sum(Side::Ask, &|limit| limit <= price))
}

/// By definition: every limit is tried, and each rule in turn leaves those that are as good as any.
fn brute(orders: &[Asked], reference: u32) -> Option<(u32, i64, i64)> {
    let mut prices: Vec<u32> = orders.iter().map(|order| order.2).collect();
    prices.sort_unstable();
    prices.dedup();
    let rows = prices.into_iter().map(|price| {
        let (demand, supply) = sums(orders, price);
        (price, demand.min(supply), demand - supply)
    });
    let mut rows: Vec<(u32, i64, i64)> = rows.collect();
    let most = rows.iter().map(|row| row.1).max().filter(|most| 0 < *most)?;
    rows.retain(|row| row.1 == most);
    let least = rows.iter().map(|row| row.2.abs()).min()?;
    rows.retain(|row| row.2.abs() == least);
    if rows.iter().all(|row| 0 < row.2) {
        return rows.last().copied();
    }
    if rows.iter().all(|row| row.2 < 0) {
        return rows.first().copied();
    }
    let nearest = rows.iter().map(|row| row.0.abs_diff(reference)).min()?;
    rows.retain(|row| row.0.abs_diff(reference) == nearest);
    rows.last().copied()
}

fn any_orders() -> impl Strategy<Value = Vec<Asked>> {
    let side = any::<bool>().prop_map(|is_bid| if is_bid { Side::Bid } else { Side::Ask });
    let order = (side, 1..40_u32, 90..112_u32, proptest::option::of(1..10_u32));
    proptest::collection::vec(order, 0..24)
}

/// What each order has traded.
fn traded(fills: &[(OrderId, OrderId, u64)]) -> BTreeMap<OrderId, u64> {
    let mut by_order = BTreeMap::new();
    for (bid, ask, size) in fills {
        *by_order.entry(*bid).or_insert(0) += size;
        *by_order.entry(*ask).or_insert(0) += size;
    }
    by_order
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn auc_2_the_price_is_that_of_a_brute_force_search(
        orders in any_orders(),
        reference in 85..118_u32,
    ) {
        let (books, _) = collected(&orders);
        let found = books.uncrossing(BOOK, Ticks(reference));
        let found = found.map(|Indication { price, volume, surplus }| {
            (price.0, i64::try_from(volume).expect("small"), surplus)
        });
        prop_assert_eq!(found, brute(&orders, reference));
    }

    #[test]
    fn auc_4_the_volume_trades_and_the_better_price_goes_first(
        orders in any_orders(),
        reference in 85..118_u32,
    ) {
        let (mut books, ids) = collected(&orders);
        let Some(found) = books.uncrossing(BOOK, Ticks(reference)) else {
            prop_assert!(!books.is_crossed(BOOK));
            return Ok(());
        };
        let fills = uncross(&mut books, found.price);
        books.check_uncrossed(BOOK);
        prop_assert_eq!(fills.iter().map(|fill| fill.2).sum::<u64>(), found.volume);
        let by_order = traded(&fills);
        for (id, (side, size, price, _)) in ids.iter().zip(&orders) {
            let done = by_order.get(id).copied().unwrap_or(0);
            let open = books.get(*id).map_or(0, |resting| u64::from(resting.open.0));
            prop_assert_eq!(done + open, u64::from(*size), "lots are neither made nor lost");
            let may = side.reaches(Ticks(*price), found.price);
            prop_assert!(may || done == 0, "{} trades beyond its limit", id);
            let waits = may && done < u64::from(*size);
            for (other, (other_side, _, other_price, _)) in ids.iter().zip(&orders) {
                let is_worse = other_side == side && other_price != price
                    && side.reaches(Ticks(*price), Ticks(*other_price));
                let is_served = by_order.contains_key(other);
                prop_assert!(!(waits && is_worse && is_served), "{} before {}", other, id);
            }
        }
    }
}
