//! Small stories, one rule each.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use types::{
    Amount, At, Event, IndexId, IndexPrice, LedgerAccount, Lots, Side, SignedLots, Ticks,
    TransferReason,
};

use super::{BUYER, PERPETUAL, SELLER, Script, asset};
use crate::{Candle, OrderState, TickDirection};

#[test]
fn a_level_that_comes_and_goes_within_an_entry_changes_nothing() {
    let mut script = Script::new();
    let nth = script.place(Side::Bid, 100, 5, None);
    script.rest(nth);
    script.cancel(nth);
    assert_eq!(script.end_entry(), []);
    let book = script.view.instrument(PERPETUAL).expect("listed").book();
    assert_eq!(book.change().0, 0);
}

#[test]
fn a_fill_takes_from_the_visible_slice_and_the_next_slice_follows() {
    let mut script = Script::new();
    let nth = script.place(Side::Ask, 101, 10, Some(4));
    script.rest(nth);
    script.end_entry();
    script.take(0, 3);
    script.end_entry();
    let book =
        |script: &Script| script.view.instrument(PERPETUAL).expect("listed").book().best(Side::Ask);
    assert_eq!(book(&script), Some((Ticks(101), 1)));
    script.take(0, 1);
    script.end_entry();
    assert_eq!(book(&script), Some((Ticks(101), 4)));
}

#[test]
fn a_filled_order_is_found_among_the_closed_with_its_average() {
    let mut script = Script::new();
    for price in [101, 103] {
        let nth = script.place(Side::Ask, price, 2, None);
        script.rest(nth);
    }
    script.take(0, 2);
    script.end_entry();
    let order = script.view.closed_orders(SELLER).next().expect("it was filled");
    assert_eq!(order.state, OrderState::Filled);
    assert_eq!((order.filled, order.filled_ticks, order.fee), (Lots(2), 202, Amount(5)));
    assert_eq!(script.view.account(BUYER).expect("opened").trades().count(), 1);
    assert_eq!(script.view.open_orders(SELLER).count(), 1);
}

#[test]
fn tick_directions_compare_with_the_last_price_and_the_last_different_one() {
    let mut script = Script::new();
    for price in [101, 102, 102, 101, 101] {
        let nth = script.place(Side::Ask, price, 1, None);
        script.rest(nth);
        script.take(nth, 1);
    }
    script.end_entry();
    let market = script.view.instrument(PERPETUAL).expect("listed");
    let ways: Vec<_> = market.trades().iter().map(|trade| trade.tick_direction).collect();
    use TickDirection::{Minus, Plus, ZeroMinus, ZeroPlus};
    assert_eq!(ways, [Plus, Plus, ZeroPlus, Minus, ZeroMinus]);
}

#[test]
fn open_interest_is_what_is_held_long() {
    let mut script = Script::new();
    let position = |account, size| Event::PositionChanged {
        account,
        instrument: PERPETUAL,
        size: SignedLots(size),
        cost: Amount(0),
    };
    for (long, short) in [(5, -5), (2, -2), (-3, 3), (0, 0)] {
        script.push(position(BUYER, long));
        script.push(position(SELLER, short));
        script.end_entry();
        let held = script.view.instrument(PERPETUAL).expect("listed").open_interest();
        assert_eq!(held, u64::try_from(long.max(short)).expect("one is not short"));
    }
}

#[test]
fn money_that_moves_is_in_the_history_and_in_the_balance() {
    let mut script = Script::new();
    let transfer =
        |from, to, amount, reason| Event::Transferred { from, to, amount: Amount(amount), reason };
    let (buyer, seller) = (LedgerAccount::Collateral(BUYER), LedgerAccount::Collateral(SELLER));
    script.push(transfer(LedgerAccount::Outside, buyer, 100, TransferReason::Deposit));
    script.push(transfer(buyer, seller, 30, TransferReason::Transfer));
    script.push(transfer(seller, LedgerAccount::Outside, 10, TransferReason::Withdrawal));
    script.end_entry();
    let seen = |account| {
        let account = script.view.account(account).expect("opened");
        let rows: Vec<_> =
            account.movements().map(|row| (row.id, row.amount.0, row.balance.0)).collect();
        (account.balance().0, rows)
    };
    assert_eq!(seen(BUYER), (70, vec![(1, 100, 100), (2, -30, 70)]));
    assert_eq!(seen(SELLER), (20, vec![(2, 30, 30), (3, -10, 20)]));
}

#[test]
fn candles_fill_gaps_with_the_close_before() {
    let mut candles = crate::Candles::default();
    let minute = |nth: u64| At(nth * 60_000);
    for (at, price) in [(minute(1), 10), (minute(1), 12), (minute(4), 9)] {
        candles.add(at, Ticks(price), (Lots(2), Amount(7)));
    }
    let row = |c: &Candle| (c.start.0 / 60_000, c.open.0, c.high.0, c.low.0, c.close.0, c.lots);
    let rows = |length: u64, from: u64, to: u64, max: usize| -> Vec<_> {
        candles.over(length * 60_000, (minute(from), minute(to)), max).iter().map(row).collect()
    };
    let all = [
        (1, 10, 12, 10, 12, 4),
        (2, 12, 12, 12, 12, 0),
        (3, 12, 12, 12, 12, 0),
        (4, 9, 9, 9, 9, 2),
    ];
    assert_eq!(rows(1, 0, 4, 100), all);
    assert_eq!(rows(1, 3, 4, 100), all[2..]);
    assert_eq!(rows(1, 0, 4, 2), all[2..], "the last ones are kept");
    assert_eq!(rows(3, 0, 5, 100), [(0, 10, 12, 10, 12, 4), (3, 9, 9, 9, 9, 2)]);
    assert_eq!(rows(1440, 0, 5, 100), [(0, 10, 12, 9, 9, 6)]);
}

#[test]
fn an_index_keeps_the_first_price_of_each_hour() {
    let mut script = Script::new();
    let report = |price| Event::IndexChanged {
        index: IndexId(0),
        base: asset("BTC"),
        quote: asset("USD"),
        price: IndexPrice(price),
    };
    for price in [10, 11, 12] {
        script.push(report(price));
        script.end_entry();
    }
    let index = &script.view.indexes()[0];
    assert_eq!((index.name(), index.price()), ("btc_usd", Some(IndexPrice(12))));
    assert_eq!(index.hours().collect::<Vec<_>>(), [(At(0), IndexPrice(10))]);
}

#[test]
fn a_refusal_leaves_the_view_as_it_was() {
    let mut script = Script::new();
    let nth = script.place(Side::Bid, 100, 5, None);
    script.rest(nth);
    script.end_entry();
    script.push(Event::Refused(Box::new(types::Reject::DomainFull)));
    assert_eq!(script.end_entry(), []);
    assert_eq!(script.view.open_orders(BUYER).count(), 1);
}

#[test]
fn a_position_has_the_average_price_of_its_entries() {
    // Lots bought (below zero: sold), at a price; then the size and thousandths of the average.
    let steps = [
        ((10, 100), (10, 100_000), (10, 100_000)),
        // Inverse futures average their values: 20 lots for 10/100 + 10/200.
        ((10, 200), (20, 150_000), (20, 133_333)),
        ((-5, 900), (15, 150_000), (15, 133_333)),
        ((-18, 300), (-3, 300_000), (-3, 300_000)),
        ((-3, 100), (-6, 200_000), (-6, 150_000)),
        ((6, 100), (0, 0), (0, 0)),
        ((2, 40), (2, 40_000), (2, 40_000)),
    ];
    for is_quotient in [false, true] {
        let mut position = crate::Position::default();
        for ((more, price), linear, inverse) in steps {
            position.fill(more, Ticks(price), is_quotient);
            position.size.0 += more;
            let (over, under) = position.entry(is_quotient);
            let average = (over * 1_000 + under / 2).checked_div(under).unwrap_or(0);
            let want: (i64, u128) = if is_quotient { inverse } else { linear };
            assert_eq!((position.size.0, average), want, "{is_quotient} {more} at {price}");
        }
    }
}
