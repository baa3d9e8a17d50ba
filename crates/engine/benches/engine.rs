//! Commands per second of the whole engine: pre-trade check, matching, positions, ledger, events,
//! chain; and the root every 1 000 entries. One core, 1 000 accounts, 100 instruments.
//!
//! The mix is exchange-like (matching.md §3): 40 % new orders, 35 % cancels, 20 % amendments, 5 %
//! takers; instruments by a Zipf law. A first run of the engine itself draws the commands, because
//! cancels need the ids that the engine gives; the measured runs replay them on a fresh engine and
//! must come to the same root.
//!
//! `cargo bench -p engine -- [commands]`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_types, reason = "a benchmark divides")]

use engine::Engine;
use types::{
    AccountId, AmendOrder, Amount, AssetCode, At, Command, Decimal, Entry, Event, Fees, IndexPrice,
    Instrument, InstrumentId, Kind, Lots, MarginRates, OrderId, OrderKind, PlaceOrder, Seq,
    SettlementPeriod, Side, Style, Ticks, TimeInForce,
};

const ACCOUNTS: u32 = 1_000;
const INSTRUMENTS: u32 = 100;
const RUNS: usize = 5;
const ROOT_EVERY: u64 = 1_000;

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    eprintln!("drawing {count} commands");
    let (setup, entries) = draw(count);
    let mut rates = Vec::new();
    let mut roots = Vec::new();
    for run in 0..RUNS {
        let (rate, events, root) = measure(&setup, &entries);
        eprintln!("run {run}: {rate:.0} commands/s, {events} events");
        rates.push(rate);
        roots.push(root);
    }
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "the runs differ");
    rates.sort_by(f64::total_cmp);
    let median = rates[RUNS / 2];
    println!("engine: {median:.0} commands/s (median of {RUNS}), {:.0} ns each", 1e9 / median);
}

fn measure(setup: &[Entry], entries: &[Entry]) -> (f64, usize, [u8; 32]) {
    let mut engine = Engine::new(asset("USDC"), 6);
    let mut events = Vec::with_capacity(1 << 16);
    for entry in setup {
        engine.apply(entry, &mut events);
    }
    let mut n_events = 0;
    let started = core_seconds();
    for entry in entries {
        engine.apply(entry, &mut events);
        if entry.seq.0.is_multiple_of(ROOT_EVERY) {
            n_events += events.len();
            events.clear();
            engine.root();
        }
    }
    let seconds = core_seconds() - started;
    (entries.len() as f64 / seconds, n_events + events.len(), engine.root())
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

/// xorshift64*: enough for a workload, the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    /// Geometric with mean about `mean`.
    fn distance(&mut self, mean: u64) -> u32 {
        let mut distance = 0;
        while self.roll(mean + 1) != 0 && distance < 400 {
            distance += 1;
        }
        distance
    }
}

struct Draw {
    engine: Engine,
    dice: Dice,
    open: Vec<(AccountId, OrderId, InstrumentId)>,
    zipf: Vec<u64>,
    entries: Vec<Entry>,
    events: Vec<Event>,
}

const MID: u32 = 120_000;

fn draw(count: usize) -> (Vec<Entry>, Vec<Entry>) {
    let weights = (1..=u64::from(INSTRUMENTS)).map(|rank| 1_000_000 / rank);
    let zipf = weights.scan(0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    let mut draw = Draw {
        engine: Engine::new(asset("USDC"), 6),
        dice: Dice(42),
        open: Vec::new(),
        zipf: zipf.collect(),
        entries: Vec::new(),
        events: Vec::new(),
    };
    draw.set_up();
    let setup = std::mem::take(&mut draw.entries);
    for _ in 0..count {
        let command = draw.next_command();
        draw.apply(command);
    }
    let refused = draw.events.len();
    eprintln!("{} orders rest at the end, {refused} refusals", draw.open.len());
    (setup, draw.entries)
}

impl Draw {
    fn apply(&mut self, command: Command) {
        let seq = Seq(self.engine.seq().0 + 1);
        let entry = Entry { seq, at: At(1_790_000_000_000 + seq.0 / 1_000), command };
        let mut events = Vec::new();
        self.engine.apply(&entry, &mut events);
        for event in events {
            match event {
                Event::OrderPlaced(placed) => {
                    self.open.push((placed.account, placed.order, placed.instrument));
                }
                Event::OrderClosed { order, .. } => {
                    if let Some(place) = self.open.iter().rposition(|(_, id, _)| *id == order) {
                        self.open.swap_remove(place);
                    }
                }
                Event::Refused(_) => self.events.push(event),
                _ => {}
            }
        }
        self.entries.push(entry);
    }

    fn set_up(&mut self) {
        for number in 0..INSTRUMENTS {
            self.apply(Command::ListInstrument(instrument(number).into()));
        }
        let (base, quote) = (asset("BTC"), asset("USDC"));
        let price = IndexPrice(60_000 * IndexPrice::SCALE);
        self.apply(Command::ReportIndex { base, quote, price });
        let marks = (0..INSTRUMENTS).map(|id| (InstrumentId(id), Ticks(MID))).collect();
        self.apply(Command::ReportMarks(marks));
        for id in 1..=ACCOUNTS {
            let account = AccountId(id);
            self.apply(Command::OpenAccount { account, parent: None });
            self.apply(Command::Deposit { account, amount: Amount(1_000_000_000_000) });
        }
        for _ in 0..20_000 {
            let account = self.account();
            let order = self.passive(account);
            self.apply(order);
        }
    }

    fn account(&mut self) -> AccountId {
        AccountId(1 + self.dice.roll(u64::from(ACCOUNTS)) as u32)
    }

    fn instrument(&mut self) -> InstrumentId {
        let roll = self.dice.roll(*self.zipf.last().expect("some"));
        InstrumentId(self.zipf.partition_point(|sum| *sum <= roll) as u32)
    }

    fn next_command(&mut self) -> Command {
        let account = self.account();
        let roll = self.dice.roll(100);
        if roll < 40 || self.open.is_empty() {
            return self.passive(account);
        }
        if roll < 45 {
            return self.taker(account);
        }
        let pick = self.dice.roll(self.open.len() as u64) as usize;
        let (account, order, _) = self.open[pick];
        if roll < 80 && 10_000 < self.open.len() {
            return Command::CancelOrder { account, order };
        }
        let size = Some(Lots(1 + self.dice.roll(50) as u32));
        Command::AmendOrder(AmendOrder {
            account,
            order,
            size,
            price: None,
            display: None,
            post_only: None,
            reduce_only: None,
            valid_until: None,
        })
    }

    fn passive(&mut self, account: AccountId) -> Command {
        let bid = self.dice.roll(2) == 0;
        let distance = 1 + self.dice.distance(20);
        let (side, price) =
            if bid { (Side::Bid, MID - distance) } else { (Side::Ask, MID + distance) };
        let size = Lots(1 + self.dice.roll(20) as u32);
        self.order(account, side, price, size, TimeInForce::GoodTilCancelled)
    }

    fn taker(&mut self, account: AccountId) -> Command {
        let bid = self.dice.roll(2) == 0;
        let (side, price) = if bid { (Side::Bid, MID + 10) } else { (Side::Ask, MID - 10) };
        let size = Lots(10 + self.dice.roll(20) as u32);
        self.order(account, side, price, size, TimeInForce::ImmediateOrCancel)
    }

    fn order(
        &mut self,
        account: AccountId,
        side: Side,
        price: u32,
        size: Lots,
        time_in_force: TimeInForce,
    ) -> Command {
        let instrument = self.instrument();
        Command::PlaceOrder(Box::new(PlaceOrder {
            time_in_force,
            ..PlaceOrder::new(
                account,
                instrument,
                side,
                OrderKind::Limit { price: Ticks(price) },
                size,
            )
        }))
    }
}

/// A perpetual and 99 dated futures on BTC, settled in USDC.
fn instrument(number: u32) -> Instrument {
    let day = At((20_800 + u64::from(number)) * At::DAY + 8 * 3_600_000);
    let dated = Kind::Future { expiry: day };
    Instrument {
        kind: if number == 0 { Kind::Perpetual } else { dated },
        style: Style::Linear,
        base: asset("BTC"),
        quote: asset("USDC"),
        tick: Decimal::parse("0.5").expect("a decimal"),
        tick_steps: Vec::new(),
        lot: Decimal::parse("0.001").expect("a decimal"),
        contract_size: Decimal::parse("0.001").expect("a decimal"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Month,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}
