//! One adapter for each engine: as little as its interface allows between the command and the call.

use book::{Books, Match, Rest, Taker};
use rust_decimal::Decimal;
use types::{InstrumentId, Lots, OrderId, Ticks};

use crate::{Command, Engine, Order, Side, Sink};

/// The books of this repository.
pub struct Ours(Books);

impl Ours {
    /// Trades what an admitted order can; what is left rests.
    #[inline]
    fn enter(&mut self, id: OrderId, order: &Order, sink: &mut impl Sink) {
        let books = &mut self.0;
        let side = match order.side {
            Side::Bid => types::Side::Bid,
            Side::Ask => types::Side::Ask,
        };
        let book = InstrumentId(order.book);
        let owner = order.key as u32;
        let price = Ticks(order.price);
        let mut taker = Taker { book, side, limit: price, size: Lots(order.size), owner };
        while let Some(Match::Fill { maker, price, size, .. }) = books.match_next(&mut taker) {
            sink.fill(maker.0, u64::from(price.0), u64::from(size.0));
        }
        if taker.size == Lots::ZERO {
            books.release(id);
        } else {
            books.rest(id, &Rest { book, side, price, open: taker.size, display: None, owner });
        }
    }
}

impl Engine for Ours {
    const NAME: &'static str = "plimsoll book";

    fn new(n_books: u32) -> Ours {
        let mut books = Books::new();
        (0..n_books).for_each(|_| {
            books.open_book();
        });
        Ours(books)
    }

    #[inline]
    fn place(&mut self, order: &Order, sink: &mut impl Sink) -> u64 {
        let id = self.0.admit().expect("there are slots");
        self.enter(id, order, sink);
        id.0
    }

    #[inline]
    fn cancel(&mut self, _book: u32, id: u64, sink: &mut impl Sink) {
        if self.0.remove(OrderId(id)).is_some() {
            sink.left(id);
        }
    }

    #[inline]
    fn replace(&mut self, id: u64, order: &Order, sink: &mut impl Sink) {
        if self.0.unlink(OrderId(id)).is_some() {
            sink.left(id);
            self.enter(OrderId(id), order, sink);
        }
    }

    #[inline]
    fn touch(&self, batch: &[Command]) {
        for command in batch {
            if let Command::Cancel { id, .. } | Command::Replace { id, .. } = command {
                self.0.touch(OrderId(*id));
            }
        }
    }
}

/// matchcore 0.4: one book for each instrument, ids are sequence numbers of a book.
pub struct Matchcore(Vec<(matchcore::OrderBook, u64)>);

impl Matchcore {
    #[inline]
    fn execute(&mut self, book: u32, kind: matchcore::CommandKind) -> matchcore::CommandOutcome {
        let (book, next) = &mut self.0[book as usize];
        let meta = matchcore::CommandMeta {
            sequence_number: matchcore::SequenceNumber(*next),
            timestamp: matchcore::Timestamp(1),
        };
        *next += 1;
        book.execute(&matchcore::Command { meta, kind })
    }
}

#[inline]
fn tell_trades(target: &matchcore::OrderOutcome, sink: &mut impl Sink) {
    let trades = target.match_result().map_or(&[][..], matchcore::MatchResult::trades);
    for trade in trades {
        let (price, quantity) = (trade.price().0, trade.quantity().0);
        sink.fill(trade.maker_order_id().0, price, quantity);
    }
}

impl Engine for Matchcore {
    const NAME: &'static str = "matchcore 0.4.0";

    fn new(n_books: u32) -> Matchcore {
        Matchcore((0..n_books).map(|_| (matchcore::OrderBook::new("X"), 0)).collect())
    }

    #[inline]
    fn place(&mut self, order: &Order, sink: &mut impl Sink) -> u64 {
        use matchcore::*;
        let side = match order.side {
            crate::Side::Bid => Side::Buy,
            crate::Side::Ask => Side::Sell,
        };
        let quantity = Quantity(u64::from(order.size));
        let flags = OrderFlags::new(side, false, TimeInForce::Gtc);
        let policy = QuantityPolicy::Standard { quantity };
        let order_new = LimitOrder::new(Price(u64::from(order.price)), policy, flags);
        let kind = CommandKind::Submit(SubmitCmd { order: NewOrder::Limit(order_new) });
        match self.execute(order.book, kind) {
            CommandOutcome::Applied(CommandReport::Submit(effects)) => {
                tell_trades(effects.target_order(), sink);
                effects.target_order().order_id().0
            }
            outcome => panic!("matchcore answered a new order with {outcome}"),
        }
    }

    #[inline]
    fn cancel(&mut self, book: u32, id: u64, sink: &mut impl Sink) {
        use matchcore::*;
        let cancel = CancelCmd { order_id: OrderId(id), order_kind: OrderKind::Limit };
        match self.execute(book, CommandKind::Cancel(cancel)) {
            CommandOutcome::Applied(_) => sink.left(id),
            CommandOutcome::Rejected(why) => panic!("matchcore refused a cancel: {why}"),
        }
    }

    #[inline]
    fn replace(&mut self, id: u64, order: &Order, sink: &mut impl Sink) {
        use matchcore::*;
        let quantity = Quantity(u64::from(order.size));
        let patch = LimitOrderPatch::new()
            .with_price(Price(u64::from(order.price)))
            .with_quantity_policy(QuantityPolicy::Standard { quantity });
        let amend = AmendCmd { order_id: OrderId(id), patch: AmendPatch::Limit(patch) };
        match self.execute(order.book, CommandKind::Amend(amend)) {
            CommandOutcome::Applied(CommandReport::Amend(effects)) => {
                sink.left(id);
                tell_trades(effects.target_order(), sink);
            }
            outcome => panic!("matchcore answered an amend with {outcome}"),
        }
    }
}

/// lobster 0.7: one book for each instrument, ids are the caller's.
pub struct Lobster(Vec<lobster::OrderBook>);

impl Engine for Lobster {
    const NAME: &'static str = "lobster 0.7.0";

    fn new(n_books: u32) -> Lobster {
        let capacity = 100_000 / n_books as usize;
        Lobster((0..n_books).map(|_| lobster::OrderBook::new(capacity, 10, false)).collect())
    }

    #[inline]
    fn place(&mut self, order: &Order, sink: &mut impl Sink) -> u64 {
        use lobster::{OrderEvent, OrderType};
        let side = match order.side {
            Side::Bid => lobster::Side::Bid,
            Side::Ask => lobster::Side::Ask,
        };
        let (id, qty, price) = (u128::from(order.key), u64::from(order.size), order.price.into());
        let event = self.0[order.book as usize].execute(OrderType::Limit { id, side, qty, price });
        if let OrderEvent::Filled { fills, .. } | OrderEvent::PartiallyFilled { fills, .. } = event
        {
            for fill in fills {
                sink.fill(fill.order_2 as u64, fill.price, fill.qty);
            }
        }
        order.key
    }

    #[inline]
    fn cancel(&mut self, book: u32, id: u64, sink: &mut impl Sink) {
        self.0[book as usize].execute(lobster::OrderType::Cancel { id: u128::from(id) });
        sink.left(id);
    }
}

/// rust_ob 2.5: one book for each instrument, ids are the caller's, numbers are decimals.
pub struct RustOb(Vec<rust_ob::OrderBook<u64>>);

impl Engine for RustOb {
    const NAME: &'static str = "rust_ob 2.5.3";

    fn new(n_books: u32) -> RustOb {
        RustOb((0..n_books).map(|_| rust_ob::OrderBook::new()).collect())
    }

    #[inline]
    fn place(&mut self, order: &Order, sink: &mut impl Sink) -> u64 {
        let side = match order.side {
            Side::Bid => rust_ob::Side::Buy,
            Side::Ask => rust_ob::Side::Sell,
        };
        let (price, size) = (Decimal::from(order.price), Decimal::from(order.size));
        let book = &mut self.0[order.book as usize];
        let matches = book.process_limit_order(order.key, side, price, size);
        let matches = matches.expect("keys are used once");
        // The last one is the taker's own sum.
        for one in matches.iter().take(matches.len().saturating_sub(1)) {
            let cost = one.cost.mantissa().unsigned_abs() as u64;
            sink.fill(one.order, cost, one.quantity.mantissa() as u64);
        }
        order.key
    }

    #[inline]
    fn cancel(&mut self, book: u32, id: u64, sink: &mut impl Sink) {
        self.0[book as usize].cancel_order(id).expect("the order is open");
        sink.left(id);
    }

    fn price(told: u64, size: u64) -> u64 {
        told / size
    }
}

/// orderbook-rs 0.15: one concurrent book for each instrument, ids are the caller's.
pub struct OrderbookRs(Vec<orderbook_rs::OrderBook<()>>);

impl Engine for OrderbookRs {
    const NAME: &'static str = "orderbook-rs 0.15.3";

    fn new(n_books: u32) -> OrderbookRs {
        OrderbookRs((0..n_books).map(|_| orderbook_rs::OrderBook::new("X")).collect())
    }

    #[inline]
    fn place(&mut self, order: &Order, sink: &mut impl Sink) -> u64 {
        use orderbook_rs::{Id, TimeInForce};
        let side = match order.side {
            Side::Bid => orderbook_rs::Side::Buy,
            Side::Ask => orderbook_rs::Side::Sell,
        };
        let (price, size) = (u128::from(order.price), u64::from(order.size));
        let id = Id::sequential(order.key + 1);
        let book = &self.0[order.book as usize];
        let placed = book
            .add_limit_order_with_result(id, price, size, side, TimeInForce::Gtc, None)
            .expect("orderbook-rs takes the order");
        for trade in placed.1.iter().flat_map(|result| result.match_result.trades().as_vec()) {
            let maker = trade.maker_order_id().as_u64().expect("ids are numbers");
            sink.fill(maker - 1, trade.price().as_u128() as u64, trade.quantity().as_u64());
        }
        order.key
    }

    #[inline]
    fn cancel(&mut self, book: u32, id: u64, sink: &mut impl Sink) {
        let order = orderbook_rs::Id::sequential(id + 1);
        let gone = self.0[book as usize].cancel_order(order).expect("a cancel is taken");
        assert!(gone.is_some(), "order {id} is open");
        sink.left(id);
    }
}
