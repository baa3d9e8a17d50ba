//! Entries per second that a view takes in: 1 000 accounts, one perpetual, half of the orders with
//! a label and a client order id.
//!
//! The mix is exchange-like: 40 % orders that rest, 35 % cancels, 20 % amendments that keep their
//! place, 5 % takers with their money and positions. Then the bytes of the view, and the time that
//! writing and reading them takes.
//!
//! `cargo bench -p market-data -- [entries]`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_types, reason = "a benchmark divides")]

use market_data::View;
use types::codec::Codec;
use types::{
    AccountId, Amount, AssetCode, At, CancelReason, ClientOrderId, CloseReason, Decimal, Event,
    Fees, IndexId, IndexPrice, Instrument, InstrumentId, Kind, Label, LedgerAccount, Lots,
    MarginRates, OrderId, OrderKind, OrderPlaced, PostOnly, Seq, SettlementPeriod, Side,
    SignedLots, Style, Ticks, TimeInForce, TradeId, TradeSide, Traded, TransferReason,
};

const ACCOUNTS: u32 = 1_000;
const RUNS: usize = 5;
const PERPETUAL: InstrumentId = InstrumentId(0);

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let entries = Draw::default().entries(count);
    let mut rates = Vec::new();
    for run in 0..RUNS {
        let (rate, view) = measure(&entries);
        eprintln!("run {run}: {rate:.0} entries/s");
        rates.push(rate);
        if run + 1 == RUNS {
            keep(&view);
        }
    }
    rates.sort_by(f64::total_cmp);
    let median = rates[RUNS / 2];
    println!("view: {median:.0} entries/s (median of {RUNS}), {:.0} ns each", 1e9 / median);
}

fn measure(entries: &[Vec<Event>]) -> (f64, View) {
    let mut view = View::new(asset("BTC"), 8);
    view.apply(Seq(1), At(1), &setup());
    let started = core_seconds();
    for (events, seq) in entries.iter().zip(2..) {
        view.apply(Seq(seq), At(seq), events);
    }
    let seconds = core_seconds() - started;
    (entries.len() as f64 / seconds, view)
}

fn keep(view: &View) {
    let started = core_seconds();
    let bytes = view.to_bytes();
    let written = core_seconds();
    let read = View::from_bytes(&bytes).expect("its own bytes");
    let done = core_seconds();
    assert_eq!(read.seq(), view.seq());
    println!(
        "bytes: {:.1} MB, written in {:.3} s, read in {:.3} s",
        bytes.len() as f64 / 1e6,
        written - started,
        done - written,
    );
}

/// Time that this thread has had a core for: other work on a shared machine does not count.
fn core_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 =
        stat.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    nanoseconds / 1e9
}

fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code")
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

fn setup() -> Vec<Event> {
    let opened = |id| Event::AccountOpened { account: AccountId(id), parent: None, at: At(1) };
    let spec = Instrument {
        kind: Kind::Perpetual,
        style: Style::Inverse,
        base: asset("BTC"),
        quote: asset("USD"),
        tick: decimal("0.5"),
        tick_steps: Vec::new(),
        lot: decimal("10"),
        contract_size: decimal("10"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    };
    let listed = Event::InstrumentListed {
        instrument: PERPETUAL,
        index: IndexId(0),
        at: At(1),
        spec: Box::new(spec),
    };
    (1..=ACCOUNTS).map(opened).chain([listed]).collect()
}

/// xorshift64*: enough for a workload, the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

/// An order that rests.
#[derive(Clone, Copy)]
struct Resting {
    id: OrderId,
    account: AccountId,
    price: Ticks,
    size: Lots,
}

/// Draws entries that can happen: bids rest, asks take them.
struct Draw {
    dice: Dice,
    open: Vec<Resting>,
    free: Vec<u32>,
    slots: u32,
    orders: u64,
    trades: u64,
    held: Vec<i64>,
}

impl Default for Draw {
    fn default() -> Draw {
        let held = vec![0; usize::try_from(ACCOUNTS).expect("few") + 1];
        let (open, free) = (Vec::new(), Vec::new());
        Draw { dice: Dice(88_172_645), open, free, slots: 0, orders: 0, trades: 0, held }
    }
}

impl Draw {
    fn entries(&mut self, count: usize) -> Vec<Vec<Event>> {
        (0..count).map(|_| self.entry()).collect()
    }

    fn entry(&mut self) -> Vec<Event> {
        match self.dice.roll(100) {
            _ if self.open.len() < 5_000 => self.rest(),
            0..40 => self.rest(),
            40..75 => self.cancel(),
            75..95 => self.amend(),
            _ => self.take(),
        }
    }

    /// A few accounts send most.
    fn account(&mut self) -> AccountId {
        let all = u64::from(ACCOUNTS);
        let (one, other) = (self.dice.roll(all), self.dice.roll(all));
        AccountId(u32::try_from(1 + one * other / all).expect("few"))
    }

    fn placed(&mut self, side: Side, price: Ticks, size: Lots) -> (Resting, Event) {
        let account = self.account();
        self.orders += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.slots - 1
        });
        let id = OrderId::new(self.orders, slot);
        let is_named = self.orders.is_multiple_of(2);
        let text = format!("order-{}", self.orders);
        let placed = OrderPlaced {
            order: id,
            account,
            instrument: PERPETUAL,
            side,
            kind: OrderKind::Limit { price },
            price,
            size,
            display: None,
            time_in_force: TimeInForce::GoodTilCancelled,
            post_only: PostOnly::No,
            reduce_only: false,
            mmp: false,
            quote_group: None,
            label: Label::new(if is_named { "a strategy" } else { "" }).expect("short"),
            client_order_id: is_named.then(|| ClientOrderId::new(&text).expect("short")),
            session: None,
        };
        (Resting { id, account, price, size }, Event::OrderPlaced(Box::new(placed)))
    }

    fn rest(&mut self) -> Vec<Event> {
        let price = Ticks(u32::try_from(120_000 - self.dice.roll(400)).expect("a price"));
        let (resting, placed) = self.placed(Side::Bid, price, Lots(10));
        self.open.push(resting);
        let (open, order) = (resting.size, resting.id);
        vec![placed, Event::OrderRested { order, price, open, displayed: open }]
    }

    fn pick(&mut self) -> usize {
        let open = u64::try_from(self.open.len()).expect("few");
        usize::try_from(self.dice.roll(open)).expect("few")
    }

    fn cancel(&mut self) -> Vec<Event> {
        let nth = self.pick();
        let order = self.open.swap_remove(nth).id;
        self.free.push(order.slot());
        vec![Event::OrderClosed { order, reason: CloseReason::Cancelled(CancelReason::Asked) }]
    }

    fn amend(&mut self) -> Vec<Event> {
        let nth = self.pick();
        let resting = &mut self.open[nth];
        resting.size = Lots(1.max(resting.size.0 - 1));
        vec![Event::OrderAmended {
            order: resting.id,
            price: resting.price,
            size: resting.size,
            displayed: resting.size,
            kept_place: true,
            reduce_only: false,
            post_only: PostOnly::No,
            asked: true,
        }]
    }

    fn take(&mut self) -> Vec<Event> {
        let nth = self.pick();
        let maker = self.open.swap_remove(nth);
        let (taker, placed) = self.placed(Side::Ask, maker.price, maker.size);
        self.trades += 1;
        let fee = Amount(5);
        let side = |order: &Resting, fee| TradeSide {
            order: order.id,
            account: order.account,
            fee,
            realised: Amount::ZERO,
            open: Lots::ZERO,
        };
        let traded = Traded {
            trade: TradeId(self.trades),
            trade_seq: self.trades,
            instrument: PERPETUAL,
            price: maker.price,
            size: maker.size,
            taker_side: Side::Ask,
            maker: side(&maker, Amount::ZERO),
            taker: side(&taker, fee),
            index_price: IndexPrice(1),
            mark: Ticks(120_000),
        };
        let mut events = vec![placed, Event::Traded(Box::new(traded))];
        events.push(Event::Transferred {
            from: LedgerAccount::Collateral(taker.account),
            to: LedgerAccount::Fees,
            amount: fee,
            reason: TransferReason::Fee,
        });
        let lots = i64::from(maker.size.0);
        events.push(self.moved(maker.account, lots));
        events.push(self.moved(taker.account, -lots));
        for order in [maker.id, taker.id] {
            events.push(Event::OrderClosed { order, reason: CloseReason::Filled });
            self.free.push(order.slot());
        }
        events
    }

    fn moved(&mut self, account: AccountId, lots: i64) -> Event {
        let held = &mut self.held[usize::try_from(account.0).expect("few")];
        *held += lots;
        let (size, cost) = (SignedLots(*held), Amount(-*held));
        Event::PositionChanged { account, instrument: PERPETUAL, size, cost }
    }
}
