//! What the benchmarks of this crate share: orders that trade, and the device alone.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use types::{
    AccountId, Amount, AssetCode, Command, Decimal, Fees, IndexPrice, Instrument, InstrumentId,
    Kind, Lots, MarginRates, OrderKind, PlaceOrder, SettlementPeriod, Side, Style, Ticks,
};

/// Operations of one series.
pub const OPERATIONS: usize = 300;
/// Pairs of accounts that trade.
pub const SUBMITTERS: usize = 64;

/// One perpetual, and two accounts for each submitter: one buys, one sells.
pub fn set_up() -> Vec<Command> {
    let code = |text| AssetCode::new(text).expect("a code");
    let (base, quote) = (code("BTC"), code("USDC"));
    let spec = Instrument {
        kind: Kind::Perpetual,
        style: Style::Linear,
        base,
        quote,
        tick: Decimal::new(5, 1).expect("a decimal"),
        tick_steps: Vec::new(),
        lot: Decimal::new(1, 4).expect("a decimal"),
        contract_size: Decimal::new(1, 4).expect("a decimal"),
        size_min: Lots(1),
        size_max: Lots(1 << 30),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 0 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    };
    let price = IndexPrice(60_000 * IndexPrice::SCALE);
    let mut commands = vec![
        Command::ListInstrument(Box::new(spec)),
        Command::ReportIndex { base, quote, price },
        Command::ReportMarks(vec![(InstrumentId(0), Ticks(120_000))]),
    ];
    for account in (1..=2 * SUBMITTERS as u32).map(AccountId) {
        commands.push(Command::OpenAccount { account, parent: None });
        commands.push(Command::Deposit { account, amount: Amount(1 << 44) });
    }
    commands
}

/// The submitter's n-th order: it buys and sells in turn at one price, so orders trade.
pub fn order(submitter: usize, n: u64) -> Command {
    let buys = n.is_multiple_of(2);
    let account = AccountId(u32::try_from(2 * submitter + usize::from(buys) + 1).expect("small"));
    Command::PlaceOrder(Box::new(PlaceOrder::new(
        account,
        InstrumentId(0),
        if buys { Side::Bid } else { Side::Ask },
        OrderKind::Limit { price: Ticks(120_000) },
        Lots(10),
    )))
}

pub fn sorted(figures: &[f64]) -> Vec<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

pub fn p50_us(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// A file full of zeros, overwritten in order: what any log must pay.
pub struct Device {
    file: File,
    offset: u64,
}

impl Device {
    const BYTES: usize = 64 << 20;

    pub fn new(path: &Path) -> Device {
        let file = File::create(path).expect("creates");
        file.write_all_at(&vec![0; Self::BYTES], 0).expect("writes");
        file.sync_all().expect("syncs");
        Device { file, offset: 0 }
    }

    pub fn p50(&mut self, bytes: usize) -> f64 {
        let block = vec![7; bytes];
        let mut append = || {
            let begin = Instant::now();
            self.append(&block);
            begin.elapsed()
        };
        p50_us((0..OPERATIONS).map(|_| append()).collect())
    }

    pub fn append(&mut self, block: &[u8]) {
        self.file.write_all_at(block, self.offset).expect("writes");
        self.file.sync_data().expect("syncs");
        self.offset += block.len() as u64;
    }
}

/// What the owner of a virtual machine takes of its processors: a quota that is used up stops all
/// of them for milliseconds, which no program here can tell from its own work.
pub struct Stolen {
    stolen: f64,
    all: f64,
}

impl Stolen {
    /// What the figure is called.
    pub const NAME: &str = "taken from the cores by the machine's owner, %";

    /// From now on.
    pub fn begin() -> Stolen {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = stat.lines().next().unwrap_or_default();
        let ticks = line.split_whitespace().skip(1).map(|word| word.parse().expect("ticks"));
        // User, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
        let ticks: Vec<f64> = ticks.take(8).collect();
        Stolen { stolen: ticks.get(7).copied().unwrap_or(0.0), all: ticks.iter().sum() }
    }

    /// Since then, in percent of all cores.
    pub fn percent(&self) -> f64 {
        let now = Stolen::begin();
        (now.stolen - self.stolen) / (now.all - self.all).max(1.0) * 100.0
    }
}

/// The mount that holds the directory.
pub fn file_system(dir: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let holding = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (_, at, kind) = (words.next()?, words.next()?, words.next()?);
        dir.starts_with(at).then(|| (at.len(), kind.to_owned()))
    });
    holding.max().map_or_else(|| "an unknown file system".into(), |(_, kind)| kind)
}
