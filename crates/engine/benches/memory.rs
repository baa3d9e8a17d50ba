//! Bytes of memory per resting order and per idle account, by the growth of the resident set.
//!
//! `cargo bench -p engine --bench memory`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use engine::Engine;
use types::{
    AccountId, Amount, AssetCode, At, Command, Decimal, Entry, Fees, IndexPrice, Instrument,
    InstrumentId, Kind, Lots, MarginRates, OrderKind, PlaceOrder, Seq, SettlementPeriod, Side,
    Style, Ticks,
};

const ACCOUNTS: u32 = 100_000;
const ORDERS: u32 = 1_000_000;

fn main() {
    let mut world = World { engine: Engine::new(asset("USDC"), 6), events: Vec::with_capacity(64) };
    world.list();
    let empty = resident_bytes();
    for id in 1..=ACCOUNTS {
        let account = AccountId(id);
        world.apply(Command::OpenAccount { account, parent: None });
        world.apply(Command::Deposit { account, amount: Amount(10_000_000_000) });
    }
    let with_accounts = resident_bytes();
    for number in 0..ORDERS {
        world.apply(order(number));
    }
    let with_orders = resident_bytes();
    assert_eq!(world.engine.n_open_orders(), ORDERS, "every order rests");
    println!(
        "idle account:  {} bytes each of {ACCOUNTS}",
        (with_accounts - empty) / ACCOUNTS as usize
    );
    let per_order = (with_orders - with_accounts) / ORDERS as usize;
    println!(
        "resting order: {per_order} bytes each of {ORDERS}, holdings of 1 000 accounts included"
    );
}

/// Resident set of this process.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident set");
    let kilobytes: usize = line.split_whitespace().nth(1).and_then(|w| w.parse().ok()).expect("kB");
    kilobytes * 1024
}

struct World {
    engine: Engine,
    events: Vec<types::Event>,
}

impl World {
    fn apply(&mut self, command: Command) {
        let seq = Seq(self.engine.seq().0 + 1);
        self.events.clear();
        self.engine.apply(&Entry { seq, at: At(1_790_000_000_000), command }, &mut self.events);
        let refused = self.events.iter().find(|event| matches!(event, types::Event::Refused(_)));
        assert!(refused.is_none(), "refused: {refused:?}");
    }

    fn list(&mut self) {
        self.apply(Command::ListInstrument(Box::new(perpetual())));
        let (base, quote) = (asset("BTC"), asset("USDC"));
        let price = IndexPrice(60_000 * IndexPrice::SCALE);
        self.apply(Command::ReportIndex { base, quote, price });
        self.apply(Command::ReportMarks(vec![(InstrumentId(0), Ticks(120_000))]));
    }
}

fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code")
}

/// 1 000 accounts with 1 000 orders each, over 20 000 prices a side.
fn order(number: u32) -> Command {
    let side = if number.is_multiple_of(2) { Side::Bid } else { Side::Ask };
    let away = 1 + number.wrapping_mul(2_654_435_761) % 10_000;
    let price = if side == Side::Bid { 120_000 - away } else { 120_000 + away };
    Command::PlaceOrder(Box::new(PlaceOrder::new(
        AccountId(1 + number % 1_000),
        InstrumentId(0),
        side,
        OrderKind::Limit { price: Ticks(price) },
        Lots(1),
    )))
}

fn perpetual() -> Instrument {
    Instrument {
        kind: Kind::Perpetual,
        style: Style::Linear,
        base: asset("BTC"),
        quote: asset("USDC"),
        tick: Decimal::parse("0.5").expect("a decimal"),
        tick_steps: Vec::new(),
        lot: Decimal::parse("0.001").expect("a decimal"),
        contract_size: Decimal::parse("0.001").expect("a decimal"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}
