//! The edges of prices, sizes and owners.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::vec::Vec;

use types::{InstrumentId, Lots, OrderId, Side, Ticks};

use crate::{Books, Match, Rest, Taker};

const BOOK: InstrumentId = InstrumentId(0);

fn opened() -> Books {
    let mut books = Books::new();
    books.open_book();
    books
}

fn bid(price: u32, open: u32) -> Rest {
    let (price, open) = (Ticks(price), Lots(open));
    Rest { book: BOOK, side: Side::Bid, price, open, display: None, owner: 1 }
}

fn rested(books: &mut Books, rest: Rest) -> OrderId {
    let order = books.admit().expect("there are slots");
    books.rest(order, &rest);
    order
}

/// Whoever drives the books has checked; where it has not, they stop, and say at what.
#[test]
fn an_order_that_no_book_takes_stops_the_machine() {
    let max = Ticks::MAX.0;
    let refused = [
        (bid(0, 1), "0 is a price that a book has"),
        (Rest { side: Side::Ask, ..bid(0, 1) }, "0 is a price that a book has"),
        (bid(max + 1, 1), "16777216 is a price that a book has"),
        (bid(5, 0), "0 lots are an order's size"),
        (bid(5, Lots::MAX.0 + 1), "2147483648 lots are an order's size"),
        (Rest { display: Some(Lots(0)), ..bid(5, 9) }, "an iceberg shows at least one lot"),
    ];
    for (rest, why) in refused {
        let mut books = opened();
        let order = books.admit().expect("there are slots");
        let result = catch_unwind(AssertUnwindSafe(|| books.rest(order, &rest)));
        let said = result.expect_err("no book takes it");
        let literal = || said.downcast_ref::<&str>().map(|said| String::from(*said));
        let said = said.downcast_ref::<String>().cloned().or_else(literal).expect("a message");
        assert_eq!(said, why);
    }
    for rest in [bid(1, 1), bid(max, Lots::MAX.0), Rest { display: Some(Lots(1)), ..bid(5, 9) }] {
        let mut books = opened();
        rested(&mut books, rest);
        books.check();
    }
}

/// What crosses trades first; what is left of it then does not cross.
#[test]
fn an_order_that_would_trade_does_not_rest() {
    let (bid, ask) = (Side::Bid, Side::Ask);
    for (resting, side, price, rests) in [
        (bid, ask, 51, true),
        (bid, ask, 50, false),
        (bid, ask, 1, false),
        (bid, bid, 60, true),
        (ask, bid, 49, true),
        (ask, bid, 50, false),
        (ask, bid, Ticks::MAX.0, false),
        (ask, ask, 40, true),
    ] {
        let mut books = opened();
        rested(&mut books, Rest { side: resting, ..bid_at_50() });
        let order = books.admit().expect("there are slots");
        let rest = Rest { side, price: Ticks(price), ..bid_at_50() };
        let result = catch_unwind(AssertUnwindSafe(|| books.rest(order, &rest)));
        assert_eq!(result.is_ok(), rests, "{side:?} at {price} with {resting:?} at 50");
    }
}

fn bid_at_50() -> Rest {
    bid(50, 3)
}

/// A limit that no price is worse than.
#[test]
fn a_taker_without_a_limit_meets_what_is_there_and_nothing_else() {
    let (worst_buy, worst_sale) = (Ticks(u32::MAX), Ticks(0));
    for (side, limit) in [(Side::Bid, worst_buy), (Side::Ask, worst_sale)] {
        let mut taker = Taker { book: BOOK, side, limit, size: Lots(2), owner: 7 };
        let mut books = opened();
        assert_eq!(books.match_next(&mut taker), None);
        let maker = rested(&mut books, Rest { side: side.opposite(), ..bid(64, 1) });
        let (price, size, maker_open) = (Ticks(64), Lots(1), Lots(0));
        let fill = Match::Fill { maker, price, size, maker_open, replenished: None };
        assert_eq!(books.match_next(&mut taker), Some(fill));
        assert_eq!(books.match_next(&mut taker), None);
    }
}

/// A price has a queue where it has orders: not beside them, and not where its digits repeat.
#[test]
fn a_price_without_orders_has_no_queue() {
    let mut books = opened();
    let order = rested(&mut books, bid(0x0012_3456, 3));
    for (book, side, price, due) in [
        (BOOK, Side::Bid, 0x0012_3456, Some(order)),
        (BOOK, Side::Ask, 0x0012_3456, None),
        (BOOK, Side::Bid, 0x0012_3457, None),
        (BOOK, Side::Bid, 0x0012_3496, None),
        (BOOK, Side::Bid, 0x0112_3456, None),
        (InstrumentId(1), Side::Bid, 0x0012_3456, None),
    ] {
        let queue: Vec<OrderId> = books.queue(book, side, Ticks(price)).collect();
        assert_eq!(queue, Vec::from_iter(due), "{price:#x}");
    }
}

/// Orders change hands (a takeover) where they stand.
#[test]
fn an_order_that_changes_hands_trades_with_its_first_owner() {
    let mut books = opened();
    let order = rested(&mut books, bid(50, 3));
    let taker = Taker { book: BOOK, side: Side::Ask, limit: Ticks(50), size: Lots(3), owner: 1 };
    assert_eq!(books.match_next(&mut { taker }), Some(Match::Own { maker: order }));
    books.set_owner(order, 2);
    assert_eq!(books.get(order).map(|resting| resting.owner), Some(2));
    assert_eq!(books.first_own(&taker), None);
    assert!(matches!(books.match_next(&mut { taker }), Some(Match::Fill { .. })));
    books.set_owner(order, 3);
    assert_eq!(books.get(order), None, "it is gone");
}

#[test]
fn orders_on_books_are_counted() {
    let mut books = opened();
    let orders: Vec<OrderId> = (1..=4).map(|price| rested(&mut books, bid(price, 1))).collect();
    for (left, order) in (0..4).rev().zip(orders) {
        books.remove(order);
        assert_eq!(books.n_resting(), left);
    }
}
