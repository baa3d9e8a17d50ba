//! A made-up venue writes valid events; the view must agree with itself and with it.

mod prices;
mod properties;
mod stories;
mod stream;
mod triggers;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use types::{
    AccountId, Amount, AssetCode, At, CancelReason, CloseReason, Decimal, Event, Fees, IndexId,
    IndexPrice, Instrument, InstrumentId, Kind, Label, Lots, MarginRates, OrderId, OrderKind,
    OrderPlaced, PostOnly, Seq, SettlementPeriod, Side, Style, Ticks, TimeInForce, TradeId,
    TradeSide, Traded,
};

use crate::{LevelChange, View};

pub const BUYER: AccountId = AccountId(1);
pub const SELLER: AccountId = AccountId(2);
pub const PERPETUAL: InstrumentId = InstrumentId(0);
pub const FUTURE: InstrumentId = InstrumentId(1);
pub const CALL: InstrumentId = InstrumentId(2);
/// 08:00 UTC of the first day there was.
pub const EXPIRY: At = At(8 * 3_600_000);

pub fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code in a test")
}

pub fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a number in a test")
}

pub fn perpetual() -> Instrument {
    Instrument {
        kind: Kind::Perpetual,
        style: Style::Inverse,
        base: asset("BTC"),
        quote: asset("USD"),
        tick: decimal("0.5"),
        tick_steps: vec![],
        lot: decimal("10"),
        contract_size: decimal("10"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}

fn dated(kind: Kind) -> Instrument {
    Instrument { kind, settlement_period: SettlementPeriod::Day, ..perpetual() }
}

fn instruments() -> [Instrument; 3] {
    let (strike, right) = (decimal("60000"), types::OptionRight::Call);
    let call = Instrument {
        tick: decimal("0.0001"),
        lot: decimal("0.1"),
        contract_size: decimal("1"),
        ..dated(Kind::Option { expiry: EXPIRY, strike, right })
    };
    [perpetual(), dated(Kind::Future { expiry: EXPIRY }), call]
}

/// A venue that does what it is told: it keeps just enough to write events that can happen.
pub struct Script {
    pub view: View,
    /// The visible book put together from the changes alone.
    pub rebuilt: BTreeMap<(Side, Ticks), u64>,
    pub open: Vec<Resting>,
    /// Beyond a second for each entry.
    pub passed_ms: u64,
    seq: u64,
    orders: u64,
    trades: u64,
    events: Vec<Event>,
}

/// An order of the script.
#[derive(Clone, Copy, Debug)]
pub struct Resting {
    pub id: OrderId,
    pub side: Side,
    pub price: Ticks,
    pub size: Lots,
    pub open: Lots,
    pub shown: Lots,
    pub display: Option<Lots>,
}

impl Script {
    pub fn new() -> Script {
        let mut script = Script {
            view: View::new(asset("BTC"), 8),
            rebuilt: BTreeMap::new(),
            open: vec![],
            passed_ms: 0,
            seq: 0,
            orders: 0,
            trades: 0,
            events: vec![],
        };
        for account in [BUYER, SELLER] {
            script.events.push(Event::AccountOpened { account, parent: None, at: At(1) });
        }
        for (spec, id) in instruments().into_iter().zip(0..) {
            script.events.push(Event::InstrumentListed {
                instrument: InstrumentId(id),
                index: IndexId(0),
                at: At(1),
                spec: Box::new(spec),
            });
        }
        script.end_entry();
        script
    }

    pub fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Ends the entry: the view takes it in, and its changes are added to the rebuilt book.
    pub fn end_entry(&mut self) -> Vec<LevelChange> {
        self.seq += 1;
        let at = At(1_000 * self.seq + self.passed_ms);
        self.view.apply(Seq(self.seq), at, &self.events);
        self.events.clear();
        let changes = self.view.level_changes().to_vec();
        for change in &changes {
            let known = self.rebuilt.remove(&(change.side, change.price)).unwrap_or(0);
            assert_eq!(known, change.before, "a change starts from what stood there");
            assert_ne!(change.before, change.after, "a change changes");
            if change.after != 0 {
                self.rebuilt.insert((change.side, change.price), change.after);
            }
        }
        changes
    }

    pub fn place(&mut self, side: Side, price: u32, size: u32, display: Option<u32>) -> usize {
        self.orders += 1;
        let id = OrderId::new(self.orders, u32::try_from(self.orders).expect("few orders"));
        let account = if side == Side::Bid { BUYER } else { SELLER };
        let (price, size, display) = (Ticks(price), Lots(size), display.map(Lots));
        self.push(Event::OrderPlaced(Box::new(OrderPlaced {
            order: id,
            account,
            instrument: PERPETUAL,
            side,
            kind: OrderKind::Limit { price },
            price,
            size,
            display,
            time_in_force: TimeInForce::GoodTilCancelled,
            post_only: PostOnly::No,
            reduce_only: false,
            mmp: false,
            quote_group: None,
            label: Label::default(),
            client_order_id: None,
            session: None,
        })));
        let shown = display.unwrap_or(size).min(size);
        self.open.push(Resting { id, side, price, size, open: size, shown, display });
        self.open.len() - 1
    }

    pub fn rest(&mut self, nth: usize) {
        let order = self.open[nth];
        let (price, open, displayed) = (order.price, order.open, order.shown);
        self.push(Event::OrderRested { order: order.id, price, open, displayed });
    }

    /// A new order takes `size` from a resting one.
    pub fn take(&mut self, nth: usize, size: u32) {
        let size = Lots(size).min(self.open[nth].open);
        let maker = self.open[nth];
        let taker = self.place(maker.side.opposite(), maker.price.0, size.0, None);
        self.trades += 1;
        let side = |order: OrderId, side: Side, open: Lots| TradeSide {
            order,
            account: if side == Side::Bid { BUYER } else { SELLER },
            fee: Amount(5),
            realised: Amount(0),
            open,
        };
        let left = maker.open.minus(size);
        let taker_order = self.open.remove(taker);
        self.push(Event::Traded(Box::new(Traded {
            trade: TradeId(self.trades),
            trade_seq: self.trades,
            instrument: PERPETUAL,
            price: maker.price,
            size,
            taker_side: taker_order.side,
            maker: side(maker.id, maker.side, left),
            taker: side(taker_order.id, taker_order.side, Lots::ZERO),
            index_price: IndexPrice(1),
            mark: Ticks(1),
        })));
        self.push(Event::OrderClosed { order: taker_order.id, reason: CloseReason::Filled });
        let order = &mut self.open[nth];
        order.open = left;
        order.shown = order.shown.minus(order.shown.min(size));
        if left == Lots::ZERO {
            self.open.remove(nth);
            self.push(Event::OrderClosed { order: maker.id, reason: CloseReason::Filled });
        } else if order.shown == Lots::ZERO {
            order.shown = order.display.unwrap_or(left).min(left);
            let displayed = order.shown;
            self.push(Event::OrderReplenished { order: maker.id, displayed });
        }
    }

    pub fn amend(&mut self, nth: usize, price: u32, less: u32) {
        let order = &mut self.open[nth];
        let kept_place = order.price == Ticks(price);
        let less = Lots(less.min(order.open.0 - 1));
        order.price = Ticks(price);
        order.size = order.size.minus(less);
        order.open = order.open.minus(less);
        let fresh = order.display.unwrap_or(order.open);
        order.shown = if kept_place { order.shown } else { fresh }.min(order.open);
        let event = Event::OrderAmended {
            order: order.id,
            price: order.price,
            size: order.size,
            displayed: order.shown,
            kept_place,
            reduce_only: false,
            post_only: PostOnly::No,
            asked: true,
        };
        self.push(event);
        if !kept_place {
            self.rest(nth);
        }
    }

    pub fn cancel(&mut self, nth: usize) {
        let order = self.open.remove(nth).id;
        let reason = CloseReason::Cancelled(CancelReason::Asked);
        self.push(Event::OrderClosed { order, reason });
    }
}
